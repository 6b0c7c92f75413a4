#include "services/cli/backtest/backtest.h"

#include "services/cli/backtest/read.h"

#include <stdlib.h>

#define ROOM_FIRST 1024 /* a power of two, as all rooms */

void verdicts_done(struct verdicts *verdicts)
{
    free(verdicts->slots);
    *verdicts = (struct verdicts){NULL, 0, 0};
}

/* An issue's id is a keyed hash already. */
static size_t slot_of(const uint8_t issue[TOC_ID], uint32_t clock, uint32_t instance, size_t mask)
{
    uint64_t hash = toc_get_u64be(issue) ^ toc_get_u64be(issue + 8);
    hash = (hash ^ clock) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ instance) * 0x9e3779b97f4a7c15u;
    return (size_t)(hash >> 20) & mask;
}

static bool is_it(const struct verdict *verdict, const uint8_t issue[TOC_ID], uint32_t clock,
                  uint32_t instance)
{
    return verdict->instance == instance && verdict->clock == clock &&
           memcmp(verdict->issue, issue, TOC_ID) == 0;
}

static struct verdict *find_slot(struct verdict *slots, size_t room, const uint8_t issue[TOC_ID],
                                 uint32_t clock, uint32_t instance)
{
    size_t at = slot_of(issue, clock, instance, room - 1);
    while (slots[at].instance != 0 && !is_it(&slots[at], issue, clock, instance))
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static enum toc_err grow(struct verdicts *verdicts)
{
    size_t room = verdicts->room == 0 ? ROOM_FIRST : 2 * verdicts->room;
    struct verdict *slots = calloc(room, sizeof(*slots));
    if (slots == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < verdicts->room; i++) {
        const struct verdict *old = &verdicts->slots[i];
        if (old->instance != 0)
            *find_slot(slots, room, old->issue, old->clock, old->instance) = *old;
    }
    free(verdicts->slots);
    verdicts->slots = slots;
    verdicts->room = room;
    return TOC_OK;
}

enum toc_err verdicts_find(struct verdicts *verdicts, const uint8_t issue[TOC_ID], uint32_t clock,
                           uint32_t instance, struct verdict **out)
{
    if (4 * verdicts->count >= 3 * verdicts->room)
        TOC_TRY(grow(verdicts));
    struct verdict *verdict = find_slot(verdicts->slots, verdicts->room, issue, clock, instance);
    if (verdict->instance == 0) {
        memcpy(verdict->issue, issue, TOC_ID);
        verdict->clock = clock;
        verdict->instance = instance;
        verdicts->count++;
    }
    *out = verdict;
    return TOC_OK;
}

static enum verdict_state state_of(const struct said_clock *said)
{
    if (said->breached)
        return VERDICT_BREACHED;
    if (said->state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET)
        return VERDICT_MET;
    return said->state == TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED ? VERDICT_NO_CLOCK
                                                                   : VERDICT_OPEN;
}

/* What a record says last about a clock counts. */
enum toc_err verdicts_take(struct verdicts *verdicts, struct names *names, enum verdict_by by,
                           const Tocsin__V1__Record *record)
{
    uint32_t clock, queue;
    struct verdict *verdict;
    if (record->test || record->issue.len != TOC_ID)
        return TOC_OK;
    const struct said_clock said = read_clock_change(record);
    if (said.instance == 0)
        return TOC_OK;
    TOC_TRY(names_add(names, said.name, &clock));
    TOC_TRY(names_add(names, said.queue, &queue));
    TOC_TRY(verdicts_find(verdicts, record->issue.data, clock, said.instance, &verdict));
    verdict->sides[by] =
        (struct verdict_side){.at_ms = said.breached ? said.breached_ms : said.stopped_ms,
                              .queue = queue,
                              .state = (uint8_t)state_of(&said)};
    return TOC_OK;
}
