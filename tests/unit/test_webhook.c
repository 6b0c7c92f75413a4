#include "common/send/webhook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1795327200000) /* 2026-11-22T06:00:00Z */

/* --- secrets -------------------------------------------------------------------------------- */

static enum toc_err read_text(const char *text, struct toc_webhook_secret *out)
{
    return toc_webhook_secret_read(toc_str_of(text), out);
}

static void a_secret_is_the_base64_behind_whsec(void **state)
{
    struct toc_webhook_secret secret;
    (void)state;
    assert_int_equal(read_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &secret), TOC_OK);
    assert_int_equal(secret.size, 24);
    assert_int_equal(secret.key[0], 0x31);
    assert_int_equal(secret.key[23], 0xb0);
}

static void dirty_the_stack(void)
{
    volatile uint8_t dirt[1024];
    for (size_t i = 0; i < sizeof(dirt); i++)
        dirt[i] = 0xaa;
}

/* A provider is known by a hash of it, from one start to the next. */
static void the_same_secret_is_the_same_to_its_last_byte(void **state)
{
    struct toc_webhook_secret secret;
    (void)state;
    memset(&secret, 0xaa, sizeof(secret));
    dirty_the_stack();
    assert_int_equal(read_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &secret), TOC_OK);
    for (size_t i = secret.size; i < sizeof(secret.key); i++)
        assert_int_equal(secret.key[i], 0);
}

static void a_secret_of_64_bytes_is_the_longest(void **state)
{
    char zeros[96], text[128];
    struct toc_webhook_secret secret;
    (void)state;
    memset(zeros, 'A', sizeof(zeros));
    snprintf(text, sizeof(text), "whsec_%.86s==", zeros);
    assert_int_equal(read_text(text, &secret), TOC_OK);
    assert_int_equal(secret.size, 64);
    snprintf(text, sizeof(text), "whsec_%.87s=", zeros); /* 65 bytes */
    assert_int_equal(read_text(text, &secret), TOC_ERR_MALFORMED);
}

static void anything_else_is_no_secret(void **state)
{
    static const char *const texts[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",        /* no prefix */
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  /* another prefix */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLQ==",  /* 22 bytes */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",   /* a digit short */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*",  /* no base64 */
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ", /* a blank */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct toc_webhook_secret secret = {.size = 99};
        assert_int_equal(read_text(texts[i], &secret), TOC_ERR_MALFORMED);
        assert_int_equal(secret.size, 99); /* untouched */
    }
}

/* --- signatures ----------------------------------------------------------------------------- */

