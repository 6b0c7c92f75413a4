#include "common/policy/policy.h"
#include "common/policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEAD "policy: 1\nqueues: {q: {tier: 2}}\nroutes: [{rule: all, queue: q}]\n"

/* Compiles a policy that has no errors; its tree says what is odd. */
static struct toc_policy *check(const char *text, struct toc_policy_tree **out_tree)
{
    struct toc_policy *policy = NULL;
    assert_int_equal(toc_policy_check(toc_str_of(text), "p.yaml", &policy, out_tree), TOC_OK);
    return policy;
}

static void assert_warning(const char *rules, const char *message)
{
    char text[1000];
    struct toc_policy_tree *tree;
    (void)snprintf(text, sizeof(text), HEAD "triage:\n%s", rules);
    struct toc_policy *policy = check(text, &tree);
    assert_int_equal(tree->diag.warning_count, message != NULL);
    if (message != NULL)
        assert_string_equal(tree->diag.warnings[0].message, message);
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
}

static void a_safety_rule_behind_one_that_may_catch_its_issues_is_warned_of(void **state)
{
    (void)state;
    assert_warning("  - {rule: vip, when: {requester_tier: gold}, set: {priority: P1}}\n"
                   "  - {rule: danger, when: {category: [self_harm]}, set: {risk: critical}}\n",
                   "safety rule 'danger' stands behind 'vip', which may catch what it is for");
    assert_warning("  - {rule: vip, when: {requester_tier: gold}, set: {priority: P1}}\n"
                   "  - {rule: given, when: {risk: [\"sev*\"]}, set: {priority: P1}}\n",
                   "safety rule 'given' stands behind 'vip', which may catch what it is for");
}

static void rules_that_cannot_meet_or_are_about_safety_too_are_no_danger(void **state)
{
    (void)state;
    assert_warning("  - {rule: bugs, when: {category: [bug*]}, set: {priority: P3}}\n"
                   "  - {rule: danger, when: {category: [self_harm]}, set: {risk: critical}}\n",
                   NULL);
    assert_warning("  - {rule: csam, when: {tag: csam}, set: {risk: critical}}\n"
                   "  - {rule: danger, when: {category: [self_harm]}, set: {risk: severe}}\n"
                   "  - {rule: vip, when: {requester_tier: gold}, set: {risk: low}}\n",
                   NULL);
    assert_warning(
        "  - {rule: calm, when: {not: {risk: [severe, critical]}}, set: {priority: P4}}\n"
        "  - {rule: risky, when: {risk: [severe, critical]}, set: {priority: P1}}\n",
        NULL);
}

static void the_sample_puts_safety_first(void **state)
{
    struct toc_policy_tree *tree;
    struct toc_policy *policy = NULL;
    (void)state;
    assert_int_equal(toc_policy_check(toc_policy_sample(), "sample.yaml", &policy, &tree), TOC_OK);
    assert_int_equal(tree->diag.warning_count, 0);
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
}

static void rules_and_categories_are_compiled(void **state)
{
    struct toc_policy_tree *tree;
    struct toc_policy *policy =
        check(HEAD "categories: {theft: {facts: [device, report]}, other: {facts: [report]}}\n"
                   "triage:\n"
                   "  - {rule: a, when: {category: x, not: {tag: [y], fact.age: \">=18\"}}, set: "
                   "{sop: s@2, content_class: gore}, escalate: {queue: q, tier: 3}}\n",
              &tree);
    const struct toc_triage_rule *rule = &policy->triage[0];
    (void)state;
    assert_string_equal(rule->sop, "s@2");
    assert_string_equal(rule->content_class, "gore");
    assert_ptr_equal(rule->queue, &policy->queues[0]);
    assert_int_equal(rule->tier, 3);
    assert_int_equal(rule->when.test_count, 3);
    assert_string_equal(toc_match_name(&rule->when.tests[1]), "not tag");
    assert_string_equal(toc_match_name(&rule->when.tests[2]), "not fact.age");
    assert_string_equal(rule->when.tests[2].fact, "age");
    assert_int_equal(toc_policy_category(policy, TOC_STR("theft"))->fact_count, 2);
    assert_null(toc_policy_category(policy, TOC_STR("")));
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
}

static void an_article_is_found_by_category_and_language(void **state)
{
    struct toc_policy_tree *tree;
    struct toc_policy *policy =
        check(HEAD "categories:\n"
                   "  login:\n"
                   "    articles:\n"
                   "      - {article: r, title: T, url: \"https://h/pt\", languages: [pt]}\n"
                   "      - {article: r, title: T, url: \"https://h/br\", languages: [es-MX]}\n"
                   "      - {article: g, title: T, url: \"http://h/\"}\n"
                   "  theft: {facts: [a]}\n",
              &tree);
    (void)state;
    assert_string_equal(toc_policy_article(policy, "login", "pt-BR")->url, "https://h/pt");
    assert_string_equal(toc_policy_article(policy, "login", "es")->url, "http://h/");
    assert_string_equal(toc_policy_article(policy, "login", "")->url, "http://h/");
    assert_null(toc_policy_article(policy, "theft", "pt"));
    assert_null(toc_policy_article(policy, "", ""));
    assert_true(toc_policy_has_article(policy, "g"));
    assert_false(toc_policy_has_article(policy, ""));
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_safety_rule_behind_one_that_may_catch_its_issues_is_warned_of),
        cmocka_unit_test(rules_that_cannot_meet_or_are_about_safety_too_are_no_danger),
        cmocka_unit_test(the_sample_puts_safety_first),
        cmocka_unit_test(rules_and_categories_are_compiled),
        cmocka_unit_test(an_article_is_found_by_category_and_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
