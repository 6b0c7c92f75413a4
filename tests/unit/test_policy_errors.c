#include "common/policy/policy.h"
#include "tests/unit/policy_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

/* The errors of a text that has some; to be freed. */
static char *bad(struct toc_str text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    assert_int_equal(toc_policy_parse(text, "p.yaml", &policy, &errors), TOC_ERR_CONFIG);
    assert_null(policy);
    assert_non_null(errors);
    assert_true(toc_str_is_text(toc_str_of(errors)));
    assert_null(strchr(errors, '\x1b'));
    return errors;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        print_error("'%s' is not in:\n%s\n", part, text);
    assert_non_null(strstr(text, part));
}

/* `text` has exactly one error, at `place`, with `message` and, unless NULL, `hint` in it. */
static void assert_error(const char *text, const char *place, const char *message, const char *hint)
{
    char *errors = bad(toc_str_of(text));
    if (count_of(errors, ": error: ") != 1)
        print_error("%s", errors);
    assert_int_equal(count_of(errors, ": error: "), 1);
    assert_has(errors, place);
    assert_has(errors, message);
    if (hint)
        assert_has(errors, hint);
    free(errors);
}

/* --- errors: how they look -------------------------------------------------------------------- */

static void an_error_shows_the_place_the_line_and_a_guess(void **state)
{
    char *errors = bad(toc_str_of("policy: 1\n"
                                  "queues:\n"
                                  "  first: {teir: 1}\n"
                                  "routes: [{rule: all, queue: frist}]\n"));
    (void)state;
    assert_string_equal(errors, "p.yaml:3:10: error: queue 'first' has no 'tier'\n"
                                "    3 |   first: {teir: 1}\n"
                                "      |          ^\n"
                                "\n"
                                "p.yaml:3:11: error: unknown key 'teir' in queue 'first'\n"
                                "    3 |   first: {teir: 1}\n"
                                "      |           ^\n"
                                "hint: did you mean 'tier'?\n"
                                "\n"
                                "p.yaml:4:29: error: there is no queue 'frist'\n"
                                "    4 | routes: [{rule: all, queue: frist}]\n"
                                "      |                             ^\n"
                                "hint: did you mean 'first'?\n");
    free(errors);
}

static void columns_count_letters_not_bytes(void **state)
{
    (void)state;
    assert_error(
        "policy: 1\nqueues: {q: {tier: 1}}\n"
        "routes: [{rule: all, when: {tag: \"\xc3\xa9\xc3\xa9\"}, queue: q, slo: x}, {rule: "
        "b, queue: q}]\n",
        "p.yaml:3:51: error: unknown key 'slo'",
        "\n      |                                                    ^\n", "did you mean 'sla'?");
}

static void a_long_line_is_cut_around_the_place(void **state)
{
    char text[4000];
    char *errors;
    (void)state;
    (void)snprintf(text, sizeof(text),
                   "policy: 1\nqueues: {q: {tier: 1%*s, nope: 2%*s}}\n"
                   "routes: [{rule: a, queue: q}]\n",
                   1500, "", 1500, "");
    errors = bad(toc_str_of(text));
    assert_has(errors, "p.yaml:2:1523: error: unknown key 'nope'");
    assert_true(strlen(errors) < 600);
    assert_has(errors, "    2 | ...");
    assert_has(errors, "...\n      | ");
    free(errors);
}

static void a_byte_order_mark_takes_no_column(void **state)
{
    (void)state;
    assert_error("\xef\xbb\xbfpolicy: 2\nqueues: {q: {tier: 3}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:1:9: ", "format 2", "reads format 1");
}

static void windows_line_ends_are_understood(void **state)
{
    (void)state;
    assert_error("policy: 1\r\nqueues: {q: {tier: 1}}\r\nroutes:\r\n  - {rule: a, queue: x}\r\n",
                 "p.yaml:4:22: ", "there is no queue 'x'\n    4 |   - {rule: a, queue: x}\n", NULL);
}

static void all_errors_come_in_the_order_of_the_text(void **state)
{
    char *errors = bad(toc_str_of("policy: one\n"
                                  "routes: []\n"
                                  "queues: {q: {tier: 9}}\n"
                                  "slas: 3\n"
                                  "paths: {p: {steps: [{page: [a], wait: 5min}]}}\n"
                                  "nope: 1\n"));
    const char *last = errors;
    (void)state;
    assert_int_equal(count_of(errors, ": error: "), 6);
    for (int line = 1; line <= 6; line++) {
        char place[32];
        (void)snprintf(place, sizeof(place), "p.yaml:%d:", line);
        last = strstr(last, place);
        assert_non_null(last);
    }
    free(errors);
}

static void twenty_errors_are_enough(void **state)
{
    char text[2000] = "policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n";
    char *errors;
    (void)state;
    for (int i = 0; i < 50; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "x%d: 1\n", i);
    errors = bad(toc_str_of(text));
    assert_int_equal(count_of(errors, ": error: "), 20);
    assert_has(errors, "30 more errors are not shown.");
    free(errors);
}

