#include "services/intake/repeat.h"

#include "common/plant.h"
#include "services/intake/reason.h"

#define FIELD_FACTS 10

static enum toc_err next_published(struct toc_wire_reader *reader, struct toc_wire_field *out)
{
    enum toc_err err;
    do
        err = toc_wire_next(reader, out);
    while (err == TOC_OK && out->number == FIELD_FACTS);
    return err;
}

/* Facts are intake's, not the publisher's: another version of the detectors finds others, and the
 * event is the same. */
static bool is_same(struct toc_str first, struct toc_str second)
{
    struct toc_wire_reader a = toc_wire_reader(first), b = toc_wire_reader(second);
    struct toc_wire_field x, y;
    if (toc_str_equal(first, second))
        return true;
    for (;;) {
        enum toc_err of_a = next_published(&a, &x), of_b = next_published(&b, &y);
        if (of_a != TOC_OK || of_b != TOC_OK)
            return of_a == TOC_NONE && of_b == TOC_NONE;
        if (x.number != y.number || x.wire_type != y.wire_type ||
            (x.wire_type == 2 ? !toc_str_equal(x.bytes, y.bytes) : x.value != y.value))
            return false;
    }
}

/* The key is that of an event which is there: the same, or another. */
static void tell(const struct repeat_of *sub, struct toc_str first, uint64_t seq,
                 const ProtobufCBinaryData *issue, struct toc_receipt *receipt)
{
    if (!is_same(first, sub->bytes)) {
        receipt->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
        receipt->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_CONFLICT;
        receipt->detail = "this source already used the id for another event";
        return;
    }
    receipt->status = TOCSIN__V1__OUTCOME__STATUS__DUPLICATE;
    receipt->seq = seq;
    receipt->has_issue = issue->len == TOC_ID;
    if (receipt->has_issue)
        memcpy(receipt->issue, issue->data, TOC_ID);
}

/* Compares a candidate record with the submission. TOC_NONE when it is another key. */
static enum toc_err compare(struct toc_turn *turn, uint64_t seq, const struct repeat_of *sub,
                            struct toc_receipt *receipt)
{
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    const char *reason;
    enum toc_err err = toc_journal_read(turn->txn, seq, &entry);
    if (err != TOC_OK)
        return err; /* TOC_NONE: trimmed, so past the window */
    TOC_TRY(toc_unpack(turn, record, entry.record, &record));
    struct toc_str body = toc_wire_bytes(&record->body);
    TOC_TRY(toc_unpack(turn, event, body, &event));
    if (strcmp(event->id, sub->event->id) != 0 || strcmp(event->source, sub->event->source) != 0)
        return TOC_NONE;
    if (record->type == TOCSIN__V1__RECORD_TYPE__EVENT_HELD)
        TOC_TRY(reason_split(turn->arena, &body, &reason));
    tell(sub, body, seq, &record->issue, receipt);
    return TOC_OK;
}

static enum toc_err find_held(struct toc_turn *turn, const struct repeat_of *sub,
                              struct toc_receipt *receipt)
{
    Tocsin__V1__HeldRow *row;
    enum toc_err err =
        quarantine_find(turn, sub->fingerprint, sub->event->source, sub->event->id, &row);
    if (err != TOC_OK)
        return err;
    tell(sub, toc_wire_bytes(&row->event), row->seq, &row->issue, receipt);
    receipt->held = receipt->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE;
    return TOC_OK;
}

enum toc_err repeat_find(const struct dedupe *dedupe, const struct quarantine *quarantine,
                         struct toc_turn *turn, const struct repeat_of *sub,
                         struct toc_receipt *receipt)
{
    uint64_t seqs[DEDUPE_HITS_MAX];
    size_t count;
    enum toc_err err = TOC_NONE;
    if (TOC_PLANTED(TOC_PLANT_NO_DEDUPE))
        return TOC_NONE;
    if (quarantine->count > 0)
        err = find_held(turn, sub, receipt);
    if (err != TOC_NONE)
        return err;
    err = dedupe_find(dedupe, turn->txn, sub->fingerprint, seqs, &count);
    if (err != TOC_OK)
        return err;
    for (size_t i = 0; i < count; i++) {
        err = compare(turn, seqs[i], sub, receipt);
        if (err != TOC_NONE)
            return err;
    }
    return TOC_NONE;
}
