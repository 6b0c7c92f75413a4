#include "services/cli/import/rule.h"

#include <strings.h>

struct parts {
    int year, month, day, hour, minute, second, ms;
    int half;           /* of the day: 0 none said, 1 am, 2 pm */
    int offset_minutes; /* east of UTC */
};

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};

/* One or more digits, at most `most`; -1 without any. Moves `*at` behind them. */
static int read_digits(struct toc_str text, size_t *at, size_t most)
{
    int value = 0;
    size_t first = *at;
    while (*at < text.size && *at - first < most && text.data[*at] >= '0' && text.data[*at] <= '9')
        value = value * 10 + (text.data[(*at)++] - '0');
    return *at > first ? value : -1;
}

static bool read_within(struct toc_str text, size_t *at, size_t digits, int least, int most,
                        int *out)
{
    *out = read_digits(text, at, digits);
    return *out >= least && *out <= most;
}

static bool read_month_name(struct toc_str text, size_t *at, int *out)
{
    for (int i = 0; i < 12 && *at + 3 <= text.size; i++) {
        if (strncasecmp(text.data + *at, months[i], 3) == 0) {
            *out = i + 1;
            *at += 3;
            return true;
        }
    }
    return false;
}

static bool read_half(struct toc_str text, size_t *at, int *out)
{
    if (*at + 2 > text.size)
        return false;
    bool am = strncasecmp(text.data + *at, "am", 2) == 0;
    bool pm = strncasecmp(text.data + *at, "pm", 2) == 0;
    *out = am ? 1 : 2;
    *at += 2;
    return am || pm;
}

static bool read_fraction(struct toc_str text, size_t *at, int *out)
{
    size_t first = *at;
    int weight = 100;
    *out = 0;
    for (; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at) {
        *out += (text.data[*at] - '0') * weight;
        weight /= 10;
    }
    return *at > first;
}

/* "Z", "+05:30", "+0530", "+05". */
static bool read_offset(struct toc_str text, size_t *at, int *out)
{
    int hours, minutes = 0;
    if (*at == text.size)
        return false;
    char sign = text.data[(*at)++];
    *out = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    size_t first = *at;
    if ((sign != '+' && sign != '-') || !read_within(text, at, 2, 0, 23, &hours) ||
        *at - first != 2)
        return false;
    bool has_colon = *at < text.size && text.data[*at] == ':';
    *at += has_colon;
    first = *at;
    if (has_colon || (*at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'))
        if (!read_within(text, at, 2, 0, 59, &minutes) || *at - first != 2)
            return false;
    *out = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
}

static bool read_part(char letter, struct toc_str text, size_t *at, struct parts *out)
{
    switch (letter) {
    case 'Y':
        return read_within(text, at, 4, 1, 9999, &out->year);
    case 'y': {
        bool is_year = read_within(text, at, 2, 0, 99, &out->year);
        out->year += out->year < 69 ? 2000 : 1900; /* as POSIX has it */
        return is_year;
    }
    case 'm':
        return read_within(text, at, 2, 1, 12, &out->month);
    case 'b':
        return read_month_name(text, at, &out->month);
    case 'd':
        return read_within(text, at, 2, 1, 31, &out->day);
    case 'H':
        return read_within(text, at, 2, 0, 23, &out->hour);
    case 'I':
        return read_within(text, at, 2, 1, 12, &out->hour);
    case 'M':
        return read_within(text, at, 2, 0, 59, &out->minute);
    case 'S':
        return read_within(text, at, 2, 0, 60, &out->second);
    case 'p':
        return read_half(text, at, &out->half);
    case 'f':
        return read_fraction(text, at, &out->ms);
    case 'z':
        return read_offset(text, at, &out->offset_minutes);
    case '%':
        return *at < text.size && text.data[(*at)++] == '%';
    default:
        return false;
    }
}

static bool read_parts(struct toc_str format, struct toc_str text, struct parts *out)
{
    size_t at = 0;
    for (size_t i = 0; i < format.size; i++) {
        if (format.data[i] == '%' && i + 1 < format.size) {
            if (!read_part(format.data[++i], text, &at, out))
                return false;
        } else if (at >= text.size || text.data[at++] != format.data[i]) {
            return false;
        }
    }
    return at == text.size &&
           (unsigned)out->day <= toc_days_in_month(out->year, (unsigned)out->month);
}

enum toc_err import_time_read(struct toc_str format, const struct toc_tz *zone, struct toc_str text,
                              toc_time_ms *out)
{
    struct parts p = {.month = 1, .day = 1};
    if (!read_parts(format, text, &p))
        return TOC_ERR_MALFORMED;
    if (p.half != 0) {
        if (p.hour == 0 || p.hour > 12) /* only half a day's hours go with am and pm */
            return TOC_ERR_MALFORMED;
        p.hour = p.hour % 12 + (p.half == 2 ? 12 : 0);
    }
    int64_t days = toc_days_from_date(p.year, (unsigned)p.month, (unsigned)p.day);
    toc_time_ms wall_ms = days * TOC_DAY_MS + p.hour * (toc_time_ms)TOC_HOUR_MS +
                          p.minute * TOC_MINUTE_MS + p.second * TOC_SECOND_MS + p.ms;
    *out = zone != NULL ? toc_tz_resolve(zone, wall_ms)
                        : wall_ms - p.offset_minutes * (toc_time_ms)TOC_MINUTE_MS;
    return TOC_OK;
}

bool import_time_format_is_valid(struct toc_str format)
{
    bool year = false, month = false, day = false;
    for (size_t i = 0; i < format.size; i++) {
        if (format.data[i] != '%')
            continue;
        if (++i == format.size || strchr("YymbdHIMSpfz%", format.data[i]) == NULL)
            return false;
        year = year || format.data[i] == 'Y' || format.data[i] == 'y';
        month = month || format.data[i] == 'm' || format.data[i] == 'b';
        day = day || format.data[i] == 'd';
    }
    return year && month && day;
}

bool import_time_has_offset(struct toc_str format)
{
    for (size_t i = 0; i + 1 < format.size; i++)
        if (format.data[i] == '%' && format.data[++i] == 'z')
            return true;
    return false;
}
