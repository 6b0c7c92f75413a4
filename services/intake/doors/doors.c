#include "services/intake/doors/doors.h"

#include <stdlib.h>

struct doors {
    struct admit *admit;
    void *edge; /* NULL: it is not configured */
};

static struct doors_config *configured;

void doors_configure(struct doors_config *config)
{
    configured = config;
}

/* --- the admission as the run's gate -----------------------------------------------------------
 */

static enum toc_err gate_admit(void *self, struct toc_arena *arena, struct toc_event *event)
{
    return admit_packed(self, arena, event);
}

static enum toc_err gate_settled(void *self, struct toc_str event,
                                 const struct toc_receipt *receipt, toc_time_ms at_ms)
{
    return admit_settled(self, event, receipt, at_ms);
}

static bool gate_is_full(const void *self)
{
    return admit_is_full(self);
}

static enum toc_err gate_before_commit(void *self)
{
    return admit_commit(self);
}

static void gate_abandoned(void *self, uint64_t last_seq)
{
    admit_abandon(self, last_seq);
}

static enum toc_err open_admission(struct doors *doors, struct toc_run *run)
{
    const struct toc_journal *journal = toc_run_journal(run);
    struct toc_run_gate gate = {.admit = gate_admit,
                                .settled = gate_settled,
                                .is_full = gate_is_full,
                                .before_commit = gate_before_commit,
                                .abandoned = gate_abandoned};
    TOC_TRY(admit_open(&configured->admit, journal->log_id, journal->last_seq, &doors->admit));
    gate.self = doors->admit;
    toc_run_set_gate(run, &gate);
    configured->edge.admit = doors->admit;
    return TOC_OK;
}

/* --- life --------------------------------------------------------------------------------------
 */

static void stop(void *self)
{
    struct doors *doors = self;
    if (doors->edge != NULL)
        edge_effects.stop(doors->edge);
    admit_close(doors->admit);
    free(doors);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    struct doors *doors = calloc(1, sizeof(*doors));
    if (doors == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = open_admission(doors, run);
    if (err == TOC_OK)
        err = edge_effects.start(loop, link, run, &doors->edge);
    if (err < 0) {
        stop(doors);
        return err;
    }
    *out_self = doors;
    return TOC_OK;
}

static void after_commit(void *self, struct toc_now now)
{
    struct doors *doors = self;
    edge_effects.after_commit(doors->edge, now);
}

const struct toc_effects doors_effects = {start, after_commit, stop};
