#include "services/cli/publisher.h"

#include "services/cli/client_internal.h"

#include <stdlib.h>

#define SEND_RETRY_MS  10  /* while there is no connection */
#define SHORT_RETRY_MS 100 /* a receipt without outcomes: intake had no room for more */
#define PATIENCE_MS    30000
#define FIELD_MAX      (TOC_EVENT_MAX + TOC_WIRE_FIELD_OVERHEAD)
#define EVENTS_FIELD   2 /* Publish.events */

struct entry {
    uint32_t offset, size; /* of its field in the batch's bytes */
    uint32_t event_size;   /* the field's tail */
    uint64_t cookie;
};

enum batch_state { BATCH_FREE, BATCH_GATHERS, BATCH_UNDER_WAY };

struct batch {
    enum batch_state state;
    uint64_t tag;       /* new whenever the content changes, so that a late receipt finds nobody */
    toc_time_ms due_ms; /* UNDER_WAY: when it is sent again */
    uint8_t *bytes;     /* packed `events` fields */
    size_t used, count;
    struct entry entries[PUBLISHER_BATCH_MAX];
};

struct publisher {
    struct client *client;
    struct client_peer *peer;
    struct publisher_config config;
    struct batch *batches; /* window + 1: one gathers while the others are under way */
    size_t batch_count;
    size_t under_way;
    size_t pending;
    toc_time_ms progress_ms; /* of the latest receipt that settled something */
    bool full;               /* the latest receipts said that the store is */
};

/* --- opening ---------------------------------------------------------------------------- */

static enum toc_err make_batches(struct publisher *p)
{
    p->batch_count = p->config.window + 1;
    p->batches = calloc(p->batch_count, sizeof(*p->batches));
    if (p->batches == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < p->batch_count; i++) {
        p->batches[i].bytes = malloc(p->config.batch_max * FIELD_MAX);
        if (p->batches[i].bytes == NULL)
            return TOC_ERR_MEMORY;
    }
    return TOC_OK;
}

enum toc_err publisher_open(struct client *client, const struct publisher_config *config,
                            struct publisher **out)
{
    TOC_ASSERT(config->batch_max >= 1 && config->batch_max <= PUBLISHER_BATCH_MAX);
    TOC_ASSERT(config->window >= 1 && config->window <= PUBLISHER_WINDOW_MAX);
    struct publisher *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return client_failure(client, TOC_ERR_MEMORY, "out of memory");
    p->client = client;
    p->config = *config;
    enum toc_err err = make_batches(p);
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
    for (size_t i = 0; p->batches != NULL && i < p->batch_count; i++)
        free(p->batches[i].bytes);
    free(p->batches);
    free(p);
}

size_t publisher_pending(const struct publisher *p)
{
    return p->pending;
}

/* --- sending ---------------------------------------------------------------------------- */

static struct batch *in_state(struct publisher *p, enum batch_state state)
{
    for (size_t i = 0; i < p->batch_count; i++)
        if (p->batches[i].state == state)
            return &p->batches[i];
    return NULL;
}

static enum toc_err transmit(struct publisher *p, struct batch *batch)
{
    uint8_t tag[TOC_WIRE_FIELD_OVERHEAD], *start = p->client->out, *out = start;
    size_t tag_size = (size_t)(toc_wire_put_varint(tag, 1, batch->tag) - tag);
    out = toc_wire_put_varint(out, 1, TOC_WIRE_VERSION);
    out = toc_wire_put_length(out, TOCSIN__V1__FRAME__KIND_PUBLISH, tag_size + batch->used);
    memcpy(out, tag, tag_size);
    memcpy(out + tag_size, batch->bytes, batch->used);
    out += tag_size + batch->used;
    TOC_ASSERT((size_t)(out - start) <= TOC_FRAME_MAX);
    enum toc_err err =
        toc_link_send(p->client->link, p->peer->peer, toc_str(start, (size_t)(out - start)));
    if (err < 0 && err != TOC_ERR_AGAIN)
        return client_failure(p->client, err, "%s: %s", p->peer->endpoint, toc_err_text(err));
    batch->due_ms = client_mono_ms() + (err == TOC_OK ? CLIENT_RETRY_MS : SEND_RETRY_MS);
    return TOC_OK;
}

