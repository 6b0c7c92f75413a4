#include "services/intake/edge/edge.h"

#include "common/link_zmq.h"
#include "common/log.h"
#include "services/intake/edge/access.h"
#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/openapi.h"
#include "services/intake/edge/reply.h"
#include "services/intake/edge/webhook.h"
#include "services/intake/intake.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BODY_MAX      ((size_t)4 << 20)
#define CONNECT_PATH  "/v1/connect/"
#define ORIGIN_MAX    256
#define SCRATCH_BYTES ((size_t)512 * 1024) /* of one event, many times over */
#define FRAME_BYTES                                                                                \
    (CLOUDEVENTS_BATCH_MAX * (TOC_EVENT_MAX + TOC_WIRE_FIELD_OVERHEAD) +                           \
     4 * TOC_WIRE_FIELD_OVERHEAD)
static_assert(FRAME_BYTES <= TOC_FRAME_MAX, "a request is one frame");

/* A request that waits for the receipt of its events. */
struct pending {
    struct toc_http_exchange *exchange;
    struct toc_pool pool; /* what the events are made of */
    struct cloudevents events;
    struct pending *next_free;
};

struct edge {
    const struct edge_config *config;
    struct uv_loop_s *loop;
    struct toc_run *run;
    struct toc_http *http; /* NULL until there is a token */
    struct access *access;
    uint64_t tokens_kept;    /* as of the last access_load */
    struct pending *pending; /* one per connection: each has one request in hand */
    struct pending *free;
    struct toc_arena scratch;
    uint8_t *frame;
};

static const struct edge_config *configured;

void edge_configure(const struct edge_config *config)
{
    configured = config;
}

/* A run that fails has said nothing to anybody, and nothing may be acknowledged any more. */
static _Noreturn void give_up(enum toc_err err, const char *what)
{
    toc_log(TOC_LOG_ALARM, "failed", "at=%s why=\"%s\"", what, toc_err_text(err));
    _exit(1);
}

/* --- answers ---------------------------------------------------------------------------------- */

static const struct toc_http_field retry_soon = {"Retry-After", "1"};

static void answer_problem(struct toc_http_exchange *exchange, int status, const char *detail,
                           const struct toc_http_field *field)
{
    struct toc_http_response response = {.status = status,
                                         .content_type = REPLY_PROBLEM_TYPE,
                                         .fields = field,
                                         .field_count = field != NULL};
    response.body = reply_problem(status, detail, &response.body_size);
    toc_http_respond(exchange, &response);
}

static void answer_constant(struct toc_http_exchange *exchange, const char *type,
                            struct toc_str text)
{
    struct toc_http_response response = {.status = 200, .content_type = type};
    response.body = malloc(text.size + 1);
    response.body_size = text.size;
    if (response.body != NULL)
        memcpy(response.body, text.data, text.size);
    toc_http_respond(exchange, &response);
}

/* Of a batch: what all came to, or that they differ. */
static int status_of_all(const struct reply_item *items, size_t count)
{
    int status = items[0].status;
    for (size_t i = 1; i < count; i++) {
        bool good = status < 300 && items[i].status < 300;
        if (items[i].status != status)
            status = good ? 202 : 207;
        if (status == 207)
            break;
    }
    return status;
}

/* The one that decides what a sender does who looks at the status alone: 503, which is tried again,
 * then what is refused, then what is new. */
static const struct reply_item *worst_of(const struct reply_item *items, size_t count)
{
    const struct reply_item *worst = &items[0];
    for (size_t i = 1; i < count; i++)
        if (worst->status != 503 && (items[i].status == 503 || worst->status < 300) &&
            items[i].status > worst->status)
            worst = &items[i];
    return worst;
}

