/*
 * What the edge is made of, open to its own files: edge.c begins and ends it, routes.c finds who
 * serves a request, a route_*.c serves a group of paths, right.c asks what a request may do,
 * submit.c hands events to the run and takes the receipts, answer.c says what became of it.
 *
 * The life of a request: a route is found (edge_on_request) and asks for the right that its token
 * gives; it begins a `pending`, reads its body into that one's events, and settles it. Settled
 * events are one Publish frame; the commit that made them durable answers the exchange.
 */
#ifndef INTAKE_EDGE_IMPL_H
#define INTAKE_EDGE_IMPL_H

#include "common/policy/store.h"
#include "services/intake/edge/access.h"
#include "services/intake/edge/asker.h"
#include "services/intake/edge/bucket.h"
#include "services/intake/edge/cloudevents.h"
#include "services/intake/edge/edge.h"
#include "services/intake/edge/reply.h"

#define EDGE_BODY_MAX ((size_t)4 << 20)
#define EDGE_HONEYPOT "honeypot" /* the reason of what a form's sender does not hear of */

struct edge_pending;

/* Answers a request with the receipt of its events, each of those that were sent having an outcome
 * in order, NULL when none was; or the whole is refused with a status that is not 0, and why. */
typedef void edge_teller(const struct edge_pending *pending, int status, const char *why,
                         const Tocsin__V1__Receipt *receipt);

/* A request that waits for the receipt of its events. */
struct edge_pending {
    struct toc_http_exchange *exchange;
    struct toc_pool pool; /* what the events are made of */
    struct cloudevents events;
    struct edge *edge;
    edge_teller *tell;
    toc_time_ms wait_ms;                  /* of a refusal: after how long it may come again */
    bool shows_page;                      /* of a form: the answer is for people … */
    const char *redirect;                 /* … who are led on to this; NULL: nowhere */
    const struct admit_attachment *files; /* of a form, while its event is read */
    size_t file_count;
    void *self;                     /* of who tells it, in the pool */
    bool dry_run;                   /* it only wants to know what would become of the event */
    struct asker_question question; /* … and asks */
    struct edge_pending *next_free;
};

struct edge {
    const struct edge_config *config;
    struct uv_loop_s *loop;
    struct toc_run *run;
    struct toc_http *http; /* NULL until there is a token */
    struct access *access;
    struct bucket connectors[TOC_MAPPINGS_MAX]; /* of each, in the order of the configured ones */
    struct asker *asker;
    struct toc_policy_cache policies;
    uint64_t tokens_kept;         /* as of the last access_load */
    struct edge_pending *pending; /* one per connection: each has one request in hand */
    struct edge_pending *free;
    struct toc_arena scratch; /* of one event, many times over */
    uint8_t *frame;
};

/* A request at its route. */
struct edge_call {
    struct edge *edge;
    struct toc_http_exchange *exchange; /* NULL while it is asked whether the body is wanted */
    const struct toc_http_request *request;
    struct toc_str parameter; /* what stands in the path for {…}, as it was sent */
};

/* --- routes.c --------------------------------------------------------------------------------- */

/* Both for the server; `self` is the edge. */
toc_http_handler edge_on_request;
toc_http_wants edge_wants_body;

/* --- route_*.c: each answers, at once or when its events are committed ------------------------ */

typedef void edge_serve(const struct edge_call *call);
/* Whether the body is worth its memory: who may not publish now is told so without it. Of whom: who
 * has not shown a token that is good, or a connector's secret, is a stranger. */
enum edge_body { EDGE_UNWANTED, EDGE_FROM_STRANGER, EDGE_FROM_KNOWN };
typedef enum edge_body edge_wants(const struct edge_call *call);

edge_serve edge_post_events, edge_options_events;
edge_serve edge_post_issues, edge_post_messages;
edge_serve edge_post_form;
edge_wants edge_wants_form;
edge_serve edge_post_webhook;
edge_wants edge_wants_webhook;
edge_serve edge_get_issue;
edge_serve edge_get_content;
edge_serve edge_get_openapi, edge_get_root;

/* --- right.c ---------------------------------------------------------------------------------- */

