#include "services/cli/policy/ics.h"

#include "common/policy/dates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

#define NOW (toc_days_from_date(2026, 6, 15) * TOC_DAY_MS)

static enum toc_err expand(struct toc_str text, const char *zone_name, char **out,
                           char wrong[ICS_WRONG_MAX])
{
    struct toc_tz *zone = NULL;
    assert_int_equal(toc_tz_load(zone_name, &zone), TOC_OK);
    enum toc_err err = ics_dates(text, zone, NOW, out, wrong);
    toc_tz_free(zone);
    return err;
}

/* A calendar around the events. */
static char *wrap(const char *events)
{
    char *text = NULL;
    assert_true(asprintf(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%sEND:VCALENDAR\r\n", events) >
                0);
    return text;
}

static void assert_dates(const char *events, const char *zone, const char *expected)
{
    char wrong[ICS_WRONG_MAX] = "", *dates = NULL, *text = wrap(events);
    enum toc_err err = expand(toc_str_of(text), zone, &dates, wrong);
    if (err != TOC_OK)
        print_error("%s\n", wrong);
    assert_int_equal(err, TOC_OK);
    assert_string_equal(dates, expected);
    free(dates);
    free(text);
}

static void assert_wrong(const char *text, const char *expected)
{
    char wrong[ICS_WRONG_MAX] = "", *dates = NULL;
    assert_int_equal(expand(toc_str_of(text), "UTC", &dates, wrong), TOC_ERR_CONFIG);
    assert_string_equal(wrong, expected);
}

#define EVENT(lines) "BEGIN:VEVENT\r\n" lines "END:VEVENT\r\n"

/* --- what an event closes --------------------------------------------------------------------- */

static void an_event_of_all_day_closes_its_dates(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:New Year\r\nDTSTART;VALUE=DATE:20260101\r\n")
                     EVENT("SUMMARY:  Hari\\, Raya \r\nDTSTART;VALUE=DATE:20260320\r\n"
                           "DTEND;VALUE=DATE:20260322\r\n"),
                 "Asia/Kuala_Lumpur",
                 "2026-01-01 holiday New Year\n"
                 "2026-03-20 holiday Hari, Raya\n"
                 "2026-03-21 holiday Hari, Raya\n");
}

static void an_end_of_another_kind_is_one_day(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Labor Day\r\nDTSTART;VALUE=DATE:20260907\r\n"
                       "DTEND:20260907T040001Z\r\n"),
                 "America/New_York", "2026-09-07 holiday Labor Day\n");
}

static void instants_close_the_dates_of_the_calendars_zone(void **state)
{
    static const char event[] =
        EVENT("SUMMARY:Republic Day\r\nDTSTART:20260125T183000Z\r\nDTEND:20260126T183000Z\r\n");
    (void)state;
    assert_dates(event, "Asia/Kolkata", "2026-01-26 holiday Republic Day\n");
    assert_dates(event, "UTC", "2026-01-25 part Republic Day\n");
}

static void a_zone_of_the_event_counts(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Tiradentes\r\nDTSTART;TZID=America/Sao_Paulo:20260421T000000\r\n"
                       "DTEND;TZID=America/Sao_Paulo:20260422T000000\r\n"),
                 "America/Sao_Paulo", "2026-04-21 holiday Tiradentes\n");
    assert_dates(EVENT("SUMMARY:Floating\r\nDTSTART:20260421T000000\r\nDTEND:20260422T000000\r\n"),
                 "Asia/Kolkata", "2026-04-21 holiday Floating\n");
    assert_dates(
        "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" EVENT(
            "SUMMARY:Own\r\nDTSTART;TZID=Own:20260126T000000\r\n"
            "DTEND;TZID=Own:20260127T000000\r\n"),
        "Asia/Kolkata", "2026-01-26 holiday Own\n");
}

static void a_part_of_a_day_is_told_apart(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Christmas Eve\r\nDTSTART;TZID=Europe/Dublin:20261224T130000\r\n"
                       "DTEND;TZID=Europe/Dublin:20261225T000000\r\n"),
                 "Europe/Dublin", "2026-12-24 part Christmas Eve\n");
}

/* A day that has no midnight, and days of 23 and 25 hours. */
static void days_of_other_lengths_are_whole_days(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Gap\r\nDTSTART;TZID=Africa/Cairo:20260424T010000\r\n"
                       "DTEND;TZID=Africa/Cairo:20260425T000000\r\n"),
                 "Africa/Cairo", "2026-04-24 holiday Gap\n");
    assert_dates(EVENT("SUMMARY:Long\r\nDTSTART;TZID=Europe/Berlin:20261025T000000\r\n"
                       "DTEND;TZID=Europe/Berlin:20261026T000000\r\n"),
                 "Europe/Berlin", "2026-10-25 holiday Long\n");
}

