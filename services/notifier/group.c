#include "services/notifier/group.h"

#define MEMBER_KEY (TOC_ID + ALERT_KEY)
#define WAIT_KEY   (TOC_ID + 8 + ALERT_KEY)
#define STORM_OF   5 /* alerts that wait at once */

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str member_key(uint8_t out[MEMBER_KEY], struct toc_str group, uint64_t number)
{
    TOC_ASSERT(group.size == TOC_ID);
    memcpy(out, group.data, TOC_ID);
    toc_put_u64be(out + TOC_ID, number);
    return toc_str(out, MEMBER_KEY);
}

static struct toc_str wait_key(uint8_t out[WAIT_KEY], const Tocsin__V1__Alert *alert,
                               toc_time_ms at_ms)
{
    memcpy(out, alert->group.data, TOC_ID);
    toc_put_u64be(out + TOC_ID, (uint64_t)at_ms);
    toc_put_u64be(out + TOC_ID + 8, alert->number);
    return toc_str(out, WAIT_KEY);
}

enum toc_err group_load(struct toc_turn *turn, struct toc_str group, Tocsin__V1__AlertGroup **out)
{
    struct toc_str row;
    if (group.size != TOC_ID)
        return TOC_NONE;
    enum toc_err err = toc_get(turn->txn, TABLE_GROUP, group, &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__alert_group__descriptor, row, out);
}

static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__AlertGroup *group)
{
    struct toc_str row;
    TOC_TRY(toc_wire_pack(turn->arena, group, &row));
    return toc_put(turn->txn, TABLE_GROUP, toc_wire_bytes(&group->group), row);
}

enum toc_err group_next(struct toc_turn *turn, struct toc_str group, uint64_t from, uint64_t *out)
{
    uint8_t from_key[MEMBER_KEY];
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(turn->txn, TABLE_GROUP_ALERT,
                                          member_key(from_key, group, from), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size != MEMBER_KEY)
        return TOC_ERR_DAMAGED;
    if (memcmp(key.data, from_key, TOC_ID) != 0)
        return TOC_NONE;
    *out = toc_get_u64be(key.data + TOC_ID);
    return TOC_OK;
}

enum toc_err group_soonest(struct toc_txn *txn, struct toc_str group, toc_time_ms *out_ms)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_GROUP_WAIT, group, &key, &value);
    TOC_TRY(err);
    bool waits = err == TOC_OK && toc_str_starts(key, group);
    if (waits && key.size != WAIT_KEY)
        return TOC_ERR_DAMAGED;
    toc_time_ms at_ms = waits ? (toc_time_ms)toc_get_u64be(key.data + TOC_ID) : TOC_TIME_NEVER;
    *out_ms = at_ms == TOC_TIME_NEVER ? 0 : at_ms;
    return TOC_OK;
}

/* --- records ------------------------------------------------------------------------------ */

enum toc_err group_say(struct toc_turn *turn, const Tocsin__V1__AlertGroup *group, const char *by,
                       const char *action)
{
    Tocsin__V1__AlertGroup said = *group;
    said.by = toc_wire_text(by);
    said.action = toc_wire_text(action);
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__GROUP_CHANGED,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = &said};
    return toc_emit(turn, &out, NULL);
}

/* --- members ------------------------------------------------------------------------------ */

/* The clock; of an alert about no issue the kind of its cause, "silent" of "silent:router": what
 * errs there waits for nothing else, and is answered by itself. */
static struct toc_str clock_of(const Tocsin__V1__Alert *alert)
{
    const char *colon = strchr(alert->cause, ':');
    if (alert->issue.len != 0 || colon == NULL)
        return toc_str_of(alert->issue.len != 0 ? alert->metric : alert->cause);
    return toc_str(alert->cause, (size_t)(colon - alert->cause));
}

/* The same for the same names alone, whatever they are made of. */
static enum toc_err name_group(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    uint8_t pair[TOC_SHA256];
    uint8_t *id = toc_arena_take(turn->arena, TOC_SHA256);
    if (id == NULL)
        return TOC_ERR_LIMIT;
    toc_sha256_pair(pair, toc_str(alert->queue, strlen(alert->queue) + 1), toc_str_of(alert->rule));
    toc_sha256_pair(id, toc_str(pair, sizeof(pair)), clock_of(alert));
    alert->group = toc_wire_binary(toc_str(id, TOC_ID));
    return TOC_OK;
}

enum toc_err group_join(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    uint8_t key[MEMBER_KEY];
    Tocsin__V1__AlertGroup fresh = TOCSIN__V1__ALERT_GROUP__INIT, *group = &fresh;
    TOC_TRY(name_group(turn, alert));
    enum toc_err err = group_load(turn, toc_wire_bytes(&alert->group), &group);
    TOC_TRY(err);
    fresh.group = alert->group;
    fresh.queue = alert->queue;
    fresh.rule = alert->rule;
    fresh.metric = toc_arena_copy(turn->arena, clock_of(alert));
    if (fresh.metric == NULL)
        return TOC_ERR_LIMIT;
    group->alerts++;
    TOC_TRY(toc_put(turn->txn, TABLE_GROUP_ALERT,
                    member_key(key, toc_wire_bytes(&alert->group), alert->number),
                    toc_str(NULL, 0)));
    return save(turn, group);
}

static enum toc_err leave(struct toc_turn *turn, const Tocsin__V1__Alert *alert)
{
    uint8_t key[MEMBER_KEY];
    enum toc_err err = toc_del(turn->txn, TABLE_GROUP_ALERT,
                               member_key(key, toc_wire_bytes(&alert->group), alert->number));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* One more waits, or one less. */
static enum toc_err count(struct toc_turn *turn, Tocsin__V1__AlertGroup *group, bool waits)
{
    bool was = group->storm;
    if (!waits && group->open == 0)
        return TOC_ERR_DAMAGED;
    if (waits && group->open == 0)
        group->since_ms = turn->log_ms;
    group->open += waits ? 1 : UINT32_MAX;
    group->storm = group->open >= STORM_OF || (was && group->open > 0);
    group->changed_ms = turn->log_ms;
    if (group->storm != was)
        TOC_TRY(group_say(turn, group, "", ""));
    return save(turn, group);
}

/* What waits stands by its deadline; without one it stands last. */
static enum toc_err place(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    uint8_t key[WAIT_KEY];
    toc_time_ms at_ms = 0;
    if (alert_waits(alert))
        at_ms = alert->due_ms > 0 ? alert->due_ms : TOC_TIME_NEVER;
    if (at_ms == alert->placed_ms)
        return TOC_OK;
    if (alert->placed_ms != 0) {
        enum toc_err err =
            toc_del(turn->txn, TABLE_GROUP_WAIT, wait_key(key, alert, alert->placed_ms));
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    alert->placed_ms = at_ms;
    return at_ms != 0
               ? toc_put(turn->txn, TABLE_GROUP_WAIT, wait_key(key, alert, at_ms), toc_str(NULL, 0))
               : TOC_OK;
}

enum toc_err group_follow(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    Tocsin__V1__AlertGroup *group;
    bool waits = alert_waits(alert);
    if (alert->group.len == 0)
        return TOC_OK; /* it was opened before there were any */
    if (!alert_is_live(alert))
        TOC_TRY(leave(turn, alert));
    TOC_TRY(place(turn, alert));
    if (waits == alert->in_open)
        return TOC_OK;
    enum toc_err err = group_load(turn, toc_wire_bytes(&alert->group), &group);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    alert->in_open = waits;
    return count(turn, group, waits);
}
