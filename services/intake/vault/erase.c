#include "common/exit_point.h"
#include "services/intake/vault/internal.h"

/* Deleting takes room before it gives any back, so it goes in small transactions; the subject's own
 * rows go last, and whoever died on the way finds the subject again. */
#define LISTED_PER_TURN 25

/* --- finding -----------------------------------------------------------------------------------
 */

/* False: no pseudonym of the vault's is written so. */
static bool read_alias(const char *pseudonym, uint8_t out[VAULT_ALIAS])
{
    char again[VAULT_PSEUDONYM + 1];
    if (toc_unhex(out, VAULT_ALIAS, toc_str_of(pseudonym)) != TOC_OK)
        return false;
    toc_hex(again, out, VAULT_ALIAS);
    return strcmp(again, pseudonym) == 0;
}

enum toc_err vault_find_pseudonym(struct vault *vault, const char *pseudonym, uint64_t *out)
{
    uint8_t alias[VAULT_ALIAS];
    if (!read_alias(pseudonym, alias))
        return TOC_NONE;
    TOC_TRY(vault_begin_keys(vault));
    return vault_index_find(vault, &vault->pseudonyms, alias, out);
}

enum toc_err vault_is_listed(struct vault *vault, uint64_t subject, uint64_t other)
{
    uint8_t name[VAULT_LISTED_NAME];
    struct toc_str row;
    toc_put_u64be(name, subject);
    toc_put_u64be(name + 8, other);
    TOC_TRY(vault_begin_keys(vault));
    return toc_get(vault->keys_txn, KEYS_LISTED, toc_str(name, sizeof(name)), &row);
}

/* --- deleting ----------------------------------------------------------------------------------
 */

static enum toc_err delete_keys(struct vault *vault, const uint8_t subject[8], uint32_t *keys)
{
    uint8_t name[VAULT_KEY_NAME];
    memcpy(name, subject, 8);
    for (unsigned group = 0; group < VAULT_KEYS_COUNT; group++) {
        name[8] = (uint8_t)group;
        enum toc_err err = vault_keys_delete(vault, KEYS_KEYS, toc_str(name, sizeof(name)));
        TOC_TRY(err);
        *keys += err == TOC_OK;
    }
    return TOC_OK;
}

/* All that leads to the subject. */
static enum toc_err delete_ways(struct vault *vault, const uint8_t subject[8])
{
    uint8_t alias[VAULT_ALIAS], name[VAULT_NAME];
    struct toc_str row;
    enum toc_err err = toc_get(vault->keys_txn, KEYS_SUBJECTS, toc_str(subject, 8), &row);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (row.size != sizeof(alias) + sizeof(name))
        return TOC_ERR_DAMAGED;
    memcpy(alias, row.data, sizeof(alias));
    memcpy(name, row.data + sizeof(alias), sizeof(name));
    vault_forget_one(vault, name);
    TOC_TRY(vault_index_delete(vault, &vault->people, name, toc_get_u64be(subject)));
    TOC_TRY(vault_index_delete(vault, &vault->pseudonyms, alias, toc_get_u64be(subject)));
    return vault_keys_delete(vault, KEYS_SUBJECTS, toc_str(subject, 8));
}

static enum toc_err delete_subject(struct vault *vault, const uint8_t subject[8], uint32_t *keys)
{
    TOC_TRY(delete_keys(vault, subject, keys));
    return delete_ways(vault, subject);
}

/* --- erasing -----------------------------------------------------------------------------------
 */

/* An erasure under way. */
struct erasing {
    struct vault *vault;
    vault_held_fn held;
    void *arg;
    uint8_t alias[VAULT_ALIAS]; /* of whom */
    uint32_t *keys;
};

/* Its keys stay, and nothing leads to them: nobody reads it. */
static enum toc_err hold_back(const struct erasing *erasing, const uint8_t other[8])
{
    uint8_t later[VAULT_LATER_NAME];
    memcpy(later, erasing->alias, VAULT_ALIAS);
    memcpy(later + VAULT_ALIAS, other, 8);
    TOC_TRY(delete_ways(erasing->vault, other));
    return vault_keys_put(erasing->vault, KEYS_LATER, toc_str(later, sizeof(later)),
                          toc_str("", 0));
}

static bool is_held(const struct erasing *erasing, const uint8_t other[8])
{
    return erasing->held != NULL && erasing->held(erasing->arg, toc_get_u64be(other));
}

