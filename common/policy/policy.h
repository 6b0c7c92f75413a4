/*
 * A policy: calendars, queues, people, triage rules, routes, SLAs, teams, escalation paths.
 * Compiled from one YAML text into an immutable object that every decision can name by its version.
 *
 * It hides libfyaml. Parsing is done by the shell and by `tocsin policy check`; cores only read the
 * structs below. Everything a struct points to lives as long as the policy. deploy/policy/
 * sample.yaml shows every key; an unknown key, a calendar without working time, a reference to
 * nothing or a missing default route is an error with file:line:column, the line and a hint.
 */
#ifndef TOC_POLICY_H
#define TOC_POLICY_H

#include "common/calendar_days.h"
#include "common/match.h"
#include "common/schedule.h"
#include "common/tz.h"

#define TOC_POLICY_SIZE_MAX     (256 * 1024) /* bytes of text */
#define TOC_POLICY_PRIORITIES   4            /* P1..P4 */
#define TOC_POLICY_TIERS        3            /* 1 partner, 2 in-house, 3 expert */
#define TOC_POLICY_WARNINGS_MAX 8            /* thresholds of one clock */
#define TOC_POLICY_CLOCKS_MAX   16           /* clocks of one SLA */
#define TOC_POLICY_ALERTS_MAX   128          /* alert rules */
#define TOC_TARGET_NONE         (-1)         /* in place of milliseconds: no target */

/* What a rule sets; 0 or NULL leaves a value as it is. */
struct toc_triage_rule {
    const char *name;
    struct toc_match when;
    const char *category;
    unsigned priority; /* 1..4 */
    unsigned risk;     /* enum Risk of event.proto */
    const char *sop;   /* "name@version" */
    const char *content_class;
    const char *const *tags;
    size_t tag_count;
    const struct toc_queue *queue; /* where it escalates to at once; NULL: where the routes say */
    unsigned tier;                 /* with `queue`; 0: the queue's */
    const struct toc_team *team;   /* that is asked at once; NULL: none */
};

/* What a requester may read in place of waiting for an answer. */
struct toc_article {
    const char *name; /* an id */
    const char *title, *url;
    const char *const *languages; /* none: for every one */
    size_t language_count;
};

/* What is to be known of an issue of a category, and what may end it without us. */
struct toc_category {
    const char *name;
    const char *const *facts; /* to establish before it is escalated */
    size_t fact_count;
    const struct toc_article *articles; /* in order, the first in the language */
    size_t article_count;
};

struct toc_route {
    const char *name;
    struct toc_match when;
    const struct toc_queue *queue;
    const struct toc_sla *sla;   /* NULL: no clocks */
    const struct toc_path *path; /* NULL: nobody is paged */
};

/* Where an issue goes that nobody of its queue has taken for so long. */
struct toc_spill {
    toc_time_ms after_ms;
    const struct toc_queue *to;
};

/*
 * A queue. Without people it is worked by a tool that assigns: nothing is offered to anyone, and
 * of what follows only `on_breach` and `hops_max` count.
 */
struct toc_queue {
    const char *name;
    unsigned tier;               /* 1 partner, 2 in-house, 3 expert */
    const struct toc_path *path; /* NULL: the route's */
    const char *partner;         /* who runs it; NULL: not said */

    const char *const *skills; /* that a person has to have, always */
    size_t skill_count;
    const char *const *prefer; /* that a person should have, the dearest first */
    size_t prefer_count;
    toc_time_ms
        relax_ms;       /* after each such delay the last preferred skill that is left is let go */
    bool by_language;   /* a person has to speak the language */
    unsigned clearance; /* that a person has to have at least */

    unsigned weight[TOC_POLICY_PRIORITIES + 1]; /* units of a person's capacity, by priority */
    bool paused_is_free;     /* while it waits for others, an issue takes nobody's capacity */
    toc_time_ms lease_ms;    /* how long an offer stands */
    toc_time_ms max_wait_ms; /* an issue that waited so long is as urgent as one that breaches */
    toc_time_ms sticky_ms;   /* for so long a reopened issue goes first to who had it */
    unsigned hops_max;       /* moves by the policy before a person has to look */
    const struct toc_spill *spills; /* in the order of their delays */
    size_t spill_count;
    const struct toc_queue *const
        *follow_sun; /* while nobody is on shift, the first that has one */
    size_t follow_sun_count;
    const struct toc_queue
        *on_breach; /* where an issue goes when a clock of it breaches; or NULL */

