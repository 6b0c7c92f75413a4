#include "services/cli/status.h"

#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/up/dir.h"
#include "services/cli/view.h"

#include <stdarg.h>
#include <time.h>

#define POLL_MS       50
#define ARENA_BYTES   (1024 * 1024)
#define WHY_BYTES     200
#define FULL_PERCENT  80 /* from here on intake takes acknowledgements only */
#define WARN_PERCENT  60
#define SERVICE_COUNT 6

static const char *const all_services[SERVICE_COUNT] = {"intake",   "router", "sla",
                                                        "notifier", "audit",  "outcomes"};

/* --- asking -------------------------------------------------------------------------------- */

struct one {
    struct toc_arena *arena;
    Tocsin__V1__Status *status;
    enum toc_err err;
};

static bool take_status(void *arg, struct toc_str row)
{
    struct one *one = arg;
    one->err = toc_wire_unpack(one->arena, &tocsin__v1__status__descriptor, row, &one->status);
    return false;
}

enum toc_err status_ask(struct client *client, struct toc_arena *arena, const char *service,
                        Tocsin__V1__Status **out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct one one = {arena, NULL, TOC_OK};
    ask.what = TOCSIN__V1__ASK__WHAT__STATUS;
    enum toc_err err = client_ask(client, service, &ask, take_status, &one);
    if (err != TOC_OK)
        return err;
    if (one.err < 0 || one.status == NULL)
        return one.err < 0 ? one.err : TOC_ERR_MALFORMED;
    *out = one.status;
    return TOC_OK;
}

char *status_why_not(const Tocsin__V1__Status *status, char *out, size_t out_size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < status->n_upstreams; i++) {
        const Tocsin__V1__UpstreamStatus *up = status->upstreams[i];
        const char *why = up->stopped[0] != '\0' ? up->stopped : "silent";
        if ((up->stopped[0] == '\0' && up->live) || at >= out_size)
            continue;
        at += (size_t)snprintf(out + at, out_size - at, "%s%s: %s", at > 0 ? "; " : "",
                               up->endpoint, why);
    }
    if (at == 0 && !status->ready)
        snprintf(out, out_size, "not ready yet");
    return out;
}

/* --- waiting ------------------------------------------------------------------------------- */

static void pause_ms(toc_time_ms ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

/* True when it is; otherwise `why` says what is missing. */
static bool is_ready(struct client *client, struct toc_arena *arena, const char *service,
                     char why[WHY_BYTES])
{
    Tocsin__V1__Status *status;
    toc_arena_reset(arena, 0);
    enum toc_err err = client_hello(client, service, 200, NULL);
    if (err == TOC_OK)
        err = status_ask(client, arena, service, &status);
    if (err != TOC_OK) {
        snprintf(why, WHY_BYTES, "%s", client_error(client));
        return false;
    }
    status_why_not(status, why, WHY_BYTES);
    return status->ready;
}

static int wait_with(struct client *client, struct toc_arena *arena, const char *const services[],
                     size_t count, toc_time_ms timeout_ms)
{
    toc_time_ms end = client_mono_ms() + timeout_ms;
    char why[WHY_BYTES];
    for (size_t i = 0; i < count; i++) {
        while (!is_ready(client, arena, services[i], why)) {
            if (client_interrupted() || client_mono_ms() >= end) {
                fprintf(stderr, "tocsin: %s is not ready: %s\n", services[i], why);
                return CLI_FAILED;
            }
            pause_ms(POLL_MS);
        }
    }
    return CLI_DONE;
}

int status_wait(struct client *client, const char *const services[], size_t count,
                toc_time_ms timeout_ms)
{
    struct toc_arena arena;
    if (toc_arena_init(&arena, ARENA_BYTES) < 0)
        return CLI_FAILED;
    int code = wait_with(client, &arena, services, count, timeout_ms);
    toc_arena_done(&arena);
    return code;
}

/* --- the command --------------------------------------------------------------------------- */

static struct view view;
static int64_t wait_for_ms;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {.name = "wait",
     .type = TOC_CONF_DURATION,
     .value = &wait_for_ms,
     .preset = "0",
     .argument = "TIME",
     .help = "first wait until all are ready and a policy is in force, at most so long"},
};

/* True when the services that go by a policy all have intake's; otherwise `why` names one. */
static bool have_policy(char why[WHY_BYTES])
{
    static const char *const names[] = {"intake", "router", "sla", "notifier"};
    uint32_t wanted = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        Tocsin__V1__Status *status;
        toc_arena_reset(&view.arena, 0);
        if (status_ask(view.client, &view.arena, names[i], &status) != TOC_OK) {
            snprintf(why, WHY_BYTES, "%s", client_error(view.client));
            return false;
        }
        if (i == 0)
            wanted = status->policy;
        if (status->policy == 0 || status->policy != wanted) {
            snprintf(why, WHY_BYTES, "%s has %s policy yet", names[i],
                     status->policy == 0 ? "no" : "not the latest");
            return false;
        }
    }
    return true;
}

