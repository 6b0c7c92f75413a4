/*
 * What the notifier's log says of a stretch of time: the arithmetic of `tocsin handover`, without
 * the bus and without a clock.
 *
 * Records go in once, in order, from the log's beginning to the end of the stretch. What is kept is
 * what happened in it and what was open when it ended; alerts that were over before it began are
 * forgotten as they close.
 */
#ifndef CLI_HANDOVER_HANDOVER_H
#define CLI_HANDOVER_HANDOVER_H

#include "common/arena.h"
#include "common/time.h"
#include "common/tz.h"
#include "common/wire.h"

#define HANDOVER_NIGHT_FROM_MS  (22 * TOC_HOUR_MS) /* on the wall */
#define HANDOVER_NIGHT_UNTIL_MS (8 * TOC_HOUR_MS)

#define HANDOVER_NAME 80  /* bytes of a name with its terminator; a longer one is cut */
#define HANDOVER_TEXT 160 /* … of a cause, a reference or a reason */

struct handover_alert {
    uint64_t number;
    uint8_t id[TOC_ID];
    Tocsin__V1__AlertState state;
    char severity[16], rule[HANDOVER_NAME], queue[HANDOVER_NAME],
        has[HANDOVER_NAME]; /* who has it */
    char cause[HANDOVER_TEXT], reference[HANDOVER_TEXT];
    toc_time_ms opened_ms, due_ms;
    char answered_by[HANDOVER_NAME]; /* who was the first to acknowledge it; empty: nobody */
    toc_time_ms answered_ms;
    unsigned step, round;    /* of the last page that a step asked for, from 1; 0: none did */
    char why[HANDOVER_TEXT]; /* its first step was not enough; empty: it was */
    unsigned rang, night;    /* pages in the stretch */
    bool fired;              /* in the stretch */
    bool escalated;          /* past its first step, in the stretch */
    bool through;            /* its path is, and nobody has answered since */
    bool acted;              /* somebody did something about it, up to the end */
    bool over;
    bool forgotten; /* over before the stretch: goes with the next sweep */
};

struct handover_person {
    char name[HANDOVER_NAME];
    toc_time_ms *took_ms; /* of each alert that they were the first to acknowledge, from its
                             opening; sorted by handover_end */
    size_t took_count, took_room;
    unsigned pages, rang, dead, kept; /* kept: suppressed, superseded or cancelled before it rang */
    unsigned night;                   /* of those that rang */
    int64_t budget;                   /* of their shifts together; -1: they had none */
};

struct handover_rule {
    char name[HANDOVER_NAME];
    unsigned fired, acted, alone, open; /* alone: its cause went away, nobody did anything */
    unsigned rang, night;               /* pages, of alerts that fired before, too */
};

struct handover_dead {
    toc_time_ms at_ms;
    uint8_t alert[TOC_ID];
    char contact[HANDOVER_NAME], delivery[40], reason[HANDOVER_TEXT];
};

struct handover_mute {
    char id[HANDOVER_NAME], owner[HANDOVER_NAME], matcher[HANDOVER_TEXT], reason[HANDOVER_TEXT];
    bool maintenance, ended;
    toc_time_ms from_ms, end_ms;
    uint64_t suppressed;
};

/* A page that rang. */
struct handover_ring {
    toc_time_ms at_ms;
    uint64_t alert;
    uint32_t person;           /* index, until handover_end */
    const struct toc_tz *zone; /* of whoever it rang, where a shift says so */
};

/* `items`, `count`, `room` of a growing list. */
#define HANDOVER_LIST(type)                                                                        \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, room;                                                                        \
    }

struct handover {
    toc_time_ms from_ms, to_ms;
    toc_time_ms rings_ms; /* what rang from then on is kept: shifts begin before the stretch */
    HANDOVER_LIST(struct handover_alert) alerts; /* by number */
    size_t forgotten;                            /* of them */
    HANDOVER_LIST(struct handover_person) people;
    HANDOVER_LIST(struct handover_rule) rules;
    HANDOVER_LIST(struct handover_dead) dead;
    HANDOVER_LIST(struct handover_mute) mutes;
    HANDOVER_LIST(struct handover_ring) rings;
    unsigned fired, closed, escalated; /* in the stretch */
    unsigned exhausted;                /* their path was through, and nobody answered by its end */
    struct handover_person all;        /* everybody's answers and pages in one */
};

/* The stretch is [from, to). */
void handover_init(struct handover *handover, toc_time_ms from_ms, toc_time_ms to_ms);
/* Pages that rang are wanted from an earlier instant on, for shifts.h. */
void handover_keep_rings(struct handover *handover, toc_time_ms from_ms);
void handover_done(struct handover *handover);

/* The next record. `*out_more` turns false with the first one that is behind the stretch. `arena`
 * is for the call alone. TOC_ERR_MEMORY; TOC_ERR_MALFORMED. */
TOC_MUST enum toc_err handover_record(struct handover *handover, struct toc_arena *arena,
                                      const Tocsin__V1__Record *record, bool *out_more);

/*
 * That was all: counts what rang at night, on the wall of `zone` where no shift has said another,
 * and the rules' alerts; sorts people by name, rules by noise, times by length.
 */
TOC_MUST enum toc_err handover_end(struct handover *handover, const struct toc_tz *zone);

/* Of the sorted times, -1 without any: the middle one, of an even number the mean of the two; the
 * one that nine of ten do not exceed; the longest. */
toc_time_ms handover_median_ms(const struct handover_person *person);
toc_time_ms handover_p90_ms(const struct handover_person *person);
toc_time_ms handover_slowest_ms(const struct handover_person *person);

/* --- between the two files ---------------------------------------------------------------- */

/* Room for one more in the array whose address is at `place`, a pointer to any object. */
TOC_MUST enum toc_err handover_room(void *place, size_t count, size_t *room, size_t size);
#define HANDOVER_ROOM(list)                                                                        \
    handover_room(&(list)->items, (list)->count, &(list)->room, sizeof(*(list)->items))

bool handover_is_at_night(const struct toc_tz *zone, toc_time_ms at_ms);

/* Takes out the alerts that are forgotten. */
void handover_sweep(struct handover *handover);

/* By number; NULL: it was over before the stretch, or never there. */
struct handover_alert *handover_find(const struct handover *handover, uint64_t number);

#endif
