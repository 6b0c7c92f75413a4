/*
 * Feeds a notifier's core what its upstreams would: policies and histories of issues (router),
 * clocks (sla), what people do (intake), outcomes of sends. Times are those of core_harness.h; log
 * time is the time of each call. Issue N has number N in partition N. Any failure fails the test.
 */
#ifndef TEST_NOTIFIER_FEED_H
#define TEST_NOTIFIER_FEED_H

#include "services/notifier/alert.h"
#include "tests/support/core_harness.h"

struct feed {
    struct core *core;
    bool reopen; /* close and open the notifier after every input */
    uint64_t router_seq, sla_seq, intake_seq;
    uint32_t version;        /* of the policy in force */
    const char *policy_more; /* further sections of the policy that feed_desk makes */
    bool coalesces; /* the path that feed_desk makes has a `coalesce`: 30 s, or path_more's */
    const char *late_more; /* further keys of the rule for breaches */
    const char *path_more; /* further keys of the path that feed_desk makes: ", ack_expires: 1h" */
    const char *schedule;  /* of overrides; NULL: "prim" */
    struct toc_str newer;  /* what a newer version says in them: a field without its tag */
    bool test;             /* what people do is a test */
    const char *status;    /* of receipts; NULL: "5.1.1" */
    const char *sent_by;   /* the method that receipts name; NULL: none */
};

void feed_open(struct feed *feed, bool reopen);
void feed_close(struct feed *feed);

/* Applies a policy text as the next version. */
void feed_policy(struct feed *feed, const char *time, const char *text);

/* The path "desk" of steps in YAML, and an alert for every critical issue and every breach. */
void feed_desk(struct feed *feed, const char *steps, unsigned repeat);

/* A change of an issue's history; fields that are 0 or NULL take the usual value. */
struct feed_issue {
    unsigned issue;
    Tocsin__V1__IssueChange__What what; /* ROUTED */
    Tocsin__V1__IssueState state;       /* OPEN */
    Tocsin__V1__Risk risk;              /* CRITICAL */
    const char *queue, *path;           /* "desk" */
    const char *version;                /* of the product; none */
    const char *reason;                 /* of a change; none */
    unsigned waits;                     /* its waits for people */
    bool waiting, waited;               /* the last one goes on; it ends with this change */
    bool moves;                         /* the next change takes it elsewhere */
    bool test, longest;                 /* its texts are as long as they may be */
};
void feed_issue(struct feed *feed, const char *time, struct feed_issue change);

struct feed_clock {
    unsigned issue;
    Tocsin__V1__ClockChange__What what;
    const char *metric; /* its name: "first_reply" */
    const char *kind;   /* what it measures, where its name does not say it */
    unsigned instance;  /* 1 */
    unsigned threshold_percent;
    const char *due; /* NULL: the time of the call */
    const char *path;
    struct toc_str unfit; /* a byte for each alert rule */
    bool unconfirmed;     /* what was said of it still stands */
    bool test, longest;
};
void feed_clock(struct feed *feed, const char *time, struct feed_clock change);
/* When the issue is due; NULL: it is not any more. */
void feed_deadline(struct feed *feed, const char *time, unsigned issue, const char *due);

/* `verb` is acked, taken, resolved, escalated, … */
void feed_act(struct feed *feed, const char *time, const char *verb, const uint8_t alert[TOC_ID],
              const char *by);
/* The same for alert `number`. */
void feed_act_on(struct feed *feed, const char *time, const char *verb, uint64_t number,
                 const char *by);

/* All of it; fields that are 0 or NULL take the usual value. */
struct feed_action {
    uint64_t number; /* 1 */
    const char *verb;
    const char *by; /* "ana" */
    const char *until, *note;
    const char *door_id; /* NULL: it did not come in by the notifier's own door */
    uint64_t version;
    bool group; /* of all of its group */
};
void feed_action(struct feed *feed, const char *time, struct feed_action action);

void feed_time(struct feed *feed, const char *time);

/* ben asks for a code ("") or says one. */
void feed_verify(struct feed *feed, const char *time, const char *person, const char *method,
                 const char *code);

/* ben wants to know whether a person, NULL: everybody, is reached. */
void feed_reach(struct feed *feed, const char *time, const char *id, const char *person,
                const char *until);
/* ana answers a probe by its code, or NULL, by the link of a page. */
void feed_answer(struct feed *feed, const char *time, const char *code, const char *delivery);

/* console says of the schedule "prim" that `person` is on call instead of `replaces`, or ("") of
 * whoever is, from one time to another; `person` NULL: that override `id` is taken back. */
void feed_override(struct feed *feed, const char *time, const char *id, const char *person,
                   const char *replaces, const char *from, const char *until);
/* Silences and maintenance, of ana. */
struct feed_mute {
    const char *id;      /* "s" */
    const char *matcher; /* NULL: it ends */
    const char *until;
    const char *owner; /* "ana" */
    bool maintenance, really;
};
void feed_mute(struct feed *feed, const char *time, struct feed_mute said);

/* `what` is delivered, read, failed, replayed. */
void feed_receipt(struct feed *feed, const char *time, const char *what, const char *delivery);

/*
 * What the shell says of a person: the methods' names in their order, which are their addresses,
 * too; "push mail? sms/2": a name with "?" is not verified, what stands before "/" is the provider;
 * one of a provider pagerduty… or email… is of that kind. NULL: gone. Of "*", "" says that there is
 * a contacts file.
 */
void feed_contact(struct feed *feed, const char *time, const char *person, const char *methods);

/* An upstream falls silent, is stopped for the reason `stopped`, or is back. */
void feed_upstream(struct feed *feed, const char *time, const char *name, bool left_out,
                   const char *stopped);

/* What a send of page `index` of alert `number` came to; code 0 is a timeout. */
void feed_passed_on(struct feed *feed, const char *time, uint64_t number, uint32_t index);
void feed_outcome(struct feed *feed, const char *time, uint64_t number, uint32_t index,
                  uint32_t code);
void feed_outcome_after(struct feed *feed, const char *time, uint64_t number, uint32_t index,
                        uint32_t code, const char *retry_after);

/* Rows; they live until core_forget. */
const Tocsin__V1__Alert *feed_alert(struct feed *feed, uint64_t number);
const Tocsin__V1__Page *feed_page(struct feed *feed, uint64_t number, uint32_t index);

/* What a sender would find at `time`: "contact contact …" of the pages that are due. */
const char *feed_due(struct feed *feed, const char *time);

/* The transcript since the last look. */
#define assert_told(feed, expected) assert_text(core_transcript((feed)->core), (expected))

#endif
