#include "common/policy/build.h"
#include "common/policy/dates.h"

#include <stdio.h>

enum {
    ZONE,
    WEEKLY,
    HOLIDAYS,
    HOLIDAYS_FROM,
    SKIP,
    ANNUAL_HOLIDAYS,
    DATE_HOURS,
    BREAKS,
    KEY_COUNT
};

const struct toc_key toc_keys_calendar[KEY_COUNT + 1] = {
    [ZONE] = {"zone", true, "ZONE", NULL, "IANA name of the zone whose wall time counts."},
    [WEEKLY] = {"weekly", false, "{WEEKDAYS: [WINDOW]}", NULL,
                "Open windows by weekday: `mon`, or a range such as `mon-fri` or `sat-mon`. Those "
                "of several entries add up; an overnight window goes on into the next day."},
    [HOLIDAYS] = {"holidays", false, "[DATE]", NULL, "Closed dates, whatever else says."},
    [HOLIDAYS_FROM] =
        {"holidays_from", false, "[FILE]", NULL,
         "iCalendar files (.ics) with more of them, read by `policy check` and `apply`, which "
         "list the dates for review."},
    [SKIP] = {"skip", false, "[DATE or TEXT]", "[]",
              "Dates, or names of dates, of `holidays_from` that do not close; a name may end in "
              "`*`."},
    [ANNUAL_HOLIDAYS] = {"annual_holidays", false, "[MONTH-DAY]", NULL,
                         "Closed on this date every year; hours of a date beat it."},
    [DATE_HOURS] = {"date_hours", false, "{DATE: [WINDOW]}", NULL,
                    "Windows in place of those of one date; `[]` closes it; none past 24:00."},
    [BREAKS] = {"breaks", false, "{DATE: [WINDOW]}", NULL, "Windows cut out of one date."},
};

/* What a warning about doubtful dates names. */
#define NAMES_MAX           32
#define NAMES_SHOWN         4
#define NAME_SHOWN_BYTES(s) (int)((s).size < 40 ? (s).size : 40), (s).data

#define SPANS_MAX     128
#define CALENDARS_MAX 100 /* a compiled calendar is large beside its text */

/*
 * The hours of a calendar whose zone or date is wrong are still read, for the errors in them: then
 * `calendar` is NULL below. The readers have checked all ranges, so that what a calendar can refuse
 * is a row too many.
 */
static void accept(struct toc_build *b, size_t offset, enum toc_err err)
{
    if (err == TOC_ERR_MEMORY)
        b->out_of_memory = true;
    else if (err == TOC_ERR_LIMIT)
        toc_diag_error(b->diag, offset, "more windows and days than a calendar can hold");
    else
        TOC_ASSERT(err == TOC_OK);
}

/* --- windows ---------------------------------------------------------------------------------- */

/* A window of a weekday or a date, for finding those that overlap. */
struct span {
    int64_t day;
    struct toc_interval times;
    size_t offset;
};

struct spans {
    struct span items[SPANS_MAX]; /* the first; more are not compared */
    size_t count;
};

static void warn_overlap(struct toc_build *b, const struct toc_yaml *node, size_t other)
{
    char at[TOC_DIAG_WHERE_MAX];
    toc_diag_warning(b->diag, node->offset, "the window '%.*s' overlaps another",
                     TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag,
                  "the other is at %s; they count as one, from the first begin to the "
                  "last end",
                  toc_diag_where(b->diag, other, at));
}

/* True when it overlaps one that is there, which is told; windows that touch are one by intent. */
static bool keep_span(struct toc_build *b, struct spans *spans, int64_t day, toc_time_ms from_ms,
                      toc_time_ms until_ms, const struct toc_yaml *node)
{
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *other = &spans->items[i];
        if (other->day != day || other->times.until_ms <= from_ms ||
            other->times.from_ms >= until_ms || other->offset == node->offset)
            continue;
        warn_overlap(b, node, other->offset);
        return true;
    }
    if (spans->count < SPANS_MAX)
        spans->items[spans->count++] = (struct span){day, {from_ms, until_ms}, node->offset};
    return false;
}

