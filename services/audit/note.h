/*
 * Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): how audit says what its tree
 * was, in text that any transparency-log client reads.
 *
 *   <origin> LF <size> LF <base64 root> LF   LF   — <name> <base64(keyid4 ‖ signature)> LF
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "services/audit/tree.h"

#define NOTE_MAX      1024 /* bytes of a whole note */
#define NOTE_NAME_MAX 128
#define NOTE_SEED     32 /* bytes of an Ed25519 seed */

struct note_key {
    char name[NOTE_NAME_MAX];
    uint8_t public_key[32];
    uint8_t secret_key[64]; /* all zero in a verifier */
    uint8_t id[4];          /* SHA-256(name ‖ 0A ‖ 01 ‖ public)[:4] */
};

struct checkpoint {
    char origin[NOTE_NAME_MAX];
    uint64_t size;
    struct tree_hash root;
};

/* TOC_ERR_CONFIG when the name is empty, too long, or holds a space, plus or control byte. */
TOC_MUST enum toc_err note_key_from_seed(struct note_key *key, const char *name,
                                         const uint8_t seed[NOTE_SEED]);
/* "name+hex(keyid)+base64(01 ‖ public)"; `out_size` of 256 is enough. */
void note_key_verifier(const struct note_key *key, char *out, size_t out_size);
/* Reads such a text. TOC_ERR_MALFORMED when it is none or its id does not fit. */
TOC_MUST enum toc_err note_key_parse(struct note_key *key, struct toc_str text);

/* Writes a signed checkpoint of at most NOTE_MAX bytes. */
TOC_MUST enum toc_err checkpoint_sign(const struct checkpoint *cp, const struct note_key *key,
                                      char *out, size_t *out_size);
/*
 * Reads and verifies. TOC_ERR_MALFORMED for a text that is no checkpoint, carries no signature of
 * `key` or a false one. Signatures of unknown keys are ignored. The last blank line separates.
 */
TOC_MUST enum toc_err checkpoint_verify(struct toc_str note, const struct note_key *key,
                                        struct checkpoint *out);

#endif
