/*
 * What the fuzz targets share: libFuzzer's entry point, a reader of the input, and a link that
 * carries frames between runs in this process and looks at every frame that leaves one.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "common/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes numbers and bytes off the front of the input; at its end everything is zero and empty. */
struct fuzz_input {
    const uint8_t *next, *end;
};

static inline bool fuzz_has_more(const struct fuzz_input *in)
{
    return in->next < in->end;
}

static inline unsigned fuzz_byte(struct fuzz_input *in)
{
    return in->next < in->end ? *in->next++ : 0;
}

static inline struct toc_str fuzz_bytes(struct fuzz_input *in, size_t size)
{
    size_t left = (size_t)(in->end - in->next);
    struct toc_str out = toc_str(in->next, size < left ? size : left);
    in->next += out.size;
    return out;
}

#define FUZZ_NODES 4 /* runs that are linked with each other */

/*
 * Every run's link has a place; peer TOC_PEER_BOUND + p of it is the run at place p, and its
 * upstream i is the place that `upstreams` names. A frame to a place without a run is dropped.
 */
struct toc_link {
    unsigned place;
    unsigned upstreams[FUZZ_NODES];
    size_t upstream_count;
    uint64_t sent; /* frames that were well-formed; any other ends the process */
};

/* A frame on its way; released by fuzz_frame_free. */
struct fuzz_frame {
    struct fuzz_frame *next;
    unsigned to;
    toc_peer from; /* as the receiver numbers its peers */
    size_t size;
    char bytes[];
};

/* The links a frame may come from or go to; NULL where there is no run. */
extern struct toc_link *fuzz_links[FUZZ_NODES];

/* The oldest frame under way, or NULL. */
struct fuzz_frame *fuzz_take_frame(void);
void fuzz_frame_free(struct fuzz_frame *frame);
/* Loses everything under way. */
void fuzz_drop_frames(void);

#endif
