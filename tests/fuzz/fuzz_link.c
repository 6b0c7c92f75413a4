#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define UNDER_WAY_MAX 4096

struct toc_link *fuzz_links[FUZZ_NODES];
static struct fuzz_frame *first, **last = &first;
static size_t under_way;

/* Whatever a service sends has to be a frame that a careful receiver takes. */
static void check_frame(struct toc_link *link, struct toc_str frame)
{
    struct toc_wire_reader reader = toc_wire_reader(frame);
    struct toc_wire_field field;
    enum toc_err err;
    uint64_t version = 0;
    TOC_ASSERT(frame.size <= TOC_FRAME_MAX);
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK)
        if (field.number == 1)
            version = field.value;
    TOC_ASSERT(err == TOC_NONE && version == TOC_WIRE_VERSION);
    TOC_ASSERT(frame.size > TOC_FRAME_MAX / 2 ||
               toc_wire_scan(&tocsin__v1__frame__descriptor, frame) == TOC_OK);
    link->sent++;
}

/* How the run at place `to` numbers the run at `from`; 0 when it does not know it. */
static toc_peer number_of(const struct toc_link *to, unsigned from, bool from_upstream)
{
    if (!from_upstream)
        return TOC_PEER_BOUND + from;
    for (size_t i = 0; i < to->upstream_count; i++)
        if (to->upstreams[i] == from)
            return (toc_peer)(i + 1);
    return 0;
}

enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    bool to_follower = peer >= TOC_PEER_BOUND;
    unsigned to;
    check_frame(link, frame);
    if (to_follower)
        to = peer - TOC_PEER_BOUND;
    else if (peer >= 1 && peer <= link->upstream_count)
        to = link->upstreams[peer - 1];
    else
        return TOC_ERR_GONE;
    if (to >= FUZZ_NODES || fuzz_links[to] == NULL)
        return TOC_OK;
    if (under_way == UNDER_WAY_MAX)
        return TOC_ERR_AGAIN;
    struct fuzz_frame *copy = malloc(sizeof(*copy) + frame.size);
    TOC_ASSERT(copy != NULL);
    *copy = (struct fuzz_frame){.to = to, .size = frame.size};
    copy->from = number_of(fuzz_links[to], link->place, to_follower);
    memcpy(copy->bytes, frame.data, frame.size);
    *last = copy;
    last = &copy->next;
    under_way++;
    return TOC_OK;
}

struct fuzz_frame *fuzz_take_frame(void)
{
    struct fuzz_frame *frame = first;
    if (frame == NULL)
        return NULL;
    first = frame->next;
    if (first == NULL)
        last = &first;
    under_way--;
    return frame;
}

void fuzz_frame_free(struct fuzz_frame *frame)
{
    free(frame);
}

void fuzz_drop_frames(void)
{
    struct fuzz_frame *frame;
    while ((frame = fuzz_take_frame()) != NULL)
        fuzz_frame_free(frame);
}
