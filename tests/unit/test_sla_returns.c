/* What a clock that goes on costs: the same however often it did before. */
#include "tests/support/sla_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define RETURNS 1000

static const char policy[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"
    "queues: {q: {tier: 1}}\n"
    "routes: [{rule: default, queue: q, sla: s}]\n"
    "slas:\n"
    "  s: {calendar: day, clocks: {queue_wait: {targets: {P4: none, default: 1h}}}}\n"
    "  other: {calendar: always, clocks: {queue_wait: {targets: {default: 1h}}}}\n"
    "  wall: {calendar: day, clocks: {queue_wait: {targets: {default: 1h elapsed}}}}\n"
    "  solved: {calendar: day, clocks: {resolution: {targets: {P4: none, default: 4h}, again: "
    "continue}}}\n";

static unsigned rows_read;

enum toc_err __real_toc_get(struct toc_txn *txn, unsigned table, struct toc_str key,
                            struct toc_str *out);
enum toc_err __wrap_toc_get(struct toc_txn *txn, unsigned table, struct toc_str key,
                            struct toc_str *out);

enum toc_err __wrap_toc_get(struct toc_txn *txn, unsigned table, struct toc_str key,
                            struct toc_str *out)
{
    rows_read++;
    return __real_toc_get(txn, table, key, out);
}

/* The rows that one step at `minute` reads. */
static unsigned cost(unsigned minute, const char *what)
{
    char line[128];
    unsigned hour = minute / 60;
    snprintf(line, sizeof(line), "+%u/%02u:%02u %s", hour / 24, hour % 24, minute % 60, what);
    rows_read = 0;
    sla_feed_line(&feed, line);
    core_forget(feed.sla);
    return rows_read;
}

/*
 * The thousandth time that the clock goes on costs no more than the tenth. What its end shows of
 * where the time went is limited, so that costs the same from some time on.
 */
static void returns_alike(const char *leave, const char *come_back)
{
    unsigned tenth = 0, sixth_hundredth = 0, left = 0, back = 0;
    for (unsigned i = 1; i <= RETURNS; i++) {
        left = cost(2 * i, leave);
        back = cost(2 * i + 1, come_back);
        if (i == 10)
            tenth = back;
        if (i == 600)
            sixth_hundredth = left;
    }
    assert_int_equal(back, tenth);
    assert_int_equal(left, sixth_hundredth);
}

static void the_thousandth_return_to_a_queue_costs_what_the_tenth_did(void **state)
{
    (void)state;
    cost(1, "opened sla=s queue=q queued_ms=00:01");
    returns_alike("assigned assignee=ana", "assigned assignee=");
}

static void the_thousandth_reopening_costs_what_the_tenth_did(void **state)
{
    (void)state;
    cost(1, "opened sla=solved queue=q");
    returns_alike("status state=SOLVED", "status state=OPEN");
}

static void the_thousandth_target_after_none_costs_what_the_tenth_did(void **state)
{
    (void)state;
    cost(1, "opened sla=solved queue=q priority=P3");
    returns_alike("classified priority=P4", "classified priority=P3");
}

static void what_goes_on_under_another_calendar_is_counted_by_it(void **state)
{
    (void)state;
    told("08:00 opened sla=s queue=q queued_ms=08:00\n"
         "09:30 assigned assignee=ana\n"
         "10:00 routed sla=other\n"
         "10:10 assigned assignee=\n"
         "10:20 assigned assignee=ben\n"
         "10:30 routed sla=s\n"
         "10:40 assigned assignee=\n",
         "08:00:00 clock 1 queue_wait[q]/1 started target=60m next=10:00:00\n"
         "09:30:00 clock 1 queue_wait[q]/1 met elapsed=30m ledger=08:00:00-09:30:00\n"
         "10:10:00 clock 1 queue_wait[q]/2 started target=60m next=10:10:00\n"
         "10:10:00 clock 1 queue_wait[q]/2 breached due=09:00:00 "
         "ledger=08:00:00-09:30:00,10:10:00- on_retarget\n"
         "10:20:00 clock 1 queue_wait[q]/2 met elapsed=100m "
         "ledger=08:00:00-09:30:00,10:10:00-10:20:00 late\n"
         "10:40:00 clock 1 queue_wait[q]/3 started target=60m next=never late\n");
}

static void what_goes_on_by_the_wall_clock_is_counted_by_it(void **state)
{
    (void)state;
    told("08:00 opened sla=s queue=q queued_ms=08:00\n"
         "08:50 assigned assignee=ana\n"
         "10:00 routed sla=wall\n"
         "10:05 assigned assignee=\n",
         "08:00:00 clock 1 queue_wait[q]/1 started target=60m next=10:00:00\n"
         "08:50:00 clock 1 queue_wait[q]/1 met elapsed=0m ledger=08:00:00-08:50:00\n"
         "10:05:00 clock 1 queue_wait[q]/2 started target=60m next=10:15:00\n");
}

#define CASE(name) SLA_TOLD_CASE(name, policy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_thousandth_return_to_a_queue_costs_what_the_tenth_did),
        CASE(the_thousandth_reopening_costs_what_the_tenth_did),
        CASE(the_thousandth_target_after_none_costs_what_the_tenth_did),
        CASE(what_goes_on_under_another_calendar_is_counted_by_it),
        CASE(what_goes_on_by_the_wall_clock_is_counted_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
