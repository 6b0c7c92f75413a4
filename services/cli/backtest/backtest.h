/*
 * The parts of `tocsin policy backtest`: what was recorded (history.c), what one policy
 * makes of it (tally.c, through the suite in one process), what two tallies differ in
 * (compare.c), and the report (print.c). policy/backtest.c puts them together.
 *
 * Memory: about 40 bytes beside the bytes of each recorded event, 100 for each clock with a
 * verdict, and while a policy is replayed the rows of its suite, about 1 kB for each issue.
 */
#ifndef CLI_BACKTEST_H
#define CLI_BACKTEST_H

#include "services/cli/client.h"

#include "common/tz.h"

#include <stdio.h>

#define BACKTEST_LOGS_MAX 16

/* --- names as small numbers --------------------------------------------------------------- */

/* Queues, clocks, contacts, teams: each text once. */
struct names {
    char **texts;
    uint32_t *slots; /* index + 1 by hash */
    size_t count, room;
};

/* The number of a text, a new one when it is not known. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err names_add(struct names *names, struct toc_str text, uint32_t *out);
const char *names_text(const struct names *names, uint32_t index);
void names_done(struct names *names);

/* --- what was recorded -------------------------------------------------------------------- */

/* An accepted event as it stands in its intake's log. */
struct recorded {
    toc_time_ms at_ms;
    const uint8_t *bytes; /* a packed Record */
    uint32_t size;
    uint16_t log;   /* index */
    bool is_policy; /* a part of one, or its coming into force */
};

struct history_log {
    char name[32]; /* of the service */
    uint64_t log_id, first_seq, last_seq;
};

struct history {
    struct history_log logs[BACKTEST_LOGS_MAX]; /* intakes */
    size_t log_count;
    struct recorded *events; /* in order of their instants */
    size_t count, room;
    struct history_chunk *chunks;
    struct toc_arena arena;   /* one event */
    uint64_t refused;         /* by intake */
    uint64_t unknown;         /* that this version does not understand */
    uint64_t tests, policies; /* events; versions that came into force */
    toc_time_ms end_ms;       /* as far as the recorded suite got */
};

TOC_MUST enum toc_err history_init(struct history *history);
void history_done(struct history *history);

/* Keeps a record of the log if it can be replayed, and counts it otherwise. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err history_keep(struct history *history, size_t log,
                                   const Tocsin__V1__Record *record, struct toc_str bytes);
/* All logs are in: puts the events of several into one order. */
TOC_MUST enum toc_err history_sort(struct history *history);

#define HISTORY_NAME_MAX 256

/* Who an issue is to its publisher. */
struct history_name {
    const uint8_t *issue;        /* TOC_ID bytes */
    char text[HISTORY_NAME_MAX]; /* source#subject, cut to fit; "" when no event says */
};

/* Fills in the texts; puts the names into the order of their issues. */
void history_names(struct history *history, struct history_name *names, size_t count);

/* --- verdicts ----------------------------------------------------------------------------- */

enum verdict_state { VERDICT_NO_CLOCK, VERDICT_OPEN, VERDICT_MET, VERDICT_BREACHED };

/* Whose word it is. */
enum verdict_by { BY_RECORD, BY_OLD, BY_NEW, BY_COUNT };

struct verdict_side {
    toc_time_ms at_ms; /* MET: when; BREACHED: the due that passed */
    uint32_t queue;    /* of the issue at that time, a name */
    uint8_t state;
};

/* One clock of one issue. */
struct verdict {
    uint8_t issue[TOC_ID];
    uint32_t clock; /* a name */
    uint32_t instance;
    struct verdict_side sides[BY_COUNT];
};

struct verdicts {
    struct verdict *slots; /* by hash; an instance of 0 is a free one */
    size_t count, room;
};

void verdicts_done(struct verdicts *verdicts);
/* The clock's entry, made when it is not there; valid until the next call. */
TOC_MUST enum toc_err verdicts_find(struct verdicts *verdicts, const uint8_t issue[TOC_ID],
                                    uint32_t clock, uint32_t instance, struct verdict **out);

/* Takes over what a CLOCK_CHANGED record says; records of tests count for nothing. */
TOC_MUST enum toc_err verdicts_take(struct verdicts *verdicts, struct names *names,
                                    enum verdict_by by, const Tocsin__V1__Record *record);

