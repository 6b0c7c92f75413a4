#include "services/router/duplicate.h"

#include "common/hash.h"
#include "common/similar.h"

#include <assert.h>

#define DAY_BYTES       4
#define REQUESTER_BYTES 16
#define ENTRY_BYTES     (16 + TOC_ID)
#define EXPIRED_MAX     2 /* rows taken away with each opening */

static_assert(TOC_ID == 16, "as the table's description says");

struct opening {
    toc_time_ms at_ms;
    uint64_t print;
    uint8_t issue[TOC_ID];
};

/* One requester's openings of a day. */
struct openings {
    struct opening all[ROUTER_ALIKE_MAX];
    size_t count;
};

/* --- rows ------------------------------------------------------------------------------------- */

static enum toc_err load(struct toc_turn *turn, const uint8_t key[DAY_BYTES + REQUESTER_BYTES],
                         struct openings *out)
{
    struct toc_str row;
    enum toc_err err =
        toc_get(turn->txn, TABLE_ALIKE, toc_str(key, DAY_BYTES + REQUESTER_BYTES), &row);
    out->count = 0;
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_OK : err;
    if (row.size % ENTRY_BYTES != 0 || row.size / ENTRY_BYTES > ROUTER_ALIKE_MAX)
        return TOC_ERR_DAMAGED;
    for (const char *p = row.data; out->count < row.size / ENTRY_BYTES; p += ENTRY_BYTES) {
        struct opening *opening = &out->all[out->count++];
        opening->at_ms = (toc_time_ms)toc_get_u64be(p);
        opening->print = toc_get_u64be(p + 8);
        memcpy(opening->issue, p + 16, TOC_ID);
    }
    return TOC_OK;
}

/* With one more; the oldest makes room. */
static enum toc_err save(struct toc_turn *turn, const uint8_t key[DAY_BYTES + REQUESTER_BYTES],
                         const struct openings *before, const struct opening *added)
{
    uint8_t row[ROUTER_ALIKE_MAX * ENTRY_BYTES];
    size_t first = before->count == ROUTER_ALIKE_MAX, count = before->count - first + 1;
    for (size_t i = 0; i < count; i++) {
        const struct opening *opening = i + 1 < count ? &before->all[first + i] : added;
        uint8_t *p = row + i * ENTRY_BYTES;
        toc_put_u64be(p, (uint64_t)opening->at_ms);
        toc_put_u64be(p + 8, opening->print);
        memcpy(p + 16, opening->issue, TOC_ID);
    }
    return toc_put(turn->txn, TABLE_ALIKE, toc_str(key, DAY_BYTES + REQUESTER_BYTES),
                   toc_str(row, count * ENTRY_BYTES));
}

/* Days lie behind each other, so the table begins with what is out of the window. */
static enum toc_err expire(struct toc_turn *turn, uint32_t first_day)
{
    for (unsigned i = 0; i < EXPIRED_MAX; i++) {
        struct toc_str key, row;
        enum toc_err err = toc_first_at_least(turn->txn, TABLE_ALIKE, toc_str(NULL, 0), &key, &row);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_OK : err;
        if (key.size != DAY_BYTES + REQUESTER_BYTES)
            return TOC_ERR_DAMAGED;
        if (toc_get_u32be(key.data) >= first_day)
            return TOC_OK;
        uint8_t old[DAY_BYTES + REQUESTER_BYTES];
        memcpy(old, key.data, sizeof(old));
        TOC_TRY(toc_del(turn->txn, TABLE_ALIKE, toc_str(old, sizeof(old))));
    }
    return TOC_OK;
}

/* --- of an event ------------------------------------------------------------------------------ */

static bool read_fingerprint(const Tocsin__V1__Event *event, uint64_t *out)
{
    uint8_t bytes[sizeof(*out)];
    for (size_t i = 0; i < event->n_facts; i++) {
        const Tocsin__V1__FoundFact *fact = event->facts[i];
        if (strcmp(fact->name, "fingerprint") != 0)
            continue;
        if (toc_unhex(bytes, sizeof(bytes), toc_str_of(fact->value)) != TOC_OK)
            return false;
        *out = toc_get_u64be(bytes);
        return true;
    }
    return false;
}

/*
 * Who wrote it: a pseudonym that intake made is one person's everywhere, one that a publisher made
 * is a person of that source. Tests are apart.
 */
