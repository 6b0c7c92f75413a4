/*
 * Event time, told a second time: the suite in one process (services/cli/inproc.c), which is never
 * late and loses nothing, is given what the router took from the intakes, in that order. The router
 * has to have written the same, byte for byte but for the ids of logs: above all the same moves for
 * the same breaches, at the same places.
 */
#include "tests/sim/world.h"

#include "common/run_internal.h"
#include "services/cli/inproc.h"

struct same {
    struct world *world;
    const struct node *router;
    size_t made; /* records that were compared */
};

static void fail(struct same *same, const char *what)
{
    world_fail(same->world, 6, "router, in one process, at seq %zu: %s", same->made, what);
}

static bool is_equal(const Tocsin__V1__Record *a, const Tocsin__V1__Record *b)
{
    return a->type == b->type && a->at_ms == b->at_ms && a->log_ms == b->log_ms &&
           a->policy == b->policy && a->prev_seq == b->prev_seq && a->cause_seq == b->cause_seq &&
           toc_str_equal(toc_wire_bytes(&a->issue), toc_wire_bytes(&b->issue)) &&
           toc_str_equal(toc_wire_bytes(&a->body), toc_wire_bytes(&b->body));
}

static void tell(const struct same *same, const char *what, const Tocsin__V1__Record *record)
{
    world_say(same->world, "%s: type %d at %lld log %lld cause %llu, %zu bytes", what, record->type,
              (long long)record->at_ms, (long long)record->log_ms,
              (unsigned long long)record->cause_seq, record->body.len);
}

static enum toc_err compare(void *arg, enum inproc_service service,
                            const Tocsin__V1__Record *record)
{
    struct same *same = arg;
    if (service != INPROC_ROUTER || same->world->failed)
        return TOC_OK;
    if (same->made == same->router->shadow.count) {
        tell(same, "is now", record);
        fail(same, "it writes more than there is");
        return TOC_OK;
    }
    const Tocsin__V1__Record *was = check_unpack(&same->router->shadow.seen[same->made++]);
    if (is_equal(was, record))
        return TOC_OK;
    tell(same, "was", was);
    tell(same, "is now", record);
    fail(same, "the next record differs");
    return TOC_OK;
}

static enum toc_err feed(struct same *same, struct inproc *suite)
{
    const struct takings *takings = &same->router->takings;
    for (size_t i = 0; i < takings->committed && !same->world->failed; i++) {
        const struct taken *taken = &takings->all[i];
        if (taken->upstream == TAKEN_TIME ||
            same->world->nodes[taken->upstream].role != ROLE_INTAKE)
            continue;
        const struct shadow *shadow = &same->world->nodes[taken->upstream].shadow;
        const struct seen *seen = &shadow->seen[taken->seq - 1];
        Tocsin__V1__Record *record = tocsin__v1__record__unpack(NULL, seen->size, seen->bytes);
        TOC_ASSERT(record != NULL);
        enum toc_err err =
            inproc_take(suite, shadow->log_id, record, toc_str(seen->bytes, seen->size));
        tocsin__v1__record__free_unpacked(record, NULL);
        TOC_TRY(err);
    }
    return inproc_advance(suite, same->router->run->instant_ms);
}

void same_check(struct world *world)
{
    struct same same = {.world = world, .router = world_node(world, ROLE_ROUTER)};
    const struct inproc_config config = {.on_record = compare, .arg = &same};
    struct inproc *suite;
    enum toc_err err = inproc_open(&config, &suite);
    TOC_ASSERT(err == TOC_OK);
    err = feed(&same, suite);
    if (err < 0)
        fail(&same, toc_err_text(err));
    if (same.made != same.router->shadow.count)
        fail(&same, "it writes less than there is");
    inproc_close(suite);
}
