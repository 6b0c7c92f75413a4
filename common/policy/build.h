/*
 * How a policy is compiled: what the policy_*.c files share, and nobody else includes.
 *
 * yaml.c gives a tree; each section's builder reads its part of it through the value readers
 * below, which record what is wrong and answer false. A builder goes on after an error, so that all
 * are found; a policy with an error is thrown away, so what it holds then does not matter. Names of
 * a section are registered before any body is read: an entry with an error in it is still there to
 * be referred to.
 */
#ifndef TOC_POLICY_BUILD_H
#define TOC_POLICY_BUILD_H

#include "common/policy/policy.h"
#include "common/policy/keys.h"
#include "common/policy/yaml.h"

#define TOC_POLICY_NAME_MAX     64                 /* bytes of a name or an id */
#define TOC_POLICY_VALUE_MAX    128                /* bytes of a value in a condition */
#define TOC_POLICY_DURATION_MAX (366 * TOC_DAY_MS) /* of a target */
#define TOC_WHO_MAX             32 /* people that a step or a team names, and schedules */

struct toc_policy_tree;

struct toc_policy_calendar {
    const char *name;
    struct toc_calendar *calendar; /* NULL after an error */
};

/* The policy and all it owns. */
struct toc_build {
    struct toc_policy policy; /* first, so that a policy is its build */
    struct toc_pool pool;
    struct toc_diag *diag; /* these two only while compiling */
    const struct toc_policy_tree *tree;
    bool out_of_memory;
    struct toc_tz **zones; /* one per zone that is used; with room for the next power of two */
    size_t zone_count;
    struct toc_policy_calendar *calendars;
    size_t calendar_count;
    size_t compared;          /* values, in the search for unreachable rules */
    struct toc_queue *queues; /* these six are what `policy` shows as constant */
    struct toc_person *people;
    struct toc_sla *slas;
    struct toc_path *paths;
    struct toc_schedule *schedules;
    struct toc_team *teams;
};

/* An array of objects that begin with `const char *name`. */
struct toc_names {
    const void *base;
    size_t count;
    size_t stride; /* bytes of one */
};

/* Words with a number: their place in the table. */
struct toc_words {
    const char *const *words;
    size_t count;
};

extern const struct toc_words toc_words_risk;     /* 0 is no word: enum Risk */
extern const struct toc_words toc_words_priority; /* 0 is no word: 1..4 */
extern const struct toc_words toc_words_state;    /* 0 is no word: enum IssueState */
extern const struct toc_words toc_words_metric;   /* enum toc_metric_kind */

struct toc_texts {
    const char *const *values;
    size_t count;
};

/* --- the keys, each table beside its reader; keys.c lists them all --------------------- */

extern const struct toc_key toc_keys_root[];
extern const struct toc_key toc_keys_overlay[];
extern const struct toc_key toc_keys_calendar[];
extern const struct toc_key toc_keys_schedule[];
extern const struct toc_key toc_keys_layer[];
extern const struct toc_key toc_keys_temporary[];
extern const struct toc_key toc_keys_path[];
extern const struct toc_key toc_keys_step[];
extern const struct toc_key toc_keys_queue[];
extern const struct toc_key toc_keys_spill[];
extern const struct toc_key toc_keys_weight[];
extern const struct toc_key toc_keys_person[];
extern const struct toc_key toc_keys_sla[];
extern const struct toc_key toc_keys_clock[];
extern const struct toc_key toc_keys_targets[];
extern const struct toc_key toc_keys_team[];
extern const struct toc_key toc_keys_triage[];
extern const struct toc_key toc_keys_set[];
extern const struct toc_key toc_keys_escalate[];
extern const struct toc_key toc_keys_category[];
extern const struct toc_key toc_keys_article[];
extern const struct toc_key toc_keys_route[];
extern const struct toc_key toc_keys_alert[];
extern const struct toc_key toc_keys_watch[];
extern const struct toc_key toc_keys_retention[];
extern const struct toc_key toc_keys_duplicates[];
extern const struct toc_key toc_keys_reach[];

/* --- value.c: every reader records an error and answers false -------------------------- */

/* Zeroed memory of the policy; NULL sets `out_of_memory`. */
void *toc_build_array(struct toc_build *b, size_t count, size_t size);

