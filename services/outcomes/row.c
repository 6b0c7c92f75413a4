#include "services/outcomes/row.h"

void row_issue_key(uint8_t key[ISSUE_KEY], unsigned partition, uint32_t number)
{
    key[0] = (uint8_t)partition;
    toc_put_u32be(key + 1, number);
}

/* --- where they stand --------------------------------------------------------------------- */

static struct place *place_of(struct outcomes *outcomes, const char *id)
{
    for (size_t i = 0; i < outcomes->place_count; i++)
        if (strcmp(outcomes->places[i].id, id) == 0)
            return &outcomes->places[i];
    return NULL;
}

static void note_place(struct outcomes *outcomes, const char *id,
                       const Tocsin__V1__Delivery *delivery)
{
    struct place *place = place_of(outcomes, id);
    if (place == NULL) {
        TOC_ASSERT(outcomes->place_count < OUTCOMES_SUBSCRIPTIONS_MAX);
        place = &outcomes->places[outcomes->place_count++];
        toc_str_copy(place->id, sizeof(place->id), toc_str_of(id));
    }
    place->next_seq = delivery->n_open > 0 ? delivery->open[0]->seq : delivery->next_seq;
    place->holds = delivery->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE;
}

static void forget_place(struct outcomes *outcomes, const char *id)
{
    struct place *place = place_of(outcomes, id);
    if (place != NULL)
        *place = outcomes->places[--outcomes->place_count];
}

uint64_t row_needs_from(const void *self)
{
    const struct outcomes *outcomes = self;
    uint64_t lowest = UINT64_MAX;
    for (size_t i = 0; i < outcomes->place_count; i++)
        if (outcomes->places[i].holds && outcomes->places[i].next_seq < lowest)
            lowest = outcomes->places[i].next_seq;
    return lowest;
}

enum toc_err row_open(struct outcomes *outcomes, struct toc_turn *turn)
{
    char id[OUTCOMES_ID_MAX + 1] = "";
    Tocsin__V1__SubscriptionRow *row;
    enum toc_err err;
    size_t mark = toc_arena_mark(turn->arena);
    while ((err = outcomes_next_row(turn->txn, turn->arena, id, &row)) == TOC_OK) {
        toc_str_copy(id, sizeof(id), toc_str_of(row->subscription->subscription));
        note_place(outcomes, id, row->delivery);
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

/* --- rows --------------------------------------------------------------------------------- */

enum toc_err row_subscription(struct toc_txn *txn, struct toc_arena *arena, const char *id,
                              Tocsin__V1__SubscriptionRow **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_SUBSCRIPTION, toc_str_of(id), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__subscription_row__descriptor, row, out);
}

enum toc_err outcomes_delivery(struct toc_txn *txn, struct toc_arena *arena, const char *id,
                               Tocsin__V1__Delivery **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_DELIVERY, toc_str_of(id), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__delivery__descriptor, row, out);
}

enum toc_err outcomes_next_row(struct toc_txn *txn, struct toc_arena *arena, const char *after,
                               Tocsin__V1__SubscriptionRow **out)
{
    Tocsin__V1__SubscriptionRow *row;
    struct toc_str key, bytes;
    /* Ids are text: with a NUL behind it stands the first key that is greater. */
    enum toc_err err =
        toc_first_at_least(txn, TABLE_SUBSCRIPTION,
                           toc_str(after, after[0] != '\0' ? strlen(after) + 1 : 0), &key, &bytes);
    if (err != TOC_OK)
        return err;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__subscription_row__descriptor, bytes, &row));
    if (row->subscription == NULL)
        return TOC_ERR_DAMAGED;
    err = outcomes_delivery(txn, arena, row->subscription->subscription, &row->delivery);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    *out = row;
    return TOC_OK;
}

enum toc_err row_save_delivery(struct toc_turn *turn, const char *id,
                               const Tocsin__V1__Delivery *delivery)
{
    struct toc_str packed;
    TOC_TRY(toc_wire_pack(turn->arena, delivery, &packed));
    note_place(turn->self, id, delivery);
    return toc_put(turn->txn, TABLE_DELIVERY, toc_str_of(id), packed);
}

