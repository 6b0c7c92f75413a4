/*
 * Whether a submission was here before: the same source and id, with the same bytes (a repeat,
 * which changes nothing) or with others (a conflict). It hides where to look: in the dedupe index,
 * whose candidates are compared with the records themselves, and in the quarantine, which remembers
 * what it holds for as long as it does. Only intake's core calls this.
 */
#ifndef INTAKE_REPEAT_H
#define INTAKE_REPEAT_H

#include "services/intake/quarantine.h"

struct repeat_of {
    const Tocsin__V1__Event *event;
    struct toc_str bytes; /* as it is kept: without a reason to hold it back */
    uint64_t fingerprint; /* of source and id */
};

/* TOC_OK when the key was used before (the receipt says how), TOC_NONE when it is fresh. */
TOC_MUST enum toc_err repeat_find(const struct dedupe *dedupe, const struct quarantine *quarantine,
                                  struct toc_turn *turn, const struct repeat_of *sub,
                                  struct toc_receipt *receipt);

#endif
