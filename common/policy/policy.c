#include "common/policy/build.h"
#include "common/policy/tree.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdlib.h>

#define FORMAT_VERSION 1

enum {
    FORMAT,
    CALENDARS,
    QUEUES,
    PEOPLE,
    CATEGORIES,
    TRIAGE,
    ROUTES,
    SLAS,
    SCHEDULES,
    QUIET,
    REACH,
    PATHS,
    TEAMS,
    ALERTS,
    WATCH,
    RETENTION,
    DUPLICATES,
    INCLUDE,
    OVERLAY,
    LOCKED,
    KEY_COUNT
};

const struct toc_key toc_keys_root[KEY_COUNT + 1] = {
    [FORMAT] = {"policy", true, "1", NULL, "The format of the file."},
    [CALENDARS] = {"calendars", false, "{NAME: CALENDAR}", NULL, "When clocks run."},
    [QUEUES] = {"queues", true, "{NAME: QUEUE}", NULL, "Where issues wait."},
    [PEOPLE] = {"people", false, "{ID: PERSON}", NULL, "Who serves the queues."},
    [CATEGORIES] =
        {"categories", false, "{NAME: CATEGORY}", NULL,
         "What is to be known of an issue of a category, and what may end it without us."},
    [TRIAGE] = {"triage", false, "[RULE]", NULL, "What an issue is: the first rule that fits."},
    [ROUTES] = {"routes", true, "[RULE]", NULL,
                "Which queue, clocks and path an issue gets: the first rule that fits."},
    [SLAS] = {"slas", false, "{NAME: SLA}", NULL, "How fast: clocks with targets."},
    [SCHEDULES] = {"schedules", false, "{NAME: SCHEDULE}", NULL, "Who is on call, and when."},
    [QUIET] = {"quiet", false, "{CONTACT: CALENDAR}", NULL,
               "Who is left in peace while that is open, unless it is urgent or they are on call."},
    [REACH] = {"reach", false, "{...}", NULL,
               "How often people are sent test pages that ask whether they came."},
    [PATHS] = {"paths", false, "{NAME: PATH}", NULL, "Who is woken, in which order."},
    [TEAMS] = {"teams", false, "{NAME: TEAM}", NULL,
               "Who belongs together, and whom issues are escalated to."},
    [ALERTS] = {"alerts", false, "[RULE]", NULL, "What wakes them: every rule that fits."},
    [WATCH] = {"watch", false, "{...}", "nobody is paged",
               "Who is woken when something is wrong with the suite itself."},
    [RETENTION] = {"retention", false, "{CLASS: DURATION}", NULL,
                   "How long what people wrote is kept."},
    [DUPLICATES] = {"duplicates", false, "{...}", "within 24h",
                    "When two issues of a requester may be one."},
    [INCLUDE] = {"include", false, "[FILE]", NULL,
                 "Further files of this policy, named from the file that includes them."},
    [OVERLAY] =
        {"overlay", false, "{...}", NULL,
         "Makes an included file an overlay: it has an owner and changes what the root says."},
    [LOCKED] = {"locked", false, "[PLACE]", NULL,
                "What overlays may only make tighter: `slas.safety`, `triage.child-safety`; `*` "
                "stands for one name."},
};

/* What toc_names and the cast in toc_policy_free rely on. */
static_assert(offsetof(struct toc_queue, name) == 0 && offsetof(struct toc_sla, name) == 0 &&
                  offsetof(struct toc_path, name) == 0 &&
                  offsetof(struct toc_schedule, name) == 0 &&
                  offsetof(struct toc_quiet, name) == 0 && offsetof(struct toc_team, name) == 0 &&
                  offsetof(struct toc_person, name) == 0 &&
                  offsetof(struct toc_policy_calendar, name) == 0,
              "struct toc_names finds the name at the front");
static_assert(offsetof(struct toc_triage_rule, name) == 0 &&
                  offsetof(struct toc_category, name) == 0 &&
                  offsetof(struct toc_route, name) == 0 &&
                  offsetof(struct toc_alert_rule, name) == 0,
              "struct toc_names finds the name at the front");
static_assert(offsetof(struct toc_build, policy) == 0, "a policy is its build");

/* --- compiling -------------------------------------------------------------------------------- */

static void read_format(struct toc_build *b, const struct toc_yaml *node)
{
    unsigned format;
    if (!toc_value_number(b, node, "'policy'", UINT16_MAX, &format) || format == FORMAT_VERSION)
        return;
    toc_diag_error(b->diag, node->offset, "format %u of the policy is not known", format);
    toc_diag_hint(b->diag, "this program reads format %d", FORMAT_VERSION);
}

