#include "services/notifier/ask.h"

#include "common/answer.h"
#include "services/notifier/group.h"

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

/* One answer in the making. */
struct list {
    struct toc_txn *txn;
    struct toc_arena *arena;
    const Tocsin__V1__Ask *ask;
    Tocsin__V1__Answer *answer;
    size_t limit, looked_at; /* rows */
};

static bool is_over(struct list *list)
{
    return toc_answer_is_over(list->answer, list->limit, &list->looked_at);
}

static enum toc_err go_on_at(struct list *list, struct toc_str key)
{
    return toc_answer_next(list->arena, key, list->answer);
}

static enum toc_err add(struct list *list, struct toc_str row)
{
    return toc_answer_add(list->arena, row, list->answer);
}

/* --- alerts and pages, the newest alert first ------------------------------------------------ */

/* Whether an alert, by its packed row, is one that is asked for. */
static enum toc_err wants_alert(struct list *list, struct toc_str row, bool *out)
{
    Tocsin__V1__Alert *alert;
    TOC_TRY(toc_wire_unpack(list->arena, &tocsin__v1__alert__descriptor, row, &alert));
    *out = is_asked_for(list->ask, alert);
    return TOC_OK;
}

/* Without `all` those that are pending or dead: of probes the run has told. */
static enum toc_err wants_page(struct list *list, struct toc_str row, bool *out)
{
    Tocsin__V1__Page *page;
    TOC_TRY(toc_wire_unpack(list->arena, &tocsin__v1__page__descriptor, row, &page));
    bool dead = page->state == TOCSIN__V1__PAGE_STATE__PAGE_DEAD && page->reach[0] == '\0';
    *out = list->ask->all || page->state <= TOCSIN__V1__PAGE_STATE__PAGE_PENDING || dead;
    return TOC_OK;
}

/* Rows whose keys begin with an alert's number. */
struct numbered {
    unsigned table;
    size_t key_size;
    enum toc_err (*wants)(struct list *list, struct toc_str row, bool *out);
};

static const struct numbered alerts = {TABLE_ALERT, ALERT_KEY, wants_alert};
static const struct numbered pages = {TABLE_PAGE, PAGE_KEY, wants_page}; /* of any alert */

static enum toc_err add_wanted(struct list *list, const struct numbered *rows, struct toc_str row)
{
    bool wanted;
    size_t mark = toc_arena_mark(list->arena);
    TOC_TRY(rows->wants(list, row, &wanted));
    toc_arena_reset(list->arena, mark);
    return wanted ? add(list, row) : TOC_OK;
}

/* Backwards through the numbers. */
static enum toc_err list_newest(struct list *list, const struct numbered *rows)
{
    struct toc_str below = toc_wire_bytes(&list->ask->after), key, row;
    char last[PAGE_KEY];
    enum toc_err err;
    while ((err = toc_last_below(list->txn, rows->table, below, &key, &row)) == TOC_OK) {
        if (is_over(list))
            return go_on_at(list, below);
        if (key.size != rows->key_size)
            return TOC_ERR_DAMAGED;
        memcpy(last, key.data, key.size);
        below = toc_str(last, key.size);
        TOC_TRY(add_wanted(list, rows, row));
    }
    return err < 0 ? err : TOC_OK;
}

/* --- alerts that an index finds --------------------------------------------------------------- */

static enum toc_err add_alert(struct list *list, struct toc_str key)
{
    struct toc_str row;
    enum toc_err err = toc_get(list->txn, TABLE_ALERT, key, &row);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return add_wanted(list, &alerts, row);
}

