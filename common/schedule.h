/*
 * Who is on call: rotations in layers, temporary shifts, overrides and swaps.
 *
 * Everything is wall time in a zone. A hand-over is a wall time; as an instant it is the first at
 * which the wall clock shows that time or later. So one in a gap is the gap's end, and one in a
 * repeated hour happens at the first. A shift lasts from hand-over to hand-over, however many hours
 * that is; two that fall on the same instant make an empty shift, which nobody notices. Hours of a
 * layer are read in the same way. Before its first hand-over a layer has nobody.
 *
 * A schedule is built by whoever has one (the policy), is not changed while in use, and owns
 * nothing. The functions are pure, allocate nothing and cost a few look-ups in the zone for each
 * layer. Instants are to lie within the horizon of calendars (calendar.h).
 */
#ifndef TOC_SCHEDULE_H
#define TOC_SCHEDULE_H

#include "common/calendar.h"

#define TOC_ON_CALL_MAX 8 /* people at the same time */

enum toc_rotation {
    TOC_ROTATION_HOURLY,
    TOC_ROTATION_DAILY,
    TOC_ROTATION_WEEKLY,
    TOC_ROTATION_MONTHLY /* on the start's day of the month, or the last of a shorter month */
};

/* Milliseconds since wall midnight of Monday, [from, until), from < until <= 7 days. */
struct toc_week_window {
    toc_time_ms from_ms;
    toc_time_ms until_ms;
};

struct toc_layer {
    const char *name;
    const struct toc_tz *zone; /* of its wall times */
    enum toc_rotation rotation;
    unsigned every;    /* hours, days, weeks or months from hand-over to hand-over; from 1 */
    int64_t start_day; /* of the first hand-over, since 1970-01-01 */
    toc_time_ms at_ms; /* of all hand-overs (hourly: the first), since wall midnight */
    const char *const *people; /* in turn, beginning with the first hand-over; at least one */
    size_t person_count;
    const struct toc_week_window
        *hours;        /* only in these; sorted, neither overlapping nor touching */
    size_t hour_count; /* 0: at all hours */
    const struct toc_calendar *calendar; /* only while it is open, too; NULL: always */
};

/* Stands in place of all layers. */
struct toc_temporary {
    toc_time_ms from_ms; /* instants */
    toc_time_ms until_ms;
    const char *const *people; /* all of them at once, at most TOC_ON_CALL_MAX */
    size_t person_count;       /* 0: nobody, on purpose */
};

struct toc_schedule {
    const char *name;
    const struct toc_tz *zone;
    const struct toc_layer *layers; /* a later one wins where it has somebody */
    size_t layer_count;
    const struct toc_temporary *temporary; /* a later one wins */
    size_t temporary_count;
    unsigned budget; /* pages that may ring the people of one shift; for reports */
};

/*
 * `person` in [from, until) instead of `replaces`, or, where that is empty, of whoever the schedule
 * says, nobody included. Of several that fit the same person the last wins, and they do not chain:
 * ana for ben together with ben for ana is a swap.
 */
struct toc_override {
    const char *id;
    const char *person;
    const char *replaces; /* NULL as empty */
    toc_time_ms from_ms;
    toc_time_ms until_ms;
};

struct toc_overrides {
    const struct toc_override *items;
    size_t count;
};

/* What says so. */
enum toc_on_call_by {
    TOC_ON_CALL_NOBODY,
    TOC_ON_CALL_LAYER,
    TOC_ON_CALL_TEMPORARY,
    TOC_ON_CALL_OVERRIDE
};

/* Who is on call; the texts are those of the schedule and the overrides. */
struct toc_on_call {
    const char *people[TOC_ON_CALL_MAX]; /* each once */
    size_t count;                        /* 0: nobody */
    enum toc_on_call_by by;              /* OVERRIDE when one has changed anything */
    const char *by_name;                 /* of the layer or the override; else "" */
};

/* A run of time with the same people on call. */
struct toc_shift {
    toc_time_ms from_ms;
    toc_time_ms until_ms;
    struct toc_on_call who; /* `by` as it is at the beginning */
};

/* The instant of a wall time, and the wall time that counts at an instant, as told above. */
toc_time_ms toc_wall_instant(const struct toc_tz *zone, toc_time_ms wall_ms);
toc_time_ms toc_wall_reached(const struct toc_tz *zone, toc_time_ms instant_ms);

/* Who has the layer, NULL for nobody. `*out_until_ms`, later, is where that may be another. */
const char *toc_layer_at(const struct toc_layer *layer, toc_time_ms instant_ms,
                         toc_time_ms *out_until_ms);

/* `overrides` may be NULL. */
void toc_schedule_at(const struct toc_schedule *schedule, const struct toc_overrides *overrides,
                     toc_time_ms instant_ms, struct toc_on_call *out);

/*
 * The shift at `from_ms`, from there until other people are on call, or until `until_ms` at the
 * latest; a gap is a shift of nobody. All of [from, until), merged:
 *
 *     for (toc_time_ms t = from_ms; t < until_ms; t = shift.until_ms)
 *         toc_schedule_shift(schedule, overrides, t, until_ms, &shift);
 */
void toc_schedule_shift(const struct toc_schedule *schedule, const struct toc_overrides *overrides,
                        toc_time_ms from_ms, toc_time_ms until_ms, struct toc_shift *out);

#endif
