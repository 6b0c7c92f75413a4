/* Shifts as a person thinks of them, their .ics files, and what `tocsin oncall check` finds. */
#include "services/cli/oncall/export.h"
#include "services/cli/oncall/lint.h"
#include "services/cli/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <libical/ical.h>

/* --- helpers ---------------------------------------------------------------------------------- */

static struct toc_tz *dublin, *new_york;

static toc_time_ms at(const char *text)
{
    toc_time_ms at_ms = 0;
    assert_true(when_read(toc_str_of(text), dublin, 0, &at_ms));
    return at_ms;
}

static const char *const ana_ben[] = {"ana", "ben"};
static const char *const flo_only[] = {"flo"};

/* Ana and ben week about, from Monday 5 January 2026 at 9 in Dublin. */
static struct toc_layer weekly(void)
{
    return (struct toc_layer){.name = "base",
                              .zone = dublin,
                              .rotation = TOC_ROTATION_WEEKLY,
                              .every = 1,
                              .start_day = toc_days_from_date(2026, 1, 5),
                              .at_ms = 9 * (toc_time_ms)TOC_HOUR_MS,
                              .people = ana_ben,
                              .person_count = 2};
}

/* One person every day of the week, from and until an hour of the zone's wall. */
static struct toc_layer hours(const char *const *person, const struct toc_tz *zone, unsigned from,
                              unsigned until, struct toc_week_window windows[7])
{
    struct toc_layer layer = weekly();
    for (unsigned day = 0; day < 7; day++)
        windows[day] =
            (struct toc_week_window){day * TOC_DAY_MS + from * (toc_time_ms)TOC_HOUR_MS,
                                     day * TOC_DAY_MS + until * (toc_time_ms)TOC_HOUR_MS};
    layer.name = "hours";
    layer.zone = zone;
    layer.at_ms = 0;
    layer.people = person;
    layer.person_count = 1;
    layer.hours = windows;
    layer.hour_count = 7;
    return layer;
}

static struct toc_schedule schedule_of(const struct toc_layer *layers, size_t count)
{
    return (struct toc_schedule){
        .name = "safety", .zone = dublin, .layers = layers, .layer_count = count};
}

static void assert_shift(const struct toc_shift *shift, const char *person, const char *from,
                         const char *until)
{
    char out[WHEN_MAX];
    assert_string_equal(shift->who.count > 0 ? shift->who.people[0] : "nobody", person);
    assert_string_equal(when_wall(out, dublin, shift->from_ms), from);
    assert_string_equal(when_wall(out, dublin, shift->until_ms), until);
}

/* --- shifts ----------------------------------------------------------------------------------- */

static void a_shift_is_whole_wherever_one_looks(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    static const char *const looks[] = {"2026-03-02 09:00", "2026-03-05 12:00",
                                        "2026-03-09 08:59:59"};
    struct toc_shift shift;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        duty_at(&duty, at(looks[i]), &shift);
        assert_shift(&shift, "ana", "Mon 2026-03-02 09:00", "Mon 2026-03-09 09:00");
    }
    assert_true(duty_next(&duty, &shift));
    assert_shift(&shift, "ben", "Mon 2026-03-09 09:00", "Mon 2026-03-16 09:00");
}

static void before_the_first_hand_over_nobody_ever_was(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    struct toc_shift shift;
    (void)state;
    duty_at(&duty, at("2025-12-01"), &shift);
    assert_shift(&shift, "nobody", "ever", "Mon 2026-01-05 09:00");
    duty_at(&duty, at("1801-01-01"), &shift);
    assert_int_equal(shift.from_ms, TOC_TIME_MIN);
}

static void one_person_alone_has_no_end_in_sight(void **state)
{
    struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    struct toc_shift shift;
    (void)state;
    layers[0].person_count = 1;
    duty_at(&duty, at("2031-07-01"), &shift);
    assert_shift(&shift, "ana", "Mon 2026-01-05 09:00", "never");
    assert_false(duty_next(&duty, &shift));
}