/* --- errors: what is one ---------------------------------------------------------------------- */

static void keys_are_known_and_given_once(void **state)
{
    (void)state;
    assert_error(HEAD ROUTES SLAS "routs: []\n", "p.yaml:7:1: ", "unknown key 'routs'",
                 "did you mean 'routes'?");
    assert_error(HEAD ROUTES SLAS "zzz: []\n", "p.yaml:7:1: ", "unknown key 'zzz'",
                 "known are policy, calendars, queues");
    assert_error(HEAD ROUTES SLAS "policy: 1\n", "p.yaml:7:1: ", "the key 'policy' is given twice",
                 "the first is in line 1");
    assert_error(HEAD SLAS "routes: [{rule: a, queue: first, queue: second}]\n",
                 "p.yaml:6:34: ", "the key 'queue' is given twice", NULL);
    assert_error(HEAD SLAS, "p.yaml:1:1: ", "the policy has no 'routes'", NULL);
    assert_error("queues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:1:1: ", "the policy has no 'policy'", NULL);
    assert_error(HEAD ROUTES "slas: {standard: {calendar: day}}\n",
                 "p.yaml:6:18: ", "SLA 'standard' has no 'clocks'", NULL);
}

static void what_is_no_yaml_in_a_clock_is_told_once(void **state)
{
    (void)state;
    assert_error(HEAD ROUTES "slas: {standard: {calendar: day, clocks: {first_reply: *x}}}\n",
                 "p.yaml:6:", "aliases ('*name') are not used in a policy", "write the value out");
}

static void a_retention_is_a_time_for_a_class(void **state)
{
    (void)state;
    assert_error(HEAD ROUTES SLAS "retention: {bdy: 30d}\n",
                 "p.yaml:7:13: ", "unknown key 'bdy' in 'retention'", "did you mean 'body'?");
    assert_error(HEAD ROUTES SLAS "retention: {body: 0s}\n",
                 "p.yaml:7:19: ", "'body' is kept for no time at all", NULL);
    assert_error(HEAD ROUTES SLAS "retention: {body: 36601d}\n",
                 "p.yaml:7:19: ", "'body' '36601d' is longer than 36600 days", NULL);
    assert_error(HEAD ROUTES SLAS "retention: 30d\n",
                 "p.yaml:7:12: ", "'retention' has to be a map, not a text", NULL);
}

static void types_are_checked(void **state)
{
    (void)state;
    assert_error("- a\n", "p.yaml:1:1: ", "the policy has to be a map, not a list", NULL);
    assert_error("hello\n", "p.yaml:1:1: ", "the policy has to be a map, not a text", NULL);
    assert_error(HEAD SLAS "routes: {a: b}\n", "p.yaml:6:9: ", "'routes' has to be a list of rules",
                 "- rule: NAME");
    assert_error(HEAD SLAS "routes:\n", "p.yaml:6:", "'routes' has to be a list", NULL);
    assert_error(HEAD SLAS "routes: [a]\n", "p.yaml:6:10: ", "a route has to be a map, not a text",
                 NULL);
    assert_error(HEAD SLAS "routes: [{rule: a, queue: [first]}]\n",
                 "p.yaml:6:27: ", "queue has to be a text, not a list", NULL);
    assert_error(HEAD ROUTES SLAS "alerts: [{rule: a, on: {x: y}, severity: info}]\n",
                 "p.yaml:7:24: ", "occasion has to be a text, not a map", NULL);
    assert_error("policy: 1\nqueues: {q: {tier: two}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:20: ", "'tier' has to be a whole number up to 3, not 'two'", NULL);
    assert_error("policy: 1\nqueues: {q: {tier: 0}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:20: ", "there is no tier 0", "1 partner");
    assert_error("policy: 1\nqueues: {\"a b\": {tier: 1}}\nroutes: [{rule: a, queue: \"a b\"}]\n",
                 "p.yaml:2:10: ", "'a b' has characters that no id may have", "behind an id");
}

static void assert_duration(const char *value, const char *hint)
{
    char text[1000];
    (void)snprintf(text, sizeof(text),
                   HEAD ROUTES "slas: {standard: {calendar: day, clocks: {resolution: {targets: "
                               "{P1: %s}}}}}\n",
                   value);
    assert_error(text, "p.yaml:6:70: ", "is not a duration", hint);
}

