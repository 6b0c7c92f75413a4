/* Which pages may send forms, where forms may lead, and the pages that people see after one. */
#include "services/intake/edge/origin.h"
#include "services/intake/edge/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct toc_conf_list none, shop = {.values = {"https://shop.example"}, .count = 1};
static const struct toc_conf_list any = {.values = {"*"}, .count = 1};

static bool may_send(const char *fields, const struct toc_conf_list *origins)
{
    const struct toc_http_request request = {.fields = toc_str_of(fields)};
    return origin_may_send(&request, origins);
}

static void a_page_may_send_from_an_origin_that_is_named(void **state)
{
    (void)state;
    assert_true(may_send("Origin: https://shop.example\r\n", &shop));
    assert_false(may_send("Origin: https://shop.example.evil\r\n", &shop));
    assert_false(may_send("Origin: http://shop.example\r\n", &shop));
    assert_false(may_send("Origin: null\r\n", &shop));
    assert_false(may_send("Origin: https://shop.example\r\n", &none));
    assert_true(may_send("Origin: null\r\n", &any));
}

static void what_is_no_page_names_none(void **state)
{
    (void)state;
    assert_true(may_send("Host: a\r\n", &none));
    assert_false(may_send("Origin: \r\n", &none));
}

static void a_page_of_the_same_host_may_send(void **state)
{
    (void)state;
    assert_true(may_send("Host: a.example:8080\r\nOrigin: http://a.example:8080\r\n", &none));
    assert_false(may_send("Host: a.example:8080\r\nOrigin: http://a.example\r\n", &none));
    assert_false(may_send("Host: \r\nOrigin: http://\r\n", &none));
}

static void a_form_leads_to_named_origins_only(void **state)
{
    (void)state;
    assert_true(origin_may_follow("https://shop.example", &shop));
    assert_true(origin_may_follow("https://shop.example/thanks?a=1#x", &shop));
    assert_false(origin_may_follow("https://shop.example.evil/", &shop));
    assert_false(origin_may_follow("https://shop.example@evil/", &shop));
    assert_false(origin_may_follow("https://shop.example:8080/", &shop));
    assert_false(origin_may_follow("https://shop.example\\@evil/", &shop));
    assert_false(origin_may_follow("https://shop.example/\\evil", &shop));
    assert_false(origin_may_follow("/thanks", &shop));
    assert_false(origin_may_follow("//evil", &shop));
    assert_false(origin_may_follow("javascript:alert(1)", &shop));
    assert_false(origin_may_follow("", &shop));
    assert_false(origin_may_follow("https://shop.example/", &none));
    assert_false(origin_may_follow("https://shop.example/", &any));
    assert_false(origin_may_follow("*/", &any));
    assert_false(origin_may_follow("*", &any));
}

static void a_redirect_cannot_write_another_field(void **state)
{
    char url[400] = "https://shop.example/";
    (void)state;
    assert_false(origin_may_follow("https://shop.example/\r\nSet-Cookie: a=b", &shop));
    assert_false(origin_may_follow("https://shop.example/\n", &shop));
    assert_false(origin_may_follow("https://shop.example/a b", &shop));
    assert_false(origin_may_follow("https://shop.example/\xc3\xa9", &shop));
    memset(url + strlen(url), 'x', 300);
    assert_false(origin_may_follow(url, &shop));
    url[300] = '\0';
    assert_true(origin_may_follow(url, &shop));
}

static void a_page_shows_text_as_text(void **state)
{
    size_t size;
    char *page = page_thanks("<script>&\"'", &size);
    (void)state;
    assert_non_null(strstr(page, "<code>&#60;script&#62;&#38;&#34;&#39;</code>"));
    assert_int_equal(size, strlen(page));
    free(page);
    page = page_problem(400, "<b>", &size);
    assert_non_null(strstr(page, "<small>400 &#60;b&#62;</small>"));
    free(page);
}

static void a_page_is_for_who_accepts_one(void **state)
{
    (void)state;
    assert_true(page_is_wanted("text/html,application/xhtml+xml,*/*;q=0.8", 41));
    assert_false(page_is_wanted("*/*", 3));
    assert_false(page_is_wanted(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_may_send_from_an_origin_that_is_named),
        cmocka_unit_test(what_is_no_page_names_none),
        cmocka_unit_test(a_page_of_the_same_host_may_send),
        cmocka_unit_test(a_form_leads_to_named_origins_only),
        cmocka_unit_test(a_redirect_cannot_write_another_field),
        cmocka_unit_test(a_page_shows_text_as_text),
        cmocka_unit_test(a_page_is_for_who_accepts_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
