/*
 * A second opinion about clocks: what sla should have said, worked out from the router's log alone.
 *
 *   model_history.c  what the router's log says of each issue
 *   model_rule.c     what the policy says about a step of it
 *   model_clock.c    which clocks an issue had, and the spans in which each ran
 *   model_terms.c    by what they are judged, and how that changes
 *   model_again.c    what another policy would have made of a history
 *   model_time.c     verdicts: arithmetic on spans
 *   model_share.c    where a clock's time went
 *   model_said.c     what sla's log said, and whether that is the same
 *   model_alert.c    which alerts follow from both logs
 *   model_deadline.c when the issues of those that are about no clock are due
 *   model_watch.c    which are about the suite itself
 *
 * It shares with the sla core the calendar, conditions and compiled policies, nothing else. It sees
 * whole histories at once: a span is known with its end, so nothing is ever corrected here.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "common/issue_fields.h"
#include "tests/sim/world.h"

/* --- histories ------------------------------------------------------------------------------ */

/* One step of an issue's history, with what follows from all steps up to it. */
struct moment {
    toc_time_ms at_ms;
    Tocsin__V1__IssueChange *change; /* owned */
    uint32_t version;                /* of the policy that decided */
    uint32_t happened;               /* bit 1 << enum toc_happening */
    Tocsin__V1__IssueState left;     /* the state before */
    bool entered;                    /* it is another now */
    bool replied;                    /* a person has written to the requester */
    toc_time_ms handed_ms;           /* when a bot first gave it to people; 0: never */
    toc_time_ms queued_ms;           /* when it came into its queue; 0: it is in none */
    toc_time_ms claimed_ms;          /* when its assignee got it; 0: nobody has it */
};

struct history {
    uint8_t id[16];
    struct moment *moments;
    size_t count, room;
};

struct histories {
    struct history *all;
    size_t count, room;
};

/* What differs between two states of an issue; from nothing when `was` is NULL. */
uint32_t model_difference(const Tocsin__V1__Issue *was, const Tocsin__V1__Issue *is);
void model_histories_read(struct histories *histories, const struct node *router);
void model_histories_free(struct histories *histories);

/* --- clocks --------------------------------------------------------------------------------- */

#define MODEL_SPANS_MAX 160

enum life { LIFE_RUNNING, LIFE_PAUSED, LIFE_MET, LIFE_CANCELLED, LIFE_RESET };

/* What ended it, and so what may bring it back. */
enum ended { ENDED_NOT, ENDED_BY_STATE, ENDED_BY_EVENT, ENDED_BY_TARGET, ENDED_BY_MERGE };

/* By what a clock is judged; another priority, SLA, policy or date by hand makes other terms. */
struct terms {
    const struct toc_clock_rule *rule;
    const struct toc_target *target;
    toc_time_ms manual_due_ms; /* 0: none */
    toc_time_ms exact_ms;      /* the instant that business days or months name; 0: none */
    toc_time_ms target_ms;
    toc_time_ms kept_ms; /* of earlier terms, for the first `kept` spans */
    size_t kept;
};

/* What sla's log says of an instance. */
struct said {
    int breaches; /* less those taken back */
    bool overdue; /* without a verdict, and nothing has moved the clock since */
    bool late;    /* breached, and moved since by what was before that */
    uint32_t warned;
    unsigned version;
    Tocsin__V1__ClockState state;
    toc_time_ms breached_ms, target_ms, elapsed_ms, due_ms, manual_due_ms;
};

/* One run of a clock, expected. */
struct instance {
    const uint8_t *issue; /* its id */
    char name[64];
    unsigned number; /* from 1 over all scopes of the name */
    enum life life;
    enum ended ended;
    bool held;  /* paused by something that happened, until a start */
    bool again; /* counted again after its end, so its record has other shares */
    toc_time_ms started_ms, stopped_ms;
    toc_time_ms manual_end_ms;                  /* 0: none */
    struct toc_interval spans[MODEL_SPANS_MAX]; /* the open one ends at TOC_TIME_NEVER */
    size_t span_count;
    struct terms terms;
    toc_time_ms settled_ms; /* breached and warned are worked out up to here */
    bool breached;
    uint32_t warned; /* since the last new target */
    struct said said;
};

/* A clock of one name and scope: its latest instance. */
struct line {
    char name[64], scope[64];
    char team[64]; /* of an escalation */
    struct instance *latest;
};

/* The clocks of an issue. */
struct expected {
    struct world *world;
    const struct history *history;
    const struct moment *now; /* while the history is gone through */
    struct toc_fields fields;
    bool new_terms;   /* since this step */
    bool counted;     /* this step has counted again what places tell of */
    uint32_t version; /* of the policy that its clocks follow */
    const struct toc_policy *policy;
    const struct toc_sla *sla;
    char sla_name[64];
    unsigned priority;
    struct line *lines;
    size_t line_count;
    struct instance **instances;
    size_t instance_count;
};

/* Goes through the history, and lets time pass until `end_ms`. */
void model_expect(struct expected *issue, toc_time_ms end_ms);
void model_expected_free(struct expected *issue);
/* Moves and begins clocks at the present step. */
void model_step(struct expected *issue);

/* --- rules, at the present step of the history ------------------------------------------------ */