static void durations_name_their_unit(void **state)
{
    (void)state;
    assert_duration("5min", "did you mean '5m'?");
    assert_duration("5 minutes", "did you mean '5m'?");
    assert_duration("12hrs", "did you mean '12h'?");
    assert_duration("5", "give the unit: 5s, 5m, 5h or 5d");
    assert_duration("00", "give the unit");
    assert_duration("1.5h", "whole numbers with s, m, h or d");
    assert_duration("-5m", "whole numbers");
    assert_duration("m", "whole numbers");
    assert_duration("5m1h", "whole numbers");
    assert_duration("5m5m", "whole numbers");
    assert_duration("1h30", "whole numbers");
    assert_duration("5M", "whole numbers");
    assert_duration("9999999999d", "whole numbers");
    assert_error(HEAD ROUTES "slas: {standard: {calendar: day, clocks: {resolution: {targets: {P1: "
                             "367d}}}}}\n",
                 "p.yaml:6:70: ", "longer than 366 days", NULL);
    assert_error("policy: 1\npaths: {p: {steps: [{page: [a], wait: 0}]}}\n"
                 "queues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:39: ", "a wait of 0", "in one step");
}

static void assert_calendar(const char *hours, const char *message, const char *hint)
{
    char text[1000];
    (void)snprintf(text, sizeof(text),
                   "policy: 1\ncalendars:\n  c: {zone: UTC, %s}\n"
                   "queues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                   hours);
    assert_error(text, "p.yaml:3:", message, hint);
}

static void calendars_are_checked(void **state)
{
    (void)state;
    assert_calendar("weekly: {mon: [\"9:00-17:00\"]}", "'9:00-17:00' is not a time window",
                    "09:00-17:30");
    assert_calendar("weekly: {mon: \"09:00-24:01\"}", "is not a time window", "24:00");
    assert_calendar("weekly: {mon: \"24:00-08:00\"}", "is not a time window", NULL);
    assert_calendar("weekly: {mon: \"09:60-10:00\"}", "is not a time window", NULL);
    assert_calendar("weekly: {mon: \"09:00-10:00x\"}", "is not a time window", NULL);
    assert_calendar("weekly: {mon: \"09:00\"}", "is not a time window", NULL);
    assert_calendar("weekly: {mon: \"09:00-09:00\"}", "is empty", "00:00-24:00");
    assert_calendar("weekly: {monday: \"09:00-10:00\"}", "'monday' is not a weekday", "mon, tue");
    assert_calendar("weekly: {mon-fry: \"09:00-10:00\"}", "'mon-fry' is not a weekday", "mon-fri");
    assert_calendar("weekly: {mon: {a: b}}", "has to be a list, not a map", NULL);
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, holidays: [2026-02-29]",
                    "there is no date '2026-02-29'", "2026-12-24");
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, holidays: 24.12.2026", "there is no date",
                    NULL);
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, annual_holidays: [02-30]",
                    "there is no yearly date '02-30'", "12-24");
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, date_hours: {2026-01-02: [\"22:00-02:00\"]}",
                    "cannot go past 24:00", "next date");
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, breaks: {tomorrow: [\"22:00-02:00\"]}",
                    "there is no date 'tomorrow'", NULL);
    assert_calendar("weekly: {}", "calendar 'c' never opens", "give it windows");
    assert_calendar("holidays: []", "calendar 'c' never opens", NULL);
    assert_calendar("weekly: {mon: []}", "calendar 'c' never opens", NULL);
}

static void dates_lie_in_the_span_of_a_calendar(void **state)
{
    (void)state;
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, date_hours: {2930-01-02: []}",
                    "there is no date '2930-01-02'", "1970 to 2199");
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, holidays: 1969-12-31", "there is no date",
                    NULL);
    assert_calendar("weekly: {mon: \"09:00-10:00\"}, breaks: {9999-12-31: \"22:00-02:00\"}",
                    "there is no date", NULL);
}

static void a_calendar_takes_so_many_rows(void **state)
{
    static const char *const days[] = {"mon-sun", "tue-mon", "wed-tue"};
    size_t used;
    char *text = malloc(60000);
    char *errors;
    (void)state;
    assert_non_null(text);
    used = (size_t)snprintf(text, 60000,
                            "policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n"
                            "calendars: {c: {zone: UTC, weekly: {");
    for (size_t i = 0; i < 3; i++) {
        used += (size_t)snprintf(text + used, 60000 - used, "  %s: [", days[i]);
        for (int n = 0; n < 1000; n++)
            used += (size_t)snprintf(text + used, 60000 - used, "%02d:00-%02d:59,", n % 24, n % 24);
        used += (size_t)snprintf(text + used, 60000 - used, "],\n");
    }
    (void)snprintf(text + used, 60000 - used, "  }}}\n");
    errors = bad(toc_str_of(text));
    assert_has(errors, "p.yaml:6:");
    assert_has(errors, "more windows and days than a calendar can hold");
    free(errors);
    free(text);
}

static void there_are_so_many_calendars(void **state)
{
    char text[8000] =
        "policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\ncalendars:\n";
    (void)state;
    for (int i = 0; i < 101; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof(text) - used,
                       "  c%d: {zone: UTC, weekly: {mon: \"00:00-24:00\"}}\n", i);
    }
    assert_error(text, "p.yaml:5:3: ", "more than 100 calendars", NULL);
}