/* Keeps both halves of an overnight window; `next` is the day after. */
static bool keep_window(struct toc_build *b, struct spans *spans, int64_t day, int64_t next,
                        const struct toc_interval *window, const struct toc_yaml *node)
{
    bool overnight = window->until_ms < window->from_ms;
    return keep_span(b, spans, day, window->from_ms, overnight ? TOC_DAY_MS : window->until_ms,
                     node) ||
           (overnight && keep_span(b, spans, next, 0, window->until_ms, node));
}

static void add_weekly(struct toc_build *b, size_t offset, unsigned weekday,
                       const struct toc_interval *window, struct toc_calendar *calendar)
{
    bool overnight = window->until_ms < window->from_ms;
    toc_time_ms until_ms = overnight ? TOC_DAY_MS : window->until_ms;
    accept(b, offset, toc_calendar_weekly(calendar, weekday, window->from_ms, until_ms));
    if (overnight)
        accept(b, offset, toc_calendar_weekly(calendar, (weekday + 1) % 7, 0, window->until_ms));
}

static void read_weekdays(struct toc_build *b, const struct toc_yaml *entry, struct spans *spans,
                          struct toc_calendar *calendar)
{
    struct toc_interval window;
    unsigned first;
    unsigned last;
    size_t count;
    bool known = toc_value_weekdays(b, entry->key, &first, &last);
    const struct toc_yaml *item = toc_value_items(b, entry, "the windows of a day", &count);
    for (size_t i = 0; item && i < count; i++, item = item->next) {
        if (!toc_value_window(b, item, &window) || !known || !calendar)
            continue;
        bool told = false;
        for (unsigned day = first;; day = (day + 1) % 7) {
            told = told || keep_window(b, spans, day, (day + 1) % 7, &window, item);
            add_weekly(b, item->offset, day, &window, calendar);
            if (day == last)
                break;
        }
    }
}

static void read_weekly(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_calendar *calendar)
{
    struct spans spans = {.count = 0};
    if (!toc_value_map(b, node, "'weekly'"))
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        read_weekdays(b, entry, &spans, calendar);
}

/* A date's hours stand for that date alone, so its night belongs to the next date's hours. */
static void add_date_hours(struct toc_build *b, const struct toc_yaml *item, int64_t days,
                           struct spans *spans, struct toc_calendar *calendar)
{
    struct toc_interval window;
    if (!toc_value_window(b, item, &window))
        return;
    if (window.until_ms < window.from_ms) {
        toc_diag_error(b->diag, item->offset, "the hours of a date cannot go past 24:00");
        toc_diag_hint(b->diag, "end at 24:00 and give the rest to the next date");
        return;
    }
    (void)keep_window(b, spans, days, days + 1, &window, item);
    if (calendar)
        accept(b, item->offset,
               toc_calendar_date_hours(calendar, days, window.from_ms, window.until_ms));
}

static void add_break(struct toc_build *b, const struct toc_yaml *item, int64_t days,
                      struct spans *spans, struct toc_calendar *calendar)
{
    struct toc_interval window;
    bool overnight;
    if (!toc_value_window(b, item, &window) || !calendar)
        return;
    (void)keep_window(b, spans, days, days + 1, &window, item);
    overnight = window.until_ms < window.from_ms;
    accept(b, item->offset,
           toc_calendar_break(calendar, days, window.from_ms,
                              overnight ? TOC_DAY_MS : window.until_ms));
    if (overnight)
        accept(b, item->offset, toc_calendar_break(calendar, days + 1, 0, window.until_ms));
}

typedef void add_to_date(struct toc_build *b, const struct toc_yaml *item, int64_t days,
                         struct spans *spans, struct toc_calendar *calendar);

