/* What `tocsin oncall check` finds. */
#include "services/cli/oncall/lint.h"
#include "tests/unit/oncall_desk.h"

struct found {
    char text[4096];
    size_t count;
};

static void take(void *arg, const struct lint_finding *finding)
{
    struct found *found = arg;
    size_t used = strlen(found->text);
    assert_true(finding->what[0] != '\0' && finding->what_to_do[0] != '\0');
    snprintf(found->text + used, sizeof(found->text) - used, "%s %s: %s\n",
             lint_name(finding->kind), finding->subject, finding->what);
    found->count++;
}

static bool only_ana(void *arg, const char *person)
{
    (void)arg;
    return strcmp(person, "ana") == 0;
}

static void assert_found(const struct toc_policy *policy, const struct duty *duties, size_t count,
                         bool with_contacts, const char *expected)
{
    struct found found = {.count = 0};
    const struct lint lint = {.policy = policy,
                              .duties = duties,
                              .count = count,
                              .from_ms = at("2026-02-02"),
                              .until_ms = at("2028-02-02"),
                              .is_reached = with_contacts ? only_ana : NULL,
                              .told = take,
                              .told_arg = &found};
    lint_all(&lint);
    assert_string_equal(found.text, expected);
}

static const struct toc_policy no_paths = {.path_count = 0};

static void a_rotation_without_gaps_is_well(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    assert_found(&no_paths, &duty, 1, false, "");
}

static void gaps_are_told_once_with_the_first_and_their_sum(void **state)
{
    struct toc_week_window windows[7];
    const struct toc_layer layers[] = {hours(flo_only, dublin, 0, 23, windows)};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    assert_found(&no_paths, &duty, 1, false,
                 "gap safety: nobody is on call from Mon 2026-02-02 23:00 until Tue 2026-02-03 "
                 "00:00 (Europe/Dublin), and 729 more times in two years, 30d10h in all\n");
}

static void a_time_that_is_meant_to_have_nobody_is_no_gap(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_temporary closed = {at("2026-12-24"), at("2026-12-27"), NULL, 0};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    schedule.temporary = &closed;
    schedule.temporary_count = 1;
    assert_found(&no_paths, &duty, 1, false, "");
}

static void a_schedule_that_begins_later_has_nobody_until_then(void **state)
{
    struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    layers[0].start_day = toc_days_from_date(2026, 2, 9);
    assert_found(&no_paths, &duty, 1, false,
                 "gap safety: nobody is on call from Mon 2026-02-02 00:00 until Mon 2026-02-09 "
                 "09:00 (Europe/Dublin)\n");
    layers[0].start_day = toc_days_from_date(2030, 2, 9);
    assert_found(&no_paths, &duty, 1, false,
                 "gap safety: nobody is on call from Mon 2026-02-02 00:00 on, for two years at "
                 "least (Europe/Dublin)\n");
}

/* Dublin has 08-20 and New York the rest, 15-03 of its own wall: they meet, but for the weeks in
 * which only one of the two has changed its clocks. */
static void holes_between_zones_whose_clocks_change_apart_are_told_as_such(void **state)
{
    struct toc_week_window day[7], night[8];
    struct toc_layer layers[] = {hours(ana_ben, dublin, 8, 20, day), weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 2);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    night[0] = (struct toc_week_window){0, 3 * (toc_time_ms)TOC_HOUR_MS};
    for (unsigned i = 0; i < 7; i++)
        night[i + 1] =
            (struct toc_week_window){i * TOC_DAY_MS + 15 * (toc_time_ms)TOC_HOUR_MS,
                                     i * TOC_DAY_MS + (i < 6 ? 27 : 24) * (toc_time_ms)TOC_HOUR_MS};
    layers[1].zone = new_york;
    layers[1].hours = night;
    layers[1].hour_count = 8;
    assert_found(&no_paths, &duty, 1, false,
                 "dst_gap safety: nobody is on call from Sun 2026-03-08 07:00 until Sun 2026-03-08 "
                 "08:00 (Europe/Dublin), and 48 more times in two years, 2d01h in all, because the "
                 "clocks of America/New_York changed on Sun 2026-03-08\n");
    const struct toc_layer swapped[] = {layers[1], layers[0]};
    const struct toc_schedule other = schedule_of(swapped, 2);
    assert_found(&no_paths, &(const struct duty){&other, {NULL, 0}}, 1, false,
                 "dst_gap safety: nobody is on call from Sun 2026-03-08 07:00 until Sun 2026-03-08 "
                 "08:00 (Europe/Dublin), and 48 more times in two years, 2d01h in all, because the "
                 "clocks of America/New_York changed on Sun 2026-03-08\n");
}

