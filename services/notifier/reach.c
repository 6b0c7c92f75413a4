#include "services/notifier/reach.h"

#include "services/notifier/person.h"
#include "services/notifier/probe.h"
#include "services/notifier/said.h"
#include "services/notifier/watch.h"

#include <stdio.h>

#define DUE_KEY_MAX (8 + REACH_ID_MAX)
#define SCHEDULED   "scheduled-" /* what ids of the policy's runs begin with, and no others */

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str due_key(uint8_t out[DUE_KEY_MAX], const Tocsin__V1__ReachRun *run,
                              toc_time_ms at_ms)
{
    size_t size = strlen(run->reach);
    TOC_ASSERT(size <= REACH_ID_MAX);
    toc_put_u64be(out, at_ms < 0 ? 0 : (uint64_t)at_ms);
    memcpy(out + 8, run->reach, size);
    return toc_str(out, 8 + size);
}

enum toc_err reach_load(struct toc_turn *turn, struct toc_str reach, Tocsin__V1__ReachRun **out)
{
    struct toc_str row;
    if (reach.size == 0 || reach.size > REACH_ID_MAX)
        return TOC_NONE;
    enum toc_err err = toc_get(turn->txn, TABLE_REACH, reach, &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__reach_run__descriptor, row, out);
}

/* `old_next_ms` is where it stood in the index of dues; TOC_TIME_NEVER: nowhere. */
enum toc_err reach_save(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                        toc_time_ms old_next_ms)
{
    uint8_t key[DUE_KEY_MAX];
    struct toc_str row;
    if (old_next_ms != run->next_ms && old_next_ms != TOC_TIME_NEVER) {
        enum toc_err err = toc_del(turn->txn, TABLE_REACH_DUE, due_key(key, run, old_next_ms));
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    if (old_next_ms != run->next_ms)
        TOC_TRY(
            toc_put(turn->txn, TABLE_REACH_DUE, due_key(key, run, run->next_ms), toc_str(NULL, 0)));
    toc_wake_at(turn, run->next_ms);
    TOC_TRY(toc_wire_pack(turn->arena, run, &row));
    return toc_put(turn->txn, TABLE_REACH, toc_str_of(run->reach), row);
}

static enum toc_err delete_run(struct toc_turn *turn, const Tocsin__V1__ReachRun *run)
{
    uint8_t key[DUE_KEY_MAX];
    enum toc_err err = toc_del(turn->txn, TABLE_REACH_DUE, due_key(key, run, run->next_ms));
    if (err == TOC_OK)
        err = toc_del(turn->txn, TABLE_REACH, toc_str_of(run->reach));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err reach_say(struct toc_turn *turn, const Tocsin__V1__ReachChange *change)
{
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__REACH_CHANGED,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = change};
    return toc_emit(turn, &out, NULL);
}

static enum toc_err say_run(struct toc_turn *turn, const Tocsin__V1__ReachRun *run, bool over)
{
    Tocsin__V1__ReachChange change = TOCSIN__V1__REACH_CHANGE__INIT;
    Tocsin__V1__ReachRun told = *run;
    if (over)
        told.n_persons = 0; /* who was missed needs the room */
    change.reach = run->reach;
    change.run = &told;
    change.over = over;
    change.until_ms = run->until_ms;
    return reach_say(turn, &change);
}

/* --- planning ----------------------------------------------------------------------------- */

/* The name that comes first of those behind `after`. */
struct next {
    const char *after;
    const char *name; /* NULL: none yet */
};

static void offer(struct next *next, const char *name)
{
    if (strcmp(name, next->after) > 0 && (next->name == NULL || strcmp(name, next->name) < 0))
        next->name = name;
}

static void offer_schedule(struct next *next, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < schedule->layer_count; i++)
        for (size_t k = 0; k < schedule->layers[i].person_count; k++)
            offer(next, schedule->layers[i].people[k]);
    for (size_t i = 0; i < schedule->temporary_count; i++)
        for (size_t k = 0; k < schedule->temporary[i].person_count; k++)
            offer(next, schedule->temporary[i].people[k]);
}

/* Whom its paths and schedules name. */
static void offer_policy(struct next *next, const struct toc_policy *policy)
{
    for (size_t i = 0; i < policy->path_count; i++)
        for (size_t s = 0; s < policy->paths[i].step_count; s++)
            for (size_t k = 0; k < policy->paths[i].steps[s].contact_count; k++)
                offer(next, policy->paths[i].steps[s].contacts[k]);
    for (size_t i = 0; i < policy->schedule_count; i++)
        offer_schedule(next, &policy->schedules[i]);
}

