#include "services/notifier/alert.h"

#include "services/notifier/fit.h"
#include "services/notifier/group_act.h"

#define DUE_KEY    (8 + ALERT_KEY)
#define OUTBOX_KEY (8 + PAGE_KEY)
#define ISSUE_KEY  (4 + 1 + ALERT_KEY)

static const struct toc_str alerts_key = {"alerts", 6}, apart_key = {"apart", 5};

static void put_instant(uint8_t *key, toc_time_ms at_ms)
{
    toc_put_u64be(key, at_ms < 0 ? 0 : (uint64_t)at_ms);
}

static void page_key(uint8_t key[PAGE_KEY], uint64_t number, uint32_t index)
{
    toc_put_u64be(key, number);
    toc_put_u32be(key + ALERT_KEY, index);
}

/* Those of all partitions grow together: new rows are near each other. */
static void issue_key(uint8_t key[ISSUE_KEY], uint32_t partition, uint32_t issue_number,
                      uint64_t number)
{
    toc_put_u32be(key, issue_number);
    key[4] = (uint8_t)partition;
    toc_put_u64be(key + 5, number);
}

/* --- alerts ------------------------------------------------------------------------------- */

enum toc_err alert_load(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                        Tocsin__V1__Alert **out)
{
    uint8_t key[ALERT_KEY];
    struct toc_str row;
    toc_put_u64be(key, number);
    enum toc_err err = toc_get(txn, TABLE_ALERT, toc_str(key, sizeof(key)), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__alert__descriptor, row, out);
}

enum toc_err alert_number_of(struct toc_txn *txn, struct toc_str id, uint64_t *out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_ALERT_ID, id, &row);
    if (err != TOC_OK)
        return err;
    if (row.size != ALERT_KEY)
        return TOC_ERR_DAMAGED;
    *out = toc_get_u64be(row.data);
    return TOC_OK;
}

bool alert_is_live(const Tocsin__V1__Alert *alert)
{
    return alert->state != TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED;
}

bool alert_is_urgent(const Tocsin__V1__Alert *alert)
{
    return strcmp(alert->severity, "critical") == 0 || strcmp(alert->severity, "error") == 0;
}

