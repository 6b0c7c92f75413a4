/*
 * `tocsin subscribe`: what its parts share. A subscription is an event of the control intake like
 * everything else; what came of it is read from outcomes.
 */
#ifndef CLI_SUBSCRIBE_SUBSCRIBE_H
#define CLI_SUBSCRIBE_SUBSCRIBE_H

#include "services/cli/view.h"

/* Publishes tocsin.subscription.VERB and waits until outcomes has taken it. Failures are told. */
int subscribe_publish(struct view *view, const char *verb, Tocsin__V1__Subscription *body);

/* The row of an id; CLI_FAILED, told, when there is none. */
int subscribe_find(struct view *view, const char *id, const Tocsin__V1__SubscriptionRow **out);

/* What `tocsin subscribe add` was told. */
struct subscribe_wanted {
    const char *id, *url, *mapping, *secret_file, *auth_file, *by;
    const struct toc_conf_list *filter;
    bool handshake;
    int64_t from_seq;
    toc_time_ms since_ms;
};

/* Adds it and prints its id and, when it was made here, its secret. */
int subscribe_add(struct view *view, const struct subscribe_wanted *wanted);

/* All of them; with an id, that one and what was given up of it. */
int subscribe_list(struct view *view, const char *id);

#endif
