#include "services/outcomes/send/receiver.h"

#include "common/plant.h"

#include <sodium.h>
#include <stdlib.h>

#define ARENA_BYTES  (32 * 1024) /* of an event's texts and lists, unpacked */
#define SECRET_ARENA (8 * 1024)

/* --- what is sealed ----------------------------------------------------------------------- */

/* Scheme and host of the address have to be those that everybody sees. */
static const char *check_url(struct receiver *receiver)
{
    const char *url = receiver->url, *shown = receiver->subscription->receiver;
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0)
        return "its address is none of http or https";
    size_t host = strcspn(url + scheme, "/?#");
    if (memchr(url + scheme, '@', host) != NULL)
        return "its address has a login in it";
    receiver->plain = scheme == 7;
    return strlen(shown) == scheme + host && strncmp(url, shown, scheme + host) == 0
               ? NULL
               : "its address is another than it says";
}

static const char *take_secret(struct receiver *receiver,
                               const Tocsin__V1__SubscriptionSecret *secret)
{
    if (strlen(secret->url) > RECEIVER_URL_MAX || strlen(secret->auth) > RECEIVER_AUTH_MAX ||
        secret->n_secrets > TOC_WEBHOOK_SECRETS_MAX)
        return "its secrets are too long";
    toc_str_copy(receiver->url, sizeof(receiver->url), toc_str_of(secret->url));
    toc_str_copy(receiver->auth, sizeof(receiver->auth), toc_str_of(secret->auth));
    for (size_t i = 0; i < secret->n_secrets; i++)
        if (toc_webhook_secret_read(toc_str_of(secret->secrets[i]),
                                    &receiver->secrets[receiver->secret_count++]) < 0)
            return "its secret is none of Standard Webhooks";
    if (strpbrk(receiver->auth, "\r\n") != NULL)
        return "its login has more than one line";
    return check_url(receiver);
}

static const char *open_secret(const struct lock *lock, struct receiver *receiver)
{
    uint8_t opened[LOCK_BOX_MAX];
    struct toc_arena arena;
    Tocsin__V1__SubscriptionSecret *secret;
    const char *wrong = "its secrets are sealed for another key";
    size_t size;
    if (!lock_open(lock, toc_wire_bytes(&receiver->subscription->sealed), opened, &size))
        return wrong;
    if (toc_arena_init(&arena, SECRET_ARENA) == TOC_OK) {
        wrong = "its secrets are malformed";
        if (toc_wire_unpack(&arena, &tocsin__v1__subscription_secret__descriptor,
                            toc_str(opened, size), &secret) == TOC_OK)
            wrong = take_secret(receiver, secret);
        sodium_memzero(arena.base, arena.used);
        toc_arena_done(&arena);
    }
    sodium_memzero(opened, sizeof(opened));
    return wrong;
}

/* --- opening and closing ------------------------------------------------------------------ */

/* The filter is kept beyond the row that it stands in. */
static enum toc_err copy_subscription(struct receiver *receiver,
                                      const Tocsin__V1__Subscription *from)
{
    struct toc_str packed;
    Tocsin__V1__Subscription *copy;
    TOC_TRY(toc_arena_init(&receiver->arena, ARENA_BYTES));
    TOC_TRY(toc_wire_pack(&receiver->arena, from, &packed));
    TOC_TRY(
        toc_wire_unpack(&receiver->arena, &tocsin__v1__subscription__descriptor, packed, &copy));
    receiver->subscription = copy;
    return TOC_OK;
}

static const char *find_back(struct receiver *receiver, const struct toc_mappings *backs)
{
    const char *name = receiver->subscription->mapping;
    if (name[0] != '\0')
        receiver->back = backs_find(backs, name);
    return name[0] == '\0' || receiver->back != NULL ? NULL : "its mapping is not known: --back";
}

