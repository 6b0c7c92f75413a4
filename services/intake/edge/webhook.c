#include "services/intake/edge/webhook.h"

#include "services/intake/edge/json_memory.h"

#include <assert.h>

static_assert(CONNECT_EVENTS_MAX <= CLOUDEVENTS_BATCH_MAX, "a request's events fit a frame");
static_assert(CONNECT_ERROR_MAX <= TOC_EVENT_JSON_ERROR_MAX, "one error for both");

static bool take(const struct cloudevents_reader *reader, struct connect_made *made,
                 struct cloudevent *item)
{
    if (made->event == NULL) {
        *item =
            (struct cloudevent){.id = "", .source = "", .problem = made->problem, .status = 400};
        return true;
    }
    bool taken = cloudevents_take(reader, made->event, item);
    json_decref(made->event);
    return taken;
}

static int take_all(const struct cloudevents_reader *reader, struct connect_made *made,
                    size_t count)
{
    struct cloudevents *out = reader->out;
    bool taken = true;
    out->items = toc_pool_array(reader->pool, count + 1, sizeof(*out->items));
    if (out->items == NULL)
        return cloudevents_refuse(reader, 503, "out of memory");
    for (size_t i = 0; i < count; i++)
        taken = take(reader, &made[i], &out->items[i]) && taken;
    if (!taken)
        return cloudevents_refuse(reader, 503, "out of memory");
    out->count = count;
    out->batch = out->strict = true;
    return 0;
}

static int read_body(const struct cloudevents_reader *reader, const struct connector *connector,
                     const struct toc_http_request *request, toc_time_ms wall_ms)
{
    static struct connect_made made[CONNECT_EVENTS_MAX];
    size_t count;
    json_t *root = toc_json_parse(request->body, CONNECT_BODY_MAX, reader->why);
    if (root == NULL)
        return request->body.size > CONNECT_BODY_MAX ? 413 : 400;
    int status =
        connector_make(connector, request, root, wall_ms, reader->pool, made, &count, reader->why);
    if (status == 0)
        status = take_all(reader, made, count);
    json_decref(root);
    return status;
}

int webhook_read(const struct cloudevents_reader *reader, const struct connector *connector,
                 const struct toc_http_request *request, toc_time_ms wall_ms)
{
    *reader->out = (struct cloudevents){0};
    int status = read_body(reader, connector, request, wall_ms);
    if (json_memory_ended()) {
        *reader->out = (struct cloudevents){0};
        status = cloudevents_refuse(reader, 413, "the JSON has too many values");
    }
    json_memory_empty();
    return status;
}
