/*
 * Drives one core, or the chain intake -> router -> sla, through struct toc_service on the memory
 * store: no link, no clock, no sleeping. A test says what happens in lines of text and compares
 * what the cores wrote, line by line, with what they should have written.
 *
 * A line of a script is `TIME [log=TIME] VERB [words]`. TIME is `[+DAYS/]HH:MM[:SS[.mmm]]` on
 * Monday 2026-11-23 UTC. It is the instant that the event counts from; log time follows it unless
 * `log=` says where the lowest promise stood when the event came; `unknown` is before the first
 * promise. Verbs:
 *
 *   open|inbound|outbound|note|status|classify|assign|escalate|fact   an event of an issue
 *   rated|due|merge|link                                              another one
 *   raised|accepted|returned|answered|told                            a step of an escalation
 *   time                                                              log time alone passes
 *   presence                                                          agent.presence
 *   advance                                                           clock.advance
 *
 * Words: `issue=N` (1 when not said; the issue's number in its partition when each is in one of its
 * own, see core_issue_id), `auto`, `test`, `note`'s and others' fields as `name=value`, and a bare
 * `P1`..`P4` or a state's name. Where a field is an id, the value is an issue's number, where it is
 * an instant, a TIME; `appeal=N`, `decision=` and `decider=` are of an opening. A value has no
 * blanks. Lines are separated by newlines.
 *
 * Any failure of the cores fails the test at once. Not thread-safe.
 */
#ifndef TEST_CORE_HARNESS_H
#define TEST_CORE_HARNESS_H

#include "common/turn.h"

#define CORE_EPOCH_MS   (20780 * TOC_DAY_MS) /* 2026-11-23T00:00Z, a Monday */
#define CORE_TEXT_MAX   (64 * 1024)          /* bytes of a transcript */
#define CORE_LINE_MAX   1024
#define CORE_FEEDER_LOG 0x10ad /* log id of the events that a test feeds to a router */

/* --- one core ------------------------------------------------------------------------------ */

struct core;

struct core_options {
    const struct toc_service *service;
    const void *config; /* for service->open; outlives the core */
    bool event_clock;
};

/* Opens on an empty disk of its own; core_close forgets the disk. */
struct core *core_open(const struct core_options *options);
void core_close(struct core *core);

/* As after a crash between two turns: commits what is stepped, closes and opens the same disk. */
void core_reopen(struct core *core);
/* As after a crash within a turn: what was stepped since the last commit never happened. */
void core_crash(struct core *core);
void core_commit(struct core *core);

/* Log time moves to `log_ms`, never back, and what is due before it fires. */
void core_set_log(struct core *core, toc_time_ms log_ms);
/* The same, but of what is due one step alone: something else comes before the rest. */
void core_set_log_some(struct core *core, toc_time_ms log_ms);
/* A turn ends as the runner ends it, at that time of the service's own clock. */
void core_end_turn(struct core *core, toc_time_ms wall_ms);
/* Nothing that is due fires: what is stepped meanwhile comes before it. */
void core_hold_time(struct core *core, bool held);
toc_time_ms core_log_ms(const struct core *core);

/* Log time stands still and the wall clock shows `wall_ms`. */
void core_behind(struct core *core, toc_time_ms wall_ms);

/* An upstream falls silent, is stopped for a reason, or is back: see TOC_EVENT_UPSTREAM. */
void core_upstream(struct core *core, const char *name, bool left_out, const char *stopped);

/* Steps a record of an upstream's log as the runner does: log time, dues, then the record. */
void core_step(struct core *core, uint64_t log_id, const Tocsin__V1__Record *record);

/* A submission stamped `at_ms`; the receipt's detail lives until the next call. */
struct toc_receipt core_submit(struct core *core, struct toc_str event, toc_time_ms at_ms);
/* The same for an event with what intake's own shell has put into it. */
struct toc_receipt core_admit(struct core *core, struct toc_str event, toc_time_ms at_ms);
/* Reports what became of a side effect, as the service packs it, at the present log time. */
void core_outcome(struct core *core, struct toc_str bytes);
/* Lends a read of the rows as they stand, uncommitted changes included, for one call. */
enum toc_err core_read(struct core *core,
                       enum toc_err (*read)(struct toc_txn *txn, struct toc_arena *arena,
                                            void *user),
                       void *user);
/* Whether the store says that it is nearly full. */
void core_set_nearly_full(struct core *core, bool nearly_full);

