/* What a mapping compiles to: read.c reads it, make.c applies it. Nobody else looks in. */
#ifndef OUTCOMES_BACK_RULE_H
#define OUTCOMES_BACK_RULE_H

#include "services/outcomes/back/back.h"

#define BACK_TYPES_MAX 16

/* "${priority|priorities|number}": a cell, the words that it is looked up in, and whether it is a
 * number in the body. */
struct back_cell {
    struct toc_str name;
    const struct toc_yaml *values; /* a map of words; NULL: as it is */
    bool is_number;
};

struct back {
    struct toc_mapping mapping; /* its pool has the tree, which the mapping is applied from */
    const char *method;
    const char *login_field;                              /* NULL: there is no login */
    const struct toc_yaml *path, *body, *values, *header; /* body, values, header may be NULL */
    Tocsin__V1__OutcomeType types[BACK_TYPES_MAX];
    size_t type_count; /* 0: all */
};

/* The entry of a map; NULL when it has none, or is no map. */
const struct toc_yaml *back_entry(const struct toc_yaml *map, struct toc_str name);

/*
 * What stands between "${" and "}": NULL, or what is wrong with it, a constant. Cells are those of
 * an outcome's data, its type, id and subject; true and false stand for themselves.
 */
const char *back_read_cell(const struct back *back, struct toc_str text, struct back_cell *out);

#endif