static enum toc_err offer_contacts(struct toc_turn *turn, struct next *next)
{
    Tocsin__V1__Contact *contact;
    char after[TOC_PERSON_ID_MAX + 1];
    size_t mark = toc_arena_mark(turn->arena);
    enum toc_err err;
    toc_str_copy(after, sizeof(after), toc_str_of(next->after));
    while ((err = notifier_contact_after(turn->txn, turn->arena, after, &contact)) == TOC_OK) {
        if (!contact->gone && strcmp(contact->person, NOTIFIER_ANYBODY) != 0) {
            offer(next, contact->person);
            return TOC_OK;
        }
        toc_str_copy(after, sizeof(after), toc_str_of(contact->person));
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err find_next(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                              struct next *next)
{
    const struct toc_policy *policy;
    for (size_t i = 0; i < run->n_persons; i++)
        offer(next, run->persons[i]);
    if (run->n_persons > 0)
        return TOC_OK;
    TOC_TRY(offer_contacts(turn, next));
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    if (err == TOC_OK)
        offer_policy(next, policy);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err plan_next(struct toc_turn *turn, Tocsin__V1__ReachRun *run)
{
    struct next next = {.after = run->after};
    toc_time_ms old_next_ms = run->next_ms;
    TOC_TRY(find_next(turn, run, &next));
    if (next.name == NULL) {
        run->planned = true;
        run->next_ms = run->open > 0 ? run->until_ms : turn->log_ms;
        return reach_save(turn, run, old_next_ms);
    }
    run->after = toc_wire_text(next.name);
    run->people++;
    TOC_TRY(probe_plan(turn, run, next.name));
    return reach_save(turn, run, old_next_ms);
}

/* --- the end ------------------------------------------------------------------------------ */

static enum toc_err note_missed(struct toc_turn *turn, Tocsin__V1__ReachRun *run, char *person)
{
    run->missed_count++;
    if (run->n_missed == REACH_MISSED_MAX)
        return TOC_OK;
    char **names = toc_arena_take(turn->arena, (run->n_missed + 1) * sizeof(*names));
    if (names == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < run->n_missed; i++)
        names[i] = run->missed[i];
    names[run->n_missed++] = person;
    run->missed = names;
    return TOC_OK;
}

/* The record of what it came to has not room for everybody, who each have an alert. */
static enum toc_err miss(struct toc_turn *turn, Tocsin__V1__ReachRun *run, char *person)
{
    TOC_TRY(note_missed(turn, run, person));
    return run->scheduled ? watch_person(turn, person, true) : TOC_OK;
}

/* The probes of one person, who stand side by side; each is gone with that. */
static enum toc_err count_next(struct toc_turn *turn, Tocsin__V1__ReachRun *run)
{
    Tocsin__V1__ReachRow *row, *first = NULL;
    bool reached = false;
    for (; run->closed < run->probes; run->closed++) {
        enum toc_err err = probe_load(turn, run->reach, run->closed, &row);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        if (first != NULL && strcmp(first->person, row->person) != 0)
            break;
        first = row;
        reached = reached || row->answered_ms != 0;
        TOC_TRY(probe_end(turn, run, row));
    }
    if (first != NULL && !reached)
        TOC_TRY(miss(turn, run, first->person));
    if (run->closed < run->probes)
        return reach_save(turn, run, run->next_ms);
    TOC_TRY(say_run(turn, run, true));
    return delete_run(turn, run);
}

/* --- by the policy ------------------------------------------------------------------------ */

static enum toc_err begin(struct toc_turn *turn, Tocsin__V1__ReachRun *run)
{
    run->from_ms = run->next_ms = turn->log_ms;
    TOC_TRY(say_run(turn, run, false));
    return reach_save(turn, run, TOC_TIME_NEVER);
}

/* The instant of the next, in a row of META as the newest number of alerts is. */
static const struct toc_str next_key = {"reach_next", 10};

static enum toc_err load_next(struct toc_txn *txn, toc_time_ms *out_ms)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, next_key, &row);
    *out_ms = TOC_TIME_NEVER;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (row.size != 8)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(row.data);
    return TOC_OK;
}

static enum toc_err save_next(struct toc_turn *turn, toc_time_ms at_ms)
{
    uint8_t value[8];
    toc_put_u64be(value, (uint64_t)at_ms);
    toc_wake_at(turn, at_ms);
    return toc_put(turn->txn, TOC_TABLE_META, next_key, toc_str(value, sizeof(value)));
}

enum toc_err reach_policy(struct toc_turn *turn)
{
    const struct toc_policy *policy;
    toc_time_ms before_ms, next_ms = TOC_TIME_NEVER;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    if (err == TOC_OK && !turn->event_clock) /* what is imported is no time to page anybody */
        next_ms = toc_policy_reach_from(policy, turn->log_ms);
    TOC_TRY(err);
    TOC_TRY(load_next(turn->txn, &before_ms));
    return next_ms != before_ms ? save_next(turn, next_ms) : TOC_OK;
}

/* However many instants have passed, it is one run. */
static enum toc_err begin_scheduled(struct toc_turn *turn, toc_time_ms due_ms)
{
    Tocsin__V1__ReachRun run = TOCSIN__V1__REACH_RUN__INIT;
    const struct toc_policy *policy;
    struct toc_str row;
    char id[REACH_ID_MAX + 1];
    TOC_TRY(reach_policy(turn));
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    if (err != TOC_OK || policy->reach.every_days == 0)
        return err < 0 ? err : TOC_OK;
    snprintf(id, sizeof(id), SCHEDULED "%lld", (long long)(due_ms / TOC_SECOND_MS));
    err = toc_get(turn->txn, TABLE_REACH, toc_str_of(id), &row);
    if (err != TOC_NONE)
        return err < 0 ? err : TOC_OK;
    run.reach = id;
    run.by = toc_wire_text("policy");
    run.until_ms = turn->log_ms + policy->reach.within_ms;
    run.scheduled = true;
    return begin(turn, &run);
}

/* --- time --------------------------------------------------------------------------------- */

/* The first run that is due. */
static enum toc_err first_run(struct toc_txn *txn, toc_time_ms *out_ms, struct toc_str *out_id)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_REACH_DUE, toc_str(NULL, 0), &key, &value);
    *out_ms = TOC_TIME_NEVER;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (key.size <= 8)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    *out_id = toc_str_from(key, 8);
    return TOC_OK;
}

