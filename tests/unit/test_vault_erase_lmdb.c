/* Erasing people from a vault: what is left of them in its files, and of everybody else. */
#include "services/intake/vault/renew.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define LOG 0x10ad
#define MAP ((size_t)64 << 20)

static char root[200], content_dir[256], keys_dir[256], kek_dir[256];
static struct vault *vault;
static uint64_t last_seq;

/* --- a vault in files ------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void open_vault(void)
{
    const struct vault_config config = {
        .content_dir = content_dir, .keys_dir = keys_dir, .kek_dir = kek_dir, .map_bytes = MAP};
    assert_int_equal(vault_open(&config, LOG, last_seq, &vault), TOC_OK);
}

static void reopen(void)
{
    vault_close(vault);
    open_vault();
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    if (sodium_init() < 0)
        return -1;
    snprintf(root, sizeof(root), "%s/tocsin-erase-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(root) == NULL)
        return -1;
    snprintf(content_dir, sizeof(content_dir), "%s/vault", root);
    snprintf(keys_dir, sizeof(keys_dir), "%s/keys", root);
    snprintf(kek_dir, sizeof(kek_dir), "%s/kek", root);
    last_seq = 0;
    open_vault();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vault_close(vault);
    vault = NULL;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- people and what they wrote --------------------------------------------------------------- */

static void place_of(uint64_t seq, struct toc_seal_place *out)
{
    char id[24];
    snprintf(id, sizeof(id), "e%llu", (unsigned long long)seq);
    toc_seal_event(out->event, TOC_STR("crm"), toc_str_of(id));
    out->segment = 0;
    out->class = VAULT_BODY;
}

static void put(const struct vault_subject *subject, enum vault_class class, const char *text,
                toc_time_ms at_ms)
{
    struct toc_seal_place place;
    uint8_t commitment[TOC_SHA256], bytes[512];
    const uint8_t *key;
    place_of(++last_seq, &place);
    place.class = (uint8_t) class;
    struct vault_row row = {
        .seq = last_seq, .class = class, .subject = subject->number, .at_ms = at_ms};
    assert_int_equal(vault_key(vault, subject, vault_class_keys(class), &key), TOC_OK);
    toc_seal(key, &place, toc_str_of(text), bytes + VAULT_HEADER, commitment);
    assert_int_equal(vault_put(vault, &row, bytes, VAULT_HEADER + strlen(text) + TOC_SEAL_OVERHEAD),
                     TOC_OK);
}

static const struct vault_subject *person(const char *name)
{
    const struct vault_subject *subject;
    assert_int_equal(vault_subject(vault, VAULT_PERSON, toc_str_of(name), true, &subject), TOC_OK);
    return subject;
}

static uint64_t wrote(const char *name, const char *text)
{
    put(person(name), VAULT_BODY, text, 1000);
    assert_int_equal(vault_commit(vault), TOC_OK);
    return last_seq;
}

static const char *pseudonym(const char *name)
{
    static char text[VAULT_PSEUDONYM + 1];
    snprintf(text, sizeof(text), "%s", person(name)->pseudonym);
    assert_int_equal(vault_commit(vault), TOC_OK);
    return text;
}

static bool is_known(const char *name)
{
    const struct vault_subject *subject;
    enum toc_err err = vault_subject(vault, VAULT_PERSON, toc_str_of(name), false, &subject);
    assert_true(err >= 0);
    return err == TOC_OK;
}

/* TOC_NONE: the row or its key is gone. */
static enum toc_err read_back(uint64_t seq, char out[512])
{
    struct toc_seal_place place;
    struct vault_row row;
    struct toc_str sealed;
    uint8_t key[TOC_SEAL_KEY], plain[512];
    place_of(seq, &place);
    enum toc_err err = vault_get(vault, seq, 0, &row, &sealed);
    if (err != TOC_OK)
        return err;
    place.class = (uint8_t)row.class;
    size_t size = sealed.size - TOC_SEAL_OVERHEAD;
    char *copy = malloc(sealed.size);
    assert_non_null(copy);
    memcpy(copy, sealed.data, sealed.size);
    err = vault_key_of(vault, row.subject, vault_class_keys(row.class), key);
    if (err == TOC_OK)
        err = toc_unseal(key, &place, toc_str(copy, size + TOC_SEAL_OVERHEAD), NULL, plain);
    if (err == TOC_OK) {
        memcpy(out, plain + TOC_SEAL_R, size);
        out[size] = '\0';
    }
    free(copy);
    return err;
}

static void reads(uint64_t seq, const char *text)
{
    char got[512];
    assert_int_equal(read_back(seq, got), TOC_OK);
    assert_string_equal(got, text);
}

