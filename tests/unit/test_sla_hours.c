/* At which hours a clock speaks: its calendar's, whatever the hour is for people. */
#include "common/tz.h"
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void zammad_4432_a_clock_of_working_days_is_silent_at_midnight_and_on_weekends(void **state)
{
    (void)state;
    expect("+4/13:00 open P2 category=shift\n"
           "+4/17:00:01 time\n"
           "+5/00:00 time\n"
           "+5/12:00 time\n"
           "+6/23:59 time\n"
           "+7/00:00 time\n"
           "+7/08:59 time\n"
           "+7/11:24:01 time\n"
           "+7/13:00:01 time\n"
           "+8/00:00 time\n"
           "+12/00:00 time\n",
           "+4/13:00:00 clock 1 resolution/1 started target=480m next=+4/17:00:00\n"
           "+4/17:00:00 clock 1 resolution/1 warned 50% due=+7/13:00:00\n"
           "+7/11:24:00 clock 1 resolution/1 warned 80% due=+7/13:00:00\n"
           "+7/13:00:00 clock 1 resolution/1 breached due=+7/13:00:00 ledger=+4/13:00:00-\n");
}

/* A night's quiet is the notifier's business: no record is held back for it. */
static void zammad_4432_a_clock_that_runs_at_night_warns_at_night(void **state)
{
    (void)state;
    expect("+5/02:55 open P2 category=loud\n"
           "+5/03:55:01 time\n"
           "+5/04:55:01 time\n",
           "+5/02:55:00 clock 1 resolution/1 started target=240m next=+5/03:55:00\n"
           "+5/03:55:00 clock 1 resolution/1 warned 25% due=+5/06:55:00\n"
           "+5/04:55:00 clock 1 resolution/1 warned 50% due=+5/06:55:00\n");
}

/* Started on a Saturday, it counts from Monday's opening, and what warns at closing warns then. */
static void a_clock_of_working_days_that_starts_on_a_weekend_waits_for_monday(void **state)
{
    (void)state;
    expect("+5/23:30 open P2 category=shift\n"
           "+7/09:00 time\n"
           "+7/13:00:01 time\n"
           "+7/15:24:01 time\n"
           "+7/17:00 time\n"
           "+7/17:00:00.001 time\n",
           "+5/23:30:00 clock 1 resolution/1 started target=480m next=+7/13:00:00\n"
           "+7/13:00:00 clock 1 resolution/1 warned 50% due=+7/17:00:00\n"
           "+7/15:24:00 clock 1 resolution/1 warned 80% due=+7/17:00:00\n"
           "+7/17:00:00 clock 1 resolution/1 breached due=+7/17:00:00 ledger=+5/23:30:00-\n");
}

/* What a calendar gave can only be checked by the zones that it was worked out with. */
static void promises_and_verdicts_name_the_zones_behind_them(void **state)
{
    char tzdata[TOC_TZ_VERSION_MAX];
    (void)state;
    toc_tz_database_version(tzdata);
    chain_run(&sla_chain, "10:00 open P2 category=office\n" /* started */
                          "11:00 status pending\n"          /* paused */
                          "12:00 status open\n"             /* resumed */
                          "13:00 status solved\n");         /* met */
    static const char *const expected[] = {"tzdata", "", "", "tzdata"};
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t seq = core_last_seq(sla_chain.sla) - 3 + i;
        const Tocsin__V1__Record *record = core_record(sla_chain.sla, seq);
        Tocsin__V1__ClockChange *change;
        assert_int_equal(toc_wire_unpack(core_arena(sla_chain.sla),
                                         &tocsin__v1__clock_change__descriptor,
                                         toc_wire_bytes(&record->body), &change),
                         TOC_OK);
        assert_string_equal(change->tzdata, expected[i][0] != '\0' ? tzdata : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(zammad_4432_a_clock_of_working_days_is_silent_at_midnight_and_on_weekends),
        CASE(zammad_4432_a_clock_that_runs_at_night_warns_at_night),
        CASE(a_clock_of_working_days_that_starts_on_a_weekend_waits_for_monday),
        CASE(promises_and_verdicts_name_the_zones_behind_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
