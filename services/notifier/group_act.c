#include "services/notifier/group_act.h"

#include "common/plant.h"
#include "services/notifier/act.h"
#include "services/notifier/group.h"

#define ACT_KEY       (TOC_ID + 8)
#define DUE_KEY       (8 + ACT_KEY)
#define AT_ONCE       4  /* alerts */
#define UNDER_WAY_MAX 16 /* of a group */

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str act_key(uint8_t out[ACT_KEY], struct toc_str group, uint64_t order)
{
    TOC_ASSERT(group.size == TOC_ID);
    memcpy(out, group.data, TOC_ID);
    toc_put_u64be(out + TOC_ID, order);
    return toc_str(out, ACT_KEY);
}

static struct toc_str due_key(uint8_t out[DUE_KEY], toc_time_ms at_ms, struct toc_str key)
{
    toc_put_u64be(out, (uint64_t)at_ms);
    memcpy(out + 8, key.data, ACT_KEY);
    return toc_str(out, DUE_KEY);
}

static enum toc_err save(struct toc_turn *turn, const Tocsin__V1__GroupAction *action)
{
    uint8_t key[ACT_KEY];
    struct toc_str row;
    TOC_TRY(toc_wire_pack(turn->arena, action, &row));
    return toc_put(turn->txn, TABLE_GROUP_ACT,
                   act_key(key, toc_wire_bytes(&action->group), action->order), row);
}

static enum toc_err forget(struct toc_turn *turn, const Tocsin__V1__GroupAction *action)
{
    uint8_t key[ACT_KEY], due[DUE_KEY];
    struct toc_str of = act_key(key, toc_wire_bytes(&action->group), action->order);
    enum toc_err err = toc_del(turn->txn, TABLE_GROUP_ACT, of);
    if (err == TOC_OK)
        err = toc_del(turn->txn, TABLE_GROUP_DUE, due_key(due, action->due_ms, of));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* The row, when it is of the group. TOC_NONE: it is not. */
static enum toc_err unpack(struct toc_arena *arena, struct toc_str group, struct toc_str key,
                           struct toc_str row, Tocsin__V1__GroupAction **out)
{
    if (key.size != ACT_KEY)
        return TOC_ERR_DAMAGED;
    if (memcmp(key.data, group.data, TOC_ID) != 0)
        return TOC_NONE;
    return toc_wire_unpack(arena, &tocsin__v1__group_action__descriptor, row, out);
}

/* The first row of the group at or behind `order`. TOC_NONE: none. */
static enum toc_err find(struct toc_txn *txn, struct toc_arena *arena, struct toc_str group,
                         uint64_t order, Tocsin__V1__GroupAction **out)
{
    uint8_t from[ACT_KEY];
    struct toc_str key, row;
    enum toc_err err =
        toc_first_at_least(txn, TABLE_GROUP_ACT, act_key(from, group, order), &key, &row);
    return err == TOC_OK ? unpack(arena, toc_str(from, TOC_ID), key, row, out) : err;
}

/* The last row of the group. TOC_NONE: it has none. */
static enum toc_err find_newest(struct toc_turn *turn, struct toc_str group,
                                Tocsin__V1__GroupAction **out)
{
    uint8_t below[ACT_KEY];
    struct toc_str key, row;
    enum toc_err err =
        toc_last_below(turn->txn, TABLE_GROUP_ACT, act_key(below, group, UINT64_MAX), &key, &row);
    return err == TOC_OK ? unpack(turn->arena, toc_str(below, TOC_ID), key, row, out) : err;
}

/* Nobody said it: what it comes to is looked at as it stands, however often. */
static bool is_look(const Tocsin__V1__GroupAction *action)
{
    return strcmp(action->type, ACT_STRANDED) == 0;
}

/* --- the beginning ------------------------------------------------------------------------ */

enum toc_err group_act_is_full(struct toc_turn *turn, struct toc_str group, bool *out)
{
    Tocsin__V1__GroupAction *other;
    unsigned said = 0;
    uint64_t order = 0;
    enum toc_err err;
    size_t mark = toc_arena_mark(turn->arena);
    while ((err = find(turn->txn, turn->arena, group, order, &other)) == TOC_OK) {
        order = other->order + 1;
        said += is_look(other) ? 0 : 1;
        toc_arena_reset(turn->arena, mark);
    }
    *out = said >= UNDER_WAY_MAX;
    return err < 0 ? err : TOC_OK;
}

enum toc_err group_act_begin(struct toc_turn *turn, Tocsin__V1__GroupAction *action)
{
    uint8_t key[ACT_KEY], due[DUE_KEY];
    struct toc_str group = toc_wire_bytes(&action->group);
    Tocsin__V1__GroupAction *before;
    enum toc_err err = find_newest(turn, group, &before);
    TOC_TRY(err);
    action->order = err == TOC_OK ? before->order + 1 : 0;
    TOC_TRY(alert_last(turn->txn, &action->last));
    action->due_ms = turn->log_ms;
    toc_wake_at(turn, action->due_ms);
    TOC_TRY(toc_put(turn->txn, TABLE_GROUP_DUE,
                    due_key(due, action->due_ms, act_key(key, group, action->order)),
                    toc_str(NULL, 0)));
    return save(turn, action);
}

enum toc_err group_act_look(struct toc_turn *turn, struct toc_str group)
{
    Tocsin__V1__GroupAction action = TOCSIN__V1__GROUP_ACTION__INIT, *before;
    enum toc_err err = find_newest(turn, group, &before);
    TOC_TRY(err);
    if (err == TOC_OK && is_look(before) && before->next == 0) {
        TOC_TRY(alert_last(turn->txn, &before->last));
        return save(turn, before);
    }
    action.group = toc_wire_binary(group);
    action.type = toc_wire_text(ACT_STRANDED);
    action.at_ms = turn->log_ms;
    return group_act_begin(turn, &action);
}

/* --- going on ----------------------------------------------------------------------------- */

enum toc_err group_act_first_due(struct toc_txn *txn, toc_time_ms *out_ms)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_GROUP_DUE, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size != DUE_KEY)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    return TOC_OK;
}

