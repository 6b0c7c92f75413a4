#include "services/notifier/mute.h"

#include <stdio.h>

#define DUE_KEY_MAX  (8 + MUTE_ID_MAX)
#define HELD_KEY_MAX (MUTE_ID_MAX + 1 + ALERT_KEY)
#define REASON_MAX   192
#define NOTE_MAX     160

const char *mute_noun(const Tocsin__V1__Mute *mute)
{
    return mute->maintenance ? "maintenance" : "silence";
}

/* --- rows --------------------------------------------------------------------------------- */

enum toc_err mute_load(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Mute **out)
{
    struct toc_str row;
    if (id.size == 0 || id.size > MUTE_ID_MAX)
        return TOC_NONE;
    enum toc_err err = toc_get(turn->txn, TABLE_MUTE, id, &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__mute__descriptor, row, out);
}

static struct toc_str due_key(uint8_t out[DUE_KEY_MAX], toc_time_ms at_ms, const char *id)
{
    size_t size = strlen(id);
    TOC_ASSERT(size <= MUTE_ID_MAX);
    toc_put_u64be(out, at_ms < 0 ? 0 : (uint64_t)at_ms);
    memcpy(out + 8, id, size);
    return toc_str(out, 8 + size);
}

static enum toc_err forget_due(struct toc_turn *turn, const char *id, toc_time_ms at_ms)
{
    uint8_t key[DUE_KEY_MAX];
    if (at_ms == TOC_TIME_NEVER)
        return TOC_OK;
    enum toc_err err = toc_del(turn->txn, TABLE_MUTE_DUE, due_key(key, at_ms, id));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err mute_save(struct toc_turn *turn, const Tocsin__V1__Mute *mute, toc_time_ms old_next_ms)
{
    uint8_t key[DUE_KEY_MAX];
    struct toc_str row;
    if (old_next_ms != mute->next_ms) {
        TOC_TRY(forget_due(turn, mute->mute, old_next_ms));
        TOC_TRY(toc_put(turn->txn, TABLE_MUTE_DUE, due_key(key, mute->next_ms, mute->mute),
                        toc_str(NULL, 0)));
    }
    toc_wake_at(turn, mute->next_ms);
    TOC_TRY(toc_wire_pack(turn->arena, mute, &row));
    return toc_put(turn->txn, TABLE_MUTE, toc_str_of(mute->mute), row);
}

enum toc_err mute_delete(struct toc_turn *turn, const Tocsin__V1__Mute *mute)
{
    TOC_TRY(forget_due(turn, mute->mute, mute->next_ms));
    enum toc_err err = toc_del(turn->txn, TABLE_MUTE, toc_str_of(mute->mute));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err mute_first_due(struct toc_txn *txn, toc_time_ms *out_ms, struct toc_str *out_id)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_MUTE_DUE, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size <= 8)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    if (out_id != NULL)
        *out_id = toc_str_from(key, 8);
    return TOC_OK;
}

static struct toc_str held_key(uint8_t out[HELD_KEY_MAX], const char *id, uint64_t number)
{
    size_t size = strlen(id) + 1;
    TOC_ASSERT(size <= MUTE_ID_MAX + 1);
    memcpy(out, id, size);
    toc_put_u64be(out + size, number);
    return toc_str(out, size + ALERT_KEY);
}

enum toc_err mute_first_held(struct toc_turn *turn, const Tocsin__V1__Mute *mute,
                             uint64_t *out_number)
{
    uint8_t from[HELD_KEY_MAX];
    struct toc_str first = held_key(from, mute->mute, 0), key, value;
    enum toc_err err = toc_first_at_least(turn->txn, TABLE_MUTE_HELD, first, &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size != first.size || memcmp(key.data, from, first.size - ALERT_KEY) != 0)
        return TOC_NONE;
    *out_number = toc_get_u64be(key.data + key.size - ALERT_KEY);
    return TOC_OK;
}

/* --- which one fits ----------------------------------------------------------------------- */

bool mute_fits(const Tocsin__V1__Mute *mute, const Tocsin__V1__Alert *alert, toc_time_ms at_ms)
{
    struct toc_alert_match match;
    return (mute->ended ? at_ms < mute->end_ms : at_ms <= mute->end_ms) &&
           toc_alert_match_read(mute->matcher, &match) == NULL && toc_alert_match(&match, alert);
}

static bool comes_before(const Tocsin__V1__Mute *a, const Tocsin__V1__Mute *b)
{
    if (b == NULL || a->maintenance != b->maintenance)
        return b == NULL || a->maintenance;
    return a->end_ms > b->end_ms;
}

