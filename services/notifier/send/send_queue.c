#include "services/notifier/send/send_queue.h"

#include <stdlib.h>

#define BUCKETS 4096

struct origin {
    struct send *waiting[2]; /* skew heaps, the one whose turn it is on top; [1]: has_other */
    unsigned known, under_way;
    unsigned most, limit; /* of it under way, for now and ever */
    bool missed;          /* a page of it was left in the outbox */
};

struct send_queue {
    struct send sends[SENDS_MAX];
    struct send *free;
    struct send *buckets[BUCKETS];
    struct send *active[SENDS_MAX];
    size_t active_count, known, under_way;
    unsigned first;
    uint64_t added;
    bool missed, rescan;
    uint32_t turn; /* the origin that is asked first */
    uint32_t origin_count;
    struct origin origins[];
};

enum toc_err send_queue_open(uint32_t origins, unsigned first, unsigned most,
                             struct send_queue **out)
{
    struct send_queue *queue = calloc(1, sizeof(*queue) + origins * sizeof(queue->origins[0]));
    if (queue == NULL)
        return TOC_ERR_MEMORY;
    TOC_ASSERT(first > 0 && most > 0);
    queue->first = first < most ? first : most;
    queue->origin_count = origins;
    for (uint32_t i = 0; i < origins; i++) {
        queue->origins[i].most = queue->first;
        queue->origins[i].limit = most;
    }
    for (size_t i = SENDS_MAX; i > 0; i--) {
        queue->sends[i - 1].right = queue->free;
        queue->free = &queue->sends[i - 1];
    }
    *out = queue;
    return TOC_OK;
}

void send_queue_limit(struct send_queue *queue, uint32_t origin, unsigned most)
{
    TOC_ASSERT(origin < queue->origin_count && most >= queue->first);
    if (most < queue->origins[origin].limit)
        queue->origins[origin].limit = most;
}

void send_queue_close(struct send_queue *queue)
{
    free(queue);
}

static struct send **bucket_of(const struct send_queue *queue, uint64_t number, uint32_t index)
{
    uint64_t mixed = (number * 31 + index) * 0x9e3779b97f4a7c15u;
    return (struct send **)(uintptr_t)&queue->buckets[mixed >> 32 & (BUCKETS - 1)];
}

struct send *send_queue_find(const struct send_queue *queue, uint64_t alert_number, uint32_t index)
{
    struct send *send = *bucket_of(queue, alert_number, index);
    while (send != NULL && (send->alert_number != alert_number || send->index != index))
        send = send->same_hash;
    return send;
}

/* --- whose turn it is --------------------------------------------------------------------- */

/* Urgent ones first, then the one whose deadline is nearest, then in the order of arrival. */
static bool goes_before(const struct send *a, const struct send *b)
{
    if (a->rank.urgent != b->rank.urgent)
        return a->rank.urgent;
    if (a->rank.due_ms != b->rank.due_ms)
        return a->rank.due_ms < b->rank.due_ms;
    return a->added < b->added;
}

/* Of two skew heaps (Sleator and Tarjan, 1986), without recursion: the way down is as long as the
 * longer right spine. */
static struct send *merge(struct send *a, struct send *b)
{
    struct send *top = NULL, **link = &top;
    while (a != NULL && b != NULL) {
        struct send *first = goes_before(a, b) ? a : b;
        b = first == a ? b : a;
        a = first->right;
        first->right = first->left;
        *link = first;
        link = &first->left;
    }
    *link = a != NULL ? a : b;
    return top;
}

/* --- pages -------------------------------------------------------------------------------- */

enum send_room send_queue_add(struct send_queue *queue, const struct send *page)
{
    TOC_ASSERT(page->origin < queue->origin_count);
    TOC_ASSERT(send_queue_find(queue, page->alert_number, page->index) == NULL);
    struct origin *of = &queue->origins[page->origin];
    struct send *send = queue->free;
    struct send **bucket = bucket_of(queue, page->alert_number, page->index);
    if (send == NULL) {
        queue->missed = true;
        return SEND_QUEUE_FULL;
    }
    if (of->known == SENDS_OF_ORIGIN) {
        of->missed = true;
        return SEND_ORIGIN_FULL;
    }
    queue->free = send->right;
    *send = (struct send){.alert_number = page->alert_number,
                          .index = page->index,
                          .attempts = page->attempts,
                          .origin = page->origin,
                          .rank = page->rank,
                          .has_other = page->has_other,
                          .added = queue->added++,
                          .state = SEND_WAITING,
                          .same_hash = *bucket};
    *bucket = send;
    of->waiting[page->has_other] = merge(of->waiting[page->has_other], send);
    of->known++;
    queue->known++;
    return SEND_ADDED;
}

