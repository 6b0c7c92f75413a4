#include "common/program.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/quarantine.h"

bool edge_look_for_right(const struct edge_call *call, struct toc_str authorization,
                         struct access_right *out, struct edge_refusal *refusal)
{
    uint8_t peer[16];
    *refusal = (struct edge_refusal){0};
    toc_http_peer(&call->edge->config->proxies, call->request, peer);
    if (!access_find(call->edge->access, authorization, peer, toc_program_now().wall_ms, out,
                     &refusal->status, &refusal->why))
        return false;
    *refusal = (struct edge_refusal){429, "faster than the token's rate",
                                     access_wait(out, toc_program_now().mono_ms)};
    return refusal->wait_ms == 0;
}

bool edge_find_right(const struct edge_call *call, struct access_right *out)
{
    struct edge_refusal refusal;
    if (edge_look_for_right(call, toc_http_field(call->request, "authorization"), out, &refusal))
        return true;
    edge_answer_refusal(call->exchange, &refusal);
    return false;
}

/* A grant is in everyone's hands. */
enum edge_body edge_wants_rightful(const struct edge_call *call)
{
    struct access_right right;
    struct edge_refusal refusal;
    if (!edge_look_for_right(call, toc_http_field(call->request, "authorization"), &right,
                             &refusal))
        return EDGE_UNWANTED;
    return right.granted ? EDGE_FROM_STRANGER : EDGE_FROM_KNOWN;
}

/* A grant is in everyone's hands, and a dry run tells who is on call. */
static const char *judge_event(const struct edge_judging *judging, const Tocsin__V1__Event *event)
{
    if (judging->pending->dry_run && judging->right->granted)
        return "dry_run: a grant is not told what would become of it: ask with a token";
    return access_judge(judging->right, event);
}

/* Whether it adds to what a form is held for that filled the honeypot. A grant names issues by
 * their subjects alone. */
static bool is_trapped(const struct edge *edge, struct toc_arena *arena,
                       const Tocsin__V1__Event *event)
{
    const char *reference = event->subject[0] != '\0' ? event->subject : event->id;
    size_t mark = toc_arena_mark(arena);
    uint8_t issue[TOC_ID];
    Tocsin__V1__HeldRow *row;
    struct toc_txn *txn;
    toc_issue_id(issue, edge->config->issue_key, toc_str_of(event->source), toc_str_of(reference));
    if (toc_txn_begin_read(toc_run_store(edge->run), &txn) < 0)
        return false;
    bool trapped = quarantine_first_of(txn, arena, issue, &row) == TOC_OK &&
                   strcmp(row->reason, EDGE_HONEYPOT) == 0;
    toc_txn_abort(txn);
    toc_arena_reset(arena, mark);
    return trapped;
}

void edge_judge(void *self, struct toc_arena *arena, struct cloudevent *item)
{
    const struct edge_judging *judging = self;
    item->problem = judge_event(judging, item->event);
    item->status = 403;
    if (item->problem == NULL)
        edge_admit(judging->pending, arena, item);
    if (item->problem == NULL && !judging->pending->dry_run)
        item->reason =
            access_hold(judging->right, item->event, item->device, toc_program_now().mono_ms);
    if (item->problem == NULL && judging->right->granted)
        item->unsaid = is_trapped(judging->pending->edge, arena, item->event);
}
