#include "common/policy_build.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdlib.h>

#define FORMAT_VERSION 1

enum { FORMAT, CALENDARS, QUEUES, PEOPLE, TRIAGE, ROUTES, SLAS, PATHS, TEAMS, ALERTS, KEY_COUNT };

const struct toc_key toc_keys_root[KEY_COUNT + 1] = {
    [FORMAT] = {"policy", true, "1", NULL, "The format of the file."},
    [CALENDARS] = {"calendars", false, "{NAME: CALENDAR}", NULL, "When clocks run."},
    [QUEUES] = {"queues", true, "{NAME: QUEUE}", NULL, "Where issues wait."},
    [PEOPLE] = {"people", false, "{ID: PERSON}", NULL, "Who serves the queues."},
    [TRIAGE] = {"triage", false, "[RULE]", NULL, "What an issue is: the first rule that fits."},
    [ROUTES] = {"routes", true, "[RULE]", NULL,
                "Which queue, clocks and path an issue gets: the first rule that fits."},
    [SLAS] = {"slas", false, "{NAME: SLA}", NULL, "How fast: clocks with targets."},
    [PATHS] = {"paths", false, "{NAME: PATH}", NULL, "Who is woken, in which order."},
    [TEAMS] = {"teams", false, "{NAME: TEAM}", NULL, "Other teams that issues are escalated to."},
    [ALERTS] = {"alerts", false, "[RULE]", NULL, "What wakes them: every rule that fits."},
};

/* What toc_names and the cast in toc_policy_free rely on. */
static_assert(offsetof(struct toc_queue, name) == 0 && offsetof(struct toc_sla, name) == 0 &&
                  offsetof(struct toc_path, name) == 0 && offsetof(struct toc_team, name) == 0 &&
                  offsetof(struct toc_person, name) == 0 &&
                  offsetof(struct toc_policy_calendar, name) == 0,
              "struct toc_names finds the name at the front");
static_assert(offsetof(struct toc_triage_rule, name) == 0 &&
                  offsetof(struct toc_route, name) == 0 &&
                  offsetof(struct toc_alert_rule, name) == 0,
              "struct toc_names finds the name at the front");
static_assert(offsetof(struct toc_build, policy) == 0, "a policy is its build");

/* --- before YAML ------------------------------------------------------------------------------ */

/* Where the text stops being UTF-8 without NUL. */
static size_t bad_byte(struct toc_str text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t length = 1;
        while (length <= 4 && at + length <= text.size &&
               !toc_str_is_text(toc_str(text.data + at, length)))
            length++;
        if (length > 4 || at + length > text.size)
            return at;
        at += length;
    }
    return at;
}

static bool is_readable(struct toc_diag *diag, struct toc_str text)
{
    if (text.size > TOC_POLICY_SIZE_MAX) {
        toc_diag_error(diag, 0, "the policy has %zu bytes; at most %d are allowed", text.size,
                       TOC_POLICY_SIZE_MAX);
        return false;
    }
    if (!toc_str_is_text(text)) {
        size_t at = bad_byte(text);
        toc_diag_error(diag, at, "%s",
                       text.data[at] == '\0' ? "a NUL byte in the text" : "not UTF-8");
        return false;
    }
    return true;
}

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
    toc_build_paths(b, values[PATHS]);
    toc_build_queues(b, values[QUEUES]);
    toc_build_people(b, values[PEOPLE], values[QUEUES]);
    toc_build_slas(b, values[SLAS]);
    toc_build_teams(b, values[TEAMS]);
    toc_build_triage(b, values[TRIAGE]);
    toc_build_routes(b, values[ROUTES]);
    toc_build_alerts(b, values[ALERTS]);
}

static enum toc_err compile(struct toc_build *b)
{
    struct toc_pool tree = {NULL};
    const struct toc_yaml *root = NULL;
    enum toc_err err = toc_yaml_read(b->diag, &tree, &root);
    if (err == TOC_OK)
        read_sections(b, root);
    toc_pool_done(&tree);
    if (err == TOC_ERR_MEMORY || b->out_of_memory)
        return TOC_ERR_MEMORY;
    return b->diag->count > 0 ? TOC_ERR_CONFIG : TOC_OK;
}

static enum toc_err check_and_compile(struct toc_build *b, struct toc_str text,
                                      const char *file_name)
{
    const struct toc_str mark = TOC_STR("\xef\xbb\xbf"); /* some editors put it first */
    struct toc_str body = text;
    if (text.size >= mark.size && toc_str_starts(text, mark))
        body = toc_str(text.data + mark.size, text.size - mark.size);
    toc_diag_init(b->diag, body, file_name);
    if (!is_readable(b->diag, body))
        return TOC_ERR_CONFIG;
    if (body.size == 0) {
        toc_diag_error(b->diag, 0, "the policy is empty");
        return TOC_ERR_CONFIG;
    }
    SHA256((const uint8_t *)text.data, text.size, b->policy.hash);
    return compile(b);
}

enum toc_err toc_policy_parse(struct toc_str text, const char *file_name, struct toc_policy **out,
                              char **out_errors)
{
    struct toc_build *b = calloc(1, sizeof(*b));
    struct toc_diag *diag = calloc(1, sizeof(*diag));
    enum toc_err err = TOC_ERR_MEMORY;
    char *errors = NULL;
    if (b && diag) {
        b->diag = diag;
        err = check_and_compile(b, text, file_name);
    }
    if (err == TOC_ERR_CONFIG) {
        errors = toc_diag_text(diag);
        if (!errors)
            err = TOC_ERR_MEMORY;
    }
    free(diag);
    if (err == TOC_OK) {
        b->diag = NULL;
        *out = &b->policy;
        *out_errors = NULL;
        return TOC_OK;
    }
    toc_policy_free(b ? &b->policy : NULL);
    if (err == TOC_ERR_CONFIG)
        *out_errors = errors;
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
        if (toc_str_equal(name, toc_str_of(policy->teams[i].name)))
            return &policy->teams[i];
    return NULL;
}

const struct toc_person *toc_policy_person(const struct toc_policy *policy, struct toc_str name)
{
    for (size_t i = 0; i < policy->person_count; i++)
        if (toc_str_equal(name, toc_str_of(policy->people[i].name)))
            return &policy->people[i];
    return NULL;
}
