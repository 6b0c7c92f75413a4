#include "services/cli/import/plan.h"

#include "services/cli/client.h"
#include "services/cli/import/csv.h"
#include "services/cli/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO         "tocsin import"
#define SUBJECT_MAX 512
#define FIRST_CELL  1                               /* field of a kept row's first cell */
#define STEP_MS     (399 * (toc_time_ms)TOC_DAY_MS) /* intake takes 400 days at once */

/* A row in one piece, as it is one of very many. */
struct import_kept_row {
    const char *subject; /* terminated; behind it the cells, as fields of the wire */
    const char *file;
    uint64_t line;
    uint32_t size; /* of the cells */
};

void import_plan_init(struct import_plan *plan, const struct import_map *map, const char *source,
                      uint64_t row_limit)
{
    *plan = (struct import_plan){.map = map, .source = source, .row_limit = row_limit};
}

void import_plan_done(struct import_plan *plan)
{
    toc_pool_done(&plan->row_texts);
    toc_pool_done(&plan->event_bytes);
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

/* The subject and the cells that the map reads, in one piece; false without memory. */
static bool pack_row(struct import_plan *plan, const char *subject, const struct toc_str *cells,
                     struct import_kept_row *out)
{
    uint8_t head[TOC_WIRE_FIELD_OVERHEAD];
    size_t columns = import_map_columns(plan->map), size = 0, before = strlen(subject) + 1;
    for (uint32_t c = 0; c < columns; c++)
        size += (size_t)(toc_wire_put_length(head, FIRST_CELL + c, cells[c].size) - head) +
                cells[c].size;
    char *text = toc_pool_take(&plan->row_texts, before + size);
    if (text == NULL)
        return false;
    memcpy(text, subject, before);
    uint8_t *next = (uint8_t *)text + before;
    for (uint32_t c = 0; c < columns; c++)
        next = toc_wire_put_bytes(next, FIRST_CELL + c, cells[c]);
    out->subject = text;
    out->size = (uint32_t)size;
    return true;
}

/* The row is lent `cells`, which point into the piece. */
static struct import_row unpack_row(const struct import_plan *plan, uint32_t index,
                                    struct toc_str *cells)
{
    const struct import_kept_row *kept = &plan->rows[index];
    const char *first = kept->subject + strlen(kept->subject) + 1;
    struct toc_wire_reader reader = toc_wire_reader(toc_str(first, kept->size));
    struct toc_wire_field field;
    while (toc_wire_next(&reader, &field) == TOC_OK)
        cells[field.number - FIRST_CELL] = field.bytes;
    return (struct import_row){kept->file, kept->line, index, cells};
}

static bool keep_row(const struct reading *r, const struct toc_str *fields)
{
    struct import_plan *plan = r->plan;
    struct import_kept_row kept = {.file = r->file, .line = csv_line(r->csv)};
    struct toc_str cells[IMPORT_COLUMNS_MAX];
    char subject[SUBJECT_MAX], error[IMPORT_ERROR_MAX];
    for (size_t c = 0; c < import_map_columns(plan->map); c++)
        cells[c] = fields[r->index[c]];
    const struct import_row row = {r->file, kept.line, plan->row_count, cells};
    if (import_map_subject(plan->map, &row, subject, sizeof(subject), error) != TOC_OK) {
        on_trouble(plan, error);
        return true;
    }
    if (!pack_row(plan, subject, cells, &kept) ||
        !make_room((void **)&plan->rows, plan->row_count, &plan->row_room, sizeof(*plan->rows)))
        return false;
    plan->rows[plan->row_count++] = kept;
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
    uint8_t *bytes = toc_pool_take(&plan->event_bytes, size);
    if (bytes == NULL || !make_room((void **)&plan->events, plan->event_count, &plan->event_room,
                                    sizeof(*plan->events))) {
        plan->no_memory = true;
        return;
    }
    tocsin__v1__event__pack(event, bytes);
    bool is_opening = event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    if (is_opening)
        plan->opening_ms = event->time_ms;
    plan->events[plan->event_count] =
        (struct import_event){.sort_ms = event->time_ms,
                              .bytes = bytes,
                              .size = (uint32_t)size,
                              .order = (uint32_t)plan->event_count,
                              .row = row != NULL ? (uint32_t)row->order : IMPORT_NO_ROW,
                              .is_opening = is_opening};
    plan->event_count++;
}

/* Rows of one subject stay as they were read. */
static int by_subject(const void *a, const void *b, void *arg)
{
    const struct import_kept_row *rows = arg;
    const uint32_t *x = a, *y = b;
    int order = strcmp(rows[*x].subject, rows[*y].subject);
    return order != 0 ? order : (*x > *y) - (*x < *y);
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

/* The rows of one subject, unpacked: NULL without memory, otherwise free() it. */
static struct import_row *rows_of(const struct import_plan *plan, const uint32_t *numbers,
                                  size_t count)
{
    size_t columns = import_map_columns(plan->map);
    size_t size = sizeof(struct import_row) + columns * sizeof(struct toc_str);
    struct import_row *rows = calloc(count, size);
    if (rows == NULL)
        return NULL;
    struct toc_str *cells = (struct toc_str *)(rows + count);
    for (size_t i = 0; i < count; i++)
        rows[i] = unpack_row(plan, numbers[i], cells + i * columns);
    return rows;
}

static bool make_subject(struct import_plan *plan, const uint32_t *numbers, size_t count)
{
    const struct import_sink sink = {on_event, on_trouble, plan};
    const char *subject = plan->rows[numbers[0]].subject;
    struct import_row *rows = rows_of(plan, numbers, count);
    if (rows == NULL)
        return false;
    size_t first = plan->event_count;
    plan->opening_ms = TOC_TIME_MIN;
    import_map_order(plan->map, rows, count);
    import_map_apply(plan->map, plan->source, subject, rows, count, &sink);
    free(rows);
    /* Nothing of an issue goes before its opening, even if its clock says so. */
    for (size_t i = first; i < plan->event_count; i++)
        if (plan->events[i].sort_ms < plan->opening_ms)
            plan->events[i].sort_ms = plan->opening_ms;
    return !plan->no_memory;
}

static bool make_subjects(struct import_plan *plan, const uint32_t *numbers)
{
    for (size_t i = 0, end; i < plan->row_count; i = end) {
        const char *subject = plan->rows[numbers[i]].subject;
        for (end = i + 1; end < plan->row_count; end++)
            if (strcmp(plan->rows[numbers[end]].subject, subject) != 0)
                break;
        if (!make_subject(plan, &numbers[i], end - i))
            return false;
    }
    return true;
}

bool import_plan_make(struct import_plan *plan)
{
    uint32_t *numbers = calloc(plan->row_count + 1, sizeof(*numbers));
    if (numbers == NULL)
        return false;
    for (uint32_t i = 0; i < plan->row_count; i++)
        numbers[i] = i;
    qsort_r(numbers, plan->row_count, sizeof(*numbers), by_subject, plan->rows);
    bool made = make_subjects(plan, numbers);
    free(numbers);
    toc_pool_done(&plan->row_texts);
    sort_events(plan);
    return made;
}

const char *import_plan_place(const struct import_plan *plan, const struct import_event *event,
                              uint64_t *out_line)
{
    if (event->row == IMPORT_NO_ROW)
        return NULL;
    *out_line = plan->rows[event->row].line;
    return plan->rows[event->row].file;
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
