/*
 * What intake's core is made of, open to its own files: core.c judges a submission, held.c holds it
 * back or decides about what is.
 */
#ifndef INTAKE_CORE_IMPL_H
#define INTAKE_CORE_IMPL_H

#include "services/intake/quarantine.h"
#include "services/intake/validate.h"

struct intake {
    const struct intake_config *config;
    struct dedupe *dedupe;
    struct quarantine quarantine;
    uint64_t tokens_kept;   /* tokens added and revoked since the start */
    uint64_t erasures_kept; /* erasures asked for and moved since the start */
    uint64_t holds_kept;    /* holds placed and released since the start */
};

/* What is known of the submission while it is judged. */
struct submission {
    struct toc_str bytes;
    struct validated valid;
    const char *reason; /* why the shell holds it back; NULL: it does not */
    uint64_t fingerprint;
    toc_time_ms at_ms;
    uint8_t issue[TOC_ID];
    struct quarantine_scope decided; /* of a decision */
};

static inline void core_refuse(struct toc_receipt *receipt, Tocsin__V1__RefuseReason reason,
                               const char *detail)
{
    receipt->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    receipt->reason = reason;
    receipt->detail = detail;
}

/* Finds what a decision is about, for sub->decided. `*accepted` is false, and it is refused, when
 * nothing of that is held, or not any more. */
TOC_MUST enum toc_err held_find(const struct intake *intake, struct toc_turn *turn,
                                struct submission *sub, struct toc_receipt *receipt,
                                bool *accepted);

/* Sets sub->reason to why the event is held back in the end; NULL: it is not. What it lets in goes
 * before it. */
TOC_MUST enum toc_err held_reason(struct intake *intake, struct toc_turn *turn,
                                  struct submission *sub);

/* Appends it as held. */
TOC_MUST enum toc_err held_keep(struct intake *intake, struct toc_turn *turn,
                                const struct submission *sub, struct toc_receipt *receipt);

/* Carries out what was decided, in the turn that has the decision in the log. */
TOC_MUST enum toc_err held_carry_out(struct intake *intake, struct toc_turn *turn,
                                     const struct submission *sub,
                                     const struct toc_receipt *receipt);

#endif
