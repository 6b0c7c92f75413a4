#include "services/outcomes/send/sender_impl.h"

#include "common/exit_point.h"
#include "common/log.h"

#include <stdlib.h>

#define ARENA_BYTES   (256 * 1024)    /* for one row, or one record with what it was unpacked to */
#define PASS_RECORDS  1024            /* a cursor that is this far behind is moved */
#define UNDER_WAY     64              /* at most */
#define FAILING_MOST  (UNDER_WAY / 2) /* that receivers which fail may have under way */
#define OUTCOME_BYTES 1024

static const struct sender_config *configured;

void sender_configure(const struct sender_config *config)
{
    configured = config;
}

/* --- what came of it ---------------------------------------------------------------------- */

static const char *id_of(const struct item *item)
{
    return item->receiver->subscription->subscription;
}

static void settle(struct sender *sender, struct item *item,
                   const struct toc_transfer_answer *answer)
{
    toc_sender_settle(sender->loop, &item->sent, answer);
    item->transfer = NULL;
    item->state = ITEM_DONE;
    if (answer->code < 200 || answer->code > 299)
        toc_log(TOC_LOG_WARNING, "outcome_not_taken",
                "subscription=%s seq=%llu attempt=%u why=\"%s\"", id_of(item),
                (unsigned long long)item->seq, item->attempts + 1, item->sent.text);
}

/* The answer to a handshake: 2xx is not enough, it has to allow us by name, or everybody. */
static void settle_asked(struct sender *sender, struct item *item,
                         const struct toc_transfer_answer *answer)
{
    struct toc_transfer_answer judged = *answer;
    bool allowed = strcmp(answer->field, "*") == 0 || strcmp(answer->field, OUTGOING_ORIGIN) == 0;
    if (answer->code >= 200 && answer->code < 300) {
        judged.code = allowed ? 200 : 0;
        judged.text = allowed ? "200" : "the handshake is not allowed";
    }
    settle(sender, item, &judged);
}

/* Of the subscription and the issue. */
static uint64_t echo_key(const struct item *item)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256_pair(hash, toc_str_of(id_of(item)), toc_str(item->issue, item->issue_size));
    return toc_get_u64be(hash);
}

static void note_written(struct sender *sender, const struct item *item)
{
    echo_note(&sender->echo, echo_key(item), item->written, toc_program_now().wall_ms);
}

static void on_answer(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    struct item *item = tag;
    TOC_EXIT_POINT("outcome_answered");
    if (item->receiver->back != NULL && answer->code >= 200 && answer->code < 300)
        note_written(self, item);
    if (item == &item->receiver->ask)
        settle_asked(self, item, answer);
    else
        settle(self, item, answer);
}

static bool on_address(void *self, void *tag, const struct sockaddr *address)
{
    const struct sender *sender = self;
    const struct item *item = tag;
    return sender->config->proxy != NULL ||
           toc_guard_allows(&sender->config->guard, address, item->receiver->plain);
}

/* --- telling ------------------------------------------------------------------------------ */

/* `sent` is NULL when it is about no single one. */
static void tell(struct sender *sender, const struct receiver *receiver, struct toc_sent *sent,
                 Tocsin__V1__DeliveryOutcome *outcome, struct toc_now now)
{
    uint8_t bytes[OUTCOME_BYTES];
    outcome->subscription = receiver->subscription->subscription;
    outcome->generation = receiver->generation;
    outcome->next_seq = receiver->scanned + 1;
    TOC_ASSERT(tocsin__v1__delivery_outcome__get_packed_size(outcome) <= sizeof(bytes));
    size_t size = tocsin__v1__delivery_outcome__pack(outcome, bytes);
    toc_sender_tell(sender->loop, sent, toc_str(bytes, size), now);
}

static void tell_item(struct sender *sender, struct item *item, struct toc_now now)
{
    Tocsin__V1__DeliveryOutcome outcome = TOCSIN__V1__DELIVERY_OUTCOME__INIT;
    uint64_t waiting[OUTCOMES_WINDOW];
    bool asked = item == &item->receiver->ask;
    outcome.what = asked ? TOCSIN__V1__DELIVERY_OUTCOME__WHAT__ASKED
                         : TOCSIN__V1__DELIVERY_OUTCOME__WHAT__SENT;
    outcome.seq = item->seq;
    outcome.attempt = item->attempts + 1;
    outcome.code = item->sent.code;
    outcome.text = item->sent.text;
    outcome.retry_after_ms = item->sent.retry_after_ms;
    outcome.made_ms = item->made_ms;
    outcome.waiting = waiting;
    outcome.n_waiting = receiver_waiting(item->receiver, item, waiting);
    outcome.issue = toc_wire_binary(toc_str(item->issue, item->issue_size));
    tell(sender, item->receiver, &item->sent, &outcome, now);
    item->state = ITEM_TOLD;
    TOC_EXIT_POINT("outcome_told");
}

