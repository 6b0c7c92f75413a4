/* What is printed of receipts, and how they are counted. */
#include "services/cli/receipts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define STATUS(name) TOCSIN__V1__OUTCOME__STATUS__##name

static const struct toc_client_receipt accepted = {.status = STATUS(ACCEPTED), .seq = 1};
static const struct toc_client_receipt late = {
    .status = STATUS(ACCEPTED), .seq = 2, .detail = "time_ms: late"};
static const struct toc_client_receipt duplicate = {.status = STATUS(DUPLICATE), .seq = 1};
static const struct toc_client_receipt refused = {
    .status = STATUS(REFUSED), .reason = TOCSIN__V1__REFUSE_REASON__REFUSE_TIME_JUMP};

static void assert_summary(const struct toc_client_receipt *const all[], size_t count,
                           const char *expected)
{
    struct receipts receipts = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < count; i++)
        receipts_count(&receipts, all[i]);
    receipts_summary(out, &receipts);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void receipts_are_counted_by_what_they_say(void **state)
{
    const struct toc_client_receipt *const all[] = {&accepted, &accepted, &duplicate, &refused};
    (void)state;
    assert_summary(all, 1, "1 accepted, 0 duplicate, 0 refused");
    assert_summary(all, 4, "2 accepted, 1 duplicate, 1 refused (time_jump 1)");
}

static void those_that_came_behind_the_log_are_counted(void **state)
{
    const struct toc_client_receipt *const all[] = {&accepted, &late, &late};
    (void)state;
    assert_summary(all, 3, "3 accepted (2 late), 0 duplicate, 0 refused");
}

static void a_remark_is_printed_with_its_receipt(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    receipts_print(out, false, TOC_STR("\x0a\x01x"), &accepted);
    receipts_print(out, false, TOC_STR("\x0a\x01x"), &late);
    receipts_print(out, true, TOC_STR("\x0a\x01x"), &late);
    fclose(out);
    assert_string_equal(text, "accepted   x  issue -  seq 1\n"
                              "accepted   x  issue -  seq 2  time_ms: late\n"
                              "{\"id\":\"x\",\"source\":\"\",\"issue\":\"\","
                              "\"log\":\"0000000000000000\",\"seq\":\"2\",\"duplicate\":false,"
                              "\"detail\":\"time_ms: late\"}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receipts_are_counted_by_what_they_say),
        cmocka_unit_test(those_that_came_behind_the_log_are_counted),
        cmocka_unit_test(a_remark_is_printed_with_its_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
