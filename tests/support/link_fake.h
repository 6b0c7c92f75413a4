/*
 * A link that goes nowhere: it keeps every frame that is sent, so that a test can look at it or
 * carry it to another run, and answers what it is told to (a full queue, a peer that is gone).
 */
#ifndef TOC_LINK_FAKE_H
#define TOC_LINK_FAKE_H

#include "common/link.h"

struct link_fake_frame {
    toc_peer peer;
    struct toc_str bytes; /* lives until link_fake_clear */
};

struct toc_link *link_fake_new(void);
void link_fake_free(struct toc_link *link); /* accepts NULL */

/* What sending to `peer` answers from now on; TOC_OK at first. Frames are kept only on TOC_OK. */
void link_fake_answer(struct toc_link *link, toc_peer peer, enum toc_err answer);

/* The frames sent since the last clear, in order. */
size_t link_fake_count(const struct toc_link *link);
const struct link_fake_frame *link_fake_at(const struct toc_link *link, size_t index);
void link_fake_clear(struct toc_link *link);

#endif
