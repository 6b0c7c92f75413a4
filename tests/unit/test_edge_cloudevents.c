/* CloudEvents over HTTP as packed Events: the three modes, and what is none. */
#include "services/intake/edge/cloudevents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARENA_BYTES ((size_t)512 * 1024)

#define STRUCTURED "Content-Type: application/cloudevents+json\r\n"
#define BATCH      "Content-Type: application/cloudevents-batch+json\r\n"
#define JSON       "Content-Type: application/json\r\n"
#define CE         "ce-specversion: 1.0\r\nce-id: 7\r\nce-source: s\r\nce-type: tocsin.issue.opened\r\n"
#define ONE                                                                                        \
    "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"s\",\"type\":\"tocsin.issue.opened\"}"

static struct toc_arena arena;
static struct toc_pool pool;
static struct cloudevents events;
static char why[TOC_EVENT_JSON_ERROR_MAX];
static unsigned judged;

static int set_up(void **state)
{
    (void)state;
    judged = 0;
    why[0] = '\0';
    return toc_arena_init(&arena, ARENA_BYTES) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    toc_pool_done(&pool);
    toc_arena_done(&arena);
    return 0;
}

/* Refuses sources that begin with "x". */
static void judge(void *self, struct toc_arena *into, struct cloudevent *item)
{
    (void)into;
    (void)self;
    judged++;
    if (item->event->source[0] == 'x') {
        item->problem = "source: not yours";
        item->status = 403;
    }
}

static const struct cloudevents_reader reader = {
    .pool = &pool, .scratch = &arena, .judge = judge, .out = &events, .why = why};

static int read_request(const char *fields, struct toc_str body)
{
    const struct toc_http_request request = {.fields = toc_str_of(fields), .body = body};
    return cloudevents_read(&reader, &request);
}

static int read_text(const char *fields, const char *body)
{
    return read_request(fields, toc_str_of(body));
}

static const Tocsin__V1__Event *event_at(size_t index)
{
    Tocsin__V1__Event *event;
    assert_true(index < events.count);
    assert_null(events.items[index].problem);
    assert_int_equal(
        toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, events.items[index].packed, &event),
        TOC_OK);
    return event;
}

static void a_structured_event_is_one(void **state)
{
    (void)state;
    assert_int_equal(read_text(STRUCTURED, ONE), 0);
    assert_int_equal(events.count, 1);
    assert_false(events.batch);
    assert_string_equal(event_at(0)->id, "7");
    assert_string_equal(events.items[0].id, "7");
    assert_string_equal(events.items[0].source, "s");
    assert_int_equal(judged, 1);
}

static void a_batch_keeps_order_and_problems_apart(void **state)
{
    (void)state;
    assert_int_equal(read_text(BATCH,
                               "[" ONE ",{\"specversion\":\"1.0\",\"id\":\"8\",\"source\":\"x\","
                               "\"type\":\"tocsin.issue.opened\"},{\"id\":\"9\"},3]"),
                     0);
    assert_int_equal(events.count, 4);
    assert_true(events.batch);
    assert_string_equal(event_at(0)->id, "7");
    assert_int_equal(events.items[1].status, 403);
    assert_string_equal(events.items[1].problem, "source: not yours");
    assert_int_equal(events.items[2].status, 400);
    assert_string_equal(events.items[2].id, "9");
    assert_string_equal(events.items[3].problem, "an event is a JSON object");
    assert_int_equal(judged, 2);
}

static void a_name_too_long_to_be_one_is_not_said_back(void **state)
{
    static char body[2000], id[201];
    (void)state;
    memset(id, 'i', sizeof(id));
    snprintf(body, sizeof(body),
             "[{\"id\":\"%.200s\",\"source\":\"%.201s\"},{\"id\":\"%.201s\",\"source\":\"s\"}]", id,
             id, id);
    assert_int_equal(read_text(BATCH, body), 0);
    assert_int_equal(strlen(events.items[0].id), 200);
    assert_string_equal(events.items[0].source, "");
    assert_string_equal(events.items[1].id, "");
    assert_string_equal(events.items[1].source, "s");
}

static void a_binary_event_has_its_attributes_in_fields(void **state)
{
    (void)state;
    assert_int_equal(read_text(CE
                               "CE-Subject: a%20b%25 100% %zz\r\nce-time: 2026-03-01T09:30:00Z\r\n"
                               "ce-tocsintest: TRUE\r\nce-traceparent: 00-1\r\n" JSON,
                               "{\"channel\":\"email\"}"),
                     0);
    const Tocsin__V1__Event *event = event_at(0);
    assert_string_equal(event->subject, "a b% 100% %zz");
    assert_string_equal(event->issue_opened->channel, "email");
    assert_true(event->test);
    assert_true(event->time_ms == 1772357400000);
}

static void a_field_that_is_no_utf_8_is_latin_1(void **state)
{
    (void)state;
    assert_int_equal(read_text(CE "ce-subject: \xe9\xff%20%\xe9\r\n", ""), 0);
    assert_string_equal(event_at(0)->subject, "\xc3\xa9\xc3\xbf %\xc3\xa9");
    assert_int_equal(read_text(CE "ce-subject: \xc3\xa9%C3%A9\r\n", ""), 0);
    assert_string_equal(event_at(0)->subject, "\xc3\xa9\xc3\xa9");
}

static void a_binary_event_without_data_needs_no_content_type(void **state)
{
    (void)state;
    assert_int_equal(read_text(CE, ""), 0);
    assert_int_equal(event_at(0)->body_case, TOCSIN__V1__EVENT__BODY_ISSUE_OPENED);
}

