/* Shifts as a person thinks of them, and their .ics files. */
#include "services/cli/oncall/export.h"
#include "tests/unit/oncall_desk.h"

#include <libical/ical.h>

/* --- shifts ----------------------------------------------------------------------------------- */

static void assert_shift(const struct toc_shift *shift, const char *person, const char *from,
                         const char *until)
{
    char out[WHEN_MAX];
    assert_string_equal(shift->who.count > 0 ? shift->who.people[0] : "nobody", person);
    assert_string_equal(when_wall(out, dublin, shift->from_ms), from);
    assert_string_equal(when_wall(out, dublin, shift->until_ms), until);
}

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

/* With gaps, two zones and both changes of the clocks. */
static void every_instant_of_a_shift_finds_the_same_shift(void **state)
{
    struct toc_week_window day[7], night[7];
    const struct toc_layer layers[] = {hours(ana_ben, dublin, 1, 3, day),
                                       hours(flo_only, new_york, 1, 20, night)};
    const struct toc_schedule schedule = schedule_of(layers, 2);
    const struct toc_override overrides[] = {
        {"ov-1", "gus", "flo", at("2026-03-28 22:00"), at("2026-03-29 04:00")},
        {"ov-2", "hal", "", at("2026-07-01"), at("2026-07-03 12:00")}};
    const struct duty duty = {&schedule, {overrides, 2}};
    struct toc_shift shift, found;
    size_t count = 0;
    (void)state;
    duty_at(&duty, at("2026-01-06"), &shift);
    do {
        toc_time_ms looks[] = {shift.from_ms, shift.until_ms - 1,
                               shift.from_ms + (shift.until_ms - shift.from_ms) / 3};
        for (size_t i = 0; i < 3; i++) {
            duty_at(&duty, looks[i], &found);
            assert_int_equal(found.from_ms, shift.from_ms);
            assert_int_equal(found.until_ms, shift.until_ms);
            assert_int_equal(found.who.count, shift.who.count);
        }
        count++;
    } while (duty_next(&duty, &shift) && shift.from_ms < at("2027-02-01"));
    assert_true(count > 1000);
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

static int run(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shift_is_whole_wherever_one_looks),
        cmocka_unit_test(before_the_first_hand_over_nobody_ever_was),
        cmocka_unit_test(one_person_alone_has_no_end_in_sight),
        cmocka_unit_test(an_override_is_a_shift_and_is_named),
        cmocka_unit_test(every_instant_of_a_shift_finds_the_same_shift),
        cmocka_unit_test(libical_reads_the_shifts_as_they_are),
        cmocka_unit_test(the_uid_of_a_shift_stays),
        cmocka_unit_test(only_the_shifts_of_one_person_are_written),
        cmocka_unit_test(lines_are_folded_and_texts_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return run_with_zones(run);
}
