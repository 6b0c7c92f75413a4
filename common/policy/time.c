#include "common/policy/build.h"
#include "common/policy/dates.h"
#include "common/wall_text.h"

/* Dates of a policy; the earlier and the later are typing errors. */
#define YEAR_MIN 1970
#define YEAR_MAX 2199

#define TIME_BYTES 5 /* HH:MM */

/* The units of a duration, longest first; each may be given once, in this order. */
static const struct {
    char letter;
    toc_time_ms length_ms;
} units[] = {
    {'d', TOC_DAY_MS},
    {'h', TOC_HOUR_MS},
    {'m', TOC_MINUTE_MS},
    {'s', TOC_SECOND_MS},
};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

static const char *const unit_words[] = {"sec",  "secs",   "second",  "seconds", "min",
                                         "mins", "minute", "minutes", "hr",      "hrs",
                                         "hour", "hours",  "day",     "days"};
static const char *const weekday_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at the front of `s`, at most `max` of them; they are taken off. */
static struct toc_str take_digits(struct toc_str *s, size_t max)
{
    size_t size = 0;
    struct toc_str digits;
    while (size < s->size && size < max && is_digit(s->data[size]))
        size++;
    digits = toc_str(s->data, size);
    *s = toc_str_from(*s, size);
    return digits;
}

static unsigned small_number(struct toc_str digits)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits.size; i++)
        value = value * 10 + (unsigned)(digits.data[i] - '0');
    return value;
}

/* --- durations -------------------------------------------------------------------------------- */

/* Nine digits of the longest unit cannot overflow. */
bool toc_parse_duration(struct toc_str s, toc_time_ms *out)
{
    toc_time_ms sum = 0;
    size_t next = 0;
    if (toc_str_equal(s, TOC_STR("0"))) {
        *out = 0;
        return true;
    }
    while (s.size > 0) {
        struct toc_str digits = take_digits(&s, 9);
        size_t unit = next;
        if (digits.size == 0 || s.size == 0)
            return false;
        while (unit < UNIT_COUNT && units[unit].letter != s.data[0])
            unit++;
        if (unit == UNIT_COUNT)
            return false;
        sum += (toc_time_ms)small_number(digits) * units[unit].length_ms;
        next = unit + 1;
        s = toc_str_from(s, 1);
    }
    *out = sum;
    return next > 0;
}

static void hint_duration(struct toc_build *b, struct toc_str text)
{
    struct toc_str digits = take_digits(&text, 9);
    int size = (int)digits.size;
    while (text.size > 0 && text.data[0] == ' ')
        text = toc_str_from(text, 1);
    if (size > 0 && text.size == 0) {
        toc_diag_hint(b->diag, "give the unit: %.*ss, %.*sm, %.*sh or %.*sd", size, digits.data,
                      size, digits.data, size, digits.data, size, digits.data);
        return;
    }
    for (size_t i = 0; size > 0 && i < sizeof(unit_words) / sizeof(unit_words[0]); i++)
        if (toc_str_equal(text, toc_str_of(unit_words[i]))) {
            toc_diag_hint(b->diag, "did you mean '%.*s%c'?", size, digits.data, text.data[0]);
            return;
        }
    toc_diag_hint(b->diag, "whole numbers with s, m, h or d, for example 90s, 15m, 1h30m, 2d");
}

bool toc_value_duration(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        toc_time_ms max_ms, toc_time_ms *out)
{
    toc_time_ms value;
    const char *text;
    if (!toc_value_text(b, node, what, &text))
        return false;
    if (!toc_parse_duration(node->text, &value)) {
        toc_diag_error(b->diag, node->offset, "%s '%.*s' is not a duration", what,
                       TOC_DIAG_ARG(node->text));
        hint_duration(b, node->text);
        return false;
    }
    if (value > max_ms) {
        toc_diag_error(b->diag, node->offset, "%s '%.*s' is longer than %d days", what,
                       TOC_DIAG_ARG(node->text), (int)(max_ms / TOC_DAY_MS));
        return false;
    }
    *out = value;
    return true;
}

/* --- times of day and dates ------------------------------------------------------------------- */

