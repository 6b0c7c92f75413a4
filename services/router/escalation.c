/*
 *              raised   accepted  returned  answered  told
 *   (none)     ask      refuse    refuse    refuse    refuse
 *   raised     refuse   take      give back refuse    refuse
 *   accepted   refuse   take      give back answer    refuse
 *   returned   ask      refuse    refuse    answer    refuse
 *   answered   refuse   refuse    refuse    refuse    tell
 *   told       refuse   refuse    refuse    refuse    refuse
 *
 * Accepting once more hands it on within the team. What a team returned for more information is
 * raised again, maybe to another team, or is answered by whoever asked. The last step is that the
 * requester has been told.
 */
#include "services/router/escalation.h"

#include "services/router/fact.h"

#include <stdio.h>

#define KEY_MAX (ISSUE_KEY + TOC_ESCALATION_ID_MAX)

_Static_assert(KEY_MAX <= TOC_KEY_MAX, "an escalation's key fits the store");

/* One escalation under one step. */
struct step {
    struct work *work;
    Tocsin__V1__CrossEscalation *row;
    const Tocsin__V1__Escalation *said;
    const char *by;
    const char *wrong; /* set by refuse */
};

/* --- rows ------------------------------------------------------------------------------------- */

static struct toc_str key_of(uint8_t key[KEY_MAX], const Tocsin__V1__Issue *issue, const char *id)
{
    size_t size = strlen(id);
    TOC_ASSERT(size >= 1 && size <= TOC_ESCALATION_ID_MAX);
    issue_key(key, issue->partition, issue->number);
    memcpy(key + ISSUE_KEY, id, size);
    return toc_str(key, ISSUE_KEY + size);
}

/* The escalation as it is; a blank one when there is none of that id. */
static enum toc_err load(struct work *work, const char *id, Tocsin__V1__CrossEscalation **out)
{
    uint8_t key[KEY_MAX];
    struct toc_str row;
    const Tocsin__V1__Issue *issue = work->issue;
    enum toc_err err = toc_get(work->turn->txn, TABLE_ESCALATION, key_of(key, issue, id), &row);
    if (err == TOC_OK)
        return toc_unpack(work->turn, cross_escalation, row, out);
    TOC_TRY(err);
    Tocsin__V1__CrossEscalation *blank = toc_arena_take(work->turn->arena, sizeof(*blank));
    if (blank == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__cross_escalation__init(blank);
    blank->id = toc_wire_text(id);
    blank->issue = issue->id;
    blank->partition = issue->partition;
    blank->number = issue->number;
    *out = blank;
    return TOC_OK;
}

static enum toc_err save(struct work *work, const Tocsin__V1__CrossEscalation *row)
{
    uint8_t key[KEY_MAX];
    struct toc_str bytes, at = key_of(key, work->issue, row->id);
    TOC_TRY(toc_wire_pack(work->turn->arena, row, &bytes));
    return toc_put(work->turn->txn, TABLE_ESCALATION, at, bytes);
}

/* --- steps ------------------------------------------------------------------------------------ */

enum input {
    INPUT_RAISED,
    INPUT_ACCEPTED,
    INPUT_RETURNED,
    INPUT_ANSWERED,
    INPUT_TOLD,
    INPUT_COUNT
};

typedef void transition(struct step *step);

static void refuse(struct step *step)
{
    step->wrong = step->row->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_UNSPECIFIED
                      ? "there is no such escalation"
                      : "the escalation is not at that step";
}

static void enter(struct step *step, Tocsin__V1__EscalationState state, const char *owner)
{
    step->row->state = state;
    step->row->owner = toc_wire_text(owner);
    step->row->changed_ms = step->work->at_ms;
}

static void ask(struct step *step)
{
    Tocsin__V1__CrossEscalation *row = step->row;
    if (row->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_UNSPECIFIED) {
        row->raised_ms = step->work->at_ms;
        step->work->issue->escalations++;
    }
    row->team = step->said->team;
    row->raised_by = toc_wire_text(step->by);
    row->reason = step->said->reason;
    enter(step, TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED, row->team);
}

static void take(struct step *step)
{
    enter(step, TOCSIN__V1__ESCALATION_STATE__ESCALATION_ACCEPTED, step->by);
}

static void give_back(struct step *step)
{
    step->row->returned++;
    work_set_text(&step->row->reason, step->said->reason);
    enter(step, TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED, step->row->raised_by);
}

static void answer(struct step *step)
{
    work_set_text(&step->row->reason, step->said->reason);
    enter(step, TOCSIN__V1__ESCALATION_STATE__ESCALATION_ANSWERED, step->row->raised_by);
}

static void tell(struct step *step)
{
    TOC_ASSERT(step->work->issue->escalations > 0);
    step->work->issue->escalations--;
    enter(step, TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD, "");
}

#define STATES (TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD + 1)

static transition *const table[STATES][INPUT_COUNT] = {
    [0] = {ask, refuse, refuse, refuse, refuse},
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED] = {refuse, take, give_back, refuse, refuse},
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_ACCEPTED] = {refuse, take, give_back, answer, refuse},
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED] = {ask, refuse, refuse, answer, refuse},
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_ANSWERED] = {refuse, refuse, refuse, refuse, tell},
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD] = {refuse, refuse, refuse, refuse, refuse},
};

