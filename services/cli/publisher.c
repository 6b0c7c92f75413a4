#include "services/cli/publisher.h"

#include "services/cli/client_internal.h"

#include <stdlib.h>

#define PATIENCE_MS 30000

struct publisher {
    struct client *client;
    struct client_peer *peer;
    toc_time_ms patience_ms;
    struct toc_window *window;
};

/* --- opening ---------------------------------------------------------------------------- */

enum toc_err publisher_open(struct client *client, const struct publisher_config *config,
                            struct publisher **out)
{
    /* One batch gathers while the others are under way. */
    const struct toc_window_config window = {.batch_max = config->batch_max,
                                             .under_way_max = config->window,
                                             .batches = config->window + 1,
                                             .tag = &client->tag,
                                             .on_receipt = config->on_receipt,
                                             .arg = config->arg};
    struct publisher *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return client_failure(client, TOC_ERR_MEMORY, "out of memory");
    p->client = client;
    p->patience_ms = config->patience_ms;
    enum toc_err err = toc_window_new(&window, &p->window);
    if (err < 0)
        client_failure(client, err, "out of memory");
    else
        err = client_connect(client, config->service, CLIENT_HELLO_MS, &p->peer);
    if (err != TOC_OK) {
        publisher_close(p);
        return err;
    }
    *out = p;
    return TOC_OK;
}

void publisher_close(struct publisher *p)
{
    if (p == NULL)
        return;
    toc_window_free(p->window);
    free(p);
}

size_t publisher_pending(const struct publisher *p)
{
    return toc_window_pending(p->window);
}

/* --- sending and receiving -------------------------------------------------------------- */

static enum toc_err send_due(struct publisher *p, enum toc_window_ready ready)
{
    toc_time_ms now = client_mono_ms();
    struct toc_str frame;
    while (toc_window_next(p->window, ready, now, &frame) == TOC_OK) {
        enum toc_err err = toc_link_send(p->client->link, p->peer->peer, frame);
        if (err == TOC_ERR_AGAIN)
            toc_window_not_sent(p->window, now);
        else if (err < 0)
            return client_failure(p->client, err, "%s: %s", p->peer->endpoint, toc_err_text(err));
    }
    return TOC_OK;
}

enum toc_err publisher_send(struct publisher *p)
{
    return send_due(p, TOC_WINDOW_ANY);
}

static enum toc_err on_frame(struct publisher *p, const struct client_frame *frame)
{
    if (frame->kind == TOCSIN__V1__FRAME__KIND_RECEIPT)
        toc_window_receipt(p->window, frame->body, client_mono_ms());
    else if (frame->kind == TOCSIN__V1__FRAME__KIND_REFUSE)
        return client_refused(p->client, p->peer, frame->body);
    return TOC_OK;
}

static enum toc_err give_up(struct publisher *p)
{
    return client_failure(p->client, TOC_ERR_GONE,
                          "%s at %s %s for %lld s: %zu events have no receipt; publish them again "
                          "later, what was accepted already is told apart",
                          p->peer->name, p->peer->endpoint,
                          toc_window_met_full(p->window) ? "has been full" : "has not answered",
                          (long long)(p->patience_ms / TOC_SECOND_MS), publisher_pending(p));
}

/* Waits for one frame, at most until `deadline_ms`. TOC_NONE when there was none. */
static enum toc_err step(struct publisher *p, toc_time_ms deadline_ms)
{
    struct client_frame frame;
    toc_time_ms now = client_mono_ms();
    if (toc_window_stalled_ms(p->window, now) > p->patience_ms)
        return give_up(p);
    TOC_TRY(send_due(p, TOC_WINDOW_WHOLE));
    toc_time_ms until = toc_window_due_ms(p->window, TOC_WINDOW_WHOLE, now);
    if (until > deadline_ms)
        until = deadline_ms;
    enum toc_err err = client_receive(p->client, p->peer, until, &frame);
    return err == TOC_OK ? on_frame(p, &frame) : err;
}

enum toc_err publisher_poll(struct publisher *p, toc_time_ms deadline_ms)
{
    for (;;) {
        enum toc_err err = step(p, deadline_ms);
        if (err < 0)
            return err;
        if (err == TOC_NONE) {
            if (p->client->reason != 0)
                return TOC_NONE;
            if (client_mono_ms() >= deadline_ms)
                return TOC_OK;
        }
    }
}

/* One step towards more room in the window. */
static enum toc_err wait_for_room(struct publisher *p)
{
    enum toc_err err = step(p, TOC_TIME_NEVER);
    return err == TOC_NONE && p->client->reason == 0 ? TOC_OK : err;
}

enum toc_err publisher_flush(struct publisher *p)
{
    enum toc_err err = publisher_send(p);
    while (err == TOC_OK && publisher_pending(p) > 0) {
        err = wait_for_room(p);
        if (err == TOC_OK)
            err = publisher_send(p);
    }
    return err;
}

enum toc_err publisher_add(struct publisher *p, struct toc_str event, uint64_t cookie)
{
    enum toc_err err;
    while ((err = toc_window_add(p->window, event, cookie)) == TOC_ERR_AGAIN) {
        err = wait_for_room(p);
        if (err != TOC_OK)
            return err;
    }
    if (err == TOC_ERR_LIMIT)
        return client_failure(p->client, err, "an event of %zu bytes: at most %d", event.size,
                              TOC_EVENT_MAX);
    if (err < 0)
        return client_failure(p->client, err, "%s", toc_err_text(err));
    return toc_window_has_ready(p->window, TOC_WINDOW_WHOLE) ? send_due(p, TOC_WINDOW_WHOLE)
                                                             : TOC_OK;
}

/* --- a few events ----------------------------------------------------------------------- */

static void take_receipt(void *arg, uint64_t cookie, struct toc_str event,
                         const struct toc_client_receipt *receipt)
{
    struct toc_client_receipt *receipts = arg;
    (void)event;
    receipts[cookie] = *receipt;
}

static enum toc_err add_all(struct publisher *p, const Tocsin__V1__Event *const events[],
                            size_t count)
{
    uint8_t bytes[TOC_EVENT_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t size = tocsin__v1__event__get_packed_size(events[i]);
        if (size > sizeof(bytes))
            return client_failure(p->client, TOC_ERR_LIMIT, "an event of %zu bytes: at most %d",
                                  size, TOC_EVENT_MAX);
        tocsin__v1__event__pack(events[i], bytes);
        enum toc_err err = publisher_add(p, toc_str(bytes, size), i);
        if (err != TOC_OK)
            return err;
    }
    return publisher_flush(p);
}

enum toc_err client_publish(struct client *client, const char *service,
                            const Tocsin__V1__Event *const events[], size_t count,
                            struct toc_client_receipt receipts[])
{
    /* One frame at a time keeps their order, whatever is lost on the way. */
    const struct publisher_config config = {.service = service,
                                            .batch_max = 100,
                                            .window = 1,
                                            .patience_ms = PATIENCE_MS,
                                            .on_receipt = take_receipt,
                                            .arg = receipts};
    struct publisher *p;
    enum toc_err err = publisher_open(client, &config, &p);
    if (err != TOC_OK)
        return err;
    err = add_all(p, events, count);
    publisher_close(p);
    return err;
}