/* --- recurrences ------------------------------------------------------------------------------ */

static void a_recurrence_with_an_end_is_taken_whole(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Labour Day\r\nDTSTART;VALUE=DATE:20220501\r\n"
                       "RRULE:FREQ=YEARLY;UNTIL=20251231\r\n"),
                 "UTC",
                 "2022-05-01 holiday Labour Day\n2023-05-01 holiday Labour Day\n"
                 "2024-05-01 holiday Labour Day\n2025-05-01 holiday Labour Day\n");
    assert_dates(EVENT("SUMMARY:Memorial\r\nDTSTART;VALUE=DATE:20260525\r\n"
                       "RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=5;BYDAY=-1MO\r\n"),
                 "UTC", "2026-05-25 holiday Memorial\n2027-05-31 holiday Memorial\n");
}

static void one_without_an_end_goes_from_last_year_to_the_third_from_now(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Labour Day\r\nDTSTART;VALUE=DATE:19910501\r\n"
                       "RRULE:FREQ=YEARLY\r\n"),
                 "UTC",
                 "2025-05-01 holiday Labour Day\n2026-05-01 holiday Labour Day\n"
                 "2027-05-01 holiday Labour Day\n2028-05-01 holiday Labour Day\n"
                 "2029-05-01 holiday Labour Day\n2029-12-31 until\n");
}

static void exceptions_and_further_dates_count(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:X\r\nDTSTART;VALUE=DATE:20260101\r\n"
                       "RRULE:FREQ=YEARLY;COUNT=4\r\nEXDATE;VALUE=DATE:20270101,20280101\r\n"
                       "RDATE;VALUE=DATE:20260202\r\n"),
                 "UTC", "2026-01-01 holiday X\n2026-02-02 holiday X\n2029-01-01 holiday X\n");
}

static void an_instance_may_be_moved_or_cancelled(void **state)
{
    (void)state;
    assert_dates(EVENT("UID:a\r\nSUMMARY:King's Birthday\r\nDTSTART;VALUE=DATE:20260601\r\n"
                       "RRULE:FREQ=YEARLY;COUNT=3\r\n")
                     EVENT("UID:a\r\nRECURRENCE-ID;VALUE=DATE:20270601\r\n"
                           "SUMMARY:King's Birthday\r\nDTSTART;VALUE=DATE:20270607\r\n")
                         EVENT("UID:a\r\nRECURRENCE-ID;VALUE=DATE:20280601\r\nSTATUS:CANCELLED\r\n"
                               "SUMMARY:King's Birthday\r\nDTSTART;VALUE=DATE:20280601\r\n"),
                 "UTC", "2026-06-01 holiday King's Birthday\n2027-06-07 holiday King's Birthday\n");
}

static void a_recurrence_that_never_stops_has_a_limit(void **state)
{
    static const char *const rules[] = {"FREQ=DAILY", "FREQ=SECONDLY", "FREQ=DAILY;COUNT=100000",
                                        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"};
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        char event[300], wrong[ICS_WRONG_MAX] = "", *dates = NULL, *text;
        snprintf(event, sizeof(event),
                 EVENT("SUMMARY:Ever\r\nDTSTART;VALUE=DATE:20000101\r\nRRULE:%s\r\n"), rules[i]);
        text = wrap(event);
        enum toc_err err = expand(toc_str_of(text), "UTC", &dates, wrong);
        if (err == TOC_OK)
            print_error("%s: %.200s\n", rules[i], dates);
        assert_int_equal(err, TOC_ERR_CONFIG);
        assert_string_not_equal(wrong, "");
        free(text);
    }
}

/* --- which days ---------------------------------------------------------------------------------
 */

static void zammad_390_days_that_people_work_on_are_told_apart(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:Valentine's Day\r\nDTSTART;VALUE=DATE:20260214\r\n") EVENT(
                     "SUMMARY:Arbor Day\r\nDTSTART;VALUE=DATE:20260424\r\n"
                     "DESCRIPTION:State Observance - Arbor Day is a state observance\r\n")
                     EVENT("SUMMARY:Nevada Day (Nevada)\r\nDTSTART;VALUE=DATE:20261030\r\n")
                         EVENT("SUMMARY:Holi\r\nDTSTART;VALUE=DATE:20260304\r\n"
                               "DESCRIPTION:Observance\\nTo hide observances\\, go to Settings\r\n")
                             EVENT("SUMMARY:Thanksgiving\r\nDTSTART;VALUE=DATE:20261126\r\n"
                                   "DESCRIPTION:Public holiday\r\n"),
                 "UTC",
                 "2026-02-14 observance Valentine's Day\n2026-03-04 observance Holi\n"
                 "2026-04-24 observance Arbor Day\n2026-10-30 regional Nevada Day (Nevada)\n"
                 "2026-11-26 holiday Thanksgiving\n");
}

