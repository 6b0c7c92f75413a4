/* The policy's alert rules: what of a record they ask for, and what is said of those that lost. */
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

#define WAITING  TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING
#define BREACHED TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED
#define WARNED   TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED

#define HEAD                                                                                       \
    "policy: 1\n"                                                                                  \
    "paths: {desk: {coalesce: 0, steps: [{page: [ana], wait: 1h}]}}\n"                             \
    "queues: {desk: {tier: 1}}\n"                                                                  \
    "people: {eve: {queues: [desk], capacity: 1}}\n"                                               \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}, warn: [50, "      \
    "80]}}}}\n"                                                                                    \
    "routes: [{rule: all, queue: desk, sla: s, path: desk}]\n"

static int start(void **state)
{
    (void)state;
    feed_open(&feed, true);
    return 0;
}

static void policy(const char *text)
{
    feed_policy(&feed, "08:00", text);
    core_transcript(feed.core);
}

/* --- clocks --------------------------------------------------------------------------------- */

#define BY_FIELDS                                                                                  \
    HEAD "alerts:\n"                                                                               \
         "  - {rule: brazil, on: breached, when: {priority: P1, region: BR}, severity: error}\n"   \
         "  - {rule: early, on: warned, severity: info}\n"                                         \
         "  - {rule: late, on: warned, threshold: 80, severity: info}\n"                           \
         "  - {rule: minor, on: breached, when: {fact.age: \"<18\"}, severity: critical}\n"        \
         "  - {rule: other, on: breached, metric: resolution, severity: error}\n"                  \
         "  - {rule: any, on: breached, severity: error}\n"

/* sla knew the issue when it happened; the fields that the notifier may know are of another time.
 */
static void sla_says_which_rules_the_issue_fits(void **state)
{
    (void)state;
    policy(BY_FIELDS);
    feed_clock(&feed, "09:00",
               (struct feed_clock){.issue = 1, .what = BREACHED, .unfit = toc_str("\0\0\0\1", 4)});
    assert_told(&feed, "09:00:00 alert_opened 1 error path=desk \"breached:first_reply/1/0 "
                       "brazil\" due=09:00:00 not=minor:fact.age,other:metric (brazil) v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n"
                       "09:00:00 alert_opened 2 error path=desk \"breached:first_reply/1/0 any\" "
                       "due=09:00:00 not=minor:fact.age,other:metric (any) v1\n"
                       "09:00:00 alert_paged 2 ana step=0 round=0 page_pending v1\n");
    feed_clock(&feed, "09:00",
               (struct feed_clock){.issue = 2, .what = BREACHED, .unfit = toc_str("\2", 1)});
    assert_told(&feed, "09:00:00 alert_opened 3 critical path=desk \"breached:first_reply/1/0 "
                       "minor\" due=09:00:00 not=brazil:region,other:metric (minor) v1\n"
                       "09:00:00 alert_paged 3 ana step=0 round=0 page_pending v1\n"
                       "09:00:00 alert_opened 4 error path=desk \"breached:first_reply/1/0 any\" "
                       "due=09:00:00 not=brazil:region,other:metric (any) v1\n"
                       "09:00:00 alert_paged 4 ana step=0 round=0 page_pending v1\n");
}

