#include "services/notifier/ask.h"

#include "common/answer.h"

static bool is_asked_for(const Tocsin__V1__Ask *ask, const Tocsin__V1__Alert *alert)
{
    struct toc_str prefix = toc_wire_bytes(&ask->id);
    if (prefix.size != 0 && !toc_str_starts(toc_wire_bytes(&alert->id), prefix))
        return false;
    if (ask->number != 0 &&
        (ask->number != alert->issue_number || ask->partition != alert->partition))
        return false;
    if (ask->queue[0] != '\0' && strcmp(ask->queue, alert->queue) != 0)
        return false;
    return ask->all || prefix.size != 0 || ask->number != 0 ||
           alert->state != TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
}

/* Whether an alert, by its packed row, is one that is asked for. */
static enum toc_err wants_alert(struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                                struct toc_str row, bool *out)
{
    Tocsin__V1__Alert *alert;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__alert__descriptor, row, &alert));
    *out = is_asked_for(ask, alert);
    return TOC_OK;
}

/* Without `all` those that are pending or dead: of probes the run has told. */
static enum toc_err wants_page(struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                               struct toc_str row, bool *out)
{
    Tocsin__V1__Page *page;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__page__descriptor, row, &page));
    bool dead = page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD && page->reach[0] == '\0';
    *out = ask->all || page->state <= TOCSIN__V1__PAGE_STATE__PAGE_PENDING || dead;
    return TOC_OK;
}

/* Rows whose keys begin with an alert's number. */
struct numbered {
    unsigned table;
    size_t key_size;
    enum toc_err (*wants)(struct toc_arena *arena, const Tocsin__V1__Ask *ask, struct toc_str row,
                          bool *out);
};

static const struct numbered alerts = {TABLE_ALERT, ALERT_KEY, wants_alert};
static const struct numbered pages = {TABLE_PAGE, PAGE_KEY, wants_page}; /* of any alert */

