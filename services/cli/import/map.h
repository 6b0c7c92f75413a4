/*
 * How rows of a foreign export become events: a YAML file read into rules, and the rules applied to
 * the rows of one subject. deploy/import/README.md describes the file.
 *
 * It hides YAML, templates, time formats and zones. An event looks at one row, the row before it of
 * the same subject, and nothing else, so the same file always gives the same events with the same
 * ids: a second import is all duplicates.
 */
#ifndef CLI_IMPORT_MAP_H
#define CLI_IMPORT_MAP_H

#include "common/time.h"
#include "common/wire.h"

#define IMPORT_MAP_MAX     (256 * 1024) /* bytes of a map */
#define IMPORT_ERROR_MAX   600
#define IMPORT_COLUMNS_MAX 128 /* that a map reads */

struct import_map;

/*
 * Reads a map. On TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a person, with places;
 * free() it. It is NULL on success.
 */
TOC_MUST enum toc_err import_map_read(struct toc_str text, const char *file_name,
                                      struct import_map **out, char **out_errors);
/* Accepts NULL. */
void import_map_free(struct import_map *map);

/* The source of its events unless another is given. */
const char *import_map_source(const struct import_map *map);

/* The columns that the map reads, in the order in which rows are handed to it. */
size_t import_map_columns(const struct import_map *map);

/*
 * Finds the map's columns in a header: `out_index[i]` is where column i stands. TOC_ERR_CONFIG with
 * `error` when one is not there.
 */
TOC_MUST enum toc_err import_map_bind(const struct import_map *map, const struct toc_str header[],
                                      size_t count, size_t out_index[],
                                      char error[IMPORT_ERROR_MAX]);

struct import_row {
    const char *file; /* where it stands, for messages */
    uint64_t line;
    size_t order;          /* in which it was read */
    struct toc_str *cells; /* import_map_columns() of them */
};

/* The subject of a row, into `out`. TOC_ERR_MALFORMED with `error` when it has none. */
TOC_MUST enum toc_err import_map_subject(const struct import_map *map, const struct import_row *row,
                                         char *out, size_t out_size, char error[IMPORT_ERROR_MAX]);

/* Sorts the rows of one subject into the map's order; rows that compare equal stay as they are. */
void import_map_order(const struct import_map *map, struct import_row *rows, size_t count);

struct import_sink {
    /* An event and the row that it comes from, lent for the call. */
    void (*on_event)(void *arg, const struct import_row *row, const Tocsin__V1__Event *event);
    /* Something about a row that made no event; a text with its file and line. */
    void (*on_trouble)(void *arg, const char *text);
    void *arg;
};

/* The events of one subject's rows, in order. `source` is that of the events. */
void import_map_apply(const struct import_map *map, const char *source, const char *subject,
                      const struct import_row rows[], size_t count, const struct import_sink *sink);

#endif
