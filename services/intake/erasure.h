/*
 * The erasure of people, as rows: asked for by tocsin.subject.erased, then carried out by the
 * shell, which reports each step. Each is a record, so the log says who was erased when, and why.
 * The core refuses it while a hold stands; what is erased, and how, it does not know.
 *
 *     asked --keys deleted--> keys_gone --files rewritten--> done
 *
 * A raw mail in which somebody else is held stays, and so the erasure stays at keys_gone, until the
 * hold is released (`held_back`, `held_by`).
 *
 * One erasure of a pseudonym is under way at a time. Steps are only ever taken forward, so the
 * shell may report one again.
 */
#ifndef INTAKE_ERASURE_H
#define INTAKE_ERASURE_H

#include "common/turn.h"

#define ERASURE_PSEUDONYM_MAX 200 /* bytes */

/* What makes the event acceptable by itself; NULL, or what is wrong, naming the field. */
const char *erasure_check(const Tocsin__V1__Event *event);

/* Begins an erasure; its record will be `seq`. TOC_NONE, with `*why`, when that cannot be. */
TOC_MUST enum toc_err erasure_begin(struct toc_turn *turn, const Tocsin__V1__SubjectErased *asked,
                                    uint64_t seq, toc_time_ms at_ms, const char **why);

/* A step was taken, or something else is held back: its record will be `seq`. `*out` is the row
 * after it; TOC_NONE when that was told before, or there is no such erasure. */
TOC_MUST enum toc_err erasure_move(struct toc_turn *turn, const Tocsin__V1__Erasure *told,
                                   uint64_t seq, toc_time_ms at_ms, Tocsin__V1__Erasure **out);

/* A restored backup had the keys of somebody who was erased before; they are deleted again. The row
 * begins with that, and the record of it will be `seq`. TOC_NONE when one is under way. */
TOC_MUST enum toc_err erasure_again(struct toc_turn *turn, const Tocsin__V1__Erasure *told,
                                    uint64_t seq, toc_time_ms at_ms, Tocsin__V1__Erasure **out);

/* The erasure of a pseudonym that is under way. TOC_NONE when there is none. */
TOC_MUST enum toc_err erasure_find_pending(struct toc_txn *txn, struct toc_arena *arena,
                                           const char *pseudonym, Tocsin__V1__Erasure **out);

/*
 * The first erasure under way whose key is above `after`, which begins with size 0 and is moved to
 * it; in no order that means anything. TOC_NONE at the end.
 */
struct erasure_place {
    uint8_t key[TOC_KEY_MAX];
    size_t size;
};
TOC_MUST enum toc_err erasure_next_pending(struct toc_txn *txn, struct toc_arena *arena,
                                           struct erasure_place *after, Tocsin__V1__Erasure **out);
/* The same of those of which nothing is done yet, in the order in which they were asked for. */
TOC_MUST enum toc_err erasure_next_asked(struct toc_txn *txn, struct toc_arena *arena,
                                         struct erasure_place *after, Tocsin__V1__Erasure **out);

/* The rows of an Ask for ERASURES: what is under way, with `all` everything, or the one that record
 * `seq` asked for. */
TOC_MUST enum toc_err erasure_ask(struct toc_txn *txn, struct toc_arena *arena,
                                  const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
