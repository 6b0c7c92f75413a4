#include "common/event_types.h"
#include "common/json/content.h"
#include "common/json/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct fixture {
    struct toc_arena arena;
    char error[TOC_EVENT_JSON_ERROR_MAX];
    Tocsin__V1__Event *event;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL || toc_arena_init(&f->arena, 256 * 1024) < 0)
        return -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    toc_arena_done(&f->arena);
    free(f);
    return 0;
}

#define ENVELOPE "\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"urn:shop\""

/* Every issue of the source crm is there, its id the length of its name. */
static bool find(void *arg, const char *name, uint8_t out[TOC_ID])
{
    (void)arg;
    memset(out, (int)strlen(name), TOC_ID);
    return strncmp(name, "crm#", 4) == 0;
}

static enum toc_err read_event(struct fixture *f, const char *json)
{
    toc_arena_reset(&f->arena, 0);
    f->error[0] = '\0';
    f->event = NULL;
    const struct toc_event_json_reader reader = {.arena = &f->arena, .find = find};
    return toc_event_json_read(&reader, toc_str_of(json), &f->event, f->error);
}

static void assert_error(struct fixture *f, const char *json, const char *part)
{
    assert_int_equal(read_event(f, json), TOC_ERR_MALFORMED);
    if (strstr(f->error, part) == NULL)
        fail_msg("'%s' does not say '%s'", f->error, part);
}

static void every_member_of_an_opening_is_read(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        read_event(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"subject\":\"T-1\","
                      "\"time\":\"2026-03-01T09:30:00.250+05:30\",\"tocsintest\":true,"
                      "\"tocsinissue\":\"000102030405060708090a0b0c0d0e0f\","
                      "\"datacontenttype\":\"application/json\",\"data\":{\"channel\":\"email\","
                      "\"priority\":\"p2\",\"risk\":\"SEVERE\",\"tags\":[\"a\",\"b\"]}}"),
        TOC_OK);
    const Tocsin__V1__Event *e = f->event;
    assert_string_equal(e->id, "7");
    assert_string_equal(e->source, "urn:shop");
    assert_string_equal(e->subject, "T-1");
    assert_true(e->time_ms == 1772337600250); /* 04:00:00.250 UTC */
    assert_true(e->test);
    assert_int_equal(e->issue.len, 16);
    assert_int_equal(e->issue.data[15], 15);
    assert_int_equal(e->body_case, TOCSIN__V1__EVENT__BODY_ISSUE_OPENED);
    assert_string_equal(e->issue_opened->channel, "email");
    assert_int_equal(e->issue_opened->priority, TOCSIN__V1__PRIORITY__PRIORITY_P2);
    assert_int_equal(e->issue_opened->risk, TOCSIN__V1__RISK__RISK_SEVERE);
    assert_int_equal(e->issue_opened->n_tags, 2);
    assert_string_equal(e->issue_opened->tags[1], "b");
}

static void a_message_inside_is_an_object(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_event(f, "{" ENVELOPE
                                   ",\"type\":\"tocsin.issue.opened\",\"data\":{\"appeal\":"
                                   "{\"decision\":\"ban-17\",\"decider\":\"anna\","
                                   "\"issue\":\"000102030405060708090a0b0c0d0e0f\"}}}"),
                     TOC_OK);
    const Tocsin__V1__Appeal *appeal = f->event->issue_opened->appeal;
    assert_string_equal(appeal->decision, "ban-17");
    assert_string_equal(appeal->decider, "anna");
    assert_int_equal(appeal->issue.len, TOC_ID);
    assert_error(f,
                 "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"data\":{\"appeal\":"
                 "{\"decided\":\"x\"}}}",
                 "data.appeal.decided: unknown member (did you mean 'decider'?)");
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"data\":{\"appeal\":1}}",
                 "data.appeal: has to be an object");
}

static void another_issue_may_be_named_by_source_and_subject(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_event(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.merged\","
                                   "\"tocsinissue\":\"crm#T-66\",\"data\":{\"into\":\"crm#T-6\"}}"),
                     TOC_OK);
    assert_int_equal(f->event->issue.data[0], 8);
    assert_int_equal(f->event->issue_merged->into.len, TOC_ID);
    assert_int_equal(f->event->issue_merged->into.data[0], 7);
    assert_int_equal(read_event(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.linked\","
                                   "\"data\":{\"other\":\"crm#T-6\"}}"),
                     TOC_OK);
    assert_int_equal(f->event->issue_linked->other.data[0], 7);
    assert_int_equal(read_event(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\","
                                   "\"data\":{\"appeal\":{\"issue\":\"crm#T-6\"}}}"),
                     TOC_OK);
    assert_int_equal(f->event->issue_opened->appeal->issue.data[0], 7);
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.merged\",\"data\":{\"into\":\"x#y\"}}",
                 "into: 'x#y' names no issue that can be found");
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.merged\",\"data\":{\"into\":\"T-6\"}}",
                 "data.into: has to be bytes in hexadecimal");
    assert_error(f, "[\"crm#T-6\"]", "an event is a JSON object");
}

