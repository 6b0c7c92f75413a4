#include "common/answer.h"
#include "common/plant.h"
#include "common/policy/store.h"
#include "services/intake/core_impl.h"
#include "services/intake/erasure.h"
#include "services/intake/hold.h"
#include "services/intake/reason.h"
#include "services/intake/repeat.h"
#include "services/intake/thread.h"
#include "services/intake/token.h"

static const char *const tables[] = {"dedupe", "tokens",  "holds",   "erasures",
                                     "held",   "held_by", "threads", "erasing"};

/* --- opening: the index's part in memory comes from the log's tail ------------------------ */

static enum toc_err replay_record(struct intake *intake, struct toc_arena *arena,
                                  const struct toc_journal_entry *entry)
{
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__record__descriptor, entry->record, &record));
    if (record->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED &&
        record->type != TOCSIN__V1__RECORD_TYPE__EVENT_HELD)
        return TOC_OK;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&record->body),
                            &event));
    uint64_t fingerprint = toc_fingerprint(intake->config->issue_key, toc_str_of(event->source),
                                           toc_str_of(event->id));
    return dedupe_replay(intake->dedupe, fingerprint, record->seq, record->at_ms);
}

static enum toc_err replay_tail(struct intake *intake, struct toc_turn *turn)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    uint64_t from = dedupe_indexed_through(intake->dedupe) + 1;
    enum toc_err err;
    TOC_TRY(toc_journal_scan(turn->txn, from, &scan));
    while ((err = toc_journal_next(scan, &entry)) == TOC_OK) {
        size_t mark = toc_arena_mark(turn->arena);
        err = replay_record(intake, turn->arena, &entry);
        toc_arena_reset(turn->arena, mark);
        if (err < 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err intake_open(void *self, const void *config, struct toc_turn *turn)
{
    struct intake *intake = self;
    intake->config = config;
    const struct dedupe_config dedupe = {.table = INTAKE_TABLE_DEDUPE,
                                         .meta_table = TOC_TABLE_META,
                                         .memory_entries = intake->config->memory_entries,
                                         .window_ms = intake->config->window_ms};
    TOC_TRY(quarantine_open(&intake->quarantine, turn));
    TOC_TRY(dedupe_open(&dedupe, turn->txn, &intake->dedupe));
    if (TOC_PLANTED(TOC_PLANT_FORGET_MEMORY))
        return TOC_OK;
    return replay_tail(intake, turn);
}

static void intake_close(void *self)
{
    struct intake *intake = self;
    dedupe_free(intake->dedupe);
    intake->dedupe = NULL;
}

/* A repeat is compared with the record itself, so the log keeps what the index still knows. */
static uint64_t needs_from(const void *self)
{
    const struct intake *intake = self;
    return dedupe_needs_from(intake->dedupe);
}

/* --- one submission ----------------------------------------------------------------------- */

/* (source, subject) names one issue for ever; without a subject the event's own id serves. */
static void name_issue(const struct intake *intake, struct submission *sub)
{
    const Tocsin__V1__Event *event = sub->valid.event;
    if (event->issue.len == TOC_ID) {
        memcpy(sub->issue, event->issue.data, TOC_ID);
        return;
    }
    const char *reference = event->subject[0] != '\0' ? event->subject : event->id;
    toc_issue_id(sub->issue, intake->config->issue_key, toc_str_of(event->source),
                 toc_str_of(reference));
}

/* The log's time, which in event time is only known once an event has brought one. */
static toc_time_ms floor_ms(const struct toc_turn *turn, const struct toc_event *ev)
{
    return turn->event_clock && ev->at_ms < INTAKE_EARLIEST_MS ? INTAKE_EARLIEST_MS : ev->at_ms;
}

/* In event time an event brings its own instant; time never goes back in a log. */
static bool stamp(struct toc_turn *turn, const struct toc_event *ev, struct submission *sub,
                  struct toc_receipt *receipt)
{
    toc_time_ms time_ms = sub->valid.event->time_ms, log_ms = floor_ms(turn, ev);
    bool advances = sub->valid.event->body_case == TOCSIN__V1__EVENT__BODY_CLOCK_ADVANCE;
    const char *wrong = NULL;
    if (advances)
        time_ms = sub->valid.event->clock_advance->to_ms;
    sub->at_ms = log_ms;
    if (!turn->event_clock || time_ms == 0)
        return true;
    if (time_ms < INTAKE_EARLIEST_MS)
        wrong = "time_ms: before the year 1970";
    else if (time_ms > INTAKE_LATEST_MS)
        wrong = "time_ms: after the year 2299";
    else if (log_ms > INTAKE_EARLIEST_MS && time_ms - log_ms > INTAKE_JUMP_MS)
        wrong = "time_ms: more than 400 days after the event before it";
    if (wrong != NULL) {
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TIME_JUMP, wrong);
        return false;
    }
    if (time_ms > log_ms)
        sub->at_ms = time_ms;
    else if (time_ms < log_ms && !advances)
        receipt->detail = "time_ms: before the log's time, which counts instead";
    return true;
}

/* A piece never changes: its policy may be in force already. */
static enum toc_err keep_part(struct toc_turn *turn, const Tocsin__V1__PolicyPart *part,
                              struct toc_receipt *receipt, bool *accepted)
{
    enum toc_err err = toc_policy_keep_part(turn->txn, part);
    *accepted = err != TOC_NONE;
    if (err == TOC_NONE)
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_POLICY,
                    "this piece of the policy is here already, with another text");
    return err < 0 ? err : TOC_OK;
}

