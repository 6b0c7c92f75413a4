#include "common/send/sender.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#define TELL_AGAIN_MS 1000
#define TIMER_MOST_MS TOC_HOUR_MS

struct toc_sender {
    const struct toc_sender_work *work;
    void *self;
    struct toc_run *run;
    uv_timer_t timer; /* for the next intent: the run's own wake knows none of these */
    uv_idle_t idle;   /* makes the loop come round at once: something is to be done or committed */
    size_t open_handles;
};

/* --- the loop --------------------------------------------------------------------------------- */

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* it only keeps the loop from sleeping */
}

void toc_sender_come_round(struct toc_sender *sender)
{
    uv_idle_start(&sender->idle, on_idle);
}

static void on_timer(uv_timer_t *handle)
{
    toc_sender_come_round(handle->data); /* timers run before the loop sleeps, the turn after */
}

static void set_timer(struct toc_sender *sender, struct toc_now now)
{
    toc_time_ms next_ms = TOC_TIME_NEVER;
    uv_timer_stop(&sender->timer);
    if (!toc_program_event_clock())
        next_ms = sender->work->next_ms(sender->self, now);
    if (next_ms == TOC_TIME_NEVER)
        return;
    toc_time_ms wait_ms = next_ms - now.wall_ms;
    if (wait_ms > TIMER_MOST_MS)
        wait_ms = TIMER_MOST_MS;
    uv_update_time(sender->timer.loop);
    uv_timer_start(&sender->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 1, 0);
}

void toc_sender_after_commit(struct toc_sender *sender, struct toc_now now)
{
    const struct toc_sender_work *work = sender->work;
    struct toc_txn *txn;
    uv_idle_stop(&sender->idle);
    if (!work->wants(sender->self))
        return;
    toc_sender_must(toc_txn_begin_read(toc_run_store(sender->run), &txn), "read");
    work->take(sender->self, txn, now);
    toc_txn_abort(txn);
    work->tell(sender->self, now);
    set_timer(sender, now);
}

/* --- what came of it -------------------------------------------------------------------------- */

void toc_sender_settle(struct toc_sender *sender, struct toc_sent *sent,
                       const struct toc_transfer_answer *answer)
{
    *sent = (struct toc_sent){.code = answer->code, .retry_after_ms = answer->retry_after_ms};
    toc_str_copy(sent->text, sizeof(sent->text), toc_str_of(answer->text));
    toc_sender_come_round(sender);
}

bool toc_sent_may_be_told(const struct toc_sent *sent, struct toc_now now)
{
    return sent->told_ms <= now.mono_ms;
}

void toc_sender_tell(struct toc_sender *sender, struct toc_sent *sent, struct toc_str outcome,
                     struct toc_now now)
{
    toc_sender_must(toc_run_outcome(sender->run, outcome, now), "outcome");
    if (sent != NULL)
        sent->told_ms = now.mono_ms + TELL_AGAIN_MS;
    toc_sender_come_round(sender);
}

/* --- opening and closing ---------------------------------------------------------------------- */

enum toc_err toc_sender_open(struct uv_loop_s *loop, struct toc_run *run,
                             const struct toc_sender_work *work, void *self,
                             struct toc_sender **out)
{
    struct toc_sender *sender = calloc(1, sizeof(*sender));
    if (sender == NULL)
        return TOC_ERR_MEMORY;
    signal(SIGPIPE, SIG_IGN); /* a receiver that goes away is an outcome */
    sender->work = work;
    sender->self = self;
    sender->run = run;
    TOC_ASSERT(uv_timer_init(loop, &sender->timer) == 0);
    TOC_ASSERT(uv_idle_init(loop, &sender->idle) == 0);
    sender->timer.data = sender->idle.data = sender;
    sender->open_handles = 2;
    *out = sender;
    return TOC_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct toc_sender *sender = handle->data;
    if (--sender->open_handles == 0)
        free(sender);
}

void toc_sender_close(struct toc_sender *sender)
{
    if (sender == NULL)
        return;
    uv_close((uv_handle_t *)&sender->timer, on_closed);
    uv_close((uv_handle_t *)&sender->idle, on_closed);
}
