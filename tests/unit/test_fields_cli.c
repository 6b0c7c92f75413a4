#include "services/cli/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

struct page {
    char *text;
    size_t size;
    struct print print;
};

static void page_open(struct page *page)
{
    *page = (struct page){.text = NULL};
    page->print.out = open_memstream(&page->text, &page->size);
    assert_non_null(page->print.out);
}

static void page_is(struct page *page, const char *expected)
{
    fclose(page->print.out);
    assert_string_equal(page->text, expected);
    free(page->text);
}

static void enums_lose_what_their_names_have_in_common(void **state)
{
    char out[FIELDS_ENUM_MAX];
    (void)state;
    assert_string_equal(fields_enum(out, &tocsin__v1__issue_state__descriptor, 4), "on_hold");
    assert_string_equal(fields_enum(out, &tocsin__v1__priority__descriptor, 1), "p1");
    assert_string_equal(fields_enum(out, &tocsin__v1__priority__descriptor, 0), "unspecified");
    assert_string_equal(fields_enum(out, &tocsin__v1__clock_state__descriptor, 2), "running");
    assert_string_equal(fields_enum(out, &tocsin__v1__alert_state__descriptor, 1), "open");
    assert_string_equal(fields_enum(out, &tocsin__v1__page_state__descriptor, 3), "dead");
    assert_string_equal(fields_enum(out, &tocsin__v1__refuse_reason__descriptor, 5), "conflict");
    assert_string_equal(fields_enum(out, &tocsin__v1__direction__descriptor, 1), "inbound");
    assert_string_equal(fields_enum(out, &tocsin__v1__record_type__descriptor, 10),
                        "issue_changed");
    assert_string_equal(fields_enum(out, &tocsin__v1__priority__descriptor, 99), "99");
}

static void every_type_of_record_has_a_body(void **state)
{
    const ProtobufCEnumDescriptor *types = &tocsin__v1__record_type__descriptor;
    (void)state;
    for (unsigned i = 0; i < types->n_values; i++) {
        int value = types->values[i].value;
        const ProtobufCMessageDescriptor *body = fields_body_of((Tocsin__V1__RecordType)value);
        assert_int_equal(body != NULL, value != 0);
    }
    assert_null(fields_body_of((Tocsin__V1__RecordType)9999));
}

static void sample_change(Tocsin__V1__IssueChange *change, Tocsin__V1__Issue *issue)
{
    static uint8_t id[TOC_ID] = {0xab, 0xcd};
    static char one[] = "one", two[] = "two", first[] = "first", risk[] = "risk";
    static char *tags[] = {one, two};
    static Tocsin__V1__Tried rule, *tried[] = {&rule};
    tocsin__v1__tried__init(&rule);
    rule.name = first;
    rule.why = risk;
    tocsin__v1__issue__init(issue);
    tocsin__v1__issue_change__init(change);
    issue->id = (ProtobufCBinaryData){TOC_ID, id};
    issue->state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING;
    issue->tags = tags;
    issue->n_tags = 2;
    issue->opened_ms = 1772366400000;
    issue->last_seq = 9007199254740993; /* more than a double holds */
    change->what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS;
    change->issue = issue;
    change->tried = tried;
    change->n_tried = 1;
}

static void json_has_what_is_set(void **state)
{
    Tocsin__V1__IssueChange change;
    Tocsin__V1__Issue issue;
    struct page page;
    (void)state;
    sample_change(&change, &issue);
    page_open(&page);
    fields_json_line(page.print.out, &change.base, false);
    page_is(&page, "{\"what\":\"status\",\"issue\":{\"id\":\"abcd0000000000000000000000000000\","
                   "\"state\":\"pending\",\"tags\":[\"one\",\"two\"],"
                   "\"opened_ms\":1772366400000,\"last_seq\":\"9007199254740993\"},"
                   "\"tried\":[{\"name\":\"first\",\"why\":\"risk\"}]}\n");
}

