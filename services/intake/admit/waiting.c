#include "services/intake/admit/waiting.h"

#include <stdlib.h>

struct waiting_event {
    struct waiting_event *next;
    uint8_t first[TOC_SHA256];
    size_t count;
    struct waiting_segment segments[];
};

void waiting_init(struct waiting *waiting)
{
    waiting->first = NULL;
    waiting->last = &waiting->first;
}

void waiting_free_segments(struct waiting_segment *segments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(segments[i].bytes);
}

static void drop_first(struct waiting *waiting)
{
    struct waiting_event *event = waiting->first;
    waiting->first = event->next;
    if (waiting->first == NULL)
        waiting->last = &waiting->first;
    waiting_free_segments(event->segments, event->count);
    free(event);
}

void waiting_drop(struct waiting *waiting)
{
    while (waiting->first != NULL)
        drop_first(waiting);
}

enum toc_err waiting_add(struct waiting *waiting, const uint8_t first[TOC_SHA256],
                         struct waiting_segment *segments, size_t count)
{
    struct waiting_event *event = malloc(sizeof(*event) + count * sizeof(*segments));
    if (event == NULL) {
        waiting_free_segments(segments, count);
        return TOC_ERR_MEMORY;
    }
    event->next = NULL;
    memcpy(event->first, first, TOC_SHA256);
    event->count = count;
    memcpy(event->segments, segments, count * sizeof(*segments));
    *waiting->last = event;
    waiting->last = &event->next;
    return TOC_OK;
}

static enum toc_err put(struct waiting_event *event, struct vault *vault, uint64_t seq,
                        toc_time_ms at_ms)
{
    for (size_t i = 0; i < event->count; i++) {
        struct waiting_segment *segment = &event->segments[i];
        segment->row.seq = seq;
        segment->row.at_ms = at_ms;
        TOC_TRY(vault_put(vault, &segment->row, segment->bytes, segment->size));
    }
    return TOC_OK;
}

enum toc_err waiting_settle(struct waiting *waiting, const uint8_t first[TOC_SHA256],
                            struct vault *vault, uint64_t seq, toc_time_ms at_ms)
{
    while (waiting->first != NULL && memcmp(waiting->first->first, first, TOC_SHA256) != 0)
        drop_first(waiting);
    if (waiting->first == NULL)
        return TOC_NONE;
    enum toc_err err = seq != 0 ? put(waiting->first, vault, seq, at_ms) : TOC_OK;
    drop_first(waiting);
    return err;
}
