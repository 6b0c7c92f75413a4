#include "services/intake/doors/doors.h"

#include "common/log.h"
#include "services/intake/content/content.h"
#include "services/intake/intake.h"
#include "services/intake/reason.h"

#include <stdlib.h>

#define ALARM_AGAIN_MS TOC_HOUR_MS
#define OVER_AGAIN_MS  TOC_MINUTE_MS

struct doors {
    struct toc_run *run;
    toc_time_ms told_ms;    /* monotonic: when the quarantine's alarm was last; 0: never */
    bool urgent;            /* something exempt is in it */
    struct quota_over over; /* as of the last alarm about it … */
    toc_time_ms over_ms;    /* … monotonic; 0: never */
    struct admit *admit;
    struct content_checks checks;
    struct eraser *eraser;
    enum toc_err failed; /* of what runs after commits: the next one ends the process */
    void *edge;          /* NULL: it is not configured */
    void *mail;          /* NULL: it is not configured */
};

static struct doors_config *configured;

void doors_configure(struct doors_config *config)
{
    configured = config;
}

/* --- the admission as the run's gate -----------------------------------------------------------
 */

static struct admit *admit_of(const void *self)
{
    return ((const struct doors *)self)->admit;
}

/* What no admission has touched and yet has what only that makes, the core refuses. */
static bool is_forged(const struct toc_event *event, const Tocsin__V1__Event *said)
{
    return !event->admitted &&
           (said->private_ != NULL || said->n_content > 0 || said->n_facts > 0 ||
            said->pseudonym[0] != '\0' || said->mail.len > 0);
}

/* Of peers on the bus nothing but the source is known: who publishes there is no requester. */
static enum toc_err hold_back(struct toc_arena *arena, struct toc_event *event)
{
    Tocsin__V1__Event *said;
    if (!quota_has(configured->edge.quota, QUOTA_SOURCE) || event->refused != NULL ||
        toc_wire_unpack(arena, &tocsin__v1__event__descriptor, event->bytes, &said) < 0 ||
        said->quarantine[0] != '\0' || is_forged(event, said))
        return TOC_OK;
    const char *reason =
        quota_judge_source(configured->edge.quota, said, toc_program_now().mono_ms);
    if (reason == NULL)
        return TOC_OK;
    event->admitted = true;
    return reason_join(arena, event->bytes, reason, &event->bytes);
}

static enum toc_err gate_admit(void *self, struct toc_arena *arena, struct toc_event *event)
{
    TOC_TRY(admit_packed(admit_of(self), arena, event));
    return hold_back(arena, event);
}

static enum toc_err gate_settled(void *self, struct toc_str event,
                                 const struct toc_receipt *receipt, toc_time_ms at_ms)
{
    return admit_settled(admit_of(self), event, receipt, at_ms);
}

static bool gate_is_full(const void *self)
{
    return admit_is_full(admit_of(self));
}

static enum toc_err gate_before_commit(void *self)
{
    struct doors *doors = self;
    return doors->failed < 0 ? doors->failed : admit_commit(doors->admit);
}

static void gate_abandoned(void *self, uint64_t last_seq)
{
    admit_abandon(admit_of(self), last_seq);
}

/* The network between services carries no personal text: who asks is on this host. */
static enum toc_err gate_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                             const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    if (ask->what != TOCSIN__V1__ASK__WHAT__CONTENT)
        return TOC_NONE;
    struct doors *doors = self;
    struct toc_now now = toc_program_now();
    if (toc_program_event_clock())
        now.wall_ms = 0;
    if (toc_program_is_local())
        return content_ask(admit_vault(doors->admit), &doors->checks, txn, now, arena, ask, answer);
    answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED;
    answer->detail = toc_wire_text("content is not sent over TCP: ask on this intake's own host");
    return TOC_OK;
}

static void gate_tell(const void *self, Tocsin__V1__Status *status)
{
    struct toc_now now = toc_program_now();
    struct quota_over over;
    (void)self;
    quota_over(configured->edge.quota, &over);
    status->exempt_over = over.passed;
    status->exempt_held = over.held;
    status->exempt_ms = over.last_ms != 0 ? now.wall_ms - (now.mono_ms - over.last_ms) : 0;
}

