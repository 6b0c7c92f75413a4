#include "common/alert_match.h"

#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static Tocsin__V1__Alert alert(void)
{
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    alert.queue = toc_wire_text("support");
    alert.rule = toc_wire_text("late");
    alert.severity = toc_wire_text("warning");
    alert.priority = TOCSIN__V1__PRIORITY__PRIORITY_P2;
    alert.source = toc_wire_text("shop/eu");
    alert.metric = toc_wire_text("first_reply");
    alert.cause = toc_wire_text("breached:first_reply/1/0 late");
    alert.path = toc_wire_text("desk");
    return alert;
}

static bool fits(const char *text)
{
    struct toc_alert_match match;
    const Tocsin__V1__Alert about = alert();
    assert_null(toc_alert_match_read(text, &match));
    return toc_alert_match(&match, &about);
}

static const char *wrong(const char *text)
{
    struct toc_alert_match match;
    const char *why = toc_alert_match_read(text, &match);
    return why != NULL ? why : "nothing";
}

static bool has_critical(const char *text)
{
    struct toc_alert_match match;
    assert_null(toc_alert_match_read(text, &match));
    return toc_alert_match_has_critical(&match);
}

static void every_term_has_to_hold_and_one_value_of_each(void **state)
{
    (void)state;
    assert_true(fits("queue=support severity=warning,info source!=demo"));
    assert_true(fits("  queue=billing,support  "));
    assert_false(fits("queue=support severity=critical"));
    assert_false(fits("queue=support source!=demo,shop/eu"));
    assert_true(fits("priority=P2 rule=late metric=first_reply path=desk"));
}

static void patterns_are_stars_and_question_marks(void **state)
{
    (void)state;
    assert_true(fits("cause=breached:*"));
    assert_true(fits("cause=breached:first_reply/1/0?late"));
    assert_true(fits("source=shop/??"));
    assert_false(fits("queue=supp"));
    assert_false(fits("queue=support source!=shop/*"));
}

static void what_an_alert_has_not_fits_no_value(void **state)
{
    (void)state;
    assert_false(fits("queue=support risk=*"));
    assert_true(fits("queue=support risk!=severe"));
}

static void one_that_fits_everything_has_to_name_severities(void **state)
{
    (void)state;
    const char why[] = "matcher: it would fit every alert; say severity=* if that is meant";
    assert_string_equal(wrong(""), why);
    assert_string_equal(wrong("queue=*"), why);
    assert_string_equal(wrong("source!=demo"), why);
    assert_string_equal(wrong("queue=support,**"), why);
    assert_string_equal(wrong("cause=?*"), why);
    assert_string_equal(wrong("cause=*??"), why);
    assert_string_equal(wrong("queue=?"), "nothing");
    assert_string_equal(wrong("severity=*"), "nothing");
    assert_string_equal(wrong("severity=info,warning"), "nothing");
}

static void what_is_no_matcher_says_why(void **state)
{
    (void)state;
    char many[TOC_ALERT_MATCH_MAX + 2] = "queue=";
    assert_string_equal(wrong("support"),
                        "matcher: KEY=VALUE or KEY!=VALUE, with blanks between them");
    assert_non_null(strstr(wrong("team=a"), "the keys are"));
    assert_non_null(strstr(wrong("=a"), "the keys are"));
    assert_non_null(strstr(wrong("queue="), "a value is missing"));
    assert_non_null(strstr(wrong("queue=a,"), "a value is missing"));
    assert_non_null(strstr(wrong("queue=,a"), "a value is missing"));
    assert_non_null(strstr(wrong("severity=warn"), "severity is"));
    assert_non_null(strstr(wrong("priority=1"), "priority is"));
    assert_non_null(strstr(wrong("risk=high"), "risk is"));
    memset(many + 6, 'a', sizeof(many) - 7);
    assert_non_null(strstr(wrong(many), "at most 200 bytes"));
    snprintf(many, sizeof(many), "%s", "");
    for (int i = 0; i < 17; i++)
        strcat(many, "path=a ");
    assert_non_null(strstr(wrong(many), "at most 16 terms"));
}

static void critical_ones_fit_unless_severities_leave_them_out(void **state)
{
    (void)state;
    assert_true(has_critical("queue=support"));
    assert_true(has_critical("severity=*"));
    assert_true(has_critical("queue=support severity!=info"));
    assert_false(has_critical("severity=error,warning,info"));
    assert_false(has_critical("queue=support severity!=critical"));
    assert_false(has_critical("queue=support severity!=crit*"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_term_has_to_hold_and_one_value_of_each),
        cmocka_unit_test(patterns_are_stars_and_question_marks),
        cmocka_unit_test(what_an_alert_has_not_fits_no_value),
        cmocka_unit_test(one_that_fits_everything_has_to_name_severities),
        cmocka_unit_test(what_is_no_matcher_says_why),
        cmocka_unit_test(critical_ones_fit_unless_severities_leave_them_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
