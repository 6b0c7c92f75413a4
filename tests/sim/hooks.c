/*
 * What outcomes' sender stands on, made up: libuv's timers and the transport, whose symbols are
 * those of the real ones, and receivers that accept, refuse, fail, ask for patience, want no more,
 * hang, or answer and are not heard. What ends the process there ends the node here.
 */
#include "tests/sim/hooks.h"

#include "common/send/sender.h"
#include "services/outcomes/send/sender.h"

#include <setjmp.h>
#include <stdlib.h>
#include <uv.h>

#define TIMEOUT_MS 900

struct toc_transfer {
    bool used, asks;
    unsigned serial;
    void *tag;
    struct told_request request;
    toc_time_ms written_ms; /* can be called off until then */
    uint32_t code;
    toc_time_ms retry_after_ms;
};

struct toc_transfers {
    struct toc_transfers_config config;
    struct toc_transfer all[TOC_TRANSFERS_MAX];
};

struct hooks {
    struct rng rng;
    unsigned usual_percent; /* fails without a fault */
    struct outcomes_config core;
    struct sender_config sender;
    void *self; /* the sender's; NULL while the service is down */
    struct toc_transfers transfers;
    unsigned serial;
    unsigned fail_percent, how;
};

static struct world *here; /* what stands in for libuv is told of no world */
static jmp_buf dies;       /* where the sender goes that cannot go on */

struct hooks *hooks_new(struct world *world)
{
    static const uint8_t key[LOCK_KEY] = {9, 8, 7};
    struct hooks *hooks = calloc(1, sizeof(*hooks));
    TOC_ASSERT(hooks != NULL);
    hooks->rng = rng_of(world->options.seed, 5);
    lock_make(&hooks->sender.lock, key);
    memcpy(hooks->core.seal_key, hooks->sender.lock.public, sizeof(hooks->core.seal_key));
    hooks->core.dead_after_ms = hooks->sender.dead_after_ms = world->options.dead_after_ms;
    hooks->usual_percent = (unsigned)rng_range(&hooks->rng, 0, 3) * 8;
    hooks->sender.parallel = rng_range(&hooks->rng, 1, 4);
    sender_configure(&hooks->sender);
    here = world;
    return hooks;
}

void hooks_free(struct hooks *hooks)
{
    free(hooks);
    here = NULL;
}

const void *hooks_core_config(const struct world *world)
{
    return &world->hooks->core;
}

const struct lock *hooks_lock(const struct world *world)
{
    return &world->hooks->sender.lock;
}

unsigned hooks_parallel(const struct world *world)
{
    return (unsigned)world->hooks->sender.parallel;
}

void hooks_fail(struct world *world, unsigned percent, unsigned how)
{
    if (world->hooks == NULL)
        return;
    world->hooks->fail_percent = percent;
    world->hooks->how = how;
}

/* --- the sender's life -------------------------------------------------------------------- */

void hooks_start(struct world *world, struct node *node)
{
    if (node->role != ROLE_OUTCOMES)
        return;
    enum toc_err err = sender_effects.start(NULL, NULL, node->run, &world->hooks->self);
    TOC_ASSERT(err == TOC_OK);
}

void hooks_stop(struct world *world, struct node *node)
{
    if (node->role != ROLE_OUTCOMES || world->hooks->self == NULL)
        return;
    sender_effects.stop(world->hooks->self);
    world->hooks->self = NULL;
}

void hooks_after_commit(struct world *world, struct node *node)
{
    if (node->role != ROLE_OUTCOMES || world->failed)
        return;
    if (setjmp(dies) == 0)
        sender_effects.after_commit(world->hooks->self, world_clock(world, node));
    else
        node->dying = true;
}

void toc_sender_must(enum toc_err err, const char *what)
{
    const struct node *node = world_node(here, ROLE_OUTCOMES);
    if (err >= 0)
        return;
    if (err != TOC_ERR_IO || !node->disk_crash)
        world_fail(here, 0, "%s: %s of its sender failed: %s", node->name, what, toc_err_text(err));
    longjmp(dies, 1);
}

void hooks_event(struct world *world, unsigned index)
{
    struct toc_transfers *transfers = &world->hooks->transfers;
    struct toc_transfer *transfer = &transfers->all[index % TOC_TRANSFERS_MAX];
    const struct node *node = world_node(world, ROLE_OUTCOMES);
    if (!transfer->used || transfer->serial != index / TOC_TRANSFERS_MAX)
        return; /* called off, or its sender has died */
    if (node->stopped_ms > world->now_ms) {
        world_at(world, node->stopped_ms, EV_HOOK, index, NULL);
        return;
    }
    const struct toc_transfer_answer answer = {.code = transfer->code,
                                               .text = transfer->code == 0 ? "cut off" : "answered",
                                               .retry_after_ms = transfer->retry_after_ms,
                                               .field = transfer->asks ? "tocsin" : ""};
    transfer->used = false;
    told_over(world, &transfer->request);
    told_answer(world, &transfer->request, transfer->code);
    transfers->config.done(transfers->config.self, transfer->tag, &answer);
}