    const struct toc_person *const *people; /* who serve it */
    size_t person_count;                    /* 0: none, see above */
};

/* How many issues of a content class a person may see in a day; of several, each takes its share.
 */
struct toc_exposure {
    const char *content_class;
    unsigned per_day; /* 0: none at all */
};

struct toc_person {
    const char *name; /* an id */
    const struct toc_queue *const *queues;
    size_t queue_count;
    const char *const *skills;
    size_t skill_count;
    const char *const *languages; /* "pt" is any Portuguese, "pt-BR" only that of Brazil */
    size_t language_count;
    unsigned clearance;
    unsigned capacity; /* units */
    const struct toc_exposure *exposure;
    size_t exposure_count;
    const struct toc_calendar *shift; /* NULL: any time; its zone's days count the exposure */
};

/* What a clock measures; clock.c has what starts, pauses and stops each unless told. */
enum toc_metric_kind {
    TOC_CLOCK_FIRST_REPLY,
    TOC_CLOCK_NEXT_REPLY,
    TOC_CLOCK_PERIODIC_UPDATE,
    TOC_CLOCK_PAUSABLE_UPDATE,
    TOC_CLOCK_REQUESTER_WAIT,
    TOC_CLOCK_AGENT_WORK,
    TOC_CLOCK_RESOLUTION,
    TOC_CLOCK_QUEUE_WAIT, /* from entering a queue until someone takes it */
    TOC_CLOCK_TIER_TIME,  /* in a tier */
    TOC_CLOCK_LEGAL,      /* wall time, never paused */
    TOC_CLOCK_ESCALATION, /* of a team; no SLA has one */
    TOC_CLOCK_METRICS
};

/* What happens to an issue, as far as clocks ask. */
enum toc_happening {
    TOC_HAPPENED_OPENED,
    TOC_HAPPENED_INBOUND,      /* the requester wrote, by whatever channel; nothing automatic */
    TOC_HAPPENED_OUTBOUND,     /* a person wrote to the requester */
    TOC_HAPPENED_QUEUED,       /* it came into another queue */
    TOC_HAPPENED_CLAIMED,      /* someone took it */
    TOC_HAPPENED_RELEASED,     /* nobody has it any more */
    TOC_HAPPENED_TIER_CHANGED, /* it came into another tier */
    TOC_HAPPENED_HANDED_OFF,   /* from a bot to people */
    TOC_HAPPENED_MERGED,       /* into another issue */
    TOC_HAPPENED_TOLD,         /* the requester was told what another team answered */
    TOC_HAPPENINGS
};

/* Fires while the issue is in one of the states, and when one of the happenings happens. */
struct toc_trigger {
    uint32_t states;     /* bit 1 << enum IssueState */
    uint32_t happenings; /* bit 1 << enum toc_happening */
};

enum toc_target_kind {
    TOC_TARGET_UNSET,   /* none: the clock does not run */
    TOC_TARGET_WORKING, /* `ms` of working time */
    TOC_TARGET_ELAPSED, /* `ms` of wall time */
    TOC_TARGET_DAYS,    /* `count` business days from the start */
    TOC_TARGET_MONTHS   /* `count` calendar months from the start */
};

struct toc_target {
    enum toc_target_kind kind;
    unsigned count;
    toc_time_ms ms;
    const char *text; /* as the policy has it; NULL for UNSET */
};

struct toc_clock_rule {
    enum toc_metric_kind metric;
    const char *name; /* its key, unique within the SLA: the metric unless that is given beside */
    const struct toc_calendar *calendar;
    struct toc_target targets[TOC_POLICY_PRIORITIES + 1]; /* by priority; [0] for none set */
    struct toc_day_rule days;                             /* of DAYS and MONTHS */
    unsigned warn_percent[TOC_POLICY_WARNINGS_MAX];       /* of the target, ascending, 1..99 */
    size_t warn_count;
    struct toc_match when; /* which issues have it */
    struct toc_trigger start, pause, stop, reset, cancel;
    bool goes_on;              /* what starts another time goes on with the time it had */
    const char *law;           /* LEGAL: jurisdiction and rule; else NULL */
    const char *const *queues; /* QUEUE_WAIT: in which, as patterns */
    size_t queue_count;        /* 0: in any */
    uint32_t tiers;            /* TIER_TIME: bit 1 << tier; 0: in any */
};