static void is_gone(uint64_t seq)
{
    char got[512];
    assert_int_equal(read_back(seq, got), TOC_NONE);
}

static uint32_t erase(const char *name)
{
    uint32_t keys;
    char text[VAULT_PSEUDONYM + 1];
    snprintf(text, sizeof(text), "%s", pseudonym(name));
    assert_int_equal(vault_erase(vault, text, NULL, NULL, &keys), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    return keys;
}

/* --- renewing --------------------------------------------------------------------------------- */

static struct vault_renewed renew_until(vault_expired_fn expired, void (*meanwhile)(unsigned step))
{
    struct vault_renewal *renewal;
    struct vault_renewed counts;
    unsigned step = 0;
    enum toc_err err;
    assert_int_equal(vault_renew_begin(vault, expired, NULL, &renewal), TOC_OK);
    while ((err = vault_renew_step(renewal, last_seq)) == TOC_OK)
        if (meanwhile != NULL)
            meanwhile(step++);
    assert_int_equal(err, TOC_NONE);
    counts = *vault_renew_counts(renewal);
    vault_renew_end(renewal);
    return counts;
}

static struct vault_renewed renew(void)
{
    return renew_until(NULL, NULL);
}

/* --- what is in the files --------------------------------------------------------------------- */

static struct toc_str wanted;
static unsigned found;

static int look_into(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    char *bytes = type == FTW_F ? malloc((size_t)st->st_size + 1) : NULL;
    (void)ftw;
    if (bytes == NULL)
        return 0;
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, bytes, (size_t)st->st_size), st->st_size);
    close(fd);
    found += memmem(bytes, (size_t)st->st_size, wanted.data, wanted.size) != NULL;
    free(bytes);
    return 0;
}

static bool any_file_has(const void *bytes, size_t size)
{
    wanted = toc_str(bytes, size);
    found = 0;
    assert_int_equal(nftw(root, look_into, 16, FTW_PHYS), 0);
    return found > 0;
}

static void read_kek(unsigned number, uint8_t out[TOC_SEAL_KEY])
{
    char path[300];
    snprintf(path, sizeof(path), "%s/kek.%u", kek_dir, number);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, out, TOC_SEAL_KEY), TOC_SEAL_KEY);
    close(fd);
}

static void copy_sealed(uint64_t seq, uint8_t out[64])
{
    struct vault_row row;
    struct toc_str sealed;
    assert_int_equal(vault_get(vault, seq, 0, &row, &sealed), TOC_OK);
    assert_true(sealed.size >= 64);
    memcpy(out, sealed.data, 64);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void nobody_reads_what_an_erased_person_wrote(void **state)
{
    (void)state;
    uint64_t hers = wrote("ana@example.com", "my card was charged twice");
    uint64_t his = wrote("ben@example.com", "mine was not");
    reads(hers, "my card was charged twice");
    assert_int_equal(erase("ana@example.com"), 1);
    is_gone(hers);
    reads(his, "mine was not");
    reopen();
    is_gone(hers);
    reads(his, "mine was not");
}

static void after_the_renewal_no_file_has_anything_of_it(void **state)
{
    uint8_t sealed[64], kek[TOC_SEAL_KEY], key[TOC_SEAL_KEY];
    (void)state;
    uint64_t hers = wrote("ana@example.com", "my card was charged twice");
    uint64_t number = person("ana@example.com")->number;
    assert_int_equal(vault_commit(vault), TOC_OK);
    uint64_t his = wrote("ben@example.com", "mine was not");
    copy_sealed(hers, sealed);
    read_kek(1, kek);
    assert_int_equal(vault_key_of(vault, number, VAULT_KEYS_TEXT, key), TOC_OK);
    assert_true(any_file_has(sealed, sizeof(sealed)));
    erase("ana@example.com");
    assert_true(any_file_has(sealed, sizeof(sealed))); /* noise, but there */
    struct vault_renewed counts = renew();
    assert_int_equal(counts.erased, 1);
    assert_int_equal(counts.kept, 1);
    assert_false(any_file_has(sealed, sizeof(sealed)));
    assert_false(any_file_has(kek, sizeof(kek)));
    assert_false(any_file_has(key, sizeof(key)));
    reads(his, "mine was not");
    reopen();
    reads(his, "mine was not");
    reads(wrote("ben@example.com", "and now it was"), "and now it was");
}

static void erasing_twice_finds_nothing_the_second_time(void **state)
{
    char name[VAULT_PSEUDONYM + 1];
    uint32_t keys;
    (void)state;
    wrote("ana@example.com", "hello");
    snprintf(name, sizeof(name), "%s", pseudonym("ana@example.com"));
    assert_int_equal(vault_erase(vault, name, NULL, NULL, &keys), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(vault_erase(vault, name, NULL, NULL, &keys), TOC_NONE);
    assert_int_equal(keys, 0);
    assert_int_equal(vault_erase(vault, "nobody", NULL, NULL, &keys), TOC_NONE);
    assert_false(is_known("ana@example.com"));
}

static void many_are_erased_at_once_or_not_at_all(void **state)
{
    char name[32], names[50][VAULT_PSEUDONYM + 1];
    uint32_t keys;
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "p%u@example.com", i);
        (void)wrote(name, name);
        snprintf(names[i], sizeof(names[i]), "%s", pseudonym(name));
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < 40; i++) {
            assert_int_equal(vault_erase(vault, names[i], NULL, NULL, &keys), TOC_OK);
            assert_int_equal(keys, 1);
        }
        assert_int_equal(vault_erase(vault, names[0], NULL, NULL, &keys), TOC_NONE);
        if (pass == 0)
            reopen(); /* before it was committed */
        else
            assert_int_equal(vault_commit(vault), TOC_OK);
        for (unsigned i = 0; i < 50; i++) {
            snprintf(name, sizeof(name), "p%u@example.com", i);
            assert_int_equal(is_known(name), pass == 0 || i >= 40);
            if (is_known(name))
                reads(i + 1, name);
            else
                is_gone(i + 1);
        }
        assert_true(vault_rest(vault));
    }
}

