/*
 * A request from anyone, as the edge reads it: its head, the framing of its body, CloudEvents in
 * three modes. A chunked body means the same however it is cut; what passes as an event packs to
 * something that intake can read.
 */
#include "tests/fuzz/fuzz.h"

#include "common/http_internal.h"
#include "services/intake/edge/cloudevents.h"
#include "services/intake/intake.h"

#include <stdlib.h>

#define ARENA_BYTES ((size_t)512 * 1024)

static enum toc_err decode(struct toc_str in, size_t step, char *out, size_t *size)
{
    struct toc_http_chunks chunks = {0};
    size_t at = 0, taken = 0;
    enum toc_err err = TOC_OK;
    *size = 0;
    while (err == TOC_OK && at < in.size) {
        struct toc_str piece = toc_str_from(in, at), data;
        if (piece.size > step)
            piece.size = step;
        err = toc_http_chunks_take(&chunks, piece, &taken, &data);
        if (err < 0)
            return err;
        TOC_ASSERT(taken <= piece.size && data.size <= taken);
        memcpy(out + *size, data.data, data.size);
        *size += data.size;
        at += taken;
    }
    return err;
}

/* In one piece and byte by byte. */
static struct toc_str check_chunks(struct toc_str in, char *whole, char *bytewise)
{
    size_t size, other;
    enum toc_err err = decode(in, in.size, whole, &size);
    TOC_ASSERT(decode(in, 1, bytewise, &other) == err);
    TOC_ASSERT(err < 0 || (size == other && memcmp(whole, bytewise, size) == 0));
    return toc_str(whole, err < 0 ? 0 : size);
}

static void judge(void *self, struct toc_arena *arena, struct cloudevent *item)
{
    (void)arena;
    (void)self;
    TOC_ASSERT(item->event != NULL);
}

/* What is too long for a name in an event is not said back. */
static bool says(const char *said, const char *name)
{
    return strcmp(said, strlen(name) <= INTAKE_TEXT_MAX ? name : "") == 0;
}

static void check_events(const struct toc_http_request *request, struct toc_arena *arena)
{
    char why[TOC_EVENT_JSON_ERROR_MAX] = "";
    struct cloudevents events;
    struct toc_pool pool = {0};
    const struct cloudevents_reader reader = {
        .pool = &pool, .scratch = arena, .judge = judge, .out = &events, .why = why};
    int status = cloudevents_read(&reader, request);
    TOC_ASSERT(status == 0 || (status >= 400 && why[0] != '\0'));
    for (size_t i = 0; status == 0 && i < events.count; i++) {
        Tocsin__V1__Event *event;
        const struct cloudevent *item = &events.items[i];
        TOC_ASSERT((item->problem != NULL) == (item->packed.data == NULL));
        if (item->problem != NULL)
            continue;
        toc_arena_reset(arena, 0);
        TOC_ASSERT(toc_wire_unpack(arena, &tocsin__v1__event__descriptor, item->packed, &event) ==
                   TOC_OK);
        TOC_ASSERT(says(item->id, event->id) && says(item->source, event->source));
    }
    toc_pool_done(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_arena arena;
    struct toc_str input = toc_str(data, size);
    const char *end = size > 0 ? memmem(data, size, "\r\n\r\n", 4) : NULL;
    size_t head_size = end != NULL ? (size_t)(end + 4 - input.data) : size;
    struct toc_http_head head;
    if (arena.base == NULL && toc_arena_init(&arena, ARENA_BYTES) < 0)
        return 0;
    if (size == 0 || toc_http_head_read(toc_str(data, head_size), &head) != NULL)
        return 0;
    char *whole = malloc(size + 1), *bytewise = malloc(size + 1);
    if (whole != NULL && bytewise != NULL) {
        struct toc_str body = toc_str_from(input, head_size);
        const struct toc_http_request request = {
            .fields = head.fields,
            .body = head.chunked ? check_chunks(body, whole, bytewise) : body};
        check_events(&request, &arena);
    }
    free(whole);
    free(bytewise);
    return 0;
}