/* Seen from Kuala Lumpur, whose clocks never change, an hour that Dublin never has wanders. */
static void a_gap_that_wanders_with_the_clocks_is_a_common_gap(void **state)
{
    struct toc_week_window windows[7];
    struct toc_tz *kuala_lumpur = NULL;
    const struct toc_layer layers[] = {hours(flo_only, dublin, 0, 23, windows)};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    assert_int_equal(toc_tz_load("Asia/Kuala_Lumpur", &kuala_lumpur), TOC_OK);
    schedule.zone = kuala_lumpur;
    assert_found(&no_paths, &duty, 1, false,
                 "gap safety: nobody is on call from Tue 2026-02-03 07:00 until Tue 2026-02-03 "
                 "08:00 (Asia/Kuala_Lumpur), and 729 more times in two years, 30d10h in all\n");
    toc_tz_free(kuala_lumpur);
}

static void a_free_day_after_a_change_of_the_clocks_is_a_common_gap(void **state)
{
    struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    struct toc_calendar *calendar = NULL;
    (void)state;
    assert_int_equal(toc_calendar_new("c", dublin, &calendar), TOC_OK);
    for (unsigned day = 0; day < 7; day++)
        assert_int_equal(toc_calendar_weekly(calendar, day, 0, TOC_DAY_MS), TOC_OK);
    assert_int_equal(toc_calendar_holiday(calendar, toc_days_from_date(2026, 4, 3)), TOC_OK);
    assert_int_equal(toc_calendar_finish(calendar), TOC_OK);
    layers[0].calendar = calendar;
    assert_found(&no_paths, &duty, 1, false,
                 "gap safety: nobody is on call from Fri 2026-04-03 00:00 until Sat 2026-04-04 "
                 "00:00 (Europe/Dublin)\n");
    toc_calendar_free(calendar);
}

static void what_hides_another_is_told(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_temporary temporary[] = {
        {at("2025-12-24"), at("2025-12-27"), ana_ben, 1}, /* over */
        {at("2025-12-25"), at("2025-12-28"), ana_ben, 1},
        {at("2026-12-24"), at("2026-12-27"), ana_ben, 1},
        {at("2026-12-26"), at("2026-12-28"), flo_only, 1},
    };
    const struct toc_override overrides[] = {
        {"ov-1", "flo", "ana", at("2026-03-01"), at("2026-03-08")},
        {"ov-2", "gus", "ben", at("2026-03-01"), at("2026-03-08")}, /* a swap is none */
        {"ov-3", "hal", "ana", at("2026-03-07"), at("2026-03-09")},
        {"ov-4", "ida", "", at("2026-03-08"), at("2026-03-10")},
    };
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {overrides, 4}};
    (void)state;
    schedule.temporary = temporary;
    schedule.temporary_count = 4;
    assert_found(&no_paths, &duty, 1, false,
                 "overlap safety: the temporary shifts that begin at Thu 2026-12-24 00:00 and Sat "
                 "2026-12-26 00:00 overlap from Sat 2026-12-26 00:00 until Sun 2026-12-27 00:00 "
                 "(Europe/Dublin)\n"
                 "overlap safety: overrides ov-1 (flo) and ov-3 (hal) overlap from Sat 2026-03-07 "
                 "00:00 until Sun 2026-03-08 00:00 (Europe/Dublin)\n"
                 "overlap safety: overrides ov-3 (hal) and ov-4 (ida) overlap from Sun 2026-03-08 "
                 "00:00 until Mon 2026-03-09 00:00 (Europe/Dublin)\n");
}

