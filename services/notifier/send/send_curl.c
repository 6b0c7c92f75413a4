#include "services/notifier/send/send_curl.h"

#include "common/log.h"
#include "common/send/transfer.h"
#include "services/notifier/send/payload.h"
#include "services/notifier/send/send_queue.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define ARENA_BYTES   (64 * 1024) /* for one page and its alert at a time */
#define ROWS_AT_ONCE  256         /* of the outbox, per look */
#define TELL_AGAIN_MS 1000        /* an outcome that a full store did not keep */
#define TIMER_MOST_MS TOC_HOUR_MS
#define OUTCOME_BYTES 256

struct sender {
    const struct send_config *config;
    struct toc_run *run;
    struct send_queue *queue;
    struct toc_transfers *transfers;
    struct toc_arena arena;
    uv_timer_t timer; /* for the next row of the outbox: the run's own wake knows none of these */
    uv_idle_t idle;   /* makes the loop come round at once: something is to be done or committed */
    size_t open_handles;
    uint64_t seen_seq;          /* the log, when the outbox was last looked at */
    struct notifier_due looked; /* rows up to here are known or left for a rescan */
    toc_time_ms next_ms;        /* of the first row that is not due yet */
    bool more;                  /* the last look did not come to an end */
    char body[PAYLOAD_MAX];
};

static const struct send_config *configured;

void send_configure(const struct send_config *config)
{
    configured = config;
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* it only keeps the loop from sleeping */
}

static void come_round(struct sender *sender)
{
    uv_idle_start(&sender->idle, on_idle);
}

static void on_timer(uv_timer_t *handle)
{
    come_round(handle->data); /* timers run before the loop sleeps, the turn after */
}

/* A sender that cannot go on ends the process: what was not reported is sent again, same id. */
_Noreturn static void give_up(enum toc_err err, const char *what)
{
    toc_log(TOC_LOG_ALARM, "failed", "at=%s why=\"%s\"", what, toc_err_text(err));
    _exit(1);
}

/* --- outcomes ----------------------------------------------------------------------------- */

static void settle(struct sender *sender, struct send *send,
                   const struct toc_transfer_answer *answer)
{
    send->code = answer->code;
    toc_str_copy(send->text, sizeof(send->text), toc_str_of(answer->text));
    send->retry_after_ms = answer->retry_after_ms;
    if (answer->code < 200 || answer->code > 299)
        toc_log(TOC_LOG_WARNING, "page_not_accepted", "alert=%llu page=%u attempt=%u why=\"%s\"",
                (unsigned long long)send->alert_number, send->index, send->attempts + 1,
                answer->text);
    send_queue_done(sender->queue, send);
    come_round(sender);
}

static void on_answer(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    settle(self, tag, answer);
}

static void tell(struct sender *sender, struct send *send, struct toc_now now)
{
    Tocsin__V1__PageOutcome outcome = TOCSIN__V1__PAGE_OUTCOME__INIT;
    uint8_t bytes[OUTCOME_BYTES];
    outcome.alert_number = send->alert_number;
    outcome.page = send->index;
    outcome.code = send->code;
    outcome.text = send->text;
    outcome.retry_after_ms = send->retry_after_ms;
    TOC_ASSERT(tocsin__v1__page_outcome__get_packed_size(&outcome) <= sizeof(bytes));
    size_t size = tocsin__v1__page_outcome__pack(&outcome, bytes);
    enum toc_err err = toc_run_outcome(sender->run, toc_str(bytes, size), now);
    if (err < 0)
        give_up(err, "outcome");
    send->state = SEND_TOLD;
    send->told_ms = now.mono_ms + TELL_AGAIN_MS;
}

/* Opens a turn: nothing may be read until it is committed. */
static void tell_all(struct sender *sender, struct toc_now now)
{
    size_t count;
    struct send *const *active = send_queue_active(sender->queue, &count);
    for (size_t i = 0; i < count; i++) {
        if (active[i]->state != SEND_DONE || active[i]->told_ms > now.mono_ms)
            continue;
        tell(sender, active[i], now);
        come_round(sender);
    }
}

/* --- what became of what is known ----------------------------------------------------------- */

/* The page as it stands, in the arena until the next call. */
static bool is_pending(struct sender *sender, struct toc_txn *txn, const struct send *send,
                       struct notifier_page *out)
{
    toc_arena_reset(&sender->arena, 0);
    enum toc_err err =
        notifier_pending_page(txn, &sender->arena, send->alert_number, send->index, out);
    if (err < 0)
        give_up(err, "page");
    return err == TOC_OK;
}

/*
 * Right after a commit and before the loop does anything else: what is no longer pending and was
 * not written yet is called off, so no send begins after an acknowledgement is on disk. An outcome
 * that is not in its row was not kept, and is told again instead of sent again.
 */
