#include "common/send/guard.h"

#include <netinet/in.h>

/* The IANA registries of special-purpose addresses: nothing there is reached over the internet. */
static const char *const special[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "2001::/23",     "2001:db8::/32",   "2002::/16",      "3fff::/20",
};

/* All of the IPv6 internet. What is mapped or translated from IPv4 does not lie in it. */
static const char *const global[] = {"::ffff:0:0/96", "2000::/3"};

static bool is_in(const char *const *list, size_t count, const uint8_t address[16])
{
    for (size_t i = 0; i < count; i++) {
        struct toc_network network;
        TOC_ASSERT(toc_network_read(list[i], &network));
        if (toc_network_is_within(&network, 1, address))
            return true;
    }
    return false;
}

static bool read_address(const struct sockaddr *from, uint8_t out[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof(v4));
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &v4.sin_addr, 4);
        return true;
    }
    if (from->sa_family != AF_INET6)
        return false;
    memcpy(&v6, from, sizeof(v6));
    memcpy(out, &v6.sin6_addr, 16);
    return true;
}

bool toc_guard_allows(const struct toc_guard *guard, const struct sockaddr *address, bool plain)
{
    uint8_t bytes[16];
    if (!read_address(address, bytes))
        return false;
    if (toc_network_is_within(guard->allowed, guard->count, bytes))
        return true;
    return !plain && is_in(global, sizeof(global) / sizeof(global[0]), bytes) &&
           !is_in(special, sizeof(special) / sizeof(special[0]), bytes);
}
