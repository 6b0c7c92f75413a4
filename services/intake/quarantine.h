/*
 * The quarantine: events that are in the log and that nobody gets until a person decides.
 *
 * Why an event is held back the shell says (Event.quarantine, quota/quota.h); this module keeps
 * what is held, finds it again, and lets it in or throws it away. A row holds the whole event, so
 * the log may be trimmed meanwhile. Only intake's core calls this.
 *
 * An issue whose opening is held is held as a whole: what comes later joins it, in order, since the
 * router would make a stub of it. What must not wait lets the opening in and what joined it, unless
 * it is a flood of what claims that: the one reason that holds what is exempt, as long as there is
 * room. What is over a limit itself stays until a person decides.
 */
#ifndef INTAKE_QUARANTINE_H
#define INTAKE_QUARANTINE_H

#include "services/intake/dedupe.h"
#include "services/intake/intake.h"

#define QUARANTINE_AT_ONCE   500     /* events of one decision; what is more stays */
#define QUARANTINE_FREED_MAX 50      /* that joined, without one; many may come in a turn */
#define QUARANTINE_ISSUE     "issue" /* the reason of what joins its issue */

struct quarantine {
    uint64_t count;
    toc_time_ms oldest_ms; /* when the first of them came; 0: there is none */
};

/* What is there already. */
TOC_MUST enum toc_err quarantine_open(struct quarantine *quarantine, struct toc_turn *turn);

/* The held event with this source and id, whose fingerprint is given. TOC_NONE: none is. */
TOC_MUST enum toc_err quarantine_find(struct toc_turn *turn, uint64_t fingerprint,
                                      const char *source, const char *id,
                                      Tocsin__V1__HeldRow **out);

/* TOC_OK when the opening of the issue is held, TOC_NONE when it is not. */
TOC_MUST enum toc_err quarantine_has_opening(struct toc_turn *turn, const uint8_t issue[TOC_ID]);

/* Keeps an event; row->seq is that of its record, above all before it. */
TOC_MUST enum toc_err quarantine_add(struct quarantine *quarantine, struct toc_turn *turn,
                                     const Tocsin__V1__HeldRow *row, bool opening);

/* What a decision is about. */
struct quarantine_scope {
    uint8_t issue[TOC_ID];
    uint64_t seq; /* this one event; 0: what is held of the issue */
};

/* TOC_NONE when nothing that the decision names is held. */
TOC_MUST enum toc_err quarantine_scope_of(struct toc_turn *turn,
                                          const Tocsin__V1__QuarantineDecision *decision,
                                          uint64_t fingerprint, struct quarantine_scope *out);

/*
 * Appends what is in the scope as accepted at `at_ms`, in the order of arrival, and forgets it
 * here; at most QUARANTINE_AT_ONCE events.
 */
TOC_MUST enum toc_err quarantine_let_in(struct quarantine *quarantine, struct toc_turn *turn,
                                        struct dedupe *dedupe, const struct quarantine_scope *scope,
                                        toc_time_ms at_ms);
/* Lets in the opening, where that is held, and the first QUARANTINE_FREED_MAX of what only joined
 * it. */
TOC_MUST enum toc_err quarantine_free(struct quarantine *quarantine, struct toc_turn *turn,
                                      struct dedupe *dedupe, const uint8_t issue[TOC_ID],
                                      toc_time_ms at_ms);
/* As quarantine_let_in, without appending anything. */
TOC_MUST enum toc_err quarantine_throw_away(struct quarantine *quarantine, struct toc_turn *turn,
                                            const struct quarantine_scope *scope);

/* The first event that is held of an issue; TOC_NONE: none is. */
TOC_MUST enum toc_err quarantine_first_of(struct toc_txn *txn, struct toc_arena *arena,
                                          const uint8_t issue[TOC_ID], Tocsin__V1__HeldRow **out);

/* The rows of an Ask for QUARANTINE; with the id of an issue, the first that is held of it. */
TOC_MUST enum toc_err quarantine_ask(struct toc_txn *txn, struct toc_arena *arena,
                                     const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
