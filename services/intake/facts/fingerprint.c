#include "services/intake/facts/fingerprint.h"

#include <assert.h>
#include <endian.h>
#include <sodium.h>

#define RUN_WORDS 3
#define PLANES    8 /* bits of a counter */
#define PLANE_MAX 255

static_assert(FACTS_KEY == crypto_shorthash_KEYBYTES, "it is SipHash's key");

/* How often each bit was set: 64 small counters side by side, at times taken over into `totals`. */
struct bits {
    uint64_t planes[PLANES]; /* bit i of plane p is bit p of counter i */
    unsigned pending;
    uint32_t totals[64];
    size_t runs;
};

static void take_over(struct bits *bits)
{
    for (unsigned plane = 0; plane < PLANES; plane++)
        for (unsigned i = 0; i < 64; i++)
            bits->totals[i] += (uint32_t)(bits->planes[plane] >> i & 1) << plane;
    memset(bits->planes, 0, sizeof(bits->planes));
    bits->pending = 0;
}

/* Adds one to the counters whose bit is set; what is left of it is the carry. */
static void count_run(struct bits *bits, uint64_t hash)
{
    for (unsigned plane = 0; hash != 0; plane++) {
        uint64_t carry = bits->planes[plane] & hash;
        bits->planes[plane] ^= hash;
        hash = carry;
    }
    bits->runs++;
    if (++bits->pending == PLANE_MAX)
        take_over(bits);
}

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static uint64_t hash_word(const uint8_t key[FACTS_KEY], struct toc_str word)
{
    uint64_t hash;
    uint8_t bytes[crypto_shorthash_BYTES];
    crypto_shorthash(bytes, (const uint8_t *)word.data, word.size, key);
    memcpy(&hash, bytes, sizeof(hash));
    return le64toh(hash);
}

/*
 * Every run of three words, or the one that a shorter text is. A run's hash is made of its words'
 * hashes, each of which is needed three times; any two runs have a word that the other has not, or
 * has elsewhere, so that they are independent.
 */
static void count_runs(struct bits *bits, const uint8_t key[FACTS_KEY], struct toc_str words)
{
    uint64_t first = 0, second = 0;
    size_t from = 1, count = 0;
    for (size_t at = 1; at < words.size; at++) {
        if (words.data[at] != ' ')
            continue;
        uint64_t third = hash_word(key, toc_str(words.data + from, at - from));
        if (++count >= RUN_WORDS)
            count_run(bits, rotate(first, 42) ^ rotate(second, 21) ^ third);
        first = second;
        second = third;
        from = at + 1;
    }
    if (bits->runs == 0 && count > 0)
        count_run(bits, rotate(first, 21) ^ second);
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
