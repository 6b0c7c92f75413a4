#include "services/cli/client_internal.h"

#include "services/cli/commands.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/un.h>
#include <time.h>

#define ARENA_BYTES    (8 * TOC_FRAME_MAX)
#define SEND_RETRY_MS  10 /* between two tries while there is no connection yet */
#define HELLO_RETRY_MS 500

static_assert(sizeof(((struct sockaddr_un *)NULL)->sun_path) == 108, "the limit that is told");
#define UNIX_PATH_MAX_BYTES 107

/* --- interrupts and time ---------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = 1;
    signal(number, SIG_DFL);
}

void client_catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool client_interrupted(void)
{
    return interrupted != 0;
}

void client_interrupt_handled(void)
{
    interrupted = 0;
}

toc_time_ms client_mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (toc_time_ms)now.tv_sec * TOC_SECOND_MS + now.tv_nsec / 1000000;
}

/* --- errors ----------------------------------------------------------------------------- */

enum toc_err client_failure(struct client *client, enum toc_err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(client->error, sizeof(client->error), format, args);
    va_end(args);
    return err;
}

const char *client_error(const struct client *client)
{
    return client->error;
}

unsigned client_reason(const struct client *client)
{
    return client->reason;
}

int client_fail(const struct client *client)
{
    fprintf(stderr, "%s: %s\n", client->who, client->error);
    return CLI_FAILED;
}

enum toc_err client_refused(struct client *client, const struct client_peer *peer,
                            struct toc_str body)
{
    Tocsin__V1__Refuse *refuse;
    if (client_unpack(client, &tocsin__v1__refuse__descriptor, body, &refuse) < 0)
        return client_failure(client, TOC_ERR_GONE, "%s at %s sent something unreadable",
                              peer->name, peer->endpoint);
    client->reason = (unsigned)refuse->reason;
    return client_failure(client, TOC_NONE, "%s refused (%s): %s", peer->name,
                          toc_refuse_name(client->reason), refuse->detail);
}

/* --- opening ---------------------------------------------------------------------------- */

static uint64_t random_number(void)
{
    uint64_t number;
    /* Only has to differ between processes; it protects nothing. */
    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        number = (uint64_t)client_mono_ms();
    return number;
}

enum toc_err client_open(const struct client_config *config, const char *who, struct client **out)
{
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        return TOC_ERR_MEMORY;
    client->config = config;
    client->who = who;
    client->tag = random_number() >> 16; /* room to count up */
    client->out = malloc(TOC_FRAME_MAX);
    enum toc_err err = client->out == NULL ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK)
        err = toc_arena_init(&client->arena, ARENA_BYTES);
    if (err == TOC_OK)
        err = toc_link_open(NULL, &client->link);
    if (err < 0) {
        client_close(client);
        return err;
    }
    *out = client;
    return TOC_OK;
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    toc_link_close(client->link);
    toc_arena_done(&client->arena);
    free(client->out);
    free(client);
}

/* --- endpoints -------------------------------------------------------------------------- */

static const char *given_endpoint(const struct client_config *config, const char *service)
{
    size_t size = strlen(service);
    for (size_t i = 0; i < config->at.count; i++)
        if (strncmp(config->at.values[i], service, size) == 0 && config->at.values[i][size] == '=')
            return config->at.values[i] + size + 1;
    return NULL;
}

static enum toc_err find_endpoint(struct client *client, const char *service,
                                  char out[CLIENT_ENDPOINT_MAX])
{
    const char *given = given_endpoint(client->config, service);
    int size = given != NULL ? snprintf(out, CLIENT_ENDPOINT_MAX, "%s", given)
                             : snprintf(out, CLIENT_ENDPOINT_MAX, "ipc://%s/run/%s.sock",
                                        client->config->data_dir, service);
    if (size < 0 || size >= CLIENT_ENDPOINT_MAX)
        return client_failure(client, TOC_ERR_CONFIG, "the endpoint of %s is too long", service);
    if (strncmp(out, "ipc://", 6) == 0 && size - 6 > UNIX_PATH_MAX_BYTES)
        return client_failure(client, TOC_ERR_CONFIG,
                              "%s: a socket's path may have %d bytes, this one has %d; use a "
                              "shorter --data",
                              out, UNIX_PATH_MAX_BYTES, size - 6);
    return TOC_OK;
}

/* TOC_NONE when the service has not been connected to. */
static enum toc_err known_peer(struct client *client, const char *service, struct client_peer **out)
{
    for (size_t i = 0; i < client->peer_count; i++) {
        if (strcmp(client->peers[i].name, service) == 0) {
            *out = &client->peers[i];
            return TOC_OK;
        }
    }
    return TOC_NONE;
}

