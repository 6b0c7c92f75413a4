/* The small texts that a request is made of: URLs and parameters of fields. */
#include "services/intake/edge/parameters.h"
#include "common/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const char *decoded(const char *in, enum toc_url_plus plus)
{
    static char out[400];
    out[toc_url_decode(toc_str_of(in), plus, out)] = '\0';
    return out;
}

static void a_percent_that_is_no_code_stands_for_itself(void **state)
{
    (void)state;
    assert_string_equal(decoded("a%20b%2fC", TOC_URL_PLUS_IS_PLUS), "a b/C");
    assert_string_equal(decoded("100%", TOC_URL_PLUS_IS_PLUS), "100%");
    assert_string_equal(decoded("%4", TOC_URL_PLUS_IS_PLUS), "%4");
    assert_string_equal(decoded("%zz%41", TOC_URL_PLUS_IS_PLUS), "%zzA");
    assert_string_equal(decoded("%2541", TOC_URL_PLUS_IS_PLUS), "%41");
}

static void a_plus_is_a_space_in_pairs_only(void **state)
{
    (void)state;
    assert_string_equal(decoded("a+b%2B", TOC_URL_PLUS_IS_PLUS), "a+b+");
    assert_string_equal(decoded("a+b%2B", TOC_URL_PLUS_IS_SPACE), "a b+");
}

static void pairs_come_in_order_and_may_lack_a_value(void **state)
{
    struct toc_str rest = TOC_STR("&a=1&&b&=2&c=x=y&"), name, value;
    char said[100] = "";
    (void)state;
    while (toc_url_next_pair(&rest, &name, &value))
        snprintf(said + strlen(said), sizeof(said) - strlen(said), "%.*s=%.*s;", (int)name.size,
                 name.data, (int)value.size, value.size > 0 ? value.data : "");
    assert_string_equal(said, "a=1;b=;=2;c=x=y;");
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
    char out[32];
    (void)state;
    assert_true(toc_url_encode(TOC_STR("T-1/\xc3\xa9 \"x\""), out, sizeof(out)));
    assert_string_equal(out, "T-1%2F%C3%A9%20%22x%22");
    assert_string_equal(decoded(out, TOC_URL_PLUS_IS_PLUS), "T-1/\xc3\xa9 \"x\"");
    assert_false(toc_url_encode(TOC_STR("0123456789"), out, 10));
    assert_true(toc_url_encode(TOC_STR("012345"), out, 10));
}

static void check_parameters(const char *field, const char *expected)
{
    struct toc_str rest = toc_str_of(field), name, value, head = parameters_head(&rest);
    char said[300];
    snprintf(said, sizeof(said), "%.*s", (int)head.size, head.data);
    while (parameters_next(&rest, &name, &value))
        snprintf(said + strlen(said), sizeof(said) - strlen(said), "|%.*s=%.*s", (int)name.size,
                 name.size > 0 ? name.data : "", (int)value.size, value.size > 0 ? value.data : "");
    assert_string_equal(said, expected);
}

static void parameters_may_be_quoted_and_hold_semicolons(void **state)
{
    (void)state;
    check_parameters("text/html", "text/html");
    check_parameters(" text/html ; charset=\"utf-8\" ;x = y", "text/html|charset=utf-8|x=y");
    check_parameters("form-data; name=\"a;b\"; filename=\"c\\\"d;e\"",
                     "form-data|name=a;b|filename=c\\\"d;e");
    check_parameters("form-data; name=\"never closed; x=y", "form-data|name=\"never closed; x=y");
    check_parameters("a;;b;c=", "a|=|=|c=");
    check_parameters("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_percent_that_is_no_code_stands_for_itself),
        cmocka_unit_test(a_plus_is_a_space_in_pairs_only),
        cmocka_unit_test(pairs_come_in_order_and_may_lack_a_value),
        cmocka_unit_test(what_is_encoded_decodes_to_the_same),
        cmocka_unit_test(parameters_may_be_quoted_and_hold_semicolons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
