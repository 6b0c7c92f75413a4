/*
 * Legal holds, as rows: whoever a hold names is not erased while it stands. A hold has an id and an
 * owner, who answers for it, and may be placed on several people.
 */
#ifndef INTAKE_HOLD_H
#define INTAKE_HOLD_H

#include "common/turn.h"

#define HOLD_ID_MAX 40 /* bytes */

/* What makes a hold's event acceptable by itself; NULL, or what is wrong, naming the field. */
const char *hold_check(const Tocsin__V1__Event *event);

/* Keeps what the event says. TOC_NONE, with `*why`, when it does not fit what is there. */
TOC_MUST enum toc_err hold_keep(struct toc_turn *turn, const Tocsin__V1__Event *event,
                                toc_time_ms at_ms, const char **why);

/* The first hold on a pseudonym, unpacked into `arena`. TOC_NONE when nothing holds it. */
TOC_MUST enum toc_err hold_find(struct toc_txn *txn, struct toc_arena *arena, const char *pseudonym,
                                Tocsin__V1__HoldRow **out);

/*
 * The first hold whose key is above `after`, which begins with size 0 and is moved to it; in no
 * order that means anything. TOC_NONE at the end.
 */
struct hold_place {
    uint8_t key[TOC_KEY_MAX];
    size_t size;
};
TOC_MUST enum toc_err hold_next(struct toc_txn *txn, struct toc_arena *arena,
                                struct hold_place *after, Tocsin__V1__HoldRow **out);

/* The rows of an Ask for HOLDS. */
TOC_MUST enum toc_err hold_ask(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