/* A cursor that lags would have the log kept, and read again. */
static void tell_passed(struct sender *sender, struct receiver *receiver, struct toc_now now)
{
    Tocsin__V1__DeliveryOutcome outcome = TOCSIN__V1__DELIVERY_OUTCOME__INIT;
    uint64_t waiting[OUTCOMES_WINDOW], next = receiver->scanned + 1;
    if (next < receiver->next_seq + PASS_RECORDS || next < receiver->told_next + PASS_RECORDS)
        return;
    outcome.what = TOCSIN__V1__DELIVERY_OUTCOME__WHAT__PASSED;
    outcome.waiting = waiting;
    outcome.n_waiting = receiver_waiting(receiver, NULL, waiting);
    receiver->told_next = next;
    tell(sender, receiver, NULL, &outcome, now);
}

static void tell_done(struct sender *sender, struct item *item, struct toc_now now)
{
    if (item->state == ITEM_DONE && toc_sent_may_be_told(&item->sent, now))
        tell_item(sender, item, now);
}

static void tell_all(void *self, struct toc_now now)
{
    struct sender *sender = self;
    for (size_t i = 0; i < sender->count; i++) {
        struct receiver *receiver = sender->receivers[i];
        for (size_t j = 0; j < OUTCOMES_WINDOW; j++)
            tell_done(sender, &receiver->window[j], now);
        tell_done(sender, &receiver->ask, now);
        tell_passed(sender, receiver, now);
    }
}

/* --- sending ------------------------------------------------------------------------------ */

static void start(struct sender *sender, struct item *item)
{
    TOC_EXIT_POINT("outcome_sending");
    item->transfer = toc_transfers_start(sender->transfers, &sender->outgoing.request, item);
    if (item->transfer == NULL)
        settle(sender, item, &(struct toc_transfer_answer){.text = "no memory to send with"});
    else
        item->state = ITEM_UNDER_WAY;
}

/* False when it is settled: what a mapping writes is not written twice, nor for ever. */
static bool is_worth_writing(struct sender *sender, struct item *item, struct toc_now now)
{
    struct toc_transfer_answer answer = {.code = 200, .text = "it was written so already"};
    if (item->receiver->back == NULL || item->issue_size == 0)
        return true;
    item->written = sender->outgoing.hash;
    switch (echo_judge(&sender->echo, echo_key(item), item->written, now.wall_ms)) {
    case ECHO_FRESH:
        return true;
    case ECHO_SAME:
        break;
    case ECHO_LOOP:
        answer.code = 422;
        answer.text = "written 10 times within an hour: a loop?";
    }
    settle(sender, item, &answer);
    return false;
}

/* What was trimmed while its subscription rested is given up like what a receiver refuses: to try
 * it again would hold up its issue. */
static void post(struct sender *sender, struct toc_txn *txn, struct item *item, struct toc_now now)
{
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record;
    Tocsin__V1__IssueOutcome *outcome;
    enum toc_err err = toc_journal_read(txn, item->seq, &entry);
    struct toc_transfer_answer wrong = {.code = 422, .text = "the log does not have it"};
    toc_sender_must(err, "log");
    if (err == TOC_OK && sender_read_outcome(sender, entry.record, &record, &outcome)) {
        wrong.code = 0;
        wrong.text =
            outgoing_make(&sender->outgoing, item->receiver, toc_run_journal(sender->run)->log_id,
                          record, outcome, now.wall_ms / TOC_SECOND_MS);
    }
    if (wrong.text != NULL)
        settle(sender, item, &wrong);
    else if (is_worth_writing(sender, item, now))
        start(sender, item);
}

/* Its receiver has been away for as long as anything is kept: this one is not even tried. */
static bool is_too_late(const struct sender *sender, const struct item *item, struct toc_now now)
{
    toc_time_ms most = sender->config->dead_after_ms, since = item->receiver->failing_since_ms;
    return since != 0 && now.wall_ms - since >= most && now.wall_ms - item->made_ms >= most;
}

static void send_item(struct sender *sender, struct toc_txn *txn, struct item *item,
                      struct toc_now now)
{
    if (item->receiver->broken != NULL)
        settle(sender, item, &(struct toc_transfer_answer){.text = item->receiver->broken});
    else if (is_too_late(sender, item, now))
        settle(sender, item, &(struct toc_transfer_answer){.text = "too old"});
    else
        post(sender, txn, item, now);
}

static void send_ask(struct sender *sender, struct receiver *receiver)
{
    outgoing_ask(&sender->outgoing, receiver);
    if (receiver->broken != NULL)
        settle(sender, &receiver->ask, &(struct toc_transfer_answer){.text = receiver->broken});
    else
        start(sender, &receiver->ask);
}

/* Receivers that fail share a part of the transport: they hold up nobody else. */
static bool has_turn(const struct sender *sender, const struct receiver *receiver)
{
    return sender->under_way < UNDER_WAY &&
           (receiver->failures == 0 || sender->failing_under_way < FAILING_MOST);
}

