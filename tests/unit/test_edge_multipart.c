/* multipart/form-data: what browsers send, and what is none. */
#include "services/intake/edge/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define TYPE "multipart/form-data; boundary=B"

static struct toc_pool pool;

static int tear_down(void **state)
{
    (void)state;
    toc_pool_done(&pool);
    return 0;
}

/* Every part as name=body; or name<filename>=body;, then what ended it. */
static const char *read_parts(const char *type, struct toc_str body)
{
    static char said[8192];
    struct multipart m;
    struct multipart_part part;
    size_t size = 0;
    enum toc_err err;
    multipart_why why = multipart_begin(&m, &pool, toc_str_of(type), body);
    said[0] = '\0';
    if (why != NULL)
        return why;
    while ((err = multipart_next(&m, &part, &why)) == TOC_OK)
        size += (size_t)snprintf(said + size, sizeof(said) - size, "%s%s%s%s=%.*s;", part.name,
                                 part.filename != NULL ? "<" : "",
                                 part.filename != NULL ? part.filename : "",
                                 part.filename != NULL ? ">" : "", (int)part.body.size,
                                 part.body.size > 0 ? part.body.data : "");
    return err == TOC_NONE ? said : why;
}

#define CHECK(body, expected) assert_string_equal(read_parts(TYPE, TOC_STR(body)), expected)
#define PART(fields, text)    "--B\r\n" fields "\r\n\r\n" text "\r\n"
#define FIELD(name, text)     PART("Content-Disposition: form-data; name=\"" name "\"", text)
#define END                   "--B--\r\n"

static void fields_and_files_come_in_order(void **state)
{
    (void)state;
    CHECK(FIELD("a", "1") FIELD("b", "")
              PART("Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n"
                   "Content-Type: text/plain",
                   "line\r\n\r\nline") END,
          "a=1;b=;f<x.txt>=line\r\n\r\nline;");
    CHECK("--B--\r\n", "");
    CHECK("--B--", "");
    CHECK(FIELD("a", "1") "--B--", "a=1;");
}

static void a_boundary_may_be_quoted_and_stand_in_a_body(void **state)
{
    (void)state;
    assert_string_equal(read_parts("Multipart/Form-Data; Boundary=\"a b\"",
                                   TOC_STR("--a b\r\nContent-Disposition: form-data; name=x\r\n\r\n"
                                           "--a b--\r\n\r\n--a bc\r\n\n--a b\r\n--a b--")),
                        "x=--a b--\r\n\r\n--a bc\r\n\n--a b;");
    CHECK("--B \t\r\n"
          "Content-Disposition: form-data; name=x\r\n\r\n1\r\n--B-- \r\n",
          "x=1;");
}

static void names_are_read_as_browsers_write_them(void **state)
{
    (void)state;
    CHECK(FIELD("a%22b%0D%0Ac%41", "") END, "a\"b\r\nc%41=;");
    CHECK(FIELD("a\\\"b;c", "") END, "a\"b;c=;");
    CHECK(PART("content-disposition:form-data;name=f;filename=\"C:\\dir\\x.txt\"", "") END,
          "f<C:\\dir\\x.txt>=;");
    CHECK(PART("Content-Disposition: form-data; name=\"f\"; filename=\"e.txt\"; "
               "filename*=UTF-8''%C3%A9.txt",
               "") END,
          "f<\xc3\xa9.txt>=;");
    CHECK(PART("Content-Disposition: form-data; name=f; filename=\"e\"; filename*=KOI8-R''%C3", "")
              END,
          "f<e>=;");
    CHECK(PART("Content-Disposition: form-data; name=f; filename*=utf-8'en'%ff", "") END, "f<>=;");
    CHECK(PART("Content-Disposition: form-data; name=f; filename=\"\"", "") END, "f<>=;");
}

