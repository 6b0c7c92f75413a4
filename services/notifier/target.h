/*
 * Whom a step of a path means at an instant: the people that it names, and whoever is on call by
 * its schedules; with round robin one of these, in turn.
 *
 * Table: `turn`, key path ‖ 0 ‖ u32be step -> u64be, how often somebody of the step had his turn.
 */
#ifndef NOTIFIER_TARGET_H
#define NOTIFIER_TARGET_H

#include "services/notifier/alert.h"

#define TARGET_MOST 288 /* 32 people, and 32 schedules with 8 each */

/*
 * Each once, in the order of the step; the texts live until the event is through. With round robin
 * it is one of them, in turn: the first who has a method that may be used.
 */
struct target {
    const char *people[TARGET_MOST];
    const char *why[TARGET_MOST]; /* "on call by prim (base)"; NULL: the step names the person */
    size_t count;                 /* 0: the step is empty */
};

/* Whom the alert's step means at an instant. */
TOC_MUST enum toc_err target_find(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                  const struct toc_path *path, toc_time_ms at_ms,
                                  struct target *out);

/* The same now. With round robin, those who are passed over stand before the one: their pages die
 * at once, which is how anybody hears of it; and then it is the next one's turn. */
TOC_MUST enum toc_err target_take(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                  const struct toc_path *path, struct target *out);

#endif
