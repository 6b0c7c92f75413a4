/* At which hours a clock speaks: its calendar's, whatever the hour is for people. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(zammad_4432_a_clock_of_working_days_is_silent_at_midnight_and_on_weekends),
        CASE(zammad_4432_a_clock_that_runs_at_night_warns_at_night),
        CASE(a_clock_of_working_days_that_starts_on_a_weekend_waits_for_monday),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
