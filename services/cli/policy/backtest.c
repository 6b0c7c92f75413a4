/* `tocsin policy backtest`: reads what was recorded, replays it twice, reports. */
#include "services/cli/backtest/backtest.h"
#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/policy/cmd.h"
#include "services/cli/policy/load.h"
#include "services/cli/progress.h"
#include "services/cli/status.h"
#include "services/cli/when.h"

#include <stdlib.h>
#include <time.h>

struct backtest {
    struct view *view;
    const struct policy_backtest_options *options;
    struct toc_str policy;
    struct toc_tz *zone;
    toc_time_ms from_ms, to_ms;
    struct history history;
    struct names names;
    struct verdicts verdicts;
    struct tally before, after;
    struct comparison comparison;
    struct client_service sla;
    struct progress progress;
    enum toc_err err; /* of a callback */
};

static int told(const struct backtest *b, enum toc_err err)
{
    if (err == TOC_ERR_AGAIN)
        fprintf(stderr, "%s: interrupted\n", b->view->who);
    else if (err == TOC_ERR_MEMORY)
        fprintf(stderr, "%s: out of memory: give --from and --to, or a larger machine\n",
                b->view->who);
    else
        fprintf(stderr, "%s: the replay stopped: %s\n", b->view->who, toc_err_text(err));
    return CLI_FAILED;
}

/* --- options ------------------------------------------------------------------------------ */

static int read_bound(const struct backtest *b, const char *name, const char *text,
                      toc_time_ms *out)
{
    if (text == NULL || when_read(toc_str_of(text), b->zone, moment_now(), out))
        return CLI_DONE;
    fprintf(stderr, "%s: --%s %s: no time; as in 2026-03-01 or '2026-03-01 09:30'\n", b->view->who,
            name, text);
    return CLI_USAGE;
}

static int read_options(struct backtest *b)
{
    const struct policy_backtest_options *options = b->options;
    if (options->policy == NULL) {
        fprintf(stderr, "%s: --policy is missing: the file of the policy to try\n", b->view->who);
        return CLI_USAGE;
    }
    if (toc_tz_load(options->zone, &b->zone) != TOC_OK) {
        fprintf(stderr, "%s: --zone %s: there is no such time zone\n", b->view->who, options->zone);
        return CLI_USAGE;
    }
    b->from_ms = TOC_TIME_MIN;
    b->to_ms = TOC_TIME_NEVER;
    int code = read_bound(b, "from", options->from, &b->from_ms);
    if (code == CLI_DONE)
        code = read_bound(b, "to", options->to, &b->to_ms);
    if (code == CLI_DONE && b->from_ms >= b->to_ms) {
        fprintf(stderr, "%s: --from is not before --to\n", b->view->who);
        code = CLI_USAGE;
    }
    setenv("TZ", options->zone, 1); /* instants in the report are told in it */
    tzset();
    return code;
}

/* --- reading ------------------------------------------------------------------------------ */

struct reading {
    struct backtest *b;
    size_t log;
    uint64_t done;
};

static bool keep_event(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct reading *r = arg;
    progress_show(&r->b->progress, ++r->done, NULL, client_mono_ms());
    r->b->err = history_keep(&r->b->history, r->log, record, bytes);
    return r->b->err == TOC_OK;
}