bool alert_waits(const Tocsin__V1__Alert *alert)
{
    return alert->gone_ms == 0 && (alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN ||
                                   alert->state == TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
}

enum toc_err alert_last(struct toc_txn *txn, uint64_t *out)
{
    struct toc_str key, row;
    enum toc_err err = toc_last_below(txn, TABLE_ALERT, toc_str(NULL, 0), &key, &row);
    TOC_TRY(err);
    if (err == TOC_OK && key.size != ALERT_KEY)
        return TOC_ERR_DAMAGED;
    *out = err == TOC_OK ? toc_get_u64be(key.data) : 0;
    return TOC_OK;
}

enum toc_err count_up(struct toc_turn *turn, struct toc_str name, uint64_t *out)
{
    uint8_t value[8];
    struct toc_str row;
    uint64_t number = 0;
    enum toc_err err = toc_get(turn->txn, TOC_TABLE_META, name, &row);
    TOC_TRY(err);
    if (err == TOC_OK) {
        if (row.size != sizeof(value))
            return TOC_ERR_DAMAGED;
        number = toc_get_u64be(row.data);
    }
    toc_put_u64be(value, number + 1);
    *out = number;
    return toc_put(turn->txn, TOC_TABLE_META, name, toc_str(value, sizeof(value)));
}

enum toc_err alert_create(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    uint8_t key[ALERT_KEY], of_issue[ISSUE_KEY];
    TOC_TRY(count_up(turn, alerts_key, &alert->number));
    alert->number++;
    toc_put_u64be(key, alert->number);
    TOC_TRY(
        toc_put(turn->txn, TABLE_ALERT_ID, toc_wire_bytes(&alert->id), toc_str(key, sizeof(key))));
    if (alert->issue.len == 0)
        return TOC_OK;
    issue_key(of_issue, alert->partition, alert->issue_number, alert->number);
    return toc_put(turn->txn, TABLE_ALERT_ISSUE, toc_str(of_issue, sizeof(of_issue)),
                   toc_str(NULL, 0));
}

/* Moves a row of a time index from one instant to another. */
static enum toc_err move(struct toc_turn *turn, unsigned table, const uint8_t *row, size_t row_size,
                         toc_time_ms old_ms, toc_time_ms new_ms)
{
    uint8_t key[OUTBOX_KEY];
    TOC_ASSERT(8 + row_size <= sizeof(key));
    if (old_ms == new_ms)
        return TOC_OK;
    memcpy(key + 8, row, row_size);
    if (old_ms != TOC_TIME_NEVER) {
        put_instant(key, old_ms);
        enum toc_err err = toc_del(turn->txn, table, toc_str(key, 8 + row_size));
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    if (new_ms == TOC_TIME_NEVER)
        return TOC_OK;
    put_instant(key, new_ms);
    return toc_put(turn->txn, table, toc_str(key, 8 + row_size), toc_str(NULL, 0));
}

enum toc_err alert_save(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                        toc_time_ms old_next_ms)
{
    uint8_t key[ALERT_KEY];
    struct toc_str row;
    toc_put_u64be(key, alert->number);
    TOC_TRY(move(turn, TABLE_ALERT_DUE, key, sizeof(key), old_next_ms, alert->next_ms));
    if (alert->next_ms != TOC_TIME_NEVER)
        toc_wake_at(turn, alert->next_ms);
    TOC_TRY(toc_wire_pack(turn->arena, alert, &row));
    return toc_put(turn->txn, TABLE_ALERT, toc_str(key, sizeof(key)), row);
}

/* The number of the alert in a key of the index, when it is of the same issue. */
static enum toc_err number_of(const uint8_t key[ISSUE_KEY], struct toc_str found, uint64_t *out)
{
    if (found.size != ISSUE_KEY || memcmp(found.data, key, 5) != 0)
        return TOC_NONE;
    *out = toc_get_u64be(found.data + 5);
    return TOC_OK;
}

enum toc_err alert_of_issue(struct toc_txn *txn, uint32_t partition, uint32_t issue_number,
                            uint64_t from, uint64_t *out)
{
    uint8_t key[ISSUE_KEY];
    struct toc_str found, value;
    issue_key(key, partition, issue_number, from);
    enum toc_err err =
        toc_first_at_least(txn, TABLE_ALERT_ISSUE, toc_str(key, sizeof(key)), &found, &value);
    return err == TOC_OK ? number_of(key, found, out) : err;
}

enum toc_err alert_of_issue_below(struct toc_txn *txn, uint32_t partition, uint32_t issue_number,
                                  uint64_t below, uint64_t *out)
{
    uint8_t key[ISSUE_KEY];
    struct toc_str found, value;
    issue_key(key, partition, issue_number, below);
    enum toc_err err =
        toc_last_below(txn, TABLE_ALERT_ISSUE, toc_str(key, sizeof(key)), &found, &value);
    return err == TOC_OK ? number_of(key, found, out) : err;
}

enum toc_err index_first(struct toc_txn *txn, unsigned table, toc_time_ms *out_ms,
                         uint64_t *out_number)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, table, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size < DUE_KEY)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    *out_number = toc_get_u64be(key.data + 8);
    return TOC_OK;
}

/* --- pages -------------------------------------------------------------------------------- */

enum toc_err page_load(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                       uint32_t index, Tocsin__V1__Page **out)
{
    uint8_t key[PAGE_KEY];
    struct toc_str row;
    page_key(key, number, index);
    enum toc_err err = toc_get(txn, TABLE_PAGE, toc_str(key, sizeof(key)), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__page__descriptor, row, out);
}

