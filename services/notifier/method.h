/*
 * The chain of a person's methods that one page goes through, one at a time, under one delivery id.
 *
 * An attempt that fails for good, or a second one that fails, leaves its method for the next at
 * once; after the last the page begins again at the first, with growing waits, until its step ends.
 * An urgent page does not try twice where nobody answers: it leaves after the first attempt, which
 * is cut off early. A method is passed over that is not verified, is disabled, or has refused this
 * page. Who has no method at all cannot be reached.
 */
#ifndef NOTIFIER_METHOD_H
#define NOTIFIER_METHOD_H

#include "services/notifier/page.h"

#define METHOD_CUT_MS                                                                              \
    (4 * TOC_SECOND_MS) /* of an urgent page's attempt, with another method left */

/* A page rings by a method that may be used, or dies. */
enum toc_err method_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                          Tocsin__V1__Page *page, struct page_verdict *out);

/* Why a page that nobody took within its time is dead: what has held it, as far as that is known.
 */
TOC_MUST enum toc_err method_time_over(struct toc_turn *turn, const Tocsin__V1__Page *page,
                                       const char **out_why);

/* Whether an urgent page, or another, has any method of the person to go by. */
TOC_MUST enum toc_err method_reaches(struct toc_turn *turn, const char *person, bool urgent,
                                     bool *out);

/* The page goes neither by the method of that one of the same person nor by those that refused it.
 */
TOC_MUST enum toc_err method_avoid(struct toc_turn *turn, Tocsin__V1__Page *page,
                                   const Tocsin__V1__Page *other);

/* The page is about what is acknowledged, which rings nobody where incidents are kept: it goes by
 * another method if there is one. */
TOC_MUST enum toc_err method_avoid_incidents(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                             Tocsin__V1__Page *page);

/* What becomes of a pending page after an attempt that failed: it WAITS, maybe for no time, by the
 * method that it now names; or it ENDS. */
TOC_MUST enum toc_err method_failed(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                    Tocsin__V1__Page *page, const Tocsin__V1__PageOutcome *outcome,
                                    struct page_verdict *out);

#endif
