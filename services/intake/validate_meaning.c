#include "common/alert_match.h"
#include "services/intake/erasure.h"
#include "services/intake/hold.h"
#include "services/intake/subscription.h"
#include "services/intake/token.h"
#include "services/intake/validate_impl.h"

static bool is_id(const ProtobufCBinaryData *bytes)
{
    return bytes->len == TOC_ID;
}

static bool check_policy(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    if (event->body_case == TOCSIN__V1__EVENT__BODY_POLICY_PART) {
        const Tocsin__V1__PolicyPart *part = event->policy_part;
        if (part->hash.len != TOC_SHA256 || part->text.len == 0 || part->text.len > 1000)
            return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_POLICY,
                                   "a policy part has a 32-byte hash and 1 to 1000 bytes of text");
    } else if (event->policy_applied->hash.len != TOC_SHA256 ||
               event->policy_applied->version == 0) {
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_POLICY,
                               "an applied policy has a 32-byte hash and a version from 1");
    }
    return true;
}

static bool check_escalation(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    size_t size = strlen(event->escalation->escalation);
    if (size == 0)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD,
                               "escalation: an id, unique within the issue");
    if (size > TOC_ESCALATION_ID_MAX)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                               "escalation: an id of at most 59 bytes");
    return strcmp(event->type, "tocsin.escalation.raised") != 0 ||
           event->escalation->team[0] != '\0' ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD,
                           "team: which team of the policy is asked");
}

static bool check_opened(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__Appeal *appeal = event->issue_opened->appeal;
    const Tocsin__V1__RefuseReason bad = TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
    if (appeal == NULL)
        return true;
    if (appeal->issue.len != 0 && !is_id(&appeal->issue))
        return validate_refuse(receipt, bad, "appeal.issue: an issue id of 16 bytes");
    if (strlen(appeal->decision) > INTAKE_TEXT_MAX || strlen(appeal->decider) > INTAKE_TEXT_MAX)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                               "appeal: at most 200 bytes each");
    return appeal->decision[0] != '\0' || appeal->issue.len != 0 ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD,
                           "appeal: which decision, or in which issue it was made");
}

static bool check_status(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__IssueStatus *status = event->issue_status;
    if (status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD,
                               "state: new, open, pending, on_hold, solved or closed");
    return status->outcome[0] == '\0' || strcmp(status->outcome, "upheld") == 0 ||
           strcmp(status->outcome, "overturned") == 0 ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "outcome: upheld or overturned");
}

static bool check_due(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__IssueDueSet *due = event->issue_due_set;
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    if (due->metric[0] == '\0')
        return validate_refuse(receipt, missing, "metric: the clock that it is for");
    if (due->owner[0] == '\0')
        return validate_refuse(receipt, missing, "owner: who answers for it");
    if (due->due_ms < 0 || due->due_ms > INTAKE_LATEST_MS)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                               "due_ms: an instant from 1970 to 2299, or 0 to take it back");
    return (due->end_ms >= 0 && due->end_ms <= INTAKE_LATEST_MS) ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "end_ms: an instant from 1970 to 2299, or 0 for never");
}

static bool check_escalated(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    return event->issue_escalated->to_tier <= TOC_POLICY_TIERS ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "to_tier: 1 partner, 2 in-house, 3 expert; 0 leaves it");
}

/* No policy can name anybody whose id is longer, so nobody would ever notice. */
static bool check_presence(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    size_t size = strlen(event->agent_presence->agent);
    if (size == 0)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD,
                               "agent: who comes or goes");
    return size <= TOC_PERSON_ID_MAX ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                           "agent: an id of at most 64 bytes");
}

/* What the module that keeps it finds wrong: NULL, or a text that names the field. */
static bool check_kept(const char *wrong, struct toc_receipt *receipt)
{
    return wrong == NULL ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE, wrong);
}

static bool check_decision(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__QuarantineDecision *decision = event->quarantine_decision;
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    bool names_event = decision->event_source[0] != '\0' && decision->event_id[0] != '\0';
    if (decision->issue.len != 0 && !is_id(&decision->issue))
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                               "issue: an issue id of 16 bytes");
    if (decision->by[0] == '\0')
        return validate_refuse(receipt, missing, "by: who decides");
    if (strcmp(event->type, "tocsin.quarantine.rejected") == 0 && decision->reason[0] == '\0')
        return validate_refuse(receipt, missing, "reason: why it is thrown away");
    return names_event != (decision->issue.len != 0) ||
           validate_refuse(receipt, missing,
                           "event_source and event_id, or issue: what is decided about");
}

