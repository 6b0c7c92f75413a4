/* What the files of the door share. */
#ifndef NOTIFIER_DOOR_IMPL_H
#define NOTIFIER_DOOR_IMPL_H

#include "common/http.h"
#include "services/notifier/door/actions.h"
#include "services/notifier/door/door.h"
#include "services/notifier/door/limit.h"
#include "services/notifier/door/submit.h"
#include "services/notifier/door/wish.h"
#include "services/notifier/notifier.h"
#include "services/notifier/send/link.h"
#include "services/notifier/send/text.h"

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
door_serve door_get_link, door_post_link, door_get_probe, door_post_probe, door_get_alert,
    door_post_alert;

/* --- answers (answer.c) ------------------------------------------------------------------- */

struct door_reader {
    const struct text_language *language;
    const struct toc_tz *zone; /* NULL: UTC */
};

/* `person` NULL: nobody knows who it is. */
struct door_reader door_reader_of(const struct door *door, const char *person,
                                  const struct toc_http_request *request);

/* How an alert stands after an action, or instead of it. */
struct door_answer {
    int status;
    const char *detail;             /* of a problem; NULL: none */
    const Tocsin__V1__Alert *alert; /* NULL: not told */
    const struct door_action *done; /* NULL: nothing was asked for */
    bool again;                     /* it had been done before */
    uint64_t log_id, seq;           /* of the receipt; 0: there is none */
    toc_time_ms wait_ms;            /* 429, 503: when to come again */
    const char *allow;              /* 405 */
    struct door_reader reader;      /* of an HTML page, and whose page it is: */
    const Tocsin__V1__Page *page;   /* NULL: it is of none */
    bool may_act, may_note;         /* what the link is still good for */
};

void door_answer_json(struct toc_http_exchange *exchange, const struct door_answer *answer);
void door_answer_page(struct toc_http_exchange *exchange, const struct door_answer *answer);

/* Whether a browser asks. */
bool door_wants_page(const struct toc_http_request *request);

/* --- acting (publish.c) ------------------------------------------------------------------- */

struct door_told {
    const char *id; /* of the event */
    const char *by;
    submit_told *told;
    void *self;
};

/* False when too much waits: nobody is told. */
bool door_publish(struct door *door, const Tocsin__V1__Alert *alert, const struct wish *wish,
                  const struct door_told *told);

/* --- tokens of tools (access.c) ----------------------------------------------------------- */

/* TOC_ERR_CONFIG, told. */
TOC_MUST enum toc_err door_read_tokens(const char *file);
/* 0: whoever asks may; else the status to answer with. */
int door_access(const struct toc_http_request *request);

#endif