/* Those whose ids begin so, by id. */
static enum toc_err list_by_id(struct list *list)
{
    struct toc_str id = toc_wire_bytes(&list->ask->id), after = toc_wire_bytes(&list->ask->after);
    struct toc_str key, number;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(list->txn, TABLE_ALERT_ID, after.size != 0 ? after : id, &scan));
    while ((err = toc_scan_next(scan, &key, &number)) == TOC_OK && toc_str_starts(key, id)) {
        bool over = is_over(list);
        err = over ? go_on_at(list, key) : add_alert(list, number);
        if (err < 0 || over)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err list_of_issue(struct list *list)
{
    const Tocsin__V1__Ask *ask = list->ask;
    uint64_t below = ask->after.len == ALERT_KEY ? toc_get_u64be(ask->after.data) : UINT64_MAX;
    uint8_t key[ALERT_KEY];
    enum toc_err err;
    while ((err = alert_of_issue_below(list->txn, ask->partition, ask->number, below, &below)) ==
           TOC_OK) {
        if (is_over(list)) {
            toc_put_u64be(key, below + 1);
            return go_on_at(list, toc_str(key, sizeof(key)));
        }
        toc_put_u64be(key, below);
        TOC_TRY(add_alert(list, toc_str(key, sizeof(key))));
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err list_alerts(struct list *list)
{
    if (list->ask->id.len != 0)
        return list_by_id(list);
    return list->ask->number != 0 ? list_of_issue(list) : list_newest(list, &alerts);
}

/* --- the pages of an alert --------------------------------------------------------------- */

static enum toc_err add_page(struct list *list, uint64_t number, uint32_t index)
{
    Tocsin__V1__Page *page;
    struct toc_str row;
    TOC_TRY(page_there(list->txn, list->arena, number, index, &page));
    TOC_TRY(toc_wire_pack(list->arena, page, &row));
    return add(list, row);
}

static enum toc_err list_pages(struct list *list)
{
    struct toc_str after = toc_wire_bytes(&list->ask->after);
    Tocsin__V1__Alert *alert;
    uint8_t place[4];
    uint64_t number;
    enum toc_err err = alert_number_of(list->txn, toc_wire_bytes(&list->ask->id), &number);
    if (err == TOC_OK)
        err = alert_load(list->txn, list->arena, number, &alert);
    if (err != TOC_OK)
        return err;
    uint32_t first = after.size == sizeof(place) ? toc_get_u32be(after.data) : 0;
    for (uint32_t i = first; i < alert->pages; i++) {
        toc_put_u32be(place, i);
        if (is_over(list))
            return go_on_at(list, toc_str(place, sizeof(place)));
        TOC_TRY(add_page(list, number, i));
    }
    return TOC_OK;
}

/* --- other rows -------------------------------------------------------------------------- */

/* Rows of a table by their keys, which are names; with `queue`, the one of that name. */
static enum toc_err list_names(struct list *list, unsigned table)
{
    struct toc_str from = toc_wire_bytes(&list->ask->after), key, row;
    bool one = list->ask->queue[0] != '\0';
    struct toc_scan *scan;
    enum toc_err err;
    if (one)
        from = toc_str_of(list->ask->queue);
    TOC_TRY(toc_scan_open(list->txn, table, from, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (one && !toc_str_equal(key, from))
            break;
        bool over = is_over(list);
        err = over ? go_on_at(list, key) : add(list, row);
        if (err < 0 || over)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* Rows by schedule, of one or of all. */
static enum toc_err list_overrides(struct list *list)
{
    const char *queue = list->ask->queue;
    struct toc_str from = toc_wire_bytes(&list->ask->after), key, row;
    struct toc_str schedule = toc_str(queue, strlen(queue) + 1); /* keys go on with 0 */
    bool all = queue[0] == '\0';
    struct toc_scan *scan;
    enum toc_err err;
    if (from.size == 0 && !all)
        from = schedule;
    TOC_TRY(toc_scan_open(list->txn, TABLE_OVERRIDE, from, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        if (!all && !toc_str_starts(key, schedule))
            break;
        bool over = is_over(list);
        err = over ? go_on_at(list, key) : add(list, row);
        if (err < 0 || over)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err add_group(struct list *list, struct toc_str row)
{
    Tocsin__V1__AlertGroup *group;
    size_t mark = toc_arena_mark(list->arena);
    TOC_TRY(toc_wire_unpack(list->arena, &tocsin__v1__alert_group__descriptor, row, &group));
    if (!list->ask->all && list->ask->id.len == 0 && group->open == 0) {
        toc_arena_reset(list->arena, mark);
        return TOC_OK;
    }
    TOC_TRY(group_soonest(list->txn, toc_wire_bytes(&group->group), &group->soonest_ms));
    TOC_TRY(toc_wire_pack(list->arena, group, &row));
    return add(list, row);
}

/* Of which some wait, or the one of that id, or all. */
static enum toc_err list_groups(struct list *list)
{
    struct toc_str id = toc_wire_bytes(&list->ask->id), after = toc_wire_bytes(&list->ask->after);
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(list->txn, TABLE_GROUP, after.size != 0 ? after : id, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && toc_str_starts(key, id)) {
        bool over = is_over(list);
        err = over ? go_on_at(list, key) : add_group(list, row);
        if (err < 0 || over)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* --- questions --------------------------------------------------------------------------- */

static enum toc_err answer_list(struct list *list)
{
    switch ((int)list->ask->what) {
    case TOCSIN__V1__ASK__WHAT__ALERTS:
        return list_alerts(list);
    case TOCSIN__V1__ASK__WHAT__PAGES:
        return list->ask->id.len == 0 ? list_newest(list, &pages) : list_pages(list);
    case TOCSIN__V1__ASK__WHAT__CONTACTS:
        return list_names(list, TABLE_CONTACT);
    case TOCSIN__V1__ASK__WHAT__PROVIDERS:
        return list_names(list, TABLE_PROVIDER);
    case TOCSIN__V1__ASK__WHAT__OVERRIDES:
        return list_overrides(list);
    case TOCSIN__V1__ASK__WHAT__MUTES:
        return list_names(list, TABLE_MUTE);
    case TOCSIN__V1__ASK__WHAT__GROUPS:
        return list_groups(list);
    default:
        list->answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
        list->answer->detail =
            toc_wire_text("the notifier answers STATUS, ALERTS, PAGES, CONTACTS, PROVIDERS, "
                          "OVERRIDES, MUTES, GROUPS, HISTORY, POLICY");
        return TOC_OK;
    }
}

enum toc_err notifier_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                          const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct list list = {txn, arena, ask, answer, toc_answer_limit(ask), 0};
    (void)self;
    TOC_TRY(toc_answer_begin(arena, list.limit, answer));
    return answer_list(&list);
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
