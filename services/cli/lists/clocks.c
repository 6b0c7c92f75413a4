/* `tocsin clocks`: SLA clocks by time to breach. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/lists/list.h"
#include "services/cli/moment.h"

#include <stdlib.h>

static struct list list;

static const struct print_column columns[] = {
    {"LEFT", PRINT_RIGHT, 0}, {"DUE", PRINT_LEFT, 0},        {"PRIO", PRINT_LEFT, 0},
    {"QUEUE", PRINT_LEFT, 8}, {"METRIC", PRINT_LEFT, 8},     {"STATE", PRINT_LEFT, 0},
    {"ISSUE", PRINT_LEFT, 0}, {"REFERENCE", PRINT_LEFT, 14}, {"TARGET", PRINT_RIGHT, 0},
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

static int compare(const void *a, const void *b)
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

static void add_state(struct print_table *table, const Tocsin__V1__Clock *clock)
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
    list_add_instant(table, line->clock->due_ms, now);
    list_add_priority(table, (unsigned)issue->priority);
    print_table_cell(table, PRINT_PLAIN, "%s", issue->queue);
    print_table_cell(table, PRINT_PLAIN, "%s%s%s", line->clock->metric,
                     line->clock->scope[0] != '\0' ? " " : "", line->clock->scope);
    add_state(table, line->clock);
    list_add_id(table, &issue->id);
    list_add_reference(table, issue->source, issue->subject);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_exact(target, line->clock->target_ms));
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
            if (list_wants(&list, issue->queue, (int)clock->state, is_over(clock)))
                lines[count++] = (struct clock_line){issue, clock};
        }
    }
    return count;
}

static int write_clocks(struct list *to, struct print_table *table, const struct view_rows *rows,
                        toc_time_ms now)
{
    size_t room = count_clocks(rows);
    struct clock_line *lines = calloc(room + 1, sizeof(*lines));
    if (lines == NULL)
        return list_no_memory(to);
    size_t count = gather(rows, lines, room);
    to->not_asked = urgent.stopped;
    qsort(lines, count, sizeof(*lines), compare);
    for (size_t i = 0; i < count; i++) {
        if (!list_take(to))
            continue;
        if (to->view.json)
            clock_json(&lines[i]);
        else
            add_clock(table, &lines[i], now);
    }
    free(lines);
    return CLI_DONE;
}

/* --- no more than is shown ----------------------------------------------------------------- */

static void add_rank(toc_time_ms rank_ms)
{
    size_t at = urgent.count;
    if (at == (size_t)list.limit && rank_ms >= urgent.ranks[at - 1])
        return;
    if (at < (size_t)list.limit)
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
    urgent.stopped =
        urgent.count == (size_t)list.limit && place_ms > urgent.ranks[urgent.count - 1];
    for (size_t i = 0; i < issue->n_clocks && !urgent.stopped; i++)
        if (list_wants(&list, issue->queue, (int)issue->clocks[i]->state,
                       is_over(issue->clocks[i])))
            add_rank(rank_of(issue->clocks[i]));
    return urgent.stopped;
}

static const struct list_kind kind = {
    .service = "sla",
    .noun = "clocks",
    .what = TOCSIN__V1__ASK__WHAT__CLOCKS,
    .row = &tocsin__v1__issue_clocks__descriptor,
    .state = &tocsin__v1__clock_state__descriptor,
    .columns = columns,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .write = write_clocks,
};

static int show(void)
{
    urgent.count = 0;
    urgent.stopped = false;
    list.view.enough = list.all || list.state != NULL || list.limit == 0 ? NULL : has_enough;
    return list_show(&list);
}

int cmd_clocks(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        LIST_OPTIONS(list, "running, paused, met, cancelled"),
        {"watch", TOC_CONF_SWITCH, &list.watch, NULL, 0, 0, NULL,
         "again every second, on a terminal"},
    };
    const struct toc_conf conf = {
        .program = "tocsin clocks",
        .summary = "SLA clocks by time to breach; what is overdue stands on top.",
        .more = "LEFT is the time until the breach; for a paused clock, the working time it has "
                "left.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    return list_run(&list, &kind, &conf, argc, argv, show);
}
