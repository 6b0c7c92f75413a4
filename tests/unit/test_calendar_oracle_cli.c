/*
 * Random questions of every op, in zones where clocks are changed in nasty ways, against an oracle
 * that knows nothing of the code: localtime() says for each minute what the wall shows, the
 * definition says whether that is working time, and the rest is walking along a list of segments.
 */
#include "tests/unit/calendar_ask.h"

#include <time.h>

#define SEED UINT64_C(20260906)

#define RANGE_DAYS    16
#define RANGE_MINUTES (RANGE_DAYS * 1440)
#define SEGMENTS_MAX  4000

/* --- A calendar, as rows and as JSON -------------------------------------------------------------
 */

enum kind { WEEKLY, HOLIDAY, ANNUAL, HOURS, BREAK, KINDS };

struct row {
    enum kind kind;
    int64_t key; /* weekday or day */
    int from, until;
};

struct rows {
    struct row items[64];
    size_t count;
    const char *zone;
};

static void draw_rows(uint64_t *seed, int64_t day, struct rows *rows)
{
    static const int hours[] = {0, 1, 2, 3, 22, 23, 24};
    int64_t count = draw_between(seed, 1, 30);
    rows->count = 0;
    for (int64_t i = 0; i < count; i++) {
        enum kind kind = i < 8 ? WEEKLY : (enum kind)(draw(seed) % KINDS);
        struct row *row = &rows->items[rows->count++];
        *row = (struct row){.kind = kind, .key = draw_between(seed, 0, 6)};
        if (kind != WEEKLY)
            row->key = day + draw_between(seed, -5, 5);
        row->from = (int)draw_between(seed, 0, 1439);
        row->until = (int)draw_between(seed, row->from + 1, 1440);
        if (draw(seed) % 2) { /* the hours at which clocks are changed */
            size_t a = draw(seed) % 6;
            row->from = hours[a] * 60;
            row->until = hours[(size_t)draw_between(seed, (int64_t)a + 1, 6)] * 60;
        }
    }
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t room,
                                                         const char *format, ...)
{
    size_t size = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + size, room - size, format, args);
    va_end(args);
}

static void append_date(char *text, size_t room, const char *before, int64_t day, bool yearly)
{
    int year = 0;
    unsigned month = 0, in_month = 0;
    toc_date_from_days(day, &year, &month, &in_month);
    if (yearly)
        append(text, room, "%s\"%02u-%02u\"", before, month, in_month);
    else
        append(text, room, "%s\"%04d-%02u-%02u\"", before, year, month, in_month);
}

/* The windows of one kind and key as a list. */
static void append_windows(char *text, size_t room, const struct rows *rows, enum kind kind,
                           int64_t key)
{
    const char *before = "";
    append(text, room, ":[");
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (row->kind != kind || row->key != key)
            continue;
        append(text, room, "%s[\"%02d:%02d\",\"%02d:%02d:00\"]", before, row->from / 60,
               row->from % 60, row->until / 60, row->until % 60);
        before = ",";
    }
    append(text, room, "]");
}

static void append_dates(char *text, size_t room, const struct rows *rows, enum kind kind,
                         int64_t day)
{
    const char *before = "";
    for (int64_t key = day - 5; key <= day + 5; key++) {
        bool any = false;
        for (size_t i = 0; i < rows->count; i++)
            any |= rows->items[i].kind == kind && rows->items[i].key == key;
        if (!any)
            continue;
        append_date(text, room, before, key, kind == ANNUAL);
        before = ",";
        if (kind == HOURS || kind == BREAK)
            append_windows(text, room, rows, kind, key);
    }
}

