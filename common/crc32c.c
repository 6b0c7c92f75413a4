#include "common/crc32c.h"

#define POLYNOMIAL 0x82f63b78u /* reflected */

static uint32_t portable(uint32_t crc, const uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (POLYNOMIAL & -(crc & 1));
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t accelerated(uint32_t crc, const uint8_t *p,
                                                              size_t size)
{
    uint64_t wide = crc;
    for (; size >= 8; p += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; size > 0; p++, size--)
        crc = __builtin_ia32_crc32qi(crc, *p);
    return crc;
}

static bool is_accelerated(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t accelerated(uint32_t crc, const uint8_t *p, size_t size)
{
    return portable(crc, p, size);
}

static bool is_accelerated(void)
{
    return false;
}
#endif

uint32_t toc_crc32c(uint32_t crc, struct toc_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    crc = ~crc;
    crc = is_accelerated() ? accelerated(crc, p, bytes.size) : portable(crc, p, bytes.size);
    return ~crc;
}