/* What is listed under the subject, some of it. TOC_NONE: nothing is left. */
static enum toc_err delete_listed(const struct erasing *erasing, const uint8_t subject[8])
{
    struct vault *vault = erasing->vault;
    TOC_TRY(vault_begin_keys(vault));
    for (unsigned i = 0; i < LISTED_PER_TURN; i++) {
        struct toc_str key, row;
        uint8_t copy[VAULT_LISTED_NAME];
        enum toc_err err =
            toc_first_at_least(vault->keys_txn, KEYS_LISTED, toc_str(subject, 8), &key, &row);
        TOC_TRY(err);
        if (err == TOC_NONE || memcmp(key.data, subject, 8) != 0)
            return TOC_NONE;
        if (key.size != sizeof(copy))
            return TOC_ERR_DAMAGED;
        memcpy(copy, key.data, sizeof(copy));
        TOC_TRY(is_held(erasing, copy + 8) ? hold_back(erasing, copy + 8)
                                           : delete_subject(vault, copy + 8, erasing->keys));
        TOC_TRY(vault_keys_delete(vault, KEYS_LISTED, toc_str(copy, sizeof(copy))));
    }
    return TOC_OK;
}

static enum toc_err erase(const struct erasing *erasing, uint64_t number)
{
    struct vault *vault = erasing->vault;
    uint8_t subject[8];
    enum toc_err err;
    toc_put_u64be(subject, number);
    while ((err = delete_listed(erasing, subject)) == TOC_OK)
        TOC_TRY(vault_commit(vault));
    TOC_TRY(err);
    TOC_EXIT_POINT("erase_listed");
    return delete_subject(vault, subject, erasing->keys);
}

/* Others may have been erased since the last commit, and nothing else. */
static void begin(struct vault *vault)
{
    bool may = vault->erasing || vault_rest(vault);
    TOC_ASSERT(may);
}

static enum toc_err end(struct vault *vault, enum toc_err err)
{
    if (err < 0)
        vault_drop_keys(vault);
    else
        vault->erasing = vault->keys_changed;
    return err;
}

enum toc_err vault_erase(struct vault *vault, const char *pseudonym, vault_held_fn held, void *arg,
                         uint32_t *keys)
{
    struct erasing erasing = {.vault = vault, .held = held, .arg = arg, .keys = keys};
    uint64_t number;
    begin(vault);
    *keys = 0;
    enum toc_err err = vault_find_pseudonym(vault, pseudonym, &number);
    if (err == TOC_OK && read_alias(pseudonym, erasing.alias))
        err = erase(&erasing, number);
    return end(vault, err);
}

/* --- what was held back ------------------------------------------------------------------------
 */

/* The next row of whom `erasing` is about, above `place`, which is moved to it. */
static enum toc_err next_later(const struct erasing *erasing, uint8_t place[VAULT_LATER_NAME + 1],
                               size_t *size)
{
    struct toc_str key, row;
    TOC_TRY(vault_begin_keys(erasing->vault));
    enum toc_err err =
        toc_first_at_least(erasing->vault->keys_txn, KEYS_LATER, toc_str(place, *size), &key, &row);
    if (err != TOC_OK)
        return err;
    if (key.size != VAULT_LATER_NAME)
        return TOC_ERR_DAMAGED;
    if (memcmp(key.data, erasing->alias, VAULT_ALIAS) != 0)
        return TOC_NONE;
    memcpy(place, key.data, VAULT_LATER_NAME);
    place[VAULT_LATER_NAME] = 0; /* the least key above it */
    *size = VAULT_LATER_NAME + 1;
    return TOC_OK;
}

static enum toc_err erase_later(const struct erasing *erasing, uint32_t *left)
{
    struct vault *vault = erasing->vault;
    uint8_t place[VAULT_LATER_NAME + 1];
    size_t size = VAULT_ALIAS;
    unsigned deleted = 0;
    enum toc_err err;
    memcpy(place, erasing->alias, VAULT_ALIAS);
    while ((err = next_later(erasing, place, &size)) == TOC_OK) {
        if (is_held(erasing, place + VAULT_ALIAS)) {
            ++*left;
            continue;
        }
        TOC_TRY(delete_keys(vault, place + VAULT_ALIAS, erasing->keys));
        TOC_TRY(vault_keys_delete(vault, KEYS_LATER, toc_str(place, VAULT_LATER_NAME)));
        if (++deleted % LISTED_PER_TURN == 0)
            TOC_TRY(vault_commit(vault));
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err vault_erase_later(struct vault *vault, const char *pseudonym, vault_held_fn held,
                               void *arg, uint32_t *keys, uint32_t *left)
{
    struct erasing erasing = {.vault = vault, .held = held, .arg = arg, .keys = keys};
    begin(vault);
    *keys = *left = 0;
    if (!read_alias(pseudonym, erasing.alias))
        return TOC_OK;
    return end(vault, erase_later(&erasing, left));
}