/* --- the receivers ------------------------------------------------------------------------ */

static uint32_t draw_code(struct hooks *hooks)
{
    static const uint32_t bad[] = {500, 429, 0, 422, 503, 0, 410, 404};
    if (here->healed || !rng_chance(&hooks->rng, hooks->fail_percent + hooks->usual_percent))
        return rng_chance(&hooks->rng, 20) ? 204 : 200;
    return bad[(hooks->fail_percent > 0 && hooks->how % 2 != 0 ? hooks->how
                                                               : rng_next(&hooks->rng)) %
               (sizeof(bad) / sizeof(bad[0]))];
}

/* What becomes of it is decided now, and told later. An answer of 0 may have come to its receiver
 * all the same. */
static void draw_answer(struct hooks *hooks, struct toc_transfer *transfer, unsigned slot)
{
    const struct node *node = world_node(here, ROLE_OUTCOMES);
    bool hangs;
    transfer->code = draw_code(hooks);
    hangs = transfer->code == 0 && rng_chance(&hooks->rng, 50);
    if (transfer->code == 429 || (transfer->code == 503 && rng_chance(&hooks->rng, 50)))
        transfer->retry_after_ms =
            world_clock(here, node).wall_ms + rng_range(&hooks->rng, 200, 3000);
    transfer->written_ms = here->now_ms + rng_range(&hooks->rng, 0, 20);
    world_at(here, here->now_ms + (hangs ? TIMEOUT_MS : rng_range(&hooks->rng, 1, 120)), EV_HOOK,
             transfer->serial * TOC_TRANSFERS_MAX + slot, NULL);
}

/* --- in place of the transport ------------------------------------------------------------ */

enum toc_err toc_transfers_open(const struct toc_transfers_config *config,
                                struct toc_transfers **out)
{
    *out = &here->hooks->transfers;
    **out = (struct toc_transfers){.config = *config};
    return TOC_OK;
}

/* What is under way may still come to its receiver. */
void toc_transfer_cancel(struct toc_transfer *transfer)
{
    transfer->used = false;
    told_over(here, &transfer->request);
}

void toc_transfers_close(struct toc_transfers *transfers)
{
    for (size_t i = 0; i < TOC_TRANSFERS_MAX; i++)
        if (transfers->all[i].used)
            toc_transfer_cancel(&transfers->all[i]);
}

struct toc_transfer *toc_transfers_start(struct toc_transfers *transfers,
                                         const struct toc_transfer_request *request, void *tag)
{
    struct hooks *hooks = here->hooks;
    unsigned slot = 0;
    while (slot < TOC_TRANSFERS_MAX && transfers->all[slot].used)
        slot++;
    if (slot == TOC_TRANSFERS_MAX)
        return NULL;
    struct toc_transfer *transfer = &transfers->all[slot];
    *transfer = (struct toc_transfer){
        .used = true, .asks = request->wanted != NULL, .serial = ++hooks->serial, .tag = tag};
    world_trace(here, request->body.data, request->body.size);
    told_request(here, request, &transfer->request);
    draw_answer(hooks, transfer, slot);
    return transfer;
}

bool toc_transfer_is_written(const struct toc_transfer *transfer)
{
    return here->now_ms >= transfer->written_ms;
}

/* --- in place of the loop ------------------------------------------------------------------ */

static void wake_in(uint64_t wait_ms)
{
    struct node *node = world_node(here, ROLE_OUTCOMES);
    world_wake(here, node, here->now_ms + (toc_time_ms)(wait_ms < 1 ? 1 : wait_ms));
}

struct toc_now toc_program_now(void)
{
    return world_clock(here, world_node(here, ROLE_OUTCOMES));
}

bool toc_program_event_clock(void)
{
    return here->options.event_clock;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *handle)
{
    handle->loop = loop;
    return 0;
}

int uv_timer_start(uv_timer_t *handle, uv_timer_cb cb, uint64_t timeout, uint64_t repeat)
{
    (void)handle, (void)cb, (void)repeat;
    wake_in(timeout);
    return 0;
}

int uv_timer_stop(uv_timer_t *handle)
{
    (void)handle;
    return 0;
}

void uv_update_time(uv_loop_t *loop)
{
    (void)loop;
}

int uv_idle_init(uv_loop_t *loop, uv_idle_t *handle)
{
    handle->loop = loop;
    return 0;
}

int uv_idle_start(uv_idle_t *handle, uv_idle_cb cb)
{
    (void)handle, (void)cb;
    wake_in(1);
    return 0;
}

int uv_idle_stop(uv_idle_t *handle)
{
    (void)handle;
    return 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb cb)
{
    cb(handle);
}
