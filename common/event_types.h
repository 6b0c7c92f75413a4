/*
 * The types of events that may be published: what each is called, which body it has to carry, and
 * whom its records are for. Intake validates with this table, the command line reads and writes
 * CloudEvents with it; a new type is one row.
 */
#ifndef TOC_EVENT_TYPES_H
#define TOC_EVENT_TYPES_H

#include "common/wire.h"

/*
 * X(type after "tocsin.", body after TOCSIN__V1__EVENT__BODY_, class after TOC_CLASS_, control).
 * Control types are for everyone: only the control intake accepts them. The commonest come first,
 * because the table is searched from the top.
 */
#define TOC_EVENT_TYPE_LIST(X)                                                                     \
    X("issue.opened", ISSUE_OPENED, ISSUE, false)                                                  \
    X("issue.message", ISSUE_MESSAGE, ISSUE, false)                                                \
    X("issue.status", ISSUE_STATUS, ISSUE, false)                                                  \
    X("issue.classified", ISSUE_CLASSIFIED, ISSUE, false)                                          \
    X("issue.fact", ISSUE_FACT, ISSUE, false)                                                      \
    X("issue.assigned", ISSUE_ASSIGNED, ISSUE, false)                                              \
    X("issue.escalated", ISSUE_ESCALATED, ISSUE, false)                                            \
    X("issue.due_set", ISSUE_DUE_SET, ISSUE, false)                                                \
    X("issue.merged", ISSUE_MERGED, ISSUE, false)                                                  \
    X("issue.linked", ISSUE_LINKED, ISSUE, false)                                                  \
    X("issue.rated", ISSUE_RATED, ISSUE, false)                                                    \
    X("issue.worked", ISSUE_WORKED, ISSUE, false)                                                  \
    X("issue.reviewed", ISSUE_REVIEWED, ISSUE, false)                                              \
    X("alert.acked", ALERT, ALERT, false)                                                          \
    X("alert.snoozed", ALERT, ALERT, false)                                                        \
    X("alert.resolved", ALERT, ALERT, false)                                                       \
    X("alert.taken", ALERT, ALERT, false)                                                          \
    X("alert.escalated", ALERT, ALERT, false)                                                      \
    X("alert.noted", ALERT, ALERT, false)                                                          \
    X("escalation.raised", ESCALATION, ISSUE, false)                                               \
    X("escalation.accepted", ESCALATION, ISSUE, false)                                             \
    X("escalation.returned", ESCALATION, ISSUE, false)                                             \
    X("escalation.answered", ESCALATION, ISSUE, false)                                             \
    X("escalation.told", ESCALATION, ISSUE, false)                                                 \
    X("problem.announced", PROBLEM, CONTROL, false)                                                \
    X("problem.read", PROBLEM, CONTROL, false)                                                     \
    X("change.announced", CHANGE, CONTROL, false)                                                  \
    X("change.read", CHANGE, CONTROL, false)                                                       \
    X("agent.presence", AGENT_PRESENCE, CONTROL, false)                                            \
    X("contact.asked", CONTACT_VERIFIED, CONTROL, false)                                           \
    X("contact.verified", CONTACT_VERIFIED, CONTROL, false)                                        \
    X("hold.placed", HOLD, CONTROL, false)                                                         \
    X("hold.released", HOLD, CONTROL, false)                                                       \
    X("quarantine.released", QUARANTINE_DECISION, CONTROL, false)                                  \
    X("quarantine.rejected", QUARANTINE_DECISION, CONTROL, false)                                  \
    X("content.read", CONTENT_READ, CONTROL, false)                                                \
    X("silence.created", SILENCE, CONTROL, false)                                                  \
    X("silence.ended", SILENCE, CONTROL, false)                                                    \
    X("maintenance.started", MAINTENANCE, CONTROL, false)                                          \
    X("maintenance.ended", MAINTENANCE, CONTROL, false)                                            \
    X("schedule.override", SCHEDULE_OVERRIDE, CONTROL, false)                                      \
    X("schedule.override_ended", SCHEDULE_OVERRIDE, CONTROL, false)                                \
    X("page.delivered", PAGE_RECEIPT, ALERT, false)                                                \
    X("page.read", PAGE_RECEIPT, ALERT, false)                                                     \
    X("page.failed", PAGE_RECEIPT, ALERT, false)                                                   \
    X("page.replayed", PAGE_RECEIPT, ALERT, false)                                                 \
    X("reach.asked", REACH, CONTROL, false)                                                        \
    X("reach.answered", REACH, CONTROL, false)                                                     \
    X("token.added", TOKEN, CONTROL, false)                                                        \
    X("token.revoked", TOKEN, CONTROL, false)                                                      \
    X("subscription.added", SUBSCRIPTION, CONTROL, true)                                           \
    X("subscription.removed", SUBSCRIPTION, CONTROL, true)                                         \
    X("subscription.paused", SUBSCRIPTION, CONTROL, true)                                          \
    X("subscription.resumed", SUBSCRIPTION, CONTROL, true)                                         \
    X("subscription.replayed", SUBSCRIPTION, CONTROL, true)                                        \
    X("subscription.tested", SUBSCRIPTION, CONTROL, true)                                          \
    X("policy.part", POLICY_PART, CONTROL, true)                                                   \
    X("policy.applied", POLICY_APPLIED, CONTROL, true)                                             \
    X("partition.released", PARTITION, CONTROL, true)                                              \
    X("partition.taken", PARTITION, CONTROL, true)                                                 \
    X("clock.advance", CLOCK_ADVANCE, CONTROL, true)                                               \
    X("subject.erased", SUBJECT_ERASED, CONTROL, false)

struct toc_event_type {
    const char *text; /* "tocsin.issue.opened" */
    size_t text_size;
    Tocsin__V1__Event__BodyCase body;
    uint32_t class_bit;
    bool control;
};

/* By the whole text; NULL for a type that is not known. Constant for the program's life. */
const struct toc_event_type *toc_event_type_find(struct toc_str text);

/* Whether its events may have what people wrote: Event.private, data.content in JSON. */
bool toc_event_type_has_content(const struct toc_event_type *type);

/* All of them, in the order of the list. */
const struct toc_event_type *toc_event_types(size_t *out_count);

#endif