/* Nobody reads without saying who, and what for. */
static bool check_read(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    bool issue = event->content_read->issue.len > 0;
    if (issue == (event->content_read->pseudonym[0] != '\0') ||
        (issue && !is_id(&event->content_read->issue)))
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                               "issue: an issue id of 16 bytes, or else whose content: pseudonym");
    if (event->content_read->by[0] == '\0')
        return validate_refuse(receipt, missing, "by: who reads");
    return event->content_read->purpose[0] != '\0' ||
           validate_refuse(receipt, missing, "purpose: what it is read for");
}

static bool check_contact(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    const Tocsin__V1__ContactVerified *said = event->contact_verified;
    bool asked = strcmp(event->type, "tocsin.contact.asked") == 0;
    if (said->person[0] == '\0')
        return validate_refuse(receipt, missing, "person: whose contact method");
    if (said->method[0] == '\0')
        return validate_refuse(receipt, missing, "method: its name in the contacts file");
    if (said->by[0] == '\0')
        return validate_refuse(receipt, missing, "by: who says so");
    return asked == (said->code[0] == '\0') ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "code: what was received, to verify; nothing, to ask for one");
}

static bool check_reach(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    const Tocsin__V1__Reach *said = event->reach;
    bool asked = strcmp(event->type, "tocsin.reach.asked") == 0;
    if (said->by[0] == '\0')
        return validate_refuse(receipt, missing, "by: who says so");
    if (strlen(said->by) > TOC_PERSON_ID_MAX)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                               "by: too long");
    if (asked && said->reach[0] == '\0')
        return validate_refuse(receipt, missing, "reach: an id of the run of probes");
    if (asked && said->until_ms <= 0)
        return validate_refuse(receipt, missing,
                               "until_ms: when who has not answered counts as missed");
    return asked || said->answer[0] != '\0' || said->delivery[0] != '\0' ||
           validate_refuse(receipt, missing, "answer: the code of the page, or delivery: its id");
}

static bool check_action(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__AlertAction *action = event->alert;
    const Tocsin__V1__RefuseReason bad = TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    bool snoozed = strcmp(event->type, "tocsin.alert.snoozed") == 0;
    if (!is_id(&action->alert))
        return validate_refuse(receipt, bad, "alert: an alert id of 16 bytes");
    if (snoozed && action->until_ms == 0)
        return validate_refuse(receipt, missing, "until_ms: when the snooze ends");
    if (!snoozed && action->until_ms != 0)
        return validate_refuse(receipt, bad, "until_ms: only a snooze has an end");
    return action->note[0] != '\0' || strcmp(event->type, "tocsin.alert.noted") != 0 ||
           validate_refuse(receipt, missing, "note: a code or a reference");
}

#define OVERRIDE_NAME_MAX  64 /* bytes of its id, the schedule and the people, as in a policy */
#define OVERRIDE_LENGTH_MS (366 * TOC_DAY_MS)

static bool is_long(const char *name)
{
    return strlen(name) > OVERRIDE_NAME_MAX;
}

static bool check_override(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    const Tocsin__V1__ScheduleOverride *said = event->schedule_override;
    bool ended = strcmp(event->type, "tocsin.schedule.override_ended") == 0;
    if (said->schedule[0] == '\0' || said->override[0] == '\0')
        return validate_refuse(receipt, missing, "schedule, override: which schedule, and an id");
    if (said->by[0] == '\0')
        return validate_refuse(receipt, missing, "by: who says so");
    if (!ended && said->person[0] == '\0')
        return validate_refuse(receipt, missing, "person: who is on call");
    if (is_long(said->schedule) || is_long(said->override) || is_long(said->person) ||
        is_long(said->replaces) || is_long(said->by))
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                               "names and ids have at most 64 bytes");
    return ended ||
           (said->from_ms < said->until_ms && toc_calendar_has_instant(said->from_ms) &&
            toc_calendar_has_instant(said->until_ms) &&
            said->until_ms - said->from_ms <= OVERRIDE_LENGTH_MS) ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "from_ms, until_ms: the one before the other, within 366 days");
}

/* What is the same of a silence and of maintenance. */
struct mute {
    const char *id, *matcher, *owner, *reason, *by;
    toc_time_ms end_ms;
    bool begins, really;
};

/* What is wrong with its end or its matcher; NULL: nothing. */
static const char *wrong_with(const struct mute *mute)
{
    struct toc_alert_match match;
    const char *wrong = toc_alert_match_read(mute->matcher, &match);
    if (wrong != NULL)
        return wrong;
    if (toc_alert_match_has_critical(&match) && !mute->really)
        return TOC_MUTE_CRITICAL;
    return mute->end_ms > 0 ? NULL : "end_ms: when it ends";
}

