#include "services/intake/content/content.h"

#include "common/answer.h"
#include "services/intake/intake.h"

#define ANSWER_BYTES ((size_t)512 * 1024) /* of texts */
#define PARTS_MAX    200                  /* of an answer */
#define NEXT_BYTES   10                   /* u16be segment ‖ u64be offset */

struct asked {
    const Tocsin__V1__Event *event; /* whose content is asked for */
    uint64_t seq;                   /* under which it was sealed */
    toc_time_ms at_ms;
    /* What the reading names: */
    uint8_t issue[TOC_ID];
    const char *pseudonym; /* NULL: the issue */
};

static enum toc_err refuse(Tocsin__V1__Answer *answer, Tocsin__V1__RefuseReason reason,
                           const char *why)
{
    answer->reason = reason;
    answer->detail = toc_wire_text(why);
    return TOC_NONE;
}

/* --- may it be read ----------------------------------------------------------------------------
 */

/* An event of our own log; TOC_NONE when there is none at `seq`. */
static enum toc_err read_event(struct toc_txn *txn, struct toc_arena *arena, uint64_t seq,
                               Tocsin__V1__Record **record, Tocsin__V1__Event **event)
{
    struct toc_journal_entry entry;
    enum toc_err err = toc_journal_read(txn, seq, &entry);
    if (err != TOC_OK)
        return err;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__record__descriptor, entry.record, record));
    if ((*record)->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED &&
        (*record)->type != TOCSIN__V1__RECORD_TYPE__EVENT_HELD)
        return TOC_NONE;
    return toc_wire_unpack(arena, &tocsin__v1__event__descriptor, toc_wire_bytes(&(*record)->body),
                           event);
}

/* What may be read, by the record that says so. */
static enum toc_err find_reading(struct toc_txn *txn, toc_time_ms now_ms, struct toc_arena *arena,
                                 uint64_t seq, Tocsin__V1__Answer *answer, struct asked *out)
{
    static const char why[] = "seq: is no tocsin.content.read that is in the log since 5 minutes";
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    enum toc_err err = read_event(txn, arena, seq, &record, &event);
    TOC_TRY(err);
    if (err == TOC_NONE || record->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED ||
        event->body_case != TOCSIN__V1__EVENT__BODY_CONTENT_READ ||
        (now_ms != 0 && now_ms - record->at_ms > CONTENT_READ_FOR_MS))
        return refuse(answer, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED, why);
    bool person = event->content_read->issue.len != TOC_ID; /* validated: then it names one */
    out->pseudonym = person ? event->content_read->pseudonym : NULL;
    if (!person)
        memcpy(out->issue, event->content_read->issue.data, TOC_ID);
    return TOC_OK;
}

static bool is_named(const struct asked *asked, const Tocsin__V1__Record *record,
                     const Tocsin__V1__Event *event)
{
    if (asked->pseudonym != NULL)
        return strcmp(event->pseudonym, asked->pseudonym) == 0;
    return toc_str_equal(toc_wire_bytes(&record->issue), toc_str(asked->issue, TOC_ID));
}

/* The event of another issue, or person, is told like one that is not there. */
static enum toc_err find_event(struct toc_txn *txn, struct toc_arena *arena, uint64_t seq,
                               Tocsin__V1__Answer *answer, struct asked *out)
{
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *event;
    enum toc_err err = read_event(txn, arena, seq, &record, &event);
    TOC_TRY(err);
    if (err == TOC_NONE || !is_named(out, record, event))
        return refuse(answer, TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_ISSUE,
                      "what was named to be read has no such event");
    out->event = event;
    out->at_ms = record->at_ms;
    out->seq = record->held_seq != 0 ? record->held_seq : seq;
    return TOC_OK;
}

/* --- the answer --------------------------------------------------------------------------------
 */

struct place {
    uint16_t segment;
    uint64_t offset;
};

