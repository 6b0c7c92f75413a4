/*
 * People, once the faults are over: who was offered what, in the order of the router's log, and
 * whether its rows still add up.
 */
#include "tests/sim/world.h"

#include "services/router/issue.h"

#include <stdlib.h>

#define HOLDINGS_MAX 512
#define PEOPLE_MAX   16

/* What an issue takes of somebody. */
struct holding {
    uint8_t issue[16];
    char offered_to[32];
    toc_time_ms until_ms; /* of the offer */
    /* After the last step of an event: for whom it counts, "" for nobody. */
    char person[32];
    bool accepted;
    unsigned weight;        /* units */
    char content_class[32]; /* that the person sees */
};

struct staff {
    struct world *world;
    const struct toc_policy *policy; /* in force */
    struct holding all[HOLDINGS_MAX];
    size_t count;
    struct seen_class {
        char person[32], content_class[32];
        unsigned count;
    } seen[PEOPLE_MAX];
    size_t seen_count;
};

static struct holding *holding_of(struct staff *staff, const uint8_t id[16])
{
    for (size_t i = 0; i < staff->count; i++)
        if (memcmp(staff->all[i].issue, id, 16) == 0)
            return &staff->all[i];
    TOC_ASSERT(staff->count < HOLDINGS_MAX);
    struct holding *holding = &staff->all[staff->count++];
    memcpy(holding->issue, id, 16);
    return holding;
}

static bool is_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* --- offers ----------------------------------------------------------------------------------- */

/* What may end an offer: its person's word, its time, or a move of the issue. */
static bool ends_offer(const Tocsin__V1__IssueChange *change, const char *person)
{
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED:
        return is_same(change->issue->assignee, person);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DECLINED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__RELEASED:
        return is_same(change->by, person);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY:
        return true;
    default:
        return false;
    }
}

static void check_offer(struct world *world, struct holding *holding,
                        const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *is = change->issue;
    const char *was = holding->offered_to;
    bool new_offer = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED;
    bool same = is_same(is->offered_to, was);
    if (new_offer && (was[0] != '\0' || is->assignee[0] != '\0'))
        world_fail(world, 12, "an issue is offered to %s while %s has it or is offered it",
                   is->offered_to, was[0] != '\0' ? was : is->assignee);
    if (is->offered_to[0] != '\0' && !new_offer && !same)
        world_fail(world, 12, "an issue is with %s without an offer", is->offered_to);
    if (was[0] != '\0' && !same && !ends_offer(change, was))
        world_fail(world, 12, "the offer to %s ends without a word: step %d", was,
                   (int)change->what);
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED && was[0] == '\0')
        world_fail(world, 12, "%s takes what nobody offered", is->assignee);
    snprintf(holding->offered_to, sizeof(holding->offered_to), "%s", is->offered_to);
    holding->until_ms = is->offer_until_ms;
}

/* --- capacity and exposure -------------------------------------------------------------------- */

static unsigned weight_of(const struct toc_policy *policy, const Tocsin__V1__Issue *issue)
{
    const struct toc_queue *queue = toc_policy_queue(policy, toc_str_of(issue->queue));
    bool paused = issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING ||
                  issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD;
    if (queue == NULL || (paused && queue->paused_is_free))
        return 0;
    return queue->weight[issue->priority];
}

static unsigned *seen_of(struct staff *staff, const char *person, const char *content_class)
{
    for (size_t i = 0; i < staff->seen_count; i++)
        if (is_same(staff->seen[i].person, person) &&
            is_same(staff->seen[i].content_class, content_class))
            return &staff->seen[i].count;
    TOC_ASSERT(staff->seen_count < PEOPLE_MAX);
    struct seen_class *seen = &staff->seen[staff->seen_count++];
    snprintf(seen->person, sizeof(seen->person), "%s", person);
    snprintf(seen->content_class, sizeof(seen->content_class), "%s", content_class);
    return &seen->count;
}

static void check_capacity(struct staff *staff, const struct toc_person *person)
{
    unsigned load = 0;
    for (size_t i = 0; i < staff->count; i++)
        if (is_same(staff->all[i].person, person->name))
            load += staff->all[i].weight;
    if (load > person->capacity)
        world_fail(staff->world, 12, "%s has %u units of %u", person->name, load, person->capacity);
}

static void check_exposure(struct staff *staff, const struct toc_person *person,
                           const char *content_class)
{
    for (size_t i = 0; i < person->exposure_count; i++)
        if (is_same(person->exposure[i].content_class, content_class) &&
            *seen_of(staff, person->name, content_class) > person->exposure[i].per_day)
            world_fail(staff->world, 12, "%s sees %u of %u %s", person->name,
                       *seen_of(staff, person->name, content_class), person->exposure[i].per_day,
                       content_class);
}

static bool is_served(const struct toc_policy *policy, const char *name)
{
    const struct toc_queue *queue = toc_policy_queue(policy, toc_str_of(name));
    return queue != NULL && queue->person_count > 0;
}

/* It is with somebody else: who was only offered it has seen nothing of it. */
static void pass_on(struct staff *staff, struct holding *holding, const char *to)
{
    if (!holding->accepted && holding->content_class[0] != '\0')
        --*seen_of(staff, holding->person, holding->content_class);
    holding->content_class[0] = '\0';
    snprintf(holding->person, sizeof(holding->person), "%s", to);
}