/* A map of dates to windows; a date with none of them is closed. */
static void read_dates(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       add_to_date *add, struct toc_calendar *calendar)
{
    struct spans spans = {.count = 0};
    if (!toc_value_map(b, node, what))
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next) {
        size_t count;
        int64_t days = 0;
        bool known = toc_value_date(b, entry->key, &days);
        struct toc_calendar *target = known ? calendar : NULL;
        const struct toc_yaml *item = toc_value_items(b, entry, "the windows of a date", &count);
        if (item && target && count == 0 && add == add_date_hours)
            accept(b, entry->offset, toc_calendar_date_hours(target, days, 0, 0));
        for (size_t i = 0; item && i < count; i++, item = item->next)
            add(b, item, days, &spans, target);
    }
}

/* --- holidays --------------------------------------------------------------------------------- */

static void read_holidays(struct toc_build *b, const struct toc_yaml *node,
                          struct toc_calendar *calendar)
{
    size_t count;
    int64_t days;
    const struct toc_yaml *item = toc_value_items(b, node, "'holidays'", &count);
    for (size_t i = 0; item && i < count; i++, item = item->next)
        if (toc_value_date(b, item, &days) && calendar)
            accept(b, item->offset, toc_calendar_holiday(calendar, days));
}

/* Names of dates, each once. */
struct names {
    struct toc_str items[NAMES_MAX];
    size_t count; /* also those not kept */
};

static void add_name(struct names *names, struct toc_str name)
{
    size_t kept = names->count < NAMES_MAX ? names->count : NAMES_MAX;
    for (size_t i = 0; i < kept; i++)
        if (toc_str_equal(names->items[i], name))
            return;
    if (kept < NAMES_MAX)
        names->items[kept] = name;
    names->count++;
}

/* "'Mother's Day', 'Halloween' and 7 more" */
static void join_names(const struct names *names, char *out, size_t size)
{
    size_t used = 0, shown = 0;
    for (; shown < names->count && shown < NAMES_SHOWN; shown++)
        used += (size_t)snprintf(out + used, size - used, "%s'%.*s'", shown > 0 ? ", " : "",
                                 NAME_SHOWN_BYTES(names->items[shown]));
    if (names->count > shown)
        (void)snprintf(out + used, size - used, " and %zu more", names->count - shown);
}

static void warn_doubtful(struct toc_build *b, const struct toc_yaml *item,
                          const struct names doubtful[TOC_DATE_UNTIL])
{
    static const char *const what[TOC_DATE_UNTIL] = {
        [TOC_DATE_OBSERVANCE] = "may be observances, not days off",
        [TOC_DATE_REGIONAL] = "may be for a part of the country only",
        [TOC_DATE_PART] = "cover no whole day, so they close nothing",
    };
    char text[NAMES_SHOWN * 48 + 32];
    for (size_t i = 0; i < TOC_DATE_UNTIL; i++) {
        if (!what[i] || doubtful[i].count == 0)
            continue;
        join_names(&doubtful[i], text, sizeof(text));
        toc_diag_warning(b->diag, item->offset, "%s %s", text, what[i]);
        toc_diag_hint(b->diag, "%s",
                      i == TOC_DATE_PART ? "say when it is open with 'date_hours'"
                                         : "name in 'skip' what people work on; `tocsin policy "
                                           "check` lists every date");
    }
}

