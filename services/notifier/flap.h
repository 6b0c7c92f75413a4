/*
 * Flap hold: an alert whose cause is gone closes only after its rule's `hold`, and if the cause
 * comes back by then it goes on where it was, acknowledged if it was, and rings nobody who has been
 * told already. Meanwhile it rings nobody and waits for no answer.
 *
 * A cause is gone when its clock is met, cancelled or corrected, or its wait is over. An issue that
 * is solved or merged, and a person who resolves the alert, end it at once.
 */
#ifndef NOTIFIER_FLAP_H
#define NOTIFIER_FLAP_H

#include "services/notifier/escalate.h"

static inline bool flap_is_held(const Tocsin__V1__Alert *alert)
{
    return alert->gone_ms != 0;
}

/* The cause of the alert is gone; false in `out` where it closes at once. */
TOC_MUST enum toc_err flap_begin(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *why,
                                 bool *out);

/* A cause is there: true in `out` when it is that of an alert that is held, which goes on. `path`
 * and `id` are those that a new alert would have. */
TOC_MUST enum toc_err flap_back(struct toc_turn *turn, const struct cause *cause,
                                const struct toc_path *path, const uint8_t id[TOC_ID], bool *out);

/* The hold is over. */
TOC_MUST enum toc_err flap_end(struct toc_turn *turn, Tocsin__V1__Alert *alert);

#endif