static void who_writes_again_is_somebody_new(void **state)
{
    char before[VAULT_PSEUDONYM + 1];
    (void)state;
    uint64_t first = wrote("ana@example.com", "hello");
    snprintf(before, sizeof(before), "%s", pseudonym("ana@example.com"));
    erase("ana@example.com");
    uint64_t second = wrote("ana@example.com", "hello again");
    assert_string_not_equal(pseudonym("ana@example.com"), before);
    is_gone(first);
    reads(second, "hello again");
    renew();
    reads(second, "hello again");
}

static void a_raw_mail_goes_with_anyone_in_it(void **state)
{
    const struct vault_subject *mail;
    (void)state;
    uint64_t ana = person("ana@example.com")->number, ben = person("ben@example.com")->number;
    assert_int_equal(vault_subject(vault, VAULT_MAIL, TOC_STR("mail-1"), true, &mail), TOC_OK);
    uint64_t number = mail->number;
    put(mail, VAULT_RAW, "From: ana To: ben", 1000);
    uint64_t seq = last_seq;
    assert_int_equal(vault_list_under(vault, ana, number), TOC_OK);
    assert_int_equal(vault_list_under(vault, ben, number), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    uint64_t his = wrote("ben@example.com", "kept");
    reads(seq, "From: ana To: ben");
    assert_int_equal(erase("ana@example.com"), 1);
    is_gone(seq);
    reads(his, "kept");
    assert_int_equal(erase("ben@example.com"), 1); /* the mail is gone already */
}

/* --- what is held ----------------------------------------------------------------------------- */

/* Raw mails in which both ana and ben are; returns the seq of the first. */
static uint64_t mails_of_both(unsigned count)
{
    const struct vault_subject *mail;
    uint64_t ana = person("ana@example.com")->number, ben = person("ben@example.com")->number;
    uint64_t first = last_seq + 1;
    char name[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "both-%u", i);
        assert_int_equal(vault_subject(vault, VAULT_MAIL, toc_str_of(name), true, &mail), TOC_OK);
        uint64_t number = mail->number;
        put(mail, VAULT_RAW, "From: ana To: ben", 1000);
        assert_int_equal(vault_list_under(vault, ana, number), TOC_OK);
        assert_int_equal(vault_list_under(vault, ben, number), TOC_OK);
    }
    assert_int_equal(vault_commit(vault), TOC_OK);
    return first;
}

/* Whoever is held; 0: nobody. */
static uint64_t held_subject;

static bool is_held(void *arg, uint64_t other)
{
    (void)arg;
    return held_subject != 0 && vault_is_listed(vault, held_subject, other) == TOC_OK;
}

static void hold(const char *name)
{
    held_subject = person(name)->number;
    assert_int_equal(vault_commit(vault), TOC_OK);
}