/* The one that keeps the alert at that instant; NULL: none. */
static enum toc_err find(struct toc_turn *turn, const Tocsin__V1__Alert *alert, toc_time_ms at_ms,
                         const Tocsin__V1__Mute **out)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    *out = NULL;
    TOC_TRY(toc_scan_open(turn->txn, TABLE_MUTE, toc_str(NULL, 0), &scan));
    enum toc_err err = toc_scan_next(scan, &key, &row);
    for (; err == TOC_OK; err = toc_scan_next(scan, &key, &row)) {
        Tocsin__V1__Mute *mute;
        size_t mark = toc_arena_mark(turn->arena);
        err = toc_unpack(turn, mute, row, &mute);
        if (err != TOC_OK)
            break;
        if (mute_fits(mute, alert, at_ms) && comes_before(mute, *out))
            *out = mute;
        else
            toc_arena_reset(turn->arena, mark);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

enum toc_err mute_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                        Tocsin__V1__Page *page, struct page_verdict *out)
{
    const Tocsin__V1__Mute *mute;
    if (alert == NULL)
        return TOC_OK;
    TOC_TRY(find(turn, alert, turn->log_ms, &mute));
    if (mute == NULL)
        return TOC_OK;
    char *reason = toc_arena_take(turn->arena, REASON_MAX);
    if (reason == NULL)
        return TOC_ERR_LIMIT;
    snprintf(reason, REASON_MAX, "%s %s of %s", mute_noun(mute), mute->mute, mute->owner);
    *out = (struct page_verdict){
        .what = PAGE_ENDS, .state = TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED, .reason = reason};
    page->mute = mute->mute;
    page->mute_end_ms = mute->end_ms;
    return TOC_OK;
}

/* --- which alerts are held ---------------------------------------------------------------- */

static enum toc_err load_known(struct toc_turn *turn, const char *id, Tocsin__V1__Mute **out)
{
    enum toc_err err = mute_load(turn, toc_str_of(id), out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err mute_let_go(struct toc_turn *turn, Tocsin__V1__Alert *alert)
{
    uint8_t key[HELD_KEY_MAX];
    Tocsin__V1__Mute *mute;
    if (alert->muted_by[0] == '\0')
        return TOC_OK;
    TOC_TRY(load_known(turn, alert->muted_by, &mute));
    enum toc_err err =
        toc_del(turn->txn, TABLE_MUTE_HELD, held_key(key, mute->mute, alert->number));
    if (err != TOC_OK || mute->holds == 0)
        return err < 0 ? err : TOC_ERR_DAMAGED;
    mute->holds--;
    alert->muted_by = toc_wire_text("");
    return mute_save(turn, mute, mute->next_ms);
}

static enum toc_err hold(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *id)
{
    uint8_t key[HELD_KEY_MAX];
    Tocsin__V1__Mute *mute;
    if (strcmp(alert->muted_by, id) == 0)
        return TOC_OK;
    TOC_TRY(mute_let_go(turn, alert));
    TOC_TRY(load_known(turn, id, &mute));
    TOC_TRY(toc_put(turn->txn, TABLE_MUTE_HELD, held_key(key, mute->mute, alert->number),
                    toc_str(NULL, 0)));
    mute->holds++;
    alert->muted_by = mute->mute;
    return mute_save(turn, mute, mute->next_ms);
}

static enum toc_err count(struct toc_turn *turn, const char *id)
{
    Tocsin__V1__Mute *mute;
    TOC_TRY(load_known(turn, id, &mute));
    mute->suppressed++;
    return mute_save(turn, mute, mute->next_ms);
}

enum toc_err mute_note(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                       const Tocsin__V1__Page *page)
{
    bool kept = page->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED && page->mute[0] != '\0';
    if (!kept)
        return mute_let_go(turn, alert);
    TOC_TRY(count(turn, page->mute));
    /* A reminder of an acknowledgement rings no more once that was kept. */
    return alert->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED
               ? TOC_OK
               : hold(turn, alert, page->mute);
}

/* No page says that the path stands still. */
static enum toc_err say_held(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                             const Tocsin__V1__Mute *mute)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    char note[NOTE_MAX];
    snprintf(note, sizeof(note), "held by maintenance %s of %s", mute->mute, mute->owner);
    change.alert = alert;
    change.note = note;
    return alert_emit(turn, TOCSIN__V1__RECORD_TYPE__ALERT_NOTED, &change);
}

static enum toc_err stop(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                         const Tocsin__V1__Mute *mute)
{
    TOC_TRY(hold(turn, alert, mute->mute));
    return say_held(turn, alert, mute);
}

enum toc_err mute_stops(struct toc_turn *turn, Tocsin__V1__Alert *alert, bool *out)
{
    const Tocsin__V1__Mute *mute;
    TOC_TRY(find(turn, alert, alert->next_ms, &mute));
    *out = mute != NULL && mute->maintenance;
    return *out ? stop(turn, alert, mute) : TOC_OK;
}

enum toc_err mute_stopped(struct toc_turn *turn, Tocsin__V1__Alert *alert, bool *out)
{
    const Tocsin__V1__Mute *mute;
    TOC_TRY(find(turn, alert, alert->next_ms, &mute));
    *out = mute != NULL && mute->maintenance && !mute_fits(mute, alert, turn->log_ms);
    return *out ? stop(turn, alert, mute) : TOC_OK;
}
