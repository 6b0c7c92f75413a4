/*
 * GET /v1/issues/{ref}/content?purpose=…: what people wrote in an issue. The router knows the issue
 * and what came in for it; that it is read is committed before any of it is opened. An issue that
 * the token may not read is told like one that is not there.
 */
#include "common/program.h"
#include "services/intake/content/part.h"
#include "services/intake/edge/content_text.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/reference.h"

#include <sodium.h>
#include <stdio.h>

#define PATIENCE_MS 3000
#define EVENTS_MAX  2000              /* of an issue: the newest */
#define TEXT_BYTES  ((size_t)4 << 20) /* of an answer: what is more is told as left out */
#define OPEN_BYTES  ((size_t)8 << 20) /* opened for it: a file has to be, for its name */
#define BY_ROOM     (INTAKE_TEXT_MAX + 1)

static const char nowhere[] = "no issue of this token's source, queues and regions has that id or "
                              "subject";
static const char silent[] = "what belongs to it cannot be asked just now: the router is away";

struct reading {
    struct edge_pending *pending;
    struct reader reader;
    struct access_right right;
    toc_time_ms deadline_ms;
    uint8_t issues[2][TOC_ID]; /* what the reference may mean: an id, or a subject */
    size_t count, at;
    char by[BY_ROOM], purpose[REFERENCE_ROOM];
    uint64_t seqs[EVENTS_MAX]; /* of its events in our log, the newest first */
    size_t seq_count;
    bool has_older; /* events than those */
};

static void refuse(struct reading *reading, int status, const char *why)
{
    struct edge_pending *pending = reading->pending;
    if (status == 503)
        edge_answer_full(pending->exchange, why);
    else
        edge_answer_problem(pending->exchange, status, why, NULL);
    edge_drop(pending);
}

/* --- opening -----------------------------------------------------------------------------------
 */

static enum toc_err read_event(struct edge *edge, struct toc_txn *txn, uint64_t seq,
                               Tocsin__V1__Event **event, uint64_t *sealed_seq)
{
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record;
    enum toc_err err = toc_journal_read(txn, seq, &entry);
    if (err != TOC_OK)
        return err;
    TOC_TRY(
        toc_wire_unpack(&edge->scratch, &tocsin__v1__record__descriptor, entry.record, &record));
    if (record->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED)
        return TOC_NONE;
    *sealed_seq = record->held_seq != 0 ? record->held_seq : seq;
    return toc_wire_unpack(&edge->scratch, &tocsin__v1__event__descriptor,
                           toc_wire_bytes(&record->body), event);
}

static enum toc_err add_parts(struct edge *edge, const Tocsin__V1__Event *event, uint64_t seq,
                              uint64_t sealed_seq, struct content_text *text)
{
    uint16_t segment = 0;
    enum toc_err err;
    do {
        Tocsin__V1__ContentPart part = TOCSIN__V1__CONTENT_PART__INIT;
        struct content_wanted wanted = {.room = CONTENT_TEXT_PIECE,
                                        .whole_max = text->open_bytes < CONTENT_WHOLE_MAX
                                                         ? text->open_bytes
                                                         : CONTENT_WHOLE_MAX};
        size_t mark = toc_arena_mark(&edge->scratch);
        err = content_part(admit_vault(edge->config->admit), event, sealed_seq, segment, &wanted,
                           &edge->scratch, &part);
        if (err == TOC_OK)
            content_text_add(text, seq, &part);
        segment = (uint16_t)(part.segment + 1);
        toc_arena_reset(&edge->scratch, mark);
    } while (err == TOC_OK);
    return err;
}

/* What the renewal of the vault has taken away was there all the same. */
static enum toc_err add_gone(struct edge *edge, const Tocsin__V1__Event *event, uint64_t seq,
                             uint64_t sealed_seq, struct content_text *text)
{
    size_t at = 0;
    enum toc_err err;
    do {
        Tocsin__V1__ContentPart part = TOCSIN__V1__CONTENT_PART__INIT;
        err = content_gone(admit_vault(edge->config->admit), event, sealed_seq, &at, &part);
        if (err == TOC_OK)
            content_text_add(text, seq, &part);
    } while (err == TOC_OK);
    return err;
}