enum toc_err page_there(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                        uint32_t index, Tocsin__V1__Page **out)
{
    enum toc_err err = page_load(txn, arena, number, index, out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

static toc_time_ms place_in(struct page_place place, unsigned table)
{
    return (table == TABLE_OUTBOX) == place.ready ? place.at_ms : TOC_TIME_NEVER;
}

enum toc_err page_save(struct toc_turn *turn, const Tocsin__V1__Page *page, struct page_place old)
{
    static const unsigned places[] = {TABLE_PAGE_DUE, TABLE_OUTBOX};
    uint8_t key[PAGE_KEY];
    struct toc_str row;
    struct page_place new = page_place(page);
    page_key(key, page->alert_number, page->index);
    for (size_t i = 0; i < 2; i++)
        TOC_TRY(move(turn, places[i], key, sizeof(key), place_in(old, places[i]),
                     place_in(new, places[i])));
    if (!new.ready &&new.at_ms != TOC_TIME_NEVER)
        toc_wake_at(turn, new.at_ms);
    TOC_TRY(toc_wire_pack(turn->arena, page, &row));
    return toc_put(turn->txn, TABLE_PAGE, toc_str(key, sizeof(key)), row);
}

static enum toc_err read_due(struct toc_str key, struct notifier_due *out)
{
    if (key.size != OUTBOX_KEY)
        return TOC_ERR_DAMAGED;
    out->at_ms = (toc_time_ms)toc_get_u64be(key.data);
    out->alert_number = toc_get_u64be(key.data + 8);
    out->index = toc_get_u32be(key.data + 8 + ALERT_KEY);
    return TOC_OK;
}

enum toc_err page_next_apart(struct toc_turn *turn, uint32_t *out)
{
    uint64_t number;
    TOC_TRY(count_up(turn, apart_key, &number));
    *out = (uint32_t)number;
    return TOC_OK;
}

enum toc_err page_first_due(struct toc_txn *txn, struct notifier_due *out)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_PAGE_DUE, toc_str(NULL, 0), &key, &value);
    return err != TOC_OK ? err : read_due(key, out);
}

enum toc_err notifier_next_ring(struct toc_txn *txn, toc_time_ms *out)
{
    struct notifier_due due = {.at_ms = TOC_TIME_NEVER};
    TOC_TRY(page_first_due(txn, &due));
    *out = due.at_ms;
    return TOC_OK;
}

