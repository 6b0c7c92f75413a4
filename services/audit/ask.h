/* Audit's state, and the proofs and entries that it answers with; see struct toc_service. */
#ifndef AUDIT_ASK_H
#define AUDIT_ASK_H

#include "services/audit/audit.h"

enum audit_table { TABLE_TILE = TOC_TABLE_OWN, TABLE_ENTRY, TABLE_LEAF_OF, AUDIT_TABLE_END };

static const struct toc_str note_row_key = {"note", 4};

/* Rebuilt from rows at open. */
struct audit {
    const struct audit_config *config;
    struct note_key key;
    uint8_t nonce_key[TOC_SHA256];
    struct tree tree;
    uint64_t signed_size; /* never sign below */
    toc_time_ms waits_ms; /* when a checkpoint record is due; TOC_TIME_NEVER when none is */
};

enum toc_err audit_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                       const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