static void an_override_is_a_shift_and_is_named(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct toc_override one = {"ov-1", "flo", NULL, at("2026-03-04"), at("2026-03-05")};
    const struct duty duty = {&schedule, {&one, 1}};
    struct toc_shift shift;
    (void)state;
    duty_at(&duty, at("2026-03-03"), &shift);
    assert_shift(&shift, "ana", "Mon 2026-03-02 09:00", "Wed 2026-03-04 00:00");
    assert_null(duty_override(&duty, &shift));
    assert_true(duty_next(&duty, &shift));
    assert_shift(&shift, "flo", "Wed 2026-03-04 00:00", "Thu 2026-03-05 00:00");
    assert_string_equal(duty_override(&duty, &shift)->id, "ov-1");
    assert_true(duty_knows(&duty, "flo") && duty_knows(&duty, "ben"));
    assert_false(duty_knows(&duty, "gus"));
}

/* --- .ics ------------------------------------------------------------------------------------- */

static char *written(const struct duty *duty, const char *person, const char *from,
                     const char *until)
{
    char *text = NULL;
    size_t size = 0;
    struct export export = {open_memstream(&text, &size), person, at(from), at(until),
                            at("2026-01-01")};
    export_begin(export.out, "On call");
    export_duty(&export, duty);
    export_end(export.out);
    fclose(export.out);
    return text;
}

static icalcomponent *parsed(const char *text)
{
    icalcomponent *calendar = icalparser_parse_string(text);
    assert_non_null(calendar);
    assert_int_equal(icalcomponent_count_errors(calendar), 0);
    assert_true(icalrestriction_check(calendar));
    assert_int_equal(icalcomponent_count_errors(calendar), 0);
    return calendar;
}

static toc_time_ms ms_of(icaltimetype t)
{
    return (toc_time_ms)icaltime_as_timet(t) * 1000;
}

static void libical_reads_the_shifts_as_they_are(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    char *text = written(&duty, NULL, "2026-03-05", "2026-06-01");
    icalcomponent *calendar = parsed(text);
    struct toc_shift shift;
    size_t count = 0;
    (void)state;
    duty_at(&duty, at("2026-03-05"), &shift);
    for (icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
         event != NULL;
         event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT), count++) {
        char summary[64];
        assert_true(icaltime_is_utc(icalcomponent_get_dtstart(event)));
        assert_int_equal(ms_of(icalcomponent_get_dtstart(event)), shift.from_ms);
        assert_int_equal(ms_of(icalcomponent_get_dtend(event)), shift.until_ms);
        snprintf(summary, sizeof(summary), "On call: %s (safety)", shift.who.people[0]);
        assert_string_equal(icalcomponent_get_summary(event), summary);
        assert_true(duty_next(&duty, &shift));
    }
    assert_int_equal(count, 13); /* the hand-over of summer time among them */
    icalcomponent_free(calendar);
    free(text);
}

static void assert_first_uid(const struct duty *duty, const char *from, const char *uid)
{
    char *text = written(duty, "ana", from, "2026-06-01");
    icalcomponent *calendar = parsed(text);
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    assert_string_equal(icalcomponent_get_uid(event), uid);
    icalcomponent_free(calendar);
    free(text);
}

/* What a calendar has already is changed and not doubled, whenever one exports again. */
static void the_uid_of_a_shift_stays(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct toc_override one = {"ov-1", "flo", NULL, at("2026-03-04"), at("2026-03-09 09:00")};
    const struct duty duty = {&schedule, {NULL, 0}}, shorter = {&schedule, {&one, 1}};
    static const char uid[] = "b222edb688e9cc008757a979e147a90b@tocsin";
    (void)state;
    assert_first_uid(&duty, "2026-03-02 09:00", uid);
    assert_first_uid(&duty, "2026-03-08", uid);
    assert_first_uid(&shorter, "2026-03-03", uid);
}