/* `what` names the place in messages: "calendar 'office'". */
bool toc_value_map(struct toc_build *b, const struct toc_yaml *node, const char *what);
/* Finds `values[i]` for `keys[i]`, NULL where absent; false only when `node` is no map. */
bool toc_value_keys(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const struct toc_key *keys, const struct toc_yaml **values);
/* A list, or a single text as a list of one: the first of `*count` siblings; NULL on an error. */
const struct toc_yaml *toc_value_items(struct toc_build *b, const struct toc_yaml *node,
                                       const char *what, size_t *count);
bool toc_value_text(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const char **out);
bool toc_value_name(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const char **out);
bool toc_value_number(struct toc_build *b, const struct toc_yaml *node, const char *what,
                      unsigned max, unsigned *out);
bool toc_value_word(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const struct toc_words *words, unsigned *out);
/* The entry's index in `names`. */
bool toc_value_reference(struct toc_build *b, const struct toc_yaml *node, const char *what,
                         const struct toc_names *names, size_t *out);

typedef bool toc_value_reader(struct toc_build *b, const struct toc_yaml *node, const char *what,
                              const char **out);
/* A list whose entries `reader` reads. */
bool toc_value_texts(struct toc_build *b, const struct toc_yaml *node, const char *what,
                     toc_value_reader *reader, struct toc_texts *out);

/* --- time.c ---------------------------------------------------------------------------- */

/* "1h30m"; false for anything else. */
bool toc_parse_duration(struct toc_str text, toc_time_ms *out);
bool toc_value_duration(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        toc_time_ms max_ms, toc_time_ms *out);
/* "17:00" as milliseconds of the day, below 24:00. */
bool toc_value_time_of_day(struct toc_build *b, const struct toc_yaml *node, const char *what,
                           toc_time_ms *out);
/* "09:00-17:30" as milliseconds of the day; until < from is overnight, 00:00 as an end is 24:00. */
bool toc_value_window(struct toc_build *b, const struct toc_yaml *node, struct toc_interval *out);
/* "2026-12-24" in days since 1970-01-01. */
bool toc_value_date(struct toc_build *b, const struct toc_yaml *node, int64_t *out);
/* "12-24" */
bool toc_value_month_day(struct toc_build *b, const struct toc_yaml *node, unsigned *month,
                         unsigned *day);
/* "mon" or "mon-fri", from 0 Monday; a range may go past Sunday. */
bool toc_value_weekdays(struct toc_build *b, const struct toc_yaml *node, unsigned *first,
                        unsigned *last);

/* --- zone.c ---------------------------------------------------------------------------- */

/* The zone of that IANA name, loaded once; NULL after an error. */
const struct toc_tz *toc_value_zone(struct toc_build *b, const struct toc_yaml *node);

/* --- the sections; `node` may be NULL where the section may be left out ------------------------
 */

/* A zeroed array with an entry for each of the map, its name filled in. NULL: nothing in it. */
void *toc_build_names(struct toc_build *b, const struct toc_yaml *node, const char *what,
                      size_t stride, size_t *count);

void toc_build_calendars(struct toc_build *b, const struct toc_yaml *node);
void toc_build_slas(struct toc_build *b, const struct toc_yaml *node);
/* After the calendars. */
void toc_build_schedules(struct toc_build *b, const struct toc_yaml *node);
/* The same. */
void toc_build_quiet(struct toc_build *b, const struct toc_yaml *node);
void toc_build_reach(struct toc_build *b, const struct toc_yaml *node);
/* After the schedules: who belongs to them. */
void toc_build_teams(struct toc_build *b, const struct toc_yaml *node);
/* After the teams. */
void toc_build_paths(struct toc_build *b, const struct toc_yaml *node);
/* After the paths: how the teams answer. */
void toc_build_answers(struct toc_build *b, const struct toc_yaml *node);
void toc_build_queues(struct toc_build *b, const struct toc_yaml *node);
/* After the queues, whose own section is given for the places of what does not fit together. */
void toc_build_people(struct toc_build *b, const struct toc_yaml *node,
                      const struct toc_yaml *queues);
void toc_build_triage(struct toc_build *b, const struct toc_yaml *node);
void toc_build_categories(struct toc_build *b, const struct toc_yaml *node);
/* A part of a category. */
void toc_build_articles(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_category *category);
void toc_build_routes(struct toc_build *b, const struct toc_yaml *node);
void toc_build_alerts(struct toc_build *b, const struct toc_yaml *node);
void toc_build_watch(struct toc_build *b, const struct toc_yaml *node);
void toc_build_retention(struct toc_build *b, const struct toc_yaml *node);
void toc_build_duplicates(struct toc_build *b, const struct toc_yaml *node);