/* `receipt` has an outcome for each event that was sent, in order; NULL when none was. */
static void answer_events(struct toc_http_exchange *exchange, const struct cloudevents *events,
                          const Tocsin__V1__Receipt *receipt)
{
    static struct reply_item items[CLOUDEVENTS_BATCH_MAX];
    struct toc_http_response response = {.status = 200};
    size_t at = 0;
    TOC_ASSERT(events->count <= CLOUDEVENTS_BATCH_MAX);
    for (size_t i = 0; i < events->count; i++) {
        const struct cloudevent *event = &events->items[i];
        items[i] =
            (struct reply_item){event->status, event->id, event->source, event->problem, NULL};
        if (event->problem != NULL)
            continue;
        TOC_ASSERT(receipt != NULL && at < receipt->n_outcomes);
        items[i].outcome = receipt->outcomes[at++];
        items[i].status = reply_status_of(items[i].outcome);
        if (items[i].status >= 300)
            items[i].detail = items[i].outcome->detail;
    }
    const struct reply_item *worst = events->strict ? worst_of(items, events->count) : &items[0];
    if (events->count > 0)
        response.status = events->strict ? worst->status : status_of_all(items, events->count);
    bool many = events->batch && !(events->strict && response.status >= 300);
    response.content_type = !many && response.status >= 300 ? REPLY_PROBLEM_TYPE : REPLY_JSON_TYPE;
    response.body = many ? reply_many(items, events->count, &response.body_size)
                         : reply_one(worst, &response.body_size);
    response.fields = &retry_soon;
    response.field_count = response.status == 503;
    toc_http_respond(exchange, &response);
}

/* --- to the run and back ---------------------------------------------------------------------- */

/* A Publish of the events that are some; its length is known when it is written, so its frame's
 * head is put before it last. */
static struct toc_str write_frame(struct edge *edge, const struct cloudevents *events, uint64_t tag)
{
    uint8_t head[2 * TOC_WIRE_FIELD_OVERHEAD], *head_end;
    uint8_t *body = edge->frame + sizeof(head), *end = toc_wire_put_varint(body, 1, tag);
    for (size_t i = 0; i < events->count; i++)
        if (events->items[i].problem == NULL)
            end = toc_wire_put_bytes(end, 2, events->items[i].packed);
    head_end = toc_wire_put_varint(head, 1, TOC_WIRE_VERSION);
    head_end = toc_wire_put_length(head_end, TOCSIN__V1__FRAME__KIND_PUBLISH, (size_t)(end - body));
    size_t head_size = (size_t)(head_end - head);
    memcpy(body - head_size, head, head_size);
    return toc_str(body - head_size, (size_t)(end - body) + head_size);
}

/* Takes the events over and answers when they are committed. */
static void submit(struct edge *edge, struct pending *pending)
{
    struct toc_now now = toc_program_now();
    struct toc_str frame = write_frame(edge, &pending->events, (uint64_t)(pending - edge->pending));
    enum toc_err err = TOC_OK;
    if (toc_run_is_full(edge->run))
        err = toc_run_commit(edge->run, now);
    if (err == TOC_OK)
        err = toc_run_frame(edge->run, TOC_PEER_INSIDE, frame, now);
    if (err < 0)
        give_up(err, "submit");
}

static void drop(struct edge *edge, struct pending *pending)
{
    toc_pool_done(&pending->pool);
    pending->exchange = NULL;
    pending->next_free = edge->free;
    edge->free = pending;
}

/* From within the commit that made the events durable, or told that the store is full. */
static void on_frame(void *self, struct toc_str bytes)
{
    struct edge *edge = self;
    Tocsin__V1__Frame *frame;
    toc_arena_reset(&edge->scratch, 0);
    if (toc_wire_unpack(&edge->scratch, &tocsin__v1__frame__descriptor, bytes, &frame) < 0)
        give_up(TOC_ERR_LIMIT, "receipt");
    TOC_ASSERT(frame->kind_case == TOCSIN__V1__FRAME__KIND_RECEIPT);
    TOC_ASSERT(frame->receipt->tag <= edge->config->connections_max);
    struct pending *pending = &edge->pending[frame->receipt->tag];
    answer_events(pending->exchange, &pending->events, frame->receipt);
    drop(edge, pending);
}

/* --- requests --------------------------------------------------------------------------------- */

