/*
 * The notifier's step: which alerts a record opens or ends, what people do about them, what time
 * and outcomes do.
 *
 *   core.c       records, time              open.c       the policy's alert rules
 *   act.c        what people do             said.c       what came of it, for the door
 *   escalate.c   paths and their steps      page.c       one page, from its plan to its end
 *   target.c     whom a step means          override.c   who stands in for whom on call
 *   person.c     people and their methods   method.c     by which of them a page goes
 *   breaker.c    which providers are down   mirror.c     what one that keeps incidents is told
 *   verify.c     codes that people say      code.c       how they are made, also for the sender
 *   reach.c      runs of test pages         probe.c      one that asks whether it came
 *   receipt.c    what is said of pages later
 *   mute.c       silences and maintenance in force       silence.c   their beginning and end
 *   quiet.c      quiet hours                watch.c      alerts about the suite itself
 *   group.c      alerts that come together  group_act.c  what people do about all of a group
 *   flap.c       causes that go and come    storm.c      many pages become few
 *   alert.c      rows and records           fit.c        records of long names
 *   delivery.c   what a page is called      deadline.c   when issues are due
 *   ask.c        questions
 *
 *   send/        the sender of the real process: contacts, what each kind of method is sent
 *   door/        its HTTP port: links in pages, and tools
 */
#include "services/notifier/act.h"
#include "services/notifier/ask.h"
#include "services/notifier/deadline.h"
#include "services/notifier/escalate.h"
#include "services/notifier/flap.h"
#include "services/notifier/group_act.h"
#include "services/notifier/open.h"
#include "services/notifier/override.h"
#include "services/notifier/person.h"
#include "services/notifier/quiet.h"
#include "services/notifier/reach.h"
#include "services/notifier/receipt.h"
#include "services/notifier/silence.h"
#include "services/notifier/storm.h"
#include "services/notifier/verify.h"
#include "services/notifier/watch.h"

#include "common/plant.h"

static const char *const tables[] = {
    "alert",      "alert_id",    "alert_issue", "page",      "alert_due", "outbox",
    "page_due",   "contact",     "provider",    "code",      "override",  "turn",
    "said",       "mute",        "mute_due",    "mute_held", "quiet",     "quiet_due",
    "quiet_kept", "reach",       "reach_due",   "probe",     "mirror",    "watch",
    "watch_due",  "group",       "group_alert", "group_act", "group_due", "window",
    "bundle",     "bundle_page", "bundle_due",  "deadline",  "group_wait"};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == NOTIFIER_TABLE_END - TOC_TABLE_OWN,
               "one name per table");

/* --- ending ------------------------------------------------------------------------------- */

/* Which alerts of an issue end. */
struct ending {
    const char *reason;
    const Tocsin__V1__Clock *clock; /* about that one; NULL: about any, or none */
    bool waits;                     /* about its wait */
    bool unconfirmed;               /* about what nobody could tell then */
    bool may_return;                /* what causes them is gone, and may come back */
};

static bool is_meant(const struct ending *ending, const Tocsin__V1__Alert *alert)
{
    const Tocsin__V1__Clock *clock = ending->clock;
    if (clock != NULL &&
        (strcmp(alert->metric, clock->metric) != 0 || strcmp(alert->scope, clock->scope) != 0))
        return false;
    if (ending->unconfirmed && !alert->unconfirmed)
        return false;
    return !ending->waits || alert->waits[0] != '\0';
}

