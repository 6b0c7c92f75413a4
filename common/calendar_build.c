/* Building a calendar: taking its rows, and making the tables that calendar.c answers from. */
#include "common/calendar_table.h"

#include <assert.h>
#include <stdlib.h>

/* A break copies the windows of its day, so rows alone do not bound them. */
#define WINDOWS_MAX 1000000

static_assert(TOC_DAY_MS <= INT32_MAX, "a time of day fits a row");

enum toc_err toc_calendar_new(const char *name, const struct toc_tz *tz, struct toc_calendar **out)
{
    struct toc_calendar *cal = calloc(1, sizeof(*cal));
    char *copy = strdup(name);
    if (!cal || !copy) {
        free(cal);
        free(copy);
        return TOC_ERR_MEMORY;
    }
    cal->name = copy;
    cal->tz = tz;
    *out = cal;
    return TOC_OK;
}

static void free_rows(struct toc_calendar *cal)
{
    struct toc_calendar_rows *all[] = {&cal->weekly, &cal->holidays, &cal->hours, &cal->breaks};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        free(all[i]->items);
        *all[i] = (struct toc_calendar_rows){0};
    }
}

void toc_calendar_free(struct toc_calendar *cal)
{
    if (!cal)
        return;
    free_rows(cal);
    free(cal->windows);
    free(cal->specials);
    free(cal->spans);
    free(cal->name);
    free(cal);
}

/* Makes room for one more item; NULL when there is no memory. */
static void *grow(void *items, size_t count, size_t *room, size_t item_bytes)
{
    if (count < *room)
        return items;
    size_t more = *room ? 2 * *room : 8;
    void *grown = realloc(items, more * item_bytes);
    if (grown)
        *room = more;
    return grown;
}

static enum toc_err add_row(struct toc_calendar_rows *rows, int64_t key, toc_time_ms from_ms,
                            toc_time_ms until_ms)
{
    if (rows->count == TOC_CALENDAR_ROWS_MAX)
        return TOC_ERR_LIMIT;
    void *items = grow(rows->items, rows->count, &rows->room, sizeof(*rows->items));
    if (!items)
        return TOC_ERR_MEMORY;
    rows->items = items;
    rows->items[rows->count++] =
        (struct toc_calendar_row){(int32_t)key, (int32_t)from_ms, (int32_t)until_ms};
    return TOC_OK;
}

static bool is_window(toc_time_ms from_ms, toc_time_ms until_ms)
{
    return 0 <= from_ms && from_ms < until_ms && until_ms <= TOC_DAY_MS;
}

enum toc_err toc_calendar_weekly(struct toc_calendar *cal, unsigned weekday, toc_time_ms from_ms,
                                 toc_time_ms until_ms)
{
    TOC_ASSERT(!cal->finished);
    if (weekday > 6 || !is_window(from_ms, until_ms))
        return TOC_ERR_CONFIG;
    return add_row(&cal->weekly, weekday, from_ms, until_ms);
}

enum toc_err toc_calendar_holiday(struct toc_calendar *cal, int64_t days)
{
    TOC_ASSERT(!cal->finished);
    if (!toc_calendar_has_day(days))
        return TOC_ERR_CONFIG;
    return add_row(&cal->holidays, days, 0, 0);
}

enum toc_err toc_calendar_annual_holiday(struct toc_calendar *cal, unsigned month, unsigned day)
{
    const int a_leap_year = 2000;
    TOC_ASSERT(!cal->finished);
    if (month < 1 || month > 12 || day < 1 || day > toc_days_in_month(a_leap_year, month))
        return TOC_ERR_CONFIG;
    cal->annual[month][day] = true;
    return TOC_OK;
}

enum toc_err toc_calendar_date_hours(struct toc_calendar *cal, int64_t days, toc_time_ms from_ms,
                                     toc_time_ms until_ms)
{
    bool closed = from_ms == 0 && until_ms == 0;
    TOC_ASSERT(!cal->finished);
    if (!toc_calendar_has_day(days) || (!closed && !is_window(from_ms, until_ms)))
        return TOC_ERR_CONFIG;
    return add_row(&cal->hours, days, from_ms, until_ms);
}

enum toc_err toc_calendar_break(struct toc_calendar *cal, int64_t days, toc_time_ms from_ms,
                                toc_time_ms until_ms)
{
    TOC_ASSERT(!cal->finished);
    if (!toc_calendar_has_day(days) || !is_window(from_ms, until_ms))
        return TOC_ERR_CONFIG;
    return add_row(&cal->breaks, days, from_ms, until_ms);
}

/* --- Windows ------------------------------------------------------------------------------------
 */

