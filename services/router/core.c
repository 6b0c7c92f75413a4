/*
 * The router's step. An accepted event becomes one or more records of its issue's history:
 *
 *   core.c        which event is it, whose issue   apply.c    which file has its effect
 *   open.c        openings                         talk.c     messages and states
 *   classify.c    what the issue is                assign.c   queue and person given by hand
 *   fact.c        facts, and who waits for them    triage.c   what the policy makes of it
 *   found.c       facts that detectors found
 *   escalation.c  questions to other teams         route.c    into which queue
 *   merge.c       issues that end in another one   appeal.c   issues that contest a decision
 *   duplicate.c   issues that may be one
 *   due.c         due dates by hand                sweep.c    a new policy among what is there
 *   machine.c     the issue's state                parked.c   events that came too early
 *   work.c        one issue under one event        issue.c    rows
 *   staff.c       people, and time alone           offer.c    from the offer to the claim
 *   choose.c      who may be offered an issue      spill.c    where it goes that stays
 *   settle.c      the row beside an issue          wait.c     waiting lists
 *   people.c      rows of people                   article.c  what ended issues without us
 */
#include "services/router/apply.h"
#include "services/router/parked.h"
#include "services/router/spill.h"
#include "services/router/staff.h"
#include "services/router/sweep.h"

#define DUES_PER_STEP 64

static const char *const tables[] = {"issue",      "issue_id", "counter", "parked",  "parked_due",
                                     "person",     "held",     "pooled",  "waiting", "pool_due",
                                     "escalation", "sweep",    "article", "alike"};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == ROUTER_TABLE_END - TOC_TABLE_OWN,
               "one name per table");

/*
 * What waited for the issue, in the order of its arrival. A few bytes may unpack into many, so each
 * gives back what it took, and the next finds the row as it was saved.
 */
static enum toc_err release_parked(struct toc_turn *turn, struct toc_str id)
{
    const size_t mark = toc_arena_mark(turn->arena);
    Tocsin__V1__Issue *issue;
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    enum toc_err err;
    while ((err = parked_take(turn, id, &record)) == TOC_OK) {
        TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&record->body), &event));
        err = issue_load(turn, id, &issue);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_ERR_DAMAGED;
        TOC_TRY(apply_event(turn, issue, event, record->at_ms));
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

/*
 * The opening never came: the events count all the same. The stub counts from the first of them,
 * not from the end of the wait, whose instant depends on when log time was heard of.
 */
static enum toc_err make_stub(struct toc_turn *turn, struct toc_str id)
{
    const size_t mark = toc_arena_mark(turn->arena);
    Tocsin__V1__Issue *issue;
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    enum toc_err err = issue_load(turn, id, &issue);
    if (err != TOC_NONE)
        return err; /* its opening came after all */
    err = parked_take(turn, id, &record);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_ERR_DAMAGED;
    TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&record->body), &event));
    TOC_TRY(issue_create(turn, id, &issue));
    TOC_TRY(apply_stub_opening(turn, issue, event, record->at_ms));
    TOC_TRY(apply_event(turn, issue, event, record->at_ms));
    toc_arena_reset(turn->arena, mark);
    return release_parked(turn, id);
}

static enum toc_err on_opening(struct toc_turn *turn, const Tocsin__V1__Record *record,
                               const Tocsin__V1__Event *event)
{
    struct toc_str id = toc_wire_bytes(&record->issue);
    Tocsin__V1__Issue *issue;
    TOC_TRY(issue_create(turn, id, &issue));
    TOC_TRY(apply_opening(turn, issue, event, record->at_ms));
    return release_parked(turn, id);
}

static enum toc_err on_issue_event(struct toc_turn *turn, const struct toc_event *ev,
                                   const Tocsin__V1__Event *event)
{
    const Tocsin__V1__Record *record = ev->record;
    struct toc_str id = toc_wire_bytes(&record->issue);
    Tocsin__V1__Issue *issue;
    bool full;
    if (id.size != TOC_ID)
        return TOC_ERR_MALFORMED;
    enum toc_err err = issue_load(turn, id, &issue);
    TOC_TRY(err);
    if (err == TOC_OK) {
        TOC_TRY(sweep_before_event(turn, &issue));
        return apply_event(turn, issue, event, record->at_ms);
    }
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
        return on_opening(turn, record, event);
    TOC_TRY(parked_add(turn, record, ev->bytes, event, &full));
    return full ? make_stub(turn, id) : TOC_OK;
}

/* A version that was told of before is through, or on its way. */
static enum toc_err on_applied(struct toc_turn *turn, const Tocsin__V1__PolicyApplied *applied,
                               toc_time_ms at_ms)
{
    struct toc_str body;
    TOC_TRY(toc_wire_pack(turn->arena, applied, &body));
    enum toc_err err =
        toc_turn_keep_policy(turn, TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED, body, at_ms, true);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(sweep_begin(turn, applied, at_ms));
    return staff_policy(turn, at_ms);
}

