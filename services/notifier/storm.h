/*
 * Storms: many pages to one person about one group become few.
 *
 * The first page rings at once. Those that come within the path's `coalesce` wait, and at its end
 * one of them, the one with the soonest deadline, stands for all that still stand. Each is judged
 * again before that. What becomes of the one becomes of the others: accepted, they are superseded
 * by it; dead, they are dead, and their steps go on. When it ends otherwise, because its alert was
 * answered, say, the next one takes its place.
 *
 *      OPEN ── its end ──► JUDGED ──► CARRIED ── accepted, dead ──► SETTLED ──► gone
 *       │                    ▲ none stands: gone   │
 *       ╰─ nobody came: gone ╰── ended otherwise ──╯
 *
 * A page waits for half of its step at most. It does not wait for what its own alert has rung, nor
 * when nobody can be reached: that is to be known at once.
 *
 * Tables: `bundle`, key u64be number -> packed Bundle; `window`, key person ‖ 0 ‖ kind (1) ‖ group
 * -> u64be number of the bundle that takes what comes; `bundle_page`, key u64be number ‖ u64be
 * deadline ‖ page key -> nothing: pages that wait or are carried; `bundle_due`, key u64be instant ‖
 * u64be number -> nothing.
 */
#ifndef NOTIFIER_STORM_H
#define NOTIFIER_STORM_H

#include "services/notifier/page.h"

/* A page rings, or waits for no instant that it knows. */
enum toc_err storm_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         Tocsin__V1__Page *page, struct page_verdict *out);

/* True while others of its group are waited for, or one of them stands for it. */
bool storm_waits(const Tocsin__V1__Page *page);

/*
 * The deadline of the alert is another: a page of it that waits names it and takes its place by it.
 * The alert's row is saved before; where the others have been judged by now, the page is, too.
 */
TOC_MUST enum toc_err storm_follow(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                   Tocsin__V1__Page *page);

/* Records that it rings, and for how many others. */
TOC_MUST enum toc_err storm_say(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                Tocsin__V1__Page *page);

/* The page has ended, whatever way. */
TOC_MUST enum toc_err storm_ended(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                  const Tocsin__V1__Page *page);

/* A page that stood for others of the alert's group reached nobody after all: they go on, one by
 * one (escalate_stranded). */
TOC_MUST enum toc_err storm_strands(struct toc_turn *turn, const Tocsin__V1__Alert *alert);

/* When something is to be done about the first bundle. TOC_NONE: about none. */
TOC_MUST enum toc_err storm_first_due(struct toc_txn *txn, toc_time_ms *out_ms);

/* It is done, to one page of it. */
TOC_MUST enum toc_err storm_due(struct toc_turn *turn);

#endif
