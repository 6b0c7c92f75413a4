#include "common/wall_text.h"

#include "common/tz.h"

#define DATE_BYTES   10 /* YYYY-MM-DD */
#define A_LEAP_YEAR  2000
#define PICO_OF_1_MS UINT64_C(1000000000)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly so many digits off the front. */
static bool take_number(struct toc_str *text, size_t digits, unsigned *out)
{
    unsigned value = 0;
    if (text->size < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(text->data[i]))
            return false;
        value = value * 10 + (unsigned)(text->data[i] - '0');
    }
    *text = toc_str_from(*text, digits);
    *out = value;
    return true;
}

static bool take_sign(struct toc_str *text, char sign)
{
    if (text->size == 0 || text->data[0] != sign)
        return false;
    *text = toc_str_from(*text, 1);
    return true;
}

/* The digits behind the point of a second; those behind the twelfth cannot change the result. */
static bool take_fraction(struct toc_str *text, toc_time_ms *out_ms)
{
    uint64_t pico = 0, weight = UINT64_C(100000000000);
    size_t i = 0;
    for (; i < text->size && is_digit(text->data[i]); i++) {
        pico += weight * (uint64_t)(text->data[i] - '0');
        weight /= 10;
    }
    *text = toc_str_from(*text, i);
    *out_ms = (toc_time_ms)((pico + PICO_OF_1_MS / 2) / PICO_OF_1_MS);
    return i > 0;
}

bool toc_wall_time(struct toc_str text, toc_time_ms *out)
{
    unsigned hour = 0, minute = 0, second = 0;
    toc_time_ms fraction_ms = 0;
    if (!take_number(&text, 2, &hour) || !take_sign(&text, ':') ||
        !take_number(&text, 2, &minute) || minute > 59)
        return false;
    if (take_sign(&text, ':')) {
        if (!take_number(&text, 2, &second) || second > 59)
            return false;
        if (take_sign(&text, '.') && !take_fraction(&text, &fraction_ms))
            return false;
    }
    toc_time_ms time_ms = hour * (toc_time_ms)TOC_HOUR_MS + minute * (toc_time_ms)TOC_MINUTE_MS +
                          second * (toc_time_ms)TOC_SECOND_MS + fraction_ms;
    if (text.size != 0 || time_ms > TOC_DAY_MS)
        return false;
    *out = time_ms;
    return true;
}

static bool take_month_day(struct toc_str *text, int year, unsigned *month, unsigned *day)
{
    return take_number(text, 2, month) && take_sign(text, '-') && take_number(text, 2, day) &&
           *month >= 1 && *month <= 12 && *day >= 1 && *day <= toc_days_in_month(year, *month);
}

bool toc_wall_date(struct toc_str text, int64_t *out_days)
{
    unsigned year = 0, month = 0, day = 0;
    if (!take_number(&text, 4, &year) || year == 0 || !take_sign(&text, '-') ||
        !take_month_day(&text, (int)year, &month, &day) || text.size != 0)
        return false;
    *out_days = toc_days_from_date((int)year, month, day);
    return true;
}

bool toc_wall_month_day(struct toc_str text, unsigned *out_month, unsigned *out_day)
{
    unsigned month = 0, day = 0;
    if (!take_month_day(&text, A_LEAP_YEAR, &month, &day) || text.size != 0)
        return false;
    *out_month = month;
    *out_day = day;
    return true;
}

bool toc_wall_local(struct toc_str text, toc_time_ms *out_wall_ms)
{
    int64_t days = 0;
    toc_time_ms time_ms = 0;
    if (text.size <= DATE_BYTES || (text.data[DATE_BYTES] != ' ' && text.data[DATE_BYTES] != 'T') ||
        !toc_wall_date(toc_str(text.data, DATE_BYTES), &days) ||
        !toc_wall_time(toc_str_from(text, DATE_BYTES + 1), &time_ms))
        return false;
    *out_wall_ms = days * TOC_DAY_MS + time_ms;
    return true;
}
