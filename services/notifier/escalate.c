#include "services/notifier/escalate.h"

#include "common/plant.h"
#include "services/notifier/mirror.h"
#include "services/notifier/flap.h"
#include "services/notifier/group.h"
#include "services/notifier/mute.h"
#include "services/notifier/probe.h"
#include "services/notifier/target.h"

#define REMIND_MOST_MS (5 * TOC_MINUTE_MS)
#define DEAD_AT_ONCE   256 /* pages and steps of an alert in one step of the core */

bool escalate_is_open(const Tocsin__V1__Alert *alert)
{
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN && !flap_is_held(alert);
}

/* --- steps -------------------------------------------------------------------------------- */

static enum toc_err path_of(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                            const struct toc_path **out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, alert->policy, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    *out = toc_policy_path(policy, toc_str_of(alert->path));
    return *out == NULL ? TOC_ERR_DAMAGED : TOC_OK;
}

/* The place after this one: the next step, the first of the next round, or none. */
static bool advance(Tocsin__V1__Alert *alert, const struct toc_path *path)
{
    if (++alert->step < path->step_count)
        return true;
    alert->step = 0;
    return alert->repeat++ < path->repeat;
}

/* Who is paged when nobody answers the present step; of nobody the count is 0. What a round does
 * not find, the next ones do not, either. */
static enum toc_err find_after(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                               const struct toc_path *path, struct target *out)
{
    Tocsin__V1__Alert later = *alert;
    out->count = 0;
    for (size_t i = 0; i < path->step_count && out->count == 0 && advance(&later, path); i++)
        TOC_TRY(target_find(turn, &later, path, alert->next_ms, out));
    return TOC_OK;
}

/* A step may have hundreds. What it needed of the arena goes, unless the alert has some of it now.
 */
static enum toc_err page_one(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                             const struct page_plan *plan)
{
    const char *muted_by = alert->muted_by;
    size_t mark = toc_arena_mark(turn->arena);
    TOC_TRY(page_plan(turn, alert, plan, NULL));
    if (alert->muted_by == muted_by)
        toc_arena_reset(turn->arena, mark);
    return TOC_OK;
}

static enum toc_err page_step(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                              const struct toc_path *path)
{
    const struct toc_path_step *step = &path->steps[alert->step];
    struct target target, after = {.count = 0};
    alert->next_ms = turn->log_ms + step->wait_ms; /* pages may not wait longer */
    alert->first_page = alert->pages;
    TOC_TRY(target_take(turn, alert, path, &target));
    if (target.count > 0)
        TOC_TRY(find_after(turn, alert, path, &after));
    struct page_plan plan = {.after = after.count > 0 ? after.people[0] : NULL,
                             .after_more = after.count > 0 ? (unsigned)after.count - 1 : 0};
    for (size_t i = 0; i < target.count; i++) {
        plan.contact = target.people[i];
        plan.why = target.why[i];
        TOC_TRY(page_one(turn, alert, &plan));
    }
    return TOC_OK;
}

static enum toc_err exhaust(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    alert->state = TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    alert->next_ms = TOC_TIME_NEVER;
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, NULL,
                     "every step and repeat is through, nobody acknowledged");
}

static const char nobody_reached[] = "no page of the step can be delivered";

/* Why the present step is left, which reaches nobody. */
static const char *why_left(const Tocsin__V1__Alert *alert, const struct toc_path *path)
{
    if (alert->pages > alert->first_page)
        return nobody_reached;
    return path->steps[alert->step].schedule_count > 0 ? "nobody is on call for the step"
                                                       : "the step has no contacts";
}

/*
 * Goes on until somebody may be reached: a step that reaches nobody is left at once, and recorded.
 * What is left of a path that has many such steps follows when other events had their turn.
 */
static enum toc_err page_from_here(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                   const struct toc_path *path)
{
    size_t places = path->step_count * ((size_t)path->repeat + 1);
    uint32_t first = alert->pages;
    for (size_t i = 0; i < places; i++) {
        bool dead;
        TOC_TRY(page_step(turn, alert, path));
        TOC_TRY(page_is_step_dead(turn, alert, &dead));
        if (!dead)
            return TOC_OK;
        if (alert->pages - first + i >= DEAD_AT_ONCE) {
            alert->next_ms = turn->log_ms;
            return TOC_OK;
        }
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, NULL,
                          why_left(alert, path)));
        toc_arena_reset(turn->arena, mark);
        if (!advance(alert, path))
            break;
    }
    return exhaust(turn, alert);
}

