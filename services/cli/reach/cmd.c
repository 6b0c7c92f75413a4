/* `tocsin reach`: whether pages reach people, tried with each of their methods. */
#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/reach/reach.h"
#include "services/cli/whole_log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct view view;
static struct toc_conf_list persons;
static const char *by;
static int64_t wait_ms;
static bool last;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"person", TOC_CONF_LIST, &persons, NULL, 0, 0, "ID",
     "only this person, and who is named by further --person, at most 16"},
    {"wait", TOC_CONF_DURATION, &wait_ms, "2m", TOC_SECOND_MS, 7 * TOC_DAY_MS, "DURATION",
     "how long an answer may take"},
    {"last", TOC_CONF_FLAG, &last, NULL, 0, 0, NULL,
     "page nobody: show the run that began last, also of a suite that was stopped"},
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who asks; the default is $USER"},
};

static const struct toc_conf_option answer_options[] = {
    VIEW_OPTIONS(view),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who answers; the default is $USER"},
};

/* --- asking --------------------------------------------------------------------------------- */

static int ask(void)
{
    struct reach reach;
    const struct reach_wish wish = {
        .persons = &persons, .by = by, .until_ms = moment_now() + wait_ms, .wait_ms = wait_ms};
    int code = reach_ask(&view, &wish, &reach);
    if (code == CLI_DONE)
        code = reach_show(&view, &reach, false);
    reach_done(&reach);
    return code;
}

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    (void)bytes;
    reach_record(arg, NULL, record);
    return true;
}

static int show_last(void)
{
    struct reach reach = {.count = 0};
    const struct whole_log log = {
        .service = "notifier", .what = "reading probes", .on_record = take_record, .arg = &reach};
    bool stopped;
    client_catch_interrupts();
    int code = whole_log_read(&view, &log, &stopped);
    if (code == CLI_DONE && reach.id[0] == '\0') {
        fprintf(stderr, "%s: there was no run of probes\n", view.who);
        code = CLI_FAILED;
    }
    if (code == CLI_DONE)
        code = reach_show(&view, &reach, false);
    reach_done(&reach);
    return code;
}

/* --- answering ------------------------------------------------------------------------------ */

static int answer(const char *code_said)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__Reach body = TOCSIN__V1__REACH__INIT;
    struct human_wait wait;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    body.answer = toc_wire_text(code_said);
    body.by = toc_wire_text(who);
    event.type = toc_wire_text("tocsin.reach.answered");
    event.body_case = TOCSIN__V1__EVENT__BODY_REACH;
    event.reach = &body;
    if (human_wait_begin(&view, &wait) != CLI_DONE ||
        human_publish(&view, &event, &wait.receipt) != CLI_DONE ||
        human_wait_end(&view, &wait) != CLI_DONE)
        return CLI_FAILED;
    if (!view.json) {
        puts("answered: that page reached you");
        return CLI_DONE;
    }
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_bool(&json, "answered", true);
    print_json_close(&json);
    return CLI_DONE;
}

/* --- the command ---------------------------------------------------------------------------- */

static int run_answer(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin reach answer",
        .summary = "Says the code of a test page that came: it reached you.",
        .operands = "CODE",
        .more = "tocsin reach answer 12345678",
        .options = answer_options,
        .option_count = COUNT(answer_options),
    };
    struct toc_conf_list operands = {0};
    int code;
    if (!view_begin(&view, &conf, argc, argv, &operands, &code))
        return code;
    if (operands.count == 1)
        return answer(operands.values[0]);
    fprintf(stderr, "%s: one CODE, as it stands in the page\n", view.who);
    return CLI_USAGE;
}

int cmd_reach(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin reach",
        .summary =
            "Sends a test page to people by each of their methods, and waits for what says\n"
            "that it came: their answer by its code or link, or the provider's word that it\n"
            "was delivered or read. Everybody in the contacts file and in the policy's paths\n"
            "and schedules, or those that --person names. Exit 1 when somebody was reached by\n"
            "no method.",
        .more = "tocsin reach --person ana --wait 5m\n"
                "tocsin reach answer 12345678         the code of a page that came\n"
                "tocsin reach --last                  the last run again",
        .options = options,
        .option_count = COUNT(options),
    };
    int code;
    if (argc > 1 && strcmp(argv[1], "answer") == 0)
        code = run_answer(argc - 1, argv + 1);
    else if (view_begin(&view, &conf, argc, argv, NULL, &code))
        code = last ? show_last() : ask();
    view_end(&view);
    return code;
}
