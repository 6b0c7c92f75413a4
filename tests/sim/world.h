/*
 * One simulated deployment: every service's real core and run in this process, on memory disks,
 * simulated time and simulated links. All that happens follows from one seed.
 *
 *   sim.c        options, seeds, planted bugs      world.c     nodes, turns, time, crashes
 *   faults.c     what goes wrong, and when         link_sim.c  the links, and what is seen on them
 *   workload.h   publishers with a ledger          pager.c     the sender and the page provider
 *   hooks.h      outcomes' sender, and subscribers contacts.c  how people are reached
 *   check.c      logs, after every commit          ends.c      what has to hold at the end
 *   replay.c     state = fold of the logs          model.h     the clocks, told independently
 *   same.c       event time, once more in order    held.c      the quarantine
 *   scenario.c   scripts with a transcript         on_call.c   whom a step means
 *   owed.c       what became of every page     probes.c    runs of test pages
 *
 * A world is single-threaded and is never freed in parts: it lives as long as its run.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "common/plant.h"
#include "common/run.h"
#include "common/store_mem.h"

#include <stdio.h>

#define NODES_MAX      8
#define PUBLISHERS_MAX 4
#define CONNS_MAX      64
#define FAULTS_MAX     64
#define SUBJECTS_MAX   64
#define POLICIES_MAX   4

/* --- random numbers: one stream per concern, so that one more fault moves nothing else ---- */

