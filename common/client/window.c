#include "common/client/window.h"

#include <assert.h>
#include <stdlib.h>

#define REPEAT_MS      2000 /* an unanswered frame is sent again after this */
#define SEND_RETRY_MS  10   /* while there is no connection */
#define SHORT_RETRY_MS 100  /* a receipt without outcomes: intake had no room for more */
#define EVENT_MAX      (TOC_EVENT_MAX + TOC_PRIVATE_MAX + TOC_WIRE_FIELD_OVERHEAD)
#define FIELD_MAX      (TOC_EVENT_MAX + TOC_WIRE_FIELD_OVERHEAD) /* without texts */
#define HEAD_MAX       (3 * TOC_WIRE_FIELD_OVERHEAD)             /* of a frame, before its events */
#define EVENTS_FIELD   2                                         /* Publish.events */

static_assert(HEAD_MAX + TOC_WINDOW_BATCH_MAX * FIELD_MAX <= TOC_FRAME_MAX,
              "a full frame may be sent");
static_assert(HEAD_MAX + EVENT_MAX + TOC_WIRE_FIELD_OVERHEAD <= TOC_FRAME_MAX,
              "the largest event fits one");

struct entry {
    uint32_t offset, size; /* of its field in the batch's bytes */
    uint32_t event_size;   /* the field's tail */
    uint64_t cookie;
};

enum batch_state { BATCH_FREE, BATCH_WAITS, BATCH_UNDER_WAY };

struct batch {
    enum batch_state state;
    uint64_t age;       /* WAITS: the lowest goes first; the highest gathers until it is full */
    uint64_t tag;       /* new whenever the content changes, so that a late receipt finds nobody */
    toc_time_ms due_ms; /* UNDER_WAY: when it is sent again */
    uint8_t *buffer;    /* HEAD_MAX bytes for a frame's head, then packed `events` fields */
    size_t capacity;    /* bytes of it; grows for events with texts, up to a frame's */
    size_t used, count; /* of these fields */
    struct entry entries[TOC_WINDOW_BATCH_MAX];
};

struct toc_window {
    struct toc_window_config config;
    struct batch *batches;
    struct batch *gathering; /* the newest that waits, when there is room in it; may be NULL */
    struct batch *sent;      /* by the latest toc_window_next */
    uint64_t age;
    size_t waiting, under_way; /* batches */
    size_t pending;            /* events */
    toc_time_ms progress_ms;   /* when something was settled last, or first sent after a pause */
    bool met_full;
};

/* --- life ------------------------------------------------------------------------------- */

enum toc_err toc_window_new(const struct toc_window_config *config, struct toc_window **out)
{
    TOC_ASSERT(config->batch_max >= 1 && config->batch_max <= TOC_WINDOW_BATCH_MAX);
    TOC_ASSERT(config->under_way_max >= 1 && config->under_way_max <= TOC_WINDOW_UNDER_WAY_MAX);
    TOC_ASSERT(config->batches > config->under_way_max);
    struct toc_window *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return TOC_ERR_MEMORY;
    w->config = *config;
    w->batches = calloc(config->batches, sizeof(*w->batches));
    if (w->batches == NULL) {
        free(w);
        return TOC_ERR_MEMORY;
    }
    *out = w;
    return TOC_OK;
}

void toc_window_free(struct toc_window *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->config.batches; i++)
        free(w->batches[i].buffer);
    free(w->batches);
    free(w);
}

size_t toc_window_pending(const struct toc_window *w)
{
    return w->pending;
}

toc_time_ms toc_window_stalled_ms(const struct toc_window *w, toc_time_ms now_ms)
{
    return w->under_way > 0 ? now_ms - w->progress_ms : 0;
}

bool toc_window_met_full(const struct toc_window *w)
{
    return w->met_full;
}

/* --- adding ----------------------------------------------------------------------------- */

static uint8_t *fields_of(const struct batch *batch)
{
    return batch->buffer + HEAD_MAX;
}

/* A free batch that gathers from now on; its memory stays for the next time. */
static enum toc_err begin_batch(struct toc_window *w)
{
    struct batch *batch = NULL;
    for (size_t i = 0; i < w->config.batches && batch == NULL; i++)
        if (w->batches[i].state == BATCH_FREE)
            batch = &w->batches[i];
    if (batch == NULL)
        return TOC_ERR_AGAIN;
    if (batch->buffer == NULL) {
        batch->capacity = HEAD_MAX + w->config.batch_max * FIELD_MAX;
        batch->buffer = malloc(batch->capacity);
    }
    if (batch->buffer == NULL)
        return TOC_ERR_MEMORY;
    batch->state = BATCH_WAITS;
    batch->age = ++w->age;
    w->waiting++;
    batch->count = 0;
    batch->used = 0;
    w->gathering = batch;
    return TOC_OK;
}