static void count_under_way(struct sender *sender)
{
    sender->under_way = sender->failing_under_way = 0;
    for (size_t i = 0; i < sender->count; i++) {
        size_t count = receiver_under_way(sender->receivers[i]);
        sender->under_way += count;
        sender->failing_under_way += sender->receivers[i]->failures > 0 ? count : 0;
    }
}

static void note_started(struct sender *sender, const struct item *item)
{
    sender->under_way += item->state == ITEM_UNDER_WAY;
    sender->failing_under_way += item->state == ITEM_UNDER_WAY && item->receiver->failures > 0;
}

static void start_of(struct sender *sender, struct toc_txn *txn, struct receiver *receiver,
                     struct toc_now now)
{
    struct item *item;
    if (receiver->active && !receiver->agreed && receiver->ask.state == ITEM_FREE &&
        receiver->not_before_ms <= now.wall_ms && has_turn(sender, receiver)) {
        send_ask(sender, receiver);
        note_started(sender, &receiver->ask);
    }
    while (has_turn(sender, receiver) &&
           (item = receiver_next(receiver, now.wall_ms, (unsigned)sender->config->parallel)) !=
               NULL) {
        send_item(sender, txn, item, now);
        note_started(sender, item);
    }
}

/* --- the loop's side ---------------------------------------------------------------------- */

static toc_time_ms next_intent_ms(void *self, struct toc_now now)
{
    const struct sender *sender = self;
    toc_time_ms next_ms = TOC_TIME_NEVER;
    for (size_t i = 0; i < sender->count; i++) {
        toc_time_ms at_ms = receiver_next_ms(sender->receivers[i]);
        if (at_ms > now.wall_ms && at_ms < next_ms) /* what is due waits for an answer */
            next_ms = at_ms;
    }
    return next_ms;
}

/* An import is told to nobody. */
static bool wants(void *self)
{
    const struct sender *sender = self;
    return !toc_program_event_clock() &&
           (sender->count > 0 || sender->changes != outcomes_changes(toc_run_self(sender->run)));
}

static void take(void *self, struct toc_txn *txn, struct toc_now now)
{
    struct sender *sender = self;
    uint64_t changes = outcomes_changes(toc_run_self(sender->run));
    uint64_t last_seq = toc_run_journal(sender->run)->last_seq;
    for (size_t i = 0; i < sender->count; i++)
        sender_review(sender, txn, sender->receivers[i]);
    if (changes != sender->changes)
        sender_read_rows(sender, txn);
    sender->changes = changes;
    sender->more = false;
    count_under_way(sender);
    for (size_t i = 0; i < sender->count; i++) {
        struct receiver *receiver = sender->receivers[(sender->turn + i) % sender->count];
        sender_look(sender, txn, receiver, last_seq);
        start_of(sender, txn, receiver, now);
    }
    sender->turn = sender->count > 0 ? (sender->turn + 1) % sender->count : 0;
    if (sender->more)
        toc_sender_come_round(sender->loop);
}

static void after_commit(void *self, struct toc_now now)
{
    toc_sender_after_commit(((struct sender *)self)->loop, now);
}

static void stop(void *self)
{
    struct sender *sender = self;
    for (size_t i = 0; i < sender->count; i++)
        sender_drop(sender->receivers[i]); /* outcomes unknown: sent again with the same ids */
    toc_transfers_close(sender->transfers);
    toc_arena_done(&sender->arena);
    toc_sender_close(sender->loop);
    free(sender);
}

static enum toc_err open_parts(struct sender *sender, struct uv_loop_s *loop)
{
    static const struct toc_sender_work work = {
        .wants = wants, .take = take, .tell = tell_all, .next_ms = next_intent_ms};
    const struct sender_config *config = sender->config;
    const struct toc_transfers_config transfers = {.loop = loop,
                                                   .connect_ms = (long)config->connect_ms,
                                                   .whole_ms = (long)config->whole_ms,
                                                   .proxy = config->proxy,
                                                   .done = on_answer,
                                                   .allows = on_address,
                                                   .self = sender};
    TOC_TRY(toc_arena_init(&sender->arena, ARENA_BYTES));
    TOC_TRY(toc_sender_open(loop, sender->run, &work, sender, &sender->loop));
    return toc_transfers_open(&transfers, &sender->transfers);
}

static enum toc_err begin(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    (void)link;
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return TOC_ERR_MEMORY;
    sender->config = configured;
    sender->run = run;
    enum toc_err err = open_parts(sender, loop);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "sender_failed", "why=\"%s\"", toc_err_text(err));
        stop(sender);
        return err;
    }
    *out_self = sender;
    return TOC_OK;
}

const struct toc_effects sender_effects = {
    .start = begin,
    .after_commit = after_commit,
    .stop = stop,
};
