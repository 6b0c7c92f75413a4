#include "common/run_internal.h"

/* Room for one packed outcome: fixed fields, an id and a detail cut to this. */
#define DETAIL_MAX  160
#define OUTCOME_MAX (9 * TOC_WIRE_FIELD_OVERHEAD + TOC_ID + DETAIL_MAX)

static uint8_t *put_outcome(uint8_t *out, uint64_t log_id, const struct toc_receipt *receipt,
                            uint32_t retry_ms)
{
    uint8_t body[OUTCOME_MAX], *end = body;
    struct toc_str detail = toc_str_of(receipt->detail);
    if (detail.size > DETAIL_MAX) {
        detail.size = DETAIL_MAX;
        while (detail.size > 0 && ((unsigned char)detail.data[detail.size] & 0xc0) == 0x80)
            detail.size--; /* not within a character */
    }
    end = toc_wire_put_varint(end, 1, receipt->status);
    end = toc_wire_put_fixed64(end, 2, log_id);
    if (receipt->seq != 0)
        end = toc_wire_put_varint(end, 3, receipt->seq);
    if (receipt->has_issue)
        end = toc_wire_put_bytes(end, 4, toc_str(receipt->issue, TOC_ID));
    if (receipt->reason != 0)
        end = toc_wire_put_varint(end, 5, receipt->reason);
    if (detail.size != 0)
        end = toc_wire_put_bytes(end, 6, detail);
    if (retry_ms != 0)
        end = toc_wire_put_varint(end, 7, retry_ms);
    if (receipt->held)
        end = toc_wire_put_varint(end, 8, 1);
    return toc_wire_put_bytes(out, 2, toc_str(body, (size_t)(end - body)));
}

/* What a receipt's outcomes may take for it to fit a frame. */
#define OUTCOMES_BYTES (TOC_FRAME_MAX - 3 * TOC_WIRE_FIELD_OVERHEAD)

/* Whether one more outcome fits the frame of a receipt that has `size` bytes of them. */
static bool has_room(size_t size)
{
    return size + OUTCOME_MAX + TOC_WIRE_FIELD_OVERHEAD <= OUTCOMES_BYTES;
}

static uint32_t retry_of(const struct toc_receipt *receipt)
{
    return receipt->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_FULL ? TOC_RETRY_HINT_MS : 0;
}

/* While the store is full nothing is stepped; of what was admitted the gate hears all the same. */
static enum toc_err step_submission(struct toc_run *run, toc_peer peer, struct toc_str event,
                                    struct toc_now now, struct toc_receipt *receipt)
{
    struct toc_event ev = {
        .kind = TOC_EVENT_SUBMIT, .bytes = event, .admitted = toc_peer_is_inside(peer)};
    if (now.mono_ms < run->full_until_ms) {
        receipt->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
        receipt->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_FULL;
        receipt->detail = "the store is full: try again";
        if (!ev.admitted)
            return TOC_OK;
    } else {
        if (!ev.admitted && run->gate.admit != NULL)
            TOC_TRY(run->gate.admit(run->gate.self, &run->event_arena, &ev));
        TOC_TRY(run_step_stamped(run, &ev, now, receipt));
    }
    return run->gate.settled == NULL
               ? TOC_OK
               : run->gate.settled(run->gate.self, ev.bytes, receipt, run->journal.last_at_ms);
}

static enum toc_err submit_one(struct toc_run *run, toc_peer peer, struct toc_str event,
                               struct toc_now now)
{
    struct toc_receipt receipt = {0};
    size_t mark = toc_arena_mark(&run->event_arena);
    if (!run->service->accepts_submissions) {
        receipt.status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
        receipt.reason = TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED;
        receipt.detail = "events enter through an intake";
    } else {
        TOC_TRY(step_submission(run, peer, event, now, &receipt));
    }
    uint8_t *at = run->receipt_bytes + run->receipt_used;
    uint8_t *end = put_outcome(at, run->journal.log_id, &receipt, retry_of(&receipt));
    run->receipt_used += (size_t)(end - at);
    toc_arena_reset(&run->event_arena, mark);
    return TOC_OK;
}

