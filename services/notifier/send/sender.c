#include "services/notifier/send/sender.h"

#include "common/exit_point.h"
#include "common/log.h"
#include "common/page_news.h"
#include "services/notifier/send/alarm.h"
#include "services/notifier/send/introduce.h"
#include "services/notifier/send/send_queue.h"
#include "services/notifier/send/way.h"

#include <stdlib.h>

#define ARENA_BYTES   (64 * 1024) /* for one page and its alert at a time */
#define ROWS_AT_ONCE  256         /* of the outbox, per look */
#define OUTCOME_BYTES 256
#define FIRST_AT_ONCE 4                   /* sends to a receiver of which nothing is known yet */
#define SETTLE_MS     (3 * TOC_SECOND_MS) /* how long a start waits for what is behind */

struct sender {
    const struct send_config *config;
    struct toc_run *run;
    struct toc_sender *loop;
    struct send_queue *queue;
    struct way_transports transports;
    struct toc_arena arena;
    uint64_t seen_seq;          /* the log, when the outbox was last looked at */
    struct notifier_due looked; /* rows up to here are known or left for a rescan */
    toc_time_ms rings_ms;       /* when the next page comes into the outbox, without a record */
    bool more;                  /* the last look did not come to an end */
    bool looks;                 /* in the turn that begins */
    bool introduced;            /* the core knows all that the contacts file says */
    bool settled;               /* so does it what happened while it was not here */
    bool held;                  /* news were passed over until another page is through */
    struct toc_now started;
};

static const struct send_config *configured;

void send_configure(const struct send_config *config)
{
    configured = config;
}

/* Looks at the outbox from its beginning. */
static void look_again(struct sender *sender)
{
    sender->looked = (struct notifier_due){0};
    sender->more = true;
    sender->held = false;
}

/* --- outcomes ----------------------------------------------------------------------------- */

/*
 * A receiver that gives no answer may be gone: what waits for its turn there and has another method
 * goes by that one now, or the last of many would find out long after its five seconds.
 */
static void pass_on(struct sender *sender, uint32_t origin)
{
    const struct toc_transfer_answer answer = {.text = "passed on: no answer to another page"};
    struct send *send;
    unsigned count = 0;
    while ((send = send_queue_pass_on(sender->queue, origin)) != NULL) {
        send->untried = true;
        toc_sender_settle(sender->loop, &send->sent, &answer);
        send_queue_done(sender->queue, send);
        count++;
    }
    if (count > 0)
        toc_log(TOC_LOG_WARNING, "pages_passed_on", "pages=%u why=\"%s\"", count,
                "their receiver gave another page no answer");
}

static void settle(struct sender *sender, struct send *send,
                   const struct toc_transfer_answer *answer)
{
    toc_sender_settle(sender->loop, &send->sent, answer);
    if (answer->code < 200 || answer->code > 299)
        toc_log(TOC_LOG_WARNING, "page_not_accepted", "alert=%llu page=%u attempt=%u why=\"%s\"",
                (unsigned long long)send->alert_number, send->index, send->attempts + 1,
                answer->text);
    send_queue_answered(sender->queue, send,
                        answer->code != 0 && answer->code < 500 && answer->code != 429);
    send_queue_done(sender->queue, send);
    if (answer->code == 0)
        pass_on(sender, send->origin);
    if (sender->held)
        look_again(sender);
}

static void on_answer(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    struct send *send = tag;
    struct toc_transfer_answer judged = *answer;
    const struct method_kind *kind = send->method->kind;
    TOC_EXIT_POINT("page_answered");
    if (kind->judge != NULL && answer->code >= 200 && answer->code < 300)
        kind->judge(&judged);
    settle(self, send, &judged);
}

/* A proxy is trusted to say which addresses are reached. */
static bool on_address(void *self, void *tag, const struct sockaddr *address)
{
    const struct send_config *config = ((const struct sender *)self)->config;
    const struct send *send = tag;
    return config->proxy != NULL ||
           toc_guard_allows(&config->contacts->guard, address, send->method->plain);
}

