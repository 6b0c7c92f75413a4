#include "services/cli/client_internal.h"

#include "common/hash.h"

#define CREDIT_BYTES (4 * TOC_FRAME_MAX) /* granted ahead */
#define KEEP_MS      1000                /* a stream is kept alive at least this often */
#define SILENT_MS    5000                /* heartbeats come far more often: it is gone */
#define AWAY_MS      500                 /* between two tries to find it again */

/* One stream, from its first Fetch to its end or restart. */
struct stream {
    struct client *client;
    struct client_peer *peer;
    const struct client_fetch *fetch;
    client_record_fn on_record;
    void *arg;
    uint32_t id;
    uint64_t log_id;
    uint64_t cursor;   /* everything up to here was handed over or filtered out */
    uint64_t end_seq;  /* not following: the last one wanted */
    uint64_t received; /* bytes in this stream */
    uint64_t granted;
    toc_time_ms asked_ms, heard_ms;
    bool enough;
};

static enum toc_err send_fetch(struct stream *stream)
{
    Tocsin__V1__Fetch fetch = TOCSIN__V1__FETCH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    fetch.stream = stream->id;
    fetch.log_id = stream->log_id;
    fetch.from_seq = stream->cursor + 1;
    if (stream->fetch->hash != NULL && stream->cursor + 1 == stream->fetch->from_seq)
        fetch.hash = toc_wire_binary(toc_str(stream->fetch->hash, TOC_SHA256));
    fetch.partition_mask = UINT64_MAX;
    fetch.class_mask = stream->fetch->class_mask;
    fetch.granted_bytes = stream->granted;
    fetch.done_seq = stream->cursor;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_FETCH;
    frame.fetch = &fetch;
    stream->asked_ms = client_mono_ms();
    enum toc_err err = client_send(stream->client, stream->peer, &frame);
    return err == TOC_ERR_AGAIN ? TOC_OK : err; /* it is sent again within a second */
}

/* A new stream id from the cursor on: what comes of the old one is ignored. */
static enum toc_err start(struct stream *stream)
{
    do /* never that of the stream before: the service would take it for the same */
        stream->id = (uint32_t)++stream->client->tag;
    while (stream->id == 0);
    stream->received = 0;
    stream->granted = CREDIT_BYTES;
    stream->heard_ms = client_mono_ms();
    return send_fetch(stream);
}

/* The fields of a Batch or Promise that come before its records. */
struct head {
    uint64_t stream, prev_seq, through_seq;
};

static bool read_head(struct toc_str body, uint32_t kind, struct head *out)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field field;
    enum toc_err err;
    bool batch = kind == TOCSIN__V1__FRAME__KIND_BATCH;
    *out = (struct head){0};
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.wire_type != 0)
            continue;
        if (field.number == 1)
            out->stream = field.value;
        else if (field.number == 2 && batch)
            out->prev_seq = field.value;
        else if (field.number == (batch ? 3u : 2u))
            out->through_seq = field.value;
    }
    return err == TOC_NONE;
}

static enum toc_err hand_over(struct stream *stream, struct toc_str body)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field field;
    while (!stream->enough && toc_wire_next(&reader, &field) == TOC_OK) {
        Tocsin__V1__Record *record;
        if (field.number != 7 || field.wire_type != 2)
            continue;
        enum toc_err err =
            client_unpack(stream->client, &tocsin__v1__record__descriptor, field.bytes, &record);
        if (err < 0)
            return client_failure(stream->client, err, "%s sent an unreadable record",
                                  stream->peer->name);
        if (record->seq <= stream->cursor)
            continue;
        stream->cursor = record->seq;
        if (record->seq > stream->end_seq || !stream->on_record(stream->arg, record, field.bytes))
            stream->enough = true;
    }
    return TOC_OK;
}

