#include "services/cli/policy/files.h"

#include "common/policy/policy.h"
#include "common/policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

#define NOW (toc_days_from_date(2026, 6, 15) * TOC_DAY_MS)

static char dir[64];

static int begin(void **state)
{
    char path[128];
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tocsin-test-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/policy", dir);
    if (mkdir(path, 0700) != 0)
        return -1;
    snprintf(path, sizeof(path), "%s/policy/sub", dir);
    return mkdir(path, 0700);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *ftw)
{
    (void)about, (void)kind, (void)ftw;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/policy/%s", dir, name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static char *read_root(size_t *size)
{
    char path[256], *text = NULL;
    snprintf(path, sizeof(path), "%s/policy/root.yaml", dir);
    assert_int_equal(policy_files_read(path, NOW, &text, size), TOC_OK);
    return text;
}

/* What is found in the policy: everything after the directory's name. */
static void assert_found(const char *expected)
{
    struct toc_policy *policy = NULL;
    struct toc_policy_tree *tree = NULL;
    size_t size;
    char *text = read_root(&size);
    enum toc_err err = toc_policy_check(toc_str(text, size), "root.yaml", &policy, &tree);
    assert_true(err == TOC_OK || err == TOC_ERR_CONFIG);
    char *found = toc_diag_text(&tree->diag);
    if (strcmp(found, expected) != 0)
        print_error("%s\n", found);
    assert_string_equal(found, expected);
    free(found);
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
    free(text);
}

#define REST "queues: {desk: {tier: 1}}\nroutes: [{rule: all, queue: desk}]\n"

/* --- files ------------------------------------------------------------------------------------ */

static void a_single_file_stays_as_it_is(void **state)
{
    size_t size;
    (void)state;
    write_file("root.yaml", "\xef\xbb\xbfpolicy: 1\n" REST);
    char *text = read_root(&size);
    assert_true(toc_str_equal(toc_str(text, size), toc_str_of("\xef\xbb\xbfpolicy: 1\n" REST)));
    free(text);
}

static void files_are_put_together_as_they_are_included(void **state)
{
    size_t size, again_size;
    (void)state;
    write_file("root.yaml", "\xef\xbb\xbfpolicy: 1\ninclude: [sub/a.yaml, b.yaml]\n" REST);
    write_file("sub/a.yaml", "include: ../c.yaml\n");
    write_file("b.yaml", "# b\n");
    write_file("c.yaml", "queues: {c: {tier: 1}}\n");
    char *text = read_root(&size);
    assert_true(toc_str_equal(
        toc_str(text, size),
        toc_str_of("%tocsin-policy 1\n"
                   "%file 101 root.yaml\npolicy: 1\ninclude: [sub/a.yaml, b.yaml]\n" REST "\n"
                   "%file 19 sub/a.yaml\ninclude: ../c.yaml\n\n"
                   "%file 4 b.yaml\n# b\n\n"
                   "%file 23 c.yaml\nqueues: {c: {tier: 1}}\n\n")));
    /* What was printed can be applied. */
    write_file("root.yaml", text);
    char *again = read_root(&again_size);
    assert_true(toc_str_equal(toc_str(text, size), toc_str(again, again_size)));
    free(again);
    free(text);
}

static void what_cannot_be_read_is_told_at_its_place(void **state)
{
    char path[256];
    (void)state;
    write_file("../secret.yaml", "queues: {c: {tier: 1}}\n");
    snprintf(path, sizeof(path), "%s/policy/link.yaml", dir);
    assert_int_equal(symlink("../secret.yaml", path), 0);
    snprintf(path, sizeof(path), "%s/policy/up", dir);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof(path), "%s/policy/loop.yaml", dir);
    assert_int_equal(symlink("loop.yaml", path), 0);
    snprintf(path, sizeof(path), "%s/policy/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    write_file("root.yaml", "policy: 1\n"
                            "include:\n"
                            "  - none.yaml\n"
                            "  - link.yaml\n"
                            "  - up/secret.yaml\n"
                            "  - loop.yaml\n"
                            "  - pipe\n"
                            "  - sub\n" REST);
    assert_found("root.yaml:3:5: error: 'none.yaml' cannot be read: No such file or directory\n"
                 "    3 |   - none.yaml\n"
                 "      |     ^\n"
                 "\n"
                 "root.yaml:4:5: error: 'link.yaml' cannot be read: it is a link out of the "
                 "policy's directory\n"
                 "    4 |   - link.yaml\n"
                 "      |     ^\n"
                 "\n"
                 "root.yaml:5:5: error: 'up/secret.yaml' cannot be read: it is a link out of the "
                 "policy's directory\n"
                 "    5 |   - up/secret.yaml\n"
                 "      |     ^\n"
                 "\n"
                 "root.yaml:6:5: error: 'loop.yaml' cannot be read: Too many levels of symbolic "
                 "links\n"
                 "    6 |   - loop.yaml\n"
                 "      |     ^\n"
                 "\n"
                 "root.yaml:7:5: error: 'pipe' cannot be read: it is no file\n"
                 "    7 |   - pipe\n"
                 "      |     ^\n"
                 "\n"
                 "root.yaml:8:5: error: 'sub' cannot be read: it is no file\n"
                 "    8 |   - sub\n"
                 "      |     ^\n");
}

