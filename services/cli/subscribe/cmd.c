/*
 * `tocsin subscribe add|list|remove|pause|resume|replay|test`: who outside is told what becomes of
 * issues.
 */
#include "services/cli/subscribe/subscribe.h"

#include "services/cli/commands.h"
#include "services/cli/human.h"
#include "services/cli/moment.h"
#include "services/cli/status.h"

#include <sodium.h>
#include <time.h>

#define TAKEN_MS 5000  /* for outcomes to take what intake accepted */
#define TEST_MS  20000 /* for a receiver to answer */
#define POLL_MS  50

static struct view view;
static struct subscribe_wanted wanted;
static struct toc_conf_list filter;
static const char *by;
static int64_t from_seq, since_ms;

#define WHO_ROW                                                                                    \
    {                                                                                              \
        "by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"          \
    }

#define BEGINNING_ROWS                                                                             \
    {"from", TOC_CONF_NUMBER, &from_seq, "0",                                                      \
     0,      INT64_MAX,       "SEQ",     "begin with this record of outcomes' log"},               \
    {                                                                                              \
        "since", TOC_CONF_DURATION, &since_ms, "0", 0, 400 * TOC_DAY_MS, "DURATION",               \
            "begin with what came to be so long ago, as 2h"                                        \
    }

static const struct toc_conf_option add_options[] = {
    VIEW_OPTIONS(view),
    {"url", TOC_CONF_TEXT, &wanted.url, NULL, 0, 0, "URL", "where the webhooks go"},
    {"filter", TOC_CONF_LIST, &filter, NULL, 0, 0, "KEY=VALUE",
     "only outcomes of this type=, source= (and what goes on with / or :), queue=, "
     "line_of_business=; test=left_out or test=alone; of a key given twice any value will do"},
    {"mapping", TOC_CONF_TEXT, &wanted.mapping, NULL, 0, 0, "NAME",
     "make requests of another tool of them (deploy/connect/back); without it CloudEvents"},
    {"handshake", TOC_CONF_SWITCH, &wanted.handshake, "no", 0, 0, NULL,
     "first ask the receiver whether it wants them, as CloudEvents webhooks do"},
    BEGINNING_ROWS,
    {"secret-file", TOC_CONF_TEXT, &wanted.secret_file, NULL, 0, 0, "FILE",
     "secrets to sign with, whsec_ and base64, up to 4 lines; without it one is made and shown"},
    {"auth-file", TOC_CONF_TEXT, &wanted.auth_file, NULL, 0, 0, "FILE",
     "what the mapping's login field holds, as \"Basic …\", in one line"},
    {"id", TOC_CONF_TEXT, &wanted.id, NULL, 0, 0, "ID",
     "its name: up to 16 small letters and digits; without it one is made"},
    WHO_ROW,
};

static const struct toc_conf_option list_options[] = {VIEW_OPTIONS(view)};
static const struct toc_conf_option change_options[] = {VIEW_OPTIONS(view), WHO_ROW};
static const struct toc_conf_option replay_options[] = {VIEW_OPTIONS(view), BEGINNING_ROWS,
                                                        WHO_ROW};

/* --- asking outcomes ------------------------------------------------------------------------ */

static void pause_ms(toc_time_ms ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

/* Whether outcomes has come past the record in the log of intake. */
static bool is_taken(struct view *at, const struct toc_client_receipt *receipt)
{
    Tocsin__V1__Status *status;
    if (status_ask(at->client, &at->arena, "outcomes", &status) != TOC_OK)
        return false;
    for (size_t i = 0; i < status->n_upstreams; i++)
        if (status->upstreams[i]->log_id == receipt->log_id &&
            status->upstreams[i]->cursor_seq >= receipt->seq)
            return true;
    return false;
}

int subscribe_publish(struct view *at, const char *verb, Tocsin__V1__Subscription *body)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_client_receipt receipt;
    char type[64];
    snprintf(type, sizeof(type), "tocsin.subscription.%s", verb);
    event.type = type;
    event.body_case = TOCSIN__V1__EVENT__BODY_SUBSCRIPTION;
    event.subscription = body;
    if (human_publish(at, &event, &receipt) != CLI_DONE)
        return CLI_FAILED;
    toc_time_ms end = client_mono_ms() + TAKEN_MS;
    while (!is_taken(at, &receipt)) {
        if (client_mono_ms() >= end) {
            fprintf(stderr,
                    "%s: accepted, but outcomes has not taken it yet: see `tocsin status`\n",
                    at->who);
            return CLI_FAILED;
        }
        pause_ms(POLL_MS);
    }
    return CLI_DONE;
}

