#include "services/outcomes/ask.h"

#include "common/answer.h"

/* Secrets stay here, sealed as they are. */
static enum toc_err add_row(struct toc_txn *txn, struct toc_arena *arena,
                            Tocsin__V1__SubscriptionRow *row, Tocsin__V1__Answer *answer)
{
    struct toc_str packed, key, bytes;
    row->subscription->sealed.len = 0;
    enum toc_err err = toc_last_below(txn, TOC_TABLE_LOG,
                                      TOC_STR("\xff\xff\xff\xff\xff\xff\xff\xff"), &key, &bytes);
    TOC_TRY(err);
    if (err == TOC_OK && key.size == 8)
        row->log_seq = toc_get_u64be(key.data);
    TOC_TRY(toc_wire_pack(arena, row, &packed));
    return toc_answer_add(arena, packed, answer);
}

static enum toc_err list_subscriptions(struct toc_txn *txn, struct toc_arena *arena,
                                       const Tocsin__V1__Ask *ask, size_t limit,
                                       Tocsin__V1__Answer *answer)
{
    char id[OUTCOMES_ID_MAX + 1];
    Tocsin__V1__SubscriptionRow *row;
    enum toc_err err;
    toc_str_copy(id, sizeof(id), toc_wire_bytes(&ask->after));
    while ((err = outcomes_next_row(txn, arena, id, &row)) == TOC_OK) {
        if (answer->n_rows == limit)
            return toc_answer_next(arena, toc_str_of(id), answer);
        toc_str_copy(id, sizeof(id), toc_str_of(row->subscription->subscription));
        if (ask->queue[0] == '\0' || strcmp(ask->queue, id) == 0)
            TOC_TRY(add_row(txn, arena, row, answer));
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err list_dead(struct toc_txn *txn, struct toc_arena *arena,
                              const Tocsin__V1__Ask *ask, size_t limit, Tocsin__V1__Answer *answer)
{
    uint8_t below[DEAD_KEY];
    struct toc_str key, row, after = toc_wire_bytes(&ask->after);
    size_t id_size = strlen(ask->queue) + 1, size;
    enum toc_err err;
    if (id_size > OUTCOMES_ID_MAX + 1)
        return TOC_OK;
    size = row_dead_key(below, ask->queue, UINT64_MAX);
    if (after.size == size)
        memcpy(below, after.data, size);
    while ((err = toc_last_below(txn, TABLE_DEAD, toc_str(below, size), &key, &row)) == TOC_OK &&
           key.size == size && memcmp(key.data, below, id_size) == 0) {
        if (answer->n_rows == limit)
            return toc_answer_next(arena, toc_str(below, size), answer);
        memcpy(below, key.data, size);
        TOC_TRY(toc_answer_add(arena, row, answer));
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err outcomes_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                          const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    const struct outcomes *outcomes = self;
    size_t limit = toc_answer_limit(ask);
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    switch ((int)ask->what) {
    case TOCSIN__V1__ASK__WHAT__SUBSCRIPTIONS:
        return list_subscriptions(txn, arena, ask, limit, answer);
    case TOCSIN__V1__ASK__WHAT__DEAD_OUTCOMES:
        return list_dead(txn, arena, ask, limit, answer);
    case TOCSIN__V1__ASK__WHAT__SEAL_KEY:
        return toc_answer_add(
            arena, toc_str(outcomes->config->seal_key, sizeof(outcomes->config->seal_key)), answer);
    default:
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
        answer->detail =
            toc_wire_text("outcomes answers STATUS, SUBSCRIPTIONS, DEAD_OUTCOMES, SEAL_KEY");
        return TOC_OK;
    }
}