static void write_calendar(const struct rows *rows, int64_t day, char *text, size_t room)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    text[0] = '\0';
    append(text, room, "{\"tz\":\"%s\",\"weekly\":{", rows->zone);
    for (int w = 0; w < 7; w++) {
        append(text, room, "%s\"%s\"", w > 0 ? "," : "", names[w]);
        append_windows(text, room, rows, WEEKLY, w);
    }
    append(text, room, "},\"holidays\":[");
    append_dates(text, room, rows, HOLIDAY, day);
    append(text, room, "],\"annual_holidays\":[");
    append_dates(text, room, rows, ANNUAL, day);
    append(text, room, "],\"date_hours\":{");
    append_dates(text, room, rows, HOURS, day);
    append(text, room, "},\"breaks\":{");
    append_dates(text, room, rows, BREAK, day);
    append(text, room, "}}");
}

/* The definition: is a minute of a wall date working time? */
static bool is_working(const struct rows *rows, int64_t day, int minute)
{
    bool weekly = false, annual = false, has_hours = false, hours = false;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        bool inside = row->from <= minute && minute < row->until;
        if (row->kind == WEEKLY)
            weekly |= row->key == toc_weekday(day) && inside;
        if (row->kind == WEEKLY || row->key != day)
            continue;
        if (row->kind == HOLIDAY || (row->kind == BREAK && inside))
            return false;
        annual |= row->kind == ANNUAL;
        has_hours |= row->kind == HOURS;
        hours |= row->kind == HOURS && inside;
    }
    return has_hours ? hours : weekly && !annual;
}

/* --- The oracle ----------------------------------------------------------------------------------
 */

/* The merged open segments of a range, the pauses taken out. */
struct oracle {
    toc_time_ms from, until;
    toc_time_ms wall[RANGE_MINUTES];
    struct toc_interval whole[SEGMENTS_MAX]; /* before pauses */
    size_t whole_count;
    struct toc_interval segments[SEGMENTS_MAX];
    size_t count;
};

static void read_walls(struct oracle *oracle, const char *zone, toc_time_ms from)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    oracle->from = from;
    oracle->until = from + RANGE_MINUTES * MIN;
    for (int i = 0; i < RANGE_MINUTES; i++) {
        time_t seconds = (time_t)((from + i * MIN) / 1000);
        struct tm tm;
        assert_non_null(localtime_r(&seconds, &tm));
        oracle->wall[i] = at(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday,
                             tm.tm_hour, tm.tm_min);
    }
}

static void find_segments(struct oracle *oracle, const struct rows *rows)
{
    bool before = false;
    oracle->whole_count = 0;
    for (int i = 0; i < RANGE_MINUTES; i++) {
        toc_time_ms wall = oracle->wall[i], start = oracle->from + i * MIN;
        bool open = is_working(rows, wall / DAY, (int)(wall % DAY / MIN));
        assert_true(oracle->whole_count < SEGMENTS_MAX);
        if (open && !before)
            oracle->whole[oracle->whole_count++] = (struct toc_interval){start, start};
        if (open)
            oracle->whole[oracle->whole_count - 1].until_ms = start + MIN;
        before = open;
    }
}

static void take_out(struct oracle *oracle, toc_time_ms from, toc_time_ms until)
{
    static struct toc_interval left[SEGMENTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < oracle->count && from < until; i++) {
        const struct toc_interval *segment = &oracle->segments[i];
        toc_time_ms first_end = segment->until_ms < from ? segment->until_ms : from;
        toc_time_ms second_start = segment->from_ms > until ? segment->from_ms : until;
        assert_true(count + 2 <= SEGMENTS_MAX);
        if (segment->from_ms < first_end)
            left[count++] = (struct toc_interval){segment->from_ms, first_end};
        if (second_start < segment->until_ms)
            left[count++] = (struct toc_interval){second_start, segment->until_ms};
    }
    if (from >= until)
        return;
    memcpy(oracle->segments, left, count * sizeof(left[0]));
    oracle->count = count;
}

static toc_time_ms oracle_between(const struct oracle *oracle, toc_time_ms from, toc_time_ms until)
{
    toc_time_ms sum = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct toc_interval *s = &oracle->segments[i];
        toc_time_ms start = s->from_ms > from ? s->from_ms : from;
        toc_time_ms end = s->until_ms < until ? s->until_ms : until;
        sum += end > start ? end - start : 0;
    }
    return sum;
}

