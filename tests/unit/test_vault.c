#include "vault_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct vault *vault;

static int set_up(void **state)
{
    const struct vault_config config = rig_config();
    (void)state;
    return rig_set_up() == 0 && vault_open(&config, RIG_LOG, 0, &vault) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    vault_close(vault);
    vault = NULL;
    rig_tear_down();
    return 0;
}

static enum toc_err open_again(uint64_t log_id, uint64_t last_seq)
{
    const struct vault_config config = rig_config();
    vault_close(vault);
    vault = NULL;
    return vault_open(&config, log_id, last_seq, &vault);
}

static struct vault_subject subject_of(enum vault_kind kind, const char *name)
{
    const struct vault_subject *subject;
    assert_int_equal(vault_subject(vault, kind, toc_str_of(name), true, &subject), TOC_OK);
    return *subject;
}

static void key_of(const char *person, enum vault_keys group, uint8_t out[TOC_SEAL_KEY])
{
    const struct vault_subject *subject;
    const uint8_t *key;
    assert_int_equal(vault_subject(vault, VAULT_PERSON, toc_str_of(person), true, &subject),
                     TOC_OK);
    assert_int_equal(vault_key(vault, subject, group, &key), TOC_OK);
    memcpy(out, key, TOC_SEAL_KEY);
}

static enum toc_err put(uint64_t seq, uint16_t segment)
{
    uint8_t bytes[VAULT_HEADER + 4] = {0};
    const struct vault_row row = {
        .seq = seq, .segment = segment, .class = VAULT_BODY, .subject = 7, .at_ms = 1000};
    memcpy(bytes + VAULT_HEADER, "seal", 4);
    return vault_put(vault, &row, bytes, sizeof(bytes));
}

static bool has(uint64_t seq)
{
    struct vault_row row;
    struct toc_str sealed;
    enum toc_err err = vault_get(vault, seq, 0, &row, &sealed);
    assert_true(err == TOC_OK || err == TOC_NONE);
    return err == TOC_OK;
}

/* --- people ------------------------------------------------------------------------------------
 */

static void a_person_is_the_same_after_a_restart(void **state)
{
    (void)state;
    struct vault_subject ana = subject_of(VAULT_PERSON, "ana@example.com");
    struct vault_subject ben = subject_of(VAULT_PERSON, "ben@example.com");
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(open_again(RIG_LOG, 0), TOC_OK);
    struct vault_subject again = subject_of(VAULT_PERSON, "ana@example.com");
    assert_true(ana.number != ben.number && ana.number == again.number);
    assert_string_equal(ana.pseudonym, again.pseudonym);
    assert_string_not_equal(ana.pseudonym, ben.pseudonym);
}

static void who_comes_after_a_restart_is_somebody_else(void **state)
{
    (void)state;
    (void)subject_of(VAULT_PERSON, "ana");
    struct vault_subject ben = subject_of(VAULT_PERSON, "ben");
    assert_int_equal(vault_commit(vault), TOC_OK);
    struct vault_subject cem = subject_of(VAULT_PERSON, "cem");
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(open_again(RIG_LOG, 0), TOC_OK);
    struct vault_subject dan = subject_of(VAULT_PERSON, "dan");
    assert_true(ben.number == 2 && cem.number == 3 && dan.number == 4);
}

static void of_a_mail_address_the_case_does_not_count(void **state)
{
    (void)state;
    assert_true(subject_of(VAULT_PERSON, "Ana@Example.COM").number ==
                subject_of(VAULT_PERSON, "ana@example.com").number);
    assert_true(subject_of(VAULT_PERSON, "C-17").number != subject_of(VAULT_PERSON, "c-17").number);
}

static void names_of_two_kinds_are_two_subjects(void **state)
{
    (void)state;
    assert_true(subject_of(VAULT_PERSON, "17").number != subject_of(VAULT_PUBLISHED, "17").number);
}

static void who_is_not_known_is_only_made_when_asked(void **state)
{
    const struct vault_subject *subject;
    (void)state;
    assert_int_equal(vault_subject(vault, VAULT_PERSON, TOC_STR("x"), false, &subject), TOC_NONE);
    assert_int_equal(subject_of(VAULT_PERSON, "x").number, 1);
}

static void a_turn_that_never_happened_made_nobody(void **state)
{
    const struct vault_subject *subject;
    (void)state;
    struct vault_subject ana = subject_of(VAULT_PERSON, "ana");
    vault_abandon(vault, 0);
    assert_int_equal(vault_subject(vault, VAULT_PERSON, TOC_STR("ana"), false, &subject), TOC_NONE);
    struct vault_subject ben = subject_of(VAULT_PERSON, "ben");
    assert_true(ben.number == ana.number); /* which nothing ever named */
}

static void more_people_than_stay_in_memory_keep_their_keys(void **state)
{
    static uint8_t keys[10000][TOC_SEAL_KEY];
    uint8_t key[TOC_SEAL_KEY];
    char name[16];
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        key_of(name, VAULT_KEYS_TEXT, keys[i]);
    }
    assert_int_equal(vault_commit(vault), TOC_OK);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        key_of(name, VAULT_KEYS_TEXT, key);
        assert_memory_equal(key, keys[i], TOC_SEAL_KEY);
    }
}