static void a_link_within_the_directory_is_followed(void **state)
{
    char path[256];
    (void)state;
    write_file("sub/a.yaml", "queues: {a: {tier: 1}}\n");
    snprintf(path, sizeof(path), "%s/policy/link.yaml", dir);
    assert_int_equal(symlink("sub/a.yaml", path), 0);
    write_file("root.yaml", "policy: 1\ninclude: link.yaml\n" REST);
    assert_found("");
}

static void all_files_together_have_a_limit(void **state)
{
    char *large = calloc(1, TOC_POLICY_SIZE_MAX + 1);
    (void)state;
    memset(large, '#', TOC_POLICY_SIZE_MAX);
    write_file("large.yaml", large);
    free(large);
    write_file("root.yaml", "policy: 1\ninclude: large.yaml\n" REST);
    assert_found("root.yaml:1:1: error: the policy has 262297 bytes; at most 262144 are allowed\n"
                 "    1 | %tocsin-policy 1\n"
                 "      | ^\n");
}

static void what_is_not_there_is_not_read(void **state)
{
    char path[256], *text = NULL;
    size_t size;
    (void)state;
    snprintf(path, sizeof(path), "%s/policy/none.yaml", dir);
    assert_int_equal(policy_files_read(path, NOW, &text, &size), TOC_ERR_IO);
    snprintf(path, sizeof(path), "%s/none/none.yaml", dir);
    assert_int_equal(policy_files_read(path, NOW, &text, &size), TOC_ERR_IO);
}

/* --- holidays --------------------------------------------------------------------------------- */

#define EVENT(day, name)                                                                           \
    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:" day "\r\nSUMMARY:" name "\r\nEND:VEVENT\r\n"
#define ICS(events) "BEGIN:VCALENDAR\r\n" events "END:VCALENDAR\r\n"
#define HOURS       "weekly: {mon-fri: [\"09:00-17:00\"]}"

static void holidays_of_a_file_close(void **state)
{
    struct toc_policy *policy = NULL;
    size_t size;
    char *errors = NULL;
    (void)state;
    write_file("sub/br.ics", ICS(EVENT("20260421", "Tiradentes") EVENT("20260422", "Other")));
    write_file("root.yaml", "policy: 1\ninclude: sub/br.yaml\nqueues: {desk: {tier: 1}}\n"
                            "calendars: {br: {zone: America/Sao_Paulo, " HOURS "}}\n"
                            "slas: {s: {calendar: br, clocks: {resolution: {targets: {P1: 1h}}}}}\n"
                            "routes: [{rule: all, queue: desk, sla: s}]\n");
    write_file("sub/br.yaml", "overlay: {owner: latam}\n"
                              "calendars: {br: {holidays_from: br.ics, skip: [Other]}}\n");
    char *text = read_root(&size);
    assert_non_null(strstr(text, "%dates 55 America/Sao_Paulo sub/br.ics\n"
                                 "2026-04-21 holiday Tiradentes\n2026-04-22 holiday Other\n"));
    assert_int_equal(toc_policy_parse(toc_str(text, size), NULL, &policy, &errors), TOC_OK);
    const struct toc_calendar *br = policy->slas[0].clocks[0].calendar;
    toc_time_ms noon = toc_days_from_date(2026, 4, 20) * TOC_DAY_MS + 15 * TOC_HOUR_MS;
    assert_true(toc_calendar_is_open(br, noon));
    assert_false(toc_calendar_is_open(br, noon + TOC_DAY_MS));
    assert_true(toc_calendar_is_open(br, noon + 2 * TOC_DAY_MS));
    toc_policy_free(policy);
    free(text);
}

