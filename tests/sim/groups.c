/*
 * Invariant 11: groups. A second opinion on which alerts are of one (queue, rule, clock), how many
 * of them wait, and what somebody who said it of all of a group is owed: it is done to each that
 * was there by then, before anything that is said of one of them later, and none of those is paged
 * meanwhile.
 */
#include "tests/sim/world.h"

#include "services/notifier/alert.h"

#include <stdlib.h>

#define ALERTS_MAX 512
#define WORD_MAX   72

struct member {
    uint64_t number;
    uint8_t group[16];
    char queue[WORD_MAX], rule[WORD_MAX], metric[WORD_MAX];
    bool waits, live;
    bool owed;                     /* somebody acts on all of its group: */
    char owed_by[WORD_MAX];        /* the first of them */
    bool silent;                   /* and what they do ends the ringing */
    uint64_t cause_log, cause_seq; /* of what was last done to it */
};

struct groups {
    struct member members[ALERTS_MAX];
    size_t count;
};

struct groups *groups_new(void)
{
    struct groups *groups = calloc(1, sizeof(*groups));
    TOC_ASSERT(groups != NULL);
    return groups;
}

void groups_free(struct groups *groups)
{
    free(groups);
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static struct member *find(struct groups *groups, uint64_t number)
{
    for (size_t i = 0; i < groups->count; i++)
        if (groups->members[i].number == number)
            return &groups->members[i];
    return NULL;
}

/* The same names are the same group, and others are another; troubles of the suite go by kind. */
static void on_opened(struct world *world, const Tocsin__V1__Alert *alert)
{
    struct groups *groups = world->groups;
    TOC_ASSERT(groups->count < ALERTS_MAX && alert->group.len == 16);
    struct member *member = &groups->members[groups->count];
    *member = (struct member){.number = alert->number, .waits = true, .live = true};
    memcpy(member->group, alert->group.data, 16);
    snprintf(member->queue, WORD_MAX, "%s", alert->queue);
    snprintf(member->rule, WORD_MAX, "%s", alert->rule);
    snprintf(member->metric, WORD_MAX, "%s", alert->issue.len == 0 ? alert->cause : alert->metric);
    if (alert->issue.len == 0 && strchr(member->metric, ':') != NULL)
        *strchr(member->metric, ':') = '\0';
    for (size_t i = 0; i < groups->count; i++) {
        const struct member *other = &groups->members[i];
        bool same = is(other->queue, member->queue) && is(other->rule, member->rule) &&
                    is(other->metric, member->metric);
        if (same != (memcmp(other->group, member->group, 16) == 0))
            world_fail(world, 11, "alerts %llu and %llu are %s one group",
                       (unsigned long long)other->number, (unsigned long long)member->number,
                       same ? "not of" : "of");
    }
    groups->count++;
}

static void turn(struct world *world, struct member *member, const Tocsin__V1__Record *record,
                 const char *by, bool waits, bool live)
{
    if (member->owed && by[0] != '\0' && !is(by, member->owed_by))
        world_fail(world, 11, "%s acts on alert %llu before %s, who had spoken for its group", by,
                   (unsigned long long)member->number, member->owed_by);
    member->cause_log = record->cause_log;
    member->cause_seq = record->cause_seq;
    member->waits = waits;
    member->live = live;
    member->owed = member->silent = false;
}

/* Acknowledging, snoozing and escalating is for those that wait, the rest for all. */
static void on_group(struct world *world, const Tocsin__V1__Record *record,
                     const Tocsin__V1__AlertGroup *group)
{
    struct groups *groups = world->groups;
    unsigned open = 0;
    world_say(world, "group %s/%s: %s by %s, %u wait", group->queue, group->rule, group->action,
              group->by, group->open);
    bool acts = group->action[0] != '\0';
    bool waiting = is(group->action, "tocsin.alert.acked") ||
                   is(group->action, "tocsin.alert.snoozed") ||
                   is(group->action, "tocsin.alert.escalated");
    bool answers =
        !is(group->action, "tocsin.alert.escalated") && !is(group->action, "tocsin.alert.noted");
    for (size_t i = 0; i < groups->count; i++) {
        struct member *member = &groups->members[i];
        if (memcmp(member->group, group->group.data, 16) != 0)
            continue;
        open += member->waits;
        bool named = member->cause_log == record->cause_log &&
                     member->cause_seq == record->cause_seq; /* done already */
        if (!acts || named || is(group->action, "tocsin.alert.noted") ||
            !(waiting ? member->waits : member->live))
            continue;
        bool owed = member->waits || !is(group->action, "tocsin.alert.taken");
        if (owed && !member->owed)
            snprintf(member->owed_by, WORD_MAX, "%s", group->by);
        member->owed = owed;
        member->silent = member->silent || (answers && member->waits);
    }
    if (open != group->open)
        world_fail(world, 11, "%u of group %s/%s wait, and the log says %u", open, group->queue,
                   group->rule, group->open);
}

/* What is held waits for nobody. */
static void on_noted(struct member *member, const Tocsin__V1__AlertChange *change)
{
    const Tocsin__V1__Alert *alert = change->alert;
    if (member == NULL)
        return;
    if (strncmp(change->note, "held, its cause is gone", 23) == 0)
        member->waits = member->owed = member->silent = false;
    else if (strncmp(change->note, "goes on, ", 9) == 0)
        member->waits = alert->state != TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED;
}

void groups_check_record(struct world *world, const Tocsin__V1__Record *record,
                         const Tocsin__V1__AlertChange *change)
{
    struct member *member =
        change != NULL && change->alert != NULL ? find(world->groups, change->alert->number) : NULL;
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__GROUP_CHANGED:
        on_group(
            world, record,
            check_message(&tocsin__v1__alert_group__descriptor, toc_wire_bytes(&record->body)));
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
        on_opened(world, change->alert);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
        turn(world, member, record, change->by, false, true);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
        turn(world, member, record, change->by, false, false);
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
        if (change->by[0] != '\0' ||
            change->alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED)
            turn(world, member, record, change->by, true,
                 true); /* behind the last step nobody is named */
        member->waits = true;
        break;
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
        on_noted(member, change);
        break;
    default:
        break;
    }
}

