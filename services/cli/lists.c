/* `tocsin issues`, `clocks` and `alerts`: what is open, in the order of its urgency. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/people.h"
#include "services/cli/view.h"

#include <stdlib.h>
#include <time.h>

#define REFERENCE_MAX 200
#define LIMIT_PRESET  "50"

static struct view view;
static const char *queue, *state;
static bool all, watch, waiting;
static int64_t limit;

#define LIST_OPTIONS(states)                                                                       \
    VIEW_OPTIONS(view),                                                                            \
        {"queue", TOC_CONF_TEXT, &queue, NULL, 0, 0, "NAME", "only of this queue"},                \
        {"state", TOC_CONF_TEXT, &state, NULL, 0, 0, "STATE", "only in this state: " states},      \
        {"all", TOC_CONF_SWITCH, &all, NULL, 0, 0, NULL, "with those that are over"},              \
    {                                                                                              \
        "limit", TOC_CONF_NUMBER, &limit, LIMIT_PRESET, 0, VIEW_ROWS_MAX, "N",                     \
            "lines at most; 0 for as many as there are"                                            \
    }

/* --- shared -------------------------------------------------------------------------------- */

/* How many more there were than `--limit` let through. */
struct shown {
    size_t lines, left_out;
    bool not_asked; /* there are others that were not even asked for */
};

static bool take_line(struct shown *shown)
{
    if (limit > 0 && shown->lines >= (size_t)limit) {
        shown->left_out++;
        return false;
    }
    shown->lines++;
    return true;
}

static void print_summary(const struct shown *shown, const char *what)
{
    if (view.json)
        return;
    if (shown->lines == 0)
        print_styled(&view.print, PRINT_DIM, all || state != NULL ? "no %s" : "no %s are open",
                     what);
    else if (shown->not_asked)
        print_styled(&view.print, PRINT_DIM, "and more (--limit 0 shows all)");
    else if (shown->left_out > 0)
        print_styled(&view.print, PRINT_DIM, "and %zu more (--limit 0 shows all)", shown->left_out);
    if (shown->lines == 0 || shown->left_out > 0 || shown->not_asked)
        fputc('\n', view.print.out);
}

static bool in_state(const ProtobufCEnumDescriptor *type, int value)
{
    char name[FIELDS_ENUM_MAX];
    return state == NULL || strcmp(fields_enum(name, type, value), state) == 0;
}

static bool in_queue(const char *name)
{
    return queue == NULL || strcmp(name, queue) == 0;
}

static void add_enum(struct print_table *table, enum print_style style,
                     const ProtobufCEnumDescriptor *type, int value)
{
    char name[FIELDS_ENUM_MAX];
    print_table_cell(table, style, "%s", value == 0 ? "" : fields_enum(name, type, value));
}

/* As policies spell it: P1. */
static const char *priority_of(unsigned priority)
{
    return priority == 0 ? "" : toc_priority_name(priority);
}

static void add_id(struct print_table *table, const ProtobufCBinaryData *id)
{
    char digits[2 * TOC_ID + 1];
    print_table_cell(table, PRINT_CYAN, "%s", view_short_id(digits, id));
}

static void add_reference(struct print_table *table, const char *source, const char *subject)
{
    print_table_cell(table, PRINT_PLAIN, "%s#%s", source, subject);
}

static void add_instant(struct print_table *table, toc_time_ms at_ms, toc_time_ms now_ms)
{
    char text[MOMENT_MAX];
    bool set = at_ms != 0 && at_ms != TOC_TIME_NEVER;
    print_table_cell(table, PRINT_PLAIN, "%s", set ? moment_near(text, at_ms, now_ms) : "");
}

static void prepare(Tocsin__V1__Ask *ask, Tocsin__V1__Ask__What what)
{
    tocsin__v1__ask__init(ask);
    ask->what = what;
    ask->all = all || state != NULL;
    ask->queue = toc_wire_text(queue != NULL ? queue : "");
}