static enum toc_err end_alerts(struct toc_turn *turn, uint32_t partition, uint32_t issue_number,
                               const struct ending *ending)
{
    uint64_t number = 0;
    enum toc_err err;
    while ((err = alert_of_issue(turn->txn, partition, issue_number, number, &number)) == TOC_OK) {
        Tocsin__V1__Alert *alert;
        size_t mark = toc_arena_mark(turn->arena); /* an issue may have had many */
        err = alert_load(turn->txn, turn->arena, number, &alert);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        bool ends = alert_is_live(alert) && is_meant(ending, alert), held = false;
        if (ends && ending->may_return)
            TOC_TRY(flap_begin(turn, alert, ending->reason, &held));
        if (ends && !held)
            TOC_TRY(escalate_end(
                turn, alert,
                &(struct escalate_end){.state = TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED,
                                       .type = TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED,
                                       .reason = ending->reason}));
        toc_arena_reset(turn->arena, mark);
        number++;
    }
    return err < 0 ? err : TOC_OK;
}

/* --- records ------------------------------------------------------------------------------ */

static enum toc_err end_unconfirmed(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                    const Tocsin__V1__ClockChange *change, const char *reason)
{
    const struct ending ending = {.reason = reason, .clock = change->clock, .unconfirmed = true};
    return end_alerts(turn, record->partition, change->number, &ending);
}

static enum toc_err on_clock(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__ClockChange *change;
    TOC_TRY(toc_unpack(turn, clock_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    if (change->clock == NULL || record->issue.len != TOC_ID)
        return TOC_ERR_MALFORMED;
    struct ending ending = {.clock = change->clock, .may_return = true};
    switch ((int)change->what) {
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED:
        TOC_TRY(end_unconfirmed(turn, record, change, "it is breached for certain"));
        return open_for_clock(turn, record, change);
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED:
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED:
        return open_for_clock(turn, record, change);
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED:
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__RESUMED:
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED:
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED:
        return change->clock->unconfirmed
                   ? TOC_OK
                   : end_unconfirmed(turn, record, change, "it was not overdue");
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__MET:
        ending.reason = "the clock stopped";
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED:
        ending.reason = "the clock was cancelled";
        break;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED:
        ending.reason = "the breach was taken back";
        break;
    default:
        return TOC_OK;
    }
    return end_alerts(turn, record->partition, change->number, &ending);
}

static bool is_over(Tocsin__V1__IssueState state)
{
    return state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

/*
 * Whether a change is of a kind that opens and ends no alert, as most of a history is: that stands
 * at its front and costs no unpacking.
 */
static bool is_of_no_concern(struct toc_str body)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field what;
    if (toc_wire_next(&reader, &what) != TOC_OK || what.number != 1 || what.wire_type != 0)
        return false;
    return what.value == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED ||
           what.value == TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE ||
           what.value == TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
}

static enum toc_err on_change(struct toc_turn *turn, const Tocsin__V1__Record *record,
                              const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    struct ending ending = {.reason = "the wait is over", .waits = true, .may_return = true};
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT:
        if (!is_over(issue->state) && !change->moves) /* else once it is where it goes */
            TOC_TRY(open_for_issue(turn, record, issue));
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING:
        if (issue->waiting)
            TOC_TRY(open_for_wait(turn, record, change));
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED:
        ending = (struct ending){.reason = "the issue was merged"};
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS:
        if (is_over(issue->state))
            ending = (struct ending){.reason = "the issue is solved"};
        break;
    default:
        break;
    }
    if (ending.waits && (!change->waited || TOC_PLANTED(TOC_PLANT_WAIT_KEPT)))
        return TOC_OK;
    return end_alerts(turn, issue->partition, issue->number, &ending);
}

static enum toc_err on_history(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueChange *change;
    if (is_of_no_concern(toc_wire_bytes(&record->body)))
        return TOC_OK;
    TOC_TRY(toc_unpack(turn, issue_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    if (change->issue == NULL || record->issue.len != TOC_ID)
        return TOC_ERR_MALFORMED;
    return on_change(turn, record, change);
}

/* Who does something about alerts, pages or methods; NULL: it is about none of these. Overrides
 * have records of their own for what is refused. */
static const char *actor_of(const Tocsin__V1__Event *event)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ALERT:
        return event->alert->by;
    case TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED:
        return event->contact_verified->by;
    case TOCSIN__V1__EVENT__BODY_SILENCE:
        return event->silence->by;
    case TOCSIN__V1__EVENT__BODY_MAINTENANCE:
        return event->maintenance->by;
    case TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT:
        return event->page_receipt->by;
    case TOCSIN__V1__EVENT__BODY_REACH:
        return event->reach->by;
    default:
        return NULL;
    }
}

/* A test opens no alert and pages nobody, so whatever it is about is none. */
static enum toc_err refuse_test(struct toc_turn *turn, const Tocsin__V1__Event *event,
                                const char *by)
{
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, NULL, NULL,
                     by[0] != '\0' ? by : event->source,
                     "a test changes nothing that is not a test");
}

