#include "common/policy/store.h"

#include "common/turn.h"

#include <stdlib.h>

#define PART_KEY    (1 + TOC_SHA256 + 4)
#define VERSION_KEY (1 + 4)
#define VERSION_ROW (TOC_SHA256 + 4 + 4)
#define PART_MAX    1000 /* bytes of text in one piece */

static const struct toc_str force_key = {"c", 1}, latest_key = {"l", 1};

static struct toc_str part_key(uint8_t key[PART_KEY], const uint8_t hash[TOC_SHA256],
                               uint32_t index)
{
    key[0] = 'p';
    memcpy(key + 1, hash, TOC_SHA256);
    toc_put_u32be(key + 1 + TOC_SHA256, index);
    return toc_str(key, PART_KEY);
}

static struct toc_str version_key(uint8_t key[VERSION_KEY], uint32_t version)
{
    key[0] = 'v';
    toc_put_u32be(key + 1, version);
    return toc_str(key, VERSION_KEY);
}

void toc_policy_cache_trim(struct toc_policy_cache *cache)
{
    while (cache->left != NULL) {
        struct toc_policy *left = cache->left;
        cache->left = left->next;
        toc_policy_free(left);
    }
}

void toc_policy_cache_done(struct toc_policy_cache *cache)
{
    toc_policy_cache_trim(cache);
    for (size_t i = 0; i < TOC_POLICY_CACHE; i++)
        toc_policy_free(cache->policies[i]);
    *cache = (struct toc_policy_cache){0};
}

enum toc_err toc_policy_keep_part(struct toc_txn *txn, const Tocsin__V1__PolicyPart *part)
{
    uint8_t key[PART_KEY];
    struct toc_str there, at = part_key(key, part->hash.data, part->index);
    TOC_ASSERT(part->hash.len == TOC_SHA256);
    enum toc_err err = toc_get(txn, TOC_TABLE_POLICY, at, &there);
    if (err == TOC_OK)
        return toc_str_equal(there, toc_wire_bytes(&part->text)) ? TOC_OK : TOC_NONE;
    TOC_TRY(err);
    return toc_put(txn, TOC_TABLE_POLICY, at, toc_wire_bytes(&part->text));
}

static enum toc_err read_version(struct toc_txn *txn, struct toc_str key, uint32_t *out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_POLICY, key, &row);
    TOC_TRY(err);
    if (err == TOC_OK && row.size != 4)
        return TOC_ERR_DAMAGED;
    *out = err == TOC_NONE ? 0 : toc_get_u32be(row.data);
    return TOC_OK;
}

/* What is told late does not take the place of what came after it. */
static enum toc_err raise_version(struct toc_txn *txn, struct toc_str key, uint32_t version)
{
    uint8_t row[4];
    uint32_t there;
    TOC_TRY(read_version(txn, key, &there));
    if (version <= there)
        return TOC_OK;
    toc_put_u32be(row, version);
    return toc_put(txn, TOC_TABLE_POLICY, key, toc_str(row, sizeof(row)));
}