enum toc_err reach_first_due(struct toc_txn *txn, toc_time_ms *out_ms)
{
    struct toc_str id;
    toc_time_ms next_ms;
    TOC_TRY(first_run(txn, out_ms, &id));
    TOC_TRY(load_next(txn, &next_ms));
    if (next_ms < *out_ms)
        *out_ms = next_ms;
    return TOC_OK;
}

enum toc_err reach_due(struct toc_turn *turn)
{
    Tocsin__V1__ReachRun *run;
    struct toc_str id;
    toc_time_ms at_ms, next_ms;
    TOC_TRY(first_run(turn->txn, &at_ms, &id));
    TOC_TRY(load_next(turn->txn, &next_ms));
    if (next_ms < at_ms)
        return begin_scheduled(turn, next_ms);
    enum toc_err err = reach_load(turn, id, &run);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return run->planned ? count_next(turn, run) : plan_next(turn, run);
}

/* --- events ------------------------------------------------------------------------------- */

static enum toc_err refuse(struct toc_turn *turn, const Tocsin__V1__Reach *said, const char *reason)
{
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, NULL, NULL, said->by, reason);
}

static bool has_long_name(const Tocsin__V1__Reach *said)
{
    for (size_t i = 0; i < said->n_persons; i++)
        if (strlen(said->persons[i]) > TOC_PERSON_ID_MAX)
            return true;
    return false;
}

/* Why there is no such run; NULL: there can be one. */
static enum toc_err check(struct toc_turn *turn, const Tocsin__V1__Event *event,
                          const char **out_wrong)
{
    const Tocsin__V1__Reach *said = event->reach;
    uint64_t count;
    struct toc_str row;
    *out_wrong = NULL;
    TOC_TRY(toc_count(turn->txn, TABLE_REACH, &count));
    if (said->reach[0] == '\0' || strlen(said->reach) > REACH_ID_MAX) {
        *out_wrong = "the id of the run is missing or too long";
        return TOC_OK;
    }
    enum toc_err err = toc_get(turn->txn, TABLE_REACH, toc_str_of(said->reach), &row);
    TOC_TRY(err);
    if (err == TOC_OK)
        *out_wrong = "there is a run of probes with this id";
    else if (strncmp(said->reach, SCHEDULED, strlen(SCHEDULED)) == 0)
        *out_wrong = "runs of the policy alone have such an id";
    else if (count >= REACH_RUNS_MAX)
        *out_wrong = "16 runs of probes are under way already";
    else if (said->n_persons > REACH_PEOPLE_MAX)
        *out_wrong = "a run names at most 16 people; without any it is for everybody";
    else if (has_long_name(said))
        *out_wrong = "nobody has so long a name";
    else if (said->until_ms <= turn->log_ms)
        *out_wrong = "it would be over already";
    else if (said->until_ms > turn->log_ms + REACH_LONGEST_MS)
        *out_wrong = "a run lasts at most 7 days";
    return TOC_OK;
}

static enum toc_err ask(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__Reach *said = event->reach;
    Tocsin__V1__ReachRun run = TOCSIN__V1__REACH_RUN__INIT;
    const char *wrong;
    TOC_TRY(check(turn, event, &wrong));
    if (wrong != NULL)
        return refuse(turn, said, wrong);
    run.reach = said->reach;
    run.by = said->by;
    run.persons = said->persons;
    run.n_persons = said->n_persons;
    run.until_ms = said->until_ms;
    return begin(turn, &run);
}

enum toc_err reach_event(struct toc_turn *turn, const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    if (strcmp(event->type, "tocsin.reach.asked") == 0)
        return ask(turn, event);
    const char *wrong;
    TOC_TRY(probe_answered(turn, event->reach, &wrong));
    if (wrong != NULL)
        TOC_TRY(refuse(turn, event->reach, wrong));
    bool by_door = strcmp(event->source, NOTIFIER_DOOR) == 0;
    return by_door ? said_keep(turn, event, at_ms, wrong) : TOC_OK;
}
