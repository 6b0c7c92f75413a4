#include "services/intake/edge/grant.h"

#include "services/intake/token.h"

#include <assert.h>
#include <sodium.h>

#define PREFIX     TOC_STR("toc1.")
#define PAGE_BYTES 16
#define END_DIGITS 11 /* until the year 5138 */

void grant_lock_make(struct grant_lock *out, const uint8_t issue_key[32])
{
    uint8_t seed[crypto_box_SEEDBYTES];
    static_assert(crypto_box_SEEDBYTES == TOC_SHA256 && crypto_box_PUBLICKEYBYTES == 32 &&
                      crypto_box_SECRETKEYBYTES == 32,
                  "keys are of this size");
    toc_hmac_sha256(seed, toc_str(issue_key, 32), TOC_STR("tocsin grants"));
    TOC_ASSERT(crypto_box_seed_keypair(out->public, out->secret, seed) == 0);
    sodium_memzero(seed, sizeof(seed));
}

bool grant_key_open(const struct grant_lock *lock, struct toc_str box, uint8_t out[TOC_SHA256])
{
    static_assert(TOKEN_SEALED == TOC_SHA256 + crypto_box_SEALBYTES, "a key in a box");
    return box.size == TOKEN_SEALED &&
           crypto_box_seal_open(out, (const uint8_t *)box.data, box.size, lock->public,
                                lock->secret) == 0;
}

bool grant_is_one(struct toc_str text)
{
    return toc_str_starts(text, PREFIX);
}

/* Takes what stands before the first dot off `rest`, and the dot. */
static bool take_part(struct toc_str *rest, struct toc_str *out)
{
    const char *dot = rest->size > 0 ? memchr(rest->data, '.', rest->size) : NULL;
    if (dot == NULL)
        return false;
    *out = toc_str(rest->data, (size_t)(dot - rest->data));
    *rest = toc_str_from(*rest, out->size + 1);
    return true;
}

static bool read_end(struct toc_str text, toc_time_ms *out_ms)
{
    uint64_t seconds;
    if (text.size == 0 || text.size > END_DIGITS || text.data[0] == '0' ||
        toc_parse_u64(text, &seconds) != TOC_OK)
        return false;
    *out_ms = (toc_time_ms)seconds * TOC_SECOND_MS;
    return true;
}

static bool read_source(struct toc_str text, char out[INTAKE_TEXT_MAX + 1])
{
    size_t size;
    if (sodium_base642bin((unsigned char *)out, INTAKE_TEXT_MAX, text.data, text.size, NULL, &size,
                          NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    out[size] = '\0';
    return size > 0 && toc_str_is_text(toc_str(out, size));
}

/* In small digits. */
static bool read_bytes(struct toc_str text, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] >= 'A' && text.data[i] <= 'F')
            return false;
    return text.size == 2 * size && toc_unhex(out, size, text) == TOC_OK;
}

bool grant_read(struct toc_str text, struct grant *out)
{
    uint8_t number[PAGE_BYTES];
    struct toc_str rest, end, source, page;
    if (!grant_is_one(text))
        return false;
    rest = toc_str_from(text, PREFIX.size);
    if (!take_part(&rest, &out->token) || !take_part(&rest, &end) || !take_part(&rest, &source))
        return false;
    out->one_page = take_part(&rest, &page);
    out->covered = toc_str(text.data, text.size - rest.size - 1);
    return read_end(end, &out->end_ms) && read_source(source, out->source) &&
           (!out->one_page || read_bytes(page, number, sizeof(number))) &&
           read_bytes(rest, out->mac, sizeof(out->mac));
}

bool grant_is_made_with(const struct grant *grant, const uint8_t key[TOC_SHA256])
{
    uint8_t mac[TOC_SHA256];
    toc_hmac_sha256(mac, toc_str(key, TOC_SHA256), grant->covered);
    return sodium_memcmp(mac, grant->mac, sizeof(mac)) == 0;
}

bool grant_is_good_at(const struct grant *grant, toc_time_ms wall_ms)
{
    return wall_ms < grant->end_ms && grant->end_ms - wall_ms <= GRANT_LIFE_MAX_MS;
}