static enum toc_err add_event(struct edge *edge, struct toc_txn *txn, uint64_t seq,
                              struct content_text *text)
{
    Tocsin__V1__Event *event;
    uint64_t sealed_seq;
    toc_arena_reset(&edge->scratch, 0);
    enum toc_err err = read_event(edge, txn, seq, &event, &sealed_seq);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(add_parts(edge, event, seq, sealed_seq, text));
    err = add_gone(edge, event, seq, sealed_seq, text);
    return err < 0 ? err : TOC_OK;
}

static void answer(struct toc_http_exchange *exchange, struct content_text *text)
{
    struct toc_http_response response = {.status = 200, .content_type = REPLY_JSON_TYPE};
    if (content_text_is_empty(text)) {
        edge_answer_problem(exchange, 404,
                            "nothing was written in this issue, or none of it came this way", NULL);
    } else if (content_text_is_erased(text)) {
        edge_answer_problem(exchange, 410, "what was written in this issue was erased", NULL);
    } else {
        response.body = content_text_end(text, &response.body_size);
        toc_http_respond(exchange, &response);
    }
}

static void open_all(struct reading *reading)
{
    struct edge *edge = reading->pending->edge;
    struct content_text text;
    struct toc_txn *txn;
    json_memory_empty();
    content_text_begin(&text, TEXT_BYTES, OPEN_BYTES);
    text.left_out = reading->has_older;
    enum toc_err err = toc_txn_begin_read(toc_run_store(edge->run), &txn);
    if (err < 0)
        edge_give_up(err, "content");
    for (size_t i = reading->seq_count; i-- > 0 && err >= 0;)
        err = add_event(edge, txn, reading->seqs[i], &text);
    toc_txn_abort(txn);
    if (err < 0 && err != TOC_ERR_LIMIT)
        edge_give_up(err, "content");
    text.left_out |= err == TOC_ERR_LIMIT;
    answer(reading->pending->exchange, &text);
}

/* --- the record of it --------------------------------------------------------------------------
 */

/* The pending goes when this returns. */
static void on_recorded(const struct edge_pending *pending, int status, const char *why,
                        const Tocsin__V1__Receipt *receipt)
{
    (void)status; /* there is a receipt: it was submitted */
    (void)why;
    struct reply_item item = edge_item_of(&pending->events, receipt);
    const struct edge_refusal refusal = {item.status, item.detail, 0};
    if (item.status < 300)
        open_all(pending->self);
    else
        edge_answer_refusal(pending->exchange, &refusal);
}

/* Nothing is opened before this is on disk. */
static void record_reading(struct reading *reading)
{
    Tocsin__V1__ContentRead body = TOCSIN__V1__CONTENT_READ__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct edge_pending *pending = reading->pending;
    struct edge *edge = pending->edge;
    char id[2 * TOC_ID + 1];
    uint8_t random[TOC_ID];
    struct toc_str packed;
    randombytes_buf(random, sizeof(random));
    toc_hex(id, random, sizeof(random));
    body.issue = toc_wire_binary(toc_str(reading->issues[reading->at], TOC_ID));
    body.by = reading->by;
    body.purpose = reading->purpose;
    event.id = id;
    event.source = toc_wire_text("tocsin:edge");
    event.type = toc_wire_text("tocsin.content.read");
    event.body_case = TOCSIN__V1__EVENT__BODY_CONTENT_READ;
    event.content_read = &body;
    toc_arena_reset(&edge->scratch, 0);
    pending->events.items = toc_pool_array(&pending->pool, 1, sizeof(*pending->events.items));
    if (pending->events.items == NULL || toc_wire_pack(&edge->scratch, &event, &packed) < 0) {
        refuse(reading, 503, "out of memory");
        return;
    }
    pending->events.items[0].packed = packed;
    pending->events.count = 1;
    pending->tell = on_recorded;
    edge_submit(edge, pending);
}

