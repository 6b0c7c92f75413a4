#include "services/cli/up/edge.h"

#include "services/cli/commands.h"
#include "services/cli/secret.h"

#include <sodium.h>
#include <stdio.h>

#define SOURCE "demo"

static bool is_loopback(const char *address)
{
    return address[0] == ':' || strncmp(address, "127.", 4) == 0 ||
           strncmp(address, "[::1]", 5) == 0;
}

static bool see_row(void *arg, struct toc_str row)
{
    (void)row;
    ++*(int *)arg;
    return true;
}

/* Whether there is a token: 0 or 1; -1, told, without an answer. */
static int count_tokens(struct client *client)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    int count = 0;
    ask.what = TOCSIN__V1__ASK__WHAT__TOKENS;
    ask.limit = 1;
    if (client_ask(client, "intake", &ask, see_row, &count) != TOC_OK) {
        (void)client_fail(client);
        return -1;
    }
    return count;
}

static int add_token(struct client *client, const struct secret *secret)
{
    Tocsin__V1__Token token = TOCSIN__V1__TOKEN__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    const Tocsin__V1__Event *events[] = {&event};
    struct toc_client_receipt receipt;
    char *scopes[] = {toc_wire_text("publish")};
    secret_name(secret, &token);
    token.source = toc_wire_text(SOURCE);
    token.scopes = scopes;
    token.n_scopes = 1;
    token.by = toc_wire_text("tocsin up");
    event.id = toc_wire_text(secret->id);
    event.source = toc_wire_text("tocsin:up");
    event.type = toc_wire_text("tocsin.token.added");
    event.body_case = TOCSIN__V1__EVENT__BODY_TOKEN;
    event.token = &token;
    if (client_publish(client, "intake", events, 1, &receipt) != TOC_OK)
        return client_fail(client);
    if (receipt.status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        return CLI_DONE;
    fprintf(stderr, "tocsin up: no token could be made: %s\n", receipt.detail);
    return CLI_FAILED;
}

static bool is_any_port(const char *address)
{
    const char *port = strrchr(address, ':');
    return port != NULL && strcmp(port, ":0") == 0;
}

static void print_curl(const char *address, const char *token)
{
    if (is_any_port(address))
        printf("The port is one that was free: intake.log names it (edge_open), put it in place of "
               "the 0.\n");
    printf("Publish over HTTP (the token is shown this once, for the source \"" SOURCE "\"):\n"
           "  curl -sS http://%s%s/v1/issues -H 'Authorization: Bearer %s' \\\n"
           "    -H 'Content-Type: application/json' -d '{\"title\":\"Locked out\",\n"
           "    \"text\":\"I cannot log in since the update.\",\"email\":\"ana@example.com\","
           "\"priority\":\"P2\"}'\n\n",
           address[0] == ':' ? "127.0.0.1" : "", address, token);
}

int up_tell_http(struct client *client, const char *address)
{
    struct secret secret;
    int count = count_tokens(client);
    if (count < 0)
        return CLI_FAILED;
    if (count > 0 || !is_loopback(address)) {
        printf(count > 0
                   ? "HTTP: POST /v1/issues on %s, with a token (`tocsin token list`)\n\n"
                   : "HTTP: %s opens with the first token: tocsin token add --source SOURCE\n\n",
               address);
        return CLI_DONE;
    }
    if (sodium_init() < 0)
        return CLI_FAILED;
    secret_make(&secret);
    int code = add_token(client, &secret);
    /* Once intake answers again, its edge has seen the token and listens. */
    if (code == CLI_DONE && count_tokens(client) < 0)
        code = CLI_FAILED;
    if (code == CLI_DONE)
        print_curl(address, secret.text);
    secret_forget(&secret);
    return code;
}