/* What is written of one answer; `now` is what countdowns count to. */
typedef int (*list_fn)(const struct view_rows *rows, struct shown *shown, toc_time_ms now);

static int ask_and_write(const char *service, Tocsin__V1__Ask__What what,
                         const ProtobufCMessageDescriptor *type, list_fn write, const char *noun)
{
    Tocsin__V1__Ask ask;
    struct view_rows rows;
    struct shown shown = {0, 0, false};
    size_t mark = toc_arena_mark(&view.arena);
    prepare(&ask, what);
    int code = view_ask(&view, service, &ask, type, &rows);
    if (code == CLI_DONE)
        code = write(&rows, &shown, view_now(&view));
    if (code == CLI_DONE)
        print_summary(&shown, noun);
    toc_arena_reset(&view.arena, mark);
    return code;
}

static int out_of_memory(void)
{
    fprintf(stderr, "%s: out of memory\n", view.who);
    return CLI_FAILED;
}

/* Writes the table unless it is empty. */
static int finish(struct print_table *table, const struct shown *shown)
{
    if (!view.json && shown->lines > 0)
        print_table_write(table, &view.print);
    print_table_free(table);
    return CLI_DONE;
}

/* --- issues -------------------------------------------------------------------------------- */

static const struct print_column issue_columns[] = {
    {"ISSUE", PRINT_LEFT, 0},    {"REFERENCE", PRINT_LEFT, 14}, {"STATE", PRINT_LEFT, 0},
    {"PRIO", PRINT_LEFT, 0},     {"QUEUE", PRINT_LEFT, 8},      {"ASSIGNEE", PRINT_LEFT, 8},
    {"CATEGORY", PRINT_LEFT, 8}, {"OPENED", PRINT_LEFT, 0},     {"CHANGED", PRINT_LEFT, 0},
};

/* Most urgent first: by priority (none set comes last), then by age. */
static int compare_issues(const void *a, const void *b)
{
    const Tocsin__V1__Issue *left = *(Tocsin__V1__Issue *const *)a;
    const Tocsin__V1__Issue *right = *(Tocsin__V1__Issue *const *)b;
    unsigned first = left->priority != 0 ? (unsigned)left->priority : 9;
    unsigned second = right->priority != 0 ? (unsigned)right->priority : 9;
    if (first != second)
        return first < second ? -1 : 1;
    return left->opened_ms < right->opened_ms ? -1 : left->opened_ms > right->opened_ms;
}

static void add_issue(struct print_table *table, const Tocsin__V1__Issue *issue, toc_time_ms now)
{
    enum print_style style = view_priority_style((unsigned)issue->priority);
    print_table_row(table);
    add_id(table, &issue->id);
    add_reference(table, issue->source, issue->subject);
    add_enum(table, PRINT_PLAIN, &tocsin__v1__issue_state__descriptor, (int)issue->state);
    print_table_cell(table, style, "%s", priority_of((unsigned)issue->priority));
    print_table_cell(table, PRINT_PLAIN, "%s", issue->queue);
    print_table_cell(table, PRINT_PLAIN, "%s", issue->assignee);
    print_table_cell(table, PRINT_PLAIN, "%s%s", issue->category, issue->test ? " (test)" : "");
    add_instant(table, issue->opened_ms, now);
    add_instant(table, issue->changed_ms, now);
}

static int write_issues(const struct view_rows *rows, struct shown *shown, toc_time_ms now)
{
    struct print_table *table = print_table_new(issue_columns, 9);
    if (table == NULL)
        return out_of_memory();
    qsort(rows->items, rows->count, sizeof(rows->items[0]), compare_issues);
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__Issue *issue = rows->items[i];
        bool over = issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
                    issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
        if (!in_queue(issue->queue) || (over && !all && state == NULL) ||
            !in_state(&tocsin__v1__issue_state__descriptor, (int)issue->state) || !take_line(shown))
            continue;
        if (view.json)
            fields_json_line(stdout, &issue->base, true);
        else
            add_issue(table, issue, now);
    }
    return finish(table, shown);
}

