#include "common/match.h"

#include "common/issue_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define VALUES_MAX 8

/* One test on one field, from values as a policy has them; they are separated by blanks. */
struct one {
    char text[256];
    struct toc_match_value values[VALUES_MAX];
    struct toc_match_test test;
    struct toc_match match;
};

static const struct toc_match *is(struct one *one, enum toc_field field, const char *values)
{
    char *save = NULL;
    *one = (struct one){.test = {.field = field, .values = one->values}};
    one->match = (struct toc_match){&one->test, 1};
    toc_str_copy(one->text, sizeof(one->text), toc_str_of(values));
    for (char *word = strtok_r(one->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        assert_true(one->test.value_count < VALUES_MAX);
        assert_true(
            toc_match_compile(toc_field_kind(field), word, &one->values[one->test.value_count++]));
    }
    return &one->match;
}

static const struct toc_match *is_not(struct one *one, enum toc_field field, const char *values)
{
    is(one, field, values);
    one->test.negated = true;
    return &one->match;
}

static const struct toc_match *has_fact(struct one *one, const char *name, const char *values)
{
    is(one, TOC_FIELD_FACT, values);
    one->test.fact = name;
    return &one->match;
}

static bool fits(enum toc_field field, const char *value, const char *values)
{
    struct one one;
    struct toc_fields fields = {0};
    fields.value[field] = toc_str_of(value);
    return toc_match(is(&one, field, values), &fields);
}

/* --- values ----------------------------------------------------------------------------------- */

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
    struct one one;
    struct toc_fields fields = {0};
    (void)state;
    assert_true(fits(TOC_FIELD_CHANNEL, "email", "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, "emai", "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, "emails", "email"));
    assert_false(fits(TOC_FIELD_CHANNEL, "Email", "email"));
    fields.value[TOC_FIELD_CHANNEL] = TOC_STR("email\0");
    assert_false(toc_match(is(&one, TOC_FIELD_CHANNEL, "email"), &fields));
}

static void a_star_at_the_end_makes_a_prefix(void **state)
{
    (void)state;
    assert_true(fits(TOC_FIELD_LANGUAGE, "pt-BR", "pt*"));
    assert_true(fits(TOC_FIELD_LANGUAGE, "pt", "pt*"));
    assert_false(fits(TOC_FIELD_LANGUAGE, "p", "pt*"));
    assert_false(fits(TOC_FIELD_LANGUAGE, "es", "pt*"));
    assert_true(fits(TOC_FIELD_LANGUAGE, "anything", "*"));
}

static void a_star_may_stand_anywhere(void **state)
{
    (void)state;
    assert_true(fits(TOC_FIELD_CATEGORY, "abc", "a*c"));
    assert_true(fits(TOC_FIELD_CATEGORY, "ac", "a*c"));
    assert_false(fits(TOC_FIELD_CATEGORY, "abd", "a*c"));
    assert_true(fits(TOC_FIELD_CATEGORY, "account/stolen/hard", "*/stolen*"));
    assert_false(fits(TOC_FIELD_CATEGORY, "account/lost", "*/stolen*"));
    assert_true(fits(TOC_FIELD_CATEGORY, "aXbXbc", "a*b*bc"));
    assert_true(fits(TOC_FIELD_CATEGORY, "abab", "*ab"));
    assert_false(fits(TOC_FIELD_CATEGORY, "aba", "*ab"));
    assert_true(fits(TOC_FIELD_CATEGORY, "x", "**"));
}

static void a_question_mark_is_one_letter_of_any_script(void **state)
{
    (void)state;
    assert_true(fits(TOC_FIELD_VERSION, "4.7", "4.?"));
    assert_false(fits(TOC_FIELD_VERSION, "4.", "4.?"));
    assert_false(fits(TOC_FIELD_VERSION, "4.17", "4.?"));
    assert_true(fits(TOC_FIELD_VERSION, "4.17", "4.??"));
    assert_true(fits(TOC_FIELD_REGION, "\xc3\xa9", "?"));
    assert_false(fits(TOC_FIELD_REGION, "\xc3\xa9", "??"));
    assert_true(fits(TOC_FIELD_REGION, "x\xc3\xa9y", "*?y"));
}