static void a_date_is_listed_once_and_a_name_stays_on_its_line(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:A\\nB\tC\x01 D\r\nDTSTART;VALUE=DATE:20260101\r\n")
                     EVENT("SUMMARY:A B C D\r\nDTSTART;VALUE=DATE:20260101\r\n")
                         EVENT("DTSTART;VALUE=DATE:20260102\r\n"),
                 "UTC", "2026-01-01 holiday A B C D\n2026-01-02 holiday without a name\n");
}

/* --- what is no calendar
 * -------------------------------------------------------------------------- */

static void what_is_no_calendar_of_holidays_is_refused(void **state)
{
    char *odd = wrap(EVENT("SUMMARY:X\r\nDTSTART;TZID=Nowhere/City:20260101T000000\r\n"));
    (void)state;
    assert_wrong("", "no calendar (.ics) in it");
    assert_wrong("policy: 1\n", "no calendar (.ics) in it");
    assert_wrong("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "no dates in it");
    assert_wrong("BEGIN:VCALENDAR\r\nSUMMARY:\xff\r\nEND:VCALENDAR\r\n", "not UTF-8");
    assert_wrong(odd, "'X' is in the unknown zone 'Nowhere/City'");
    free(odd);
}

static void what_is_wrong_is_told_on_one_line(void **state)
{
    char *text = wrap(EVENT("SUMMARY:X\r\nDTSTART;TZID=No\x01where:20260101T000000\r\n"));
    (void)state;
    assert_wrong(text, "'X' is in the unknown zone 'No where'");
    free(text);
}

/* libical hands out the day 0 of a month. */
static void dates_that_do_not_exist_are_left_out(void **state)
{
    (void)state;
    assert_dates(EVENT("SUMMARY:X\r\nDTSTART;VALUE=DATE:20260101\r\n"
                       "EXDATE;VALUE=DATE:20260300\r\nRDATE;VALUE=DATE:20260003,20260302\r\n"),
                 "UTC", "2026-01-01 holiday X\n2026-03-02 holiday X\n");
}

static void a_file_that_is_cut_anywhere_breaks_nothing(void **state)
{
    char *text = wrap(EVENT("SUMMARY:X\r\nDTSTART;VALUE=DATE:20260101\r\n"
                            "RRULE:FREQ=YEARLY;COUNT=3\r\nEXDATE;VALUE=DATE:20270101\r\n"));
    (void)state;
    for (size_t size = 0; size < strlen(text); size++) {
        char wrong[ICS_WRONG_MAX] = "", *dates = NULL;
        enum toc_err err = expand(toc_str(text, size), "UTC", &dates, wrong);
        assert_true(err == TOC_OK || err == TOC_ERR_CONFIG);
        free(dates);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_all_day_closes_its_dates),
        cmocka_unit_test(an_end_of_another_kind_is_one_day),
        cmocka_unit_test(instants_close_the_dates_of_the_calendars_zone),
        cmocka_unit_test(a_zone_of_the_event_counts),
        cmocka_unit_test(a_part_of_a_day_is_told_apart),
        cmocka_unit_test(days_of_other_lengths_are_whole_days),
        cmocka_unit_test(a_recurrence_with_an_end_is_taken_whole),
        cmocka_unit_test(one_without_an_end_goes_from_last_year_to_the_third_from_now),
        cmocka_unit_test(exceptions_and_further_dates_count),
        cmocka_unit_test(an_instance_may_be_moved_or_cancelled),
        cmocka_unit_test(a_recurrence_that_never_stops_has_a_limit),
        cmocka_unit_test(zammad_390_days_that_people_work_on_are_told_apart),
        cmocka_unit_test(a_date_is_listed_once_and_a_name_stays_on_its_line),
        cmocka_unit_test(what_is_no_calendar_of_holidays_is_refused),
        cmocka_unit_test(what_is_wrong_is_told_on_one_line),
        cmocka_unit_test(dates_that_do_not_exist_are_left_out),
        cmocka_unit_test(a_file_that_is_cut_anywhere_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