static enum toc_err load_first(struct toc_turn *turn, Tocsin__V1__GroupAction **out)
{
    struct toc_str key, value;
    enum toc_err err =
        toc_first_at_least(turn->txn, TABLE_GROUP_DUE, toc_str(NULL, 0), &key, &value);
    if (err == TOC_OK)
        err = find(turn->txn, turn->arena, toc_str(key.data + 8, TOC_ID),
                   toc_get_u64be(key.data + 8 + TOC_ID), out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* Unless somebody's word about that alert alone had to come behind it: it was done before that. */
static enum toc_err come_to(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                            const Tocsin__V1__GroupAction *action)
{
    if (is_look(action) || alert->group_ahead == 0)
        return act_of_group(turn, alert, action);
    alert->group_ahead--;
    return alert_save(turn, alert, alert->next_ms);
}

/* It has begun: a look that it leads to is another one. Alerts count from 1. */
static enum toc_err set_out(struct toc_turn *turn, Tocsin__V1__GroupAction *action)
{
    if (action->next != 0)
        return TOC_OK;
    action->next = 1;
    return save(turn, action);
}

/* TOC_NONE: it was the last one. */
static enum toc_err do_next(struct toc_turn *turn, Tocsin__V1__GroupAction *action)
{
    Tocsin__V1__Alert *alert;
    uint64_t number;
    size_t mark = toc_arena_mark(turn->arena);
    enum toc_err err = group_next(turn, toc_wire_bytes(&action->group), action->next, &number);
    if (err != TOC_OK || number > action->last)
        return err < 0 ? err : TOC_NONE;
    err = alert_load(turn->txn, turn->arena, number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    bool left = TOC_PLANTED(TOC_PLANT_GROUP_LEAVES) && number == action->last;
    if (number != action->named && !left)
        TOC_TRY(come_to(turn, alert, action));
    toc_arena_reset(turn->arena, mark);
    action->next = number + 1;
    return TOC_OK;
}

enum toc_err group_act_due(struct toc_turn *turn)
{
    Tocsin__V1__GroupAction *action;
    TOC_TRY(load_first(turn, &action));
    TOC_TRY(set_out(turn, action));
    for (unsigned i = 0; i < AT_ONCE; i++) {
        enum toc_err err = do_next(turn, action);
        TOC_TRY(err);
        if (err == TOC_NONE)
            return forget(turn, action);
    }
    return save(turn, action);
}

/* --- meanwhile ---------------------------------------------------------------------------- */

/* The actions that have yet to come to an alert, in their order. */
struct coming {
    const Tocsin__V1__Alert *alert;
    uint64_t order; /* the next one's, at least */
    uint32_t had;   /* of these the alert had before */
};

static struct coming coming_to(const Tocsin__V1__Alert *alert)
{
    return (struct coming){.alert = alert, .had = alert->group_ahead};
}

static bool comes_to(const Tocsin__V1__GroupAction *action, const Tocsin__V1__Alert *alert)
{
    return alert->number >= action->next && alert->number <= action->last &&
           alert->number != action->named;
}

/* TOC_NONE: that was all. */
static enum toc_err next_coming(struct toc_txn *txn, struct toc_arena *arena, struct coming *coming,
                                Tocsin__V1__GroupAction **out)
{
    struct toc_str group = toc_wire_bytes(&coming->alert->group);
    enum toc_err err = TOC_NONE;
    size_t mark = toc_arena_mark(arena);
    while (group.size == TOC_ID && (err = find(txn, arena, group, coming->order, out)) == TOC_OK) {
        bool comes = comes_to(*out, coming->alert);
        coming->order = (*out)->order + 1;
        if (comes && (is_look(*out) || coming->had == 0))
            return TOC_OK;
        coming->had -= comes ? 1 : 0;
        toc_arena_reset(arena, mark);
    }
    return err;
}

/* What it needed of the arena goes with it. */
static enum toc_err come_before(struct toc_turn *turn, Tocsin__V1__Alert **alert,
                                const Tocsin__V1__GroupAction *action, size_t mark)
{
    uint64_t number = (*alert)->number;
    (*alert)->group_ahead += is_look(action) ? 0 : 1;
    TOC_TRY(act_of_group(turn, *alert, action));
    TOC_TRY(alert_save(turn, *alert, (*alert)->next_ms));
    toc_arena_reset(turn->arena, mark);
    enum toc_err err = alert_load(turn->txn, turn->arena, number, alert);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err group_act_first(struct toc_turn *turn, Tocsin__V1__Alert **alert)
{
    struct coming coming = coming_to(*alert);
    Tocsin__V1__GroupAction *action;
    enum toc_err err;
    size_t mark = toc_arena_mark(turn->arena);
    while ((err = next_coming(turn->txn, turn->arena, &coming, &action)) == TOC_OK) {
        TOC_TRY(come_before(turn, alert, action, mark));
        coming.alert = *alert;
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err group_act_answers(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Alert *alert, bool *out)
{
    struct coming coming = coming_to(alert);
    Tocsin__V1__GroupAction *action;
    enum toc_err err = TOC_NONE;
    size_t mark = toc_arena_mark(arena);
    *out = false;
    while (!*out && alert_waits(alert) &&
           (err = next_coming(txn, arena, &coming, &action)) == TOC_OK) {
        *out = act_answers(action->type);
        toc_arena_reset(arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}
