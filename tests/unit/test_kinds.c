/* What each kind of method sends for a page, byte for byte, and what it makes of answers. */
#include "services/notifier/send/contacts.h"
#include "tests/unit/page_rig.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ALERT      "1a2b3c4d5e6f708192a3b4c5d6e7f809"
#define LINK       "https://console.example/alerts/"
#define FIRST      "CRITICAL trust-safety: first_reply is breached"
#define TITLE      FIRST ", 4 min 10 s left"
#define REST(last) "risk severe\\ndue 06:04, 4 min 10 s left\\n" last
#define ACK        "tocsin ack 1a2b3c4d5e6f"

static const uint8_t key[32] = {7};

static struct method method;
static struct outgoing outgoing;
static const char *link_to, *code;

static int make_page(void **state)
{
    (void)state;
    breach_page();
    alert.metric = toc_wire_text("first_reply");
    memset(&method, 0, sizeof(method));
    link_to = code = "";
    return 0;
}

/* A page that is about no alert. */
static void make_apart(const char *kind)
{
    tocsin__v1__alert__init(&alert);
    page.alert_number = 0;
    page.due_ms = 0;
    page.kind = toc_wire_text(kind);
    page.method = toc_wire_text("push");
    page.planned_ms = NOW_MS;
}

static const char *body_of(const struct method_kind *kind)
{
    static char text[PAYLOAD_MAX + 1];
    method.kind = kind;
    const struct leaving leaving = {.method = &method,
                                    .page = &both,
                                    .key = key,
                                    .link = link_to,
                                    .ack_link = "",
                                    .now_ms = NOW_MS,
                                    .text = {.page = &both,
                                             .language = text_english(),
                                             .now_ms = NOW_MS,
                                             .code = code,
                                             .ack_link = link_to,
                                             .sop_url = ""}};
    memset(&outgoing, 0, sizeof(outgoing));
    assert_true(kind->request(&leaving, &outgoing));
    return toc_str_copy(text, sizeof(text), outgoing.request.body);
}

static json_t *read_body(const struct method_kind *kind)
{
    json_t *root = json_loads(body_of(kind), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    return root;
}

/* What an answer comes to: its code, and 0 for one that is in doubt. */
static uint32_t judged(const struct method_kind *kind, uint32_t status, const char *body)
{
    struct toc_transfer_answer answer = {.code = status, .text = "", .body = toc_str_of(body)};
    kind->judge(&answer);
    return answer.code;
}

/* --- Slack ---------------------------------------------------------------------------------- */

static void slack_gets_text_and_a_section(void **state)
{
    (void)state;
    assert_string_equal(body_of(&method_slack),
                        "{\"text\":\"" TITLE
                        "\",\"blocks\":[{\"type\":\"section\",\"text\":{\"type\":"
                        "\"mrkdwn\",\"text\":\"" FIRST "\\n" REST(ACK) "\"}}]}");
}

static void slack_gets_a_button_where_there_is_a_link(void **state)
{
    (void)state;
    link_to = LINK ALERT;
    assert_non_null(strstr(body_of(&method_slack),
                           ",{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{"
                           "\"type\":\"plain_text\",\"text\":\"Open\"},\"url\":\"" LINK ALERT
                           "\"}]}]}"));
}

static void nobody_is_mentioned_or_linked_by_a_value(void **state)
{
    (void)state;
    alert.category = toc_wire_text("<!channel> <https://evil.example|ok> &");
    const char *text = body_of(&method_slack);
    assert_non_null(
        strstr(text, "category &lt;!channel&gt; &lt;https://evil.example|ok&gt; &amp;\\n"));
    assert_null(strchr(text, '<'));
}

static void a_slack_section_has_at_most_3000_characters(void **state)
{
    char category[1000];
    (void)state;
    memset(category, '&', sizeof(category) - 1);
    category[sizeof(category) - 1] = '\0';
    alert.category = category;
    json_t *root = read_body(&method_slack);
    json_t *section = json_array_get(json_object_get(root, "blocks"), 0);
    const char *text = json_string_value(json_object_get(json_object_get(section, "text"), "text"));
    assert_true(strlen(text) <= 3000);
    assert_true(strlen(text) > 2900);
    json_decref(root);
}

static void a_character_is_never_cut_in_two(void **state)
{
    char category[1000];
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(category, '&', sizeof(category) - 1);
        for (size_t i = 500 + shift; i + 3 < sizeof(category); i += 3)
            memcpy(category + i, "\xe0\xa4\x85", 3);
        category[sizeof(category) - 1] = '\0';
        alert.category = alert.sop = alert.metric = category;
        json_decref(read_body(&method_slack));
    }
}

