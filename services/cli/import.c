#include "common/pool.h"
#include "services/cli/client.h"
#include "services/cli/commands.h"
#include "services/cli/csv.h"
#include "services/cli/event_json.h"
#include "services/cli/import_map.h"
#include "services/cli/progress.h"
#include "services/cli/publisher.h"
#include "services/cli/receipts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO         "tocsin import"
#define ROWS_MAX    10000000
#define SUBJECT_MAX 512
#define TOLD_MAX    10 /* troubles and refusals told one by one; the rest is counted */
#define PATIENCE_MS 30000

struct kept_row {
    const char *subject;
    struct import_row row;
};

struct made_event {
    toc_time_ms sort_ms;
    size_t order; /* in which it was made; breaks ties */
    bool is_opening;
    uint32_t size;
    const uint8_t *bytes; /* packed */
};

struct import {
    struct client_config where;
    const char *intake, *map_path, *source;
    int64_t limit, advance_ms; /* advance_ms: -1 for none */
    bool dry_run, json;
    struct import_map *map;
    struct toc_pool pool; /* cells and packed events */
    struct kept_row *rows;
    size_t row_count, row_room;
    struct made_event *events;
    size_t event_count, event_room;
    size_t subject_start;   /* the first event of the subject at hand */
    toc_time_ms opening_ms; /* of the subject at hand; TOC_TIME_MIN while there is none */
    uint64_t troubles;
    bool no_memory;
    struct receipts receipts;
    uint64_t done; /* receipts */
};

static int no_memory(void)
{
    fprintf(stderr, WHO ": out of memory\n");
    return CLI_FAILED;
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
    struct import *import = arg;
    if (import->troubles++ < TOLD_MAX)
        fprintf(stderr, WHO ": %s\n", text);
}

/* --- the map ---------------------------------------------------------------------------- */

static bool read_whole(const char *path, char *buffer, size_t size, size_t *out_size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, WHO ": %s: %s\n", path, strerror(errno));
        return false;
    }
    *out_size = fread(buffer, 1, size, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        fprintf(stderr, WHO ": %s: cannot be read\n", path);
    return !failed;
}

static bool read_map(struct import *import)
{
    char *text = malloc(IMPORT_MAP_MAX + 1), *errors = NULL;
    size_t size;
    bool ok = text != NULL && read_whole(import->map_path, text, IMPORT_MAP_MAX + 1, &size);
    if (ok) {
        enum toc_err err =
            import_map_read(toc_str(text, size), import->map_path, &import->map, &errors);
        ok = err == TOC_OK;
        if (!ok)
            fprintf(stderr, "%s", errors != NULL ? errors : WHO ": out of memory\n");
    }
    free(errors);
    free(text);
    return ok;
}

/* --- rows ------------------------------------------------------------------------------- */

static bool keep_row(struct import *import, const struct toc_str *fields, const size_t *index,
                     uint64_t line)
{
    char subject[SUBJECT_MAX], error[IMPORT_ERROR_MAX];
    size_t columns = import_map_columns(import->map);
    struct import_row row = {.line = line};
    row.cells = toc_pool_array(&import->pool, columns + 1, sizeof(*row.cells));
    if (row.cells == NULL || !make_room((void **)&import->rows, import->row_count,
                                        &import->row_room, sizeof(*import->rows)))
        return false;
    for (size_t c = 0; c < columns; c++) {
        struct toc_str field = fields[index[c]];
        row.cells[c] = toc_str(toc_pool_copy(&import->pool, field), field.size);
        if (row.cells[c].data == NULL)
            return false;
    }
    if (import_map_subject(import->map, &row, subject, sizeof(subject), error) != TOC_OK) {
        on_trouble(import, error);
        return true;
    }
    const char *kept = toc_pool_copy(&import->pool, toc_str_of(subject));
    if (kept == NULL)
        return false;
    import->rows[import->row_count++] = (struct kept_row){kept, row};
    return true;
}

static bool read_header(struct import *import, struct csv *csv, size_t *index, size_t *out_count)
{
    const struct toc_str *fields;
    char error[IMPORT_ERROR_MAX];
    enum toc_err err = csv_next(csv, &fields, out_count);
    if (err != TOC_OK) {
        fprintf(stderr, WHO ": %s\n", err < 0 ? csv_error(csv) : "the file is empty");
        return false;
    }
    if (fields[0].size >= 4 && memcmp(fields[0].data, "\x28\xb5\x2f\xfd", 4) == 0) {
        fprintf(stderr, WHO ": the file is compressed: zstdcat FILE | tocsin import … -\n");
        return false;
    }
    err = import_map_bind(import->map, fields, *out_count, index, error);
    if (err != TOC_OK)
        fprintf(stderr, WHO ": %s\n", error);
    return err == TOC_OK;
}

