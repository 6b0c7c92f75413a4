#include "services/cli/import/plan.h"

#include "services/cli/client.h"
#include "services/cli/import/csv.h"
#include "services/cli/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO         "tocsin import"
#define SUBJECT_MAX 512
#define STEP_MS     (399 * (toc_time_ms)TOC_DAY_MS) /* intake takes 400 days at once */

struct import_kept_row {
    const char *subject;
    struct import_row row;
};

void import_plan_init(struct import_plan *plan, const struct import_map *map, const char *source,
                      uint64_t row_limit)
{
    *plan = (struct import_plan){.map = map, .source = source, .row_limit = row_limit};
}

void import_plan_done(struct import_plan *plan)
{
    toc_pool_done(&plan->pool);
    free(plan->rows);
    free(plan->events);
}

/* Room for one more in a growing array; false without memory. */
static bool make_room(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? 4096 : *room * 2;
    void *grown = reallocarray(*array, wanted, size);
    if (grown == NULL)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static void on_trouble(void *arg, const char *text)
{
    struct import_plan *plan = arg;
    if (plan->troubles++ < IMPORT_TOLD_MAX)
        fprintf(stderr, WHO ": %s\n", text);
}

/* --- rows ------------------------------------------------------------------------------- */

/* One file being read. */
struct reading {
    struct import_plan *plan;
    struct csv *csv;
    const char *file;
    size_t index[CSV_FIELDS_MAX]; /* of the map's columns */
    size_t columns;               /* of the file */
};

static bool fail(const struct reading *r, const char *text)
{
    fprintf(stderr, WHO ": %s:%llu: %s\n", r->file, (unsigned long long)csv_line(r->csv), text);
    return false;
}

static bool fail_csv(const struct reading *r)
{
    fprintf(stderr, WHO ": %s\n", csv_error(r->csv));
    return false;
}

static bool keep_row(const struct reading *r, const struct toc_str *fields)
{
    struct import_plan *plan = r->plan;
    char subject[SUBJECT_MAX], error[IMPORT_ERROR_MAX];
    size_t columns = import_map_columns(plan->map);
    struct import_row row = {.file = r->file, .line = csv_line(r->csv), .order = plan->row_count};
    row.cells = toc_pool_array(&plan->pool, columns + 1, sizeof(*row.cells));
    if (row.cells == NULL ||
        !make_room((void **)&plan->rows, plan->row_count, &plan->row_room, sizeof(*plan->rows)))
        return false;
    for (size_t c = 0; c < columns; c++) {
        struct toc_str field = fields[r->index[c]];
        row.cells[c] = toc_str(toc_pool_copy(&plan->pool, field), field.size);
        if (row.cells[c].data == NULL)
            return false;
    }
    if (import_map_subject(plan->map, &row, subject, sizeof(subject), error) != TOC_OK) {
        on_trouble(plan, error);
        return true;
    }
    const char *kept = toc_pool_copy(&plan->pool, toc_str_of(subject));
    if (kept == NULL)
        return false;
    plan->rows[plan->row_count++] = (struct import_kept_row){kept, row};
    return true;
}

/* What a file is that cannot be read as it stands; NULL when nothing is known against it. */
static const char *find_fault(const struct toc_str *fields, size_t count)
{
    static const struct {
        const char *start, *fault;
    } marks[] = {
        {"\x28\xb5\x2f\xfd", "the file is compressed: zstdcat FILE | tocsin import … -"},
        {"\x1f\x8b", "the file is compressed: zcat FILE | tocsin import … -"},
        {"\xff\xfe", "the file is UTF-16: iconv -f UTF-16 FILE | tocsin import … -"},
        {"\xfe\xff", "the file is UTF-16: iconv -f UTF-16 FILE | tocsin import … -"},
    };
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (toc_str_starts(fields[0], toc_str_of(marks[i].start)))
            return marks[i].fault;
    if (count == 1 && fields[0].size > 0 &&
        (memchr(fields[0].data, ';', fields[0].size) ||
         memchr(fields[0].data, '\t', fields[0].size)))
        return "one column: fields have to stand apart by commas";
    return NULL;
}

static bool read_header(struct reading *r)
{
    const struct toc_str *fields;
    char error[IMPORT_ERROR_MAX];
    enum toc_err err = csv_next(r->csv, &fields, &r->columns);
    if (err < 0)
        return fail_csv(r);
    if (err == TOC_NONE) {
        fprintf(stderr, WHO ": %s: the file is empty\n", r->file);
        return false;
    }
    const char *fault = find_fault(fields, r->columns);
    if (fault != NULL)
        return fail(r, fault);
    err = import_map_bind(r->plan->map, fields, r->columns, r->index, error);
    return err == TOC_OK || fail(r, error);
}

static bool is_full(const struct import_plan *plan)
{
    return plan->row_limit != 0 && plan->row_count >= plan->row_limit;
}

static bool take_row(struct reading *r, const struct toc_str *fields, size_t count)
{
    char error[IMPORT_ERROR_MAX];
    if (count != r->columns) {
        snprintf(error, sizeof(error), "%zu fields, the header has %zu", count, r->columns);
        return fail(r, error);
    }
    if (r->plan->row_count == IMPORT_ROWS_MAX || !keep_row(r, fields))
        return fail(r, "too many rows for the memory; use --limit");
    return true;
}

static bool read_rows(struct reading *r)
{
    const struct toc_str *fields;
    struct progress progress;
    size_t count;
    enum toc_err err = TOC_NONE;
    bool ok = true;
    progress_begin(&progress, "reading", 0, client_mono_ms());
    while (ok && !is_full(r->plan) && (err = csv_next(r->csv, &fields, &count)) == TOC_OK) {
        ok = take_row(r, fields, count);
        progress_show(&progress, r->plan->row_count, NULL, client_mono_ms());
    }
    progress_end(&progress);
    return ok && (err >= 0 || fail_csv(r));
}

bool import_plan_read(struct import_plan *plan, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct reading r = {.plan = plan, .file = is_stdin ? "<stdin>" : path};
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, WHO ": %s: %s\n", path, strerror(errno));
        return false;
    }
    bool ok = csv_open(file, r.file, &r.csv) == TOC_OK && read_header(&r) && read_rows(&r);
    csv_close(r.csv);
    if (file != stdin)
        fclose(file);
    return ok;
}