static void judge(void *self, struct cloudevent *item)
{
    item->problem = access_judge(self, item->event);
    item->status = item->problem != NULL ? 403 : 0;
}

static bool has_any_good(const struct cloudevents *events)
{
    for (size_t i = 0; i < events->count; i++)
        if (events->items[i].problem == NULL)
            return true;
    return false;
}

static void answer_too_fast(struct toc_http_exchange *exchange, toc_time_ms wait_ms)
{
    char seconds[24];
    const struct toc_http_field field = {"Retry-After", seconds};
    snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait_ms + 999) / 1000);
    answer_problem(exchange, 429, "faster than the token's rate", &field);
}

static struct pending *begin(struct edge *edge, struct toc_http_exchange *exchange)
{
    struct pending *pending = edge->free;
    TOC_ASSERT(pending != NULL);
    edge->free = pending->next_free;
    *pending = (struct pending){.exchange = exchange};
    return pending;
}

/* What a request was read as: answers what is refused, and hands on what is not. `status` is not 0
 * when the whole is refused. */
static void settle(struct edge *edge, struct pending *pending, int status, const char *why)
{
    if (status != 0) {
        answer_problem(pending->exchange, status, why, status == 503 ? &retry_soon : NULL);
        drop(edge, pending);
        return;
    }
    if (!has_any_good(&pending->events)) {
        answer_events(pending->exchange, &pending->events, NULL);
        drop(edge, pending);
        return;
    }
    submit(edge, pending);
}

static void read_events(struct edge *edge, struct access_right *right, struct pending *pending,
                        const struct toc_http_request *request)
{
    char why[TOC_EVENT_JSON_ERROR_MAX];
    int status = cloudevents_read(&pending->pool, &edge->scratch, request, judge, right,
                                  &pending->events, why);
    access_take(right, pending->events.count > 0 ? pending->events.count : 1);
    settle(edge, pending, status, why);
}

static bool find_right(struct edge *edge, const struct toc_http_request *request,
                       struct access_right *out, int *status, const char **why)
{
    uint8_t peer[16];
    peer_of(&edge->config->proxies, request, peer);
    return access_find(edge->access, toc_http_field(request, "authorization"), peer,
                       toc_program_now().wall_ms, out, status, why);
}

static void post_events(struct edge *edge, struct toc_http_exchange *exchange,
                        const struct toc_http_request *request)
{
    static const struct toc_http_field challenge = {"WWW-Authenticate", "Bearer realm=\"tocsin\""};
    const char *why;
    int status;
    struct access_right right;
    toc_time_ms wait_ms;
    if (!find_right(edge, request, &right, &status, &why)) {
        answer_problem(exchange, status, why, status == 401 ? &challenge : NULL);
        return;
    }
    wait_ms = access_wait(&right, toc_program_now().mono_ms);
    if (wait_ms > 0) {
        answer_too_fast(exchange, wait_ms);
        return;
    }
    read_events(edge, &right, begin(edge, exchange), request);
}

/* Whose webhook a path below CONNECT_PATH is for; NULL: nobody's. */
static const struct connector *connector_at(const struct edge *edge, struct toc_str path)
{
    return connectors_find(&edge->config->connectors, toc_str_from(path, sizeof(CONNECT_PATH) - 1));
}

/* The webhook of another system. */
static void post_webhook(struct edge *edge, struct toc_http_exchange *exchange,
                         const struct toc_http_request *request)
{
    const toc_time_ms wall_ms = toc_program_now().wall_ms;
    char why[TOC_EVENT_JSON_ERROR_MAX];
    struct toc_http_field challenge = {.name = "WWW-Authenticate"};
    const struct connector *connector = connector_at(edge, request->path);
    if (connector == NULL) {
        answer_problem(exchange, 404, "no connector has this name: see --connect", NULL);
        return;
    }
    const char *refusal = connector_verify(connector, request, wall_ms, &challenge.value);
    if (refusal != NULL) {
        answer_problem(exchange, 401, refusal, &challenge);
        return;
    }
    struct pending *pending = begin(edge, exchange);
    int status = webhook_read(connector, &pending->pool, &edge->scratch, request, wall_ms,
                              &pending->events, why);
    settle(edge, pending, status, why);
}

