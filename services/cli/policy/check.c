/* `tocsin policy check`: what is wrong or odd, and the holidays of .ics files for review. */
#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/policy/cmd.h"
#include "services/cli/policy/dates.h"
#include "services/cli/policy/load.h"

/* --- findings ------------------------------------------------------------------------------ */

static void json_finding(const struct toc_diag *diag, const struct toc_diag_entry *entry,
                         const char *severity)
{
    struct toc_diag_place place;
    struct print_json json;
    toc_diag_find(diag, entry->offset, &place);
    print_json_open(&json, stdout);
    print_json_text(&json, "what", "finding");
    print_json_text(&json, "severity", severity);
    print_json_text(&json, "file", place.file);
    print_json_int(&json, "line", place.line);
    print_json_int(&json, "column", place.column);
    print_json_text(&json, "message", entry->message);
    if (entry->hint[0] != '\0')
        print_json_text(&json, "hint", entry->hint);
    print_json_close(&json);
}

static size_t kept(size_t count)
{
    return count < TOC_DIAG_MAX ? count : TOC_DIAG_MAX;
}

static void json_findings(struct toc_diag *diag)
{
    toc_diag_sort(diag);
    for (size_t i = 0; i < kept(diag->count); i++)
        json_finding(diag, &diag->entries[i], "error");
    for (size_t i = 0; i < kept(diag->warning_count); i++)
        json_finding(diag, &diag->warnings[i], "warning");
}

/* --- the sum ------------------------------------------------------------------------------- */

static size_t count_files(const struct toc_bundle *bundle)
{
    size_t count = 0;
    for (size_t i = 0; i < bundle->count; i++)
        count += bundle->parts[i].kind == TOC_PART_FILE;
    return count;
}

static void json_sum(const struct policy_file *file)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "what", "policy");
    print_json_text(&json, "file", file->name);
    print_json_bool(&json, "good", file->policy != NULL);
    print_json_int(&json, "errors", (int64_t)file->tree->diag.count);
    print_json_int(&json, "warnings", (int64_t)file->tree->diag.warning_count);
    if (file->policy != NULL) {
        print_json_hex(&json, "hash", toc_str(file->policy->hash, sizeof(file->policy->hash)));
        print_json_int(&json, "bytes", (int64_t)file->text.size);
    }
    print_json_close(&json);
}

static void print_sum(const struct policy_file *file)
{
    const struct toc_policy *policy = file->policy;
    size_t files = count_files(&file->tree->bundle), warnings = file->tree->diag.warning_count;
    if (policy == NULL)
        return;
    printf("%s: ", file->name);
    if (files > 1)
        printf("%zu files, ", files);
    printf("%zu queues, %zu triage rules, %zu routes, %zu SLAs, %zu paths, %zu alert rules: no "
           "errors",
           policy->queue_count, policy->triage_count, policy->route_count, policy->sla_count,
           policy->path_count, policy->alert_count);
    if (warnings > 0)
        printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
    putchar('\n');
}

/* --- the command --------------------------------------------------------------------------- */

static int check_file(const struct view *view, const struct policy_check_options *options,
                      const char *name)
{
    struct policy_file file;
    if (policy_read(view->who, name, &file) != CLI_DONE)
        return CLI_FAILED;
    policy_dates_warn(file.tree, moment_now());
    bool good = file.policy != NULL && (!options->strict || file.tree->diag.warning_count == 0);
    if (view->json) {
        json_findings(&file.tree->diag);
        policy_dates_json(file.tree);
        json_sum(&file);
    } else {
        policy_tell(&file);
        print_sum(&file);
        if (file.policy != NULL)
            policy_dates_print(file.tree, &view->print, moment_now(), options->all_dates);
    }
    policy_file_done(&file);
    return good ? CLI_DONE : CLI_FAILED;
}

int policy_check(const struct view *view, const struct policy_check_options *options,
                 const struct toc_conf_list *operands)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < operands->count; i++)
        if (check_file(view, options, operands->values[i]) != CLI_DONE)
            code = CLI_FAILED;
    return code;
}
