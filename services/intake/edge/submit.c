#include "common/link_zmq.h"
#include "common/log.h"
#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/reason.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define SCRATCH_BYTES ((size_t)512 * 1024) /* of one event */
#define FRAME_BYTES                                                                                \
    (CLOUDEVENTS_BATCH_MAX * (ADMIT_EVENT_MAX + REASON_MAX + 2 * TOC_WIRE_FIELD_OVERHEAD) +        \
     4 * TOC_WIRE_FIELD_OVERHEAD)
static_assert(ADMIT_EVENT_MAX >= TOC_EVENT_MAX, "the larger of both");
static_assert(FRAME_BYTES <= TOC_FRAME_MAX, "a request is one frame");

_Noreturn void edge_give_up(enum toc_err err, const char *what)
{
    toc_log(TOC_LOG_ALARM, "failed", "at=%s why=\"%s\"", what, toc_err_text(err));
    _exit(1);
}

/* A Publish of the events that are some; its length is known when it is written, so its frame's
 * head is put before it last. */
static struct toc_str write_frame(struct edge *edge, const struct cloudevents *events, uint64_t tag)
{
    uint8_t head[2 * TOC_WIRE_FIELD_OVERHEAD], *head_end;
    uint8_t *body = edge->frame + sizeof(head), *end = toc_wire_put_varint(body, 1, tag);
    for (size_t i = 0; i < events->count; i++)
        if (events->items[i].problem == NULL)
            end = toc_wire_put_bytes(end, 2, events->items[i].packed);
    head_end = toc_wire_put_varint(head, 1, TOC_WIRE_VERSION);
    head_end = toc_wire_put_length(head_end, TOCSIN__V1__FRAME__KIND_PUBLISH, (size_t)(end - body));
    size_t head_size = (size_t)(head_end - head);
    memcpy(body - head_size, head, head_size);
    return toc_str(body - head_size, (size_t)(end - body) + head_size);
}

void edge_submit(struct edge *edge, struct edge_pending *pending)
{
    struct toc_now now = toc_program_now();
    struct toc_str frame = write_frame(edge, &pending->events, (uint64_t)(pending - edge->pending));
    enum toc_err err = toc_run_frame(edge->run, TOC_PEER_INSIDE, frame, now);
    if (err < 0)
        edge_give_up(err, "submit");
}

void edge_drop(struct edge_pending *pending)
{
    toc_pool_done(&pending->pool);
    pending->exchange = NULL;
    pending->next_free = pending->edge->free;
    pending->edge->free = pending;
}

/* From within the commit that made the events durable, or told that the store is full. */
static void on_frame(void *self, struct toc_str bytes)
{
    struct edge *edge = self;
    Tocsin__V1__Frame *frame;
    toc_arena_reset(&edge->scratch, 0);
    if (toc_wire_unpack(&edge->scratch, &tocsin__v1__frame__descriptor, bytes, &frame) < 0)
        edge_give_up(TOC_ERR_LIMIT, "receipt");
    TOC_ASSERT(frame->kind_case == TOCSIN__V1__FRAME__KIND_RECEIPT);
    TOC_ASSERT(frame->receipt->tag <= edge->config->connections_max);
    struct edge_pending *pending = &edge->pending[frame->receipt->tag];
    pending->tell(pending, 0, NULL, frame->receipt);
    edge_drop(pending);
}

void edge_admit(const struct edge_pending *pending, struct toc_arena *arena,
                struct cloudevent *item)
{
    struct admit *door = pending->edge->config->admit;
    enum toc_err err = pending->dry_run ? admit_look(door, arena, item->event, &item->problem)
                                        : admit(door, arena, item->event, pending->files,
                                                pending->file_count, &item->problem);
    if (err == TOC_ERR_FULL) {
        err = toc_run_met_full(pending->edge->run, toc_program_now());
        item->problem = admit_full;
    }
    if (err < 0)
        edge_give_up(err, "admit");
    item->status = item->problem == admit_full ? 503 : item->problem != NULL ? 400 : 0;
}

/* The turn has room from here until the request's events are stepped: what is admitted for them
 * must not meet a commit on the way. */
struct edge_pending *edge_begin(const struct edge_call *call)
{
    struct edge *edge = call->edge;
    struct edge_pending *pending;
    enum toc_err err = TOC_OK;
    bool dry_run;
    if (!edge_read_dry_run(call->request, &dry_run)) {
        edge_answer_problem(call->exchange, 400, "dry_run: 1 or true, 0 or false", NULL);
        return NULL;
    }
    if (toc_run_is_full(edge->run))
        err = toc_run_commit(edge->run, toc_program_now());
    if (err < 0)
        edge_give_up(err, "commit");
    pending = edge->free;
    if (pending == NULL) {
        edge_answer_full(call->exchange, "too much at a time");
        return NULL;
    }
    edge->free = pending->next_free;
    *pending = (struct edge_pending){
        .exchange = call->exchange, .edge = edge, .tell = edge_tell, .dry_run = dry_run};
    return pending;
}

struct cloudevents_reader edge_reader(struct edge_pending *pending, cloudevents_judge *judge,
                                      void *self, char *why)
{
    return (struct cloudevents_reader){.pool = &pending->pool,
                                       .scratch = &pending->edge->scratch,
                                       .judge = judge,
                                       .self = self,
                                       .out = &pending->events,
                                       .why = why};
}

static bool has_any_good(const struct cloudevents *events)
{
    for (size_t i = 0; i < events->count; i++)
        if (events->items[i].problem == NULL)
            return true;
    return false;
}

void edge_settle(struct edge *edge, struct edge_pending *pending, int status, const char *why)
{
    if (status == 0 && has_any_good(&pending->events)) {
        if (pending->dry_run)
            edge_rehearse(pending);
        else
            edge_submit(edge, pending);
        return;
    }
    pending->tell(pending, status, why, NULL);
    edge_drop(pending);
}

enum toc_err edge_submit_set_up(struct edge *edge, struct toc_link *link)
{
    size_t count = (size_t)edge->config->connections_max + 1;
    edge->pending = calloc(count, sizeof(*edge->pending));
    edge->frame = malloc(FRAME_BYTES);
    if (edge->pending == NULL || edge->frame == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = count; i-- > 0;) {
        edge->pending[i].next_free = edge->free;
        edge->free = &edge->pending[i];
    }
    TOC_TRY(toc_arena_init(&edge->scratch, SCRATCH_BYTES + 2 * TOC_FRAME_MAX));
    toc_link_inside(link, TOC_PEER_INSIDE, on_frame, edge);
    return TOC_OK;
}

void edge_submit_done(struct edge *edge)
{
    for (size_t i = 0; edge->pending != NULL && i <= edge->config->connections_max; i++)
        toc_pool_done(&edge->pending[i].pool);
    toc_arena_done(&edge->scratch);
    free(edge->pending);
    free(edge->frame);
}
