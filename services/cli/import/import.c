#include "services/cli/client.h"
#include "services/cli/commands.h"
#include "common/json/content.h"
#include "services/cli/import/plan.h"
#include "services/cli/progress.h"
#include "services/cli/publisher.h"
#include "services/cli/receipts.h"
#include "common/json/rfc3339.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHO         "tocsin import"
#define PATIENCE_MS 30000

struct import {
    struct client_config where;
    const char *intake, *map_path, *source, *until;
    int64_t limit, advance_ms, gap_ms; /* advance_ms: -1 for none */
    bool dry_run, json;
    struct import_map *map;
    struct import_plan plan;
    struct receipts receipts;
    uint64_t done;      /* receipts */
    bool jumps_too_far; /* an event was refused for its time */
};

static int no_memory(void)
{
    fprintf(stderr, WHO ": out of memory\n");
    return CLI_FAILED;
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

/* --- the events ------------------------------------------------------------------------- */

/* The instant up to which time goes on behind the last event; TOC_TIME_MIN for none. */
static bool find_end(const struct import *import, toc_time_ms *out)
{
    const struct import_plan *plan = &import->plan;
    *out = TOC_TIME_MIN;
    if (import->until == NULL && import->advance_ms < 0)
        return true;
    if (import->until != NULL && toc_rfc3339_read(toc_str_of(import->until), out) != TOC_OK) {
        fprintf(stderr, WHO ": --until: '%s' is no instant such as 2026-01-31T00:00:00Z\n",
                import->until);
        return false;
    }
    if (plan->event_count == 0)
        return true;
    toc_time_ms last_ms = plan->events[plan->event_count - 1].sort_ms;
    if (import->until == NULL)
        *out = last_ms + import->advance_ms;
    else if (*out < last_ms)
        fprintf(stderr, WHO ": --until %s is before the last event\n", import->until);
    return *out >= last_ms;
}

static bool make_plan(struct import *import, const struct toc_conf_list *files)
{
    struct import_plan *plan = &import->plan;
    toc_time_ms end_ms;
    const char *source = import->source != NULL ? import->source : import_map_source(import->map);
    import_plan_init(plan, import->map, source, (uint64_t)import->limit);
    for (size_t i = 0; i < files->count; i++)
        if (!import_plan_read(plan, files->values[i]))
            return false;
    if (!import_plan_make(plan)) {
        no_memory();
        return false;
    }
    if (!find_end(import, &end_ms))
        return false;
    bool filled = import_plan_fill(plan, import->gap_ms, end_ms);
    if (!filled)
        no_memory();
    return filled;
}

/* --- publishing ------------------------------------------------------------------------- */

static void tell_refusal(const struct import *import, const struct import_event *made,
                         struct toc_str event, const struct toc_client_receipt *receipt)
{
    uint64_t line;
    if (import->receipts.refused > IMPORT_TOLD_MAX)
        return;
    const char *file = import_plan_place(&import->plan, made, &line);
    if (file != NULL)
        fprintf(stderr, "%s:%llu: ", file, (unsigned long long)line);
    receipts_print(stderr, false, event, receipt);
}

static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct toc_client_receipt *receipt)
{
    struct import *import = arg;
    import->done++;
    receipts_count(&import->receipts, receipt);
    if (receipt->status != TOCSIN__V1__OUTCOME__STATUS__REFUSED)
        return;
    tell_refusal(import, &import->plan.events[cookie], event, receipt);
    if (receipt->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_TIME_JUMP)
        import->jumps_too_far = true;
}

