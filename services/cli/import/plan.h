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

#define IMPORT_NO_ROW UINT32_MAX

/* Small: there are as many as rows, or more. */
struct import_event {
    toc_time_ms sort_ms;
    const uint8_t *bytes; /* packed */
    uint32_t size;
    uint32_t order; /* in which it was made; breaks ties */
    uint32_t row;   /* that it comes from, in the order read; IMPORT_NO_ROW */
    bool is_opening;
};

struct import_plan {
    const struct import_map *map; /* lent */
    const char *source;
    uint64_t row_limit;        /* 0: none */
    struct toc_pool row_texts; /* until the events are made */
    struct toc_pool event_bytes;
    struct import_kept_row *rows; /* in the order read */
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

/*
 * Makes the events of all rows and sorts them; of the rows only their places stay. False without
 * memory.
 */
bool import_plan_make(struct import_plan *plan);

/* Where an event's row stands: its file and, in `*out_line`, its line. NULL: it comes from none. */
const char *import_plan_place(const struct import_plan *plan, const struct import_event *event,
                              uint64_t *out_line);

/*
 * Where two events are further apart than one step of event time, and no further than `gap_ms`,
 * time goes on between them by itself; so it does behind the last one until `end_ms` (TOC_TIME_MIN:
 * no end). Call it once, last. False without memory.
 */
bool import_plan_fill(struct import_plan *plan, toc_time_ms gap_ms, toc_time_ms end_ms);

#endif
