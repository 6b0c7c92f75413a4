#include "services/notifier/door/door_impl.h"

#include "common/log.h"

#include <stdlib.h>

#define ARENA_BYTES ((size_t)64 * 1024)
#define CONNECTIONS 256
#define PER_ADDRESS 64 /* of them; a proxy in front is one address */
#define LINKS_PATH  "/a/"
#define ALERTS_PATH "/v1/alerts/"

static const struct door_config *configured;

enum toc_err door_configure(const struct door_config *config)
{
    configured = config;
    return config->token_file != NULL ? door_read_tokens(config->token_file) : TOC_OK;
}

/* --- routes ------------------------------------------------------------------------------- */

/* For {…} stands one segment; a path's methods stand together. */
static const struct route {
    const char *prefix;
    unsigned segments; /* behind it */
    const char *method;
    door_serve *serve;
} routes[] = {
    {LINKS_PATH, 1, "GET", door_get_link},
    {LINKS_PATH, 1, "POST", door_post_link},
    {ALERTS_PATH, 1, "GET", door_get_alert},
    {ALERTS_PATH, 2, "POST", door_post_alert},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static bool is_for(const struct route *route, struct door_call *call)
{
    struct toc_str path = call->request->path, prefix = toc_str_of(route->prefix);
    if (!toc_str_starts(path, prefix))
        return false;
    struct toc_str rest = toc_str_from(path, prefix.size);
    const char *slash = rest.size > 0 ? memchr(rest.data, '/', rest.size) : NULL;
    call->first = toc_str(rest.data, slash != NULL ? (size_t)(slash - rest.data) : rest.size);
    call->second = slash != NULL ? toc_str_from(rest, call->first.size + 1) : toc_str(NULL, 0);
    if (call->second.size > 0 && memchr(call->second.data, '/', call->second.size) != NULL)
        return false;
    return call->first.size > 0 && (route->segments == 2) == (call->second.size > 0);
}

/* HEAD is GET without its body, which the server leaves out. */
static bool takes(const struct route *route, struct toc_str method)
{
    return toc_str_equal(method, toc_str_of(route->method)) ||
           (strcmp(route->method, "GET") == 0 && toc_str_equal(method, TOC_STR("HEAD")));
}

static void answer_none(const struct door_call *call, const char *allow)
{
    const struct door_answer answer = {.status = allow != NULL ? 405 : 404,
                                       .detail = allow != NULL ? "this path takes other methods"
                                                               : "nothing is here",
                                       .allow = allow};
    door_answer_json(call->exchange, &answer);
}

static void route_call(struct door_call *call)
{
    const char *allow = NULL;
    for (size_t i = 0; i < ROUTES; i++) {
        const struct route *route = &routes[i];
        if (!is_for(route, call))
            continue;
        if (takes(route, call->request->method)) {
            route->serve(call);
            return;
        }
        allow = strcmp(route->prefix, LINKS_PATH) == 0 ? "GET, HEAD, POST"
                : route->segments == 2                 ? "POST"
                                                       : "GET, HEAD";
    }
    answer_none(call, allow);
}

static void answer_later(const struct door_call *call, int status, toc_time_ms wait_ms,
                         const char *detail)
{
    const struct door_answer answer = {.status = status,
                                       .detail = detail,
                                       .wait_ms = wait_ms,
                                       .reader = door_reader_of(call->door, NULL, call->request)};
    if (door_wants_page(call->request))
        door_answer_page(call->exchange, &answer);
    else
        door_answer_json(call->exchange, &answer);
}

static void on_request(void *self, struct toc_http_exchange *exchange,
                       const struct toc_http_request *request)
{
    struct door *door = self;
    struct door_call call = {.door = door, .exchange = exchange, .request = request};
    uint8_t peer[16];
    toc_http_peer(&door->config->proxies, request, peer);
    toc_time_ms wait_ms = limit_take(&door->limit, peer, toc_program_now().mono_ms);
    toc_arena_reset(&door->arena, 0);
    if (wait_ms > 0) {
        answer_later(&call, 429, wait_ms, "too many requests from this address");
        return;
    }
    if (toc_txn_begin_read(toc_run_store(door->run), &call.txn) < 0) {
        answer_later(&call, 503, TOC_SECOND_MS, "the store cannot be read just now");
        return;
    }
    route_call(&call);
    toc_txn_abort(call.txn);
}

/* Anybody's: a link is known to be one only when it is looked up, and there is room for all. */
static struct toc_http_want wants_body(void *self, const struct toc_http_request *request)
{
    (void)self;
    bool posts = toc_str_equal(request->method, TOC_STR("POST"));
    return (struct toc_http_want){.body_max = posts ? DOOR_BODY_MAX : 0};
}

/* --- life --------------------------------------------------------------------------------- */

static void stop(void *self)
{
    struct door *door = self;
    if (door == NULL)
        return;
    toc_http_close(door->http);
    submit_free(door->submit);
    toc_arena_done(&door->arena);
    free(door);
}

static enum toc_err open_parts(struct door *door, struct toc_link *link)
{
    const struct toc_http_config http = {.address = door->config->address,
                                         .handler = on_request,
                                         .wants_body = wants_body,
                                         .self = door,
                                         .body_max = DOOR_BODY_MAX,
                                         .bodies_max = (size_t)CONNECTIONS * DOOR_BODY_MAX,
                                         .connections_max = CONNECTIONS,
                                         .per_address_max = PER_ADDRESS};
    TOC_TRY(toc_arena_init(&door->arena, ARENA_BYTES));
    TOC_TRY(submit_new(link, door->config->act, &door->submit));
    TOC_TRY(toc_http_listen(door->loop, &http, &door->http));
    toc_log(TOC_LOG_INFO, "door_open", "http=%s port=%u tools=%s", door->config->address,
            toc_http_port(door->http), door->config->token_file != NULL ? "yes" : "no");
    return TOC_OK;
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    *out_self = NULL;
    if (configured->address == NULL)
        return TOC_OK;
    struct door *door = calloc(1, sizeof(*door));
    if (door == NULL)
        return TOC_ERR_MEMORY;
    door->config = configured;
    door->loop = loop;
    door->run = run;
    enum toc_err err = open_parts(door, link);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "door_failed", "http=%s why=\"%s\"", configured->address,
                toc_err_listen_text(err));
        stop(door);
        return err;
    }
    *out_self = door;
    return TOC_OK;
}

static void after_commit(void *self, struct toc_now now)
{
    struct door *door = self;
    struct toc_txn *txn;
    if (door == NULL || !submit_is_busy(door->submit) ||
        toc_txn_begin_read(toc_run_store(door->run), &txn) < 0)
        return;
    submit_poll(door->submit, txn, &door->arena, now.mono_ms);
    toc_txn_abort(txn);
}

const struct toc_effects door_effects = {start, after_commit, stop};
