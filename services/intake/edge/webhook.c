#include "services/intake/edge/webhook.h"

#include "services/intake/edge/json_memory.h"

#include <assert.h>
#include <stdio.h>

static_assert(CONNECT_EVENTS_MAX <= CLOUDEVENTS_BATCH_MAX, "a request's events fit a frame");
static_assert(CONNECT_ERROR_MAX <= TOC_EVENT_JSON_ERROR_MAX, "one error for both");

struct reading {
    const struct connector *connector;
    struct toc_pool *pool;
    struct toc_arena *scratch;
    toc_time_ms wall_ms;
    cloudevents_judge *judge;
    void *self;
    struct cloudevents *out;
    char *why; /* TOC_EVENT_JSON_ERROR_MAX bytes */
};

static bool take(struct reading *r, struct connect_made *made, struct cloudevent *item)
{
    if (made->event == NULL) {
        *item =
            (struct cloudevent){.id = "", .source = "", .problem = made->problem, .status = 400};
        return true;
    }
    bool taken = cloudevents_take(r->pool, r->scratch, made->event, r->judge, r->self, item);
    json_decref(made->event);
    return taken;
}

static int refuse(struct reading *r, int status, const char *text)
{
    snprintf(r->why, TOC_EVENT_JSON_ERROR_MAX, "%s", text);
    return status;
}

static int take_all(struct reading *r, struct connect_made *made, size_t count)
{
    struct cloudevents *out = r->out;
    bool taken = true;
    out->items = toc_pool_array(r->pool, count + 1, sizeof(*out->items));
    if (out->items == NULL)
        return refuse(r, 503, "out of memory");
    for (size_t i = 0; i < count; i++)
        taken = take(r, &made[i], &out->items[i]) && taken;
    if (!taken)
        return refuse(r, 503, "out of memory");
    out->count = count;
    out->batch = out->strict = true;
    return 0;
}

static int read_body(struct reading *r, const struct toc_http_request *request)
{
    static struct connect_made made[CONNECT_EVENTS_MAX];
    size_t count;
    json_t *root = toc_json_parse(request->body, CONNECT_BODY_MAX, r->why);
    if (root == NULL)
        return request->body.size > CONNECT_BODY_MAX ? 413 : 400;
    int status =
        connector_make(r->connector, request, root, r->wall_ms, r->pool, made, &count, r->why);
    if (status == 0)
        status = take_all(r, made, count);
    json_decref(root);
    return status;
}

int webhook_read(const struct connector *connector, struct toc_pool *pool,
                 struct toc_arena *scratch, const struct toc_http_request *request,
                 toc_time_ms wall_ms, cloudevents_judge *judge, void *self, struct cloudevents *out,
                 char why[TOC_EVENT_JSON_ERROR_MAX])
{
    struct reading r = {connector, pool, scratch, wall_ms, judge, self, out, why};
    *out = (struct cloudevents){0};
    int status = read_body(&r, request);
    if (json_memory_ended()) {
        *out = (struct cloudevents){0};
        status = refuse(&r, 413, "the JSON has too many values");
    }
    json_memory_empty();
    return status;
}
