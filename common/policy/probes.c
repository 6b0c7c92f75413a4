#include "common/policy/build.h"

#define EVERY_MAX_MS  (366 * (toc_time_ms)TOC_DAY_MS)
#define WITHIN_MAX_MS (7 * (toc_time_ms)TOC_DAY_MS)
#define WITHIN_MS     (4 * (toc_time_ms)TOC_HOUR_MS)
#define AT_MS         (10 * (toc_time_ms)TOC_HOUR_MS)
#define MONDAY        4 /* 1970-01-05 */

enum { EVERY, START, AT, ZONE, WITHIN, REACH_KEY_COUNT };

const struct toc_key toc_keys_reach[REACH_KEY_COUNT + 1] = {
    [EVERY] = {"every", true, "DURATION", NULL,
               "Every so many days: `7d`; everybody in the contacts file, paths and schedules."},
    [START] = {"start", false, "DATE", "a Monday", "A day of test pages; the others follow."},
    [AT] = {"at", false, "TIME", "10:00", "The time of day."},
    [ZONE] = {"zone", true, "ZONE", NULL, "IANA name of the zone whose wall time that is."},
    [WITHIN] = {"within", false, "DURATION", "4h",
                "Who has not answered after that is missed, and an alarm says so; less than "
                "`every`, at most 7d."},
};

static void read_every(struct toc_build *b, const struct toc_yaml *node, struct toc_reach *reach)
{
    toc_time_ms every_ms;
    if (!toc_value_duration(b, node, "'every'", EVERY_MAX_MS, &every_ms))
        return;
    if (every_ms < TOC_DAY_MS || every_ms % TOC_DAY_MS != 0)
        toc_diag_error(b->diag, node->offset, "'every' has to be whole days: 7d");
    reach->every_days = (unsigned)(every_ms / TOC_DAY_MS);
}

void toc_build_reach(struct toc_build *b, const struct toc_yaml *node)
{
    const struct toc_yaml *values[REACH_KEY_COUNT];
    struct toc_reach *reach = &b->policy.reach;
    *reach = (struct toc_reach){.start_day = MONDAY, .at_ms = AT_MS, .within_ms = WITHIN_MS};
    if (!node || !toc_value_keys(b, node, "'reach'", toc_keys_reach, values))
        return;
    if (values[EVERY])
        read_every(b, values[EVERY], reach);
    if (values[START])
        (void)toc_value_date(b, values[START], &reach->start_day);
    if (values[AT])
        (void)toc_value_time_of_day(b, values[AT], "'at'", &reach->at_ms);
    if (values[ZONE])
        reach->zone = toc_value_zone(b, values[ZONE]);
    if (values[WITHIN] &&
        toc_value_duration(b, values[WITHIN], "'within'", WITHIN_MAX_MS, &reach->within_ms) &&
        reach->every_days > 0 && reach->within_ms >= reach->every_days * (toc_time_ms)TOC_DAY_MS)
        toc_diag_error(b->diag, values[WITHIN]->offset, "'within' is not less than 'every'");
    if (values[WITHIN] && reach->within_ms < TOC_MINUTE_MS)
        toc_diag_error(b->diag, values[WITHIN]->offset, "'within' is at least a minute");
}

/* Rounds towards the past. */
static int64_t divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

toc_time_ms toc_policy_reach_from(const struct toc_policy *policy, toc_time_ms from_ms)
{
    const struct toc_reach *reach = &policy->reach;
    if (reach->every_days == 0)
        return TOC_TIME_NEVER;
    int64_t day = divide(toc_wall_reached(reach->zone, from_ms), TOC_DAY_MS);
    int64_t turn = divide(day - reach->start_day, reach->every_days);
    for (;; turn++) {
        int64_t wall_day = reach->start_day + turn * reach->every_days;
        toc_time_ms at_ms = toc_wall_instant(reach->zone, wall_day * TOC_DAY_MS + reach->at_ms);
        if (at_ms >= from_ms)
            return at_ms;
    }
}