/* Whoever reads what is a person's does not see others: they are in raw mails. */
static bool is_shown(const struct asked *asked, enum vault_class class)
{
    return asked->pseudonym == NULL || class != VAULT_RAW;
}

static struct place read_place(const ProtobufCBinaryData *after)
{
    struct place place = {0};
    if (after->len == NEXT_BYTES) {
        place.segment = (uint16_t)(after->data[0] << 8 | after->data[1]);
        place.offset = toc_get_u64be(after->data + 2);
    }
    return place;
}

static enum toc_err set_next(struct toc_arena *arena, struct place place,
                             Tocsin__V1__Answer *answer)
{
    uint8_t bytes[NEXT_BYTES];
    toc_put_u16be(bytes, place.segment);
    toc_put_u64be(bytes + 2, place.offset);
    return toc_answer_next(arena, toc_str(bytes, sizeof(bytes)), answer);
}

static enum toc_err add_part(const Tocsin__V1__ContentPart *part, struct toc_arena *arena,
                             Tocsin__V1__Answer *answer)
{
    struct toc_str row;
    TOC_TRY(toc_wire_pack(arena, part, &row));
    return toc_answer_add(arena, row, answer);
}

static enum toc_err add_gone(struct vault *vault, const struct asked *asked,
                             struct toc_arena *arena, Tocsin__V1__Answer *answer)
{
    size_t at = 0;
    enum toc_err err;
    do {
        Tocsin__V1__ContentPart part = TOCSIN__V1__CONTENT_PART__INIT;
        part.at_ms = asked->at_ms;
        err = content_gone(vault, asked->event, asked->seq, &at, &part);
        if (err == TOC_OK && is_shown(asked, vault_class_find(part.class_)))
            err = add_part(&part, arena, answer);
    } while (err == TOC_OK);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err add_parts(struct vault *vault, const struct asked *asked,
                              struct content_wanted *wanted, struct place place,
                              struct toc_arena *arena, Tocsin__V1__Answer *answer)
{
    wanted->room = ANSWER_BYTES;
    TOC_TRY(toc_answer_begin(arena, PARTS_MAX, answer));
    for (;;) {
        Tocsin__V1__ContentPart part = TOCSIN__V1__CONTENT_PART__INIT;
        if (wanted->room == 0 || answer->n_rows == PARTS_MAX - VAULT_CLASS_COUNT)
            return set_next(arena, place, answer);
        wanted->offset = place.offset;
        enum toc_err err =
            content_part(vault, asked->event, asked->seq, place.segment, wanted, arena, &part);
        if (err != TOC_OK)
            return err < 0 ? err : add_gone(vault, asked, arena, answer);
        if (wanted->later)
            return set_next(arena, place, answer);
        if (is_shown(asked, vault_class_find(part.class_)))
            TOC_TRY(add_part(&part, arena, answer));
        wanted->room -= part.text.len;
        place.segment = (uint16_t)part.segment;
        place.offset = part.offset + part.text.len;
        if (place.offset >= part.size || part.state != TOCSIN__V1__CONTENT_STATE__CONTENT_THERE) {
            place.segment++;
            place.offset = 0;
        }
    }
}

enum toc_err content_ask(struct vault *vault, struct content_checks *checks, struct toc_txn *txn,
                         struct toc_now now, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                         Tocsin__V1__Answer *answer)
{
    struct content_wanted wanted = {
        .whole_max = CONTENT_WHOLE_MAX, .checks = checks, .now_ms = now.mono_ms};
    struct asked asked;
    enum toc_err err = find_reading(txn, now.wall_ms, arena, ask->seq, answer, &asked);
    if (err == TOC_OK)
        err = find_event(txn, arena, ask->event_seq, answer, &asked);
    if (err == TOC_OK)
        err = add_parts(vault, &asked, &wanted, read_place(&ask->after), arena, answer);
    return err < 0 ? err : TOC_OK;
}
