#include "services/notifier/act.h"

#include "common/exit_point.h"
#include "services/notifier/escalate.h"
#include "services/notifier/flap.h"
#include "services/notifier/fit.h"
#include "services/notifier/group.h"
#include "services/notifier/group_act.h"
#include "services/notifier/said.h"

#include <stdio.h>

#define WHY_MAX 400 /* bytes: a name and some words */

/* What somebody wants of an alert. */
struct act {
    const Tocsin__V1__Record *record;
    const Tocsin__V1__AlertAction *said;
    const char *by;
    const char **refused; /* why; stays as it is when it is done */
    bool of_group;        /* it was taken already, of all of the alert's group */
};

static bool is_acknowledged(const Tocsin__V1__Alert *alert)
{
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED;
}

static bool is_theirs(const Tocsin__V1__Alert *alert, const struct act *act)
{
    return strcmp(alert->acked_by, act->by) == 0;
}

/* `alert` NULL: there is none. */
static enum toc_err refuse(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act,
                           const char *reason)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    const Tocsin__V1__AlertChange *fitting;
    *act->refused = reason;
    change.by = toc_wire_text(act->by);
    change.reason = toc_wire_text(reason);
    change.alert = alert;
    TOC_TRY(fit_change(turn, &change, &fitting));
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED,
                          .class_bit = TOC_CLASS_ALERT,
                          .partition = alert != NULL ? alert->partition : TOC_PARTITION_ALL,
                          .at_ms = turn->log_ms,
                          .issue = alert != NULL ? alert->issue.data : NULL,
                          .prev_seq = alert != NULL ? alert->last_seq : 0,
                          .test = act->record->test,
                          .message = fitting};
    if (alert == NULL)
        return toc_emit(turn, &out, NULL);
    TOC_TRY(toc_emit(turn, &out, &alert->last_seq));
    return alert_save(turn, alert, alert->next_ms);
}

/* --- the actions -------------------------------------------------------------------------- */

static enum toc_err take(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act)
{
    return escalate_end(turn, alert,
                        &(struct escalate_end){.state = TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED,
                                               .type = TOCSIN__V1__RECORD_TYPE__ALERT_ACKED,
                                               .by = act->by,
                                               .reason = act->of_group ? "with its group" : NULL});
}

/* Who acknowledged first stays: only taking an alert over gives it to another. What is snoozed is
 * nobody's work yet. */
static enum toc_err acknowledge(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                const struct act *act)
{
    if (is_acknowledged(alert) && !is_theirs(alert, act) && alert->snoozed_ms == 0)
        return refuse(turn, alert, act, "the alert is acknowledged already");
    return take(turn, alert, act);
}

/* Counts from when intake took it: what was a minute then is not less for having been under way. */
static toc_time_ms until_of(const struct act *act)
{
    toc_time_ms least_ms = act->record->at_ms + NOTIFIER_SNOOZE_MS;
    return act->said->until_ms > least_ms ? act->said->until_ms : least_ms;
}

static enum toc_err snooze(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act)
{
    if (is_acknowledged(alert) && !is_theirs(alert, act))
        return refuse(turn, alert, act, "the alert is acknowledged already");
    if (until_of(act) <= turn->log_ms && !act->of_group)
        return refuse(turn, alert, act, "the snooze would be over already");
    return escalate_end(turn, alert,
                        &(struct escalate_end){.state = TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED,
                                               .type = TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED,
                                               .by = act->by,
                                               .until_ms = until_of(act)});
}

static enum toc_err escalate(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act)
{
    if (flap_is_held(alert))
        return refuse(turn, alert, act, "its cause is gone: it closes unless that comes back");
    return escalate_by_hand(turn, alert, act->by);
}

static enum toc_err resolve(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act)
{
    return escalate_end(turn, alert,
                        &(struct escalate_end){.state = TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED,
                                               .type = TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED,
                                               .by = act->by,
                                               .reason = "resolved by hand"});
}

/* What comes with another action is a record of its own, too. */
static enum toc_err note(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    change.alert = alert;
    change.by = toc_wire_text(act->by);
    change.note = act->said->note;
    TOC_TRY(alert_emit(turn, TOCSIN__V1__RECORD_TYPE__ALERT_NOTED, &change));
    return alert_save(turn, alert, alert->next_ms);
}

