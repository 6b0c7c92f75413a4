#include "services/cli/moment.h"

#include <stdio.h>
#include <time.h>

/* Ten thousand years either way: further out localtime's year no longer fits the text. */
#define SHOWN_MAX_MS ((toc_time_ms)253402300799999)

static bool is_shown(toc_time_ms at_ms)
{
    return at_ms >= -SHOWN_MAX_MS && at_ms <= SHOWN_MAX_MS;
}

/* Splits off the sign; INT64_MIN has no positive counterpart and is far beyond any clock. */
static const char *sign_of(toc_time_ms *span_ms)
{
    if (*span_ms >= 0)
        return "";
    *span_ms = *span_ms == TOC_TIME_MIN ? TOC_TIME_NEVER : -*span_ms;
    return "-";
}

char *moment_span(char out[MOMENT_MAX], toc_time_ms span_ms)
{
    const char *sign = sign_of(&span_ms);
    long long ms = span_ms, s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;
    if (ms > 0 && ms < 1000)
        snprintf(out, MOMENT_MAX, "%s%lldms", sign, ms);
    else if (s < 60)
        snprintf(out, MOMENT_MAX, "%s%llds", sign, s);
    else if (m < 60)
        snprintf(out, MOMENT_MAX, "%s%lldm%02llds", sign, m, s % 60);
    else if (h < 24)
        snprintf(out, MOMENT_MAX, "%s%lldh%02lldm", sign, h, m % 60);
    else
        snprintf(out, MOMENT_MAX, "%s%lldd%02lldh", sign, d, h % 24);
    return out;
}

char *moment_exact(char out[MOMENT_MAX], toc_time_ms span_ms)
{
    const char *sign = sign_of(&span_ms);
    long long ms = span_ms % 1000, s = span_ms / 1000 % 60, m = span_ms / 60000 % 60;
    long long h = span_ms / TOC_HOUR_MS;
    int at = snprintf(out, MOMENT_MAX, "%s", sign);
    if (h > 0)
        at += snprintf(out + at, (size_t)(MOMENT_MAX - at), "%lldh", h);
    if (m > 0)
        at += snprintf(out + at, (size_t)(MOMENT_MAX - at), "%lldm", m);
    if (ms > 0)
        snprintf(out + at, (size_t)(MOMENT_MAX - at), "%lld.%03llds", s, ms);
    else if (s > 0 || (h == 0 && m == 0))
        snprintf(out + at, (size_t)(MOMENT_MAX - at), "%llds", s);
    return out;
}

/* False for what is no instant to show; `out` then says so. */
static bool local(char out[MOMENT_MAX], toc_time_ms at_ms, struct tm *tm, int *ms)
{
    if (!is_shown(at_ms)) {
        snprintf(out, MOMENT_MAX, "%s", at_ms > 0 ? "never" : "-");
        return false;
    }
    *ms = (int)((at_ms % 1000 + 1000) % 1000);
    time_t seconds = (time_t)((at_ms - *ms) / 1000);
    localtime_r(&seconds, tm);
    return true;
}

char *moment_near(char out[MOMENT_MAX], toc_time_ms at_ms, toc_time_ms now_ms)
{
    struct tm tm;
    int ms;
    if (!local(out, at_ms, &tm, &ms))
        return out;
    /* Differences of instants that can be shown do not overflow. */
    toc_time_ms away = !is_shown(now_ms) ? TOC_TIME_NEVER
                       : at_ms > now_ms  ? at_ms - now_ms
                                         : now_ms - at_ms;
    if (away < 12 * (toc_time_ms)TOC_HOUR_MS)
        strftime(out, MOMENT_MAX, "%H:%M:%S", &tm);
    else if (away < 6 * TOC_DAY_MS)
        strftime(out, MOMENT_MAX, "%a %H:%M", &tm);
    else
        strftime(out, MOMENT_MAX, "%Y-%m-%d %H:%M", &tm);
    return out;
}

char *moment_full(char out[MOMENT_MAX], toc_time_ms at_ms)
{
    struct tm tm;
    int ms;
    if (!local(out, at_ms, &tm, &ms))
        return out;
    size_t size = strftime(out, MOMENT_MAX, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(out + size, MOMENT_MAX - size, ".%03d", ms);
    return out;
}

char *moment_beside(char out[MOMENT_MAX], toc_time_ms at_ms, toc_time_ms beside_ms)
{
    char day[MOMENT_MAX], other[MOMENT_MAX];
    moment_date(day, at_ms);
    moment_date(other, beside_ms);
    return strcmp(day, other) == 0 ? moment_clock(out, at_ms) : moment_full(out, at_ms);
}

char *moment_date(char out[MOMENT_MAX], toc_time_ms at_ms)
{
    struct tm tm;
    int ms;
    if (local(out, at_ms, &tm, &ms))
        strftime(out, MOMENT_MAX, "%A %Y-%m-%d", &tm);
    return out;
}

char *moment_clock(char out[MOMENT_MAX], toc_time_ms at_ms)
{
    struct tm tm;
    int ms;
    if (local(out, at_ms, &tm, &ms))
        snprintf(out, MOMENT_MAX, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
    return out;
}

toc_time_ms moment_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (toc_time_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
