/*
 * An Event as CloudEvents 1.0 JSON, and back:
 *
 *   {"specversion": "1.0", "id": "7", "source": "urn:shop:desk", "type": "tocsin.issue.opened",
 *    "subject": "T-1", "time": "2026-03-01T09:30:00Z", "tocsinissue": "<32 hex digits>",
 *    "tocsintest": true, "data": {"channel": "email", "priority": "P2"}}
 *
 * message.h says how the members of `data` are written; beside them stands "content", which
 * content.h reads into Event.private and writes as what the log knows of it. Reading is strict:
 * what it does not know is an error with a hint, because a misspelt member would otherwise be lost
 * in silence.
 */
#ifndef TOC_JSON_EVENT_H
#define TOC_JSON_EVENT_H

#include "common/json/message.h"

#define TOC_EVENT_JSON_ERROR_MAX   512
#define TOC_EVENT_JSON_SIZE_MAX    (256 * 1024) /* bytes of one text */
#define TOC_EVENT_JSON_DEPTH_MAX   32
#define TOC_EVENT_JSON_MEMBERS_MAX 64 /* of the envelope, extensions included */

/* Finds the id of the issue that source#subject names; false when it cannot. */
typedef bool (*toc_event_json_find_fn)(void *arg, const char *name, uint8_t out[TOC_ID]);

struct toc_event_json_reader {
    struct toc_arena *arena;
    toc_event_json_find_fn find; /* NULL: another issue is named by its id alone */
    void *arg;
    /* The attributes that CloudEvents lets others add are passed over, unless they look like a
     * misspelt member; otherwise they are mistakes. */
    bool extensions;
};

/*
 * Reads one event; everything it points to lives in the arena. `tocsinissue`, `into`, `other`
 * and an appeal's `issue` may be source#subject. TOC_ERR_MALFORMED with a text for a person in
 * `error` when it is none, TOC_ERR_LIMIT when it is larger than may be sent (TOC_EVENT_MAX,
 * TOC_PRIVATE_MAX).
 */
TOC_MUST enum toc_err toc_event_json_read(const struct toc_event_json_reader *reader,
                                          struct toc_str json, Tocsin__V1__Event **out,
                                          char error[TOC_EVENT_JSON_ERROR_MAX]);

/*
 * Parses one JSON text of at most `size_max` bytes, any value of RFC 8259, strictly: no member
 * twice, no \u0000, no number beyond 64 bits, no nesting deeper than TOC_EVENT_JSON_DEPTH_MAX. A
 * new reference; NULL, with a text for a person in `error`.
 */
json_t *toc_json_parse(struct toc_str json, size_t size_max, char error[TOC_EVENT_JSON_ERROR_MAX]);

/* toc_event_json_read for a text that is parsed already; the event also as it is packed. */
TOC_MUST enum toc_err toc_event_json_take(const struct toc_event_json_reader *reader, json_t *root,
                                          Tocsin__V1__Event **out, struct toc_str *out_packed,
                                          char error[TOC_EVENT_JSON_ERROR_MAX]);

/* A new reference; NULL without memory. */
json_t *toc_event_json_write(const Tocsin__V1__Event *event);

/* The body that the event's type asks for, empty, in the arena; NULL when that is exhausted. */
ProtobufCMessage *toc_event_json_new_body(struct toc_arena *arena, Tocsin__V1__Event *event,
                                          Tocsin__V1__Event__BodyCase body);

#endif