/* A policy is compiled before it is accepted: nothing behind intake can be given a bad one. */
static enum toc_err keep_policy(struct toc_turn *turn, const struct submission *sub,
                                struct toc_receipt *receipt, bool *accepted)
{
    const Tocsin__V1__Event *event = sub->valid.event;
    uint32_t in_force, latest;
    *accepted = true;
    if (event->body_case == TOCSIN__V1__EVENT__BODY_POLICY_PART)
        return keep_part(turn, event->policy_part, receipt, accepted);
    if (event->body_case != TOCSIN__V1__EVENT__BODY_POLICY_APPLIED)
        return TOC_OK;
    const Tocsin__V1__PolicyApplied *applied = event->policy_applied;
    TOC_TRY(toc_policy_in_force(turn->txn, &in_force));
    TOC_TRY(toc_policy_latest(turn->txn, &latest));
    enum toc_err valid = toc_policy_is_valid(turn->txn, applied->hash.data, applied->size);
    TOC_TRY(valid);
    *accepted = false;
    if (applied->replaces != in_force || applied->version != latest + 1) {
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_POLICY,
                    "it replaces a version that is not the one in force");
        return TOC_OK;
    }
    if (valid == TOC_NONE) {
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_POLICY,
                    "its parts are not all here, or it does not pass `tocsin policy check`");
        return TOC_OK;
    }
    *accepted = true;
    return toc_policy_keep_applied(turn->txn, applied);
}

static enum toc_err keep_token(struct intake *intake, struct toc_turn *turn,
                               const struct submission *sub, struct toc_receipt *receipt,
                               bool *accepted)
{
    const char *why;
    enum toc_err err =
        token_keep(turn->txn, INTAKE_TABLE_TOKEN, turn->arena, sub->valid.event, sub->at_ms, &why);
    *accepted = err == TOC_OK;
    intake->tokens_kept += err == TOC_OK;
    if (err == TOC_NONE)
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE, why);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err keep_erasure(struct intake *intake, struct toc_turn *turn,
                                 const struct submission *sub, struct toc_receipt *receipt,
                                 bool *accepted)
{
    const Tocsin__V1__Event *event = sub->valid.event;
    const char *why;
    bool hold = event->body_case == TOCSIN__V1__EVENT__BODY_HOLD;
    enum toc_err err = hold ? hold_keep(turn, event, sub->at_ms, &why)
                            : erasure_begin(turn, event->subject_erased,
                                            turn->journal->last_seq + 1, sub->at_ms, &why);
    *accepted = err == TOC_OK;
    intake->erasures_kept += *accepted && !hold;
    intake->holds_kept += *accepted && hold;
    if (err == TOC_NONE)
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, why);
    return err < 0 ? err : TOC_OK;
}

/* What an event changes here, beside being in the log. */
static enum toc_err keep(struct intake *intake, struct toc_turn *turn, struct submission *sub,
                         struct toc_receipt *receipt, bool *accepted)
{
    switch ((int)sub->valid.event->body_case) {
    case TOCSIN__V1__EVENT__BODY_TOKEN:
        return keep_token(intake, turn, sub, receipt, accepted);
    case TOCSIN__V1__EVENT__BODY_HOLD:
    case TOCSIN__V1__EVENT__BODY_SUBJECT_ERASED:
        return keep_erasure(intake, turn, sub, receipt, accepted);
    case TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION:
        return held_find(intake, turn, sub, receipt, accepted);
    default:
        return keep_policy(turn, sub, receipt, accepted);
    }
}

