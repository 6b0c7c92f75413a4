#include "services/sla/row.h"

#include "services/sla/deadline.h"
#include "services/sla/urgency.h"

#define DUE_KEY    (8 + ROW_KEY)
#define LEDGER_KEY (ROW_KEY + 1 + 4)
#define LEDGER_ROW 16

void row_key(uint8_t key[ROW_KEY], uint32_t partition, uint32_t number)
{
    key[0] = (uint8_t)partition;
    toc_put_u32be(key + 1, number);
}

/* --- rows --------------------------------------------------------------------------------- */

enum toc_err row_load(struct toc_turn *turn, uint32_t partition, uint32_t number,
                      Tocsin__V1__IssueClocks **out)
{
    uint8_t key[ROW_KEY];
    struct toc_str row;
    row_key(key, partition, number);
    enum toc_err err = toc_get(turn->txn, TABLE_CLOCKS, toc_str(key, sizeof(key)), &row);
    if (err != TOC_OK)
        return err;
    return toc_unpack(turn, issue_clocks, row, out);
}

enum toc_err row_bind(struct work *work)
{
    work->policy = NULL;
    work->sla = NULL;
    if (work->row->policy == 0)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, work->row->policy, &work->policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (work->row->sla[0] != '\0')
        work->sla = toc_policy_sla(work->policy, toc_str_of(work->row->sla));
    return TOC_OK;
}

static bool takes_queue(const struct toc_clock_rule *rule, struct toc_str queue)
{
    for (size_t i = 0; i < rule->queue_count; i++)
        if (toc_match_glob(toc_str_of(rule->queues[i]), queue))
            return true;
    return rule->queue_count == 0;
}

bool row_takes(const struct toc_clock_rule *rule, const char *scope)
{
    if (rule->metric == TOC_CLOCK_QUEUE_WAIT)
        return takes_queue(rule, toc_str_of(scope));
    if (rule->metric == TOC_CLOCK_TIER_TIME)
        return rule->tiers == 0 || (rule->tiers >> (scope[0] - '0') & 1) != 0;
    return true;
}

struct clock row_follow(const struct work *work, Tocsin__V1__Clock *clock,
                        const struct toc_clock_rule *rule)
{
    return (struct clock){clock, rule, rule != NULL ? &rule->targets[work->row->priority] : NULL};
}

struct clock row_clock(const struct work *work, size_t index)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    if (clock->team[0] != '\0') {
        const struct toc_team *team =
            work->policy != NULL ? toc_policy_team(work->policy, toc_str_of(clock->team)) : NULL;
        return row_follow(work, clock, team != NULL ? &team->clock : NULL);
    }
    for (size_t i = 0; work->sla != NULL && i < work->sla->clock_count; i++)
        if (strcmp(work->sla->clocks[i].name, clock->metric) == 0 &&
            row_takes(&work->sla->clocks[i], clock->scope))
            return row_follow(work, clock, &work->sla->clocks[i]);
    return row_follow(work, clock, NULL);
}

size_t row_find(const struct work *work, const char *name, const char *scope)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    for (size_t i = 0; i < row->n_clocks; i++)
        if (strcmp(row->clocks[i]->metric, name) == 0 && strcmp(row->clocks[i]->scope, scope) == 0)
            return i;
    return row->n_clocks;
}

Tocsin__V1__Clock *row_add_clock(struct work *work)
{
    Tocsin__V1__IssueClocks *row = work->row;
    Tocsin__V1__Clock **all, *clock;
    TOC_ASSERT(row->n_clocks < SLA_CLOCKS_MAX);
    all = toc_arena_take(work->turn->arena, (row->n_clocks + 1) * sizeof(*all));
    clock = toc_arena_zero(work->turn->arena, sizeof(*clock));
    if (all == NULL || clock == NULL)
        return NULL;
    if (row->n_clocks != 0)
        memcpy(all, row->clocks, row->n_clocks * sizeof(*all));
    all[row->n_clocks++] = clock;
    row->clocks = all;
    return clock;
}

static toc_time_ms soonest(const Tocsin__V1__IssueClocks *row)
{
    toc_time_ms soonest_ms = TOC_TIME_NEVER;
    for (size_t i = 0; i < row->n_clocks; i++)
        if (row->clocks[i]->next_ms < soonest_ms)
            soonest_ms = row->clocks[i]->next_ms;
    return soonest_ms;
}