/* A newcomer's list: the nights first, then all hours, which win. */
static void a_layer_that_never_counts_is_told(void **state)
{
    struct toc_week_window windows[7];
    struct toc_layer layers[] = {hours(flo_only, dublin, 0, 7, windows), weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 2);
    const struct duty duty = {&schedule, {NULL, 0}};
    (void)state;
    assert_found(&no_paths, &duty, 1, false,
                 "overlap safety: layer hours never counts in two years: whenever it has somebody, "
                 "so has a later one\n");
    layers[0].start_day = toc_days_from_date(2030, 1, 1);
    assert_found(&no_paths, &duty, 1, false, "gap safety: layer hours has nobody in two years\n");
    layers[0] = weekly();
    layers[1] = hours(flo_only, dublin, 0, 7, windows);
    assert_found(&no_paths, &duty, 1, false, "");
}

/* --- paths and people ------------------------------------------------------------------------- */

/* A path of one step. */
static void assert_step(const struct toc_path_step *step, const struct duty *duties, size_t count,
                        const char *expected)
{
    const struct toc_path path = {.name = "p", .steps = step, .step_count = 1};
    const struct toc_policy policy = {.paths = &path, .path_count = 1};
    assert_found(&policy, duties, count, false, expected);
}

static void goalert_4548_a_step_that_is_empty_at_some_time_is_told_before_it_is(void **state)
{
    struct toc_week_window day[7], night[7];
    const struct toc_layer first[] = {hours(ana_ben, dublin, 0, 12, day)};
    const struct toc_layer second[] = {hours(flo_only, dublin, 12, 23, night)};
    const struct toc_schedule schedules[] = {schedule_of(first, 1), schedule_of(second, 1)};
    const struct toc_schedule *const both[] = {&schedules[0], &schedules[1]};
    const struct duty duties[] = {{&schedules[0], {NULL, 0}}, {&schedules[1], {NULL, 0}}};
    const struct toc_path_step step = {.schedules = both, .schedule_count = 2};
    const struct toc_path_step with_person = {
        .contacts = flo_only, .contact_count = 1, .schedules = both, .schedule_count = 2};
    const struct toc_path_step nobody = {.contact_count = 0};
    static const char gaps[] =
        "gap safety: nobody is on call from Mon 2026-02-02 12:00 until Tue 2026-02-03 00:00 "
        "(Europe/Dublin), and 729 more times in two years, 365d00h in all\n"
        "gap safety: nobody is on call from Mon 2026-02-02 00:00 until Mon 2026-02-02 12:00 "
        "(Europe/Dublin), and 730 more times in two years, 395d10h in all\n";
    char expected[1024];
    (void)state;
    assert_step(&with_person, duties, 2, gaps);
    snprintf(expected, sizeof(expected),
             "%sempty_step p: an alert rings nobody, as no step means anybody, from Mon 2026-02-02 "
             "23:00 until Tue 2026-02-03 00:00 (Europe/Dublin), and 729 more times in two years, "
             "30d10h in all\n",
             gaps);
    assert_step(&step, duties, 2, expected);
    assert_step(&nobody, NULL, 0, "empty_step p: step 1 never means anybody\n");
}

/* Closed on purpose at Christmas: the step may be empty, the path may not. */
static void a_path_that_reaches_nobody_is_told_even_where_that_is_meant(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_temporary closed = {at("2026-12-24"), at("2026-12-27"), NULL, 0};
    struct toc_schedule schedules[] = {schedule_of(layers, 1), schedule_of(layers, 1)};
    const struct toc_schedule *const first[] = {&schedules[0]}, *const second[] = {&schedules[1]};
    const struct duty duties[] = {{&schedules[0], {NULL, 0}}, {&schedules[1], {NULL, 0}}};
    const struct toc_path_step steps[] = {{.schedules = first, .schedule_count = 1},
                                          {.contacts = flo_only, .contact_count = 1},
                                          {.schedules = first, .schedule_count = 1},
                                          {.schedules = second, .schedule_count = 1}};
    const struct toc_path paths[] = {{.name = "with-flo", .steps = steps, .step_count = 3},
                                     {.name = "alone", .steps = steps, .step_count = 1}};
    const struct toc_policy policy = {.paths = paths, .path_count = 2};
    (void)state;
    schedules[0].temporary = &closed;
    schedules[0].temporary_count = 1;
    assert_found(&policy, duties, 2, false,
                 "empty_step alone: an alert rings nobody, as no step means anybody, from Thu "
                 "2026-12-24 00:00 until Sun 2026-12-27 00:00 (Europe/Dublin)\n");
}