static enum toc_err on_batch(struct stream *stream, struct toc_str body)
{
    struct head head;
    if (!read_head(body, TOCSIN__V1__FRAME__KIND_BATCH, &head) || head.stream != stream->id)
        return TOC_OK;
    stream->heard_ms = client_mono_ms();
    if (head.prev_seq != stream->cursor)
        return start(stream);
    TOC_TRY(hand_over(stream, body));
    if (head.through_seq > stream->cursor)
        stream->cursor = head.through_seq;
    stream->received += body.size; /* a little more than is counted there: never too little */
    if (stream->granted - stream->received > CREDIT_BYTES / 2)
        return TOC_OK;
    stream->granted = stream->received + CREDIT_BYTES;
    return send_fetch(stream);
}

static enum toc_err on_promise(struct stream *stream, struct toc_str body)
{
    struct head head;
    if (!read_head(body, TOCSIN__V1__FRAME__KIND_PROMISE, &head) || head.stream != stream->id)
        return TOC_OK;
    stream->heard_ms = client_mono_ms();
    return head.through_seq == stream->cursor ? TOC_OK : start(stream);
}

static enum toc_err on_refuse(struct stream *stream, struct toc_str body)
{
    Tocsin__V1__Refuse *refuse;
    if (client_unpack(stream->client, &tocsin__v1__refuse__descriptor, body, &refuse) < 0 ||
        refuse->stream != stream->id)
        return TOC_OK;
    if (refuse->retry_ms != 0)
        return TOC_OK; /* asked for again within a second */
    return client_refused(stream->client, stream->peer, body);
}

static enum toc_err on_frame(struct stream *stream, const struct client_frame *frame)
{
    switch (frame->kind) {
    case TOCSIN__V1__FRAME__KIND_BATCH:
        return on_batch(stream, frame->body);
    case TOCSIN__V1__FRAME__KIND_PROMISE:
        return on_promise(stream, frame->body);
    case TOCSIN__V1__FRAME__KIND_REFUSE:
        return on_refuse(stream, frame->body);
    default:
        return TOC_OK;
    }
}

/* The service is away: waits for it when following. Another log there is told, not followed. */
static enum toc_err find_again(struct stream *stream)
{
    struct client *client = stream->client;
    enum toc_err err = TOC_ERR_GONE;
    stream->peer->greeted = false;
    while (err == TOC_ERR_GONE) {
        err = client_connect(client, stream->peer->name,
                             stream->fetch->follow ? AWAY_MS : CLIENT_HELLO_MS, &stream->peer);
        if (!stream->fetch->follow)
            break;
    }
    if (err != TOC_OK)
        return err;
    if (stream->peer->said.log_id != stream->log_id)
        return client_failure(client, TOC_NONE,
                              "%s now has another log than before: was its data replaced?",
                              stream->peer->name);
    return start(stream);
}

static enum toc_err run(struct stream *stream)
{
    struct client_frame frame;
    enum toc_err err = start(stream);
    while (err == TOC_OK && !stream->enough && stream->cursor < stream->end_seq) {
        toc_time_ms now = client_mono_ms();
        if (now - stream->heard_ms > SILENT_MS) {
            err = find_again(stream);
            continue;
        }
        if (now - stream->asked_ms >= KEEP_MS)
            TOC_TRY(send_fetch(stream));
        err = client_receive(stream->client, stream->peer, stream->asked_ms + KEEP_MS, &frame);
        if (err == TOC_OK)
            err = on_frame(stream, &frame);
        else if (err == TOC_NONE)
            err = TOC_OK;
    }
    return err;
}

enum toc_err client_fetch(struct client *client, const struct client_fetch *fetch,
                          client_record_fn on_record, void *arg)
{
    struct stream stream = {.client = client,
                            .fetch = fetch,
                            .on_record = on_record,
                            .arg = arg,
                            .log_id = fetch->log_id};
    struct client_service said;
    enum toc_err err = client_hello(client, fetch->service, CLIENT_HELLO_MS, &said);
    if (err == TOC_OK)
        err = client_connect(client, fetch->service, CLIENT_HELLO_MS, &stream.peer);
    if (err != TOC_OK)
        return err;
    if (stream.log_id == 0)
        stream.log_id = said.log_id;
    uint64_t from = fetch->from_seq != 0 ? fetch->from_seq : said.first_seq;
    stream.cursor = from > 0 ? from - 1 : 0;
    stream.end_seq = fetch->follow ? UINT64_MAX : said.last_seq;
    return run(&stream);
}
