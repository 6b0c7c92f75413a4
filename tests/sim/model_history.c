/* What the router's log says of each issue, as far as clocks ask. */
#include "tests/sim/model.h"

#include <stdlib.h>

#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

static struct history *history_of(struct histories *histories, const uint8_t id[16])
{
    for (size_t i = 0; i < histories->count; i++)
        if (memcmp(histories->all[i].id, id, 16) == 0)
            return &histories->all[i];
    if (histories->count == histories->room) {
        histories->room = histories->room ? 2 * histories->room : 64;
        histories->all = realloc(histories->all, histories->room * sizeof(*histories->all));
        TOC_ASSERT(histories->all != NULL);
    }
    struct history *history = &histories->all[histories->count++];
    *history = (struct history){.count = 0};
    memcpy(history->id, id, 16);
    return history;
}

/* --- what happened -------------------------------------------------------------------------- */

/* Also one that opens the issue again; only messages have a direction. */
static uint32_t by_message(const Tocsin__V1__IssueChange *change)
{
    if (change->auto_)
        return 0;
    if (change->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND)
        return HAPPENED(INBOUND);
    bool by_person =
        change->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND && !change->issue->bot;
    return by_person ? HAPPENED(OUTBOUND) : 0;
}

static uint32_t by_step(const Tocsin__V1__IssueChange *change)
{
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED:
        return HAPPENED(OPENED);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF:
        return HAPPENED(HANDED_OFF);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED:
        return HAPPENED(MERGED);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION:
        return change->escalation->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD
                   ? HAPPENED(TOLD)
                   : 0;
    default:
        return 0;
    }
}

/* What differs from the step before; a first step differs from nothing. */
uint32_t model_difference(const Tocsin__V1__Issue *was, const Tocsin__V1__Issue *is)
{
    uint32_t happened = 0;
    const char *queue = was != NULL ? was->queue : "", *person = was != NULL ? was->assignee : "";
    if (is->queue[0] != '\0' && strcmp(queue, is->queue) != 0)
        happened |= HAPPENED(QUEUED);
    if ((was != NULL ? was->tier : 0) != is->tier)
        happened |= HAPPENED(TIER_CHANGED);
    if (person[0] == '\0' && is->assignee[0] != '\0')
        happened |= HAPPENED(CLAIMED);
    if (person[0] != '\0' && is->assignee[0] == '\0')
        happened |= HAPPENED(RELEASED);
    if (was != NULL && was->bot && !is->bot)
        happened |= HAPPENED(HANDED_OFF);
    return happened;
}

static void work_out(struct moment *moment, const struct moment *before)
{
    const Tocsin__V1__Issue *is = moment->change->issue;
    const Tocsin__V1__Issue *was = before != NULL ? before->change->issue : NULL;
    moment->happened =
        by_message(moment->change) | by_step(moment->change) | model_difference(was, is);
    moment->left = was != NULL ? was->state : TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED;
    moment->entered = moment->left != is->state;
    moment->replied =
        (before != NULL && before->replied) || (moment->happened & HAPPENED(OUTBOUND)) != 0;
    moment->handed_ms = before != NULL ? before->handed_ms : 0;
    if (moment->handed_ms == 0 && (moment->happened & HAPPENED(HANDED_OFF)) != 0)
        moment->handed_ms = moment->at_ms;
    bool same_queue = was != NULL && strcmp(was->queue, is->queue) == 0;
    moment->queued_ms = same_queue ? before->queued_ms : is->queue[0] ? moment->at_ms : 0;
    bool same_person = was != NULL && strcmp(was->assignee, is->assignee) == 0;
    moment->claimed_ms = same_person ? before->claimed_ms : is->assignee[0] ? moment->at_ms : 0;
}

/* --- reading -------------------------------------------------------------------------------- */

static void add(struct history *history, const struct seen *seen)
{
    Tocsin__V1__Record *record = tocsin__v1__record__unpack(NULL, seen->size, seen->bytes);
    TOC_ASSERT(record != NULL);
    if (history->count == history->room) {
        history->room = history->room ? 2 * history->room : 16;
        history->moments = realloc(history->moments, history->room * sizeof(*history->moments));
        TOC_ASSERT(history->moments != NULL);
    }
    struct moment *moment = &history->moments[history->count];
    *moment = (struct moment){
        .at_ms = record->at_ms,
        .version = record->policy,
        .change = tocsin__v1__issue_change__unpack(NULL, record->body.len, record->body.data)};
    TOC_ASSERT(moment->change != NULL && moment->change->issue != NULL);
    work_out(moment, history->count > 0 ? moment - 1 : NULL);
    history->count++;
    tocsin__v1__record__free_unpacked(record, NULL);
}

void model_histories_read(struct histories *histories, const struct node *router)
{
    *histories = (struct histories){.count = 0};
    for (size_t i = 0; i < router->shadow.count; i++) {
        const struct seen *seen = &router->shadow.seen[i];
        if (seen->type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            add(history_of(histories, seen->issue), seen);
    }
}

void model_histories_free(struct histories *histories)
{
    for (size_t i = 0; i < histories->count; i++) {
        for (size_t k = 0; k < histories->all[i].count; k++)
            tocsin__v1__issue_change__free_unpacked(histories->all[i].moments[k].change, NULL);
        free(histories->all[i].moments);
    }
    free(histories->all);
}
