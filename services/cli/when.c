#include "services/cli/when.h"

#include "common/conf.h"
#include "common/json/rfc3339.h"
#include "common/schedule.h"
#include "common/wall_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_reached(toc_time_ms at_ms)
{
    return toc_calendar_has_instant(at_ms - TOC_DAY_MS) &&
           toc_calendar_has_instant(at_ms + TOC_DAY_MS);
}

static bool read_away(struct toc_str text, toc_time_ms now_ms, toc_time_ms *out)
{
    int64_t away_ms;
    if (text.size < 2 || (text.data[0] != '+' && text.data[0] != '-') ||
        toc_conf_duration(toc_str_from(text, 1), &away_ms) != TOC_OK ||
        away_ms > TOC_CALENDAR_END_MS - TOC_CALENDAR_BEGIN_MS)
        return false;
    *out = text.data[0] == '+' ? now_ms + away_ms : now_ms - away_ms;
    return true;
}

bool when_read(struct toc_str text, const struct toc_tz *zone, toc_time_ms now_ms, toc_time_ms *out)
{
    toc_time_ms wall_ms, at_ms = now_ms;
    int64_t days;
    if (toc_wall_date(text, &days))
        at_ms = toc_wall_instant(zone, days * TOC_DAY_MS);
    else if (toc_wall_local(text, &wall_ms))
        at_ms = toc_wall_instant(zone, wall_ms);
    else if (!toc_str_equal(text, TOC_STR("now")) && !read_away(text, now_ms, &at_ms) &&
             toc_rfc3339_read(text, &at_ms) != TOC_OK)
        return false;
    if (!is_reached(at_ms))
        return false;
    *out = at_ms;
    return true;
}

char *when_wall(char out[WHEN_MAX], const struct toc_tz *zone, toc_time_ms at_ms)
{
    static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    if (at_ms == TOC_TIME_NEVER || at_ms == TOC_TIME_MIN)
        return toc_str_copy(out, WHEN_MAX, toc_str_of(at_ms > 0 ? "never" : "ever"));
    toc_time_ms wall_ms = at_ms + toc_tz_offset_ms(zone, at_ms);
    int64_t days = wall_ms / TOC_DAY_MS - (wall_ms % TOC_DAY_MS < 0);
    unsigned seconds = (unsigned)((wall_ms - days * TOC_DAY_MS) / TOC_SECOND_MS), month, day;
    int year;
    toc_date_from_days(days, &year, &month, &day);
    int size = snprintf(out, WHEN_MAX, "%s %04d-%02u-%02u %02u:%02u", weekdays[toc_weekday(days)],
                        year, month, day, seconds / 3600, seconds / 60 % 60);
    if (seconds % 60 != 0)
        snprintf(out + size, WHEN_MAX - (size_t)size, ":%02u", seconds % 60);
    return out;
}

/* The name behind the link that is the machine's zone; "UTC" when there is none. */
static const char *name_here(char *path, size_t path_size)
{
    static const char marker[] = "/zoneinfo/";
    const char *name = getenv("TZ");
    if (name != NULL && name[0] != '\0')
        return name[0] == ':' ? name + 1 : name;
    ssize_t size = readlink("/etc/localtime", path, path_size - 1);
    path[size < 0 ? 0 : size] = '\0';
    name = strstr(path, marker);
    return name != NULL ? name + sizeof(marker) - 1 : "UTC";
}

struct toc_tz *when_zone(const char *who, const char *name)
{
    char path[512];
    struct toc_tz *zone = NULL;
    if (toc_tz_load(name != NULL ? name : name_here(path, sizeof(path)), &zone) != TOC_OK &&
        (name != NULL || toc_tz_load("UTC", &zone) != TOC_OK)) {
        fprintf(stderr, "%s: --zone %s: there is no such time zone\n", who,
                name != NULL ? name : "UTC");
        return NULL;
    }
    return zone;
}
