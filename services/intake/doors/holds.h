/*
 * Whom legal holds are on, as the vault numbers them: what of theirs may not go, whoever asks. A
 * raw mail is nobody's own: it is held with anyone who is in it.
 */
#ifndef INTAKE_DOORS_HOLDS_H
#define INTAKE_DOORS_HOLDS_H

#include "common/run.h"
#include "services/intake/hold.h"
#include "services/intake/vault/vault.h"

struct hold_on {
    uint64_t subject;
    char hold[HOLD_ID_MAX + 1];
};

struct holds {
    struct vault *vault;
    struct hold_on *items; /* by subject, ascending */
    size_t count, room;
};

/* Reads them anew, into what was read before or is zero. Who is not in the vault is left out. */
TOC_MUST enum toc_err holds_read(struct holds *holds, struct toc_run *run, struct vault *vault);
void holds_done(struct holds *holds);

/* A hold on the subject itself, or on somebody under whom it is listed; NULL: there is none. */
const struct hold_on *holds_on(const struct holds *holds, uint64_t subject);
const struct hold_on *holds_on_listed(const struct holds *holds, uint64_t subject);

#endif