static enum toc_err note_beside(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                const struct act *act)
{
    return act->said->note[0] != '\0' ? note(turn, alert, act) : TOC_OK;
}

/* --- what has been done already ----------------------------------------------------------- */

/* An acknowledgement that expires is worth saying again. */
static bool is_taken(const Tocsin__V1__Alert *alert, const struct act *act)
{
    return is_acknowledged(alert) && is_theirs(alert, act) && alert->snoozed_ms == 0 &&
           alert->ack_ends_ms == 0;
}

static bool is_snoozed(const Tocsin__V1__Alert *alert, const struct act *act)
{
    return is_acknowledged(alert) && is_theirs(alert, act) && alert->snoozed_ms == until_of(act);
}

static bool is_resolved(const Tocsin__V1__Alert *alert, const struct act *act)
{
    return !alert_is_live(alert) && is_theirs(alert, act);
}

static bool never(const Tocsin__V1__Alert *alert, const struct act *act)
{
    (void)alert;
    (void)act;
    return false;
}

static const struct verb {
    const char *type;
    bool (*is_done)(const Tocsin__V1__Alert *alert, const struct act *act);
    enum toc_err (*run)(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act);
    bool ever;    /* also when it is resolved, whatever has happened */
    bool waiting; /* of a group, those that wait for an answer */
    bool answers; /* what waits does so no more */
} verbs[] = {
    {"tocsin.alert.acked", is_taken, acknowledge, false, true, true},
    {"tocsin.alert.taken", is_taken, take, false, false, true},
    {"tocsin.alert.snoozed", is_snoozed, snooze, false, true, true},
    {"tocsin.alert.escalated", never, escalate, false, true, false},
    {"tocsin.alert.resolved", is_resolved, resolve, false, false, true},
    {"tocsin.alert.noted", never, note, true, false, false},
};

static const struct verb *verb_of(const char *type)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].type, type) == 0)
            return &verbs[i];
    return NULL;
}

/* --- whether it may be done --------------------------------------------------------------- */

static bool has_turned(const Tocsin__V1__Alert *alert, const struct act *act)
{
    uint64_t saw = act->said->version;
    return saw != 0 && (saw < alert->turned_seq || saw > alert->last_seq);
}

static enum toc_err refuse_stale(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                 const struct act *act)
{
    char *why = toc_arena_take(turn->arena, WHY_MAX);
    if (why == NULL)
        return TOC_ERR_LIMIT;
    if (act->said->version > alert->last_seq)
        snprintf(why, WHY_MAX, "there is no such version of the alert");
    else if (is_acknowledged(alert))
        snprintf(why, WHY_MAX, "changed since: %s by %s",
                 alert->snoozed_ms != 0 ? "snoozed" : "acknowledged", alert->acked_by);
    else if (escalate_is_open(alert))
        snprintf(why, WHY_MAX, "changed since: it is at step %u of round %u", alert->step + 1,
                 alert->repeat + 1);
    else
        snprintf(why, WHY_MAX, "changed since: every step is through");
    return refuse(turn, alert, act, why);
}

static enum toc_err judge(struct toc_turn *turn, Tocsin__V1__Alert *alert, const struct act *act,
                          const struct verb *verb)
{
    if (verb->is_done(alert, act))
        return note_beside(turn, alert, act);
    if (!alert_is_live(alert) && !verb->ever)
        return refuse(turn, alert, act, "the alert is resolved already");
    if (has_turned(alert, act) && !verb->ever)
        return refuse_stale(turn, alert, act);
    uint64_t turned = alert->turned_seq;
    TOC_TRY(verb->run(turn, alert, act));
    return alert->turned_seq != turned ? note_beside(turn, alert, act) : TOC_OK;
}

/* --- all of a group ----------------------------------------------------------------------- */

static bool is_meant(const struct verb *verb, const Tocsin__V1__Alert *alert)
{
    return verb->waiting ? alert_waits(alert) : alert_is_live(alert);
}