/* Without going back to the last star alone this would take longer than the universe has. */
static void a_hostile_pattern_costs_little(void **state)
{
    char pattern[128], value[201];
    struct one one;
    struct toc_fields fields = {0};
    (void)state;
    for (size_t i = 0; i < 126; i += 2)
        memcpy(pattern + i, "a*", 2);
    memcpy(pattern + 126, "b", 2);
    memset(value, 'a', 200);
    value[200] = '\0';
    fields.value[TOC_FIELD_CATEGORY] = toc_str_of(value);
    for (unsigned i = 0; i < 1000; i++)
        assert_false(toc_match(is(&one, TOC_FIELD_CATEGORY, pattern), &fields));
}

/* helpdesk#3547: a blank condition matches nothing. */
static void helpdesk_3547_a_blank_field_fits_nothing(void **state)
{
    struct one one;
    struct toc_fields fields = {0};
    (void)state;
    assert_false(fits(TOC_FIELD_REGION, "", "*"));
    assert_false(fits(TOC_FIELD_REGION, "", "**"));
    assert_false(fits(TOC_FIELD_REGION, NULL, "*"));
    assert_false(fits(TOC_FIELD_REGION, "emea", ""));
    is(&one, TOC_FIELD_REGION, "");
    assert_int_equal(one.test.value_count, 0);
    assert_false(toc_match(&one.match, &fields));
    fields.value[TOC_FIELD_REGION] = TOC_STR("emea");
    assert_false(toc_match(&one.match, &fields));
}

static void one_of_the_values_is_enough(void **state)
{
    (void)state;
    assert_true(fits(TOC_FIELD_RISK, "critical", "severe critical"));
    assert_false(fits(TOC_FIELD_RISK, "elevated", "severe critical"));
}

static void all_the_tests_have_to_hold(void **state)
{
    struct one chat, spanish;
    struct toc_fields fields = {0};
    (void)state;
    is(&chat, TOC_FIELD_CHANNEL, "chat");
    is(&spanish, TOC_FIELD_LANGUAGE, "es* pt*");
    const struct toc_match_test tests[] = {chat.test, spanish.test};
    const struct toc_match match = {tests, 2};
    fields.value[TOC_FIELD_CHANNEL] = TOC_STR("chat");
    assert_ptr_equal(toc_match_failed(&match, &fields), &tests[1]);
    assert_string_equal(toc_match_name(&tests[1]), "language");
    fields.value[TOC_FIELD_LANGUAGE] = TOC_STR("pt-BR");
    assert_true(toc_match(&match, &fields));
    fields.value[TOC_FIELD_CHANNEL] = TOC_STR("web");
    assert_ptr_equal(toc_match_failed(&match, &fields), &tests[0]);
}

static void what_is_negated_must_not_fit(void **state)
{
    struct one one;
    struct toc_fields fields = {0};
    (void)state;
    is_not(&one, TOC_FIELD_REGION, "emea apac");
    assert_true(toc_match(&one.match, &fields)); /* not known to be there */
    fields.value[TOC_FIELD_REGION] = TOC_STR("latam");
    assert_true(toc_match(&one.match, &fields));
    fields.value[TOC_FIELD_REGION] = TOC_STR("apac");
    assert_false(toc_match(&one.match, &fields));
}

/* --- tags, numbers, facts ----------------------------------------------------------------------
 */

static void any_of_the_tags_may_fit(void **state)
{
    struct one one;
    char first[] = "spam", blank[] = "", second[] = "vip-gold";
    char *const with[] = {first, blank, second};
    struct toc_fields fields = {0};
    (void)state;
    is(&one, TOC_FIELD_TAG, "urgent vip-*");
    assert_false(toc_match(&one.match, &fields));
    fields.value[TOC_FIELD_TAG] = TOC_STR("urgent"); /* tags are not read from there */
    assert_false(toc_match(&one.match, &fields));
    fields.tags = with;
    fields.tag_count = 2;
    assert_false(toc_match(&one.match, &fields));
    fields.tag_count = 3;
    assert_true(toc_match(&one.match, &fields));
    one.test.negated = true;
    assert_false(toc_match(&one.match, &fields));
}