struct rng {
    uint64_t state;
};
struct rng rng_of(uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
/* Both ends included. */
int64_t rng_range(struct rng *rng, int64_t from, int64_t to);
bool rng_chance(struct rng *rng, unsigned percent);

/* --- what a seed draws ----------------------------------------------------------------------- */

struct options {
    uint64_t seed;
    unsigned intakes, publishers, subjects, events;
    toc_time_ms start_ms;  /* wall clock at the beginning */
    toc_time_ms faulty_ms; /* how long there are faults and publishing */
    unsigned hold_percent; /* of openings and messages to us: into the quarantine */
    unsigned batch_max, frames_max, poll_ms, latency_ms, queue_max, open_turn_percent;
    size_t credit_bytes;
    size_t dedupe_entries;
    uint64_t keep_records; /* 0 keeps everything */
    unsigned faults;
    bool event_clock;       /* time is what the events say */
    unsigned subscriptions; /* that are added; 0: outcomes is not there */
    toc_time_ms dead_after_ms;
    bool contacts;          /* the notifier has a contacts file */
    bool mutes;             /* people begin silences and maintenance */
    unsigned dues_per_step; /* of the notifier's; 0: as many as it fires elsewhere */
    bool verbose;
    const char *without; /* "3,5": faults left out */
};

enum fault_kind {
    FAULT_CRASH,        /* at once, in the middle of a turn */
    FAULT_CRASH_COMMIT, /* at the nth commit from then on: lost, or kept and nothing sent */
    FAULT_CRASH_SEND,   /* at the nth frame sent from then on */
    FAULT_STOP,         /* stands still, as after SIGSTOP */
    FAULT_CUT,          /* a connection is closed and cannot be made */
    FAULT_ONE_WAY,      /* frames in one direction vanish */
    FAULT_LOSSY,        /* some frames vanish, some come twice */
    FAULT_SLOW,         /* frames take longer */
    FAULT_NARROW,       /* the queue of a connection is short: "would block" */
    FAULT_DISK_FULL,
    FAULT_NEARLY_FULL,
    FAULT_CLOCK,    /* the wall clock steps */
    FAULT_PROVIDER, /* of pages, and subscribers: fail, refuse, or answer nothing */
    FAULT_KINDS
};

struct fault {
    enum fault_kind kind;
    toc_time_ms at_ms, until_ms; /* simulated time since the beginning */
    unsigned node, conn, nth, amount;
    bool flag;
    toc_time_ms step_ms;
    bool left_out;
};

/* --- logs as they were seen, record by record ------------------------------------------------ */

struct seen {
    uint8_t *bytes;
    size_t size;
    uint8_t hash[32];
    toc_time_ms at_ms, log_ms; /* of the record */
    uint64_t cause_log, cause_seq;
    uint32_t cause_index;
    unsigned type;
    uint8_t issue[16];
    bool has_issue;
};

struct shadow {
    uint64_t log_id;
    struct seen *seen; /* seen[i] is seq i + 1 */
    size_t count, room;
    uint64_t through[NODES_MAX]; /* newest cause by node */
    uint32_t next_index;         /* of the newest cause */
    uint64_t last_cause_log, last_cause_seq;
};

/* --- the order in which a node took its upstreams' records, and in which time passed ---------- */

#define TAKEN_TIME NODES_MAX
#define TAKEN_TOLD (NODES_MAX + 1) /* what outcomes' sender told */

struct taken {
    unsigned upstream;  /* node, or one of those */
    uint64_t seq;       /* of the record; of TOLD which */
    uint64_t own_seq;   /* the newest own record at that time */
    uint64_t first_seq; /* the oldest that was not trimmed */
    toc_time_ms log_ms; /* as the step saw it */
    bool left;          /* of TIME: more had been due than it fired */
};

struct takings {
    struct taken *all;
    size_t count, room, committed;
    uint64_t commits; /* of the run, when last looked at */
};

/* --- nodes and connections ------------------------------------------------------------------- */

enum role { ROLE_INTAKE, ROLE_ROUTER, ROLE_SLA, ROLE_NOTIFIER, ROLE_AUDIT, ROLE_OUTCOMES };

struct toc_link {
    struct world *world;
    struct node *node;
};

struct frame {
    struct frame *next;
    unsigned conn;
    uint32_t generation;
    bool to_server;
    uint32_t stream; /* of a Batch */
    uint64_t record_bytes;
    size_t size;
    uint8_t bytes[];
};

struct node {
    unsigned index;
    enum role role;
    char name[16];
    const struct toc_service *service; /* the core */
    struct toc_service watched;        /* the same with a step that is watched */
    const void *service_config;
    const char *upstream_names[NODES_MAX];
    unsigned upstream_nodes[NODES_MAX];
    unsigned upstream_conns[NODES_MAX];
    size_t upstream_count;
    struct toc_link link;
    struct toc_run_config config;
    struct toc_run *run; /* NULL while it is down */
    struct frame *inbox, **inbox_end;
    toc_time_ms tick_ms;    /* when its next turn is scheduled */
    uint64_t tick_id;       /* the event that counts; earlier ones are stale */
    toc_time_ms stopped_ms; /* stands still until then */
    toc_time_ms skew_ms;    /* of its wall clock */
    toc_time_ms mono_ms;    /* origin of its monotonic clock */
    unsigned die_at_send;   /* countdown; 0 for none */
    bool dying;             /* the process is gone; what it still sends reaches nobody */
    bool crash_now;         /* at the next turn, before its commit */
    bool disk_crash;        /* armed */
    bool keeps_commit;      /* the commit at which it dies is on disk, unless that is full */
    uint64_t commit_seq;    /* the newest record in that commit */
    unsigned starts;
    toc_time_ms restart_after_ms;
    struct shadow shadow;
    struct takings takings;
    toc_time_ms promised_ms; /* intake: highest promise that left it */
    uint64_t promised_head;  /* newest record at that time: later ones are bound */
    uint64_t acked_seq;      /* highest that it told a publisher or a follower */
};

struct conn {
    bool from_publisher;
    unsigned client, server; /* node, or publisher when from_publisher */
    unsigned upstream;       /* place at the client */
    uint32_t generation;
    bool cut;
    bool vanish[2]; /* [1]: towards the server */
    unsigned loss_percent, repeat_percent, queue_max;
    toc_time_ms slow_ms;
    unsigned in_flight[2];
    toc_time_ms last_ms[2];
    uint32_t stream;
    uint64_t flight_bytes; /* of records of that stream, towards the client */
};

/* --- the queue of what will happen ----------------------------------------------------------- */

enum event_kind {
    EV_FRAME,
    EV_TURN,
    EV_START,
    EV_PUBLISHER,
    EV_FAULT_BEGIN,
    EV_FAULT_END,
    EV_PAGE,
    EV_HOOK,
};

struct event {
    toc_time_ms at_ms;
    uint64_t id; /* order of making: ties are decided by it */
    enum event_kind kind;
    unsigned index;
    void *data; /* owned by the event */
};

struct workload;
struct pager;
struct owed;
struct contacts;
struct on_call;
struct mutes;
struct incidents;
struct probes;
struct groups;
struct storms;
struct held;
struct hooks;
struct told;

struct world {
    struct options options;
    struct rng rng_turn, rng_link, rng_work, rng_page, rng_hook, rng_duty, rng_probe, rng_bounce;
    toc_time_ms now_ms; /* since the beginning */
    struct event *heap;
    size_t heap_count, heap_room;
    uint64_t next_id;
    struct node nodes[NODES_MAX];
    size_t node_count;
    struct conn conns[CONNS_MAX];
    size_t conn_count;
    struct fault faults[FAULTS_MAX];
    size_t fault_count;
    bool healed; /* no fault from here on */
    bool exact;  /* scenarios: no latency, a turn at every frame */
    struct workload *work;
    struct pager *pager;
    struct owed *owed;
    struct contacts *contacts;
    struct on_call *on_call;
    struct mutes *mutes;
    struct incidents *incidents;
    struct probes *probes;
    struct groups *groups;
    struct storms *storms;
    struct held *held;
    struct hooks *hooks; /* NULL, as told: outcomes is not there */
    struct told *told;
    uint64_t trace;
    uint64_t turns, frames;
    bool failed;
    char why[512];
    FILE *transcript; /* NULL: none */
};

/* world.c */
struct world *world_new(const struct options *options);
void world_free(struct world *world);
/* Until `until_ms` or the first violation. */
void world_run(struct world *world, toc_time_ms until_ms);
void world_at(struct world *world, toc_time_ms at_ms, enum event_kind kind, unsigned index,
              void *data);
void world_wake(struct world *world, struct node *node, toc_time_ms at_ms);
void world_trace(struct world *world, const void *bytes, size_t size);
/* The first violation is kept: its number in notes on testing and what was seen. */
__attribute__((format(printf, 3, 4))) void world_fail(struct world *world, int invariant,
                                                      const char *format, ...);
__attribute__((format(printf, 2, 3))) void world_say(struct world *world, const char *format, ...);
struct toc_now world_clock(const struct world *world, const struct node *node);
struct node *world_node(struct world *world, enum role role); /* the first; NULL for none */
struct node *world_log(struct world *world, uint64_t log_id);
void node_start(struct world *world, struct node *node);
void node_crash(struct world *world, struct node *node, const char *how);
/* True when the turn may go on; otherwise the node is down, or the world has failed. */
bool node_survives(struct world *world, struct node *node, enum toc_err err, const char *where);
/* Faults end, clocks stay as they are, everything that is down comes up. */
void world_heal(struct world *world);
/* Commits every turn that is open; false when the world has failed. */
bool world_settle(struct world *world);

/* faults.c */
void options_draw(struct options *options, uint64_t seed);
void options_print(const struct options *options, FILE *out);
void faults_draw(struct world *world);
void faults_print(const struct world *world, FILE *out);
void fault_begin(struct world *world, struct fault *fault);
void fault_end(struct world *world, struct fault *fault);

/* link_sim.c */
void link_post(struct world *world, unsigned conn, bool to_server, struct toc_str frame);
void link_deliver(struct world *world, struct frame *frame);
/* What was under way in a connection is lost; both ends see a new peer afterwards. */
void link_reset(struct world *world, unsigned conn);
/* A frame has been taken out of an inbox. */
void link_taken(struct world *world, const struct frame *frame);
toc_peer link_peer_of(const struct world *world, const struct frame *frame);

/* workload.c, ledger.c, lines.c; policies.c */
struct workload *workload_new(struct world *world);
void workload_free(struct workload *work);
void workload_step(struct world *world, unsigned publisher);
void workload_receive(struct world *world, unsigned publisher, struct toc_str frame);
bool workload_is_done(const struct world *world);
/* An accepted record of an intake: it has to be one of the attempts, and the only one. */
void workload_check_accepted(struct world *world, struct node *intake, uint64_t seq,
                             const Tocsin__V1__Record *record);
void workload_check_end(struct world *world);
/* Maybe a reply at the very instant of that due. */
void workload_aim(struct world *world, const uint8_t issue[16], toc_time_ms due_ms);
/* Maybe an answer of the person to whom an issue is offered. */
void workload_offered(struct world *world, const uint8_t issue[16], const char *person);
/* Scenarios: publishes at once what a line describes; false when it is not understood. */
bool workload_publish_line(struct world *world, const char *line);
struct toc_str policy_text(const struct world *world, unsigned number);
const struct toc_policy *policy_compiled(struct world *world, uint32_t version);

/* owed.c */
struct owed *owed_new(struct world *world);
void owed_free(struct owed *owed);
void owed_check_record(struct world *world, const Tocsin__V1__Record *record);
void owed_check_end(struct world *world);

/* pager.c */
struct pager *pager_new(void);
void pager_free(struct pager *pager);
void pager_after_commit(struct world *world, struct node *node);
void pager_before_commit(struct world *world, struct node *node);
void pager_forget(struct world *world); /* the notifier died: what was under way is unknown */
void pager_event(struct world *world, unsigned send);
void pager_fail(struct world *world, unsigned percent, unsigned how);
void pager_check_record(struct world *world, struct node *node, uint64_t seq,
                        const Tocsin__V1__Record *record);
void pager_check_end(struct world *world);
/* The outcome that was reported under this text, packed; empty when there is none. */
struct toc_str pager_outcome(const struct world *world, const char *text);
size_t pager_pending(const struct world *world);
/* The alert of that number; NULL when there is none. */
const uint8_t *pager_alert(struct world *world, uint64_t number);
/* An alert that was opened, at random; NULL when there is none. */
const uint8_t *pager_some_alert(struct world *world, struct rng *rng);
/* The id of a page that was planned of late; NULL when there is none. */
const char *pager_some_delivery(struct world *world, struct rng *rng);

/* on_call.c */
struct on_call *on_call_new(void);
void on_call_free(struct on_call *on_call);
void on_call_check_record(struct world *world, const Tocsin__V1__Record *record);
/* By any schedule. */
bool on_call_is_on(const struct world *world, const char *person, toc_time_ms at_ms);

/* incidents.c */
#define KEEPS_INCIDENTS "sms" /* the method and its provider */
struct incidents *incidents_new(void);
void incidents_free(struct incidents *incidents);
/* Whether the page only tells of an answer or an end. */
bool incidents_rings_nobody(const Tocsin__V1__Page *page);
/* A page leaves, and will come to that. */
void incidents_sent(struct world *world, const Tocsin__V1__Page *page, uint32_t code);
void incidents_check_record(struct world *world, const Tocsin__V1__Record *record,
                            const Tocsin__V1__AlertChange *change);
void incidents_check_end(struct world *world);

/* contacts.c */
struct contacts *contacts_new(void);
void contacts_free(struct contacts *contacts);
void contacts_start(struct world *world); /* the notifier starts: the file may be another */
/* Tells the notifier what its rows do not say yet. */
void contacts_tell(struct world *world, struct node *node);
void contacts_check_record(struct world *world, const Tocsin__V1__Record *record);
/* What came of a code that somebody said. */
void contacts_check_said(struct world *world, const Tocsin__V1__Record *record);
/* Whose method somebody says something of; true: its code, or a wrong one, else asks for one. */
bool contacts_draw_code(const struct world *world, struct rng *rng, const char **person,
                        const char **method, char out[8]);
/* A page is planned by a method that may be used, or none is there; not by the provider `avoided`.
 */
void contacts_check_paged(struct world *world, const Tocsin__V1__Page *page, const char *avoided);
/* How many probes a run has for a person: one for each method, or one that says why there is none.
 */
size_t contacts_methods(const struct world *world, const char *person);
bool contacts_may_probe(const struct world *world, const char *person, const char *method);
/* Who is in the file, at most `most`; their count. */
size_t contacts_listed(const struct world *world, char out[][16], size_t most);
/* When the file last said something else of a person. */
toc_time_ms contacts_version(const struct world *world, const char *person);
/* What an attempt came to; before `floor_ms` the provider wants no other (0: it did not say). */
void contacts_note(struct world *world, const char *provider, bool failed, toc_time_ms floor_ms,
                   toc_time_ms log_ms);
/* Whether a method of the person may be used, those named in `refused` left out; another than `but`
 * and one whose provider could have been asked ever since, unless that is "". None of the provider
 * `avoided`.
 */
bool contacts_has_other(const struct world *world, const char *person, const char *refused,
                        const char *but, const char *avoided, toc_time_ms since_ms);
/* Whether any method of the person may be used. */
bool contacts_reach(const struct world *world, const char *person);

/* groups.c */
struct groups *groups_new(void);
void groups_free(struct groups *groups);
/* `change` is NULL for what is about a group. */
void groups_check_record(struct world *world, const Tocsin__V1__Record *record,
                         const Tocsin__V1__AlertChange *change);
/* Nobody has answered for all of its group. */
void groups_check_sent(struct world *world, const Tocsin__V1__Page *page);
void groups_check_rows(struct world *world, struct toc_txn *txn, struct toc_arena *arena);
void groups_check_end(struct world *world);

/* storms.c */
struct storms *storms_new(void);
void storms_free(struct storms *storms);
void storms_check_record(struct world *world, const Tocsin__V1__Record *record,
                         const Tocsin__V1__AlertChange *change);
void storms_check_end(struct world *world);
/* The id of a page that stands for one of a step that is under way; NULL when there is none. */
const char *storms_carrier(const struct world *world);

/* mutes.c */
struct mutes *mutes_new(void);
void mutes_free(struct mutes *mutes);
/* Of the notifier's log; `change` is NULL for one that is about no alert or page. */
void mutes_check_record(struct world *world, const Tocsin__V1__Record *record,
                        const Tocsin__V1__AlertChange *change);
/* Whether that page of the alert, judged then, is kept. */
bool mutes_keep(struct world *world, const Tocsin__V1__Alert *alert, const Tocsin__V1__Page *page,
                toc_time_ms at_ms);
/* A page that is sent was ready before anything in force kept it. */
void mutes_check_sent(struct world *world, const Tocsin__V1__Alert *alert,
                      const Tocsin__V1__Page *page);
void mutes_check_end(struct world *world);

/* probes.c */
struct probes *probes_new(void);
void probes_free(struct probes *probes);
void probes_check_record(struct world *world, const Tocsin__V1__Record *record);
void probes_check_end(struct world *world, struct toc_txn *txn);

/* hooks.c: outcomes' sender and those whom it sends to */
struct hooks *hooks_new(struct world *world);
void hooks_free(struct hooks *hooks);
/* What the core is opened with. */
const void *hooks_core_config(const struct world *world);
void hooks_start(struct world *world, struct node *node);
void hooks_stop(struct world *world, struct node *node);
void hooks_after_commit(struct world *world, struct node *node);
void hooks_event(struct world *world, unsigned index);
void hooks_fail(struct world *world, unsigned percent, unsigned how);

/* told.c, told_sent.c */
struct told *told_new(void);
void told_free(struct told *told);
/* What the sender tells the service, kept for the replay; its number. */
size_t told_keep(struct world *world, struct toc_str bytes, toc_time_ms at_ms);
struct toc_str told_kept(const struct world *world, size_t index, toc_time_ms *out_at_ms);
/* A record of outcomes, in order. */
void told_check_record(struct world *world, struct node *node, const Tocsin__V1__Record *record);
/* Cursors, before the sender sees them. */
void told_after_commit(struct world *world, struct node *node);
/* What a subscription that is active still waits for; NULL for nothing. */
const char *told_waits(const struct world *world);
/* told_log.c: outcomes' log against those that it follows. */
void told_check_log(struct world *world);

/* held.c */
struct held *held_new(uint64_t seed);
void held_free(struct held *held);
/* A submission at an intake is to be held back, maybe; what it gets lives in `arena`. */
void held_maybe(struct world *world, struct toc_arena *arena, struct toc_event *ev);
bool held_is_empty(const struct world *world);
/* A record of an intake, in order. */
void held_check_record(struct world *world, struct node *node, const Tocsin__V1__Record *record);

/* check.c */
/* The stream and the bytes of records of a Batch; 0 for other frames. */
uint64_t check_batch_bytes(struct toc_str frame, uint32_t *out_stream);
void check_sent(struct world *world, struct node *node, const struct conn *conn, toc_peer peer,
                struct toc_str frame);
void check_log(struct world *world, struct node *node);
/* Unpacks into a scratch arena that the next call gives back. */
const Tocsin__V1__Record *check_unpack(const struct seen *seen);
/* Into the same arena, which stays; NULL when the bytes are no such message. */
void *check_message(const ProtobufCMessageDescriptor *type, struct toc_str bytes);

/* ends.c, ends_people.c, ends_case.c, ends_article.c, ends_found.c, replay.c, same.c, model_said.c,
 * model_alert.c
 */
bool ends_is_quiet(struct world *world, const char **why_not);
void ends_check(struct world *world);
void ends_people(struct world *world, const struct node *router);
void ends_case(struct world *world, const struct node *router);
void ends_article(struct world *world, const struct node *router);
void ends_found(struct world *world, const struct node *router);
/* The event of an intake's record, in the arena of check_message; NULL for another record. */
const Tocsin__V1__Event *ends_event(struct world *world, uint64_t log, uint64_t seq);
void replay_check(struct world *world);
/* In event time the router's log is the one that the suite in one process writes. */
void same_check(struct world *world);
void model_sla_check(struct world *world);
void model_alerts_check(struct world *world);
/* model_deadline.c: when the issues of alerts that are about no clock are due. */
void model_deadlines_check(struct world *world);
/* As sla had told the notifier when it wrote that record; 0: not, or none. */
toc_time_ms deadlines_told(struct world *world, const uint8_t issue[16], uint64_t seq);
/* The alert is about no clock, so its deadline is that. */
bool deadlines_follow(const Tocsin__V1__Alert *alert);
/* model_watch.c: alerts that are about no issue. */
void model_watch_check(struct world *world);

/* scenario.c: 0 when the transcript is the file, word for word. */
int scenario_run(const char *file, bool rewrite);

/* Names for messages. */
const char *fault_name(enum fault_kind kind);

#endif
