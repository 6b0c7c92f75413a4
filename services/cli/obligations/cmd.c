/* `tocsin obligations`: what became of every page, from the notifier's log alone. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/obligations/ledger.h"
#include "services/cli/progress.h"
#include "services/cli/view.h"
#include "services/cli/when.h"
#include "services/cli/whole_log.h"

#include <stdlib.h>

static struct view view;
static int64_t limit;
static const char *from_text, *to_text, *zone_name;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"limit", TOC_CONF_NUMBER, &limit, "100", 1, 100000, "N",
     "lines of faults and of pending pages that are shown at most; all are counted"},
    {"from", TOC_CONF_TEXT, &from_text, NULL, 0, 0, "T",
     "leave out what was found, and pages that were planned, before that; the log is read from its "
     "beginning all the same"},
    {"to", TOC_CONF_TEXT, &to_text, NULL, 0, 0, "T", "what was so at that instant"},
    {"zone", TOC_CONF_TEXT, &zone_name, NULL, 0, 0, "ZONE",
     "in which --from and --to are read; without it the reader's"},
};

struct job {
    struct ledger *ledger;
    struct ledger_fault *faults; /* the first `limit` of them */
    size_t kept;
    uint64_t found; /* since --from */
    toc_time_ms from_ms, to_ms;
    struct print_table *table; /* of pending pages; NULL with --json */
    size_t lines;
    toc_time_ms now_ms;
    enum toc_err err;
};

/* --- reading ------------------------------------------------------------------------------ */

static void take_fault(void *arg, const struct ledger_fault *fault)
{
    struct job *job = arg;
    if (fault->at_ms < job->from_ms)
        return;
    job->found++;
    if (job->kept < (size_t)limit)
        job->faults[job->kept++] = *fault;
}

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct job *job = arg;
    (void)bytes;
    if (record->at_ms >= job->to_ms)
        return false;
    if (job->ledger == NULL)
        job->err = ledger_new(record->seq == 1, LEDGER_PATIENCE_MS, take_fault, job, &job->ledger);
    if (job->err == TOC_OK)
        job->err = ledger_record(job->ledger, &view.arena, record);
    return job->err == TOC_OK;
}

/* --- lines -------------------------------------------------------------------------------- */

static bool has_alert(const struct ledger_page *page)
{
    static const uint8_t none[TOC_ID];
    return memcmp(page->alert, none, TOC_ID) != 0;
}

static void print_fault(const struct ledger_fault *fault)
{
    const struct ledger_page *page = &fault->page;
    char id[2 * TOC_ID + 1];
    toc_hex(id, page->alert, VIEW_SHORT_ID / 2);
    print_styled(&view.print, PRINT_RED, "%s", fault->name);
    printf(": %s\n   ", fault->text);
    if (has_alert(page))
        print_styled(&view.print, PRINT_CYAN, " alert %s", id);
    else if (page->alert_number != 0)
        printf(" alert number %llu", (unsigned long long)page->alert_number);
    if (page->delivery[0] != '\0')
        print_styled(&view.print, PRINT_PLAIN, " page %s to %s, step %u, round %u", page->delivery,
                     page->contact, page->step + 1, page->round + 1);
    if (fault->seq != 0)
        printf("; record %llu", (unsigned long long)fault->seq);
    if (fault->before_seq != 0)
        printf("%s record %llu", fault->seq != 0 ? " does not fit" : ";",
               (unsigned long long)fault->before_seq);
    fputc('\n', stdout);
}

static void json_page(struct print_json *json, const struct ledger_page *page)
{
    print_json_hex(json, "alert", toc_str(page->alert, has_alert(page) ? TOC_ID : 0));
    print_json_u64(json, "alert_number", page->alert_number);
    print_json_text(json, "delivery", page->delivery);
    print_json_text(json, "contact", page->contact);
    print_json_int(json, "step", page->step);
    print_json_int(json, "round", page->round);
}

static void json_fault(const struct ledger_fault *fault)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "fault", fault->name);
    print_json_text(&json, "text", fault->text);
    print_json_u64(&json, "seq", fault->seq);
    print_json_u64(&json, "before_seq", fault->before_seq);
    json_page(&json, &fault->page);
    print_json_close(&json);
}

