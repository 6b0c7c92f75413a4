/*
 * The auditor of `tocsin obligations` over every record that the notifier commits: nothing that a
 * seed does may make it find a fault.
 */
#include "tests/sim/world.h"

#include "services/cli/obligations/ledger.h"

#include <stdlib.h>

#define PATIENCE_MS (5 * TOC_SECOND_MS)

struct owed {
    struct ledger *ledger;
    struct toc_arena arena;
};

static void fail(void *arg, const struct ledger_fault *fault)
{
    world_fail(arg, 21, "seq %llu, %s: alert %llu, page %s", (unsigned long long)fault->seq,
               fault->text, (unsigned long long)fault->page.alert_number, fault->page.delivery);
}

struct owed *owed_new(struct world *world)
{
    struct owed *owed = calloc(1, sizeof(*owed));
    TOC_ASSERT(owed != NULL);
    enum toc_err err = toc_arena_init(&owed->arena, 1 << 16);
    if (err == TOC_OK)
        err = ledger_new(true, PATIENCE_MS, fail, world, &owed->ledger);
    TOC_ASSERT(err == TOC_OK);
    return owed;
}

void owed_free(struct owed *owed)
{
    ledger_free(owed->ledger);
    toc_arena_done(&owed->arena);
    free(owed);
}

void owed_check_record(struct world *world, const Tocsin__V1__Record *record)
{
    enum toc_err err = ledger_record(world->owed->ledger, &world->owed->arena, record);
    TOC_ASSERT(err == TOC_OK);
}

void owed_check_end(struct world *world)
{
    const struct ledger_counts *counts = ledger_counts(world->owed->ledger);
    ledger_end(world->owed->ledger);
    if (!world->failed && (counts->pending > 0 || counts->undated > 0))
        world_fail(world, 21, "%llu pages are pending, %llu attempts do not say when they began",
                   (unsigned long long)counts->pending, (unsigned long long)counts->undated);
}
