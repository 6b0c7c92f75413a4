#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/reference.h"
#include "services/intake/edge/webhook.h"

/* Whose webhook a path is for, and its bucket; NULL: nobody's. */
static const struct connector *find(const struct edge_call *call, struct bucket **bucket)
{
    const struct toc_mappings *connectors = &call->edge->config->connectors;
    size_t at = toc_mappings_find(connectors, call->parameter);
    if (at == connectors->count)
        return NULL;
    const struct connector *connector = connectors_at(connectors, at);
    *bucket = &call->edge->connectors[at];
    (*bucket)->rate = connector_rate(connector);
    return connector;
}

static const char *verify(const struct edge_call *call, const struct connector *connector)
{
    struct toc_http_field challenge = {.name = "WWW-Authenticate"};
    const char *refusal =
        connector_verify(connector, call->request, toc_program_now().wall_ms, &challenge.value);
    if (refusal != NULL)
        edge_answer_problem(call->exchange, 401, refusal, &challenge);
    return refusal;
}

/* Those who prove who they are use it up, and nobody else. */
static bool is_too_fast(const struct edge_call *call, struct bucket *bucket)
{
    struct edge_refusal refusal = {429, "faster than the connector's rate",
                                   bucket_wait(bucket, toc_program_now().mono_ms)};
    if (refusal.wait_ms > 0)
        edge_answer_refusal(call->exchange, &refusal);
    else
        bucket_take(bucket, 1);
    return refusal.wait_ms > 0;
}

/* A connector makes events of its own source and of types that it may have: nothing is left to
 * judge. What a system sends is no flood of people's. */
static void judge(void *self, struct toc_arena *arena, struct cloudevent *item)
{
    edge_admit(self, arena, item);
}

/* A sender that looks at the status alone would believe that it was taken. */
static bool asks_for_dry_run(const struct edge_call *call)
{
    struct toc_str value;
    bool asks = reference_member(call->request->query, "dry_run", &value);
    if (asks)
        edge_answer_problem(call->exchange, 400, "dry_run: a webhook is none", NULL);
    return asks;
}

/* The webhook of another system. */
void edge_post_webhook(const struct edge_call *call)
{
    char why[TOC_EVENT_JSON_ERROR_MAX];
    struct bucket *bucket;
    const struct connector *connector = find(call, &bucket);
    if (connector == NULL) {
        edge_answer_problem(call->exchange, 404, "no connector has this name: see --connect", NULL);
        return;
    }
    if (verify(call, connector) != NULL || is_too_fast(call, bucket) || asks_for_dry_run(call))
        return;
    struct edge_pending *pending = edge_begin(call);
    if (pending == NULL)
        return;
    const struct cloudevents_reader reader = edge_reader(pending, judge, pending, why);
    int status = webhook_read(&reader, connector, call->request, toc_program_now().wall_ms);
    edge_settle(call->edge, pending, status, why);
}

enum edge_body edge_wants_webhook(const struct edge_call *call)
{
    struct bucket *bucket;
    const struct connector *connector = find(call, &bucket);
    const char *challenge;
    if (connector == NULL || connector_verify_header(connector, call->request,
                                                     toc_program_now().wall_ms, &challenge) != NULL)
        return EDGE_UNWANTED;
    return connector_signs_body(connector) ? EDGE_FROM_STRANGER : EDGE_FROM_KNOWN;
}
