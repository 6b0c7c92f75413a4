#include "services/intake/facts/fingerprint.h"

#include <assert.h>
#include <sodium.h>

#define RUN_WORDS 3
#define LANES     8 /* a counter per byte, eight of them in a number */
#define LANE_MAX  255

static_assert(FACTS_KEY == crypto_shorthash_KEYBYTES, "it is SipHash's key");

/* How often each bit was set: in bytes, and from time to time taken over into `totals`. */
struct bits {
    uint64_t lanes[LANES]; /* byte b of lane l counts bit 8 * l + b */
    unsigned pending;
    uint32_t totals[64];
    size_t runs;
};

/* A byte's eight bits as eight bytes of 0 or 1, the lowest first. */
static uint64_t spread(uint8_t byte)
{
    uint64_t copies = byte * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
    return (copies + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
}

static void take_over(struct bits *bits)
{
    for (size_t i = 0; i < 64; i++)
        bits->totals[i] += (uint8_t)(bits->lanes[i / 8] >> (8 * (i % 8)));
    memset(bits->lanes, 0, sizeof(bits->lanes));
    bits->pending = 0;
}

static void count_run(struct bits *bits, const uint8_t key[FACTS_KEY], struct toc_str run)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const uint8_t *)run.data, run.size, key);
    for (size_t i = 0; i < LANES; i++)
        bits->lanes[i] += spread(hash[i]);
    bits->runs++;
    if (++bits->pending == LANE_MAX)
        take_over(bits);
}

/* Every run of three words, or the one that a shorter text is. */
static void count_runs(struct bits *bits, const uint8_t key[FACTS_KEY], struct toc_str words)
{
    size_t starts[RUN_WORDS] = {0}, count = 0;
    for (size_t at = 1; at < words.size; at++) {
        if (words.data[at] != ' ')
            continue;
        count++;
        if (count >= RUN_WORDS) {
            size_t from = starts[count % RUN_WORDS];
            count_run(bits, key, toc_str(words.data + from, at - from));
        }
        starts[count % RUN_WORDS] = at;
    }
    if (bits->runs == 0 && count > 0)
        count_run(bits, key, words);
}

size_t fingerprint_make(const uint8_t key[FACTS_KEY], struct toc_str words, uint64_t *out)
{
    struct bits bits = {0};
    uint64_t print = 0;
    count_runs(&bits, key, words);
    take_over(&bits);
    for (size_t i = 0; i < 64; i++)
        print |= (uint64_t)(2 * (size_t)bits.totals[i] > bits.runs) << i;
    *out = print;
    return bits.runs;
}

unsigned facts_distance(uint64_t a, uint64_t b)
{
    return (unsigned)__builtin_popcountll(a ^ b);
}
