/* `tocsin alerts`: what waits for an answer, the newest first. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/lists/list.h"
#include "services/cli/moment.h"

static struct list list;
static bool groups;

static const struct print_column columns[] = {
    {"ALERT", PRINT_LEFT, 0},      {"STATE", PRINT_LEFT, 0},  {"SEVERITY", PRINT_LEFT, 0},
    {"ACKED BY", PRINT_LEFT, 8},   {"NEXT", PRINT_RIGHT, 0},  {"LEFT", PRINT_RIGHT, 0},
    {"REFERENCE", PRINT_LEFT, 12}, {"CAUSE", PRINT_LEFT, 10}, {"STEP", PRINT_LEFT, 0},
    {"PATH", PRINT_LEFT, 8},       {"OPENED", PRINT_LEFT, 0},
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

/* Once the path is through, the row has the step that another round would begin with. */
static void add_step(struct print_table *table, const Tocsin__V1__Alert *alert)
{
    if (alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED)
        print_table_cell(table, PRINT_PLAIN, "through");
    else if (alert->repeat > 0)
        print_table_cell(table, PRINT_PLAIN, "%u, round %u", alert->step + 1, alert->repeat + 1);
    else
        print_table_cell(table, PRINT_PLAIN, "%u", alert->step + 1);
}

/* Until a deadline; nothing where there is none. */
static void add_left(struct print_table *table, toc_time_ms due_ms, toc_time_ms now)
{
    char left[MOMENT_MAX];
    print_table_cell(table, due_ms < now ? PRINT_RED : PRINT_PLAIN, "%s",
                     due_ms == 0 ? "" : moment_span(left, due_ms - now));
}

static void add_alert(struct print_table *table, const Tocsin__V1__Alert *alert, toc_time_ms now)
{
    bool over = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED; /* nobody has to mind */
    bool goes_on = alert->next_ms != TOC_TIME_NEVER && alert->next_ms != 0;
    char next[MOMENT_MAX];
    print_table_row(table);
    list_add_id(table, &alert->id);
    if (alert->snoozed_ms != 0)
        print_table_cell(table, PRINT_GREEN, "snoozed");
    else
        list_add_enum(table, alert_style(alert->state), &tocsin__v1__alert_state__descriptor,
                      (int)alert->state);
    print_table_cell(table, severity_style(alert->severity), "%s", alert->severity);
    print_table_cell(table, PRINT_PLAIN, "%s", alert->acked_by);
    print_table_cell(table, PRINT_YELLOW, "%s",
                     goes_on ? moment_span(next, alert->next_ms - now) : "");
    add_left(table, over ? 0 : alert->due_ms, now);
    list_add_reference(table, alert->source, alert->subject);
    print_table_cell(table, PRINT_PLAIN, "%s%s", alert->cause, alert->test ? " (test)" : "");
    add_step(table, alert);
    print_table_cell(table, PRINT_PLAIN, "%s", alert->path);
    list_add_instant(table, alert->opened_ms, now);
}

static int write_alerts(struct list *to, struct print_table *table, const struct view_rows *rows,
                        toc_time_ms now)
{
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__Alert *alert = rows->items[i];
        bool over = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
        if (!list_wants(to, alert->queue, (int)alert->state, over) || !list_take(to))
            continue;
        if (to->view.json)
            fields_json_line(stdout, &alert->base, true);
        else
            add_alert(table, alert, now);
    }
    return CLI_DONE;
}

static const struct list_kind kind = {
    .service = "notifier",
    .noun = "alerts",
    .what = TOCSIN__V1__ASK__WHAT__ALERTS,
    .row = &tocsin__v1__alert__descriptor,
    .state = &tocsin__v1__alert_state__descriptor,
    .columns = columns,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .write = write_alerts,
};

/* --- groups -------------------------------------------------------------------------------- */

static const struct print_column group_columns[] = {
    {"GROUP", PRINT_LEFT, 0}, {"QUEUE", PRINT_LEFT, 8},   {"RULE", PRINT_LEFT, 8},
    {"CLOCK", PRINT_LEFT, 8}, {"STATE", PRINT_LEFT, 0},   {"WAITING", PRINT_RIGHT, 0},
    {"LEFT", PRINT_RIGHT, 0}, {"ALERTS", PRINT_RIGHT, 0}, {"SINCE", PRINT_LEFT, 0},
};

static void add_group(struct print_table *table, const Tocsin__V1__AlertGroup *group,
                      toc_time_ms now)
{
    bool waits = group->open > 0;
    print_table_row(table);
    list_add_id(table, &group->group);
    print_table_cell(table, PRINT_PLAIN, "%s", group->queue);
    print_table_cell(table, PRINT_PLAIN, "%s", group->rule);
    print_table_cell(table, PRINT_PLAIN, "%s", group->metric);
    print_table_cell(table, group->storm ? PRINT_RED : PRINT_PLAIN, "%s",
                     group->storm ? "storm"
                     : waits      ? "one"
                                  : "over");
    print_table_cell(table, waits ? PRINT_YELLOW : PRINT_DIM, "%u", group->open);
    add_left(table, group->soonest_ms, now);
    print_table_cell(table, PRINT_PLAIN, "%u", group->alerts);
    list_add_instant(table, waits ? group->since_ms : group->changed_ms, now);
}

static int write_groups(struct list *to, struct print_table *table, const struct view_rows *rows,
                        toc_time_ms now)
{
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__AlertGroup *group = rows->items[i];
        bool wanted = to->queue == NULL || strcmp(group->queue, to->queue) == 0;
        if (!wanted || !list_take(to))
            continue;
        if (to->view.json)
            fields_json_line(stdout, &group->base, true);
        else
            add_group(table, group, now);
    }
    return CLI_DONE;
}

static const struct list_kind group_kind = {
    .service = "notifier",
    .noun = "groups of alerts",
    .what = TOCSIN__V1__ASK__WHAT__GROUPS,
    .row = &tocsin__v1__alert_group__descriptor,
    .state = &tocsin__v1__alert_state__descriptor,
    .columns = group_columns,
    .column_count = sizeof(group_columns) / sizeof(group_columns[0]),
    .write = write_groups,
};

/* --- the command --------------------------------------------------------------------------- */

static int show(void)
{
    if (groups)
        list.kind = &group_kind;
    return list_show(&list);
}

int cmd_alerts(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {
        LIST_OPTIONS(list, "open, acknowledged, resolved, exhausted"),
        {"groups", TOC_CONF_SWITCH, &groups, NULL, 0, 0, NULL,
         "groups of a queue, a rule and a clock, of which some wait for an answer"},
        {"watch", TOC_CONF_SWITCH, &list.watch, NULL, 0, 0, NULL,
         "again every second, on a terminal"},
    };
    const struct toc_conf conf = {
        .program = "tocsin alerts",
        .summary = "Alerts that are not resolved, the newest first.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    return list_run(&list, &kind, &conf, argc, argv, show);
}