static void only_the_shifts_of_one_person_are_written(void **state)
{
    const struct toc_layer layers[] = {weekly()};
    const struct toc_schedule schedule = schedule_of(layers, 1);
    const struct duty duty = {&schedule, {NULL, 0}};
    char *text = written(&duty, "ben", "2026-03-02 09:00", "2026-03-30");
    icalcomponent *calendar = parsed(text);
    (void)state;
    assert_int_equal(icalcomponent_count_components(calendar, ICAL_VEVENT_COMPONENT), 2);
    assert_null(strstr(text, "ana"));
    icalcomponent_free(calendar);
    free(text);
}

#define WIDE "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"

/* RFC 5545, 3.1 and 3.3.11. */
static void lines_are_folded_and_texts_escaped(void **state)
{
    static const char name[] =
        "a, b; c\\d\ne\t\x7f" WIDE WIDE "\xf0\x9f\x9a\xa8 0123456789" WIDE WIDE;
    static const char read[] = "a, b; c\\d\ne" WIDE WIDE "\xf0\x9f\x9a\xa8 0123456789" WIDE WIDE;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    export_begin(out, name);
    export_end(out);
    fclose(out);
    for (const char *line = text, *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
        assert_true(end - line <= 75);
        assert_true(toc_str_is_text(toc_str(line, (size_t)(end - line))));
        assert_null(memchr(line, '\n', (size_t)(end - line)));
    }
    assert_non_null(strstr(text, "a\\, b\\; c\\\\d\\ne"));
    icalcomponent *calendar = icalparser_parse_string(text);
    icalproperty *p = icalcomponent_get_first_property(calendar, ICAL_X_PROPERTY);
    assert_string_equal(icalproperty_get_x_name(p), "X-WR-CALNAME");
    assert_string_equal(icalproperty_get_x(p), read); /* without control characters */
    icalcomponent_free(calendar);
    free(text);
}

/* --- check ------------------------------------------------------------------------------------ */

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
             "%sempty_step p: step 1 means nobody from Mon 2026-02-02 23:00 until Tue 2026-02-03 "
             "00:00 (Europe/Dublin), and 729 more times in two years, 30d10h in all\n",
             gaps);
    assert_step(&step, duties, 2, expected);
    assert_step(&nobody, NULL, 0, "empty_step p: step 1 never means anybody\n");
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
    assert_found(
        &policy, &duty, 1, true,
        "no_method ben: has no contact method that may be used: a page for them is dead at "
        "once\n"
        "no_method flo: has no contact method that may be used: a page for them is dead at "
        "once\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shift_is_whole_wherever_one_looks),
        cmocka_unit_test(before_the_first_hand_over_nobody_ever_was),
        cmocka_unit_test(one_person_alone_has_no_end_in_sight),
        cmocka_unit_test(an_override_is_a_shift_and_is_named),
        cmocka_unit_test(libical_reads_the_shifts_as_they_are),
        cmocka_unit_test(the_uid_of_a_shift_stays),
        cmocka_unit_test(only_the_shifts_of_one_person_are_written),
        cmocka_unit_test(lines_are_folded_and_texts_escaped),
        cmocka_unit_test(a_rotation_without_gaps_is_well),
        cmocka_unit_test(gaps_are_told_once_with_the_first_and_their_sum),
        cmocka_unit_test(a_time_that_is_meant_to_have_nobody_is_no_gap),
        cmocka_unit_test(a_schedule_that_begins_later_has_nobody_until_then),
        cmocka_unit_test(holes_between_zones_whose_clocks_change_apart_are_told_as_such),
        cmocka_unit_test(a_free_day_after_a_change_of_the_clocks_is_a_common_gap),
        cmocka_unit_test(what_hides_another_is_told),
        cmocka_unit_test(goalert_4548_a_step_that_is_empty_at_some_time_is_told_before_it_is),
        cmocka_unit_test(grafana_1326_people_without_a_method_are_told),
    };
    assert_int_equal(toc_tz_load("Europe/Dublin", &dublin), TOC_OK);
    assert_int_equal(toc_tz_load("America/New_York", &new_york), TOC_OK);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    toc_tz_free(dublin);
    toc_tz_free(new_york);
    return failed;
}