static bool check_mute(const struct mute *mute, struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    if (mute->id[0] == '\0')
        return validate_refuse(receipt, missing, "silence, maintenance: an id");
    if (strlen(mute->id) > TOC_MUTE_ID_MAX || strlen(mute->owner) > TOC_PERSON_ID_MAX)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                               "an id has at most 40 bytes, an owner 64");
    if (mute->by[0] == '\0')
        return validate_refuse(receipt, missing, "by: who says so");
    if (!mute->begins)
        return true;
    if (mute->owner[0] == '\0')
        return validate_refuse(receipt, missing,
                               "owner: who answers for it, and is told before it ends");
    if (mute->reason[0] == '\0')
        return validate_refuse(receipt, missing, "reason: a code or a reference");
    return check_kept(wrong_with(mute), receipt);
}

static bool check_silence(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__Silence *said = event->silence;
    const struct mute mute = {.id = said->silence,
                              .matcher = said->matcher,
                              .owner = said->owner,
                              .reason = said->reason,
                              .by = said->by,
                              .end_ms = said->end_ms,
                              .begins = strcmp(event->type, "tocsin.silence.created") == 0,
                              .really = said->really};
    return check_mute(&mute, receipt);
}

static bool check_maintenance(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    const Tocsin__V1__Maintenance *said = event->maintenance;
    const struct mute mute = {.id = said->maintenance,
                              .matcher = said->scope,
                              .owner = said->owner,
                              .reason = said->reason,
                              .by = said->by,
                              .end_ms = said->end_ms,
                              .begins = strcmp(event->type, "tocsin.maintenance.started") == 0,
                              .really = said->really};
    return check_mute(&mute, receipt);
}

bool validate_meaning(struct toc_turn *turn, const Tocsin__V1__Event *event,
                      struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    const Tocsin__V1__RefuseReason bad = TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
        return event->issue_message->direction != TOCSIN__V1__DIRECTION__DIRECTION_UNSPECIFIED ||
               validate_refuse(receipt, missing, "direction: inbound, outbound or note");
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
        return check_opened(event, receipt);
    case TOCSIN__V1__EVENT__BODY_ISSUE_STATUS:
        return check_status(event, receipt);
    case TOCSIN__V1__EVENT__BODY_ISSUE_DUE_SET:
        return check_due(event, receipt);
    case TOCSIN__V1__EVENT__BODY_ISSUE_FACT:
        if (event->issue_fact->name[0] == '\0')
            return validate_refuse(receipt, missing, "name: what the fact is about");
        return event->issue_fact->confidence_percent <= 100 ||
               validate_refuse(receipt, bad, "confidence_percent: 0 to 100");
    case TOCSIN__V1__EVENT__BODY_ESCALATION:
        return check_escalation(event, receipt);
    case TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED:
        return check_escalated(event, receipt);
    case TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE:
        return check_presence(event, receipt);
    case TOCSIN__V1__EVENT__BODY_ISSUE_RATED:
        return (event->issue_rated->score >= 1 && event->issue_rated->score <= 5) ||
               validate_refuse(receipt, bad, "score: 1 to 5");
    case TOCSIN__V1__EVENT__BODY_ISSUE_MERGED:
        return is_id(&event->issue_merged->into) ||
               validate_refuse(receipt, bad, "into: an issue id of 16 bytes");
    case TOCSIN__V1__EVENT__BODY_ISSUE_LINKED:
        return is_id(&event->issue_linked->other) ||
               validate_refuse(receipt, bad, "other: an issue id of 16 bytes");
    case TOCSIN__V1__EVENT__BODY_CONTENT_READ:
        return check_read(event, receipt);
    case TOCSIN__V1__EVENT__BODY_ALERT:
        return check_action(event, receipt);
    case TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED:
        return check_contact(event, receipt);
    case TOCSIN__V1__EVENT__BODY_REACH:
        return check_reach(event, receipt);
    case TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE:
        return check_override(event, receipt);
    case TOCSIN__V1__EVENT__BODY_SILENCE:
        return check_silence(event, receipt);
    case TOCSIN__V1__EVENT__BODY_MAINTENANCE:
        return check_maintenance(event, receipt);
    case TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT:
        return event->page_receipt->delivery[0] != '\0' ||
               validate_refuse(receipt, missing, "delivery: the id of the page");
    case TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE:
        return turn->event_clock ||
               validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED,
                               "clock.advance needs --clock event");
    case TOCSIN__V1__EVENT__BODY_POLICY_PART:
    case TOCSIN__V1__EVENT__BODY_POLICY_APPLIED:
        return check_policy(event, receipt);
    case TOCSIN__V1__EVENT__BODY_TOKEN:
        return check_kept(token_check(event), receipt);
    case TOCSIN__V1__EVENT__BODY_HOLD:
        return check_kept(hold_check(event), receipt);
    case TOCSIN__V1__EVENT__BODY_SUBJECT_ERASED:
        return check_kept(erasure_check(event), receipt);
    case TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION:
        return check_decision(event, receipt);
    case TOCSIN__V1__EVENT__BODY_SUBSCRIPTION:
        return check_kept(subscription_check(event), receipt);
    default:
        return true;
    }
}