static enum toc_err on_event(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Event *event;
    TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&record->body), &event));
    const char *by = actor_of(event);
    if (event->test && by != NULL)
        return refuse_test(turn, event, by);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ALERT)
        return act_event(turn, record, event);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED)
        return verify_event(turn, event);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE)
        return override_event(turn, event);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_SILENCE ||
        event->body_case == TOCSIN__V1__EVENT__BODY_MAINTENANCE)
        return silence_event(turn, event);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT)
        return receipt_event(turn, event);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_REACH)
        return reach_event(turn, event, record->at_ms);
    return TOC_OK; /* control records reach us through the router */
}

static enum toc_err keep_policy(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    enum toc_err err = toc_turn_keep_policy(turn, record->type, toc_wire_bytes(&record->body),
                                            record->at_ms, false);
    if (err != TOC_OK || record->type != TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(reach_policy(turn));
    return watch_policy(turn);
}

static enum toc_err on_record(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED:
        return on_event(turn, record);
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        return on_history(turn, record);
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED:
        return on_clock(turn, record);
    case TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED:
        return deadline_told(turn, record);
    case TOCSIN__V1__RECORD_TYPE__POLICY_PART:
    case TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED:
        return keep_policy(turn, record);
    default:
        return TOC_OK;
    }
}

/* --- time and the shell's word
 * -------------------------------------------------------------------- */

/* What time does next: something of a silence, an alert's step ends, or a page's instant comes. */
struct due {
    toc_time_ms at_ms; /* NEVER: nothing */
    enum {
        DUE_MUTE,
        DUE_ALERT,
        DUE_PAGE,
        DUE_QUIET,
        DUE_REACH,
        DUE_WATCH,
        DUE_GROUP,
        DUE_BUNDLE
    } what;
    uint64_t alert_number;
    uint32_t index;
};

/* At one instant answers to groups come first; then silences end, then steps: their pages are over
 * with them. */
static enum toc_err first_due(struct toc_txn *txn, struct due *out)
{
    struct due due = {.at_ms = TOC_TIME_NEVER}, alert = {.at_ms = TOC_TIME_NEVER};
    struct notifier_due page = {.at_ms = TOC_TIME_NEVER};
    toc_time_ms quiet_ms = TOC_TIME_NEVER, reach_ms = TOC_TIME_NEVER, watch_ms = TOC_TIME_NEVER,
                group_ms = TOC_TIME_NEVER, bundle_ms = TOC_TIME_NEVER;
    TOC_TRY(mute_first_due(txn, &due.at_ms, NULL));
    TOC_TRY(index_first(txn, TABLE_ALERT_DUE, &alert.at_ms, &alert.alert_number));
    TOC_TRY(page_first_due(txn, &page));
    TOC_TRY(quiet_first_due(txn, &quiet_ms));
    TOC_TRY(reach_first_due(txn, &reach_ms));
    TOC_TRY(watch_first_due(txn, &watch_ms));
    TOC_TRY(group_act_first_due(txn, &group_ms));
    TOC_TRY(storm_first_due(txn, &bundle_ms));
    if (alert.at_ms < due.at_ms)
        due = (struct due){alert.at_ms, DUE_ALERT, alert.alert_number, 0};
    if (page.at_ms < due.at_ms)
        due = (struct due){page.at_ms, DUE_PAGE, page.alert_number, page.index};
    if (quiet_ms < due.at_ms)
        due = (struct due){quiet_ms, DUE_QUIET, 0, 0};
    if (reach_ms < due.at_ms)
        due = (struct due){reach_ms, DUE_REACH, 0, 0};
    if (watch_ms < due.at_ms)
        due = (struct due){watch_ms, DUE_WATCH, 0, 0};
    if (bundle_ms < due.at_ms)
        due = (struct due){bundle_ms, DUE_BUNDLE, 0, 0};
    if (group_ms <= due.at_ms && group_ms != TOC_TIME_NEVER)
        due = (struct due){group_ms, DUE_GROUP, 0, 0};
    *out = due;
    return TOC_OK;
}

