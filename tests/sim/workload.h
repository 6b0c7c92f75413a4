/*
 * What the publishers' files share: the ledger of what was sent, and the event under construction.
 *
 *   workload.c  who publishes what, and when     ledger.c  what was sent, what was acknowledged
 *   draft.c     making events                    lines.c   events of scenarios, from a line each
 *   draft_case.c    events about a case as a whole
 *   draft_found.c   what intake finds in texts
 *   draft_people.c  who is there, what is given to whom, what they say to an offer
 *   draft_hook.c    who subscribes to outcomes
 */
#ifndef SIM_WORKLOAD_H
#define SIM_WORKLOAD_H

#include "common/alert_match.h"
#include "tests/sim/world.h"

#define ATTEMPTS_MAX    2048
#define BATCHES_MAX     8192
#define BATCH_EVENTS    16
#define REACTIONS_MAX   512
#define DRAFT_FOUND_MAX 4

enum attempt_state { ATTEMPT_OPEN, ATTEMPT_ACKED, ATTEMPT_REFUSED };

struct attempt {
    unsigned publisher;
    enum attempt_state state;
    uint8_t *bytes;
    size_t size;
    char id[24];
    bool bad;      /* has to be refused */
    bool again;    /* may be repeated after it was acknowledged */
    bool policy;   /* is refused until its parts are there */
    bool decision; /* about the quarantine: is refused when it is about nothing any more */
    bool fleeting; /* is refused once its end has come */
    bool rejected; /* it was held, and a person threw it away */
    uint64_t held_seq, in_seq; /* of the record that holds it, and that lets it in; 0: none */
    unsigned times;            /* accepted into a log */
    uint64_t log_id, seq;
    toc_time_ms sent_ms;
};

struct batch {
    uint64_t tag;
    unsigned publisher;
    size_t count;
    unsigned attempts[BATCH_EVENTS];
};

/* What will be said to something that a log has told: a reply, or an answer to an offer. */
struct reaction {
    uint8_t issue[16];
    Tocsin__V1__IssueAssigned__Action action; /* ACTION_UNSPECIFIED: a reply */
    char person[16];
};

struct workload {
    struct attempt attempts[ATTEMPTS_MAX];
    size_t attempt_count;
    struct batch batches[BATCHES_MAX];
    size_t batch_count;
    unsigned conns[PUBLISHERS_MAX];
    bool opened[SUBJECTS_MAX];
    bool test[SUBJECTS_MAX]; /* its opening is marked as one */
    unsigned made;           /* ordinary events */
    unsigned policy_next;    /* version - 1 that is published next */
    unsigned policy_force;   /* the version in force then */
    toc_time_ms policy_ms;   /* not before */
    struct reaction reactions[REACTIONS_MAX];
    size_t reaction_count;
    uint64_t acks;
    unsigned subscriptions; /* ids so far */
    unsigned hooks;         /* added so far, some under an id of before */
    toc_time_ms time_ms;    /* of the events being made; 0 for those that say none */
};

/* The event under construction; every body has its place, one of them is used. */
struct draft {
    Tocsin__V1__Event event;
    char id[24], source[16], subject[24], text[32], agent[16];
    uint8_t issue[16], alert[16], other[16];
    char *tags[16];
    Tocsin__V1__FoundFact found[DRAFT_FOUND_MAX];
    Tocsin__V1__FoundFact *found_list[DRAFT_FOUND_MAX];
    char found_texts[DRAFT_FOUND_MAX][20];
    char tag_texts[16][72];
    Tocsin__V1__IssueOpened opened;
    Tocsin__V1__IssueMessage message;
    Tocsin__V1__IssueStatus status;
    Tocsin__V1__IssueClassified classified;
    Tocsin__V1__IssueFact fact;
    Tocsin__V1__IssueAssigned assigned;
    Tocsin__V1__IssueEscalated escalated;
    Tocsin__V1__Escalation escalation;
    Tocsin__V1__IssueMerged merged;
    Tocsin__V1__IssueDueSet due_set;
    Tocsin__V1__Appeal appeal;
    Tocsin__V1__AgentPresence presence;
    Tocsin__V1__AlertAction action;
    Tocsin__V1__ContactVerified contact;
    Tocsin__V1__ScheduleOverride override;
    Tocsin__V1__Silence silence;
    Tocsin__V1__Maintenance maintenance;
    char mute[TOC_MUTE_ID_MAX + 1];
    Tocsin__V1__Reach reach;
    char *persons[1], delivery[40], answer[12];
    Tocsin__V1__PageReceipt receipt;
    Tocsin__V1__PolicyPart part;
    Tocsin__V1__PolicyApplied applied;
    Tocsin__V1__ClockAdvance advance;
    Tocsin__V1__QuarantineDecision decision;
    Tocsin__V1__Subscription subscription;
};