static bool read_rows(struct import *import, struct csv *csv)
{
    const struct toc_str *fields;
    size_t index[CSV_FIELDS_MAX], columns, count;
    enum toc_err err = TOC_NONE;
    if (!read_header(import, csv, index, &columns))
        return false;
    while ((import->limit == 0 || import->row_count < (uint64_t)import->limit) &&
           (err = csv_next(csv, &fields, &count)) == TOC_OK) {
        if (count != columns) {
            fprintf(stderr, WHO ": line %llu: %zu fields, the header has %zu\n",
                    (unsigned long long)csv_line(csv), count, columns);
            return false;
        }
        if (import->row_count == ROWS_MAX || !keep_row(import, fields, index, csv_line(csv))) {
            fprintf(stderr, WHO ": too many rows for the memory, at line %llu; use --limit\n",
                    (unsigned long long)csv_line(csv));
            return false;
        }
    }
    if (err < 0)
        fprintf(stderr, WHO ": %s\n", csv_error(csv));
    return err >= 0;
}

static bool read_csv(struct import *import, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    struct csv *csv = NULL;
    if (file == NULL) {
        fprintf(stderr, WHO ": %s: %s\n", path, strerror(errno));
        return false;
    }
    bool ok = csv_open(file, &csv) == TOC_OK && read_rows(import, csv);
    csv_close(csv);
    if (file != stdin)
        fclose(file);
    return ok;
}

/* --- events ----------------------------------------------------------------------------- */

static void on_event(void *arg, const Tocsin__V1__Event *event)
{
    struct import *import = arg;
    size_t size = tocsin__v1__event__get_packed_size(event);
    uint8_t *bytes = toc_pool_array(&import->pool, 1, size);
    if (bytes == NULL || !make_room((void **)&import->events, import->event_count,
                                    &import->event_room, sizeof(*import->events))) {
        import->no_memory = true;
        return;
    }
    tocsin__v1__event__pack(event, bytes);
    bool is_opening = event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    if (is_opening)
        import->opening_ms = event->time_ms;
    import->events[import->event_count] = (struct made_event){.sort_ms = event->time_ms,
                                                              .order = import->event_count,
                                                              .is_opening = is_opening,
                                                              .size = (uint32_t)size,
                                                              .bytes = bytes};
    import->event_count++;
}

static int by_subject(const void *a, const void *b)
{
    const struct kept_row *x = a, *y = b;
    int order = strcmp(x->subject, y->subject);
    return order != 0 ? order : (x->row.line > y->row.line) - (x->row.line < y->row.line);
}