/* To the next step; from the last one that there is to nobody. */
static enum toc_err go_on(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *by,
                          const char *why)
{
    const struct toc_path *path;
    toc_time_ms old_next_ms = alert->next_ms;
    TOC_TRY(path_of(turn, alert, &path));
    TOC_TRY(page_cancel_all(turn, alert, by, why));
    if (!advance(alert, path)) {
        TOC_TRY(exhaust(turn, alert));
    } else {
        TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, by, why));
        TOC_TRY(page_from_here(turn, alert, path));
    }
    return alert_save(turn, alert, old_next_ms);
}

/* Where an alert that somebody answered, or nobody, goes on. */
enum place { FIRST_STEP, SAME_STEP, NEXT_STEP };

/*
 * A provider that keeps an incident rings nobody for one that is acknowledged, whatever comes: that
 * one is over, and what is paged from now on is another.
 */
static enum toc_err begin_anew(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    if (alert->state != TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED)
        return TOC_OK;
    TOC_TRY(mirror_tell(turn, alert, TOC_PAGE_RESOLVED));
    alert->reopened++;
    return TOC_OK;
}

/* Behind the last step another round begins, whether or not the path has one. */
static enum toc_err stand_up(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                             const struct toc_path *path, enum place place, const char *by,
                             const char *why)
{
    TOC_TRY(page_cancel_all(turn, alert, by, why));
    TOC_TRY(begin_anew(turn, alert));
    if (place == FIRST_STEP)
        alert->step = 0;
    if (place == NEXT_STEP && ++alert->step >= path->step_count) {
        alert->step = 0;
        alert->repeat++;
    }
    alert->state = TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    alert->acked_by = toc_wire_text("");
    alert->ack_ends_ms = alert->snoozed_ms = 0;
    TOC_TRY(alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, alert, NULL, by, why));
    return group_follow(turn, alert);
}

/* What stands up again rings from its place on. */
static enum toc_err ring_again(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                               const struct toc_path *path)
{
    if (!TOC_PLANTED(TOC_PLANT_BACK_SILENT))
        return page_from_here(turn, alert, path);
    alert->next_ms = TOC_TIME_NEVER;
    return TOC_OK;
}

static enum toc_err reopen(struct toc_turn *turn, Tocsin__V1__Alert *alert, enum place place,
                           const char *by, const char *why)
{
    const struct toc_path *path;
    toc_time_ms old_next_ms = alert->next_ms;
    TOC_TRY(path_of(turn, alert, &path));
    TOC_TRY(stand_up(turn, alert, path, place, by, why));
    TOC_TRY(ring_again(turn, alert, path));
    return alert_save(turn, alert, old_next_ms);
}

enum toc_err escalate_by_hand(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *by)
{
    static const char why[] = "escalated by hand";
    if (escalate_is_open(alert))
        return go_on(turn, alert, by, why);
    /* Once the path is through, the alert stands at the first step of the round that would come. */
    bool through = alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    return reopen(turn, alert, through ? SAME_STEP : NEXT_STEP, by, why);
}

enum toc_err escalate_resume(struct toc_turn *turn, Tocsin__V1__Alert *alert, bool from_start,
                             const char *why)
{
    return reopen(turn, alert, from_start ? FIRST_STEP : SAME_STEP, NULL, why);
}

/* --- acknowledgements --------------------------------------------------------------------- */

/* How long before its end an acknowledgement's owner is reminded. */
static toc_time_ms lead(toc_time_ms expires_ms)
{
    return expires_ms / 4 < REMIND_MOST_MS ? expires_ms / 4 : REMIND_MOST_MS;
}

/* When the acknowledgement that is given now ends, and what comes next. */
static enum toc_err begin_ack(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    const struct toc_path *path;
    TOC_TRY(path_of(turn, alert, &path));
    if (path->ack_expires_ms == 0)
        return TOC_OK;
    alert->ack_ends_ms = turn->log_ms + path->ack_expires_ms;
    alert->next_ms = alert->ack_ends_ms - lead(path->ack_expires_ms);
    return TOC_OK;
}

