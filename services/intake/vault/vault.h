/*
 * The vault: what people wrote, sealed, and apart from it the keys that open it.
 *
 * Two environments, on two volumes if need be. `content` has the sealed texts, dense by the seq of
 * their event in intake's log and their number within it; a row says whose it is by a subject's
 * number and nothing more. `keys` has a data key for each subject and group of classes, wrapped
 * under a key-encryption key (KEK) from a file, and the map from a person to a subject. Without the
 * row of `keys` a text is noise, so deleting keys erases what they sealed.
 *
 *   content: u64be seq ‖ u16be segment       -> u8 class ‖ u64be subject ‖ u64be at_ms ‖ sealed
 *   people:  SipHash-128(kind ‖ name)        -> u64be subject        (keyed: no dictionary helps)
 *   subjects: u64be subject                  -> pseudonym (12) ‖ the key of its row in `people`
 *   pseudonyms: pseudonym (12)               -> u64be subject
 *   keys:    u64be subject ‖ u8 group        -> u32be KEK ‖ wrapped key
 *   listed:  u64be subject ‖ u64be other     -> nothing: erasing the subject erases the other too
 *   later:   pseudonym (12) ‖ u64be other    -> nothing: the other would have gone with whom the
 *            pseudonym meant, and is held; it has keys, and no row in `subjects`: nobody reads it
 *   meta:    "log", "map", "next", "pseudonyms", "indexed"
 *
 * The newest rows of `people` and `pseudonyms` may be missing: `subjects` has what they say. How
 * far they are there is in "indexed", see index.c.
 *
 * A subject is a person, a pseudonym that a publisher made, an issue, or a raw mail, which is
 * listed under everyone in it. Changes of a turn wait in one transaction of each environment for
 * vault_commit, keys first: what a log says was sealed can be opened, and a crash leaves at most
 * rows that nothing names, above the log's end, which vault_open deletes.
 *
 * Used by intake's shell, never by its core. Secrets are in sodium_malloc's memory. Not
 * thread-safe.
 */
#ifndef INTAKE_VAULT_H
#define INTAKE_VAULT_H

#include "common/seal.h"
#include "common/store.h"
#include "common/time.h"

#define VAULT_PSEUDONYM 24                 /* hexadecimal digits */
#define VAULT_NAME_MAX  512                /* bytes of what names a subject */
#define VAULT_TEXT_MAX  ((size_t)15 << 20) /* bytes of a sealed text, attachments included */
#define VAULT_HEADER    17                 /* bytes of a content row before what is sealed */
#define VAULT_TURN_MAX  ((size_t)8 << 20)  /* bytes put in a turn: then it should be committed */

/* X(enumerator, class as it is published, group of keys, whether a name stands before the text and
 * a NUL: sealed is the name of a file too). Rows keep the numbers: append only. */
#define VAULT_CLASS_LIST(X)                                                                        \
    X(VAULT_TITLE, "title", VAULT_KEYS_TEXT, false)                                                \
    X(VAULT_BODY, "body", VAULT_KEYS_TEXT, false)                                                  \
    X(VAULT_CONTACT, "contact", VAULT_KEYS_CONTACT, true)                                          \
    X(VAULT_ATTACHMENT, "attachment", VAULT_KEYS_ATTACHMENT, true)                                 \
    X(VAULT_RAW, "raw", VAULT_KEYS_RAW, false)                                                     \
    X(VAULT_QUOTED, "quoted", VAULT_KEYS_TEXT, false)                                              \
    X(VAULT_SIGNATURE, "signature", VAULT_KEYS_TEXT, false)

enum vault_keys {
    VAULT_KEYS_TEXT,
    VAULT_KEYS_CONTACT,
    VAULT_KEYS_ATTACHMENT,
    VAULT_KEYS_RAW,
    VAULT_KEYS_COUNT
};

enum vault_class {
#define VAULT_CLASS_ENUM(name, text, keys, named) name,
    VAULT_CLASS_LIST(VAULT_CLASS_ENUM)
#undef VAULT_CLASS_ENUM
        VAULT_CLASS_COUNT
};

/* What names a subject. Names of two kinds are never the same subject. */
enum vault_kind {
    VAULT_PERSON = 1, /* a mail address, a customer number, … */
    VAULT_PUBLISHED,  /* a pseudonym that its publisher made */
    VAULT_ISSUE,      /* the issue's id: nobody is known */
    VAULT_MAIL        /* a raw mail, by its event's toc_seal_event */
};

struct vault_config {
    const char *content_dir, *keys_dir, *kek_dir; /* created when absent, with a first KEK */
    size_t map_bytes;                             /* of each environment; 0: vast */
    size_t waiting_max; /* rows of `people` and of `pseudonyms` that wait in memory; 0: 32,768 */
};

struct vault;

/*
 * `log_id` and `last_seq` are of the log that the content belongs to; rows of later events, which
 * a crash left, are deleted. TOC_ERR_CONFIG when it is another log's, or a KEK is missing or can be
 * read by others; it has been logged.
 */
