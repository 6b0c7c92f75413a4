#include "services/notifier/door/limit.h"

#include "common/hash.h"

static size_t place_of(const uint8_t peer[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint8_t hash[TOC_SHA256];
    bool is_v4 = memcmp(peer, mapped, sizeof(mapped)) == 0;
    toc_sha256(hash, toc_str(peer, is_v4 ? 16 : 8));
    return toc_get_u32be(hash) % LIMIT_PLACES;
}

toc_time_ms limit_take(struct limit *limit, const uint8_t peer[16], toc_time_ms mono_ms)
{
    struct limit_place *place = &limit->places[place_of(peer)];
    place->taken -= (double)LIMIT_RATE * (double)(mono_ms - place->at_ms) / TOC_SECOND_MS;
    place->at_ms = mono_ms;
    if (place->taken < 0)
        place->taken = 0;
    if (place->taken + 1 > LIMIT_BURST)
        return (toc_time_ms)((place->taken + 1 - LIMIT_BURST) * TOC_SECOND_MS / LIMIT_RATE) + 1;
    place->taken += 1;
    return 0;
}
