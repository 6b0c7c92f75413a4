/*
 * Lets jansson take its memory from one piece that is emptied after each request, instead of from
 * the heap value by value: the process's only uses of it are the edge's readers.
 */
#ifndef INTAKE_EDGE_JSON_MEMORY_H
#define INTAKE_EDGE_JSON_MEMORY_H

#include "common/err.h"

#include <stdbool.h>

/* Before any other use. TOC_ERR_MEMORY without that piece. */
TOC_MUST enum toc_err json_memory_set_up(void);

/* Whether there was less than the values wanted, since it was emptied last. */
bool json_memory_ended(void);

/* Forgets every value that there is. Two bytes of JSON can make a hundred of values: what such a
 * body touched goes back. */
void json_memory_empty(void);

#endif
