#include "services/cli/backtest/backtest.h"

#include "services/cli/backtest/read.h"
#include "services/cli/inproc.h"

#include <stdlib.h>

#define ARENA_BYTES  (64 * 1024) /* one recorded event */
#define EVENING_FROM (18 * (toc_time_ms)TOC_HOUR_MS)
#define NIGHT_FROM   (22 * (toc_time_ms)TOC_HOUR_MS)
#define DAY_FROM     (6 * (toc_time_ms)TOC_HOUR_MS)
#define STEPS_A_WORD 1024 /* events between two words about progress */

void tally_done(struct tally *tally)
{
    free(tally->contacts);
    free(tally->queues);
    free(tally->teams);
    free(tally->alerts.slots);
    tally->contacts = NULL;
    tally->queues = NULL;
    tally->teams = NULL;
    tally->alerts = (struct alert_set){NULL, 0, 0};
}

/* --- tables by name ----------------------------------------------------------------------- */

/* Makes room for the entry `index` of a zeroed table. */
static enum toc_err reach(void **table, size_t *room, size_t size, uint32_t index)
{
    if (index < *room)
        return TOC_OK;
    size_t wanted = *room == 0 ? 64 : *room;
    while (wanted <= index)
        wanted *= 2;
    char *larger = realloc(*table, wanted * size);
    if (larger == NULL)
        return TOC_ERR_MEMORY;
    memset(larger + *room * size, 0, (wanted - *room) * size);
    *table = larger;
    *room = wanted;
    return TOC_OK;
}

static enum toc_err queue_of(struct tally *tally, struct toc_str name, struct tally_queue **out)
{
    uint32_t index;
    void *table = tally->queues;
    TOC_TRY(names_add(tally->names, name, &index));
    TOC_TRY(reach(&table, &tally->queue_room, sizeof(*tally->queues), index));
    tally->queues = table;
    *out = &tally->queues[index];
    return TOC_OK;
}

static enum toc_err contact_of(struct tally *tally, struct toc_str name, struct tally_contact **out)
{
    uint32_t index;
    void *table = tally->contacts;
    TOC_TRY(names_add(tally->names, name, &index));
    TOC_TRY(reach(&table, &tally->contact_room, sizeof(*tally->contacts), index));
    tally->contacts = table;
    *out = &tally->contacts[index];
    return TOC_OK;
}

static enum toc_err count_team(struct tally *tally, struct toc_str name)
{
    uint32_t index;
    void *table = tally->teams;
    TOC_TRY(names_add(tally->names, name, &index));
    TOC_TRY(reach(&table, &tally->team_room, sizeof(*tally->teams), index));
    tally->teams = table;
    tally->teams[index]++;
    return TOC_OK;
}

/* --- alerts ------------------------------------------------------------------------------- */

static bool has_alert(const struct alert_set *set, uint64_t id)
{
    for (size_t at = (size_t)id & (set->room - 1); set->room > 0 && set->slots[at] != 0;
         at = (at + 1) & (set->room - 1))
        if (set->slots[at] == id)
            return true;
    return false;
}

static void put_alert(struct alert_set *set, uint64_t id)
{
    size_t at = (size_t)id & (set->room - 1);
    while (set->slots[at] != 0)
        at = (at + 1) & (set->room - 1);
    set->slots[at] = id;
}

static enum toc_err add_alert(struct alert_set *set, uint64_t id)
{
    if (4 * set->count >= 3 * set->room) {
        struct alert_set larger = {.room = set->room == 0 ? 256 : 2 * set->room,
                                   .count = set->count};
        larger.slots = calloc(larger.room, sizeof(*larger.slots));
        if (larger.slots == NULL)
            return TOC_ERR_MEMORY;
        for (size_t i = 0; i < set->room; i++)
            if (set->slots[i] != 0)
                put_alert(&larger, set->slots[i]);
        free(set->slots);
        *set = larger;
    }
    put_alert(set, id);
    set->count++;
    return TOC_OK;
}

/* --- counting ----------------------------------------------------------------------------- */

static toc_time_ms wall_of(const struct tally *tally, toc_time_ms at_ms)
{
    return at_ms + toc_tz_offset_ms(tally->zone, at_ms);
}

static enum hours hours_of(const struct tally *tally, toc_time_ms at_ms)
{
    toc_time_ms of_day = wall_of(tally, at_ms) % TOC_DAY_MS;
    if (of_day >= NIGHT_FROM || of_day < DAY_FROM)
        return HOURS_NIGHT;
    return of_day >= EVENING_FROM ? HOURS_EVENING : HOURS_DAY;
}

