/*
 * What an alert does: open, page the contacts of its step (page.h), go to the next step, end.
 *
 *              ack, take, snooze       resolve, solved, clock met
 *      OPEN ───────────────► ACKNOWLEDGED ─────────────► RESOLVED
 *       │ ╲___ resolve, solved, clock met ________________↗
 *       │ time-out: next step, next round
 *       └─ no step left ──► EXHAUSTED ── ack ──► ACKNOWLEDGED
 *
 * Where the path says so, an acknowledgement ends: whoever gave it is reminded, and then the alert
 * is OPEN at its next step, as one is that is escalated by hand. When a snooze ends, it is OPEN at
 * the step where it was.
 */
#ifndef NOTIFIER_ESCALATE_H
#define NOTIFIER_ESCALATE_H

#include "services/notifier/page.h"

/* What an alert is about. */
struct cause {
    const Tocsin__V1__Record *record; /* NULL: time alone opens it */
    const struct toc_alert_rule *rule;
    const char *name;     /* "breached:first_reply/1/0", unique for the issue */
    const char *metric;   /* the clock's name, or "" */
    const char *kind;     /* what it measures, where its name does not say it; or "" */
    const char *scope;    /* its queue, tier or escalation; or "" */
    const char *waits;    /* why nobody takes the issue; or "" */
    const uint8_t *issue; /* TOC_ID bytes; NULL: about none, and unique with passed_ms */
    uint32_t partition, issue_number;
    const char *path; /* the issue's */
    const char *queue, *source, *subject, *category, *sop;
    Tocsin__V1__Priority priority;
    Tocsin__V1__Risk risk;
    toc_time_ms due_ms;    /* the deadline, for the page; 0 for none */
    toc_time_ms passed_ms; /* the instant whose passing it is; 0 for none */
    bool unconfirmed;      /* it may turn out not to be so */
};

/* Rules for the same occasion that do not fit. */
struct lost {
    Tocsin__V1__Tried *list[NOTIFIER_TRIED_MAX];
    size_t count;
    uint32_t more; /* for which there is no room */
};

/* Where the rule's alert goes; NULL: the policy pages nobody for this issue. */
const struct toc_path *escalate_path(const struct toc_policy *policy,
                                     const struct toc_alert_rule *rule, const struct cause *cause);

/* Opens the alert unless it is there already, and pages its first step at once. `out_number` is
 * either's; may be NULL. */
TOC_MUST enum toc_err escalate_open(struct toc_turn *turn, const struct cause *cause,
                                    const struct lost *lost, const struct toc_policy *policy,
                                    uint64_t *out_number);

/* To the next step now, whoever has it; where the path was through, another round begins. */
TOC_MUST enum toc_err escalate_by_hand(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                       const char *by);

/* What was kept rings: its step again, or from the first one on; where the path was through,
 * another round begins. */
TOC_MUST enum toc_err escalate_resume(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                      bool from_start, const char *why);

/* The alert's instant has come: its step, its acknowledgement or its snooze ends, or a
 * reminder is due. */
TOC_MUST enum toc_err escalate_due(struct toc_turn *turn, Tocsin__V1__Alert *alert);

struct escalate_end {
    Tocsin__V1__AlertState state;
    Tocsin__V1__RecordType type; /* ALERT_ACKED, ALERT_SNOOZED or ALERT_CLOSED */
    const char *by;              /* NULL: nobody did it */
    const char *reason;          /* NULL: it is acknowledged */
    toc_time_ms until_ms;        /* SNOOZED; 0: not */
};

/* Ends paging, for now or for good: what is pending is cancelled here and now. */
TOC_MUST enum toc_err escalate_end(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                   const struct escalate_end *end);

/* The instant of a page has come; alert 0: it is about none. */
TOC_MUST enum toc_err escalate_page_due(struct toc_turn *turn, uint64_t alert_number,
                                        uint32_t index);

/* A page ends as the verdict says; the step goes on where nobody of it can be reached. */
TOC_MUST enum toc_err escalate_page_end(struct toc_turn *turn, uint64_t alert_number,
                                        uint32_t index, const struct page_verdict *end);

/* Pages somebody of the present step once more; when that reaches nobody either, the path goes on.
 */
TOC_MUST enum toc_err escalate_again(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                     const struct page_plan *plan);

/*
 * The page that stood for others of the alert's group reached nobody after all: where nobody of its
 * step is left, another one takes the place of that page, or the path goes on.
 */
TOC_MUST enum toc_err escalate_stranded(struct toc_turn *turn, Tocsin__V1__Alert *alert);

/* What a send came to. */
TOC_MUST enum toc_err escalate_outcome(struct toc_turn *turn,
                                       const Tocsin__V1__PageOutcome *outcome);

/* True while somebody may still be paged for it. */
bool escalate_is_open(const Tocsin__V1__Alert *alert);

#endif