/* Why it has not ended, as far as the log says. */
static void why_pending(char *out, size_t out_size, const struct ledger_pending *pending,
                        toc_time_ms now_ms)
{
    char left[MOMENT_MAX] = "";
    bool ends = pending->ends_ms != 0 && pending->ends_ms != TOC_TIME_NEVER;
    bool ahead = pending->ends_ms > now_ms;
    int at = pending->waits ? snprintf(out, out_size, "waits for others of its group")
             : pending->attempts == 0
                 ? snprintf(out, out_size, "no attempt is recorded")
                 : snprintf(out, out_size, "attempt %u: %s", pending->attempts, pending->outcome);
    if (at >= 0 && (size_t)at < out_size && ends)
        snprintf(out + at, out_size - (size_t)at, "; its %s %s",
                 pending->page.alert_number == 0
                     ? ahead ? "time is over in" : "time was over before"
                 : ahead ? "step goes on in"
                         : "step should have gone on before",
                 moment_span(left, ahead ? pending->ends_ms - now_ms : now_ms - pending->ends_ms));
}

static void json_pending(const struct ledger_pending *pending, const char *why, toc_time_ms now_ms)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "pending", why);
    print_json_text(&json, "kind", pending->kind);
    print_json_u64(&json, "seq", pending->opened_seq);
    print_json_int(&json, "planned_ms", pending->planned_ms);
    print_json_int(&json, "age_ms", now_ms - pending->planned_ms);
    print_json_int(&json, "attempts", pending->attempts);
    print_json_text(&json, "outcome", pending->outcome);
    json_page(&json, &pending->page);
    print_json_close(&json);
}

static void add_pending(void *arg, const struct ledger_pending *pending)
{
    struct job *job = arg;
    char why[200], age[MOMENT_MAX], id[2 * TOC_ID + 1];
    if (pending->planned_ms < job->from_ms || job->lines++ >= (size_t)limit)
        return;
    why_pending(why, sizeof(why), pending, job->now_ms);
    if (job->table == NULL) {
        json_pending(pending, why, job->now_ms);
        return;
    }
    toc_hex(id, pending->page.alert, VIEW_SHORT_ID / 2);
    print_table_row(job->table);
    print_table_cell(job->table, PRINT_CYAN, "%s", has_alert(&pending->page) ? id : "");
    print_table_cell(job->table, PRINT_PLAIN, "%u/%u%s%s", pending->page.step + 1,
                     pending->page.round + 1, pending->kind[0] != '\0' ? " " : "", pending->kind);
    print_table_cell(job->table, PRINT_BOLD, "%s", pending->page.contact);
    print_table_cell(job->table, PRINT_PLAIN, "%s",
                     moment_span(age, job->now_ms - pending->planned_ms));
    print_table_cell(job->table, PRINT_PLAIN, "%s", why);
}

/* --- the result --------------------------------------------------------------------------- */

static int no_memory(void)
{
    fprintf(stderr, "%s: out of memory\n", view.who);
    return CLI_FAILED;
}

static int show_pending(struct job *job)
{
    static const struct print_column columns[] = {
        {"PENDING", PRINT_LEFT, 0}, {"STEP/ROUND", PRINT_LEFT, 0}, {"PERSON", PRINT_LEFT, 10},
        {"AGE", PRINT_RIGHT, 0},    {"WHY", PRINT_LEFT, 20},
    };
    if (ledger_counts(job->ledger)->pending == 0)
        return CLI_DONE;
    job->table = view.json ? NULL : print_table_new(columns, sizeof(columns) / sizeof(columns[0]));
    if (!view.json && job->table == NULL)
        return no_memory();
    enum toc_err err = ledger_pending(job->ledger, add_pending, job);
    if (job->table != NULL && err == TOC_OK) {
        print_table_write(job->table, &view.print);
        fputc('\n', stdout);
    }
    print_table_free(job->table);
    return err < 0 ? no_memory() : CLI_DONE;
}

static void say_count(uint64_t count, const char *what)
{
    char number[PROGRESS_NUMBER_MAX];
    printf("%s %s", progress_number(number, count), what);
}