int subscribe_find(struct view *at, const char *id, const Tocsin__V1__SubscriptionRow **out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__SUBSCRIPTIONS;
    ask.queue = toc_wire_text(id);
    if (view_ask(at, "outcomes", &ask, &tocsin__v1__subscription_row__descriptor, &rows) !=
        CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0) {
        fprintf(stderr, "%s: there is no subscription %s: `tocsin subscribe list` shows them\n",
                at->who, id);
        return CLI_FAILED;
    }
    *out = rows.items[0];
    return CLI_DONE;
}

/* --- parts ---------------------------------------------------------------------------------- */

static toc_time_ms since(void)
{
    return since_ms > 0 ? moment_now() - since_ms : 0;
}

/* Whether the id that was asked for is free; told when not. */
static int check_id(void)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__SUBSCRIPTIONS;
    ask.queue = toc_wire_text(wanted.id);
    if (view_ask(&view, "outcomes", &ask, &tocsin__v1__subscription_row__descriptor, &rows) !=
        CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0)
        return CLI_DONE;
    fprintf(stderr, "%s: there is a subscription %s already\n", view.who, wanted.id);
    return CLI_FAILED;
}

static int add(const struct toc_conf_list *operands)
{
    (void)operands;
    wanted.by = human_name(&view, "--by", by);
    if (wanted.by == NULL)
        return CLI_USAGE;
    if (wanted.url == NULL) {
        fprintf(stderr, "%s: --url says where the webhooks go\n", view.who);
        return CLI_USAGE;
    }
    if (wanted.id != NULL && check_id() != CLI_DONE)
        return CLI_FAILED;
    wanted.filter = &filter;
    wanted.from_seq = from_seq;
    wanted.since_ms = since();
    return subscribe_add(&view, &wanted);
}

static int list(const struct toc_conf_list *operands)
{
    return subscribe_list(&view, operands->count > 0 ? operands->values[0] : NULL);
}

static int told(const char *id, const char *verb)
{
    if (!view.json) {
        printf("%s %s\n", verb, id);
        return CLI_DONE;
    }
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "subscription", id);
    print_json_text(&json, "done", verb);
    print_json_close(&json);
    return CLI_DONE;
}

/* `row` is how it was before. */
static int change(const char *id, const char *verb, const Tocsin__V1__SubscriptionRow **row)
{
    Tocsin__V1__Subscription body = TOCSIN__V1__SUBSCRIPTION__INIT;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    if (subscribe_find(&view, id, row) != CLI_DONE)
        return CLI_FAILED;
    body.subscription = toc_wire_text(id);
    body.from_seq = (uint64_t)from_seq;
    body.since_ms = since();
    body.by = toc_wire_text(who);
    return subscribe_publish(&view, verb, &body);
}

static int change_and_tell(const char *id, const char *verb)
{
    const Tocsin__V1__SubscriptionRow *row;
    int code = change(id, verb, &row);
    return code == CLI_DONE ? told(id, verb) : code;
}

static int remove_it(const struct toc_conf_list *operands)
{
    return change_and_tell(operands->values[0], "removed");
}

static int find_active(const char *id, const Tocsin__V1__SubscriptionRow **row)
{
    if (subscribe_find(&view, id, row) != CLI_DONE)
        return CLI_FAILED;
    if ((*row)->delivery->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE)
        return CLI_DONE;
    fprintf(stderr, "%s: %s is not active: `tocsin subscribe resume %s`\n", view.who, id, id);
    return CLI_FAILED;
}

static int pause_it(const struct toc_conf_list *operands)
{
    const Tocsin__V1__SubscriptionRow *row;
    if (find_active(operands->values[0], &row) != CLI_DONE)
        return CLI_FAILED;
    return change_and_tell(operands->values[0], "paused");
}

static int resume_it(const struct toc_conf_list *operands)
{
    return change_and_tell(operands->values[0], "resumed");
}