/* What concerns everyone goes on to those behind the router, at its place in this log. */
static enum toc_err on_control_event(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                     const Tocsin__V1__Event *event)
{
    struct toc_str body;
    struct toc_out advanced = {.type = TOCSIN__V1__RECORD_TYPE__TIME_ADVANCED,
                               .class_bit = TOC_CLASS_CONTROL,
                               .partition = TOC_PARTITION_ALL,
                               .at_ms = record->at_ms};
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_POLICY_PART:
        TOC_TRY(toc_wire_pack(turn->arena, event->policy_part, &body));
        return toc_turn_keep_policy(turn, TOCSIN__V1__RECORD_TYPE__POLICY_PART, body, record->at_ms,
                                    true);
    case TOCSIN__V1__EVENT__BODY_POLICY_APPLIED:
        return on_applied(turn, event->policy_applied, record->at_ms);
    case TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE:
        return event->test ? TOC_OK /* people are no tests */
                           : staff_presence(turn, event->agent_presence, record->at_ms);
    case TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE:
        advanced.message = event->clock_advance;
        return toc_emit(turn, &advanced, NULL);
    default:
        return TOC_OK; /* kept in intake's log for those it concerns */
    }
}

static enum toc_err on_accepted(struct toc_turn *turn, const struct toc_event *ev)
{
    const Tocsin__V1__Record *record = ev->record;
    Tocsin__V1__Event *event;
    TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&record->body), &event));
    if (!toc_wire_is_known(&event->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    if (record->class_ == TOC_CLASS_ISSUE)
        return on_issue_event(turn, ev, event);
    return on_control_event(turn, record, event);
}

static enum toc_err on_record(struct toc_turn *turn, const struct toc_event *ev)
{
    switch ((int)ev->record->type) {
    case TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED:
        return on_accepted(turn, ev);
    case TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED:
        return staff_urgency(turn, ev->record);
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED:
        return spill_breached(turn, ev->record);
    default:
        return TOC_OK;
    }
}

/* Of those whose opening never comes, the first. */
static enum toc_err fire_parked(struct toc_turn *turn, toc_time_ms now_ms)
{
    uint8_t id[TOC_ID];
    enum toc_err err = parked_take_due(turn, now_ms, id);
    return err == TOC_OK ? make_stub(turn, toc_str(id, sizeof(id))) : err;
}

/* What is due first, and what has it done. */
struct due {
    toc_time_ms at_ms;
    enum toc_err (*fire)(struct toc_turn *turn, toc_time_ms now_ms);
};

static enum toc_err first_due(struct toc_txn *txn, struct due *out)
{
    struct due all[] = {{.fire = fire_parked}, {.fire = staff_fire}, {.fire = sweep_fire}};
    TOC_TRY(parked_next_due(txn, &all[0].at_ms));
    TOC_TRY(wait_next_due(txn, &all[1].at_ms));
    TOC_TRY(sweep_next_due(txn, &all[2].at_ms));
    *out = all[0];
    for (size_t i = 1; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].at_ms < out->at_ms)
            *out = all[i];
    return TOC_OK;
}

/* In the order of their instants, whatever they are about. */
static enum toc_err on_time(struct toc_turn *turn, toc_time_ms now_ms)
{
    for (unsigned i = 0; i < DUES_PER_STEP; i++) {
        struct due due;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(first_due(turn->txn, &due));
        enum toc_err err = due.fire(turn, now_ms);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_OK;
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

static enum toc_err next_due(struct toc_txn *txn, toc_time_ms *out)
{
    struct due due;
    TOC_TRY(first_due(txn, &due));
    *out = due.at_ms;
    return TOC_OK;
}

static enum toc_err on_upstream(struct toc_turn *turn, const struct toc_event *ev)
{
    Tocsin__V1__Upstream upstream = TOCSIN__V1__UPSTREAM__INIT;
    if (turn->event_clock)
        return TOC_OK; /* time waits for it: nobody is left out */
    upstream.log_id = ev->log_id;
    upstream.name = toc_wire_text(ev->upstream);
    upstream.stopped = toc_wire_text(ev->stopped != NULL ? ev->stopped : "");
    struct toc_out out = {.type = ev->left_out ? TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT
                                               : TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK,
                          .class_bit = TOC_CLASS_CONTROL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = turn->log_ms == TOC_TIME_MIN ? 0 : turn->log_ms,
                          .message = &upstream};
    return toc_emit(turn, &out, NULL);
}

/* What sla says moves issues on a breach, and puts those that people wait for in order. */
static enum toc_err heeds_sla(struct toc_turn *turn, bool *out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    TOC_TRY(err);
    *out = false;
    for (size_t i = 0; err == TOC_OK && i < policy->queue_count; i++)
        if (policy->queues[i].on_breach != NULL || policy->queues[i].person_count > 0)
            *out = true;
    return TOC_OK;
}

static enum toc_err router_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_RECORD:
        return on_record(turn, ev);
    case TOC_EVENT_TIME:
        return on_time(turn, ev->at_ms);
    case TOC_EVENT_UPSTREAM:
        return on_upstream(turn, ev);
    case TOC_EVENT_BEHIND:
    case TOC_EVENT_SUBMIT:
    case TOC_EVENT_OUTCOME:
        break;
    }
    TOC_BUG("an event that the router never gets");
}

const struct toc_service router_service = {
    .name = "router",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .upstream_classes = TOC_CLASS_ISSUE | TOC_CLASS_CONTROL | TOC_CLASS_ROUTING,
    .sees_upstreams = true,
    .time_source = TOC_TIME_OF_LOGS,
    .echo = "sla",
    .step = router_step,
    .next_due = next_due,
    .heeds_echo = heeds_sla,
    .ask = router_ask,
    .last_seq_of = router_last_seq,
};