/* In the order in which the sections refer to each other. */
static void read_sections(struct toc_build *b, const struct toc_yaml *root)
{
    const struct toc_yaml *values[KEY_COUNT];
    if (!toc_value_keys(b, root, "the policy", toc_keys_root, values))
        return;
    if (values[FORMAT])
        read_format(b, values[FORMAT]);
    toc_build_calendars(b, values[CALENDARS]);
    toc_build_schedules(b, values[SCHEDULES]);
    toc_build_quiet(b, values[QUIET]);
    toc_build_reach(b, values[REACH]);
    toc_build_teams(b, values[TEAMS]);
    toc_build_paths(b, values[PATHS]);
    toc_build_answers(b, values[TEAMS]);
    toc_build_queues(b, values[QUEUES]);
    toc_build_people(b, values[PEOPLE], values[QUEUES]);
    toc_build_slas(b, values[SLAS]);
    toc_build_categories(b, values[CATEGORIES]);
    toc_build_triage(b, values[TRIAGE]);
    toc_build_routes(b, values[ROUTES]);
    toc_build_alerts(b, values[ALERTS]);
    toc_build_watch(b, values[WATCH]);
    toc_build_retention(b, values[RETENTION]);
    toc_build_duplicates(b, values[DUPLICATES]);
    if (values[QUEUES])
        toc_check_on_breach(b, values[QUEUES]);
}

static enum toc_err compile(struct toc_build *b, struct toc_policy_tree *tree)
{
    b->diag = &tree->diag;
    b->tree = tree;
    if (tree->root)
        read_sections(b, tree->root);
    b->diag = NULL;
    b->tree = NULL;
    if (b->out_of_memory)
        return TOC_ERR_MEMORY;
    return tree->diag.count > 0 ? TOC_ERR_CONFIG : TOC_OK;
}

static enum toc_err check(struct toc_str text, const char *file_name, bool accepted,
                          struct toc_policy **out, struct toc_policy_tree **out_tree)
{
    struct toc_build *b = calloc(1, sizeof(*b));
    struct toc_policy_tree *tree = NULL;
    enum toc_err err = b ? toc_policy_tree_read(text, file_name, &tree) : TOC_ERR_MEMORY;
    if (err == TOC_OK) {
        SHA256((const uint8_t *)text.data, text.size, b->policy.hash);
        toc_tz_database_version(b->policy.tzdata);
        tree->diag.accepted = accepted;
        err = compile(b, tree);
    }
    if (err == TOC_OK)
        *out = &b->policy;
    else
        toc_policy_free(b ? &b->policy : NULL);
    if (err == TOC_OK || err == TOC_ERR_CONFIG)
        *out_tree = tree;
    else
        toc_policy_tree_free(tree);
    return err;
}

enum toc_err toc_policy_check(struct toc_str text, const char *file_name, struct toc_policy **out,
                              struct toc_policy_tree **out_tree)
{
    return check(text, file_name, false, out, out_tree);
}

enum toc_err toc_policy_recompile(struct toc_str text, struct toc_policy **out)
{
    struct toc_policy_tree *tree = NULL;
    enum toc_err err = check(text, NULL, true, out, &tree);
    toc_policy_tree_free(tree);
    return err;
}

enum toc_err toc_policy_parse(struct toc_str text, const char *file_name, struct toc_policy **out,
                              char **out_errors)
{
    struct toc_policy_tree *tree = NULL;
    enum toc_err err = toc_policy_check(text, file_name, out, &tree);
    if (err == TOC_OK) {
        *out_errors = NULL;
    } else if (err == TOC_ERR_CONFIG) {
        char *errors;
        tree->diag.warning_count = 0;
        errors = toc_diag_text(&tree->diag);
        if (errors)
            *out_errors = errors;
        else
            err = TOC_ERR_MEMORY;
    }
    toc_policy_tree_free(tree);
    return err;
}

void toc_policy_free(struct toc_policy *policy)
{
    struct toc_build *b = (struct toc_build *)(void *)policy;
    if (!b)
        return;
    for (size_t i = 0; i < b->calendar_count; i++)
        toc_calendar_free(b->calendars[i].calendar);
    for (size_t i = 0; i < b->zone_count; i++)
        toc_tz_free(b->zones[i]);
    toc_pool_done(&b->pool);
    free(b);
}

/* --- looking up ------------------------------------------------------------------------------- */

const struct toc_sla *toc_policy_sla(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->sla_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->slas[i].name)))
            return &policy->slas[i];
    return NULL;
}

const struct toc_schedule *toc_policy_schedule(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->schedule_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->schedules[i].name)))
            return &policy->schedules[i];
    return NULL;
}

const struct toc_path *toc_policy_path(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->path_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->paths[i].name)))
            return &policy->paths[i];
    return NULL;
}

const struct toc_queue *toc_policy_queue(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->queue_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->queues[i].name)))
            return &policy->queues[i];
    return NULL;
}

const struct toc_team *toc_policy_team(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->team_count; i++)
        if (policy->teams[i].answers && toc_str_equal(name, toc_str_of(policy->teams[i].name)))
            return &policy->teams[i];
    return NULL;
}

const struct toc_category *toc_policy_category(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->category_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->categories[i].name)))
            return &policy->categories[i];
    return NULL;
}

const struct toc_person *toc_policy_person(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->person_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->people[i].name)))
            return &policy->people[i];
    return NULL;
}
