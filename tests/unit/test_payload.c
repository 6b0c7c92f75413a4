#include "services/notifier/send/payload.h"
#include "tests/unit/page_rig.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const uint8_t key[32] = {7};
static const char *ack_link;

static int make_page(void **state)
{
    (void)state;
    ack_link = "";
    breach_page();
    page.contact = toc_wire_text("duty-safety");
    page.step = 1;
    page.repeat = 2;
    alert.category = toc_wire_text("minor_safety");
    alert.sop = toc_wire_text("minor-safety@12");
    page.after = toc_wire_text("lead-safety");
    page.after_more = 2;
    page.after_ms = NOW_MS + 300000;
    return 0;
}

static const char *body(void)
{
    static char out[PAYLOAD_MAX];
    size_t size = payload_json(&both, key, ack_link, out);
    assert_int_equal(size, strlen(out));
    return out;
}

static const char *line(void)
{
    static char out[PAYLOAD_LINE_MAX];
    size_t size = payload_line(&both, key, ack_link, NOW_MS, out);
    assert_int_equal(size, strlen(out));
    return out;
}

/* What a reader of the body finds under a key. */
static json_t *read_body(void)
{
    json_t *root = json_loads(body(), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    return root;
}

/* --- the body ------------------------------------------------------------------------------- */

static void the_body_is_this_byte_for_byte(void **state)
{
    (void)state;
    assert_string_equal(
        body(), "{\"type\":\"tocsin.page\",\"alert\":\"1a2b3c4d5e6f708192a3b4c5d6e7f809\","
                "\"delivery\":\"msg_00112233445566778899aabbccddeeff\",\"contact\":\"duty-safety\","
                "\"severity\":\"critical\",\"cause\":\"breached:first_reply/1/0 safety-breached\","
                "\"queue\":\"trust-safety\",\"priority\":\"P1\",\"risk\":\"severe\","
                "\"due_ms\":1795327450000,\"opened_ms\":1795327199000,\"step\":1,\"round\":2,"
                "\"issue\":\"ffee0000000000000000000000000000\",\"issue_ref\":\"shop/eu#T-1\","
                "\"test\":false,\"waiting\":null,\"kind\":null,\"code\":null,"
                "\"category\":\"minor_safety\",\"sop\":\"minor-safety@12\","
                "\"unconfirmed\":false,\"next\":\"lead-safety\",\"next_more\":2,"
                "\"next_ms\":1795327500000,\"more\":0,\"soonest_ms\":null,\"ack_url\":null,"
                "\"mute\":null,\"digest\":0}");
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    alert.priority = 0;
    alert.risk = 0;
    page.due_ms = 0;
    json_t *root = read_body();
    assert_true(json_is_null(json_object_get(root, "priority")));
    assert_true(json_is_null(json_object_get(root, "risk")));
    assert_true(json_is_null(json_object_get(root, "due_ms")));
    json_decref(root);
}

static void a_code_is_in_its_own_page_alone(void **state)
{
    char code[NOTIFIER_CODE_DIGITS + 1], expected[128];
    static Tocsin__V1__Alert blank = TOCSIN__V1__ALERT__INIT;
    (void)state;
    notifier_code(key, page.delivery, code);
    assert_int_equal(strlen(code), 6);
    assert_null(strstr(body(), code));
    page.alert_number = 0;
    page.kind = toc_wire_text("code");
    both.alert = &blank;
    json_t *root = read_body();
    assert_string_equal(json_string_value(json_object_get(root, "code")), code);
    assert_string_equal(json_string_value(json_object_get(root, "kind")), "code");
    assert_string_equal(json_string_value(json_object_get(root, "alert")), "");
    assert_string_equal(json_string_value(json_object_get(root, "issue")), "");
    assert_string_equal(json_string_value(json_object_get(root, "issue_ref")), "");
    json_decref(root);
    snprintf(expected, sizeof(expected),
             "2026-11-22T06:00:00Z CODE duty-safety say this code: %s\n", code);
    assert_string_equal(line(), expected);
    both.alert = &alert;
}

static void a_test_says_so(void **state)
{
    (void)state;
    alert.test = true;
    json_t *root = read_body();
    assert_true(json_is_true(json_object_get(root, "test")));
    json_decref(root);
}

static void every_character_comes_back_as_it_was(void **state)
{
    char subject[200];
    size_t used = 0;
    (void)state;
    for (int c = 1; c < 0x80; c++)
        subject[used++] = (char)c;
    snprintf(subject + used, sizeof(subject) - used, "\xc3\xa9\xe2\x80\xa8\xf0\x9f\x9a\xa8");
    alert.source = toc_wire_text("\"\\/\n");
    alert.subject = subject;
    json_t *root = read_body();
    const char *ref = json_string_value(json_object_get(root, "issue_ref"));
    assert_memory_equal(ref, "\"\\/\n#", 5);
    assert_string_equal(ref + 5, subject);
    json_decref(root);
}

static void control_characters_are_escaped_and_text_is_not(void **state)
{
    (void)state;
    alert.source = toc_wire_text("\x01\x1f\x7f\n\"\\");
    alert.subject = toc_wire_text("\xc3\xa9/");
    assert_non_null(strstr(body(), "\"issue_ref\":\"\\u0001\\u001f\\u007f\\n\\\"\\\\#\xc3\xa9/\""));
}

static void the_longest_record_fits_when_all_of_it_is_escaped(void **state)
{
    char *text = malloc(TOC_VALUE_GOOD + 1);
    assert_non_null(text);
    (void)state;
    memset(text, 1, TOC_VALUE_GOOD);
    text[TOC_VALUE_GOOD] = '\0';
    alert.subject = text;
    json_t *root = read_body();
    assert_int_equal(json_string_length(json_object_get(root, "issue_ref")), 8 + TOC_VALUE_GOOD);
    json_decref(root);
    free(text);
}

/* --- the line ------------------------------------------------------------------------------- */

static void the_line_tells_what_when_and_how_to_answer(void **state)
{
    (void)state;
    assert_string_equal(line(),
                        "2026-11-22T06:00:00Z PAGE duty-safety critical breached:first_reply/1/0 "
                        "safety-breached queue=trust-safety due in 4m10s alert=1a2b3c4d5e6f "
                        "ack with: tocsin ack 1a2b3c4d5e6f\n");
}

static void what_is_left_is_told_in_two_units(void **state)
{
    static const struct {
        toc_time_ms left_ms;
        const char *text;
    } cases[] = {
        {0, " due in 0s "},          {59999, " due in 59s "},        {60000, " due in 1m00s "},
        {3600000, " due in 1h00m "}, {7500000, " due in 2h05m "},    {273600000, " due in 3d04h "},
        {-1, " overdue by 0s "},     {-90000, " overdue by 1m30s "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        page.due_ms = NOW_MS + cases[i].left_ms;
        assert_non_null(strstr(line(), cases[i].text));
    }
    page.due_ms = 0;
    assert_non_null(strstr(line(), " no deadline "));
}

static void who_waits_for_people_may_have_a_deadline(void **state)
{
    (void)state;
    alert.waits = toc_wire_text("nobody");
    assert_non_null(strstr(line(), " nobody can take it (nobody) due in 4m10s alert="));
    page.due_ms = 0;
    assert_non_null(strstr(line(), " nobody can take it (nobody) alert="));
}

static void what_is_about_the_suite_itself_has_no_queue(void **state)
{
    (void)state;
    alert.queue = toc_wire_text("");
    alert.cause = toc_wire_text("silent:router");
    assert_null(strstr(line(), "queue="));
    assert_non_null(strstr(line(), " silent:router due in "));
}

static void a_terminal_is_sent_no_control_characters(void **state)
{
    (void)state;
    alert.queue = toc_wire_text("a\x1b[31mb\nc\x7f\xc2\x9b\xe2\x80\xae\xe0\xa4\x95\xe2\x80\x8d");
    assert_non_null(strstr(line(), "queue=a?[31mb?c???\xe0\xa4\x95\xe2\x80\x8d "));
    assert_ptr_equal(strchr(line(), '\n'), line() + strlen(line()) - 1);
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
    char text[900];
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    alert.queue = alert.cause = alert.severity = page.contact = text;
    assert_true(strlen(line()) < PAYLOAD_LINE_MAX);
    assert_non_null(strstr(line(), "tocsin ack 1a2b3c4d5e6f\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_body_is_this_byte_for_byte, make_page),
        cmocka_unit_test_setup(what_is_not_known_is_null, make_page),
        cmocka_unit_test_setup(a_code_is_in_its_own_page_alone, make_page),
        cmocka_unit_test_setup(a_test_says_so, make_page),
        cmocka_unit_test_setup(every_character_comes_back_as_it_was, make_page),
        cmocka_unit_test_setup(control_characters_are_escaped_and_text_is_not, make_page),
        cmocka_unit_test_setup(the_longest_record_fits_when_all_of_it_is_escaped, make_page),
        cmocka_unit_test_setup(the_line_tells_what_when_and_how_to_answer, make_page),
        cmocka_unit_test_setup(what_is_left_is_told_in_two_units, make_page),
        cmocka_unit_test_setup(who_waits_for_people_may_have_a_deadline, make_page),
        cmocka_unit_test_setup(what_is_about_the_suite_itself_has_no_queue, make_page),
        cmocka_unit_test_setup(a_terminal_is_sent_no_control_characters, make_page),
        cmocka_unit_test_setup(a_long_line_is_cut_and_still_ends, make_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