static void doubtful_dates_are_warned_about(void **state)
{
    (void)state;
    write_file("us.ics", ICS(EVENT("20260214", "Valentine's Day") EVENT("20261030", "X (Nevada)")
                                 EVENT("20270214", "Valentine's Day")));
    write_file("root.yaml", "policy: 1\n" REST "calendars:\n"
                            "  us: {zone: UTC, " HOURS ", holidays_from: us.ics}\n"
                            "  all: {zone: UTC, " HOURS
                            ", holidays_from: us.ics, skip: [\"Valent*\", 2026-10-30, nope]}\n");
    assert_found(
        "root.yaml:5:70: warning: 'Valentine's Day' may be observances, not days off\n"
        "    5 | ...eekly: {mon-fri: [\"09:00-17:00\"]}, holidays_from: us.ics}\n"
        "      |                                                      ^\n"
        "hint: name in 'skip' what people work on; `tocsin policy check` lists every date\n"
        "\n"
        "root.yaml:5:70: warning: 'X (Nevada)' may be for a part of the country only\n"
        "    5 | ...eekly: {mon-fri: [\"09:00-17:00\"]}, holidays_from: us.ics}\n"
        "      |                                                      ^\n"
        "hint: name in 'skip' what people work on; `tocsin policy check` lists every date\n"
        "\n"
        "root.yaml:6:109: warning: there is no date 'nope' to skip\n"
        "    6 | ...idays_from: us.ics, skip: [\"Valent*\", 2026-10-30, nope]}\n"
        "      |                                                      ^\n"
        "hint: a date or a name as `tocsin policy check` lists it\n");
}

static void a_file_that_is_no_calendar_is_told_at_its_place(void **state)
{
    (void)state;
    write_file("bad.ics", "hello\n");
    write_file("root.yaml", "policy: 1\n" REST "calendars:\n  us:\n    zone: UTC\n    " HOURS "\n"
                            "    holidays_from: [bad.ics, none.ics, ../x.ics]\n");
    assert_found("root.yaml:8:21: error: 'bad.ics' cannot be read: no calendar (.ics) in it\n"
                 "    8 |     holidays_from: [bad.ics, none.ics, ../x.ics]\n"
                 "      |                     ^\n"
                 "\n"
                 "root.yaml:8:30: error: 'none.ics' cannot be read: No such file or directory\n"
                 "    8 |     holidays_from: [bad.ics, none.ics, ../x.ics]\n"
                 "      |                              ^\n"
                 "\n"
                 "root.yaml:8:40: error: '../x.ics' is outside the directory of the policy's first "
                 "file\n"
                 "    8 |     holidays_from: [bad.ics, none.ics, ../x.ics]\n"
                 "      |                                        ^\n");
}

/* --- warnings ----------------------------------------------------------------------------------
 */

static void windows_that_overlap_are_both_named(void **state)
{
    (void)state;
    write_file("root.yaml", "policy: 1\n" REST "calendars:\n"
                            "  c:\n"
                            "    zone: UTC\n"
                            "    weekly:\n"
                            "      mon-fri: [\"09:00-12:00\", \"12:00-17:00\"]\n"
                            "      wed: [\"16:00-18:00\"]\n"
                            "      sun: [\"22:00-02:00\"]\n"
                            "      mon: [\"01:00-03:00\", \"03:00-04:00\"]\n"
                            "    date_hours: {2026-01-05: [\"09:00-10:00\", \"09:59-11:00\"]}\n");
    assert_found(
        "root.yaml:9:13: warning: the window '16:00-18:00' overlaps another\n"
        "    9 |       wed: [\"16:00-18:00\"]\n"
        "      |             ^\n"
        "hint: the other is at root.yaml:8:32; they count as one, from the first begin to the last "
        "end\n"
        "\n"
        "root.yaml:11:13: warning: the window '01:00-03:00' overlaps another\n"
        "   11 |       mon: [\"01:00-03:00\", \"03:00-04:00\"]\n"
        "      |             ^\n"
        "hint: the other is at root.yaml:10:13; they count as one, from the first begin to the "
        "last "
        "end\n"
        "\n"
        "root.yaml:12:46: warning: the window '09:59-11:00' overlaps another\n"
        "   12 |     date_hours: {2026-01-05: [\"09:00-10:00\", \"09:59-11:00\"]}\n"
        "      |                                              ^\n"
        "hint: the other is at root.yaml:12:31; they count as one, from the first begin to the "
        "last "
        "end\n");
}

