/*
 * What a person does about an alert, as an event through intake like everything else. An action is
 * a row: the event's type and what its body takes from the options.
 */
#include "services/cli/commands.h"
#include "services/cli/human.h"
#include "services/cli/moment.h"
#include "services/cli/when.h"

#define SNOOZE_LEAST_MS TOC_MINUTE_MS

struct action {
    const char *program; /* "tocsin ack" */
    const char *type;    /* "tocsin.alert.acked" */
    const char *done;    /* "acknowledged" */
    bool any;            /* of an issue's alerts also those that somebody has answered */
    bool ends;           /* it has an end */
    bool is_note;        /* it needs a note */
    const char *summary;
};

static const struct action ack = {
    "tocsin ack",
    "tocsin.alert.acked",
    "acknowledged",
    false,
    false,
    false,
    "Acknowledges an alert, or every alert of an issue that waits for an answer:\n"
    "nobody is paged for it any more. Who acknowledged first has it; tocsin take\n"
    "makes it yours.",
};

static const struct action take = {
    "tocsin take",
    "tocsin.alert.taken",
    "taken over",
    true,
    false,
    false,
    "Acknowledges an alert, or every alert of an issue, whoever has it.",
};

static const struct action snooze = {
    "tocsin snooze",
    "tocsin.alert.snoozed",
    "snoozed",
    false,
    true,
    false,
    "Pages nobody for an alert, or for every alert of an issue that waits for an\n"
    "answer, until an instant from 1 minute to 7 days ahead. Then its path goes on at\n"
    "the step where it was.",
};

static const struct action resolve = {
    "tocsin resolve",
    "tocsin.alert.resolved",
    "resolved",
    true,
    false,
    false,
    "Closes an alert, or every alert of an issue. The issue itself stays as it is.",
};

static const struct action escalate = {
    "tocsin escalate",
    "tocsin.alert.escalated",
    "escalated",
    true,
    false,
    false,
    "Pages the next step of an alert's path now, or of every alert's of an issue,\n"
    "also when somebody has it: they hand it on.",
};

static const struct action note_action = {
    "tocsin note",
    "tocsin.alert.noted",
    "noted",
    true,
    false,
    true,
    "Adds a note (--note) to an alert, or to every alert of an issue that is not\n"
    "resolved.",
};

static struct view view;
static const char *by, *note, *until;
static int64_t for_ms, seen;
static bool group;

