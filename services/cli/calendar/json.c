#include "services/cli/calendar/json.h"

#include "common/policy/diag.h"
#include "common/wall_text.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* --- errors -------------------------------------------------------------------------------- */

enum toc_err calendar_wrong(char *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, CALENDAR_ERROR_MAX, format, args);
    va_end(args);
    return TOC_ERR_MALFORMED;
}

enum toc_err calendar_unknown(char *error, const char *where, const struct toc_guess *guess)
{
    if (guess->best != NULL)
        return calendar_wrong(error, "%s: '%.*s' is unknown (did you mean '%s'?)", where,
                              TOC_DIAG_ARG(guess->wanted), guess->best);
    return calendar_wrong(error, "%s: '%.*s' is unknown", where, TOC_DIAG_ARG(guess->wanted));
}

json_t *calendar_json_value(struct toc_str text, const char *name, char *error)
{
    const size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES;
    json_error_t where;
    json_t *value = json_loadb(text.data, text.size, flags, &where);
    if (value == NULL)
        calendar_wrong(error, "%s: not JSON: %.100s", name, where.text);
    return value;
}

/* --- windows ------------------------------------------------------------------------------- */

struct reading {
    struct toc_calendar *cal;
    char *error;
};

static struct toc_str text_of(const json_t *value)
{
    return toc_str(json_string_value(value), json_string_length(value));
}

static enum toc_err read_time(struct reading *r, const char *where, const json_t *value,
                              toc_time_ms *out)
{
    if (!json_is_string(value))
        return calendar_wrong(r->error, "%s: a time of day has to be a text", where);
    if (!toc_wall_time(text_of(value), out))
        return calendar_wrong(r->error,
                              "%s: '%.*s' is not a time of day (HH:MM, HH:MM:SS or HH:MM:SS.fff, "
                              "up to 24:00)",
                              where, TOC_DIAG_ARG(text_of(value)));
    return TOC_OK;
}

/* An end before the start, or at midnight, is on the next day. */
static enum toc_err read_window(struct reading *r, const char *where, const json_t *value,
                                struct toc_interval *out)
{
    struct toc_interval window = {0};
    if (!json_is_array(value) || json_array_size(value) != 2)
        return calendar_wrong(r->error, "%s: a window has to be [\"FROM\", \"UNTIL\"]", where);
    TOC_TRY(read_time(r, where, json_array_get(value, 0), &window.from_ms));
    TOC_TRY(read_time(r, where, json_array_get(value, 1), &window.until_ms));
    if (window.from_ms == window.until_ms || window.from_ms == TOC_DAY_MS)
        return calendar_wrong(r->error,
                              "%s: a window needs a start before 24:00 and another end (a whole "
                              "day is [\"00:00\", \"24:00\"])",
                              where);
    if (window.until_ms == 0)
        window.until_ms = TOC_DAY_MS;
    *out = window;
    return TOC_OK;
}

/* What the calendar thinks of a row. */
static enum toc_err accept(struct reading *r, const char *where, enum toc_err err)
{
    if (err == TOC_ERR_CONFIG)
        return calendar_wrong(r->error, "%s: outside the years %d to %d", where,
                              TOC_CALENDAR_YEAR_MIN, TOC_CALENDAR_YEAR_END - 1);
    if (err != TOC_OK)
        return calendar_wrong(r->error, "%s: %s", where, toc_err_text(err));
    return TOC_OK;
}

/* One window of a weekday (`key` is 0 for Monday) or of a date (`key` is its day). */
typedef enum toc_err (*window_fn)(struct reading *r, const char *where, int64_t key,
                                  const struct toc_interval *window);

static enum toc_err add_weekly(struct reading *r, const char *where, int64_t weekday,
                               const struct toc_interval *window)
{
    bool overnight = window->until_ms < window->from_ms;
    toc_time_ms until_ms = overnight ? TOC_DAY_MS : window->until_ms;
    enum toc_err err = toc_calendar_weekly(r->cal, (unsigned)weekday, window->from_ms, until_ms);
    if (err == TOC_OK && overnight)
        err = toc_calendar_weekly(r->cal, (unsigned)(weekday + 1) % 7, 0, window->until_ms);
    return accept(r, where, err);
}