/* "HH:MM" at the front of `s`, up to 24:00. */
static bool take_time(struct toc_str *s, toc_time_ms *out)
{
    if (s->size < TIME_BYTES || !toc_wall_time(toc_str(s->data, TIME_BYTES), out))
        return false;
    *s = toc_str_from(*s, TIME_BYTES);
    return true;
}

bool toc_value_time_of_day(struct toc_build *b, const struct toc_yaml *node, const char *what,
                           toc_time_ms *out)
{
    struct toc_str s = node->text;
    const char *text;
    toc_time_ms value;
    if (!toc_value_text(b, node, what, &text))
        return false;
    if (take_time(&s, &value) && s.size == 0 && value < TOC_DAY_MS) {
        *out = value;
        return true;
    }
    toc_diag_error(b->diag, node->offset, "%s '%.*s' is not a time of day", what,
                   TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "hours and minutes, for example \"17:00\"");
    return false;
}

bool toc_value_window(struct toc_build *b, const struct toc_yaml *node, struct toc_interval *out)
{
    struct toc_str s = node->text;
    struct toc_interval window;
    const char *text;
    bool good;
    if (!toc_value_text(b, node, "a time window", &text))
        return false;
    good = take_time(&s, &window.from_ms) && s.size > 0 && s.data[0] == '-';
    if (good) {
        s = toc_str_from(s, 1);
        good = take_time(&s, &window.until_ms) && s.size == 0 && window.from_ms < TOC_DAY_MS;
    }
    if (!good) {
        toc_diag_error(b->diag, node->offset, "'%.*s' is not a time window",
                       TOC_DIAG_ARG(node->text));
        toc_diag_hint(b->diag,
                      "two times of day, for example \"09:00-17:30\"; a day ends at 24:00");
        return false;
    }
    if (window.from_ms == window.until_ms) {
        toc_diag_error(b->diag, node->offset, "the time window '%.*s' is empty",
                       TOC_DIAG_ARG(node->text));
        toc_diag_hint(b->diag, "a whole day is \"00:00-24:00\"");
        return false;
    }
    if (window.until_ms == 0)
        window.until_ms = TOC_DAY_MS;
    *out = window;
    return true;
}

bool toc_parse_date(struct toc_str s, int64_t *out)
{
    int64_t day;
    if (!toc_wall_date(s, &day) || day < toc_days_from_date(YEAR_MIN, 1, 1) ||
        day > toc_days_from_date(YEAR_MAX, 12, 31))
        return false;
    *out = day;
    return true;
}

bool toc_value_date(struct toc_build *b, const struct toc_yaml *node, int64_t *out)
{
    const char *text;
    if (!toc_value_text(b, node, "a date", &text))
        return false;
    if (toc_parse_date(node->text, out))
        return true;
    toc_diag_error(b->diag, node->offset, "there is no date '%.*s'", TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "year (1970 to 2199), month and day, for example 2026-12-24");
    return false;
}

bool toc_value_month_day(struct toc_build *b, const struct toc_yaml *node, unsigned *month,
                         unsigned *day)
{
    const char *text;
    if (!toc_value_text(b, node, "a yearly date", &text))
        return false;
    if (toc_wall_month_day(node->text, month, day))
        return true;
    toc_diag_error(b->diag, node->offset, "there is no yearly date '%.*s'",
                   TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "month and day, for example 12-24");
    return false;
}

static int find_weekday(struct toc_str name)
{
    for (int i = 0; i < 7; i++)
        if (toc_str_equal(name, toc_str_of(weekday_words[i])))
            return i;
    return -1;
}

bool toc_value_weekdays(struct toc_build *b, const struct toc_yaml *node, unsigned *first,
                        unsigned *last)
{
    struct toc_str s = node->text;
    int from = s.size >= 3 ? find_weekday(toc_str(s.data, 3)) : -1;
    int until = from;
    if (s.size > 3)
        until = s.data[3] == '-' ? find_weekday(toc_str_from(s, 4)) : -1;
    if (from < 0 || until < 0) {
        toc_diag_error(b->diag, node->offset, "'%.*s' is not a weekday or a range of them",
                       TOC_DIAG_ARG(s));
        toc_diag_hint(b->diag, "mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri");
        return false;
    }
    *first = (unsigned)from;
    *last = (unsigned)until;
    return true;
}
