/* Groups: alerts that come together, and what people do about all of them. */
#include "tests/unit/notifier_case.h"

#define STEPS "[{page: [ana], wait: 1h}, {page: [bob], wait: 1h}]"

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed_desk(&feed, STEPS, 0);
    core_transcript(feed.core);
    return 0;
}

static void open_issue(const char *time, unsigned issue)
{
    feed_issue(&feed, time, (struct feed_issue){.issue = issue});
}

static void open_issues(const char *time, unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        open_issue(time, i);
    core_transcript(feed.core);
}

static void act_on_group(const char *time, const char *verb, uint64_t number, const char *by)
{
    feed_action(&feed, time,
                (struct feed_action){.verb = verb, .number = number, .by = by, .group = true});
}

static unsigned acknowledged(unsigned count, const char *by)
{
    unsigned found = 0;
    for (unsigned i = 1; i <= count; i++) {
        const Tocsin__V1__Alert *alert = feed_alert(&feed, i);
        found += alert->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED &&
                 strcmp(alert->acked_by, by) == 0;
    }
    return found;
}

/* --- what belongs together ------------------------------------------------------------------ */

static void a_storm_begins_with_the_fifth_that_waits_and_ends_with_the_last(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 6; i++)
        open_issue("09:00", i);
    const char *told = core_transcript(feed.core);
    assert_non_null(strstr(told, "09:00:00 group_changed desk/critical open=5 of 5 storm\n"));
    assert_null(strstr(told, "open=4"));
    assert_null(strstr(told, "open=6"));
    for (unsigned i = 1; i <= 5; i++)
        feed_act_on(&feed, "09:03", "acked", i, "ana");
    assert_null(strstr(core_transcript(feed.core), "group_changed"));
    feed_act_on(&feed, "09:04", "acked", 6, "ana");
    assert_non_null(
        strstr(core_transcript(feed.core), "09:04:00 group_changed desk/critical open=0 of 6\n"));
}

static void other_queues_rules_and_clocks_are_other_groups(void **state)
{
    (void)state;
    open_issue("09:00", 1);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 2, .queue = "quiet"});
    feed_clock(&feed, "09:00",
               (struct feed_clock){.issue = 3, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED});
    feed_clock(&feed, "09:00",
               (struct feed_clock){.issue = 3,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                   .metric = "resolution"});
    assert_int_equal(core_count(feed.core, TABLE_GROUP), 4);
    assert_null(strstr(core_transcript(feed.core), "group_changed"));
}

static void names_that_only_read_alike_together_are_other_groups(void **state)
{
    (void)state;
    feed_policy(&feed, "08:30",
                "policy: 1\n"
                "paths: {desk: {steps: [{page: [ana], wait: 1h}]}}\n"
                "queues: {ab: {tier: 1}, a: {tier: 1}}\n"
                "routes: [{rule: all, queue: a, path: desk}]\n"
                "alerts:\n"
                "  - {rule: c, on: opened, when: {queue: [ab]}, severity: error}\n"
                "  - {rule: bc, on: opened, when: {queue: [a]}, severity: error}\n");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .queue = "ab"});
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 2, .queue = "a"});
    assert_string_equal(feed_alert(&feed, 1)->rule, "c");
    assert_string_equal(feed_alert(&feed, 2)->rule, "bc");
    assert_int_equal(core_count(feed.core, TABLE_GROUP), 2);
}

static void an_alert_that_goes_on_waits_again(void **state)
{
    (void)state;
    open_issues("09:00", 5);
    for (unsigned i = 1; i <= 5; i++)
        feed_act_on(&feed, "09:01", "acked", i, "ana");
    core_transcript(feed.core);
    for (unsigned i = 1; i <= 5; i++)
        feed_act_on(&feed, "09:02", "escalated", i, "ana");
    assert_non_null(strstr(core_transcript(feed.core), "open=5 of 5 storm"));
}

static void what_is_resolved_is_no_longer_of_the_group(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ALERT), 3);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ALERT), 3);
    feed_act_on(&feed, "09:01", "resolved", 1, "ana");
    feed_act_on(&feed, "09:01", "resolved", 2, "ana");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ALERT), 1);
}

/* --- all of it ------------------------------------------------------------------------------ */