static enum toc_err add_break(struct reading *r, const char *where, int64_t day,
                              const struct toc_interval *window)
{
    bool overnight = window->until_ms < window->from_ms;
    toc_time_ms until_ms = overnight ? TOC_DAY_MS : window->until_ms;
    enum toc_err err = toc_calendar_break(r->cal, day, window->from_ms, until_ms);
    if (err == TOC_OK && overnight)
        err = toc_calendar_break(r->cal, day + 1, 0, window->until_ms);
    return accept(r, where, err);
}

/* A date's hours stand for that date alone, so its night belongs to the next date's hours. */
static enum toc_err add_date_hours(struct reading *r, const char *where, int64_t day,
                                   const struct toc_interval *window)
{
    if (window->until_ms < window->from_ms)
        return calendar_wrong(r->error,
                              "%s: the hours of a date cannot go past 24:00: give the rest to the "
                              "next date",
                              where);
    return accept(r, where,
                  toc_calendar_date_hours(r->cal, day, window->from_ms, window->until_ms));
}

static enum toc_err read_windows(struct reading *r, const char *where, const json_t *list,
                                 int64_t key, window_fn add)
{
    if (!json_is_array(list))
        return calendar_wrong(r->error, "%s: has to be a list of windows", where);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct toc_interval window = {0};
        TOC_TRY(read_window(r, where, json_array_get(list, i), &window));
        TOC_TRY(add(r, where, key, &window));
    }
    return TOC_OK;
}

/* --- members ------------------------------------------------------------------------------- */

static enum toc_err read_weekly(struct reading *r, json_t *value)
{
    const char *name;
    json_t *list;
    if (!json_is_object(value))
        return calendar_wrong(r->error, "weekly: has to be an object of weekdays");
    json_object_foreach(value, name, list)
    {
        struct toc_guess guess;
        size_t w = 0;
        toc_guess_init(&guess, toc_str_of(name));
        for (; w < 7 && strcmp(weekdays[w], name) != 0; w++)
            toc_guess_offer(&guess, weekdays[w]);
        if (w == 7)
            return calendar_unknown(r->error, "weekly", &guess);
        if (!json_is_null(list))
            TOC_TRY(read_windows(r, name, list, (int64_t)w, add_weekly));
    }
    return TOC_OK;
}

static enum toc_err read_date(struct reading *r, const char *where, struct toc_str text,
                              int64_t *out_day)
{
    if (toc_wall_date(text, out_day))
        return TOC_OK;
    return calendar_wrong(r->error, "%s: there is no date '%.*s' (YYYY-MM-DD)", where,
                          TOC_DIAG_ARG(text));
}

static enum toc_err read_holidays(struct reading *r, json_t *value)
{
    if (!json_is_array(value))
        return calendar_wrong(r->error, "holidays: has to be a list of dates");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *date = json_array_get(value, i);
        int64_t day = 0;
        TOC_TRY(read_date(r, "holidays", text_of(date), &day));
        TOC_TRY(accept(r, json_string_value(date), toc_calendar_holiday(r->cal, day)));
    }
    return TOC_OK;
}

static enum toc_err read_annual_holidays(struct reading *r, json_t *value)
{
    if (!json_is_array(value))
        return calendar_wrong(r->error, "annual_holidays: has to be a list of yearly dates");
    for (size_t i = 0; i < json_array_size(value); i++) {
        struct toc_str text = text_of(json_array_get(value, i));
        unsigned month = 0, day = 0;
        if (!toc_wall_month_day(text, &month, &day))
            return calendar_wrong(r->error,
                                  "annual_holidays: there is no yearly date '%.*s' (MM-DD)",
                                  TOC_DIAG_ARG(text));
        TOC_TRY(accept(r, "annual_holidays", toc_calendar_annual_holiday(r->cal, month, day)));
    }
    return TOC_OK;
}