static void slack_says_ok_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(judged(&method_slack, 200, "ok"), 200);
    assert_int_equal(judged(&method_slack, 200, "ok\n"), 0);
    assert_int_equal(judged(&method_slack, 200, ""), 0);
    assert_int_equal(judged(&method_slack, 200, "<html>Sign in to the hotel's network"), 0);
    assert_int_equal(judged(&method_slack, 202, "ok"), 0);
}

/* --- Teams ---------------------------------------------------------------------------------- */

static void teams_gets_an_adaptive_card(void **state)
{
    (void)state;
    page.due_ms = 0;
    link_to = LINK ALERT;
    assert_string_equal(
        body_of(&method_teams),
        "{\"type\":\"message\",\"attachments\":[{\"contentType\":"
        "\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,\"content\":{\"$schema\":"
        "\"http://adaptivecards.io/schemas/adaptive-card.json\",\"type\":\"AdaptiveCard\","
        "\"version\":\"1.4\",\"body\":[{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":"
        "\"TextRun\",\"text\":\"" FIRST "\",\"weight\":\"Bolder\"}]},{\"type\":\"RichTextBlock\","
        "\"inlines\":[{\"type\":\"TextRun\",\"text\":\"risk severe\",\"weight\":\"Default\"}]},{"
        "\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\",\"text\":\"" LINK ALERT
        "\",\"weight\":\"Default\"}]}],\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":"
        "\"Open\",\"url\":\"" LINK ALERT "\"}]}}]}");
}

static void a_200_of_teams_can_hide_an_error(void **state)
{
    (void)state;
    assert_int_equal(judged(&method_teams, 202, ""), 202);
    assert_int_equal(judged(&method_teams, 200, "1"), 200);
    assert_int_equal(
        judged(&method_teams, 200,
               "Webhook message delivery failed with error: Microsoft Teams endpoint returned "
               "HTTP error 429 with ContextId tcid=0"),
        429);
    assert_int_equal(judged(&method_teams, 200, "... returned HTTP error 413 with ..."), 413);
    assert_int_equal(judged(&method_teams, 200, "{\"error\":{\"code\":\"Unauthorized\"}}"), 0);
    assert_int_equal(judged(&method_teams, 200, "Summary or Text is required; failed"), 0);
    assert_int_equal(judged(&method_teams, 200, "HTTP error 99999"), 0);
}

/* --- PagerDuty ------------------------------------------------------------------------------ */

static void pagerduty_gets_an_event_of_the_alert(void **state)
{
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    link_to = LINK ALERT;
    assert_string_equal(
        body_of(&method_pagerduty),
        "{\"routing_key\":\"0123456789abcdef0123456789abcdef\",\"event_action\":\"trigger\","
        "\"dedup_key\":\"" ALERT "\",\"client\":\"tocsin\",\"client_url\":\"" LINK ALERT "\","
        "\"payload\":{\"summary\":\"" TITLE "\",\"source\":"
        "\"shop/eu\",\"severity\":\"critical\",\"timestamp\":\"2026-11-22T05:59:59Z\","
        "\"component\":\"trust-safety\",\"class\":\"breached:first_reply/1/0 safety-breached\","
        "\"custom_details\":{\"delivery\":\"msg_00112233445566778899aabbccddeeff\","
        "\"issue\":\"T-1\",\"priority\":\"P1\",\"risk\":\"severe\",\"text\":\"" FIRST
        "\\n" REST(LINK ALERT) "\"}},"
                               "\"links\":[{\"href\":\"" LINK ALERT "\",\"text\":\"Open\"}]}");
}

static void assert_news(const char *kind, uint32_t reopened, const char *rest)
{
    char expected[256];
    page.kind = toc_wire_text(kind);
    page.reopened = reopened;
    snprintf(expected, sizeof(expected),
             "{\"routing_key\":\"0123456789abcdef0123456789abcdef\",\"event_action\":\"%s\"}",
             rest);
    assert_string_equal(body_of(&method_pagerduty), expected);
}