/* At one instant openings come first, then each subject's events as they were made. */
static int by_time(const void *a, const void *b)
{
    const struct made_event *x = a, *y = b;
    if (x->sort_ms != y->sort_ms)
        return x->sort_ms > y->sort_ms ? 1 : -1;
    if (x->is_opening != y->is_opening)
        return x->is_opening ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static bool make_subject(struct import *import, const struct kept_row *kept, size_t count)
{
    const struct import_sink sink = {on_event, on_trouble, import};
    struct import_row *rows = calloc(count, sizeof(*rows));
    if (rows == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        rows[i] = kept[i].row;
    import->subject_start = import->event_count;
    import->opening_ms = TOC_TIME_MIN;
    import_map_order(import->map, rows, count);
    import_map_apply(import->map, import->source, kept->subject, rows, count, &sink);
    free(rows);
    /* Nothing of an issue goes before its opening, even if its clock says so. */
    for (size_t i = import->subject_start; i < import->event_count; i++)
        if (import->events[i].sort_ms < import->opening_ms)
            import->events[i].sort_ms = import->opening_ms;
    return !import->no_memory;
}

static bool make_events(struct import *import)
{
    if (import->row_count > 0)
        qsort(import->rows, import->row_count, sizeof(*import->rows), by_subject);
    for (size_t i = 0, end; i < import->row_count; i = end) {
        for (end = i + 1; end < import->row_count; end++)
            if (strcmp(import->rows[end].subject, import->rows[i].subject) != 0)
                break;
        if (!make_subject(import, &import->rows[i], end - i))
            return false;
    }
    if (import->event_count > 0)
        qsort(import->events, import->event_count, sizeof(*import->events), by_time);
    return true;
}

/* Fires what is left: time goes on behind the last event. */
static bool add_advance(struct import *import)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__ClockAdvance advance = TOCSIN__V1__CLOCK_ADVANCE__INIT;
    char id[48];
    if (import->advance_ms < 0 || import->event_count == 0)
        return true;
    advance.to_ms = import->events[import->event_count - 1].sort_ms + import->advance_ms;
    snprintf(id, sizeof(id), "advance/%lld", (long long)advance.to_ms);
    event.id = id;
    event.source = toc_wire_text(import->source);
    event.type = toc_wire_text("tocsin.clock.advance");
    event.time_ms = advance.to_ms;
    event.body_case = TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE;
    event.clock_advance = &advance;
    on_event(import, &event);
    return !import->no_memory;
}

/* --- publishing ------------------------------------------------------------------------- */

static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct client_receipt *receipt)
{
    struct import *import = arg;
    (void)cookie;
    import->done++;
    receipts_count(&import->receipts, receipt);
    bool refused = receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    if (refused && import->receipts.refused <= TOLD_MAX)
        receipts_print(stderr, false, event, receipt);
}

static enum toc_err publish_all(struct import *import, struct publisher *publisher)
{
    struct progress progress;
    enum toc_err err = TOC_OK;
    progress_begin(&progress, "publishing", import->event_count, client_mono_ms());
    for (size_t i = 0; err == TOC_OK && !client_interrupted() && i < import->event_count; i++) {
        err = publisher_add(publisher, toc_str(import->events[i].bytes, import->events[i].size), i);
        progress_show(&progress, import->done, NULL, client_mono_ms());
    }
    client_interrupt_handled();
    if (err == TOC_OK || err == TOC_ERR_AGAIN)
        err = publisher_flush(publisher);
    progress_end(&progress);
    return err;
}

static int publish(struct import *import)
{
    /* One frame at a time: events go in by time, even when a frame has to be repeated. */
    const struct publisher_config config = {.service = import->intake,
                                            .batch_max = PUBLISHER_BATCH_MAX,
                                            .window = 1,
                                            .patience_ms = PATIENCE_MS,
                                            .on_receipt = on_receipt,
                                            .arg = import};
    struct publisher *publisher = NULL;
    struct client *client;
    if (client_open(&import->where, WHO, &client) < 0)
        return no_memory();
    client_catch_interrupts();
    enum toc_err err = publisher_open(client, &config, &publisher);
    if (err == TOC_OK)
        err = publish_all(import, publisher);
    int code = err == TOC_OK ? CLI_DONE : client_fail(client);
    publisher_close(publisher);
    client_close(client);
    return code;
}

/* A dry run prints what would be published, ready for `tocsin publish`. */
static int print_events(const struct import *import)
{
    struct toc_arena arena;
    if (toc_arena_init(&arena, 64 * 1024) < 0)
        return no_memory();
    for (size_t i = 0; i < import->event_count && !ferror(stdout); i++) {
        Tocsin__V1__Event *event;
        toc_arena_reset(&arena, 0);
        struct toc_str bytes = toc_str(import->events[i].bytes, import->events[i].size);
        TOC_ASSERT(toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, bytes, &event) ==
                   TOC_OK);
        json_t *json = event_json_write(event);
        json_dumpf(json, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(json);
    }
    toc_arena_done(&arena);
    return ferror(stdout) ? CLI_FAILED : CLI_DONE;
}

/* --- the command ------------------------------------------------------------------------ */

static void print_json_summary(const struct import *import, double seconds)
{
    json_t *reasons = json_object();
    for (unsigned i = 0; i < RECEIPTS_REASONS; i++)
        if (import->receipts.by_reason[i] > 0)
            json_object_set_new(reasons, toc_refuse_name(i),
                                json_integer((json_int_t)import->receipts.by_reason[i]));
    json_t *line = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:f}", "rows", (json_int_t)import->row_count, "events",
        (json_int_t)import->event_count, "accepted", (json_int_t)import->receipts.accepted,
        "duplicates", (json_int_t)import->receipts.duplicate, "refused",
        (json_int_t)import->receipts.refused, "reasons", reasons, "troubles",
        (json_int_t)import->troubles, "seconds", seconds);
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(4));
    putchar('\n');
    json_decref(line);
}

