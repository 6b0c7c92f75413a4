/* Building an Answer row by row, in the arena of the question. */
#ifndef TOC_ANSWER_H
#define TOC_ANSWER_H

#include "common/wire.h"

#define TOC_ANSWER_ROWS_MAX   500 /* of a list, unless less is asked for */
#define TOC_ANSWER_LOOKED_MAX 1000

/* Whether the answer ends before the next row, where another question goes on: there is no room for
 * it, or the loop's other work has waited long enough for rows that nobody wants. Counts the rows
 * in `looked_at`. */
static inline bool toc_answer_is_over(const Tocsin__V1__Answer *answer, size_t limit,
                                      size_t *looked_at)
{
    return answer->n_rows == limit || (*looked_at)++ == TOC_ANSWER_LOOKED_MAX;
}

/* The most rows to give: what was asked for, within TOC_ANSWER_ROWS_MAX. */
size_t toc_answer_limit(const Tocsin__V1__Ask *ask);

/* Room for `limit` rows. TOC_ERR_LIMIT when the arena has none. */
TOC_MUST enum toc_err toc_answer_begin(struct toc_arena *arena, size_t limit,
                                       Tocsin__V1__Answer *answer);

/* Appends a copy of `row`; never more than toc_answer_begin made room for. */
TOC_MUST enum toc_err toc_answer_add(struct toc_arena *arena, struct toc_str row,
                                     Tocsin__V1__Answer *answer);

/* Says that more follows after `key`, which comes back in Ask.after. */
TOC_MUST enum toc_err toc_answer_next(struct toc_arena *arena, struct toc_str key,
                                      Tocsin__V1__Answer *answer);

#endif
