/* What the files of the door share. */
#ifndef NOTIFIER_DOOR_IMPL_H
#define NOTIFIER_DOOR_IMPL_H

#include "common/http.h"
#include "services/notifier/door/door.h"
#include "services/notifier/door/limit.h"
#include "services/notifier/door/submit.h"
#include "services/notifier/notifier.h"
#include "services/notifier/send/link.h"

#define DOOR_BODY_MAX 4096

struct door {
    const struct door_config *config;
    struct uv_loop_s *loop;
    struct toc_run *run;
    struct toc_http *http;
    struct submit *submit;
    struct limit limit;
    struct toc_arena arena; /* of one request, or one answer */
};

/* One request. */
struct door_call {
    struct door *door;
    struct toc_http_exchange *exchange;
    const struct toc_http_request *request;
    struct toc_str first, second; /* what stands for the path's parameters */
    struct toc_txn *txn;          /* the last commit, while the route runs */
};

typedef void door_serve(struct door_call *call);
door_serve door_get_link, door_post_link, door_get_alert, door_post_alert;

/* --- answers (answer.c) ------------------------------------------------------------------- */

/* How an alert stands after an action, or instead of it. */
struct door_answer {
    int status;
    const char *detail;             /* of a problem; NULL: none */
    const Tocsin__V1__Alert *alert; /* NULL: not told */
    const char *done;               /* "acknowledged"; NULL: nothing was asked for */
    bool again;                     /* it had been done before */
    uint64_t log_id, seq;           /* of the receipt; 0: there is none */
    toc_time_ms wait_ms;            /* 429, 503: when to come again */
    const char *allow;              /* 405 */
    const char *token;              /* of a link: an HTML page may have buttons */
    const char *person;             /* whom the link is for */
};

void door_answer_json(struct toc_http_exchange *exchange, const struct door_answer *answer);
void door_answer_page(struct toc_http_exchange *exchange, const struct door_answer *answer);

/* Whether a browser asks. */
bool door_wants_page(const struct toc_http_request *request);

/* --- actions (actions.c) ------------------------------------------------------------------ */

struct door_action {
    const char *name; /* "ack" */
    const char *type; /* "tocsin.alert.acked" */
    const char *done; /* "acknowledged" */
    bool by_link;     /* a link's page has a button for it */
};

/* NULL: there is none. */
const struct door_action *door_action_of(struct toc_str name);
const struct door_action *door_action_of_type(const char *type);

/* --- tokens of tools (access.c) ----------------------------------------------------------- */

/* TOC_ERR_CONFIG, told. */
TOC_MUST enum toc_err door_read_tokens(const char *file);
/* 0: whoever asks may; else the status to answer with. */
int door_access(const struct toc_http_request *request);

#endif