static enum toc_err new_peer(struct client *client, const char *service, struct client_peer **out)
{
    struct client_peer *peer = &client->peers[client->peer_count];
    if (client->peer_count == CLIENT_SERVICES_MAX || strlen(service) >= CLIENT_NAME_MAX)
        return client_failure(client, TOC_ERR_LIMIT, "'%s': too many services, or no name of one",
                              service);
    *peer = (struct client_peer){.peer = 0};
    TOC_TRY(find_endpoint(client, service, peer->endpoint));
    enum toc_err err = toc_link_connect(client->link, peer->endpoint, &peer->peer);
    if (err < 0)
        return client_failure(client, err, "'%s' is no endpoint: use ipc://PATH or tcp://HOST:PORT",
                              peer->endpoint);
    toc_str_copy(peer->name, sizeof(peer->name), toc_str_of(service));
    client->peer_count++;
    *out = peer;
    return TOC_OK;
}

/* --- frames ----------------------------------------------------------------------------- */

enum toc_err client_send(struct client *client, const struct client_peer *peer,
                         Tocsin__V1__Frame *frame)
{
    frame->version = TOC_WIRE_VERSION;
    size_t size = tocsin__v1__frame__get_packed_size(frame);
    if (size > TOC_FRAME_MAX)
        return client_failure(client, TOC_ERR_LIMIT, "too much for one frame");
    tocsin__v1__frame__pack(frame, client->out);
    return toc_link_send(client->link, peer->peer, toc_str(client->out, size));
}

static bool read_frame(struct toc_str bytes, struct client_frame *out)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    enum toc_err err;
    *out = (struct client_frame){0};
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number >= TOCSIN__V1__FRAME__KIND_HELLO &&
            field.number <= TOCSIN__V1__FRAME__KIND_REFUSE && field.wire_type == 2)
            *out = (struct client_frame){field.number, field.bytes};
    }
    return err == TOC_NONE && out->kind != 0;
}

enum toc_err client_receive(struct client *client, const struct client_peer *peer,
                            toc_time_ms deadline_ms, struct client_frame *out)
{
    struct toc_str bytes;
    toc_peer from;
    for (;;) {
        enum toc_err err = toc_link_receive(client->link, &from, &bytes);
        if (err == TOC_OK) {
            if (from == peer->peer && read_frame(bytes, out))
                return TOC_OK;
            continue;
        }
        if (err != TOC_ERR_AGAIN)
            return client_failure(client, err, "%s: %s", peer->endpoint, toc_err_text(err));
        if (client_interrupted())
            return client_failure(client, TOC_ERR_AGAIN, "interrupted");
        toc_time_ms left = deadline_ms - client_mono_ms();
        if (left <= 0)
            return TOC_NONE;
        toc_link_wait(client->link, left);
    }
}

enum toc_err client_unpack(struct client *client, const ProtobufCMessageDescriptor *type,
                           struct toc_str body, void *out)
{
    toc_arena_reset(&client->arena, 0);
    return toc_wire_unpack(&client->arena, type, body, out);
}

/* --- hello ------------------------------------------------------------------------------ */

static enum toc_err send_hello(struct client *client, const struct client_peer *peer)
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    hello.min_version = TOC_WIRE_VERSION;
    hello.max_version = TOC_WIRE_VERSION;
    hello.session = ++client->tag;
    hello.name = toc_wire_text(client->who);
    frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    frame.hello = &hello;
    return client_send(client, peer, &frame);
}

static enum toc_err nobody(struct client *client, const struct client_peer *peer)
{
    return client_failure(client, TOC_ERR_GONE, "no %s at %s: is `tocsin up` running?", peer->name,
                          peer->endpoint);
}

static enum toc_err on_hello(struct client *client, struct client_peer *peer, struct toc_str body)
{
    Tocsin__V1__Hello *hello;
    if (client_unpack(client, &tocsin__v1__hello__descriptor, body, &hello) < 0)
        return client_failure(client, TOC_ERR_GONE, "%s does not speak to tocsin", peer->endpoint);
    peer->greeted = true;
    peer->said = (struct client_service){hello->log_id, hello->first_seq, hello->last_seq};
    return TOC_OK;
}

static enum toc_err greet(struct client *client, struct client_peer *peer, toc_time_ms timeout_ms)
{
    toc_time_ms end = client_mono_ms() + timeout_ms;
    struct client_frame frame;
    for (;;) {
        toc_time_ms now = client_mono_ms(), wait = SEND_RETRY_MS;
        if (now >= end)
            return nobody(client, peer);
        if (send_hello(client, peer) == TOC_OK)
            wait = HELLO_RETRY_MS;
        toc_time_ms until = now + wait < end ? now + wait : end;
        enum toc_err err;
        while ((err = client_receive(client, peer, until, &frame)) == TOC_OK) {
            if (frame.kind == TOCSIN__V1__FRAME__KIND_HELLO)
                return on_hello(client, peer, frame.body);
            if (frame.kind == TOCSIN__V1__FRAME__KIND_REFUSE)
                return client_refused(client, peer, frame.body);
        }
        TOC_TRY(err);
    }
}