static void due_key(uint8_t key[DUE_KEY], toc_time_ms at_ms, const uint8_t row[ROW_KEY])
{
    toc_put_u64be(key, at_ms < 0 ? 0 : (uint64_t)at_ms);
    memcpy(key + 8, row, ROW_KEY);
}

enum toc_err due_remove(struct toc_txn *txn, toc_time_ms at_ms, const uint8_t row[ROW_KEY])
{
    uint8_t key[DUE_KEY];
    due_key(key, at_ms, row);
    enum toc_err err = toc_del(txn, TABLE_DUE, toc_str(key, sizeof(key)));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

static enum toc_err reindex(struct work *work, const uint8_t row[ROW_KEY])
{
    uint8_t key[DUE_KEY];
    toc_time_ms wanted_ms = soonest(work->row);
    if (wanted_ms >= work->row->indexed_ms)
        return TOC_OK;
    if (work->row->indexed_ms != TOC_TIME_NEVER)
        TOC_TRY(due_remove(work->turn->txn, work->row->indexed_ms, row));
    work->row->indexed_ms = wanted_ms;
    due_key(key, wanted_ms, row);
    toc_wake_at(work->turn, wanted_ms);
    return toc_put(work->turn->txn, TABLE_DUE, toc_str(key, sizeof(key)), toc_str(NULL, 0));
}

/* Where it stands among the open issues that wait for no instant; 0 for not there. */
static toc_time_ms place_of(const Tocsin__V1__IssueClocks *row)
{
    toc_time_ms place_ms = 0;
    for (size_t i = 0; i < row->n_clocks; i++) {
        const Tocsin__V1__Clock *clock = row->clocks[i];
        if (!clock_is_live(clock))
            continue;
        if (clock->breached && (place_ms == 0 || clock->breached_ms < place_ms))
            place_ms = clock->breached_ms;
        else if (place_ms == 0 && row->indexed_ms == TOC_TIME_NEVER)
            place_ms = TOC_TIME_NEVER;
    }
    return place_ms;
}

static enum toc_err list_open(struct work *work, const uint8_t row[ROW_KEY])
{
    uint8_t key[DUE_KEY];
    toc_time_ms place_ms = place_of(work->row), was_ms = work->row->open_ms;
    if (place_ms == was_ms)
        return TOC_OK;
    due_key(key, was_ms, row);
    if (was_ms != 0) {
        enum toc_err err = toc_del(work->turn->txn, TABLE_OPEN, toc_str(key, sizeof(key)));
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    work->row->open_ms = place_ms;
    if (place_ms == 0)
        return TOC_OK;
    due_key(key, place_ms, row);
    return toc_put(work->turn->txn, TABLE_OPEN, toc_str(key, sizeof(key)), toc_str(NULL, 0));
}

enum toc_err row_save(struct work *work)
{
    uint8_t key[ROW_KEY];
    row_key(key, work->row->partition, work->row->number);
    TOC_TRY(urgency_tell(work));
    TOC_TRY(deadline_tell(work));
    TOC_TRY(reindex(work, key));
    TOC_TRY(list_open(work, key));
    return row_put(work);
}

enum toc_err row_put(struct work *work)
{
    uint8_t key[ROW_KEY];
    struct toc_str bytes;
    row_key(key, work->row->partition, work->row->number);
    TOC_TRY(toc_wire_pack(work->turn->arena, work->row, &bytes));
    return toc_put(work->turn->txn, TABLE_CLOCKS, toc_str(key, sizeof(key)), bytes);
}

enum toc_err due_after(struct toc_txn *txn, struct toc_str from, toc_time_ms *out_ms,
                       uint8_t out_row[ROW_KEY])
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_DUE, from, &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size != DUE_KEY)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    memcpy(out_row, key.data + 8, ROW_KEY);
    return TOC_OK;
}

enum toc_err due_first(struct toc_txn *txn, toc_time_ms *out_ms, uint8_t out_row[ROW_KEY])
{
    return due_after(txn, toc_str(NULL, 0), out_ms, out_row);
}

/* --- the ledger --------------------------------------------------------------------------- */

static void ledger_key(uint8_t key[LEDGER_KEY], const Tocsin__V1__IssueClocks *row, size_t clock,
                       uint32_t interval)
{
    row_key(key, row->partition, row->number);
    key[ROW_KEY] = (uint8_t)clock;
    toc_put_u32be(key + ROW_KEY + 1, interval);
}

