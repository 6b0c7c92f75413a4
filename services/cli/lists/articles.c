/* `tocsin articles`: which suggested articles ended issues, and how often. */
#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/view.h"

static struct view view;

static const struct print_column columns[] = {
    {"ARTICLE", PRINT_LEFT, 12},
    {"ENDED", PRINT_RIGHT, 0},
    {"REOPENED", PRINT_RIGHT, 0},
    {"LAST", PRINT_LEFT, 0},
};

static void add(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__ArticleRow *row = item;
    char last[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_PLAIN, "%s", row->article);
    print_table_cell(table, PRINT_BOLD, "%llu", (unsigned long long)row->ended);
    print_table_cell(table, PRINT_PLAIN, "%llu", (unsigned long long)row->reopened);
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(last, row->last_ms, now));
}

int cmd_articles(int argc, char **argv)
{
    static const struct toc_conf_option options[] = {VIEW_OPTIONS(view)};
    const struct toc_conf conf = {
        .program = "tocsin articles",
        .summary = "Which suggested articles ended issues, and how many of those were reopened.",
        .more = "A category's articles are in the policy (categories.NAME.articles). One has ended "
                "an\nissue when a status event solves it with the reason article:ID.\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    const struct view_table table = {columns, sizeof(columns) / sizeof(columns[0]), add,
                                     "no article has ended an issue"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code)) {
        ask.what = TOCSIN__V1__ASK__WHAT__ARTICLES;
        code = view_ask(&view, "router", &ask, &tocsin__v1__article_row__descriptor, &rows);
        if (code == CLI_DONE)
            code = view_list(&view, &table, &rows, view_now(&view));
    }
    view_end(&view);
    return code;
}
