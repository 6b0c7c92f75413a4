/*
 * Audit's core: a leaf for every record of every log it follows, in one Merkle tree, and signed
 * statements of what the tree was. It never signs a tree smaller than one that its data knows of.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "common/turn.h"
#include "services/audit/note.h"

#define AUDIT_CHECKPOINT_LEAVES 1024          /* a checkpoint record at every multiple */
#define AUDIT_CHECKPOINT_MS     TOC_SECOND_MS /* and when leaves have waited this long */

struct audit_config {
    uint8_t seed[NOTE_SEED]; /* secret: of the signing key, and of the leaves' nonces */
    const char *origin;      /* the log's name in checkpoints, and the key's */
};

/* open's config is a struct audit_config. */
extern const struct toc_service audit_service;

#endif