static struct send *take_first(struct send_queue *queue, struct origin *origin, struct send **heap)
{
    struct send *send = *heap;
    *heap = merge(send->left, send->right);
    send->left = send->right = NULL;
    send->state = SEND_UNDER_WAY;
    send->active = (uint32_t)queue->active_count;
    queue->active[queue->active_count++] = send;
    origin->under_way++;
    queue->under_way++;
    return send;
}

/* The heap with the one whose turn it is; NULL when nothing waits. */
static struct send **next_of(struct origin *origin)
{
    struct send **a = &origin->waiting[0], **b = &origin->waiting[1];
    if (*a == NULL || *b == NULL)
        return *a != NULL ? a : *b != NULL ? b : NULL;
    return goes_before(*a, *b) ? a : b;
}

struct send *send_queue_next(struct send_queue *queue)
{
    if (queue->under_way == SENDS_UNDER_WAY)
        return NULL;
    for (uint32_t i = 0; i < queue->origin_count; i++) {
        struct origin *origin = &queue->origins[queue->turn];
        queue->turn = (queue->turn + 1) % queue->origin_count;
        struct send **heap = next_of(origin);
        if (heap != NULL && origin->under_way < origin->most)
            return take_first(queue, origin, heap);
    }
    return NULL;
}

struct send *send_queue_pass_on(struct send_queue *queue, uint32_t origin)
{
    struct origin *of = &queue->origins[origin];
    return of->waiting[1] != NULL ? take_first(queue, of, &of->waiting[1]) : NULL;
}

void send_queue_done(struct send_queue *queue, struct send *send)
{
    TOC_ASSERT(send->state == SEND_UNDER_WAY);
    send->state = SEND_DONE;
    send->flight = (struct flight){NULL, NULL};
    queue->origins[send->origin].under_way--;
    queue->under_way--;
}

/* As TCP does it: a receiver that keeps up is soon given all that it can take. */
void send_queue_answered(struct send_queue *queue, const struct send *send, bool good)
{
    struct origin *origin = &queue->origins[send->origin];
    if (!good)
        origin->most = origin->most / 2 > queue->first ? origin->most / 2 : queue->first;
    else if (origin->most < origin->limit)
        origin->most++;
}

static void note_room(struct send_queue *queue, struct origin *origin)
{
    if (origin->missed && origin->known <= SENDS_OF_ORIGIN / 2) {
        origin->missed = false;
        queue->rescan = true;
    }
    if (queue->missed && queue->known <= SENDS_MAX / 2) {
        queue->missed = false;
        queue->rescan = true;
    }
}

void send_queue_forget(struct send_queue *queue, struct send *send)
{
    struct origin *origin = &queue->origins[send->origin];
    struct send **link = bucket_of(queue, send->alert_number, send->index);
    TOC_ASSERT(send->state != SEND_WAITING);
    if (send->state == SEND_UNDER_WAY)
        send_queue_done(queue, send);
    while (*link != send)
        link = &(*link)->same_hash;
    *link = send->same_hash;
    queue->active[send->active] = queue->active[--queue->active_count];
    queue->active[send->active]->active = send->active;
    send->right = queue->free;
    queue->free = send;
    origin->known--;
    queue->known--;
    note_room(queue, origin);
}

struct send *const *send_queue_active(const struct send_queue *queue, size_t *out_count)
{
    *out_count = queue->active_count;
    return queue->active;
}

bool send_queue_wants_rescan(struct send_queue *queue)
{
    bool wants = queue->rescan;
    queue->rescan = false;
    return wants;
}

size_t send_queue_known(const struct send_queue *queue)
{
    return queue->known;
}
