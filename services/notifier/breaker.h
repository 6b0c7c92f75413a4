/*
 * The breaker of each provider: where many methods go with the same credential. It opens when the
 * provider fails, so that pages take another way where they have one, and lets one page try now and
 * then until it answers again.
 *
 *              5 failures in a row, or half of
 *              at least 10 within 30 s
 *      CLOSED ──────────────────────────► OPEN ◄──────────╮
 *         ▲                                │ probe_ms      │ it fails
 *         │ any answer                     ▼               │
 *         ╰─────────────────────────── HALF_OPEN ──────────╯
 *
 * An answer that refuses this one page is an answer. Opening and closing are PROVIDER_CHANGED. One
 * that is not closed is forgotten when no contact has a method of its provider any more.
 *
 * Table: `provider`, key its key -> packed Provider.
 */
#ifndef NOTIFIER_BREAKER_H
#define NOTIFIER_BREAKER_H

#include "services/notifier/alert.h"

/* What is known of a provider now. */
struct breaker {
    Tocsin__V1__ProviderState state;
    toc_time_ms probe_ms; /* OPEN, HALF_OPEN: not before that may another page try */
    toc_time_ms floor_ms; /* it wants none before that; 0: it did not say */
};
TOC_MUST enum toc_err breaker_of(struct toc_turn *turn, const char *provider, struct breaker *out);

/* A page is about to try although the breaker is open: it is the probe. */
TOC_MUST enum toc_err breaker_probe(struct toc_turn *turn, const char *provider);

/* A page that may be the probe is not sent after all, or not yet: another one may try at once. */
TOC_MUST enum toc_err breaker_pass(struct toc_turn *turn, const char *provider);

/* What an attempt by that provider came to. */
TOC_MUST enum toc_err breaker_note(struct toc_turn *turn, const char *provider,
                                   const Tocsin__V1__PageOutcome *outcome);

/* No contact has a method of it any more, so it will never answer: an open one closes, and nothing
 * is known of it from then on. */
TOC_MUST enum toc_err breaker_forget(struct toc_turn *turn, const char *provider);

#endif
