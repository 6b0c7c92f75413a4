#include "services/outcomes/deliver.h"

#include "common/plant.h"

#include <stdio.h>

/* At most; see next_try. */
static const toc_time_ms retry_ms[] = {
    1 * TOC_SECOND_MS,  2 * TOC_SECOND_MS, 4 * TOC_SECOND_MS, 8 * TOC_SECOND_MS, 15 * TOC_SECOND_MS,
    30 * TOC_SECOND_MS, TOC_MINUTE_MS,     2 * TOC_MINUTE_MS, 5 * TOC_MINUTE_MS,
};

/* One try, as it is judged. */
struct
try {
    struct toc_turn *turn;
    const Tocsin__V1__DeliveryOutcome *outcome;
    Tocsin__V1__Delivery *delivery;
    toc_time_ms at_ms;
};

static const struct outcomes_config *config_of(const struct try *try)
{
    return ((const struct outcomes *)try->turn->self)->config;
}

/* --- when again --------------------------------------------------------------------------- */

/*
 * Half of the wait is fixed, half is jitter, drawn from what is tried and how often: a rebuild
 * gives the same instant.
 */
static toc_time_ms next_try(const struct try *try, uint32_t attempts)
{
    char seed[64];
    uint8_t hash[TOC_SHA256];
    size_t last = sizeof(retry_ms) / sizeof(retry_ms[0]) - 1;
    toc_time_ms most = retry_ms[attempts - 1 < last ? attempts - 1 : last];
    int size = snprintf(seed, sizeof(seed), "%s/%llu/%u", try->outcome->subscription,
                        (unsigned long long)try->outcome->seq, attempts);
    toc_sha256(hash, toc_str(seed, (size_t)size));
    return try->at_ms + most / 2 + (toc_time_ms)(toc_get_u32be(hash) % (uint32_t)(most / 2));
}

/* --- what is open ------------------------------------------------------------------------- */

static Tocsin__V1__OpenOutcome *find_open(const Tocsin__V1__Delivery *delivery, uint64_t seq)
{
    for (size_t i = 0; i < delivery->n_open; i++)
        if (delivery->open[i]->seq == seq)
            return delivery->open[i];
    return NULL;
}

/* By seq. */
static enum toc_err insert_open(struct try *try, uint64_t seq, Tocsin__V1__OpenOutcome **out)
{
    Tocsin__V1__Delivery *delivery = try->delivery;
    struct toc_arena *arena = try->turn->arena;
    size_t at = delivery->n_open;
    Tocsin__V1__OpenOutcome *open = toc_arena_take(arena, sizeof(*open));
    Tocsin__V1__OpenOutcome **list =
        toc_arena_take(arena, (delivery->n_open + 1) * sizeof(Tocsin__V1__OpenOutcome *));
    if (open == NULL || list == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__open_outcome__init(open);
    open->seq = seq;
    while (at > 0 && delivery->open[at - 1]->seq > seq)
        at--;
    for (size_t i = 0; i < delivery->n_open; i++)
        list[i < at ? i : i + 1] = delivery->open[i];
    list[at] = open;
    delivery->open = list;
    delivery->n_open++;
    *out = open;
    return TOC_OK;
}

static void remove_open(Tocsin__V1__Delivery *delivery, const Tocsin__V1__OpenOutcome *open)
{
    size_t kept = 0;
    for (size_t i = 0; i < delivery->n_open; i++)
        if (delivery->open[i] != open)
            delivery->open[kept++] = delivery->open[i];
    delivery->n_open = kept;
}

/*
 * Moves the cursor to where the sender is. What it has not done on the way is open from now on; of
 * what the cursor was past already the row alone says whether it is.
 */
static enum toc_err advance(struct try *try)
{
    const Tocsin__V1__DeliveryOutcome *outcome = try->outcome;
    Tocsin__V1__Delivery *delivery = try->delivery;
    Tocsin__V1__OpenOutcome *open;
    if (outcome->n_waiting > OUTCOMES_WINDOW)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < outcome->n_waiting; i++)
        if (outcome->waiting[i] >= delivery->next_seq && !TOC_PLANTED(TOC_PLANT_CURSOR_AHEAD))
            TOC_TRY(insert_open(try, outcome->waiting[i], &open));
    if (outcome->next_seq > delivery->next_seq)
        delivery->next_seq = outcome->next_seq;
    return TOC_OK;
}

/* --- what it came to ---------------------------------------------------------------------- */

static enum toc_err say(struct try *try, Tocsin__V1__SubscriptionChange__What what)
{
    Tocsin__V1__SubscriptionChange change = TOCSIN__V1__SUBSCRIPTION_CHANGE__INIT;
    change.what = what;
    change.subscription = try->outcome->subscription;
    change.reason = try->outcome->text;
    change.seq = try->outcome->seq;
    return row_say(try->turn, &change);
}

static void failed(struct try *try)
{
    Tocsin__V1__Delivery *delivery = try->delivery;
    delivery->failures++;
    if (delivery->failing_since_ms == 0)
        delivery->failing_since_ms = try->at_ms;
    if (try->outcome->retry_after_ms > delivery->not_before_ms)
        delivery->not_before_ms = try->outcome->retry_after_ms;
}

/* It answers: what there was to wait for is over. */
static void answered(struct try *try)
{
    try->delivery->failures = 0;
    try->delivery->failing_since_ms = 0;
    try->delivery->not_before_ms = 0;
}

