#include "services/outcomes/subscribe.h"

#include "common/plant.h"
#include "services/outcomes/make.h"

typedef Tocsin__V1__SubscriptionChange Change;

static enum toc_err refuse(struct toc_turn *turn, const Tocsin__V1__Subscription *wanted,
                           const char *reason)
{
    Change change = TOCSIN__V1__SUBSCRIPTION_CHANGE__INIT;
    change.what = TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__REFUSED;
    change.subscription = wanted->subscription;
    change.reason = toc_wire_text(reason);
    change.by = wanted->by;
    return row_say(turn, &change);
}

static enum toc_err told(struct toc_turn *turn, const Tocsin__V1__Subscription *wanted,
                         Tocsin__V1__SubscriptionChange__What what, uint64_t seq)
{
    Change change = TOCSIN__V1__SUBSCRIPTION_CHANGE__INIT;
    change.what = what;
    change.subscription = wanted->subscription;
    change.by = wanted->by;
    change.seq = seq;
    ((struct outcomes *)turn->self)->changes++;
    return row_say(turn, &change);
}

/* --- where it begins ---------------------------------------------------------------------- */

/* When the record was written; TOC_NONE when it is not here. */
static enum toc_err log_ms_of(struct toc_turn *turn, uint64_t seq, toc_time_ms *out)
{
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record;
    size_t mark = toc_arena_mark(turn->arena);
    enum toc_err err = toc_journal_read(turn->txn, seq, &entry);
    if (err == TOC_OK)
        err = toc_unpack(turn, record, entry.record, &record);
    if (err == TOC_OK)
        *out = record->log_ms;
    toc_arena_reset(turn->arena, mark);
    return err;
}

/* The first record that was written at or after an instant: log time never goes back in a log. */
static enum toc_err first_since(struct toc_turn *turn, toc_time_ms since_ms, uint64_t *out)
{
    uint64_t low = turn->journal->first_seq, high = turn->journal->last_seq + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        toc_time_ms log_ms;
        enum toc_err err = log_ms_of(turn, middle, &log_ms);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        if (log_ms < since_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return TOC_OK;
}

static enum toc_err beginning(struct toc_turn *turn, const Tocsin__V1__Subscription *wanted,
                              uint64_t *out)
{
    uint64_t next = turn->journal->last_seq + 1;
    *out = next;
    if (wanted->since_ms != 0)
        return first_since(turn, wanted->since_ms, out);
    if (wanted->from_seq != 0 && wanted->from_seq < next)
        *out = wanted->from_seq > turn->journal->first_seq ? wanted->from_seq
                                                           : turn->journal->first_seq;
    return TOC_OK;
}

/* --- what is done ------------------------------------------------------------------------- */

/* One that has to be another than before, though the subscription before it is gone. */
static uint32_t generation_of(const Tocsin__V1__Record *record)
{
    return TOC_PLANTED(TOC_PLANT_SAME_AGAIN) ? 0 : (uint32_t)record->seq;
}

static enum toc_err add(struct toc_turn *turn, const Tocsin__V1__Record *record,
                        Tocsin__V1__Subscription *wanted)
{
    Tocsin__V1__SubscriptionRow row = TOCSIN__V1__SUBSCRIPTION_ROW__INIT, *there;
    Tocsin__V1__Delivery delivery = TOCSIN__V1__DELIVERY__INIT;
    uint64_t count;
    enum toc_err err = row_subscription(turn->txn, turn->arena, wanted->subscription, &there);
    TOC_TRY(err);
    if (err == TOC_OK)
        return refuse(turn, wanted, "there is a subscription with this id");
    TOC_TRY(toc_count(turn->txn, TABLE_SUBSCRIPTION, &count));
    if (count >= OUTCOMES_SUBSCRIPTIONS_MAX)
        return refuse(turn, wanted, "there are 256 subscriptions already");
    row.subscription = wanted;
    row.added_ms = record->at_ms;
    delivery.state = TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE;
    delivery.agreed = !wanted->handshake;
    delivery.changed_ms = record->at_ms;
    delivery.generation = generation_of(record);
    TOC_TRY(beginning(turn, wanted, &delivery.next_seq));
    TOC_TRY(row_add(turn, &row, &delivery));
    return told(turn, wanted, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__ADDED, delivery.next_seq);
}

static enum toc_err pause(struct toc_turn *turn, const Tocsin__V1__Subscription *wanted,
                          Tocsin__V1__Delivery *delivery)
{
    if (delivery->state != TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE)
        return refuse(turn, wanted, "it is not active");
    delivery->state = TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_PAUSED;
    TOC_TRY(row_save_delivery(turn, wanted->subscription, delivery));
    return told(turn, wanted, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__PAUSED, 0);
}

/* What was waiting for its next try is tried at once. */
static void forgive(Tocsin__V1__Delivery *delivery)
{
    delivery->failures = 0;
    delivery->failing_since_ms = 0;
    delivery->not_before_ms = 0;
    for (size_t i = 0; i < delivery->n_open; i++)
        delivery->open[i]->next_ms = 0;
}

static enum toc_err resume(struct toc_turn *turn, const Tocsin__V1__Subscription *wanted,
                           Tocsin__V1__Delivery *delivery)
{
    delivery->state = TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE;
    delivery->reason = toc_wire_text("");
    forgive(delivery);
    TOC_TRY(row_save_delivery(turn, wanted->subscription, delivery));
    return told(turn, wanted, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__RESUMED, 0);
}

static enum toc_err replay(struct toc_turn *turn, const Tocsin__V1__Record *record,
                           const Tocsin__V1__Subscription *wanted, Tocsin__V1__Delivery *delivery)
{
    TOC_TRY(beginning(turn, wanted, &delivery->next_seq));
    delivery->n_open = 0;
    delivery->generation = generation_of(record);
    forgive(delivery);
    TOC_TRY(row_save_delivery(turn, wanted->subscription, delivery));
    return told(turn, wanted, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__REPLAYED, delivery->next_seq);
}

static enum toc_err change(struct toc_turn *turn, const Tocsin__V1__Record *record,
                           const char *type, const Tocsin__V1__Subscription *wanted)
{
    Tocsin__V1__Delivery *delivery;
    enum toc_err err = outcomes_delivery(turn->txn, turn->arena, wanted->subscription, &delivery);
    if (err != TOC_OK)
        return err < 0 ? err : refuse(turn, wanted, "there is no subscription with this id");
    delivery->changed_ms = record->at_ms;
    if (strcmp(type, "tocsin.subscription.paused") == 0)
        return pause(turn, wanted, delivery);
    if (strcmp(type, "tocsin.subscription.resumed") == 0)
        return resume(turn, wanted, delivery);
    if (strcmp(type, "tocsin.subscription.replayed") == 0)
        return replay(turn, record, wanted, delivery);
    if (strcmp(type, "tocsin.subscription.tested") == 0)
        return make_test(turn, wanted->subscription);
    TOC_TRY(row_remove(turn, wanted->subscription));
    return told(turn, wanted, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__REMOVED, 0);
}

enum toc_err subscribe_event(struct toc_turn *turn, const Tocsin__V1__Record *record,
                             const Tocsin__V1__Event *event)
{
    if (event->subscription->subscription[0] == '\0' ||
        strlen(event->subscription->subscription) > OUTCOMES_ID_MAX)
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    if (strcmp(event->type, "tocsin.subscription.added") == 0)
        return add(turn, record, event->subscription);
    return change(turn, record, event->type, event->subscription);
}
