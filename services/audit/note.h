/*
 * Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): how audit says what its tree
 * was, in text that any transparency-log client reads.
 *
 *   <origin> LF <size> LF <base64 root> LF   LF   — <name> <base64(keyid4 ‖ signature)> LF
 *
 * A signature says that the key's holder wrote the text; whether this is the log one follows is for
 * the caller, who compares the origin. Pure, but for libsodium's initialisation with the first key.
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

/*
 * TOC_ERR_CONFIG when the name is empty, too long, no UTF-8, or holds a space (Unicode's included),
 * plus or control byte; TOC_ERR_IO when libsodium cannot start. The key holds the secret: wipe it.
 */
TOC_MUST enum toc_err note_key_from_seed(struct note_key *key, const char *name,
                                         const uint8_t seed[NOTE_SEED]);
/* "name+hex(keyid)+base64(01 ‖ public)"; `out_size` of 256 is enough. */
void note_key_verifier(const struct note_key *key, char *out, size_t out_size);
/*
 * Reads such a text. TOC_ERR_MALFORMED when it is none, its id does not fit, or it is not spelt as
 * note_key_verifier spells it.
 */
TOC_MUST enum toc_err note_key_parse(struct note_key *key, struct toc_str text);

/*
 * Writes a signed checkpoint to `out`, which has room for NOTE_MAX bytes. TOC_ERR_CONFIG when the
 * origin is no line of text. A verifier's key is a bug.
 */
TOC_MUST enum toc_err checkpoint_sign(const struct checkpoint *cp, const struct note_key *key,
                                      char *out, size_t *out_size);
/*
 * Reads and verifies. TOC_ERR_MALFORMED for a text that is no checkpoint, is over NOTE_MAX, carries
 * no signature of `key` or a false one (a second, true one does not heal it). Well-formed
 * signatures of unknown keys are ignored, and so are extension lines. The last blank line
 * separates.
 */
TOC_MUST enum toc_err checkpoint_verify(struct toc_str note, const struct note_key *key,
                                        struct checkpoint *out);

#endif
