/* `tocsin policy check|apply|show|keys|test`. */
#include "services/cli/policy_cmd.h"
#include "services/cli/commands.h"
#include "services/cli/policy_apply.h"

#include <stdlib.h>

static struct view view;
static struct policy_keys_options keys_options;
static struct policy_test_options test_options;

static const struct toc_conf_option options[] = {VIEW_OPTIONS(view)};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct toc_conf_option keys_table[] = {
    VIEW_OPTIONS(view),
    {"markdown", TOC_CONF_SWITCH, &keys_options.markdown, NULL, 0, 0, NULL, "Markdown tables"},
    {"rewrite", TOC_CONF_TEXT, &keys_options.rewrite, NULL, 0, 0, "FILE",
     "brings the tables in a Markdown page up to date"},
};

static const struct toc_conf_option test_table[] = {
    {"only", TOC_CONF_TEXT, &test_options.only, NULL, 0, 0, "NAME",
     "cases whose name has this in it"},
    {"verbose", TOC_CONF_SWITCH, &test_options.verbose, NULL, 0, 0, NULL,
     "the whole history of each case, as `tocsin why` tells it"},
    {"json", TOC_CONF_SWITCH, &view.json, NULL, 0, 0, NULL, "JSON Lines, one per case"},
};

static unsigned long count_lines(struct toc_str text)
{
    unsigned long lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    return lines;
}

/* --- check --------------------------------------------------------------------------------- */

static int check(const struct toc_conf_list *operands)
{
    for (size_t i = 0; i < operands->count; i++) {
        struct toc_policy *policy;
        struct toc_str text;
        char *copy, *errors;
        if (policy_load(view.who, operands->values[i], &copy, &text) != CLI_DONE)
            return CLI_FAILED;
        if (toc_policy_parse(text, operands->values[i], &policy, &errors) == TOC_OK) {
            printf("%s: %zu queues, %zu triage rules, %zu routes, %zu SLAs, %zu paths, %zu alert "
                   "rules: no errors\n",
                   operands->values[i], policy->queue_count, policy->triage_count,
                   policy->route_count, policy->sla_count, policy->path_count, policy->alert_count);
            toc_policy_free(policy);
        }
        free(copy);
    }
    return CLI_DONE;
}

/* --- apply --------------------------------------------------------------------------------- */

static int apply(const struct toc_conf_list *operands)
{
    struct policy_in_force before;
    struct toc_str text;
    char *copy;
    uint32_t version = 0;
    if (policy_load(view.who, operands->values[0], &copy, &text) != CLI_DONE)
        return CLI_FAILED;
    int code = policy_ask(view.client, "intake", false, &before) == TOC_OK
                   ? policy_apply(view.client, text, false, &version)
                   : client_fail(view.client);
    if (code == CLI_DONE && view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_int(&json, "version", version);
        print_json_int(&json, "replaced", before.version);
        print_json_bool(&json, "changed", version != before.version);
        print_json_close(&json);
    } else if (code == CLI_DONE && version == before.version) {
        printf("this policy is in force already, as version %u\n", version);
    } else if (code == CLI_DONE) {
        printf("policy version %u is in force at router, sla and notifier\n", version);
    }
    free(copy);
    return code;
}

/* --- show ---------------------------------------------------------------------------------- */

static void show_json(const struct policy_in_force *policy)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_int(&json, "version", policy->version);
    print_json_hex(&json, "hash", toc_str(policy->hash, sizeof(policy->hash)));
    print_json_name(&json, "text");
    print_json_string(stdout, toc_str(policy->text, policy->size));
    print_json_close(&json);
}

static int show(const struct toc_conf_list *operands)
{
    struct policy_in_force policy;
    char hash[2 * sizeof(policy.hash) + 1];
    (void)operands;
    if (policy_ask(view.client, "intake", true, &policy) != TOC_OK)
        return client_fail(view.client);
    if (policy.version == 0) {
        fprintf(stderr, "%s: no policy is in force yet\n", view.who);
        return CLI_FAILED;
    }
    if (policy.text == NULL) {
        fprintf(stderr, "%s: out of memory\n", view.who);
        return CLI_FAILED;
    }
    toc_hex(hash, policy.hash, sizeof(policy.hash));
    if (view.json) {
        show_json(&policy);
    } else {
        /* As a comment, so that the output can be edited and applied. */
        print_styled(&view.print, PRINT_DIM, "# version %u, %lu lines, SHA-256 %s", policy.version,
                     count_lines(toc_str(policy.text, policy.size)), hash);
        printf("\n");
        fwrite(policy.text, 1, policy.size, stdout);
    }
    free(policy.text);
    return CLI_DONE;
}

/* --- keys ---------------------------------------------------------------------------------- */

static int keys(const struct toc_conf_list *operands)
{
    return policy_keys(&view, &keys_options, operands);
}

/* --- test ---------------------------------------------------------------------------------- */

static const char test_more[] =
    "A case is a history of an issue and what the policy is expected to make of it:\n\n"
    "  - case: a threat of violence wakes the safety desk\n"
    "    at: 2026-03-02 10:00 Europe/Berlin\n"
    "    events:\n"
    "      - {at: 0m, opened: {channel: in_app, category: threat_of_violence}}\n"
    "      - {at: +12m, message: outbound}\n"
    "    expect:\n"
    "      route: {queue: trust-safety, rule: safety, priority: P1}\n"
    "      clocks: {first_reply: {breached: +10m, met: +12m}}\n"
    "      pages: [{to: duty-safety, at: 0m}, {to: duty-safety, at: +10m}]\n\n"
    "  tocsin policy test my.yaml cases.yaml\n"
    "  tocsin policy test my.yaml cases.yaml --only threat --verbose\n\n"
    "deploy/policy/README.md explains every key of a case; deploy/policy/cases/ has examples.\n"
    "Nothing is sent and no service is asked: the cases run in this process.\n";

static int test(const struct toc_conf_list *operands)
{
    return policy_test(&view, &test_options, operands);
}

/* --- the command --------------------------------------------------------------------------- */

static const struct view_part parts[] = {
    {"check",
     check,
     {"tocsin policy check", "Says whether policies are sound: every error with file:line:column.",
      "FILE...", NULL, options, OPTION_COUNT},
     1,
     TOC_CONF_LIST_MAX},
    {"apply",
     apply,
     {"tocsin policy apply", "Checks a policy and brings it into force through the control intake.",
      "FILE", NULL, options, OPTION_COUNT},
     1,
     1},
    {"show",
     show,
     {"tocsin policy show", "Prints the policy in force.", NULL, NULL, options, OPTION_COUNT},
     0,
     0},
    {"keys",
     keys,
     {"tocsin policy keys", "Says what may be written in a policy: every key, its value and use.",
      "[SECTION...]", "A section is such as calendars, slas or triage.\n", keys_table,
      sizeof(keys_table) / sizeof(keys_table[0])},
     0,
     TOC_CONF_LIST_MAX},
    {"test",
     test,
     {"tocsin policy test",
      "Runs histories of issues under a policy and says what is not as "
      "expected.",
      "FILE CASES...", test_more, test_table, sizeof(test_table) / sizeof(test_table[0])},
     2,
     TOC_CONF_LIST_MAX},
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

int cmd_policy(int argc, char **argv)
{
    return view_run_part(&view, parts, PART_COUNT, argc, argv);
}