static void json_of_everything_has_empty_fields_too(void **state)
{
    Tocsin__V1__UpstreamStatus up = TOCSIN__V1__UPSTREAM_STATUS__INIT;
    Tocsin__V1__EventRefused refused = TOCSIN__V1__EVENT_REFUSED__INIT;
    struct page page;
    (void)state;
    up.log_id = 0xff;
    page_open(&page);
    fields_json_line(page.print.out, &up.base, true);
    fields_json_line(page.print.out, &refused.base, true);
    page_is(&page, "{\"endpoint\":\"\",\"log_id\":\"00000000000000ff\",\"cursor_seq\":\"0\","
                   "\"head_seq\":\"0\",\"promise_ms\":0,\"live\":false,\"stopped\":\"\"}\n"
                   "{\"id\":\"\",\"source\":\"\",\"reason\":\"unspecified\",\"field\":\"\","
                   "\"hash\":\"\"}\n");
}

static void only_the_chosen_body_of_an_event_is_shown(void **state)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    struct page page;
    (void)state;
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    message.auto_ = true;
    event.id = (char[]){"e1"};
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event.issue_message = &message;
    page_open(&page);
    fields_json_line(page.print.out, &event.base, false);
    fields_text(&page.print, &event.base, NULL);
    page_is(&page, "{\"id\":\"e1\",\"issue_message\":{\"direction\":\"inbound\",\"auto\":true}}\n"
                   " id=e1 issue_message.direction=inbound issue_message.auto=yes");
}

static void text_has_own_values_before_inner_ones(void **state)
{
    Tocsin__V1__IssueChange change;
    Tocsin__V1__Issue issue;
    struct page page;
    (void)state;
    sample_change(&change, &issue);
    issue.source = (char[]){"evil\033[2J"};
    change.rule = (char[]){"r"};
    page_open(&page);
    fields_text(&page.print, &change.base, "what");
    page_is(&page, " rule=r issue.id=abcd000000000000\xe2\x80\xa6 issue.state=pending"
                   " issue.source=evil\xef\xbf\xbd[2J issue.opened_ms=2026-03-01 12:00"
                   " issue.last_seq=9007199254740993 issue.tags=one,two"
                   " tried.0.name=first tried.0.why=risk");
}

static void a_record_is_one_line_with_its_body(void **state)
{
    Tocsin__V1__ClockAdvance body = TOCSIN__V1__CLOCK_ADVANCE__INIT;
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    struct toc_arena arena;
    struct print_json json;
    struct toc_str bytes;
    struct page page;
    (void)state;
    assert_int_equal(toc_arena_init(&arena, 65536), TOC_OK);
    body.to_ms = -7;
    assert_int_equal(toc_wire_pack(&arena, &body, &bytes), TOC_OK);
    record.seq = 3;
    record.type = TOCSIN__V1__RECORD_TYPE__TIME_ADVANCED;
    record.body = toc_wire_binary(bytes);
    page_open(&page);
    size_t used = arena.used;
    print_json_open(&json, page.print.out);
    fields_json_record(&json, &arena, "intake", &record);
    print_json_close(&json);
    record.body = toc_wire_binary(TOC_STR("\xff")); /* unreadable: as it is */
    print_json_open(&json, page.print.out);
    fields_json_record(&json, &arena, "intake", &record);
    print_json_close(&json);
    page_is(&page, "{\"service\":\"intake\",\"seq\":\"3\",\"type\":\"time_advanced\","
                   "\"body\":{\"to_ms\":-7}}\n"
                   "{\"service\":\"intake\",\"seq\":\"3\",\"type\":\"time_advanced\","
                   "\"body\":\"ff\"}\n");
    assert_int_equal(arena.used, used);
    toc_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enums_lose_what_their_names_have_in_common),
        cmocka_unit_test(every_type_of_record_has_a_body),
        cmocka_unit_test(json_has_what_is_set),
        cmocka_unit_test(json_of_everything_has_empty_fields_too),
        cmocka_unit_test(only_the_chosen_body_of_an_event_is_shown),
        cmocka_unit_test(text_has_own_values_before_inner_ones),
        cmocka_unit_test(a_record_is_one_line_with_its_body),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