static void what_is_written_reads_back_the_same(void **state)
{
    static const char *const events[] = {
        "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"subject\":\"T\",\"time\":"
        "\"2026-03-01T09:30:00Z\",\"data\":{\"channel\":\"web\",\"priority\":\"P1\","
        "\"bot\":true}}",
        "{" ENVELOPE ",\"type\":\"tocsin.issue.message\",\"data\":{\"direction\":\"inbound\","
        "\"auto\":true}}",
        "{" ENVELOPE ",\"type\":\"tocsin.issue.status\",\"data\":{\"state\":\"on_hold\"}}",
        "{" ENVELOPE ",\"type\":\"tocsin.issue.assigned\",\"data\":{\"action\":\"decline\"}}",
        "{" ENVELOPE ",\"type\":\"tocsin.alert.snoozed\",\"data\":{\"alert\":"
        "\"000102030405060708090a0b0c0d0e0f\",\"by\":\"eva\",\"until_ms\":1772357400000,\"group\":"
        "true}}",
        "{" ENVELOPE ",\"type\":\"tocsin.partition.taken\",\"data\":{\"mask\":"
        "\"ffffffffffffffff\",\"log_id\":\"00000000000000ab\",\"epoch\":3}}",
        "{" ENVELOPE ",\"type\":\"tocsin.agent.presence\",\"data\":{\"agent\":\"a\","
        "\"online\":false,\"queues\":[\"q\"]}}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        assert_int_equal(read_event(f, events[i]), TOC_OK);
        json_t *written = toc_event_json_write(f->event);
        json_t *wanted = json_loads(events[i], 0, NULL);
        assert_non_null(wanted);
        if (!json_equal(written, wanted))
            fail_msg("%s came back as %s", events[i], json_dumps(written, 0));
        json_decref(written);
        json_decref(wanted);
    }
}

static void what_people_wrote_is_read_apart_from_the_body(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_event(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"data\":{"
                                   "\"channel\":\"email\",\"content\":{\"body\":\"Hi,\\nhelp\","
                                   "\"person\":\"ana@example.com\",\"phone\":\"+1 555 0100\","
                                   "\"title\":\"\",\"name\":null}}}"),
                     TOC_OK);
    const Tocsin__V1__Private *private = f->event->private_;
    assert_string_equal(f->event->issue_opened->channel, "email");
    assert_string_equal(private->person, "ana@example.com");
    assert_int_equal(private->n_texts, 2);
    assert_string_equal(private->texts[0]->class_, "body");
    assert_int_equal(private->texts[0]->text.len, 8);
    assert_memory_equal(private->texts[0]->text.data, "Hi,\nhelp", 8);
    assert_string_equal(private->texts[1]->class_, "contact");
    assert_string_equal(private->texts[1]->name, "phone");
}

