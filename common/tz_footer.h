/*
 * The footer of a TZif file: how a zone goes on after its last transition, as a POSIX TZ text
 * ("CET-1CEST,M3.5.0,M10.5.0/3") with the extensions of RFC 8536, 3.3.1 (hours from -167 to 167).
 *
 * Only tz.c and its tests call this. Designations are read over: they have no meaning here.
 */
#ifndef TOC_TZ_FOOTER_H
#define TOC_TZ_FOOTER_H

#include "common/str.h"
#include "common/time.h"

enum toc_tz_rule_kind {
    TOC_TZ_JULIAN,  /* Jn: 1 to 365, the 29th of February is never counted */
    TOC_TZ_ORDINAL, /* n: 0 to 365 */
    TOC_TZ_WEEKDAY  /* Mm.w.d: weekday d (0 is Sunday) of week w (5 is the last) of month m */
};

struct toc_tz_rule {
    enum toc_tz_rule_kind kind;
    int day; /* of the kind, or the weekday */
    int month;
    int week;
    int32_t time_s; /* wall time in force before the change, from midnight of that day */
};

struct toc_tz_footer {
    int32_t std_s; /* east of UTC, unlike in the text */
    int32_t dst_s;
    bool has_dst;
    struct toc_tz_rule start;
    struct toc_tz_rule end;
};

/* Reads a whole text. False for anything else, also for a DST name without its two rules. */
bool toc_tz_footer_parse(struct toc_str text, struct toc_tz_footer *footer);

/*
 * The instant of a rule in a year of the proleptic Gregorian calendar; `offset_s` (east of UTC) is
 * the one in force before it. It may lie in a neighbouring year.
 */
toc_time_ms toc_tz_rule_instant(const struct toc_tz_rule *rule, int year, int32_t offset_s);

#endif