TOC_MUST enum toc_err vault_open(const struct vault_config *config, uint64_t log_id,
                                 uint64_t last_seq, struct vault **out);
/* Accepts NULL. What was not committed never was. */
void vault_close(struct vault *vault);

/* --- people and keys (people.c) ----------------------------------------------------------------
 */

struct vault_subject {
    uint64_t number;
    char pseudonym[VAULT_PSEUDONYM + 1];
};

/*
 * Whom a name means; with `make` a newcomer gets a number and a random pseudonym, without it is
 * TOC_NONE. Of a mail address the case does not count. Lent until the next call for a subject.
 */
TOC_MUST enum toc_err vault_subject(struct vault *vault, enum vault_kind kind, struct toc_str name,
                                    bool make, const struct vault_subject **out);

/* The data key of a subject just found; made when it is not there. Lent as the subject. */
TOC_MUST enum toc_err vault_key(struct vault *vault, const struct vault_subject *subject,
                                enum vault_keys group, const uint8_t **out);

/* Erasing `subject` erases `other`, too. */
TOC_MUST enum toc_err vault_list_under(struct vault *vault, uint64_t subject, uint64_t other);

/* The data key of any subject by number, as committed. TOC_NONE: it was erased, or is to be and is
 * held back. */
TOC_MUST enum toc_err vault_key_of(struct vault *vault, uint64_t subject, enum vault_keys group,
                                   uint8_t out[TOC_SEAL_KEY]);

/* --- erasing (erase.c) -------------------------------------------------------------------------
 */

/* The subject with this pseudonym. TOC_NONE: there is none. */
TOC_MUST enum toc_err vault_find_pseudonym(struct vault *vault, const char *pseudonym,
                                           uint64_t *out);
/* Whether erasing `subject` erases `other`, too: TOC_NONE when not. */
TOC_MUST enum toc_err vault_is_listed(struct vault *vault, uint64_t subject, uint64_t other);

/* Whether a subject that is listed under others has to stay for one of them. */
typedef bool (*vault_held_fn)(void *arg, uint64_t other);

/*
 * Deletes the keys of a subject and of all that is listed under it, and all that leads to it; with
 * those of others who are erased with it, it is done when vault_commit is. `*keys` counts data
 * keys. What is listed and `held` (NULL: nothing is) keeps its keys, though nobody can read it any
 * more, until vault_erase_later. Between turns only: the first finds the vault at rest
 * (vault_rest). TOC_NONE: there is no such subject (any more). After a failure what was not
 * committed is all there. What was sealed is left as noise, and goes with the next renewal.
 */
TOC_MUST enum toc_err vault_erase(struct vault *vault, const char *pseudonym, vault_held_fn held,
                                  void *arg, uint32_t *keys);

/* Deletes what was kept back when the pseudonym was erased, save what is held yet: `*left` of them.
 * Otherwise as vault_erase. */
TOC_MUST enum toc_err vault_erase_later(struct vault *vault, const char *pseudonym,
                                        vault_held_fn held, void *arg, uint32_t *keys,
                                        uint32_t *left);

/* --- content (content.c) -----------------------------------------------------------------------
 */

struct vault_row {
    uint64_t seq; /* of its event in intake's log */
    uint16_t segment;
    enum vault_class class;
    uint64_t subject;
    toc_time_ms at_ms;
};

/* `bytes` begin with VAULT_HEADER bytes of room, then comes what toc_seal made. Rows come in order.
 */
TOC_MUST enum toc_err vault_put(struct vault *vault, const struct vault_row *row, uint8_t *bytes,
                                size_t size);

/* The first committed row at or after (seq, segment) of this very seq; TOC_NONE: no more. `sealed`
 * is lent until the next call of the vault. */
TOC_MUST enum toc_err vault_get(struct vault *vault, uint64_t seq, uint16_t segment,
                                struct vault_row *out, struct toc_str *sealed);

/* --- both --------------------------------------------------------------------------------------
 */

/* Bytes put since the last commit: over VAULT_TURN_MAX the turn should end. */
size_t vault_waiting(const struct vault *vault);

/* Makes what the turn sealed durable, keys before content. After TOC_ERR_FULL: vault_abandon. */
TOC_MUST enum toc_err vault_commit(struct vault *vault);

/* Whether no change waits for vault_commit; then it lets go of what was only looked at. */
bool vault_rest(struct vault *vault);

/* Whether a renewal (renew.h) was not through when the process ended; and when the last one began,
 * by the age of its KEK. */
bool vault_is_renewing(const struct vault *vault);
toc_time_ms vault_renewed_ms(const struct vault *vault);

/* The turn never happened; `last_seq` is the log's end as it is on disk. */
void vault_abandon(struct vault *vault, uint64_t last_seq);

/* As they are published. NULL, or VAULT_CLASS_COUNT, when there is none. */
const char *vault_class_name(enum vault_class class);
enum vault_class vault_class_find(const char *name);
enum vault_keys vault_class_keys(enum vault_class class);
bool vault_class_is_named(enum vault_class class);

#endif
