/* Schedules of a policy: what is read, what follows from it, and what is refused. */
#include "tests/unit/policy_case.h"

#define REST                                                                                       \
    "queues: {q: {tier: 1}}\n"                                                                     \
    "routes: [{rule: all, queue: q}]\n"
#define BASE                                                                                       \
    "      - {name: base, rotation: weekly, start: 2026-01-05, at: \"09:00\", people: [ana, "      \
    "ben]}\n"

#define LAYER(rest) "policy: 1\nschedules: {s: {zone: UTC, layers: [{" rest "}]}}\n" REST
#define SHIFT(rest)                                                                                \
    "policy: 1\nschedules:\n  s:\n    zone: Europe/Dublin\n    layers:\n" BASE                     \
    "    temporary: [{" rest "}]\n" REST
#define STEP(rest)                                                                                 \
    "policy: 1\nschedules:\n  prim:\n    zone: UTC\n    layers:\n" BASE                            \
    "paths: {p: {steps: [{" rest "}]}}\n" REST

static void a_schedule_is_read_with_all_that_it_has(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\n"
             "calendars: {c: {zone: UTC, weekly: {mon-fri: \"09:00-17:00\"}}}\n"
             "schedules:\n"
             "  s:\n"
             "    zone: Europe/Dublin\n"
             "    layers:\n" BASE
             "      - {name: nights, rotation: monthly, every: 2, start: 2026-01-31, people: dee,\n"
             "         hours: {sat-mon: [\"21:00-09:00\"]}, calendar: c, zone: Asia/Tokyo}\n"
             "    temporary:\n"
             "      - {from: \"2026-07-01 00:00\", until: \"2026-07-02 12:30\", people: [flo]}\n"
             "      - {from: \"2026-12-24 00:00\", until: \"2026-12-25 00:00\", people: []}\n"
             "    budget: 0\n" REST);
    const struct toc_schedule *s = toc_policy_schedule(policy, TOC_STR("s"));
    const struct toc_layer *layer;
    (void)state;
    assert_non_null(s);
    assert_string_equal(toc_tz_name(s->zone), "Europe/Dublin");
    assert_int_equal(s->budget, 0);
    assert_int_equal(s->layer_count, 2);
    layer = &s->layers[0];
    assert_string_equal(layer->name, "base");
    assert_int_equal(layer->rotation, TOC_ROTATION_WEEKLY);
    assert_int_equal(layer->every, 1);
    assert_int_equal(layer->start_day, toc_days_from_date(2026, 1, 5));
    assert_int_equal(layer->at_ms, 9 * TOC_HOUR_MS);
    assert_string_equal(layer->people[1], "ben");
    assert_int_equal(layer->hour_count, 0);
    layer = &s->layers[1];
    assert_int_equal(layer->rotation, TOC_ROTATION_MONTHLY);
    assert_int_equal(layer->every, 2);
    assert_int_equal(layer->person_count, 1);
    assert_string_equal(toc_tz_name(layer->zone), "Asia/Tokyo");
    assert_string_equal(toc_calendar_name(layer->calendar), "c");
    assert_int_equal(layer->hour_count, 4); /* until Tuesday, and from Saturday until midnight */
    assert_int_equal(layer->hours[0].from_ms, 0);
    assert_int_equal(layer->hours[0].until_ms, 9 * TOC_HOUR_MS);
    assert_int_equal(layer->hours[3].from_ms, (6 * 24 + 21) * (toc_time_ms)TOC_HOUR_MS);
    assert_int_equal(layer->hours[3].until_ms, 7 * TOC_DAY_MS);
    assert_int_equal(s->temporary_count, 2);
    assert_int_equal(s->temporary[0].from_ms, /* Irish summer time */
                     toc_days_from_date(2026, 6, 30) * TOC_DAY_MS + 23 * TOC_HOUR_MS);
    assert_int_equal(s->temporary[1].person_count, 0);
    assert_null(toc_policy_schedule(policy, TOC_STR("t")));
    toc_policy_free(policy);
}

static void hours_that_overlap_or_touch_are_one(void **state)
{
    struct toc_policy *policy = good(LAYER("name: a, rotation: daily, start: 2026-01-05, people: x,"
                                           "hours: {mon-sun: [\"00:00-24:00\"], tue: [\"08:00-"
                                           "09:00\"]}"));
    (void)state;
    assert_int_equal(policy->schedules[0].layers[0].hour_count, 1);
    assert_int_equal(policy->schedules[0].layers[0].hours[0].until_ms, 7 * TOC_DAY_MS);
    toc_policy_free(policy);
}