/* Every function below returns false when the range does not reach far enough to tell. */
static bool oracle_add(const struct oracle *oracle, toc_time_ms start, toc_time_ms amount,
                       toc_time_ms *out)
{
    for (size_t i = 0; i < oracle->count; i++) {
        const struct toc_interval *s = &oracle->segments[i];
        toc_time_ms from = s->from_ms > start ? s->from_ms : start;
        if (from >= s->until_ms)
            continue;
        if (amount <= s->until_ms - from) {
            *out = from + amount;
            return true;
        }
        amount -= s->until_ms - from;
    }
    return false;
}

static bool oracle_sub(const struct oracle *oracle, toc_time_ms start, toc_time_ms amount,
                       toc_time_ms *out)
{
    for (size_t i = oracle->count; i > 0; i--) {
        const struct toc_interval *s = &oracle->segments[i - 1];
        toc_time_ms until = s->until_ms < start ? s->until_ms : start;
        if (until <= s->from_ms)
            continue;
        if (amount <= until - s->from_ms) {
            *out = until - amount;
            return true;
        }
        amount -= until - s->from_ms;
    }
    return false;
}

/* An edge strictly later (earlier) than start, if it is not the range's own. */
static bool oracle_edge(const struct oracle *oracle, bool later, bool opening, toc_time_ms start,
                        toc_time_ms *out)
{
    for (size_t n = 0; n < oracle->count; n++) {
        const struct toc_interval *s = &oracle->segments[later ? n : oracle->count - 1 - n];
        toc_time_ms edge = opening ? s->from_ms : s->until_ms;
        if (later ? edge <= start : edge >= start)
            continue;
        *out = edge;
        return edge > oracle->from && edge < oracle->until;
    }
    return false;
}

static void append_interval(char *text, size_t room, toc_time_ms from, toc_time_ms until)
{
    append(text, room, "%s[%lld,%lld]", text[strlen(text) - 1] == ']' ? "," : "", (long long)from,
           (long long)until);
}

static bool oracle_after(const struct oracle *oracle, toc_time_ms start, toc_time_ms end, int count,
                         char *text, size_t room)
{
    for (size_t i = 0; i < oracle->count && count > 0; i++) {
        const struct toc_interval *s = &oracle->segments[i];
        toc_time_ms from = s->from_ms > start ? s->from_ms : start;
        toc_time_ms until = s->until_ms < end ? s->until_ms : end;
        if (from >= until)
            continue;
        append_interval(text, room, from, until);
        count--;
        if (until == oracle->until)
            return false;
    }
    return count == 0 || end < oracle->until;
}

static bool oracle_before(const struct oracle *oracle, toc_time_ms start, int count, char *text,
                          size_t room)
{
    for (size_t i = oracle->count; i > 0 && count > 0; i--) {
        const struct toc_interval *s = &oracle->segments[i - 1];
        toc_time_ms until = s->until_ms < start ? s->until_ms : start;
        if (until <= s->from_ms)
            continue;
        append_interval(text, room, s->from_ms, until);
        count--;
        if (s->from_ms == oracle->from)
            return false;
    }
    return count == 0;
}

/* The first minute that shows the wall time; in a gap, by the clock as it was before. */
static bool oracle_resolve(const struct oracle *oracle, toc_time_ms wall, toc_time_ms *out)
{
    toc_time_ms minute = wall - wall % MIN;
    for (int i = 0; i < RANGE_MINUTES; i++) {
        if (oracle->wall[i] != minute)
            continue;
        *out = oracle->from + i * MIN + wall % MIN;
        return true;
    }
    for (int i = 1; i < RANGE_MINUTES; i++) {
        if (oracle->wall[i - 1] >= minute || oracle->wall[i] <= minute)
            continue;
        *out = oracle->from + (i - 1) * MIN + (wall - oracle->wall[i - 1]);
        return true;
    }
    return false;
}

/* --- Questions -----------------------------------------------------------------------------------
 */

struct question {
    const char *op;
    toc_time_ms start, amount, end, local;
    int count;
};