/* --- what is asked -----------------------------------------------------------------------------
 */

static asker_told on_issue, on_history;

static void ask(struct reading *reading, Tocsin__V1__Ask *question, asker_told *told)
{
    question->id = toc_wire_binary(toc_str(reading->issues[reading->at], TOC_ID));
    reading->pending->question = (struct asker_question){.service = ASKER_ROUTER,
                                                         .deadline_ms = reading->deadline_ms,
                                                         .told = told,
                                                         .self = reading};
    asker_ask(reading->pending->edge->asker, &reading->pending->question, question);
}

static void ask_issue(struct reading *reading)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    ask(reading, &question, on_issue);
}

static void ask_history(struct reading *reading, struct toc_str after)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = TOCSIN__V1__ASK__WHAT__HISTORY;
    question.after = toc_wire_binary(after);
    ask(reading, &question, on_history);
}

/* False when there is nothing to go on with, and that has been answered. */
static bool is_answered(struct reading *reading, enum asker_end end,
                        const Tocsin__V1__Answer *given)
{
    if (end == ASKER_STOPPED)
        return false;
    if (end == ASKER_ANSWERED && given->reason == 0)
        return true;
    refuse(reading, 503, silent);
    return false;
}

/* Whether the token may read it; told like an issue that is not there. */
static bool may_read(struct reading *reading, const Tocsin__V1__Answer *given)
{
    Tocsin__V1__Issue *issue;
    struct toc_arena *arena = &reading->pending->edge->scratch;
    toc_arena_reset(arena, 0);
    return given->n_rows > 0 &&
           toc_wire_unpack(arena, &tocsin__v1__issue__descriptor, toc_wire_bytes(&given->rows[0]),
                           &issue) == TOC_OK &&
           access_is_own(&reading->right, issue->source) &&
           reader_may_read(&reading->reader, issue);
}

static void on_issue(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct reading *reading = self;
    if (!is_answered(reading, end, given))
        return;
    if (may_read(reading, given))
        ask_history(reading, toc_str(NULL, 0));
    else if (++reading->at < reading->count)
        ask_issue(reading);
    else
        refuse(reading, 404, nowhere);
}

/* What happens in another issue may change this one: an appeal is noted in what it contests. Such a
 * change is of no event of this issue, and whoever may read this one may not read that one. */
static enum toc_err is_of_own_event(struct toc_arena *arena, const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueChange *change;
    if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
        return TOC_OK;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue_change__descriptor,
                            toc_wire_bytes(&record->body), &change));
    return change->event_type[0] != '\0' ? TOC_OK : TOC_NONE;
}

/* The newest come first. One event may lead to several records, one after the other. */
static void add_causes(struct reading *reading, const Tocsin__V1__Answer *given)
{
    struct toc_arena *arena = &reading->pending->edge->scratch;
    uint64_t own = toc_run_journal(reading->pending->edge->run)->log_id;
    Tocsin__V1__Record *record;
    for (size_t i = 0; i < given->n_rows && !reading->has_older; i++) {
        toc_arena_reset(arena, 0);
        if (toc_wire_unpack(arena, &tocsin__v1__record__descriptor, toc_wire_bytes(&given->rows[i]),
                            &record) < 0 ||
            record->cause_log != own || is_of_own_event(arena, record) != TOC_OK)
            continue;
        if (reading->seq_count > 0 && reading->seqs[reading->seq_count - 1] == record->cause_seq)
            continue;
        reading->has_older = reading->seq_count == EVENTS_MAX;
        if (!reading->has_older)
            reading->seqs[reading->seq_count++] = record->cause_seq;
    }
}