const struct toc_clock_rule *model_rule_in(const struct toc_sla *sla, const char *name);
/* The queue or tier is one that clocks of the rule measure. */
bool model_takes(const struct toc_clock_rule *rule, const char *scope);
/* The rule that a line follows now; NULL for none. */
const struct toc_clock_rule *model_rule_of(const struct expected *issue, const struct line *line);
bool model_has_state(const struct expected *issue, struct toc_trigger trigger);
bool model_is_now(const struct expected *issue, struct toc_trigger trigger);
/* The state holds or the happening is now; for a start, the state has to have been entered. */
bool model_fires(const struct expected *issue, struct toc_trigger trigger);
bool model_starts(const struct expected *issue, struct toc_trigger trigger);
/* The issue is one that has such a clock, and there is a target. */
bool model_is_wanted(const struct expected *issue, const struct toc_clock_rule *rule,
                     const struct instance *clock);
/* What the rule measures now: "" for the issue, NULL for nothing. */
const char *model_scope_of(const struct expected *issue, const struct toc_clock_rule *rule);
bool model_has_left(const struct expected *issue, const struct toc_clock_rule *rule,
                    const struct line *line);
bool model_may_begin(const struct expected *issue, const struct toc_clock_rule *rule);
/* Since when what the rule measures goes on; 0: not, or nobody knows. */
toc_time_ms model_since(const struct expected *issue, const struct toc_clock_rule *rule);

/* --- spans and instances ---------------------------------------------------------------------- */

struct instance *model_add_instance(struct expected *issue, const char *name);
void model_add_span(struct instance *clock, size_t at, struct toc_interval span);
void model_run(struct instance *clock, toc_time_ms at_ms);
void model_halt(struct instance *clock, enum life life, toc_time_ms at_ms);
void model_end(struct instance *clock, enum life life, enum ended ended, toc_time_ms at_ms);
struct line *model_line_of(struct expected *issue, const char *name, const char *scope);
struct line *model_add_line(struct expected *issue, const char *name, const char *scope);
/* The next instance of the line: anew, or going on with what it had. */
void model_start(struct expected *issue, struct line *line, const struct toc_clock_rule *rule,
                 toc_time_ms from_ms);

/* --- terms ------------------------------------------------------------------------------------ */

struct terms model_terms_of(const struct expected *issue, const struct instance *clock,
                            const struct toc_clock_rule *rule);
/* By its present terms, whatever was said before. */
void model_judge(struct instance *clock, toc_time_ms at_ms);
/* As if the rule had always been there: the spans are those of the states that let it run. */
void model_recount(struct expected *issue, struct instance *clock,
                   const struct toc_clock_rule *rule);
/* A live clock by other terms. */
void model_change_terms(struct instance *clock, const struct terms *terms, toc_time_ms at_ms);
/* What the step leaves or does not want any more ends; true when the clock is live no more. */
bool model_drops_out(struct expected *issue, struct line *line);
/* RETROACTIVE: each clock as the policy of now would have had it from the opening on. */
void model_again(struct expected *issue);
/* All that the rule asks for is where the issue is and whether somebody has it. */
bool model_is_of_places(const struct expected *issue, const struct toc_clock_rule *rule);
/* Priority, SLA and policy of the step. */
void model_take_terms(struct expected *issue);
/* DUE_SET, TOOK_OVER, and dates that end strictly before an instant. */
void model_by_hand(struct expected *issue);
void model_took_over(struct expected *issue);
void model_end_dates(struct expected *issue, toc_time_ms at_ms);

/* --- arithmetic ----------------------------------------------------------------------------- */

bool model_is_live(const struct instance *clock);
/* A date by hand counts; for one that is over, if it went on at `at_ms` by the rule. */
bool model_has_date(const struct instance *clock, const struct toc_clock_rule *rule,
                    toc_time_ms at_ms);
/* When it is due, as far as is known now; TOC_TIME_NEVER for one that waits for something. */
toc_time_ms model_due_now(const struct instance *clock);
/* The clock's own time in [from, until): working time, or wall time. */
toc_time_ms model_between(const struct terms *terms, toc_time_ms from_ms, toc_time_ms until_ms);
/* The clock's own time in all its spans, up to `at_ms`. */
toc_time_ms model_worked(const struct instance *clock, toc_time_ms at_ms);
/* When the span at `index` reaches the due, if it lasts so long. */
toc_time_ms model_due(const struct instance *clock, size_t index);
/* Works out the instant of a target in days or months, and the time that the terms allow. */
void model_aim(struct instance *clock);
/* The terms allow no more: the due is behind `at_ms`, or it has run longer. */
bool model_is_over(const struct instance *clock, toc_time_ms at_ms);
/* Warnings and the breach under the present terms, strictly before `until_ms`. */
void model_settle(struct instance *clock, toc_time_ms until_ms);

/* --- shares ----------------------------------------------------------------------------------- */

/* The shares of each kind have the same sum, in the end the clock's time; else the kind that has
 * not. */
bool model_adds_up(const Tocsin__V1__ClockChange *change, const char **out_kind);
/* Of a clock that was met: a share that is not what the history says, and what it should be; NULL.
 */
const Tocsin__V1__Share *model_wrong_share(const struct history *history,
                                           const struct instance *clock,
                                           const Tocsin__V1__ClockChange *change,
                                           toc_time_ms *out_ms);

#endif
