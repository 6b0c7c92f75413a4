#include "services/intake/dedupe_impl.h"

#define KEY_BYTES 8

static const struct toc_str meta_key = {"dedupe", 6};

static struct toc_str row_key(uint8_t bytes[KEY_BYTES], uint32_t no, uint32_t page)
{
    toc_put_u32be(bytes, no);
    toc_put_u32be(bytes + 4, page);
    return toc_str(bytes, KEY_BYTES);
}

/* The list. */

static void segment_pack(uint8_t *out, const struct dedupe_segment *s)
{
    toc_put_u32be(out, s->no);
    toc_put_u32be(out + 4, s->pages);
    toc_put_u32be(out + 8, s->entries);
    toc_put_u64be(out + 12, s->from_seq);
    toc_put_u64be(out + 20, s->through_seq);
    toc_put_u64be(out + 28, (uint64_t)s->max_at_ms);
}

static struct dedupe_segment segment_unpack(const char *in)
{
    return (struct dedupe_segment){
        .no = toc_get_u32be(in),
        .pages = toc_get_u32be(in + 4),
        .entries = toc_get_u32be(in + 8),
        .from_seq = toc_get_u64be(in + 12),
        .through_seq = toc_get_u64be(in + 20),
        .max_at_ms = (toc_time_ms)toc_get_u64be(in + 28),
    };
}

static enum toc_err list_store(const struct dedupe *d, struct toc_txn *txn)
{
    uint8_t row[DEDUPE_META_HEAD + DEDUPE_SEGMENTS_MAX * DEDUPE_SEGMENT_ROW];
    toc_put_u32be(row, DEDUPE_VERSION);
    toc_put_u64be(row + 4, d->indexed_through);
    for (size_t i = 0; i < d->count; i++)
        segment_pack(row + DEDUPE_META_HEAD + i * DEDUPE_SEGMENT_ROW, &d->segments[i]);
    return toc_put(txn, d->config.meta_table, meta_key,
                   toc_str(row, DEDUPE_META_HEAD + d->count * DEDUPE_SEGMENT_ROW));
}

/* Whether `s` may follow the segments loaded so far. */
static bool follows(const struct dedupe *d, const struct dedupe_segment *s)
{
    uint64_t before = d->count ? d->segments[d->count - 1].through_seq : 0;
    return s->no > 0 && s->no < UINT32_MAX && s->entries > 0 &&
           s->pages == dedupe_pages_for(s->entries) && s->from_seq > before &&
           s->through_seq >= s->from_seq && s->through_seq <= d->indexed_through;
}

static enum toc_err list_parse(struct dedupe *d, struct toc_str row)
{
    if (row.size < DEDUPE_META_HEAD)
        return TOC_ERR_DAMAGED;
    if (toc_get_u32be(row.data) != DEDUPE_VERSION)
        return TOC_ERR_VERSION;
    size_t count = (row.size - DEDUPE_META_HEAD) / DEDUPE_SEGMENT_ROW;
    if (row.size != DEDUPE_META_HEAD + count * DEDUPE_SEGMENT_ROW || count > DEDUPE_SEGMENTS_MAX)
        return TOC_ERR_DAMAGED;
    d->indexed_through = toc_get_u64be(row.data + 4);
    for (size_t i = 0; i < count; i++) {
        struct dedupe_segment s =
            segment_unpack(row.data + DEDUPE_META_HEAD + i * DEDUPE_SEGMENT_ROW);
        if (!follows(d, &s))
            return TOC_ERR_DAMAGED;
        d->segments[d->count++] = s;
        if (s.no >= d->next_no)
            d->next_no = s.no + 1;
        if (s.max_at_ms > d->newest_at_ms)
            d->newest_at_ms = s.max_at_ms;
    }
    return TOC_OK;
}