static void one_acknowledgement_answers_all_that_wait(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    feed_act_on(&feed, "09:01", "acked", 2, "bob");
    core_transcript(feed.core);
    act_on_group("09:02", "acked", 1, "ana");
    assert_told(&feed,
                "09:02:00 page_ended 1 ana step=0 round=0 page_cancelled by=ana (acknowledged) v1\n"
                "09:02:00 alert_acked 1 by=ana v1\n"
                "09:02:00 group_changed desk/critical open=1 of 3 by=ana "
                "action=tocsin.alert.acked\n");
    feed_time(&feed, "09:02:01");
    assert_told(&feed, "09:02:01 page_ended 3 ana step=0 round=0 page_cancelled by=ana "
                       "(with its group) v1\n"
                       "09:02:01 alert_acked 3 by=ana (with its group) v1\n");
    assert_string_equal(feed_alert(&feed, 2)->acked_by, "bob");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_DUE), 0);
}

static void what_comes_later_is_not_acknowledged_with_it(void **state)
{
    (void)state;
    open_issues("09:00", 2);
    act_on_group("09:01", "acked", 1, "ana");
    open_issue("09:01", 3);
    feed_time(&feed, "09:02");
    assert_int_equal(acknowledged(3, "ana"), 2);
    assert_int_equal(feed_alert(&feed, 3)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
}

/* In parts; no page of the others leaves meanwhile, whether it is ready or not. */
static void a_large_group_rings_nobody_while_it_is_acknowledged(void **state)
{
    (void)state;
    open_issues("09:00", 60);
    feed_outcome(&feed, "09:00:05", 60, 0, 503);
    act_on_group("09:00:06", "acked", 30, "ana");
    assert_int_equal(acknowledged(60, "ana"), 1);
    assert_string_equal(feed_due(&feed, "09:00:06"), "");
    feed_time(&feed, "09:00:07");
    assert_int_equal(acknowledged(60, "ana"), 60);
    assert_string_equal(feed_due(&feed, "09:30"), "");
}

static void escalating_a_group_escalates_each_once(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    feed_act_on(&feed, "09:01", "acked", 3, "bob");
    act_on_group("09:02", "escalated", 1, "ana");
    feed_time(&feed, "09:02:01");
    assert_int_equal(feed_alert(&feed, 1)->step, 1);
    assert_int_equal(feed_alert(&feed, 2)->step, 1);
    assert_string_equal(feed_alert(&feed, 3)->acked_by, "bob"); /* who has it keeps it */
}

static void resolving_and_taking_a_group_is_about_those_that_others_have(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    feed_act_on(&feed, "09:01", "acked", 3, "bob");
    act_on_group("09:02", "taken", 1, "eve");
    feed_time(&feed, "09:02:01");
    assert_int_equal(acknowledged(3, "eve"), 3);
    act_on_group("09:03", "resolved", 1, "eve");
    feed_time(&feed, "09:03:01");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ALERT), 0);
}

static void a_snooze_of_a_group_ends_for_each(void **state)
{
    (void)state;
    open_issues("09:00", 2);
    feed_action(&feed, "09:01",
                (struct feed_action){.verb = "snoozed", .until = "09:31", .group = true});
    feed_time(&feed, "09:01:01");
    assert_int_equal(feed_alert(&feed, 2)->snoozed_ms, core_time("09:31"));
    feed_time(&feed, "09:31:01");
    assert_int_equal(feed_alert(&feed, 2)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
}

/* Somebody else has the alert that a page of it was about; the others still wait. */
static void a_group_is_acknowledged_by_way_of_an_alert_that_another_has(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    feed_act_on(&feed, "09:01", "acked", 1, "bob");
    act_on_group("09:02", "acked", 1, "ana");
    feed_time(&feed, "09:02:01");
    assert_int_equal(acknowledged(3, "ana"), 2);
    core_transcript(feed.core);
    act_on_group("09:03", "acked", 1, "eve"); /* nothing is left */
    assert_non_null(strstr(core_transcript(feed.core),
                           "alert_refused 1 by=eve (the alert is acknowledged already)"));
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
}

static void a_group_is_not_touched_when_the_alert_has_turned(void **state)
{
    (void)state;
    open_issues("09:00", 2);
    uint64_t saw = feed_alert(&feed, 1)->last_seq;
    feed_act_on(&feed, "09:01", "escalated", 1, "bob");
    core_transcript(feed.core);
    feed_action(&feed, "09:02",
                (struct feed_action){.verb = "acked", .version = saw, .group = true});
    feed_time(&feed, "09:03");
    assert_told(&feed, "09:02:00 alert_refused 1 by=ana (changed since: it is at step 2 of round "
                       "1)\n");
}

/* The second finds nothing left to do, and neither waits for ever. */
static void two_may_answer_a_group_at_once(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    act_on_group("09:01", "acked", 1, "ana");
    act_on_group("09:01", "resolved", 2, "bob");
    feed_time(&feed, "09:02");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_DUE), 0);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(feed_alert(&feed, i)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
}

