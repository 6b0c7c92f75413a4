/* `tocsin oncall check`: what will be wrong with who is on call, before it is. */
#include "services/cli/oncall/oncall.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/oncall/lint.h"
#include "services/cli/oncall/reached.h"
#include "services/cli/oncall/roster.h"

#define AHEAD_MS (731 * TOC_DAY_MS) /* two years */

struct check {
    struct view *view;
    size_t found;
};

static void write_json(const struct lint_finding *finding)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "kind", lint_name(finding->kind));
    print_json_text(&json, "subject", finding->subject);
    print_json_text(&json, "what", finding->what);
    print_json_text(&json, "do", finding->what_to_do);
    print_json_int(&json, "times", (int64_t)finding->times);
    if (finding->from_ms != 0)
        print_json_int(&json, "from_ms", finding->from_ms);
    if (finding->until_ms != TOC_TIME_NEVER)
        print_json_int(&json, "until_ms", finding->until_ms);
    print_json_close(&json);
}

static void take_finding(void *arg, const struct lint_finding *finding)
{
    struct check *check = arg;
    const struct print *print = &check->view->print;
    char text[LINT_TEXT_MAX + 200];
    check->found++;
    if (check->view->json) {
        write_json(finding);
        return;
    }
    print_styled(print, PRINT_BOLD, "%s", finding->subject);
    printf(": ");
    print_safe(text, sizeof(text), toc_str_of(finding->what));
    print_fold(print, PRINT_PLAIN, 4, print_cells(finding->subject) + 2, text);
    printf("  hint: ");
    print_safe(text, sizeof(text), toc_str_of(finding->what_to_do));
    print_fold(print, PRINT_DIM, 8, 8, text);
}

/* Without a policy file the contacts are those of the running notifier, with one those of a file.
 */
static int find_reached(struct view *view, const struct oncall_check_options *options,
                        struct reached *out)
{
    if (options->contacts != NULL)
        return reached_by_file(view, options->contacts, out);
    if (options->policy == NULL)
        return reached_by_notifier(view, out);
    *out = (struct reached){.known = false};
    return CLI_DONE;
}

static void tell_good(const struct view *view, const struct roster *roster,
                      const struct reached *reached)
{
    if (view->json)
        return;
    if (roster->count == 0)
        printf("no schedules; every step of a path means somebody");
    else
        printf("%zu schedule%s: somebody is on call at all times for two years", roster->count,
               roster->count == 1 ? "" : "s");
    puts(reached->known ? ", and everybody can be reached"
                        : " (whether they can be reached: --contacts FILE)");
}

int oncall_check(struct view *view, const struct oncall_check_options *options)
{
    struct check check = {view, 0};
    struct reached reached = {.known = false};
    struct roster roster;
    int code = roster_open(view, options->policy, &roster);
    if (code == CLI_DONE)
        code = find_reached(view, options, &reached);
    if (code == CLI_DONE) {
        toc_time_ms now_ms = options->policy != NULL ? moment_now() : view_now(view);
        const struct lint lint = {
            .policy = roster.policy,
            .duties = roster.duties,
            .count = roster.count,
            .from_ms = now_ms,
            .until_ms = now_ms + AHEAD_MS,
            .is_reached = reached.known ? reached_has : NULL,
            .reached_arg = &reached,
            .told = take_finding,
            .told_arg = &check,
        };
        lint_all(&lint);
        if (check.found == 0)
            tell_good(view, &roster, &reached);
        code = check.found == 0 ? CLI_DONE : CLI_FAILED;
    }
    reached_done(&reached);
    roster_done(&roster);
    return code;
}