enum toc_err dedupe_list_load(struct dedupe *d, struct toc_txn *txn)
{
    struct toc_str row, key, value;
    d->next_no = 1;
    enum toc_err err = toc_get(txn, d->config.meta_table, meta_key, &row);
    if (err == TOC_OK)
        err = list_parse(d, row);
    TOC_TRY(err);
    /* Beyond every row there is, listed or not: rubbish never shares a number with an output. */
    err = toc_last_below(txn, d->config.table, toc_str(NULL, 0), &key, &value);
    TOC_TRY(err);
    if (err == TOC_OK) {
        if (key.size != KEY_BYTES || toc_get_u32be(key.data) == UINT32_MAX)
            return TOC_ERR_DAMAGED;
        if (toc_get_u32be(key.data) >= d->next_no)
            d->next_no = toc_get_u32be(key.data) + 1;
    }
    dedupe_sweep_from(d, 0);
    d->unplanned = true;
    return TOC_OK;
}

enum toc_err dedupe_list_replace(struct dedupe *d, struct toc_txn *txn, size_t at, size_t count,
                                 const struct dedupe_segment *segment)
{
    size_t added = segment != NULL;
    TOC_ASSERT(at + count <= d->count && d->count - count + added <= DEDUPE_SEGMENTS_MAX);
    for (size_t i = at; i < at + count; i++)
        dedupe_sweep_from(d, d->segments[i].no);
    memmove(d->segments + at + added, d->segments + at + count,
            (d->count - at - count) * sizeof(*d->segments));
    if (segment != NULL)
        d->segments[at] = *segment;
    d->count += added;
    d->count -= count;
    d->unplanned = true;
    dedupe_filters_assign(d);
    return list_store(d, txn);
}

/* Whether even the youngest entry is past the window. */
static bool is_expired(const struct dedupe *d, const struct dedupe_segment *s)
{
    toc_time_ms oldest_ms;
    if (__builtin_sub_overflow(d->newest_at_ms, d->config.window_ms, &oldest_ms))
        return false;
    return s->max_at_ms < oldest_ms;
}

/* A merge whose inputs are all expired has no purpose any more. */
static void give_up_merge(struct dedupe *d, unsigned slot)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->segments[i].merging == slot + 1 && !is_expired(d, &d->segments[i]))
            return;
    for (size_t i = 0; i < d->count; i++)
        if (d->segments[i].merging == slot + 1)
            d->segments[i].merging = 0;
    dedupe_sweep_from(d, d->merges[slot].no);
    d->merges[slot] = (struct dedupe_output){0};
    d->unplanned = true;
}

enum toc_err dedupe_list_expire(struct dedupe *d, struct toc_txn *txn)
{
    for (unsigned slot = 0; slot < DEDUPE_LEVELS; slot++)
        if (d->merges[slot].no != 0)
            give_up_merge(d, slot);
    for (size_t i = 0; i < d->count;) {
        /* The inputs of a merge stay until it is done. */
        if (d->segments[i].merging == 0 && is_expired(d, &d->segments[i]))
            TOC_TRY(dedupe_list_replace(d, txn, i, 1, NULL));
        else
            i++;
    }
    return TOC_OK;
}

/* Pages. */

static enum toc_err page_get(const struct dedupe *d, struct toc_txn *txn,
                             const struct dedupe_segment *s, uint32_t page, struct toc_str *out)
{
    uint8_t key[KEY_BYTES];
    struct toc_str value;
    enum toc_err err = toc_get(txn, d->config.table, row_key(key, s->no, page), &value);
    TOC_TRY(err);
    if (err == TOC_NONE || value.size % DEDUPE_ENTRY_BYTES != 0)
        return TOC_ERR_DAMAGED;
    *out = value;
    return TOC_OK;
}

static struct dedupe_entry entry_at(struct toc_str page, size_t i)
{
    const char *in = page.data + i * DEDUPE_ENTRY_BYTES;
    return (struct dedupe_entry){toc_get_u64be(in), toc_get_u64be(in + 8)};
}

