/*
 * How long what people wrote is kept: for each class what the policy in force says (retention), and
 * for as long as a legal hold is on its person, whatever it says.
 */
#ifndef INTAKE_DOORS_KEEPER_H
#define INTAKE_DOORS_KEEPER_H

#include "common/run.h"
#include "services/intake/vault/vault.h"

struct keeper {
    struct vault *vault;
    toc_time_ms now_ms;
    toc_time_ms retention_ms[VAULT_CLASS_COUNT]; /* 0: for ever */
    uint64_t *held;                              /* subjects under a hold, ascending */
    size_t held_count;
};

/* Reads the policy, and whom holds are on. `now_ms` is by the log's clock. */
TOC_MUST enum toc_err keeper_begin(struct keeper *keeper, struct toc_run *run, struct vault *vault,
                                   toc_time_ms now_ms);
/* Holds have changed since: whom they are on now. */
TOC_MUST enum toc_err keeper_read_holds(struct keeper *keeper, struct toc_run *run);
void keeper_end(struct keeper *keeper);

/* For vault_renew_begin; `self` is the keeper. */
bool keeper_expired(void *self, const struct vault_row *row);

#endif
