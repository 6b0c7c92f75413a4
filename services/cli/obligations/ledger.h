/*
 * What the notifier's log says became of every page: the arithmetic of `tocsin obligations`,
 * without the bus.
 *
 * Records go in once, in the order of the log. A page is an obligation (alert, round, step,
 * person): ALERT_PAGED opens it, exactly one PAGE_ENDED ends it, and no attempt begins after that
 * one, or after the alert was acknowledged. The ledger knows nothing of how the notifier comes to
 * its records, only of the order they stand in. What does not fit is told at once, as a fault.
 *
 * Memory: 73 to 146 bytes for each page and 45 to 90 for each alert, and some more for a page that
 * is pending.
 */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "common/arena.h"
#include "common/time.h"
#include "common/wire.h"

#define LEDGER_DELIVERY 40 /* bytes of a delivery id with its terminator */
#define LEDGER_NAME     80 /* … of a person or an outcome; longer ones are cut */

#define LEDGER_PATIENCE_MS (5 * TOC_MINUTE_MS) /* more than any retry of a page takes */

/* X(name, what is wrong), in the order in which they matter. */
#define LEDGER_FAULTS(X)                                                                           \
    X(sent_after_ack, "an attempt began after the alert was acknowledged or closed")               \
    X(sent_after_end, "an attempt began after the page had ended")                                 \
    X(paged_after_ack, "a page was opened although the alert was acknowledged or closed")          \
    X(left_pending, "a page is still pending although its step, or its alert, is over")            \
    X(ended_twice, "a page ended twice")                                                           \
    X(ended_unopened, "a page ended that was never opened")                                        \
    X(sent_unopened, "a page was sent that was never opened")                                      \
    X(opened_twice, "a page was opened twice")                                                     \
    X(asked_twice, "the same person was asked twice for the same step and round of an alert")      \
    X(id_shared, "two pages have the same delivery id")                                            \
    X(id_changed, "the delivery id of a page changed")                                             \
    X(accepted_unsent, "a page counts as accepted, but no attempt was")                            \
    X(ended_no_state, "a page ended in no state that is an end")                                   \
    X(ended_no_reason, "a page ended without a reason")                                            \
    X(carrier_unknown, "the page that should stand for another was never opened")                  \
    X(carrier_failed, "the page that should stand for another was accepted by nobody")             \
    X(unpaged, "an alert was opened or escalated, nobody was paged, and nothing says why")         \
    X(overdue, "a page is still pending although its time was over long ago")                      \
    X(step_stays, "a step was to be over long ago, and its alert has not gone on")

enum ledger_fault_kind {
#define LEDGER_KIND(name, text) LEDGER_##name,
    LEDGER_FAULTS(LEDGER_KIND)
#undef LEDGER_KIND
        LEDGER_FAULT_COUNT
};

/* The page that a fault or a line is about; texts are empty where it is about an alert alone. */
struct ledger_page {
    uint8_t alert[TOC_ID]; /* zeroes: it is about none */
    uint64_t alert_number;
    uint32_t index, step, round;
    char delivery[LEDGER_DELIVERY], contact[LEDGER_NAME];
};

struct ledger_fault {
    enum ledger_fault_kind kind;
    const char *name, *text; /* constants */
    uint64_t seq;            /* the record that shows it; 0: the whole log does */
    uint64_t before_seq;     /* the record that it does not fit; 0: none */
    toc_time_ms at_ms;       /* of the record at hand when it was found */
    struct ledger_page page;
};

/* A page that has not ended, as the latest record about it says. */
struct ledger_pending {
    struct ledger_page page;
    uint64_t opened_seq;
    uint32_t attempts;
    toc_time_ms planned_ms;
    toc_time_ms next_ms;       /* of the next try; only after the first one */
    toc_time_ms ends_ms;       /* its step goes on then; TOC_TIME_NEVER, or 0: not known */
    char outcome[LEDGER_NAME]; /* of the last attempt */
    char kind[16];             /* empty: a step asked for it */
    bool waits;                /* for others of its group, or another stands for it */
};

struct ledger_counts {
    uint64_t records, alerts, pages, attempts;
    uint64_t ended[TOCSIN__V1__PAGE_STATE__PAGE_SUPERSEDED + 1]; /* by their state */
    uint64_t pending;
    uint64_t crossed; /* attempts under way when their page ended, answered after that */
    uint64_t undated; /* of these, whose records do not say when they began */
    uint64_t adopted; /* pages that were opened before the log begins */
    uint64_t faults;
};

struct ledger;

/* What is lent lives for the call. */
typedef void (*ledger_tell)(void *arg, const struct ledger_fault *fault);

/*
 * `whole`: the records begin with the log's first one, so what was not opened in them never was.
 * `patience_ms`: for what was due and did not come, from the first record after that on; a notifier
 * that was down does it when it is back. TOC_TIME_NEVER: such is no fault.
 */
TOC_MUST enum toc_err ledger_new(bool whole, toc_time_ms patience_ms, ledger_tell tell, void *arg,
                                 struct ledger **out);
/* Accepts NULL. */
void ledger_free(struct ledger *ledger);

/*
 * The next record; of other types than those about alerts it takes nothing. `arena` is for the call
 * alone. TOC_ERR_MEMORY; TOC_ERR_MALFORMED when it cannot be read.
 */
TOC_MUST enum toc_err ledger_record(struct ledger *ledger, struct toc_arena *arena,
                                    const Tocsin__V1__Record *record);

/* That was the last one: tells of what should have come. */
void ledger_end(struct ledger *ledger);

const struct ledger_counts *ledger_counts(const struct ledger *ledger);

/* Every page that has not ended, in order of their alerts' numbers. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err ledger_pending(const struct ledger *ledger,
                                     void (*each)(void *arg, const struct ledger_pending *pending),
                                     void *arg);

#endif
