#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/peer.h"

static bool find(const struct edge_call *call, struct access_right *out, int *status,
                 const char **why)
{
    uint8_t peer[16];
    peer_of(&call->edge->config->proxies, call->request, peer);
    return access_find(call->edge->access, toc_http_field(call->request, "authorization"), peer,
                       toc_program_now().wall_ms, out, status, why);
}

bool edge_find_right(const struct edge_call *call, struct access_right *out)
{
    static const struct toc_http_field challenge = {"WWW-Authenticate", "Bearer realm=\"tocsin\""};
    const char *why;
    int status;
    if (!find(call, out, &status, &why)) {
        edge_answer_problem(call->exchange, status, why, status == 401 ? &challenge : NULL);
        return false;
    }
    toc_time_ms wait_ms = access_wait(out, toc_program_now().mono_ms);
    if (wait_ms > 0)
        edge_answer_too_fast(call->exchange, wait_ms);
    return wait_ms == 0;
}

bool edge_has_right(const struct edge_call *call)
{
    struct access_right right;
    const char *why;
    int status;
    return find(call, &right, &status, &why) && access_wait(&right, toc_program_now().mono_ms) == 0;
}

void edge_judge(void *self, struct toc_arena *arena, struct cloudevent *item)
{
    const struct edge_judging *judging = self;
    item->problem = access_judge(judging->right, item->event);
    item->status = 403;
    if (item->problem == NULL)
        edge_admit(judging->pending, arena, item);
    if (item->problem == NULL && !judging->pending->dry_run)
        item->reason =
            access_hold(judging->right, item->event, item->device, toc_program_now().mono_ms);
}
