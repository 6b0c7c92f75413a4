#include "services/notifier/deadline.h"

#include "common/plant.h"
#include "services/notifier/group.h"
#include "services/notifier/storm.h"

#define DEADLINE_KEY 5

static struct toc_str key_of(uint8_t out[DEADLINE_KEY], uint32_t partition, uint32_t issue_number)
{
    toc_put_u32be(out, issue_number);
    out[4] = (uint8_t)partition;
    return toc_str(out, DEADLINE_KEY);
}

enum toc_err deadline_of(struct toc_txn *txn, uint32_t partition, uint32_t issue_number,
                         toc_time_ms *out_ms)
{
    uint8_t key[DEADLINE_KEY];
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_DEADLINE, key_of(key, partition, issue_number), &row);
    TOC_TRY(err);
    if (err == TOC_OK && row.size != 8)
        return TOC_ERR_DAMAGED;
    *out_ms = err == TOC_OK ? (toc_time_ms)toc_get_u64be(row.data) : 0;
    return TOC_OK;
}

static enum toc_err keep(struct toc_turn *turn, uint32_t partition,
                         const Tocsin__V1__Deadline *deadline)
{
    uint8_t bytes[DEADLINE_KEY], value[8];
    struct toc_str key = key_of(bytes, partition, deadline->number);
    if (deadline->due_ms == 0 || TOC_PLANTED(TOC_PLANT_DEADLINE_LOST)) {
        enum toc_err err = toc_del(turn->txn, TABLE_DEADLINE, key);
        return err < 0 ? err : TOC_OK;
    }
    toc_put_u64be(value, (uint64_t)deadline->due_ms);
    return toc_put(turn->txn, TABLE_DEADLINE, key, toc_str(value, sizeof(value)));
}

/* Only pages of the step that is under way can wait for others. */
static enum toc_err follow(struct toc_turn *turn, const Tocsin__V1__Alert *alert)
{
    for (uint32_t i = alert->pages; i > alert->first_page; i--) {
        Tocsin__V1__Page *page;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(page_there(turn->txn, turn->arena, alert->number, i - 1, &page));
        TOC_TRY(storm_follow(turn, alert, page));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

static enum toc_err take(struct toc_turn *turn, Tocsin__V1__Alert *alert, toc_time_ms due_ms)
{
    bool follows = alert_is_live(alert) && alert->metric[0] == '\0';
    if (!follows || alert->due_ms == due_ms)
        return TOC_OK;
    alert->due_ms = due_ms;
    TOC_TRY(group_follow(turn, alert));
    TOC_TRY(alert_save(turn, alert, alert->next_ms));
    return follow(turn, alert);
}

enum toc_err deadline_told(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Deadline *deadline;
    uint64_t number = 0;
    enum toc_err err;
    TOC_TRY(toc_unpack(turn, deadline, toc_wire_bytes(&record->body), &deadline));
    if (!toc_wire_is_known(&deadline->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    TOC_TRY(keep(turn, record->partition, deadline));
    while ((err = alert_of_issue(turn->txn, record->partition, deadline->number, number,
                                 &number)) == TOC_OK) {
        Tocsin__V1__Alert *alert;
        size_t mark = toc_arena_mark(turn->arena); /* an issue may have had many */
        err = alert_load(turn->txn, turn->arena, number, &alert);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        TOC_TRY(take(turn, alert, deadline->due_ms));
        toc_arena_reset(turn->arena, mark);
        number++;
    }
    return err < 0 ? err : TOC_OK;
}
