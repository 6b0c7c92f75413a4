#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const char *log_who = "tocsin";
static bool log_enabled = true;

void toc_log_setup(const char *who, bool enabled)
{
    log_who = who;
    log_enabled = enabled;
}

void toc_log(enum toc_log_level level, const char *event, const char *format, ...)
{
    static const char *const levels[] = {"info", "warning", "alarm"};
    char pairs[1024], stamp[32];
    struct timespec now;
    struct tm utc;
    va_list args;
    if (!log_enabled)
        return;
    va_start(args, format);
    vsnprintf(pairs, sizeof(pairs), format, args);
    va_end(args);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    /* One write per line: lines of several processes on one terminal stay whole. */
    fprintf(stderr, "at=%s.%03ldZ level=%s service=%s event=%s %s\n", stamp, now.tv_nsec / 1000000,
            levels[level], log_who, event, pairs);
}
