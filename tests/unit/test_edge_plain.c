/* Plain JSON as the event that it comes to. */
#include "services/intake/edge/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static char why[TOC_EVENT_JSON_ERROR_MAX];

static const struct plain_target issue = {.source = "urn:shop", .channel = "api"};

static json_t *event_of(const struct plain_target *target, const char *text)
{
    json_t *root = toc_json_parse(toc_str_of(text), TOC_EVENT_JSON_SIZE_MAX, why);
    assert_non_null(root);
    json_t *event = plain_event(target, root, why);
    json_decref(root);
    return event;
}

static void check(const struct plain_target *target, const char *text, const char *expected)
{
    json_t *event = event_of(target, text);
    assert_non_null(event);
    char *said = json_dumps(event, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(said, expected);
    free(said);
    json_decref(event);
}

static void check_refused(const struct plain_target *target, const char *text, const char *expected)
{
    assert_null(event_of(target, text));
    assert_string_equal(why, expected);
}

#define ENVELOPE(id, subject)                                                                      \
    "\"id\":\"" id "\",\"source\":\"urn:shop\",\"specversion\":\"1.0\",\"subject\":\"" subject     \
    "\",\"type\":\"tocsin.issue.opened\"}"

static void members_go_where_the_event_has_them(void **state)
{
    (void)state;
    check(&issue,
          "{\"id\":\"7\",\"subject\":\"T-1\",\"title\":\"Hi\",\"text\":\"…\",\"name\":\"Ana\","
          "\"person\":\"c-1\",\"email\":\"a@b.example\",\"priority\":\"P2\",\"channel\":\"chat\","
          "\"tags\":[\"vip\"],\"category\":null}",
          "{\"data\":{\"channel\":\"chat\",\"content\":{\"body\":\"…\",\"email\":\"a@b.example\","
          "\"name\":\"Ana\",\"person\":\"c-1\",\"title\":\"Hi\"},\"priority\":\"P2\","
          "\"tags\":[\"vip\"]}," ENVELOPE("7", "T-1"));
}

static void the_mail_address_is_the_person_unless_one_is_named(void **state)
{
    (void)state;
    check(&issue, "{\"id\":\"7\",\"email\":\"a@b.example\",\"text\":\"x\"}",
          "{\"data\":{\"channel\":\"api\",\"content\":{\"body\":\"x\",\"email\":\"a@b.example\","
          "\"person\":\"a@b.example\"}}," ENVELOPE("7", "7"));
}

static void the_key_is_the_id_and_that_the_subject(void **state)
{
    const struct plain_target keyed = {
        .source = "urn:shop", .channel = "api", .key = TOC_STR("k-1")};
    (void)state;
    check(&keyed, "{\"category\":\"a\"}",
          "{\"data\":{\"category\":\"a\",\"channel\":\"api\"}," ENVELOPE("k-1", "k-1"));
    check(&keyed, "{\"category\":\"a\",\"subject\":\"s\"}",
          "{\"data\":{\"category\":\"a\",\"channel\":\"api\"}," ENVELOPE("k-1", "s"));
    check_refused(&keyed, "{\"id\":\"7\"}", "id: say it once, here or as Idempotency-Key");
}

static void an_id_that_looks_like_an_issues_makes_another_subject(void **state)
{
    const struct plain_target keyed = {
        .source = "urn:shop", .channel = "api", .key = TOC_STR("00112233445566778899aabbccddeeff")};
    (void)state;
    check(&keyed, "{\"category\":\"a\"}",
          "{\"data\":{\"category\":\"a\",\"channel\":\"api\"}," ENVELOPE(
              "00112233445566778899aabbccddeeff", "id:00112233445566778899aabbccddeeff"));
    check_refused(&issue, "{\"subject\":\"00112233445566778899aabbccddeeff\"}",
                  "subject: 32 hexadecimal digits name an issue by its id in a path: put something "
                  "before them");
}

static void an_id_made_by_chance_is_another_each_time(void **state)
{
    json_t *one = event_of(&issue, "{\"title\":\"x\"}");
    json_t *two = event_of(&issue, "{\"title\":\"x\"}");
    const char *id = json_string_value(json_object_get(one, "id"));
    (void)state;
    assert_int_equal(strlen(id), 24);
    assert_string_equal(id, json_string_value(json_object_get(one, "subject")));
    assert_string_not_equal(id, json_string_value(json_object_get(two, "id")));
    json_decref(one);
    json_decref(two);
}

static void a_message_is_of_the_issue_that_the_path_names(void **state)
{
    const struct plain_target one = {.source = "urn:shop", .ref = "T-1"};
    const struct plain_target other = {.source = "urn:shop",
                                       .ref = "00000000000000000000000000000001"};
    (void)state;
    check(&one, "{\"id\":\"8\",\"text\":\"more\"}",
          "{\"data\":{\"content\":{\"body\":\"more\"},\"direction\":\"inbound\"},\"id\":\"8\","
          "\"source\":\"urn:shop\",\"specversion\":\"1.0\",\"subject\":\"T-1\","
          "\"type\":\"tocsin.issue.message\"}");
    check(&other, "{\"id\":\"8\",\"direction\":\"outbound\",\"agent\":\"ana\"}",
          "{\"data\":{\"agent\":\"ana\",\"direction\":\"outbound\"},\"id\":\"8\","
          "\"source\":\"urn:shop\",\"specversion\":\"1.0\","
          "\"tocsinissue\":\"00000000000000000000000000000001\","
          "\"type\":\"tocsin.issue.message\"}");
    check_refused(&one, "{\"subject\":\"T-2\"}", "subject: the path names the issue");
    check_refused(&one, "{\"channel\":\"web\"}", "channel: unknown member");
}

static void what_is_misspelt_is_told_with_a_hint(void **state)
{
    (void)state;
    check_refused(&issue, "{\"emial\":\"a@b.example\"}",
                  "emial: unknown member (did you mean 'email'?)");
    check_refused(&issue, "{\"priorty\":\"P1\"}",
                  "priorty: unknown member (did you mean 'priority'?)");
    check_refused(&issue, "{\"xyzzy\":1}", "xyzzy: unknown member");
    check_refused(&issue, "[]", "an issue or message is a JSON object");
}

static void a_new_issue_says_what_it_is_about(void **state)
{
    static const char *const nothing[] = {
        "{}", "{\"title\":null}", "{\"title\":\"\",\"text\":\" \\n\"}",
        "{\"email\":\"a@b.example\",\"priority\":\"P1\",\"subject\":\"T-1\",\"category\":\"\"}"};
    static const char *const something[] = {"{\"title\":\"x\"}", "{\"text\":\"x\"}",
                                            "{\"category\":\"x\"}", "{\"risk\":\"critical\"}",
                                            "{\"appeal\":{\"decision\":\"d-1\"}}"};
    const struct plain_target with_files = {
        .source = "urn:shop", .channel = "web", .has_files = true};
    (void)state;
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        check_refused(&issue, nothing[i],
                      "title, text, category, risk or appeal: at least one has to say what the "
                      "issue is about");
        json_decref(event_of(&with_files, nothing[i]));
    }
    for (size_t i = 0; i < sizeof(something) / sizeof(something[0]); i++) {
        json_t *event = event_of(&issue, something[i]);
        assert_non_null(event);
        json_decref(event);
    }
}

