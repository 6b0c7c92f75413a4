/* `tocsin policy apply`: what would change, and then it does. */
#include "services/cli/commands.h"
#include "services/cli/policy/apply.h"
#include "services/cli/policy/cmd.h"
#include "services/cli/policy/diff.h"
#include "services/cli/policy/live.h"
#include "services/cli/policy/load.h"

#include <stdlib.h>
#include <unistd.h>

#define PATH_CELLS 44
#define CHANGE_MAX (2 * DIFF_TEXT_MAX + 16)

static const struct {
    const char *name;
    Tocsin__V1__ApplyMode mode;
    const char *meaning; /* for the open issues that are concerned */
} modes[] = {
    {"new-issues", TOCSIN__V1__APPLY_MODE__APPLY_NEW_ISSUES,
     "they keep their version until they are routed again"},
    {"from-now", TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW,
     "they are routed and clocked by the new version from here on; time so far counts as it did"},
    {"retroactive", TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE,
     "they are routed and clocked as if it had been in force since each was opened"},
    {"report-only", TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY,
     "nothing changes for them; what from-now would change is recorded"},
};

#define MODE_COUNT (sizeof(modes) / sizeof(modes[0]))

/* The version that is in force, with the tree of its text; zeroed for none. */
struct before {
    struct policy_in_force in_force;
    struct toc_policy_tree *tree;
};

static bool find_mode(const struct view *view, const char *name, Tocsin__V1__ApplyMode *out)
{
    *out = TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED;
    if (name == NULL)
        return true;
    for (size_t i = 0; i < MODE_COUNT; i++)
        if (strcmp(modes[i].name, name) == 0) {
            *out = modes[i].mode;
            return true;
        }
    fprintf(stderr, "%s: there is no mode '%s': new-issues, from-now, retroactive or report-only\n",
            view->who, name);
    return false;
}

/* --- what changes -------------------------------------------------------------------------- */

struct listing {
    const struct print *print;
    bool json;
    struct toc_str section; /* whose heading is printed */
};

static void json_change(const struct policy_change *change)
{
    static const char *const words[] = {
        [POLICY_ADDED] = "added",
        [POLICY_REMOVED] = "removed",
        [POLICY_CHANGED] = "changed",
        [POLICY_MOVED] = "moved",
    };
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "what", words[change->kind]);
    print_json_name(&json, "section");
    print_json_string(stdout, change->section);
    print_json_text(&json, "path", change->path);
    if (change->before[0] != '\0')
        print_json_text(&json, change->kind == POLICY_MOVED ? "ahead_of" : "before",
                        change->before);
    if (change->after[0] != '\0')
        print_json_text(&json, "after", change->after);
    print_json_close(&json);
}

/* What became of it, safe to print. */
static enum print_style change_text(const struct policy_change *change, char out[CHANGE_MAX])
{
    switch (change->kind) {
    case POLICY_ADDED:
        snprintf(out, CHANGE_MAX, "new%s%s", change->after[0] != '\0' ? ": " : "", change->after);
        return PRINT_GREEN;
    case POLICY_REMOVED:
        snprintf(out, CHANGE_MAX, "gone%s%s", change->before[0] != '\0' ? ", was " : "",
                 change->before);
        return PRINT_RED;
    case POLICY_CHANGED:
        snprintf(out, CHANGE_MAX, "%s -> %s", change->before, change->after);
        return PRINT_YELLOW;
    case POLICY_MOVED:
        snprintf(out, CHANGE_MAX, "now ahead of %s", change->before);
        return PRINT_YELLOW;
    }
    TOC_BUG("no such change");
}

/* What it is and what became of it, side by side where the line has room for both. */
static void print_change(const struct print *print, const struct policy_change *change)
{
    char text[CHANGE_MAX];
    enum print_style style = change_text(change, text);
    unsigned cells = print_cells(change->path), pad = cells < PATH_CELLS ? PATH_CELLS - cells : 0;
    if (print->width > 0 && 4 + cells + pad + 2 + print_cells(text) > print->width) {
        print_fold(print, PRINT_PLAIN, 4, 0, change->path);
        print_fold(print, style, 8, 0, text);
        return;
    }
    printf("    %s%*s  ", change->path, (int)pad, "");
    print_styled(print, style, "%s", text);
    putchar('\n');
}

static void list_change(void *arg, const struct policy_change *change)
{
    struct listing *listing = arg;
    if (listing->json) {
        json_change(change);
        return;
    }
    if (!toc_str_equal(listing->section, change->section)) {
        printf("  ");
        print_styled(listing->print, PRINT_BOLD, "%.*s", (int)change->section.size,
                     change->section.data);
        putchar('\n');
        listing->section = change->section;
    }
    print_change(listing->print, change);
}

static void list_changes(const struct view *view, const struct before *before,
                         const struct policy_file *file)
{
    struct listing listing = {.print = &view->print, .json = view->json};
    if (before->tree == NULL) {
        if (!view->json)
            printf("%s\n", before->in_force.version == 0 ? "This is the first policy."
                                                         : "What is in force cannot be compared.");
        return;
    }
    if (!view->json)
        printf("Changes to version %u:\n", before->in_force.version);
    if (policy_diff(before->tree, file->tree, list_change, &listing) == 0 && !view->json)
        printf("  none in meaning\n");
}

