#include "tests/support/core_router.h"

#include "services/router/article.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Issues that a suggested article ended, and how often each did. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "queues: {front: {tier: 1}}\n"                                                                 \
    "categories:\n"                                                                                \
    "  login: {articles: [{article: reset, title: Reset, url: \"https://help.example/r\"}]}\n"     \
    "routes: [{rule: all, queue: front}]\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(POLICY);
    quietly("10:00 open category=login\n10:01 open issue=2\n");
    return 0;
}

static void counts(const char *article, uint64_t ended, uint64_t reopened)
{
    struct toc_str bytes;
    Tocsin__V1__ArticleRow *row;
    assert_int_equal(core_get(router_chain.router, TABLE_ARTICLE, toc_str_of(article), &bytes),
                     TOC_OK);
    assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                     &tocsin__v1__article_row__descriptor, bytes, &row),
                     TOC_OK);
    assert_string_equal(row->article, article);
    assert_int_equal(row->ended, ended);
    assert_int_equal(row->reopened, reopened);
}

static void the_reason_of_a_solved_status_names_it(void **state)
{
    (void)state;
    quietly("10:05 status solved reason=article:reset\n"
            "10:06 status issue=2 solved reason=article:reset\n");
    assert_string_equal(core_router_issue(1)->article, "reset");
    counts("reset", 2, 0);
}

static void one_that_is_reopened_is_counted_as_such(void **state)
{
    (void)state;
    quietly("10:05 status solved reason=article:reset\n10:06 inbound\n");
    assert_string_equal(core_router_issue(1)->article, "");
    counts("reset", 1, 1);
    quietly("10:07 status solved\n10:08 status open\n");
    counts("reset", 1, 1);
    quietly("10:09 status solved reason=article:reset\n10:10 status open\n");
    counts("reset", 2, 2);
}

static void said_twice_it_ends_the_issue_once(void **state)
{
    (void)state;
    quietly("10:05 status solved reason=article:reset\n"
            "10:06 status solved reason=article:reset\n"
            "10:07 status closed reason=article:reset\n");
    assert_string_equal(core_router_issue(1)->article, "reset");
    counts("reset", 1, 0);
}

static void other_reasons_and_unknown_articles_count_nothing(void **state)
{
    (void)state;
    quietly("10:05 status solved reason=article:nowhere\n10:06 status open\n"
            "10:07 status solved reason=article:\n10:08 status open\n"
            "10:09 status pending reason=article:reset\n"
            "10:10 status solved reason=reset\n");
    assert_string_equal(core_router_issue(1)->article, "");
    assert_int_equal(core_count(router_chain.router, TABLE_ARTICLE), 0);
}

static void what_a_merge_opens_again_is_reopened(void **state)
{
    (void)state;
    quietly("10:05 status solved reason=article:reset\n10:06 inbound issue=2\n"
            "10:07 merge issue=2 into=1\n");
    assert_string_equal(core_router_issue(1)->article, "");
    counts("reset", 1, 1);
}

static void an_opening_too_late_that_opens_it_again_reopens_it(void **state)
{
    (void)state;
    quietly("10:05 status issue=3 solved reason=article:reset\n" /* waits for its opening */
            "10:06 time\n");
    assert_string_equal(core_router_issue(3)->article, "reset");
    quietly("10:07 open issue=3 decision=ban decider=eva\n");
    assert_string_equal(core_router_issue(3)->article, "");
    counts("reset", 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_reason_of_a_solved_status_names_it, set_up,
                                        core_router_tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_reopened_is_counted_as_such, set_up,
                                        core_router_tear_down),
        cmocka_unit_test_setup_teardown(said_twice_it_ends_the_issue_once, set_up,
                                        core_router_tear_down),
        cmocka_unit_test_setup_teardown(other_reasons_and_unknown_articles_count_nothing, set_up,
                                        core_router_tear_down),
        cmocka_unit_test_setup_teardown(an_opening_too_late_that_opens_it_again_reopens_it, set_up,
                                        core_router_tear_down),
        cmocka_unit_test_setup_teardown(what_a_merge_opens_again_is_reopened, set_up,
                                        core_router_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
