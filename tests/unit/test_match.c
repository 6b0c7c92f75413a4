#include "common/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define VALUES(...)                                                                                \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

/* One test on one field. */
static bool fits(enum toc_field field, struct toc_str value, const char *pattern)
{
    const struct toc_match_test test = {field, VALUES(pattern)};
    const struct toc_match match = {&test, 1};
    struct toc_fields fields = {0};
    fields.value[field] = value;
    return toc_match(&match, &fields);
}

static void no_tests_fit_everything(void **state)
{
    const struct toc_match everything = {NULL, 0};
    const struct toc_fields nothing = {0};
    struct toc_fields something = {0};
    (void)state;
    something.value[TOC_FIELD_CHANNEL] = TOC_STR("email");
    assert_true(toc_match(&everything, &nothing));
    assert_true(toc_match(&everything, &something));
}

static void a_value_fits_only_when_it_is_equal(void **state)
{
    (void)state;
    assert_true(fits(TOC_FIELD_CHANNEL, TOC_STR("email"), "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, TOC_STR("emai"), "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, TOC_STR("emails"), "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, TOC_STR("Email"), "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, TOC_STR("email\0"), "email"));
}

static void a_star_at_the_end_makes_a_prefix(void **state)
{
    (void)state;
    assert_true(fits(TOC_FIELD_LANGUAGE, TOC_STR("pt-BR"), "pt*"));
    assert_true(fits(TOC_FIELD_LANGUAGE, TOC_STR("pt"), "pt*"));
    assert_false(fits(TOC_FIELD_LANGUAGE, TOC_STR("p"), "pt*"));
    assert_false(fits(TOC_FIELD_LANGUAGE, TOC_STR("es"), "pt*"));
    assert_true(fits(TOC_FIELD_LANGUAGE, TOC_STR("anything"), "*"));
}

static void a_star_elsewhere_is_a_star(void **state)
{
    (void)state;
    assert_false(fits(TOC_FIELD_CATEGORY, TOC_STR("abc"), "a*c"));
    assert_true(fits(TOC_FIELD_CATEGORY, TOC_STR("a*c"), "a*c"));
    assert_true(fits(TOC_FIELD_CATEGORY, TOC_STR("a*cd"), "a*c*"));
}

static void a_blank_field_fits_nothing(void **state)
{
    (void)state;
    assert_false(fits(TOC_FIELD_REGION, TOC_STR(""), "*"));
    assert_false(fits(TOC_FIELD_REGION, TOC_STR(""), ""));
    assert_false(fits(TOC_FIELD_REGION, (struct toc_str){NULL, 0}, "*"));
    assert_false(fits(TOC_FIELD_REGION, TOC_STR("emea"), ""));
}

static void one_of_the_values_is_enough(void **state)
{
    const struct toc_match_test test = {TOC_FIELD_RISK, VALUES("severe", "critical")};
    const struct toc_match match = {&test, 1};
    struct toc_fields fields = {0};
    (void)state;
    fields.value[TOC_FIELD_RISK] = TOC_STR("critical");
    assert_true(toc_match(&match, &fields));
    fields.value[TOC_FIELD_RISK] = TOC_STR("elevated");
    assert_false(toc_match(&match, &fields));
}

static void all_the_tests_have_to_hold(void **state)
{
    const struct toc_match_test tests[] = {
        {TOC_FIELD_CHANNEL, VALUES("chat")},
        {TOC_FIELD_LANGUAGE, VALUES("es*", "pt*")},
    };
    const struct toc_match match = {tests, 2};
    struct toc_fields fields = {0};
    (void)state;
    fields.value[TOC_FIELD_CHANNEL] = TOC_STR("chat");
    assert_false(toc_match(&match, &fields));
    fields.value[TOC_FIELD_LANGUAGE] = TOC_STR("pt-BR");
    assert_true(toc_match(&match, &fields));
    fields.value[TOC_FIELD_CHANNEL] = TOC_STR("web");
    assert_false(toc_match(&match, &fields));
}

static void a_test_without_values_fits_nothing(void **state)
{
    const struct toc_match_test test = {TOC_FIELD_CHANNEL, NULL, 0};
    const struct toc_match match = {&test, 1};
    struct toc_fields fields = {0};
    (void)state;
    fields.value[TOC_FIELD_CHANNEL] = TOC_STR("chat");
    assert_false(toc_match(&match, &fields));
}

static void any_of_the_tags_may_fit(void **state)
{
    const struct toc_match_test test = {TOC_FIELD_TAG, VALUES("urgent", "vip-*")};
    const struct toc_match match = {&test, 1};
    char first[] = "spam";
    char blank[] = "";
    char second[] = "vip-gold";
    char *const with[] = {first, blank, second};
    struct toc_fields fields = {0};
    (void)state;
    assert_false(toc_match(&match, &fields));
    fields.value[TOC_FIELD_TAG] = TOC_STR("urgent"); /* tags are not read from there */
    assert_false(toc_match(&match, &fields));
    fields.tags = with;
    fields.tag_count = 2;
    assert_false(toc_match(&match, &fields));
    fields.tag_count = 3;
    assert_true(toc_match(&match, &fields));
}

static void a_blank_tag_fits_not_even_a_star(void **state)
{
    const struct toc_match_test test = {TOC_FIELD_TAG, VALUES("*")};
    const struct toc_match match = {&test, 1};
    char blank[] = "";
    char some[] = "x";
    char *const tags[] = {blank, some};
    struct toc_fields fields = {.tags = tags, .tag_count = 1};
    (void)state;
    assert_false(toc_match(&match, &fields));
    fields.tag_count = 2;
    assert_true(toc_match(&match, &fields));
}

static void every_field_has_a_name_that_finds_it(void **state)
{
    (void)state;
    for (int i = 0; i < TOC_FIELD_COUNT; i++)
        assert_int_equal(toc_field_find(toc_str_of(toc_field_name((enum toc_field)i))), i);
    assert_string_equal(toc_field_name(TOC_FIELD_LINE_OF_BUSINESS), "line_of_business");
    assert_int_equal(toc_field_find(TOC_STR("tags")), -1);
    assert_int_equal(toc_field_find(TOC_STR("")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_tests_fit_everything),
        cmocka_unit_test(a_value_fits_only_when_it_is_equal),
        cmocka_unit_test(a_star_at_the_end_makes_a_prefix),
        cmocka_unit_test(a_star_elsewhere_is_a_star),
        cmocka_unit_test(a_blank_field_fits_nothing),
        cmocka_unit_test(one_of_the_values_is_enough),
        cmocka_unit_test(all_the_tests_have_to_hold),
        cmocka_unit_test(a_test_without_values_fits_nothing),
        cmocka_unit_test(any_of_the_tags_may_fit),
        cmocka_unit_test(a_blank_tag_fits_not_even_a_star),
        cmocka_unit_test(every_field_has_a_name_that_finds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