static void a_blank_tag_fits_not_even_a_star(void **state)
{
    struct one one;
    char blank[] = "", some[] = "x";
    char *const tags[] = {blank, some};
    struct toc_fields fields = {.tags = tags, .tag_count = 1};
    (void)state;
    assert_false(toc_match(is(&one, TOC_FIELD_TAG, "*"), &fields));
    fields.tag_count = 2;
    assert_true(toc_match(&one.match, &fields));
}

static void a_number_fits_a_range_with_both_ends(void **state)
{
    static const struct {
        const char *range;
        uint32_t number;
        bool fits;
    } rows[] = {
        {"3", 3, true},    {"3", 4, false},    {">=3", 3, true},
        {">3", 3, false},  {">3", 4, true},    {"<2", 1, true},
        {"<2", 2, false},  {"<=2", 2, true},   {"2..5", 2, true},
        {"2..5", 5, true}, {"2..5", 6, false}, {"1 4", 4, true},
        {">2.5", 3, true}, {"<0", 0, false},   {">=99999999999999999999", 4000000000, false},
    };
    struct one one;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct toc_fields fields = {.reopened = rows[i].number};
        assert_int_equal(toc_match(is(&one, TOC_FIELD_REOPENED, rows[i].range), &fields),
                         rows[i].fits);
    }
}

static void numbers_are_read_to_the_millionth(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } rows[] = {
        {"0", 0},
        {"12.5", 12500000},
        {"-3", -3000000},
        {"0.0000019", 1},
        {"007", 7000000},
        {"99999999999999999999", INT64_MAX},
        {"-99999999999999999999", -INT64_MAX},
    };
    static const char *const no_numbers[] = {"",   "-",  ".",   "1.",    ".5",  "1e3",
                                             "1 ", "+1", "0x1", "1.2.3", "--1", "nan"};
    int64_t number;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(toc_match_number(toc_str_of(rows[i].text), &number));
        assert_int_equal(number, rows[i].number);
    }
    for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++)
        assert_false(toc_match_number(toc_str_of(no_numbers[i]), &number));
}

static void a_range_that_is_none_does_not_compile(void **state)
{
    static const char *const bad[] = {">", ">=", "<x", "5..2", "2..", "2..x", "many", "1*", ""};
    struct toc_match_value value;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(toc_match_compile(TOC_FIELD_IS_NUMBER, bad[i], &value));
    assert_true(toc_match_compile(TOC_FIELD_IS_TEXT, "2..x", &value));
    assert_int_equal(value.kind, TOC_MATCH_EQUAL);
}

static void a_fact_is_a_text_or_a_number(void **state)
{
    char age[] = "age", eleven[] = "11", kind[] = "kind", theft[] = "theft/phone";
    Tocsin__V1__Fact first = TOCSIN__V1__FACT__INIT, second = TOCSIN__V1__FACT__INIT;
    Tocsin__V1__Fact *const facts[] = {&first, &second};
    struct toc_fields fields = {.facts = facts, .fact_count = 2};
    struct one one;
    (void)state;
    first.name = age;
    first.value = eleven;
    second.name = kind;
    second.value = theft;
    assert_true(toc_match(has_fact(&one, "age", "<13"), &fields));
    assert_true(toc_match(has_fact(&one, "age", "11"), &fields));
    assert_false(toc_match(has_fact(&one, "age", "13..17"), &fields));
    assert_true(toc_match(has_fact(&one, "kind", "theft*"), &fields));
    assert_false(toc_match(has_fact(&one, "kind", ">3"), &fields));
    assert_false(toc_match(has_fact(&one, "other", "*"), &fields));
    one.test.negated = true;
    assert_true(toc_match(&one.match, &fields));
}