static void read_dates_of(struct toc_build *b, const struct toc_yaml *item, struct toc_str rest,
                          const struct toc_yaml *skip, struct toc_calendar *calendar)
{
    struct names doubtful[TOC_DATE_UNTIL] = {{.count = 0}};
    struct toc_policy_date date;
    enum toc_err err;
    while ((err = toc_dates_next(&rest, &date)) == TOC_OK) {
        if (date.kind == TOC_DATE_UNTIL || toc_dates_skip(skip, &date))
            continue;
        add_name(&doubtful[date.kind], date.name);
        if (date.kind != TOC_DATE_PART && calendar)
            accept(b, item->offset, toc_calendar_holiday(calendar, date.day));
    }
    if (err == TOC_ERR_MALFORMED)
        toc_diag_error(b->diag, item->offset, "the dates of '%.*s' are damaged",
                       TOC_DIAG_ARG(item->text));
    warn_doubtful(b, item, doubtful);
}

static void read_holidays_from(struct toc_build *b, const struct toc_yaml *node,
                               const struct toc_yaml *skip, const struct toc_tz *zone,
                               struct toc_calendar *calendar)
{
    size_t count;
    const struct toc_yaml *item = toc_value_items(b, node, "'holidays_from'", &count);
    for (size_t i = 0; item && zone && i < count; i++, item = item->next) {
        const struct toc_bundle_part *part;
        const char *text, *wrong;
        if (!toc_value_text(b, item, "a file of holidays", &text))
            continue;
        part = toc_dates_part(b->tree, item, toc_str_of(toc_tz_name(zone)), &wrong);
        if (!part)
            toc_diag_error(b->diag, item->offset, "'%s' is %s", text, wrong);
        else if (part->kind == TOC_PART_MISSING)
            toc_diag_error(b->diag, item->offset, "'%s' cannot be read: %.*s", text,
                           (int)part->text.size, part->text.data);
        else
            read_dates_of(b, item, part->text, skip, calendar);
    }
}

/* Whether some file has a date that this item of `skip` names. */
static bool skips_some(struct toc_build *b, const struct toc_yaml *files, struct toc_str zone,
                       const struct toc_yaml *item)
{
    const struct toc_yaml alone = {.kind = TOC_YAML_TEXT, .text = item->text};
    const struct toc_yaml *file = files->kind == TOC_YAML_LIST ? files->first : files;
    for (; file; file = files->kind == TOC_YAML_LIST ? file->next : NULL) {
        const char *wrong;
        const struct toc_bundle_part *part = toc_dates_part(b->tree, file, zone, &wrong);
        struct toc_str rest = part ? part->text : toc_str(NULL, 0);
        struct toc_policy_date date;
        while (toc_dates_next(&rest, &date) == TOC_OK)
            if (toc_dates_skip(&alone, &date))
                return true;
    }
    return false;
}

static void read_skip(struct toc_build *b, const struct toc_yaml *node,
                      const struct toc_yaml *files, const struct toc_tz *zone)
{
    size_t count;
    const struct toc_yaml *item = toc_value_items(b, node, "'skip'", &count);
    if (!files) {
        toc_diag_error(b->diag, node->key->offset, "'skip' is of dates from 'holidays_from'");
        return;
    }
    for (size_t i = 0; item && i < count; i++, item = item->next) {
        const char *text;
        if (toc_value_text(b, item, "what to skip", &text) && zone &&
            !skips_some(b, files, toc_str_of(toc_tz_name(zone)), item)) {
            toc_diag_warning(b->diag, item->offset, "there is no date '%s' to skip", text);
            toc_diag_hint(b->diag, "a date or a name as `tocsin policy check` lists it");
        }
    }
}

static void read_annual_holidays(struct toc_build *b, const struct toc_yaml *node,
                                 struct toc_calendar *calendar)
{
    size_t count;
    unsigned month;
    unsigned day;
    const struct toc_yaml *item = toc_value_items(b, node, "'annual_holidays'", &count);
    for (size_t i = 0; item && i < count; i++, item = item->next)
        if (toc_value_month_day(b, item, &month, &day) && calendar)
            accept(b, item->offset, toc_calendar_annual_holiday(calendar, month, day));
}

/* --- the section ------------------------------------------------------------------------------ */

