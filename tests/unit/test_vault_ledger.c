/* The ledger of erasures: what stands in it is never lost, and never taken for something else. */
#include "services/intake/vault/ledger.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[200], path[256];
static struct ledger *ledger;

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(dir, sizeof(dir), "%s/tocsin-ledger-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/erased.ledger", dir);
    return ledger_open(path, &ledger) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ledger_close(ledger);
    ledger = NULL;
    remove(path);
    return remove(dir);
}

static void reopen(void)
{
    ledger_close(ledger);
    ledger = NULL;
    assert_int_equal(ledger_open(path, &ledger), TOC_OK);
}

static enum toc_err add(uint64_t seq, const char *pseudonym)
{
    struct ledger_entry entry = {
        .log_id = 0xabcdef0123456789, .seq = seq, .at_ms = 1000 + (int)seq};
    snprintf(entry.pseudonym, sizeof(entry.pseudonym), "%s", pseudonym);
    return ledger_append(ledger, &entry);
}

static void append(uint64_t seq, const char *pseudonym)
{
    assert_int_equal(add(seq, pseudonym), TOC_OK);
    assert_int_equal(ledger_sync(ledger), TOC_OK);
}

struct seen {
    unsigned count;
    struct ledger_entry last;
};

static enum toc_err see(void *arg, const struct ledger_entry *entry)
{
    struct seen *seen = arg;
    seen->count++;
    seen->last = *entry;
    return TOC_OK;
}

static struct seen replayed(void)
{
    struct seen seen = {0};
    assert_int_equal(ledger_replay(ledger, see, &seen), TOC_OK);
    return seen;
}

static void add_bytes(const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void what_was_written_is_there_at_the_next_start(void **state)
{
    (void)state;
    append(7, "p1");
    append(8, "urn:shop/ana müller#%1\n");
    reopen();
    struct seen seen = replayed();
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.last.seq, 8);
    assert_int_equal(seen.last.at_ms, 1008);
    assert_true(seen.last.log_id == 0xabcdef0123456789);
    assert_string_equal(seen.last.pseudonym, "urn:shop/ana müller#%1\n");
}

static void a_line_can_be_read_by_people(void **state)
{
    char text[100];
    (void)state;
    append(7, "u 1");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    text[strlen(text) - 9] = '\0'; /* before the checksum */
    assert_string_equal(text, "abcdef0123456789 7 1007 u%201 ");
}

static void a_name_of_the_longest_kind_comes_back(void **state)
{
    char name[LEDGER_PSEUDONYM_MAX + 1];
    (void)state;
    memset(name, '\xff', LEDGER_PSEUDONYM_MAX);
    name[LEDGER_PSEUDONYM_MAX] = '\0';
    append(UINT64_MAX, name);
    reopen();
    struct seen seen = replayed();
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.last.pseudonym, name);
}

static void a_line_that_a_crash_cut_short_is_cut_off(void **state)
{
    (void)state;
    append(7, "p1");
    add_bytes("abcdef0123456789 8 10");
    reopen();
    assert_int_equal(replayed().count, 1);
    append(9, "p3");
    reopen();
    struct seen seen = replayed();
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.last.pseudonym, "p3");
}

static void many_lines_are_synced_at_once(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 100; seq++)
        assert_int_equal(add(seq, "p"), TOC_OK);
    assert_int_equal(ledger_sync(ledger), TOC_OK);
    assert_int_equal(ledger_sync(ledger), TOC_OK);
    reopen();
    assert_int_equal(replayed().count, 100);
    assert_int_equal(replayed().last.seq, 100);
}

/* The file may not grow beyond the first line and some bytes. */
static void of_lines_that_had_no_room_nothing_is_left(void **state)
{
    struct rlimit was, less;
    struct stat about;
    (void)state;
    append(7, "p1");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    less = was;
    less.rlim_cur = (rlim_t)about.st_size * 5 / 2;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    enum toc_err first = add(8, "p2"), second = add(9, "p3");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, before);
    assert_int_equal(first, TOC_OK);
    assert_int_equal(second, TOC_ERR_FULL);
    append(9, "p"); /* shorter than what was there */
    reopen();
    assert_int_equal(replayed().count, 2);
    assert_int_equal(replayed().last.seq, 9);
}

static void any_other_line_that_is_none_stops_the_start(void **state)
{
    (void)state;
    append(7, "p1");
    add_bytes("abcdef0123456789 8 1008 p2 00000000\n");
    ledger_close(ledger);
    ledger = NULL;
    assert_int_equal(ledger_open(path, &ledger), TOC_ERR_DAMAGED);
}

static void a_single_changed_byte_is_found(void **state)
{
    char byte = 'q';
    (void)state;
    append(7, "p1");
    append(8, "p2");
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, &byte, 1, 24), 1); /* in the first pseudonym */
    close(fd);
    ledger_close(ledger);
    ledger = NULL;
    assert_int_equal(ledger_open(path, &ledger), TOC_ERR_DAMAGED);
}

static void one_intake_has_it_and_only_its_owner_reads_it(void **state)
{
    struct ledger *other = NULL;
    struct stat about;
    (void)state;
    assert_int_equal(ledger_open(path, &other), TOC_ERR_CONFIG);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_there_at_the_next_start, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_line_can_be_read_by_people, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_of_the_longest_kind_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_a_crash_cut_short_is_cut_off, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(many_lines_are_synced_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_lines_that_had_no_room_nothing_is_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(any_other_line_that_is_none_stops_the_start, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_single_changed_byte_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_intake_has_it_and_only_its_owner_reads_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