/* --- what a policy makes of it ------------------------------------------------------------ */

enum hours { HOURS_DAY, HOURS_EVENING, HOURS_NIGHT, HOURS_COUNT };

struct tally_contact {
    uint64_t pages[HOURS_COUNT];
};

struct tally_queue {
    uint64_t arrivals;
    uint64_t today, busiest; /* arrivals of one day */
    int64_t day;             /* days since 1970 */
    uint32_t team;           /* name + 1; 0: none */
};

/* Which alerts were opened, by the first eight bytes of their ids. */
struct alert_set {
    uint64_t *slots;
    size_t count, room;
};

struct tally {
    enum verdict_by by;
    struct verdicts *verdicts; /* shared by all tallies */
    struct names *names;       /* shared */
    const struct toc_tz *zone; /* of the hours and days */
    toc_time_ms from_ms, to_ms;
    struct tally_contact *contacts; /* by name */
    size_t contact_room;
    struct tally_queue *queues; /* by name */
    size_t queue_room;
    uint64_t *teams; /* escalations to other teams, by name */
    size_t team_room;
    struct alert_set alerts;
    const struct alert_set *known; /* alerts of the tally before; NULL: none to compare with */
    uint64_t alert_count, page_count;
    uint64_t pages_unsure; /* of alerts that were not there before, after their first step */
    uint64_t issues, refused;
};

void tally_done(struct tally *tally);

/* What to replay, and under what. */
struct replay {
    const struct history *history;
    struct toc_str policy; /* data is NULL: the policies as they are in the history */
    toc_time_ms from_ms;   /* with `policy`: it is in force from here on, all others are not */
    toc_time_ms to_ms;     /* events from here on are left out, and time stops here */
    bool (*on_step)(void *arg, size_t done); /* false: stop (TOC_ERR_AGAIN) */
    void *arg;
};

/* Replays the history into the tally. Failures are of memory, or of a suite that cannot go on. */
TOC_MUST enum toc_err tally_replay(struct tally *tally, const struct replay *replay);

/* --- what differs ------------------------------------------------------------------------- */

struct change_row {
    uint32_t clock, queue; /* names */
    uint64_t before, after;
};

struct agreement {
    uint64_t recorded; /* verdicts in sla's log */
    uint64_t agree;
    uint64_t open;    /* one of the two has no verdict yet: time has not got there */
    uint64_t missing; /* replayed, but sla's log has no such clock */
    uint64_t unknown; /* recorded, but the replay has no such clock */
    uint64_t other;   /* they contradict each other */
};

struct comparison {
    struct agreement agreement;
    struct change_row *breaches; /* by clock and queue, the largest change first */
    size_t breach_rows;
    uint64_t breaches_before, breaches_after;
    const struct verdict **flips; /* in the order of their instants */
    size_t flip_count;
    uint64_t better, worse;
};

/* Compares what `verdicts` hold of clocks whose verdict falls into [from, to). */
TOC_MUST enum toc_err compare_verdicts(const struct verdicts *verdicts, toc_time_ms from_ms,
                                       toc_time_ms to_ms, struct comparison *out);
void comparison_done(struct comparison *comparison);

/* --- the report --------------------------------------------------------------------------- */

struct report {
    const char *who, *policy_file, *zone;
    const struct history *history;
    const struct names *names;
    const struct history_name *issues; /* of the flips that are shown, by id */
    size_t issue_count;
    const struct tally *before, *after;
    const struct comparison *comparison;
    toc_time_ms from_ms, to_ms;
    bool from_given, all;
    uint64_t sla_first_seq;
};

#define REPORT_FLIPS 20 /* shown without --all */
size_t report_flips(const struct report *report);
/* By name; zeros for one that a tally does not have. */
const struct tally_contact *report_contact(const struct tally *tally, size_t name);
const struct tally_queue *report_queue(const struct tally *tally, size_t name);
uint64_t report_escalations(const struct tally *tally, size_t name);
/* Who runs a queue, "" when the policies do not say. */
const char *report_team(const struct report *report, size_t queue);
/* source#subject of an issue that is shown. */
const char *report_name(const struct report *report, const uint8_t issue[TOC_ID]);
const char *report_state(const struct verdict_side *side);

struct print;
void report_print(const struct report *report, const struct print *print);
void report_json(const struct report *report, FILE *out);

#endif