static void zones_are_known_and_stay_in_their_directory(void **state)
{
    static const char *const names[] = {"Europe/Berln", "../../etc/passwd", "/etc/passwd", "x y"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[400];
        (void)snprintf(text, sizeof(text),
                       "policy: 1\ncalendars: {c: {zone: \"%s\", weekly: {mon: \"09:00-10:00\"}}}\n"
                       "queues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                       names[i]);
        assert_error(text, "p.yaml:2:23: ", "unknown zone", "IANA name");
    }
}

static void hours_are_checked_even_when_the_zone_is_wrong(void **state)
{
    char *errors = bad(toc_str_of("policy: 1\n"
                                  "calendars:\n"
                                  "  c:\n"
                                  "    zone: Mars/Olympus\n"
                                  "    weekly: {mon: nine}\n"
                                  "    date_hours: {2026-01-01: []}\n"
                                  "    holidays: [x]\n"
                                  "    breaks: {2026-01-01: y}\n"
                                  "    annual_holidays: [01-01, z]\n"
                                  "queues: {q: {tier: 1}}\n"
                                  "routes: [{rule: a, queue: q}]\n"));
    (void)state;
    assert_int_equal(count_of(errors, ": error: "), 5);
    free(errors);
}

static void references_lead_somewhere(void **state)
{
    (void)state;
    assert_error(HEAD SLAS "routes: [{rule: a, queue: third}]\n",
                 "p.yaml:6:27: ", "there is no queue 'third'", NULL);
    assert_error(HEAD SLAS "routes: [{rule: a, queue: first, sla: standrad}]\n",
                 "p.yaml:6:39: ", "there is no sla 'standrad'", "did you mean 'standard'?");
    assert_error(HEAD SLAS "routes: [{rule: a, queue: first, path: woke}]\n",
                 "p.yaml:6:40: ", "there is no path 'woke'", "did you mean 'wake'?");
    assert_error(HEAD ROUTES "slas: {standard: {calendar: dey, clocks: {resolution: {targets: {P1: "
                             "1h}}}}}\n",
                 "p.yaml:6:29: ", "there is no calendar 'dey'", "did you mean 'day'?");
    assert_error("policy: 1\nqueues: {q: {tier: 1, path: p}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:29: ", "there is no path 'p'", "add it under 'paths'");
    assert_error(HEAD SLAS "routes: [{rule: a, when: {queue: frist}, queue: first}, {rule: b, "
                           "queue: first}]\n",
                 "p.yaml:6:34: ", "there is no queue 'frist'", "did you mean 'first'?");
}

static void a_broken_entry_may_be_referred_to(void **state)
{
    (void)state;
    assert_error("policy: 1\ncalendars: {c: {zone: Mars}}\nqueues: {q: {tier: 1}}\n"
                 "routes: [{rule: a, queue: q, sla: s}]\n"
                 "slas: {s: {calendar: c, clocks: {resolution: {targets: {P1: 1h}}}}}\n",
                 "p.yaml:2:", "unknown zone 'Mars'", NULL);
}

static void routes_end_with_the_default(void **state)
{
    (void)state;
    assert_error(HEAD SLAS "routes: [{rule: a, when: {channel: web}, queue: first}]\n",
                 "p.yaml:6:10: ", "there is no default route", "the last route has no 'when'");
    assert_error(HEAD SLAS "routes: []\n", "p.yaml:6:9: ", "there is no default route", NULL);
    assert_error(HEAD SLAS "routes:\n  - {rule: a, queue: first}\n  - {rule: b, when: {channel: "
                           "web}, queue: first}\n",
                 "p.yaml:8:5: ", "rule 'b' can never be reached",
                 "rule 'a' before it has no 'when'");
    assert_error(HEAD SLAS "routes:\n  - {rule: a, queue: first}\n  - {rule: b, queue: first}\n",
                 "p.yaml:8:5: ", "rule 'b' can never be reached", NULL);
    assert_error(HEAD SLAS ROUTES "triage: [{rule: a, set: {risk: low}}, {rule: b, set: {risk: "
                                  "low}}]\n",
                 "p.yaml:7:39: ", "rule 'b' can never be reached", NULL);
    assert_error(HEAD SLAS "routes:\n  - {rule: a, when: {channel: x}, queue: first}\n"
                           "  - {rule: a, queue: first}\n",
                 "p.yaml:8:12: ", "a second rule 'a'", NULL);
}

static void a_rule_behind_a_wider_one_is_named(void **state)
{
    static const struct {
        const char *first, *second;
        bool reached;
    } rows[] = {
        {"{category: [abuse*]}", "{category: [abuse_text, abuse_image], channel: web}", false},
        {"{category: [abuse*]}", "{category: [abuse_text, bug], channel: web}", true},
        {"{fact.age: \"<18\"}", "{fact.age: \"<13\"}", false},
        {"{fact.age: \"<13\"}", "{fact.age: \"<18\"}", true},
        {"{not: {region: [emea]}}", "{region: [apac, latam]}", false},
        {"{not: {region: [emea]}}", "{region: [apac, emea]}", true},
        {"{channel: web, tag: vip}", "{channel: web}", true},
    };
    char text[1000];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct toc_policy *policy = NULL;
        char *errors = NULL;
        (void)snprintf(text, sizeof(text),
                       HEAD SLAS "routes:\n  - {rule: wide, when: %s, queue: first}\n"
                                 "  - {rule: narrow, when: %s, queue: first}\n"
                                 "  - {rule: rest, queue: first}\n",
                       rows[i].first, rows[i].second);
        if (rows[i].reached) {
            assert_int_equal(toc_policy_parse(toc_str_of(text), "p", &policy, &errors), TOC_OK);
            toc_policy_free(policy);
        } else {
            assert_error(text, "p.yaml:8:5: ", "rule 'narrow' can never be reached",
                         "rule 'wide' before it fits whatever this one fits");
        }
    }
}

