/*
 * Who may be offered an issue, and who of them first: pure, over rows and policy.
 *
 * What a queue requires never relaxes; of what it prefers the last is let go after each delay.
 */
#ifndef ROUTER_CHOOSE_H
#define ROUTER_CHOOSE_H

#include "services/router/people.h"

/* What an issue asks for at an instant. */
struct need {
    const struct toc_queue *queue;
    const Tocsin__V1__Issue *issue;
    const Tocsin__V1__Pooled *pooled;
    toc_time_ms at_ms;
    unsigned weight;  /* units that it will take */
    size_t preferred; /* skills of `prefer` that still count, from the first */
};
struct need choose_need(const struct toc_queue *queue, const Tocsin__V1__Issue *issue,
                        const Tocsin__V1__Pooled *pooled, toc_time_ms at_ms);

/* Units that the issue takes in its present state. */
unsigned choose_weight(const struct toc_queue *queue, const Tocsin__V1__Issue *issue);

/* How many preferred skills have been let go after waiting for so long. */
size_t choose_let_go(const struct toc_queue *queue, toc_time_ms waited_ms);

/* Why a person cannot be offered anything of a queue now: a word for records; or NULL. */
const char *choose_unfit(const struct toc_queue *queue, const struct person *person,
                         toc_time_ms at_ms);
/* Why a person cannot be offered the issue: a word for records; NULL when they can. */
const char *choose_refusal(const struct need *need, const struct person *person);
/* The part of it that no assignment by hand may pass over: the decider, the day's exposure. */
const char *choose_never(const struct need *need, const struct person *person);

/* Somebody who can be offered it, in few words that outlive the row. */
struct candidate {
    const struct toc_person *rule;
    bool had_it;      /* before, and not too long ago */
    size_t preferred; /* skills of `prefer`, from the first */
    unsigned load;
    toc_time_ms offered_ms;
};
struct candidate choose_candidate(const struct need *need, const struct person *person);
bool choose_is_better(const struct candidate *a, const struct candidate *b);

#endif
