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
    bool has_files;      /* a new issue comes with files, which may say all that there is */
};

/* What a member of a new issue takes; PLAIN_NONE: there is none of this name that is a text. */
enum plain_kind { PLAIN_NONE, PLAIN_TEXT, PLAIN_FLAG, PLAIN_LIST };
enum plain_kind plain_kind_of(const char *name);

/*
 * The event's JSON, a new reference; NULL with what is wrong in `why`, naming the member. Without
 * an id one is made by chance. A new issue without a subject has its id as subject; it has to say
 * what it is about: by a title, a text, a category, a risk, an appeal or files.
 */
json_t *plain_event(const struct plain_target *target, const json_t *root,
                    char why[TOC_EVENT_JSON_ERROR_MAX]);

/*
 * Reads an object's one event as cloudevents_read does, with problems that name its members; the
 * caller empties jansson's memory.
 */
int plain_read_members(const struct cloudevents_reader *reader, const json_t *root,
                       const struct plain_target *target);

/* A request's Idempotency-Key: a text in quotes, as its draft has it, or without; may be empty. */
struct toc_str plain_key(const struct toc_http_request *request);

/* Reads a request, as cloudevents_read does. The key is that of its header. */
int plain_read(const struct cloudevents_reader *reader, const struct toc_http_request *request,
               struct plain_target target);

#endif