static void a_step_names_schedules(void **state)
{
    struct toc_policy *policy =
        good("policy: 1\nschedules:\n  prim:\n    zone: UTC\n    layers:\n" BASE
             "paths: {p: {steps: [{schedule: prim, wait: 5m}, {page: [gus], schedule: [prim], "
             "round_robin: yes, wait: 1m}]}}\n" REST);
    const struct toc_path_step *steps = policy->paths[0].steps;
    (void)state;
    assert_int_equal(steps[0].contact_count, 0);
    assert_int_equal(steps[0].schedule_count, 1);
    assert_ptr_equal(steps[0].schedules[0], &policy->schedules[0]);
    assert_false(steps[0].round_robin);
    assert_int_equal(steps[1].contact_count, 1);
    assert_true(steps[1].round_robin);
    toc_policy_free(policy);
}

static void what_is_wrong_with_a_layer_is_told_with_its_place(void **state)
{
    (void)state;
    assert_error("policy: 1\nschedules: {s: {zone: UTC, budget: two, layers: [{name: a, rotation: "
                 "daily, start: 2026-02-03, people: [x]}]}}\n" REST,
                 "p.yaml:2:", "'budget' has to be a whole number up to 100000, not 'two'", NULL);
    assert_error(LAYER("name: a, rotation: weakly, start: 2026-01-05, people: [x]"),
                 "p.yaml:2:57: ", "unknown rotation 'weakly'", "did you mean 'weekly'?");
    assert_error(LAYER("name: a, rotation: daily, every: 0, start: 2026-01-05, people: [x]"),
                 "p.yaml:2:71: ", "'every' is at least 1", NULL);
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-30, people: [x]"),
                 "p.yaml:2:71: ", "there is no date '2026-02-30'", "2026-12-24");
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03, people: []"),
                 "p.yaml:2:91: ", "a layer of nobody", NULL);
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03"),
                 "p.yaml:2:37: ", "a layer has no 'people'", NULL);
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03, people: [x], at: 9am"),
                 "p.yaml:2:100: ", "'at' '9am' is not a time of day", "17:00");
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03, people: [x], hours: {}"),
                 "p.yaml:2:103: ", "'hours' has to have 1 to 168 windows", "mon-fri");
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03, people: [x], calendar: c"),
                 "p.yaml:2:106: ", "there is no calendar 'c'", NULL);
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03, people: [x], zone: Mars"),
                 "p.yaml:2:102: ", "unknown zone 'Mars'", "IANA");
    assert_error(LAYER("name: a, rotation: daily, start: 2026-02-03, people: [x]}, {name: a, "
                       "rotation: daily, start: 2026-02-03, people: [x]"),
                 "p.yaml:2:104: ", "layer 'a' twice", NULL);
    assert_error("policy: 1\nschedules: {s: {zone: UTC, layers: []}}\n" REST,
                 "p.yaml:2:36: ", "schedule 's' has no layers", NULL);
}

static void what_is_wrong_with_a_temporary_shift_is_told_with_its_place(void **state)
{
    (void)state;
    assert_error(SHIFT("from: 2026-12-24, until: \"2026-12-27 00:00\", people: [flo]"),
                 "p.yaml:7:24: ", "there is no date and time '2026-12-24'", "2026-12-24 00:00");
    assert_error(SHIFT("from: \"2026-12-24 00:00\", until: \"2026-12-24 00:00\", people: [flo]"),
                 "p.yaml:7:51: ", "ends before it begins", NULL);
    assert_error(SHIFT("from: \"2026-12-24 00:00\", until: \"2026-12-25 00:00\", people: [a, b, c, "
                       "d, e, f, g, h, i]"),
                 "p.yaml:7:79: ", "more than 8 people", NULL);
    assert_error(SHIFT("from: \"2026-12-24 00:00\", until: \"2326-12-24 00:00\", people: [flo]"),
                 "p.yaml:7:51: ", "there is no date and time '2326-12-24 00:00'", "1970 to 2199");
}

static void what_is_wrong_with_a_step_is_told_with_its_place(void **state)
{
    (void)state;
    assert_error(STEP("schedule: prin, wait: 5m"), "p.yaml:7:32: ", "there is no schedule 'prin'",
                 "did you mean 'prim'?");
    assert_error(STEP("wait: 5m"), "p.yaml:7:21: ", "a step has neither 'page' nor 'schedule'",
                 "schedule: [NAME]");
    assert_error(STEP("schedule: prim, round_robin: maybe, wait: 5m"),
                 "p.yaml:7:51: ", "unknown answer 'maybe'", NULL);
    assert_error(STEP("page: [], wait: 5m"), "p.yaml:7:20: ", "path 'p' pages nobody", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_is_read_with_all_that_it_has),
        cmocka_unit_test(hours_that_overlap_or_touch_are_one),
        cmocka_unit_test(a_step_names_schedules),
        cmocka_unit_test(what_is_wrong_with_a_layer_is_told_with_its_place),
        cmocka_unit_test(what_is_wrong_with_a_temporary_shift_is_told_with_its_place),
        cmocka_unit_test(what_is_wrong_with_a_step_is_told_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