/* Room for one more field of an event's bytes. */
static enum toc_err make_room(struct batch *batch, size_t event_size)
{
    size_t needed = HEAD_MAX + batch->used + event_size + TOC_WIRE_FIELD_OVERHEAD;
    if (needed <= batch->capacity)
        return TOC_OK;
    uint8_t *larger = realloc(batch->buffer, TOC_FRAME_MAX);
    if (larger == NULL)
        return TOC_ERR_MEMORY;
    batch->buffer = larger;
    batch->capacity = TOC_FRAME_MAX;
    return TOC_OK;
}

static bool fits_frame(const struct batch *batch, size_t event_size)
{
    return HEAD_MAX + batch->used + event_size + TOC_WIRE_FIELD_OVERHEAD <= TOC_FRAME_MAX;
}

enum toc_err toc_window_add(struct toc_window *w, struct toc_str event, uint64_t cookie)
{
    if (event.size > EVENT_MAX)
        return TOC_ERR_LIMIT;
    if (w->gathering != NULL && !fits_frame(w->gathering, event.size))
        w->gathering = NULL;
    if (w->gathering == NULL)
        TOC_TRY(begin_batch(w));
    struct batch *batch = w->gathering;
    TOC_TRY(make_room(batch, event.size));
    uint8_t *start = fields_of(batch) + batch->used;
    size_t size = (size_t)(toc_wire_put_bytes(start, EVENTS_FIELD, event) - start);
    batch->entries[batch->count++] = (struct entry){.offset = (uint32_t)batch->used,
                                                    .size = (uint32_t)size,
                                                    .event_size = (uint32_t)event.size,
                                                    .cookie = cookie};
    batch->used += size;
    w->pending++;
    if (batch->count == w->config.batch_max)
        w->gathering = NULL;
    return TOC_OK;
}

/* --- sending ---------------------------------------------------------------------------- */

bool toc_window_has_ready(const struct toc_window *w, enum toc_window_ready ready)
{
    size_t partial = ready == TOC_WINDOW_WHOLE && w->gathering != NULL;
    return w->under_way < w->config.under_way_max && w->waiting > partial;
}

/* The oldest that waits and may leave; NULL when there is none, or no room under way. */
static struct batch *oldest_waiting(const struct toc_window *w, enum toc_window_ready ready)
{
    struct batch *oldest = NULL;
    if (!toc_window_has_ready(w, ready))
        return NULL;
    for (size_t i = 0; i < w->config.batches; i++) {
        struct batch *batch = &w->batches[i];
        if (batch->state == BATCH_WAITS && (ready == TOC_WINDOW_ANY || batch != w->gathering) &&
            (oldest == NULL || batch->age < oldest->age))
            oldest = batch;
    }
    return oldest;
}

static struct batch *overdue(const struct toc_window *w, toc_time_ms now_ms)
{
    for (size_t i = 0; i < w->config.batches; i++)
        if (w->batches[i].state == BATCH_UNDER_WAY && w->batches[i].due_ms <= now_ms)
            return &w->batches[i];
    return NULL;
}

/* The head's length is known when it is written: it is put before the events. */
static struct toc_str frame_of(struct batch *batch)
{
    uint8_t tag[TOC_WIRE_FIELD_OVERHEAD], head[2 * TOC_WIRE_FIELD_OVERHEAD], *start, *end;
    size_t tag_size = (size_t)(toc_wire_put_varint(tag, 1, batch->tag) - tag);
    end = toc_wire_put_varint(head, 1, TOC_WIRE_VERSION);
    end = toc_wire_put_length(end, TOCSIN__V1__FRAME__KIND_PUBLISH, tag_size + batch->used);
    size_t head_size = (size_t)(end - head);
    start = fields_of(batch) - tag_size - head_size;
    memcpy(start, head, head_size);
    memcpy(start + head_size, tag, tag_size);
    return toc_str(start, head_size + tag_size + batch->used);
}

static void start_on_its_way(struct toc_window *w, struct batch *batch, toc_time_ms now_ms)
{
    if (w->under_way == 0)
        w->progress_ms = now_ms;
    batch->state = BATCH_UNDER_WAY;
    batch->tag = ++*w->config.tag;
    w->waiting--;
    w->under_way++;
    if (w->gathering == batch)
        w->gathering = NULL;
}

