/*
 * An Event as CloudEvents 1.0 JSON, and back:
 *
 *   {"specversion": "1.0", "id": "7", "source": "urn:shop:desk", "type": "tocsin.issue.opened",
 *    "subject": "T-1", "time": "2026-03-01T09:30:00Z", "tocsinissue": "<32 hex digits>",
 *    "tocsintest": true, "data": {"channel": "email", "priority": "P2"}}
 *
 * message_json.h says how the members of `data` are written. Reading is strict: what it does not
 * know is an error with a hint, because a misspelt member would otherwise be lost in silence.
 */
#ifndef CLI_EVENT_JSON_H
#define CLI_EVENT_JSON_H

#include "services/cli/message_json.h"

#define EVENT_JSON_ERROR_MAX 512
#define EVENT_JSON_SIZE_MAX  (64 * 1024) /* bytes of one text */
#define EVENT_JSON_DEPTH_MAX 32

/* Finds the id of the issue that source#subject names; false when it cannot. */
typedef bool (*event_json_find_fn)(void *arg, const char *name, uint8_t out[TOC_ID]);

struct event_json_reader {
    struct toc_arena *arena;
    event_json_find_fn find; /* NULL: another issue is named by its id alone */
    void *arg;
};

/*
 * Reads one event; everything it points to lives in the arena. `tocsinissue`, `into`, `other`
 * and an appeal's `issue` may be source#subject. TOC_ERR_MALFORMED with a text for a person in
 * `error` when it is none, or none that may be sent (TOC_EVENT_MAX).
 */
TOC_MUST enum toc_err event_json_read(const struct event_json_reader *reader, struct toc_str json,
                                      Tocsin__V1__Event **out, char error[EVENT_JSON_ERROR_MAX]);

/* A new reference; NULL without memory. */
json_t *event_json_write(const Tocsin__V1__Event *event);

/* The body that the event's type asks for, empty, in the arena; NULL when that is exhausted. */
ProtobufCMessage *event_json_new_body(struct toc_arena *arena, Tocsin__V1__Event *event,
                                      Tocsin__V1__Event__BodyCase body);

#endif