/* --- who.c: whom a step or a team means ---------------------------------------------------------
 */

/* The keys `page` and `schedule`, each NULL where it is absent. */
void toc_build_who(struct toc_build *b, const struct toc_yaml *page,
                   const struct toc_yaml *schedule, struct toc_who *out);
/* Adds the members of teams, each once. */
void toc_build_who_of_teams(struct toc_build *b, const struct toc_yaml *node, struct toc_who *who);

/* --- match.c: conditions --------------------------------------------------------------- */

void toc_build_when(struct toc_build *b, const struct toc_yaml *node, struct toc_match *when);

/* --- rule.c: what all lists of rules share --------------------------------------------- */

/* The first keys of every rule. */
enum { TOC_RULE_NAME, TOC_RULE_WHEN, TOC_RULE_KEYS };

#define TOC_KEY_RULE                                                                               \
    {                                                                                              \
        "rule", true, "NAME", NULL, "Its name, which records of decisions carry."                  \
    }
#define TOC_KEY_WHEN                                                                               \
    {                                                                                              \
        "when", false, "{FIELD: [VALUE]}", "everything", "The issues that it fits, as told below." \
    }

/* What every rule begins with. */
struct toc_rule_head {
    const char *name; /* NULL after an error */
    struct toc_match when;
};

/* A zeroed array for the list `node`; NULL when there is nothing to read. */
void *toc_rules_new(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    size_t size);
/* Reads the name, which is new in the list, and the condition. */
void toc_rule_read(struct toc_build *b, const struct toc_yaml *const *values,
                   const struct toc_names *before, const char **name, struct toc_match *when);

/* --- hours.c --------------------------------------------------------------------------- */

/* Windows by weekday, sorted, and merged where they overlap or touch; none after an error. */
void toc_build_hours(struct toc_build *b, const struct toc_yaml *node, const char *what,
                     const struct toc_week_window **out, size_t *out_count);

/* --- reach.c --------------------------------------------------------------------------- */

/* Whether comparing the two is within what a policy may cost to read. */
bool toc_check_may_compare(struct toc_build *b, const struct toc_match *first,
                           const struct toc_match *second);
/* Names the rule `item`, which follows `before`, when these fit whatever it fits. */
void toc_check_reachable(struct toc_build *b, const struct toc_yaml *item,
                         const struct toc_names *before);

/* --- idle.c: warnings of what can have no effect ------------------------------------------- */

/* Of a type of events that is none of a triage rule's, or that nobody else can ask for. */
void toc_check_type(struct toc_build *b, const struct toc_yaml *when, const struct toc_match *match,
                    bool triage);
/* Of `on_breach` where nothing breaches; once the routes are read. */
void toc_check_on_breach(struct toc_build *b, const struct toc_yaml *queues);
/* Of a rule that never opens an alert. */
void toc_check_alert(struct toc_build *b, const struct toc_yaml *item,
                     const struct toc_alert_rule *rule);
/* Whether a clock warns or breaches that the rule is about; with `when`, of an issue that fits. */
bool toc_check_clocks(struct toc_build *b, const struct toc_alert_rule *rule, bool when);

/* pool.c: what can only be seen once queues and people are read. */
void toc_check_queues(struct toc_build *b, const struct toc_yaml *queues);

/* --- target.c, metric.c: parts of a clock --------------------------------------- */

/* "4h", "4h elapsed", "3 business days", "1 month" or "none"; UNSET after an error, too. */
void toc_build_target(struct toc_build *b, const struct toc_yaml *node, struct toc_target *out);
/* The keys `cut_off`, `next_start` and `end_of_day` in that order, NULL where absent. */
void toc_build_days(struct toc_build *b, const struct toc_yaml *const *values,
                    struct toc_clock_rule *clock);
/* Ascending percentages; `what` is the key that they stand under. */
void toc_build_warnings(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        struct toc_clock_rule *clock);
void toc_build_calendar_of(struct toc_build *b, const struct toc_yaml *node,
                           const struct toc_calendar **out);
/* What starts, pauses and stops a clock of the metric unless the policy says otherwise. */
void toc_metric_presets(enum toc_metric_kind metric, struct toc_clock_rule *clock);
/* Whether such clocks stand still in the states that their SLA names. */
bool toc_metric_takes_pause(enum toc_metric_kind metric);
/* A list of states and happenings. */
void toc_build_trigger(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       struct toc_trigger *out);

/* References that are NULL when `node` is NULL. */
bool toc_build_path_of(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_path **out);

#endif