/* Each is held against the names that may have been meant, and that takes its time. */
static void an_event_has_so_many_members(void **state)
{
    static char body[4096];
    (void)state;
    for (unsigned more = TOC_EVENT_JSON_MEMBERS_MAX - 4; more < TOC_EVENT_JSON_MEMBERS_MAX - 2;
         more++) {
        int size = snprintf(body, sizeof(body), "[%.*s", (int)sizeof(ONE) - 2, ONE);
        for (unsigned i = 0; i < more; i++)
            size += snprintf(body + size, sizeof(body) - (size_t)size, ",\"attribute%u\":1", i);
        snprintf(body + size, sizeof(body) - (size_t)size, "}]");
        assert_int_equal(read_text(BATCH, body), 0);
        if (more == TOC_EVENT_JSON_MEMBERS_MAX - 4)
            assert_null(events.items[0].problem);
        else
            assert_string_equal(events.items[0].problem, "an event has at most 64 members");
    }
}

static void extensions_are_passed_over_unless_they_look_misspelt(void **state)
{
    (void)state;
    assert_int_equal(read_text(CE "ce-sourc: s\r\n", ""), 0);
    assert_int_equal(events.items[0].status, 400);
    assert_non_null(strstr(events.items[0].problem, "did you mean 'source'"));
}

static void what_is_no_cloudevent_is_415(void **state)
{
    (void)state;
    assert_int_equal(read_text(JSON, ONE), 415);
    assert_int_equal(read_text("", ONE), 415);
    assert_int_equal(read_text(CE "Content-Type: text/plain\r\n", "x"), 415);
    assert_int_equal(
        read_text("Content-Type: application/cloudevents+json; charset=latin1\r\n", ONE), 415);
    assert_int_equal(
        read_text("Content-Type: application/cloudevents+json; a=b;charset=latin1\r\n", ONE), 415);
    assert_int_equal(read_text(STRUCTURED "Content-Encoding: gzip\r\n", ONE), 415);
    assert_int_equal(
        read_text("Content-Type: Application/CloudEvents+JSON ; charset=UTF-8\r\n", ONE), 0);
}

static void what_is_no_json_is_400(void **state)
{
    (void)state;
    assert_int_equal(read_text(STRUCTURED, ""), 400);
    assert_int_equal(read_text(STRUCTURED, "{"), 400);
    assert_int_equal(read_text(BATCH, ONE), 400);
    assert_string_equal(why, "a batch is a JSON array of events");
    assert_int_equal(read_text(CE JSON, "{]"), 400);
    assert_int_equal(read_request(STRUCTURED, TOC_STR("{\"id\":\"\0\"}")), 400);
}

static void what_is_too_large_is_413(void **state)
{
    static char text[TOC_EVENT_JSON_SIZE_MAX + 1];
    (void)state;
    memset(text, ' ', sizeof(text));
    assert_int_equal(read_request(STRUCTURED, toc_str(text, sizeof(text))), 413);
    assert_int_equal(read_request(CE JSON, toc_str(text, sizeof(text))), 413);
    assert_int_equal(read_request(STRUCTURED, toc_str(text, sizeof(text) - 1)), 400);
    snprintf(text, sizeof(text), "%.*s,\"subject\":\"%02000d\"}", (int)sizeof(ONE) - 2, ONE, 0);
    assert_int_equal(read_text(STRUCTURED, text), 0);
    assert_int_equal(events.items[0].status, 413);
}

static void fields_that_no_event_may_have_are_400(void **state)
{
    static char text[2048];
    (void)state;
    assert_int_equal(read_text(CE "ce-id: 8\r\n", ""), 400);
    assert_string_equal(why, "a ce- field came twice");
    assert_int_equal(read_text(CE "ce-subject: %ff\r\n", ""), 400);
    snprintf(text, sizeof(text), "%sce-subject: %01100d\r\n", CE, 1);
    assert_int_equal(read_text(text, ""), 400);
    assert_int_equal(read_text(CE "ce-subject: a%00b\r\n", ""), 400);
    assert_int_equal(read_text(CE "ce-subject: a%C3\r\n", ""), 400);
    snprintf(text, sizeof(text), "%sce-%032d: x\r\n", CE, 1);
    assert_int_equal(read_text(text, ""), 400);
}

static void a_batch_has_a_limit(void **state)
{
    static char text[2 * (CLOUDEVENTS_BATCH_MAX + 1) + 2];
    size_t at = 0;
    (void)state;
    text[at++] = '[';
    for (unsigned i = 0; i < CLOUDEVENTS_BATCH_MAX; i++) {
        text[at++] = '1';
        text[at++] = ',';
    }
    text[at++] = '1';
    text[at++] = ']';
    assert_int_equal(read_request(BATCH, toc_str(text, at)), 413);
    text[at - 3] = ']';
    assert_int_equal(read_request(BATCH, toc_str(text, at - 2)), 0);
    assert_int_equal(events.count, CLOUDEVENTS_BATCH_MAX);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_structured_event_is_one),
        CASE(a_batch_keeps_order_and_problems_apart),
        CASE(a_binary_event_has_its_attributes_in_fields),
        CASE(a_name_too_long_to_be_one_is_not_said_back),
        CASE(a_field_that_is_no_utf_8_is_latin_1),
        CASE(a_binary_event_without_data_needs_no_content_type),
        CASE(extensions_are_passed_over_unless_they_look_misspelt),
        CASE(an_event_has_so_many_members),
        CASE(what_is_no_cloudevent_is_415),
        CASE(what_is_no_json_is_400),
        CASE(what_is_too_large_is_413),
        CASE(fields_that_no_event_may_have_are_400),
        CASE(a_batch_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