/* --- clocks -------------------------------------------------------------------------------- */

static const struct print_column clock_columns[] = {
    {"LEFT", PRINT_RIGHT, 0},   {"DUE", PRINT_LEFT, 0},        {"PRIO", PRINT_LEFT, 0},
    {"QUEUE", PRINT_LEFT, 8},   {"METRIC", PRINT_LEFT, 8},     {"STATE", PRINT_LEFT, 0},
    {"TARGET", PRINT_RIGHT, 0}, {"REFERENCE", PRINT_LEFT, 14}, {"ISSUE", PRINT_LEFT, 0},
};

/* One clock with the issue that it belongs to. */
struct clock_line {
    const Tocsin__V1__IssueClocks *issue;
    const Tocsin__V1__Clock *clock;
};

static bool is_running(const Tocsin__V1__Clock *clock)
{
    return clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
}

static bool is_over(const Tocsin__V1__Clock *clock)
{
    return clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET ||
           clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED ||
           clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_INACTIVE;
}

/* A date by hand comes to a clock that stands still as well. */
static bool has_due(const Tocsin__V1__Clock *clock)
{
    return is_running(clock) || (!is_over(clock) && clock->manual_due_ms != 0);
}

/* Where a clock stands in the list: what has a due by that, then paused ones, then the rest. */
static toc_time_ms rank_of(const Tocsin__V1__Clock *clock)
{
    if (has_due(clock))
        return clock->due_ms;
    return is_over(clock) ? TOC_TIME_NEVER : TOC_TIME_NEVER - 1;
}

static int compare_clocks(const void *a, const void *b)
{
    const struct clock_line *left = a, *right = b;
    toc_time_ms first = rank_of(left->clock), second = rank_of(right->clock);
    if (first != second)
        return first < second ? -1 : 1;
    return left->issue->opened_ms < right->issue->opened_ms   ? -1
           : left->issue->opened_ms > right->issue->opened_ms ? 1
                                                              : 0;
}

/* The most urgent clocks so far, as many as lines are wanted, the least urgent last. */
static struct {
    toc_time_ms ranks[VIEW_ROWS_MAX];
    size_t count;
    bool stopped;
} urgent;

/* What is left until the breach: wall time up to a due, working time while it is paused. */
static void add_left(struct print_table *table, const Tocsin__V1__Clock *clock, toc_time_ms now)
{
    char text[MOMENT_MAX];
    toc_time_ms left = has_due(clock) ? clock->due_ms - now : clock->target_ms - clock->elapsed_ms;
    enum print_style style = left < 0                      ? PRINT_RED
                             : left < clock->target_ms / 4 ? PRINT_YELLOW
                                                           : PRINT_GREEN;
    if (is_over(clock))
        print_table_cell(table, PRINT_PLAIN, "%s", "");
    else
        print_table_cell(table, has_due(clock) ? style : PRINT_DIM, "%s", moment_span(text, left));
}

static void add_clock_state(struct print_table *table, const Tocsin__V1__Clock *clock)
{
    char name[FIELDS_ENUM_MAX];
    fields_enum(name, &tocsin__v1__clock_state__descriptor, (int)clock->state);
    if (clock->breached)
        print_table_cell(table, PRINT_RED, "%s", is_running(clock) ? "breached" : "late");
    else if (clock->unconfirmed)
        print_table_cell(table, PRINT_YELLOW, "unconfirmed");
    else
        print_table_cell(table, PRINT_PLAIN, "%s", name);
}