static void an_alert_about_waiting_needs_a_queue_in_which_issues_wait(void **state)
{
    (void)state;
    write_file("root.yaml",
               "policy: 1\n" REST "alerts: [{rule: a, on: waiting, severity: info}]\n");
    assert_found("root.yaml:4:24: warning: nothing waits: people serve no queue\n"
                 "    4 | alerts: [{rule: a, on: waiting, severity: info}]\n"
                 "      |                        ^\n");
}

/* A partner's queue may be worked by a tool of its own. */
static void a_queue_beside_those_with_people_is_told_of(void **state)
{
    (void)state;
    write_file("root.yaml", "policy: 1\nroutes: [{rule: all, queue: desk}]\n"
                            "queues:\n"
                            "  desk: {tier: 1}\n"
                            "  back: {tier: 2}\n"
                            "  theirs: {tier: 1, partner: acme}\n"
                            "people: {ana: {queues: [desk], capacity: 1}}\n");
    assert_found("root.yaml:5:3: warning: nobody serves queue 'back'\n"
                 "    5 |   back: {tier: 2}\n"
                 "      |   ^\n"
                 "hint: its issues are offered to nobody; a tool has to assign them\n");
}

/* --- what is shipped -------------------------------------------------------------------------- */

static void shipped_policies_have_no_error_and_no_warning(void **state)
{
    static const char *const names[] = {"sample.yaml", "try.yaml", "global/global.yaml"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct toc_policy *policy = NULL;
        struct toc_policy_tree *tree = NULL;
        char path[512], *text = NULL, *found;
        size_t size;
        snprintf(path, sizeof(path), TOCSIN_SOURCE "/deploy/policy/%s", names[i]);
        assert_int_equal(policy_files_read(path, NOW, &text, &size), TOC_OK);
        (void)!toc_policy_check(toc_str(text, size), path, &policy, &tree);
        found = toc_diag_text(&tree->diag);
        if (found[0] != '\0')
            print_error("%s\n", found);
        assert_string_equal(found, "");
        free(found);
        toc_policy_free(policy);
        toc_policy_tree_free(tree);
        free(text);
    }
}

/* The shared holiday files, where they are: every one can be read or says why not. */
static void public_holiday_files_are_read(void **state)
{
    static const char *const names[] = {
        "BrazilHolidays",   "GermanHolidays", "IndiaHolidays", "IrelandHolidays2014-2021",
        "MalaysiaHolidays", "USHolidays",     "UKHolidays"};
    const char *data = getenv("TOCSIN_TEST_DATA");
    char command[512], policy[1024];
    (void)state;
    snprintf(command, sizeof(command),
             "tar --zstd -xf %s/ics/ics_holidays.tar.zst -C %s/policy 2>/dev/null",
             data != NULL ? data : TOCSIN_SOURCE "/../shared/data", dir);
    if (system(command) != 0)
        skip();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct toc_policy *compiled = NULL;
        char *errors = NULL, *text;
        size_t size;
        snprintf(policy, sizeof(policy),
                 "policy: 1\n" REST "calendars: {c: {zone: Europe/Dublin, " HOURS
                 ", holidays_from: ics_holidays/media/caldata/%s.ics}}\n",
                 names[i]);
        write_file("root.yaml", policy);
        text = read_root(&size);
        if (toc_policy_parse(toc_str(text, size), NULL, &compiled, &errors) != TOC_OK)
            print_error("%s: %s\n", names[i], errors);
        assert_null(errors);
        toc_policy_free(compiled);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_single_file_stays_as_it_is, begin, end),
        cmocka_unit_test_setup_teardown(files_are_put_together_as_they_are_included, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_told_at_its_place, begin, end),
        cmocka_unit_test_setup_teardown(a_link_within_the_directory_is_followed, begin, end),
        cmocka_unit_test_setup_teardown(all_files_together_have_a_limit, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_read, begin, end),
        cmocka_unit_test_setup_teardown(holidays_of_a_file_close, begin, end),
        cmocka_unit_test_setup_teardown(doubtful_dates_are_warned_about, begin, end),
        cmocka_unit_test_setup_teardown(windows_that_overlap_are_both_named, begin, end),
        cmocka_unit_test_setup_teardown(a_queue_beside_those_with_people_is_told_of, begin, end),
        cmocka_unit_test_setup_teardown(an_alert_about_waiting_needs_a_queue_in_which_issues_wait,
                                        begin, end),
        cmocka_unit_test(shipped_policies_have_no_error_and_no_warning),
        cmocka_unit_test_setup_teardown(public_holiday_files_are_read, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_calendar_is_told_at_its_place, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