struct toc_sla {
    const char *name;
    const struct toc_clock_rule *clocks;
    size_t clock_count;
};

/* People, and whoever is on call by schedules. */
struct toc_who {
    const char *const *contacts; /* ids */
    size_t contact_count;
    const struct toc_schedule *const *schedules;
    size_t schedule_count;
};

/* A team: its members are in the steps that name it already; issues are escalated to one that
 * answers. */
struct toc_team {
    const char *name;
    struct toc_who members;
    bool answers;                /* else the rest counts for nothing */
    const struct toc_path *path; /* NULL: the issue's */
    struct toc_clock_rule clock; /* of an escalation to it: the same target for every priority */
};

struct toc_path_step {
    const char *const *contacts; /* ids */
    size_t contact_count;
    const struct toc_schedule *const *schedules; /* whoever they say is on call at the instant */
    size_t schedule_count; /* nobody by either: an empty step, skipped at once and recorded */
    bool round_robin;      /* one of those meant, in turn */
    toc_time_ms wait_ms;   /* how long an acknowledgement may take */
};

struct toc_path {
    const char *name;
    const struct toc_path_step *steps;
    size_t step_count;
    unsigned repeat;            /* further rounds after the first */
    toc_time_ms ack_expires_ms; /* how long an acknowledgement holds; 0: for good */
    toc_time_ms coalesce_ms;    /* how long a page may wait for others of its group; 0: not */
};

/* What opens an alert on the path. */
enum toc_alert_on {
    TOC_ALERT_ON_BREACHED,
    TOC_ALERT_ON_WARNED,
    TOC_ALERT_ON_OPENED,
    TOC_ALERT_ON_WAITING,    /* for people: nobody can take it */
    TOC_ALERT_ON_UNCONFIRMED /* a clock may be breached, and nobody can tell yet */
};

/* Why an issue stays in its queue that nobody there can take. */
#define TOC_WAITS_NOBODY    "nobody"    /* to whom it could go */
#define TOC_WAITS_VISITED   "visited"   /* it spills over only to where it has been */
#define TOC_WAITS_HOP_LIMIT "hop_limit" /* it has been moved too often */

struct toc_alert_rule {
    const char *name;
    enum toc_alert_on on;
    struct toc_match when;
    const char *metric;          /* a clock's name or metric; NULL: any */
    unsigned threshold_percent;  /* WARNED: from this threshold on; 0: any */
    const char *reason;          /* WAITING: one of TOC_WAITS_*; NULL: any */
    const char *severity;        /* critical, error, warning, info */
    toc_time_ms hold_ms;         /* from when its cause is gone until it closes */
    const struct toc_path *path; /* NULL: the issue's */
};

/* Classes of what people wrote, which intake keeps sealed. */
enum toc_retention {
    TOC_RETENTION_TITLE,
    TOC_RETENTION_BODY,
    TOC_RETENTION_CONTACT,
    TOC_RETENTION_ATTACHMENT,
    TOC_RETENTION_RAW,
    TOC_RETENTION_CLASSES
};

/* Alerts about the suite itself. */
struct toc_watch {
    const struct toc_path *path; /* NULL: there are none */
    toc_time_ms after_ms;        /* so long has something to be wrong */
};

/* Somebody's quiet hours: while the calendar is open. */
struct toc_quiet {
    const char *name; /* a contact's */
    const struct toc_calendar *calendar;
};

/* How often people are sent test pages. */
struct toc_reach {
    unsigned every_days; /* 0: never */
    int64_t start_day;   /* of the first, since 1970-01-01 */
    toc_time_ms at_ms;   /* since wall midnight */
    const struct toc_tz *zone;
    toc_time_ms within_ms; /* how long an answer may take */
};