static void add_clock(struct print_table *table, const struct clock_line *line, toc_time_ms now)
{
    const Tocsin__V1__IssueClocks *issue = line->issue;
    char target[MOMENT_MAX];
    print_table_row(table);
    add_left(table, line->clock, now);
    add_instant(table, line->clock->due_ms, now);
    print_table_cell(table, view_priority_style((unsigned)issue->priority), "%s",
                     priority_of((unsigned)issue->priority));
    print_table_cell(table, PRINT_PLAIN, "%s", issue->queue);
    print_table_cell(table, PRINT_PLAIN, "%s%s%s", line->clock->metric,
                     line->clock->scope[0] != '\0' ? " " : "", line->clock->scope);
    add_clock_state(table, line->clock);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_exact(target, line->clock->target_ms));
    add_reference(table, issue->source, issue->subject);
    add_id(table, &issue->id);
}

/* The clock's fields, with what of its issue a reader needs to place it. */
static void clock_json(const struct clock_line *line)
{
    const Tocsin__V1__IssueClocks *issue = line->issue;
    char name[FIELDS_ENUM_MAX];
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_hex(&json, "issue", toc_wire_bytes(&issue->id));
    print_json_text(&json, "source", issue->source);
    print_json_text(&json, "subject", issue->subject);
    print_json_text(&json, "queue", issue->queue);
    print_json_text(&json, "priority",
                    fields_enum(name, &tocsin__v1__priority__descriptor, (int)issue->priority));
    print_json_text(&json, "issue_state",
                    fields_enum(name, &tocsin__v1__issue_state__descriptor, (int)issue->state));
    print_json_text(&json, "sla", issue->sla);
    fields_json(&json, &line->clock->base, true);
    print_json_close(&json);
}

static size_t count_clocks(const struct view_rows *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += ((const Tocsin__V1__IssueClocks *)rows->items[i])->n_clocks;
    return count;
}

static size_t gather(const struct view_rows *rows, struct clock_line *lines, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__IssueClocks *issue = rows->items[i];
        for (size_t k = 0; k < issue->n_clocks && count < room; k++) {
            const Tocsin__V1__Clock *clock = issue->clocks[k];
            if (in_queue(issue->queue) && (all || state != NULL || !is_over(clock)) &&
                in_state(&tocsin__v1__clock_state__descriptor, (int)clock->state))
                lines[count++] = (struct clock_line){issue, clock};
        }
    }
    return count;
}

static int write_clocks(const struct view_rows *rows, struct shown *shown, toc_time_ms now)
{
    struct print_table *table = print_table_new(clock_columns, 9);
    size_t room = count_clocks(rows);
    struct clock_line *lines = calloc(room + 1, sizeof(*lines));
    if (table == NULL || lines == NULL) {
        print_table_free(table);
        free(lines);
        return out_of_memory();
    }
    size_t count = gather(rows, lines, room);
    shown->not_asked = urgent.stopped;
    qsort(lines, count, sizeof(*lines), compare_clocks);
    for (size_t i = 0; i < count; i++) {
        if (!take_line(shown))
            continue;
        if (view.json)
            clock_json(&lines[i]);
        else
            add_clock(table, &lines[i], now);
    }
    free(lines);
    return finish(table, shown);
}

/* --- alerts -------------------------------------------------------------------------------- */

static const struct print_column alert_columns[] = {
    {"ALERT", PRINT_LEFT, 0},  {"STATE", PRINT_LEFT, 0},    {"SEVERITY", PRINT_LEFT, 0},
    {"CAUSE", PRINT_LEFT, 10}, {"PATH", PRINT_LEFT, 8},     {"STEP", PRINT_LEFT, 0},
    {"NEXT", PRINT_RIGHT, 0},  {"ACKED BY", PRINT_LEFT, 6}, {"REFERENCE", PRINT_LEFT, 12},
    {"OPENED", PRINT_LEFT, 0},
};