static enum toc_err accept(struct intake *intake, struct toc_turn *turn,
                           const struct submission *sub, struct toc_receipt *receipt)
{
    bool of_issue = sub->valid.type->class_bit == TOC_CLASS_ISSUE;
    struct toc_out out = {
        .type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED,
        .class_bit = sub->valid.type->class_bit,
        .partition = of_issue ? toc_partition_of(sub->issue) : TOC_PARTITION_ALL,
        .at_ms = sub->at_ms,
        .issue = of_issue ? sub->issue : NULL,
        .test = sub->valid.event->test,
        .body = sub->bytes,
    };
    turn->log_ms = sub->at_ms;
    TOC_TRY(toc_emit(turn, &out, &receipt->seq));
    TOC_TRY(dedupe_add(intake->dedupe, turn->txn, sub->fingerprint, receipt->seq, sub->at_ms));
    TOC_TRY(thread_keep(turn->txn, sub->valid.event, sub->issue, sub->at_ms));
    receipt->status = TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    receipt->has_issue = of_issue;
    memcpy(receipt->issue, sub->issue, TOC_ID);
    return TOC_OK;
}

static char *cut(struct toc_turn *turn, const char *text)
{
    size_t size = strnlen(text, INTAKE_TEXT_MAX);
    /* Not in the middle of a UTF-8 sequence. */
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    char *copy = toc_arena_copy(turn->arena, toc_str(text, size));
    return copy != NULL ? copy : toc_wire_text("");
}

/* A refusal is recorded as well, unless room is kept for acknowledgements. */
static enum toc_err record_refusal(struct toc_turn *turn, const struct toc_event *ev,
                                   const struct submission *sub, const struct toc_receipt *receipt)
{
    Tocsin__V1__EventRefused refused = TOCSIN__V1__EVENT_REFUSED__INIT;
    const Tocsin__V1__Event *event = sub->valid.event;
    uint8_t hash[TOC_SHA256];
    if (turn->nearly_full)
        return TOC_OK;
    toc_sha256(hash, sub->bytes);
    refused.id = event != NULL ? cut(turn, event->id) : toc_wire_text("");
    refused.source = event != NULL ? cut(turn, event->source) : toc_wire_text("");
    refused.reason = receipt->reason;
    refused.field = cut(turn, receipt->detail);
    refused.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED,
                          .class_bit = TOC_CLASS_REFUSAL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = floor_ms(turn, ev),
                          .message = &refused};
    turn->log_ms = out.at_ms;
    return toc_emit(turn, &out, NULL);
}

/* Sets the receipt; writes only when the event is accepted. */
static enum toc_err judge(struct intake *intake, struct toc_turn *turn, const struct toc_event *ev,
                          struct submission *sub, struct toc_receipt *receipt)
{
    bool accepted, valid = intake_validate(turn, intake->config, ev, &sub->valid, receipt);
    if (ev->refused != NULL)
        core_refuse(receipt, ev->reason, ev->refused);
    if (ev->refused != NULL || !valid)
        return TOC_OK;
    sub->fingerprint =
        toc_fingerprint(intake->config->issue_key, toc_str_of(sub->valid.event->source),
                        toc_str_of(sub->valid.event->id));
    const struct repeat_of repeat = {sub->valid.event, sub->bytes, sub->fingerprint};
    enum toc_err err = repeat_find(intake->dedupe, &intake->quarantine, turn, &repeat, receipt);
    if (err != TOC_NONE)
        return err;
    if (turn->nearly_full && sub->valid.type->class_bit != TOC_CLASS_ALERT) {
        core_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_FULL,
                    "the store is nearly full: try again");
        return TOC_OK;
    }
    if (!stamp(turn, ev, sub, receipt) ||
        !intake_validate_time(sub->valid.event, sub->at_ms, receipt))
        return TOC_OK;
    TOC_TRY(keep(intake, turn, sub, receipt, &accepted));
    if (!accepted)
        return TOC_OK;
    name_issue(intake, sub);
    TOC_TRY(held_reason(intake, turn, sub));
    if (sub->reason != NULL)
        return held_keep(intake, turn, sub, receipt);
    TOC_TRY(accept(intake, turn, sub, receipt));
    return sub->valid.event->body_case == TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION
               ? held_carry_out(intake, turn, sub, receipt)
               : TOC_OK;
}

/* --- what the shell did ------------------------------------------------------------------- */

static enum toc_err record_erasure(struct toc_turn *turn, const Tocsin__V1__Erasure *told,
                                   struct toc_out *out)
{
    struct intake *intake = turn->self;
    Tocsin__V1__Erasure *erasure;
    uint64_t seq = turn->journal->last_seq + 1;
    enum toc_err err = told->again ? erasure_again(turn, told, seq, out->at_ms, &erasure)
                                   : erasure_move(turn, told, seq, out->at_ms, &erasure);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK; /* it was told before a crash */
    intake->erasures_kept++;
    out->type = TOCSIN__V1__RECORD_TYPE__ERASURE_MOVED;
    out->message = erasure;
    turn->log_ms = out->at_ms;
    return toc_emit(turn, out, NULL);
}

