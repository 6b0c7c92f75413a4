/*
 * Reading what was sealed. Whoever reads has said so first: an answer is given only for an issue,
 * or a person, that a tocsin.content.read in our log names, which is committed by then and not old,
 * so the record of a reading never comes after it.
 *
 * What is erased is told as such and not at all; what does not open, or is not what its event
 * committed to, is told as damaged.
 */
#ifndef INTAKE_CONTENT_H
#define INTAKE_CONTENT_H

#include "common/run.h"
#include "services/intake/content/part.h"

#define CONTENT_READ_FOR_MS (5 * TOC_MINUTE_MS) /* how long a content.read is good */

/*
 * Answers an Ask for CONTENT: rows are ContentPart. Texts come in pieces that fit an answer; `next`
 * goes on after them, and may come without a row, while a large text is checked. `now.wall_ms` is 0
 * in event time, where a content.read is good for ever.
 */
TOC_MUST enum toc_err content_ask(struct vault *vault, struct content_checks *checks,
                                  struct toc_txn *txn, struct toc_now now, struct toc_arena *arena,
                                  const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
