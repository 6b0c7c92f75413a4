/*
 * Where an issue was, and when: stretches of time in which its tier, queue, partner and state stood
 * still, and whether somebody had it. One is written only when one of these changes; the last one
 * is in the issue's row. What came and went within one instant is not there.
 *
 * Kept in the table `ledger`, key row ‖ 0xff ‖ u32be number -> u64be from ‖ u64be until ‖ state and
 * SEGMENT_CLAIMED (1) ‖ tier (1) ‖ queue ‖ 0 ‖ partner: beside the issue's intervals, so that both
 * are on one page. The latest SEGMENTS_MAX are kept, with the present one.
 */
#ifndef SLA_SEGMENT_H
#define SLA_SEGMENT_H

#include "services/sla/row.h"

struct segment {
    struct toc_interval span;
    Tocsin__V1__IssueState state;
    uint32_t tier;
    bool claimed;
    const char *queue, *partner; /* in the arena */
};

/* What the row says has ended at `at_ms`; call before it takes over what is now. */
TOC_MUST enum toc_err segment_end(struct work *work, toc_time_ms at_ms);

/* The latest ones, in order of time, the present one last and open: until TOC_TIME_NEVER. */
TOC_MUST enum toc_err segment_list(struct work *work, struct segment **out, size_t *out_count);

/* The list begins with the issue's opening: none is gone, and none is older than what sla heard. */
bool segment_is_whole(const struct work *work, const struct segment *segments);

#endif