static void content_that_was_read_can_be_written_again(void **state)
{
    static const char *const content =
        "{\"address\":\"1 "
        "Lane\",\"body\":\"Hi,\\nhelp\",\"email\":\"a@b\",\"message_id\":\"<1@b>\","
        "\"name\":\"Ana\",\"person\":\"ana@example.com\",\"phone\":\"1\",\"title\":\"T\"}";
    struct fixture *f = *state;
    char json[1024];
    snprintf(json, sizeof(json),
             "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"data\":{\"content\":%s}}", content);
    assert_int_equal(read_event(f, json), TOC_OK);
    json_t *data = json_object();
    toc_content_json_write_private(f->event->private_, data);
    char *written = json_dumps(json_object_get(data, "content"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(written, content);
    free(written);
    json_decref(data);
}

static void what_is_wrong_with_content_is_said_by_its_member(void **state)
{
    struct fixture *f = *state;
#define CONTENT(type, value)                                                                       \
    "{" ENVELOPE ",\"type\":\"tocsin.issue." type "\",\"data\":{\"content\":" value "}}"
    assert_error(f, CONTENT("opened", "{\"titel\":\"x\"}"),
                 "data.content.titel: unknown member (did you mean 'title'?)");
    assert_error(f, CONTENT("opened", "{\"body\":1}"), "data.content.body: has to be a text");
    assert_error(f, CONTENT("message", "[]"), "data.content: has to be an object");
    assert_error(f, CONTENT("status", "{\"body\":\"x\"}"),
                 "data.content: only tocsin.issue.opened and tocsin.issue.message have it");
}

static void a_text_has_its_limit_and_so_have_all_of_them(void **state)
{
    struct fixture *f = *state;
    static char text[TOC_TEXT_MAX + 1], json[5 * TOC_TEXT_MAX];
    toc_arena_done(&f->arena);
    assert_int_equal(toc_arena_init(&f->arena, 1 << 20), TOC_OK);
    memset(text, 'x', TOC_TEXT_MAX);
    snprintf(json, sizeof(json), CONTENT("opened", "{\"body\":\"%s\"}"), text);
    assert_int_equal(read_event(f, json), TOC_OK);
    assert_int_equal(f->event->private_->texts[0]->text.len, TOC_TEXT_MAX);
    snprintf(json, sizeof(json), CONTENT("opened", "{\"body\":\"%sx\"}"), text);
    assert_error(f, json, "data.content.body: at most 64 KiB");
    snprintf(json, sizeof(json), CONTENT("opened", "{\"body\":\"%s\",\"title\":\"%s\"}"), text,
             text);
    assert_int_equal(read_event(f, json), TOC_ERR_LIMIT);
    assert_non_null(strstr(f->error, "data.content: 131"));
}

static void content_is_written_as_the_log_knows_it(void **state)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    Tocsin__V1__Content content = TOCSIN__V1__CONTENT__INIT, *contents[] = {&content};
    Tocsin__V1__Private private = TOCSIN__V1__PRIVATE__INIT;
    (void)state;
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event.issue_message = &message;
    private.person = toc_wire_text("ana");
    event.private_ = &private;
    content.class_ = toc_wire_text("body");
    content.bytes = 7;
    event.content = contents;
    event.n_content = 1;
    event.pseudonym = toc_wire_text("17");
    json_t *json = toc_event_json_write(&event);
    char *text = json_dumps(json_object_get(json, "data"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"auto\":false,\"content\":[{\"bytes\":7,\"class\":\"body\"}],"
                              "\"pseudonym\":\"17\"}");
    free(text);
    json_decref(json);
}

static void every_type_of_the_table_can_be_published(void **state)
{
    struct fixture *f = *state;
    size_t count;
    const struct toc_event_type *types = toc_event_types(&count);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        char json[256];
        snprintf(json, sizeof(json), "{" ENVELOPE ",\"type\":\"%s\"}", types[i].text);
        assert_int_equal(read_event(f, json), TOC_OK);
        assert_int_equal(f->event->body_case, types[i].body);
        assert_ptr_equal(toc_event_type_find(toc_str_of(types[i].text)), &types[i]);
    }
}

static void unknown_words_are_told_with_the_likely_one(void **state)
{
    struct fixture *f = *state;
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opend\"}",
                 "did you mean 'tocsin.issue.opened'");
    assert_error(f, "{" ENVELOPE ",\"type\":\"lunch\"}", "they look like");
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"subjet\":\"x\"}",
                 "subjet: unknown member (did you mean 'subject'?)");
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"data\":{\"chanel\":\"x\"}}",
                 "data.chanel: unknown member (did you mean 'channel'?)");
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"channel\":\"x\"}",
                 "stand in \"data\"");
    assert_error(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.status\",\"data\":{\"state\":\"shut\"}}",
                 "data.state: 'shut' is not one of new, open, pending, on_hold, solved, closed");
}

static void what_an_event_needs_is_asked_for(void **state)
{
    struct fixture *f = *state;
    assert_error(f, "{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"tocsin.issue.opened\"}",
                 "id: is missing");
    assert_error(f, "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"tocsin.issue.opened\"}",
                 "source: is missing");
    assert_error(f, "{" ENVELOPE "}", "type: is missing");
    assert_error(f, "{\"id\":\"1\",\"source\":\"s\",\"type\":\"tocsin.issue.opened\"}",
                 "specversion: is missing");
    assert_error(f, "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\",\"type\":\"t\"}",
                 "id: is missing");
    assert_error(f, "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}",
                 "specversion: has to be \"1.0\"");
}

