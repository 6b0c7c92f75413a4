/*
 * The two ways to a subject, KEYS_PEOPLE by name and KEYS_PSEUDONYMS. Their rows lie where chance
 * has put them: each row of its own turn costs a page that is copied and written. KEYS_SUBJECTS has
 * what they say, in order, so they may come later: they wait here, in buckets by the first bits of
 * their key, and when many wait the next bucket goes into its table, where its rows are neighbours.
 * All buckets have their turn, round and round. "indexed" says how far that is: which subjects have
 * their rows for sure. What else waits is found again in KEYS_SUBJECTS, at the next start or when a
 * turn has never been.
 */
#include "services/intake/vault/internal.h"

#include <stdlib.h>

#define BUCKETS     4096
#define WAITING_MAX 32768 /* rows; preset */
#define PLACE_BYTES 18    /* of one index in "indexed": u64be put ‖ u64be round ‖ u16be next */

struct vault_index_row {
    uint64_t subject;
    uint8_t key[VAULT_NAME];
};

struct vault_index_bucket {
    struct vault_index_row *rows;
    uint32_t count, room;
};

static const struct toc_str indexed_row = {"indexed", 7};

/* --- life --------------------------------------------------------------------------------------
 */

enum toc_err vault_indexes_init(struct vault *vault, size_t waiting_max)
{
    vault->people.table = KEYS_PEOPLE;
    vault->people.key_size = VAULT_NAME;
    vault->pseudonyms.table = KEYS_PSEUDONYMS;
    vault->pseudonyms.key_size = VAULT_ALIAS;
    vault->people.buckets = calloc(BUCKETS, sizeof(*vault->people.buckets));
    vault->pseudonyms.buckets = calloc(BUCKETS, sizeof(*vault->pseudonyms.buckets));
    vault->index_max = waiting_max != 0 ? waiting_max : WAITING_MAX;
    vault->index_lost = true;
    return vault->people.buckets != NULL && vault->pseudonyms.buckets != NULL ? TOC_OK
                                                                              : TOC_ERR_MEMORY;
}

static void empty(struct vault_index *index)
{
    for (unsigned i = 0; index->buckets != NULL && i < BUCKETS; i++) {
        free(index->buckets[i].rows);
        index->buckets[i] = (struct vault_index_bucket){.rows = NULL};
    }
    index->count = 0;
}

void vault_indexes_done(struct vault *vault)
{
    empty(&vault->people);
    empty(&vault->pseudonyms);
    free(vault->people.buckets);
    free(vault->pseudonyms.buckets);
}

/* --- rows that wait ----------------------------------------------------------------------------
 */

static struct vault_index_bucket *bucket_of(const struct vault_index *index, const uint8_t *key)
{
    return &index->buckets[(unsigned)key[0] << 4 | key[1] >> 4];
}

static struct vault_index_row *find_waiting(const struct vault_index *index, const uint8_t *key)
{
    const struct vault_index_bucket *bucket = bucket_of(index, key);
    for (uint32_t i = 0; i < bucket->count; i++)
        if (memcmp(bucket->rows[i].key, key, index->key_size) == 0)
            return &bucket->rows[i];
    return NULL;
}

static enum toc_err make_room(struct vault_index_bucket *bucket)
{
    uint32_t room = bucket->room != 0 ? 2 * bucket->room : 4;
    if (bucket->count < bucket->room)
        return TOC_OK;
    struct vault_index_row *rows = realloc(bucket->rows, room * sizeof(*rows));
    if (rows == NULL)
        return TOC_ERR_MEMORY;
    bucket->rows = rows;
    bucket->room = room;
    return TOC_OK;
}

static enum toc_err add(struct vault_index *index, const uint8_t *key, uint64_t subject)
{
    struct vault_index_bucket *bucket = bucket_of(index, key);
    TOC_TRY(make_room(bucket));
    struct vault_index_row *row = &bucket->rows[bucket->count++];
    *row = (struct vault_index_row){.subject = subject};
    memcpy(row->key, key, index->key_size);
    index->count++;
    index->end = subject + 1;
    return TOC_OK;
}

enum toc_err vault_index_add(struct vault *vault, uint64_t subject, const uint8_t name[VAULT_NAME],
                             const uint8_t alias[VAULT_ALIAS])
{
    TOC_TRY(add(&vault->people, name, subject));
    return add(&vault->pseudonyms, alias, subject);
}

/* --- as they are seen --------------------------------------------------------------------------
 */

static enum toc_err find_put(struct vault *vault, const struct vault_index *index,
                             const uint8_t *key, uint64_t *out)
{
    struct toc_str row;
    enum toc_err err = toc_get(vault->keys_txn, index->table, toc_str(key, index->key_size), &row);
    if (err != TOC_OK)
        return err;
    if (row.size != 8)
        return TOC_ERR_DAMAGED;
    *out = toc_get_u64be(row.data);
    return TOC_OK;
}

enum toc_err vault_index_find(struct vault *vault, const struct vault_index *index,
                              const uint8_t *key, uint64_t *out)
{
    const struct vault_index_row *row = find_waiting(index, key);
    if (row == NULL)
        return find_put(vault, index, key, out);
    *out = row->subject;
    return TOC_OK;
}

/* The last of the bucket comes in its place, and where that was nothing is left. */
static void delete_waiting(struct vault_index *index, struct vault_index_row *row)
{
    struct vault_index_bucket *bucket = bucket_of(index, row->key);
    struct vault_index_row *last = &bucket->rows[--bucket->count];
    *row = *last;
    sodium_memzero(last, sizeof(*last));
    index->count--;
}

