/*
 * Frames into a live run on the memory store. The first byte chooses the service; then operations:
 *
 *   0  a frame of raw bytes from a client      2  a Batch that fits the stream, with raw records
 *   1  a frame of raw bytes from the upstream  3  a Batch with one record built from the input
 *   4  time passes, poll and commit            5  an outcome of a side effect
 *
 * Whatever a client sends, the run goes on. An upstream is authenticated, so what it sends may stop
 * the run with a failure, but never otherwise.
 */
#include "common/store_mem.h"
#include "services/audit/audit.h"
#include "services/intake/intake.h"
#include "services/notifier/notifier.h"
#include "services/router/router.h"
#include "services/sla/sla.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

#define DISK        "fuzz-frames"
#define UPSTREAM_ID 0x1122334455667788u

static const struct intake_config intake_config = {
    .control = true, .memory_entries = 64, .window_ms = TOC_HOUR_MS};
static const struct audit_config audit_config = {.origin = "fuzz.example/log"};

static const struct {
    const struct toc_service *service;
    const void *config;
} services[] = {{&intake_service, &intake_config},
                {&router_service, NULL},
                {&sla_service, NULL},
                {&notifier_service, NULL},
                {&audit_service, &audit_config}};

struct bench {
    struct fuzz_input in;
    struct toc_run *run;
    struct toc_now now;
    uint32_t stream; /* of the run's last Fetch; 0 before */
    uint64_t cursor; /* what the upstream sent */
    bool has_upstream, sends_pages;
    enum toc_err err;
};

static struct toc_arena arena;

/* What the run sends to its upstream tells the stream that a Batch has to name. */
static void read_sent(struct bench *bench)
{
    struct fuzz_frame *sent;
    Tocsin__V1__Frame *frame;
    while ((sent = fuzz_take_frame()) != NULL) {
        toc_arena_reset(&arena, 0);
        if (sent->to == 1 &&
            toc_wire_unpack(&arena, &tocsin__v1__frame__descriptor,
                            toc_str(sent->bytes, sent->size), &frame) == TOC_OK &&
            frame->kind_case == TOCSIN__V1__FRAME__KIND_FETCH) {
            if (bench->stream != frame->fetch->stream)
                bench->cursor = frame->fetch->from_seq - 1;
            bench->stream = frame->fetch->stream;
        }
        fuzz_frame_free(sent);
    }
}

static void turn(struct bench *bench, unsigned ms)
{
    bench->now.wall_ms += ms;
    bench->now.mono_ms += ms;
    bench->err = toc_run_poll(bench->run, bench->now);
    if (bench->err >= 0)
        bench->err = toc_run_commit(bench->run, bench->now);
    read_sent(bench);
}

static void from_client(struct bench *bench)
{
    toc_peer peer = TOC_PEER_BOUND + 2 + (fuzz_byte(&bench->in) & 1);
    size_t size = fuzz_byte(&bench->in) | (size_t)fuzz_byte(&bench->in) << 8;
    if (toc_run_is_full(bench->run))
        turn(bench, 1);
    struct toc_str frame = fuzz_bytes(&bench->in, size);
    TOC_ASSERT(toc_run_frame(bench->run, peer, frame, bench->now) == TOC_OK);
}

static void give(struct bench *bench, struct toc_str frame)
{
    if (toc_run_is_full(bench->run))
        turn(bench, 1);
    if (bench->err >= 0)
        bench->err = toc_run_frame(bench->run, 1, frame, bench->now);
    read_sent(bench);
}

static void give_hello(struct bench *bench)
{
    uint8_t bytes[64], body[32], *end = toc_wire_put_fixed64(body, 5, UPSTREAM_ID);
    end = toc_wire_put_varint(end, 7, 1000);
    uint8_t *out = toc_wire_put_varint(bytes, 1, TOC_WIRE_VERSION);
    out = toc_wire_put_bytes(out, 2, toc_str(body, (size_t)(end - body)));
    give(bench, toc_str(bytes, (size_t)(out - bytes)));
}

