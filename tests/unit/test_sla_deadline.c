/* What the notifier is told: when an issue is due that a rule about no clock pages for. */
#include "services/sla/row.h"
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define POLICY(alerts)                                                                             \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {q: {tier: 1}, desk: {tier: 1}}\n"                                                    \
    "people: {ana: {queues: [desk], capacity: 1}}\n"                                               \
    "routes:\n"                                                                                    \
    "  - {rule: people, when: {category: people}, queue: desk, sla: s}\n"                          \
    "  - {rule: all, queue: q, sla: s}\n"                                                          \
    "slas: {s: {calendar: always, pause_on: [pending], clocks: {\n"                                \
    "  first_reply: {targets: {P1: 30m, default: 1h}, pause_on: []},\n"                            \
    "  resolution: {targets: {P1: 2h, default: 4h}}}}}\n"                                          \
    "alerts:\n" alerts

#define OPENED "  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical}\n"
#define LATE   "  - {rule: late, on: breached, severity: error}\n"
#define WAITS  "  - {rule: nobody, on: waiting, when: {region: BR}, severity: error}\n"

/* Of what sla says while the script runs, the lines about deadlines. */
static void told(const char *script, const char *lines)
{
    static char found[4096];
    size_t used = 0;
    core_transcript(sla_chain.sla);
    chain_run(&sla_chain, script);
    const char *line = core_transcript(sla_chain.sla), *end;
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct toc_str is = toc_str(line, (size_t)(end + 1 - line));
        if (!toc_str_starts(toc_str(line + 8, is.size - 8), toc_str_of(" deadline ")))
            continue;
        assert_true(used + is.size < sizeof(found));
        memcpy(found + used, is.data, is.size);
        used += is.size;
    }
    found[used] = '\0';
    assert_text(found, lines);
}

static void begin(const char *policy)
{
    chain_policy(&sla_chain, "08:00", policy);
}

static void the_soonest_of_its_clocks_is_told_until_all_are_over(void **state)
{
    (void)state;
    begin(POLICY(OPENED LATE));
    told("10:00 open P1 risk=critical\n", "10:00:00 deadline 1 due=10:30:00\n");
    told("10:10 outbound\n", "10:10:00 deadline 1 due=12:00:00\n");
    told("10:20 status pending\n", "10:20:00 deadline 1\n");
    told("10:40 status open\n", "10:40:00 deadline 1 due=12:20:00\n");
    told("10:50 classify P3\n", "10:50:00 deadline 1 due=14:20:00\n");
    told("11:00 note\n", "");
    told("11:10 status solved\n", "11:10:00 deadline 1\n");
}

/* What has passed presses on until its clock is over. */
static void a_breach_moves_nothing(void **state)
{
    (void)state;
    begin(POLICY(OPENED LATE));
    told("10:00 open P1 risk=critical\n", "10:00:00 deadline 1 due=10:30:00\n");
    told("10:30:01 time\n11:00 time\n", "");
    told("11:10 outbound\n", "11:10:00 deadline 1 due=12:00:00\n");
}

static void an_issue_that_only_its_clocks_page_for_is_not_told_of(void **state)
{
    (void)state;
    begin(POLICY(OPENED LATE));
    told("10:00 open P1 risk=severe\n10:10 outbound\n12:00:01 time\n12:10 status solved\n", "");
}

static void a_test_pages_nobody(void **state)
{
    (void)state;
    begin(POLICY(OPENED));
    told("10:00 open P1 risk=critical test\n", "");
}

/* Its clocks began long before. */
static void an_update_that_makes_it_critical_tells_when_it_is_due(void **state)
{
    (void)state;
    begin(POLICY(OPENED LATE));
    told("10:00 open P1 risk=low\n10:10 outbound\n", "");
    told("10:20 classify risk=critical\n", "10:20:00 deadline 1 due=12:00:00\n");
}

/* Its alert stands, and is told of. */
static void what_fitted_once_is_told_of_to_its_end(void **state)
{
    (void)state;
    begin(POLICY(OPENED LATE));
    told("10:00 open P1 risk=critical\n", "10:00:00 deadline 1 due=10:30:00\n");
    told("10:10 classify risk=low\n", "");
    told("10:20 outbound\n", "10:20:00 deadline 1 due=12:00:00\n");
    told("11:00 status solved\n", "11:00:00 deadline 1\n");
}

static void who_waits_for_people_is_told_of_where_a_rule_asks(void **state)
{
    (void)state;
    begin(POLICY(WAITS));
    told("10:00 open P1 region=BR\n", ""); /* not in a queue of people */
    told("10:01 open issue=2 P1 region=IN category=people\n10:02 time\n", "");
    told("10:03 open issue=3 P1 region=BR category=people\n10:04 time\n",
         "10:03:00 deadline 1 due=10:33:00\n");
}

/* The rules are those of the version that the record names, whatever its clocks follow. */
static void the_rules_of_a_new_policy_are_asked_for_issues_that_are_there(void **state)
{
    (void)state;
    begin(POLICY(LATE));
    told("10:00 open P1 risk=critical\n", "");
    chain_policy(&sla_chain, "10:05", POLICY(OPENED LATE));
    told("10:06 classify language=pt\n", "10:06:00 deadline 1 due=10:30:00\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_soonest_of_its_clocks_is_told_until_all_are_over),
        CASE(a_breach_moves_nothing),
        CASE(an_issue_that_only_its_clocks_page_for_is_not_told_of),
        CASE(a_test_pages_nobody),
        CASE(an_update_that_makes_it_critical_tells_when_it_is_due),
        CASE(what_fitted_once_is_told_of_to_its_end),
        CASE(who_waits_for_people_is_told_of_where_a_rule_asks),
        CASE(the_rules_of_a_new_policy_are_asked_for_issues_that_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