static enum toc_err count_arrival(struct tally *tally, const struct said_place *place,
                                  toc_time_ms at_ms)
{
    struct tally_queue *queue;
    uint32_t team;
    TOC_TRY(queue_of(tally, place->queue, &queue));
    int64_t day = wall_of(tally, at_ms) / TOC_DAY_MS;
    if (day != queue->day)
        queue->today = 0;
    queue->day = day;
    queue->arrivals++;
    queue->today++;
    if (queue->today > queue->busiest)
        queue->busiest = queue->today;
    if (place->partner.size == 0)
        return TOC_OK;
    TOC_TRY(names_add(tally->names, place->partner, &team));
    queue->team = team + 1;
    return TOC_OK;
}

static enum toc_err on_issue(struct tally *tally, const Tocsin__V1__Record *record)
{
    const struct said_issue said = read_issue_change(record);
    if (said.what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED)
        tally->issues++;
    if (said.team.size > 0)
        TOC_TRY(count_team(tally, said.team));
    bool moves = said.what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED ||
                 said.what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED ||
                 said.what == TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY;
    if (!moves)
        return TOC_OK;
    const struct said_place place = read_place(said.issue);
    if (place.queue.size == 0 || toc_str_equal(place.queue, said.old_queue))
        return TOC_OK;
    return count_arrival(tally, &place, record->at_ms);
}

static enum toc_err on_page(struct tally *tally, const Tocsin__V1__Record *record)
{
    const struct said_alert said = read_alert_change(record);
    struct tally_contact *contact;
    TOC_TRY(contact_of(tally, said.contact, &contact));
    contact->pages[hours_of(tally, said.planned_ms)]++;
    tally->page_count++;
    if (tally->known != NULL && (said.step > 0 || said.repeat > 0) && said.id.size == TOC_ID &&
        !has_alert(tally->known, toc_get_u64be(said.id.data) | 1))
        tally->pages_unsure++;
    return TOC_OK;
}

static enum toc_err on_alert(struct tally *tally, const Tocsin__V1__Record *record)
{
    const struct said_alert said = read_alert_change(record);
    tally->alert_count++;
    return said.id.size == TOC_ID ? add_alert(&tally->alerts, toc_get_u64be(said.id.data) | 1)
                                  : TOC_OK;
}

static enum toc_err on_record(void *arg, enum inproc_service service,
                              const Tocsin__V1__Record *record)
{
    struct tally *tally = arg;
    bool counts = !record->test && record->at_ms >= tally->from_ms && record->at_ms < tally->to_ms;
    (void)service;
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED: /* which verdicts count, their instants say */
        return verdicts_take(tally->verdicts, tally->names, tally->by, record);
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        return counts ? on_issue(tally, record) : TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED:
        tally->refused += counts;
        return TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
        return counts ? on_alert(tally, record) : TOC_OK;
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
        return counts ? on_page(tally, record) : TOC_OK;
    default:
        return TOC_OK;
    }
}

/* --- replaying ---------------------------------------------------------------------------- */

static enum toc_err take(struct inproc *suite, const struct replay *replay,
                         const struct recorded *event, struct toc_arena *arena)
{
    struct toc_str bytes = toc_str(event->bytes, event->size);
    Tocsin__V1__Record *record;
    if (event->is_policy && replay->policy.data != NULL && event->at_ms >= replay->from_ms)
        return TOC_OK; /* another one is in force */
    toc_arena_reset(arena, 0);
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__record__descriptor, bytes, &record));
    return inproc_take(suite, replay->history->logs[event->log].log_id, record, bytes);
}

static enum toc_err replay_all(struct inproc *suite, const struct replay *replay,
                               struct toc_arena *arena)
{
    const struct history *history = replay->history;
    bool applied = replay->policy.data == NULL;
    uint32_t version;
    for (size_t i = 0; i < history->count; i++) {
        const struct recorded *event = &history->events[i];
        if (event->at_ms >= replay->to_ms)
            break;
        if (!applied && event->at_ms >= replay->from_ms) {
            applied = true;
            TOC_TRY(inproc_apply(suite, replay->policy, event->at_ms, &version));
        }
        TOC_TRY(take(suite, replay, event, arena));
        if (i % STEPS_A_WORD == 0 && !replay->on_step(replay->arg, i))
            return TOC_ERR_AGAIN;
    }
    toc_time_ms end_ms = replay->to_ms < history->end_ms ? replay->to_ms : history->end_ms;
    return inproc_advance(suite, end_ms);
}

enum toc_err tally_replay(struct tally *tally, const struct replay *replay)
{
    const struct inproc_config config = {.on_record = on_record, .arg = tally};
    struct toc_arena arena = {0};
    struct inproc *suite = NULL;
    TOC_TRY(toc_arena_init(&arena, ARENA_BYTES));
    enum toc_err err = inproc_open(&config, &suite);
    if (err == TOC_OK)
        err = replay_all(suite, replay, &arena);
    inproc_close(suite);
    toc_arena_done(&arena);
    return err;
}