static enum toc_err read_dates(struct reading *r, const char *what, json_t *value, window_fn add)
{
    const char *name;
    json_t *list;
    if (!json_is_object(value))
        return calendar_wrong(r->error, "%s: has to be an object of dates", what);
    json_object_foreach(value, name, list)
    {
        int64_t day = 0;
        TOC_TRY(read_date(r, what, toc_str_of(name), &day));
        if (add == add_date_hours && json_is_array(list) && json_array_size(list) == 0)
            TOC_TRY(accept(r, name, toc_calendar_date_hours(r->cal, day, 0, 0)));
        TOC_TRY(read_windows(r, name, list, day, add));
    }
    return TOC_OK;
}

static enum toc_err read_date_hours(struct reading *r, json_t *value)
{
    return read_dates(r, "date_hours", value, add_date_hours);
}

static enum toc_err read_breaks(struct reading *r, json_t *value)
{
    return read_dates(r, "breaks", value, add_break);
}

static enum toc_err skip_zone(struct reading *r, json_t *value)
{
    (void)r;
    (void)value;
    return TOC_OK; /* it was read first */
}

static const struct {
    const char *name;
    enum toc_err (*read)(struct reading *r, json_t *value);
} members[] = {
    {"tz", skip_zone},
    {"weekly", read_weekly},
    {"holidays", read_holidays},
    {"annual_holidays", read_annual_holidays},
    {"date_hours", read_date_hours},
    {"breaks", read_breaks},
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static enum toc_err read_member(struct reading *r, const char *name, json_t *value)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (strcmp(members[i].name, name) == 0)
            return json_is_null(value) ? TOC_OK : members[i].read(r, value);
        toc_guess_offer(&guess, members[i].name);
    }
    return calendar_unknown(r->error, "calendar", &guess);
}

/* --- a calendar ---------------------------------------------------------------------------- */

static enum toc_err read_zone(const json_t *root, struct toc_tz **out, char *error)
{
    const json_t *value = json_object_get(root, "tz");
    if (!json_is_object(root))
        return calendar_wrong(error, "calendar: has to be an object");
    if (!json_is_string(value))
        return calendar_wrong(error, "tz: a calendar needs one, such as \"Europe/Berlin\"");
    enum toc_err err = toc_tz_load(json_string_value(value), out);
    if (err == TOC_ERR_CONFIG)
        return calendar_wrong(error,
                              "tz: unknown zone '%.60s' (an IANA name such as UTC or "
                              "Europe/Berlin)",
                              json_string_value(value));
    if (err != TOC_OK)
        return calendar_wrong(error, "tz: the zone '%.60s' cannot be read: %s",
                              json_string_value(value), toc_err_text(err));
    return TOC_OK;
}

static enum toc_err read_hours(json_t *root, struct toc_calendar *cal, char *error)
{
    struct reading r = {cal, error};
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value) TOC_TRY(read_member(&r, name, value));
    enum toc_err err = toc_calendar_finish(cal);
    if (err < 0 && err != TOC_ERR_CONFIG)
        return calendar_wrong(error, "calendar: %s", toc_err_text(err));
    return err == TOC_OK ? TOC_OK : TOC_NONE;
}

void calendar_json_discard(struct calendar_compiled *compiled)
{
    toc_calendar_free(compiled->cal);
    toc_tz_free(compiled->tz);
    *compiled = (struct calendar_compiled){0};
}

enum toc_err calendar_json_read(json_t *root, struct calendar_compiled *out, char *error)
{
    struct calendar_compiled compiled = {0};
    TOC_TRY(read_zone(root, &compiled.tz, error));
    enum toc_err err = toc_calendar_new("calendar", compiled.tz, &compiled.cal);
    if (err == TOC_OK)
        err = read_hours(root, compiled.cal, error);
    else
        err = calendar_wrong(error, "calendar: %s", toc_err_text(err));
    if (err < 0) {
        calendar_json_discard(&compiled);
        return err;
    }
    if (err == TOC_NONE) {
        toc_calendar_free(compiled.cal);
        compiled.cal = NULL;
    }
    *out = compiled;
    return TOC_OK;
}