static void what_ends_an_alert_ends_its_incident(void **state)
{
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    assert_news("acknowledged", 0, "acknowledge\",\"dedup_key\":\"" ALERT);
    assert_news("resolved", 0, "resolve\",\"dedup_key\":\"" ALERT);
    assert_news("resolved", 12, "resolve\",\"dedup_key\":\"" ALERT "-12");
}

static void an_alert_that_goes_on_after_an_acknowledgement_is_another_incident(void **state)
{
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    page.reopened = UINT32_MAX;
    json_t *root = read_body(&method_pagerduty);
    assert_string_equal(json_string_value(json_object_get(root, "event_action")), "trigger");
    assert_string_equal(json_string_value(json_object_get(root, "dedup_key")), ALERT "-4294967295");
    json_decref(root);
}

static void what_is_about_no_alert_is_an_incident_of_its_own(void **state)
{
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    make_apart("probe");
    assert_string_equal(
        body_of(&method_pagerduty),
        "{\"routing_key\":\"0123456789abcdef0123456789abcdef\",\"event_action\":\"trigger\","
        "\"dedup_key\":\"msg_00112233445566778899aabbccddeeff\",\"client\":\"tocsin\",\"payload\":{"
        "\"summary\":\"Can this page reach you?\",\"source\":\"tocsin\","
        "\"severity\":\"info\",\"timestamp\":\"2026-11-22T06:00:00Z\",\"custom_details\":{"
        "\"delivery\":\"msg_00112233445566778899aabbccddeeff\",\"text\":\"This page asks whether "
        "it "
        "reaches you.\"}}}");
}

static void only_pagerdutys_own_success_counts(void **state)
{
    (void)state;
    assert_int_equal(judged(&method_pagerduty, 202,
                            "{\"status\":\"success\",\"message\":\"Event processed\","
                            "\"dedup_key\":\"" ALERT "\"}"),
                     202);
    assert_int_equal(judged(&method_pagerduty, 202, "{\"status\":\"throttle exceeded\"}"), 0);
    assert_int_equal(judged(&method_pagerduty, 202, "accepted"), 0);
    assert_int_equal(judged(&method_pagerduty, 202, ""), 0);
    assert_int_equal(judged(&method_pagerduty, 200, "{\"status\":\"success\"}"), 0);
}

/* --- ntfy ----------------------------------------------------------------------------------- */

static void ntfy_gets_a_message_with_the_deliverys_id(void **state)
{
    (void)state;
    method.to = toc_wire_text("ana-7f");
    link_to = LINK ALERT;
    assert_string_equal(
        body_of(&method_ntfy),
        "{\"topic\":\"ana-7f\",\"title\":\"" TITLE "\",\"message\":\"" FIRST
        "\\n" REST(LINK ALERT) "\",\"priority\":5,\"tags\":[\"rotating_light\",\"trust-safety\"],"
                               "\"click\":\"" LINK ALERT
                               "\",\"sequence_id\":\"msg_00112233445566778899aabbccddeeff\"}");
    assert_int_equal(outgoing.request.line_count, 0);
}

static void ntfy_rings_by_severity(void **state)
{
    static const struct {
        const char *severity;
        int priority;
    } cases[] = {{"critical", 5}, {"error", 4}, {"warning", 3}, {"info", 2}, {"odd", 2}};
    (void)state;
    method.to = toc_wire_text("t");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        alert.severity = toc_wire_text(cases[i].severity);
        json_t *root = read_body(&method_ntfy);
        assert_int_equal(json_integer_value(json_object_get(root, "priority")), cases[i].priority);
        json_decref(root);
    }
}

static void a_token_of_ntfy_goes_into_the_header(void **state)
{
    (void)state;
    method.to = toc_wire_text("t");
    method.credential = toc_wire_text("tk_secret");
    assert_null(strstr(body_of(&method_ntfy), "tk_secret"));
    assert_int_equal(outgoing.request.line_count, 1);
    assert_string_equal(outgoing.line, "Authorization: Bearer tk_secret");
}

/* --- webhooks and programs ------------------------------------------------------------------ */

