#include "common/json/rfc3339.h"

#include <stdio.h>
#include <time.h>

#define TEXT_MIN 20 /* 2026-03-01T09:30:00Z */
#define FRACTION 19 /* where one begins */

/* Exactly `digits` digits at `at`; -1 when there are none. */
static int number_at(struct toc_str text, size_t at, size_t digits)
{
    int value = 0;
    if (at + digits > text.size)
        return -1;
    for (size_t i = at; i < at + digits; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

static bool read_date_time(struct toc_str text, struct tm *out)
{
    static const char form[] = "####-##-##T##:##:##";
    for (size_t i = 0; form[i] != '\0'; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (form[i] == '#' ? !digit : (text.data[i] & ~0x20) != (form[i] & ~0x20))
            return false;
    }
    *out = (struct tm){.tm_year = number_at(text, 0, 4) - 1900,
                       .tm_mon = number_at(text, 5, 2) - 1,
                       .tm_mday = number_at(text, 8, 2),
                       .tm_hour = number_at(text, 11, 2),
                       .tm_min = number_at(text, 14, 2),
                       .tm_sec = number_at(text, 17, 2)};
    return out->tm_mon >= 0 && out->tm_mon < 12 && out->tm_mday >= 1 && out->tm_hour < 24 &&
           out->tm_min < 60 && out->tm_sec <= 60;
}

/* Milliseconds of ".25"; moves `*at` behind the digits. -1 for a point without digits. */
static int read_fraction(struct toc_str text, size_t *at)
{
    int ms = 0, weight = 100;
    if (text.data[*at] != '.')
        return 0;
    size_t first = ++*at;
    for (; *at < text.size && text.data[*at] >= '0' && text.data[*at] <= '9'; ++*at) {
        ms += (text.data[*at] - '0') * weight;
        weight /= 10;
    }
    return *at > first ? ms : -1;
}

static bool read_zone(struct toc_str text, toc_time_ms *out_offset)
{
    if (text.size == 1 && (text.data[0] == 'Z' || text.data[0] == 'z')) {
        *out_offset = 0;
        return true;
    }
    if (text.size != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':')
        return false;
    int hours = number_at(text, 1, 2), minutes = number_at(text, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    toc_time_ms offset = hours * (toc_time_ms)TOC_HOUR_MS + minutes * TOC_MINUTE_MS;
    *out_offset = text.data[0] == '-' ? -offset : offset;
    return true;
}

enum toc_err toc_rfc3339_read(struct toc_str text, toc_time_ms *out)
{
    struct tm local;
    toc_time_ms offset;
    size_t at = FRACTION;
    if (text.size < TEXT_MIN || text.size >= TOC_RFC3339_MAX || !read_date_time(text, &local))
        return TOC_ERR_MALFORMED;
    int ms = read_fraction(text, &at);
    if (ms < 0 || at >= text.size || !read_zone(toc_str_from(text, at), &offset))
        return TOC_ERR_MALFORMED;
    int day = local.tm_mday, second = local.tm_sec;
    local.tm_sec = 0;
    toc_time_ms minute_ms = (toc_time_ms)timegm(&local) * TOC_SECOND_MS;
    if (local.tm_mday != day) /* timegm made the 30th of February a day in March */
        return TOC_ERR_MALFORMED;
    *out = minute_ms + second * TOC_SECOND_MS + ms - offset;
    return TOC_OK;
}

char *toc_rfc3339_write(char out[TOC_RFC3339_MAX], toc_time_ms at_ms)
{
    toc_time_ms ms = (at_ms % TOC_SECOND_MS + TOC_SECOND_MS) % TOC_SECOND_MS;
    time_t seconds = (time_t)((at_ms - ms) / TOC_SECOND_MS);
    struct tm utc;
    size_t size = 0;
    if (gmtime_r(&seconds, &utc) != NULL)
        size = strftime(out, TOC_RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    if (ms != 0)
        size += (size_t)snprintf(out + size, TOC_RFC3339_MAX - size, ".%03d", (int)ms);
    snprintf(out + size, TOC_RFC3339_MAX - size, "Z");
    return out;
}
