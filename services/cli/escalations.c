/* `tocsin escalations`: what other teams were asked, and who has to act next. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/view.h"

#include <stdlib.h>

static struct view view;
static const char *team, *state;
static bool all;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"team", TOC_CONF_TEXT, &team, NULL, 0, 0, "NAME", "only to this team"},
    {"state", TOC_CONF_TEXT, &state, NULL, 0, 0, "STATE",
     "only in this state: raised, accepted, returned, answered, told"},
    {"all", TOC_CONF_SWITCH, &all, NULL, 0, 0, NULL, "with those that the requester was told of"},
};

static const struct print_column columns[] = {
    {"ISSUE", PRINT_LEFT, 0},  {"ESCALATION", PRINT_LEFT, 10}, {"TEAM", PRINT_LEFT, 8},
    {"STATE", PRINT_LEFT, 0},  {"NEXT", PRINT_LEFT, 8},        {"ASKED BY", PRINT_LEFT, 8},
    {"RAISED", PRINT_LEFT, 0}, {"CHANGED", PRINT_LEFT, 0},
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* Who has waited longest comes first. */
static int compare(const void *a, const void *b)
{
    const Tocsin__V1__CrossEscalation *left = *(Tocsin__V1__CrossEscalation *const *)a;
    const Tocsin__V1__CrossEscalation *right = *(Tocsin__V1__CrossEscalation *const *)b;
    return left->raised_ms < right->raised_ms ? -1 : left->raised_ms > right->raised_ms;
}

static bool is_wanted(const Tocsin__V1__CrossEscalation *row)
{
    char name[FIELDS_ENUM_MAX];
    fields_enum(name, &tocsin__v1__escalation_state__descriptor, (int)row->state);
    return state == NULL || strcmp(name, state) == 0;
}

static enum print_style style_of(Tocsin__V1__EscalationState value)
{
    switch ((int)value) {
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED:
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED:
        return PRINT_YELLOW;
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD:
        return PRINT_DIM;
    default:
        return PRINT_PLAIN;
    }
}

static void add(struct print_table *table, const Tocsin__V1__CrossEscalation *row, toc_time_ms now)
{
    char id[2 * TOC_ID + 1], name[FIELDS_ENUM_MAX], text[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", view_short_id(id, &row->issue));
    print_table_cell(table, PRINT_PLAIN, "%s", row->id);
    print_table_cell(table, PRINT_PLAIN, "%s", row->team);
    print_table_cell(table, style_of(row->state), "%s",
                     fields_enum(name, &tocsin__v1__escalation_state__descriptor, (int)row->state));
    print_table_cell(table, PRINT_BOLD, "%s", row->owner);
    print_table_cell(table, PRINT_PLAIN, "%s", row->raised_by);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(text, row->raised_ms, now));
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(text, row->changed_ms, now));
}

static int write_rows(const struct view_rows *rows)
{
    struct print_table *table = print_table_new(columns, COLUMN_COUNT);
    size_t lines = 0;
    if (table == NULL) {
        fprintf(stderr, "%s: out of memory\n", view.who);
        return CLI_FAILED;
    }
    toc_time_ms now = view_now(&view);
    qsort(rows->items, rows->count, sizeof(rows->items[0]), compare);
    for (size_t i = 0; i < rows->count; i++) {
        const Tocsin__V1__CrossEscalation *row = rows->items[i];
        if (!is_wanted(row))
            continue;
        lines++;
        if (view.json)
            fields_json_line(stdout, &row->base, true);
        else
            add(table, row, now);
    }
    if (!view.json && lines > 0)
        print_table_write(table, &view.print);
    else if (!view.json)
        printf("%s\n", all || state != NULL ? "no escalations" : "no escalations are open");
    print_table_free(table);
    return CLI_DONE;
}

int cmd_escalations(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin escalations",
        .summary = "What other teams were asked, the longest ago first, and who has to act next.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code) &&
        view_has_state(&view, &tocsin__v1__escalation_state__descriptor, state, &code)) {
        ask.what = TOCSIN__V1__ASK__WHAT__ESCALATIONS;
        ask.all = all || state != NULL;
        ask.queue = toc_wire_text(team != NULL ? team : "");
        code = view_ask(&view, "router", &ask, &tocsin__v1__cross_escalation__descriptor, &rows);
        if (code == CLI_DONE)
            code = write_rows(&rows);
    }
    view_end(&view);
    return code;
}
