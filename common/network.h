/*
 * Networks, as people write them: an address with the leading bits that count, "10.0.0.0/8" or
 * "2001:db8::/32". Every address is one of IPv6, in which IPv4 is mapped. Text in, yes or no out;
 * no names are looked up.
 */
#ifndef TOC_NETWORK_H
#define TOC_NETWORK_H

#include "common/str.h"

struct toc_network {
    uint8_t address[16];
    unsigned bits; /* of 128 */
};

/* False when the text is none. */
bool toc_network_read(const char *text, struct toc_network *out);

/* Whether one of the networks has the address in it. */
bool toc_network_is_within(const struct toc_network *networks, size_t count,
                           const uint8_t address[16]);

#endif