/* Why a request is not served, and after how long it may come again. */
struct edge_refusal {
    int status;
    const char *why;
    toc_time_ms wait_ms;
};

/* What somebody who shows this has the right to now. False, with what to answer: no token, one that
 * is not good here, or faster than its rate. */
bool edge_look_for_right(const struct edge_call *call, struct toc_str authorization,
                         struct access_right *out, struct edge_refusal *refusal);
/* What the request's token lets it do now. False when it has been answered: no token, one that is
 * not good here, or faster than its rate. */
bool edge_find_right(const struct edge_call *call, struct access_right *out);
/* Wanted when it would be found. */
edge_wants edge_wants_rightful;
/* Refuses with 403 what a right does not reach, admits what it does, and holds back what is over a
 * quota; `self` is an edge_judging. */
struct edge_judging {
    struct edge_pending *pending;
    struct access_right *right;
};
cloudevents_judge edge_judge;

/* --- submit.c --------------------------------------------------------------------------------- */

/* Memory for all of it. */
TOC_MUST enum toc_err edge_submit_set_up(struct edge *edge, struct toc_link *link);
void edge_submit_done(struct edge *edge);

/* Takes what people wrote out of an event that is being read, once it is known that it may come. */
void edge_admit(const struct edge_pending *pending, struct toc_arena *arena,
                struct cloudevent *item);

/* NULL when it has been answered: there is none left, or the request says not whether it is a dry
 * run. */
struct edge_pending *edge_begin(const struct edge_call *call);
/* Reads into its events; `why` is TOC_EVENT_JSON_ERROR_MAX bytes. */
struct cloudevents_reader edge_reader(struct edge_pending *pending, cloudevents_judge *judge,
                                      void *self, char *why);
/*
 * Goes on with what the request was read as: hands the events over, or answers when `status` is
 * not 0, the whole being refused with `why`, and when no event is left. `pending` is gone then.
 */
void edge_settle(struct edge *edge, struct edge_pending *pending, int status, const char *why);

/* It has been answered, or handed over to nobody. */
void edge_drop(struct edge_pending *pending);

/* Hands the events of a pending over, whose receipt comes back. */
void edge_submit(struct edge *edge, struct edge_pending *pending);

/* A run that fails has said nothing to anybody, and nothing may be acknowledged any more. */
_Noreturn void edge_give_up(enum toc_err err, const char *what);

/* --- rehearse.c ------------------------------------------------------------------------------- */

/* Whether it is one; false when it does not say so in a way that is known. */
bool edge_read_dry_run(const struct toc_http_request *request, bool *out);
/* Answers what would become of its event, in place of handing it over. `pending` is gone then. */
void edge_rehearse(struct edge_pending *pending);

/* --- article.c -------------------------------------------------------------------------------- */

/* What the policy in force suggests for such an issue, lent until the next call; NULL: nothing. */
const struct toc_article *edge_article(struct edge *edge, const char *category,
                                       const char *language);

/* Lets the receipts of issues that are opened suggest what there is for them. */
void edge_suggest(struct edge_pending *pending);

/* --- answer.c --------------------------------------------------------------------------------- */

/* With a field that goes with it; NULL: none. */
void edge_answer_problem(struct toc_http_exchange *exchange, int status, const char *detail,
                         const struct toc_http_field *field);
/* With the fields that its status asks for. */
void edge_answer_refusal(struct toc_http_exchange *exchange, const struct edge_refusal *refusal);
/* Of a Retry-After: at least 1. */
toc_time_ms edge_retry_seconds(toc_time_ms wait_ms);
/* 503: it may come again soon. */
void edge_answer_full(struct toc_http_exchange *exchange, const char *detail);
/* 200, with a text that is copied; NULL for the type: plain text. */
void edge_answer_text(struct toc_http_exchange *exchange, const char *type, struct toc_str text);
/* The same with one that is always there. */
void edge_answer_constant(struct toc_http_exchange *exchange, const char *type,
                          struct toc_str text);
/* As JSON, which is how every request is answered that has not said otherwise. */
edge_teller edge_tell;
/* What became of the one event of a request. */
struct reply_item edge_item_of(const struct cloudevents *events,
                               const Tocsin__V1__Receipt *receipt);

#endif
