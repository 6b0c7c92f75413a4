/*
 * A mapping and a request from anyone: the mapping is refused with errors, or the request is
 * verified one way or the other, and comes to problems or to events that intake can read, of the
 * mapping's source, and the same ones when it is sent again.
 */
#include "tests/fuzz/fuzz.h"

#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ARENA_BYTES ((size_t)512 * 1024)
#define DIRECTORY   "/tmp/tocsin-fuzz-connect" /* of the secrets that seeds name */
#define NOW_MS      1772357400000

static struct toc_arena arena;

static void write_secret(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    TOC_ASSERT(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
    TOC_ASSERT(chmod(path, 0600) == 0);
}

static void set_up(void)
{
    TOC_ASSERT(toc_arena_init(&arena, ARENA_BYTES) == TOC_OK);
    TOC_ASSERT(json_memory_set_up() == TOC_OK);
    (void)mkdir(DIRECTORY, 0700);
    write_secret(DIRECTORY "/s.secret", "user:0123456789abcdef\n");
    write_secret(DIRECTORY "/w.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
}

static void let_in(void *self, struct toc_arena *scratch, struct cloudevent *item)
{
    (void)self;
    (void)scratch;
    TOC_ASSERT(item->event != NULL);
}

static int read_request(const struct connector *connector, const struct toc_http_request *request,
                        struct toc_pool *pool, struct cloudevents *events)
{
    char why[TOC_EVENT_JSON_ERROR_MAX] = "";
    const struct cloudevents_reader reader = {
        .pool = pool, .scratch = &arena, .judge = let_in, .out = events, .why = why};
    int status = webhook_read(&reader, connector, request, NOW_MS);
    TOC_ASSERT(status == 0 || (status >= 400 && why[0] != '\0'));
    TOC_ASSERT(toc_str_is_text(toc_str_of(why)));
    TOC_ASSERT(status == 0 || events->count == 0);
    return status;
}

static void check_event(const struct cloudevent *item, const struct cloudevent *again)
{
    Tocsin__V1__Event *event;
    TOC_ASSERT((item->problem != NULL) == (item->packed.data == NULL));
    TOC_ASSERT((item->problem != NULL) == (again->problem != NULL));
    if (item->problem != NULL) {
        TOC_ASSERT(toc_str_is_text(toc_str_of(item->problem)));
        TOC_ASSERT(strcmp(item->problem, again->problem) == 0);
        return;
    }
    TOC_ASSERT(toc_str_equal(item->packed, again->packed));
    toc_arena_reset(&arena, 0);
    TOC_ASSERT(toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, item->packed, &event) ==
               TOC_OK);
    TOC_ASSERT(event->id[0] != '\0' && strcmp(event->source, item->source) == 0);
}

static void check(const struct connector *connector, const struct toc_http_request *request)
{
    struct toc_pool pools[2] = {{0}, {0}};
    struct cloudevents events[2];
    const char *challenge;
    (void)connector_verify(connector, request, NOW_MS, &challenge);
    int status = read_request(connector, request, &pools[0], &events[0]);
    TOC_ASSERT(read_request(connector, request, &pools[1], &events[1]) == status);
    TOC_ASSERT(events[0].count == events[1].count && events[0].count <= CONNECT_EVENTS_MAX);
    for (size_t i = 0; i < events[0].count; i++)
        check_event(&events[0].items[i], &events[1].items[i]);
    toc_pool_done(&pools[0]);
    toc_pool_done(&pools[1]);
}

static struct toc_str take_sized(struct fuzz_input *in)
{
    size_t size = fuzz_byte(in);
    size += (size_t)fuzz_byte(in) << 8;
    return fuzz_bytes(in, size);
}

/* The mapping and the header's fields, each after its size in two bytes; the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct connector *connector;
    char *errors;
    if (arena.base == NULL)
        set_up();
    json_memory_empty();
    if (connector_read(take_sized(&in), DIRECTORY "/fuzz.yaml", &connector, &errors) != TOC_OK) {
        TOC_ASSERT(errors != NULL && errors[0] != '\0');
        free(errors);
        return 0;
    }
    const struct toc_http_request request = {.fields = take_sized(&in),
                                             .body = fuzz_bytes(&in, SIZE_MAX)};
    check(connector, &request);
    connector_free(connector);
    return 0;
}