enum toc_err row_add(struct toc_turn *turn, const Tocsin__V1__SubscriptionRow *row,
                     const Tocsin__V1__Delivery *delivery)
{
    const char *id = row->subscription->subscription;
    struct toc_str packed;
    TOC_TRY(toc_wire_pack(turn->arena, row, &packed));
    TOC_TRY(toc_put(turn->txn, TABLE_SUBSCRIPTION, toc_str_of(id), packed));
    return row_save_delivery(turn, id, delivery);
}

/* --- those that were given up ------------------------------------------------------------- */

size_t row_dead_key(uint8_t out[DEAD_KEY], const char *id, uint64_t seq)
{
    size_t size = strlen(id) + 1;
    TOC_ASSERT(size <= OUTCOMES_ID_MAX + 1);
    memcpy(out, id, size);
    toc_put_u64be(out + size, seq);
    return size + 8;
}

/* The oldest that is listed of a subscription. */
static enum toc_err first_dead(struct toc_txn *txn, const char *id, uint8_t out[DEAD_KEY],
                               size_t *out_size)
{
    struct toc_str key, row;
    size_t size = row_dead_key(out, id, 0);
    enum toc_err err = toc_first_at_least(txn, TABLE_DEAD, toc_str(out, size), &key, &row);
    if (err != TOC_OK)
        return err;
    if (key.size != size || memcmp(key.data, out, size - 8) != 0)
        return TOC_NONE;
    memcpy(out, key.data, size);
    *out_size = size;
    return TOC_OK;
}

static enum toc_err count_dead(struct toc_txn *txn, const char *id, size_t *out)
{
    uint8_t from[DEAD_KEY];
    struct toc_str key, row;
    struct toc_scan *scan;
    size_t size = row_dead_key(from, id, 0), count = 0;
    enum toc_err err;
    TOC_TRY(toc_scan_open(txn, TABLE_DEAD, toc_str(from, size), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && key.size == size &&
           memcmp(key.data, from, size - 8) == 0)
        count++;
    toc_scan_close(scan);
    *out = count;
    return err < 0 ? err : TOC_OK;
}

enum toc_err row_add_dead(struct toc_turn *turn, const char *id,
                          const Tocsin__V1__DeadOutcome *dead)
{
    uint8_t key[DEAD_KEY];
    struct toc_str packed;
    size_t size, count;
    TOC_TRY(count_dead(turn->txn, id, &count));
    if (count >= OUTCOMES_DEAD_MAX) {
        enum toc_err err = first_dead(turn->txn, id, key, &size);
        TOC_TRY(err);
        if (err == TOC_OK)
            TOC_TRY(toc_del(turn->txn, TABLE_DEAD, toc_str(key, size)));
    }
    TOC_TRY(toc_wire_pack(turn->arena, dead, &packed));
    size = row_dead_key(key, id, dead->seq);
    return toc_put(turn->txn, TABLE_DEAD, toc_str(key, size), packed);
}

enum toc_err row_remove(struct toc_turn *turn, const char *id)
{
    uint8_t key[DEAD_KEY];
    size_t size;
    enum toc_err err;
    while ((err = first_dead(turn->txn, id, key, &size)) == TOC_OK)
        TOC_TRY(toc_del(turn->txn, TABLE_DEAD, toc_str(key, size)));
    TOC_TRY(err);
    TOC_TRY(toc_del(turn->txn, TABLE_DELIVERY, toc_str_of(id)));
    TOC_TRY(toc_del(turn->txn, TABLE_SUBSCRIPTION, toc_str_of(id)));
    forget_place(turn->self, id);
    return TOC_OK;
}

/* --- records ------------------------------------------------------------------------------ */

enum toc_err row_say(struct toc_turn *turn, const Tocsin__V1__SubscriptionChange *change)
{
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__SUBSCRIPTION_CHANGED,
                                .class_bit = TOC_CLASS_CONTROL,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = change};
    return toc_emit(turn, &out, NULL);
}