static void neighbouring_steps_with_the_same_people_are_told(void **state)
{
    struct toc_layer first[] = {weekly()}, second[] = {weekly()};
    struct toc_schedule schedules[] = {schedule_of(first, 1), schedule_of(second, 1)};
    const struct toc_schedule *const one[] = {&schedules[0]}, *const two[] = {&schedules[1]};
    const struct duty duties[] = {{&schedules[0], {NULL, 0}}, {&schedules[1], {NULL, 0}}};
    struct toc_path_step steps[] = {{.schedules = one, .schedule_count = 1},
                                    {.schedules = one, .schedule_count = 1}, /* rings them again */
                                    {.schedules = two, .schedule_count = 1}};
    const struct toc_path path = {.name = "p", .steps = steps, .step_count = 3};
    const struct toc_policy policy = {.paths = &path, .path_count = 1};
    (void)state;
    second[0].start_day = toc_days_from_date(2026, 1, 12); /* the other one has each week */
    assert_found(&policy, duties, 2, false, "");
    second[0].every = 2; /* and now every other */
    assert_found(&policy, duties, 2, false,
                 "overlap p: steps 2 and 3 ring the same people (ben) from Mon 2026-02-02 00:00 "
                 "until Mon 2026-02-02 09:00 (Europe/Dublin), and 26 more times in two years, "
                 "364d08h in all\n");
    steps[2].contacts = flo_only;
    steps[2].contact_count = 1;
    assert_found(&policy, duties, 2, false, "");
}

static void people_whose_shifts_are_over_need_no_method(void **state)
{
    struct toc_layer layers[] = {weekly()};
    const struct toc_temporary temporary[] = {{at("2025-12-24"), at("2025-12-27"), flo_only, 1}};
    const struct toc_override overrides[] = {
        {"ov-1", "gus", "ana", at("2026-01-01"), at("2026-01-08")},
        {"ov-2", "hal", "ana", at("2026-03-01"), at("2026-03-08")}};
    struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {overrides, 2}};
    (void)state;
    layers[0].person_count = 1;
    schedule.temporary = temporary;
    schedule.temporary_count = 1;
    assert_found(&no_paths, &duty, 1, true,
                 "no_method hal: has no contact method that may be used for urgent or for normal "
                 "pages: such a page is dead at once\n");
}

static void grafana_1326_people_without_a_method_are_told(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    const struct toc_path_step step = {.contacts = flo_only, .contact_count = 1};
    const struct toc_path path = {.name = "p", .steps = &step, .step_count = 1};
    const struct toc_policy policy = {.paths = &path, .path_count = 1};
    (void)state;
    assert_found(&policy, &duty, 1, false, "");
    assert_found(&policy, &duty, 1, true,
                 "no_method ben: has no contact method that may be used for urgent or for normal "
                 "pages: such a page is dead at once\n"
                 "no_method flo: has no contact method that may be used for urgent or for normal "
                 "pages: such a page is dead at once\n");
}

static int run(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rotation_without_gaps_is_well),
        cmocka_unit_test(gaps_are_told_once_with_the_first_and_their_sum),
        cmocka_unit_test(a_time_that_is_meant_to_have_nobody_is_no_gap),
        cmocka_unit_test(a_schedule_that_begins_later_has_nobody_until_then),
        cmocka_unit_test(holes_between_zones_whose_clocks_change_apart_are_told_as_such),
        cmocka_unit_test(a_gap_that_wanders_with_the_clocks_is_a_common_gap),
        cmocka_unit_test(a_free_day_after_a_change_of_the_clocks_is_a_common_gap),
        cmocka_unit_test(what_hides_another_is_told),
        cmocka_unit_test(goalert_4548_a_step_that_is_empty_at_some_time_is_told_before_it_is),
        cmocka_unit_test(a_layer_that_never_counts_is_told),
        cmocka_unit_test(a_path_that_reaches_nobody_is_told_even_where_that_is_meant),
        cmocka_unit_test(neighbouring_steps_with_the_same_people_are_told),
        cmocka_unit_test(people_whose_shifts_are_over_need_no_method),
        cmocka_unit_test(grafana_1326_people_without_a_method_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run_with_zones(run);
}