static bool input_of(const char *type, enum input *out)
{
    static const char *const types[INPUT_COUNT] = {
        [INPUT_RAISED] = "tocsin.escalation.raised",
        [INPUT_ACCEPTED] = "tocsin.escalation.accepted",
        [INPUT_RETURNED] = "tocsin.escalation.returned",
        [INPUT_ANSWERED] = "tocsin.escalation.answered",
        [INPUT_TOLD] = "tocsin.escalation.told",
    };
    for (unsigned i = 0; i < INPUT_COUNT; i++)
        if (strcmp(types[i], type) == 0) {
            *out = (enum input)i;
            return true;
        }
    return false;
}

/* --- events ----------------------------------------------------------------------------------- */

static enum toc_err knows_team(struct work *work, const char *team, bool *out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    *out = err == TOC_OK && toc_policy_team(policy, toc_str_of(team)) != NULL;
    return err < 0 ? err : TOC_OK;
}

/* Whoever took the id of a rule's escalation beforehand would keep the rule from asking. */
static bool is_a_rules(const Tocsin__V1__CrossEscalation *row)
{
    return row->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_UNSPECIFIED &&
           toc_str_starts(toc_str_of(row->id), TOC_STR(WORK_RULE));
}

/* What has to hold before another team is asked; `*out` is false after a refusal. */
static enum toc_err may_raise(struct work *work, const Tocsin__V1__Escalation *said,
                              Tocsin__V1__IssueChange *change, bool *out)
{
    *out = work->issue->state != TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
    if (!*out)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, "the issue is closed");
    TOC_TRY(knows_team(work, said->team, out));
    if (!*out)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "the policy knows no such team");
    *out = work->issue->escalations < ROUTER_ESCALATIONS_MAX;
    if (!*out)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                           "the issue has as many open escalations as it may have");
    return fact_allow_escalation(work, change, out);
}

static void describe(struct step *step, Tocsin__V1__IssueChange *change)
{
    change->what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION;
    change->escalation = step->row;
    change->by = toc_wire_text(step->by);
}

static enum toc_err finish(struct step *step, Tocsin__V1__IssueChange *change)
{
    TOC_TRY(work_emit(step->work, change));
    return save(step->work, step->row);
}

enum toc_err escalation_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__Escalation *said = work->event->escalation;
    struct step step = {.work = work, .said = said, .wrong = NULL};
    enum input input;
    bool allowed = true;
    size_t size = strlen(said->escalation);
    if (!input_of(work->event->type, &input) || size == 0 || size > TOC_ESCALATION_ID_MAX)
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    step.by = said->owner[0] != '\0' ? said->owner : work->event->source;
    TOC_TRY(load(work, said->escalation, &step.row));
    if ((unsigned)step.row->state >= STATES)
        return TOC_ERR_DAMAGED;
    transition *move = table[step.row->state][input];
    if (move == ask && is_a_rules(step.row))
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "an id that begins with 'rule:' is for the policy's rules");
    if (move == ask)
        TOC_TRY(may_raise(work, said, &change, &allowed));
    if (!allowed)
        return TOC_OK;
    move(&step);
    if (step.wrong != NULL)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, step.wrong);
    describe(&step, &change);
    if (!work_make_room(work, &change))
        return work_refuse_growth(work);
    return finish(&step, &change);
}

enum toc_err escalation_raise_by_rule(struct work *work, const struct toc_triage_rule *rule)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Escalation said = TOCSIN__V1__ESCALATION__INIT;
    char *id = work_rule_text(work, rule->name);
    struct step step = {.work = work, .said = &said, .by = id};
    if (id == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(load(work, id, &step.row));
    if (step.row->state != TOCSIN__V1__ESCALATION_STATE__ESCALATION_UNSPECIFIED)
        return TOC_OK;
    said.team = toc_wire_text(rule->team->name);
    ask(&step);
    describe(&step, &change);
    return finish(&step, &change);
}