enum toc_err receiver_open(const struct lock *lock, const struct toc_mappings *backs,
                           const Tocsin__V1__SubscriptionRow *row, struct receiver **out)
{
    struct receiver *receiver = calloc(1, sizeof(*receiver));
    if (receiver == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = copy_subscription(receiver, row->subscription);
    if (err < 0) {
        receiver_close(receiver);
        return err;
    }
    receiver->broken = open_secret(lock, receiver);
    if (receiver->broken == NULL)
        receiver->broken = find_back(receiver, backs);
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        receiver->window[i].receiver = receiver;
    receiver->ask.receiver = receiver;
    receiver->generation = row->delivery->generation;
    receiver->scanned = row->delivery->next_seq - 1;
    receiver_take(receiver, row->delivery);
    *out = receiver;
    return TOC_OK;
}

void receiver_close(struct receiver *receiver)
{
    if (receiver == NULL)
        return;
    toc_arena_done(&receiver->arena);
    sodium_memzero(receiver, sizeof(*receiver));
    free(receiver);
}

bool receiver_wants(const struct receiver *receiver, const Tocsin__V1__Record *record,
                    const Tocsin__V1__IssueOutcome *outcome)
{
    return outcomes_wants(receiver->subscription, record, outcome) &&
           (receiver->back == NULL || back_wants(receiver->back, outcome->type));
}

void receiver_take(struct receiver *receiver, const Tocsin__V1__Delivery *delivery)
{
    receiver->active = delivery->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE;
    receiver->agreed = delivery->agreed;
    receiver->failures = delivery->failures;
    receiver->failing_since_ms = delivery->failing_since_ms;
    receiver->not_before_ms = delivery->not_before_ms;
    receiver->next_seq = delivery->next_seq;
}

/* --- the window --------------------------------------------------------------------------- */

struct item *receiver_room(struct receiver *receiver)
{
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        if (receiver->window[i].state == ITEM_FREE)
            return &receiver->window[i];
    return NULL;
}

size_t receiver_count(const struct receiver *receiver)
{
    size_t count = 0;
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        count += receiver->window[i].state != ITEM_FREE;
    return count;
}

size_t receiver_under_way(const struct receiver *receiver)
{
    size_t count = receiver->ask.state == ITEM_UNDER_WAY;
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++)
        count += receiver->window[i].state == ITEM_UNDER_WAY;
    return count;
}

/* One that is about the same issue and came before is not through. */
static bool has_to_wait(const struct receiver *receiver, const struct item *item)
{
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++) {
        const struct item *other = &receiver->window[i];
        if (other->state != ITEM_FREE && other->seq < item->seq &&
            !TOC_PLANTED(TOC_PLANT_OVERTAKES) && other->issue_size == item->issue_size &&
            memcmp(other->issue, item->issue, item->issue_size) == 0)
            return true;
    }
    return false;
}

/* The oldest that waits and may be next, whether its time has come or not; after `after`. */
static struct item *waiting(const struct receiver *receiver, uint64_t after)
{
    const struct item *first = NULL;
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++) {
        const struct item *item = &receiver->window[i];
        if (item->state == ITEM_WAITING && item->seq > after &&
            (first == NULL || item->seq < first->seq) && !has_to_wait(receiver, item))
            first = item;
    }
    return (struct item *)(uintptr_t)first;
}

struct item *receiver_next(struct receiver *receiver, toc_time_ms now_ms, unsigned parallel)
{
    if (!receiver->active || !receiver->agreed || receiver->not_before_ms > now_ms)
        return NULL;
    /* While it fails, one at a time shows whether it is back. */
    if (receiver_under_way(receiver) >= (receiver->failures > 0 ? 1 : parallel))
        return NULL;
    struct item *item = waiting(receiver, 0);
    while (item != NULL && item->next_ms > now_ms)
        item = waiting(receiver, item->seq);
    return item;
}

toc_time_ms receiver_next_ms(const struct receiver *receiver)
{
    toc_time_ms next_ms = TOC_TIME_NEVER;
    if (!receiver->active)
        return next_ms;
    if (!receiver->agreed && receiver->ask.state == ITEM_FREE)
        return receiver->not_before_ms;
    for (const struct item *item = waiting(receiver, 0); item != NULL;
         item = waiting(receiver, item->seq))
        if (item->next_ms < next_ms)
            next_ms = item->next_ms;
    return next_ms < receiver->not_before_ms ? receiver->not_before_ms : next_ms;
}

size_t receiver_waiting(const struct receiver *receiver, const struct item *but,
                        uint64_t out[OUTCOMES_WINDOW])
{
    size_t count = 0;
    for (size_t i = 0; i < OUTCOMES_WINDOW; i++) {
        const struct item *item = &receiver->window[i];
        if (item != but && item->state != ITEM_FREE)
            out[count++] = item->seq;
    }
    return count;
}
