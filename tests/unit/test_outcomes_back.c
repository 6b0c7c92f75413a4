/* Mappings back: what a file makes of an outcome, and where writing ends. */
#include "services/outcomes/back/back.h"
#include "services/outcomes/send/echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define HEAD "back: 1\nname: tool\nmethod: PUT\npath: /t/${subject}\n"

static struct back *read_well(const char *text)
{
    struct back *back;
    char *errors;
    if (back_read(toc_str_of(text), "tool.yaml", &back, &errors) != TOC_OK)
        fail_msg("%s", errors != NULL ? errors : "no memory");
    return back;
}

static Tocsin__V1__Record record;
static Tocsin__V1__IssueOutcome outcome;
static char *tags[] = {"vip", "a \"b\""};
static struct back_request request;

static int start(void **state)
{
    static uint8_t id[TOC_ID] = {0xab};
    (void)state;
    tocsin__v1__record__init(&record);
    tocsin__v1__issue_outcome__init(&outcome);
    record.issue = toc_wire_binary(toc_str(id, sizeof(id)));
    outcome.type = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED;
    outcome.subject = toc_wire_text("4711");
    outcome.queue = toc_wire_text("billing");
    outcome.priority = TOCSIN__V1__PRIORITY__PRIORITY_P2;
    outcome.tier = 2;
    outcome.tags = tags;
    outcome.n_tags = 2;
    return 0;
}

/* The body of a mapping whose keys after the path are these. */
static const char *body_of(const char *more)
{
    static char text[4096], body[BACK_BODY_MAX + 1];
    snprintf(text, sizeof(text), HEAD "%s", more);
    struct back *back = read_well(text);
    assert_null(back_make(back, "https://tool.example/", "", &record, &outcome, &request));
    memcpy(body, request.body, request.body_size);
    body[request.body_size] = '\0';
    back_free(back);
    return body;
}

static void errors_of(const char *text, const char *told)
{
    struct back *back;
    char *errors = NULL;
    assert_int_equal(back_read(toc_str_of(text), "tool.yaml", &back, &errors), TOC_ERR_CONFIG);
    if (errors == NULL || strstr(errors, told) == NULL)
        fail_msg("'%s' is not told in:\n%s", told, errors);
    free(errors);
}

/* --- requests ------------------------------------------------------------------------------- */

static void a_cell_alone_or_in_a_text_is_filled_in(void **state)
{
    (void)state;
    assert_string_equal(body_of("body: {a: '${queue}', b: 'q-${queue}/${tier}', c: plain}\n"),
                        "{\"a\":\"billing\",\"b\":\"q-billing/2\",\"c\":\"plain\"}");
    assert_string_equal(request.url, "https://tool.example/t/4711");
    assert_string_equal(request.method, "PUT");
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(body_of("body: {a: '${category}', b: {c: 'x ${rule}'}, d: [y, '${rule}'],"
                                " e: ~}\n"),
                        "{\"b\":{},\"d\":[\"y\"],\"e\":null}");
}

static void words_are_looked_up_and_nothing_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(body_of("values: {p: {P1: urgent, P2: high}, q: {billing: ~, '*': other},"
                                " n: {P2: '3'}}\n"
                                "body: {a: '${priority|p}', b: '${queue|q}', c: '${state|p}',"
                                " d: '${priority|n|number}', e: '${priority|n}', f: '${true}'}\n"),
                        "{\"a\":\"high\",\"d\":3,\"e\":\"3\",\"f\":true}");
}

static void tags_alone_are_as_many_items(void **state)
{
    (void)state;
    assert_string_equal(body_of("values: {t: {vip: important, '*': ~}}\n"
                                "body: {a: [x, '${tags}'], b: '${tags}', c: ['${tags|t}']}\n"),
                        "{\"a\":[\"x\",\"vip\",\"a \\\"b\\\"\"],\"b\":\"vip a \\\"b\\\"\","
                        "\"c\":[\"important\"]}");
}

static void a_reference_stays_one_part_of_the_path(void **state)
{
    (void)state;
    outcome.subject = toc_wire_text("../admin?x=1&y#\xc3\xa9 %");
    body_of("body: {a: b}\n");
    assert_string_equal(request.url,
                        "https://tool.example/t/..%2Fadmin%3Fx%3D1%26y%23%C3%A9%20%25");
}

static void a_path_without_its_reference_is_no_request(void **state)
{
    struct back *back = read_well(HEAD "body: {a: b}\n");
    (void)state;
    outcome.subject = toc_wire_text("");
    assert_string_equal(back_make(back, "https://tool", "", &record, &outcome, &request),
                        "a part of its path is not known");
    back_free(back);
}