static int compare_rows(const void *left, const void *right)
{
    const struct toc_calendar_row *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

static void sort_rows(struct toc_calendar_rows *rows)
{
    if (rows->count > 0)
        qsort(rows->items, rows->count, sizeof(*rows->items), compare_rows);
}

/* The rows with a key, from the front of what is left; `rows` goes on behind them. */
static struct toc_calendar_rows take_key(struct toc_calendar_rows *rows, int64_t key)
{
    struct toc_calendar_rows taken = {rows->items, 0, 0};
    while (taken.count < rows->count && rows->items[taken.count].key == key)
        taken.count++;
    if (taken.count > 0) {
        rows->items += taken.count;
        rows->count -= taken.count;
    }
    return taken;
}

static enum toc_err add_window(struct toc_calendar *cal, int32_t from_ms, int32_t until_ms)
{
    if (cal->window_count == WINDOWS_MAX)
        return TOC_ERR_LIMIT;
    void *grown = grow(cal->windows, cal->window_count, &cal->window_room, sizeof(*cal->windows));
    if (!grown)
        return TOC_ERR_MEMORY;
    cal->windows = grown;
    cal->windows[cal->window_count++] = (struct toc_calendar_window){from_ms, until_ms};
    return TOC_OK;
}

/* Makes one run of rows sorted by their start; those that touch or overlap become one window. */
static enum toc_err merge_rows(struct toc_calendar *cal, const struct toc_calendar_rows *rows,
                               struct toc_calendar_run *out)
{
    size_t first = cal->window_count;
    for (size_t i = 0; i < rows->count; i++) {
        const struct toc_calendar_row *row = &rows->items[i];
        if (row->from_ms == row->until_ms)
            continue;
        struct toc_calendar_window *last =
            cal->window_count > first ? &cal->windows[cal->window_count - 1] : NULL;
        if (!last || row->from_ms > last->until_ms)
            TOC_TRY(add_window(cal, row->from_ms, row->until_ms));
        else if (row->until_ms > last->until_ms)
            last->until_ms = row->until_ms;
    }
    *out = (struct toc_calendar_run){(uint32_t)first, (uint32_t)(cal->window_count - first)};
    return TOC_OK;
}

/* What the breaks, sorted by their start, leave of a run. */
static enum toc_err cut_breaks(struct toc_calendar *cal, const struct toc_calendar_rows *breaks,
                               struct toc_calendar_run *run)
{
    size_t first = cal->window_count;
    if (breaks->count == 0)
        return TOC_OK;
    for (size_t i = run->first; i < run->first + run->count; i++) {
        int32_t from_ms = cal->windows[i].from_ms, until_ms = cal->windows[i].until_ms;
        for (size_t b = 0; b < breaks->count; b++) {
            const struct toc_calendar_row *row = &breaks->items[b];
            if (row->from_ms >= until_ms)
                break;
            if (row->from_ms > from_ms)
                TOC_TRY(add_window(cal, from_ms, row->from_ms));
            if (row->until_ms > from_ms)
                from_ms = row->until_ms;
        }
        if (from_ms < until_ms)
            TOC_TRY(add_window(cal, from_ms, until_ms));
    }
    *run = (struct toc_calendar_run){(uint32_t)first, (uint32_t)(cal->window_count - first)};
    return TOC_OK;
}

static toc_time_ms run_ms(const struct toc_calendar *cal, struct toc_calendar_run run)
{
    toc_time_ms sum = 0;
    for (size_t i = run.first; i < run.first + run.count; i++)
        sum += cal->windows[i].until_ms - cal->windows[i].from_ms;
    return sum;
}

/* --- Tables -------------------------------------------------------------------------------------
 */

static enum toc_err build_weekdays(struct toc_calendar *cal)
{
    struct toc_calendar_rows left = cal->weekly;
    for (unsigned w = 0; w < 7; w++) {
        struct toc_calendar_rows rows = take_key(&left, w);
        TOC_TRY(merge_rows(cal, &rows, &cal->weekdays[w]));
    }
    return TOC_OK;
}

/* The running sum of a year that starts on `weekday`. */
static void build_kind(struct toc_calendar *cal, bool leap, unsigned weekday, toc_time_ms *sums)
{
    const int example = leap ? 2000 : 2001;
    unsigned day = 0;
    sums[0] = 0;
    for (unsigned month = 1; month <= 12; month++) {
        for (unsigned d = 1; d <= toc_days_in_month(example, month); d++, day++) {
            struct toc_calendar_run run = cal->weekdays[(weekday + day) % 7];
            sums[day + 1] = sums[day] + (cal->annual[month][d] ? 0 : run_ms(cal, run));
        }
    }
}

static void build_years(struct toc_calendar *cal)
{
    toc_time_ms sum = 0;
    for (unsigned kind = 0; kind < TOC_CALENDAR_KINDS; kind++)
        build_kind(cal, kind >= 7, kind % 7, cal->kinds[kind]);
    for (int i = 0; i <= TOC_CALENDAR_YEARS; i++) {
        int64_t first = toc_days_from_date(TOC_CALENDAR_YEAR_FIRST + i, 1, 1);
        int64_t next = toc_days_from_date(TOC_CALENDAR_YEAR_FIRST + i + 1, 1, 1);
        unsigned kind = toc_weekday(first) + (next - first == 366 ? 7 : 0);
        cal->years[i] =
            (struct toc_calendar_year){.plain_ms = sum, .first_day = (int32_t)first, .kind = kind};
        sum += cal->kinds[kind][next - first];
    }
}

/* The working time of a date by the weekly windows and the annual holidays alone. */
static toc_time_ms plain_ms(const struct toc_calendar *cal, int64_t day)
{
    int year = 0;
    unsigned month = 0, in_month = 0;
    toc_date_from_days(day, &year, &month, &in_month);
    if (cal->annual[month][in_month])
        return 0;
    return run_ms(cal, cal->weekdays[toc_weekday(day)]);
}

static int64_t first_key(const struct toc_calendar_rows *rows)
{
    return rows->count > 0 ? rows->items[0].key : INT64_MAX;
}

/* Holidays beat date hours, those beat annual holidays and the weekly windows; breaks cut. */
static enum toc_err build_special(struct toc_calendar *cal, struct toc_calendar_rows left[3],
                                  int64_t day, struct toc_calendar_run *run)
{
    struct toc_calendar_rows holidays = take_key(&left[0], day);
    struct toc_calendar_rows hours = take_key(&left[1], day);
    struct toc_calendar_rows breaks = take_key(&left[2], day);
    *run = (struct toc_calendar_run){0};
    if (holidays.count > 0)
        return TOC_OK;
    if (hours.count > 0)
        TOC_TRY(merge_rows(cal, &hours, run));
    else if (plain_ms(cal, day) > 0)
        *run = cal->weekdays[toc_weekday(day)];
    return cut_breaks(cal, &breaks, run);
}

static enum toc_err build_specials(struct toc_calendar *cal)
{
    struct toc_calendar_rows left[3] = {cal->holidays, cal->hours, cal->breaks};
    size_t max = left[0].count + left[1].count + left[2].count;
    toc_time_ms extra_ms = 0;
    cal->specials = calloc(max + 1, sizeof(*cal->specials));
    if (!cal->specials)
        return TOC_ERR_MEMORY;
    for (;;) {
        struct toc_calendar_special *special = &cal->specials[cal->special_count];
        int64_t day = INT64_MAX;
        for (int i = 0; i < 3; i++)
            day = first_key(&left[i]) < day ? first_key(&left[i]) : day;
        special->extra_ms = extra_ms;
        special->day = INT32_MAX;
        if (day == INT64_MAX)
            return TOC_OK;
        special->day = (int32_t)day;
        TOC_TRY(build_special(cal, left, day, &special->run));
        extra_ms += run_ms(cal, special->run) - plain_ms(cal, day);
        cal->special_count++;
    }
}

static void link_specials(struct toc_calendar *cal)
{
    uint32_t next = 0;
    for (int i = 0; i <= TOC_CALENDAR_YEARS; i++) {
        while (next < cal->special_count && cal->specials[next].day < cal->years[i].first_day)
            next++;
        cal->years[i].first_special = next;
    }
}

static enum toc_err build_spans(struct toc_calendar *cal)
{
    toc_time_ms from = TOC_CALENDAR_BEGIN_MS, open_ms = 0;
    size_t room = 0;
    while (from < TOC_CALENDAR_END_MS) {
        toc_time_ms offset = toc_tz_offset_ms(cal->tz, from);
        toc_time_ms until = toc_tz_next_change(cal->tz, from);
        until = until < TOC_CALENDAR_END_MS ? until : TOC_CALENDAR_END_MS;
        void *grown = grow(cal->spans, cal->span_count, &room, sizeof(*cal->spans));
        if (!grown)
            return TOC_ERR_MEMORY;
        cal->spans = grown;
        struct toc_calendar_span *span = &cal->spans[cal->span_count++];
        span->from_ms = from;
        span->open_ms = open_ms;
        span->wall_ms = from + offset;
        span->sum_ms = toc_calendar_wall_sum(cal, span->wall_ms);
        open_ms += toc_calendar_wall_sum(cal, until + offset) - span->sum_ms;
        from = until;
    }
    cal->total_ms = open_ms;
    return TOC_OK;
}

enum toc_err toc_calendar_finish(struct toc_calendar *cal)
{
    TOC_ASSERT(!cal->finished && !cal->specials);
    sort_rows(&cal->weekly);
    sort_rows(&cal->holidays);
    sort_rows(&cal->hours);
    sort_rows(&cal->breaks);
    TOC_TRY(build_weekdays(cal));
    build_years(cal);
    TOC_TRY(build_specials(cal));
    link_specials(cal);
    TOC_TRY(build_spans(cal));
    if (cal->total_ms == 0)
        return TOC_ERR_CONFIG;
    free_rows(cal);
    cal->finished = true;
    return TOC_OK;
}
