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
#include "common/wire.h"

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
    bool fired; /* in the stretch */
    bool acted; /* somebody did something about it, up to the end */
    bool over;
};

struct handover_person {
    char name[HANDOVER_NAME];
    unsigned acked;
    toc_time_ms *took_ms; /* of each acknowledgement, from the opening; sorted by handover_end */
    size_t took_count, took_room;
    unsigned pages, rang, dead, kept; /* kept: suppressed, superseded or cancelled before it rang */
};

struct handover_rule {
    char name[HANDOVER_NAME];
    unsigned fired, acted, alone, open; /* alone: its cause went away, nobody did anything */
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

/* A page that rang: for counting by shift. */
struct handover_ring {
    toc_time_ms at_ms;
    uint32_t person; /* index */
};

/* `items`, `count`, `room` of a growing list. */
#define HANDOVER_LIST(type)                                                                        \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, room;                                                                        \
    }

struct handover {
    toc_time_ms from_ms, to_ms;
    HANDOVER_LIST(struct handover_alert) alerts; /* by number */
    HANDOVER_LIST(struct handover_person) people;
    HANDOVER_LIST(struct handover_rule) rules;
    HANDOVER_LIST(struct handover_dead) dead;
    HANDOVER_LIST(struct handover_mute) mutes;
    HANDOVER_LIST(struct handover_ring) rings;
    unsigned fired, acked, closed, exhausted; /* in the stretch; exhausted: its path was through */
    struct handover_person all;               /* everybody's acknowledgements and pages in one */
};

/* The stretch is [from, to). */
void handover_init(struct handover *handover, toc_time_ms from_ms, toc_time_ms to_ms);
void handover_done(struct handover *handover);

/* The next record. `*out_more` turns false with the first one that is behind the stretch. `arena`
 * is for the call alone. TOC_ERR_MEMORY; TOC_ERR_MALFORMED. */
TOC_MUST enum toc_err handover_record(struct handover *handover, struct toc_arena *arena,
                                      const Tocsin__V1__Record *record, bool *out_more);

/* That was all: counts the rules' alerts; sorts people by name, rules by noise, times by length. */
TOC_MUST enum toc_err handover_end(struct handover *handover);

/* Of the sorted times: the middle one, of an even number the mean of the two; -1 without any. */
toc_time_ms handover_median_ms(const struct handover_person *person);
toc_time_ms handover_slowest_ms(const struct handover_person *person);

#endif