static void only_rules_for_the_occasion_are_said_to_have_lost(void **state)
{
    (void)state;
    policy(BY_FIELDS);
    feed_clock(&feed, "09:00",
               (struct feed_clock){
                   .issue = 1, .what = WARNED, .threshold_percent = 50, .unfit = toc_str("\1", 1)});
    assert_told(&feed, "09:00:00 alert_opened 1 info path=desk \"warned:first_reply/1/0/50 early\" "
                       "due=09:00:00 not=late:threshold (early) v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

static void a_rule_whose_alert_would_go_nowhere_is_said_to_have_lost(void **state)
{
    (void)state;
    policy(HEAD "alerts:\n"
                "  - {rule: issue, on: breached, severity: error}\n"
                "  - {rule: own, on: breached, severity: error, path: desk}\n");
    feed_clock(&feed, "09:00", (struct feed_clock){.issue = 1, .what = BREACHED, .path = ""});
    assert_told(&feed, "09:00:00 alert_opened 1 error path=desk \"breached:first_reply/1/0 own\" "
                       "due=09:00:00 not=issue:path (own) v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

/* The most that a policy may have, each with the longest name. */
static void rules_that_lost_leave_a_record_that_fits(void **state)
{
    static char text[64 * 1024], unfit[TOC_POLICY_ALERTS_MAX];
    size_t used = (size_t)snprintf(text, sizeof(text), HEAD "alerts:\n");
    (void)state;
    for (int i = 0; i < TOC_POLICY_ALERTS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "  - {rule: %064d, on: breached, when: {region: BR}, "
                                 "severity: error}\n",
                                 i);
        unfit[i] = i > 0;
    }
    policy(text);
    feed_clock(
        &feed, "09:00",
        (struct feed_clock){.issue = 1, .what = BREACHED, .unfit = toc_str(unfit, sizeof(unfit))});
    const Tocsin__V1__Record *record = core_record(feed.core, 1);
    Tocsin__V1__AlertChange *change;
    assert_int_equal(toc_wire_unpack(core_arena(feed.core), &tocsin__v1__alert_change__descriptor,
                                     toc_wire_bytes(&record->body), &change),
                     TOC_OK);
    assert_in_range(record->body.len, 1000, 1900);
    assert_int_equal(change->n_tried + change->tried_more, TOC_POLICY_ALERTS_MAX - 1);
    assert_in_range(change->n_tried, 8, 16);
}

static void a_fact_established_later_opens_what_asks_for_it(void **state)
{
    (void)state;
    policy(HEAD "alerts: [{rule: all, on: opened, when: {risk: critical}, severity: critical}]\n");
    feed_issue(&feed, "09:00",
               (struct feed_issue){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT});
    assert_told(&feed, "09:00:00 alert_opened 1 critical path=desk \"opened all\" (all) v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

/* --- waiting -------------------------------------------------------------------------------- */

#define ON_WAITING                                                                                 \
    HEAD "alerts:\n"                                                                               \
         "  - {rule: stuck, on: waiting, reason: hop_limit, severity: critical}\n"                 \
         "  - {rule: nobody, on: waiting, when: {queue: desk}, severity: error}\n"

#define STUCK_LOST                                                                                 \
    "alert_opened 1 error path=desk \"waiting/1 nobody\" waits=nobody not=stuck:reason (nobody) "  \
    "v1\n"

static const struct feed_issue waits = {
    .issue = 1, .what = WAITING, .reason = "nobody", .waits = 1, .waiting = true};

static void who_waits_for_people_is_paged_once_for_each_wait(void **state)
{
    struct feed_issue again = waits;
    (void)state;
    policy(ON_WAITING);
    feed_issue(&feed, "09:00", waits);
    assert_told(&feed, "09:00:00 " STUCK_LOST
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
    again.reason = "visited";
    feed_issue(&feed, "09:10", again);
    assert_told(&feed, "");
    again.reason = "hop_limit"; /* a rule of its own asks for that */
    feed_issue(&feed, "09:20", again);
    assert_told(&feed, "09:20:00 alert_opened 2 critical path=desk \"waiting/1 stuck\" "
                       "waits=hop_limit (stuck) v1\n"
                       "09:20:00 alert_paged 2 ana step=0 round=0 page_pending v1\n");
    again.waits = 2;
    again.reason = "nobody";
    feed_issue(&feed, "09:30", again);
    assert_told(&feed, "09:30:00 alert_opened 3 error path=desk \"waiting/2 nobody\" waits=nobody "
                       "not=stuck:reason (nobody) v1\n"
                       "09:30:00 alert_paged 3 ana step=0 round=0 page_pending v1\n");
}

static void the_end_of_a_wait_closes_its_alert_and_no_other(void **state)
{
    (void)state;
    policy(ON_WAITING "  - {rule: late, on: breached, severity: error}\n");
    feed_clock(&feed, "08:50", (struct feed_clock){.issue = 1, .what = BREACHED});
    feed_issue(&feed, "09:00", waits);
    core_transcript(feed.core);
    feed_issue(&feed, "09:05",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED,
                                   .waits = 1,
                                   .waiting = true});
    assert_told(&feed, "");
    feed_issue(&feed, "09:06",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED,
                                   .waits = 1,
                                   .waited = true});
    assert_told(&feed, "09:06:00 page_ended 2 ana step=0 round=0 page_cancelled (the wait is "
                       "over) v1\n"
                       "09:06:00 alert_closed 2 (the wait is over) v1\n");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
}

static void resolved_by_hand_the_same_wait_pages_nobody_again(void **state)
{
    (void)state;
    policy(ON_WAITING);
    feed_issue(&feed, "09:00", waits);
    feed_act_on(&feed, "09:01", "resolved", 1, "ana");
    core_transcript(feed.core);
    feed_issue(&feed, "09:10", waits);
    assert_told(&feed, "");
}

/* The router says "waiting" too of what somebody has, and that may not be moved on. */
static void what_somebody_has_does_not_wait(void **state)
{
    struct feed_issue held = waits;
    (void)state;
    policy(ON_WAITING);
    held.waiting = false;
    feed_issue(&feed, "09:00", held);
    assert_told(&feed, "");
}

/* --- as many as there can be ----------------------------------------------------------------- */

#define CONTACTS 32 /* of a step */

static void one_record_may_page_everybody_by_every_rule(void **state)
{
    static char text[64 * 1024];
    size_t used = (size_t)snprintf(text, sizeof(text),
                                   "policy: 1\n"
                                   "queues: {desk: {tier: 1}}\n"
                                   "routes: [{rule: all, queue: desk}]\n"
                                   "paths: {all: {steps: [{wait: 1h, page: [ana");
    (void)state;
    for (unsigned i = 1; i < CONTACTS; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, ", %064u", i);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "]}]}}\nalerts:\n");
    for (unsigned i = 0; i < TOC_POLICY_ALERTS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "  - {rule: %064u, on: opened, severity: error, path: all}\n", i);
    policy(text);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_int_equal(feed_alert(&feed, TOC_POLICY_ALERTS_MAX)->pages, CONTACTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sla_says_which_rules_the_issue_fits, start, end),
        cmocka_unit_test_setup_teardown(only_rules_for_the_occasion_are_said_to_have_lost, start,
                                        end),
        cmocka_unit_test_setup_teardown(a_rule_whose_alert_would_go_nowhere_is_said_to_have_lost,
                                        start, end),
        cmocka_unit_test_setup_teardown(rules_that_lost_leave_a_record_that_fits, start, end),
        cmocka_unit_test_setup_teardown(a_fact_established_later_opens_what_asks_for_it, start,
                                        end),
        cmocka_unit_test_setup_teardown(who_waits_for_people_is_paged_once_for_each_wait, start,
                                        end),
        cmocka_unit_test_setup_teardown(the_end_of_a_wait_closes_its_alert_and_no_other, start,
                                        end),
        cmocka_unit_test_setup_teardown(resolved_by_hand_the_same_wait_pages_nobody_again, start,
                                        end),
        cmocka_unit_test_setup_teardown(what_somebody_has_does_not_wait, start, end),
        cmocka_unit_test_setup_teardown(one_record_may_page_everybody_by_every_rule, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
