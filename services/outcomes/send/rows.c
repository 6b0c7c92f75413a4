#include "services/outcomes/send/sender_impl.h"

#include "common/log.h"

#define LOOK_MOST 1024 /* records of the log for one receiver, per look */

/* --- rows --------------------------------------------------------------------------------- */

static void call_off(struct item *item)
{
    if (item->state == ITEM_UNDER_WAY)
        toc_transfer_cancel(item->transfer);
    item->transfer = NULL;
    item->state = ITEM_FREE;
}

void sender_drop(struct receiver *receiver)
{
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        call_off(&receiver->window[i]);
    call_off(&receiver->ask);
    receiver_close(receiver);
}

/* What is with its receiver already may end; the rest stops. */
static void hold_back(struct receiver *receiver)
{
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++) {
        struct item *item = &receiver->window[i];
        if (item->state == ITEM_UNDER_WAY && !toc_transfer_is_written(item->transfer)) {
            toc_transfer_cancel(item->transfer);
            item->transfer = NULL;
            item->state = ITEM_WAITING;
        }
    }
}

static struct receiver *find(const struct sender *sender, const char *id)
{
    for (size_t i = 0; i < sender->count; i++)
        if (strcmp(sender->receivers[i]->subscription->subscription, id) == 0)
            return sender->receivers[i];
    return NULL;
}

/* What the row says of it; false when it is through. */
static bool take_open(struct item *item, const Tocsin__V1__Delivery *delivery)
{
    for (size_t i = 0; i < delivery->n_open; i++) {
        const Tocsin__V1__OpenOutcome *open = delivery->open[i];
        if (open->seq != item->seq)
            continue;
        item->attempts = open->attempts;
        item->next_ms = open->next_ms;
        return true;
    }
    return item->seq >= delivery->next_seq;
}

bool sender_read_outcome(struct sender *sender, struct toc_str bytes, Tocsin__V1__Record **record,
                         Tocsin__V1__IssueOutcome **outcome)
{
    toc_arena_reset(&sender->arena, 0);
    toc_sender_must(toc_wire_unpack(&sender->arena, &tocsin__v1__record__descriptor, bytes, record),
                    "record");
    if ((*record)->type != TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME)
        return false;
    toc_sender_must(toc_wire_unpack(&sender->arena, &tocsin__v1__issue_outcome__descriptor,
                                    toc_wire_bytes(&(*record)->body), outcome),
                    "outcome");
    return true;
}

static struct item *add_item(struct receiver *receiver, uint64_t seq,
                             const Tocsin__V1__Record *record)
{
    struct item *item = receiver_room(receiver);
    TOC_ASSERT(item != NULL);
    *item = (struct item){.receiver = receiver, .state = ITEM_WAITING, .seq = seq};
    if (record == NULL)
        return item;
    item->made_ms = record->at_ms;
    if (record->issue.len == TOC_ID) {
        item->issue_size = TOC_ID;
        memcpy(item->issue, record->issue.data, TOC_ID);
    }
    return item;
}

/* What a process before this one, or this one before a pause, did not get through. */
static void add_open(struct sender *sender, struct toc_txn *txn, struct receiver *receiver,
                     const Tocsin__V1__OpenOutcome *open)
{
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record = NULL;
    size_t mark = toc_arena_mark(&sender->arena);
    enum toc_err err = toc_journal_read(txn, open->seq, &entry);
    if (err == TOC_OK)
        err =
            toc_wire_unpack(&sender->arena, &tocsin__v1__record__descriptor, entry.record, &record);
    toc_sender_must(err, "log");
    struct item *item = add_item(receiver, open->seq, record);
    item->attempts = open->attempts;
    item->next_ms = open->next_ms;
    toc_arena_reset(&sender->arena, mark);
}

static void open_receiver(struct sender *sender, struct toc_txn *txn,
                          const Tocsin__V1__SubscriptionRow *row, struct receiver **out)
{
    TOC_ASSERT(sender->count < OUTCOMES_SUBSCRIPTIONS_MAX);
    toc_sender_must(receiver_open(&sender->config->lock, &sender->config->backs, row, out),
                    "subscription");
    sender->receivers[sender->count++] = *out;
    for (size_t i = 0; i < row->delivery->n_open; i++)
        add_open(sender, txn, *out, row->delivery->open[i]);
}

