/* Where a request comes from, with proxies in front and people who say they are one. */
#include "common/http_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <cmocka.h>

#define NOBODY "::"

static void address_of(const char *text, uint8_t out[16])
{
    struct toc_network network;
    assert_true(toc_network_read(text, &network));
    memcpy(out, network.address, 16);
}

/* With proxies at 10.0.0.0/8 and 2001:db8::1: who it is that connects from `peer` with `fields`. */
static void is_from(const char *peer, const char *fields, const char *expected)
{
    struct toc_http_proxies proxies = {.count = 2};
    struct toc_http_request request = {.fields = toc_str_of(fields)};
    uint8_t wanted[16], got[16];
    assert_true(toc_network_read("10.0.0.0/8", &proxies.networks[0]));
    assert_true(toc_network_read("2001:db8::1", &proxies.networks[1]));
    address_of(peer, request.peer);
    address_of(expected, wanted);
    toc_http_peer(&proxies, &request, got);
    assert_memory_equal(got, wanted, 16);
}

#define SAYS(list) "X-Forwarded-For: " list "\r\n"

static void nobody_but_a_proxy_is_believed(void **state)
{
    (void)state;
    is_from("9.9.9.9", SAYS("1.2.3.4"), "9.9.9.9");
    is_from("9.9.9.9", SAYS("10.0.0.1"), "9.9.9.9");
    is_from("2001:db8::2", SAYS("1.2.3.4"), "2001:db8::2");
    is_from("10.0.0.1", SAYS("1.2.3.4"), "1.2.3.4");
    is_from("2001:db8::1", SAYS("2001:db8::7"), "2001:db8::7");
}

static void a_proxy_is_believed_of_what_it_added_itself(void **state)
{
    (void)state;
    is_from("10.0.0.1", SAYS("6.6.6.6, 1.2.3.4"), "1.2.3.4");
    is_from("10.0.0.1", SAYS("6.6.6.6") "A: b\r\nx-forwarded-for:1.2.3.4\r\nC: d\r\n", "1.2.3.4");
    is_from("10.0.0.1", SAYS("6.6.6.6, 1.2.3.4,10.0.0.2"), "1.2.3.4");
    is_from("10.0.0.1", SAYS("6.6.6.6, 1.2.3.4") SAYS("10.0.0.2 , 10.0.0.3"), "1.2.3.4");
}

static void a_request_of_a_proxy_itself_is_its_own(void **state)
{
    (void)state;
    is_from("10.0.0.1", "", "10.0.0.1");
    is_from("10.0.0.1", SAYS("10.0.0.2, 10.0.0.3"), "10.0.0.2");
    is_from("10.0.0.1", "X-Forwarded-Fo: 1.2.3.4\r\n", "10.0.0.1");
}

static void what_is_no_address_is_nobodys(void **state)
{
    static const char *const wrong[] = {
        SAYS("unknown"),      SAYS("1.2.3.4:80"),
        SAYS("[::1]"),        SAYS("0.0.0.0/0"),
        SAYS("1.2.3.4, "),    SAYS("1.2.3.4,"),
        SAYS("1.2.3"),        SAYS("1.2.3.4 5"),
        SAYS("a, b, c, d.e"), SAYS("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb")};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        is_from("10.0.0.1", wrong[i], NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_but_a_proxy_is_believed),
        cmocka_unit_test(a_proxy_is_believed_of_what_it_added_itself),
        cmocka_unit_test(a_request_of_a_proxy_itself_is_its_own),
        cmocka_unit_test(what_is_no_address_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
