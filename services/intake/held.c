#include "services/intake/core_impl.h"
#include "services/intake/reason.h"
#include "services/intake/thread.h"

enum toc_err held_find(const struct intake *intake, struct toc_turn *turn, struct submission *sub,
                       struct toc_receipt *receipt, bool *accepted)
{
    const Tocsin__V1__QuarantineDecision *decision = sub->valid.event->quarantine_decision;
    uint64_t fingerprint =
        toc_fingerprint(intake->config->issue_key, toc_str_of(decision->event_source),
                        toc_str_of(decision->event_id));
    enum toc_err err = quarantine_scope_of(turn, decision, fingerprint, &sub->decided);
    *accepted = err == TOC_OK;
    if (err == TOC_NONE)
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                    decision->issue.len != 0 ? "issue: nothing of it is in the quarantine here"
                                             : "event_id: no such event is in the quarantine here");
    return err < 0 ? err : TOC_OK;
}

/* An exempt report does not wait for its issue, nor does the answer of somebody who works on it. */
static bool frees_issue(const struct intake *intake, const Tocsin__V1__Event *event)
{
    return exempt_is(&intake->config->exempt, event) ||
           (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE &&
            event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND &&
            !event->issue_message->auto_);
}

static bool is_quarantine_full(const struct intake *intake)
{
    return intake->quarantine.count >= intake->config->held_max;
}

/* Never refused: where there is no room for it, it comes in. */
static bool is_flood(const struct intake *intake, const char *reason)
{
    return reason != NULL && strcmp(reason, REASON_FLOOD) == 0 && !is_quarantine_full(intake);
}

enum toc_err held_reason(struct intake *intake, struct toc_turn *turn, struct submission *sub)
{
    const Tocsin__V1__Event *event = sub->valid.event;
    if (sub->valid.type->class_bit != TOC_CLASS_ISSUE)
        sub->reason = NULL;
    if (sub->valid.type->class_bit != TOC_CLASS_ISSUE ||
        (sub->reason == NULL && intake->quarantine.count == 0) || is_flood(intake, sub->reason))
        return TOC_OK;
    if (exempt_is(&intake->config->exempt, event))
        sub->reason = NULL;
    enum toc_err opening = quarantine_has_opening(turn, sub->issue);
    if (opening < 0 || (opening == TOC_NONE && sub->reason != NULL))
        return opening < 0 ? opening : TOC_OK;
    if (!frees_issue(intake, event)) {
        if (opening == TOC_OK && sub->reason == NULL && !is_quarantine_full(intake))
            sub->reason = QUARANTINE_ISSUE; /* else rather a stub than no way in */
        return TOC_OK;
    }
    sub->reason = NULL;
    turn->log_ms = sub->at_ms;
    return quarantine_free(&intake->quarantine, turn, intake->dedupe, sub->issue, sub->at_ms);
}

enum toc_err held_keep(struct intake *intake, struct toc_turn *turn, const struct submission *sub,
                       struct toc_receipt *receipt)
{
    const Tocsin__V1__Event *event = sub->valid.event;
    Tocsin__V1__HeldRow row = TOCSIN__V1__HELD_ROW__INIT;
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__EVENT_HELD,
                          .class_bit = TOC_CLASS_HELD,
                          .partition = toc_partition_of(sub->issue),
                          .at_ms = sub->at_ms,
                          .issue = sub->issue,
                          .test = event->test};
    if (is_quarantine_full(intake)) {
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_FULL,
                    "the quarantine is full: a person has to decide about what is there");
        return TOC_OK;
    }
    TOC_TRY(reason_join(turn->arena, sub->bytes, sub->reason, &out.body));
    turn->log_ms = sub->at_ms;
    TOC_TRY(toc_emit(turn, &out, &receipt->seq));
    TOC_TRY(dedupe_add(intake->dedupe, turn->txn, sub->fingerprint, receipt->seq, sub->at_ms));
    TOC_TRY(thread_keep(turn->txn, event, sub->issue, sub->at_ms));
    row.seq = receipt->seq;
    row.at_ms = sub->at_ms;
    row.reason = toc_wire_text(sub->reason);
    row.issue = toc_wire_binary(toc_str(sub->issue, TOC_ID));
    row.event = toc_wire_binary(sub->bytes);
    row.fingerprint = sub->fingerprint;
    TOC_TRY(quarantine_add(&intake->quarantine, turn, &row,
                           event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED));
    receipt->status = TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    receipt->has_issue = true;
    memcpy(receipt->issue, sub->issue, TOC_ID);
    receipt->held = true;
    receipt->detail = "it is in the quarantine until a person releases it";
    return TOC_OK;
}

enum toc_err held_carry_out(struct intake *intake, struct toc_turn *turn,
                            const struct submission *sub, const struct toc_receipt *receipt)
{
    struct quarantine *quarantine = &intake->quarantine;
    if (strcmp(sub->valid.event->type, "tocsin.quarantine.rejected") == 0)
        return quarantine_throw_away(quarantine, turn, &sub->decided);
    toc_emit_because(turn, receipt->seq);
    return quarantine_let_in(quarantine, turn, intake->dedupe, &sub->decided, sub->at_ms);
}