/* --- through the reader of events ------------------------------------------------------------- */

static struct toc_arena arena;
static struct toc_pool pool;
static struct cloudevents events;

static int set_up(void **state)
{
    (void)state;
    return toc_arena_init(&arena, (size_t)512 * 1024) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    toc_pool_done(&pool);
    toc_arena_done(&arena);
    return 0;
}

static void judge(void *self, struct toc_arena *into, struct cloudevent *item)
{
    (void)into;
    (void)self;
    (void)item;
}

static const struct cloudevents_reader reader = {
    .pool = &pool, .scratch = &arena, .judge = judge, .out = &events, .why = why};

static int read_request(const char *fields, const char *body)
{
    const struct toc_http_request request = {.fields = toc_str_of(fields),
                                             .body = toc_str_of(body)};
    return plain_read(&reader, &request, issue);
}

#define JSON "Content-Type: application/json\r\n"

static void problems_name_the_members_of_the_request(void **state)
{
    (void)state;
    assert_int_equal(read_request(JSON, "{\"title\":\"x\",\"priority\":\"P9\"}"), 0);
    assert_memory_equal(events.items[0].problem, "priority: ", 10);
    assert_int_equal(read_request(JSON, "{\"title\":\"x\",\"test\":1}"), 0);
    assert_string_equal(events.items[0].problem, "test: has to be true or false");
    assert_int_equal(events.items[0].status, 400);
}

static void a_request_says_what_names_its_issue(void **state)
{
    (void)state;
    assert_int_equal(read_request(JSON "Idempotency-Key: \"k 1\"\r\n", "{\"title\":\"x\"}"), 0);
    assert_int_equal(events.count, 1);
    assert_null(events.items[0].problem);
    assert_string_equal(events.items[0].id, "k 1");
    assert_string_equal(events.items[0].ref, "k 1");
}

static void what_is_no_json_is_told(void **state)
{
    (void)state;
    assert_int_equal(read_request("", "{}"), 415);
    assert_int_equal(read_request("Content-Type: application/x-www-form-urlencoded\r\n", "{}"),
                     415);
    assert_int_equal(read_request(JSON "Content-Encoding: gzip\r\n", "{}"), 415);
    assert_int_equal(read_request("Content-Type: application/json; charset=latin1\r\n", "{}"), 415);
    assert_int_equal(read_request(JSON, "{\"a\":1,\"a\":2}"), 400);
    assert_int_equal(read_request(JSON, ""), 400);
    assert_int_equal(events.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_go_where_the_event_has_them),
        cmocka_unit_test(the_mail_address_is_the_person_unless_one_is_named),
        cmocka_unit_test(the_key_is_the_id_and_that_the_subject),
        cmocka_unit_test(an_id_that_looks_like_an_issues_makes_another_subject),
        cmocka_unit_test(an_id_made_by_chance_is_another_each_time),
        cmocka_unit_test(a_message_is_of_the_issue_that_the_path_names),
        cmocka_unit_test(what_is_misspelt_is_told_with_a_hint),
        cmocka_unit_test(a_new_issue_says_what_it_is_about),
        cmocka_unit_test_setup_teardown(problems_name_the_members_of_the_request, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_request_says_what_names_its_issue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_json_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