static void give_batch(struct bench *bench, struct toc_str record, uint64_t through)
{
    static uint8_t body[16384], bytes[16500];
    uint8_t hash[TOC_SHA256] = {1}, *end = body, *out = bytes;
    if (record.size > 8192)
        return;
    end = toc_wire_put_varint(end, 1, bench->stream);
    end = toc_wire_put_varint(end, 2, bench->cursor);
    end = toc_wire_put_varint(end, 3, through);
    end = toc_wire_put_bytes(end, 4, toc_str(hash, sizeof(hash)));
    end = toc_wire_put_varint(end, 5, (uint64_t)bench->now.wall_ms << 1);
    end = toc_wire_put_varint(end, 6, through);
    end = toc_wire_put_bytes(end, 7, record);
    out = toc_wire_put_varint(out, 1, TOC_WIRE_VERSION);
    out = toc_wire_put_bytes(out, 6, toc_str(body, (size_t)(end - body)));
    give(bench, toc_str(bytes, (size_t)(out - bytes)));
    bench->cursor = through;
}

/* A record whose envelope is right; type, class, issue and body are the input's. */
static void give_record(struct bench *bench)
{
    static const uint8_t record_types[] = {1, 2, 10, 11, 12, 20, 30, 33, 50, 51, 52, 53};
    uint8_t issue[TOC_ID] = {0}, packed[4096];
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    record.seq = bench->cursor + 1;
    record.type = (Tocsin__V1__RecordType)record_types[fuzz_byte(&bench->in) % 12];
    record.class_ = 1u << (fuzz_byte(&bench->in) % 6);
    issue[0] = (uint8_t)(fuzz_byte(&bench->in) & 3);
    record.partition = fuzz_byte(&bench->in);
    record.issue = toc_wire_binary(toc_str(issue, fuzz_byte(&bench->in) == 7 ? 3 : TOC_ID));
    record.at_ms = record.log_ms = bench->now.wall_ms;
    size_t size = fuzz_byte(&bench->in) | (size_t)(fuzz_byte(&bench->in) & 7) << 8;
    record.body = toc_wire_binary(fuzz_bytes(&bench->in, size));
    size = tocsin__v1__record__pack(&record, packed);
    give_batch(bench, toc_str(packed, size), record.seq);
}

static void operate(struct bench *bench)
{
    unsigned op = fuzz_byte(&bench->in) % 6;
    size_t size;
    if (op == 0) {
        from_client(bench);
    } else if (op == 4) {
        turn(bench, fuzz_byte(&bench->in) * 8);
    } else if (op == 5) {
        struct toc_str outcome = fuzz_bytes(&bench->in, fuzz_byte(&bench->in));
        if (bench->sends_pages)
            bench->err = toc_run_outcome(bench->run, outcome, bench->now);
    } else if (bench->has_upstream && op == 1) {
        size = fuzz_byte(&bench->in);
        give(bench, fuzz_bytes(&bench->in, size));
    } else if (bench->has_upstream && op == 2) {
        size = fuzz_byte(&bench->in) | (size_t)(fuzz_byte(&bench->in) & 7) << 8;
        give_batch(bench, fuzz_bytes(&bench->in, size), bench->cursor + 1);
    } else if (bench->has_upstream) {
        give_record(bench);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"up"};
    struct bench bench = {.in = {data, data + size}, .now = {INT64_C(1790000000000), 1000}};
    unsigned which = fuzz_byte(&bench.in) % (sizeof(services) / sizeof(services[0]));
    struct toc_link link = {.place = 0, .upstreams = {1}, .upstream_count = which != 0};
    struct toc_link sink = {.place = 1};
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, 4 * TOC_FRAME_MAX) == TOC_OK && sodium_init() >= 0);
    fuzz_links[0] = &link;
    fuzz_links[1] = &sink;
    const struct toc_run_config config = {.service = services[which].service,
                                          .service_config = services[which].config,
                                          .data_dir = DISK,
                                          .map_bytes = 1 << 24,
                                          .link = &link,
                                          .upstreams = names,
                                          .upstream_count = which != 0,
                                          .batch_max = 64,
                                          .random = 77};
    TOC_ASSERT(toc_run_open(&config, bench.now, &bench.run) == TOC_OK);
    bench.has_upstream = which != 0;
    bench.sends_pages = config.service == &notifier_service;
    turn(&bench, 1);
    if (bench.has_upstream)
        give_hello(&bench);
    while (fuzz_has_more(&bench.in) && bench.err >= 0)
        operate(&bench);
    if (bench.err >= 0)
        turn(&bench, 50);
    toc_run_close(bench.run);
    fuzz_drop_frames();
    toc_mem_disk_free(DISK);
    return 0;
}