static void conditions_can_come_true(void **state)
{
    static const struct {
        const char *when, *message, *hint;
    } rows[] = {
        {"{}", "'when' is empty", "leave it out"},
        {"{channel: []}", "a condition without values fits nothing", NULL},
        {"{channel: \"\"}", "a value is empty", NULL},
        {"{channel: [~]}", "a value has to be a text, not nothing", NULL},
        {"{chanel: web}", "there is no field 'chanel'", "did you mean 'channel'?"},
        {"{xyz: web}", "there is no field 'xyz'", "requester_tier"},
        {"{risk: high}", "unknown risk 'high'", "one of none, low, elevated, severe, critical"},
        {"{risk: severes}", "unknown risk", "did you mean 'severe'?"},
        {"{priority: p1}", "unknown priority 'p1'", "did you mean 'P1'?"},
        {"{tier: 4}", "there is no tier 4", "1 partner, 2 in-house, 3 expert"},
        {"{tier: high}", "'high' is no number or range that can come true", "2..5"},
        {"{tier: \"1*\"}", "'1*' is no number or range", NULL},
        {"{fact.age: 5..2}", "'5..2' is no number or range that can come true", NULL},
        {"{fact.age: \">old\"}", "'>old' is no number", NULL},
        {"{category: \">=3\"}", "category is no number, so it has no range", "tier, reopened"},
        {"{fact: x}", "there is no field 'fact'", NULL},
        {"{fact.: x}", "the name of a fact is empty", NULL},
        {"{bot: maybe}", "unknown answer 'maybe'", "one of no, yes"},
        {"{state: opened}", "unknown state 'opened'", NULL},
        {"{risk: \"sevr*\"}", "no risk fits 'sevr*'", NULL},
        {"{priority: \"Q?\"}", "no priority fits 'Q?'", NULL},
        {"{queue: \"secnd*\"}", "no queue fits 'secnd*'", NULL},
        {"{type: issue.opened}", "there is no type 'issue.opened' of events", "tocsin.issue"},
        {"{not: {}}", "'not' is empty", NULL},
        {"{not: [a]}", "'not' has to be a map", NULL},
        {"{channel: [web, chat], not: {channel: [\"*\"]}}", "can never come true", NULL},
        {"{fact.age: \"<18\", not: {fact.age: \"<=20\"}}", "see 'not fact.age'", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[1000];
        (void)snprintf(text, sizeof(text),
                       HEAD SLAS "routes: [{rule: a, when: %s, queue: first}, {rule: b, queue: "
                                 "first}]\n",
                       rows[i].when);
        assert_error(text, "p.yaml:6:", rows[i].message, rows[i].hint);
    }
}

static void assert_clock(const char *clock, const char *message, const char *hint)
{
    char text[1000];
    (void)snprintf(text, sizeof(text), HEAD ROUTES "slas:\n  standard:\n    clocks:\n      %s\n",
                   clock);
    assert_error(text, "p.yaml:", message, hint);
}

static void clocks_are_checked(void **state)
{
    (void)state;
    assert_clock("resolution: {targets: {P1: 1h}}", "clock 'resolution' has no calendar",
                 "give the SLA or the clock a 'calendar'");
    assert_clock("resolution: {calendar: day, targets: {}}", "has no target at all", "P1: 15m");
    assert_clock("resolution: {calendar: day, targets: {P1: none}}", "has no target at all", NULL);
    assert_clock("resolution: {calendar: day}", "clock 'resolution' has no 'targets'", NULL);
    assert_clock("resolution: {calendar: day, targets: {P5: 1h, P1: 1h}}", "unknown key 'P5'",
                 "did you mean 'P1'?");
    assert_clock("first_replay: {calendar: day, targets: {P1: 1h}}", "unknown clock 'first_replay'",
                 "did you mean 'first_reply'?");
    assert_clock("resolution: {calendar: day, targets: {P1: 1h}, stop_on: []}",
                 "a clock that never stops", NULL);
    assert_clock("resolution: {calendar: day, targets: {P1: 1h}, pause_on: [solved]}",
                 "cannot both pause and stop on 'solved'", NULL);
    assert_clock("resolution: {calendar: day, targets: {P1: 1h}, pause_on: [on-hold]}",
                 "unknown state or happening 'on-hold'", "did you mean 'on_hold'?");
    assert_clock("resolution: {calendar: day, targets: {P1: 1h}, warn: [80, 50]}",
                 "warnings have to ascend", NULL);
    assert_clock("resolution: {calendar: day, targets: {P1: 1h}, warn: [0]}",
                 "warnings have to ascend", NULL);
    assert_clock("resolution: {calendar: day, targets: {P1: 1h}, warn: [100]}",
                 "a warning has to be a whole number up to 99, not '100'", NULL);
    assert_clock(
        "resolution: {calendar: day, targets: {P1: 1h}, warn: [1, 2, 3, 4, 5, 6, 7, 8, 9]}",
        "more than 8 warnings", NULL);
    assert_clock("{}", "an SLA without clocks", NULL);
}

static void assert_rest(const char *rest, const char *message, const char *hint)
{
    char text[1000];
    (void)snprintf(text, sizeof(text), HEAD ROUTES SLAS "%s\n", rest);
    assert_error(text, "p.yaml:7:", message, hint);
}

static void triage_and_alerts_are_checked(void **state)
{
    (void)state;
    assert_rest("triage: [{rule: a, set: {}}]", "'set' is empty", NULL);
    assert_rest("triage: [{rule: a, set: {priority: 1}}]", "unknown priority '1'", "one of P1, P2");
    assert_rest("triage: [{rule: a}]", "a triage rule without 'set' or 'escalate'", NULL);
    assert_rest("triage: [{rule: a, set: {tags: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,"
                "A,B,C,D,E,F,G,H,I]}}]",
                "more than 32 tags", NULL);
    assert_rest("triage: [{rule: a, set: {sop: report}}]", "the procedure 'report' has no version",
                "such as 'report@1'");
    assert_rest("triage: [{rule: a, set: {sop: \"report@\"}}]", "its version is empty", NULL);
    assert_rest("triage: [{rule: a, escalate: {queue: nowhere}}]", "there is no queue 'nowhere'",
                NULL);
    assert_rest("triage: [{rule: a, escalate: {tier: 2}}]", "names neither a queue nor a team",
                NULL);
    assert_rest("triage: [{rule: a, escalate: {team: legal}}]", "there is no team 'legal'", NULL);
    assert_rest("triage: [{rule: a, escalate: {queue: first, tier: 0}}]", "there is no tier 0",
                NULL);
    assert_rest("categories: {theft: {}}", "category 'theft' has neither 'facts' nor 'articles'",
                NULL);
#define ARTICLE(rest) "categories: {c: {articles: [{article: a, title: A, " rest "}]}}"
    assert_rest(ARTICLE("url: help.example"), "'help.example' is no URL",
                "as in https://help.example/reset-password");
    assert_rest(ARTICLE("url: \"https://\""), "'https://' is no URL", NULL);
    assert_rest(ARTICLE("url: \"https:///a\""), "'https:///a' is no URL", NULL);
    assert_rest(ARTICLE("url: \"javascript:alert(1)\""), "is no URL", NULL);
    assert_rest(ARTICLE("url: \"https://a/ b\""), "is no URL", NULL);
    assert_rest(ARTICLE("url: \"https://a\", language: [pt]"), "unknown key 'language'",
                "did you mean 'languages'?");
    assert_rest(ARTICLE("languages: [pt]"), "has no 'url'", NULL);
    assert_rest(ARTICLE("url: \"https://a\", languages: []"), "an article in no language", NULL);
#undef ARTICLE
    assert_rest("categories: {theft: {facts: []}}", "the facts of category 'theft' are empty",
                NULL);
    assert_rest("categories: {theft: {facts: [a, b, a]}}", "category 'theft' wants 'a' twice",
                NULL);
    assert_rest("categories: {theft: {facts: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]}}",
                "more than 16 facts", NULL);
    assert_rest("categories: {theft: {facts: [\"a b\"]}}", "characters that no id may have", NULL);
    assert_rest("triage: [{set: {risk: low}}]", "a triage rule has no 'rule'", NULL);
    assert_rest("alerts: [{rule: a, on: breach, severity: info}]", "unknown occasion 'breach'",
                "did you mean 'breached'?");
    assert_rest("alerts: [{rule: a, on: breached, severity: fatal}]", "unknown severity 'fatal'",
                "one of critical, error, warning, info");
    assert_rest("alerts: [{rule: a, on: breached, threshold: 50, severity: info}]",
                "'threshold' belongs to 'on: warned'", NULL);
    assert_rest("alerts: [{rule: a, on: opened, metric: resolution, severity: info}]",
                "'metric' belongs to", NULL);
    assert_rest("alerts: [{rule: a, on: warned, threshold: 51, severity: info}]",
                "no clock warns at 51 % or later", NULL);
    assert_rest(
        "alerts: [{rule: a, on: warned, metric: resolution, threshold: 50, severity: info}]",
        "no clock warns at 50 % or later", NULL);
}

static void paths_page_somebody(void **state)
{
    static const struct {
        const char *path, *message;
    } rows[] = {
        {"{steps: []}", "path 'p' pages nobody"},
        {"{steps: [{page: [], wait: 5m}]}", "path 'p' pages nobody"},
        {"{steps: {}}", "'steps' has to be a list"},
        {"{repeat: 1}", "path 'p' has no 'steps'"},
        {"{steps: [{wait: 5m}]}", "a step has neither 'page' nor 'schedule'"},
        {"{steps: [{page: [a]}]}", "a step has no 'wait'"},
        {"{steps: [{page: [a], wait: 8d}]}", "longer than 7 days"},
        {"{steps: [{page: [a], wait: 5m}], coalesce: 8d}", "longer than 7 days"},
        {"{steps: [{page: [a], wait: 5m}], coalesce: often}",
         "'coalesce' 'often' is not a duration"},
        {"{steps: [{page: [a], wait: 5m}], repeat: 21}",
         "'repeat' has to be a whole number up to 20"},
        {"{steps: [{page: [a@example.org], wait: 5m}]}",
         "a contact 'a@example.org' has characters"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[1000];
        (void)snprintf(text, sizeof(text),
                       "policy: 1\npaths:\n  p: %s\nqueues: {q: {tier: 1}}\n"
                       "routes: [{rule: a, queue: q}]\n",
                       rows[i].path);
        assert_error(text, "p.yaml:3:", rows[i].message, NULL);
    }
}

/* --- hostile input ---------------------------------------------------------------------------- */

static void what_is_not_yaml_is_said_in_the_errors(void **state)
{
    (void)state;
    assert_error("policy: 1\nqueues: [a, b\nroutes: x\n",
                 "p.yaml:", "not YAML: ", "the last one opened begins at line");
    assert_error("policy: 1\n\tqueues: 2\n",
                 "p.yaml:1:9: ", "not YAML: ", "line 2 is indented with a tab");
    assert_error("policy: 'abc\n", "p.yaml:1:10: ", "not YAML: ", NULL);
    assert_error("%YAML 9.9\n---\npolicy: 1\n", "p.yaml:1:1: ", "not YAML: ", NULL);
    assert_error("a: {\n  b: 1\n}\n", "p.yaml:3:1: ", "not YAML: wrongly indented",
                 "also the closing one");
    assert_error("a: 1\n}\n", "p.yaml:2:", "not YAML: ", NULL);
}

static void what_a_policy_does_not_need_is_refused(void **state)
{
    (void)state;
    assert_error("policy: &p 1\nqueues: {q: {tier: *p}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:", "aliases", "write the value out");
    assert_error("policy: !!int 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:1:", "tags", NULL);
    assert_error(HEAD ROUTES SLAS "---\npolicy: 1\n", "p.yaml:7:1: ", "a second document", NULL);
    assert_error("? [a, b]\n: c\n", "p.yaml:1:3: ", "a key has to be a plain text", NULL);
    assert_error(HEAD ROUTES SLAS "<<: {a: b}\n", "p.yaml:7:1: ", "unknown key '<<'", NULL);
    assert_error("policy: 1\nqueues: {\"q\\e[31m\": {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:10: ", "control characters", NULL);
    assert_error("policy: 1\nqueues: {\"q\\u009b31m\": {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:10: ", "control characters", NULL);
    assert_error("policy: 1\nqueues: {q\xe2\x80\xaex: {tier: 1}}\nroutes: [{rule: a, queue: q}]\n",
                 "p.yaml:2:10: ", "the order of text", "queues: {q?x: {tier: 1}}");
}

static void nothing_is_not_a_policy(void **state)
{
    (void)state;
    assert_error("", "p.yaml:1:1: ", "the policy is empty", NULL);
    assert_error("# only a comment\n", "p.yaml:1:1: ", "the policy is empty", NULL);
    assert_error("~\n", "p.yaml:1:1: ", "has to be a map, not nothing", NULL);
}

static void bytes_that_are_not_text_are_refused(void **state)
{
    char *errors = bad(TOC_STR("policy: 1\nqu\0ues: {}\n"));
    (void)state;
    assert_has(errors, "p.yaml:2:3: error: a NUL byte");
    free(errors);
    errors = bad(TOC_STR("policy: 1\nname: \xc3\xa9\xff\n"));
    assert_has(errors, "p.yaml:2:8: error: not UTF-8");
    free(errors);
    errors = bad(TOC_STR("policy: 1 # \x1b[31m red \xc2\x9b"
                         "31m\nnope: 1\nqueues: 2\x1b[31m\n"));
    assert_has(errors, "?[31m");
    free(errors);
}

static void a_text_too_large_is_refused(void **state)
{
    size_t size = TOC_POLICY_SIZE_MAX + 1;
    char *text = malloc(size);
    char *errors;
    (void)state;
    assert_non_null(text);
    memset(text, '#', size);
    errors = bad(toc_str(text, size));
    assert_has(errors, "at most 262144 are allowed");
    assert_true(strlen(errors) < 500);
    free(errors);
    errors = bad(toc_str(text, size - 1));
    assert_has(errors, "the policy is empty");
    free(errors);
    free(text);
}

/* A text of the largest size that repeats `unit`. */
static void assert_survives(const char *head, const char *unit)
{
    size_t size = TOC_POLICY_SIZE_MAX;
    size_t used = strlen(head);
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memcpy(text, head, used);
    while (used + strlen(unit) <= size) {
        memcpy(text + used, unit, strlen(unit));
        used += strlen(unit);
    }
    free(bad(toc_str(text, used)));
    free(text);
}

static void depth_and_numbers_have_limits(void **state)
{
    (void)state;
    assert_survives("", "[");
    assert_survives("", "{");
    assert_survives("", "- ");
    assert_survives("", "? ");
    assert_survives("", "{a: ");
    assert_survives("policy: [", "a,");
    assert_survives("policy: {a: &a [x, x], b: [", "*a,");
    assert_survives("", "&a ");
    assert_survives("policy: \"", "\\x41");
    assert_survives("policy: ", "a ");
    assert_survives("policy: |\n", "  a\n");
    assert_survives("a: 1\n", "a: 1\n");
    assert_survives("routes:\n", "  - {rule: a, queue: b}\n");
    assert_survives("policy: 1\nqueues:\n", " abcdefghijklmnopqrstuvwxyz:\n");
    assert_error("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n", "p.yaml:1:17: ", "nested deeper than 16",
                 NULL);
}

static void nothing_is_printed(void **state)
{
    static const char *const texts[] = {"a: [", "%YAML 9.9\n---\na: 1", "%FOO\n---\na", "*x", "\t"};
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    (void)state;
    assert_non_null(file);
    assert_true(saved >= 0);
    (void)fflush(stderr);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct toc_policy *policy = NULL;
        char *errors = NULL;
        enum toc_err err = toc_policy_parse(toc_str_of(texts[i]), NULL, &policy, &errors);
        if (err != TOC_ERR_CONFIG)
            (void)fprintf(stderr, "text %zu is taken\n", i);
        free(errors);
    }
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_shows_the_place_the_line_and_a_guess),
        cmocka_unit_test(columns_count_letters_not_bytes),
        cmocka_unit_test(a_long_line_is_cut_around_the_place),
        cmocka_unit_test(a_byte_order_mark_takes_no_column),
        cmocka_unit_test(windows_line_ends_are_understood),
        cmocka_unit_test(all_errors_come_in_the_order_of_the_text),
        cmocka_unit_test(twenty_errors_are_enough),
        cmocka_unit_test(keys_are_known_and_given_once),
        cmocka_unit_test(what_is_no_yaml_in_a_clock_is_told_once),
        cmocka_unit_test(a_retention_is_a_time_for_a_class),
        cmocka_unit_test(types_are_checked),
        cmocka_unit_test(durations_name_their_unit),
        cmocka_unit_test(calendars_are_checked),
        cmocka_unit_test(dates_lie_in_the_span_of_a_calendar),
        cmocka_unit_test(a_calendar_takes_so_many_rows),
        cmocka_unit_test(there_are_so_many_calendars),
        cmocka_unit_test(zones_are_known_and_stay_in_their_directory),
        cmocka_unit_test(hours_are_checked_even_when_the_zone_is_wrong),
        cmocka_unit_test(references_lead_somewhere),
        cmocka_unit_test(a_broken_entry_may_be_referred_to),
        cmocka_unit_test(routes_end_with_the_default),
        cmocka_unit_test(a_rule_behind_a_wider_one_is_named),
        cmocka_unit_test(conditions_can_come_true),
        cmocka_unit_test(clocks_are_checked),
        cmocka_unit_test(triage_and_alerts_are_checked),
        cmocka_unit_test(paths_page_somebody),
        cmocka_unit_test(what_is_not_yaml_is_said_in_the_errors),
        cmocka_unit_test(what_a_policy_does_not_need_is_refused),
        cmocka_unit_test(nothing_is_not_a_policy),
        cmocka_unit_test(bytes_that_are_not_text_are_refused),
        cmocka_unit_test(a_text_too_large_is_refused),
        cmocka_unit_test(depth_and_numbers_have_limits),
        cmocka_unit_test(nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