struct toc_policy {
    struct toc_policy *next;              /* of those that left a cache (store.h) */
    uint32_t version;                     /* set by whoever applies it; 0 in a check */
    uint8_t hash[32];                     /* SHA-256 of the text */
    char tzdata[TOC_TZ_VERSION_MAX];      /* the version of the zones that its calendars have */
    const struct toc_triage_rule *triage; /* in order, the first that fits */
    size_t triage_count;
    const struct toc_route *routes; /* in order; the last fits everything */
    size_t route_count;
    const struct toc_queue *queues;
    size_t queue_count;
    const struct toc_person *people;
    size_t person_count;
    const struct toc_sla *slas;
    size_t sla_count;
    const struct toc_quiet *quiet;
    size_t quiet_count;
    struct toc_reach reach;
    const struct toc_schedule *schedules;
    size_t schedule_count;
    const struct toc_path *paths;
    size_t path_count;
    const struct toc_team *teams;
    size_t team_count;
    const struct toc_alert_rule *alerts; /* every one that fits opens an alert of its own cause */
    size_t alert_count;
    struct toc_watch watch;
    const struct toc_category *categories;
    size_t category_count;
    toc_time_ms retention_ms[TOC_RETENTION_CLASSES]; /* 0: for ever */
    toc_time_ms duplicates_ms; /* how far back an issue may have a duplicate; 0: none are sought */
};

/*
 * Compiles `text`. `file_name` only appears in errors. On TOC_ERR_CONFIG `*out_errors` is a
 * malloc'ed text for a person, one paragraph per error, without terminal control characters; free()
 * it. On success it is NULL. TOC_ERR_MEMORY leaves both outputs as they are.
 */
TOC_MUST enum toc_err toc_policy_parse(struct toc_str text, const char *file_name,
                                       struct toc_policy **out, char **out_errors);
/*
 * The same for `tocsin policy check`: with the tree, in which all that was found is and where every
 * value stands. `*out_tree` is set on TOC_OK and TOC_ERR_CONFIG; it needs `text` and `file_name`.
 */
struct toc_policy_tree;
TOC_MUST enum toc_err toc_policy_check(struct toc_str text, const char *file_name,
                                       struct toc_policy **out, struct toc_policy_tree **out_tree);
/*
 * Compiles one that was accepted, perhaps before this version of the program: what it would now
 * only doubt (diag.h) does not make it useless to those who have to go on with it.
 */
TOC_MUST enum toc_err toc_policy_recompile(struct toc_str text, struct toc_policy **out);
/* Accepts NULL. */
void toc_policy_free(struct toc_policy *policy);

/* By name; NULL when there is none. */
const struct toc_sla *toc_policy_sla(const struct toc_policy *policy, struct toc_str name);
const struct toc_schedule *toc_policy_schedule(const struct toc_policy *policy,
                                               struct toc_str name);
const struct toc_path *toc_policy_path(const struct toc_policy *policy, struct toc_str name);
const struct toc_queue *toc_policy_queue(const struct toc_policy *policy, struct toc_str name);
/* Of those that answer. */
const struct toc_team *toc_policy_team(const struct toc_policy *policy, struct toc_str name);
const struct toc_category *toc_policy_category(const struct toc_policy *policy,
                                               struct toc_str name);
const struct toc_person *toc_policy_person(const struct toc_policy *policy, struct toc_str name);

/* While it is open the contact has quiet hours; NULL: never. */
const struct toc_calendar *toc_policy_quiet(const struct toc_policy *policy, struct toc_str person);

/* The first instant from `from_ms` on at which people are sent test pages; TOC_TIME_NEVER: none. */
toc_time_ms toc_policy_reach_from(const struct toc_policy *policy, toc_time_ms from_ms);

/* What to suggest for an issue of this category and language; NULL: nothing. */
const struct toc_article *toc_policy_article(const struct toc_policy *policy, const char *category,
                                             const char *language);
/* Whether any category has an article with this id. */
bool toc_policy_has_article(const struct toc_policy *policy, const char *name);

/* Basic filtering of RFC 4647: the range "pt" is "pt" and all that begins with "pt-". */
bool toc_language_is_in(const char *range, const char *language);

/* How long content of a class ("body") is kept; 0: for ever, or there is no such class. */
toc_time_ms toc_policy_retention_ms(const struct toc_policy *policy, const char *class_name);

/* The word of a metric: "first_reply". */
const char *toc_metric_name(enum toc_metric_kind metric);
/* Whether it is what a clock does. */
bool toc_alert_on_clocks(enum toc_alert_on on);
/* The word of an occasion: "breached". */
const char *toc_alert_on_name(enum toc_alert_on on);

/* The sample policy that `tocsin up` uses without options. */
struct toc_str toc_policy_sample(void);

#endif
