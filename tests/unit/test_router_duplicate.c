#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define BASE                                                                                       \
    "policy: 1\n"                                                                                  \
    "queues: {front: {tier: 1}}\n"                                                                 \
    "routes:\n"                                                                                    \
    "  - {rule: to-front, queue: front}\n"

/* Fingerprints: B is 3 bits from A, C is 8, D is 9, and E is near B alone. */
#define A " found=fingerprint:00000000000000ff:100:simhash/2"
#define B " found=fingerprint:00000000000000f8:100:simhash/2"
#define C " found=fingerprint:0000000000000000:100:simhash/2"
#define D " found=fingerprint:8000000000000000:100:simhash/2"

static int set_up(void **state)
{
    (void)state;
    core_router_open(BASE);
    return 0;
}

static int set_up_week(void **state)
{
    (void)state;
    core_router_open(BASE "duplicates: {window: 7d}\n");
    return 0;
}

static int set_up_none(void **state)
{
    (void)state;
    core_router_open(BASE "duplicates: {window: none}\n");
    return 0;
}

/* What an opening says beside itself. */
static void expect_opening(const char *script, const char *duplicate)
{
    char expected[1024];
    struct core *router = router_chain.router;
    uint64_t seq = core_last_seq(router);
    quietly(script);
    size_t used = 0;
    expected[0] = '\0';
    while (seq < core_last_seq(router)) {
        char line[CORE_LINE_MAX];
        core_line(line, core_arena(router), core_record(router, ++seq));
        if (strstr(line, " duplicate ") != NULL)
            used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s\n", line);
    }
    assert_string_equal(expected, duplicate);
}

static uint64_t rows(void)
{
    return core_count(router_chain.router, TABLE_ALIKE);
}

static const Tocsin__V1__Issue *issue_of(unsigned number)
{
    const struct core *router = router_chain.router;
    for (uint64_t seq = core_last_seq(router); seq > 0; seq--) {
        const Tocsin__V1__Record *record = core_record(router_chain.router, seq);
        Tocsin__V1__IssueChange *change;
        if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED ||
            record->issue.data[0] != number)
            continue;
        assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                         &tocsin__v1__issue_change__descriptor,
                                         toc_wire_bytes(&record->body), &change),
                         TOC_OK);
        return change->issue;
    }
    fail_msg("no issue %u", number);
    return NULL;
}

/* --- whose, and how near ---------------------------------------------------------------------- */

static void the_same_text_of_one_person_is_suggested_and_not_acted_on(void **state)
{
    (void)state;
    expect_opening("10:00 open issue=1 requester=r1" A "\n", "");
    expect_opening("10:05 open issue=2 requester=r1" A "\n",
                   "10:05:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
    assert_int_equal(issue_of(1)->duplicate, TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_UNSPECIFIED);
    assert_int_equal(issue_of(2)->duplicate_of.data[0], 1);
    assert_int_equal(issue_of(2)->state, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW);
}

static void a_text_that_differs_in_more_bits_is_another(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("10:01 open issue=2 requester=r1" D "\n", "");
    expect_opening("10:02 open issue=3 requester=r1" C "\n",
                   "10:02:00 issue 1 duplicate new queue=front tier=1 other=2 distance=1 "
                   "duplicate=1 v1\n");
}

static void the_nearest_is_suggested_and_of_several_the_first(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" C "\n10:01 open issue=2 requester=r1" B "\n"
            "10:02 open issue=3 requester=r1" B "\n");
    expect_opening("10:03 open issue=4 requester=r1" A "\n",
                   "10:03:00 issue 1 duplicate new queue=front tier=1 other=2 distance=3 "
                   "duplicate=1 v1\n");
}

static void two_people_who_write_the_same_have_two_issues(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("10:01 open issue=2 requester=r2" A "\n", "");
    expect_opening("10:02 open issue=3" A "\n", "");
    expect_opening("10:03 open issue=4" A "\n", ""); /* nobody is not somebody */
    assert_int_equal(rows(), 2);
}