static enum toc_err remind(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    toc_time_ms old_next_ms = alert->next_ms;
    alert->next_ms = alert->ack_ends_ms;
    TOC_TRY(page_plan(
        turn, alert, &(struct page_plan){.contact = alert->acked_by, .kind = PAGE_REMINDER}, NULL));
    return alert_save(turn, alert, old_next_ms);
}

/* Nobody minds it any more. What rings then, maintenance that is over by now may have stopped. */
static enum toc_err end_answer(struct toc_turn *turn, Tocsin__V1__Alert *alert, enum place place,
                               const char *why)
{
    toc_time_ms old_next_ms = alert->next_ms;
    const struct toc_path *path;
    bool stopped;
    TOC_TRY(path_of(turn, alert, &path));
    TOC_TRY(stand_up(turn, alert, path, place, NULL, why));
    TOC_TRY(mute_stopped(turn, alert, &stopped));
    if (stopped)
        alert->next_ms = TOC_TIME_NEVER;
    else
        TOC_TRY(ring_again(turn, alert, path));
    return alert_save(turn, alert, old_next_ms);
}

/* It is too late for a reminder: the end is due at its own instant, behind what was due before. */
static enum toc_err skip_reminder(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    toc_time_ms old_next_ms = alert->next_ms;
    alert->next_ms = alert->ack_ends_ms;
    return alert_save(turn, alert, old_next_ms);
}

/* Unless maintenance stops it. */
static enum toc_err end_step(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    toc_time_ms old_next_ms = alert->next_ms;
    const struct toc_path *path;
    bool stops, dead;
    TOC_TRY(path_of(turn, alert, &path));
    TOC_TRY(mute_stops(turn, alert, &stops));
    TOC_TRY(page_is_step_dead(turn, alert, &dead));
    if (!stops && !TOC_PLANTED(TOC_PLANT_STEP_STAYS))
        return go_on(turn, alert, NULL,
                     dead ? why_left(alert, path) : "nobody acknowledged in time");
    alert->next_ms = TOC_TIME_NEVER;
    return alert_save(turn, alert, old_next_ms);
}

enum toc_err escalate_due(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    if (flap_is_held(alert))
        return flap_end(turn, alert);
    if (alert->state != TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED)
        return end_step(turn, alert);
    if (alert->snoozed_ms != 0)
        return end_answer(turn, alert, SAME_STEP, "the snooze is over");
    if (turn->log_ms <= alert->ack_ends_ms)
        return remind(turn, alert);
    if (alert->next_ms < alert->ack_ends_ms)
        return skip_reminder(turn, alert);
    return end_answer(turn, alert, NEXT_STEP, "the acknowledgement has expired");
}

enum toc_err escalate_end(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                          const struct escalate_end *end)
{
    toc_time_ms old_next_ms = alert->next_ms;
    if (!TOC_PLANTED(TOC_PLANT_ACK_IGNORED))
        TOC_TRY(page_cancel_all(turn, alert, end->by,
                                end->reason != NULL ? end->reason : "acknowledged"));
    TOC_TRY(mute_let_go(turn, alert));
    alert->state = end->state;
    alert->next_ms = TOC_TIME_NEVER;
    alert->ack_ends_ms = 0;
    alert->snoozed_ms = end->until_ms;
    if (end->by != NULL)
        alert->acked_by = toc_wire_text(end->by);
    if (end->until_ms != 0)
        alert->next_ms = end->until_ms;
    else if (end->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED)
        TOC_TRY(begin_ack(turn, alert));
    if (flap_is_held(alert) && !alert_is_live(alert))
        alert->ends_ms = alert->gone_ms = 0;
    if (flap_is_held(alert)) { /* it still closes, unless its cause comes back */
        alert->rest_ms = alert->next_ms;
        alert->next_ms = alert->ends_ms;
    }
    TOC_TRY(alert_say(turn, end->type, alert, NULL, end->by, end->reason));
    TOC_TRY(
        mirror_tell(turn, alert, alert_is_live(alert) ? TOC_PAGE_ACKNOWLEDGED : TOC_PAGE_RESOLVED));
    TOC_TRY(group_follow(turn, alert));
    return alert_save(turn, alert, old_next_ms);
}

/* --- opening ------------------------------------------------------------------------------ */

/* A name that a page shows: what is longer than any in a policy is left out. */
static char *name_of(const char *name)
{
    return toc_wire_text(strlen(name) <= NOTIFIER_NAME_MAX ? name : "");
}

