/* That a record stands under a signed checkpoint: asked of audit, and verified before it is told.
 */
#ifndef CLI_AUDIT_PROVE_H
#define CLI_AUDIT_PROVE_H

#include "services/cli/audit/audit.h"

struct audit_proof {
    const char *service;
    uint64_t seq;
    struct client_service said;
    uint8_t record_hash[TOC_SHA256];
    bool has_record;
    const Tocsin__V1__LeafAnswer *answer; /* in the view's arena */
    struct audit_tree tree;
};

/* CLI_FAILED, told, when there is no such record, no signed leaf of it yet, or the proof does not
 * hold. */
int audit_prove(struct view *view, const char *service, uint64_t seq, struct audit_proof *out);

/* C2SP tlog-proof; or all of it as an object of JSON. */
void audit_write_proof(const struct audit_proof *proof, FILE *out);
void audit_write_proof_json(const struct audit_proof *proof, FILE *out);

#endif