/* --- one of it, meanwhile ------------------------------------------------------------------- */

static void what_is_said_of_one_comes_behind_what_was_said_of_all(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    act_on_group("09:01", "acked", 1, "ana");
    core_transcript(feed.core);
    feed_act_on(&feed, "09:01", "escalated", 3, "bob");
    const char *told = core_transcript(feed.core);
    const char *acked = strstr(told, "alert_acked 3 by=ana (with its group)");
    assert_non_null(acked);
    assert_non_null(strstr(acked, "alert_escalated 3 to step=1 round=0 by=bob"));
    feed_time(&feed, "09:02");
    assert_int_equal(feed_alert(&feed, 3)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    assert_int_equal(feed_alert(&feed, 3)->step, 1);
    assert_int_equal(acknowledged(3, "ana"), 2);
    assert_int_equal(feed_alert(&feed, 3)->group_ahead, 0);
}

/* What comes behind is not kept from anybody until all of the group was come to. */
static void one_that_is_handed_on_meanwhile_rings_at_once(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    act_on_group("09:01", "acked", 1, "ana");
    feed_act_on(&feed, "09:01", "escalated", 1, "ana");
    feed_act_on(&feed, "09:01", "escalated", 3, "ana");
    assert_string_equal(feed_due(&feed, "09:01"), "bob bob");
}

static void several_that_are_said_of_all_come_to_one_once_and_in_their_order(void **state)
{
    (void)state;
    open_issues("09:00", 3);
    act_on_group("09:01", "acked", 1, "ana");
    act_on_group("09:01", "taken", 2, "bob");
    feed_act_on(&feed, "09:01", "escalated", 3, "eve");
    act_on_group("09:01", "noted", 3, "eve");
    core_transcript(feed.core);
    feed_time(&feed, "09:02");
    assert_null(strstr(core_transcript(feed.core), "alert_acked 3"));
    assert_int_equal(feed_alert(&feed, 3)->step, 1);
    assert_int_equal(feed_alert(&feed, 3)->group_ahead, 0);
    assert_int_equal(acknowledged(3, "bob"), 2);
    act_on_group("09:03", "acked", 1, "ana"); /* and the next one is for it again */
    feed_time(&feed, "09:04");
    assert_string_equal(feed_alert(&feed, 3)->acked_by, "ana");
}

/* Each would be a record for every alert of the group. */
static void the_seventeenth_action_that_is_under_way_for_a_group_is_refused(void **state)
{
    (void)state;
    char by[201], code[201];
    memset(by, 'b', 200);
    memset(code, 'n', 200);
    by[200] = code[200] = '\0';
    open_issues("09:00", 6);
    for (unsigned i = 0; i < 500; i++) {
        feed_action(&feed, "09:01",
                    (struct feed_action){.verb = "noted", .by = by, .note = code, .group = true});
        core_transcript(feed.core);
    }
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 16);
    act_on_group("09:01", "acked", 1, "ana");
    assert_told(&feed, "09:01:00 alert_refused 1 by=ana (too much is under way for the group: try "
                       "again later)\n");
    assert_int_equal(acknowledged(6, "ana"), 0);
    feed_time(&feed, "09:02");
    act_on_group("09:02", "acked", 1, "ana");
    feed_time(&feed, "09:03");
    assert_int_equal(acknowledged(6, "ana"), 6);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
}

/* A word about one is one step, however much was said of its group before. */
static void sixteen_that_are_under_way_come_at_once_to_one_of_a_large_step(void **state)
{
    (void)state;
    hundreds_on_call("");
    for (unsigned i = 1; i <= 2; i++) {
        feed_clock(
            &feed, "09:00",
            (struct feed_clock){.issue = i, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED});
        core_transcript(feed.core);
    }
    for (unsigned i = 0; i < 16; i++) {
        act_on_group("09:01", "escalated", 1, "ana");
        core_transcript(feed.core);
    }
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 16);
    feed_act_on(&feed, "09:01", "noted", 2, "bob");
    assert_int_equal(feed_alert(&feed, 2)->repeat, 16);
    assert_int_equal(feed_alert(&feed, 2)->group_ahead, 16);
}

