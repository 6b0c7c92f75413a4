/*
 * The page behind a link, for whoever was just woken: how the alert stands, and buttons; in the
 * reader's language and on their wall clock. Without scripts, from 320 px on, in the dark too;
 * whatever could be written by somebody is escaped.
 */
#ifndef NOTIFIER_DOOR_PAGE_H
#define NOTIFIER_DOOR_PAGE_H

#include "services/notifier/door/door_impl.h"

#define PAGE_POLICY                                                                                \
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "         \
    "frame-ancestors 'none'"

/* Malloc'ed; NULL without memory. */
char *page_write(const struct door_answer *answer, toc_time_ms now_ms, size_t *out_size);

#endif