enum toc_err vault_index_delete(struct vault *vault, struct vault_index *index, const uint8_t *key,
                                uint64_t subject)
{
    struct vault_index_row *row = find_waiting(index, key);
    uint64_t found;
    if (row != NULL && row->subject == subject)
        delete_waiting(index, row);
    enum toc_err err = find_put(vault, index, key, &found);
    if (err != TOC_OK || found != subject)
        return err < 0 ? err : TOC_OK;
    return vault_keys_delete(vault, index->table, toc_str(key, index->key_size));
}

/* --- on disk -----------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    const struct vault_index_row *left = a, *right = b;
    return memcmp(left->key, right->key, VAULT_NAME);
}

/* The next bucket in turn. After the last one all that waited at the first have been put. */
static enum toc_err put_bucket(struct vault *vault, struct vault_index *index)
{
    struct vault_index_bucket *bucket = &index->buckets[index->next];
    uint8_t subject[8];
    if (bucket->count > 1)
        qsort(bucket->rows, bucket->count, sizeof(*bucket->rows), compare);
    for (uint32_t i = 0; i < bucket->count; i++) {
        toc_put_u64be(subject, bucket->rows[i].subject);
        TOC_TRY(vault_keys_put(vault, index->table, toc_str(bucket->rows[i].key, index->key_size),
                               toc_str(subject, sizeof(subject))));
    }
    index->count -= bucket->count;
    bucket->count = 0;
    index->next = (index->next + 1) % BUCKETS;
    if (index->next == 0) {
        index->put = index->round;
        index->round = index->end;
    }
    return TOC_OK;
}

static void write_place(const struct vault_index *index, uint8_t out[PLACE_BYTES])
{
    toc_put_u64be(out, index->put);
    toc_put_u64be(out + 8, index->round);
    toc_put_u16be(out + 16, (uint16_t)index->next);
}

static void read_place(struct vault_index *index, const char *bytes)
{
    index->put = toc_get_u64be(bytes);
    index->round = toc_get_u64be(bytes + 8);
    index->next = ((unsigned)(uint8_t)bytes[16] << 8 | (uint8_t)bytes[17]) % BUCKETS;
}

static enum toc_err save_places(struct vault *vault)
{
    uint8_t bytes[2 * PLACE_BYTES];
    write_place(&vault->people, bytes);
    write_place(&vault->pseudonyms, bytes + PLACE_BYTES);
    return vault_keys_put(vault, KEYS_META, indexed_row, toc_str(bytes, sizeof(bytes)));
}

enum toc_err vault_indexes_save(struct vault *vault)
{
    struct vault_index *people = &vault->people, *pseudonyms = &vault->pseudonyms;
    if (people->count <= vault->index_max && pseudonyms->count <= vault->index_max)
        return TOC_OK;
    while (people->count > vault->index_max)
        TOC_TRY(put_bucket(vault, people));
    while (pseudonyms->count > vault->index_max)
        TOC_TRY(put_bucket(vault, pseudonyms));
    return save_places(vault);
}

static void all_are_put(struct vault_index *index, uint64_t next_subject)
{
    index->put = index->round = next_subject;
    index->next = 0;
}

/* A vault from before rows waited has all of them. */
static enum toc_err read_places(struct vault *vault)
{
    uint64_t next_subject;
    struct toc_str row;
    enum toc_err err = toc_get(vault->keys_txn, KEYS_META, indexed_row, &row);
    TOC_TRY(err);
    if (err == TOC_NONE) {
        TOC_TRY(vault_next_peek(vault, &next_subject));
        all_are_put(&vault->people, next_subject);
        all_are_put(&vault->pseudonyms, next_subject);
        return save_places(vault);
    }
    if (row.size != 2 * PLACE_BYTES)
        return TOC_ERR_DAMAGED;
    read_place(&vault->people, row.data);
    read_place(&vault->pseudonyms, row.data + PLACE_BYTES);
    return TOC_OK;
}

static enum toc_err add_missing(struct vault *vault, struct vault_index *index, const uint8_t *key,
                                uint64_t subject)
{
    uint64_t found;
    enum toc_err err = find_put(vault, index, key, &found);
    TOC_TRY(err);
    return err == TOC_OK && found == subject ? TOC_OK : add(index, key, subject);
}

static enum toc_err add_all_missing(struct vault *vault, struct toc_scan *scan)
{
    struct toc_str key, row;
    enum toc_err err;
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (key.size != 8 || row.size != VAULT_ALIAS + VAULT_NAME)
            return TOC_ERR_DAMAGED;
        uint64_t subject = toc_get_u64be(key.data);
        const uint8_t *alias = (const uint8_t *)row.data;
        TOC_TRY(add_missing(vault, &vault->pseudonyms, alias, subject));
        TOC_TRY(add_missing(vault, &vault->people, alias + VAULT_ALIAS, subject));
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err vault_indexes_load(struct vault *vault)
{
    struct vault_index *people = &vault->people, *pseudonyms = &vault->pseudonyms;
    uint8_t from[8];
    struct toc_scan *scan;
    empty(people);
    empty(pseudonyms);
    TOC_TRY(read_places(vault));
    TOC_TRY(vault_next_peek(vault, &people->end));
    pseudonyms->end = people->end;
    toc_put_u64be(from, people->put < pseudonyms->put ? people->put : pseudonyms->put);
    TOC_TRY(toc_scan_open(vault->keys_txn, KEYS_SUBJECTS, toc_str(from, sizeof(from)), &scan));
    enum toc_err err = add_all_missing(vault, scan);
    toc_scan_close(scan);
    TOC_TRY(err);
    vault->index_lost = false;
    return TOC_OK;
}
