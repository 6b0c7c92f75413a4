/*
 * `tocsin token add|list|revoke`: who may publish over an intake's HTTP edge.
 *
 * A secret is made here and printed once; what travels and stays is its hash and, sealed for
 * intake, the key that its grants are made with.
 */
#include "services/cli/commands.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"
#include "services/cli/moment.h"
#include "services/cli/secret.h"

#include <sodium.h>

static struct view view;
static const char *source, *by;
static struct toc_conf_list scopes, networks;
static int64_t lasts_ms, rate;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WHO_ROW                                                                                    \
    {                                                                                              \
        "by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who does it; the default is $USER"          \
    }

static const struct toc_conf_option add_options[] = {
    VIEW_OPTIONS(view),
    {"source", TOC_CONF_TEXT, &source, NULL, 0, 0, "SOURCE",
     "what may be published with it: events of this source, and of what goes on with / or :"},
    {"scope", TOC_CONF_LIST, &scopes, NULL, 0, 0, "SCOPE",
     "publish (an issue and what is said of it; the default), act (assign, escalate, due dates, "
     "presence, alerts), read (what people wrote; read:queue:NAME, read:line_of_business:NAME and "
     "read:region:NAME only there) or grant (sign for pages and apps that cannot keep a token)"},
    {"network", TOC_CONF_LIST, &networks, NULL, 0, 0, "CIDR",
     "where it may come from, as 10.0.0.0/8; without one anywhere"},
    {"for", TOC_CONF_DURATION, &lasts_ms, "0", 0, 10 * 366 * TOC_DAY_MS, "DURATION",
     "how long it is good, as 90d; 0 for ever"},
    {"rate", TOC_CONF_NUMBER, &rate, "0", 0, 1000000, "N",
     "events a second, twice as many at once; 0 for the edge's own 10000"},
    WHO_ROW,
};

static const struct toc_conf_option list_options[] = {VIEW_OPTIONS(view)};
static const struct toc_conf_option revoke_options[] = {VIEW_OPTIONS(view), WHO_ROW};

/* --- add -------------------------------------------------------------------------------------- */

static void tell_token(const struct secret *secret)
{
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "token", secret->id);
        print_json_text(&json, "secret", secret->text);
        print_json_text(&json, "source", source);
        print_json_close(&json);
        return;
    }
    printf("%s\n", secret->text);
    fflush(stdout);
    /* Beside it, so that standard output is the token and nothing else. */
    fprintf(stderr, "token %s for %s: this is shown once; keep it where secrets are kept\n",
            secret->id, source);
}

static bool see_key(void *arg, struct toc_str row)
{
    (void)secret_seal(arg, row);
    return false;
}

/* Whoever makes grants has a key of its own for them, which intake's edge has to know as well. */
static int seal_for_grants(struct secret *secret)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    bool grants = false;
    for (size_t i = 0; i < scopes.count; i++)
        grants = grants || strcmp(scopes.values[i], "grant") == 0;
    ask.what = TOCSIN__V1__ASK__WHAT__SEAL_KEY;
    if (grants && client_ask(view.client, "intake", &ask, see_key, secret) != TOC_OK)
        return client_fail(view.client);
    return CLI_DONE;
}

/* What the options say, and the hash of a fresh secret. */
static int publish_added(const struct secret *secret, const char *who)
{
    Tocsin__V1__Token body = TOCSIN__V1__TOKEN__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_client_receipt receipt;
    char *scope_list[TOC_CONF_LIST_MAX] = {toc_wire_text("publish")},
         *network_list[TOC_CONF_LIST_MAX];
    for (size_t i = 0; i < scopes.count; i++)
        scope_list[i] = toc_wire_text(scopes.values[i]);
    for (size_t i = 0; i < networks.count; i++)
        network_list[i] = toc_wire_text(networks.values[i]);
    secret_name(secret, &body);
    body.source = toc_wire_text(source);
    body.scopes = scope_list;
    body.n_scopes = scopes.count > 0 ? scopes.count : 1;
    body.networks = network_list;
    body.n_networks = networks.count;
    body.end_ms = lasts_ms > 0 ? moment_now() + lasts_ms : 0;
    body.rate = (uint32_t)rate;
    body.by = toc_wire_text(who);
    event.type = toc_wire_text("tocsin.token.added");
    event.body_case = TOCSIN__V1__EVENT__BODY_TOKEN;
    event.token = &body;
    return human_publish(&view, &event, &receipt);
}

static int add(const struct toc_conf_list *operands)
{
    struct secret secret;
    const char *who = human_name(&view, "--by", by);
    (void)operands;
    if (who == NULL)
        return CLI_USAGE;
    if (source == NULL || source[0] == '\0') {
        fprintf(stderr, "%s: --source says what may be published with it, as --source urn:shop\n",
                view.who);
        return CLI_USAGE;
    }
    secret_make(&secret);
    int code = seal_for_grants(&secret);
    if (code == CLI_DONE)
        code = publish_added(&secret, who);
    if (code == CLI_DONE)
        tell_token(&secret);
    secret_forget(&secret);
    return code;
}