/* The core's own log, uncommitted records included. */
uint64_t core_last_seq(const struct core *core);
/* A record, unpacked; it lives until core_forget. */
const Tocsin__V1__Record *core_record(struct core *core, uint64_t seq);
void core_forget(struct core *core);

/* What the core wrote since the last call, a line per record; lives until the next call. */
const char *core_transcript(struct core *core);

/* A row as it stands, uncommitted changes included, and the next one at or after a key; both live
 * until the next step. TOC_NONE when there is none. */
enum toc_err core_get(struct core *core, unsigned table, struct toc_str key, struct toc_str *out);
enum toc_err core_next(struct core *core, unsigned table, struct toc_str key,
                       struct toc_str *out_key, struct toc_str *out_row);
uint64_t core_count(struct core *core, unsigned table);

/* Asks as the runner does; the answer lives until core_forget. */
const Tocsin__V1__Answer *core_ask(struct core *core, const Tocsin__V1__Ask *ask);
uint64_t core_last_seq_of(struct core *core, const Tocsin__V1__Ask *ask);

/* SHA-256 of all tables, after a commit. */
void core_digest(struct core *core, uint8_t out[TOC_SHA256]);

/* Memory for the test, until core_forget. */
struct toc_arena *core_arena(struct core *core);

/* --- events and scripts -------------------------------------------------------------------- */

/* The issue `number` of a script: its id begins with `number`, and so is its partition. */
void core_issue_id(uint8_t out[TOC_ID], unsigned number);

toc_time_ms core_time(const char *text);
/* Writes `HH:MM:SS[.mmm]`, `+DAYS/` before it when it is another day. Returns `out`. */
char *core_time_text(char out[32], toc_time_ms at_ms);

/* One line of a script. The event's parts live in `arena`. */
struct core_input {
    toc_time_ms at_ms, log_ms;
    bool is_time; /* nothing but log time */
    unsigned issue;
    Tocsin__V1__Event *event;
};
void core_parse(struct toc_arena *arena, const char *line, struct core_input *out);

/* Packs an event into `arena`. */
struct toc_str core_pack(struct toc_arena *arena, const Tocsin__V1__Event *event);

/* One line about one record, without a newline. */
void core_line(char out[CORE_LINE_MAX], struct toc_arena *arena, const Tocsin__V1__Record *record);

/* --- the chain router -> sla --------------------------------------------------------------- */

/*
 * When the chain commits and starts again; the same script must give the same rows and records
 * under each. `turn` of 0 commits at the end of a script only, n after every n inputs; `seed` other
 * than 0 chooses at random instead. `reopen` closes and opens both services after every commit.
 */
struct core_turns {
    unsigned turn;
    uint32_t seed;
    bool reopen;
};

struct chain {
    struct core *router, *sla;
    struct core_turns turns;
    uint64_t fed;           /* seq of the last event fed */
    uint64_t followed;      /* sla's cursor in the router's log */
    uint64_t followed_back; /* the router's in sla's, of what is for it */
    unsigned pending;       /* inputs since the last commit */
};

void chain_open(struct chain *chain, struct core_turns turns);
void chain_close(struct chain *chain);
/* Applies a policy text as the next version, at `time`. */
void chain_policy(struct chain *chain, const char *time, const char *text);
/* The same with what it means for the issues that are there. */
void chain_policy_mode(struct chain *chain, const char *time, const char *text,
                       Tocsin__V1__ApplyMode mode);
/* A version that is known already is told once more, as another upstream would. */
void chain_policy_again(struct chain *chain, const char *time, const char *text,
                        Tocsin__V1__ApplyMode mode, uint32_t version);
/* Runs a script, line by line. */
void chain_run(struct chain *chain, const char *script);
void chain_input(struct chain *chain, const struct core_input *input);
/* Feeds one packed event as if an intake had accepted it. */
void chain_feed(struct chain *chain, const uint8_t issue[TOC_ID], struct toc_str event,
                toc_time_ms at_ms, toc_time_ms log_ms);
/* sla's row of an issue; NULL when there is none. Lives until core_forget of sla. */
const Tocsin__V1__IssueClocks *chain_clocks(struct chain *chain, unsigned issue, uint32_t number);

/* No intake lets a policy through that does not compile, and no test may feed one. */
void core_check_policy(const char *text);

/* Compares two texts and shows both in full when they differ. */
#define assert_text(actual, expected) core_assert_text((actual), (expected), __FILE__, __LINE__)
void core_assert_text(const char *actual, const char *expected, const char *file, int line);

#endif
