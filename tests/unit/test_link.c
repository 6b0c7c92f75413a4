/* Signed links of pages. */
#include "services/notifier/door/limit.h"
#include "services/notifier/send/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1795327200000)

static uint8_t alert_id[TOC_ID] = {1, 2, 3}, other_id[TOC_ID] = {1, 2, 4};
static const uint8_t key[LINK_KEY_BYTES] = {7}, other_key[LINK_KEY_BYTES] = {8};
static Tocsin__V1__Alert alert;
static Tocsin__V1__Page page;
static const struct notifier_page both = {&page, &alert};

static int make_page(void **state)
{
    (void)state;
    tocsin__v1__alert__init(&alert);
    tocsin__v1__page__init(&page);
    alert.id = toc_wire_binary(toc_str(alert_id, TOC_ID));
    page.alert_number = 5;
    page.index = 3;
    page.planned_ms = NOW_MS;
    page.delivery = toc_wire_text("msg_00112233445566778899aabbccddeeff");
    page.contact = toc_wire_text("ana");
    link_configure("https://oncall.example", key);
    return 0;
}

static struct toc_str token_of(char out[LINK_TOKEN_MAX])
{
    link_token(&both, out);
    return toc_str_of(out);
}

static void a_token_is_of_its_page_and_names_it(void **state)
{
    char text[LINK_TOKEN_MAX], url[LINK_URL_MAX];
    struct link_claim claim;
    struct toc_str token = token_of(text);
    (void)state;
    assert_int_equal(token.size, 43);
    assert_true(link_is_of(token, &both));
    assert_true(link_read(token, &claim));
    assert_int_equal(claim.alert_number, 5);
    assert_int_equal(claim.index, 3);
    assert_int_equal(claim.expires_ms, NOW_MS + LINK_LIFE_MS);
    link_url(&both, url);
    assert_memory_equal(url, "https://oncall.example/a/", 25);
    assert_string_equal(url + 25, text);
}

/* libsodium reads every byte from 128 on like '_'. */
static void another_spelling_of_a_token_is_none(void **state)
{
    char text[LINK_TOKEN_MAX];
    struct toc_str token = token_of(text);
    (void)state;
    while (strchr(text, '_') == NULL) {
        page.index++;
        token = token_of(text);
    }
    assert_true(link_is_of(token, &both));
    *strchr(text, '_') = (char)0xc3;
    assert_false(link_is_of(token, &both));
}

static void a_token_that_was_tampered_with_is_none(void **state)
{
    char text[LINK_TOKEN_MAX], other[LINK_TOKEN_MAX + 1];
    struct link_claim claim;
    struct toc_str token = token_of(text);
    (void)state;
    for (size_t i = 0; i < token.size; i++) {
        memcpy(other, text, sizeof(text));
        other[i] = other[i] == 'A' ? 'B' : 'A';
        assert_false(link_is_of(toc_str(other, token.size), &both));
    }
    snprintf(other, sizeof(other), "%sA", text);
    assert_false(link_read(toc_str_of(other), &claim));
    assert_false(link_read(toc_str(text, token.size - 1), &claim));
    assert_false(link_read(toc_str("", 0), &claim));
    assert_false(link_read(TOC_STR("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"), &claim));
}

/* A later expiry is another token, too. */
static void a_token_is_good_for_one_alert_delivery_person_and_time(void **state)
{
    char text[LINK_TOKEN_MAX];
    struct toc_str token = token_of(text);
    (void)state;
    alert.id = toc_wire_binary(toc_str(other_id, TOC_ID));
    assert_false(link_is_of(token, &both));
    (void)make_page(NULL);
    page.delivery = toc_wire_text("msg_00112233445566778899aabbccddeefe");
    assert_false(link_is_of(token, &both));
    (void)make_page(NULL);
    page.contact = toc_wire_text("ben");
    assert_false(link_is_of(token, &both));
    (void)make_page(NULL);
    page.planned_ms += TOC_SECOND_MS;
    assert_false(link_is_of(token, &both));
    (void)make_page(NULL);
    link_configure("https://oncall.example", other_key);
    assert_false(link_is_of(token, &both));
}

static void the_longest_names_fit(void **state)
{
    char text[LINK_TOKEN_MAX], name[201];
    (void)state;
    memset(name, 'x', 200);
    name[200] = '\0';
    page.contact = name;
    assert_true(link_is_of(token_of(text), &both));
}

static void without_a_base_or_an_alert_there_is_no_link(void **state)
{
    char url[LINK_URL_MAX];
    (void)state;
    alert.id = toc_wire_binary(toc_str(NULL, 0));
    link_url(&both, url);
    assert_string_equal(url, "");
    (void)make_page(NULL);
    link_configure(NULL, key);
    link_url(&both, url);
    assert_string_equal(url, "");
}

static void a_probe_has_a_link_of_its_own(void **state)
{
    char text[LINK_TOKEN_MAX], url[LINK_URL_MAX];
    struct link_claim claim;
    (void)state;
    alert.id = toc_wire_binary(toc_str(NULL, 0));
    page.alert_number = 0;
    page.kind = toc_wire_text("probe");
    link_url(&both, url);
    assert_string_equal(url + 25, token_of(text).data);
    assert_true(link_read(toc_str_of(text), &claim));
    assert_int_equal(claim.alert_number, 0);
    assert_int_equal(claim.index, 3);
    assert_true(link_is_of(toc_str_of(text), &both));
    page.index++;
    assert_false(link_is_of(toc_str_of(text), &both));
    page.kind = toc_wire_text("code"); /* that one is typed */
    link_url(&both, url);
    assert_string_equal(url, "");
}

static void a_base_is_what_an_address_begins_with(void **state)
{
    static const char *const good[] = {"https://oncall.example", "http://127.0.0.1:8090",
                                       "http://[::1]:8090", "https://example.com/oncall"};
    static const char *const bad[] = {"",
                                      "oncall.example",
                                      "ftp://a",
                                      "https://",
                                      "http:///",
                                      "https://a.b/c/",
                                      "http://a b",
                                      "https://a?b",
                                      "https://a#b",
                                      "javascript:1",
                                      "https://a\"b"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(link_is_base(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(link_is_base(bad[i]));
}

static void an_address_may_ask_a_while_and_then_at_a_rate(void **state)
{
    static struct limit limit;
    static const uint8_t one[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
    static const uint8_t two[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 2};
    (void)state;
    for (int i = 0; i < LIMIT_BURST; i++)
        assert_int_equal(limit_take(&limit, one, NOW_MS), 0);
    toc_time_ms wait_ms = limit_take(&limit, one, NOW_MS);
    assert_in_range(wait_ms, 1, TOC_SECOND_MS);
    assert_int_equal(limit_take(&limit, two, NOW_MS), 0);
    assert_int_equal(limit_take(&limit, one, NOW_MS + wait_ms), 0);
    assert_true(limit_take(&limit, one, NOW_MS + wait_ms) > 0);
}

#define TEST(name) cmocka_unit_test_setup(name, make_page)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_of_its_page_and_names_it),
        TEST(another_spelling_of_a_token_is_none),
        TEST(a_token_that_was_tampered_with_is_none),
        TEST(a_token_is_good_for_one_alert_delivery_person_and_time),
        TEST(the_longest_names_fit),
        TEST(without_a_base_or_an_alert_there_is_no_link),
        TEST(a_probe_has_a_link_of_its_own),
        TEST(a_base_is_what_an_address_begins_with),
        TEST(an_address_may_ask_a_while_and_then_at_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
