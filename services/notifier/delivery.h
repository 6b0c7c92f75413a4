/*
 * What a page is called outside, the same in every attempt: receivers dedupe by it, and what they
 * or people say of a page names it. It tells where the page's row is, so that no index has to, and
 * the rest of it cannot be guessed from another suite's or another life's numbers.
 */
#ifndef NOTIFIER_DELIVERY_H
#define NOTIFIER_DELIVERY_H

#include "services/notifier/alert.h"

/* The same for the same page whatever is repeated; in the turn's arena, NULL without room. */
TOC_MUST char *delivery_id(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                           const Tocsin__V1__Page *page);

/* TOC_NONE when no page has that delivery id. */
TOC_MUST enum toc_err page_by_delivery(struct toc_turn *turn, const char *delivery,
                                       Tocsin__V1__Page **out);

#endif