/* The newest alert first, which is backwards through the numbers. */
static enum toc_err list_newest(struct toc_txn *txn, struct toc_arena *arena,
                                const Tocsin__V1__Ask *ask, const struct numbered *rows,
                                size_t limit, Tocsin__V1__Answer *answer)
{
    struct toc_str below = toc_wire_bytes(&ask->after), key, row;
    char last[PAGE_KEY];
    enum toc_err err;
    while ((err = toc_last_below(txn, rows->table, below, &key, &row)) == TOC_OK) {
        bool wanted;
        if (answer->n_rows == limit)
            return toc_answer_next(arena, below, answer);
        if (key.size != rows->key_size)
            return TOC_ERR_DAMAGED;
        memcpy(last, key.data, key.size);
        below = toc_str(last, key.size);
        size_t mark = toc_arena_mark(arena);
        TOC_TRY(rows->wants(arena, ask, row, &wanted));
        toc_arena_reset(arena, mark);
        if (wanted)
            TOC_TRY(toc_answer_add(arena, row, answer));
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err list_pages(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, size_t limit, Tocsin__V1__Answer *answer)
{
    Tocsin__V1__Alert *alert;
    uint64_t number;
    enum toc_err err = alert_number_of(txn, toc_wire_bytes(&ask->id), &number);
    if (err != TOC_OK)
        return err;
    err = alert_load(txn, arena, number, &alert);
    for (uint32_t i = 0; err == TOC_OK && i < alert->pages && i < limit; i++) {
        Tocsin__V1__Page *page;
        struct toc_str row;
        err = page_load(txn, arena, number, i, &page);
        if (err == TOC_OK)
            err = toc_wire_pack(arena, page, &row);
        if (err == TOC_OK)
            err = toc_answer_add(arena, row, answer);
    }
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* Rows of a table by their keys, which are names; with `queue`, the one of that name. */
static enum toc_err list_names(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, unsigned table, size_t limit,
                               Tocsin__V1__Answer *answer)
{
    struct toc_str from = toc_wire_bytes(&ask->after), key, row;
    struct toc_scan *scan;
    if (ask->queue[0] != '\0')
        from = toc_str_of(ask->queue);
    TOC_TRY(toc_scan_open(txn, table, from, &scan));
    enum toc_err err;
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (ask->queue[0] != '\0' && !toc_str_equal(key, from))
            break;
        if (answer->n_rows == limit) {
            err = toc_answer_next(arena, key, answer);
            break;
        }
        err = toc_answer_add(arena, row, answer);
        if (err != TOC_OK)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* Rows by schedule, of one or of all. */
static enum toc_err list_overrides(struct toc_txn *txn, struct toc_arena *arena,
                                   const Tocsin__V1__Ask *ask, size_t limit,
                                   Tocsin__V1__Answer *answer)
{
    struct toc_str from = toc_wire_bytes(&ask->after), key, row;
    struct toc_str schedule = toc_str(ask->queue, strlen(ask->queue) + 1); /* keys go on with 0 */
    bool all = ask->queue[0] == '\0';
    struct toc_scan *scan;
    enum toc_err err;
    if (from.size == 0 && !all)
        from = schedule;
    TOC_TRY(toc_scan_open(txn, TABLE_OVERRIDE, from, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (!all && !toc_str_starts(key, schedule))
            break;
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : toc_answer_add(arena, row, answer);
        if (err != TOC_OK || answer->next.len > 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* Of which some wait, or the one of that id, or all. */
static enum toc_err list_groups(struct toc_txn *txn, struct toc_arena *arena,
                                const Tocsin__V1__Ask *ask, size_t limit,
                                Tocsin__V1__Answer *answer)
{
    struct toc_str id = toc_wire_bytes(&ask->id), after = toc_wire_bytes(&ask->after), key, row;
    struct toc_scan *scan;
    TOC_TRY(toc_scan_open(txn, TABLE_GROUP, after.size != 0 ? after : id, &scan));
    enum toc_err err;
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && toc_str_starts(key, id)) {
        Tocsin__V1__AlertGroup *group;
        size_t mark = toc_arena_mark(arena);
        err = toc_wire_unpack(arena, &tocsin__v1__alert_group__descriptor, row, &group);
        if (err != TOC_OK)
            break;
        bool wanted = ask->all || id.size != 0 || group->open > 0;
        toc_arena_reset(arena, mark);
        if (!wanted)
            continue;
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : toc_answer_add(arena, row, answer);
        if (err != TOC_OK || answer->next.len > 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

enum toc_err notifier_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                          const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    (void)self;
    size_t limit = toc_answer_limit(ask);
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    if (ask->what == TOCSIN__V1__ASK__WHAT__ALERTS)
        return list_newest(txn, arena, ask, &alerts, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__PAGES && ask->id.len == 0)
        return list_newest(txn, arena, ask, &pages, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__PAGES)
        return list_pages(txn, arena, ask, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__CONTACTS)
        return list_names(txn, arena, ask, TABLE_CONTACT, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__PROVIDERS)
        return list_names(txn, arena, ask, TABLE_PROVIDER, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__OVERRIDES)
        return list_overrides(txn, arena, ask, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__MUTES)
        return list_names(txn, arena, ask, TABLE_MUTE, limit, answer);
    if (ask->what == TOCSIN__V1__ASK__WHAT__GROUPS)
        return list_groups(txn, arena, ask, limit, answer);
    answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
    answer->detail = toc_wire_text("the notifier answers STATUS, ALERTS, PAGES, CONTACTS, "
                                   "PROVIDERS, OVERRIDES, MUTES, GROUPS, HISTORY, POLICY");
    return TOC_OK;
}

enum toc_err notifier_last_seq(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, uint64_t *out)
{
    Tocsin__V1__Alert *alert;
    uint64_t number;
    enum toc_err err = alert_number_of(txn, toc_wire_bytes(&ask->id), &number);
    *out = 0;
    if (err == TOC_OK)
        err = alert_load(txn, arena, number, &alert);
    if (err == TOC_OK)
        *out = alert->last_seq;
    return err < 0 ? err : TOC_OK;
}