/* The place of the first entry whose fingerprint is not below `fingerprint`. */
static size_t lower_bound(struct toc_str page, uint64_t fingerprint)
{
    size_t low = 0, high = page.size / DEDUPE_ENTRY_BYTES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (toc_get_u64be(page.data + middle * DEDUPE_ENTRY_BYTES) < fingerprint)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum toc_err dedupe_segment_find(const struct dedupe *d, struct toc_txn *txn,
                                 const struct dedupe_segment *segment, uint64_t fingerprint,
                                 struct dedupe_hits *hits)
{
    struct toc_str page;
    TOC_TRY(page_get(d, txn, segment, dedupe_part_of(fingerprint, segment->pages), &page));
    size_t count = page.size / DEDUPE_ENTRY_BYTES;
    for (size_t i = lower_bound(page, fingerprint); i < count; i++) {
        struct dedupe_entry entry = entry_at(page, i);
        if (entry.fingerprint != fingerprint)
            break;
        dedupe_hits_offer(hits, entry.seq);
    }
    return TOC_OK;
}

enum toc_err dedupe_segment_collect(struct dedupe *d, struct toc_txn *txn,
                                    const struct dedupe_segment *segment, uint64_t first,
                                    uint64_t last)
{
    uint32_t end = dedupe_part_of(last, segment->pages) + 1;
    uint64_t before = 0;
    for (uint32_t no = dedupe_part_of(first, segment->pages); no < end; no++) {
        struct toc_str page;
        TOC_TRY(page_get(d, txn, segment, no, &page));
        size_t count = page.size / DEDUPE_ENTRY_BYTES;
        for (size_t i = lower_bound(page, first); i < count; i++) {
            struct dedupe_entry entry = entry_at(page, i);
            if (entry.fingerprint < before ||
                dedupe_part_of(entry.fingerprint, segment->pages) != no ||
                entry.seq < segment->from_seq || entry.seq > segment->through_seq)
                return TOC_ERR_DAMAGED;
            if (entry.fingerprint > last)
                break;
            before = entry.fingerprint;
            TOC_TRY(dedupe_run_push(&d->page, entry));
        }
    }
    return TOC_OK;
}

void dedupe_output_begin(struct dedupe *d, struct dedupe_output *output, uint64_t entries)
{
    TOC_ASSERT(output->no == 0 && entries > 0 && entries <= UINT32_MAX);
    TOC_ASSERT(d->next_no < UINT32_MAX);
    *output = (struct dedupe_output){.no = d->next_no++, .pages = dedupe_pages_for(entries)};
}

/* One past the last page of the next step. */
static uint32_t step_end(const struct dedupe_output *output)
{
    uint32_t left = output->pages - output->page;
    return output->page + (left < DEDUPE_STEP_PAGES ? left : DEDUPE_STEP_PAGES);
}

void dedupe_output_range(const struct dedupe_output *output, uint64_t *first, uint64_t *last)
{
    *first = dedupe_part_first(output->page, output->pages);
    *last = dedupe_part_last(step_end(output) - 1, output->pages);
}

static void pack(struct dedupe_entry entry, uint8_t *out)
{
    toc_put_u64be(out, entry.fingerprint);
    toc_put_u64be(out + 8, entry.seq);
}

/*
 * Several outputs grow at the same time, so most puts go to the middle of the table. There LMDB
 * moves the last row of a full 4 kB page to the new one: with rows of 1.6 kB every page keeps a
 * single row, with rows of 0.4 kB eight of nine.
 */
enum toc_err dedupe_output_put(struct dedupe *d, struct toc_txn *txn, struct dedupe_output *output)
{
    uint8_t key[KEY_BYTES];
    TOC_TRY(dedupe_run_sort(&d->page, &d->other));
    uint8_t *packed = (uint8_t *)d->other.items; /* after sorting it has the page's size */
    size_t at = 0;
    for (uint32_t end = step_end(output); output->page < end; output->page++) {
        size_t first = at;
        for (; at < d->page.count; at++) {
            if (dedupe_part_of(d->page.items[at].fingerprint, output->pages) != output->page)
                break;
            pack(d->page.items[at], packed + at * DEDUPE_ENTRY_BYTES);
        }
        TOC_TRY(toc_put(
            txn, d->config.table, row_key(key, output->no, output->page),
            toc_str(packed + first * DEDUPE_ENTRY_BYTES, (at - first) * DEDUPE_ENTRY_BYTES)));
    }
    TOC_ASSERT(at == d->page.count);
    output->entries += at;
    return TOC_OK;
}

/* Writing a frozen table. */

static enum toc_err write_end(struct dedupe *d, struct toc_txn *txn)
{
    struct dedupe_table *table = d->frozen;
    struct dedupe_segment segment = {
        .no = d->writing.no,
        .pages = d->writing.pages,
        .entries = table->count,
        .from_seq = table->from_seq,
        .through_seq = table->through_seq,
        .max_at_ms = table->max_at_ms,
    };
    TOC_ASSERT(d->writing.entries == table->count);
    if (d->count == DEDUPE_SEGMENTS_MAX)
        TOC_TRY(dedupe_merge_relieve(d, txn));
    d->writing = (struct dedupe_output){0};
    d->indexed_through = table->through_seq;
    d->frozen = table->next;
    if (d->spare == NULL)
        d->spare = table;
    else
        dedupe_table_free(table);
    dedupe_filters_end(d, segment.through_seq);
    return dedupe_list_replace(d, txn, d->count, 0, &segment);
}

enum toc_err dedupe_write_step(struct dedupe *d, struct toc_txn *txn)
{
    struct dedupe_output *output = &d->writing;
    if (output->no == 0) {
        dedupe_output_begin(d, output, d->frozen->count);
        dedupe_filters_begin(d, d->frozen);
    }
    uint64_t first, last;
    dedupe_output_range(output, &first, &last);
    d->page.count = 0;
    TOC_TRY(
        dedupe_table_collect(d->frozen, (uint32_t)d->config.memory_entries, first, last, &d->page));
    dedupe_filters_take(d, &d->page);
    TOC_TRY(dedupe_output_put(d, txn, output));
    return output->page == output->pages ? write_end(d, txn) : TOC_OK;
}

/* The sweep. */

void dedupe_sweep_from(struct dedupe *d, uint32_t no)
{
    uint64_t key = (uint64_t)no << 32;
    if (!d->sweeping || key < d->sweep_key)
        d->sweep_key = key;
    d->sweeping = true;
}

static bool is_in_use(const struct dedupe *d, uint32_t no)
{
    if (no == d->writing.no)
        return true;
    for (unsigned slot = 0; slot < DEDUPE_LEVELS; slot++)
        if (no == d->merges[slot].no)
            return true;
    for (size_t i = 0; i < d->count; i++)
        if (no == d->segments[i].no)
            return true;
    return false;
}

enum toc_err dedupe_sweep_step(struct dedupe *d, struct toc_txn *txn)
{
    for (unsigned n = 0; n < DEDUPE_SWEEP_ROWS && d->sweeping; n++) {
        uint8_t bytes[KEY_BYTES];
        struct toc_str key, value;
        struct toc_str from =
            row_key(bytes, (uint32_t)(d->sweep_key >> 32), (uint32_t)d->sweep_key);
        enum toc_err err = toc_first_at_least(txn, d->config.table, from, &key, &value);
        TOC_TRY(err);
        if (err == TOC_NONE) {
            d->sweeping = false;
            break;
        }
        if (key.size != KEY_BYTES || toc_get_u32be(key.data) == UINT32_MAX)
            return TOC_ERR_DAMAGED;
        d->sweep_key = toc_get_u64be(key.data);
        if (is_in_use(d, (uint32_t)(d->sweep_key >> 32))) {
            d->sweep_key = ((d->sweep_key >> 32) + 1) << 32;
            continue;
        }
        memcpy(bytes, key.data, KEY_BYTES);
        TOC_TRY(toc_del(txn, d->config.table, toc_str(bytes, KEY_BYTES)));
    }
    return TOC_OK;
}
