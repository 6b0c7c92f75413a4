/* Which of the policy's alert rules an issue fits, as it is told with a warning or a breach. */
#include "services/sla/row.h"
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define POLICY(alerts)                                                                             \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {q: {tier: 1}, r: {tier: 2}}\n"                                                       \
    "routes:\n"                                                                                    \
    "  - {rule: moved, when: {category: moved}, queue: r, sla: s}\n"                               \
    "  - {rule: all, queue: q, sla: s}\n"                                                          \
    "slas: {s: {calendar: always, clocks: {resolution: {targets: {P1: 1h, default: 4h}, warn: "    \
    "[50]}}}}\n"                                                                                   \
    "teams: {legal: {calendar: always, answer_within: 1h}}\n"                                      \
    "alerts:\n" alerts

#define ALERTS                                                                                     \
    "  - {rule: opened, on: opened, when: {region: none}, severity: info}\n"                       \
    "  - {rule: brazil, on: breached, when: {region: BR}, severity: error}\n"                      \
    "  - {rule: moved, on: warned, when: {tier: 1, not: {category: [moved]}}, severity: info}\n"   \
    "  - {rule: minor, on: breached, when: {fact.age: \"<18\"}, severity: critical}\n"             \
    "  - {rule: any, on: breached, severity: info}\n"

static void begin(void)
{
    chain_policy(&sla_chain, "08:00", POLICY(ALERTS));
    core_transcript(sla_chain.sla);
}

static void fields_and_facts_are_those_of_the_issue(void **state)
{
    (void)state;
    begin();
    chain_run(&sla_chain, "10:00 open P1 region=BR\n");
    core_transcript(sla_chain.sla);
    expect("10:10 fact name=age value=17\n10:30:01 time\n11:00:01 time\n",
           "10:30:00 clock 1 resolution/1 warned 50% due=11:00:00\n"
           "11:00:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00-\n");
    chain_run(&sla_chain, "12:00 open issue=2 P1 region=IN\n");
    core_transcript(sla_chain.sla);
    expect("12:30:01 time\n13:00:01 time\n",
           "12:30:00 clock 1 resolution/1 warned 50% due=13:00:00 unfit=0,1,0,1\n"
           "13:00:00 clock 1 resolution/1 breached due=13:00:00 ledger=12:00:00- unfit=0,1,0,1\n");
}

/* What was due before a record came is told of the issue as it was then. */
static void a_due_that_passed_is_about_the_issue_as_it_was(void **state)
{
    (void)state;
    begin();
    chain_run(&sla_chain, "10:00 open P1 region=BR category=a\n");
    core_transcript(sla_chain.sla);
    expect("10:30:01 classify category=moved\n11:00:01 time\n",
           "10:30:00 clock 1 resolution/1 warned 50% due=11:00:00 unfit=0,0,0,1\n"
           "11:00:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00- unfit=0,0,1,1\n");
}

static void a_new_target_that_is_past_is_about_the_issue_as_it_is(void **state)
{
    (void)state;
    begin();
    chain_run(&sla_chain, "10:00 open P2 region=BR category=a\n");
    core_transcript(sla_chain.sla);
    expect("11:30 classify category=moved P1\n",
           "11:30:00 clock 1 resolution/1 retargeted target=60m was=240m due=11:00:00\n"
           "11:30:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00- unfit=0,0,2,1 "
           "on_retarget\n");
}

static void another_policy_asks_by_its_own_rules(void **state)
{
    (void)state;
    begin();
    chain_run(&sla_chain, "10:00 open P1 region=BR\n");
    chain_policy_mode(&sla_chain, "10:05",
                      POLICY("  - {rule: india, on: warned, when: {region: IN}, severity: info}\n"),
                      TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW);
    chain_run(&sla_chain, "10:06 time\n");
    core_transcript(sla_chain.sla);
    expect("10:30:01 time\n", "10:30:00 clock 1 resolution/1 warned 50% due=11:00:00 unfit=1\n");
}

static void a_team_that_does_not_answer_is_about_the_issue_too(void **state)
{
    (void)state;
    begin();
    chain_run(&sla_chain, "10:00 open P4 region=IN\n");
    core_transcript(sla_chain.sla);
    chain_run(&sla_chain, "10:10 raised escalation=e1 team=legal\n");
    core_transcript(sla_chain.sla);
    expect("11:10:01 time\n", "11:10:00 clock 1 escalation[e1]/1 breached due=11:10:00 "
                              "ledger=10:10:00- unfit=0,1,0,1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fields_and_facts_are_those_of_the_issue),
        CASE(a_due_that_passed_is_about_the_issue_as_it_was),
        CASE(a_new_target_that_is_past_is_about_the_issue_as_it_is),
        CASE(another_policy_asks_by_its_own_rules),
        CASE(a_team_that_does_not_answer_is_about_the_issue_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
