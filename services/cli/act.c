/*
 * What a person does about an alert, as an event through intake like everything else. An action is
 * a row: the event's type and what its body takes from the options.
 */
#include "services/cli/commands.h"
#include "services/cli/human.h"

#define ALERTS_AT_ONCE 64

struct action {
    const char *program; /* "tocsin ack" */
    const char *type;    /* "tocsin.alert.acked" */
    const char *done;    /* "acknowledged" */
    const char *summary;
};

static const struct action ack = {
    "tocsin ack",
    "tocsin.alert.acked",
    "acknowledged",
    "Acknowledges an alert, or every alert of an issue that is not yet acknowledged.",
};

static struct view view;
static const char *by, *note;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"},
    {"note", TOC_CONF_TEXT, &note, NULL, 0, 0, "CODE",
     "a code or a reference; no personal text, it stays in the log"},
};

/* --- which alerts -------------------------------------------------------------------------- */

struct targets {
    const Tocsin__V1__Alert *alerts[ALERTS_AT_ONCE];
    size_t count;
};

static bool waits(const Tocsin__V1__Alert *alert)
{
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN ||
           alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
}

static int add_of_issue(const char *text, struct targets *targets)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    uint8_t issue[TOC_ID];
    if (view_find_issue(&view, text, issue) != CLI_DONE)
        return CLI_FAILED;
    ask.what = TOCSIN__V1__ASK__WHAT__ALERTS;
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__alert__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count && targets->count < ALERTS_AT_ONCE; i++) {
        const Tocsin__V1__Alert *alert = rows.items[i];
        if (waits(alert) && alert->issue.len == TOC_ID &&
            memcmp(alert->issue.data, issue, TOC_ID) == 0)
            targets->alerts[targets->count++] = alert;
    }
    if (targets->count > 0)
        return CLI_DONE;
    fprintf(stderr, "%s: nothing of %s waits for an answer\n", view.who, text);
    return CLI_FAILED;
}

/* An alert's id first: that is what a page shows. */
static int find_targets(const char *text, struct targets *targets)
{
    Tocsin__V1__Alert *alert;
    if (strchr(text, '#') == NULL && view_find_alert(&view, text, true, &alert) == CLI_DONE) {
        targets->alerts[targets->count++] = alert;
        return CLI_DONE;
    }
    return add_of_issue(text, targets);
}

/* --- publishing ---------------------------------------------------------------------------- */

static void tell(const struct action *action, const Tocsin__V1__Alert *alert,
                 const struct toc_client_receipt *receipt)
{
    char id[2 * TOC_ID + 1];
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_hex(&json, "alert", toc_wire_bytes(&alert->id));
        print_json_log(&json, "log", receipt->log_id);
        print_json_u64(&json, "seq", receipt->seq);
        print_json_close(&json);
        return;
    }
    print_styled(&view.print, PRINT_CYAN, "%s", view_short_id(id, &alert->id));
    fputs("  ", stdout);
    print_styled(&view.print, PRINT_GREEN, "%s", action->done);
    print_styled(&view.print, PRINT_PLAIN, "  %s of %s#%s", alert->cause, alert->source,
                 alert->subject);
    fputc('\n', stdout);
}

static int act_on(const struct action *action, const Tocsin__V1__Alert *alert)
{
    Tocsin__V1__AlertAction body = TOCSIN__V1__ALERT_ACTION__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_client_receipt receipt;
    body.alert = alert->id;
    body.by = toc_wire_text(by);
    body.note = toc_wire_text(note != NULL ? note : "");
    event.type = toc_wire_text(action->type);
    event.issue = alert->issue;
    event.body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event.alert = &body;
    if (human_publish(&view, &event, &receipt) != CLI_DONE)
        return CLI_FAILED;
    tell(action, alert, &receipt);
    return CLI_DONE;
}

/* --- the commands -------------------------------------------------------------------------- */

static int act(const struct action *action, const char *text)
{
    struct targets targets = {.count = 0};
    int code = CLI_DONE;
    by = human_name(&view, "--by", by);
    if (by == NULL)
        return CLI_USAGE;
    if (find_targets(text, &targets) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < targets.count; i++)
        if (act_on(action, targets.alerts[i]) != CLI_DONE)
            code = CLI_FAILED;
    return code;
}

static int run(const struct action *action, int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = action->program,
        .summary = action->summary,
        .operands = "ALERT|ISSUE",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands;
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        if (operands.count == 1) {
            code = act(action, operands.values[0]);
        } else {
            fprintf(stderr, "%s: which alert or issue? (see %s --help)\n", view.who, view.who);
            code = CLI_USAGE;
        }
    }
    view_end(&view);
    return code;
}

int cmd_ack(int argc, char **argv)
{
    return run(&ack, argc, argv);
}
