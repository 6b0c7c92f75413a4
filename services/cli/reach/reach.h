/*
 * Runs of probes (services/notifier/probe.h), as the notifier's log tells of them: asking for one,
 * following it, showing it.
 */
#ifndef CLI_REACH_H
#define CLI_REACH_H

#include "services/cli/human.h"

/* A probe: one person by one method. */
struct reach_probe {
    char person[TOC_PERSON_ID_MAX + 1];
    char method[TOC_PERSON_ID_MAX + 1];
    char delivery[48];
    char how[16];  /* it was answered; "" */
    char why[200]; /* what became of its page, or why there is none; "" */
    Tocsin__V1__PageState state;
    toc_time_ms sent_ms, answered_ms; /* 0: not */
};

struct reach {
    char id[72]; /* "": nothing is known yet */
    char by[TOC_PERSON_ID_MAX + 1];
    toc_time_ms from_ms, until_ms;
    bool over;
    struct reach_probe *probes; /* by their place */
    size_t count;
    bool out_of_memory;
};

/* Takes what a record says of the run with `id`; NULL: of the one that began last. */
void reach_record(struct reach *reach, const char *id, const Tocsin__V1__Record *record);
/* Accepts one that is all zeroes. */
void reach_done(struct reach *reach);

/* Nothing is under way to a receiver any more. */
bool reach_is_sent(const struct reach *reach);

struct reach_wish {
    const struct toc_conf_list *persons; /* NULL or none: everybody */
    const char *by;
    toc_time_ms until_ms; /* of the run */
    toc_time_ms wait_ms;  /* how long this command waits; the run may last longer */
    bool (*enough)(const struct reach *reach);
};

/* Begins a run and follows it until it is over, or it is enough. CLI_FAILED, told, when it does not
 * begin; reach_done in any case. */
int reach_ask(struct view *view, const struct reach_wish *wish, struct reach *out);

/* The table, and what it comes to; or JSON Lines. CLI_FAILED when somebody was not reached; `sent`:
 * when no receiver took a page to somebody. */
int reach_show(struct view *view, const struct reach *reach, bool sent);

#endif