/* --- list ------------------------------------------------------------------------------------- */

static const struct print_column columns[] = {
    {"TOKEN", PRINT_LEFT, 0},    {"SOURCE", PRINT_LEFT, 12}, {"SCOPES", PRINT_LEFT, 8},
    {"NETWORKS", PRINT_LEFT, 8}, {"RATE", PRINT_RIGHT, 0},   {"ADDED", PRINT_LEFT, 0},
    {"STATE", PRINT_LEFT, 12},
};

static void add_words(struct print_table *table, char *const *words, size_t count)
{
    char text[PRINT_CELL_MAX] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof(text); i++)
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? ", " : "", words[i]);
    print_table_cell(table, PRINT_PLAIN, "%s", text);
}

static void add_state(struct print_table *table, const Tocsin__V1__TokenRow *row, toc_time_ms now)
{
    char text[MOMENT_MAX];
    if (row->revoked_ms != 0)
        print_table_cell(table, PRINT_DIM, "revoked by %s, %s", row->revoked_by,
                         moment_near(text, row->revoked_ms, now));
    else if (row->token->end_ms != 0 && row->token->end_ms <= now)
        print_table_cell(table, PRINT_DIM, "ended %s", moment_near(text, row->token->end_ms, now));
    else if (row->token->end_ms != 0)
        print_table_cell(table, PRINT_GREEN, "until %s",
                         moment_near(text, row->token->end_ms, now));
    else
        print_table_cell(table, PRINT_GREEN, "good");
}

static void add_row(struct print_table *table, const void *item, toc_time_ms now)
{
    const Tocsin__V1__TokenRow *row = item;
    const Tocsin__V1__Token *token = row->token;
    char text[MOMENT_MAX];
    print_table_row(table);
    print_table_cell(table, PRINT_CYAN, "%s", token->token);
    print_table_cell(table, PRINT_PLAIN, "%s", token->source);
    add_words(table, token->scopes, token->n_scopes);
    add_words(table, token->networks, token->n_networks);
    if (token->rate != 0)
        print_table_cell(table, PRINT_PLAIN, "%u/s", token->rate);
    else
        print_table_cell(table, PRINT_PLAIN, "%s", "");
    print_table_cell(table, PRINT_PLAIN, "%s", moment_near(text, row->added_ms, now));
    add_state(table, row, now);
}

static int list(const struct toc_conf_list *operands)
{
    static const struct view_table table = {
        columns, COUNT(columns), add_row,
        "no tokens: `tocsin token add --source SOURCE` makes one"};
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    (void)operands;
    ask.what = TOCSIN__V1__ASK__WHAT__TOKENS;
    if (view_ask(&view, "intake", &ask, &tocsin__v1__token_row__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    return view_list(&view, &table, &rows, view_now(&view));
}

/* --- revoke ----------------------------------------------------------------------------------- */

static int revoke(const struct toc_conf_list *operands)
{
    Tocsin__V1__Token body = TOCSIN__V1__TOKEN__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_client_receipt receipt;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    body.token = toc_wire_text(operands->values[0]);
    body.by = toc_wire_text(who);
    event.type = toc_wire_text("tocsin.token.revoked");
    event.body_case = TOCSIN__V1__EVENT__BODY_TOKEN;
    event.token = &body;
    if (human_publish(&view, &event, &receipt) != CLI_DONE)
        return CLI_FAILED;
    if (!view.json) {
        printf("revoked %s\n", operands->values[0]);
        return CLI_DONE;
    }
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "token", operands->values[0]);
    print_json_bool(&json, "revoked", true);
    print_json_close(&json);
    return CLI_DONE;
}

/* --- the command ------------------------------------------------------------------------------ */

static const struct view_part parts[] = {
    {"add",
     add,
     {"tocsin token add", "Makes a token for the HTTP edge, and prints it, this once.", NULL,
      "Examples:\n  tocsin token add --source urn:shop > shop.token\n"
      "  tocsin token add --source urn:desk --scope publish --scope act --network 10.0.0.0/8\n"
      "  tocsin token add --source urn:shop:app --scope grant > grants.token",
      add_options, COUNT(add_options)},
     0,
     0},
    {"list",
     list,
     {"tocsin token list", "The tokens of an intake, by their ids; secrets are not kept.", NULL,
      NULL, list_options, COUNT(list_options)},
     0,
     0},
    {"revoke",
     revoke,
     {"tocsin token revoke", "Ends a token at once.", "TOKEN",
      "TOKEN is the id that `tocsin token list` shows, not the secret.", revoke_options,
      COUNT(revoke_options)},
     1,
     1},
};

int cmd_token(int argc, char **argv)
{
    if (sodium_init() < 0)
        return CLI_FAILED;
    return view_run_part(&view, parts, COUNT(parts), argc, argv);
}