static void a_member_of_the_wrong_kind_is_named(void **state)
{
    static const struct {
        const char *type, *data, *part;
    } rows[] = {
        {"issue.opened", "{\"channel\":5}", "data.channel: has to be a text"},
        {"issue.opened", "{\"tags\":\"a\"}", "data.tags: has to be a list"},
        {"issue.opened", "{\"tags\":[1]}", "data.tags: has to be a text"},
        {"issue.opened", "{\"priority\":1}", "data.priority: has to be a text"},
        {"issue.message", "{\"auto\":\"yes\"}", "data.auto: has to be true or false"},
        {"issue.rated", "{\"score\":-1}", "data.score: has to be a whole number"},
        {"issue.rated", "{\"score\":4294967296}", "data.score: has to be a whole number"},
        {"issue.rated", "{\"score\":1.5}", "data.score: has to be a whole number"},
        {"issue.due_set", "{\"due_ms\":\"soon\"}",
         "data.due_ms: has to be a whole number of milli"},
        {"issue.merged", "{\"into\":\"0g\"}", "data.into: has to be bytes in hexadecimal"},
        {"issue.merged", "{\"into\":\"012\"}", "data.into: has to be bytes in hexadecimal"},
        {"partition.taken", "{\"mask\":7}", "data.mask: has to be a text of 16"},
        {"issue.opened", "[]", "data: has to be an object"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char json[400];
        snprintf(json, sizeof(json), "{" ENVELOPE ",\"type\":\"tocsin.%s\",\"data\":%s}",
                 rows[i].type, rows[i].data);
        assert_error(f, json, rows[i].part);
    }
}

static void null_counts_as_absent(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_event(f,
                                "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"subject\":null,"
                                "\"data\":{\"channel\":null,\"tags\":null}}"),
                     TOC_OK);
    assert_string_equal(f->event->subject, "");
    assert_int_equal(f->event->issue_opened->n_tags, 0);
}

static void what_is_no_clean_json_is_refused(void **state)
{
    struct fixture *f = *state;
    char deep[200] = "{" ENVELOPE ",\"data\":";
    assert_error(f, "", "not JSON");
    assert_error(f, "[]", "an event is a JSON object");
    assert_error(f, "17", "an event is a JSON object");
    assert_error(f, "{" ENVELOPE, "not JSON");
    assert_error(f, "{\"id\":\"1\",\"id\":\"2\"}", "not JSON");
    assert_error(f, "{" ENVELOPE ",\"subject\":\"\xff\"}", "not JSON");
    assert_error(f, "{" ENVELOPE ",\"subject\":\"a\\u0000b\"}", "\\u0000 stands in a text");
    assert_error(f, "{" ENVELOPE ",\"sub\\u0000ject\":\"a\"}", "\\u0000 stands in a text");
    size_t at = strlen(deep);
    memset(deep + at, '[', 40);
    assert_error(f, deep, "nested deeper than 32");
    /* Brackets inside a text nest nothing. */
    assert_int_equal(read_event(f, "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"subject\":"
                                   "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"),
                     TOC_OK);
}

static void a_byte_of_0_is_not_passed_over(void **state)
{
    static const char json[] = "[1\0]";
    char error[TOC_EVENT_JSON_ERROR_MAX];
    (void)state;
    assert_null(toc_json_parse(TOC_STR(json), 100, error));
    assert_non_null(strstr(error, "a byte is 0"));
}

static void an_error_that_names_half_a_character_is_text_all_the_same(void **state)
{
    struct fixture *f = *state;
#define X30 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    assert_error(f, "{" ENVELOPE ",\"" X30 X30 "\":1}", X30 X30 ": unknown");
    assert_error(f, "{" ENVELOPE ",\"x" X30 X30 "\":1}", X30 X30 ": unknown");
    assert_error(f, "{" ENVELOPE ",\"xx" X30 "xxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa9\":1}", "x?: unk");
    assert_error(f, "{" ENVELOPE ",\"type\":\"x" X30 "xxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa9\"}",
                 "x?' is unknown");
    assert_error(f,
                 "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"data\":{\"priority\":"
                 "\"" X30 "xxxxxxxx\xe2\x82\xac\"}}",
                 "x?\?' is not one of");
#undef X30
}

