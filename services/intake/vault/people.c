#include "services/intake/vault/internal.h"

#include <assert.h>

#define PSEUDONYM_BYTES VAULT_ALIAS
#define NAME_MAX_BYTES  VAULT_NAME_MAX

static const struct toc_str map_row = {"map", 3}, next_row = {"next", 4};

/* --- the map's own key -------------------------------------------------------------------------
 */

static enum toc_err make_map(struct vault *vault)
{
    uint8_t row[VAULT_WRAPPED];
    vault_random(vault, vault->secrets->map_key, TOC_SEAL_KEY);
    vault_wrap(vault, map_row, vault->secrets->map_key, row);
    return vault_keys_put(vault, KEYS_META, map_row, toc_str(row, sizeof(row)));
}

enum toc_err vault_map_load(struct vault *vault)
{
    struct toc_str row;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = toc_get(vault->keys_txn, KEYS_META, map_row, &row);
    if (err == TOC_NONE)
        return make_map(vault);
    TOC_TRY(err);
    return vault_unwrap(vault, map_row, row, vault->secrets->map_key);
}

enum toc_err vault_map_rewrap(struct vault *vault)
{
    uint8_t fresh[VAULT_WRAPPED];
    vault_wrap(vault, map_row, vault->secrets->map_key, fresh);
    return vault_keys_put(vault, KEYS_META, map_row, toc_str(fresh, sizeof(fresh)));
}

/* --- whom a pseudonym means --------------------------------------------------------------------
 */

#define FILL_ROWS 4096 /* in one transaction */

static const struct toc_str pseudonyms_row = {"pseudonyms", 10};

/* Some subjects from `from` on, which is moved behind them. TOC_NONE: no more. */
static enum toc_err fill_some(struct vault *vault, uint8_t from[8])
{
    for (unsigned i = 0; i < FILL_ROWS; i++) {
        struct toc_str key, row;
        uint8_t alias[PSEUDONYM_BYTES], number[8];
        enum toc_err err =
            toc_first_at_least(vault->keys_txn, KEYS_SUBJECTS, toc_str(from, 8), &key, &row);
        if (err != TOC_OK)
            return err;
        if (key.size != sizeof(number) || row.size < sizeof(alias))
            return TOC_ERR_DAMAGED;
        memcpy(number, key.data, sizeof(number));
        memcpy(alias, row.data, sizeof(alias));
        TOC_TRY(vault_keys_put(vault, KEYS_PSEUDONYMS, toc_str(alias, sizeof(alias)),
                               toc_str(number, sizeof(number))));
        toc_put_u64be(from, toc_get_u64be(number) + 1);
    }
    return TOC_OK;
}

enum toc_err vault_pseudonyms_load(struct vault *vault)
{
    uint8_t from[8] = {0};
    struct toc_str row;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = toc_get(vault->keys_txn, KEYS_META, pseudonyms_row, &row);
    if (err != TOC_NONE)
        return err;
    while ((err = fill_some(vault, from)) == TOC_OK) {
        TOC_TRY(vault_commit(vault));
        TOC_TRY(vault_begin_keys(vault));
    }
    TOC_TRY(err);
    TOC_TRY(vault_keys_put(vault, KEYS_META, pseudonyms_row, toc_str("", 0)));
    return vault_commit(vault);
}

/* --- whom a name means -------------------------------------------------------------------------
 */

/* Of a mail address the case does not count: nobody has two boxes that differ in it. */
static void fold(enum vault_kind kind, uint8_t *name, size_t size)
{
    if (kind != VAULT_PERSON || memchr(name, '@', size) == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] |= 0x20;
}

