#include "common/answer.h"

size_t toc_answer_limit(const Tocsin__V1__Ask *ask)
{
    return ask->limit != 0 && ask->limit < TOC_ANSWER_ROWS_MAX ? ask->limit : TOC_ANSWER_ROWS_MAX;
}

enum toc_err toc_answer_begin(struct toc_arena *arena, size_t limit, Tocsin__V1__Answer *answer)
{
    answer->rows = toc_arena_take(arena, limit * sizeof(*answer->rows));
    answer->n_rows = 0;
    return answer->rows == NULL ? TOC_ERR_LIMIT : TOC_OK;
}

enum toc_err toc_answer_add(struct toc_arena *arena, struct toc_str row, Tocsin__V1__Answer *answer)
{
    char *copy = toc_arena_copy(arena, row);
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    answer->rows[answer->n_rows++] = toc_wire_binary(toc_str(copy, row.size));
    return TOC_OK;
}

enum toc_err toc_answer_next(struct toc_arena *arena, struct toc_str key,
                             Tocsin__V1__Answer *answer)
{
    char *copy = toc_arena_copy(arena, key);
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    answer->next = toc_wire_binary(toc_str(copy, key.size));
    return TOC_OK;
}