static void fill(Tocsin__V1__Alert *alert, const struct cause *cause, const struct toc_path *path,
                 struct toc_turn *turn)
{
    tocsin__v1__alert__init(alert);
    if (cause->issue != NULL)
        alert->issue = toc_wire_binary(toc_str(cause->issue, TOC_ID));
    alert->state = TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    alert->path = toc_wire_text(path->name);
    alert->cause = toc_wire_text(cause->name);
    alert->metric = toc_wire_text(cause->metric);
    alert->scope = toc_wire_text(cause->scope);
    alert->waits = toc_wire_text(cause->waits);
    alert->rule = toc_wire_text(cause->rule->name);
    alert->severity = toc_wire_text(cause->rule->severity);
    alert->queue = toc_wire_text(cause->queue);
    alert->priority = cause->priority;
    alert->risk = cause->risk;
    alert->opened_ms = turn->log_ms;
    alert->due_ms = cause->due_ms;
    alert->unconfirmed = cause->unconfirmed;
    alert->catch_up = cause->passed_ms != 0 && turn->log_ms - cause->passed_ms > NOTIFIER_LATE_MS;
    alert->next_ms = TOC_TIME_NEVER;
    alert->source = toc_wire_text(cause->source);
    alert->subject = toc_wire_text(cause->subject);
    alert->category = name_of(cause->category);
    alert->sop = name_of(cause->sop);
    alert->issue_number = cause->issue_number;
    alert->partition = cause->partition;
    alert->cause_log = turn->cause_log;
    alert->cause_seq = turn->cause_seq;
}

/* Names may be long: the last rules that did not fit give way to them. */
static enum toc_err say_opened(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                               const struct cause *cause, const struct lost *lost)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    change.alert = alert;
    change.reason = toc_wire_text(cause->rule->name);
    change.tried = (Tocsin__V1__Tried **)(uintptr_t)lost->list;
    change.n_tried = lost->count;
    change.tried_more = lost->more;
    while (change.n_tried > 0 &&
           tocsin__v1__alert_change__get_packed_size(&change) > NOTIFIER_CHANGE_MAX) {
        change.n_tried--;
        change.tried_more++;
    }
    return alert_emit(turn, TOCSIN__V1__RECORD_TYPE__ALERT_OPENED, &change);
}

const struct toc_path *escalate_path(const struct toc_policy *policy,
                                     const struct toc_alert_rule *rule, const struct cause *cause)
{
    if (rule->path != NULL || cause->path[0] == '\0')
        return rule->path;
    return toc_policy_path(policy, toc_str_of(cause->path));
}

/* The first TOC_ID bytes are the alert's. */
static void make_id(const struct cause *cause, uint8_t out[TOC_SHA256])
{
    uint8_t instant[8];
    toc_put_u64be(instant, (uint64_t)cause->passed_ms);
    struct toc_str about =
        cause->issue != NULL ? toc_str(cause->issue, TOC_ID) : toc_str(instant, sizeof(instant));
    toc_sha256_pair(out, about, toc_str_of(cause->name));
}

enum toc_err escalate_open(struct toc_turn *turn, const struct cause *cause,
                           const struct lost *lost, const struct toc_policy *policy,
                           uint64_t *out_number)
{
    Tocsin__V1__Alert alert;
    uint8_t id[TOC_SHA256];
    uint64_t number;
    bool back;
    const struct toc_path *path = escalate_path(policy, cause->rule, cause);
    TOC_ASSERT(path != NULL); /* or the rule would not fit */
    /* In event time nothing is known of time before every upstream was heard: the record's counts,
     * or the first page would be older than any wait for an answer. */
    if (turn->log_ms == TOC_TIME_MIN)
        turn->log_ms = cause->record->at_ms;
    make_id(cause, id);
    enum toc_err err = alert_number_of(turn->txn, toc_str(id, TOC_ID), &number);
    if (err == TOC_OK && out_number != NULL)
        *out_number = number;
    if (err != TOC_NONE)
        return err; /* it is there already */
    TOC_TRY(flap_back(turn, cause, path, id, &back));
    if (back)
        return TOC_OK;
    fill(&alert, cause, path, turn);
    alert.id = toc_wire_binary(toc_str(id, TOC_ID));
    alert.policy = policy->version;
    TOC_TRY(alert_create(turn, &alert));
    TOC_TRY(group_join(turn, &alert));
    TOC_TRY(say_opened(turn, &alert, cause, lost));
    TOC_TRY(group_follow(turn, &alert));
    TOC_TRY(page_from_here(turn, &alert, path));
    if (out_number != NULL)
        *out_number = alert.number;
    return alert_save(turn, &alert, TOC_TIME_NEVER);
}