/* SipHash-2-4 with 128 bits: a keyed function, fast on short names. */
static void hash_name(const struct vault *vault, enum vault_kind kind, struct toc_str name,
                      uint8_t out[VAULT_NAME])
{
    uint8_t bytes[1 + NAME_MAX_BYTES];
    static_assert(VAULT_NAME == crypto_shorthash_siphashx24_BYTES &&
                      crypto_shorthash_siphashx24_KEYBYTES <= TOC_SEAL_KEY,
                  "as libsodium has them");
    TOC_ASSERT(name.size <= NAME_MAX_BYTES);
    bytes[0] = (uint8_t)kind;
    memcpy(bytes + 1, name.data, name.size);
    fold(kind, bytes + 1, name.size);
    crypto_shorthash_siphashx24(out, bytes, 1 + name.size, vault->secrets->map_key);
}

/* The entry that has the name, or else the one that gives way to it: the longest unused one. */
static struct hot *hot_of(struct vault *vault, const uint8_t name[VAULT_NAME], bool *found)
{
    struct secrets *secrets = vault->secrets;
    struct hot *set = secrets->hot[toc_get_u32be(name) % VAULT_HOT_SETS], *hot = set;
    *found = false;
    for (size_t i = 0; i < VAULT_HOT_WAY && !*found; i++) {
        *found = memcmp(set[i].name, name, VAULT_NAME) == 0 && set[i].subject.number != 0;
        if (*found || set[i].used < hot->used)
            hot = &set[i];
    }
    hot->used = ++secrets->uses;
    return hot;
}

enum toc_err vault_next_peek(struct vault *vault, uint64_t *out)
{
    struct toc_str row;
    if (vault->next_subject == 0) {
        enum toc_err err = toc_get(vault->keys_txn, KEYS_META, next_row, &row);
        TOC_TRY(err);
        if (err == TOC_OK && row.size != 8)
            return TOC_ERR_DAMAGED;
        vault->next_subject = err == TOC_OK ? toc_get_u64be(row.data) : 1;
    }
    *out = vault->next_subject;
    return TOC_OK;
}

static enum toc_err next_number(struct vault *vault, uint64_t *out)
{
    TOC_TRY(vault_next_peek(vault, out));
    vault->next_subject++;
    vault->next_changed = true;
    return TOC_OK;
}

enum toc_err vault_next_save(struct vault *vault)
{
    uint8_t bytes[8];
    if (!vault->next_changed)
        return TOC_OK;
    vault->next_changed = false;
    toc_put_u64be(bytes, vault->next_subject);
    return vault_keys_put(vault, KEYS_META, next_row, toc_str(bytes, sizeof(bytes)));
}

static enum toc_err make_subject(struct vault *vault, const uint8_t name[VAULT_NAME],
                                 struct vault_subject *out)
{
    uint8_t number[8], row[PSEUDONYM_BYTES + VAULT_NAME];
    TOC_TRY(next_number(vault, &out->number));
    toc_put_u64be(number, out->number);
    vault_random(vault, row, PSEUDONYM_BYTES);
    memcpy(row + PSEUDONYM_BYTES, name, VAULT_NAME);
    toc_hex(out->pseudonym, row, PSEUDONYM_BYTES);
    TOC_TRY(vault_keys_put(vault, KEYS_SUBJECTS, toc_str(number, sizeof(number)),
                           toc_str(row, sizeof(row))));
    return vault_index_add(vault, out->number, name, row);
}

static enum toc_err read_subject(struct vault *vault, uint64_t number, struct vault_subject *out)
{
    struct toc_str row;
    uint8_t key[8];
    toc_put_u64be(key, number);
    enum toc_err err = toc_get(vault->keys_txn, KEYS_SUBJECTS, toc_str(key, sizeof(key)), &row);
    TOC_TRY(err);
    if (err == TOC_NONE || row.size != PSEUDONYM_BYTES + VAULT_NAME)
        return TOC_ERR_DAMAGED;
    out->number = number;
    toc_hex(out->pseudonym, (const uint8_t *)row.data, PSEUDONYM_BYTES);
    return TOC_OK;
}

