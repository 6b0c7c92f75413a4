/*
 * How long what people wrote is kept: for each class what the policy in force says (retention), and
 * for as long as a legal hold is on its person, whatever it says.
 */
#ifndef INTAKE_DOORS_KEEPER_H
#define INTAKE_DOORS_KEEPER_H

#include "services/intake/doors/holds.h"

struct keeper {
    const struct holds *holds;
    toc_time_ms now_ms;
    toc_time_ms retention_ms[VAULT_CLASS_COUNT]; /* 0: for ever */
};

/* Reads the policy. `holds` outlive the keeper, and may be read anew meanwhile; `now_ms` is by the
 * log's clock. */
TOC_MUST enum toc_err keeper_begin(struct keeper *keeper, struct toc_run *run,
                                   const struct holds *holds, toc_time_ms now_ms);

/* For vault_renew_begin; `self` is the keeper. */
bool keeper_expired(void *self, const struct vault_row *row);

#endif