static enum toc_err open_admission(struct doors *doors, struct toc_run *run)
{
    const struct toc_journal *journal = toc_run_journal(run);
    struct toc_run_gate gate = {.admit = gate_admit,
                                .settled = gate_settled,
                                .is_full = gate_is_full,
                                .before_commit = gate_before_commit,
                                .abandoned = gate_abandoned,
                                .ask = gate_ask,
                                .tell = gate_tell};
    TOC_TRY(admit_open(&configured->admit, journal->log_id, journal->last_seq, &doors->admit));
    gate.self = doors;
    toc_run_set_gate(run, &gate);
    configured->edge.admit = configured->mail.admit = doors->admit;
    return TOC_OK;
}

/* --- life --------------------------------------------------------------------------------------
 */

static void stop(void *self)
{
    struct doors *doors = self;
    if (doors->edge != NULL)
        edge_effects.stop(doors->edge);
    mail_door_effects.stop(doors->mail);
    eraser_stop(doors->eraser);
    admit_close(doors->admit);
    free(doors);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    struct doors *doors = calloc(1, sizeof(*doors));
    if (doors == NULL)
        return TOC_ERR_MEMORY;
    doors->run = run;
    enum toc_err err = open_admission(doors, run);
    if (err == TOC_OK)
        err = eraser_start(&configured->eraser, run, admit_vault(doors->admit), toc_program_now(),
                           &doors->eraser);
    if (err == TOC_OK)
        err = edge_effects.start(loop, link, run, &doors->edge);
    if (err == TOC_OK)
        err = mail_door_effects.start(loop, link, run, &doors->mail);
    if (err < 0) {
        stop(doors);
        return err;
    }
    *out_self = doors;
    return TOC_OK;
}

/* Anyone may claim that a report must not wait, so somebody has to hear when many do. */
static void watch_exempt(struct doors *doors, struct toc_now now)
{
    struct quota_over over;
    quota_over(configured->edge.quota, &over);
    uint64_t passed = over.passed - doors->over.passed, held = over.held - doors->over.held;
    doors->urgent |= held > 0;
    if (passed + held == 0 || (doors->over_ms != 0 && now.mono_ms - doors->over_ms < OVER_AGAIN_MS))
        return;
    doors->over = over;
    doors->over_ms = now.mono_ms;
    toc_log(TOC_LOG_ALARM, "exempt_over_quota",
            "passed=%llu held=%llu limit=%s source=\"%s\" why=\"%s\"", (unsigned long long)passed,
            (unsigned long long)held, over.limit, over.source,
            held > 0 ? "exempt, and too many: tocsin quarantine list --reason " REASON_FLOOD
                     : "exempt, so they came in: is it a flood?");
}

/* Nothing leaves the quarantine by itself, so somebody has to hear that something waits there. */
static void watch_quarantine(struct doors *doors, struct toc_now now)
{
    toc_time_ms since_ms;
    uint64_t held = intake_held(toc_run_self(doors->run), &since_ms);
    doors->urgent = doors->urgent && held > 0;
    if (held == 0 || (!doors->urgent && now.wall_ms - since_ms < configured->held_ms) ||
        (doors->told_ms != 0 && now.mono_ms - doors->told_ms < ALARM_AGAIN_MS))
        return;
    doors->told_ms = now.mono_ms;
    toc_log(TOC_LOG_ALARM, "quarantine_waits", "held=%llu since_ms=%lld why=\"%s\"",
            (unsigned long long)held, (long long)since_ms,
            "nobody has decided: tocsin quarantine list, release, reject");
}

static void after_commit(void *self, struct toc_now now)
{
    struct doors *doors = self;
    watch_exempt(doors, now);
    watch_quarantine(doors, now);
    edge_effects.after_commit(doors->edge, now);
    if (doors->failed == TOC_OK)
        doors->failed = eraser_work(doors->eraser, now);
}

const struct toc_effects doors_effects = {start, after_commit, stop};