static void take_row(struct sender *sender, struct toc_txn *txn,
                     const Tocsin__V1__SubscriptionRow *row)
{
    struct receiver *receiver = find(sender, row->subscription->subscription);
    if (receiver != NULL && receiver->generation != row->delivery->generation) {
        sender_drop(receiver);
        for (size_t i = 0; i < sender->count; i++)
            if (sender->receivers[i] == receiver)
                sender->receivers[i] = sender->receivers[--sender->count];
        receiver = NULL;
    }
    if (receiver == NULL)
        open_receiver(sender, txn, row, &receiver);
    receiver_take(receiver, row->delivery);
    receiver->seen = true;
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        if (receiver->window[i].state == ITEM_WAITING)
            (void)take_open(&receiver->window[i], row->delivery); /* a pause is forgiven */
    if (!receiver->active)
        hold_back(receiver);
}

void sender_read_rows(struct sender *sender, struct toc_txn *txn)
{
    char id[OUTCOMES_ID_MAX + 1] = "";
    Tocsin__V1__SubscriptionRow *row;
    enum toc_err err;
    size_t kept = 0;
    for (size_t i = 0; i < sender->count; i++)
        sender->receivers[i]->seen = false;
    toc_arena_reset(&sender->arena, 0);
    while ((err = outcomes_next_row(txn, &sender->arena, id, &row)) == TOC_OK) {
        take_row(sender, txn, row);
        toc_str_copy(id, sizeof(id), toc_str_of(row->subscription->subscription));
        toc_arena_reset(&sender->arena, 0);
    }
    toc_sender_must(err, "subscriptions");
    for (size_t i = 0; i < sender->count; i++) {
        if (sender->receivers[i]->seen)
            sender->receivers[kept++] = sender->receivers[i];
        else
            sender_drop(sender->receivers[i]);
    }
    sender->count = kept;
}

static void review_item(struct item *item, const Tocsin__V1__Delivery *delivery)
{
    uint32_t told = item->attempts + 1;
    if (!take_open(item, delivery))
        item->state = ITEM_FREE;
    else
        item->state = item->attempts >= told ? ITEM_WAITING : ITEM_DONE;
}

void sender_review(struct sender *sender, struct toc_txn *txn, struct receiver *receiver)
{
    Tocsin__V1__Delivery *delivery;
    bool told = receiver->ask.state == ITEM_TOLD || receiver->told_next > receiver->next_seq;
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        told = told || receiver->window[i].state == ITEM_TOLD;
    if (!told)
        return;
    toc_arena_reset(&sender->arena, 0);
    enum toc_err err =
        outcomes_delivery(txn, &sender->arena, receiver->subscription->subscription, &delivery);
    toc_sender_must(err, "delivery");
    if (err == TOC_NONE)
        return; /* removed within that turn: dropped when the rows are read again */
    if (receiver->active && delivery->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_STOPPED)
        toc_log(TOC_LOG_WARNING, "subscription_stopped", "subscription=%s why=\"%s\"",
                receiver->subscription->subscription, delivery->reason);
    receiver_take(receiver, delivery);
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        if (receiver->window[i].state == ITEM_TOLD)
            review_item(&receiver->window[i], delivery);
    if (receiver->ask.state == ITEM_TOLD)
        receiver->ask.state = ITEM_FREE; /* it is asked again unless it was kept as agreed */
    if (receiver->told_next > receiver->next_seq)
        receiver->told_next = 0;
}

/* --- looking ------------------------------------------------------------------------------ */

static void look_through(struct sender *sender, struct toc_scan *scan, struct receiver *receiver)
{
    struct toc_journal_entry entry;
    enum toc_err err = TOC_OK;
    unsigned looked = 0;
    while (receiver_room(receiver) != NULL && looked < LOOK_MOST &&
           (err = toc_journal_next(scan, &entry)) == TOC_OK) {
        Tocsin__V1__Record *record;
        Tocsin__V1__IssueOutcome *outcome;
        uint64_t seq = entry.seq;
        if (seq > receiver->scanned + 1)
            toc_log(TOC_LOG_WARNING, "outcomes_trimmed", "subscription=%s from=%llu to=%llu",
                    receiver->subscription->subscription, (unsigned long long)receiver->scanned + 1,
                    (unsigned long long)seq - 1);
        if (sender_read_outcome(sender, entry.record, &record, &outcome) &&
            receiver_wants(receiver, record, outcome))
            (void)add_item(receiver, seq, record);
        receiver->scanned = seq;
        looked++;
    }
    toc_sender_must(err, "log");
    sender->more = sender->more || looked == LOOK_MOST;
}

void sender_look(struct sender *sender, struct toc_txn *txn, struct receiver *receiver,
                 uint64_t last_seq)
{
    struct toc_scan *scan;
    if (!receiver->active || receiver->scanned >= last_seq || receiver_room(receiver) == NULL)
        return;
    toc_sender_must(toc_journal_scan(txn, receiver->scanned + 1, &scan), "log");
    look_through(sender, scan, receiver);
    toc_scan_close(scan);
}