static uint32_t erase_later(const char *alias, uint32_t *keys)
{
    uint32_t left;
    assert_int_equal(vault_erase_later(vault, alias, is_held, NULL, keys, &left), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    return left;
}

static void a_held_mail_stays_unread_until_nothing_holds_it(void **state)
{
    char ben[VAULT_PSEUDONYM + 1];
    uint8_t sealed[64];
    uint32_t keys;
    (void)state;
    uint64_t hers = wrote("ana@example.com", "hers");
    uint64_t raw = mails_of_both(60), end = last_seq;
    uint64_t his = wrote("ben@example.com", "his");
    copy_sealed(raw, sealed);
    hold("ana@example.com");
    snprintf(ben, sizeof(ben), "%s", pseudonym("ben@example.com"));
    assert_int_equal(vault_erase(vault, ben, is_held, NULL, &keys), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(keys, 1); /* of his own words */
    is_gone(his);
    for (uint64_t seq = raw; seq <= end; seq++)
        is_gone(seq);
    reads(hers, "hers");
    assert_int_equal(erase_later(ben, &keys), 60);
    struct vault_renewed counts = renew();
    assert_int_equal(counts.erased, 1);
    assert_int_equal(counts.kept, 61);
    assert_true(any_file_has(sealed, sizeof(sealed)));
    reopen();
    is_gone(raw);
    assert_int_equal(erase_later(ben, &keys), 60);
    held_subject = 0;
    assert_int_equal(erase_later(ben, &keys), 0);
    assert_int_equal(keys, 60);
    assert_int_equal(erase_later(ben, &keys), 0);
    assert_int_equal(keys, 0);
    counts = renew();
    assert_int_equal(counts.kept, 1);
    assert_false(any_file_has(sealed, sizeof(sealed)));
    reads(hers, "hers");
}

static void two_who_are_erased_wait_for_the_same_mail(void **state)
{
    char ben[VAULT_PSEUDONYM + 1], cleo[VAULT_PSEUDONYM + 1];
    const struct vault_subject *mail;
    uint32_t keys;
    (void)state;
    uint64_t raw = mails_of_both(1), number;
    assert_int_equal(vault_subject(vault, VAULT_MAIL, TOC_STR("both-0"), true, &mail), TOC_OK);
    number = mail->number;
    assert_int_equal(vault_list_under(vault, person("cleo@example.com")->number, number), TOC_OK);
    hold("ana@example.com");
    snprintf(ben, sizeof(ben), "%s", pseudonym("ben@example.com"));
    snprintf(cleo, sizeof(cleo), "%s", pseudonym("cleo@example.com"));
    assert_int_equal(vault_erase(vault, ben, is_held, NULL, &keys), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(vault_erase(vault, cleo, is_held, NULL, &keys), TOC_OK);
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(erase_later(ben, &keys), 1);
    assert_int_equal(erase_later(cleo, &keys), 1);
    is_gone(raw);
    held_subject = 0;
    assert_int_equal(erase_later(ben, &keys), 0);
    assert_int_equal(keys, 1);
    assert_int_equal(erase_later(cleo, &keys), 0);
    assert_int_equal(keys, 0);
    assert_int_equal(renew().kept, 0);
}

static void a_vault_from_before_the_index_finds_everybody(void **state)
{
    static const char *const tables[] = {"people", "subjects", "keys",
                                         "listed", "meta",     "pseudonyms"};
    const struct toc_store_config config = {
        .dir = keys_dir, .tables = tables, .table_count = 6, .map_bytes = MAP};
    char name[32], names[3][VAULT_PSEUDONYM + 1];
    struct toc_store *store;
    struct toc_txn *txn;
    struct toc_str key, row;
    uint8_t copy[TOC_KEY_MAX];
    uint64_t number;
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "p%u@example.com", i);
        snprintf(names[i % 3], sizeof(names[0]), "%s", person(name)->pseudonym);
    }
    assert_int_equal(vault_commit(vault), TOC_OK);
    vault_close(vault);
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    while (toc_first_at_least(txn, 5, toc_str("", 0), &key, &row) == TOC_OK) {
        memcpy(copy, key.data, key.size);
        assert_int_equal(toc_del(txn, 5, toc_str(copy, key.size)), TOC_OK);
    }
    assert_int_equal(toc_del(txn, 4, TOC_STR("pseudonyms")), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    toc_store_close(store);
    open_vault();
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(vault_find_pseudonym(vault, names[i], &number), TOC_OK);
        assert_int_equal(number, 5000 - (4999 - i) % 3);
    }
    assert_int_equal(vault_find_pseudonym(vault, "000000000000000000000000", &number), TOC_NONE);
    names[0][0] = 'A'; /* not as the vault writes it */
    assert_int_equal(vault_find_pseudonym(vault, names[0], &number), TOC_NONE);
}

static void a_thousand_mails_go_as_well(void **state)
{
    const struct vault_subject *mail;
    char name[16];
    (void)state;
    uint64_t ana = person("ana@example.com")->number;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "mail-%u", i);
        assert_int_equal(vault_subject(vault, VAULT_MAIL, toc_str_of(name), true, &mail), TOC_OK);
        uint64_t number = mail->number;
        put(mail, VAULT_RAW, "From: ana", 1000);
        assert_int_equal(vault_list_under(vault, ana, number), TOC_OK);
    }
    assert_int_equal(vault_commit(vault), TOC_OK);
    assert_int_equal(erase("ana@example.com"), 1000);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        is_gone(seq);
    struct vault_renewed counts = renew();
    assert_int_equal(counts.erased, 1000);
    assert_int_equal(counts.kept, 0);
}