enum toc_err vault_subject(struct vault *vault, enum vault_kind kind, struct toc_str name,
                           bool make, const struct vault_subject **out)
{
    struct vault_subject subject;
    uint8_t key[VAULT_NAME];
    uint64_t number;
    bool found;
    hash_name(vault, kind, name, key);
    struct hot *hot = hot_of(vault, key, &found);
    *out = &hot->subject;
    if (found)
        return TOC_OK;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = vault_index_find(vault, &vault->people, key, &number);
    bool known = err == TOC_OK;
    if (known)
        err = read_subject(vault, number, &subject);
    else if (err == TOC_NONE && make)
        err = make_subject(vault, key, &subject);
    if (err != TOC_OK)
        return err;
    hot->made = !known;
    sodium_memzero(hot->has, sizeof(hot->has));
    memcpy(hot->name, key, sizeof(key));
    hot->subject = subject;
    return TOC_OK;
}

/* --- data keys ---------------------------------------------------------------------------------
 */

static struct toc_str key_name(uint8_t out[VAULT_KEY_NAME], uint64_t subject, enum vault_keys group)
{
    toc_put_u64be(out, subject);
    out[8] = (uint8_t)group;
    return toc_str(out, VAULT_KEY_NAME);
}

static enum toc_err make_key(struct vault *vault, struct toc_str name, uint8_t out[TOC_SEAL_KEY])
{
    uint8_t row[VAULT_WRAPPED];
    vault_random(vault, out, TOC_SEAL_KEY);
    vault_wrap(vault, name, out, row);
    return vault_keys_put(vault, KEYS_KEYS, name, toc_str(row, sizeof(row)));
}

enum toc_err vault_key(struct vault *vault, const struct vault_subject *subject,
                       enum vault_keys group, const uint8_t **out)
{
    struct hot *hot = (struct hot *)(uintptr_t)subject;
    uint8_t bytes[VAULT_KEY_NAME];
    struct toc_str name = key_name(bytes, subject->number, group), row;
    *out = hot->keys[group];
    if (hot->has[group])
        return TOC_OK;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = hot->made ? TOC_NONE : toc_get(vault->keys_txn, KEYS_KEYS, name, &row);
    if (err == TOC_OK)
        err = vault_unwrap(vault, name, row, hot->keys[group]);
    else if (err == TOC_NONE)
        err = make_key(vault, name, hot->keys[group]);
    hot->has[group] = err == TOC_OK;
    return err;
}

enum toc_err vault_key_of(struct vault *vault, uint64_t subject, enum vault_keys group,
                          uint8_t out[TOC_SEAL_KEY])
{
    uint8_t bytes[VAULT_KEY_NAME];
    struct toc_str name = key_name(bytes, subject, group), row;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = toc_get(vault->keys_txn, KEYS_SUBJECTS, toc_str(bytes, 8), &row);
    if (err == TOC_OK)
        err = toc_get(vault->keys_txn, KEYS_KEYS, name, &row);
    return err == TOC_OK ? vault_unwrap(vault, name, row, out) : err;
}

enum toc_err vault_list_under(struct vault *vault, uint64_t subject, uint64_t other)
{
    uint8_t key[16];
    struct toc_str row;
    toc_put_u64be(key, subject);
    toc_put_u64be(key + 8, other);
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = toc_get(vault->keys_txn, KEYS_LISTED, toc_str(key, sizeof(key)), &row);
    if (err != TOC_NONE)
        return err;
    return vault_keys_put(vault, KEYS_LISTED, toc_str(key, sizeof(key)), toc_str("", 0));
}

void vault_forget_one(struct vault *vault, const uint8_t name[VAULT_NAME])
{
    bool found;
    struct hot *hot = hot_of(vault, name, &found);
    if (found)
        sodium_memzero(hot, sizeof(*hot));
}

void vault_forget(struct vault *vault)
{
    sodium_memzero(vault->secrets->hot, sizeof(vault->secrets->hot));
    vault->next_subject = 0;
    vault->next_changed = false;
}
