/*
 * Plain JSON for the impatient: one flat object, in which what people wrote and who they are stands
 * beside what the issue is, as the CloudEvent that it comes to.
 *
 *   {"title": "Locked out", "text": "…", "email": "ana@example.com", "category": "account"}
 *
 * Members are those of the event's data (by the proto's descriptor: a new one needs no line here)
 * and of its content, where the body is called "text"; of the envelope `id`, `subject`, `time` and
 * `test`. The person is the mail address, unless it is said. A form is the same, from other bytes
 * (form.h). Only the edge's routes use this.
 */
#ifndef INTAKE_EDGE_PLAIN_H
#define INTAKE_EDGE_PLAIN_H

#include "services/intake/edge/cloudevents.h"

/* What the event is to be. */
struct plain_target {
    const char *source;  /* the token's */
    struct toc_str key;  /* Idempotency-Key, empty: none; serves as id */
    const char *ref;     /* a message, of the issue with this id or subject; NULL: a new issue */
    const char *channel; /* of a new issue that says none */
};

/*
 * The event's JSON, a new reference; NULL with what is wrong in `why`, naming the member. Without
 * an id one is made by chance. A new issue without a subject has its id as subject.
 */
json_t *plain_event(const struct plain_target *target, const json_t *root,
                    char why[TOC_EVENT_JSON_ERROR_MAX]);

/* The event of plain_event as cloudevents_take reads it, with problems that name plain members. */
bool plain_take(struct toc_pool *pool, struct toc_arena *scratch, json_t *event,
                cloudevents_judge *judge, void *self, struct cloudevent *item);

/* Reads a request, as cloudevents_read does. The key is that of its header. */
int plain_read(struct toc_pool *pool, struct toc_arena *scratch,
               const struct toc_http_request *request, struct plain_target target,
               cloudevents_judge *judge, void *self, struct cloudevents *out,
               char why[TOC_EVENT_JSON_ERROR_MAX]);

#endif
