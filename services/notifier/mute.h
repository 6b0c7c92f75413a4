/*
 * Silences and maintenance in force: which alerts they keep, and which pages.
 *
 *                     while it is in force                      at its end, if the alert still
 * stands silence        rings nobody; the path goes on            its step rings again maintenance
 * rings nobody; the step does not end       it begins at its first step
 *
 * A page is judged by those that are in force at that instant, so one that is made, or about to
 * ring, meanwhile ends SUPPRESSED. Of several that fit, maintenance comes first, then the one that
 * ends last. An alert of which a page was kept so is held by that one until it rings, is answered
 * or is over. silence.c has their beginning and end.
 *
 * Tables: `mute`, key id -> packed Mute; `mute_due`, key u64be instant ‖ id -> nothing;
 * `mute_held`, key id ‖ 0 ‖ alert key -> nothing.
 */
#ifndef NOTIFIER_MUTE_H
#define NOTIFIER_MUTE_H

#include "services/notifier/page.h"

#include "common/alert_match.h"

#define MUTE_ID_MAX TOC_MUTE_ID_MAX
#define MUTE_MOST   64 /* in force at once */

/* Keeps a page of an alert that one in force fits. */
enum toc_err mute_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                        Tocsin__V1__Page *page, struct page_verdict *out);

/* After a judgement: whatever kept the page holds the alert; what rings is held no more. */
TOC_MUST enum toc_err mute_note(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                const Tocsin__V1__Page *page);

/* The alert is answered or over. */
TOC_MUST enum toc_err mute_let_go(struct toc_turn *turn, Tocsin__V1__Alert *alert);

/*
 * Whether its step may not end: maintenance was in force when it should have, which holds the alert
 * from now on at the latest. A notifier that was down comes to that afterwards; then the end of
 * the maintenance is still before it.
 */
TOC_MUST enum toc_err mute_stops(struct toc_turn *turn, Tocsin__V1__Alert *alert, bool *out);

/*
 * The same of an answer that is over: maintenance in force when it ended would have kept the pages
 * that follow, and is over by now, so that it has to hold the alert itself.
 */
TOC_MUST enum toc_err mute_stopped(struct toc_turn *turn, Tocsin__V1__Alert *alert, bool *out);

/* Whether it is in force at that instant and the alert is one that it is about. */
bool mute_fits(const Tocsin__V1__Mute *mute, const Tocsin__V1__Alert *alert, toc_time_ms at_ms);

/* "silence" or "maintenance". */
const char *mute_noun(const Tocsin__V1__Mute *mute);

/* --- rows, for silence.c ------------------------------------------------------------------- */

TOC_MUST enum toc_err mute_load(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Mute **out);
/* Puts the row; `old_next_ms` is where it stood among the dues (TOC_TIME_NEVER: nowhere). */
TOC_MUST enum toc_err mute_save(struct toc_turn *turn, const Tocsin__V1__Mute *mute,
                                toc_time_ms old_next_ms);
TOC_MUST enum toc_err mute_delete(struct toc_turn *turn, const Tocsin__V1__Mute *mute);
/* The first of all dues. TOC_NONE without one; `out_id` may be NULL and is lent by the store. */
TOC_MUST enum toc_err mute_first_due(struct toc_txn *txn, toc_time_ms *out_ms,
                                     struct toc_str *out_id);
/* An alert that it holds. TOC_NONE: none. */
TOC_MUST enum toc_err mute_first_held(struct toc_turn *turn, const Tocsin__V1__Mute *mute,
                                      uint64_t *out_number);

#endif