static bool read_requester(const Tocsin__V1__Event *event, uint8_t out[REQUESTER_BYTES])
{
    uint8_t hash[TOC_SHA256];
    const char *requester = event->issue_opened->requester;
    bool own = event->pseudonym[0] != '\0' &&
               (requester[0] == '\0' || strcmp(requester, event->pseudonym) == 0);
    const char *name = own ? event->pseudonym : requester;
    if (name[0] == '\0')
        return false;
    toc_sha256_pair(hash, toc_str_of(own ? "" : event->source),
                    toc_str_of(event->test ? "t" : "r"));
    toc_sha256_pair(hash, toc_str(hash, sizeof(hash)), toc_str_of(name));
    memcpy(out, hash, REQUESTER_BYTES);
    return true;
}

/* --- looking ---------------------------------------------------------------------------------- */

struct looking {
    toc_time_ms window_ms;
    struct opening self;
    struct opening best;
    unsigned distance; /* of the best one; more than TOC_SIMILAR_BITS: there is none */
};

static void compare(struct looking *looking, const struct openings *openings)
{
    for (size_t i = 0; i < openings->count; i++) {
        const struct opening *opening = &openings->all[i];
        unsigned distance = toc_similar_distance(looking->self.print, opening->print);
        toc_time_ms apart_ms = looking->self.at_ms - opening->at_ms;
        if (apart_ms > looking->window_ms || -apart_ms > looking->window_ms ||
            distance >= looking->distance)
            continue;
        looking->distance = distance;
        looking->best = *opening;
    }
}

/* The nearest of the window's days, of several the first; the opening itself joins the last day. */
static enum toc_err look(struct toc_turn *turn, struct looking *looking,
                         const uint8_t requester[REQUESTER_BYTES])
{
    uint8_t key[DAY_BYTES + REQUESTER_BYTES];
    toc_time_ms from_ms = looking->self.at_ms - looking->window_ms;
    uint32_t day = (uint32_t)((from_ms > 0 ? from_ms : 0) / TOC_DAY_MS),
             last = (uint32_t)(looking->self.at_ms / TOC_DAY_MS);
    struct openings openings;
    memcpy(key + DAY_BYTES, requester, REQUESTER_BYTES);
    TOC_TRY(expire(turn, day));
    for (; day <= last; day++) {
        toc_put_u32be(key, day);
        TOC_TRY(load(turn, key, &openings));
        compare(looking, &openings);
    }
    return save(turn, key, &openings, &looking->self);
}

/* In the row as far as it has room, in any case in the record. */
static enum toc_err suggest(struct work *work, const struct looking *looking)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue, before = *work->issue;
    char *id = toc_arena_copy(work->turn->arena, toc_str(looking->best.issue, TOC_ID));
    if (id == NULL)
        return TOC_ERR_LIMIT;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__DUPLICATE;
    change.other = toc_wire_binary(toc_str(id, TOC_ID));
    change.distance = looking->distance;
    if (issue->duplicate == TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_UNSPECIFIED) {
        issue->duplicate_of = change.other;
        issue->duplicate = TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_SUGGESTED;
    }
    if (issue_is_too_large(issue))
        *issue = before;
    return work_emit(work, &change);
}

enum toc_err duplicate_opened(struct work *work)
{
    struct looking looking = {.self.at_ms = work->at_ms, .distance = TOC_SIMILAR_BITS + 1};
    uint8_t requester[REQUESTER_BYTES];
    const struct toc_policy *policy;
    if (!read_fingerprint(work->event, &looking.self.print) ||
        !read_requester(work->event, requester) || work->at_ms < 0)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    if (err != TOC_OK || policy->duplicates_ms == 0)
        return err < 0 ? err : TOC_OK;
    looking.window_ms = policy->duplicates_ms;
    memcpy(looking.self.issue, work->issue->id.data, TOC_ID);
    TOC_TRY(look(work->turn, &looking, requester));
    return looking.distance <= TOC_SIMILAR_BITS ? suggest(work, &looking) : TOC_OK;
}

/* --- links ------------------------------------------------------------------------------------ */

static bool is_of(const ProtobufCBinaryData *id, const Tocsin__V1__IssueLinked *linked)
{
    return toc_str_equal(toc_wire_bytes(id), toc_wire_bytes(&linked->other));
}

enum toc_err duplicate_linked(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueLinked *linked = work->event->issue_linked;
    Tocsin__V1__Issue *issue = work->issue;
    bool is = strcmp(linked->kind, "duplicate") == 0;
    if (is_of(&issue->id, linked))
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "an issue is no duplicate of itself");
    if (is)
        issue->duplicate_of = linked->other;
    if (is_of(&issue->duplicate_of, linked))
        issue->duplicate = is ? TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_CONFIRMED
                              : TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_REJECTED;
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__LINKED;
    change.other = linked->other;
    change.reason = linked->kind;
    change.by = linked->by;
    return work_make_room(work, &change) ? work_emit(work, &change) : work_refuse_growth(work);
}