static void print_summary(const struct job *job)
{
    const struct ledger_counts *counts = ledger_counts(job->ledger);
    say_count(counts->alerts, "alerts, ");
    say_count(counts->pages, "pages, ");
    say_count(counts->attempts, "attempts\n");
    for (int state = TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
         state <= TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED; state++) {
        char name[FIELDS_ENUM_MAX];
        say_count(counts->ended[state],
                  fields_enum(name, &tocsin__v1__page_state__descriptor, state));
        fputs(", ", stdout);
    }
    say_count(counts->pending, "pending\n");
    if (counts->crossed > 0)
        say_count(counts->crossed, "were under way when their page ended, and were not repeated\n");
    if (counts->undated > 0)
        say_count(counts->undated, "of these do not say when they began\n");
    if (counts->adopted > 0)
        say_count(counts->adopted, "pages were opened before this log begins\n");
    if (job->found == 0)
        print_styled(&view.print, PRINT_GREEN, "Every page that has ended did so once.");
    else
        print_styled(&view.print, PRINT_RED, "%llu faults.", (unsigned long long)job->found);
    fputc('\n', stdout);
}

static void json_summary(const struct job *job, bool stopped)
{
    const struct ledger_counts *counts = ledger_counts(job->ledger);
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_bool(&json, "clean", job->found == 0);
    print_json_u64(&json, "faults", job->found);
    print_json_u64(&json, "records", counts->records);
    print_json_u64(&json, "alerts", counts->alerts);
    print_json_u64(&json, "pages", counts->pages);
    print_json_u64(&json, "attempts", counts->attempts);
    for (int state = TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
         state <= TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED; state++) {
        char name[FIELDS_ENUM_MAX];
        print_json_u64(&json, fields_enum(name, &tocsin__v1__page_state__descriptor, state),
                       counts->ended[state]);
    }
    print_json_u64(&json, "pending", counts->pending);
    print_json_u64(&json, "crossed", counts->crossed);
    print_json_u64(&json, "undated", counts->undated);
    print_json_u64(&json, "adopted", counts->adopted);
    print_json_bool(&json, "stopped", stopped);
    print_json_close(&json);
}

static int show(struct job *job, bool stopped)
{
    job->now_ms = stopped ? moment_now() : view_now(&view);
    if (job->to_ms < job->now_ms)
        job->now_ms = job->to_ms;
    for (size_t i = 0; i < job->kept; i++) {
        if (view.json)
            json_fault(&job->faults[i]);
        else
            print_fault(&job->faults[i]);
    }
    if (show_pending(job) != CLI_DONE)
        return CLI_FAILED;
    if (view.json)
        json_summary(job, stopped);
    else
        print_summary(job);
    return job->found == 0 ? CLI_DONE : CLI_FAILED;
}

static int check(struct job *job)
{
    const struct whole_log log = {
        .service = "notifier", .what = "checking pages", .on_record = take_record, .arg = job};
    bool stopped;
    client_catch_interrupts();
    if (whole_log_read(&view, &log, &stopped) != CLI_DONE)
        return CLI_FAILED;
    if (job->ledger == NULL && job->err == TOC_OK) /* an empty log */
        job->err = ledger_new(true, LEDGER_PATIENCE_MS, take_fault, job, &job->ledger);
    if (job->err < 0) {
        fprintf(stderr, "%s: %s\n", view.who, toc_err_text(job->err));
        return CLI_FAILED;
    }
    ledger_end(job->ledger);
    return show(job, stopped);
}

static bool read_when(const char *name, const char *text, const struct toc_tz *zone,
                      toc_time_ms preset, toc_time_ms *out)
{
    *out = preset;
    if (text == NULL || when_read(toc_str_of(text), zone, moment_now(), out))
        return true;
    fprintf(stderr, "%s: --%s is no time: '%s'\n", view.who, name, text);
    return false;
}

static int run(void)
{
    struct job job = {0};
    struct toc_tz *zone = when_zone(view.who, zone_name);
    bool good = zone != NULL && read_when("from", from_text, zone, TOC_TIME_MIN, &job.from_ms) &&
                read_when("to", to_text, zone, TOC_TIME_NEVER, &job.to_ms);
    toc_tz_free(zone);
    if (!good)
        return CLI_USAGE;
    job.faults = calloc((size_t)limit, sizeof(*job.faults));
    int code = job.faults != NULL ? check(&job) : no_memory();
    ledger_free(job.ledger);
    free(job.faults);
    return code;
}

int cmd_obligations(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin obligations",
        .summary = "Proves from the notifier's log alone that every page ended once: each (alert,\n"
                   "round, step, person) that was to be paged came to exactly one end or is\n"
                   "pending still, and nothing was sent after an acknowledgement. Of a suite\n"
                   "that was stopped it reads the log under DIR. Exit 1 when something does not\n"
                   "fit.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code))
        code = run();
    view_end(&view);
    return code;
}
