#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/form.h"

#include <stdio.h>

/* What is served; a path's methods stand together. For {…} stands one segment that is not empty. */
static const struct route {
    const char *method, *path;
    edge_serve *serve;
    edge_wants *wants; /* NULL: no body */
    size_t body_max;
} routes[] = {
    {"POST", "/v1/events", edge_post_events, edge_wants_rightful, EDGE_BODY_MAX},
    {"OPTIONS", "/v1/events", edge_options_events, edge_wants_rightful, EDGE_BODY_MAX},
    {"POST", "/v1/issues", edge_post_issues, edge_wants_rightful, EDGE_BODY_MAX},
    {"POST", "/v1/issues/{ref}/messages", edge_post_messages, edge_wants_rightful, EDGE_BODY_MAX},
    {"POST", "/v1/form", edge_post_form, edge_wants_form, FORM_BODY_MAX},
    {"POST", "/v1/connect/{name}", edge_post_webhook, edge_wants_webhook, EDGE_BODY_MAX},
    {"GET", "/v1/issues/{ref}", edge_get_issue, NULL, 0},
    {"GET", "/v1/issues/{ref}/content", edge_get_content, NULL, 0},
    {"GET", "/openapi.json", edge_get_openapi, NULL, 0},
    {"GET", "/", edge_get_root, NULL, 0},
};

#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* Whether a path is of a route's form, and what stands in it for the parameter. */
static bool is_for(const struct route *route, struct toc_str path, struct toc_str *parameter)
{
    struct toc_str form = toc_str_of(route->path);
    const char *open = strchr(route->path, '{');
    *parameter = toc_str("", 0);
    if (open == NULL)
        return toc_str_equal(path, form);
    struct toc_str head = toc_str(form.data, (size_t)(open - form.data));
    struct toc_str tail = toc_str_of(strchr(open, '}') + 1);
    if (path.size <= head.size + tail.size || !toc_str_starts(path, head) ||
        !toc_str_equal(toc_str_from(path, path.size - tail.size), tail))
        return false;
    *parameter = toc_str(path.data + head.size, path.size - head.size - tail.size);
    return memchr(parameter->data, '/', parameter->size) == NULL;
}

static bool takes(const struct route *route, struct toc_str method)
{
    return toc_str_equal(method, toc_str_of(route->method)) ||
           (strcmp(route->method, "GET") == 0 && toc_str_equal(method, TOC_STR("HEAD")));
}

/* NULL: none; `allow` then lists the methods that the path does take. */
static const struct route *find(struct edge_call *call, char allow[64])
{
    allow[0] = '\0';
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        const struct route *route = &routes[i];
        size_t used = strlen(allow);
        if (!is_for(route, call->request->path, &call->parameter))
            continue;
        if (takes(route, call->request->method))
            return route;
        snprintf(allow + used, 64 - used, "%s%s", used > 0 ? ", " : "", route->method);
    }
    return NULL;
}

void edge_on_request(void *self, struct toc_http_exchange *exchange,
                     const struct toc_http_request *request)
{
    struct edge_call call = {.edge = self, .exchange = exchange, .request = request};
    char allow[64];
    const struct toc_http_field field = {"Allow", allow};
    const struct route *route = find(&call, allow);
    if (route != NULL)
        route->serve(&call);
    else if (allow[0] != '\0')
        edge_answer_problem(exchange, 405, "this path takes other methods: see Allow", &field);
    else
        edge_answer_problem(exchange, 404, "nothing is here: see /openapi.json", NULL);
}

struct toc_http_want edge_wants_body(void *self, const struct toc_http_request *request)
{
    struct edge_call call = {.edge = self, .request = request};
    char allow[64];
    const struct route *route = find(&call, allow);
    enum edge_body body =
        route != NULL && route->wants != NULL ? route->wants(&call) : EDGE_UNWANTED;
    return (struct toc_http_want){
        .body_max = body != EDGE_UNWANTED ? route->body_max : 0,
        .stranger = body == EDGE_FROM_STRANGER,
    };
}
