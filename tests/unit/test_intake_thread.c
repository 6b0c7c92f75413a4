/* Which issue a mail belongs to, as intake's core keeps it. */
#include "tests/support/core_harness.h"

#include "services/intake/intake.h"
#include "services/intake/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define DAY(n) ((toc_time_ms)1772357400000 + (toc_time_ms)(n)*TOC_DAY_MS)

static struct toc_store *store;
static struct toc_txn *txn;

static int set_up(void **state)
{
    static const char *const tables[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                         "8", "9", "10", "11", "12", "13", "14", "15"};
    const struct toc_store_config config = {.dir = "threads", .tables = tables, .table_count = 16};
    (void)state;
    assert_true(INTAKE_TABLE_THREAD < 16);
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_txn_abort(txn);
    toc_store_close(store);
    return 0;
}

static void keep(uint8_t mail, uint8_t issue, toc_time_ms at_ms, bool message, bool auto_)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueOpened opened = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__IssueMessage inbound = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    uint8_t hash[TOC_ID] = {mail}, id[TOC_ID] = {issue};
    inbound.direction = TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    inbound.auto_ = auto_;
    event.mail = toc_wire_binary(toc_str(hash, mail > 0 ? TOC_ID : 0));
    event.body_case =
        message ? TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE : TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    if (message)
        event.issue_message = &inbound;
    else
        event.issue_opened = &opened;
    assert_int_equal(thread_keep(txn, &event, id, at_ms), TOC_OK);
}

/* The issue's first byte; 0: it is not known. */
static unsigned find(uint8_t mail, toc_time_ms now_ms)
{
    uint8_t hash[TOC_ID] = {mail}, issue[TOC_ID];
    enum toc_err err = thread_find(txn, hash, now_ms, issue);
    assert_true(err == TOC_OK || err == TOC_NONE);
    return err == TOC_OK ? issue[0] : 0;
}

static uint32_t count(uint8_t issue, toc_time_ms now_ms)
{
    uint8_t id[TOC_ID] = {issue};
    uint32_t out;
    assert_int_equal(thread_count(txn, id, now_ms, &out), TOC_OK);
    return out;
}

static uint64_t rows(void)
{
    uint64_t out;
    assert_int_equal(toc_count(txn, INTAKE_TABLE_THREAD, &out), TOC_OK);
    return out;
}

static void an_answer_finds_its_issue_for_400_days(void **state)
{
    (void)state;
    keep(1, 7, DAY(0), false, false);
    assert_int_equal(find(1, DAY(0)), 7);
    assert_int_equal(find(1, DAY(400)), 7);
    assert_int_equal(find(1, DAY(500)), 0);
    assert_int_equal(find(2, DAY(0)), 0);
}

static void nobody_takes_a_thread_over_with_its_message_id(void **state)
{
    (void)state;
    keep(1, 7, DAY(0), false, false);
    keep(1, 8, DAY(40), false, false);
    assert_int_equal(find(1, DAY(41)), 7);
    assert_int_equal(rows(), 1);
}

static void what_is_no_mail_is_not_kept(void **state)
{
    (void)state;
    keep(0, 7, DAY(0), true, false);
    assert_int_equal(rows(), 0);
}

static void mails_of_people_are_counted_by_the_day(void **state)
{
    (void)state;
    keep(1, 7, DAY(0), false, false); /* opens it */
    keep(2, 7, DAY(0), true, false);
    keep(3, 7, DAY(0), true, false);
    keep(4, 7, DAY(0), true, true); /* a machine's */
    keep(5, 8, DAY(0), true, false);
    assert_int_equal(count(7, DAY(0)), 2);
    assert_int_equal(count(8, DAY(0)), 1);
    assert_int_equal(count(7, DAY(1)), 0);
}

static void what_is_over_goes(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= 100; i++)
        keep(i, i, DAY(0), true, false);
    assert_int_equal(rows(), 200);
    for (uint8_t i = 101; i <= 130; i++)
        keep(i, i, DAY(600), true, false);
    assert_int_equal(rows(), 60);
    assert_int_equal(find(130, DAY(600)), 130);
}

static void a_message_id_is_named_with_its_source(void **state)
{
    static const uint8_t key[32] = {1}, other[32] = {2};
    uint8_t a[TOC_ID], b[TOC_ID];
    (void)state;
    thread_name(key, "urn:a", TOC_STR("1@x"), a);
    thread_name(key, "urn:b", TOC_STR("1@x"), b);
    assert_memory_not_equal(a, b, TOC_ID);
    thread_name(other, "urn:a", TOC_STR("1@x"), b);
    assert_memory_not_equal(a, b, TOC_ID);
    thread_name(key, "urn:a", TOC_STR("1@x"), b);
    assert_memory_equal(a, b, TOC_ID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_finds_its_issue_for_400_days),
        TEST(nobody_takes_a_thread_over_with_its_message_id),
        TEST(what_is_no_mail_is_not_kept),
        TEST(mails_of_people_are_counted_by_the_day),
        TEST(what_is_over_goes),
        TEST(a_message_id_is_named_with_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