static void what_is_no_form_is_told(void **state)
{
    static const char part[] = "a part is not one of a form: Content-Disposition: form-data; "
                               "name=\"…\", once";
    static const char header[] = "a part has a malformed header, or a field twice";
    (void)state;
    CHECK(PART("Content-Disposition: attachment; name=a", "") END, part);
    CHECK(PART("Content-Disposition: form-data", "") END, part);
    CHECK(PART("Content-Disposition: form-data; name=a; name=b", "") END, part);
    CHECK(PART("X-Name: a", "") END, part);
    CHECK(PART("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
               "") END,
          header);
    CHECK(PART("Content-Disposition: form-data;\r\n name=a", "") END, header);
    CHECK(PART("no colon", "") END, header);
    CHECK(PART(": a", "") END, header);
    CHECK("--B\r\nContent-Disposition: form-data; name=a\n\nx\r\n--B--\r\n", header);
    CHECK(PART("Content-Disposition: form-data; name=\"a\0b\"", "") END, header);
    CHECK(PART("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "")
              END,
          "a part has a transfer coding, which forms have not");
    CHECK(PART("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 8BIT", "x")
              END,
          "a=x;");
}

static void what_ends_too_early_or_late_is_told(void **state)
{
    static const char begin[] = "the body does not begin with its boundary";
    static const char end[] = "a part does not end with the boundary";
    (void)state;
    CHECK("", begin);
    CHECK("\r\n--B\r\n", begin);
    CHECK("--BB\r\n", begin);
    CHECK("--B\n", begin);
    CHECK("--B\r\nContent-Disposition: form-data; name=a",
          "the header of a part does not end, or is larger than 4096 bytes");
    CHECK("--B\r\n", "the header of a part does not end, or is larger than 4096 bytes");
    CHECK("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx", end);
    CHECK("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx--B--", end);
    CHECK(FIELD("a", "1") "--B-", end);
    CHECK(FIELD("a", "1") END "more", "something stands behind the last boundary");
}

static void check_type(const char *type)
{
    assert_string_equal(read_parts(type, TOC_STR(FIELD("a", "1") END)),
                        "the Content-Type names no boundary, or one that is none");
}

static void a_boundary_has_its_letters_and_its_length(void **state)
{
    (void)state;
    check_type("multipart/form-data");
    check_type("multipart/form-data; boundary=");
    check_type("multipart/form-data; boundary=\"B \"");
    check_type("multipart/form-data; boundary=B; boundary=B");
    check_type("multipart/form-data; boundary=\"a\x01\"");
    check_type("multipart/form-data; boundary="
               "01234567890123456789012345678901234567890123456789012345678901234567890");
}

static void limits_are_kept(void **state)
{
    static char body[64 * 1024];
    size_t size = 0;
    (void)state;
    for (unsigned i = 0; i < MULTIPART_PARTS_MAX + 1; i++)
        size += (size_t)snprintf(body + size, sizeof(body) - size, FIELD("%u", "x"), i);
    size += (size_t)snprintf(body + size, sizeof(body) - size, END);
    assert_string_equal(read_parts(TYPE, toc_str(body, size)), "too many fields: at most 100");
    size = (size_t)snprintf(body, sizeof(body), "--B\r\nX: %04000d\r\nY: %0100d\r\n\r\n\r\n--B--",
                            1, 1);
    assert_string_equal(read_parts(TYPE, toc_str(body, size)),
                        "the header of a part does not end, or is larger than 4096 bytes");
    size = (size_t)snprintf(body, sizeof(body), FIELD("%01025d", "x") END, 1);
    assert_non_null(strstr(read_parts(TYPE, toc_str(body, size)), "not one of a form"));
}

static void a_charset_is_told(void **state)
{
    struct multipart m;
    struct multipart_part part;
    multipart_why why;
    (void)state;
    assert_null(multipart_begin(&m, &pool, TOC_STR(TYPE),
                                TOC_STR(PART("Content-Type: text/plain; charset=\"KOI8-R\"\r\n"
                                             "Content-Disposition: form-data; name=a",
                                             "x") END)));
    assert_int_equal(multipart_next(&m, &part, &why), TOC_OK);
    assert_true(toc_str_equal(part.charset, TOC_STR("KOI8-R")));
}

#define CASE(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(fields_and_files_come_in_order),
        CASE(a_boundary_may_be_quoted_and_stand_in_a_body),
        CASE(names_are_read_as_browsers_write_them),
        CASE(what_is_no_form_is_told),
        CASE(what_ends_too_early_or_late_is_told),
        CASE(a_boundary_has_its_letters_and_its_length),
        CASE(limits_are_kept),
        CASE(a_charset_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