static void on_history(void *self, enum asker_end end, const Tocsin__V1__Answer *given)
{
    struct reading *reading = self;
    uint8_t next[8];
    if (!is_answered(reading, end, given))
        return;
    add_causes(reading, given);
    if (given->next.len != sizeof(next) || reading->has_older) {
        record_reading(reading);
        return;
    }
    memcpy(next, given->next.data, sizeof(next));
    ask_history(reading, toc_str(next, sizeof(next)));
}

/* --- the request -------------------------------------------------------------------------------
 */

static bool read_reference(const struct edge_call *call, struct reading *reading)
{
    char source[REFERENCE_ROOM], subject[REFERENCE_ROOM];
    struct toc_str named;
    toc_str_copy(source, sizeof(source), toc_str_of(reading->right.source));
    if ((reference_member(call->request->query, "source", &named) &&
         !reference_decode(named, source)) ||
        !access_is_own(&reading->right, source) || !reference_decode(call->parameter, subject))
        return false;
    if (toc_unhex(reading->issues[reading->count], TOC_ID, toc_str_of(subject)) == TOC_OK)
        reading->count++;
    toc_issue_id(reading->issues[reading->count++], call->edge->config->issue_key,
                 toc_str_of(source), toc_str_of(subject));
    return true;
}

/* A member of the query, in which forms write a blank as a plus. */
static bool read_member(const struct edge_call *call, const char *name, char out[REFERENCE_ROOM])
{
    char text[3 * REFERENCE_ROOM];
    struct toc_str value;
    if (!reference_member(call->request->query, name, &value) || value.size >= sizeof(text))
        return false;
    for (size_t i = 0; i < value.size; i++)
        text[i] = (char)(value.data[i] == '+' ? ' ' : value.data[i]);
    return reference_decode(toc_str(text, value.size), out);
}

/* Who reads is the token, and whom its holder names. */
static const char *read_words(const struct edge_call *call, struct reading *reading)
{
    static const char by_wrong[] = "by: who reads, one line of at most 170 bytes";
    char by[REFERENCE_ROOM] = "";
    struct toc_str value;
    if (!read_member(call, "purpose", reading->purpose) || reading->purpose[0] == '\0' ||
        !toc_str_is_line(toc_str_of(reading->purpose)))
        return "purpose: what it is read for, one line of at most 200 bytes: ?purpose=…";
    if (reference_member(call->request->query, "by", &value) &&
        (!read_member(call, "by", by) || !toc_str_is_line(toc_str_of(by))))
        return by_wrong;
    int size = snprintf(reading->by, sizeof(reading->by), "%s%stoken:%s", by,
                        by[0] != '\0' ? " with " : "", access_token_id(&reading->right));
    return size < (int)sizeof(reading->by) ? NULL : by_wrong;
}

static void begin(const struct edge_call *call, const struct access_right *right)
{
    struct edge_pending *pending = edge_begin(call);
    if (pending == NULL)
        return;
    struct reading *reading = toc_pool_take(&pending->pool, sizeof(*reading));
    if (reading == NULL) {
        edge_answer_full(call->exchange, "out of memory");
        edge_drop(pending);
        return;
    }
    pending->self = reading;
    reading->pending = pending;
    reading->right = *right;
    access_reader(right, &reading->reader);
    reading->deadline_ms = toc_program_now().mono_ms + PATIENCE_MS;
    const char *why = read_words(call, reading);
    if (why != NULL)
        refuse(reading, 400, why);
    else if (read_reference(call, reading))
        ask_issue(reading);
    else
        refuse(reading, 404, nowhere);
}

void edge_get_content(const struct edge_call *call)
{
    struct access_right right;
    struct reader reader = {0};
    if (!edge_find_right(call, &right))
        return;
    access_take(&right, 1);
    access_reader(&right, &reader);
    if (right.granted || !reader.may)
        edge_answer_problem(call->exchange, 403, "the token lacks the scope 'read'", NULL);
    else if (!asker_has(call->edge->asker, ASKER_ROUTER))
        edge_answer_problem(call->exchange, 501,
                            "this intake asks nobody: start it with --ask router=ENDPOINT", NULL);
    else
        begin(call, &right);
}
