/* How often the shifts of a hand-over were rung, against their budgets. */
#include "tests/unit/handover_desk.h"

static struct handover_shifts shifts;

static void put_on_call(const struct duty *duties, size_t count)
{
    assert_int_equal(shifts_find(&shifts, &handover, duties, count), TOC_OK);
}

/* "safety ana 3/2 1 night 2 alerts\n" for each. */
static void assert_counted(int64_t budget, const char *expected)
{
    char text[1024] = "";
    size_t used = 0;
    assert_int_equal(shifts_count(&shifts, &handover, budget), TOC_OK);
    for (size_t i = 0; i < shifts.list.count; i++) {
        const struct handover_shift *shift = &shifts.list.items[i];
        used += (size_t)snprintf(
            text + used, sizeof(text) - used, "%s %s %u/%lld%s %u night %u alerts\n",
            shift->duty->schedule->name, shift->shift.who.people[0], shift->rang,
            (long long)shift->budget, shifts_is_over_budget(shift) ? " over" : "", shift->night,
            shift->alerts);
    }
    assert_string_equal(text, expected);
    assert_int_equal(handover_end(&handover, dublin), TOC_OK);
    shifts_done(&shifts);
}

static int64_t budget_of(const char *person)
{
    for (size_t i = 0; i < handover.people.count; i++)
        if (strcmp(handover.people.items[i].name, person) == 0)
            return handover.people.items[i].budget;
    fail();
    return 0;
}

static struct toc_layer daily(unsigned at_hour)
{
    struct toc_layer layer = weekly();
    layer.rotation = TOC_ROTATION_DAILY;
    layer.start_day = toc_days_from_date(2026, 3, 27);
    layer.at_ms = at_hour * (toc_time_ms)TOC_HOUR_MS;
    return layer;
}

/* --- counting ------------------------------------------------------------------------------- */

static void a_shift_counts_from_its_beginning(void **state)
{
    const struct toc_layer layers[] = {daily(12)}; /* ben since 8 hours before */
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    schedule.budget = 1;
    put_on_call(&duty, 1);
    open_alert(-480, 1, "r");
    page(-481, 1, "ben", P(ACCEPTED), NULL); /* before it */
    page(-480, 1, "ben", P(ACCEPTED), NULL);
    page(-300, 1, "ben", P(DEAD), NULL);
    page(-200, 1, "ana", P(ACCEPTED), NULL); /* has no shift */
    open_alert(20, 2, "r");
    page(20, 2, "ben", P(ACCEPTED), NULL);
    page(30, 2, "ben", P(ACCEPTED), NULL);
    assert_counted(-1, "safety ben 3/1 over 0 night 2 alerts\n");
    assert_int_equal(handover.all.rang, 2);
}

static void every_shift_of_the_stretch_has_a_row(void **state)
{
    const struct toc_layer layers[] = {daily(23)};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    schedule.budget = 2;
    put_on_call(&duty, 1);
    open_alert(0, 1, "r");
    page(179, 1, "ana", P(ACCEPTED), NULL); /* 22:59 */
    page(180, 1, "ana", P(ACCEPTED), NULL); /* it is ben's turn */
    page(181, 1, "ben", P(ACCEPTED), NULL);
    assert_counted(-1, "safety ana 1/2 1 night 1 alerts\n"
                       "safety ben 1/2 1 night 1 alerts\n");
}

static void an_override_is_a_shift_of_its_own(void **state)
{
    const struct toc_layer layers[] = {daily(12)};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct toc_override flo = {"ov-1", "flo", "", at("2026-03-28 21:00"),
                                     at("2026-03-28 22:00")};
    const struct duty duty = {&schedule, {&flo, 1}};
    (void)state;
    schedule.budget = 2;
    put_on_call(&duty, 1);
    open_alert(0, 1, "r");
    page(61, 1, "flo", P(ACCEPTED), NULL);
    page(61, 1, "ben", P(ACCEPTED), NULL); /* not on call then */
    page(121, 1, "ben", P(ACCEPTED), NULL);
    assert_counted(-1, "safety ben 0/2 0 night 0 alerts\n"
                       "safety flo 1/2 0 night 1 alerts\n"
                       "safety ben 1/2 1 night 1 alerts\n");
    assert_int_equal(budget_of("ben"), 4);
    assert_int_equal(budget_of("flo"), 2);
}

