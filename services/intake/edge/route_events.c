#include "services/intake/edge/edge_impl.h"

#define ORIGIN_MAX 256

void edge_post_events(const struct edge_call *call)
{
    char why[TOC_EVENT_JSON_ERROR_MAX];
    struct access_right right;
    if (!edge_find_right(call, &right))
        return;
    struct edge_pending *pending = edge_begin(call);
    if (pending == NULL)
        return;
    struct edge_judging judging = {pending, &right};
    const struct cloudevents_reader reader = edge_reader(pending, edge_judge, &judging, why);
    int status = cloudevents_read(&reader, call->request);
    access_take(&right, pending->events.count > 0 ? pending->events.count : 1);
    edge_settle(call->edge, pending, status, why);
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
void edge_options_events(const struct edge_call *call)
{
    struct toc_str origin = toc_http_field(call->request, "webhook-request-origin");
    char name[ORIGIN_MAX];
    const struct toc_http_field fields[] = {{"Allow", "POST, OPTIONS"},
                                            {"WebHook-Allowed-Origin", name},
                                            {"WebHook-Allowed-Rate", "*"}};
    struct toc_http_response response = {
        .status = 200, .fields = fields, .field_count = is_origin(origin) ? 3 : 1};
    toc_str_copy(name, sizeof(name), origin);
    toc_http_respond(call->exchange, &response);
}
