#include "services/sla/segment.h"

#define SEGMENT_KEY  (ROW_KEY + 1 + 4)
#define SEGMENT_HEAD 18

#define SEGMENT_CLAIMED 0x80u /* beside the state */

_Static_assert(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED < SEGMENT_CLAIMED, "both in one byte");

static void segment_key(uint8_t key[SEGMENT_KEY], const Tocsin__V1__IssueClocks *row, uint32_t n)
{
    row_key(key, row->partition, row->number);
    key[ROW_KEY] = 0xff; /* after every clock */
    toc_put_u32be(key + ROW_KEY + 1, n);
}

/* The oldest one goes when a new one is written. */
static enum toc_err make_room(struct work *work)
{
    uint8_t key[SEGMENT_KEY];
    if (work->row->segments < SEGMENTS_MAX - 1)
        return TOC_OK;
    segment_key(key, work->row, work->row->segments - (SEGMENTS_MAX - 1));
    enum toc_err err = toc_del(work->turn->txn, TABLE_LEDGER, toc_str(key, sizeof(key)));
    return err < 0 ? err : TOC_OK;
}

enum toc_err segment_end(struct work *work, toc_time_ms at_ms)
{
    Tocsin__V1__IssueClocks *row = work->row;
    size_t queue = strlen(row->queue), partner = strlen(row->partner);
    uint8_t key[SEGMENT_KEY], *value;
    if (row->segment_ms == at_ms)
        return TOC_OK;
    value = toc_arena_take(work->turn->arena, SEGMENT_HEAD + queue + 1 + partner);
    if (value == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(make_room(work));
    segment_key(key, row, row->segments++);
    toc_put_u64be(value, (uint64_t)row->segment_ms);
    toc_put_u64be(value + 8, (uint64_t)at_ms);
    value[16] = (uint8_t)((unsigned)row->state | (row->claimed ? SEGMENT_CLAIMED : 0));
    value[17] = (uint8_t)row->tier;
    memcpy(value + SEGMENT_HEAD, row->queue, queue + 1);
    memcpy(value + SEGMENT_HEAD + queue + 1, row->partner, partner);
    row->segment_ms = at_ms;
    return toc_put(work->turn->txn, TABLE_LEDGER, toc_str(key, sizeof(key)),
                   toc_str(value, SEGMENT_HEAD + queue + 1 + partner));
}

static enum toc_err unpack(struct work *work, struct toc_str value, struct segment *out)
{
    if (value.size < SEGMENT_HEAD + 1)
        return TOC_ERR_DAMAGED;
    struct toc_str names = toc_str_from(value, SEGMENT_HEAD);
    const char *end = memchr(names.data, '\0', names.size);
    if (end == NULL)
        return TOC_ERR_DAMAGED;
    size_t queue = (size_t)(end - names.data);
    out->span.from_ms = (toc_time_ms)toc_get_u64be(value.data);
    out->span.until_ms = (toc_time_ms)toc_get_u64be(value.data + 8);
    unsigned state = (uint8_t)value.data[16];
    out->state = (Tocsin__V1__IssueState)(state & ~SEGMENT_CLAIMED);
    out->claimed = (state & SEGMENT_CLAIMED) != 0;
    out->tier = (uint8_t)value.data[17];
    out->queue = toc_arena_copy(work->turn->arena, toc_str(names.data, queue));
    out->partner = toc_arena_copy(work->turn->arena, toc_str(end + 1, names.size - queue - 1));
    return out->queue == NULL || out->partner == NULL ? TOC_ERR_LIMIT : TOC_OK;
}

enum toc_err segment_list(struct work *work, struct segment **out, size_t *out_count)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    uint32_t kept = row->segments < SEGMENTS_MAX - 1 ? row->segments : SEGMENTS_MAX - 1;
    struct segment *list = toc_arena_take(work->turn->arena, (kept + 1) * sizeof(*list));
    if (list == NULL)
        return TOC_ERR_LIMIT;
    for (uint32_t i = 0; i < kept; i++) {
        uint8_t key[SEGMENT_KEY];
        struct toc_str value;
        segment_key(key, row, row->segments - kept + i);
        enum toc_err err =
            toc_get(work->turn->txn, TABLE_LEDGER, toc_str(key, sizeof(key)), &value);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        TOC_TRY(unpack(work, value, &list[i]));
    }
    list[kept] = (struct segment){.span = {row->segment_ms, TOC_TIME_NEVER},
                                  .state = row->state,
                                  .tier = row->tier,
                                  .claimed = row->claimed,
                                  .queue = row->queue,
                                  .partner = row->partner};
    *out = list;
    *out_count = kept + 1;
    return TOC_OK;
}

bool segment_is_whole(const struct work *work, const struct segment *segments)
{
    return work->row->segments < SEGMENTS_MAX &&
           segments[0].state != TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED;
}