static bool is_op(const struct question *q, const char *name)
{
    return strcmp(q->op, name) == 0;
}

/* What comes after the id in the right answer. */
static bool expect(const struct oracle *oracle, const struct question *q, char *text, size_t room)
{
    toc_time_ms value = 0, end = q->end < q->start ? q->start : q->end;
    bool known = true;
    text[0] = '\0';
    if (strncmp(q->op, "intervals", 9) == 0) {
        append(text, room, "\"intervals_ms\":[");
        known = is_op(q, "intervals_after")
                    ? oracle_after(oracle, q->start, TOC_TIME_NEVER, q->count, text, room)
                : is_op(q, "intervals_before")
                    ? oracle_before(oracle, q->start, q->count, text, room)
                    : oracle_after(oracle, q->start, end, RANGE_MINUTES, text, room);
        append(text, room, "]");
        return known;
    }
    if (is_op(q, "is_open")) {
        bool open = oracle_between(oracle, q->start, q->start + 1) == 1;
        append(text, room, "\"open\":%s", open ? "true" : "false");
        return true;
    }
    if (is_op(q, "between"))
        value = oracle_between(oracle, q->start, end);
    else if (is_op(q, "add"))
        known = oracle_add(oracle, q->start, q->amount, &value);
    else if (is_op(q, "sub"))
        known = oracle_sub(oracle, q->start, q->amount, &value);
    else if (is_op(q, "resolve_local"))
        known = oracle_resolve(oracle, q->local, &value);
    else
        known = oracle_edge(oracle, q->op[0] == 'n', strstr(q->op, "opening") != NULL, q->start,
                            &value);
    append(text, room, "\"%s\":%lld", is_op(q, "between") ? "duration_ms" : "instant_ms",
           (long long)value);
    return known;
}

static void draw_question(uint64_t *seed, const struct oracle *oracle, struct question *q)
{
    toc_time_ms middle = oracle->from + RANGE_DAYS / 2 * DAY;
    *q = (struct question){.op = ops[draw(seed) % OP_COUNT],
                           .start = middle + draw_between(seed, -4 * DAY, 4 * DAY),
                           .amount = draw_between(seed, 0, 30 * HOUR),
                           .count = (int)draw_between(seed, 0, 4)};
    if (draw(seed) % 2) { /* edges are where it goes wrong */
        q->start -= q->start % MIN;
        q->amount -= q->amount % MIN;
    }
    if (draw(seed) % 3 == 0) {
        const struct toc_interval *s = &oracle->segments[draw(seed) % oracle->count];
        toc_time_ms edge = draw(seed) % 2 ? s->from_ms : s->until_ms;
        if (edge > oracle->from + DAY && edge < oracle->until - 4 * DAY)
            q->start = edge;
    }
    if (draw(seed) % 8 == 0)
        q->amount = 0;
    q->end = q->start + draw_between(seed, -DAY, 3 * DAY);
    q->local = oracle->wall[draw(seed) % RANGE_MINUTES] + draw_between(seed, 0, MIN - 1) +
               draw_between(seed, -60, 60) * MIN;
}

static void write_question(const struct question *q, char *text, size_t room)
{
    char local[96] = "";
    append_date(local, sizeof(local), "", q->local / DAY, false);
    local[strlen(local) - 1] = '\0'; /* the time goes inside the quotes */
    toc_time_ms time = q->local % DAY;
    append(local, sizeof(local), " %02d:%02d:%02d.%03d\"", (int)(time / HOUR),
           (int)(time / MIN % 60), (int)(time / 1000 % 60), (int)(time % 1000));
    text[0] = '\0';
    append(text, room,
           "\"op\":\"%s\",\"start_ms\":%lld,\"amount_ms\":%lld,\"end_ms\":%lld,\"count\":%d,"
           "\"local\":%s",
           q->op, (long long)q->start, (long long)q->amount, (long long)q->end, q->count, local);
}

