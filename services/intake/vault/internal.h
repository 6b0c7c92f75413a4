/* The parts of a vault, for its own files only. */
#ifndef INTAKE_VAULT_INTERNAL_H
#define INTAKE_VAULT_INTERNAL_H

#include "common/log.h"
#include "services/intake/vault/vault.h"

#include <sodium.h>

enum content_table { CONTENT_ROWS, CONTENT_META, CONTENT_TABLES };
enum keys_table {
    KEYS_PEOPLE,
    KEYS_SUBJECTS,
    KEYS_KEYS,
    KEYS_LISTED,
    KEYS_META,
    KEYS_PSEUDONYMS,
    KEYS_LATER,
    KEYS_TABLES
};

#define VAULT_ALIAS      (VAULT_PSEUDONYM / 2) /* bytes of one in KEYS_PSEUDONYMS */
#define VAULT_LATER_NAME 20 /* of one in KEYS_LATER: VAULT_ALIAS ‖ u64be other */

#define VAULT_NAME        16   /* bytes of a row's key in KEYS_PEOPLE */
#define VAULT_KEKS        16   /* files of which a directory may have */
#define VAULT_KEY_NAME    9    /* of one in KEYS_KEYS: u64be subject ‖ u8 group */
#define VAULT_LISTED_NAME 16   /* of one in KEYS_LISTED: u64be subject ‖ u64be other */
#define VAULT_RANDOM      2048 /* bytes that are drawn at once */
#define VAULT_HOT         8192 /* subjects whose keys stay in memory */
#define VAULT_HOT_WAY     8
#define VAULT_HOT_SETS    (VAULT_HOT / VAULT_HOT_WAY)

struct kek {
    uint32_t number; /* 0: none */
    toc_time_ms made_ms;
    uint8_t key[TOC_SEAL_KEY];
};

/* A subject whose keys are at hand. */
struct hot {
    struct vault_subject subject; /* first: a subject that was lent is found again by it */
    uint8_t name[VAULT_NAME];
    uint64_t used; /* `uses` when it was last */
    uint8_t keys[VAULT_KEYS_COUNT][TOC_SEAL_KEY];
    bool has[VAULT_KEYS_COUNT];
    bool made; /* since it is here: other keys than these are not there */
};

/* What is secret, in memory that is not swapped, dumped or left behind. */
struct secrets {
    struct kek keks[VAULT_KEKS];
    uint8_t map_key[TOC_SEAL_KEY]; /* makes KEYS_PEOPLE's keys */
    uint8_t random[VAULT_RANDOM];
    size_t random_left; /* bytes at its beginning that were not taken yet */
    uint64_t uses;
    struct hot hot[VAULT_HOT_SETS][VAULT_HOT_WAY];
};

/* A row of `keys` that changed while they are copied. */
struct vault_touched {
    unsigned table;
    size_t size;
    uint8_t key[VAULT_LATER_NAME]; /* the longest */
};

struct vault_touches {
    struct vault_touched *items;
    size_t count, room;
    bool wanted;
};

/* The way to subjects in one of the tables, and what of it waits; see index.c. */
struct vault_index {
    enum keys_table table;
    size_t key_size;
    struct vault_index_bucket *buckets;
    size_t count;   /* rows that wait */
    unsigned next;  /* bucket to be put */
    uint64_t end;   /* above the last subject that there is */
    uint64_t round; /* what that was when the first bucket was put */
    uint64_t put;   /* subjects below it have their rows in the table */
};

struct vault {
    struct toc_store_config content_config, keys_config;
    struct toc_store *content, *keys;
    struct toc_txn *content_txn, *keys_txn; /* of this turn; NULL: not begun */
    struct toc_txn *reading;                /* of the content that was lent last */
    struct secrets *secrets;
    const char *kek_dir;
    const struct kek *kek; /* the newest */
    struct vault_touches touches;
    struct vault_index people, pseudonyms;
    size_t index_max;      /* rows of each that may wait */
    bool index_lost;       /* what waits is not what the turn has */
    uint64_t next_subject; /* as of this turn; 0: not read */
    bool next_changed;     /* and is to be saved */
    size_t waiting;
    bool keys_changed;
    bool erasing;      /* that is what changed */
    bool stale;        /* rows above the log's end may be there */
    uint64_t last_seq; /* that end */
};