static void review(struct sender *sender, struct toc_txn *txn)
{
    size_t count;
    struct send *const *active = send_queue_active(sender->queue, &count);
    for (size_t i = count; i > 0; i--) { /* the last one takes a forgotten one's place */
        struct send *send = active[i - 1];
        struct notifier_page page;
        if (send->state == SEND_DONE ||
            (send->state == SEND_UNDER_WAY && toc_transfer_is_written(send->transfer)))
            continue;
        bool pending = is_pending(sender, txn, send, &page);
        if (send->state == SEND_TOLD && pending && page.page->attempts == send->attempts) {
            send->state = SEND_DONE;
        } else if (send->state == SEND_TOLD) {
            send_queue_forget(sender->queue, send);
        } else if (!pending) {
            toc_transfer_cancel(send->transfer);
            send_queue_forget(sender->queue, send);
        }
    }
}

/* --- looking for pages -------------------------------------------------------------------- */

/* The fake pager and held pages wait for nobody: they have the last origin for themselves. */
static uint32_t origin_of(const struct sender *sender, const char *name)
{
    const struct contacts *contacts = sender->config->contacts;
    const struct contact *contact = contacts_find(contacts, name);
    if (contact->kind == CONTACT_LOG)
        return contacts != NULL ? contacts->origin_count : 0;
    return contact->origin;
}

/* False when the queue is full. */
static bool take_row(struct sender *sender, struct toc_txn *txn, const struct notifier_due *due)
{
    struct send wanted = {.alert_number = due->alert_number, .index = due->index};
    struct notifier_page page;
    if (send_queue_find(sender->queue, due->alert_number, due->index) != NULL ||
        !is_pending(sender, txn, &wanted, &page))
        return true;
    return send_queue_add(sender->queue, due->alert_number, due->index,
                          origin_of(sender, page.page->contact)) != SEND_QUEUE_FULL;
}

/*
 * Log time never goes back, so whatever comes into the outbox from now on stands at or behind it:
 * rows before the last one that was due need no second look.
 */
static void look(struct sender *sender, struct toc_txn *txn, toc_time_ms log_ms)
{
    struct notifier_due rows[ROWS_AT_ONCE];
    size_t count;
    if (!sender->more)
        sender->looked = (struct notifier_due){.at_ms = sender->looked.at_ms};
    enum toc_err err = notifier_outbox(txn, &sender->looked, ROWS_AT_ONCE, rows, &count);
    if (err < 0)
        give_up(err, "outbox");
    sender->next_ms = TOC_TIME_NEVER;
    sender->more = count == ROWS_AT_ONCE;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].at_ms > log_ms) {
            sender->next_ms = rows[i].at_ms;
            sender->more = false;
            return;
        }
        if (!take_row(sender, txn, &rows[i])) {
            sender->more = false; /* a rescan comes when there is room */
            return;
        }
        sender->looked = rows[i];
    }
}

/* --- sending ------------------------------------------------------------------------------ */

/* Never waits for a terminal that is stopped or a reader that sleeps: real pages go on. */
static bool print_line(const struct notifier_page *page, toc_time_ms now_ms)
{
    char line[PAYLOAD_LINE_MAX];
    struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
    size_t size = payload_line(page, now_ms, line);
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
        return false;
    return write(STDOUT_FILENO, line, size) == (ssize_t)size;
}

static void print_page(struct sender *sender, struct send *send, const struct notifier_page *page,
                       struct toc_now now)
{
    struct toc_transfer_answer answer = {.code = 200, .text = "printed"};
    if (toc_program_event_clock())
        answer.text = "held: event clock";
    else if (!print_line(page, now.wall_ms))
        answer = (struct toc_transfer_answer){.text = "standard output takes nothing"};
    settle(sender, send, &answer);
}

static void post_page(struct sender *sender, struct send *send, const struct notifier_page *page,
                      struct toc_now now)
{
    const struct contact *contact = contacts_find(sender->config->contacts, page->page->contact);
    char signature[TOC_WEBHOOK_SIGNATURE_MAX];
    struct toc_transfer_request request = {.url = contact->url,
                                           .id = page->page->delivery,
                                           .timestamp_s = now.wall_ms / TOC_SECOND_MS,
                                           .signature = signature};
    request.body = toc_str(sender->body, payload_json(page, sender->body));
    toc_webhook_sign(contact->secrets, contact->secret_count, toc_str_of(request.id),
                     request.timestamp_s, request.body, signature);
    send->transfer = toc_transfers_start(sender->transfers, &request, send);
    if (send->transfer == NULL)
        settle(sender, send, &(struct toc_transfer_answer){.text = "no memory to send with"});
}

