/*
 * A packed Event from what a caller of libtocsin says: names and texts. It goes through the reader
 * of CloudEvents JSON, so that a mistake is told in the same words here as everywhere.
 */
#ifndef TOC_CLIENT_COMPOSE_H
#define TOC_CLIENT_COMPOSE_H

#include "common/client/tocsin.h"
#include "common/json/event.h"

#define TOC_CLIENT_ARENA_BYTES ((size_t)128 * 1024) /* one event, many times over */

/*
 * `event` as bytes in `arena`, which is emptied first; `source` stands in for one that it does not
 * name, and may be NULL. TOC_ERR_MALFORMED with a text for a person, TOC_ERR_MEMORY.
 */
TOC_MUST enum toc_err toc_client_compose(struct toc_arena *arena, const struct tocsin_event *event,
                                         const char *source, struct toc_str *out,
                                         char error[TOC_EVENT_JSON_ERROR_MAX]);

#endif
