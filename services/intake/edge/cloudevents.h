/*
 * CloudEvents 1.0 over HTTP (the HTTP protocol binding and the JSON format): a request in one of
 * the three content modes as packed Events.
 *
 * Accepted is also what well-known clients send beside the letter of it: values of `ce-` fields
 * that are not percent-encoded, and extension attributes, which are passed over.
 */
#ifndef INTAKE_EDGE_CLOUDEVENTS_H
#define INTAKE_EDGE_CLOUDEVENTS_H

#include "common/http.h"
#include "common/json/event.h"
#include "common/policy/policy.h"
#include "common/pool.h"

#define CLOUDEVENTS_BATCH_MAX 500 /* events of a request; they have to fit a frame */

/* One event of a request. */
struct cloudevent {
    struct toc_str packed;    /* the Event; empty when there is a problem */
    Tocsin__V1__Event *event; /* lent during cloudevents_read's call of `judge` only */
    const char *device;       /* "tocsindevice", lent likewise; NULL: not said */
    const char *id, *source;  /* empty texts when they could not be read */
    const char *problem;      /* why it is none, naming the member first; NULL: it is one */
    const char *ref;          /* what names its issue from now on, told with a receipt; NULL */
    int status;               /* with a problem: 400, or what `judge` says */
    const char *reason;       /* from `judge`: why it is held back, a constant; NULL: it is not */
    bool unsaid;              /* from `judge`: who sent it does not hear that it is held back */
    const struct toc_article *article; /* suggested with a receipt; NULL: none */
};

struct cloudevents {
    struct cloudevent *items;
    size_t count;
    bool batch;  /* the answer is a list as well */
    bool strict; /* who sends looks at the status alone: it is that of the worst event */
};

/* Looks at each event that could be read; sets problem and status to refuse it, or a reason. What
 * people wrote in it is taken out here, into `arena`; other changes are lost. */
typedef void cloudevents_judge(void *self, struct toc_arena *arena, struct cloudevent *item);

/* What reading takes, here and where requests are plain JSON (plain.h) or webhooks (webhook.h). */
struct cloudevents_reader {
    struct toc_pool *pool;     /* where everything lives that was read */
    struct toc_arena *scratch; /* emptied for each event */
    cloudevents_judge *judge;
    void *self; /* the judge's */
    struct cloudevents *out;
    char *why; /* TOC_EVENT_JSON_ERROR_MAX bytes: a text for a person, when the whole is refused */
};

/* Reads one event out of its JSON; what is wrong with it stays with it. False without memory. */
bool cloudevents_take(const struct cloudevents_reader *reader, json_t *root,
                      struct cloudevent *item);

/*
 * Reads a request. 0, or the HTTP status that answers the whole: 400 malformed, 413 too many, 415
 * not CloudEvents, 503 no memory.
 */
int cloudevents_read(const struct cloudevents_reader *reader,
                     const struct toc_http_request *request);

/* Says why, and returns the status. */
int cloudevents_refuse(const struct cloudevents_reader *reader, int status, const char *why);

#endif