static bool wants_events(struct edge *edge, const struct toc_http_request *request)
{
    struct access_right right;
    const char *why;
    int status;
    return find_right(edge, request, &right, &status, &why) &&
           access_wait(&right, toc_program_now().mono_ms) == 0;
}

static bool wants_webhook(struct edge *edge, const struct toc_http_request *request)
{
    const struct connector *connector = connector_at(edge, request->path);
    const char *challenge;
    return connector != NULL &&
           connector_verify_header(connector, request, toc_program_now().wall_ms, &challenge) ==
               NULL;
}

/* Who may not publish now is told so without a byte of memory for what it has to say. */
static bool wants_body(void *self, const struct toc_http_request *request)
{
    return toc_str_starts(request->path, TOC_STR(CONNECT_PATH)) ? wants_webhook(self, request)
                                                                : wants_events(self, request);
}

/* A domain name, as the specification has it, or a URL; nothing else is said back. */
static bool is_origin(struct toc_str origin)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~:/[]*";
    for (size_t i = 0; i < origin.size; i++)
        if (memchr(allowed, origin.data[i], sizeof(allowed) - 1) == NULL)
            return false;
    return origin.size > 0 && origin.size < ORIGIN_MAX;
}

/* The handshake of the CloudEvents webhook specification, section 4. */
static void options_events(struct edge *edge, struct toc_http_exchange *exchange,
                           const struct toc_http_request *request)
{
    struct toc_str origin = toc_http_field(request, "webhook-request-origin");
    char name[ORIGIN_MAX];
    const struct toc_http_field fields[] = {{"Allow", "POST, OPTIONS"},
                                            {"WebHook-Allowed-Origin", name},
                                            {"WebHook-Allowed-Rate", "*"}};
    struct toc_http_response response = {
        .status = 200, .fields = fields, .field_count = is_origin(origin) ? 3 : 1};
    (void)edge;
    toc_str_copy(name, sizeof(name), origin);
    toc_http_respond(exchange, &response);
}

static void get_openapi(struct edge *edge, struct toc_http_exchange *exchange,
                        const struct toc_http_request *request)
{
    (void)edge;
    (void)request;
    answer_constant(exchange, REPLY_JSON_TYPE, openapi_text());
}

static void get_root(struct edge *edge, struct toc_http_exchange *exchange,
                     const struct toc_http_request *request)
{
    static const char text[] = "Tocsin takes events here: POST /v1/events, CloudEvents 1.0 over "
                               "HTTP with a token.\nThe whole of it: /openapi.json\n";
    (void)edge;
    (void)request;
    answer_constant(exchange, NULL, TOC_STR(text));
}

/* What is served; a path's methods stand together. A path that ends with '/' is followed by a name.
 */
static const struct route {
    const char *method, *path;
    void (*serve)(struct edge *edge, struct toc_http_exchange *exchange,
                  const struct toc_http_request *request);
} routes[] = {
    {"POST", "/v1/events", post_events},
    {"OPTIONS", "/v1/events", options_events},
    {"POST", CONNECT_PATH, post_webhook},
    {"GET", "/openapi.json", get_openapi},
    {"GET", "/", get_root},
};

/* Whether a route is for a path, and for one below it. */
static bool is_for(const struct route *route, struct toc_str path)
{
    struct toc_str own = toc_str_of(route->path);
    bool open = own.size > 1 && own.data[own.size - 1] == '/';
    return open ? path.size > own.size && toc_str_starts(path, own) : toc_str_equal(path, own);
}

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

static bool takes(const struct route *route, struct toc_str method)
{
    return toc_str_equal(method, toc_str_of(route->method)) ||
           (strcmp(route->method, "GET") == 0 && toc_str_equal(method, TOC_STR("HEAD")));
}