static void read_hours(struct toc_build *b, const struct toc_yaml *const *values,
                       const struct toc_tz *zone, struct toc_calendar *calendar)
{
    if (values[WEEKLY])
        read_weekly(b, values[WEEKLY], calendar);
    if (values[HOLIDAYS])
        read_holidays(b, values[HOLIDAYS], calendar);
    if (values[SKIP])
        read_skip(b, values[SKIP], values[HOLIDAYS_FROM], zone);
    if (values[HOLIDAYS_FROM])
        read_holidays_from(b, values[HOLIDAYS_FROM], values[SKIP], zone, calendar);
    if (values[ANNUAL_HOLIDAYS])
        read_annual_holidays(b, values[ANNUAL_HOLIDAYS], calendar);
    if (values[DATE_HOURS])
        read_dates(b, values[DATE_HOURS], "'date_hours'", add_date_hours, calendar);
    if (values[BREAKS])
        read_dates(b, values[BREAKS], "'breaks'", add_break, calendar);
}

/* Only a calendar of dates alone comes to an end: of a week there is always another. */
static void warn_end(struct toc_build *b, const struct toc_yaml *entry,
                     const struct toc_calendar *calendar)
{
    const toc_time_ms search_ms = TOC_CALENDAR_YEARS_MAX * 365 * TOC_DAY_MS;
    toc_time_ms at_ms = TOC_CALENDAR_END_MS - 1;
    struct toc_interval last;
    int year;
    unsigned month, day;
    while (toc_calendar_interval_before(calendar, at_ms, &last) != TOC_OK)
        at_ms -= search_ms;
    if (last.until_ms > TOC_CALENDAR_END_MS - 365 * TOC_DAY_MS)
        return;
    at_ms = last.until_ms - 1;
    at_ms += toc_tz_offset_ms(toc_calendar_tz(calendar), at_ms);
    toc_date_from_days(at_ms / TOC_DAY_MS, &year, &month, &day);
    toc_diag_warning(b->diag, entry->key->offset,
                     "calendar '%.*s' opens no more after %04d-%02u-%02u",
                     TOC_DIAG_ARG(entry->key->text), year, month, day);
    toc_diag_hint(b->diag, "from then on its clocks stand still; 'weekly' goes on for ever");
}

static void read_calendar(struct toc_build *b, const struct toc_yaml *entry,
                          struct toc_policy_calendar *out)
{
    const struct toc_yaml *values[KEY_COUNT];
    const struct toc_tz *zone;
    size_t errors = b->diag->count;
    char what[TOC_POLICY_NAME_MAX + 32];
    enum toc_err err;
    (void)snprintf(what, sizeof(what), "calendar '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_calendar, values))
        return;
    zone = values[ZONE] ? toc_value_zone(b, values[ZONE]) : NULL;
    if (zone && out->name)
        accept(b, entry->offset, toc_calendar_new(out->name, zone, &out->calendar));
    read_hours(b, values, zone, out->calendar);
    if (b->diag->count > errors || !out->calendar)
        return;
    err = toc_calendar_finish(out->calendar);
    if (err == TOC_OK) {
        warn_end(b, entry, out->calendar);
    } else if (err != TOC_ERR_CONFIG) {
        accept(b, entry->key->offset, err);
    } else {
        toc_diag_error(b->diag, entry->key->offset, "%s never opens", what);
        toc_diag_hint(b->diag, "give it windows that no holiday or break closes, for example "
                               "weekly: {mon-fri: [\"09:00-17:00\"]}");
    }
}

void toc_build_calendars(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_policy_calendar *next;
    if (!node)
        return;
    b->calendars =
        toc_build_names(b, node, "'calendars'", sizeof(*b->calendars), &b->calendar_count);
    next = b->calendars;
    if (!next)
        return;
    if (b->calendar_count > CALENDARS_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d calendars", CALENDARS_MAX);
        return;
    }
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        read_calendar(b, entry, next++);
}