/* Whether an event would be triaged and its clocks run; `tocsin up` applies its policy last. */
static bool takes_events(char why[WHY_BYTES])
{
    if (!up_dir_is_settling(view.config.data_dir))
        return have_policy(why);
    snprintf(why, WHY_BYTES, "`tocsin up` has not applied its policy yet");
    return false;
}

static int wait_for_events(void)
{
    toc_time_ms end = client_mono_ms() + wait_for_ms;
    char why[WHY_BYTES];
    if (status_wait(view.client, all_services, SERVICE_COUNT, wait_for_ms) != CLI_DONE)
        return CLI_FAILED;
    while (!takes_events(why)) {
        if (client_interrupted() || client_mono_ms() >= end) {
            fprintf(stderr, "tocsin: not ready for events: %s\n", why);
            return CLI_FAILED;
        }
        pause_ms(POLL_MS);
    }
    toc_arena_reset(&view.arena, 0);
    return CLI_DONE;
}

static const struct print_column columns[] = {
    {"SERVICE", PRINT_LEFT, 0}, {"STATE", PRINT_LEFT, 0},   {"LOG", PRINT_LEFT, 0},
    {"SEQ", PRINT_RIGHT, 0},    {"BEHIND", PRINT_LEFT, 12}, {"LOG TIME", PRINT_RIGHT, 0},
    {"POLICY", PRINT_RIGHT, 0}, {"STORE", PRINT_RIGHT, 0},  {"WHY NOT", PRINT_LEFT, 10},
};

/* "sla 12": records that are still to come, by upstream; "0" when there are none. */
static void write_behind(const Tocsin__V1__Status *status, char *out, size_t out_size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < status->n_upstreams && at < out_size; i++) {
        const Tocsin__V1__UpstreamStatus *up = status->upstreams[i];
        uint64_t lag = up->head_seq > up->cursor_seq ? up->head_seq - up->cursor_seq : 0;
        if (lag > 0)
            at += (size_t)snprintf(out + at, out_size - at, "%s%s %llu", at > 0 ? ", " : "",
                                   up->endpoint, (unsigned long long)lag);
    }
    if (at == 0 && status->n_upstreams > 0)
        snprintf(out, out_size, "0");
}

static bool is_stopped(const Tocsin__V1__Status *status)
{
    for (size_t i = 0; i < status->n_upstreams; i++)
        if (status->upstreams[i]->stopped[0] != '\0')
            return true;
    return false;
}

static enum print_style store_style(unsigned percent)
{
    return percent >= FULL_PERCENT   ? PRINT_RED
           : percent >= WARN_PERCENT ? PRINT_YELLOW
                                     : PRINT_PLAIN;
}

/* How old log time is; event time has nothing to do with now. */
static void write_age(const Tocsin__V1__Status *status, char out[MOMENT_MAX])
{
    toc_time_ms age_ms = moment_now() - status->log_ms;
    if (status->log_ms <= 0 || status->log_ms == TOC_TIME_NEVER)
        snprintf(out, MOMENT_MAX, "none yet");
    else if (age_ms > TOC_DAY_MS || age_ms < -TOC_MINUTE_MS)
        moment_near(out, status->log_ms, moment_now());
    else
        moment_span(out, age_ms > 0 ? age_ms : 0);
}

static void add_row(struct print_table *table, const Tocsin__V1__Status *status)
{
    char behind[PRINT_CELL_MAX], why[WHY_BYTES], age[MOMENT_MAX];
    const char *state = is_stopped(status) ? "stopped" : status->ready ? "ready" : "not ready";
    enum print_style style = is_stopped(status) ? PRINT_RED
                             : status->ready    ? PRINT_GREEN
                                                : PRINT_YELLOW;
    write_behind(status, behind, sizeof(behind));
    write_age(status, age);
    print_table_row(table);
    print_table_cell(table, PRINT_BOLD, "%s", status->service);
    print_table_cell(table, style, "%s", state);
    print_table_cell(table, PRINT_DIM, "%08llx", (unsigned long long)status->log_id >> 32);
    print_table_cell(table, PRINT_PLAIN, "%llu", (unsigned long long)status->last_seq);
    print_table_cell(table, PRINT_PLAIN, "%s", behind);
    print_table_cell(table, PRINT_PLAIN, "%s", age);
    if (status->policy != 0)
        print_table_cell(table, PRINT_PLAIN, "%u", status->policy);
    else
        print_table_cell(table, PRINT_PLAIN, "%s", "");
    print_table_cell(table, store_style(status->percent_used), "%u%%", status->percent_used);
    print_table_cell(table, style, "%s", status_why_not(status, why, sizeof(why)));
}

