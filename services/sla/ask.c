#include "services/sla/fire.h"

#include "common/answer.h"

static enum toc_err is_asked_for(struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                                 struct toc_str row, bool *out)
{
    Tocsin__V1__IssueClocks *clocks;
    size_t mark = toc_arena_mark(arena);
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue_clocks__descriptor, row, &clocks));
    *out = ask->queue[0] == '\0' || strcmp(ask->queue, clocks->queue) == 0;
    toc_arena_reset(arena, mark);
    return TOC_OK;
}

/* --- lists ---------------------------------------------------------------------------------- */

/* What is being filled, and how far it may go. */
struct list {
    struct toc_txn *txn;
    struct toc_arena *arena;
    const Tocsin__V1__Ask *ask;
    size_t limit, looked_at; /* rows */
    Tocsin__V1__Answer *answer;
};

static bool is_over(struct list *list)
{
    return toc_answer_is_over(list->answer, list->limit, &list->looked_at);
}

/*
 * The open ones come in three parts: with a breach, by its instant; with an instant ahead, by it;
 * and the rest, which stand still. A place in the list is the part's letter and the key in its
 * table.
 */
enum part { PART_BREACHED, PART_AHEAD, PART_STILL, PART_COUNT };

static const struct {
    char letter;
    unsigned table;
} parts[PART_COUNT] = {{'b', TABLE_OPEN}, {'d', TABLE_DUE}, {'s', TABLE_OPEN}};

#define OPEN_KEY (8 + ROW_KEY)

static enum toc_err stop_at(struct list *list, enum part part, struct toc_str key)
{
    char place[1 + OPEN_KEY] = {parts[part].letter};
    TOC_ASSERT(key.size == OPEN_KEY);
    memcpy(place + 1, key.data, OPEN_KEY);
    return toc_answer_next(list->arena, toc_str(place, sizeof(place)), list->answer);
}

static bool is_open(const Tocsin__V1__IssueClocks *row)
{
    for (size_t i = 0; i < row->n_clocks; i++)
        if (clock_is_live(row->clocks[i]))
            return true;
    return false;
}

/* A row that the index names; one with a breach was listed among those already. */
static enum toc_err add_open(struct list *list, enum part part, struct toc_str key)
{
    struct toc_str row;
    bool wanted;
    Tocsin__V1__IssueClocks *clocks;
    size_t mark = toc_arena_mark(list->arena);
    enum toc_err err = toc_get(list->txn, TABLE_CLOCKS, toc_str(key.data + 8, ROW_KEY), &row);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(toc_wire_unpack(list->arena, &tocsin__v1__issue_clocks__descriptor, row, &clocks));
    wanted = (list->ask->queue[0] == '\0' || strcmp(list->ask->queue, clocks->queue) == 0) &&
             (part != PART_AHEAD || (clocks->open_ms == 0 && is_open(clocks)));
    toc_arena_reset(list->arena, mark);
    return wanted ? toc_answer_add(list->arena, row, list->answer) : TOC_OK;
}

static bool is_of(enum part part, struct toc_str key)
{
    bool still = toc_get_u64be(key.data) == (uint64_t)TOC_TIME_NEVER;
    return part == PART_AHEAD || still == (part == PART_STILL);
}

/* Goes on with a part; `*full` when the answer ended within it. */
static enum toc_err list_part(struct list *list, enum part part, struct toc_str from, bool *full)
{
    struct toc_str key, none;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(list->txn, parts[part].table, from, &scan));
    while ((err = toc_scan_next(scan, &key, &none)) == TOC_OK && is_of(part, key)) {
        *full = is_over(list);
        err = *full ? stop_at(list, part, key) : add_open(list, part, key);
        if (err < 0 || *full)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err list_open(struct list *list)
{
    uint8_t still[8];
    struct toc_str after = toc_wire_bytes(&list->ask->after);
    enum part first = PART_BREACHED;
    bool full = false;
    while (after.size > 0 && first < PART_COUNT && parts[first].letter != after.data[0])
        first++;
    toc_put_u64be(still, (uint64_t)TOC_TIME_NEVER);
    for (enum part part = first; part < PART_COUNT && !full; part++) {
        struct toc_str from = toc_str(still, part == PART_STILL ? sizeof(still) : 0);
        if (after.size > 1 && part == first)
            from = toc_str_from(after, 1);
        TOC_TRY(list_part(list, part, from, &full));
    }
    return TOC_OK;
}

/* Every issue, in order of arrival. */
static enum toc_err list_all(struct list *list)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(list->txn, TABLE_CLOCKS, toc_wire_bytes(&list->ask->after), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        bool wanted;
        if (is_over(list)) {
            err = toc_answer_next(list->arena, key, list->answer);
            break;
        }
        err = is_asked_for(list->arena, list->ask, row, &wanted);
        if (err == TOC_OK && wanted)
            err = toc_answer_add(list->arena, row, list->answer);
        if (err < 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* --- questions ------------------------------------------------------------------------------ */

static enum toc_err one_row(struct toc_txn *txn, const Tocsin__V1__Ask *ask, struct toc_str *out)
{
    uint8_t key[ROW_KEY];
    row_key(key, ask->partition, ask->number);
    return toc_get(txn, TABLE_CLOCKS, toc_str(key, sizeof(key)), out);
}

enum toc_err sla_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                     const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct toc_str row;
    (void)self;
    if (ask->what != TOCSIN__V1__ASK__WHAT__CLOCKS) {
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
        answer->detail = toc_wire_text("sla answers STATUS, CLOCKS, HISTORY and POLICY");
        return TOC_OK;
    }
    size_t limit = toc_answer_limit(ask);
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    if (ask->number != 0) {
        enum toc_err err = one_row(txn, ask, &row);
        return err == TOC_OK ? toc_answer_add(arena, row, answer) : err;
    }
    struct list list = {.txn = txn, .arena = arena, .ask = ask, .limit = limit, .answer = answer};
    return ask->all ? list_all(&list) : list_open(&list);
}

enum toc_err sla_last_seq(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                          uint64_t *out)
{
    struct toc_str row;
    Tocsin__V1__IssueClocks *clocks;
    enum toc_err err = one_row(txn, ask, &row);
    *out = 0;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue_clocks__descriptor, row, &clocks));
    *out = clocks->last_seq;
    return TOC_OK;
}