enum toc_err toc_policy_keep_applied(struct toc_txn *txn, const Tocsin__V1__PolicyApplied *applied)
{
    uint8_t key[VERSION_KEY], row[VERSION_ROW];
    struct toc_str there, at = version_key(key, applied->version);
    TOC_ASSERT(applied->hash.len == TOC_SHA256);
    memcpy(row, applied->hash.data, TOC_SHA256);
    toc_put_u32be(row + TOC_SHA256, applied->size);
    toc_put_u32be(row + TOC_SHA256 + 4, (applied->size + PART_MAX - 1) / PART_MAX);
    enum toc_err err = toc_get(txn, TOC_TABLE_POLICY, at, &there);
    if (err == TOC_OK)
        return toc_str_equal(there, toc_str(row, sizeof(row))) ? TOC_NONE : TOC_ERR_MALFORMED;
    TOC_TRY(err);
    TOC_TRY(toc_put(txn, TOC_TABLE_POLICY, at, toc_str(row, sizeof(row))));
    TOC_TRY(raise_version(txn, latest_key, applied->version));
    if (applied->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        return TOC_OK;
    return raise_version(txn, force_key, applied->version);
}

enum toc_err toc_policy_in_force(struct toc_txn *txn, uint32_t *out)
{
    return read_version(txn, force_key, out);
}

enum toc_err toc_policy_latest(struct toc_txn *txn, uint32_t *out)
{
    uint32_t latest, in_force;
    TOC_TRY(read_version(txn, latest_key, &latest));
    TOC_TRY(read_version(txn, force_key, &in_force));
    *out = latest > in_force ? latest : in_force; /* the row came later than the other */
    return TOC_OK;
}

enum toc_err toc_policy_text(struct toc_txn *txn, const uint8_t hash[TOC_SHA256], uint32_t size,
                             char **out)
{
    uint8_t key[PART_KEY];
    struct toc_str piece;
    uint32_t done = 0;
    if (size > TOC_POLICY_SIZE_MAX)
        return TOC_ERR_LIMIT;
    char *text = malloc((size_t)size + 1);
    if (text == NULL)
        return TOC_ERR_MEMORY;
    for (uint32_t i = 0; done < size; i++) {
        enum toc_err err = toc_get(txn, TOC_TABLE_POLICY, part_key(key, hash, i), &piece);
        if (err != TOC_OK || piece.size == 0 || piece.size > size - done) {
            free(text);
            return err < 0 ? err : TOC_NONE;
        }
        memcpy(text + done, piece.data, piece.size);
        done += (uint32_t)piece.size;
    }
    text[size] = '\0';
    *out = text;
    return TOC_OK;
}

enum toc_err toc_policy_text_of(struct toc_txn *txn, uint32_t version, char **out,
                                uint32_t *out_size, uint8_t out_hash[TOC_SHA256])
{
    uint8_t key[VERSION_KEY];
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_POLICY, version_key(key, version), &row);
    if (err != TOC_OK)
        return err;
    if (row.size != VERSION_ROW)
        return TOC_ERR_DAMAGED;
    uint32_t size = toc_get_u32be(row.data + TOC_SHA256);
    memcpy(out_hash, row.data, TOC_SHA256);
    err = toc_policy_text(txn, out_hash, size, out);
    if (err == TOC_OK)
        *out_size = size;
    return err;
}

enum toc_err toc_policy_is_valid(struct toc_txn *txn, const uint8_t hash[TOC_SHA256], uint32_t size)
{
    struct toc_policy *policy = NULL;
    char *text, *errors = NULL;
    enum toc_err err = toc_policy_text(txn, hash, size, &text);
    if (err != TOC_OK)
        return err == TOC_ERR_LIMIT ? TOC_NONE : err;
    err = toc_policy_parse(toc_str(text, size), "policy", &policy, &errors);
    if (err == TOC_OK && memcmp(policy->hash, hash, TOC_SHA256) != 0)
        err = TOC_NONE;
    toc_policy_free(policy);
    free(text);
    free(errors);
    return err == TOC_ERR_CONFIG ? TOC_NONE : err;
}

static void leave(struct toc_policy_cache *cache, struct toc_policy *policy)
{
    if (policy == NULL)
        return;
    policy->next = cache->left;
    cache->left = policy;
}

static enum toc_err compile(struct toc_txn *txn, uint32_t version, struct toc_policy **out)
{
    uint8_t hash[TOC_SHA256];
    uint32_t size;
    char *text;
    enum toc_err err = toc_policy_text_of(txn, version, &text, &size, hash);
    if (err != TOC_OK)
        return err;
    err = toc_policy_recompile(toc_str(text, size), out);
    free(text);
    if (err != TOC_OK) /* it was compiled before it was accepted */
        return err == TOC_ERR_CONFIG ? TOC_ERR_DAMAGED : err;
    (*out)->version = version;
    return memcmp((*out)->hash, hash, TOC_SHA256) == 0 ? TOC_OK : TOC_ERR_DAMAGED;
}

enum toc_err toc_policy_cached(struct toc_policy_cache *cache, struct toc_txn *txn,
                               uint32_t version, const struct toc_policy **out)
{
    struct toc_policy *found = NULL;
    size_t at = 0;
    if (version == 0)
        TOC_TRY(toc_policy_in_force(txn, &version));
    if (version == 0)
        return TOC_NONE;
    while (at < TOC_POLICY_CACHE - 1 && cache->policies[at] != NULL &&
           cache->policies[at]->version != version)
        at++;
    if (cache->policies[at] != NULL && cache->policies[at]->version == version) {
        found = cache->policies[at];
    } else {
        enum toc_err err = compile(txn, version, &found);
        if (err != TOC_OK) {
            toc_policy_free(found);
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        }
        leave(cache, cache->policies[at]);
    }
    memmove(cache->policies + 1, cache->policies, at * sizeof(cache->policies[0]));
    cache->policies[0] = found;
    *out = found;
    return TOC_OK;
}