static const char first[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char second[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

static void sign(const char *const *texts, size_t count, const char *id, int64_t timestamp_s,
                 const char *body, char out[TOC_WEBHOOK_SIGNATURE_MAX])
{
    struct toc_webhook_secret secrets[TOC_WEBHOOK_SECRETS_MAX];
    for (size_t i = 0; i < count; i++)
        assert_int_equal(read_text(texts[i], &secrets[i]), TOC_OK);
    toc_webhook_sign(secrets, count, toc_str_of(id), timestamp_s, toc_str_of(body), out);
}

static void the_published_vector_comes_out(void **state)
{
    const char *const secrets[] = {first};
    char out[TOC_WEBHOOK_SIGNATURE_MAX];
    (void)state;
    sign(secrets, 1, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", out);
    assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void every_secret_signs_in_its_order(void **state)
{
    const char *const both[] = {first, second}, *const turned[] = {second, first};
    char one[TOC_WEBHOOK_SIGNATURE_MAX], two[TOC_WEBHOOK_SIGNATURE_MAX],
        expected[TOC_WEBHOOK_SIGNATURE_MAX];
    (void)state;
    sign(both, 2, "msg_1", 1, "{}", one);
    assert_int_equal(strlen(one), 47 + 1 + 47);
    sign(turned, 2, "msg_1", 1, "{}", two);
    snprintf(expected, sizeof(expected), "%s %.47s", two + 48, two);
    assert_string_equal(one, expected);
    sign(both, 1, "msg_1", 1, "{}", two);
    assert_memory_equal(one, two, 47);
}

static void the_most_secrets_fit(void **state)
{
    const char *const all[TOC_WEBHOOK_SECRETS_MAX] = {first, second, first, second};
    char out[TOC_WEBHOOK_SIGNATURE_MAX];
    (void)state;
    sign(all, TOC_WEBHOOK_SECRETS_MAX, "msg_1", INT64_MAX, "{}", out);
    assert_int_equal(strlen(out), TOC_WEBHOOK_SECRETS_MAX * 48 - 1);
}

static void id_time_and_body_all_count(void **state)
{
    const char *const secrets[] = {first};
    char out[4][TOC_WEBHOOK_SIGNATURE_MAX];
    (void)state;
    sign(secrets, 1, "msg_1", 1, "{}", out[0]);
    sign(secrets, 1, "msg_2", 1, "{}", out[1]);
    sign(secrets, 1, "msg_1", 2, "{}", out[2]);
    sign(secrets, 1, "msg_1", 1, "{ }", out[3]);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(out[i], out[k]);
}

/* --- Retry-After ---------------------------------------------------------------------------- */

static toc_time_ms after(const char *value)
{
    toc_time_ms at_ms = toc_webhook_retry_after_ms(toc_str_of(value), NOW_MS);
    return at_ms == 0 ? 0 : at_ms - NOW_MS;
}

static void seconds_count_from_now(void **state)
{
    (void)state;
    assert_int_equal(after("1"), 1000);
    assert_int_equal(after("120"), 120000);
    assert_int_equal(after(" 7\r\n"), 7000);
    assert_int_equal(after("20261122"), TOC_WEBHOOK_RETRY_MAX_MS); /* a number, not a date */
}

static void the_three_forms_of_a_date_are_read(void **state)
{
    (void)state;
    assert_int_equal(after("Sun, 22 Nov 2026 06:00:30 GMT"), 30000);
    assert_int_equal(after("Sunday, 22-Nov-26 06:01:00 GMT"), 60000);
    assert_int_equal(after("Sun Nov 22 06:00:05 2026"), 5000);
}

static void what_is_past_or_nothing_asks_for_nothing(void **state)
{
    static const char *const values[] = {"",     " ",       "0",
                                         "-5",   "1.5",     "soon",
                                         "1 s",  "Sun, 22", "Sun, 22 Nov 2026 05:59:59 GMT",
                                         "\r\n", "1,2",     "Sun, 22 Nov 2026 06:00:30 GMT or so"};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_int_equal(after(values[i]), 0);
}

static void more_than_a_day_is_a_day(void **state)
{
    (void)state;
    assert_int_equal(after("86399"), 86399000);
    assert_int_equal(after("86401"), TOC_WEBHOOK_RETRY_MAX_MS);
    assert_int_equal(after("18446744073709551615"), TOC_WEBHOOK_RETRY_MAX_MS);
    assert_int_equal(after("99999999999999999999999"), TOC_WEBHOOK_RETRY_MAX_MS);
    assert_int_equal(after("Fri, 31 Dec 9999 23:59:59 GMT"), TOC_WEBHOOK_RETRY_MAX_MS);
}

static void a_very_long_value_is_not_read(void **state)
{
    char value[200];
    (void)state;
    memset(value, '1', sizeof(value));
    assert_int_equal(toc_webhook_retry_after_ms(toc_str(value, sizeof(value)), NOW_MS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_the_base64_behind_whsec),
        cmocka_unit_test(the_same_secret_is_the_same_to_its_last_byte),
        cmocka_unit_test(a_secret_of_64_bytes_is_the_longest),
        cmocka_unit_test(anything_else_is_no_secret),
        cmocka_unit_test(the_published_vector_comes_out),
        cmocka_unit_test(every_secret_signs_in_its_order),
        cmocka_unit_test(the_most_secrets_fit),
        cmocka_unit_test(id_time_and_body_all_count),
        cmocka_unit_test(seconds_count_from_now),
        cmocka_unit_test(the_three_forms_of_a_date_are_read),
        cmocka_unit_test(what_is_past_or_nothing_asks_for_nothing),
        cmocka_unit_test(more_than_a_day_is_a_day),
        cmocka_unit_test(a_very_long_value_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