static void an_event_over_the_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    char json[4096], text[2001];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    snprintf(json, sizeof(json),
             "{" ENVELOPE ",\"type\":\"tocsin.issue.opened\",\"subject\":\"%s\"}", text);
    assert_int_equal(read_event(f, json), TOC_ERR_LIMIT);
    assert_non_null(strstr(f->error, "too large"));
}

static void times_need_a_zone_and_a_real_date(void **state)
{
    static const struct {
        const char *text;
        toc_time_ms at_ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.5Z", -500},
        {"2024-02-29T12:00:00+00:00", 1709208000000},
        {"2026-03-01t09:30:00z", 1772357400000},
        {"2026-03-01T09:30:00.123456-08:00", 1772386200123},
        {"2016-12-31T23:59:60Z", 1483228800000},
    };
    static const char *const bad[] = {
        "",
        "2026-03-01T09:30:00",
        "2026-03-01 09:30:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:30:00.Z",
        "2026-03-01T09:30:00+5:30",
        "2026-03-01T09:30:00+24:00",
        "2026-03-01T09:30:00Zx",
        "2026-3-01T09:30:00Z",
    };
    toc_time_ms at_ms = 7;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(toc_rfc3339_read(toc_str_of(good[i].text), &at_ms), TOC_OK);
        assert_true(at_ms == good[i].at_ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (toc_rfc3339_read(toc_str_of(bad[i]), &at_ms) != TOC_ERR_MALFORMED)
            fail_msg("'%s' was taken for a time", bad[i]);
}

static void a_time_is_written_as_short_as_it_can_be(void **state)
{
    char text[TOC_RFC3339_MAX];
    (void)state;
    assert_string_equal(toc_rfc3339_write(text, 1772357400000), "2026-03-01T09:30:00Z");
    assert_string_equal(toc_rfc3339_write(text, 1772357400007), "2026-03-01T09:30:00.007Z");
    assert_string_equal(toc_rfc3339_write(text, -500), "1969-12-31T23:59:59.500Z");
}

static void rows_keep_their_zeros_and_say_never_as_null(void **state)
{
    Tocsin__V1__IssueClocks row = TOCSIN__V1__ISSUE_CLOCKS__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT, *clocks[] = {&clock};
    (void)state;
    clock.metric = toc_wire_text("resolution");
    clock.state = TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    clock.due_ms = 5;
    row.clocks = clocks;
    row.n_clocks = 1;
    row.last_seq = UINT64_MAX;
    row.indexed_ms = TOC_TIME_NEVER;
    json_t *json = toc_message_json_write(&row.base, TOC_MESSAGE_JSON_ALL_NUMBERS);
    const json_t *first = json_array_get(json_object_get(json, "clocks"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "state")), "running");
    assert_int_equal(json_integer_value(json_object_get(first, "due_ms")), 5);
    assert_true(json_is_integer(json_object_get(first, "elapsed_ms")));
    assert_true(json_is_false(json_object_get(first, "breached")));
    assert_true(json_is_null(json_object_get(json, "indexed_ms")));
    assert_string_equal(json_string_value(json_object_get(json, "last_seq")),
                        "18446744073709551615");
    assert_null(json_object_get(json, "queue"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_an_opening_is_read),
        cmocka_unit_test(a_message_inside_is_an_object),
        cmocka_unit_test(another_issue_may_be_named_by_source_and_subject),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(what_people_wrote_is_read_apart_from_the_body),
        cmocka_unit_test(content_that_was_read_can_be_written_again),
        cmocka_unit_test(what_is_wrong_with_content_is_said_by_its_member),
        cmocka_unit_test(a_text_has_its_limit_and_so_have_all_of_them),
        cmocka_unit_test(content_is_written_as_the_log_knows_it),
        cmocka_unit_test(every_type_of_the_table_can_be_published),
        cmocka_unit_test(unknown_words_are_told_with_the_likely_one),
        cmocka_unit_test(what_an_event_needs_is_asked_for),
        cmocka_unit_test(a_member_of_the_wrong_kind_is_named),
        cmocka_unit_test(null_counts_as_absent),
        cmocka_unit_test(what_is_no_clean_json_is_refused),
        cmocka_unit_test(a_byte_of_0_is_not_passed_over),
        cmocka_unit_test(an_error_that_names_half_a_character_is_text_all_the_same),
        cmocka_unit_test(an_event_over_the_limit_is_refused),
        cmocka_unit_test(times_need_a_zone_and_a_real_date),
        cmocka_unit_test(a_time_is_written_as_short_as_it_can_be),
        cmocka_unit_test(rows_keep_their_zeros_and_say_never_as_null),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