/* kek.c: reads the directory's keys, or makes the first. */
TOC_MUST enum toc_err vault_keks_load(const char *dir, struct secrets *secrets);
const struct kek *vault_kek_newest(const struct secrets *secrets);
size_t vault_kek_count(const struct secrets *secrets);
const struct kek *vault_kek_find(const struct secrets *secrets, uint32_t number);
/* The next KEK, on disk before anything is wrapped under it. */
TOC_MUST enum toc_err vault_kek_add(struct vault *vault);
/* Overwrites and removes all KEKs but the newest, in memory and on disk. */
TOC_MUST enum toc_err vault_keks_destroy_older(struct vault *vault);

/* Random bytes, of which no trace is left here. The kernel is asked for many at once. */
void vault_random(struct vault *vault, uint8_t *out, size_t size);

/* A row of a key that is wrapped under the newest KEK: u32be KEK ‖ wrapped. */
#define VAULT_WRAPPED (4 + TOC_SEAL_WRAPPED)
void vault_wrap(struct vault *vault, struct toc_str what, const uint8_t key[TOC_SEAL_KEY],
                uint8_t out[VAULT_WRAPPED]);
/* TOC_ERR_CONFIG, logged, when its KEK is not there. */
TOC_MUST enum toc_err vault_unwrap(const struct vault *vault, struct toc_str what,
                                   struct toc_str row, uint8_t out[TOC_SEAL_KEY]);

/* people.c: fills KEYS_PSEUDONYMS of a vault from before there was one; it is committed. */
TOC_MUST enum toc_err vault_pseudonyms_load(struct vault *vault);
/* The key of the map, made when the environment is new. */
TOC_MUST enum toc_err vault_map_load(struct vault *vault);
/* … and wrapped under the newest KEK. */
TOC_MUST enum toc_err vault_map_rewrap(struct vault *vault);
/* Nothing of any subject is remembered; or of the one whose name has this hash. */
void vault_forget(struct vault *vault);
void vault_forget_one(struct vault *vault, const uint8_t name[VAULT_NAME]);
/* The number of the next subject; and saved, once for all that a turn made. */
TOC_MUST enum toc_err vault_next_peek(struct vault *vault, uint64_t *out);
TOC_MUST enum toc_err vault_next_save(struct vault *vault);

/* index.c: the ways to a subject, by the hash of its name and by its pseudonym, in the turn's
 * transaction. `waiting_max`: rows that may wait, 0: as many as do well. */
TOC_MUST enum toc_err vault_indexes_init(struct vault *vault, size_t waiting_max);
void vault_indexes_done(struct vault *vault);
/* Reads what waits, when it was lost. */
TOC_MUST enum toc_err vault_indexes_load(struct vault *vault);
/* Puts what is too much to wait; part of each commit that changes keys. */
TOC_MUST enum toc_err vault_indexes_save(struct vault *vault);
TOC_MUST enum toc_err vault_index_add(struct vault *vault, uint64_t subject,
                                      const uint8_t name[VAULT_NAME],
                                      const uint8_t alias[VAULT_ALIAS]);
TOC_MUST enum toc_err vault_index_find(struct vault *vault, const struct vault_index *index,
                                       const uint8_t *key, uint64_t *out);
/* If it is this subject's. */
TOC_MUST enum toc_err vault_index_delete(struct vault *vault, struct vault_index *index,
                                         const uint8_t *key, uint64_t subject);

/* content.c: whose log it is, and nothing above its end. */
TOC_MUST enum toc_err vault_content_claim(struct vault *vault, uint64_t log_id);
TOC_MUST enum toc_err vault_content_trim(struct vault *vault);
/* A row as it stands, without what is sealed. */
TOC_MUST enum toc_err vault_row_read(struct toc_str key, struct toc_str value,
                                     struct vault_row *out);

/* vault.c: the turn's transactions. */
TOC_MUST enum toc_err vault_begin_content(struct vault *vault);
TOC_MUST enum toc_err vault_begin_keys(struct vault *vault);
void vault_end_reading(struct vault *vault);
/* What was changed in `keys` since the last commit, beside a turn, is not. */
void vault_drop_keys(struct vault *vault);

/* touch.c: every change of `keys`, in the turn's transaction. TOC_NONE: there was nothing to
 * delete. */
TOC_MUST enum toc_err vault_keys_put(struct vault *vault, unsigned table, struct toc_str key,
                                     struct toc_str row);
TOC_MUST enum toc_err vault_keys_delete(struct vault *vault, unsigned table, struct toc_str key);
/* Changes are not written down any more. */
void vault_touches_end(struct vault *vault);

#endif