static void start_all(struct sender *sender, struct toc_txn *txn, struct toc_now now)
{
    struct send *send;
    while ((send = send_queue_next(sender->queue)) != NULL) {
        struct notifier_page page;
        if (!is_pending(sender, txn, send, &page)) {
            send_queue_forget(sender->queue, send);
            continue;
        }
        send->attempts = page.page->attempts;
        if (toc_program_event_clock() ||
            contacts_find(sender->config->contacts, page.page->contact)->kind == CONTACT_LOG)
            print_page(sender, send, &page, now);
        else
            post_page(sender, send, &page, now);
    }
}

/* --- the loop's side ---------------------------------------------------------------------- */

static void set_timer(struct sender *sender, struct toc_now now)
{
    toc_time_ms wait_ms = sender->next_ms - now.wall_ms;
    uv_timer_stop(&sender->timer);
    if (sender->next_ms == TOC_TIME_NEVER || toc_program_event_clock())
        return; /* event time comes with records, and every record with a turn */
    if (wait_ms > TIMER_MOST_MS)
        wait_ms = TIMER_MOST_MS;
    uv_update_time(sender->timer.loop);
    uv_timer_start(&sender->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
}

static bool wants_look(struct sender *sender, bool changed, toc_time_ms log_ms)
{
    if (send_queue_wants_rescan(sender->queue)) {
        sender->looked = (struct notifier_due){0};
        sender->more = true;
    }
    return changed || sender->more || log_ms >= sender->next_ms;
}

/* All reading comes first: an outcome that is told opens a turn. */
static void take_turn(struct sender *sender, struct toc_txn *txn, bool wants, struct toc_now now)
{
    review(sender, txn);
    if (wants)
        look(sender, txn, toc_run_log_ms(sender->run));
    start_all(sender, txn, now);
}

static void after_commit(void *self, struct toc_now now)
{
    struct sender *sender = self;
    uint64_t seq = toc_run_journal(sender->run)->last_seq;
    struct toc_txn *txn;
    bool wants = wants_look(sender, seq != sender->seen_seq, toc_run_log_ms(sender->run));
    uv_idle_stop(&sender->idle);
    if (!wants && send_queue_known(sender->queue) == 0)
        return;
    enum toc_err err = toc_txn_begin_read(toc_run_store(sender->run), &txn);
    if (err < 0)
        give_up(err, "read");
    take_turn(sender, txn, wants, now);
    toc_txn_abort(txn);
    sender->seen_seq = seq;
    tell_all(sender, now);
    set_timer(sender, now);
    if (sender->more)
        come_round(sender);
}

static void on_closed(uv_handle_t *handle)
{
    struct sender *sender = handle->data;
    if (--sender->open_handles == 0)
        free(sender);
}

static void stop(void *self)
{
    struct sender *sender = self;
    toc_transfers_close(sender->transfers); /* outcomes unknown: sent again with the same ids */
    send_queue_close(sender->queue);
    toc_arena_done(&sender->arena);
    uv_close((uv_handle_t *)&sender->timer, on_closed);
    uv_close((uv_handle_t *)&sender->idle, on_closed);
}

static enum toc_err open_parts(struct sender *sender, struct uv_loop_s *loop)
{
    const struct send_config *config = sender->config;
    uint32_t origins = config->contacts != NULL ? config->contacts->origin_count : 0;
    const struct toc_transfers_config transfers = {.loop = loop,
                                                   .connect_ms = (long)config->connect_ms,
                                                   .whole_ms = (long)config->whole_ms,
                                                   .proxy = config->proxy,
                                                   .done = on_answer,
                                                   .self = sender};
    TOC_TRY(toc_arena_init(&sender->arena, ARENA_BYTES));
    TOC_TRY(send_queue_open(origins + 1, (unsigned)config->parallel, &sender->queue));
    return toc_transfers_open(&transfers, &sender->transfers);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    (void)link;
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return TOC_ERR_MEMORY;
    signal(SIGPIPE, SIG_IGN); /* a receiver that goes away is an outcome */
    sender->config = configured;
    sender->run = run;
    sender->more = true; /* what a process before this one left */
    sender->next_ms = TOC_TIME_NEVER;
    TOC_ASSERT(uv_timer_init(loop, &sender->timer) == 0);
    TOC_ASSERT(uv_idle_init(loop, &sender->idle) == 0);
    sender->timer.data = sender->idle.data = sender;
    sender->open_handles = 2;
    enum toc_err err = open_parts(sender, loop);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "sender_failed", "why=\"%s\"", toc_err_text(err));
        stop(sender);
        return err;
    }
    *out_self = sender;
    return TOC_OK;
}

const struct toc_effects send_effects = {start, after_commit, stop};