static enum toc_err on_outcome(struct toc_turn *turn, const struct toc_event *ev)
{
    Tocsin__V1__IntakeOutcome *outcome;
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__VAULT_RENEWED,
                          .class_bit = TOC_CLASS_CONTROL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = floor_ms(turn, ev)};
    TOC_TRY(toc_unpack(turn, intake_outcome, ev->bytes, &outcome));
    if (outcome->what_case == TOCSIN__V1__INTAKE_OUTCOME__WHAT_ERASURE)
        return record_erasure(turn, outcome->erasure, &out);
    TOC_ASSERT(outcome->what_case == TOCSIN__V1__INTAKE_OUTCOME__WHAT_RENEWED);
    out.message = outcome->renewed;
    turn->log_ms = out.at_ms;
    return toc_emit(turn, &out, NULL);
}

/* --- what the control intake says ---------------------------------------------------------- */

/* The policy, which counts here as it does there; nothing of it is repeated: whoever follows this
 * log follows that one, too. */
static enum toc_err on_record(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Event *event;
    enum toc_err err = TOC_OK;
    if (record->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED)
        return TOC_OK;
    TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&record->body), &event));
    if (event->body_case == TOCSIN__V1__EVENT__BODY_POLICY_PART)
        err = toc_policy_keep_part(turn->txn, event->policy_part);
    else if (event->body_case == TOCSIN__V1__EVENT__BODY_POLICY_APPLIED)
        err = toc_policy_keep_applied(turn->txn, event->policy_applied);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err intake_step(struct toc_turn *turn, const struct toc_event *ev)
{
    struct toc_event plain = *ev; /* without a reason, as it was published */
    struct submission sub = {.reason = NULL};
    if (ev->kind == TOC_EVENT_OUTCOME)
        return on_outcome(turn, ev);
    if (ev->kind == TOC_EVENT_RECORD)
        return on_record(turn, ev->record);
    TOC_ASSERT(ev->kind == TOC_EVENT_SUBMIT && turn->receipt != NULL);
    if (ev->admitted)
        TOC_TRY(reason_split(turn->arena, &plain.bytes, &sub.reason));
    sub.bytes = plain.bytes;
    TOC_TRY(judge(turn->self, turn, &plain, &sub, turn->receipt));
    if (turn->receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED)
        return record_refusal(turn, &plain, &sub, turn->receipt);
    return TOC_OK;
}

static enum toc_err answer_seal_key(const struct intake *intake, struct toc_arena *arena,
                                    Tocsin__V1__Answer *answer)
{
    const struct intake_config *config = intake->config;
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    return toc_answer_add(arena, toc_str(config->seal_key, sizeof(config->seal_key)), answer);
}

static enum toc_err intake_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    if (ask->what == TOCSIN__V1__ASK__WHAT__TOKENS)
        return token_ask(txn, INTAKE_TABLE_TOKEN, arena, ask, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__SEAL_KEY)
        return answer_seal_key(self, arena, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__QUARANTINE)
        return quarantine_ask(txn, arena, ask, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__ERASURES)
        return erasure_ask(txn, arena, ask, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__HOLDS)
        return hold_ask(txn, arena, ask, answer);
    answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED;
    answer->detail =
        toc_wire_text("intake answers status, policy, tokens, holds, erasures and quarantine");
    return TOC_OK;
}

static void intake_tell(const void *self, Tocsin__V1__Status *status)
{
    status->held = intake_held(self, &status->held_ms);
}

uint64_t intake_held(const void *self, toc_time_ms *out_since_ms)
{
    const struct intake *intake = self;
    *out_since_ms = intake->quarantine.oldest_ms;
    return intake->quarantine.count;
}

uint64_t intake_tokens_kept(const void *self)
{
    const struct intake *intake = self;
    return intake->tokens_kept;
}

uint64_t intake_erasures_kept(const void *self)
{
    const struct intake *intake = self;
    return intake->erasures_kept;
}

uint64_t intake_holds_kept(const void *self)
{
    const struct intake *intake = self;
    return intake->holds_kept;
}

const struct toc_service intake_service = {
    .name = "intake",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .upstream_classes = TOC_CLASS_CONTROL,
    .accepts_submissions = true,
    .time_source = TOC_TIME_OF_OWN_CLOCK,
    .self_bytes = sizeof(struct intake),
    .open = intake_open,
    .close = intake_close,
    .needs_from = needs_from,
    .step = intake_step,
    .ask = intake_ask,
    .tell = intake_tell,
};
