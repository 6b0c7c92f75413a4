#include "services/intake/edge/webhook.h"

#include "services/intake/edge/json_memory.h"

#include <assert.h>
#include <stdio.h>

static_assert(CONNECT_EVENTS_MAX <= CLOUDEVENTS_BATCH_MAX, "a request's events fit a frame");
static_assert(CONNECT_ERROR_MAX <= TOC_EVENT_JSON_ERROR_MAX, "one error for both");

/* A connector makes events of its own source and of types that it may have: nothing is left to
 * judge. */
static void judge(void *self, struct toc_arena *arena, struct cloudevent *item)
{
    (void)self;
    (void)arena;
    (void)item;
}

static bool take(struct toc_pool *pool, struct toc_arena *scratch, struct connect_made *made,
                 struct cloudevent *item)
{
    if (made->event == NULL) {
        *item =
            (struct cloudevent){.id = "", .source = "", .problem = made->problem, .status = 400};
        return true;
    }
    bool taken = cloudevents_take(pool, scratch, made->event, judge, NULL, item);
    json_decref(made->event);
    return taken;
}

static int refuse(char why[TOC_EVENT_JSON_ERROR_MAX], int status, const char *text)
{
    snprintf(why, TOC_EVENT_JSON_ERROR_MAX, "%s", text);
    return status;
}

static int take_all(struct toc_pool *pool, struct toc_arena *scratch, struct connect_made *made,
                    size_t count, struct cloudevents *out, char why[TOC_EVENT_JSON_ERROR_MAX])
{
    bool taken = true;
    out->items = toc_pool_array(pool, count + 1, sizeof(*out->items));
    if (out->items == NULL)
        return refuse(why, 503, "out of memory");
    for (size_t i = 0; i < count; i++)
        taken = take(pool, scratch, &made[i], &out->items[i]) && taken;
    if (!taken)
        return refuse(why, 503, "out of memory");
    out->count = count;
    out->batch = out->strict = true;
    return 0;
}

static int read_body(const struct connector *connector, struct toc_pool *pool,
                     struct toc_arena *scratch, const struct toc_http_request *request,
                     toc_time_ms wall_ms, struct cloudevents *out,
                     char why[TOC_EVENT_JSON_ERROR_MAX])
{
    static struct connect_made made[CONNECT_EVENTS_MAX];
    size_t count;
    json_t *root = toc_json_parse(request->body, CONNECT_BODY_MAX, why);
    if (root == NULL)
        return request->body.size > CONNECT_BODY_MAX ? 413 : 400;
    int status = connector_make(connector, request, root, wall_ms, pool, made, &count, why);
    if (status == 0)
        status = take_all(pool, scratch, made, count, out, why);
    json_decref(root);
    return status;
}

int webhook_read(const struct connector *connector, struct toc_pool *pool,
                 struct toc_arena *scratch, const struct toc_http_request *request,
                 toc_time_ms wall_ms, struct cloudevents *out, char why[TOC_EVENT_JSON_ERROR_MAX])
{
    *out = (struct cloudevents){0};
    int status = read_body(connector, pool, scratch, request, wall_ms, out, why);
    if (json_memory_ended()) {
        *out = (struct cloudevents){0};
        status = refuse(why, 413, "the JSON has too many values");
    }
    json_memory_empty();
    return status;
}
