#include "common/run_internal.h"

void run_send(struct toc_run *run, toc_peer peer, Tocsin__V1__Frame *frame)
{
    frame->version = TOC_WIRE_VERSION;
    size_t size = tocsin__v1__frame__get_packed_size(frame);
    if (size > TOC_FRAME_MAX) {
        toc_log(TOC_LOG_WARNING, "frame_too_large", "bytes=%zu", size);
        return;
    }
    size = tocsin__v1__frame__pack(frame, run->out);
    /* Losing a small frame is harmless: the other side asks again. */
    enum toc_err err = toc_link_send(run->config->link, peer, toc_str(run->out, size));
    if (err < 0)
        run->counts.receipts_lost++;
}

void run_refuse(struct toc_run *run, toc_peer peer, uint32_t stream,
                Tocsin__V1__RefuseReason reason, const char *detail)
{
    Tocsin__V1__Refuse refuse = TOCSIN__V1__REFUSE__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    refuse.reason = reason;
    refuse.detail = toc_wire_text(detail);
    refuse.stream = stream;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    run_send(run, peer, &frame);
}

static void answer_hello(struct toc_run *run, toc_peer peer, const Tocsin__V1__Hello *hello)
{
    Tocsin__V1__Hello answer = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    if (hello->min_version > TOC_WIRE_VERSION || hello->max_version < TOC_WIRE_VERSION) {
        run_refuse(run, peer, 0, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION,
                   "this service speaks wire version 1");
        return;
    }
    answer.min_version = TOC_WIRE_VERSION;
    answer.max_version = TOC_WIRE_VERSION;
    answer.session = hello->session;
    answer.name = toc_wire_text(run->service->name);
    answer.log_id = run->journal.log_id;
    answer.first_seq = run->journal.first_seq;
    answer.last_seq = run->committed_seq;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    frame.hello = &answer;
    run_send(run, peer, &frame);
}

static enum toc_err from_upstream(struct toc_run *run, struct upstream *up,
                                  const Tocsin__V1__Frame *frame, struct toc_now now)
{
    up->heard_ms = now.mono_ms;
    up->heard = true;
    if (frame->kind_case == TOCSIN__V1__FRAME__KIND_HELLO)
        return follow_on_hello(run, up, frame->hello, now);
    if (frame->kind_case == TOCSIN__V1__FRAME__KIND_PROMISE)
        return follow_on_promise(run, up, frame->promise, now);
    if (frame->kind_case == TOCSIN__V1__FRAME__KIND_REFUSE)
        follow_on_refuse(run, up, frame->refuse);
    else
        run->counts.malformed++;
    return TOC_OK;
}

static enum toc_err from_client(struct toc_run *run, toc_peer peer, const Tocsin__V1__Frame *frame,
                                struct toc_now now)
{
    switch ((int)frame->kind_case) {
    case TOCSIN__V1__FRAME__KIND_HELLO:
        answer_hello(run, peer, frame->hello);
        return TOC_OK;
    case TOCSIN__V1__FRAME__KIND_FETCH:
        feed_on_fetch(run, peer, frame->fetch, now);
        return TOC_OK;
    case TOCSIN__V1__FRAME__KIND_ASK:
        return answer_ask(run, peer, frame->ask, now);
    default:
        run->counts.malformed++;
        run_refuse(run, peer, 0, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                   "a client sends Hello, Publish, Fetch or Ask");
        return TOC_OK;
    }
}

/* The outermost fields of a frame, so that the large kinds need no unpacking. */
struct outer {
    uint64_t version;
    uint32_t kind; /* field number of the oneof */
    struct toc_str body;
};

static enum toc_err read_outer(struct toc_str frame, struct outer *out)
{
    struct toc_wire_reader reader = toc_wire_reader(frame);
    struct toc_wire_field field;
    enum toc_err err;
    *out = (struct outer){0};
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number == 1 && field.wire_type == 0)
            out->version = field.value;
        if (field.number >= 2 && field.number <= 10 && field.wire_type == 2) {
            out->kind = field.number;
            out->body = field.bytes;
        }
    }
    if (err < 0)
        return err;
    return out->kind == 0 ? TOC_ERR_MALFORMED : TOC_OK;
}

static enum toc_err refuse_frame(struct toc_run *run, toc_peer peer,
                                 Tocsin__V1__RefuseReason reason, const char *detail)
{
    run->counts.malformed++;
    if (peer >= TOC_PEER_BOUND)
        run_refuse(run, peer, 0, reason, detail);
    return TOC_OK;
}

static enum toc_err small_frame(struct toc_run *run, toc_peer peer, struct upstream *up,
                                struct toc_str bytes, struct toc_now now)
{
    Tocsin__V1__Frame *frame;
    toc_arena_reset(&run->frame_arena, 0);
    if (toc_wire_unpack(&run->frame_arena, &tocsin__v1__frame__descriptor, bytes, &frame) < 0)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                            "the frame is not a well-formed tocsin.v1.Frame");
    return up != NULL ? from_upstream(run, up, frame, now) : from_client(run, peer, frame, now);
}

enum toc_err toc_run_frame(struct toc_run *run, toc_peer peer, struct toc_str frame,
                           struct toc_now now)
{
    struct upstream *up =
        peer >= 1 && peer <= run->upstream_count ? &run->upstreams[peer - 1] : NULL;
    struct outer outer;
    run->counts.frames++;
    if (frame.size > TOC_FRAME_MAX)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                            "a frame may have 1 MiB");
    if (read_outer(frame, &outer) < 0)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                            "the frame is not a well-formed tocsin.v1.Frame");
    if (outer.version != TOC_WIRE_VERSION)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION,
                            "this service speaks wire version 1");
    enum toc_err err;
    if (outer.kind == TOCSIN__V1__FRAME__KIND_PUBLISH && up == NULL)
        err = run_on_publish(run, peer, outer.body, now);
    else if (outer.kind == TOCSIN__V1__FRAME__KIND_BATCH && up != NULL)
        err = follow_on_batch(run, up, outer.body, now);
    else
        err = small_frame(run, peer, up, frame, now);
    return run_survive_full(run, err, now);
}