static void tell(struct sender *sender, struct send *send, struct toc_now now)
{
    Tocsin__V1__PageOutcome outcome = TOCSIN__V1__PAGE_OUTCOME__INIT;
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    uint8_t bytes[OUTCOME_BYTES];
    outcome.alert_number = send->alert_number;
    outcome.page = send->index;
    outcome.code = send->sent.code;
    outcome.text = send->sent.text;
    outcome.retry_after_ms = send->sent.retry_after_ms;
    outcome.begun_seq = send->begun_seq;
    outcome.untried = send->untried;
    word.page = &outcome;
    TOC_ASSERT(tocsin__v1__sender_word__get_packed_size(&word) <= sizeof(bytes));
    size_t size = tocsin__v1__sender_word__pack(&word, bytes);
    toc_sender_tell(sender->loop, &send->sent, toc_str(bytes, size), now);
    send->state = SEND_TOLD;
    TOC_EXIT_POINT("page_told");
}

static void tell_all(void *self, struct toc_now now)
{
    struct sender *sender = self;
    size_t count;
    struct send *const *active = send_queue_active(sender->queue, &count);
    for (size_t i = 0; i < count; i++)
        if (active[i]->state == SEND_DONE && toc_sent_may_be_told(&active[i]->sent, now))
            tell(sender, active[i], now);
}

/* --- what became of what is known ----------------------------------------------------------- */

/* The page as it stands, in the arena until the next call. */
static bool is_pending(struct sender *sender, struct toc_txn *txn, const struct send *send,
                       struct notifier_page *out)
{
    toc_arena_reset(&sender->arena, 0);
    enum toc_err err =
        notifier_pending_page(txn, &sender->arena, send->alert_number, send->index, out);
    toc_sender_must(err, "page");
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
        if (send->state == SEND_DONE)
            continue;
        bool pending = is_pending(sender, txn, send, &page);
        if (send->state == SEND_UNDER_WAY && !pending)
            TOC_EXIT_POINT("page_crossed");
        if (send->state == SEND_TOLD && pending && page.page->attempts == send->attempts) {
            send->state = SEND_DONE;
        } else if (send->state == SEND_TOLD) {
            TOC_EXIT_POINT("page_kept");
            send_queue_forget(sender->queue, send);
        } else if (!pending && way_call_off(&send->flight)) {
            send_queue_forget(sender->queue, send);
            if (sender->held)
                look_again(sender);
        } else if (pending && !way_is_out(&send->flight)) {
            send->begun_seq = toc_run_journal(sender->run)->last_seq;
        }
    }
}

/* --- looking for pages -------------------------------------------------------------------- */

/* What needs no receiver waits for none: it has the last origin for itself. */
static uint32_t origin_of(const struct sender *sender, const Tocsin__V1__Page *page)
{
    const struct contacts *contacts = sender->config->contacts;
    const struct method *method = contacts_method(contacts, page->contact, page->method);
    if (method == NULL || method->origin == CONTACTS_NO_ORIGIN)
        return contacts != NULL ? contacts->origin_count : 0;
    return method->origin;
}

/* What is about no deadline is due since it was opened. */
static struct send_rank rank_of(const struct notifier_page *page)
{
    toc_time_ms due_ms = page->page->soonest_ms;
    if (due_ms == 0)
        due_ms = page->alert->due_ms != 0 ? page->alert->due_ms : page->alert->opened_ms;
    return (struct send_rank){page->page->urgent, due_ms};
}

/*
 * News of an alert wait until what goes to the same receiver about it is through: the two would
 * race, and a trigger that came last would open another incident.
 */
static bool is_held(const struct sender *sender, const Tocsin__V1__Page *page, uint32_t origin)
{
    size_t count;
    struct send *const *active = send_queue_active(sender->queue, &count);
    if (!toc_page_is_news(page))
        return false;
    for (size_t i = 0; i < count; i++)
        if (active[i]->alert_number == page->alert_number && active[i]->origin == origin &&
            active[i]->state == SEND_UNDER_WAY)
            return true;
    return false;
}

/* False when the queue is full. */
static bool take_row(struct sender *sender, struct toc_txn *txn, const struct notifier_due *due)
{
    struct send wanted = {.alert_number = due->alert_number, .index = due->index};
    struct notifier_page page;
    if (send_queue_find(sender->queue, due->alert_number, due->index) != NULL ||
        !is_pending(sender, txn, &wanted, &page))
        return true;
    TOC_EXIT_POINT("page_found");
    wanted.attempts = page.page->attempts;
    wanted.origin = origin_of(sender, page.page);
    wanted.rank = rank_of(&page);
    wanted.has_other = page.page->cut_ms > 0;
    if (is_held(sender, page.page, wanted.origin)) {
        sender->held = true;
        return true;
    }
    return send_queue_add(sender->queue, &wanted) != SEND_QUEUE_FULL;
}

