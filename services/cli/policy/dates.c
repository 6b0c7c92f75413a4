#include "services/cli/policy/dates.h"

#include "common/policy/dates.h"
#include "common/tz.h"

#include <stdlib.h>

#define ROWS_MAX   20000
#define SOON_DAYS  60
#define DATE_BYTES 16

/* A date as one calendar takes it. */
struct row {
    struct toc_policy_date date;
    struct toc_str calendar, file;
    bool skipped;
};

struct rows {
    struct row *items;
    size_t count;
};

/* --- walking ------------------------------------------------------------------------------- */

typedef void each_file(void *arg, const struct toc_yaml *calendar, const struct toc_yaml *item,
                       const struct toc_bundle_part *part);

static void walk_calendar(const struct toc_policy_tree *tree, const struct toc_yaml *calendar,
                          each_file *each, void *arg)
{
    const struct toc_yaml *zone = toc_yaml_get(calendar, "zone");
    const struct toc_yaml *list = toc_yaml_get(calendar, "holidays_from");
    const struct toc_yaml *item = list != NULL && list->kind == TOC_YAML_LIST ? list->first : list;
    for (; item != NULL && zone != NULL; item = list == item ? NULL : item->next) {
        const char *wrong;
        const struct toc_bundle_part *part = toc_dates_part(tree, item, zone->text, &wrong);
        if (part != NULL && part->kind == TOC_PART_DATES)
            each(arg, calendar, item, part);
    }
}

static void walk_files(const struct toc_policy_tree *tree, each_file *each, void *arg)
{
    const struct toc_yaml *calendars = toc_yaml_get(tree->root, "calendars");
    for (const struct toc_yaml *c = calendars != NULL ? calendars->first : NULL; c != NULL;
         c = c->next)
        walk_calendar(tree, c, each, arg);
}

static int64_t day_of(toc_time_ms now_ms)
{
    return now_ms / TOC_DAY_MS;
}

static const char *date_text(char out[DATE_BYTES], int64_t days)
{
    unsigned month, day;
    int year;
    toc_date_from_days(days, &year, &month, &day);
    snprintf(out, DATE_BYTES, "%04d-%02u-%02u", year % 10000, month % 100, day % 100);
    return out;
}

/* --- files that run out -------------------------------------------------------------------- */

struct warn {
    struct toc_policy_tree *tree;
    int64_t today;
};

static void warn_file(void *arg, const struct toc_yaml *calendar, const struct toc_yaml *item,
                      const struct toc_bundle_part *part)
{
    const struct warn *warn = arg;
    struct toc_str rest = part->text;
    struct toc_policy_date date;
    char text[DATE_BYTES];
    int64_t last = INT64_MIN;
    (void)calendar;
    while (toc_dates_next(&rest, &date) == TOC_OK)
        last = date.day > last ? date.day : last;
    if (last == INT64_MIN || last > warn->today + SOON_DAYS)
        return;
    toc_diag_warning(&warn->tree->diag, item->offset, "the last date of '%.*s' is %s",
                     TOC_DIAG_ARG(item->text), date_text(text, last));
    toc_diag_hint(&warn->tree->diag, "after that no holiday closes; get a newer file");
}

void policy_dates_warn(struct toc_policy_tree *tree, toc_time_ms now_ms)
{
    struct warn warn = {tree, day_of(now_ms)};
    walk_files(tree, warn_file, &warn);
}

/* --- rows ---------------------------------------------------------------------------------- */

static void collect_file(void *arg, const struct toc_yaml *calendar, const struct toc_yaml *item,
                         const struct toc_bundle_part *part)
{
    const struct toc_yaml *skip = toc_yaml_get(calendar, "skip");
    struct rows *rows = arg;
    struct toc_str rest = part->text;
    struct toc_policy_date date;
    (void)item;
    while (rows->count < ROWS_MAX && toc_dates_next(&rest, &date) == TOC_OK)
        rows->items[rows->count++] =
            (struct row){date, calendar->key->text, part->name, toc_dates_skip(skip, &date)};
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->date.day != y->date.day)
        return x->date.day < y->date.day ? -1 : 1;
    int order = toc_str_compare(x->file, y->file);
    if (order == 0)
        order = toc_str_compare(x->date.name, y->date.name);
    if (order == 0)
        order = x->skipped - y->skipped;
    return order != 0 ? order : toc_str_compare(x->calendar, y->calendar);
}

static bool collect(const struct toc_policy_tree *tree, struct rows *rows)
{
    *rows = (struct rows){calloc(ROWS_MAX, sizeof(rows->items[0])), 0};
    if (rows->items == NULL)
        return false;
    walk_files(tree, collect_file, rows);
    qsort(rows->items, rows->count, sizeof(rows->items[0]), compare);
    return true;
}