static bool keep_verdict(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct reading *r = arg;
    (void)bytes;
    progress_show(&r->b->progress, ++r->done, NULL, client_mono_ms());
    if (record->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
        r->b->err = verdicts_take(&r->b->verdicts, &r->b->names, BY_RECORD, record);
    return r->b->err == TOC_OK;
}

static int fetch(struct backtest *b, const char *service, uint32_t classes, const char *what,
                 size_t log, client_record_fn on_record, const struct client_service *said)
{
    const struct client_fetch fetch = {
        .service = service, .log_id = said->log_id, .class_mask = classes};
    struct reading reading = {b, log, 0};
    if (said->last_seq == 0)
        return CLI_DONE;
    progress_begin(&b->progress, what, said->last_seq, client_mono_ms());
    enum toc_err err = client_fetch(b->view->client, &fetch, on_record, &reading);
    progress_end(&b->progress);
    if (err != TOC_OK)
        return client_fail(b->view->client);
    return b->err == TOC_OK ? CLI_DONE : told(b, b->err);
}

static int read_intake(struct backtest *b, const char *name)
{
    struct client_service said;
    if (b->history.log_count == BACKTEST_LOGS_MAX) {
        fprintf(stderr, "%s: more than %d intakes\n", b->view->who, BACKTEST_LOGS_MAX);
        return CLI_FAILED;
    }
    if (client_hello(b->view->client, name, CLIENT_HELLO_MS, &said) != TOC_OK) {
        client_fail(b->view->client);
        fprintf(stderr,
                "%s: its log is read while it runs: start it (tocsin up --data DIR), or say "
                "where it is with --at %s=ENDPOINT\n",
                b->view->who, name);
        return CLI_FAILED;
    }
    struct history_log *log = &b->history.logs[b->history.log_count];
    *log = (struct history_log){
        .log_id = said.log_id, .first_seq = said.first_seq, .last_seq = said.last_seq};
    toc_str_copy(log->name, sizeof(log->name), toc_str_of(name));
    return fetch(b, name, TOC_CLASS_ISSUE | TOC_CLASS_ALERT | TOC_CLASS_CONTROL | TOC_CLASS_REFUSAL,
                 "reading events", b->history.log_count++, keep_event, &said);
}

/* The intakes that --at names, or the one of `tocsin up`. */
static int read_intakes(struct backtest *b)
{
    const struct toc_conf_list *at = &b->view->config.at;
    char name[32];
    bool any = false;
    for (size_t i = 0; i < at->count; i++) {
        size_t size = strcspn(at->values[i], "=");
        if (strncmp(at->values[i], "intake", 6) != 0)
            continue;
        any = true;
        if (read_intake(b, toc_str_copy(name, sizeof(name), toc_str(at->values[i], size))) !=
            CLI_DONE)
            return CLI_FAILED;
    }
    return any ? CLI_DONE : read_intake(b, "intake");
}

/* An intake that the router follows and that was not read would be missing in silence. */
static void tell_missing_intakes(const struct backtest *b)
{
    Tocsin__V1__Status *status;
    if (status_ask(b->view->client, &b->view->arena, "router", &status) != TOC_OK)
        return;
    for (size_t i = 0; i < status->n_upstreams; i++) {
        const Tocsin__V1__UpstreamStatus *up = status->upstreams[i];
        bool known = up->log_id == b->sla.log_id || up->log_id == 0;
        for (size_t k = 0; k < b->history.log_count; k++)
            known = known || b->history.logs[k].log_id == up->log_id;
        if (!known)
            fprintf(stderr,
                    "%s: the router also follows %s: without its events the replay differs; give "
                    "all intakes with --at\n",
                    b->view->who, up->endpoint);
    }
}

/* How far the recorded suite got: asked before the logs are read, so that they hold it all. */
static int read_end(struct backtest *b)
{
    Tocsin__V1__Status *status;
    if (client_hello(b->view->client, "sla", CLIENT_HELLO_MS, &b->sla) != TOC_OK ||
        status_ask(b->view->client, &b->view->arena, "sla", &status) != TOC_OK)
        return client_fail(b->view->client);
    if (status->log_ms > 0 && status->log_ms < TOC_TIME_NEVER && status->log_ms < b->to_ms)
        b->to_ms = status->log_ms + 1;
    return CLI_DONE;
}

static int read_logs(struct backtest *b)
{
    int code = read_end(b);
    if (code == CLI_DONE)
        code = read_intakes(b);
    if (code == CLI_DONE)
        code = fetch(b, "sla", TOC_CLASS_CLOCK, "reading verdicts", 0, keep_verdict, &b->sla);
    if (code != CLI_DONE)
        return code;
    tell_missing_intakes(b);
    enum toc_err err = history_sort(&b->history);
    if (err != TOC_OK)
        return told(b, err);
    if (b->history.count > 0)
        return CLI_DONE;
    fprintf(stderr, "%s: nothing has been recorded yet: publish or import something first\n",
            b->view->who);
    return CLI_FAILED;
}

/* --- replaying ---------------------------------------------------------------------------- */

static bool on_step(void *arg, size_t done)
{
    struct backtest *b = arg;
    progress_show(&b->progress, done, NULL, client_mono_ms());
    return !client_interrupted();
}

static enum toc_err replay(struct backtest *b, struct tally *tally, enum verdict_by by,
                           struct toc_str policy, const char *what)
{
    const struct replay replay = {.history = &b->history,
                                  .policy = policy,
                                  .from_ms = b->from_ms,
                                  .to_ms = b->to_ms,
                                  .on_step = on_step,
                                  .arg = b};
    *tally = (struct tally){.by = by,
                            .verdicts = &b->verdicts,
                            .names = &b->names,
                            .zone = b->zone,
                            .from_ms = b->from_ms,
                            .to_ms = b->to_ms};
    if (by == BY_NEW)
        tally->known = &b->before.alerts;
    progress_begin(&b->progress, what, b->history.count, client_mono_ms());
    enum toc_err err = tally_replay(tally, &replay);
    progress_end(&b->progress);
    return err;
}

static enum toc_err replay_both(struct backtest *b)
{
    TOC_TRY(replay(b, &b->before, BY_OLD, toc_str(NULL, 0), "as it was"));
    TOC_TRY(replay(b, &b->after, BY_NEW, b->policy, "with the new policy"));
    return compare_verdicts(&b->verdicts, b->from_ms, b->to_ms, &b->comparison);
}

/* --- the report --------------------------------------------------------------------------- */

/* In event time the policies before the first event have no instant of their own. */
static toc_time_ms first_ms(const struct history *history)
{
    size_t i = 0;
    while (i + 1 < history->count && history->events[i].is_policy)
        i++;
    return history->events[i].at_ms;
}

static int report(struct backtest *b)
{
    struct report r = {.who = b->view->who,
                       .policy_file = b->options->policy,
                       .zone = b->options->zone,
                       .history = &b->history,
                       .names = &b->names,
                       .before = &b->before,
                       .after = &b->after,
                       .comparison = &b->comparison,
                       .from_ms = b->from_ms,
                       .to_ms = b->to_ms,
                       .from_given = b->options->from != NULL,
                       .all = b->options->all,
                       .sla_first_seq = b->sla.first_seq};
    if (!r.from_given)
        r.from_ms = first_ms(&b->history);
    r.issue_count = report_flips(&r);
    struct history_name *issues = calloc(r.issue_count + 1, sizeof(*issues));
    if (issues == NULL)
        return told(b, TOC_ERR_MEMORY);
    for (size_t i = 0; i < r.issue_count; i++)
        issues[i].issue = b->comparison.flips[i]->issue;
    history_names(&b->history, issues, r.issue_count);
    r.issues = issues;
    if (b->view->json)
        report_json(&r, stdout);
    else
        report_print(&r, &b->view->print);
    free(issues);
    return CLI_DONE;
}

static int run(struct backtest *b)
{
    client_catch_interrupts();
    if (history_init(&b->history) < 0)
        return told(b, TOC_ERR_MEMORY);
    if (read_logs(b) != CLI_DONE)
        return CLI_FAILED;
    enum toc_err err = replay_both(b);
    return err == TOC_OK ? report(b) : told(b, err);
}

int policy_backtest(struct view *view, const struct policy_backtest_options *options)
{
    struct backtest b = {.view = view, .options = options};
    struct policy_file file = {0};
    int code = read_options(&b);
    if (code == CLI_DONE)
        code = policy_load(view->who, options->policy, &file);
    b.policy = file.text;
    if (code == CLI_DONE)
        code = run(&b);
    comparison_done(&b.comparison);
    tally_done(&b.before);
    tally_done(&b.after);
    verdicts_done(&b.verdicts);
    names_done(&b.names);
    history_done(&b.history);
    toc_tz_free(b.zone);
    policy_file_done(&file);
    return code;
}