/* Draws up to five pauses, takes them out, and writes them. */
static void draw_pauses(uint64_t *seed, struct oracle *oracle, char *text, size_t room)
{
    int64_t count = draw(seed) % 2 ? 0 : draw_between(seed, 1, 5);
    memcpy(oracle->segments, oracle->whole, sizeof(oracle->whole));
    oracle->count = oracle->whole_count;
    text[0] = '\0';
    append(text, room, "[");
    for (int64_t i = 0; i < count; i++) {
        toc_time_ms from = oracle->from + draw_between(seed, 3 * DAY, (RANGE_DAYS - 3) * DAY);
        toc_time_ms until = from + draw_between(seed, -HOUR, 20 * HOUR);
        take_out(oracle, from, until);
        append_interval(text, room, from, until);
    }
    append(text, room, "]");
}

static const struct {
    const char *zone;
    int year;
    unsigned month, day;
} nasty[] = {
    {"America/New_York", 2026, 3, 8},    {"America/New_York", 2026, 11, 1},
    {"Europe/Berlin", 2026, 3, 29},      {"Europe/Berlin", 2026, 10, 25},
    {"Australia/Lord_Howe", 2026, 4, 5}, {"Australia/Lord_Howe", 2026, 10, 4},
    {"Africa/Cairo", 2026, 4, 24},       {"Africa/Cairo", 2026, 10, 29},
    {"Asia/Beirut", 2026, 3, 29},        {"America/Santiago", 2026, 9, 6},
    {"America/Havana", 2026, 3, 8},      {"America/Havana", 2026, 11, 1},
    {"Europe/Dublin", 2026, 10, 25},     {"America/St_Johns", 2005, 10, 30},
    {"Pacific/Apia", 2011, 12, 30},      {"Pacific/Kwajalein", 1993, 8, 21},
    {"Antarctica/Troll", 2026, 10, 25},  {"Africa/Casablanca", 2019, 5, 5},
    {"Asia/Pyongyang", 2018, 5, 5},      {"Asia/Kathmandu", 1986, 1, 1},
    {"Asia/Kolkata", 2026, 8, 15},       {"America/Sao_Paulo", 2018, 11, 4},
    {"Pacific/Chatham", 2026, 4, 5},     {"UTC", 2024, 2, 29},
};

static int ask_about_one_calendar(struct fixture *f, struct oracle *oracle, const struct rows *rows,
                                  int64_t day, uint64_t *seed)
{
    static char calendar[8192], line[16384], wanted[8192], right[8300];
    char question[512], pauses[512];
    int asked = 0;
    write_calendar(rows, day, calendar, sizeof(calendar));
    find_segments(oracle, rows);
    for (int i = 0; i < 60; i++) {
        struct question q;
        if (i % 6 == 0)
            draw_pauses(seed, oracle, pauses, sizeof(pauses));
        if (oracle->count == 0)
            continue;
        draw_question(seed, oracle, &q);
        if (!expect(oracle, &q, wanted, sizeof(wanted)))
            continue;
        write_question(&q, question, sizeof(question));
        snprintf(line, sizeof(line), "{\"id\":1,\"calendar\":%s,%s,\"pauses_ms\":%s}", calendar,
                 question, pauses);
        snprintf(right, sizeof(right), "{\"id\":1,%s}", wanted);
        assert_answer(f, line, right);
        asked++;
    }
    return asked;
}

static void random_questions_agree_with_the_clock_of_the_c_library(void **state)
{
    static struct oracle oracle;
    int asked = 0;
    for (size_t n = 0; n < sizeof(nasty) / sizeof(nasty[0]); n++) {
        int64_t day = toc_days_from_date(nasty[n].year, nasty[n].month, nasty[n].day);
        read_walls(&oracle, nasty[n].zone, (day - RANGE_DAYS / 2) * DAY);
        for (uint64_t round = 0; round < 12; round++) {
            uint64_t seed = SEED + n * 1000 + round;
            struct rows rows = {.zone = nasty[n].zone};
            draw_rows(&seed, day, &rows);
            asked += ask_about_one_calendar(*state, &oracle, &rows, day, &seed);
        }
    }
    assert_true(asked > 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_questions_agree_with_the_clock_of_the_c_library,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
