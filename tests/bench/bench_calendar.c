#include "tests/bench/bench_calendar.h"

#include "common/calendar_days.h"
#include "tests/bench/bench_client.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS     200
#define CALLS      10000 /* of a round */
#define HOLIDAYS   60
#define DAYS       400 /* working days that are added */
#define WORKDAY_MS (8 * (toc_time_ms)TOC_HOUR_MS)

/* Monday to Friday nine to five; the holidays are working days of the 600 days from `first` on. */
static struct toc_calendar *open_office(const struct toc_tz *tz, int64_t first)
{
    struct toc_calendar *cal = NULL;
    if (toc_calendar_new("office", tz, &cal) < 0)
        bench_fail("out of memory");
    for (unsigned w = 0; w < 5; w++)
        if (toc_calendar_weekly(cal, w, 9 * (toc_time_ms)TOC_HOUR_MS,
                                17 * (toc_time_ms)TOC_HOUR_MS) < 0)
            bench_fail("out of memory");
    for (int i = 0; i < HOLIDAYS; i++) {
        int64_t day = first + 10 * i;
        day += toc_weekday(day) > 4 ? 2 : 0;
        if (toc_calendar_holiday(cal, day) < 0)
            bench_fail("out of memory");
    }
    if (toc_calendar_finish(cal) < 0)
        bench_fail("out of memory");
    return cal;
}

/* Starts lie on the holidays' first hundred days, each at another time. */
static toc_time_ms start_of(int64_t first, unsigned call)
{
    return first * TOC_DAY_MS + (toc_time_ms)(call * UINT64_C(7919) % 100) * TOC_DAY_MS +
           (toc_time_ms)(call * UINT64_C(104729) % 86400) * TOC_SECOND_MS;
}

typedef enum toc_err (*add_fn)(const struct toc_calendar *cal, toc_time_ms start_ms,
                               toc_time_ms *out);

static enum toc_err add_working_time(const struct toc_calendar *cal, toc_time_ms start_ms,
                                     toc_time_ms *out)
{
    return toc_calendar_add(cal, start_ms, DAYS * WORKDAY_MS, out);
}

static enum toc_err add_business_days(const struct toc_calendar *cal, toc_time_ms start_ms,
                                      toc_time_ms *out)
{
    static const struct toc_day_rule plain = {.cut_off_ms = -1};
    return toc_calendar_add_business_days(cal, start_ms, 15, &plain, out);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the rounds of nanoseconds per call. */
static double measure(const struct toc_calendar *cal, int64_t first, add_fn add)
{
    static double took_ns[ROUNDS];
    for (unsigned round = 0; round < ROUNDS; round++) {
        double start = bench_now();
        for (unsigned call = 0; call < CALLS; call++) {
            toc_time_ms due_ms = 0;
            if (add(cal, start_of(first, round * CALLS + call), &due_ms) < 0 || due_ms == 0)
                bench_fail("the calendar does not reach that far");
        }
        took_ns[round] = (bench_now() - start) * 1e9 / CALLS;
    }
    qsort(took_ns, ROUNDS, sizeof(double), by_value);
    return bench_percentile(took_ns, ROUNDS, 50);
}

int bench_calendar(void)
{
    const int64_t first = toc_days_from_date(2026, 1, 5);
    struct toc_tz *tz;
    if (toc_tz_load("Europe/Berlin", &tz) < 0) {
        fprintf(stderr, "there is no zone Europe/Berlin\n");
        return 1;
    }
    struct toc_calendar *cal = open_office(tz, first);
    printf("{\"add_ns\": %.0f, \"business_days_ns\": %.0f, \"calls\": %d}\n",
           measure(cal, first, add_working_time), measure(cal, first, add_business_days),
           ROUNDS * CALLS);
    toc_calendar_free(cal);
    toc_tz_free(tz);
    return 0;
}