static void a_program_gets_what_a_webhook_gets(void **state)
{
    char first[PAYLOAD_MAX + 1];
    (void)state;
    method.secret_count = 1;
    method.secrets[0].size = 32;
    snprintf(first, sizeof(first), "%s", body_of(&method_webhook));
    assert_string_equal(outgoing.request.id, page.delivery);
    assert_int_equal(outgoing.request.timestamp_s, NOW_MS / 1000);
    assert_memory_equal(outgoing.signature, "v1,", 3);
    assert_string_equal(body_of(&method_exec), first);
}

/* --- all of them ---------------------------------------------------------------------------- */

static const struct method_kind *const spoken[] = {&method_slack, &method_teams, &method_pagerduty,
                                                   &method_ntfy};
#define SPOKEN (sizeof(spoken) / sizeof(spoken[0]))

static void a_code_is_told_to_its_owner(void **state)
{
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    make_apart("code");
    code = "123456";
    for (size_t i = 0; i < SPOKEN; i++)
        assert_non_null(strstr(body_of(spoken[i]), "Your code for Tocsin: 123456"));
}

static void a_bundle_says_how_many(void **state)
{
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    page.carries = 36;
    for (size_t i = 0; i < SPOKEN; i++)
        assert_non_null(strstr(body_of(spoken[i]), "stands for 36 more"));
}

static void the_longest_record_fits_and_stays_text(void **state)
{
    char *text = malloc(TOC_VALUE_GOOD + 1);
    assert_non_null(text);
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    memset(text, 1, TOC_VALUE_GOOD);
    for (size_t i = 0; i + 3 < TOC_VALUE_GOOD; i += 7)
        memcpy(text + i, "\xe2\x80\xa8", 3);
    text[TOC_VALUE_GOOD] = '\0';
    alert.subject = text;
    for (size_t i = 0; i < SPOKEN; i++)
        json_decref(read_body(spoken[i]));
    alert.subject = toc_wire_text("");
    alert.queue = text;
    for (size_t i = 0; i < SPOKEN; i++)
        json_decref(read_body(spoken[i]));
    free(text);
}

static void pagerdutys_summary_has_at_most_1024_characters(void **state)
{
    char queue[1900];
    (void)state;
    method.to = toc_wire_text("0123456789abcdef0123456789abcdef");
    memset(queue, 'q', sizeof(queue) - 1);
    queue[sizeof(queue) - 1] = '\0';
    alert.queue = queue;
    json_t *root = read_body(&method_pagerduty);
    json_t *summary = json_object_get(json_object_get(root, "payload"), "summary");
    assert_true(json_string_length(summary) <= 1024);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(slack_gets_text_and_a_section, make_page),
        cmocka_unit_test_setup(slack_gets_a_button_where_there_is_a_link, make_page),
        cmocka_unit_test_setup(nobody_is_mentioned_or_linked_by_a_value, make_page),
        cmocka_unit_test_setup(a_slack_section_has_at_most_3000_characters, make_page),
        cmocka_unit_test_setup(a_character_is_never_cut_in_two, make_page),
        cmocka_unit_test_setup(slack_says_ok_and_nothing_else, make_page),
        cmocka_unit_test_setup(teams_gets_an_adaptive_card, make_page),
        cmocka_unit_test_setup(a_200_of_teams_can_hide_an_error, make_page),
        cmocka_unit_test_setup(pagerduty_gets_an_event_of_the_alert, make_page),
        cmocka_unit_test_setup(what_ends_an_alert_ends_its_incident, make_page),
        cmocka_unit_test_setup(an_alert_that_goes_on_after_an_acknowledgement_is_another_incident,
                               make_page),
        cmocka_unit_test_setup(what_is_about_no_alert_is_an_incident_of_its_own, make_page),
        cmocka_unit_test_setup(only_pagerdutys_own_success_counts, make_page),
        cmocka_unit_test_setup(ntfy_gets_a_message_with_the_deliverys_id, make_page),
        cmocka_unit_test_setup(ntfy_rings_by_severity, make_page),
        cmocka_unit_test_setup(a_token_of_ntfy_goes_into_the_header, make_page),
        cmocka_unit_test_setup(a_program_gets_what_a_webhook_gets, make_page),
        cmocka_unit_test_setup(a_code_is_told_to_its_owner, make_page),
        cmocka_unit_test_setup(a_bundle_says_how_many, make_page),
        cmocka_unit_test_setup(the_longest_record_fits_and_stays_text, make_page),
        cmocka_unit_test_setup(pagerdutys_summary_has_at_most_1024_characters, make_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
