/*
 * The renewal of a vault: both environments in fresh files, without what was erased or has had its
 * time, and every key that stays under a fresh KEK; then the old KEK is destroyed. After it neither
 * the sealed bytes of an erased person nor anything that could open them is left in a file, a free
 * page of one, or a backup of one.
 *
 *     a new KEK -> keys wrapped again -> content copied -> keys copied -> old KEKs destroyed
 *
 * It goes in steps of a few milliseconds, between the turns of the vault, which is used as ever. A
 * crash at any point leaves both environments whole and every key with its KEK; whoever finds two
 * KEKs at start (vault_is_renewing) begins again.
 */
#ifndef INTAKE_VAULT_RENEW_H
#define INTAKE_VAULT_RENEW_H

#include "services/intake/vault/vault.h"

struct vault_renewal;

/* Whether a row whose key is there has had its time, at the instant of the call. */
typedef bool (*vault_expired_fn)(void *arg, const struct vault_row *row);

struct vault_renewed {
    uint64_t kept, erased, expired; /* rows of content */
    uint64_t keys;                  /* wrapped again */
};

/* `expired` may be NULL. One renewal at a time. */
TOC_MUST enum toc_err vault_renew_begin(struct vault *vault, vault_expired_fn expired, void *arg,
                                        struct vault_renewal **out);

/*
 * A step; the vault is quiet, and the log ends at `last_seq`. TOC_OK: there is more to do;
 * TOC_NONE: it is through. TOC_ERR_FULL: the disk is, nothing has changed but that keys may be
 * under the new KEK; end it and try again later.
 */
TOC_MUST enum toc_err vault_renew_step(struct vault_renewal *renewal, uint64_t last_seq);

/* What it did so far, lent. */
const struct vault_renewed *vault_renew_counts(const struct vault_renewal *renewal);

/* Gives up what is not through. Accepts NULL. Before vault_close. */
void vault_renew_end(struct vault_renewal *renewal);

#endif
