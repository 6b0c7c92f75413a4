#include "common/send/guard.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static bool allows(const struct toc_guard *guard, const char *text, bool plain)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return toc_guard_allows(guard, (const struct sockaddr *)&v4, plain);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return toc_guard_allows(guard, (const struct sockaddr *)&v6, plain);
}

static void the_internet_is_reached_by_tls_alone(void **state)
{
    const struct toc_guard guard = {.count = 0};
    static const char *const out[] = {"93.184.216.34",      "1.1.1.1",
                                      "172.32.0.1",         "100.128.0.1",
                                      "2606:2800:220:1::1", "2a00:1450::1"};
    (void)state;
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
        assert_true(allows(&guard, out[i], false));
        assert_false(allows(&guard, out[i], true));
    }
}

static void what_is_special_is_not_reached(void **state)
{
    const struct toc_guard guard = {.count = 0};
    static const char *const in[] = {
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:db8::1",
        "2001::1",
        "::10.0.0.1",
        "::ffff:127.0.0.1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
        if (allows(&guard, in[i], false))
            fail_msg("%s is reached", in[i]);
}

static void what_is_allowed_by_name_is_reached_by_plain_http_too(void **state)
{
    struct toc_guard guard = {.count = 2};
    (void)state;
    assert_true(toc_network_read("10.1.0.0/16", &guard.allowed[0]));
    assert_true(toc_network_read("::1", &guard.allowed[1]));
    assert_true(allows(&guard, "10.1.2.3", true));
    assert_true(allows(&guard, "::ffff:10.1.2.3", true));
    assert_true(allows(&guard, "::1", false));
    assert_false(allows(&guard, "10.2.2.3", false));
    assert_false(allows(&guard, "127.0.0.1", true));
}

static void another_family_is_none(void **state)
{
    const struct toc_guard guard = {.count = 0};
    const struct sockaddr local = {.sa_family = AF_UNIX};
    (void)state;
    assert_false(toc_guard_allows(&guard, &local, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_internet_is_reached_by_tls_alone),
        cmocka_unit_test(what_is_special_is_not_reached),
        cmocka_unit_test(what_is_allowed_by_name_is_reached_by_plain_http_too),
        cmocka_unit_test(another_family_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
