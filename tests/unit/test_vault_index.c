/* The two ways to a subject, rows of which wait in memory before they are put. */
#include "services/intake/vault/internal.h"
#include "vault_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define NAMES 1500

/* What a name means, by the model. */
struct meant {
    uint64_t number; /* 0: nobody */
    char pseudonym[VAULT_PSEUDONYM + 1];
};

static struct vault *vault;
static struct vault_config config;
static struct meant now[NAMES], committed[NAMES];
static uint32_t chance;

static void open_vault(void)
{
    assert_int_equal(vault_open(&config, RIG_LOG, 0, &vault), TOC_OK);
}

static int set_up(void **state)
{
    (void)state;
    if (rig_set_up() < 0)
        return -1;
    config = rig_config();
    config.map_bytes = (size_t)64 << 20;
    memset(now, 0, sizeof(now));
    memset(committed, 0, sizeof(committed));
    chance = 1;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vault_close(vault);
    vault = NULL;
    rig_tear_down();
    return 0;
}

static unsigned draw(unsigned below)
{
    chance = chance * 1664525 + 1013904223;
    return (chance >> 8) % below;
}

/* --- as the vault has it -----------------------------------------------------------------------
 */

static enum toc_err look(unsigned who, bool make, const struct vault_subject **out)
{
    char name[16];
    snprintf(name, sizeof(name), "p%u", who);
    return vault_subject(vault, VAULT_PERSON, toc_str_of(name), make, out);
}

static void check(unsigned who)
{
    const struct vault_subject *subject;
    uint64_t number;
    if (now[who].number == 0) {
        assert_int_equal(look(who, false, &subject), TOC_NONE);
        return;
    }
    assert_int_equal(look(who, false, &subject), TOC_OK);
    assert_int_equal(subject->number, now[who].number);
    assert_string_equal(subject->pseudonym, now[who].pseudonym);
    assert_int_equal(vault_find_pseudonym(vault, now[who].pseudonym, &number), TOC_OK);
    assert_int_equal(number, now[who].number);
}

static void check_all(void)
{
    for (unsigned who = 0; who < NAMES; who++)
        check(who);
}

/* Each living subject has one row of each kind, in its table or waiting. */
static void check_counts(void)
{
    uint64_t people, pseudonyms, living = 0;
    for (unsigned who = 0; who < NAMES; who++)
        living += committed[who].number != 0;
    assert_int_equal(vault_begin_keys(vault), TOC_OK);
    assert_int_equal(toc_count(vault->keys_txn, KEYS_PEOPLE, &people), TOC_OK);
    assert_int_equal(toc_count(vault->keys_txn, KEYS_PSEUDONYMS, &pseudonyms), TOC_OK);
    assert_int_equal(people + vault->people.count, living);
    assert_int_equal(pseudonyms + vault->pseudonyms.count, living);
    assert_true(vault->people.count <= config.waiting_max);
    assert_true(vault->pseudonyms.count <= config.waiting_max);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void comes(unsigned who)
{
    const struct vault_subject *subject;
    assert_int_equal(look(who, true, &subject), TOC_OK);
    if (now[who].number != 0) {
        check(who);
        return;
    }
    now[who].number = subject->number;
    strcpy(now[who].pseudonym, subject->pseudonym);
}

static void commit(void)
{
    assert_int_equal(vault_commit(vault), TOC_OK);
    memcpy(committed, now, sizeof(now));
}

static void goes(unsigned who)
{
    uint32_t keys;
    uint64_t number;
    if (now[who].number == 0)
        return;
    commit();
    assert_int_equal(vault_erase(vault, now[who].pseudonym, NULL, NULL, &keys), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(vault_find_pseudonym(vault, now[who].pseudonym, &number), TOC_NONE);
    now[who].number = 0;
    memcpy(committed, now, sizeof(now));
}

static void never_was(void)
{
    vault_abandon(vault, 0);
    memcpy(now, committed, sizeof(now));
}

static void crashes(void)
{
    vault_close(vault);
    open_vault();
    memcpy(now, committed, sizeof(now));
    check_counts();
}

static void something_happens(void)
{
    unsigned what = draw(1000);
    if (what < 600)
        comes(draw(NAMES));
    else if (what < 900)
        check(draw(NAMES));
    else if (what < 950)
        commit();
    else if (what < 990)
        goes(draw(NAMES));
    else if (what < 996)
        never_was();
    else
        crashes();
}

static void live(size_t waiting_max)
{
    config.waiting_max = waiting_max;
    open_vault();
    for (unsigned i = 0; i < 15000; i++)
        something_happens();
    commit();
    check_counts();
    check_all();
    crashes();
    check_all();
}

static void everybody_is_found_whether_rows_wait_or_not(void **state)
{
    (void)state;
    live(NAMES + 1);
    assert_int_equal(vault->people.put, 1);
}

static void everybody_is_found_while_rows_are_put(void **state)
{
    (void)state;
    live(100);
    /* Pseudonyms are drawn afresh in each run, so how far it got varies by a few in a hundred. */
    assert_true(vault->people.put > NAMES / 2 && vault->pseudonyms.put > NAMES / 2);
}

static void everybody_is_found_when_hardly_a_row_waits(void **state)
{
    (void)state;
    live(1);
    assert_true(vault->people.put > NAMES && vault->pseudonyms.put > NAMES);
}

/* --- trouble ---------------------------------------------------------------------------------- */

/* A turn may fail when rows are put at its end, too. */
static void a_full_disk_takes_no_row_that_waits(void **state)
{
    (void)state;
    config.waiting_max = 50;
    open_vault();
    for (unsigned who = 0; who < NAMES; who++) {
        comes(who);
        if (who % 20 != 19)
            continue;
        toc_mem_disk_full(KEYS_DISK, who % 40 == 19);
        enum toc_err err = vault_commit(vault);
        assert_int_equal(err, who % 40 == 19 ? TOC_ERR_FULL : TOC_OK);
        toc_mem_disk_full(KEYS_DISK, false);
        if (err == TOC_OK)
            memcpy(committed, now, sizeof(now));
        else
            never_was();
    }
    check_all();
    crashes();
    check_all();
}

static void delete_row(unsigned table, struct toc_str key)
{
    assert_int_equal(vault_begin_keys(vault), TOC_OK);
    assert_int_equal(vault_keys_delete(vault, table, key), TOC_OK);
}

/* It has a row for everybody, and does not say so. */
static void a_vault_from_before_rows_waited_is_taken_as_it_is(void **state)
{
    (void)state;
    config.waiting_max = 1;
    open_vault();
    for (unsigned who = 0; who < NAMES; who++)
        comes(who);
    commit();
    assert_int_equal(vault_begin_keys(vault), TOC_OK);
    assert_true(vault->people.count <= 1 && vault->pseudonyms.count <= 1);
    vault->index_max = 0;
    assert_int_equal(vault_indexes_save(vault), TOC_OK);
    delete_row(KEYS_META, TOC_STR("indexed"));
    commit();
    config.waiting_max = 100;
    crashes();
    assert_int_equal(vault->people.put, NAMES + 1);
    assert_int_equal(vault->people.count + vault->pseudonyms.count, 0);
    check_all();
    goes(7);
    comes(7);
    commit();
    crashes();
    check_all();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(everybody_is_found_whether_rows_wait_or_not),
        CASE(everybody_is_found_while_rows_are_put),
        CASE(everybody_is_found_when_hardly_a_row_waits),
        CASE(a_full_disk_takes_no_row_that_waits),
        CASE(a_vault_from_before_rows_waited_is_taken_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
