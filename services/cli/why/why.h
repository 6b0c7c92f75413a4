/*
 * The parts of `tocsin why`: gathering is in why.c, one record as text in record.c and, of an issue
 * or a clock, issue.c and clock.c, what holds now (and why not) in now.c. All of it as JSON is in
 * json.c; what both forms have to work out about a clock, in counted.c. Only these include it.
 */
#ifndef CLI_WHY_H
#define CLI_WHY_H

#include "services/cli/view.h"

#include "common/policy/policy.h"

#define WHY_INDENT       25 /* cells before the text of an entry */
#define WHY_POLICIES_MAX 16 /* versions that records are read with */

/* One record of the timeline. */
struct why_entry {
    const char *service;
    unsigned rank;        /* of the service: what causes comes before what follows from it */
    uint64_t log_id;      /* the record's */
    toc_time_ms order_ms; /* its instant, or its cause's where that is later */
    uint64_t root;        /* seq of the event that it all goes back to; UINT64_MAX for a timer's */
    const Tocsin__V1__Record *record;
};

/* Keeps the newest entries of all services alike, `room` of them; false when one was left out. */
bool why_keep_newest(struct why_entry *list, size_t room, size_t *count,
                     const struct why_entry *entry);

/* The policies that records name, as far as they are to be had. */
struct why_policies {
    struct toc_policy *list[WHY_POLICIES_MAX];
    size_t count;
};

/* The hours before what is said, and text folded into the lines of the terminal. */
struct why_page {
    const struct print *print;
    struct toc_arena *arena;
    toc_time_ms day_ms; /* of the last entry written; TOC_TIME_MIN before the first */
    struct why_policies policies;
};

/* Writes words from cell `indent` on, folded at the line's end. The cursor stands at `at`. */
__attribute__((format(printf, 5, 6))) void why_fold(const struct why_page *page,
                                                    enum print_style style, unsigned indent,
                                                    unsigned at, const char *format, ...);

/* A line of details below an entry. */
#define why_detail(page, ...) why_fold((page), PRINT_DIM, WHY_INDENT + 2, 0, __VA_ARGS__)

/* Writes one entry: its time, whose it is, what was decided and by which rule. */
void why_record(struct why_page *page, const struct why_entry *entry);

/* Rules that did not fit, each with what of it did not, and how many more there were. */
void why_tried(const struct why_page *page, Tocsin__V1__Tried *const *tried, size_t count,
               unsigned more);

/* The part of it that is about a step of the issue's history. */
void why_issue(const struct why_page *page, const Tocsin__V1__Record *record,
               const Tocsin__V1__IssueChange *change);

/* The part of it that is about a clock. */
void why_clock(const struct why_page *page, const Tocsin__V1__Record *record,
               const Tocsin__V1__ClockChange *change);

/* --- what a clock counted ------------------------------------------------------------------ */

/* NULL when that version is not at hand. */
const struct toc_policy *why_policy(const struct why_policies *policies, uint32_t version);

/* The clock's rule in the policy that its record names, which may be NULL; NULL if it has none. */
const struct toc_clock_rule *why_clock_rule(const struct toc_policy *policy,
                                            const Tocsin__V1__ClockChange *change);
/* Whether it counts all time and not that of a calendar; `rule` may be NULL. */
bool why_is_by_wall(const struct toc_clock_rule *rule, const Tocsin__V1__ClockChange *change);
/* What it had counted, the open interval included: each kind of share adds up to that. */
toc_time_ms why_spent_ms(const Tocsin__V1__ClockChange *change);

/* Whether the record is a verdict, which has the sum behind it. */
static inline bool why_has_sum(const Tocsin__V1__ClockChange *change)
{
    return change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED ||
           change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__MET ||
           change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED;
}

typedef void (*why_slice_fn)(void *arg, struct toc_interval open);
/* The open parts of an interval, in order. */
void why_slices(const struct toc_calendar *calendar, struct toc_interval whole, why_slice_fn take,
                void *arg);

/* --- what holds now ------------------------------------------------------------------------ */

/* What is known of the issue now. */
struct why_now {
    const Tocsin__V1__Issue *issue;
    const Tocsin__V1__IssueClocks *clocks; /* NULL: sla knows none */
    Tocsin__V1__Alert *const *alerts;
    size_t alert_count;
    Tocsin__V1__AlertGroup *const *groups;           /* of each alert; NULL where that is in none */
    Tocsin__V1__CrossEscalation *const *escalations; /* to other teams, not closed yet */
    size_t escalation_count;
    const struct toc_policy *policy; /* in force; NULL when there is none to be had */
    toc_time_ms now_ms;
    bool cut; /* there are earlier records that are not shown */
};

/* What keeps a rule from having opened an alert. */
enum why_miss_kind {
    WHY_MISS_FIELD, /* it has another value, or none that is known */
    WHY_MISS_TAG,
    WHY_MISS_PATH,  /* the rule fits, but nobody is to be paged */
    WHY_MISS_WAITS, /* it fits, and what it waits for has not happened since */
};

struct why_miss {
    enum why_miss_kind kind;
    const char *field, *value; /* WHY_MISS_FIELD; "" for a value that is not known */
    bool negated;              /* WHY_MISS_TAG: there is one that must not be */
};

/* Its texts live as long as the rule and the page's arena. */
struct why_miss why_miss_of(const struct why_page *page, const struct toc_alert_rule *rule,
                            const Tocsin__V1__Issue *issue);

/* The last part: what is under way, and why nothing else is. */
void why_write_now(const struct why_page *page, const struct why_now *now);
/* The same of an alert that is about no issue. */
void why_write_alerts(const struct why_page *page, const struct why_now *now);

/* --- as JSON Lines ------------------------------------------------------------------------- */

void why_json_record(const struct why_page *page, const struct why_entry *entry);
void why_json_now(const struct why_page *page, const struct why_now *now);

#endif
