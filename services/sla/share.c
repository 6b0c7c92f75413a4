#include "services/sla/share.h"

#include "services/sla/segment.h"

enum kind { KIND_TIER, KIND_QUEUE, KIND_PARTNER, KIND_STATE, KIND_SIDE, KIND_COUNT };

static const char *const kind_names[KIND_COUNT] = {
    [KIND_TIER] = "tier",   [KIND_QUEUE] = "queue", [KIND_PARTNER] = "partner",
    [KIND_STATE] = "state", [KIND_SIDE] = "side",
};

/* Tiers, states and sides together: few, unlike queues and partners. */
#define FIXED_NAMES 12

/* Shares that are told apart while they are summed; those of a kind without a name come first. */
struct sums {
    Tocsin__V1__Share *shares;
    size_t count;
};

/* Whom the issue waits for. */
static const char *side_of(Tocsin__V1__IssueState state)
{
    switch ((int)state) {
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING:
        return "requester";
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD:
        return "third_party";
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW:
    case TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN:
        return "us";
    default:
        return "";
    }
}

static const char *tier_name(uint32_t tier)
{
    static const char *const names[] = {"", "1", "2", "3"};
    return tier < sizeof(names) / sizeof(names[0]) ? names[tier] : "";
}

static void add(struct sums *sums, enum kind kind, const char *name, toc_time_ms ms)
{
    Tocsin__V1__Share *found = &sums->shares[kind];
    for (size_t i = KIND_COUNT; name[0] != '\0' && i < sums->count; i++)
        if (sums->shares[i].kind == kind_names[kind] && strcmp(sums->shares[i].name, name) == 0)
            found = &sums->shares[i];
    if (found == &sums->shares[kind] && name[0] != '\0') {
        found = &sums->shares[sums->count++];
        tocsin__v1__share__init(found);
        found->kind = toc_wire_text(kind_names[kind]);
        found->name = toc_wire_text(name);
    }
    found->ms += ms;
}

static void add_segment(struct sums *sums, const struct segment *segment, toc_time_ms ms)
{
    add(sums, KIND_TIER, tier_name(segment->tier), ms);
    add(sums, KIND_QUEUE, segment->queue, ms);
    add(sums, KIND_PARTNER, segment->partner, ms);
    add(sums, KIND_STATE, toc_state_name((unsigned)segment->state), ms);
    add(sums, KIND_SIDE, side_of(segment->state), ms);
}

/* The clock's own time of an interval, by the stretches that it touches; returns the sum. */
static toc_time_ms add_interval(struct sums *sums, struct clock clock,
                                const struct segment *segments, size_t count,
                                struct toc_interval interval)
{
    toc_time_ms sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct toc_interval span = segments[i].span;
        if (span.from_ms >= interval.until_ms || span.until_ms <= interval.from_ms)
            continue;
        if (span.from_ms < interval.from_ms)
            span.from_ms = interval.from_ms;
        if (span.until_ms > interval.until_ms)
            span.until_ms = interval.until_ms;
        toc_time_ms ms = clock_between(clock, span.from_ms, span.until_ms);
        if (ms > 0)
            add_segment(sums, &segments[i], ms);
        sum += ms;
    }
    return sum;
}

static void begin(struct sums *sums, Tocsin__V1__Share *shares)
{
    sums->shares = shares;
    for (sums->count = 0; sums->count < KIND_COUNT; sums->count++) {
        tocsin__v1__share__init(&shares[sums->count]);
        shares[sums->count].kind = toc_wire_text(kind_names[sums->count]);
    }
}

static enum toc_err add_all(struct work *work, size_t index, toc_time_ms until_ms,
                            struct sums *sums)
{
    struct clock clock = row_clock(work, index);
    const uint32_t intervals = clock.row->intervals;
    uint32_t first = intervals > SEGMENTS_MAX ? intervals - SEGMENTS_MAX : 0;
    toc_time_ms left_ms = clock_elapsed(clock, until_ms);
    struct segment *segments;
    size_t count;
    TOC_TRY(segment_list(work, &segments, &count));
    Tocsin__V1__Share *shares =
        toc_arena_take(work->turn->arena, (KIND_COUNT + FIXED_NAMES + 2 * count) * sizeof(*shares));
    if (shares == NULL)
        return TOC_ERR_LIMIT;
    begin(sums, shares);
    for (uint32_t i = first > clock.row->kept ? first : clock.row->kept; i < intervals; i++) {
        struct toc_interval interval;
        TOC_TRY(row_read_interval(work, index, i, &interval));
        left_ms -= add_interval(sums, clock, segments, count, interval);
    }
    if (clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING)
        left_ms -= add_interval(sums, clock, segments, count,
                                (struct toc_interval){clock.row->running_since_ms, until_ms});
    for (int kind = 0; kind < KIND_COUNT; kind++)
        sums->shares[kind].ms += left_ms; /* before what is kept */
    return TOC_OK;
}

/* The largest first; those without a name last, where the folding finds them. */
static bool comes_after(const Tocsin__V1__Share *a, const Tocsin__V1__Share *b)
{
    bool a_rest = a->name[0] == '\0', b_rest = b->name[0] == '\0';
    return a_rest != b_rest ? a_rest : a->ms < b->ms;
}

static void sort(Tocsin__V1__Share **shares, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && comes_after(shares[k - 1], shares[k]); k--) {
            Tocsin__V1__Share *swap = shares[k];
            shares[k] = shares[k - 1];
            shares[k - 1] = swap;
        }
}

bool share_fold(Tocsin__V1__Share **shares, size_t *count)
{
    size_t named = 0;
    while (named < *count && shares[named]->name[0] != '\0')
        named++;
    if (named == 0)
        return false;
    Tocsin__V1__Share *least = shares[named - 1];
    for (size_t i = named; i < *count; i++) {
        if (shares[i]->kind != least->kind)
            continue;
        shares[i]->ms += least->ms;
        memmove(&shares[named - 1], &shares[named], (*count - named) * sizeof(*shares));
        --*count;
        return true;
    }
    least->name = toc_wire_text(""); /* the first of its kind to go */
    return true;
}

enum toc_err share_list(struct work *work, size_t index, toc_time_ms until_ms,
                        Tocsin__V1__Share ***out, size_t *out_count)
{
    struct sums sums;
    size_t count = 0;
    TOC_TRY(add_all(work, index, until_ms, &sums));
    Tocsin__V1__Share **list = toc_arena_take(work->turn->arena, sums.count * sizeof(*list));
    if (list == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < sums.count; i++)
        if (sums.shares[i].ms > 0)
            list[count++] = &sums.shares[i];
    sort(list, count);
    while (count > SHARES_MAX && share_fold(list, &count))
        ;
    *out = list;
    *out_count = count;
    return TOC_OK;
}
