#include "tests/fuzz/fuzz_world.h"

#include "common/store_mem.h"
#include "services/intake/intake.h"
#include "services/notifier/notifier.h"
#include "services/router/router.h"
#include "services/sla/sla.h"

#include <sodium.h>

#define CLIENT   (TOC_PEER_BOUND + FUZZ_NODES) /* its receipts are dropped */
#define START_MS INT64_C(1790000000000)

struct fuzz_world fuzz_world;

static const struct intake_config intake_config = {
    .control = true, .memory_entries = 64, .window_ms = TOC_HOUR_MS};

static const struct {
    const struct toc_service *service;
    const void *config;
    const char *disk;
    unsigned upstreams[FUZZ_NODES];
    size_t upstream_count;
} plan[FUZZ_NODES] = {
    {&intake_service, &intake_config, "fuzz-intake", {0}, 0},
    {&router_service, NULL, "fuzz-router", {0}, 1},
    {&sla_service, NULL, "fuzz-sla", {1}, 1},
    {&notifier_service, NULL, "fuzz-notifier", {0, 1, 2}, 3},
};

static void start(unsigned place)
{
    static const char *const names[] = {"a", "b", "c"};
    struct fuzz_node *node = &fuzz_world.nodes[place];
    node->link = (struct toc_link){.place = place, .upstream_count = plan[place].upstream_count};
    memcpy(node->link.upstreams, plan[place].upstreams, sizeof(node->link.upstreams));
    node->config = (struct toc_run_config){.service = plan[place].service,
                                           .service_config = plan[place].config,
                                           .data_dir = plan[place].disk,
                                           .map_bytes = 1 << 24,
                                           .link = &node->link,
                                           .upstreams = names,
                                           .upstream_count = plan[place].upstream_count,
                                           .batch_max = 32,
                                           .random = 1000 * (place + 1) + fuzz_world.ids++};
    fuzz_links[place] = &node->link;
    TOC_ASSERT(toc_run_open(&node->config, fuzz_world.now, &node->run) == TOC_OK);
}

static void turn(struct fuzz_node *node)
{
    TOC_ASSERT(toc_run_poll(node->run, fuzz_world.now) == TOC_OK);
    TOC_ASSERT(toc_run_commit(node->run, fuzz_world.now) == TOC_OK);
}

static void deliver(void)
{
    struct fuzz_frame *frame;
    while ((frame = fuzz_take_frame()) != NULL) {
        struct fuzz_node *node = &fuzz_world.nodes[frame->to];
        if (toc_run_is_full(node->run))
            turn(node);
        TOC_ASSERT(toc_run_frame(node->run, frame->from, toc_str(frame->bytes, frame->size),
                                 fuzz_world.now) == TOC_OK);
        fuzz_frame_free(frame);
    }
}

void fuzz_pass(toc_time_ms ms)
{
    fuzz_world.now.wall_ms += ms;
    fuzz_world.now.mono_ms += ms;
    deliver();
    for (unsigned i = 0; i < FUZZ_NODES; i++)
        turn(&fuzz_world.nodes[i]);
}

/* Lets the links settle: hellos, fetches, batches and promises take their rounds. */
void fuzz_settle(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        fuzz_pass(60);
}

void fuzz_publish(const Tocsin__V1__Event *event)
{
    static uint8_t packed[8192], body[8300], frame[8400];
    TOC_ASSERT(tocsin__v1__event__get_packed_size(event) <= sizeof(packed));
    size_t size = tocsin__v1__event__pack(event, packed);
    uint8_t *end = toc_wire_put_varint(body, 1, ++fuzz_world.ids);
    end = toc_wire_put_bytes(end, 2, toc_str(packed, size));
    uint8_t *out = toc_wire_put_varint(frame, 1, TOC_WIRE_VERSION);
    out = toc_wire_put_bytes(out, 3, toc_str(body, (size_t)(end - body)));
    if (toc_run_is_full(fuzz_world.nodes[0].run))
        turn(&fuzz_world.nodes[0]);
    TOC_ASSERT(toc_run_frame(fuzz_world.nodes[0].run, CLIENT, toc_str(frame, (size_t)(out - frame)),
                             fuzz_world.now) == TOC_OK);
}

void fuzz_apply_policy(struct toc_str text)
{
    uint8_t hash[TOC_SHA256];
    uint32_t count = (uint32_t)((text.size + 999) / 1000);
    toc_sha256(hash, text);
    for (uint32_t i = 0; i <= count; i++) {
        Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
        Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
        Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
        char id[2] = {(char)('a' + i), '\0'};
        size_t left = i < count ? text.size - 1000 * i : 0;
        event.id = id;
        event.source = toc_wire_text("policy");
        event.type = toc_wire_text(i < count ? "tocsin.policy.part" : "tocsin.policy.applied");
        event.body_case = i < count ? TOCSIN__V1__EVENT__BODY_POLICY_PART
                                    : TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
        part.hash = applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
        part.index = i;
        part.count = count;
        part.text = toc_wire_binary(toc_str(text.data + 1000 * i, left < 1000 ? left : 1000));
        applied.version = 1;
        applied.size = (uint32_t)text.size;
        if (i < count)
            event.policy_part = &part;
        else
            event.policy_applied = &applied;
        fuzz_publish(&event);
    }
}

void fuzz_crash(unsigned place)
{
    toc_run_close(fuzz_world.nodes[place].run);
    fuzz_drop_frames();
    start(place);
}

void fuzz_world_settle(void)
{
    struct toc_run_counts counts;
    const char *why_not;
    fuzz_settle(40); /* hellos are tried again after 500 ms */
    for (unsigned i = 0; i < FUZZ_NODES; i++) {
        toc_run_counts(fuzz_world.nodes[i].run, &counts);
        TOC_ASSERT(counts.upstreams_stopped == 0);
        TOC_ASSERT(counts.lag_records == 0);
        TOC_ASSERT(toc_run_is_ready(fuzz_world.nodes[i].run, &why_not));
    }
}

void fuzz_world_open(void)
{
    TOC_ASSERT(sodium_init() >= 0);
    fuzz_world.now = (struct toc_now){START_MS, 1000};
    fuzz_world.ids = 0;
    for (unsigned i = 0; i < FUZZ_NODES; i++)
        start(i);
}

void fuzz_world_close(void)
{
    for (unsigned i = 0; i < FUZZ_NODES; i++)
        toc_run_close(fuzz_world.nodes[i].run);
    fuzz_drop_frames();
    toc_mem_disk_free_all();
}