enum toc_err publisher_send(struct publisher *p)
{
    struct batch *batch = in_state(p, BATCH_GATHERS);
    if (batch == NULL || p->under_way == p->config.window)
        return TOC_OK;
    if (p->under_way == 0)
        p->progress_ms = client_mono_ms();
    batch->state = BATCH_UNDER_WAY;
    batch->tag = ++p->client->tag;
    p->under_way++;
    return transmit(p, batch);
}

static enum toc_err repeat_overdue(struct publisher *p, toc_time_ms now_ms)
{
    for (size_t i = 0; i < p->batch_count; i++)
        if (p->batches[i].state == BATCH_UNDER_WAY && p->batches[i].due_ms <= now_ms)
            TOC_TRY(transmit(p, &p->batches[i]));
    return TOC_OK;
}

static toc_time_ms next_repeat_ms(const struct publisher *p)
{
    toc_time_ms next = TOC_TIME_NEVER;
    for (size_t i = 0; i < p->batch_count; i++)
        if (p->batches[i].state == BATCH_UNDER_WAY && p->batches[i].due_ms < next)
            next = p->batches[i].due_ms;
    return next;
}

/* --- receipts --------------------------------------------------------------------------- */

/* TOC_ERR_MALFORMED for what is no Outcome. */
static enum toc_err read_outcome(struct toc_str bytes, struct client_receipt *out,
                                 toc_time_ms *retry_ms)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    enum toc_err err;
    *out = (struct client_receipt){0};
    *retry_ms = 0;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number == 1 && field.wire_type == 0)
            out->status = (Tocsin__V1__Outcome__Status)field.value;
        else if (field.number == 2 && field.wire_type == 1)
            out->log_id = field.value;
        else if (field.number == 3 && field.wire_type == 0)
            out->seq = field.value;
        else if (field.number == 5 && field.wire_type == 0)
            out->reason = (unsigned)field.value;
        else if (field.number == 6 && field.wire_type == 2)
            toc_str_copy(out->detail, sizeof(out->detail), field.bytes);
        else if (field.number == 7 && field.wire_type == 0)
            *retry_ms = (toc_time_ms)(field.value & UINT32_MAX);
        else if (field.number == 4 && field.wire_type == 2 && field.bytes.size == TOC_ID) {
            memcpy(out->issue, field.bytes.data, TOC_ID);
            out->has_issue = true;
        }
    }
    return err == TOC_NONE ? TOC_OK : err;
}

static struct toc_str event_of(const struct batch *batch, const struct entry *entry)
{
    return toc_str(batch->bytes + entry->offset + entry->size - entry->event_size,
                   entry->event_size);
}

static void keep(struct batch *batch, const struct entry *entry)
{
    struct entry kept = *entry;
    kept.offset = (uint32_t)batch->used;
    memmove(batch->bytes + batch->used, batch->bytes + entry->offset, entry->size);
    batch->used += entry->size;
    batch->entries[batch->count++] = kept;
}

/* Hands over what is settled; what is not stays in the batch, in order, and goes again. */
static void settle(struct publisher *p, struct batch *batch, struct toc_wire_reader reader)
{
    struct toc_wire_field field;
    size_t had = batch->count;
    toc_time_ms wait_ms = SHORT_RETRY_MS;
    batch->count = 0;
    batch->used = 0;
    p->full = false;
    for (size_t i = 0; i < had;) {
        struct client_receipt receipt;
        toc_time_ms retry_ms = 0;
        bool known = toc_wire_next(&reader, &field) == TOC_OK;
        if (known && (field.number != 2 || field.wire_type != 2))
            continue;
        known = known && read_outcome(field.bytes, &receipt, &retry_ms) == TOC_OK;
        if (known && retry_ms == 0) {
            p->config.on_receipt(p->config.arg, batch->entries[i].cookie,
                                 event_of(batch, &batch->entries[i]), &receipt);
            p->pending--;
            p->progress_ms = client_mono_ms();
        } else {
            keep(batch, &batch->entries[i]);
            p->full = p->full || retry_ms > 0;
            wait_ms = retry_ms > wait_ms ? retry_ms : wait_ms;
        }
        i++;
    }
    batch->tag = ++p->client->tag;
    batch->due_ms = client_mono_ms() + wait_ms;
    if (batch->count == 0) {
        batch->state = BATCH_FREE;
        p->under_way--;
    }
}