static const char *weekday_text(int64_t day)
{
    static const char *const words[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    return words[toc_weekday(day)];
}

void policy_dates_json(const struct toc_policy_tree *tree)
{
    struct rows rows;
    if (!collect(tree, &rows))
        return;
    for (size_t i = 0; i < rows.count; i++) {
        const struct row *row = &rows.items[i];
        char text[DATE_BYTES];
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "what", row->date.kind == TOC_DATE_UNTIL ? "until" : "date");
        print_json_text(&json, "date", date_text(text, row->date.day));
        if (row->date.kind != TOC_DATE_UNTIL) {
            print_json_text(&json, "weekday", weekday_text(row->date.day));
            print_json_name(&json, "name");
            print_json_string(stdout, row->date.name);
            print_json_text(&json, "kind", toc_date_kind_word(row->date.kind));
            print_json_bool(&json, "closes", !row->skipped && row->date.kind != TOC_DATE_PART);
        }
        print_json_name(&json, "calendar");
        print_json_string(stdout, row->calendar);
        print_json_name(&json, "file");
        print_json_string(stdout, row->file);
        print_json_close(&json);
    }
    free(rows.items);
}

/* --- the table ----------------------------------------------------------------------------- */

static const struct print_column columns[] = {
    {"DATE", PRINT_LEFT, 0}, {"DAY", PRINT_LEFT, 0},     {"NAME", PRINT_LEFT, 20},
    {"", PRINT_LEFT, 0},     {"CLOSES", PRINT_LEFT, 12}, {"FROM", PRINT_LEFT, 12},
};

/* What a person has to look at twice. */
static const char *doubt(const struct row *row)
{
    return row->skipped                            ? "skipped"
           : row->date.kind == TOC_DATE_HOLIDAY    ? " "
           : row->date.kind == TOC_DATE_OBSERVANCE ? "observance?"
           : row->date.kind == TOC_DATE_REGIONAL   ? "regional?"
                                                   : "part of a day";
}

/* The same date of the same file, taken by several calendars. */
static bool is_same(const struct row *a, const struct row *b)
{
    return a->date.day == b->date.day && toc_str_equal(a->file, b->file) &&
           toc_str_equal(a->date.name, b->date.name) && a->skipped == b->skipped;
}

static size_t add_row(struct print_table *table, const struct rows *rows, size_t at)
{
    const struct row *row = &rows->items[at];
    char text[DATE_BYTES], calendars[PRINT_CELL_MAX] = "";
    bool closes = !row->skipped && row->date.kind != TOC_DATE_PART;
    size_t next = at, used = 0;
    enum print_style style = row->skipped                         ? PRINT_DIM
                             : row->date.kind == TOC_DATE_HOLIDAY ? PRINT_PLAIN
                                                                  : PRINT_YELLOW;
    for (; next < rows->count && is_same(row, &rows->items[next]); next++) {
        struct toc_str name = rows->items[next].calendar;
        if (closes && used + name.size + 3 < sizeof(calendars))
            used += (size_t)snprintf(calendars + used, sizeof(calendars) - used, "%s%.*s",
                                     used > 0 ? ", " : "", (int)name.size, name.data);
    }
    print_table_row(table);
    print_table_cell(table, style, "%s", date_text(text, row->date.day));
    print_table_cell(table, style, "%s", weekday_text(row->date.day));
    print_table_cell(table, style, "%.*s", (int)row->date.name.size, row->date.name.data);
    print_table_cell(table, style, "%s", doubt(row));
    print_table_cell(table, style, "%s", calendars);
    print_table_cell(table, PRINT_DIM, "%.*s", (int)row->file.size, row->file.data);
    return next;
}

/* Once per file, whatever the calendars. */
static void print_untils(const struct rows *rows)
{
    char text[DATE_BYTES];
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (row->date.kind == TOC_DATE_UNTIL && (i == 0 || !is_same(row, row - 1)))
            printf("%.*s repeats without an end: read until %s; check and apply it again before "
                   "then.\n",
                   (int)row->file.size, row->file.data, date_text(text, row->date.day));
    }
}

void policy_dates_print(const struct toc_policy_tree *tree, const struct print *print,
                        toc_time_ms now_ms, bool all)
{
    struct print_table *table = print_table_new(columns, sizeof(columns) / sizeof(columns[0]));
    struct rows rows;
    size_t earlier = 0, shown = 0;
    unsigned month, day;
    int year;
    if (table == NULL || !collect(tree, &rows)) {
        print_table_free(table);
        return;
    }
    toc_date_from_days(day_of(now_ms), &year, &month, &day);
    for (size_t i = 0; i < rows.count;) {
        bool over = !all && rows.items[i].date.day < toc_days_from_date(year, 1, 1);
        if (rows.items[i].date.kind == TOC_DATE_UNTIL || over) {
            earlier += over;
            i++;
            continue;
        }
        i = add_row(table, &rows, i);
        shown++;
    }
    if (rows.count > 0)
        printf("\nHolidays from files, for review:\n");
    if (shown > 0)
        print_table_write(table, print);
    if (earlier > 0)
        printf("%zu of earlier years are not shown (--all-dates).\n", earlier);
    print_untils(&rows);
    free(rows.items);
    print_table_free(table);
}