static void an_issue_offers_its_row(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    struct one one;
    (void)state;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD;
    issue.tier = 2;
    struct toc_fields fields = toc_issue_fields(&issue);
    assert_true(toc_match(is(&one, TOC_FIELD_STATE, "on_hold"), &fields));
    assert_true(toc_match(is(&one, TOC_FIELD_TIER, ">=2"), &fields));
    assert_true(toc_match(is(&one, TOC_FIELD_REOPENED, "0"), &fields));
    assert_true(toc_match(is(&one, TOC_FIELD_BOT, "no"), &fields));
    assert_true(toc_match(is(&one, TOC_FIELD_APPEAL, "no"), &fields));
    assert_false(toc_match(is(&one, TOC_FIELD_ASSIGNEE, "*"), &fields));
}

/* --- conditions among themselves ---------------------------------------------------------------
 */

static bool implies(enum toc_field field, const char *inner, const char *outer)
{
    struct one a, b;
    return toc_match_implies(is(&a, field, inner), is(&b, field, outer));
}

static void a_smaller_set_implies_a_larger_one(void **state)
{
    const struct toc_match everything = {NULL, 0};
    struct one one;
    (void)state;
    assert_true(implies(TOC_FIELD_CHANNEL, "web", "web chat"));
    assert_false(implies(TOC_FIELD_CHANNEL, "web email", "web chat"));
    assert_true(implies(TOC_FIELD_CATEGORY, "csam_new csam*", "cs*"));
    assert_false(implies(TOC_FIELD_CATEGORY, "cs*", "csam*"));
    assert_true(implies(TOC_FIELD_CATEGORY, "a*bc", "a*c"));
    assert_false(implies(TOC_FIELD_CATEGORY, "a*c", "a*bc"));
    assert_true(implies(TOC_FIELD_CATEGORY, "a?c", "a??c a*"));
    assert_false(implies(TOC_FIELD_CATEGORY, "a*c", "a?c"));
    assert_true(implies(TOC_FIELD_TIER, "2 3", ">=2"));
    assert_true(implies(TOC_FIELD_REOPENED, "3..4", ">2"));
    assert_false(implies(TOC_FIELD_REOPENED, "2..4", ">2"));
    assert_true(implies(TOC_FIELD_TAG, "a", "a b"));
    assert_true(toc_match_implies(is(&one, TOC_FIELD_TAG, "a"), &everything));
    assert_false(toc_match_implies(&everything, &one.match));
}

static void negation_turns_implication_round(void **state)
{
    struct one a, b;
    (void)state;
    assert_true(toc_match_implies(is_not(&a, TOC_FIELD_CHANNEL, "web chat"),
                                  is_not(&b, TOC_FIELD_CHANNEL, "web")));
    assert_false(toc_match_implies(&b.match, &a.match));
    assert_true(toc_match_implies(is(&a, TOC_FIELD_CHANNEL, "email"), &b.match));
    assert_false(toc_match_implies(is(&a, TOC_FIELD_CHANNEL, "email web"), &b.match));
    assert_false(toc_match_implies(&b.match, &a.match));
    /* An issue with the one tag may have the other too. */
    assert_false(toc_match_implies(is(&a, TOC_FIELD_TAG, "x"), is_not(&b, TOC_FIELD_TAG, "y")));
}

static void facts_are_compared_by_name(void **state)
{
    struct one a, b;
    (void)state;
    assert_true(toc_match_implies(has_fact(&a, "age", "11"), has_fact(&b, "age", "<13")));
    assert_false(toc_match_implies(has_fact(&a, "age", "11"), has_fact(&b, "size", "<13")));
    assert_false(toc_match_implies(has_fact(&a, "age", "old"), has_fact(&b, "age", "<13")));
}