static enum toc_err put_interval(struct work *work, size_t index, uint32_t number,
                                 struct toc_interval interval)
{
    uint8_t key[LEDGER_KEY], value[LEDGER_ROW];
    ledger_key(key, work->row, index, number);
    toc_put_u64be(value, (uint64_t)interval.from_ms);
    toc_put_u64be(value + 8, (uint64_t)interval.until_ms);
    return toc_put(work->turn->txn, TABLE_LEDGER, toc_str(key, sizeof(key)),
                   toc_str(value, sizeof(value)));
}

static enum toc_err keep_span(struct spans *spans, Tocsin__V1__Clock *clock, size_t index,
                              struct toc_interval interval)
{
    spans->full = spans->full || spans->count == sizeof(spans->list) / sizeof(spans->list[0]);
    if (spans->full)
        return TOC_OK;
    spans->list[spans->count].clock = index;
    spans->list[spans->count++].interval = interval;
    clock->intervals++;
    return TOC_OK;
}

/* Of a copy only the sum is kept; what it read from the ledger stays there. */
static void keep_sum(struct clock clock, struct toc_interval interval)
{
    if (clock.rule != NULL)
        clock.row->kept_ms = clock_sum(clock.row->kept_ms,
                                       clock_between(clock, interval.from_ms, interval.until_ms));
}

enum toc_err row_keep_interval(struct work *work, size_t index, struct toc_interval interval)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    if (interval.from_ms == interval.until_ms)
        return TOC_OK;
    if (work->spans != NULL)
        return keep_span(work->spans, clock, index, interval);
    if (work->dry) {
        keep_sum(row_clock(work, index), interval);
        return TOC_OK;
    }
    return put_interval(work, index, clock->intervals++, interval);
}

enum toc_err row_keep_earlier(struct work *work, size_t index, struct toc_interval interval)
{
    const Tocsin__V1__Clock *clock = work->row->clocks[index];
    struct toc_interval first = {0, 0};
    if (clock->intervals > 0)
        TOC_TRY(row_read_interval(work, index, 0, &first));
    if (first.from_ms != interval.until_ms || clock->kept > 0)
        return row_keep_interval(work, index, interval);
    first.from_ms = interval.from_ms;
    return put_interval(work, index, 0, first);
}

void row_forget_intervals(struct work *work, size_t index)
{
    struct spans *spans = work->spans;
    size_t left = 0;
    work->row->clocks[index]->intervals = 0;
    for (size_t i = 0; spans != NULL && i < spans->count; i++)
        if (spans->list[i].clock != index)
            spans->list[left++] = spans->list[i];
    if (spans != NULL)
        spans->count = left;
}

enum toc_err row_read_interval(struct work *work, size_t index, uint32_t number,
                               struct toc_interval *out)
{
    uint8_t key[LEDGER_KEY];
    struct toc_str value;
    ledger_key(key, work->row, index, number);
    enum toc_err err = toc_get(work->turn->txn, TABLE_LEDGER, toc_str(key, sizeof(key)), &value);
    if (err < 0)
        return err;
    if (err == TOC_NONE || value.size != LEDGER_ROW)
        return TOC_ERR_DAMAGED;
    out->from_ms = (toc_time_ms)toc_get_u64be(value.data);
    out->until_ms = (toc_time_ms)toc_get_u64be(value.data + 8);
    return TOC_OK;
}

enum toc_err row_recount(struct work *work, struct clock clock, size_t index)
{
    struct toc_interval interval;
    Tocsin__V1__Clock *row = clock.row;
    toc_time_ms sum = row->kept_ms;
    if (work->spans != NULL)
        return TOC_OK; /* a trial asks when, and not how much */
    for (uint32_t i = row->kept; i < row->intervals; i++) {
        TOC_TRY(row_read_interval(work, index, i, &interval));
        sum = clock_sum(sum, clock_between(clock, interval.from_ms, interval.until_ms));
    }
    row->elapsed_ms = sum;
    row->calendar = toc_wire_text(toc_calendar_name(clock.rule->calendar));
    row->counted_wall = clock_is_wall(clock);
    row->counted_policy = work->row->policy;
    return TOC_OK;
}

enum toc_err row_count(struct work *work, struct clock clock, size_t index)
{
    const char *calendar = toc_calendar_name(clock.rule->calendar);
    bool wall = clock_is_wall(clock);
    bool same = clock.row->counted_policy == work->row->policy &&
                strcmp(clock.row->calendar, calendar) == 0;
    clock.row->calendar = toc_wire_text(calendar);
    if (wall == clock.row->counted_wall && (wall || same))
        return TOC_OK;
    return row_recount(work, clock, index);
}