static void a_publishers_pseudonym_is_a_person_of_that_publisher(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("10:01 open issue=2 source=shop requester=r1" A "\n", "");
}

static void a_pseudonym_of_ours_is_one_person_everywhere(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 pseudonym=p1 requester=p1" A "\n");
    expect_opening("10:01 open issue=2 source=shop pseudonym=p1 requester=p1" A "\n",
                   "10:01:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
    expect_opening("10:02 open issue=3 source=shop requester=p1" A "\n",
                   ""); /* somebody claims it */
    expect_opening("10:03 open issue=4 pseudonym=p1" A "\n",
                   "10:03:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
}

static void a_test_is_no_duplicate_of_a_real_issue(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("10:01 open issue=2 requester=r1 test" A "\n", "");
}

static void a_late_opening_is_looked_at_too(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n10:01 inbound issue=2\n10:02 time\n");
    expect_opening("10:03 open issue=2 requester=r1" A "\n",
                   "10:03:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
}

/* --- when ------------------------------------------------------------------------------------- */

static void beyond_the_window_it_is_another_matter(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("+1/10:00 open issue=2 requester=r1" A "\n",
                   "+1/10:00:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
    quietly("10:00 open issue=3 requester=r2" A "\n");
    expect_opening("+1/10:00:00.001 open issue=4 requester=r2" A "\n", "");
}

static void the_policy_says_how_long_the_window_is(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("+7/10:00 open issue=2 requester=r1" A "\n",
                   "+7/10:00:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
}

static void a_policy_may_want_none(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    expect_opening("10:01 open issue=2 requester=r1" A "\n", "");
    assert_int_equal(rows(), 0);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void an_opening_without_a_fingerprint_touches_no_row(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1 found=language:en:98:cld2/2\n"
            "10:01 open issue=2 requester=r1\n"
            "10:02 open issue=3 requester=r1 found=fingerprint:none:100:simhash/9\n");
    assert_int_equal(rows(), 0);
}

static void a_requester_with_thousands_of_issues_has_one_small_row(void **state)
{
    char line[256];
    struct toc_str key, row;
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(line, sizeof(line),
                 "1%u:%02u:%02u open issue=%u subject=s%u requester=r1 "
                 "found=fingerprint:%016llx:100:simhash/2\n",
                 i / 3600, i / 60 % 60, i % 60, i % 250 + 1, i, i * 0x9e3779b97f4a7c15ULL);
        quietly(line);
    }
    assert_int_equal(rows(), 1);
    assert_int_equal(core_next(router_chain.router, TABLE_ALIKE, toc_str(NULL, 0), &key, &row),
                     TOC_OK);
    assert_int_equal(key.size, 20);
    assert_int_equal(row.size, ROUTER_ALIKE_MAX * 32);
}

static void rows_out_of_the_window_go_with_what_comes(void **state)
{
    char line[128];
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        snprintf(line, sizeof(line), "10:%02u open issue=%u requester=a%u" A "\n", i, i + 1, i);
        quietly(line);
    }
    assert_int_equal(rows(), 10);
    for (unsigned i = 0; i < 10; i++) {
        snprintf(line, sizeof(line), "+3/10:%02u open issue=%u requester=b%u" A "\n", i, i + 21, i);
        quietly(line);
    }
    assert_int_equal(rows(), 10);
}

static void what_was_seen_survives_a_crash(void **state)
{
    struct core *router = router_chain.router;
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n");
    core_reopen(router);
    expect_opening("10:05 open issue=2 requester=r1" A "\n",
                   "10:05:00 issue 1 duplicate new queue=front tier=1 other=1 distance=0 "
                   "duplicate=1 v1\n");
}

/* --- what people say of it ----------------------------------------------------------------------
 */

static void a_person_confirms_rejects_and_takes_back(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n10:05 open issue=2 requester=r1" A "\n");
    expect_router("10:06 link issue=2 other=1 kind=duplicate by=ana\n"
                  "10:07 link issue=2 other=1 kind=not_duplicate by=ben\n"
                  "10:08 link issue=2 other=1 kind=duplicate by=ana\n",
                  "10:06:00 issue 1 linked new queue=front tier=1 other=1 duplicate=2 by=ana "
                  "reason=duplicate v1\n"
                  "10:07:00 issue 1 linked new queue=front tier=1 other=1 duplicate=3 by=ben "
                  "reason=not_duplicate v1\n"
                  "10:08:00 issue 1 linked new queue=front tier=1 other=1 duplicate=2 by=ana "
                  "reason=duplicate v1\n");
}

static void a_person_may_know_of_one_that_nobody_suggested(void **state)
{
    (void)state;
    quietly("10:00 open issue=1\n10:01 open issue=2\n10:02 open issue=3\n");
    expect_router("10:06 link issue=3 other=2 kind=not_duplicate by=ana\n"
                  "10:07 link issue=3 other=1 kind=duplicate by=ana\n",
                  "10:06:00 issue 1 linked new queue=front tier=1 other=2 by=ana "
                  "reason=not_duplicate v1\n"
                  "10:07:00 issue 1 linked new queue=front tier=1 other=1 duplicate=2 by=ana "
                  "reason=duplicate v1\n");
}

static void what_a_person_said_is_not_suggested_over(void **state)
{
    (void)state;
    quietly("10:00 open issue=1 requester=r1" A "\n10:01 inbound issue=2\n10:02 time\n"
            "10:03 link issue=2 other=9 kind=duplicate by=ana\n"
            "10:04 open issue=2 requester=r1" A "\n");
    assert_int_equal(issue_of(2)->duplicate, TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_CONFIRMED);
    assert_int_equal(issue_of(2)->duplicate_of.data[0], 9);
}

static void an_issue_is_no_duplicate_of_itself(void **state)
{
    (void)state;
    quietly("10:00 open issue=1\n");
    expect_router("10:06 link issue=1 other=1 kind=duplicate by=ana\n",
                  "10:06:00 refused tocsin.issue.linked bad_value (an issue is no duplicate of "
                  "itself)\n");
}

static void another_kind_of_link_is_noted_as_before(void **state)
{
    (void)state;
    quietly("10:00 open issue=1\n");
    expect_router("10:06 link issue=1 other=2 kind=related\n",
                  "10:06:00 issue 1 noted new queue=front tier=1 v1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)
        TEST(the_same_text_of_one_person_is_suggested_and_not_acted_on),
        TEST(a_text_that_differs_in_more_bits_is_another),
        TEST(the_nearest_is_suggested_and_of_several_the_first),
        TEST(two_people_who_write_the_same_have_two_issues),
        TEST(a_publishers_pseudonym_is_a_person_of_that_publisher),
        TEST(a_pseudonym_of_ours_is_one_person_everywhere),
        TEST(a_test_is_no_duplicate_of_a_real_issue),
        TEST(a_late_opening_is_looked_at_too),
        TEST(beyond_the_window_it_is_another_matter),
        cmocka_unit_test_setup_teardown(the_policy_says_how_long_the_window_is, set_up_week,
                                        core_router_tear_down),
        cmocka_unit_test_setup_teardown(a_policy_may_want_none, set_up_none, core_router_tear_down),
        TEST(an_opening_without_a_fingerprint_touches_no_row),
        TEST(a_requester_with_thousands_of_issues_has_one_small_row),
        TEST(rows_out_of_the_window_go_with_what_comes),
        TEST(what_was_seen_survives_a_crash),
        TEST(a_person_confirms_rejects_and_takes_back),
        TEST(a_person_may_know_of_one_that_nobody_suggested),
        TEST(what_a_person_said_is_not_suggested_over),
        TEST(an_issue_is_no_duplicate_of_itself),
        TEST(another_kind_of_link_is_noted_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
