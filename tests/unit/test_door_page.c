/* The page behind a link, in each of its states. */
#include "services/notifier/door/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1795327200000) /* 2026-11-22T06:00:00Z */

static uint8_t alert_id[TOC_ID] = {0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f};
static Tocsin__V1__Alert alert;
static Tocsin__V1__Page page;
static struct door_answer answer;
static char *text;

static int begin(void **state)
{
    (void)state;
    tocsin__v1__alert__init(&alert);
    tocsin__v1__page__init(&page);
    alert.id = toc_wire_binary(toc_str(alert_id, TOC_ID));
    alert.state = TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    alert.severity = toc_wire_text("critical");
    alert.cause = toc_wire_text("opened critical");
    alert.queue = toc_wire_text("desk");
    alert.opened_ms = NOW_MS - TOC_MINUTE_MS;
    alert.due_ms = NOW_MS + 250000;
    alert.next_ms = TOC_TIME_NEVER;
    alert.last_seq = 12;
    page.contact = toc_wire_text("ana");
    answer = (struct door_answer){.status = 200,
                                  .alert = &alert,
                                  .page = &page,
                                  .reader = {text_english(), NULL},
                                  .may_act = true,
                                  .may_note = true};
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

static void write_page(void)
{
    size_t size;
    free(text);
    text = page_write(&answer, NOW_MS, &size);
    assert_non_null(text);
}

/* "ack snooze": the buttons, in their order. */
static void assert_buttons(const char *expected)
{
    char found[200] = "";
    write_page();
    for (const char *at = text; (at = strstr(at, " value=\"")) != NULL; at++) {
        const char *value = at + 8;
        size_t size = strcspn(value, "\"");
        if (at - text < 14 || memcmp(at - 14, " name=\"action\"", 14) != 0)
            continue;
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%.*s",
                 found[0] != '\0' ? " " : "", (int)size, value);
    }
    assert_string_equal(found, expected);
}

static void set_state(Tocsin__V1__AlertState state, const char *by)
{
    alert.state = state;
    alert.acked_by = toc_wire_text(by);
}

static void buttons_are_those_that_can_do_something(void **state)
{
    (void)state;
    assert_buttons("ack snooze escalate note resolve");
    set_state(TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED, "ben");
    assert_buttons("take escalate note resolve");
    set_state(TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED, "ana");
    assert_buttons("snooze escalate note resolve");
    alert.ack_ends_ms = NOW_MS + TOC_HOUR_MS; /* it can be said again */
    assert_buttons("ack snooze escalate note resolve");
    set_state(TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED, "ben");
    alert.snoozed_ms = NOW_MS + TOC_HOUR_MS;
    assert_buttons("ack snooze escalate note resolve");
    answer.may_act = false;
    assert_buttons("note");
    answer.may_note = false;
    assert_buttons("");
}

static void what_goes_on_names_what_was_seen_and_an_answer_does_not(void **state)
{
    (void)state;
    write_page();
    const char *escalate = strstr(text, "value=\"escalate\""), *ack = strstr(text, "value=\"ack\"");
    const char *version = strstr(text, "name=\"version\" value=\"12\"");
    assert_true(ack < version && version < escalate);
}

/* What Enter in the field would press is a note, or there is no field. */
static void enter_never_resolves(void **state)
{
    (void)state;
    write_page();
    const char *field = strstr(text, "name=\"note\"");
    assert_true(field < strstr(text, "value=\"note\""));
    assert_true(strstr(text, "value=\"note\"") < strstr(text, "value=\"resolve\""));
    answer.may_note = false;
    assert_buttons("ack snooze escalate resolve");
    assert_null(strstr(text, "name=\"note\""));
}

static void one_that_stands_for_others_offers_them_too(void **state)
{
    (void)state;
    write_page();
    assert_null(strstr(text, "name=\"group\""));
    page.carries = 37;
    write_page();
    assert_non_null(strstr(text, "value=\"yes\"> The same for all of its group, 37 more</label>"));
}

static void names_are_shown_and_nothing_else(void **state)
{
    (void)state;
    alert.queue = toc_wire_text("<b>\"q\"</b>&");
    alert.cause = toc_wire_text("</h1><script>alert(1)</script>");
    alert.category = toc_wire_text("\xe2\x80\xaetxt\xc2\x9b");
    page.contact = toc_wire_text("'><img src=x>");
    write_page();
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<img"));
    assert_null(strstr(text, "<b>"));
    assert_non_null(strstr(text, "<dd>?txt?</dd>"));
    assert_non_null(strstr(text, "<dd>&#60;b&#62;&#34;q&#34;&#60;/b&#62;&#38;</dd>"));
}

static void an_issue_is_named_where_there_is_one(void **state)
{
    (void)state;
    write_page();
    assert_null(strstr(text, "<dd>#</dd>"));
    alert.source = toc_wire_text("crm");
    alert.subject = toc_wire_text("T-1");
    write_page();
    assert_non_null(strstr(text, "<dd>crm#T-1</dd>"));
}

static void a_path_that_is_through_is_at_no_step(void **state)
{
    (void)state;
    alert.path = toc_wire_text("night");
    write_page();
    assert_non_null(strstr(text, "<dd>1 (night)</dd>"));
    set_state(TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED, "");
    write_page();
    assert_null(strstr(text, "(night)"));
}

static void what_is_wrong_is_said_in_the_language_or_as_it_is(void **state)
{
    (void)state;
    answer.status = 409;
    answer.detail = "the alert is acknowledged already";
    answer.reader.language = text_language(TOC_STR("es"));
    write_page();
    assert_non_null(strstr(text, "<p>Ya la tiene otra persona.</p>"));
    answer.detail = "something that nobody has put into words";
    write_page();
    assert_non_null(strstr(text, "<p>something that nobody has put into words</p>"));
}

static void it_is_small(void **state)
{
    (void)state;
    write_page();
    assert_true(strlen(text) < 6000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(buttons_are_those_that_can_do_something),
        TEST(what_goes_on_names_what_was_seen_and_an_answer_does_not),
        TEST(enter_never_resolves),
        TEST(one_that_stands_for_others_offers_them_too),
        TEST(names_are_shown_and_nothing_else),
        TEST(an_issue_is_named_where_there_is_one),
        TEST(a_path_that_is_through_is_at_no_step),
        TEST(what_is_wrong_is_said_in_the_language_or_as_it_is),
        TEST(it_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