static void the_login_goes_into_its_field(void **state)
{
    struct back *back = read_well(HEAD "login: X-Key\nheader: {Accept: application/json}\n"
                                       "body: {a: b}\n");
    (void)state;
    assert_null(back_make(back, "https://tool", "s3cret", &record, &outcome, &request));
    assert_int_equal(request.line_count, 2);
    assert_string_equal(request.lines[0], "X-Key: s3cret");
    assert_string_equal(request.lines[1], "Accept: application/json");
    back_free(back);
}

static void types_are_a_filter_of_their_own(void **state)
{
    struct back *some = read_well(HEAD "types: [solved, closed]\nbody: {a: b}\n");
    struct back *all = read_well(HEAD "body: {a: b}\n");
    (void)state;
    assert_true(back_wants(some, TOCSIN__V1__OUTCOME_TYPE__OUTCOME_SOLVED));
    assert_false(back_wants(some, TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED));
    assert_true(back_wants(some, TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST));
    assert_true(back_wants(all, TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED));
    back_free(some);
    back_free(all);
}

/* --- files ---------------------------------------------------------------------------------- */

static void a_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    errors_of("back: 2\n", "tool.yaml:1:7: error: 'back' is the version of this format: 1");
    errors_of("[]\n", "has to be a map");
    errors_of(HEAD "body: {a: '${qeue}'}\n", "'${qeue}': is none of type, subject");
    errors_of(HEAD "body: {a: '${queue|p}'}\n", "behind '|' stands a name of 'values', or number");
    errors_of(HEAD "body: {a: ['${queue']}\n", "'${' without its '}'");
    errors_of(HEAD "body: {a: b}\nlogin: 'X: y'\n", "has to be the name of a field");
    errors_of(HEAD "body: {a: b}\nheader: {A: ''}\n", "a text that is not empty");
    errors_of(HEAD "body: {a: b}\ntypes: [routed, lost]\n", "has to be routed, classified");
    errors_of(HEAD "body: {a: b}\ntype: [routed]\n", "did you mean 'types'?");
    errors_of("back: 1\nname: tool\nmethod: PUT\npath: t\nbody: {a: b}\n",
              "a path begins with '/'");
    errors_of("back: 1\nname: A b\nmethod: PUT\npath: /t\nbody: {a: b}\n", "a name has at most");
    errors_of(HEAD "body: {a: b\n", "tool.yaml:");
    errors_of("back: 1\n\xff", "not UTF-8");
}

static void a_long_text_is_no_request(void **state)
{
    static char text[8192], name[2001];
    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    snprintf(text, sizeof(text),
             HEAD "body: {a: '%s${queue}${queue}${queue}${queue}${queue}${queue}"
                  "${queue}${queue}'}\n",
             name);
    struct back *back = read_well(text);
    assert_string_equal(back_make(back, "https://tool", "", &record, &outcome, &request),
                        "a text of its request is too long");
    back_free(back);
}

/* --- where writing ends --------------------------------------------------------------------- */

static void what_is_written_just_so_is_not_written_again(void **state)
{
    static struct echo echo;
    (void)state;
    assert_int_equal(echo_judge(&echo, 7, 1, 0), ECHO_FRESH);
    echo_note(&echo, 7, 1, 0);
    assert_int_equal(echo_judge(&echo, 7, 1, 1000), ECHO_SAME);
    assert_int_equal(echo_judge(&echo, 7, 2, 1000), ECHO_FRESH);
    assert_int_equal(echo_judge(&echo, 7 + ECHO_PLACES, 1, 1000), ECHO_FRESH);
    assert_int_equal(echo_judge(&echo, 7, 1, ECHO_WINDOW_MS), ECHO_FRESH);
}

static void ten_times_within_an_hour_is_a_loop(void **state)
{
    static struct echo echo;
    (void)state;
    for (uint64_t i = 0; i < ECHO_WRITES; i++) {
        assert_int_equal(echo_judge(&echo, 7, i, 100), ECHO_FRESH);
        echo_note(&echo, 7, i, 100);
    }
    assert_int_equal(echo_judge(&echo, 7, 99, 200), ECHO_LOOP);
    assert_int_equal(echo_judge(&echo, 8, 99, 200), ECHO_FRESH);
    assert_int_equal(echo_judge(&echo, 7, 99, 100 + ECHO_WINDOW_MS), ECHO_FRESH);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
    const struct CMUnitTest tests[] = {
        TEST(a_cell_alone_or_in_a_text_is_filled_in),
        TEST(what_is_not_known_is_left_out),
        TEST(words_are_looked_up_and_nothing_is_left_out),
        TEST(tags_alone_are_as_many_items),
        TEST(a_reference_stays_one_part_of_the_path),
        TEST(a_path_without_its_reference_is_no_request),
        TEST(the_login_goes_into_its_field),
        TEST(types_are_a_filter_of_their_own),
        TEST(a_mistake_is_told_with_its_place),
        TEST(a_long_text_is_no_request),
        TEST(what_is_written_just_so_is_not_written_again),
        TEST(ten_times_within_an_hour_is_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