/* ledger.c; NULL when the ledger is full. */
struct attempt *ledger_add(struct workload *work, unsigned publisher, const struct draft *draft);
struct attempt *ledger_add_bytes(struct workload *work, unsigned publisher, const void *bytes,
                                 size_t size);
struct batch *ledger_batch(struct workload *work, unsigned publisher);
/* Puts an attempt into the batch, if there is one and there is room. */
void ledger_put(struct workload *work, struct batch *batch, const struct attempt *attempt);
bool ledger_all_answered(const struct workload *work, unsigned publisher);
void ledger_send(struct world *world, struct batch *batch);

/* draft.c */
void draft_source(unsigned publisher, char out[16]);
void draft_begin(struct workload *work, struct draft *draft, unsigned publisher, const char *type,
                 Tocsin__V1__Event__BodyCase body, void *message);
/* The id of that subject, which publisher `owner` opens. */
void draft_issue_id(uint8_t out[16], unsigned owner, const char *subject);
struct attempt *draft_issue_event(struct world *world, unsigned publisher);
/* `snooze_ms` from now on; 0 for what has no end. */
struct attempt *draft_action(struct world *world, unsigned publisher, const uint8_t *alert,
                             const char *type, toc_time_ms snooze_ms);
struct attempt *draft_ack(struct world *world, unsigned publisher, const uint8_t *alert);
/* Somebody asks for a code for a contact method, or says one. */
struct attempt *draft_override(struct world *world, unsigned publisher); /* on_call.c */
struct attempt *draft_contact(struct world *world, unsigned publisher);
/* What a provider says of a page later, or that somebody wants it again; NULL without a page. */
struct attempt *draft_receipt(struct world *world, unsigned publisher);
/* The page that stands for others of a step failed after all; NULL when there is none. */
struct attempt *draft_bounce(struct world *world, unsigned publisher);
struct attempt *draft_reply(struct world *world, unsigned publisher, const uint8_t *issue);
/* What has to be refused: an id that is taken, noise, an unknown type; NULL for none this time. */
struct attempt *draft_bad(struct world *world, unsigned publisher);
/* Time that passes at the publisher's intake without an event. */
struct attempt *draft_advance(struct world *world, unsigned publisher);
/* The next policy, its parts first. */
void draft_policy(struct world *world, struct batch *batch);

/* mutes.c: somebody begins or ends a silence or maintenance. */
struct attempt *mutes_draft(struct world *world, unsigned publisher);

/* probes.c: somebody asks for a run of probes, or answers one. */
struct attempt *probes_draft(struct world *world, unsigned publisher);

/* held.c: what a person decides about something that is held; NULL for nothing this time. */
struct attempt *held_decide(struct world *world, unsigned publisher);

/* draft_hook.c */
void draft_subscription(struct world *world, struct batch *batch);

/* draft_people.c */
void draft_assigned(struct workload *work, struct rng *rng, struct draft *draft,
                    unsigned publisher);
struct attempt *draft_presence(struct world *world, unsigned publisher);
struct attempt *draft_answer(struct world *world, unsigned publisher, const struct reaction *to);

/* draft_found.c: what intake found in the text of the event under construction, and whose it is. */
void draft_found(struct rng *rng, struct draft *draft);
void draft_requester(struct rng *rng, struct draft *draft);

/* draft_case.c */
void draft_case(struct world *world, struct draft *draft, unsigned publisher);
/* The opening under construction contests a decision made in another issue. */
void draft_appeal(struct world *world, struct draft *draft);

#endif