/* --- the issues that are there ------------------------------------------------------------- */

static const char *meaning_of(Tocsin__V1__ApplyMode mode)
{
    for (size_t i = 0; i < MODE_COUNT; i++)
        if (modes[i].mode == mode)
            return modes[i].meaning;
    return modes[0].meaning;
}

static void tell_issues(struct view *view, const struct before *before,
                        const struct policy_file *file, Tocsin__V1__ApplyMode mode)
{
    struct policy_live live;
    struct print_json json;
    char routed[64] = "", text[512];
    if (before->in_force.version == 0 || !policy_live_count(view, file->policy, file->tree, &live))
        return;
    if (view->json) {
        print_json_open(&json, stdout);
        print_json_text(&json, "what", "issues");
        print_json_int(&json, "open", (int64_t)live.open);
        print_json_int(&json, "concerned", (int64_t)live.concerned);
        print_json_int(&json, "routed_elsewhere", (int64_t)live.routed);
        print_json_close(&json);
        return;
    }
    if (live.routed > 0)
        snprintf(routed, sizeof(routed), " (%zu by another route)", live.routed);
    snprintf(text, sizeof(text), "Of %zu%s open issues %zu %s concerned%s%s%s.", live.open,
             live.more ? " or more" : "", live.concerned, live.concerned == 1 ? "is" : "are",
             routed, live.concerned > 0 ? ": " : "", live.concerned > 0 ? meaning_of(mode) : "");
    print_fold(&view->print, PRINT_PLAIN, 0, 0, text);
}

/* --- asking -------------------------------------------------------------------------------- */

/* True when nobody has to be asked or somebody says yes. */
static bool is_wanted(const struct view *view, const struct policy_apply_options *options)
{
    char answer[16] = "";
    if (options->yes || view->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return true;
    printf("Apply it? [y/N] ");
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    printf("Nothing is applied.\n");
    return false;
}

static bool look_before(struct view *view, struct before *before)
{
    struct toc_policy *policy = NULL;
    if (policy_ask(view->client, "intake", true, &before->in_force) != TOC_OK)
        return false;
    if (before->in_force.text != NULL &&
        toc_policy_check(toc_str(before->in_force.text, before->in_force.size), "in force", &policy,
                         &before->tree) != TOC_OK) {
        toc_policy_tree_free(before->tree);
        before->tree = NULL;
    }
    toc_policy_free(policy);
    return true;
}

/* A report is in nobody's way: it says where to read it. */
static void tell_report(const struct view *view, uint32_t in_force, uint32_t version)
{
    struct print_json json;
    if (view->json) {
        print_json_open(&json, stdout);
        print_json_int(&json, "version", version);
        print_json_int(&json, "in_force", in_force);
        print_json_bool(&json, "report_only", true);
        print_json_close(&json);
        return;
    }
    if (in_force == 0)
        printf("policy version %u is only reported on; none is in force\n", version);
    else
        printf("policy version %u is only reported on; version %u stays in force, for new issues "
               "too\n",
               version, in_force);
    printf(
        "`tocsin why ISSUE` shows what would change, `tocsin tail router` and `tocsin tail sla`\n"
        "list it: clocks that would have another target, that would start, that would end\n");
}

static int tell_applied(const struct view *view, uint32_t before, uint32_t version)
{
    struct print_json json;
    if (view->json) {
        print_json_open(&json, stdout);
        print_json_int(&json, "version", version);
        print_json_int(&json, "replaced", before);
        print_json_bool(&json, "changed", version != before);
        print_json_close(&json);
    } else if (version == before) {
        printf("this policy is in force already, as version %u\n", version);
    } else {
        printf("policy version %u is in force at router, sla and notifier\n", version);
    }
    return CLI_DONE;
}

static bool is_in_force(const struct before *before, const struct policy_file *file)
{
    return before->in_force.version > 0 &&
           memcmp(before->in_force.hash, file->policy->hash, sizeof(file->policy->hash)) == 0;
}

static int apply(struct view *view, const struct policy_apply_options *options,
                 const struct policy_file *file, struct policy_applying *how)
{
    struct before before = {.tree = NULL};
    uint32_t version = 0;
    int code = CLI_DONE;
    if (!look_before(view, &before))
        return client_fail(view->client);
    bool same = is_in_force(&before, file);
    if (!same)
        list_changes(view, &before, file);
    if (!same || how->mode != TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED)
        tell_issues(view, &before, file, how->mode);
    if (!options->dry_run) {
        bool wanted = same || is_wanted(view, options);
        code = wanted ? policy_apply(view->client, how, &version) : CLI_FAILED;
        if (code == CLI_DONE && how->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
            tell_report(view, before.in_force.version, version);
        else if (code == CLI_DONE)
            code = tell_applied(view, before.in_force.version, version);
    }
    toc_policy_tree_free(before.tree);
    free(before.in_force.text);
    return code;
}

int policy_apply_file(struct view *view, const struct policy_apply_options *options,
                      const char *name)
{
    struct policy_applying how = {.only_first = false};
    struct policy_file file;
    if (!find_mode(view, options->mode, &how.mode))
        return CLI_USAGE;
    if (policy_load(view->who, name, &file) != CLI_DONE)
        return CLI_FAILED;
    how.text = file.text;
    int code = apply(view, options, &file, &how);
    policy_file_done(&file);
    return code;
}
