#include "common/turn.h"

#include "common/run_internal.h"

/* The record gets its number, and lies nowhere but with whoever takes it. */
static enum toc_err append_to_sink(struct toc_turn *turn, Tocsin__V1__Record *record)
{
    struct toc_journal *journal = turn->journal;
    record->seq = ++journal->last_seq;
    journal->last_at_ms = record->at_ms;
    journal->last_log_ms = record->log_ms;
    return turn->run->config->sink(turn->run->config->sink_arg, record);
}

static enum toc_err append(struct toc_turn *turn, Tocsin__V1__Record *record)
{
    if (turn->run->config->sink != NULL)
        return append_to_sink(turn, record);
    return toc_journal_append(turn->journal, turn->txn, turn->arena, record);
}

enum toc_err toc_emit(struct toc_turn *turn, const struct toc_out *out, uint64_t *out_seq)
{
    struct toc_str body = out->body;
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    size_t mark = toc_arena_mark(turn->arena);
    if (out->message != NULL)
        TOC_TRY(toc_wire_pack(turn->arena, out->message, &body));
    record.partition = out->partition;
    record.class_ = out->class_bit;
    record.type = out->type;
    record.at_ms = out->at_ms;
    record.log_ms = turn->log_ms;
    record.cause_log = turn->cause_log;
    record.cause_seq = turn->cause_seq;
    record.cause_index = turn->cause_index;
    record.issue = toc_wire_binary(toc_str(out->issue, out->issue ? TOC_ID : 0));
    record.prev_seq = out->prev_seq;
    record.policy = out->policy;
    record.test = out->test;
    record.held_seq = out->held_seq;
    record.held_ms = out->held_ms;
    record.body = toc_wire_binary(body);
    TOC_TRY(append(turn, &record));
    toc_arena_reset(turn->arena, mark);
    turn->cause_index++;
    if ((out->class_bit & turn->run->service->leader_classes) != 0)
        turn->run->told_seq = record.seq;
    if (out_seq != NULL)
        *out_seq = record.seq;
    return TOC_OK;
}

void toc_emit_because(struct toc_turn *turn, uint64_t seq)
{
    turn->cause_log = turn->journal->log_id;
    turn->cause_seq = seq;
    turn->cause_index = 0;
}

enum toc_err toc_turn_policy(struct toc_turn *turn, uint32_t version, const struct toc_policy **out)
{
    return toc_policy_cached(&turn->run->policies, turn->txn, version, out);
}

enum toc_err toc_turn_keep_policy(struct toc_turn *turn, Tocsin__V1__RecordType type,
                                  struct toc_str body, toc_time_ms at_ms, bool forward)
{
    if (type == TOCSIN__V1__RECORD_TYPE__POLICY_PART) {
        Tocsin__V1__PolicyPart *part;
        TOC_TRY(toc_unpack(turn, policy_part, body, &part));
        if (part->hash.len != TOC_SHA256)
            return TOC_ERR_DAMAGED;
        TOC_TRY(toc_policy_keep_part(turn->txn, part));
    } else {
        Tocsin__V1__PolicyApplied *applied;
        TOC_TRY(toc_unpack(turn, policy_applied, body, &applied));
        if (applied->hash.len != TOC_SHA256)
            return TOC_ERR_DAMAGED;
        enum toc_err err = toc_policy_keep_applied(turn->txn, applied);
        if (err != TOC_OK)
            return err; /* told before, and passed on then */
    }
    if (!forward)
        return TOC_OK;
    struct toc_out out = {.type = type,
                          .class_bit = TOC_CLASS_CONTROL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = at_ms,
                          .body = body};
    return toc_emit(turn, &out, NULL);
}