static void print_summary(const struct import *import, double seconds)
{
    char rows[PROGRESS_NUMBER_MAX], events[PROGRESS_NUMBER_MAX];
    FILE *out = import->dry_run ? stderr : stdout;
    if (import->json && !import->dry_run) {
        print_json_summary(import, seconds);
        return;
    }
    fprintf(out, "%s rows, %s events: ", progress_number(rows, import->row_count),
            progress_number(events, import->event_count));
    if (import->dry_run)
        fprintf(out, "none published");
    else
        receipts_summary(out, &import->receipts);
    if (import->troubles > 0)
        fprintf(out, ", %llu rows with trouble", (unsigned long long)import->troubles);
    fprintf(out, ", %.1f s\n", seconds);
}

static int run(struct import *import, const char *path)
{
    toc_time_ms start_ms = client_mono_ms();
    if (!read_map(import))
        return CLI_FAILED;
    if (import->source == NULL)
        import->source = import_map_source(import->map);
    if (!read_csv(import, path))
        return CLI_FAILED;
    if (!make_events(import) || !add_advance(import))
        return no_memory();
    int code = import->dry_run ? print_events(import) : publish(import);
    print_summary(import, (double)(client_mono_ms() - start_ms) / TOC_SECOND_MS);
    bool all_well = import->troubles == 0 && import->receipts.refused == 0;
    return code == CLI_DONE && all_well ? CLI_DONE : CLI_FAILED;
}

static enum toc_conf_outcome parse(struct import *import, int argc, char **argv,
                                   struct toc_conf_list *operands)
{
    const struct toc_conf_option options[] = {
        CLIENT_OPTIONS(import->where),
        {"intake", TOC_CONF_TEXT, &import->intake, "intake", 0, 0, "NAME",
         "the intake to publish through"},
        {"map", TOC_CONF_TEXT, &import->map_path, NULL, 0, 0, "MAP.yaml",
         "how rows become events; deploy/import has some"},
        {"source", TOC_CONF_TEXT, &import->source, NULL, 0, 0, "URI",
         "source of the events, instead of the map's"},
        {"limit", TOC_CONF_NUMBER, &import->limit, "0", 0, ROWS_MAX, "N",
         "read so many rows only; 0 for all"},
        {"advance", TOC_CONF_DURATION, &import->advance_ms, NULL, 0, 0, "TIME",
         "in event time: go on so long behind the last event, so that what is due fires"},
        {"dry-run", TOC_CONF_SWITCH, &import->dry_run, NULL, 0, 0, NULL,
         "print the events instead of publishing them; needs no service"},
        {"json", TOC_CONF_SWITCH, &import->json, NULL, 0, 0, NULL, "the summary as JSON"},
    };
    const struct toc_conf conf = {
        .program = WHO,
        .summary = "Publishes the rows of a foreign export (CSV) as events, sorted by time.",
        .operands = "FILE.csv|-",
        .more = "Ids come from the rows, so importing a file twice changes nothing: everything\n"
                "comes back as duplicate. A compressed export goes through standard input:\n\n"
                "  zstdcat export.csv.zst | tocsin import --map deploy/import/servicenow.yaml -",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0])};
    import->advance_ms = -1;
    enum toc_conf_outcome outcome = toc_conf_parse(&conf, argc, argv, operands);
    if (outcome == TOC_CONF_RUN && (operands->count != 1 || import->map_path == NULL)) {
        fprintf(stderr, WHO ": needs --map MAP.yaml and one FILE.csv (see " WHO " --help)\n");
        return TOC_CONF_USAGE;
    }
    return outcome;
}

int cmd_import(int argc, char **argv)
{
    struct toc_conf_list operands = {0};
    struct import import = {0};
    enum toc_conf_outcome outcome = parse(&import, argc, argv, &operands);
    int code = outcome == TOC_CONF_USAGE ? CLI_USAGE : CLI_DONE;
    if (outcome == TOC_CONF_RUN)
        code = run(&import, operands.values[0]);
    import_map_free(import.map);
    toc_pool_done(&import.pool);
    free(import.rows);
    free(import.events);
    return code;
}
