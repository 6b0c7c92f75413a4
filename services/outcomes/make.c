#include "services/outcomes/make.h"

#include "common/plant.h"

#define EARLY_KEY (ISSUE_KEY + 8)

/* --- writing ------------------------------------------------------------------------------ */

static enum toc_err emit(struct toc_turn *turn, const Tocsin__V1__Record *record,
                         Tocsin__V1__IssueOutcome *outcome)
{
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME,
                                .class_bit = TOC_CLASS_HISTORY,
                                .partition = record->partition,
                                .at_ms = record->at_ms,
                                .issue = record->issue.data,
                                .policy = record->policy,
                                .test = record->test,
                                .message = outcome};
    return toc_emit(turn, &out, NULL);
}

/* --- what the router says ----------------------------------------------------------------- */

static void describe(const Tocsin__V1__Issue *issue, Tocsin__V1__IssueOutcome *out)
{
    tocsin__v1__issue_outcome__init(out);
    out->source = issue->source;
    out->subject = issue->subject;
    out->state = issue->state;
    out->priority = issue->priority;
    out->risk = issue->risk;
    out->queue = issue->queue;
    out->tier = issue->tier;
    out->category = issue->category;
    out->tags = issue->tags;
    out->n_tags = issue->n_tags;
    out->line_of_business = issue->line_of_business;
    out->merged_into = issue->merged_into;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool same_tags(const Tocsin__V1__IssueOutcome *a, const Tocsin__V1__IssueOutcome *b)
{
    if (a->n_tags != b->n_tags)
        return false;
    for (size_t i = 0; i < a->n_tags; i++)
        if (!same(a->tags[i], b->tags[i]))
            return false;
    return true;
}

/* Where it is and what it is: one outcome, the one that says most. */
static Tocsin__V1__OutcomeType moved(const Tocsin__V1__IssueOutcome *was,
                                     const Tocsin__V1__IssueOutcome *now)
{
    bool is_somewhere = now->queue[0] != '\0';
    if (is_somewhere && now->tier > was->tier && was->queue[0] != '\0')
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ESCALATED;
    if (is_somewhere && (now->tier != was->tier || !same(now->queue, was->queue)))
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED;
    if (now->priority != was->priority || now->risk != was->risk ||
        !same(now->category, was->category) ||
        !same(now->line_of_business, was->line_of_business) || !same_tags(now, was))
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CLASSIFIED;
    return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED;
}

static bool is_over(Tocsin__V1__IssueState state)
{
    return state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

/* What is over already may be merged as well, which no state shows. */
static Tocsin__V1__OutcomeType turned(const Tocsin__V1__IssueOutcome *was,
                                      const Tocsin__V1__IssueOutcome *now)
{
    if (now->merged_into.len != 0 && was->merged_into.len == 0)
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_MERGED;
    if (now->state == was->state)
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED;
    if (now->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED)
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_SOLVED;
    if (now->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED)
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CLOSED;
    return is_over(was->state) ? TOCSIN__V1__OUTCOME_TYPE__OUTCOME_REOPENED
                               : TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED;
}

/* Of an opening only where it was sent counts: what it is came with it, or goes with that. */
static bool is_opening(const Tocsin__V1__IssueChange *change)
{
    return change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED ||
           same(change->event_type, "tocsin.issue.opened");
}

static enum toc_err say(struct toc_turn *turn, const Tocsin__V1__Record *record,
                        const Tocsin__V1__IssueChange *change, const Tocsin__V1__IssueOutcome *was,
                        Tocsin__V1__IssueOutcome *now)
{
    Tocsin__V1__OutcomeType first = moved(was, now), second = turned(was, now);
    if (first == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CLASSIFIED && is_opening(change))
        first = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED;
    now->rule = change->rule;
    now->reason = change->reason;
    now->type = first;
    if (first != TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED)
        TOC_TRY(emit(turn, record, now));
    now->type = second;
    if (second != TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED)
        TOC_TRY(emit(turn, record, now));
    return TOC_OK;
}

static enum toc_err clock_outcome(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                  const Tocsin__V1__ClockChange *change,
                                  Tocsin__V1__IssueOutcome *of_issue);

/* What sla said of the issue before the router did. */
static enum toc_err take_early(struct toc_turn *turn, const uint8_t issue[ISSUE_KEY],
                               const Tocsin__V1__IssueOutcome *of_issue)
{
    struct toc_str key, bytes;
    enum toc_err err;
    while ((err = toc_first_at_least(turn->txn, TABLE_EARLY, toc_str(issue, ISSUE_KEY), &key,
                                     &bytes)) == TOC_OK &&
           toc_str_starts(key, toc_str(issue, ISSUE_KEY))) {
        uint8_t at[EARLY_KEY];
        Tocsin__V1__IssueOutcome outcome = *of_issue;
        Tocsin__V1__Record *record;
        Tocsin__V1__ClockChange *change;
        size_t mark = toc_arena_mark(turn->arena);
        if (key.size != sizeof(at))
            return TOC_ERR_DAMAGED;
        memcpy(at, key.data, sizeof(at));
        TOC_TRY(toc_unpack(turn, record, bytes, &record));
        TOC_TRY(toc_unpack(turn, clock_change, toc_wire_bytes(&record->body), &change));
        TOC_TRY(clock_outcome(turn, record, change, &outcome));
        TOC_TRY(toc_del(turn->txn, TABLE_EARLY, toc_str(at, sizeof(at))));
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

/*
 * Whether a change is a message or a note, as most of a history is: those change nothing that is
 * told. That stands at its front and costs no unpacking.
 */
static bool is_of_no_concern(struct toc_str body)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field what;
    return toc_wire_next(&reader, &what) == TOC_OK && what.number == 1 && what.wire_type == 0 &&
           what.value == TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
}

enum toc_err make_of_issue(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueChange *change;
    Tocsin__V1__IssueOutcome now, none = TOCSIN__V1__ISSUE_OUTCOME__INIT, *was = &none;
    uint8_t key[ISSUE_KEY];
    struct toc_str there, packed;
    if (is_of_no_concern(toc_wire_bytes(&record->body)))
        return TOC_OK;
    TOC_TRY(toc_unpack(turn, issue_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    if (change->issue == NULL || record->issue.len != TOC_ID)
        return TOC_ERR_MALFORMED;
    describe(change->issue, &now);
    row_issue_key(key, change->issue->partition, change->issue->number);
    TOC_TRY(toc_wire_pack(turn->arena, &now, &packed));
    enum toc_err err = toc_get(turn->txn, TABLE_ISSUE, toc_str(key, sizeof(key)), &there);
    TOC_TRY(err);
    if (err == TOC_OK && toc_str_equal(there, packed))
        return TOC_OK;
    bool fresh = err == TOC_NONE;
    if (!fresh)
        TOC_TRY(toc_unpack(turn, issue_outcome, there, &was));
    TOC_TRY(toc_put(turn->txn, TABLE_ISSUE, toc_str(key, sizeof(key)), packed));
    TOC_TRY(say(turn, record, change, was, &now));
    return fresh ? take_early(turn, key, &now) : TOC_OK;
}

/* --- what sla says ------------------------------------------------------------------------ */

static Tocsin__V1__OutcomeType type_of(const Tocsin__V1__ClockChange *change)
{
    switch ((int)change->what) {
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_WARNED;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_BREACHED;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__MET:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_MET;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CORRECTED;
    default:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED;
    }
}

static enum toc_err clock_outcome(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                  const Tocsin__V1__ClockChange *change,
                                  Tocsin__V1__IssueOutcome *of_issue)
{
    of_issue->type = type_of(change);
    of_issue->state = change->state;
    of_issue->priority = change->priority;
    of_issue->risk = change->risk;
    of_issue->queue = change->queue;
    of_issue->tier = change->tier;
    of_issue->rule = change->sla;
    of_issue->reason = change->reason;
    of_issue->clock = change->clock->metric;
    of_issue->due_ms = change->due_ms != 0 ? change->due_ms : change->clock->due_ms;
    of_issue->late = change->clock->breached;
    of_issue->threshold_percent = change->threshold_percent;
    of_issue->merged_into = (ProtobufCBinaryData){0};
    return emit(turn, record, of_issue);
}

static enum toc_err keep_early(struct toc_turn *turn, const uint8_t issue[ISSUE_KEY],
                               const Tocsin__V1__Record *record)
{
    uint8_t key[EARLY_KEY];
    struct toc_str packed;
    memcpy(key, issue, ISSUE_KEY);
    toc_put_u64be(key + ISSUE_KEY, record->seq);
    TOC_TRY(toc_wire_pack(turn->arena, record, &packed));
    return toc_put(turn->txn, TABLE_EARLY, toc_str(key, sizeof(key)), packed);
}

enum toc_err make_of_clock(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__ClockChange *change;
    Tocsin__V1__IssueOutcome *of_issue;
    uint8_t key[ISSUE_KEY];
    struct toc_str there;
    TOC_TRY(toc_unpack(turn, clock_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    if (change->clock == NULL || record->issue.len != TOC_ID)
        return TOC_ERR_MALFORMED;
    if (type_of(change) == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED)
        return TOC_OK;
    row_issue_key(key, record->partition, change->number);
    enum toc_err err = toc_get(turn->txn, TABLE_ISSUE, toc_str(key, sizeof(key)), &there);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return TOC_PLANTED(TOC_PLANT_EARLY_LOST) ? TOC_OK : keep_early(turn, key, record);
    TOC_TRY(toc_unpack(turn, issue_outcome, there, &of_issue));
    return clock_outcome(turn, record, change, of_issue);
}

/* --- tests -------------------------------------------------------------------------------- */

enum toc_err make_test(struct toc_turn *turn, const char *subscription)
{
    Tocsin__V1__IssueOutcome outcome = TOCSIN__V1__ISSUE_OUTCOME__INIT;
    outcome.type = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST;
    outcome.source = toc_wire_text("tocsin:outcomes");
    outcome.subject = toc_wire_text("test");
    outcome.only = toc_wire_text(subscription);
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME,
                                .class_bit = TOC_CLASS_HISTORY,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .test = true,
                                .message = &outcome};
    return toc_emit(turn, &out, NULL);
}