static void hold(struct staff *staff, struct holding *holding,
                 const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *is = change->issue;
    const char *holder = is->assignee[0] != '\0' ? is->assignee : is->offered_to;
    const struct toc_person *person = toc_policy_person(staff->policy, toc_str_of(holder));
    bool served = is->pooled && is_served(staff->policy, is->queue);
    if (!served || person == NULL || is->state >= TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED)
        holder = "";
    if (!is_same(holding->person, holder))
        pass_on(staff, holding, holder);
    if (holder[0] != '\0' && is->content_class[0] != '\0' &&
        !is_same(holding->content_class, is->content_class)) { /* what was seen was seen */
        ++*seen_of(staff, holder, is->content_class);
        snprintf(holding->content_class, sizeof(holding->content_class), "%s", is->content_class);
    }
    holding->accepted = is->assignee[0] != '\0';
    holding->weight = weight_of(staff->policy, is);
    if (change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED || person == NULL)
        return;
    check_capacity(staff, person);
    check_exposure(staff, person, is->content_class);
}

/* --- the router's log ------------------------------------------------------------------------- */

/*
 * One event may take several steps with an issue: what somebody has of it counts after the last. An
 * event that waited for its opening in vain has no cause, but its steps have one instant.
 */
static bool is_midway(const struct shadow *log, size_t index)
{
    const struct seen *now = &log->seen[index], *next = now + 1;
    return index + 1 < log->count && now->cause_log == next->cause_log &&
           now->cause_seq == next->cause_seq &&
           (now->cause_log != 0 || now->at_ms == next->at_ms) && next->has_issue &&
           next->type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED &&
           memcmp(now->issue, next->issue, sizeof(now->issue)) == 0;
}

static void on_record(struct staff *staff, const struct shadow *log, size_t index)
{
    const struct seen *seen = &log->seen[index];
    const Tocsin__V1__Record *record = check_unpack(seen);
    struct toc_str body = toc_wire_bytes(&record->body);
    if (record->type == TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED) {
        const Tocsin__V1__PolicyApplied *applied =
            check_message(&tocsin__v1__policy_applied__descriptor, body);
        if (applied->mode != TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
            staff->policy = policy_compiled(staff->world, applied->version);
    }
    if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED || staff->policy == NULL)
        return;
    const Tocsin__V1__IssueChange *change =
        check_message(&tocsin__v1__issue_change__descriptor, body);
    struct holding *holding = holding_of(staff, seen->issue);
    check_offer(staff->world, holding, change);
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED || !is_midway(log, index))
        hold(staff, holding, change);
}

static void check_open_offers(struct staff *staff, toc_time_ms end_ms)
{
    for (size_t i = 0; i < staff->count; i++)
        if (staff->all[i].offered_to[0] != '\0' && staff->all[i].until_ms < end_ms)
            world_fail(staff->world, 17, "the offer to %s is over and stands",
                       staff->all[i].offered_to);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Units that the rows of issues count for a person. */
static unsigned units_of(struct toc_txn *txn, const char *person)
{
    struct toc_scan *scan;
    struct toc_str key, row;
    unsigned units = 0;
    enum toc_err err = toc_scan_open(txn, TABLE_POOLED, toc_str(NULL, 0), &scan);
    TOC_ASSERT(err == TOC_OK);
    while (toc_scan_next(scan, &key, &row) == TOC_OK) {
        Tocsin__V1__Pooled *pooled =
            tocsin__v1__pooled__unpack(NULL, row.size, (const uint8_t *)row.data);
        TOC_ASSERT(pooled != NULL);
        units += is_same(pooled->holder, person) ? pooled->weight : 0;
        tocsin__v1__pooled__free_unpacked(pooled, NULL);
    }
    toc_scan_close(scan);
    return units;
}

static void check_rows(struct world *world, const struct node *router)
{
    struct toc_txn *txn;
    struct toc_scan *scan;
    struct toc_str key, row;
    enum toc_err err = toc_txn_begin_read(toc_run_store(router->run), &txn);
    TOC_ASSERT(err == TOC_OK);
    err = toc_scan_open(txn, TABLE_PERSON, toc_str(NULL, 0), &scan);
    TOC_ASSERT(err == TOC_OK);
    while (!world->failed && toc_scan_next(scan, &key, &row) == TOC_OK) {
        Tocsin__V1__Person *person =
            tocsin__v1__person__unpack(NULL, row.size, (const uint8_t *)row.data);
        TOC_ASSERT(person != NULL);
        unsigned units = units_of(txn, person->id);
        if (units != person->load)
            world_fail(world, 12, "%s counts %u units, and has issues of %u", person->id,
                       person->load, units);
        tocsin__v1__person__free_unpacked(person, NULL);
    }
    toc_scan_close(scan);
    toc_txn_abort(txn);
}

void ends_people(struct world *world, const struct node *router)
{
    struct staff *staff = calloc(1, sizeof(*staff));
    TOC_ASSERT(staff != NULL);
    staff->world = world;
    for (size_t i = 0; i < router->shadow.count && !world->failed; i++)
        on_record(staff, &router->shadow, i);
    check_open_offers(staff, toc_run_log_ms(router->run));
    free(staff);
    if (!world->failed)
        check_rows(world, router);
}
