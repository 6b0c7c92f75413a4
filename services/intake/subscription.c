#include "services/intake/subscription.h"

static bool is_id(const char *id)
{
    size_t size = strlen(id);
    for (size_t i = 0; i < size; i++)
        if ((id[i] < 'a' || id[i] > 'z') && (id[i] < '0' || id[i] > '9'))
            return false;
    return size > 0 && size <= SUBSCRIPTION_ID_MAX;
}

const char *subscription_check(const Tocsin__V1__Event *event)
{
    const Tocsin__V1__Subscription *subscription = event->subscription;
    if (!is_id(subscription->subscription))
        return "subscription: an id of 1 to 16 small letters and digits";
    if (subscription->since_ms < 0)
        return "since_ms: an instant, or 0";
    if (strcmp(event->type, "tocsin.subscription.replayed") == 0)
        return subscription->from_seq != 0 || subscription->since_ms != 0
                   ? NULL
                   : "from_seq: where to begin, or since_ms";
    if (strcmp(event->type, "tocsin.subscription.added") != 0)
        return NULL;
    for (size_t i = 0; i < subscription->n_types; i++)
        if (subscription->types[i] == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED ||
            subscription->types[i] > TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST)
            return "types: routed, breached, solved, … or none for all";
    if (subscription->receiver[0] == '\0')
        return "receiver: scheme and host of its address, as https://shop.example";
    return subscription->sealed.len > 0 && subscription->sealed.len <= SUBSCRIPTION_SEALED_MAX
               ? NULL
               : "sealed: address and secrets, sealed for outcomes";
}
