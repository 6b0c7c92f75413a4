/* `tocsin policy check|apply|show|keys|test|backtest`. */
#include "services/cli/policy/cmd.h"
#include "services/cli/commands.h"

#include <stdlib.h>

static struct view view;
static struct policy_keys_options keys_options;
static struct policy_test_options test_options;

static const struct toc_conf_option keys_table[] = {
    VIEW_OPTIONS(view),
    {"markdown", TOC_CONF_FLAG, &keys_options.markdown, NULL, 0, 0, NULL, "Markdown tables"},
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

static struct policy_backtest_options backtest_options;

static const struct toc_conf_option backtest_table[] = {
    VIEW_OPTIONS(view),
    {"policy", TOC_CONF_TEXT, &backtest_options.policy, NULL, 0, 0, "NEW",
     "the policy that is tried; required"},
    {"from", TOC_CONF_TEXT, &backtest_options.from, NULL, 0, 0, "TIME",
     "NEW is in force from here on, and from here on is counted: 2026-03-01, or with a time; "
     "what was before is replayed as it was"},
    {"to", TOC_CONF_TEXT, &backtest_options.to, NULL, 0, 0, "TIME",
     "nothing from here on is replayed"},
    {"zone", TOC_CONF_TEXT, &backtest_options.zone, "UTC", 0, 0, "ZONE",
     "IANA zone of these times, and of the hours and days in the report"},
    {"all", TOC_CONF_SWITCH, &backtest_options.all, NULL, 0, 0, NULL,
     "every row and every issue whose verdict flips"},
};

static struct policy_check_options check_options;

static const struct toc_conf_option check_table[] = {
    VIEW_OPTIONS(view),
    {"strict", TOC_CONF_FLAG, &check_options.strict, NULL, 0, 0, NULL, "fail on warnings too"},
    {"all-dates", TOC_CONF_FLAG, &check_options.all_dates, NULL, 0, 0, NULL,
     "list holidays of earlier years too"},
};

static struct policy_apply_options apply_options;

static const struct toc_conf_option apply_table[] = {
    VIEW_OPTIONS(view),
    {"mode", TOC_CONF_TEXT, &apply_options.mode, NULL, 0, 0, "MODE",
     "what it means for the issues that are there: new-issues, from-now, retroactive, report-only"},
    {"dry-run", TOC_CONF_FLAG, &apply_options.dry_run, NULL, 0, 0, NULL,
     "only show what would change"},
    {"yes", TOC_CONF_FLAG, &apply_options.yes, NULL, 0, 0, NULL,
     "do not ask; without a terminal nobody is asked"},
};

static const char apply_more[] =
    "Modes:\n"
    "  new-issues   those that are there keep their version until they are routed again\n"
    "               (so it is without a mode)\n"
    "  from-now     they are routed and clocked by it from here on; time so far counts as it did\n"
    "  retroactive  as if it had been in force since each of them was opened\n"
    "  report-only  nothing changes, not for new issues either: the version is not in force;\n"
    "               what from-now would change for those that are there is recorded\n"
    "With a mode, a policy that is in force already is applied again.\n";

static struct policy_show_options show_options;

static const struct toc_conf_option show_table[] = {
    VIEW_OPTIONS(view),
    {"origin", TOC_CONF_FLAG, &show_options.origin, NULL, 0, 0, NULL,
     "every value with its file and line, and the overlay's owner"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- check, apply, show
 * --------------------------------------------------------------------------- */

static int check(const struct toc_conf_list *operands)
{
    return policy_check(&view, &check_options, operands);
}

static int apply(const struct toc_conf_list *operands)
{
    return policy_apply_file(&view, &apply_options, operands->values[0]);
}

static int show(const struct toc_conf_list *operands)
{
    return policy_show(&view, &show_options, operands);
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

/* --- backtest ------------------------------------------------------------------------------ */

static const char backtest_more[] =
    "Reads the events that the intakes have recorded, replays them in this process under the\n"
    "policies that were in force and again under NEW, and shows what would have been different.\n"
    "The services only answer questions; nothing live is touched.\n\n"
    "  tocsin policy backtest --policy new.yaml\n"
    "  tocsin policy backtest --policy new.yaml --from 2026-03-01 --zone Europe/Berlin\n"
    "  tocsin policy backtest --policy new.yaml --json --all | grep '\"flip\"'\n"
    "  tocsin policy backtest --policy new.yaml --at intake=tcp://10.0.0.5:7001 \\\n"
    "      --at intake-2=tcp://10.0.0.6:7001 --at sla=tcp://10.0.0.5:7003\n\n"
    "A suite that is stopped has to be started first: tocsin up --data DIR.\n"
    "A million events take about twenty seconds and 400 MB.\n";

static int backtest(const struct toc_conf_list *operands)
{
    (void)operands;
    return policy_backtest(&view, &backtest_options);
}

/* --- the command --------------------------------------------------------------------------- */

static const struct view_part parts[] = {
    {"check",
     check,
     {"tocsin policy check",
      "Says whether policies are sound: every error with file:line:column. Lists the holidays of "
      ".ics files for review.",
      "FILE...", NULL, check_table, COUNT(check_table)},
     1,
     TOC_CONF_LIST_MAX},
    {"apply",
     apply,
     {"tocsin policy apply",
      "Checks a policy, shows what would change, and brings it into force through the control "
      "intake.",
      "FILE", apply_more, apply_table, COUNT(apply_table)},
     1,
     1},
    {"show",
     show,
     {"tocsin policy show", "Prints the policy in force, or that of a file and what it includes.",
      "[FILE]", NULL, show_table, COUNT(show_table)},
     0,
     1},
    {"keys",
     keys,
     {"tocsin policy keys", "Says what may be written in a policy: every key, its value and use.",
      "[SECTION...]", "A section is such as calendars, slas or triage.\n", keys_table,
      COUNT(keys_table)},
     0,
     TOC_CONF_LIST_MAX},
    {"test",
     test,
     {"tocsin policy test",
      "Runs histories of issues under a policy and says what is not as "
      "expected.",
      "FILE CASES...", test_more, test_table, COUNT(test_table)},
     2,
     TOC_CONF_LIST_MAX},
    {"backtest",
     backtest,
     {"tocsin policy backtest", "Shows what a policy would have changed, from the recorded events.",
      NULL, backtest_more, backtest_table, COUNT(backtest_table)},
     0,
     0},
};

int cmd_policy(int argc, char **argv)
{
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