static void the_night_is_that_of_the_layers_zone(void **state)
{
    struct toc_layer layers[] = {daily(12)};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    layers[0].zone = new_york;
    layers[0].person_count = 1;
    layers[0].hours = &(const struct toc_week_window){0, 7 * TOC_DAY_MS};
    layers[0].hour_count = 1;
    put_on_call(&duty, 1);
    open_alert(0, 1, "r");
    page(300, 1, "ana", P(ACCEPTED), NULL);
    page(360, 1, "ana", P(ACCEPTED), NULL); /* 03:00 in Dublin, 22:00 in New York */
    assert_counted(3, "safety ana 2/-1 1 night 1 alerts\n");
    assert_int_equal(handover.all.night, 1);
}

static void somebody_who_is_always_on_call_has_no_budget_of_a_shift(void **state)
{
    struct toc_layer layers[] = {weekly()};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    struct toc_shift shift;
    (void)state;
    layers[0].person_count = 1;
    put_on_call(&duty, 1);
    open_alert(-90, 1, "r");
    page(-90, 1, "ana", P(ACCEPTED), NULL);
    page(10, 1, "ana", P(ACCEPTED), NULL);
    assert_counted(-1, "safety ana 1/-1 0 night 1 alerts\n");
    assert_int_equal(budget_of("ana"), -1);
    assert_false(shifts_last(&duty, FROM_MS, &shift));
}

static void two_schedules_at_once_give_the_larger_budget(void **state)
{
    const struct toc_layer layers[] = {daily(12)};
    struct toc_schedule schedules[] = {schedule_of(layers, 1), schedule_of(layers, 1)};
    const struct duty duties[] = {{&schedules[0], {NULL, 0}}, {&schedules[1], {NULL, 0}}};
    (void)state;
    schedules[0].budget = 2;
    schedules[1].name = "desk";
    schedules[1].budget = 5;
    put_on_call(duties, 2);
    open_alert(0, 1, "r");
    page(10, 1, "ben", P(ACCEPTED), NULL);
    assert_counted(-1, "safety ben 1/2 0 night 1 alerts\n"
                       "desk ben 1/5 0 night 1 alerts\n");
    assert_int_equal(budget_of("ben"), 5);
}

/* --- the last one --------------------------------------------------------------------------- */

static void assert_last(const struct duty *duty, const char *now, const char *person,
                        const char *from, const char *until)
{
    struct toc_shift shift;
    assert_true(shifts_last(duty, at(now), &shift));
    assert_string_equal(shift.who.people[0], person);
    assert_int_equal(shift.from_ms, at(from));
    assert_int_equal(shift.until_ms, at(until));
}

static void the_last_shift_is_the_one_that_ended(void **state)
{
    struct toc_week_window windows[7];
    const struct toc_layer layers[] = {weekly()}, day[] = {hours(flo_only, dublin, 9, 17, windows)};
    const struct toc_schedule schedule = schedule_of(layers, 1), office = schedule_of(day, 1);
    const struct duty duty = {&schedule, {NULL, 0}}, gaps = {&office, {NULL, 0}};
    struct toc_shift shift;
    (void)state;
    assert_last(&duty, "2026-03-30 09:00", "ben", "2026-03-23 09:00", "2026-03-30 09:00");
    assert_last(&duty, "2026-03-30 08:59", "ana", "2026-03-16 09:00", "2026-03-23 09:00");
    assert_last(&gaps, "2026-03-30 12:00", "flo", "2026-03-29 09:00", "2026-03-29 17:00");
    assert_last(&gaps, "2026-03-30 20:00", "flo", "2026-03-30 09:00", "2026-03-30 17:00");
    assert_false(shifts_last(&duty, at("2026-01-06"), &shift));
    assert_false(shifts_last(&duty, at("2025-01-06"), &shift));
}

static int run(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_shift_counts_from_its_beginning),
        CASE(every_shift_of_the_stretch_has_a_row),
        CASE(an_override_is_a_shift_of_its_own),
        CASE(the_night_is_that_of_the_layers_zone),
        CASE(somebody_who_is_always_on_call_has_no_budget_of_a_shift),
        CASE(two_schedules_at_once_give_the_larger_budget),
        CASE(the_last_shift_is_the_one_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run_with_zones(run);
}