static void comes_and_goes(unsigned step)
{
    char name[32];
    snprintf(name, sizeof(name), "new%u@example.com", step);
    wrote(name, "written meanwhile");
    if (step % 3 == 2)
        erase(name);
    snprintf(name, sizeof(name), "p%u@example.com", step);
    if (step % 5 == 4)
        erase(name);
}

static void the_vault_is_used_while_it_is_renewed(void **state)
{
    char name[32];
    (void)state;
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(name, sizeof(name), "p%u@example.com", i);
        put(person(name), VAULT_BODY, name, 1000);
    }
    assert_int_equal(vault_commit(vault), TOC_OK);
    renew_until(NULL, comes_and_goes);
    assert_true(last_seq > 1510);
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < 1500; i++) {
            snprintf(name, sizeof(name), "p%u@example.com", i);
            if (is_known(name))
                reads(i + 1, name);
            else
                is_gone(i + 1);
        }
        for (uint64_t seq = 1501; seq <= last_seq; seq++) {
            snprintf(name, sizeof(name), "new%u@example.com", (unsigned)(seq - 1501));
            if ((seq - 1501) % 3 == 2)
                is_gone(seq);
            else
                reads(seq, "written meanwhile");
        }
        reopen();
    }
    assert_false(vault_is_renewing(vault));
}

static bool older_than_2000(void *arg, const struct vault_row *row)
{
    (void)arg;
    return row->at_ms < 2000;
}

static void what_has_had_its_time_goes_and_its_person_stays(void **state)
{
    (void)state;
    uint64_t old = wrote("ana@example.com", "old");
    put(person("ana@example.com"), VAULT_BODY, "fresh", 3000);
    assert_int_equal(vault_commit(vault), TOC_OK);
    struct vault_renewed counts = renew_until(older_than_2000, NULL);
    assert_int_equal(counts.expired, 1);
    assert_int_equal(counts.kept, 1);
    is_gone(old);
    reads(last_seq, "fresh");
    assert_true(is_known("ana@example.com"));
}

static void a_renewal_that_a_crash_ended_begins_again(void **state)
{
    struct vault_renewal *renewal;
    uint8_t kek[TOC_SEAL_KEY];
    char name[32];
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        snprintf(name, sizeof(name), "p%u@example.com", i);
        put(person(name), VAULT_BODY, name, 1000);
    }
    assert_int_equal(vault_commit(vault), TOC_OK);
    read_kek(1, kek);
    for (unsigned steps = 1; steps < 9; steps++) {
        assert_int_equal(vault_renew_begin(vault, NULL, NULL, &renewal), TOC_OK);
        for (unsigned i = 0; i < steps; i++)
            (void)!vault_renew_step(renewal, last_seq);
        vault_renew_end(renewal);
        reopen();
        for (unsigned i = 0; i < 600; i++) {
            snprintf(name, sizeof(name), "p%u@example.com", i);
            reads(i + 1, name);
        }
    }
    assert_true(vault_is_renewing(vault));
    assert_true(any_file_has(kek, sizeof(kek)));
    renew();
    assert_false(vault_is_renewing(vault));
    assert_false(any_file_has(kek, sizeof(kek)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_reads_what_an_erased_person_wrote, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(after_the_renewal_no_file_has_anything_of_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(erasing_twice_finds_nothing_the_second_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_are_erased_at_once_or_not_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_writes_again_is_somebody_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_raw_mail_goes_with_anyone_in_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_held_mail_stays_unread_until_nothing_holds_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(two_who_are_erased_wait_for_the_same_mail, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_vault_from_before_the_index_finds_everybody, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_mails_go_as_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_vault_is_used_while_it_is_renewed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_had_its_time_goes_and_its_person_stays, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_renewal_that_a_crash_ended_begins_again, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