enum toc_err notifier_outbox(struct toc_txn *txn, const struct notifier_due *after, size_t most,
                             struct notifier_due *out, size_t *out_count)
{
    uint8_t from[OUTBOX_KEY + 1];
    struct toc_str key, value;
    struct toc_scan *scan;
    enum toc_err err = TOC_OK;
    put_instant(from, after->at_ms);
    page_key(from + 8, after->alert_number, after->index);
    from[OUTBOX_KEY] = 0; /* a longer key sorts right behind the row itself */
    *out_count = 0;
    TOC_TRY(toc_scan_open(txn, TABLE_OUTBOX, toc_str(from, sizeof(from)), &scan));
    while (err == TOC_OK && *out_count < most) {
        err = toc_scan_next(scan, &key, &value);
        if (err == TOC_OK)
            err = read_due(key, &out[*out_count]);
        *out_count += err == TOC_OK;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err blank_alert(struct toc_arena *arena, Tocsin__V1__Alert **out)
{
    *out = toc_arena_take(arena, sizeof(**out));
    if (*out == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__alert__init(*out);
    return TOC_OK;
}

static enum toc_err load_both(struct toc_txn *txn, struct toc_arena *arena, uint64_t number,
                              uint32_t index, struct notifier_page *out)
{
    enum toc_err err = page_load(txn, arena, number, index, &out->page);
    if (err == TOC_OK && number == 0)
        return blank_alert(arena, &out->alert);
    if (err == TOC_OK)
        err = alert_load(txn, arena, number, &out->alert);
    return err;
}

enum toc_err notifier_due_pages(struct toc_txn *txn, struct toc_arena *arena, toc_time_ms now_ms,
                                size_t most, struct notifier_page *out, size_t *out_count)
{
    struct toc_str key, value;
    struct toc_scan *scan;
    enum toc_err err = TOC_OK;
    *out_count = 0;
    TOC_TRY(toc_scan_open(txn, TABLE_OUTBOX, toc_str(NULL, 0), &scan));
    while (*out_count < most && (err = toc_scan_next(scan, &key, &value)) == TOC_OK) {
        struct notifier_due due;
        err = read_due(key, &due);
        if (err < 0 || due.at_ms > now_ms)
            break;
        err = notifier_pending_page(txn, arena, due.alert_number, due.index, &out[*out_count]);
        if (err < 0)
            break;
        *out_count += err == TOC_OK;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

enum toc_err notifier_page_of(struct toc_txn *txn, struct toc_arena *arena, uint64_t alert_number,
                              uint32_t index, struct notifier_page *out)
{
    return load_both(txn, arena, alert_number, index, out);
}

enum toc_err notifier_alert(struct toc_txn *txn, struct toc_arena *arena, struct toc_str id,
                            Tocsin__V1__Alert **out)
{
    uint64_t number;
    enum toc_err err = alert_number_of(txn, id, &number);
    return err != TOC_OK ? err : alert_load(txn, arena, number, out);
}

enum toc_err notifier_pending_page(struct toc_txn *txn, struct toc_arena *arena,
                                   uint64_t alert_number, uint32_t index, struct notifier_page *out)
{
    struct notifier_page found;
    enum toc_err err = load_both(txn, arena, alert_number, index, &found);
    if (err != TOC_OK)
        return err;
    bool answered = false;
    if (found.page->ready)
        TOC_TRY(group_act_answers(txn, arena, found.alert, &answered));
    if (!found.page->ready || answered)
        return TOC_NONE;
    *out = found;
    return TOC_OK;
}

/* --- records ------------------------------------------------------------------------------ */

/* Pages come and go while a person makes up their mind; what they decide about stays. */
static bool is_turn(Tocsin__V1__RecordType type)
{
    return type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_ACKED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED ||
           type == TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED;
}

enum toc_err alert_emit(struct toc_turn *turn, Tocsin__V1__RecordType type,
                        const Tocsin__V1__AlertChange *change)
{
    Tocsin__V1__Alert *alert = change->alert;
    const Tocsin__V1__AlertChange *fitting;
    alert->changed_ms = turn->log_ms;
    TOC_TRY(fit_change(turn, change, &fitting));
    struct toc_out out = {.type = type,
                          .class_bit = TOC_CLASS_ALERT,
                          .partition = alert->partition,
                          .at_ms = turn->log_ms,
                          .issue = alert->issue.len != 0 ? alert->issue.data : NULL,
                          .prev_seq = alert->last_seq,
                          .policy = alert->policy,
                          .test = alert->test,
                          .message = fitting};
    TOC_TRY(toc_emit(turn, &out, &alert->last_seq));
    if (is_turn(type))
        alert->turned_seq = alert->last_seq;
    return TOC_OK;
}

/* About no alert. */
static enum toc_err emit_apart(struct toc_turn *turn, Tocsin__V1__RecordType type,
                               const Tocsin__V1__AlertChange *change)
{
    const struct toc_out out = {.type = type,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = change};
    return toc_emit(turn, &out, NULL);
}

enum toc_err alert_say(struct toc_turn *turn, Tocsin__V1__RecordType type, Tocsin__V1__Alert *alert,
                       Tocsin__V1__Page *page, const char *by, const char *reason)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    change.alert = alert;
    change.page = page;
    change.by = toc_wire_text(by != NULL ? by : "");
    change.reason = toc_wire_text(reason != NULL ? reason : "");
    return alert != NULL ? alert_emit(turn, type, &change) : emit_apart(turn, type, &change);
}
