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

/* Who has waited longest comes first. */
static int compare(const void *a, const void *b)
{
    const Tocsin__V1__CrossEscalation *left = *(Tocsin__V1__CrossEscalation *const *)a;
    const Tocsin__V1__CrossEscalation *right = *(Tocsin__V1__CrossEscalation *const *)b;
    return left->raised_ms < right->raised_ms ? -1 : left->raised_ms > right->raised_ms;
}

static bool is_wanted(const void *item)
{
    const Tocsin__V1__CrossEscalation *row = item;
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

static void add(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__CrossEscalation *row = item;
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

static int show(void)
{
    const struct view_table table = {columns, sizeof(columns) / sizeof(columns[0]), add,
                                     all || state != NULL ? "no escalations"
                                                          : "no escalations are open"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__ESCALATIONS;
    ask.all = all || state != NULL;
    ask.queue = toc_wire_text(team != NULL ? team : "");
    view.keep = is_wanted;
    if (view_ask(&view, "router", &ask, &tocsin__v1__cross_escalation__descriptor, &rows) !=
        CLI_DONE)
        return CLI_FAILED;
    qsort(rows.items, rows.count, sizeof(rows.items[0]), compare);
    return view_list(&view, &table, &rows, view_now(&view));
}

int cmd_escalations(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin escalations",
        .summary = "What other teams were asked, the longest ago first, and who has to act next.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code) &&
        view_has_state(&view, &tocsin__v1__escalation_state__descriptor, state, &code))
        code = show();
    view_end(&view);
    return code;
}