static int replay(const struct toc_conf_list *operands)
{
    if (from_seq == 0 && since_ms == 0) {
        fprintf(stderr, "%s: --from SEQ or --since DURATION says where to begin\n", view.who);
        return CLI_USAGE;
    }
    return change_and_tell(operands->values[0], "replayed");
}

/* --- trying one ----------------------------------------------------------------------------- */

static int show_try(const Tocsin__V1__SubscriptionRow *row, bool taken)
{
    const Tocsin__V1__Delivery *delivery = row->delivery;
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "subscription", row->subscription->subscription);
        print_json_text(&json, "answer", delivery->last);
        print_json_bool(&json, "taken", taken);
        print_json_close(&json);
    } else {
        printf("%s: %s\n", row->subscription->receiver, delivery->last);
    }
    return taken ? CLI_DONE : CLI_FAILED;
}

/* What came of it; where its receiver fails already, of what is tried before it. */
static int test(const struct toc_conf_list *operands)
{
    const char *id = operands->values[0];
    const Tocsin__V1__SubscriptionRow *row;
    if (find_active(id, &row) != CLI_DONE)
        return CLI_FAILED;
    int code = change(id, "tested", &row);
    if (code != CLI_DONE)
        return code;
    const Tocsin__V1__Delivery before = *row->delivery;
    uint64_t log_seq = row->log_seq;
    toc_time_ms end = client_mono_ms() + TEST_MS;
    while (client_mono_ms() < end && !client_interrupted()) {
        toc_arena_reset(&view.arena, 0);
        if (subscribe_find(&view, id, &row) != CLI_DONE)
            return CLI_FAILED;
        const Tocsin__V1__Delivery *now = row->delivery;
        if (now->last_seq > log_seq || now->failures > before.failures)
            return show_try(row, now->delivered > before.delivered);
        pause_ms(POLL_MS);
    }
    fprintf(stderr, "%s: no answer within 20 s: see `tocsin subscribe list`\n", view.who);
    return CLI_FAILED;
}

/* --- the command ---------------------------------------------------------------------------- */

#define COUNT(options) (sizeof(options) / sizeof((options)[0]))

#define CHANGE(name, run, summary)                                                                 \
    {                                                                                              \
        name, run, {"tocsin subscribe " name, summary, "ID", NULL, change_options,                 \
                    COUNT(change_options)},                                                        \
            1, 1                                                                                   \
    }

static const struct view_part parts[] = {
    {"add",
     add,
     {"tocsin subscribe add",
      "Tells a receiver outside what becomes of issues, by signed webhooks, from now on.", NULL,
      "Prints its id and the secret, this once.\n"
      "Examples:\n  tocsin subscribe add --url https://shop.example/hooks --filter "
      "source=urn:shop\n"
      "  tocsin subscribe add --url https://shop.example/hooks --filter type=breached \\\n"
      "      --filter type=solved --since 2h\n"
      "  tocsin subscribe add --url https://acme.zendesk.com --mapping zendesk \\\n"
      "      --filter source=urn:zendesk --auth-file zendesk.login",
      add_options, COUNT(add_options)},
     0,
     0},
    {"list",
     list,
     {"tocsin subscribe list",
      "Subscriptions and how far each has come; of one, also what was given up.", "[ID]", NULL,
      list_options, COUNT(list_options)},
     0,
     1},
    CHANGE("remove", remove_it, "Ends a subscription and forgets it."),
    CHANGE("pause", pause_it,
           "Sends nothing more until it is resumed; the log is not kept for it meanwhile."),
    CHANGE("resume", resume_it,
           "Goes on where it was, at once; also one that its receiver stopped with 410."),
    {"replay",
     replay,
     {"tocsin subscribe replay",
      "Sends again what came to be since then, under the same ids: receivers tell repeats.", "ID",
      "Example:\n  tocsin subscribe replay kx3f81bq --since 6h", replay_options,
      COUNT(replay_options)},
     1,
     1},
    CHANGE("test", test, "Sends an event of the type tocsin.outcome.test and shows the answer."),
};

int cmd_subscribe(int argc, char **argv)
{
    if (sodium_init() < 0)
        return CLI_FAILED;
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
