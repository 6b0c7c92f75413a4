/* `tocsin issues`: what is open, the most urgent first. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/lists/list.h"
#include "services/cli/people.h"

#include <stdlib.h>

#define SUGGESTED TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_SUGGESTED

static struct list list;
static bool waiting, duplicates;

static const struct print_column columns[] = {
    {"ISSUE", PRINT_LEFT, 0},    {"REFERENCE", PRINT_LEFT, 10}, {"STATE", PRINT_LEFT, 0},
    {"PRIO", PRINT_LEFT, 0},     {"QUEUE", PRINT_LEFT, 6},      {"WITH", PRINT_LEFT, 6},
    {"CATEGORY", PRINT_LEFT, 6}, {"OPENED", PRINT_LEFT, 0},     {"CHANGED", PRINT_LEFT, 0},
    {"SAME AS", PRINT_LEFT, 0},
};

/* Most urgent first: by priority (none set comes last), then by age. */
static int compare(const void *a, const void *b)
{
    const Tocsin__V1__Issue *left = *(Tocsin__V1__Issue *const *)a;
    const Tocsin__V1__Issue *right = *(Tocsin__V1__Issue *const *)b;
    unsigned first = left->priority != 0 ? (unsigned)left->priority : 9;
    unsigned second = right->priority != 0 ? (unsigned)right->priority : 9;
    if (first != second)
        return first < second ? -1 : 1;
    return left->opened_ms < right->opened_ms ? -1 : left->opened_ms > right->opened_ms;
}

/* Suggested or confirmed; what was rejected is seen by `why`. */
static bool is_duplicate(const Tocsin__V1__Issue *issue)
{
    return issue->duplicate == SUGGESTED ||
           issue->duplicate == TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_CONFIRMED;
}

static void add_issue(struct print_table *table, const Tocsin__V1__Issue *issue, toc_time_ms now)
{
    char id[2 * TOC_ID + 1];
    print_table_row(table);
    list_add_id(table, &issue->id);
    list_add_reference(table, issue->source, issue->subject);
    list_add_enum(table, PRINT_PLAIN, &tocsin__v1__issue_state__descriptor, (int)issue->state);
    list_add_priority(table, (unsigned)issue->priority);
    print_table_cell(table, PRINT_PLAIN, "%s", issue->queue);
    print_table_cell(table, PRINT_PLAIN, "%s", issue->assignee);
    print_table_cell(table, PRINT_PLAIN, "%s%s", issue->category, issue->test ? " (test)" : "");
    list_add_instant(table, issue->opened_ms, now);
    list_add_instant(table, issue->changed_ms, now);
    print_table_cell(table, PRINT_PLAIN, "%s%s",
                     is_duplicate(issue) ? view_short_id(id, &issue->duplicate_of) : "",
                     issue->duplicate == SUGGESTED ? "?" : "");
}

static int write_issues(struct list *to, struct print_table *table, const struct view_rows *rows,
                        toc_time_ms now)
{
    qsort(rows->items, rows->count, sizeof(rows->items[0]), compare);
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__Issue *issue = rows->items[i];
        bool over = issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
                    issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
        if ((duplicates && !is_duplicate(issue)) ||
            !list_wants(to, issue->queue, (int)issue->state, over) || !list_take(to))
            continue;
        if (to->view.json)
            fields_json_line(stdout, &issue->base, true);
        else
            add_issue(table, issue, now);
    }
    return CLI_DONE;
}

static const struct list_kind kind = {
    .service = "router",
    .noun = "issues",
    .what = TOCSIN__V1__ASK__WHAT__ISSUES,
    .row = &tocsin__v1__issue__descriptor,
    .state = &tocsin__v1__issue_state__descriptor,
    .columns = columns,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .write = write_issues,
};

static int show(void)
{
    return waiting ? people_waiting(&list.view, list.queue) : list_show(&list);
}

int cmd_issues(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        LIST_OPTIONS(list, "new, open, pending, on_hold, solved, closed"),
        {"waiting", TOC_CONF_SWITCH, &waiting, NULL, 0, 0, NULL,
         "those that wait for a person, the next to breach first"},
        {"duplicates", TOC_CONF_SWITCH, &duplicates, NULL, 0, 0, NULL,
         "those that are perhaps (?) or for sure the same as another issue of their requester"},
    };
    const struct toc_conf conf = {
        .program = "tocsin issues",
        .summary = "Open issues, the most urgent first.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    return list_run(&list, &kind, &conf, argc, argv, show);
}
