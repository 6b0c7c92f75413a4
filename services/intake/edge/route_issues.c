#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/plain.h"
#include "services/intake/edge/reference.h"

static void post(const struct edge_call *call, const char *ref)
{
    char why[TOC_EVENT_JSON_ERROR_MAX];
    struct access_right right;
    if (!edge_find_right(call, &right))
        return;
    const struct plain_target target = {.source = right.source, .ref = ref, .channel = "api"};
    struct edge_pending *pending = edge_begin(call);
    if (pending == NULL)
        return;
    struct edge_judging judging = {pending, &right};
    const struct cloudevents_reader reader = edge_reader(pending, edge_judge, &judging, why);
    int status = plain_read(&reader, call->request, target);
    access_take(&right, 1);
    if (status == 0)
        edge_suggest(pending);
    edge_settle(call->edge, pending, status, why);
}

void edge_post_issues(const struct edge_call *call)
{
    post(call, NULL);
}

void edge_post_messages(const struct edge_call *call)
{
    char ref[REFERENCE_ROOM];
    if (reference_decode(call->parameter, ref))
        post(call, ref);
    else
        edge_answer_problem(call->exchange, 400,
                            "the path names an issue by its id or your own subject, "
                            "percent-encoded, at most 200 bytes",
                            NULL);
}