static enum toc_err fire(struct toc_turn *turn, const struct due *due)
{
    Tocsin__V1__Alert *alert;
    if (due->what == DUE_MUTE)
        return silence_due(turn);
    if (due->what == DUE_QUIET)
        return quiet_due(turn);
    if (due->what == DUE_REACH)
        return reach_due(turn);
    if (due->what == DUE_WATCH)
        return watch_due(turn);
    if (due->what == DUE_BUNDLE)
        return storm_due(turn);
    if (due->what == DUE_GROUP)
        return group_act_due(turn);
    if (due->what == DUE_PAGE)
        return escalate_page_due(turn, due->alert_number, due->index);
    enum toc_err err = alert_load(turn->txn, turn->arena, due->alert_number, &alert);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return escalate_due(turn, alert);
}

static enum toc_err on_time(struct toc_turn *turn, toc_time_ms now_ms)
{
    const struct notifier_config *self = turn->self;
    unsigned most = self->dues_per_step != 0 ? self->dues_per_step : NOTIFIER_DUES_PER_STEP;
    for (unsigned i = 0; i < most; i++) {
        struct due due;
        TOC_TRY(first_due(turn->txn, &due));
        if (due.at_ms >= now_ms)
            return TOC_OK;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(fire(turn, &due));
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

static enum toc_err on_word(struct toc_turn *turn, struct toc_str bytes)
{
    Tocsin__V1__SenderWord *word;
    TOC_TRY(toc_unpack(turn, sender_word, bytes, &word));
    if (word->page != NULL)
        return escalate_outcome(turn, word->page);
    return word->contact != NULL ? person_told(turn, word->contact) : TOC_ERR_MALFORMED;
}

static enum toc_err notifier_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_RECORD:
        return on_record(turn, ev->record);
    case TOC_EVENT_TIME:
        return on_time(turn, ev->at_ms);
    case TOC_EVENT_OUTCOME:
        return on_word(turn, ev->bytes);
    case TOC_EVENT_UPSTREAM:
        return watch_upstream(turn, ev);
    case TOC_EVENT_BEHIND:
    case TOC_EVENT_SUBMIT:
        break;
    }
    TOC_BUG("an event that the notifier never gets");
}

static enum toc_err notifier_open(void *self, const void *config, struct toc_turn *turn)
{
    (void)turn;
    if (config != NULL)
        memcpy(self, config, sizeof(struct notifier_config));
    return TOC_OK;
}

const struct toc_service notifier_service = {
    .name = "notifier",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .upstream_classes = TOC_CLASS_ALERT | TOC_CLASS_CLOCK | TOC_CLASS_HISTORY | TOC_CLASS_CONTROL,
    .sees_upstreams = true,
    .misses = watch_misses,
    .time_source = TOC_TIME_OF_OWN_CLOCK,
    .self_bytes = sizeof(struct notifier_config),
    .open = notifier_open,
    .step = notifier_step,
    .next_due = next_due,
    .ask = notifier_ask,
    .last_seq_of = notifier_last_seq,
};
