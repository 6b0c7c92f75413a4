/*
 * Questions to other services: what of an issue only the router and sla know, and what would become
 * of an event.
 *
 * It hides the connections, which are made again when a service was away, frames, and patience: a
 * few questions at a time go to each service, the others wait for their turn, and each is answered
 * within its deadline or told that it is not. Who asks owns the question.
 */
#ifndef INTAKE_EDGE_ASKER_H
#define INTAKE_EDGE_ASKER_H

#include "common/link_zmq.h"
#include "common/wire.h"

enum asker_service { ASKER_ROUTER, ASKER_SLA, ASKER_REHEARSE, ASKER_SERVICES };

/* "router", …; ASKER_SERVICES for a name that is none of them. */
enum asker_service asker_service_of(struct toc_str name);

enum asker_end {
    ASKER_ANSWERED, /* maybe with a refusal */
    ASKER_SILENT,   /* nobody is there, or says nothing in time */
    ASKER_STOPPED,  /* the process ends: nothing but giving memory back is left to do */
};

/* `answer` is lent for the call, NULL unless ANSWERED. The question is over: it may be freed, or
 * be used for the next. */
typedef void asker_told(void *self, enum asker_end end, const Tocsin__V1__Answer *answer);

struct asker_question {
    enum asker_service service; /* that is asked */
    toc_time_ms deadline_ms;    /* monotonic */
    asker_told *told;
    void *self; /* comes back in it */
    /* For the asker's own use. */
    struct asker_question *next;
    uint64_t tag;
    struct toc_str frame; /* until it is sent */
};

struct asker;

/* Connects to those whose endpoint is not NULL. TOC_ERR_CONFIG for an endpoint that is none. */
TOC_MUST enum toc_err asker_new(struct toc_link *link, const char *const endpoints[ASKER_SERVICES],
                                struct asker **out);
/* Tells every question that it is STOPPED; the link may be closed afterwards. Accepts NULL. */
void asker_free(struct asker *asker);

/* Whether there is an endpoint of it. */
bool asker_has(const struct asker *asker, enum asker_service service);

/*
 * Asks. `told` is called once, maybe before this returns, and `question` lives until then. The tag
 * of `ask` is set here.
 */
void asker_ask(struct asker *asker, struct asker_question *question, Tocsin__V1__Ask *ask);

/* Tells those whose deadline is over. To be called now and then. */
void asker_poll(struct asker *asker, toc_time_ms mono_ms);

#endif
