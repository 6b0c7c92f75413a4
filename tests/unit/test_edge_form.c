/* Web forms as plain members and files. */
#include "common/wire.h"
#include "services/intake/edge/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define PAIRS "Content-Type: application/x-www-form-urlencoded\r\n"
#define PARTS "Content-Type: multipart/form-data; boundary=B\r\n"
#define FIELD(name, text)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" text "\r\n"
#define FILE_(name, text)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" name "\"\r\n\r\n" text "\r\n"
#define END "--B--\r\n"

static struct toc_pool pool;
static struct form form;
static char why[FORM_WHY_MAX];

static int tear_down(void **state)
{
    (void)state;
    json_decref(form.members);
    form = (struct form){0};
    toc_pool_done(&pool);
    return 0;
}

static int read_form(const char *fields, struct toc_str body)
{
    const struct toc_http_request request = {.fields = toc_str_of(fields), .body = body};
    json_decref(form.members);
    form = (struct form){0};
    return form_read(&pool, &request, "_leave_empty", &form, why);
}

static void check_members(const char *fields, struct toc_str body, const char *expected)
{
    why[0] = '\0';
    assert_int_equal(read_form(fields, body), 0);
    char *said = json_dumps(form.members, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(said, expected);
    free(said);
}

static void check_refused(const char *fields, struct toc_str body, int status, const char *text)
{
    assert_int_equal(read_form(fields, body), status);
    assert_string_equal(why, text);
}

static void fields_are_members(void **state)
{
    (void)state;
    check_members(PAIRS,
                  TOC_STR("title=Hi+there&email=a%40b.example&phone=&tags=vip&tags=new&bot=on"),
                  "{\"bot\":true,\"email\":\"a@b.example\",\"tags\":[\"vip\",\"new\"],"
                  "\"title\":\"Hi there\"}");
    check_members(PARTS,
                  TOC_STR(FIELD("title", "Hi") FIELD("text", "a\r\nb") FIELD("name", " ") END),
                  "{\"text\":\"a\\nb\",\"title\":\"Hi\"}");
    check_members(PAIRS, toc_str("", 0), "{}");
}

static void what_the_page_asked_beside_goes_below_the_text(void **state)
{
    (void)state;
    check_members(PAIRS, TOC_STR("text=Broken&Order=17&colour=red&colour=blue&empty="),
                  "{\"text\":\"Broken\\n\\nOrder: 17\\ncolour: red\\ncolour: blue\"}");
    check_members(PAIRS, TOC_STR("Order=17"), "{\"text\":\"Order: 17\"}");
    check_members(PAIRS, TOC_STR("_csrf=secret&=x"), "{}");
    check_members(PAIRS, TOC_STR("appeal=please"), "{\"text\":\"appeal: please\"}");
}

static void what_is_for_the_edge_is_told_apart(void **state)
{
    (void)state;
    check_members(PAIRS, TOC_STR("_grant=toc1.x&_redirect=https%3A%2F%2Fa.example%2F&title=x"),
                  "{\"title\":\"x\"}");
    assert_string_equal(form.grant, "toc1.x");
    assert_string_equal(form.redirect, "https://a.example/");
    assert_false(form.trapped);
    check_members(PAIRS, TOC_STR("_leave_empty=&title=x"), "{\"title\":\"x\"}");
    assert_false(form.trapped);
    assert_null(form.grant);
    assert_false(form.once);
    check_members(PAIRS, TOC_STR("_leave_empty=buy&title=x"), "{\"title\":\"x\"}");
    assert_true(form.trapped);
    check_members(PAIRS, TOC_STR("_once=17&title=x"), "{\"title\":\"x\"}");
    assert_true(form.once);
    check_members(PAIRS, TOC_STR("_once=&title=x"), "{\"title\":\"x\"}"); /* no script ran */
    assert_false(form.once);
}

static void a_member_that_comes_twice_is_refused(void **state)
{
    (void)state;
    check_refused(PAIRS, TOC_STR("title=a&title=b"), 400, "title: comes twice");
    check_members(PAIRS, TOC_STR("title=a&title="), "{\"title\":\"a\"}");
}

static void text_is_read_in_the_charset_of_the_page(void **state)
{
    (void)state;
    check_members(PAIRS, TOC_STR("title=caf%E9+%80"), "{\"title\":\"caf\u00e9 \u20ac\"}");
    check_members(PAIRS, TOC_STR("title=caf%C3%A9"), "{\"title\":\"caf\u00e9\"}");
    check_members(PARTS, TOC_STR(FIELD("title", "\xc4\xc1") FIELD("_charset_", "KOI8-R") END),
                  "{\"title\":\"\u0434\u0430\"}");
    check_members(PARTS,
                  TOC_STR("--B\r\nContent-Disposition: form-data; name=title\r\n"
                          "Content-Type: text/plain; charset=iso-8859-15\r\n\r\n\xa4\r\n" END),
                  "{\"title\":\"\u20ac\"}");
    check_members(PAIRS, TOC_STR("title=a%00b%1b%E2%80%AEc"), "{\"title\":\"abc\"}");
}

static void files_have_names_that_can_be_shown(void **state)
{
    (void)state;
    check_members(PARTS,
                  TOC_STR(FILE_("../../etc/passwd", "1") FILE_("C:\\\\dir\\x.txt", "22")
                              FILE_("..", "3") FILE_("a\x07\xe9.png", "4") FILE_("", "nameless")
                                  FILE_("", "") END),
                  "{}");
    assert_int_equal(form.file_count, 5);
    assert_string_equal(form.files[0].name, "passwd");
    assert_string_equal(form.files[1].name, "x.txt");
    assert_int_equal(form.files[1].bytes.size, 2);
    assert_string_equal(form.files[2].name, "file");
    assert_string_equal(form.files[3].name, "a\u00e9.png");
    assert_string_equal(form.files[4].name, "file");
}

static void two_forms_that_say_the_same_have_one_digest(void **state)
{
    uint8_t first[TOC_SHA256];
    (void)state;
    assert_int_equal(read_form(PAIRS, TOC_STR("a=1&b=2")), 0);
    memcpy(first, form.digest, sizeof(first));
    assert_int_equal(read_form(PARTS, TOC_STR(FIELD("a", "1") FIELD("b", "2") END)), 0);
    assert_memory_equal(form.digest, first, sizeof(first));
    assert_int_equal(read_form(PAIRS, TOC_STR("a=1b&=2")), 0);
    assert_memory_not_equal(form.digest, first, sizeof(first));
    assert_int_equal(read_form(PARTS, TOC_STR(FIELD("a", "1") FIELD("b", "2") FILE_("x", "") END)),
                     0);
    assert_memory_not_equal(form.digest, first, sizeof(first));
}

static void limits_are_kept(void **state)
{
    static char body[(size_t)11 << 20];
    size_t size = 0;
    (void)state;
    for (unsigned i = 0; i < FORM_FIELDS_MAX + 1; i++)
        size += (size_t)snprintf(body + size, sizeof(body) - size, "a%u=x&", i);
    check_refused(PAIRS, toc_str(body, size), 413, "too many fields: at most 100");
    size = 0;
    for (unsigned i = 0; i < FORM_FILES_MAX + 1; i++)
        size += (size_t)snprintf(body + size, sizeof(body) - size, FILE_("x", "x"));
    size += (size_t)snprintf(body + size, sizeof(body) - size, END);
    check_refused(PARTS, toc_str(body, size), 413, "f: too many files: at most 10");
    size = (size_t)snprintf(body, sizeof(body), "text=");
    memset(body + size, 'x', TOC_TEXT_MAX + 1);
    check_refused(PAIRS, toc_str(body, size + TOC_TEXT_MAX + 1), 413, "text: at most 64 KiB");
    memset(body, 'x', sizeof(body));
    size = (size_t)snprintf(body, sizeof(body),
                            "--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\n");
    body[size] = 'x';
    memcpy(body + size + FORM_FILE_MAX + 1, "\r\n--B--", 7);
    check_refused(PARTS, toc_str(body, size + FORM_FILE_MAX + 1 + 7), 413,
                  "f: the file is too large: at most 10 MB");
    memcpy(body + size + FORM_FILE_MAX, "\r\n--B--", 7);
    assert_int_equal(read_form(PARTS, toc_str(body, size + FORM_FILE_MAX + 7)), 0);
}

static void what_is_no_form_is_told(void **state)
{
    (void)state;
    check_refused("Content-Type: application/json\r\n", TOC_STR("{}"), 415,
                  "send a form: application/x-www-form-urlencoded or multipart/form-data");
    check_refused(PAIRS "Content-Encoding: gzip\r\n", TOC_STR("a=1"), 415,
                  "send a form: application/x-www-form-urlencoded or multipart/form-data");
    check_refused(PAIRS, TOC_STR("a%00b=1"), 400, "the name of a field has a byte that is 0");
    check_refused(PARTS, TOC_STR("a=1"), 400, "the body does not begin with its boundary");
}

#define CASE(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fields_are_members),
        CASE(what_the_page_asked_beside_goes_below_the_text),
        CASE(what_is_for_the_edge_is_told_apart),
        CASE(a_member_that_comes_twice_is_refused),
        CASE(text_is_read_in_the_charset_of_the_page),
        CASE(files_have_names_that_can_be_shown),
        CASE(two_forms_that_say_the_same_have_one_digest),
        CASE(limits_are_kept),
        CASE(what_is_no_form_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
