#include "common/exit_point.h"
#include "services/intake/vault/internal.h"

#include <stdlib.h>

/* Deleting takes room before it gives any back, so it goes in small transactions; the subject's own
 * rows go last, and whoever died on the way finds the subject again. */
#define LISTED_PER_TURN 25

/* --- finding -----------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum toc_err vault_find_pseudonyms(struct vault *vault, char (*names)[VAULT_PSEUDONYM + 1],
                                   size_t count, uint64_t *out, size_t *out_count)
{
    char name[VAULT_PSEUDONYM + 1];
    struct toc_str key, row;
    struct toc_scan *scan;
    size_t found = 0;
    enum toc_err err;
    qsort(names, count, sizeof(*names), compare);
    TOC_TRY(vault_begin_keys(vault));
    TOC_TRY(toc_scan_open(vault->keys_txn, KEYS_SUBJECTS, toc_str("", 0), &scan));
    while (found < count && (err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (key.size != 8 || row.size < VAULT_PSEUDONYM / 2)
            continue;
        toc_hex(name, row.data, VAULT_PSEUDONYM / 2);
        if (bsearch(name, names, count, sizeof(*names), compare) != NULL)
            out[found++] = toc_get_u64be(key.data);
    }
    toc_scan_close(scan);
    *out_count = found;
    return found < count && err < 0 ? err : TOC_OK;
}

enum toc_err vault_find_pseudonym(struct vault *vault, const char *pseudonym, uint64_t *out)
{
    char name[1][VAULT_PSEUDONYM + 1];
    size_t found;
    if (strlen(pseudonym) != VAULT_PSEUDONYM)
        return TOC_NONE;
    memcpy(name[0], pseudonym, sizeof(name[0]));
    TOC_TRY(vault_find_pseudonyms(vault, name, 1, out, &found));
    return found == 1 ? TOC_OK : TOC_NONE;
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

/* --- erasing -----------------------------------------------------------------------------------
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

/* The row of the map goes only if it is still this subject's. */
static enum toc_err delete_subject(struct vault *vault, const uint8_t subject[8], uint32_t *keys)
{
    uint8_t name[VAULT_NAME];
    struct toc_str row, number;
    TOC_TRY(delete_keys(vault, subject, keys));
    enum toc_err err = toc_get(vault->keys_txn, KEYS_SUBJECTS, toc_str(subject, 8), &row);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (row.size != VAULT_PSEUDONYM / 2 + VAULT_NAME)
        return TOC_ERR_DAMAGED;
    memcpy(name, row.data + VAULT_PSEUDONYM / 2, sizeof(name));
    err = toc_get(vault->keys_txn, KEYS_PEOPLE, toc_str(name, sizeof(name)), &number);
    TOC_TRY(err);
    if (err == TOC_OK && toc_str_equal(number, toc_str(subject, 8)))
        TOC_TRY(vault_keys_delete(vault, KEYS_PEOPLE, toc_str(name, sizeof(name))));
    return vault_keys_delete(vault, KEYS_SUBJECTS, toc_str(subject, 8));
}

/* What is listed under the subject, some of it. TOC_NONE: nothing is left. */
static enum toc_err delete_listed(struct vault *vault, const uint8_t subject[8], uint32_t *keys)
{
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
        TOC_TRY(delete_subject(vault, copy + 8, keys));
        TOC_TRY(vault_keys_delete(vault, KEYS_LISTED, toc_str(copy, sizeof(copy))));
    }
    return TOC_OK;
}

static enum toc_err erase(struct vault *vault, const uint8_t subject[8], uint32_t *keys)
{
    enum toc_err err;
    while ((err = delete_listed(vault, subject, keys)) == TOC_OK)
        TOC_TRY(vault_commit(vault));
    TOC_TRY(err);
    TOC_EXIT_POINT("erase_listed");
    TOC_TRY(delete_subject(vault, subject, keys));
    return vault_commit(vault);
}

enum toc_err vault_erase(struct vault *vault, const char *pseudonym, uint32_t *keys)
{
    uint64_t number;
    uint8_t subject[8];
    bool rests = vault_rest(vault);
    TOC_ASSERT(rests);
    *keys = 0;
    enum toc_err err = vault_find_pseudonym(vault, pseudonym, &number);
    if (err == TOC_OK) {
        toc_put_u64be(subject, number);
        err = erase(vault, subject, keys);
    }
    vault_forget(vault);
    if (err < 0)
        vault_drop_keys(vault);
    return err;
}