static void what_cannot_be_at_once_is_seen(void **state)
{
    struct one a, b;
    (void)state;
    assert_true(toc_match_excludes(is(&a, TOC_FIELD_CHANNEL, "web"),
                                   is(&b, TOC_FIELD_CHANNEL, "chat email")));
    assert_false(toc_match_excludes(&a.match, is(&b, TOC_FIELD_CHANNEL, "we*")));
    assert_true(toc_match_excludes(is(&a, TOC_FIELD_CATEGORY, "abuse*"),
                                   is(&b, TOC_FIELD_CATEGORY, "billing*")));
    assert_false(
        toc_match_excludes(is(&a, TOC_FIELD_CATEGORY, "*x"), is(&b, TOC_FIELD_CATEGORY, "y*")));
    assert_true(toc_match_excludes(is(&a, TOC_FIELD_TIER, "1"), is(&b, TOC_FIELD_TIER, ">1")));
    assert_true(
        toc_match_excludes(is(&a, TOC_FIELD_RISK, "low"), is_not(&b, TOC_FIELD_RISK, "low none")));
    assert_false(toc_match_excludes(is(&a, TOC_FIELD_TAG, "x"), is(&b, TOC_FIELD_TAG, "y")));
    assert_false(toc_match_excludes(is(&a, TOC_FIELD_RISK, "low"), is(&b, TOC_FIELD_TAG, "y")));
}

static void a_contradiction_is_found_at_its_second_test(void **state)
{
    struct one a, b;
    (void)state;
    is(&a, TOC_FIELD_CHANNEL, "web");
    is_not(&b, TOC_FIELD_CHANNEL, "w*");
    const struct toc_match_test tests[] = {a.test, b.test};
    const struct toc_match both = {tests, 2};
    assert_ptr_equal(toc_match_impossible(&both), &tests[1]);
    assert_null(toc_match_impossible(&a.match));
}

/* Every pair of small patterns against every short text over a small alphabet. */
static void implication_and_exclusion_never_lie(void **state)
{
    static const char *const patterns[] = {"a",  "b",  "ab",  "a*",  "*a", "*",   "?",  "a?",
                                           "?a", "??", "a*b", "*b*", "b?", "**a", "?*", "a?b"};
    const size_t count = sizeof(patterns) / sizeof(patterns[0]);
    char texts[40][4];
    size_t text_count = 0;
    (void)state;
    for (unsigned size = 1; size <= 3; size++)
        for (unsigned bits = 0; bits < 1u << size; bits++) {
            for (unsigned i = 0; i < size; i++)
                texts[text_count][i] = bits >> i & 1 ? 'b' : 'a';
            texts[text_count++][size] = '\0';
        }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            struct one a, b;
            is(&a, TOC_FIELD_REGION, patterns[i]);
            is(&b, TOC_FIELD_REGION, patterns[k]);
            bool within = toc_match_implies(&a.match, &b.match);
            bool apart = toc_match_excludes(&a.match, &b.match);
            for (size_t t = 0; t < text_count; t++) {
                struct toc_fields fields = {0};
                fields.value[TOC_FIELD_REGION] = toc_str_of(texts[t]);
                bool one = toc_match(&a.match, &fields), other = toc_match(&b.match, &fields);
                assert_false(within && one && !other);
                assert_false(apart && one && other);
            }
        }
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
        cmocka_unit_test(a_star_may_stand_anywhere),
        cmocka_unit_test(a_question_mark_is_one_letter_of_any_script),
        cmocka_unit_test(a_hostile_pattern_costs_little),
        cmocka_unit_test(helpdesk_3547_a_blank_field_fits_nothing),
        cmocka_unit_test(one_of_the_values_is_enough),
        cmocka_unit_test(all_the_tests_have_to_hold),
        cmocka_unit_test(what_is_negated_must_not_fit),
        cmocka_unit_test(any_of_the_tags_may_fit),
        cmocka_unit_test(a_blank_tag_fits_not_even_a_star),
        cmocka_unit_test(a_number_fits_a_range_with_both_ends),
        cmocka_unit_test(numbers_are_read_to_the_millionth),
        cmocka_unit_test(a_range_that_is_none_does_not_compile),
        cmocka_unit_test(a_fact_is_a_text_or_a_number),
        cmocka_unit_test(an_issue_offers_its_row),
        cmocka_unit_test(a_smaller_set_implies_a_larger_one),
        cmocka_unit_test(negation_turns_implication_round),
        cmocka_unit_test(facts_are_compared_by_name),
        cmocka_unit_test(what_cannot_be_at_once_is_seen),
        cmocka_unit_test(a_contradiction_is_found_at_its_second_test),
        cmocka_unit_test(implication_and_exclusion_never_lie),
        cmocka_unit_test(every_field_has_a_name_that_finds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
