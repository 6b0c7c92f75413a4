#include "common/policy_build.h"

#include <stdio.h>

enum { ZONE, WEEKLY, HOLIDAYS, ANNUAL_HOLIDAYS, DATE_HOURS, BREAKS, KEY_COUNT };

const struct toc_key toc_keys_calendar[KEY_COUNT + 1] = {
    [ZONE] = {"zone", true, "ZONE", NULL, "IANA name of the zone whose wall time counts."},
    [WEEKLY] = {"weekly", false, "{WEEKDAYS: [WINDOW]}", NULL,
                "Open windows by weekday: `mon`, or a range such as `mon-fri` or `sat-mon`. Those "
                "of several entries add up; an overnight window goes on into the next day."},
    [HOLIDAYS] = {"holidays", false, "[DATE]", NULL, "Closed dates, whatever else says."},
    [ANNUAL_HOLIDAYS] = {"annual_holidays", false, "[MONTH-DAY]", NULL,
                         "Closed on this date every year; hours of a date beat it."},
    [DATE_HOURS] = {"date_hours", false, "{DATE: [WINDOW]}", NULL,
                    "Windows in place of those of one date; `[]` closes it; none past 24:00."},
    [BREAKS] = {"breaks", false, "{DATE: [WINDOW]}", NULL, "Windows cut out of one date."},
};

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

/* --- zones ------------------------------------------------------------------------------------ */

static const struct toc_tz *load_zone(struct toc_build *b, const struct toc_yaml *node)
{
    const char *name;
    struct toc_tz *zone;
    enum toc_err err;
    if (!toc_value_text(b, node, "the zone", &name))
        return NULL;
    for (size_t i = 0; i < b->zone_count; i++)
        if (strcmp(toc_tz_name(b->zones[i]), name) == 0)
            return b->zones[i];
    err = toc_tz_load(name, &zone);
    if (err == TOC_OK)
        return b->zones[b->zone_count++] = zone;
    if (err == TOC_ERR_MEMORY) {
        b->out_of_memory = true;
    } else if (err == TOC_ERR_CONFIG) {
        toc_diag_error(b->diag, node->offset, "unknown zone '%.*s'", TOC_DIAG_ARG(node->text));
        toc_diag_hint(b->diag, "an IANA name such as UTC or Europe/Berlin, from the system's "
                               "tzdata");
    } else {
        toc_diag_error(b->diag, node->offset, "the zone '%.*s' cannot be read: %s",
                       TOC_DIAG_ARG(node->text), toc_err_text(err));
    }
    return NULL;
}

/* --- windows ---------------------------------------------------------------------------------- */

static void add_weekly(struct toc_build *b, size_t offset, unsigned weekday,
                       const struct toc_interval *window, struct toc_calendar *calendar)
{
    bool overnight = window->until_ms < window->from_ms;
    toc_time_ms until_ms = overnight ? TOC_DAY_MS : window->until_ms;
    accept(b, offset, toc_calendar_weekly(calendar, weekday, window->from_ms, until_ms));
    if (overnight)
        accept(b, offset, toc_calendar_weekly(calendar, (weekday + 1) % 7, 0, window->until_ms));
}

static void read_weekdays(struct toc_build *b, const struct toc_yaml *entry,
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
        for (unsigned day = first;; day = (day + 1) % 7) {
            add_weekly(b, item->offset, day, &window, calendar);
            if (day == last)
                break;
        }
    }
}

static void read_weekly(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_calendar *calendar)
{
    if (!toc_value_map(b, node, "'weekly'"))
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        read_weekdays(b, entry, calendar);
}

/* A date's hours stand for that date alone, so its night belongs to the next date's hours. */
static void add_date_hours(struct toc_build *b, const struct toc_yaml *item, int64_t days,
                           struct toc_calendar *calendar)
{
    struct toc_interval window;
    if (!toc_value_window(b, item, &window))
        return;
    if (window.until_ms < window.from_ms) {
        toc_diag_error(b->diag, item->offset, "the hours of a date cannot go past 24:00");
        toc_diag_hint(b->diag, "end at 24:00 and give the rest to the next date");
        return;
    }
    if (calendar)
        accept(b, item->offset,
               toc_calendar_date_hours(calendar, days, window.from_ms, window.until_ms));
}

static void add_break(struct toc_build *b, const struct toc_yaml *item, int64_t days,
                      struct toc_calendar *calendar)
{
    struct toc_interval window;
    bool overnight;
    if (!toc_value_window(b, item, &window) || !calendar)
        return;
    overnight = window.until_ms < window.from_ms;
    accept(b, item->offset,
           toc_calendar_break(calendar, days, window.from_ms,
                              overnight ? TOC_DAY_MS : window.until_ms));
    if (overnight)
        accept(b, item->offset, toc_calendar_break(calendar, days + 1, 0, window.until_ms));
}

typedef void add_to_date(struct toc_build *b, const struct toc_yaml *item, int64_t days,
                         struct toc_calendar *calendar);

/* A map of dates to windows; a date with none of them is closed. */
static void read_dates(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       add_to_date *add, struct toc_calendar *calendar)
{
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
            add(b, item, days, target);
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
                       struct toc_calendar *calendar)
{
    if (values[WEEKLY])
        read_weekly(b, values[WEEKLY], calendar);
    if (values[HOLIDAYS])
        read_holidays(b, values[HOLIDAYS], calendar);
    if (values[ANNUAL_HOLIDAYS])
        read_annual_holidays(b, values[ANNUAL_HOLIDAYS], calendar);
    if (values[DATE_HOURS])
        read_dates(b, values[DATE_HOURS], "'date_hours'", add_date_hours, calendar);
    if (values[BREAKS])
        read_dates(b, values[BREAKS], "'breaks'", add_break, calendar);
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
    zone = values[ZONE] ? load_zone(b, values[ZONE]) : NULL;
    if (zone && out->name)
        accept(b, entry->offset, toc_calendar_new(out->name, zone, &out->calendar));
    read_hours(b, values, out->calendar);
    if (b->diag->count > errors || !out->calendar)
        return;
    err = toc_calendar_finish(out->calendar);
    if (err != TOC_ERR_CONFIG) {
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
    b->zones = toc_build_array(b, b->calendar_count, sizeof(struct toc_tz *));
    if (!b->zones)
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        read_calendar(b, entry, next++);
}