static void each_group_has_a_key_of_its_own(void **state)
{
    uint8_t text[TOC_SEAL_KEY], contact[TOC_SEAL_KEY], read[TOC_SEAL_KEY];
    (void)state;
    key_of("ana", VAULT_KEYS_TEXT, text);
    key_of("ana", VAULT_KEYS_CONTACT, contact);
    assert_memory_not_equal(text, contact, TOC_SEAL_KEY);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(open_again(RIG_LOG, 0), TOC_OK);
    assert_int_equal(vault_key_of(vault, 1, VAULT_KEYS_CONTACT, read), TOC_OK);
    assert_memory_equal(read, contact, TOC_SEAL_KEY);
    assert_int_equal(vault_key_of(vault, 1, VAULT_KEYS_RAW, read), TOC_NONE);
    assert_int_equal(vault_key_of(vault, 2, VAULT_KEYS_TEXT, read), TOC_NONE);
}

/* --- content -----------------------------------------------------------------------------------
 */

static void rows_come_back_in_order(void **state)
{
    struct vault_row row;
    struct toc_str sealed;
    (void)state;
    assert_int_equal(put(1, 0), TOC_OK);
    assert_int_equal(put(3, 0), TOC_OK);
    assert_int_equal(put(3, 1), TOC_OK);
    assert_int_equal(put(4, 0), TOC_OK);
    assert_int_equal(vault_waiting(vault), 4 * (VAULT_HEADER + 4));
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(vault_waiting(vault), 0);
    assert_int_equal(vault_get(vault, 3, 1, &row, &sealed), TOC_OK);
    assert_true(row.seq == 3 && row.segment == 1 && row.class == VAULT_BODY && row.subject == 7 &&
                row.at_ms == 1000);
    assert_true(toc_str_equal(sealed, TOC_STR("seal")));
    assert_int_equal(vault_get(vault, 3, 2, &row, &sealed), TOC_NONE);
    assert_int_equal(vault_get(vault, 2, 0, &row, &sealed), TOC_NONE);
}

static void what_is_above_the_logs_end_is_gone_after_a_crash(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 500; seq++)
        assert_int_equal(put(seq, 0), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(open_again(RIG_LOG, 7), TOC_OK); /* the log's commit never came */
    assert_true(has(7) && !has(8) && !has(500));
    assert_int_equal(put(8, 0), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_true(has(8));
}

static void what_the_log_did_not_commit_gives_way_to_what_it_does(void **state)
{
    (void)state;
    assert_int_equal(put(1, 0), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(put(2, 0), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    vault_abandon(vault, 1); /* the disk of the log was full */
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_true(has(1) && !has(2));
    vault_abandon(vault, 1);
    assert_int_equal(put(2, 0), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_true(has(2));
}

static void a_full_disk_loses_the_turn_and_no_more(void **state)
{
    const struct vault_subject *subject;
    (void)state;
    assert_int_equal(put(1, 0), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    toc_mem_disk_full(CONTENT_DISK, true);
    assert_int_equal(put(2, 0), TOC_ERR_FULL);
    vault_abandon(vault, 1);
    toc_mem_disk_full(CONTENT_DISK, false);
    assert_int_equal(put(2, 0), TOC_OK);
    (void)subject_of(VAULT_PERSON, "ana");
    toc_mem_disk_full(KEYS_DISK, true);
    assert_int_equal(vault_commit(vault), TOC_ERR_FULL);
    vault_abandon(vault, 1);
    toc_mem_disk_full(KEYS_DISK, false);
    assert_int_equal(vault_subject(vault, VAULT_PERSON, TOC_STR("ana"), false, &subject), TOC_NONE);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_true(has(1) && !has(2));
}

/* --- what has to fit together ------------------------------------------------------------------
 */

static void another_logs_vault_is_not_taken(void **state)
{
    (void)state;
    assert_int_equal(open_again(RIG_LOG + 1, 0), TOC_ERR_CONFIG);
    assert_int_equal(open_again(RIG_LOG, 0), TOC_OK);
}

static void without_its_kek_a_vault_does_not_open(void **state)
{
    (void)state;
    rig_remove_keks();
    assert_int_equal(open_again(RIG_LOG, 0), TOC_ERR_DAMAGED); /* a new one has the same number */
    rig_remove_keks();
}

static void a_kek_that_others_may_read_is_refused(void **state)
{
    char path[sizeof(rig_kek) + 8];
    (void)state;
    snprintf(path, sizeof(path), "%s/kek.1", rig_kek);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(open_again(RIG_LOG, 0), TOC_ERR_CONFIG);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(open_again(RIG_LOG, 0), TOC_OK);
}

static void classes_are_found_by_their_names(void **state)
{
    (void)state;
    for (unsigned class = 0; class < VAULT_CLASS_COUNT; class ++)
        assert_int_equal(vault_class_find(vault_class_name((enum vault_class) class)), class);
    assert_int_equal(vault_class_find("bodies"), VAULT_CLASS_COUNT);
    assert_null(vault_class_name(VAULT_CLASS_COUNT));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_person_is_the_same_after_a_restart),
        CASE(who_comes_after_a_restart_is_somebody_else),
        CASE(of_a_mail_address_the_case_does_not_count),
        CASE(names_of_two_kinds_are_two_subjects),
        CASE(who_is_not_known_is_only_made_when_asked),
        CASE(a_turn_that_never_happened_made_nobody),
        CASE(more_people_than_stay_in_memory_keep_their_keys),
        CASE(each_group_has_a_key_of_its_own),
        CASE(rows_come_back_in_order),
        CASE(what_is_above_the_logs_end_is_gone_after_a_crash),
        CASE(what_the_log_did_not_commit_gives_way_to_what_it_does),
        CASE(a_full_disk_loses_the_turn_and_no_more),
        CASE(another_logs_vault_is_not_taken),
        CASE(without_its_kek_a_vault_does_not_open),
        CASE(a_kek_that_others_may_read_is_refused),
        CASE(classes_are_found_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