#define OPTIONS                                                                                    \
    VIEW_OPTIONS(view),                                                                            \
        {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"},       \
        {"note", TOC_CONF_TEXT,                                                                    \
         &note,  NULL,                                                                             \
         0,      0,                                                                                \
         "CODE", "a code or a reference; no personal text, it stays in the log"},                  \
        {"group", TOC_CONF_SWITCH,                                                                 \
         &group,  NULL,                                                                            \
         0,       0,                                                                               \
         NULL,    "and to all of its group (`tocsin alerts --groups`) to which it can be done"},   \
    {                                                                                              \
        "seen", TOC_CONF_NUMBER, &seen, "0", 0, INT64_MAX, "SEQ",                                  \
            "only if the alert has not turned since this last_seq (`tocsin alerts --json`)"        \
    }

static const struct toc_conf_option options[] = {OPTIONS};

static const struct toc_conf_option snooze_options[] = {
    OPTIONS,
    {"for", TOC_CONF_DURATION, &for_ms, "0", 0, 7 * TOC_DAY_MS, "DURATION",
     "how long, from 1m to 7d"},
    {"until", TOC_CONF_TEXT, &until, NULL, 0, 0, "TIME",
     "or until when: '2026-03-01 09:30' in your zone, 2026-03-01T06:00:00+01:00"},
};

/* --- which alerts -------------------------------------------------------------------------- */

struct targets {
    const Tocsin__V1__Alert **alerts; /* in the view's arena */
    size_t count;
};

static int make_room(struct targets *targets, size_t most)
{
    targets->alerts = toc_arena_take(&view.arena, most * sizeof(Tocsin__V1__Alert *));
    if (targets->alerts != NULL)
        return CLI_DONE;
    fprintf(stderr, "%s: out of memory\n", view.who);
    return CLI_FAILED;
}

static bool waits(const Tocsin__V1__Alert *alert)
{
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN ||
           alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
}

/* `other`: an alert of the issue that somebody else has; NULL: there is none. */
static int tell_none(const struct action *action, const char *text, const Tocsin__V1__Alert *other)
{
    char id[2 * TOC_ID + 1], name[160];
    if (action->any) {
        fprintf(stderr, "%s: %s has no alert that is not resolved\n", view.who, text);
    } else if (other == NULL) {
        fprintf(stderr, "%s: nothing of %s waits for an answer\n", view.who, text);
    } else {
        print_safe(name, sizeof(name), toc_str_of(other->acked_by));
        fprintf(stderr,
                "%s: nothing of %s waits for an answer: %s has %s (tocsin take makes it yours)\n",
                view.who, text, name, view_short_id(id, &other->id));
    }
    return CLI_FAILED;
}

static bool is_there(const char *service)
{
    return client_hello(view.client, service, CLIENT_HELLO_MS, NULL) == TOC_OK;
}

static int add_of_issue(const struct action *action, const char *text, struct targets *targets)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    const Tocsin__V1__Alert *other = NULL;
    const Tocsin__V1__Issue *issue;
    struct view_rows rows;
    if (view_find_issue(&view, text, &issue) != CLI_DONE) {
        if (strchr(text, '#') == NULL && is_there("router") && is_there("notifier"))
            fprintf(stderr, "%s: nor is there an alert %s\n", view.who, text);
        return CLI_FAILED;
    }
    ask.what = TOCSIN__V1__ASK__WHAT__ALERTS;
    ask.partition = issue->partition;
    ask.number = issue->number;
    if (view_ask(&view, "notifier", &ask, &tocsin__v1__alert__descriptor, &rows) != CLI_DONE ||
        make_room(targets, rows.count) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < rows.count; i++) {
        const Tocsin__V1__Alert *alert = rows.items[i];
        if (!toc_str_equal(toc_wire_bytes(&alert->issue), toc_wire_bytes(&issue->id)) ||
            alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED)
            continue;
        if (action->any || waits(alert) || strcmp(alert->acked_by, by) == 0)
            targets->alerts[targets->count++] = alert;
        else
            other = alert;
    }
    return targets->count > 0 ? CLI_DONE : tell_none(action, text, other);
}

/* An alert's id first: that is what a page shows. */
static int find_targets(const struct action *action, const char *text, struct targets *targets)
{
    Tocsin__V1__Alert *alert;
    if (view_find_alert(&view, text, &alert) != CLI_DONE)
        return CLI_FAILED;
    if (alert != NULL) {
        if (make_room(targets, 1) != CLI_DONE)
            return CLI_FAILED;
        targets->alerts[targets->count++] = alert;
        return CLI_DONE;
    }
    return add_of_issue(action, text, targets);
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
    print_styled(&view.print, PRINT_PLAIN, "  %s", alert->cause);
    if (alert->issue.len > 0)
        print_styled(&view.print, PRINT_PLAIN, " of %s#%s", alert->source, alert->subject);
    puts(group ? ", and what waits with it" : "");
}

static int publish(const struct action *action, const Tocsin__V1__Alert *alert,
                   toc_time_ms until_ms, struct human_wait *wait)
{
    Tocsin__V1__AlertAction body = TOCSIN__V1__ALERT_ACTION__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    body.alert = alert->id;
    body.by = toc_wire_text(by);
    body.note = toc_wire_text(note != NULL ? note : "");
    body.until_ms = until_ms;
    body.version = (uint64_t)seen;
    body.group = group;
    event.type = toc_wire_text(action->type);
    event.issue = alert->issue;
    event.body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event.alert = &body;
    if (human_wait_begin(&view, wait) != CLI_DONE)
        return CLI_FAILED;
    return human_publish(&view, &event, &wait->receipt);
}

