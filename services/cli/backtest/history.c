#include "services/cli/backtest/backtest.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_BYTES ((size_t)4 << 20)
#define ARENA_BYTES (64 * 1024)

struct history_chunk {
    struct history_chunk *next;
    size_t used;
    uint8_t bytes[CHUNK_BYTES];
};

enum toc_err history_init(struct history *history)
{
    *history = (struct history){.end_ms = TOC_TIME_MIN};
    return toc_arena_init(&history->arena, ARENA_BYTES);
}

void history_done(struct history *history)
{
    while (history->chunks != NULL) {
        struct history_chunk *chunk = history->chunks;
        history->chunks = chunk->next;
        free(chunk);
    }
    free(history->events);
    history->events = NULL;
    history->count = 0;
    if (history->arena.base != NULL)
        toc_arena_done(&history->arena);
    history->arena = (struct toc_arena){0};
}

static uint8_t *take(struct history *history, size_t size)
{
    struct history_chunk *chunk = history->chunks;
    if (chunk == NULL || CHUNK_BYTES - chunk->used < size) {
        chunk = malloc(sizeof(*chunk));
        if (chunk == NULL)
            return NULL;
        chunk->next = history->chunks;
        chunk->used = 0;
        history->chunks = chunk;
    }
    chunk->used += size;
    return chunk->bytes + chunk->used - size;
}

static enum toc_err make_room(struct history *history)
{
    if (history->count < history->room)
        return TOC_OK;
    size_t room = history->room == 0 ? 4096 : 2 * history->room;
    struct recorded *events = realloc(history->events, room * sizeof(*events));
    if (events == NULL)
        return TOC_ERR_MEMORY;
    history->events = events;
    history->room = room;
    return TOC_OK;
}

/*
 * A service stops at an event that it does not know, and waits for its upgrade; a replay goes on
 * without it.
 */
static bool is_understood(struct history *history, const Tocsin__V1__Record *record,
                          Tocsin__V1__Event **out)
{
    toc_arena_reset(&history->arena, 0);
    if (record->class_ == TOC_CLASS_ISSUE && record->issue.len != TOC_ID)
        return false;
    return toc_wire_unpack(&history->arena, &tocsin__v1__event__descriptor,
                           toc_wire_bytes(&record->body), out) == TOC_OK &&
           toc_wire_is_known(&(*out)->base);
}

static bool is_policy(struct history *history, const Tocsin__V1__Event *event)
{
    bool applied = event->body_case == TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
    history->policies += applied;
    return applied || event->body_case == TOCSIN__V1__EVENT__BODY_POLICY_PART;
}

static enum toc_err keep(struct history *history, size_t log, const Tocsin__V1__Record *record,
                         const Tocsin__V1__Event *event, struct toc_str bytes)
{
    TOC_TRY(make_room(history));
    uint8_t *copy = take(history, bytes.size);
    if (copy == NULL)
        return TOC_ERR_MEMORY;
    memcpy(copy, bytes.data, bytes.size);
    history->events[history->count++] = (struct recorded){.at_ms = record->at_ms,
                                                          .bytes = copy,
                                                          .size = (uint32_t)bytes.size,
                                                          .log = (uint16_t)log,
                                                          .is_policy = is_policy(history, event)};
    history->tests += event->test != 0;
    if (record->at_ms > history->end_ms)
        history->end_ms = record->at_ms;
    return TOC_OK;
}

enum toc_err history_keep(struct history *history, size_t log, const Tocsin__V1__Record *record,
                          struct toc_str bytes)
{
    Tocsin__V1__Event *event;
    if (record->type == TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED) {
        history->refused++;
        return TOC_OK;
    }
    if (record->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED ||
        !is_understood(history, record, &event)) {
        history->unknown++;
        return TOC_OK;
    }
    return keep(history, log, record, event, bytes);
}

/* Each log is in order; among equal instants the log that was read first goes first. */
static void merge(const struct recorded *a, size_t a_count, const struct recorded *b,
                  size_t b_count, struct recorded *out)
{
    size_t i = 0, k = 0;
    while (i < a_count || k < b_count) {
        bool first = k == b_count || (i < a_count && a[i].at_ms <= b[k].at_ms);
        *out++ = first ? a[i++] : b[k++];
    }
}

enum toc_err history_sort(struct history *history)
{
    size_t done = 0;
    if (history->log_count < 2)
        return TOC_OK;
    struct recorded *merged = malloc((history->count + 1) * sizeof(*merged));
    if (merged == NULL)
        return TOC_ERR_MEMORY;
    while (done < history->count) {
        size_t end = done;
        while (end < history->count && history->events[end].log == history->events[done].log)
            end++;
        merge(history->events, done, history->events + done, end - done, merged);
        memcpy(history->events, merged, end * sizeof(*merged));
        done = end;
    }
    free(merged);
    return TOC_OK;
}

/* --- names -------------------------------------------------------------------------------- */

static int by_issue(const void *a, const void *b)
{
    const struct history_name *left = a, *right = b;
    return memcmp(left->issue, right->issue, TOC_ID);
}

/* The issue that a packed record is about; NULL for none. */
static const uint8_t *issue_of(const struct recorded *event)
{
    enum { RECORD_ISSUE = 10 };
    struct toc_wire_reader reader = toc_wire_reader(toc_str(event->bytes, event->size));
    struct toc_wire_field field;
    while (toc_wire_next(&reader, &field) == TOC_OK)
        if (field.number == RECORD_ISSUE && field.wire_type == 2 && field.bytes.size == TOC_ID)
            return (const uint8_t *)field.bytes.data;
    return NULL;
}

/* Only what its own publisher says names an issue; others address it by id. */
static void name_issue(struct history *history, const struct recorded *event,
                       struct history_name *out)
{
    Tocsin__V1__Record *record;
    Tocsin__V1__Event *said;
    toc_arena_reset(&history->arena, 0);
    if (toc_wire_unpack(&history->arena, &tocsin__v1__record__descriptor,
                        toc_str(event->bytes, event->size), &record) != TOC_OK ||
        toc_wire_unpack(&history->arena, &tocsin__v1__event__descriptor,
                        toc_wire_bytes(&record->body), &said) != TOC_OK ||
        said->issue.len != 0)
        return;
    snprintf(out->text, sizeof(out->text), "%s#%s", said->source,
             said->subject[0] != '\0' ? said->subject : said->id);
}

void history_names(struct history *history, struct history_name *names, size_t count)
{
    if (count > 0)
        qsort(names, count, sizeof(*names), by_issue);
    for (size_t i = 0; i < history->count && count > 0; i++) {
        const struct history_name wanted = {.issue = issue_of(&history->events[i])};
        if (wanted.issue == NULL)
            continue;
        struct history_name *name = bsearch(&wanted, names, count, sizeof(*names), by_issue);
        if (name != NULL && name->text[0] == '\0')
            name_issue(history, &history->events[i], name);
    }
}
