/* Rows of intake's own tables as an answer, page by page. */
#ifndef INTAKE_ROWS_H
#define INTAKE_ROWS_H

#include "common/turn.h"

/* The rows whose keys begin with `prefix`, which may be empty, as they stand. */
TOC_MUST enum toc_err rows_answer(struct toc_txn *txn, unsigned table, struct toc_str prefix,
                                  struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                                  Tocsin__V1__Answer *answer);

#endif