/* What an action that was refused did not find as its person saw it. */
static int tell_present(const struct action *action, const Tocsin__V1__Alert *alert)
{
    char id[2 * TOC_ID + 1], name[160], step[32] = "its path is through";
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__ALERTS;
    ask.all = true;
    ask.id = alert->id;
    if (!view_try(&view, "notifier", &ask, &tocsin__v1__alert__descriptor, &rows) ||
        rows.count == 0)
        return CLI_FAILED;
    const Tocsin__V1__Alert *now = rows.items[0];
    print_safe(name, sizeof(name), toc_str_of(now->acked_by));
    if (now->state != TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED)
        snprintf(step, sizeof(step), "it is at step %u", now->step + 1);
    fprintf(stderr, "%s: %s: %s; %s has it; last_seq %llu\n", view.who, view_short_id(id, &now->id),
            step, name[0] != '\0' ? name : "nobody", (unsigned long long)now->last_seq);
    if (!action->any && name[0] != '\0' && strcmp(now->acked_by, by) != 0)
        fprintf(stderr, "%s: tocsin take makes it yours\n", view.who);
    return CLI_FAILED;
}

static int act_on(const struct action *action, const Tocsin__V1__Alert *alert, toc_time_ms until_ms)
{
    struct human_wait wait;
    if (publish(action, alert, until_ms, &wait) != CLI_DONE)
        return CLI_FAILED;
    if (human_wait_end(&view, &wait) != CLI_DONE)
        return tell_present(action, alert);
    tell(action, alert, &wait.receipt);
    return CLI_DONE;
}

/* --- the commands -------------------------------------------------------------------------- */

static bool read_instant(const char *text, toc_time_ms *out)
{
    struct toc_tz *zone = when_zone(view.who, NULL);
    bool read = zone != NULL && when_read(toc_str_of(text), zone, moment_now(), out);
    toc_tz_free(zone);
    return read;
}

/* When a snooze ends; 0 for what is none. */
static int read_until(const struct action *action, toc_time_ms *out)
{
    *out = 0;
    if (!action->ends)
        return CLI_DONE;
    if ((for_ms != 0) == (until != NULL)) {
        fprintf(stderr, "%s: --for 30m says how long, or --until TIME until when\n", view.who);
        return CLI_USAGE;
    }
    if (until == NULL) {
        *out = moment_now() + for_ms;
    } else if (!read_instant(until, out)) {
        fprintf(stderr, "%s: --until %s: no time; as in '2026-03-01 09:30', +8h\n", view.who,
                until);
        return CLI_USAGE;
    }
    if (*out - moment_now() < SNOOZE_LEAST_MS - TOC_SECOND_MS) {
        fprintf(stderr, "%s: a snooze lasts a minute at least\n", view.who);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

static int act(const struct action *action, const char *text)
{
    struct targets targets = {.count = 0};
    toc_time_ms until_ms;
    int code = read_until(action, &until_ms);
    by = human_name(&view, "--by", by);
    if (by == NULL || code != CLI_DONE)
        return CLI_USAGE;
    if (action->is_note && note == NULL) {
        fprintf(stderr, "%s: --note CODE says what to note\n", view.who);
        return CLI_USAGE;
    }
    if (find_targets(action, text, &targets) != CLI_DONE)
        return CLI_FAILED;
    for (size_t i = 0; i < targets.count; i++)
        if (act_on(action, targets.alerts[i], until_ms) != CLI_DONE)
            code = CLI_FAILED;
    return code;
}

static int run(const struct action *action, int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = action->program,
        .summary = action->summary,
        .operands = "ALERT|ISSUE",
        .options = action->ends ? snooze_options : options,
        .option_count = action->ends ? sizeof(snooze_options) / sizeof(snooze_options[0])
                                     : sizeof(options) / sizeof(options[0]),
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

int cmd_take(int argc, char **argv)
{
    return run(&take, argc, argv);
}

int cmd_snooze(int argc, char **argv)
{
    return run(&snooze, argc, argv);
}

int cmd_resolve(int argc, char **argv)
{
    return run(&resolve, argc, argv);
}

int cmd_escalate(int argc, char **argv)
{
    return run(&escalate, argc, argv);
}

int cmd_note(int argc, char **argv)
{
    return run(&note_action, argc, argv);
}
