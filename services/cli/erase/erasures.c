/* `tocsin erasures`: whom it was asked to erase, and how far that has come. */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/moment.h"
#include "services/cli/view.h"

#include <stdlib.h>

static struct view view;
static bool all;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"all", TOC_CONF_SWITCH, &all, NULL, 0, 0, NULL, "with those that are done"},
};

static const struct print_column columns[] = {
    {"PSEUDONYM", PRINT_LEFT, 12}, {"STEP", PRINT_LEFT, 0},      {"ASKED", PRINT_LEFT, 0},
    {"BY", PRINT_LEFT, 8},         {"REASON", PRINT_LEFT, 8},    {"KEYS", PRINT_RIGHT, 0},
    {"KEYS GONE", PRINT_LEFT, 0},  {"HELD BACK", PRINT_LEFT, 0}, {"FILES CLEAN", PRINT_LEFT, 0},
};

/* What has to stay, and for which hold. */
static void add_held_back(struct print_table *table, const Tocsin__V1__Erasure *row)
{
    if (row->held_back == 0)
        print_table_cell(table, PRINT_PLAIN, "%s", "");
    else
        print_table_cell(table, PRINT_YELLOW, "%u raw %s: %s", row->held_back,
                         row->held_back == 1 ? "mail" : "mails", row->held_by);
}

static int compare(const void *a, const void *b)
{
    const Tocsin__V1__Erasure *left = *(Tocsin__V1__Erasure *const *)a;
    const Tocsin__V1__Erasure *right = *(Tocsin__V1__Erasure *const *)b;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static void add_moment(struct print_table *table, toc_time_ms at_ms, toc_time_ms now)
{
    char text[MOMENT_MAX];
    print_table_cell(table, PRINT_PLAIN, "%s", at_ms != 0 ? moment_near(text, at_ms, now) : "");
}

static void add_row(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__Erasure *row = item;
    char name[FIELDS_ENUM_MAX];
    bool done = row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_DONE;
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", row->pseudonym);
    print_table_cell(table, done ? PRINT_GREEN : PRINT_YELLOW, "%s",
                     fields_enum(name, &tocsin__v1__erasure_step__descriptor, (int)row->step));
    add_moment(table, row->asked_ms, now);
    print_table_cell(table, PRINT_PLAIN, "%s", row->by);
    print_table_cell(table, PRINT_PLAIN, "%s", row->reason);
    print_table_cell(table, PRINT_PLAIN, "%u", row->keys);
    add_moment(table, row->keys_gone_ms, now);
    add_held_back(table, row);
    add_moment(table, row->done_ms, now);
}

/* The oldest first. */
static int show(void)
{
    const struct view_table table = {columns, sizeof(columns) / sizeof(columns[0]), add_row,
                                     all ? "nobody was erased" : "no erasure is under way"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__ERASURES;
    ask.all = all;
    if (view_ask(&view, "intake", &ask, &tocsin__v1__erasure__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    qsort(rows.items, rows.count, sizeof(rows.items[0]), compare);
    return view_list(&view, &table, &rows, view_now(&view));
}

int cmd_erasures(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin erasures",
        .summary =
            "Whom intake was asked to erase. `keys_gone`: nobody can read it any more. `done`:\n"
            "nor is it in any file, sealed. Held back are raw mails with somebody else in them "
            "who\n"
            "is under the hold that is named; nobody reads them, and they go when it is released.",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code))
        code = show();
    view_end(&view);
    return code;
}
