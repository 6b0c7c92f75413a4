#include "services/cli/subscribe/subscribe.h"

#include "common/secret_file.h"
#include "services/cli/commands.h"

#include <sodium.h>
#include <stdlib.h>

#define SECRETS_MAX   4
#define SECRET_MAX    100 /* bytes of a line of the secret file */
#define KEY_BYTES     32  /* of a secret that is made here */
#define URL_MAX       800
#define AUTH_MAX      1000
#define SEALED_MAX    1248 /* as intake takes it */
#define FILTER_VALUES 32

/* What is sealed, and how it came to be. */
struct secrets {
    char lines[SECRETS_MAX][SECRET_MAX];
    char auth[AUTH_MAX + 1];
    size_t count;
    bool made;
    uint8_t sealed[SEALED_MAX];
    size_t sealed_size;
};

/* --- secrets -------------------------------------------------------------------------------- */

static void make_secret(struct secrets *secrets)
{
    uint8_t key[KEY_BYTES];
    char base64[sodium_base64_ENCODED_LEN(KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    randombytes_buf(key, sizeof(key));
    sodium_bin2base64(base64, sizeof(base64), key, sizeof(key), sodium_base64_VARIANT_ORIGINAL);
    snprintf(secrets->lines[0], SECRET_MAX, "whsec_%s", base64);
    sodium_memzero(key, sizeof(key));
    sodium_memzero(base64, sizeof(base64));
    secrets->count = 1;
    secrets->made = true;
}

/* Takes the next line off `rest`, blank ones and those that begin with '#' aside. */
static bool next_line(struct toc_str *rest, struct toc_str *out)
{
    while (rest->size > 0) {
        const char *end = memchr(rest->data, '\n', rest->size);
        struct toc_str line = *rest;
        line.size = end != NULL ? (size_t)(end - rest->data) : rest->size;
        *rest = toc_str_from(*rest, end != NULL ? line.size + 1 : line.size);
        while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) != NULL)
            line.size--;
        if (line.size > 0 && line.data[0] != '#') {
            *out = line;
            return true;
        }
    }
    return false;
}

static int read_file(const struct view *view, const char *option, const char *file, char *out,
                     size_t size, struct toc_str *text)
{
    const char *why = NULL;
    ssize_t got = toc_secret_read(file, out, size, &why);
    if (got < 0) {
        fprintf(stderr, "%s: %s: the secret file %s %s\n", view->who, option, file, why);
        return CLI_FAILED;
    }
    *text = toc_str(out, (size_t)got);
    return CLI_DONE;
}

static int read_secrets(const struct view *view, const char *file, struct secrets *secrets)
{
    char bytes[SECRETS_MAX * SECRET_MAX];
    struct toc_str text, line;
    int code = read_file(view, "--secret-file", file, bytes, sizeof(bytes), &text);
    while (code == CLI_DONE && next_line(&text, &line)) {
        if (secrets->count == SECRETS_MAX || line.size >= SECRET_MAX ||
            !toc_str_starts(line, TOC_STR("whsec_"))) {
            fprintf(stderr, "%s: --secret-file: up to 4 lines, each whsec_ and base64\n",
                    view->who);
            code = CLI_FAILED;
        } else {
            toc_str_copy(secrets->lines[secrets->count++], SECRET_MAX, line);
        }
    }
    if (code == CLI_DONE && secrets->count == 0) {
        fprintf(stderr, "%s: --secret-file: %s has no secret in it\n", view->who, file);
        code = CLI_FAILED;
    }
    sodium_memzero(bytes, sizeof(bytes));
    return code;
}

static int read_auth(const struct view *view, const char *file, struct secrets *secrets)
{
    char bytes[AUTH_MAX + 1];
    struct toc_str text, line;
    int code = read_file(view, "--auth-file", file, bytes, sizeof(bytes), &text);
    if (code == CLI_DONE && !next_line(&text, &line)) {
        fprintf(stderr, "%s: --auth-file: %s is empty\n", view->who, file);
        code = CLI_FAILED;
    }
    if (code == CLI_DONE)
        toc_str_copy(secrets->auth, sizeof(secrets->auth), line);
    sodium_memzero(bytes, sizeof(bytes));
    return code;
}