static void on_receipt(struct publisher *p, struct toc_str body)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field field;
    /* The tag comes first as every encoder writes it; without one nobody is meant. */
    if (toc_wire_next(&reader, &field) != TOC_OK || field.number != 1 || field.wire_type != 0)
        return;
    for (size_t i = 0; i < p->batch_count; i++)
        if (p->batches[i].state == BATCH_UNDER_WAY && p->batches[i].tag == field.value)
            settle(p, &p->batches[i], reader);
}

static enum toc_err on_frame(struct publisher *p, const struct client_frame *frame)
{
    if (frame->kind == TOCSIN__V1__FRAME__KIND_RECEIPT)
        on_receipt(p, frame->body);
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
                          p->full ? "has been full" : "has not answered",
                          (long long)(p->config.patience_ms / TOC_SECOND_MS), p->pending);
}

/* Waits for one frame, at most until `deadline_ms`. TOC_NONE when there was none. */
static enum toc_err step(struct publisher *p, toc_time_ms deadline_ms)
{
    struct client_frame frame;
    toc_time_ms now = client_mono_ms(), until = next_repeat_ms(p);
    if (p->under_way > 0 && now - p->progress_ms > p->config.patience_ms)
        return give_up(p);
    TOC_TRY(repeat_overdue(p, now));
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
    while (err == TOC_OK && p->pending > 0) {
        err = wait_for_room(p);
        if (err == TOC_OK)
            err = publisher_send(p);
    }
    return err;
}

/* --- adding ----------------------------------------------------------------------------- */

static struct batch *gathering(struct publisher *p)
{
    struct batch *batch = in_state(p, BATCH_GATHERS);
    if (batch != NULL)
        return batch;
    batch = in_state(p, BATCH_FREE);
    TOC_ASSERT(batch != NULL); /* there is one more than the window */
    batch->state = BATCH_GATHERS;
    batch->count = 0;
    batch->used = 0;
    return batch;
}

enum toc_err publisher_add(struct publisher *p, struct toc_str event, uint64_t cookie)
{
    struct batch *batch = gathering(p);
    if (event.size > TOC_EVENT_MAX)
        return client_failure(p->client, TOC_ERR_LIMIT, "an event of %zu bytes: at most %d",
                              event.size, TOC_EVENT_MAX);
    uint8_t *end = toc_wire_put_bytes(batch->bytes + batch->used, EVENTS_FIELD, event);
    size_t size = (size_t)(end - batch->bytes) - batch->used;
    batch->entries[batch->count++] = (struct entry){.offset = (uint32_t)batch->used,
                                                    .size = (uint32_t)size,
                                                    .event_size = (uint32_t)event.size,
                                                    .cookie = cookie};
    batch->used += size;
    p->pending++;
    if (batch->count < p->config.batch_max)
        return TOC_OK;
    enum toc_err err = TOC_OK;
    while (err == TOC_OK && p->under_way == p->config.window)
        err = wait_for_room(p);
    return err == TOC_OK ? publisher_send(p) : err;
}

/* --- a few events ----------------------------------------------------------------------- */

static void take_receipt(void *arg, uint64_t cookie, struct toc_str event,
                         const struct client_receipt *receipt)
{
    struct client_receipt *receipts = arg;
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
                            struct client_receipt receipts[])
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
