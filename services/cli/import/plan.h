/*
 * The events of an import, all of them before the first is published: the rows of every file made
 * into events by a map and sorted by time.
 *
 * It hides files, CSV and the memory that rows and events are kept in. Troubles with a row are told
 * on standard error, the first few one by one, and counted; what makes the whole file useless ends
 * in false, told as well.
 */
#ifndef CLI_IMPORT_PLAN_H
#define CLI_IMPORT_PLAN_H

#include "common/pool.h"
#include "services/cli/import/map.h"

#define IMPORT_ROWS_MAX 10000000
#define IMPORT_TOLD_MAX 10 /* troubles and refusals told one by one; the rest is counted */

struct import_event {
    toc_time_ms sort_ms;
    size_t order; /* in which it was made; breaks ties */
    bool is_opening;
    uint32_t size;
    const uint8_t *bytes; /* packed */
    const char *file;     /* where its row stands; NULL: it comes from no row */
    uint64_t line;
};

struct import_plan {
    const struct import_map *map; /* lent */
    const char *source;
    uint64_t row_limit; /* 0: none */
    struct toc_pool pool;
    struct import_kept_row *rows;
    size_t row_count, row_room;
    struct import_event *events;
    size_t event_count, event_room;
    uint64_t troubles;
    toc_time_ms opening_ms; /* of the subject at hand; TOC_TIME_MIN while there is none */
    bool no_memory;
};

/* `map` and `source` are lent until import_plan_done. */
void import_plan_init(struct import_plan *plan, const struct import_map *map, const char *source,
                      uint64_t row_limit);
void import_plan_done(struct import_plan *plan);

/* Keeps the rows of one file, "-" for standard input. False when the import cannot go on. */
bool import_plan_read(struct import_plan *plan, const char *path);

/* Makes the events of all rows and sorts them. False without memory. */
bool import_plan_make(struct import_plan *plan);

/*
 * Where two events are further apart than one step of event time, and no further than `gap_ms`,
 * time goes on between them by itself; so it does behind the last one until `end_ms` (TOC_TIME_MIN:
 * no end). Call it once, last. False without memory.
 */
bool import_plan_fill(struct import_plan *plan, toc_time_ms gap_ms, toc_time_ms end_ms);

#endif