static enum toc_err publish_all(struct import *import, struct publisher *publisher)
{
    struct progress progress;
    enum toc_err err = TOC_OK;
    progress_begin(&progress, "publishing", import->plan.event_count, client_mono_ms());
    for (size_t i = 0; err == TOC_OK && !client_interrupted() && i < import->plan.event_count;
         i++) {
        err = publisher_add(publisher,
                            toc_str(import->plan.events[i].bytes, import->plan.events[i].size), i);
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
                                            .batch_max = TOC_WINDOW_BATCH_MAX,
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
    if (toc_arena_init(&arena, 4 * TOC_PRIVATE_MAX) < 0)
        return no_memory();
    for (size_t i = 0; i < import->plan.event_count && !ferror(stdout); i++) {
        Tocsin__V1__Event *event;
        toc_arena_reset(&arena, 0);
        struct toc_str bytes = toc_str(import->plan.events[i].bytes, import->plan.events[i].size);
        TOC_ASSERT(toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, bytes, &event) ==
                   TOC_OK);
        json_t *json = toc_event_json_write(event);
        if (event->private_ != NULL)
            toc_content_json_write_private(event->private_, json_object_get(json, "data"));
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
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:f}", "rows", (json_int_t)import->plan.row_count,
        "events", (json_int_t)import->plan.event_count, "accepted",
        (json_int_t)import->receipts.accepted, "late", (json_int_t)import->receipts.late,
        "duplicates", (json_int_t)import->receipts.duplicate, "refused",
        (json_int_t)import->receipts.refused, "reasons", reasons, "troubles",
        (json_int_t)import->plan.troubles, "seconds", seconds);
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
    fprintf(out, "%s rows, %s events: ", progress_number(rows, import->plan.row_count),
            progress_number(events, import->plan.event_count));
    if (import->dry_run)
        fprintf(out, "none published");
    else
        receipts_summary(out, &import->receipts);
    if (import->plan.troubles > 0)
        fprintf(out, ", troubles with rows: %llu", (unsigned long long)import->plan.troubles);
    fprintf(out, ", %.1f s\n", seconds);
}

static int run(struct import *import, const struct toc_conf_list *files)
{
    toc_time_ms start_ms = client_mono_ms();
    if (!read_map(import) || !make_plan(import, files))
        return CLI_FAILED;
    int code = import->dry_run ? print_events(import) : publish(import);
    print_summary(import, (double)(client_mono_ms() - start_ms) / TOC_SECOND_MS);
    if (import->jumps_too_far)
        fprintf(stderr, WHO ": if that time is right, import again with --gap, which goes over it "
                            "in steps; what was accepted comes back as duplicate\n");
    if (import->receipts.late > 0)
        fprintf(stderr, WHO ": the log was past the time of those that are late: they count from "
                            "the log's, not from their own. Files are sorted together: import them "
                            "at once, into a log of their own\n");
    bool all_well = import->plan.troubles == 0 && import->receipts.refused == 0;
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
        {"limit", TOC_CONF_NUMBER, &import->limit, "0", 0, IMPORT_ROWS_MAX, "N",
         "read so many rows only; 0 for all"},
        {"advance", TOC_CONF_DURATION, &import->advance_ms, NULL, 0, 0, "TIME",
         "in event time: go on so long behind the last event, so that what is due fires"},
        {"until", TOC_CONF_TEXT, &import->until, NULL, 0, 0, "INSTANT",
         "the same up to an instant, 2026-01-31T00:00:00Z"},
        {"gap", TOC_CONF_DURATION, &import->gap_ms, "0", 0, 0, "TIME",
         "in event time: go over gaps of up to so long between two events; without it intake "
         "takes 400 days and refuses what is further ahead, which may be a wrong date"},
        {"dry-run", TOC_CONF_SWITCH, &import->dry_run, NULL, 0, 0, NULL,
         "print the events instead of publishing them; needs no service"},
        {"json", TOC_CONF_SWITCH, &import->json, NULL, 0, 0, NULL, "the summary as JSON"},
    };
    const struct toc_conf conf = {
        .program = WHO,
        .summary = "Publishes the rows of a foreign export (CSV) as events, sorted by time.",
        .operands = "FILE.csv...|-",
        .more = "Ids come from the rows, so importing a file twice changes nothing: everything\n"
                "comes back as duplicate. A compressed export goes through standard input:\n\n"
                "  zstdcat export.csv.zst | tocsin import --map deploy/import/servicenow.yaml -",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0])};
    import->advance_ms = -1;
    enum toc_conf_outcome outcome = toc_conf_parse(&conf, argc, argv, operands);
    if (outcome == TOC_CONF_RUN && (operands->count == 0 || import->map_path == NULL)) {
        fprintf(stderr, WHO ": needs --map MAP.yaml and a FILE.csv (see " WHO " --help)\n");
        return TOC_CONF_USAGE;
    }
    if (outcome == TOC_CONF_RUN && import->until != NULL && import->advance_ms >= 0) {
        fprintf(stderr, WHO ": --advance and --until say the same; give one\n");
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
        code = run(&import, &operands);
    import_map_free(import.map);
    import_plan_done(&import.plan);
    return code;
}