void groups_check_sent(struct world *world, const Tocsin__V1__Page *page)
{
    const struct member *member = find(world->groups, page->alert_number);
    if (member != NULL && member->silent && member->waits)
        world_fail(world, 11, "page %llu/%u is sent, and somebody has answered for its group",
                   (unsigned long long)page->alert_number, page->index);
}

/* Those that wait stand there by their deadlines, and nothing else does. */
void groups_check_rows(struct world *world, struct toc_txn *txn, struct toc_arena *arena)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    uint64_t waiting = 0, rows = 0;
    for (size_t i = 0; i < world->groups->count; i++)
        waiting += world->groups->members[i].waits;
    enum toc_err err = toc_scan_open(txn, TABLE_GROUP_WAIT, toc_str(NULL, 0), &scan);
    TOC_ASSERT(err == TOC_OK);
    for (; toc_scan_next(scan, &key, &row) == TOC_OK; rows++) {
        const struct member *member = find(world->groups, toc_get_u64be(key.data + 24));
        Tocsin__V1__Alert *alert;
        size_t mark = toc_arena_mark(arena);
        err = alert_load(txn, arena, toc_get_u64be(key.data + 24), &alert);
        TOC_ASSERT(err == TOC_OK && member != NULL);
        toc_time_ms due_ms = alert->due_ms != 0 ? alert->due_ms : TOC_TIME_NEVER;
        if (!member->waits || memcmp(member->group, key.data, 16) != 0 ||
            toc_get_u64be(key.data + 16) != (uint64_t)due_ms)
            world_fail(world, 11, "alert %llu stands among those that wait, and does not so",
                       (unsigned long long)member->number);
        toc_arena_reset(arena, mark);
    }
    toc_scan_close(scan);
    if (rows != waiting)
        world_fail(world, 11, "%llu alerts stand where %llu wait", (unsigned long long)rows,
                   (unsigned long long)waiting);
}

void groups_check_end(struct world *world)
{
    const struct groups *groups = world->groups;
    for (size_t i = 0; i < groups->count; i++)
        if (groups->members[i].owed)
            world_fail(world, 11, "alert %llu was left out when somebody acted on its group",
                       (unsigned long long)groups->members[i].number);
}