static enum toc_err give_up(struct try *try, Tocsin__V1__OpenOutcome *open)
{
    Tocsin__V1__DeadOutcome dead = TOCSIN__V1__DEAD_OUTCOME__INIT;
    dead.seq = open->seq;
    dead.at_ms = try->at_ms;
    dead.why = try->outcome->text;
    dead.attempts = open->attempts;
    dead.issue = try->outcome->issue;
    try->delivery->dead++;
    remove_open(try->delivery, open);
    TOC_TRY(row_add_dead(try->turn, try->outcome->subscription, &dead));
    return say(try, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__DEAD);
}

static enum toc_err stop(struct try *try, const char *reason)
{
    struct outcomes *outcomes = try->turn->self;
    try->delivery->state = TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_STOPPED;
    try->delivery->reason = toc_wire_text(reason);
    outcomes->changes++;
    return say(try, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__STOPPED);
}

static const char wants_no_more[] = "410: the receiver wants no more";

/* The receiver cannot do anything with this one, now or later; the next may be well. */
static bool is_refused(uint32_t code)
{
    return code == 400 || code == 413 || code == 415 || code == 422;
}

/* Its receiver took others since it was tried first, and still not this one, often enough: it would
 * hold up its issue, and with more of its kind the window. */
static bool is_unwanted(const struct try *try, const Tocsin__V1__OpenOutcome *open)
{
    return open->attempts >= OUTCOMES_TRIES && try->delivery->failing_since_ms > open->first_ms;
}

/* It was tried for long enough, or is old and its receiver has been away for as long. */
static bool is_too_late(const struct try *try, const Tocsin__V1__OpenOutcome *open)
{
    toc_time_ms most = config_of(try)->dead_after_ms;
    return try->at_ms - open->first_ms >= most ||
           (try->at_ms - try->outcome->made_ms >= most &&
            try->at_ms - try->delivery->failing_since_ms >= most);
}

static enum toc_err judge(struct try *try, Tocsin__V1__OpenOutcome *open)
{
    const Tocsin__V1__DeliveryOutcome *outcome = try->outcome;
    if (outcome->code >= 200 && outcome->code < 300) {
        answered(try);
        remove_open(try->delivery, open);
        try->delivery->delivered++;
        return TOC_OK;
    }
    if (is_refused(outcome->code)) {
        answered(try);
        return give_up(try, open);
    }
    failed(try);
    if (outcome->code == 410)
        return stop(try, wants_no_more);
    if (outcome->issue.len == 0) /* somebody tries it, and has heard what there is to hear */
        return give_up(try, open);
    if (is_unwanted(try, open) || is_too_late(try, open))
        return give_up(try, open);
    open->next_ms = next_try(try, open->attempts);
    if (outcome->retry_after_ms > open->next_ms)
        open->next_ms = outcome->retry_after_ms;
    return TOC_OK;
}

static enum toc_err on_sent(struct try *try)
{
    const Tocsin__V1__DeliveryOutcome *outcome = try->outcome;
    Tocsin__V1__Delivery *delivery = try->delivery;
    Tocsin__V1__OpenOutcome *open = find_open(delivery, outcome->seq);
    if (open == NULL ? outcome->seq < delivery->next_seq : open->attempts >= outcome->attempt)
        return TOC_NONE; /* told before */
    if (open == NULL)
        TOC_TRY(insert_open(try, outcome->seq, &open));
    if (open->first_ms == 0)
        open->first_ms = try->at_ms;
    open->attempts = outcome->attempt;
    delivery->last = outcome->text;
    delivery->last_ms = try->at_ms;
    delivery->last_seq = outcome->seq;
    TOC_TRY(advance(try));
    return judge(try, open);
}

static enum toc_err on_asked(struct try *try)
{
    Tocsin__V1__Delivery *delivery = try->delivery;
    if (delivery->agreed)
        return TOC_NONE;
    delivery->last = try->outcome->text;
    delivery->last_ms = try->at_ms;
    if (try->outcome->code == 200) {
        answered(try);
        delivery->agreed = true;
        return say(try, TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__AGREED);
    }
    failed(try);
    if (try->outcome->code == 410)
        return stop(try, wants_no_more);
    /* Until it agrees the log is kept for it. */
    if (try->at_ms - delivery->failing_since_ms >= config_of(try)->dead_after_ms)
        return stop(try, "the receiver never agreed to be sent to");
    toc_time_ms next_ms = next_try(try, delivery->failures);
    if (next_ms > delivery->not_before_ms)
        delivery->not_before_ms = next_ms;
    return TOC_OK;
}

static enum toc_err step(struct try *try)
{
    switch ((int)try->outcome->what) {
    case TOCSIN__V1__DELIVERY_OUTCOME__WHAT__SENT:
        return on_sent(try);
    case TOCSIN__V1__DELIVERY_OUTCOME__WHAT__ASKED:
        return on_asked(try);
    default:
        return advance(try);
    }
}

enum toc_err deliver_outcome(struct toc_turn *turn, struct toc_str bytes, toc_time_ms at_ms)
{
    Tocsin__V1__DeliveryOutcome *outcome;
    struct try try = {.turn = turn, .at_ms = at_ms};
    TOC_TRY(toc_unpack(turn, delivery_outcome, bytes, &outcome));
    try.outcome = outcome;
    enum toc_err err =
        outcomes_delivery(turn->txn, turn->arena, outcome->subscription, &try.delivery);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (try.delivery->generation != outcome->generation)
        return TOC_OK;
    err = step(&try);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    return row_save_delivery(turn, outcome->subscription, try.delivery);
}
