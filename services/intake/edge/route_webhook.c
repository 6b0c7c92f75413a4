#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/webhook.h"

static const struct connector *connector_of(const struct edge_call *call)
{
    return connectors_find(&call->edge->config->connectors, call->parameter);
}

/* The webhook of another system. */
void edge_post_webhook(const struct edge_call *call)
{
    const toc_time_ms wall_ms = toc_program_now().wall_ms;
    char why[TOC_EVENT_JSON_ERROR_MAX];
    struct toc_http_field challenge = {.name = "WWW-Authenticate"};
    const struct connector *connector = connector_of(call);
    if (connector == NULL) {
        edge_answer_problem(call->exchange, 404, "no connector has this name: see --connect", NULL);
        return;
    }
    const char *refusal = connector_verify(connector, call->request, wall_ms, &challenge.value);
    if (refusal != NULL) {
        edge_answer_problem(call->exchange, 401, refusal, &challenge);
        return;
    }
    struct edge_pending *pending = edge_begin(call);
    int status = webhook_read(connector, &pending->pool, &call->edge->scratch, call->request,
                              wall_ms, &pending->events, why);
    edge_settle(call->edge, pending, status, why);
}

bool edge_wants_webhook(const struct edge_call *call)
{
    const struct connector *connector = connector_of(call);
    const char *challenge;
    return connector != NULL &&
           connector_verify_header(connector, call->request, toc_program_now().wall_ms,
                                   &challenge) == NULL;
}