/* --- sealing -------------------------------------------------------------------------------- */

struct sealing {
    struct secrets *secrets;
    struct toc_str packed;
    bool done;
};

static bool see_key(void *arg, struct toc_str key)
{
    struct sealing *sealing = arg;
    size_t size = sealing->packed.size + crypto_box_SEALBYTES;
    sealing->done = key.size == crypto_box_PUBLICKEYBYTES && size <= SEALED_MAX &&
                    crypto_box_seal(sealing->secrets->sealed, (const uint8_t *)sealing->packed.data,
                                    sealing->packed.size, (const uint8_t *)key.data) == 0;
    sealing->secrets->sealed_size = size;
    return false;
}

static int seal_packed(struct view *view, struct sealing *sealing)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    ask.what = TOCSIN__V1__ASK__WHAT__SEAL_KEY;
    if (client_ask(view->client, "outcomes", &ask, see_key, sealing) != TOC_OK)
        return client_fail(view->client);
    if (sealing->done)
        return CLI_DONE;
    fprintf(stderr, "%s: address and login are too long together: 1,100 bytes\n", view->who);
    return CLI_FAILED;
}

/* Only outcomes opens it: it lies in the log, which others read. */
static int seal(struct view *view, const char *url, struct secrets *secrets)
{
    Tocsin__V1__SubscriptionSecret body = TOCSIN__V1__SUBSCRIPTION_SECRET__INIT;
    struct sealing sealing = {.secrets = secrets};
    uint8_t packed[SECRETS_MAX * SECRET_MAX + AUTH_MAX + URL_MAX + 64];
    char *list[SECRETS_MAX];
    for (size_t i = 0; i < secrets->count; i++)
        list[i] = secrets->lines[i];
    body.url = toc_wire_text(url);
    body.secrets = list;
    body.n_secrets = secrets->count;
    body.auth = secrets->auth;
    TOC_ASSERT(tocsin__v1__subscription_secret__get_packed_size(&body) <= sizeof(packed));
    sealing.packed = toc_str(packed, tocsin__v1__subscription_secret__pack(&body, packed));
    int code = seal_packed(view, &sealing);
    sodium_memzero(packed, sizeof(packed));
    return code;
}

/* --- the filter ----------------------------------------------------------------------------- */

struct filter {
    Tocsin__V1__OutcomeType types[FILTER_VALUES];
    char *queues[FILTER_VALUES], *lines_of_business[FILTER_VALUES];
};

static bool read_type(const char *text, Tocsin__V1__Subscription *body)
{
    for (unsigned type = 1; type < TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST; type++)
        if (strcmp(text, toc_outcome_name(type)) == 0) {
            body->types[body->n_types++] = (Tocsin__V1__OutcomeType)type;
            return true;
        }
    return false;
}

static bool read_test(const char *text, Tocsin__V1__Subscription *body)
{
    static const char *const words[] = {"included", "left_out", "alone"};
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, words[i]) == 0) {
            body->test_issues = (Tocsin__V1__Subscription__TestIssues)i;
            return true;
        }
    return false;
}

static bool read_one(const char *text, Tocsin__V1__Subscription *body)
{
    const char *value = strchr(text, '=');
    size_t size = value != NULL ? (size_t)(value++ - text) : 0;
    struct toc_str key = toc_str(text, size);
    if (size == 0 || value[0] == '\0')
        return false;
    if (toc_str_equal(key, TOC_STR("type")))
        return read_type(value, body);
    if (toc_str_equal(key, TOC_STR("test")))
        return read_test(value, body);
    if (toc_str_equal(key, TOC_STR("source")) && body->source[0] == '\0')
        body->source = toc_wire_text(value);
    else if (toc_str_equal(key, TOC_STR("queue")))
        body->queues[body->n_queues++] = toc_wire_text(value);
    else if (toc_str_equal(key, TOC_STR("line_of_business")))
        body->lines_of_business[body->n_lines_of_business++] = toc_wire_text(value);
    else
        return false;
    return true;
}

