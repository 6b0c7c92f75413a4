#include "services/notifier/target.h"

#include "services/notifier/method.h"
#include "services/notifier/override.h"

#include <stdio.h>

#define PATH_MAX_BYTES 64 /* of its name */
#define KEY_MAX        (PATH_MAX_BYTES + 1 + 4)

#define NAME_ROOM 128 /* bytes of a person's name, with its terminator */
#define WHY_ROOM  176 /* of why: two names of 64 bytes, and words */

static bool has(const struct target *target, const char *person)
{
    for (size_t i = 0; i < target->count; i++)
        if (strcmp(target->people[i], person) == 0)
            return true;
    return false;
}

static void add(struct target *target, const char *person, const char *why)
{
    TOC_ASSERT(target->count < TARGET_MOST);
    if (has(target, person))
        return;
    target->why[target->count] = why;
    target->people[target->count++] = person;
}

/* Who is on call by a schedule, apart from the rows that say so. */
struct found {
    char names[TOC_ON_CALL_MAX][NAME_ROOM];
    char why[WHY_ROOM];
    size_t count;
};

static void describe(const struct toc_schedule *schedule, const struct toc_on_call *who,
                     struct found *out)
{
    const char *kind = who->by == TOC_ON_CALL_OVERRIDE ? "override " : "";
    const char *name = who->by == TOC_ON_CALL_TEMPORARY ? "temporary" : who->by_name;
    snprintf(out->why, sizeof(out->why), "on call by %.64s (%s%.64s)", schedule->name, kind, name);
}

static enum toc_err look(struct toc_turn *turn, const struct toc_schedule *schedule,
                         toc_time_ms at_ms, struct found *out)
{
    struct toc_overrides overrides;
    struct toc_on_call who;
    size_t mark = toc_arena_mark(turn->arena); /* there may be many overrides */
    TOC_TRY(override_list(turn->txn, turn->arena, schedule->name, &overrides));
    toc_schedule_at(schedule, &overrides, at_ms, &who);
    for (size_t i = 0; i < who.count; i++)
        toc_str_copy(out->names[i], NAME_ROOM, toc_str_of(who.people[i]));
    out->count = who.count;
    describe(schedule, &who, out);
    toc_arena_reset(turn->arena, mark);
    return TOC_OK;
}

static enum toc_err add_on_call(struct toc_turn *turn, const struct toc_schedule *schedule,
                                toc_time_ms at_ms, struct target *target)
{
    struct found found;
    TOC_TRY(look(turn, schedule, at_ms, &found));
    for (size_t i = 0; i < found.count; i++) {
        if (has(target, found.names[i]))
            continue;
        const char *name = toc_arena_copy(turn->arena, toc_str_of(found.names[i]));
        const char *why = toc_arena_copy(turn->arena, toc_str_of(found.why));
        if (name == NULL || why == NULL)
            return TOC_ERR_LIMIT;
        add(target, name, why);
    }
    return TOC_OK;
}

/* Everybody, whatever the turns. */
static enum toc_err find_all(struct toc_turn *turn, const struct toc_path_step *step,
                             toc_time_ms at_ms, struct target *out)
{
    out->count = 0;
    for (size_t i = 0; i < step->contact_count; i++)
        add(out, step->contacts[i], NULL);
    for (size_t i = 0; i < step->schedule_count; i++)
        TOC_TRY(add_on_call(turn, step->schedules[i], at_ms, out));
    return TOC_OK;
}

/* --- turns -------------------------------------------------------------------------------- */

static struct toc_str row_key(char out[KEY_MAX], const struct toc_path *path, uint32_t step)
{
    size_t size = strlen(path->name);
    TOC_ASSERT(size <= PATH_MAX_BYTES);
    memcpy(out, path->name, size + 1);
    toc_put_u32be((uint8_t *)out + size + 1, step);
    return toc_str(out, size + 1 + 4);
}

static enum toc_err turns_of(struct toc_turn *turn, struct toc_str key, uint64_t *out)
{
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_TURN, key, &row);
    TOC_TRY(err);
    if (err == TOC_OK && row.size != 8)
        return TOC_ERR_DAMAGED;
    *out = err == TOC_OK ? toc_get_u64be(row.data) : 0;
    return TOC_OK;
}

/* How many, from the one whose turn it is on, cannot be reached before somebody can; all: nobody.
 */
static enum toc_err count_passed(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                 const struct target *all, size_t first, size_t *out)
{
    bool reached = false;
    size_t passed = 0;
    for (; passed < all->count; passed++) {
        const char *person = all->people[(first + passed) % all->count];
        TOC_TRY(method_reaches(turn, person, alert_is_urgent(alert), &reached));
        if (reached)
            break;
    }
    *out = passed;
    return TOC_OK;
}

/* Leaves `count` of them from `first` on. */
static void rotate(struct target *target, size_t first, size_t count)
{
    const struct target all = *target;
    for (size_t i = 0; i < count; i++) {
        target->people[i] = all.people[(first + i) % all.count];
        target->why[i] = all.why[(first + i) % all.count];
    }
    target->count = count;
}

/* Leaves the one whose turn it is, and before them who is passed over when it is taken. */
static enum toc_err choose(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                           struct toc_str key, bool taken, struct target *target)
{
    uint64_t turns;
    uint8_t value[8];
    size_t passed;
    TOC_TRY(turns_of(turn, key, &turns));
    size_t first = (size_t)(turns % target->count);
    TOC_TRY(count_passed(turn, alert, target, first, &passed));
    size_t count = passed < target->count ? passed + 1 : passed;
    if (!taken) {
        rotate(target, first + count - 1, 1);
        return TOC_OK;
    }
    rotate(target, first, count);
    toc_put_u64be(value, turns + count);
    return toc_put(turn->txn, TABLE_TURN, key, toc_str(value, sizeof(value)));
}

static enum toc_err find(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         const struct toc_path *path, toc_time_ms at_ms, bool taken,
                         struct target *out)
{
    const struct toc_path_step *step = &path->steps[alert->step];
    char key[KEY_MAX];
    TOC_TRY(find_all(turn, step, at_ms, out));
    if (!step->round_robin || out->count == 0)
        return TOC_OK;
    return choose(turn, alert, row_key(key, path, alert->step), taken, out);
}

enum toc_err target_find(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         const struct toc_path *path, toc_time_ms at_ms, struct target *out)
{
    return find(turn, alert, path, at_ms, false, out);
}

enum toc_err target_take(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                         const struct toc_path *path, struct target *out)
{
    return find(turn, alert, path, turn->log_ms, true, out);
}