/*
 * Log time never goes back, so whatever comes into the outbox from now on stands at or behind it:
 * rows before the last one that was seen need no second look.
 */
static void look(struct sender *sender, struct toc_txn *txn)
{
    struct notifier_due rows[ROWS_AT_ONCE];
    size_t count;
    if (!sender->more)
        sender->looked = (struct notifier_due){.at_ms = sender->looked.at_ms};
    toc_sender_must(notifier_outbox(txn, &sender->looked, ROWS_AT_ONCE, rows, &count), "outbox");
    toc_sender_must(notifier_next_ring(txn, &sender->rings_ms), "outbox");
    sender->more = count == ROWS_AT_ONCE;
    for (size_t i = 0; i < count; i++) {
        if (!take_row(sender, txn, &rows[i])) {
            sender->more = false; /* a rescan comes when there is room */
            return;
        }
        sender->looked = rows[i];
    }
}

/* --- sending ------------------------------------------------------------------------------ */

static void start_one(struct sender *sender, struct send *send, const struct notifier_page *page,
                      struct toc_now now)
{
    struct way_page leaving;
    struct toc_transfer_answer answer;
    way_prepare(&leaving, sender->config->contacts, sender->config->key, page, now.wall_ms);
    send->attempts = page->page->attempts;
    send->begun_seq = toc_run_journal(sender->run)->last_seq;
    send->method = leaving.leaving.method;
    TOC_EXIT_POINT("page_sending");
    if (!way_send(&sender->transports, &leaving.leaving, send, &send->flight, &answer))
        settle(sender, send, &answer);
}

static void start_all(struct sender *sender, struct toc_txn *txn, struct toc_now now)
{
    struct send *send;
    while ((send = send_queue_next(sender->queue)) != NULL) {
        struct notifier_page page;
        if (is_pending(sender, txn, send, &page))
            start_one(sender, send, &page, now);
        else
            send_queue_forget(sender->queue, send);
    }
}

/* --- the loop's side ---------------------------------------------------------------------- */

/* The core's own dues wake the loop, but nobody may be there to end the wait of a start. */
static toc_time_ms next_intent_ms(void *self, struct toc_now now)
{
    const struct sender *sender = self;
    return sender->settled ? TOC_TIME_NEVER
                           : now.wall_ms + SETTLE_MS + sender->started.mono_ms - now.mono_ms;
}

/*
 * Somebody may have answered while this process was not there: what its upstreams have is taken
 * before the first page leaves, unless one of them does not come.
 */
static bool is_settled(struct sender *sender, struct toc_now now)
{
    struct toc_run_counts counts;
    const char *why_not;
    toc_run_counts(sender->run, &counts);
    sender->settled = sender->settled || toc_program_event_clock() ||
                      now.mono_ms - sender->started.mono_ms >= SETTLE_MS ||
                      (toc_run_is_ready(sender->run, &why_not) && counts.lag_records == 0 &&
                       counts.upstreams_live == counts.upstreams);
    return sender->settled;
}

static bool wants(void *self)
{
    struct sender *sender = self;
    if (send_queue_wants_rescan(sender->queue))
        look_again(sender);
    sender->looks = sender->more || toc_run_journal(sender->run)->last_seq != sender->seen_seq ||
                    toc_run_log_ms(sender->run) > sender->rings_ms;
    return sender->looks || send_queue_known(sender->queue) > 0;
}

static void take(void *self, struct toc_txn *txn, struct toc_now now)
{
    struct sender *sender = self;
    review(sender, txn);
    if (sender->looks)
        look(sender, txn);
    if (is_settled(sender, now))
        start_all(sender, txn, now);
    if (toc_run_journal(sender->run)->last_seq != sender->seen_seq)
        toc_sender_must(alarm_from(txn, &sender->arena, sender->seen_seq + 1), "log");
    sender->seen_seq = toc_run_journal(sender->run)->last_seq;
    if (sender->more)
        toc_sender_come_round(sender->loop);
}