/*
 * One Publish is one receipt. Its events enter one turn together, so that a crash loses the receipt
 * of all or of none; each is accepted or refused by itself.
 */
enum toc_err run_on_publish(struct toc_run *run, toc_peer peer, struct toc_str publish,
                            struct toc_now now)
{
    struct toc_wire_reader reader = toc_wire_reader(publish);
    struct toc_wire_field field;
    struct pending_receipt receipt = {.peer = peer, .offset = run->receipt_used};
    enum toc_err err, lost = TOC_OK;
    TOC_ASSERT(run->receipt_count < RECEIPTS_MAX);
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number == 1 && field.wire_type == 0)
            receipt.tag = field.value;
        if (field.number != 2 || field.wire_type != 2)
            continue;
        if (!has_room(run->receipt_used - receipt.offset))
            break; /* no outcome for the rest: the publisher sends it again */
        if (lost == TOC_OK)
            lost = submit_one(run, peer, field.bytes, now);
        receipt.count++;
    }
    if (lost < 0) { /* the turn, too; its receipts tell how many outcomes were due */
        run->receipts[run->receipt_count++] = receipt;
        return lost;
    }
    if (err == TOC_ERR_MALFORMED && receipt.count == 0) {
        run->counts.malformed++;
        run_refuse(run, peer, 0, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                   "the Publish is malformed");
        return TOC_OK;
    }
    receipt.size = run->receipt_used - receipt.offset;
    run->receipts[run->receipt_count++] = receipt;
    return TOC_OK;
}

static void send_receipt(struct toc_run *run, const struct pending_receipt *receipt)
{
    uint8_t head[2 * TOC_WIRE_FIELD_OVERHEAD], *head_end = head, *end = run->out;
    head_end = toc_wire_put_varint(head_end, 1, receipt->tag);
    size_t head_size = (size_t)(head_end - head);
    TOC_ASSERT(receipt->size <= OUTCOMES_BYTES);
    end = toc_wire_put_varint(end, 1, TOC_WIRE_VERSION);
    end = toc_wire_put_length(end, TOCSIN__V1__FRAME__KIND_RECEIPT, head_size + receipt->size);
    memcpy(end, head, head_size);
    end += head_size;
    if (receipt->size != 0)
        memcpy(end, run->receipt_bytes + receipt->offset, receipt->size);
    end += receipt->size;
    if (toc_link_send(run->config->link, receipt->peer,
                      toc_str(run->out, (size_t)(end - run->out))) < 0)
        run->counts.receipts_lost++; /* it publishes again and is told "duplicate" */
}

void run_send_receipts(struct toc_run *run)
{
    for (size_t i = 0; i < run->receipt_count; i++) {
        send_receipt(run, &run->receipts[i]);
        TOC_EXIT_POINT("mid_receipts");
    }
    run->receipt_count = 0;
    run->receipt_used = 0;
}

void run_refuse_receipts(struct toc_run *run)
{
    struct toc_receipt refusal = {.status = TOCSIN__V1__OUTCOME__STATUS__REFUSED,
                                  .reason = TOCSIN__V1__REFUSE_REASON__REFUSE_FULL,
                                  .detail = "the store is full: try again"};
    for (size_t i = 0; i < run->receipt_count; i++) {
        struct pending_receipt receipt = run->receipts[i];
        uint8_t *at = run->receipt_bytes, *end = at;
        for (uint32_t k = 0; k < receipt.count; k++) {
            if (!has_room((size_t)(end - at)))
                break;
            end = put_outcome(end, run->journal.log_id, &refusal, TOC_RETRY_HINT_MS);
        }
        receipt.offset = 0;
        receipt.size = (size_t)(end - at);
        send_receipt(run, &receipt);
    }
    run->receipt_count = 0;
    run->receipt_used = 0;
}
