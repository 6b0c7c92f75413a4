/* Turns, one after the other, with more behind than one of them does. */
#include "tests/unit/notifier_case.h"

#include "services/notifier/notifier.h"

#define ISSUES   200
#define EACH     16
#define ALERTS   (ISSUES * EACH) /* on one path, each about a clock of its own */
#define PER_TURN NOTIFIER_DUES_PER_STEP
#define LAST     ((uint64_t)ALERTS)

static void open_alerts(void)
{
    feed_desk(&feed, "[{page: [ana], wait: 5m}, {page: [bob], wait: 1h}]", 0);
    for (unsigned i = 0; i < ALERTS; i++) {
        feed_clock(&feed, "09:00",
                   (struct feed_clock){.issue = 1 + i % ISSUES,
                                       .instance = 1 + i / ISSUES,
                                       .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED});
        core_transcript(feed.core); /* it has room for some */
        core_forget(feed.core);
    }
    core_commit(feed.core);
}

/* What people say meanwhile, as it comes in: no time passes for it. */
static void act_now(const char *verb, uint64_t number, const char *by)
{
    core_hold_time(feed.core, true);
    feed_act_on(&feed, "09:00", verb, number, by);
    core_hold_time(feed.core, false);
}

static void end_turn(const char *time)
{
    uint64_t before = core_last_seq(feed.core);
    core_end_turn(feed.core, core_time(time));
    assert_true(core_last_seq(feed.core) - before <= 16 * PER_TURN);
    while (before < core_last_seq(feed.core)) { /* the transcript has room for some */
        core_record(feed.core, ++before);
        core_forget(feed.core);
    }
}

static unsigned count_of(bool (*is_so)(const Tocsin__V1__Alert *alert))
{
    unsigned count = 0;
    for (uint64_t i = 1; i <= ALERTS; i++) {
        count += is_so(feed_alert(&feed, i));
        core_forget(feed.core);
    }
    return count;
}

static bool is_escalated(const Tocsin__V1__Alert *alert)
{
    return alert->step == 1;
}

static bool has_rung_twice(const Tocsin__V1__Alert *alert)
{
    return alert->pages == 2;
}

static bool is_hers(const Tocsin__V1__Alert *alert)
{
    return strcmp(alert->acked_by, "ana") == 0;
}

/* --- steps ---------------------------------------------------------------------------------- */

static void an_acknowledgement_is_taken_between_steps_that_are_over(void **state)
{
    unsigned turns = 0, done = 0;
    (void)state;
    open_alerts();
    while (done < ALERTS - turns) {
        act_now("acked", LAST - turns, "ana"); /* one in each turn */
        assert_string_equal(feed_alert(&feed, LAST - turns)->acked_by, "ana");
        turns++;
        end_turn("09:06");
        unsigned now = count_of(is_escalated);
        assert_in_range(now, done + 1, done + PER_TURN);
        done = now;
    }
    assert_int_equal(turns, (ALERTS - turns + PER_TURN - 1) / PER_TURN);
    for (unsigned i = 0; i < turns; i++)
        assert_int_equal(feed_alert(&feed, LAST - i)->pages, 1); /* nobody else was asked */
}

/* --- what a silence held ---------------------------------------------------------------------- */

static void open_silenced(void)
{
    feed_mute(&feed, "08:30",
              (struct feed_mute){.matcher = "severity=*", .until = "09:01", .really = true});
    open_alerts();
}

static void an_acknowledgement_is_taken_between_those_that_a_silence_lets_go(void **state)
{
    unsigned turns = 0, done = 0;
    (void)state;
    open_silenced();
    assert_int_equal(count_of(has_rung_twice), 0);
    end_turn("09:02"); /* its end is a due, too */
    turns++;
    act_now("acked", LAST, "ana");
    for (done = count_of(has_rung_twice); done < ALERTS - 1; turns++) {
        assert_string_equal(feed_alert(&feed, LAST)->acked_by, "ana");
        end_turn("09:02");
        unsigned now = count_of(has_rung_twice);
        assert_in_range(now, done + 1, done + PER_TURN);
        done = now;
    }
    assert_int_equal(turns, (ALERTS + PER_TURN - 1) / PER_TURN);
    assert_int_equal(feed_alert(&feed, LAST)->pages, 1);
}

/* What is ready by then does not leave while the rest is let go. */
static void a_silence_that_begins_meanwhile_keeps_what_is_ready_at_once(void **state)
{
    (void)state;
    open_silenced();
    for (unsigned turns = 0; turns < 4; turns++)
        end_turn("09:02");
    assert_in_range(core_count(feed.core, TABLE_OUTBOX), 3 * PER_TURN, 4 * PER_TURN);
    core_hold_time(feed.core, true);
    feed_mute(
        &feed, "09:02",
        (struct feed_mute){.id = "t", .matcher = "severity=*", .until = "09:30", .really = true});
    core_hold_time(feed.core, false);
    for (unsigned turns = 0; turns < ALERTS / PER_TURN; turns++) {
        end_turn("09:02:00.001");
        assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 0);
    }
}

/* --- what is said of all of a group ------------------------------------------------------------
 */

static void a_group_is_answered_in_turns_and_one_of_it_meanwhile(void **state)
{
    unsigned turns = 0, done = 1;
    (void)state;
    open_alerts();
    feed_action(&feed, "09:00:01", (struct feed_action){.verb = "acked", .group = true});
    while (done < ALERTS - 1) {
        assert_string_equal(feed_due(&feed, "09:00:02"), turns == 0 ? "" : "bob");
        end_turn("09:00:02");
        turns++;
        if (turns == 1)
            act_now("escalated", LAST, "eve"); /* hers before all of the group are */
        unsigned now = count_of(is_hers);
        assert_in_range(now, done + 1, done + 4 * PER_TURN);
        done = now;
    }
    assert_int_equal(turns, ALERTS / (4 * PER_TURN) + 1);
    end_turn("09:00:03");
    assert_int_equal(feed_alert(&feed, LAST)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    assert_int_equal(feed_alert(&feed, LAST)->step, 1);
    assert_string_equal(feed_due(&feed, "09:00:03"), "bob");
}

/* --- crashes -------------------------------------------------------------------------------- */

/* Where a turn ends, what is behind goes on: nothing is done twice, nothing is left. */
static void a_crash_between_turns_changes_nothing(void **state)
{
    uint8_t was[TOC_SHA256], is[TOC_SHA256];
    (void)state;
    for (unsigned crashes = 0; crashes < 2; crashes++) {
        if (crashes == 1) {
            feed_close(&feed);
            feed_open(&feed, false);
        }
        open_alerts();
        for (unsigned turns = 0; turns < ALERTS / PER_TURN + 2; turns++) {
            end_turn("09:06");
            if (crashes == 1)
                core_crash(feed.core);
            act_now("acked", LAST - turns, "ana");
            if (crashes == 1 && turns == 3) { /* taken, and not committed: it comes again */
                core_crash(feed.core);
                feed.intake_seq--;
                act_now("acked", LAST - turns, "ana");
            }
        }
        core_digest(feed.core, crashes == 0 ? was : is);
    }
    assert_memory_equal(was, is, sizeof(was));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_acknowledgement_is_taken_between_steps_that_are_over),
        CASE(an_acknowledgement_is_taken_between_those_that_a_silence_lets_go),
        CASE(a_silence_that_begins_meanwhile_keeps_what_is_ready_at_once),
        CASE(a_group_is_answered_in_turns_and_one_of_it_meanwhile),
        CASE(a_crash_between_turns_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