static enum print_style severity_style(const char *severity)
{
    if (strcmp(severity, "critical") == 0)
        return PRINT_RED;
    return strcmp(severity, "error") == 0 || strcmp(severity, "warning") == 0 ? PRINT_YELLOW
                                                                              : PRINT_PLAIN;
}

static enum print_style alert_style(Tocsin__V1__AlertState value)
{
    switch ((int)value) {
    case TOCSIN__V1__ALERT_STATE__ALERT_OPEN:
    case TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED:
        return PRINT_RED;
    case TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED:
        return PRINT_GREEN;
    default:
        return PRINT_DIM;
    }
}

static void add_alert(struct print_table *table, const Tocsin__V1__Alert *alert, toc_time_ms now)
{
    bool open = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    bool escalates = open && alert->next_ms != TOC_TIME_NEVER && alert->next_ms != 0;
    char next[MOMENT_MAX];
    print_table_row(table);
    add_id(table, &alert->id);
    add_enum(table, alert_style(alert->state), &tocsin__v1__alert_state__descriptor,
             (int)alert->state);
    print_table_cell(table, severity_style(alert->severity), "%s", alert->severity);
    print_table_cell(table, PRINT_PLAIN, "%s%s", alert->cause, alert->test ? " (test)" : "");
    print_table_cell(table, PRINT_PLAIN, "%s", alert->path);
    if (alert->repeat > 0)
        print_table_cell(table, PRINT_PLAIN, "%u, round %u", alert->step + 1, alert->repeat + 1);
    else
        print_table_cell(table, PRINT_PLAIN, "%u", alert->step + 1);
    print_table_cell(table, PRINT_YELLOW, "%s",
                     escalates ? moment_span(next, alert->next_ms - now) : "");
    print_table_cell(table, PRINT_PLAIN, "%s", alert->acked_by);
    add_reference(table, alert->source, alert->subject);
    add_instant(table, alert->opened_ms, now);
}

static int write_alerts(const struct view_rows *rows, struct shown *shown, toc_time_ms now)
{
    struct print_table *table = print_table_new(alert_columns, 10);
    if (table == NULL)
        return out_of_memory();
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__Alert *alert = rows->items[i];
        bool over = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
        if (!in_queue(alert->queue) || (over && !all && state == NULL) ||
            !in_state(&tocsin__v1__alert_state__descriptor, (int)alert->state) || !take_line(shown))
            continue;
        if (view.json)
            fields_json_line(stdout, &alert->base, true);
        else
            add_alert(table, alert, now);
    }
    return finish(table, shown);
}

/* --- the commands -------------------------------------------------------------------------- */

static int show_issues(void)
{
    if (waiting)
        return people_waiting(&view, queue);
    return ask_and_write("router", TOCSIN__V1__ASK__WHAT__ISSUES, &tocsin__v1__issue__descriptor,
                         write_issues, "issues");
}

static void add_rank(toc_time_ms rank_ms)
{
    size_t at = urgent.count;
    if (at == (size_t)limit && rank_ms >= urgent.ranks[at - 1])
        return;
    if (at < (size_t)limit)
        urgent.count++;
    else
        at--;
    for (; at > 0 && urgent.ranks[at - 1] > rank_ms; at--)
        urgent.ranks[at] = urgent.ranks[at - 1];
    urgent.ranks[at] = rank_ms;
}

/*
 * Open rows come in the order of an instant that is not after any of their clocks' ranks. So once
 * that is past the last line that would be shown, no later row has one.
 */
static bool has_enough(const void *row)
{
    const Tocsin__V1__IssueClocks *issue = row;
    bool breached = issue->open_ms != 0 && issue->open_ms != TOC_TIME_NEVER;
    toc_time_ms place_ms = breached ? issue->open_ms : issue->indexed_ms;
    urgent.stopped = urgent.count == (size_t)limit && place_ms > urgent.ranks[urgent.count - 1];
    for (size_t i = 0; i < issue->n_clocks && !urgent.stopped; i++)
        if (!is_over(issue->clocks[i]) && in_queue(issue->queue))
            add_rank(rank_of(issue->clocks[i]));
    return urgent.stopped;
}