static void on_request(void *self, struct toc_http_exchange *exchange,
                       const struct toc_http_request *request)
{
    char allow[64] = "";
    const struct toc_http_field field = {"Allow", allow};
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &routes[i];
        size_t used = strlen(allow);
        if (!is_for(route, request->path))
            continue;
        if (takes(route, request->method)) {
            route->serve(self, exchange, request);
            return;
        }
        snprintf(allow + used, sizeof(allow) - used, "%s%s", used > 0 ? ", " : "", route->method);
    }
    if (allow[0] != '\0')
        answer_problem(exchange, 405, "this path takes other methods: see Allow", &field);
    else
        answer_problem(exchange, 404, "nothing is here: see /openapi.json", NULL);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Reads the tokens when they have changed, and begins to listen when anyone could say anything. */
static enum toc_err follow_tokens(struct edge *edge)
{
    const struct toc_http_config http = {.address = edge->config->address,
                                         .handler = on_request,
                                         .wants_body = wants_body,
                                         .self = edge,
                                         .body_max = BODY_MAX,
                                         .connections_max = edge->config->connections_max,
                                         .per_address_max = edge->config->per_address_max,
                                         .origins = edge->config->origins.values,
                                         .origin_count = edge->config->origins.count};
    edge->tokens_kept = intake_tokens_kept(toc_run_self(edge->run));
    TOC_TRY(access_load(edge->access, edge->run));
    if (edge->http != NULL)
        return TOC_OK;
    if (access_count(edge->access) + edge->config->connectors.count == 0) {
        toc_log(TOC_LOG_INFO, "edge_waits", "http=%s why=\"no token yet: tocsin token add\"",
                edge->config->address);
        return TOC_OK;
    }
    TOC_TRY(toc_http_listen(edge->loop, &http, &edge->http));
    toc_log(TOC_LOG_INFO, "edge_open", "http=%s port=%u tokens=%zu connectors=%zu",
            edge->config->address, toc_http_port(edge->http), access_count(edge->access),
            edge->config->connectors.count);
    return TOC_OK;
}

static void stop(void *self)
{
    struct edge *edge = self;
    toc_http_close(edge->http);
    for (size_t i = 0; edge->pending != NULL && i <= edge->config->connections_max; i++)
        toc_pool_done(&edge->pending[i].pool);
    access_free(edge->access);
    toc_arena_done(&edge->scratch);
    free(edge->pending);
    free(edge->frame);
    free(edge);
}

static enum toc_err set_up(struct edge *edge, struct toc_link *link)
{
    size_t count = (size_t)edge->config->connections_max + 1;
    edge->pending = calloc(count, sizeof(*edge->pending));
    edge->frame = malloc(FRAME_BYTES);
    if (edge->pending == NULL || edge->frame == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = count; i-- > 0;) {
        edge->pending[i].next_free = edge->free;
        edge->free = &edge->pending[i];
    }
    TOC_TRY(toc_arena_init(&edge->scratch, SCRATCH_BYTES + 2 * TOC_FRAME_MAX));
    TOC_TRY(access_new(&edge->config->lock, &edge->access));
    TOC_TRY(json_memory_set_up());
    toc_link_inside(link, on_frame, edge);
    return follow_tokens(edge);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    if (configured->address == NULL)
        return TOC_OK;
    struct edge *edge = calloc(1, sizeof(*edge));
    if (edge == NULL)
        return TOC_ERR_MEMORY;
    edge->config = configured;
    edge->loop = loop;
    edge->run = run;
    enum toc_err err = set_up(edge, link);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "edge_failed", "http=%s why=\"%s\"", configured->address,
                toc_err_text(err));
        stop(edge);
        return err;
    }
    *out_self = edge;
    return TOC_OK;
}

static void after_commit(void *self, struct toc_now now)
{
    struct edge *edge = self;
    (void)now;
    if (edge == NULL || edge->tokens_kept == intake_tokens_kept(toc_run_self(edge->run)))
        return;
    enum toc_err err = follow_tokens(edge);
    if (err < 0)
        give_up(err, "tokens");
}

const struct toc_effects edge_effects = {start, after_commit, stop};
