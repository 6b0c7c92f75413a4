#include "common/network.h"

#include <arpa/inet.h>

bool toc_network_read(const char *text, struct toc_network *out)
{
    const char *slash = strchr(text, '/');
    char host[INET6_ADDRSTRLEN];
    struct toc_network network = {.address = {[10] = 0xff, [11] = 0xff}};
    uint64_t bits;
    size_t size = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (size >= sizeof(host))
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    bool v4 = inet_pton(AF_INET, host, network.address + 12) == 1;
    if (!v4 && inet_pton(AF_INET6, host, network.address) != 1)
        return false;
    bits = v4 ? 32 : 128;
    if (slash != NULL &&
        (toc_parse_u64(toc_str_of(slash + 1), &bits) != TOC_OK || bits > (v4 ? 32 : 128)))
        return false;
    network.bits = (unsigned)bits + (v4 ? 96 : 0);
    *out = network;
    return true;
}

static bool is_within(const struct toc_network *network, const uint8_t address[16])
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(network->address, address, whole) == 0 &&
           (rest == 0 || ((network->address[whole] ^ address[whole]) & mask) == 0);
}

bool toc_network_is_within(const struct toc_network *networks, size_t count,
                           const uint8_t address[16])
{
    for (size_t i = 0; i < count; i++)
        if (is_within(&networks[i], address))
            return true;
    return false;
}
