#include "services/intake/facts/digits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

static void assert_found(const char *text, const char *expected)
{
    struct fact facts[2];
    struct found found = {facts, 0};
    char line[64] = "";
    size_t size = 0;
    digits_find(toc_str_of(text), &found);
    for (size_t i = 0; i < found.count; i++)
        size += (size_t)snprintf(line + size, sizeof(line) - size, "%s%s=%s", size > 0 ? " " : "",
                                 facts[i].name, facts[i].value);
    if (strcmp(line, expected) != 0)
        print_error("in: %s\n", text);
    assert_string_equal(line, expected);
}

static unsigned confidence_of(const char *text)
{
    struct fact facts[2] = {{0}};
    struct found found = {facts, 0};
    digits_find(toc_str_of(text), &found);
    return facts[0].confidence_percent;
}

/* --- cards ------------------------------------------------------------------------------------ */

static void a_card_is_found_in_any_usual_grouping(void **state)
{
    (void)state;
    assert_found("4111111111111111", "card=1");
    assert_found("4111 1111 1111 1111", "card=1");
    assert_found("4111-1111-1111-1111.", "card=1");
    assert_found("3782 822463 10005", "card=1");
    assert_found("3056 930902 5904", "card=1");
    assert_found("2221000000000009, 6011000990139424", "card=2");
    assert_found("4111 1111 1111 1111 123 12/27", "card=1");
}

static void a_card_needs_brand_length_and_check_digit(void **state)
{
    (void)state;
    assert_found("4111111111111112", ""); /* check digit */
    assert_found("9111111111111111", ""); /* brand */
    assert_found("411111111111116", "");  /* length */
    assert_found("41111111111111111111", "");
    assert_found("4111 11 11 1111 1111 11", ""); /* not how a card is written */
    assert_found("4111 1111-1111 1111", "");
}

static void a_number_of_business_is_no_card(void **state)
{
    (void)state;
    assert_found("order 4111111111111111", "");
    assert_found("Order number: 4111 1111 1111 1111", "");
    assert_found("pedido nº 4111111111111111", "");
    assert_found("tracking 6011000990139424", "");
    assert_found("IMEI 378282246310005", "");
    assert_found("ऑर्डर 4111111111111111", "");
    assert_found("A4111111111111111 #4111111111111111 /4111111111111111 4111111111111111-7", "");
    assert_found("550e8400-e29b-41d4-a716-4111111111111111", "");
}

static void the_nearest_word_decides(void **state)
{
    (void)state;
    assert_found("for my order, card 4111111111111111", "card=1");
    assert_found("paid by card, order 4111111111111111", "");
}

static void an_odd_length_needs_the_word_card(void **state)
{
    (void)state;
    assert_found("4222222222222", "");
    assert_found("card 4222222222222", "card=1");
}

static void more_signs_give_more_confidence(void **state)
{
    (void)state;
    assert_int_equal(confidence_of("4111111111111111"), 70);
    assert_int_equal(confidence_of("4111 1111 1111 1111"), 90);
    assert_int_equal(confidence_of("my card 4111111111111111"), 95);
}

/* --- telephones ------------------------------------------------------------------------------- */

static void an_international_number_is_found(void **state)
{
    (void)state;
    assert_found("+1 212 555 0187", "phone=1");
    assert_found("+55 (11) 91234-5678", "phone=1");
    assert_found("+919876543210", "phone=1");
    assert_found("0044 20 7946 0018", "phone=1");
    assert_found("+60 12-345 6789; +34 600 123 456", "phone=2");
    assert_found("+12 +1234567 +1234567890123456 +0123456789 +", "");
}

static void a_number_as_at_home_is_found(void **state)
{
    static const char *const numbers[] = {"(415) 555-0132",  "415-555-0132",  "415.555.0132",
                                          "(11) 91234-5678", "21 98888-7777", "98765 43210",
                                          "012-345 6789",    "03-8888 1234",  "612 34 56 78",
                                          "612 345 678",     "020 7946 0018", "07700 900123"};
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_found(numbers[i], "phone=1");
}

static void bare_digits_need_a_word_that_says_so(void **state)
{
    (void)state;
    assert_found("9876543210", "");
    assert_found("call me on 9876543210", "phone=1");
    assert_found("मोबाइल 9876543210", "phone=1");
    assert_found("order 9876543210", "");
}

static void dates_amounts_and_addresses_are_no_telephones(void **state)
{
    (void)state;
    assert_found("2026-05-12 10:30:00 12/05/2026 192.168.100.200 900 000 000 3.14159265 10-12-14",
                 "");
    assert_found("1700000000 123456789012 12345-6789 123.456.789-09 9876 5432 1098", "");
    assert_found("ticket 415-555-0132", "");
}

static void a_card_is_no_telephone(void **state)
{
    (void)state;
    assert_found("call me about card 4111 1111 1111 1111", "card=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_found_in_any_usual_grouping),
        cmocka_unit_test(a_card_needs_brand_length_and_check_digit),
        cmocka_unit_test(a_number_of_business_is_no_card),
        cmocka_unit_test(the_nearest_word_decides),
        cmocka_unit_test(an_odd_length_needs_the_word_card),
        cmocka_unit_test(more_signs_give_more_confidence),
        cmocka_unit_test(an_international_number_is_found),
        cmocka_unit_test(a_number_as_at_home_is_found),
        cmocka_unit_test(bare_digits_need_a_word_that_says_so),
        cmocka_unit_test(dates_amounts_and_addresses_are_no_telephones),
        cmocka_unit_test(a_card_is_no_telephone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