static int read_filter(const struct view *view, const struct toc_conf_list *filter,
                       Tocsin__V1__Subscription *body)
{
    _Static_assert(FILTER_VALUES >= TOC_CONF_LIST_MAX, "they fit");
    for (size_t i = 0; i < filter->count; i++) {
        if (read_one(filter->values[i], body))
            continue;
        fprintf(stderr,
                "%s: --filter: '%s' is none of type=OUTCOME, source=SOURCE (once), queue=QUEUE, "
                "line_of_business=NAME, test=included|left_out|alone; an outcome is routed, "
                "classified, escalated, solved, reopened, closed, merged, warned, breached, met or "
                "corrected\n",
                view->who, filter->values[i]);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

/* --- the address ---------------------------------------------------------------------------- */

/* Scheme and host, which everybody may see; the rest is often a secret. */
static int read_receiver(const struct view *view, const char *url, char out[256])
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    size_t host = scheme > 0 ? strcspn(url + scheme, "/?#") : 0;
    const char *wrong = NULL;
    if (scheme == 0 || host == 0)
        wrong = "has to be an address as https://shop.example/hooks";
    else if (memchr(url + scheme, '@', host) != NULL)
        wrong = "has a login in it: give that by --auth-file";
    else if (strlen(url) > URL_MAX || scheme + host > 200)
        wrong = "is too long";
    if (wrong != NULL) {
        fprintf(stderr, "%s: --url %s\n", view->who, wrong);
        return CLI_USAGE;
    }
    toc_str_copy(out, 256, toc_str(url, scheme + host));
    return CLI_DONE;
}

/* --- adding --------------------------------------------------------------------------------- */

static void tell(const struct view *view, const char *id, const struct secrets *secrets)
{
    if (view->json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "subscription", id);
        if (secrets->made)
            print_json_text(&json, "secret", secrets->lines[0]);
        print_json_close(&json);
        return;
    }
    if (!secrets->made) {
        printf("%s\n", id);
        return;
    }
    printf("%s %s\n", id, secrets->lines[0]);
    fflush(stdout);
    /* Beside it, so that standard output is the two and nothing else. */
    fprintf(stderr,
            "subscription %s, and the secret that its webhooks are signed with: this is "
            "shown once\n",
            id);
}

static void make_id(char out[16])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < 8; i++)
        out[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
    out[8] = '\0';
}

static int prepare(struct view *view, const struct subscribe_wanted *wanted,
                   struct secrets *secrets)
{
    int code = CLI_DONE;
    if (wanted->secret_file != NULL)
        code = read_secrets(view, wanted->secret_file, secrets);
    else if (wanted->mapping == NULL)
        make_secret(secrets); /* ticket tools check a login instead */
    if (code == CLI_DONE && wanted->auth_file != NULL)
        code = read_auth(view, wanted->auth_file, secrets);
    return code == CLI_DONE ? seal(view, wanted->url, secrets) : code;
}

static int add(struct view *view, const struct subscribe_wanted *wanted, struct secrets *secrets)
{
    Tocsin__V1__Subscription body = TOCSIN__V1__SUBSCRIPTION__INIT;
    struct filter filter;
    char receiver[256], id[16];
    make_id(id);
    body.types = filter.types;
    body.queues = filter.queues;
    body.lines_of_business = filter.lines_of_business;
    int code = read_filter(view, wanted->filter, &body);
    if (code == CLI_DONE)
        code = read_receiver(view, wanted->url, receiver);
    if (code == CLI_DONE)
        code = prepare(view, wanted, secrets);
    if (code != CLI_DONE)
        return code;
    body.subscription = toc_wire_text(wanted->id != NULL ? wanted->id : id);
    body.receiver = receiver;
    body.mapping = toc_wire_text(wanted->mapping != NULL ? wanted->mapping : "");
    body.handshake = wanted->handshake;
    body.from_seq = (uint64_t)wanted->from_seq;
    body.since_ms = wanted->since_ms;
    body.by = toc_wire_text(wanted->by);
    body.sealed = toc_wire_binary(toc_str(secrets->sealed, secrets->sealed_size));
    code = subscribe_publish(view, "added", &body);
    if (code == CLI_DONE)
        tell(view, body.subscription, secrets);
    return code;
}

int subscribe_add(struct view *view, const struct subscribe_wanted *wanted)
{
    struct secrets secrets = {0};
    int code = add(view, wanted, &secrets);
    sodium_memzero(&secrets, sizeof(secrets));
    return code;
}