/* --- events ----------------------------------------------------------------------------- */

static void on_event(void *arg, const struct import_row *row, const Tocsin__V1__Event *event)
{
    struct import_plan *plan = arg;
    size_t size = tocsin__v1__event__get_packed_size(event);
    uint8_t *bytes = toc_pool_array(&plan->pool, 1, size);
    if (bytes == NULL || !make_room((void **)&plan->events, plan->event_count, &plan->event_room,
                                    sizeof(*plan->events))) {
        plan->no_memory = true;
        return;
    }
    tocsin__v1__event__pack(event, bytes);
    bool is_opening = event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    if (is_opening)
        plan->opening_ms = event->time_ms;
    plan->events[plan->event_count] = (struct import_event){.sort_ms = event->time_ms,
                                                            .order = plan->event_count,
                                                            .is_opening = is_opening,
                                                            .size = (uint32_t)size,
                                                            .bytes = bytes,
                                                            .file = row ? row->file : NULL,
                                                            .line = row ? row->line : 0};
    plan->event_count++;
}

/* Rows of one subject stay as they were read. */
static int by_subject(const void *a, const void *b)
{
    const struct import_kept_row *x = a, *y = b;
    int order = strcmp(x->subject, y->subject);
    return order != 0 ? order : (x->row.order > y->row.order) - (x->row.order < y->row.order);
}

/* At one instant openings come first, then each subject's events as they were made. */
static int by_time(const void *a, const void *b)
{
    const struct import_event *x = a, *y = b;
    if (x->sort_ms != y->sort_ms)
        return x->sort_ms > y->sort_ms ? 1 : -1;
    if (x->is_opening != y->is_opening)
        return x->is_opening ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static void sort_events(struct import_plan *plan)
{
    if (plan->event_count > 0)
        qsort(plan->events, plan->event_count, sizeof(*plan->events), by_time);
}

static bool make_subject(struct import_plan *plan, const struct import_kept_row *kept, size_t count)
{
    const struct import_sink sink = {on_event, on_trouble, plan};
    struct import_row *rows = calloc(count, sizeof(*rows));
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        rows[i] = kept[i].row;
    size_t first = plan->event_count;
    plan->opening_ms = TOC_TIME_MIN;
    import_map_order(plan->map, rows, count);
    import_map_apply(plan->map, plan->source, kept->subject, rows, count, &sink);
    free(rows);
    /* Nothing of an issue goes before its opening, even if its clock says so. */
    for (size_t i = first; i < plan->event_count; i++)
        if (plan->events[i].sort_ms < plan->opening_ms)
            plan->events[i].sort_ms = plan->opening_ms;
    return !plan->no_memory;
}

bool import_plan_make(struct import_plan *plan)
{
    if (plan->row_count > 0)
        qsort(plan->rows, plan->row_count, sizeof(*plan->rows), by_subject);
    for (size_t i = 0, end; i < plan->row_count; i = end) {
        for (end = i + 1; end < plan->row_count; end++)
            if (strcmp(plan->rows[end].subject, plan->rows[i].subject) != 0)
                break;
        if (!make_subject(plan, &plan->rows[i], end - i))
            return false;
    }
    sort_events(plan);
    return true;
}

/* --- event time goes on by itself ------------------------------------------------------- */

static void advance_to(struct import_plan *plan, toc_time_ms to_ms)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__ClockAdvance advance = TOCSIN__V1__CLOCK_ADVANCE__INIT;
    char id[48];
    advance.to_ms = to_ms;
    snprintf(id, sizeof(id), "advance/%lld", (long long)to_ms);
    event.id = id;
    event.source = toc_wire_text(plan->source);
    event.type = toc_wire_text("tocsin.clock.advance");
    event.time_ms = to_ms;
    event.body_case = TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE;
    event.clock_advance = &advance;
    on_event(plan, NULL, &event);
}

bool import_plan_fill(struct import_plan *plan, toc_time_ms gap_ms, toc_time_ms end_ms)
{
    size_t count = plan->event_count;
    if (count == 0)
        return true;
    for (size_t i = 1; i < count; i++) {
        toc_time_ms from_ms = plan->events[i - 1].sort_ms, to_ms = plan->events[i].sort_ms;
        if (to_ms - from_ms <= gap_ms)
            for (toc_time_ms at_ms = from_ms + STEP_MS; at_ms < to_ms; at_ms += STEP_MS)
                advance_to(plan, at_ms);
    }
    toc_time_ms at_ms = plan->events[count - 1].sort_ms;
    while (at_ms < end_ms) {
        at_ms = end_ms - at_ms > STEP_MS ? at_ms + STEP_MS : end_ms;
        advance_to(plan, at_ms);
    }
    sort_events(plan);
    return !plan->no_memory;
}