enum toc_err act_of_group(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                          const Tocsin__V1__GroupAction *action)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    Tocsin__V1__AlertAction said = TOCSIN__V1__ALERT_ACTION__INIT;
    const struct verb *verb = verb_of(action->type);
    const char *refused;
    if (strcmp(action->type, ACT_STRANDED) == 0)
        return escalate_stranded(turn, alert);
    record.at_ms = action->at_ms;
    said.until_ms = action->until_ms;
    said.note = action->note;
    const struct act act = {&record, &said, action->by, &refused, .of_group = true};
    if (verb == NULL)
        return TOC_ERR_DAMAGED;
    return is_meant(verb, alert) ? judge(turn, alert, &act, verb) : TOC_OK;
}

bool act_answers(const char *type)
{
    const struct verb *verb = verb_of(type);
    return verb != NULL && verb->answers;
}

/* Whether it can be done to none of the group. */
static enum toc_err is_moot(struct toc_turn *turn, const Tocsin__V1__AlertGroup *group,
                            const struct verb *verb, bool *out)
{
    uint64_t number;
    *out = group->open == 0;
    if (verb->waiting)
        return TOC_OK;
    enum toc_err err = group_next(turn, toc_wire_bytes(&group->group), 0, &number);
    *out = err == TOC_NONE;
    return err < 0 ? err : TOC_OK;
}

static enum toc_err begin_group(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                const struct act *act, const struct verb *verb, uint64_t named)
{
    Tocsin__V1__GroupAction action = TOCSIN__V1__GROUP_ACTION__INIT;
    Tocsin__V1__AlertGroup *group;
    enum toc_err err = group_load(turn, toc_wire_bytes(&alert->group), &group);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(group_say(turn, group, act->by, verb->type));
    action.group = alert->group;
    action.type = toc_wire_text(verb->type);
    action.by = toc_wire_text(act->by);
    action.note = act->said->note;
    action.until_ms = act->said->until_ms;
    action.at_ms = act->record->at_ms;
    action.named = named;
    return group_act_begin(turn, &action);
}

/* To the one that is named at once, unless others of its group alone are meant. */
static enum toc_err judge_group(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                const struct act *act, const struct verb *verb)
{
    Tocsin__V1__AlertGroup *group;
    bool moot, full, meant = is_meant(verb, alert);
    enum toc_err err = group_load(turn, toc_wire_bytes(&alert->group), &group);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return refuse(turn, alert, act, "the alert is in no group");
    if (has_turned(alert, act) && !verb->ever)
        return refuse_stale(turn, alert, act);
    TOC_TRY(is_moot(turn, group, verb, &moot));
    TOC_TRY(group_act_is_full(turn, toc_wire_bytes(&alert->group), &full));
    if (full && !moot)
        return refuse(turn, alert, act, "too much is under way for the group: try again later");
    if (meant || moot)
        TOC_TRY(judge(turn, alert, act, verb));
    if (moot || *act->refused != NULL)
        return TOC_OK;
    return begin_group(turn, alert, act, verb, meant ? alert->number : 0);
}

static enum toc_err find_and_do(struct toc_turn *turn, const struct act *act, const char *type)
{
    const struct verb *verb = verb_of(type);
    Tocsin__V1__Alert *alert;
    uint64_t number;
    enum toc_err err = alert_number_of(turn->txn, toc_wire_bytes(&act->said->alert), &number);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return refuse(turn, NULL, act, "there is no such alert");
    err = alert_load(turn->txn, turn->arena, number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    if (verb == NULL)
        return refuse(turn, alert, act, "this notifier does not do that to an alert");
    TOC_TRY(group_act_first(turn, &alert));
    return act->said->group ? judge_group(turn, alert, act, verb) : judge(turn, alert, act, verb);
}

enum toc_err act_event(struct toc_turn *turn, const Tocsin__V1__Record *record,
                       const Tocsin__V1__Event *event)
{
    const Tocsin__V1__AlertAction *said = event->alert;
    const char *refused = NULL;
    const struct act act = {record, said, said->by[0] != '\0' ? said->by : event->source, &refused,
                            .of_group = false};
    TOC_TRY(find_and_do(turn, &act, event->type));
    TOC_EXIT_POINT("act_done");
    if (strcmp(event->source, NOTIFIER_DOOR) != 0)
        return TOC_OK;
    return said_keep(turn, event, record->at_ms, refused);
}