/* Before anybody is paged, and again until it is on disk. It opens a turn. */
static void introduce_all(struct sender *sender, struct toc_now now)
{
    const struct introduction to = {.contacts = sender->config->contacts,
                                    .key = sender->config->key,
                                    .run = sender->run,
                                    .arena = &sender->arena};
    bool told;
    if (sender->introduced)
        return;
    toc_sender_must(introduce(&to, now, &told), "contacts");
    sender->introduced = !told;
    if (told)
        toc_sender_come_round(sender->loop);
}

static void after_commit(void *self, struct toc_now now)
{
    struct sender *sender = self;
    introduce_all(sender, now);
    if (sender->introduced)
        toc_sender_after_commit(sender->loop, now);
}

static void stop(void *self)
{
    struct sender *sender = self;
    way_close(&sender->transports); /* outcomes unknown: sent again, same ids */
    send_queue_close(sender->queue);
    toc_arena_done(&sender->arena);
    toc_sender_close(sender->loop);
    free(sender);
}

/* A mail that waits for a thread would do so in its own time. */
static void limit_mails(struct sender *sender)
{
    const struct contacts *contacts = sender->config->contacts;
    for (size_t i = 0; contacts != NULL && i < contacts->count; i++) {
        const struct contact *contact = &contacts->rows[i];
        for (size_t k = 0; k < contact->method_count; k++)
            if (contact->methods[k].mail != NULL)
                send_queue_limit(sender->queue, contact->methods[k].origin, TOC_MAILS_MAX);
    }
}

static enum toc_err open_parts(struct sender *sender, struct uv_loop_s *loop)
{
    static const struct toc_sender_work work = {
        .wants = wants, .take = take, .tell = tell_all, .next_ms = next_intent_ms};
    const struct send_config *config = sender->config;
    const struct contacts *contacts = config->contacts;
    uint32_t origins = contacts != NULL ? contacts->origin_count : 0;
    const struct toc_transfers_config transfers = {.loop = loop,
                                                   .connect_ms = (long)config->connect_ms,
                                                   .whole_ms = (long)config->whole_ms,
                                                   .proxy = config->proxy,
                                                   .done = on_answer,
                                                   .allows = on_address,
                                                   .self = sender};
    const struct toc_spawns_config programs = {
        .loop = loop, .whole_ms = config->whole_ms, .done = on_answer, .self = sender};
    const struct mail_server *server = contacts != NULL ? contacts->mail : NULL;
    const struct toc_mails_config mails = {.loop = loop,
                                           .connect_ms = (long)config->connect_ms,
                                           .whole_ms = (long)config->whole_ms,
                                           .ca_file = server != NULL ? server->ca_file : NULL,
                                           .proxy = config->proxy,
                                           .guard = contacts != NULL ? &contacts->guard : NULL,
                                           .done = on_answer,
                                           .self = sender};
    TOC_TRY(toc_arena_init(&sender->arena, ARENA_BYTES));
    TOC_TRY(
        send_queue_open(origins + 1, FIRST_AT_ONCE, (unsigned)config->parallel, &sender->queue));
    limit_mails(sender);
    TOC_TRY(toc_sender_open(loop, sender->run, &work, sender, &sender->loop));
    TOC_TRY(toc_spawns_open(&programs, &sender->transports.programs));
    TOC_TRY(toc_mails_open(&mails, &sender->transports.mails));
    return toc_transfers_open(&transfers, &sender->transports.http);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    (void)link;
    struct sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return TOC_ERR_MEMORY;
    sender->config = configured;
    sender->run = run;
    sender->more = true; /* what a process before this one left */
    sender->rings_ms = TOC_TIME_NEVER;
    sender->seen_seq = toc_run_journal(run)->last_seq;
    sender->introduced = toc_program_event_clock(); /* nobody is paged then */
    enum toc_err err = open_parts(sender, loop);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "sender_failed", "why=\"%s\"", toc_err_text(err));
        stop(sender);
        return err;
    }
    sender->started = toc_program_now();
    introduce_all(sender, sender->started);
    *out_self = sender;
    return TOC_OK;
}

const struct toc_effects send_effects = {start, after_commit, stop};