enum toc_err toc_window_next(struct toc_window *w, enum toc_window_ready ready, toc_time_ms now_ms,
                             struct toc_str *out_frame)
{
    struct batch *batch = overdue(w, now_ms);
    if (batch == NULL) {
        batch = oldest_waiting(w, ready);
        if (batch == NULL)
            return TOC_NONE;
        start_on_its_way(w, batch, now_ms);
    }
    batch->due_ms = now_ms + REPEAT_MS;
    w->sent = batch;
    *out_frame = frame_of(batch);
    return TOC_OK;
}

void toc_window_not_sent(struct toc_window *w, toc_time_ms now_ms)
{
    w->sent->due_ms = now_ms + SEND_RETRY_MS;
}

toc_time_ms toc_window_due_ms(const struct toc_window *w, enum toc_window_ready ready,
                              toc_time_ms now_ms)
{
    toc_time_ms due = TOC_TIME_NEVER;
    if (toc_window_has_ready(w, ready))
        return now_ms;
    for (size_t i = 0; i < w->config.batches; i++)
        if (w->batches[i].state == BATCH_UNDER_WAY && w->batches[i].due_ms < due)
            due = w->batches[i].due_ms;
    return due;
}

/* --- receipts --------------------------------------------------------------------------- */

/* TOC_ERR_MALFORMED for what is no Outcome. */
static enum toc_err read_outcome(struct toc_str bytes, struct toc_client_receipt *out,
                                 toc_time_ms *retry_ms)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    enum toc_err err;
    *out = (struct toc_client_receipt){0};
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
        else if (field.number == 8 && field.wire_type == 0)
            out->held = field.value != 0;
        else if (field.number == 4 && field.wire_type == 2 && field.bytes.size == TOC_ID) {
            memcpy(out->issue, field.bytes.data, TOC_ID);
            out->has_issue = true;
        }
    }
    return err == TOC_NONE ? TOC_OK : err;
}

static struct toc_str event_of(const struct batch *batch, const struct entry *entry)
{
    return toc_str(fields_of(batch) + entry->offset + entry->size - entry->event_size,
                   entry->event_size);
}

static void keep(struct batch *batch, const struct entry *entry)
{
    struct entry kept = *entry;
    kept.offset = (uint32_t)batch->used;
    memmove(fields_of(batch) + batch->used, fields_of(batch) + entry->offset, entry->size);
    batch->used += entry->size;
    batch->entries[batch->count++] = kept;
}

static void hand_over(struct toc_window *w, const struct batch *batch, const struct entry *entry,
                      const struct toc_client_receipt *receipt, toc_time_ms now_ms)
{
    w->pending--;
    w->progress_ms = now_ms;
    w->config.on_receipt(w->config.arg, entry->cookie, event_of(batch, entry), receipt);
}

static void settle(struct toc_window *w, struct batch *batch, struct toc_wire_reader reader,
                   toc_time_ms now_ms)
{
    struct toc_wire_field field;
    size_t had = batch->count;
    toc_time_ms wait_ms = SHORT_RETRY_MS;
    batch->count = 0;
    batch->used = 0;
    w->met_full = false;
    for (size_t i = 0; i < had;) {
        struct toc_client_receipt receipt;
        toc_time_ms retry_ms = 0;
        bool known = toc_wire_next(&reader, &field) == TOC_OK;
        if (known && (field.number != 2 || field.wire_type != 2))
            continue;
        known = known && read_outcome(field.bytes, &receipt, &retry_ms) == TOC_OK;
        if (known && retry_ms == 0) {
            hand_over(w, batch, &batch->entries[i], &receipt, now_ms);
        } else {
            keep(batch, &batch->entries[i]);
            w->met_full = w->met_full || retry_ms > 0;
            wait_ms = retry_ms > wait_ms ? retry_ms : wait_ms;
        }
        i++;
    }
    batch->tag = ++*w->config.tag;
    batch->due_ms = now_ms + wait_ms;
    if (batch->count == 0) {
        batch->state = BATCH_FREE;
        w->under_way--;
    }
}

void toc_window_receipt(struct toc_window *w, struct toc_str body, toc_time_ms now_ms)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field field;
    /* The tag comes first as every encoder writes it; without one nobody is meant. */
    if (toc_wire_next(&reader, &field) != TOC_OK || field.number != 1 || field.wire_type != 0)
        return;
    for (size_t i = 0; i < w->config.batches; i++) {
        struct batch *batch = &w->batches[i];
        if (batch->state == BATCH_UNDER_WAY && batch->tag == field.value) {
            settle(w, batch, reader, now_ms);
            return;
        }
    }
}