/* --- the soonest deadline -------------------------------------------------------------------- */

/* Of the only group, as the answer to a question has it. */
static void assert_soonest(const char *time)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    Tocsin__V1__AlertGroup *group;
    ask.what = TOCSIN__V1__ASK__WHAT__GROUPS;
    ask.all = true;
    const Tocsin__V1__Answer *answer = core_ask(feed.core, &ask);
    assert_int_equal(answer->n_rows, 1);
    assert_int_equal(toc_wire_unpack(core_arena(feed.core), &tocsin__v1__alert_group__descriptor,
                                     toc_wire_bytes(&answer->rows[0]), &group),
                     TOC_OK);
    assert_int_equal(group->soonest_ms, time != NULL ? core_time(time) : 0);
}

static void warn(unsigned issue, const char *due)
{
    feed_clock(&feed, "09:00",
               (struct feed_clock){
                   .issue = issue, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED, .due = due});
}

static void a_group_has_the_soonest_deadline_of_those_that_wait(void **state)
{
    (void)state;
    warn(1, "09:30");
    warn(2, "09:20");
    warn(3, "09:40");
    assert_soonest("09:20");
    feed_act_on(&feed, "09:01", "acked", 2, "ana");
    assert_soonest("09:30");
    feed_act_on(&feed, "09:02", "resolved", 1, "ana");
    assert_soonest("09:40");
    feed_act_on(&feed, "09:03", "escalated", 2, "ana"); /* handed on: it waits again */
    assert_soonest("09:20");
    feed_act_on(&feed, "09:04", "resolved", 2, "ana");
    feed_act_on(&feed, "09:04", "resolved", 3, "ana");
    assert_soonest(NULL);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_WAIT), 0);
}

static void a_deadline_that_moves_moves_that_of_its_group(void **state)
{
    (void)state;
    open_issue("09:00", 1);
    open_issue("09:00", 2);
    assert_soonest(NULL);
    feed_deadline(&feed, "09:00:01", 1, "10:00");
    feed_deadline(&feed, "09:00:02", 2, "09:50");
    assert_soonest("09:50");
    feed_deadline(&feed, "09:01", 1, "09:40");
    assert_soonest("09:40");
    feed_deadline(&feed, "09:02", 1, NULL);
    assert_soonest("09:50");
    feed_act_on(&feed, "09:03", "acked", 2, "ana");
    feed_deadline(&feed, "09:04", 2, "09:30"); /* of one that does not wait */
    assert_soonest(NULL);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_WAIT), 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_storm_begins_with_the_fifth_that_waits_and_ends_with_the_last),
        CASE(other_queues_rules_and_clocks_are_other_groups),
        CASE(names_that_only_read_alike_together_are_other_groups),
        CASE(an_alert_that_goes_on_waits_again),
        CASE(what_is_resolved_is_no_longer_of_the_group),
        CASE(one_acknowledgement_answers_all_that_wait),
        CASE(what_comes_later_is_not_acknowledged_with_it),
        CASE(a_large_group_rings_nobody_while_it_is_acknowledged),
        CASE(escalating_a_group_escalates_each_once),
        CASE(resolving_and_taking_a_group_is_about_those_that_others_have),
        CASE(a_snooze_of_a_group_ends_for_each),
        CASE(a_group_is_acknowledged_by_way_of_an_alert_that_another_has),
        CASE(a_group_is_not_touched_when_the_alert_has_turned),
        CASE(two_may_answer_a_group_at_once),
        CASE(what_is_said_of_one_comes_behind_what_was_said_of_all),
        CASE(one_that_is_handed_on_meanwhile_rings_at_once),
        CASE(several_that_are_said_of_all_come_to_one_once_and_in_their_order),
        CASE(sixteen_that_are_under_way_come_at_once_to_one_of_a_large_step),
        CASE(a_group_has_the_soonest_deadline_of_those_that_wait),
        CASE(a_deadline_that_moves_moves_that_of_its_group),
        CASE(the_seventeenth_action_that_is_under_way_for_a_group_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