static void add_absent(struct print_table *table, const char *service)
{
    print_table_row(table);
    print_table_cell(table, PRINT_BOLD, "%s", service);
    print_table_cell(table, PRINT_RED, "no answer");
    for (int i = 0; i < 6; i++)
        print_table_cell(table, PRINT_PLAIN, "%s", "");
    print_table_cell(table, PRINT_RED, "is `tocsin up` running?");
}

static void print_absent_json(const char *service, const char *why)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "service", service);
    print_json_bool(&json, "ready", false);
    print_json_text(&json, "why_not", why);
    print_json_close(&json);
}

/* What an operator has to do though every service is well. */
static char remark[2 * WHY_BYTES];

/* A line of it. */
__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    size_t used = strlen(remark);
    va_list args;
    if (used > 0 && used + 1 < sizeof(remark))
        remark[used++] = '\n';
    va_start(args, format);
    vsnprintf(remark + used, sizeof(remark) - used, format, args);
    va_end(args);
}

static void note_intake(const Tocsin__V1__Status *status)
{
    char moment[MOMENT_MAX];
    if (status->exempt_over + status->exempt_held > 0)
        note("%llu exempt events came in over a quota and %llu were held, the last %s: see "
             "exempt_over_quota in %s's log",
             (unsigned long long)status->exempt_over, (unsigned long long)status->exempt_held,
             moment_near(moment, status->exempt_ms, moment_now()), status->service);
    if (status->held > 0)
        note("%llu held in %s's quarantine since %s: tocsin quarantine list",
             (unsigned long long)status->held, status->service,
             moment_near(moment, status->held_ms, moment_now()));
}

static void note_notifier(const Tocsin__V1__Status *status)
{
    char moment[MOMENT_MAX];
    if (status->beats && status->beats_missed > 0 && status->beat_ms == 0)
        note("no heartbeat of %s was taken: see heartbeat_missed in its log", status->service);
    else if (status->beats && status->beats_missed > 0)
        note("the last heartbeat of %s was taken %s: see heartbeat_missed in its log",
             status->service, moment_near(moment, status->beat_ms, moment_now()));
}

/* Alerts that came together. */
static void note_storms(void)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__GROUPS;
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__alert_group__descriptor, &rows) != CLI_DONE)
        return;
    unsigned groups = 0, alerts = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__AlertGroup *group = rows.items[i];
        if (!group->storm)
            continue;
        groups++;
        alerts += group->open;
    }
    if (groups > 0)
        note("%u alerts wait at once in %u group%s: tocsin alerts --groups", alerts, groups,
             groups > 1 ? "s" : "");
}

/* Adds one service; false when it does not answer, is not ready or has stopped. */
static bool show_service(struct print_table *table, const char *service)
{
    Tocsin__V1__Status *status;
    enum toc_err err = client_hello(view.client, service, 1000, NULL);
    if (err == TOC_OK)
        err = status_ask(view.client, &view.arena, service, &status);
    if (err != TOC_OK) {
        if (view.json)
            print_absent_json(service, client_error(view.client));
        else
            add_absent(table, service);
        return false;
    }
    if (view.json)
        fields_json_line(stdout, &status->base, true);
    else
        add_row(table, status);
    note_intake(status);
    note_notifier(status);
    if (strcmp(service, "notifier") == 0)
        note_storms();
    return status->ready && !is_stopped(status);
}

static int show_all(void)
{
    struct print_table *table = print_table_new(columns, sizeof(columns) / sizeof(columns[0]));
    bool good = true;
    if (table == NULL)
        return CLI_FAILED;
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        good = show_service(table, all_services[i]) && good;
    if (!view.json)
        print_table_write(table, &view.print);
    if (!view.json && remark[0] != '\0')
        fprintf(view.print.out, "%s%s%s\n", print_begin(&view.print, PRINT_YELLOW), remark,
                print_end(&view.print, PRINT_YELLOW));
    print_table_free(table);
    return good ? CLI_DONE : CLI_FAILED;
}

int cmd_status(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin status",
        .summary = "How every service is: its log, how far behind it follows the others, its "
                   "policy, its store.",
        .more = "Exit status 1 when one does not answer, is not ready or has stopped.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code)) {
        code = CLI_DONE;
        if (wait_for_ms > 0)
            code = wait_for_events();
        code = show_all() == CLI_DONE ? code : CLI_FAILED;
    }
    view_end(&view);
    return code;
}