static int show_clocks(void)
{
    urgent.count = 0;
    urgent.stopped = false;
    view.enough = all || state != NULL || limit == 0 ? NULL : has_enough;
    return ask_and_write("sla", TOCSIN__V1__ASK__WHAT__CLOCKS,
                         &tocsin__v1__issue_clocks__descriptor, write_clocks, "clocks");
}

static int show_alerts(void)
{
    return ask_and_write("notifier", TOCSIN__V1__ASK__WHAT__ALERTS, &tocsin__v1__alert__descriptor,
                         write_alerts, "alerts");
}

/* Writes what `show` printed over what was there, line by line, so that nothing flickers. */
static void draw(const char *text, size_t size)
{
    fputs("\033[H", stdout);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n')
            fputs("\033[K", stdout);
        fputc(text[i], stdout);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}

/* One picture; the list is asked for before anything is drawn. */
static int refresh(int (*show)(void))
{
    char *text = NULL, now[MOMENT_MAX];
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    if (page == NULL)
        return out_of_memory();
    view.print.out = page;
    print_styled(&view.print, PRINT_DIM, "%s  %s  (Ctrl-C ends)", view.who,
                 moment_clock(now, moment_now()));
    fputs("\n\n", page);
    int code = show();
    fclose(page);
    view.print.out = stdout;
    if (code == CLI_DONE)
        draw(text, size);
    free(text);
    return code;
}

/* Heading, blank line, titles and the last line are no rows. */
static void limit_to_terminal(void)
{
    if (view.print.height > 6 && (limit == 0 || limit > (int64_t)view.print.height - 5))
        limit = (int64_t)view.print.height - 5;
}

static int repeat(int (*show)(void))
{
    int code = CLI_DONE;
    client_catch_interrupts();
    limit_to_terminal();
    fputs("\033[2J", stdout);
    while (code == CLI_DONE && !client_interrupted()) {
        code = refresh(show);
        if (code == CLI_DONE && !client_interrupted())
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    return client_interrupted() ? CLI_DONE : code;
}

static int run(const struct toc_conf *conf, int argc, char **argv, int (*show)(void))
{
    int code;
    if (view_begin(&view, conf, argc, argv, NULL, &code)) {
        if (watch && view.print.terminal && !view.json)
            code = repeat(show);
        else
            code = show();
    }
    view_end(&view);
    return code;
}

int cmd_issues(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        LIST_OPTIONS("new, open, pending, on_hold, solved, closed"),
        {"waiting", TOC_CONF_SWITCH, &waiting, NULL, 0, 0, NULL,
         "those that wait for a person, the next to breach first"},
    };
    const struct toc_conf conf = {
        .program = "tocsin issues",
        .summary = "Open issues, the most urgent first.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    return run(&conf, argc, argv, show_issues);
}

int cmd_clocks(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        LIST_OPTIONS("running, paused, met, cancelled"),
        {"watch", TOC_CONF_SWITCH, &watch, NULL, 0, 0, NULL, "again every second, on a terminal"},
    };
    const struct toc_conf conf = {
        .program = "tocsin clocks",
        .summary = "SLA clocks by time to breach; what is overdue stands on top.",
        .more = "LEFT is the time until the breach; for a paused clock, the working time it has "
                "left.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    return run(&conf, argc, argv, show_clocks);
}

int cmd_alerts(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        LIST_OPTIONS("open, acknowledged, resolved, exhausted"),
        {"watch", TOC_CONF_SWITCH, &watch, NULL, 0, 0, NULL, "again every second, on a terminal"},
    };
    const struct toc_conf conf = {
        .program = "tocsin alerts",
        .summary = "Alerts that are not resolved, the newest first.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    return run(&conf, argc, argv, show_alerts);
}