enum toc_err client_connect(struct client *client, const char *service, toc_time_ms timeout_ms,
                            struct client_peer **out)
{
    struct client_peer *peer;
    client->reason = 0;
    if (known_peer(client, service, &peer) == TOC_NONE)
        TOC_TRY(new_peer(client, service, &peer));
    if (!peer->greeted) {
        enum toc_err err = greet(client, peer, timeout_ms);
        if (err != TOC_OK)
            return err;
    }
    *out = peer;
    return TOC_OK;
}

enum toc_err client_hello(struct client *client, const char *service, toc_time_ms timeout_ms,
                          struct client_service *out)
{
    struct client_peer *peer;
    if (known_peer(client, service, &peer) == TOC_OK)
        peer->greeted = false; /* who asks wants to know what is there now */
    enum toc_err err = client_connect(client, service, timeout_ms, &peer);
    if (err == TOC_OK && out != NULL)
        *out = peer->said;
    return err;
}

/* --- asking ----------------------------------------------------------------------------- */

static enum toc_err no_answer(struct client *client, const struct client_peer *peer)
{
    return client_failure(client, TOC_ERR_GONE, "%s at %s does not answer", peer->name,
                          peer->endpoint);
}

/* Sends the question until an answer with its tag is there; `*out` lives in the arena. */
static enum toc_err ask_once(struct client *client, struct client_peer *peer, Tocsin__V1__Ask *ask,
                             Tocsin__V1__Answer **out)
{
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    struct client_frame in;
    toc_time_ms end = client_mono_ms() + CLIENT_ANSWER_MS;
    ask->tag = ++client->tag;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_ASK;
    frame.ask = ask;
    while (client_mono_ms() < end) {
        enum toc_err err = client_send(client, peer, &frame);
        if (err < 0 && err != TOC_ERR_AGAIN)
            return err;
        toc_time_ms until = client_mono_ms() + (err < 0 ? SEND_RETRY_MS : CLIENT_RETRY_MS);
        while ((err = client_receive(client, peer, until, &in)) == TOC_OK) {
            if (in.kind == TOCSIN__V1__FRAME__KIND_REFUSE)
                return client_refused(client, peer, in.body);
            if (in.kind == TOCSIN__V1__FRAME__KIND_ANSWER &&
                client_unpack(client, &tocsin__v1__answer__descriptor, in.body, out) == TOC_OK &&
                (*out)->tag == ask->tag)
                return TOC_OK;
        }
        TOC_TRY(err);
    }
    return no_answer(client, peer);
}

static enum toc_err answer_refused(struct client *client, const struct client_peer *peer,
                                   const Tocsin__V1__Answer *answer)
{
    client->reason = (unsigned)answer->reason;
    return client_failure(client, TOC_NONE, "%s refused (%s): %s", peer->name,
                          toc_refuse_name(client->reason), answer->detail);
}

enum toc_err client_ask(struct client *client, const char *service, Tocsin__V1__Ask *ask,
                        client_row_fn on_row, void *arg)
{
    struct client_peer *peer;
    uint8_t after[TOC_EVENT_MAX];
    uint64_t left = ask->limit != 0 ? ask->limit : UINT64_MAX;
    enum toc_err err = client_connect(client, service, CLIENT_HELLO_MS, &peer);
    if (err != TOC_OK)
        return err;
    for (;;) {
        Tocsin__V1__Answer *answer;
        err = ask_once(client, peer, ask, &answer);
        if (err != TOC_OK)
            return err;
        if (answer->reason != 0)
            return answer_refused(client, peer, answer);
        /* The arena is reused by what on_row may do with this client: it must not ask. */
        for (size_t i = 0; i < answer->n_rows && left > 0; i++, left--)
            if (!on_row(arg, toc_wire_bytes(&answer->rows[i])))
                return TOC_OK;
        if (answer->next.len == 0 || left == 0)
            return TOC_OK;
        if (answer->next.len > sizeof(after))
            return client_failure(client, TOC_ERR_GONE, "%s sent something unreadable", peer->name);
        memcpy(after, answer->next.data, answer->next.len);
        ask->after = toc_wire_binary(toc_str(after, answer->next.len));
        if (ask->limit != 0)
            ask->limit = (uint32_t)left;
    }
}