/* --- pages that end ----------------------------------------------------------------------- */

/* The step goes on at once when nobody of it can be reached. */
static enum toc_err after_page(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                               Tocsin__V1__Page *page)
{
    bool dead;
    if (alert == NULL)
        return probe_follow(turn, page);
    TOC_TRY(alert_save(turn, alert, alert->next_ms));
    if (page->state != TOCSIN__V1__PAGE_STATE__PAGE_DEAD || !escalate_is_open(alert))
        return TOC_OK;
    TOC_TRY(page_is_step_dead(turn, alert, &dead));
    return dead ? go_on(turn, alert, NULL, nobody_reached) : TOC_OK;
}

/* NULL: of a page that is about none. */
static enum toc_err load_alert(struct toc_turn *turn, uint64_t number, Tocsin__V1__Alert **out)
{
    *out = NULL;
    if (number == 0)
        return TOC_OK;
    enum toc_err err = alert_load(turn->txn, turn->arena, number, out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err escalate_page_due(struct toc_turn *turn, uint64_t number, uint32_t index)
{
    Tocsin__V1__Page *page;
    Tocsin__V1__Alert *alert;
    TOC_TRY(page_there(turn->txn, turn->arena, number, index, &page));
    TOC_TRY(load_alert(turn, number, &alert));
    TOC_TRY(page_ring(turn, alert, page));
    return after_page(turn, alert, page);
}

enum toc_err escalate_page_end(struct toc_turn *turn, uint64_t number, uint32_t index,
                               const struct page_verdict *end)
{
    Tocsin__V1__Page *page;
    Tocsin__V1__Alert *alert;
    TOC_TRY(page_there(turn->txn, turn->arena, number, index, &page));
    TOC_TRY(load_alert(turn, number, &alert));
    page->carrier = end->carrier;
    TOC_TRY(page_end(turn, alert, page, end->state, NULL, end->reason));
    return after_page(turn, alert, page);
}

enum toc_err escalate_again(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                            const struct page_plan *plan)
{
    Tocsin__V1__Page *page;
    TOC_TRY(page_plan(turn, alert, plan, &page));
    if (plan->instead_of != NULL) {
        Tocsin__V1__Page failed = *plan->instead_of;
        failed.carrier = page->delivery;
        TOC_TRY(page_save(turn, &failed, page_place(&failed)));
    }
    return after_page(turn, alert, page);
}

/* One that stood for a page of the present step and failed later, with none in its place. */
static enum toc_err find_failed(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                Tocsin__V1__Page **out)
{
    *out = NULL;
    for (uint32_t i = alert->first_page; i < alert->pages && *out == NULL; i++) {
        Tocsin__V1__Page *page, *stands;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(page_there(turn->txn, turn->arena, alert->number, i, &page));
        TOC_TRY(page_standing(turn, page, &stands));
        if (page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED && stands->bounced)
            *out = stands;
        else
            toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

enum toc_err escalate_stranded(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    Tocsin__V1__Page *failed;
    bool dead;
    if (!escalate_is_open(alert))
        return TOC_OK;
    TOC_TRY(page_is_step_dead(turn, alert, &dead));
    if (!dead)
        return TOC_OK;
    TOC_TRY(find_failed(turn, alert, &failed));
    if (failed == NULL)
        return go_on(turn, alert, NULL, nobody_reached);
    return escalate_again(
        turn, alert,
        &(struct page_plan){.contact = failed->contact, .kind = PAGE_AGAIN, .instead_of = failed});
}

enum toc_err escalate_outcome(struct toc_turn *turn, const Tocsin__V1__PageOutcome *outcome)
{
    Tocsin__V1__Page *page;
    Tocsin__V1__Alert *alert;
    TOC_TRY(page_there(turn->txn, turn->arena, outcome->alert_number, outcome->page, &page));
    TOC_TRY(load_alert(turn, outcome->alert_number, &alert));
    TOC_TRY(page_answer(turn, alert, page, outcome));
    return after_page(turn, alert, page);
}
