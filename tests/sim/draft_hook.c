/* Events about subscriptions: they are added, paused, resumed, replayed, tried and removed. */
#include "tests/sim/hooks.h"
#include "tests/sim/workload.h"

#include <sodium.h>

/* A sealed box of libsodium is made with a key pair of its own; this one comes from the seed. */
static size_t seal(struct rng *rng, const struct lock *lock, struct toc_str text, uint8_t *out)
{
    uint8_t seed[crypto_box_SEEDBYTES], secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    crypto_generichash_state state;
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)rng_next(rng);
    bool made = crypto_box_seed_keypair(out, secret, seed) == 0 &&
                crypto_generichash_init(&state, NULL, 0, sizeof(nonce)) == 0 &&
                crypto_generichash_update(&state, out, crypto_box_PUBLICKEYBYTES) == 0 &&
                crypto_generichash_update(&state, lock->public, sizeof(lock->public)) == 0 &&
                crypto_generichash_final(&state, nonce, sizeof(nonce)) == 0 &&
                crypto_box_easy(out + crypto_box_PUBLICKEYBYTES, (const uint8_t *)text.data,
                                text.size, nonce, lock->public, secret) == 0;
    TOC_ASSERT(made);
    return text.size + crypto_box_SEALBYTES;
}

/* Every subscription that is added has an address of its own, `by` in its event. */
static void seal_address(struct world *world, struct rng *rng, Tocsin__V1__Subscription *wanted,
                         uint8_t box[256])
{
    static char *secrets[] = {"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
    Tocsin__V1__SubscriptionSecret secret = TOCSIN__V1__SUBSCRIPTION_SECRET__INIT;
    char url[64];
    uint8_t packed[192];
    snprintf(url, sizeof(url), HOOKS_HOST "/%s", wanted->by);
    secret.url = url;
    secret.secrets = secrets;
    secret.n_secrets = 1;
    TOC_ASSERT(tocsin__v1__subscription_secret__get_packed_size(&secret) <= sizeof(packed));
    size_t size = tocsin__v1__subscription_secret__pack(&secret, packed);
    wanted->sealed.data = box;
    wanted->sealed.len = seal(rng, hooks_lock(world), toc_str(packed, size), box);
}

/* Where it begins: with what comes now, at a record, or at an instant. */
static void draft_beginning(struct world *world, struct rng *rng, Tocsin__V1__Subscription *wanted,
                            bool now_too)
{
    switch (rng_range(rng, now_too ? 0 : 1, 2)) {
    case 1:
        wanted->from_seq = (uint64_t)rng_range(rng, 1, 60);
        break;
    case 2:
        wanted->since_ms = world->options.start_ms + world->now_ms - rng_range(rng, 0, 8000);
        break;
    default:
        break;
    }
}

/* What it is told of: most of all, some of little. */
static void draft_filter(struct rng *rng, Tocsin__V1__Subscription *wanted)
{
    static Tocsin__V1__OutcomeType types[] = {TOCSIN__V1__OUTCOME_TYPE__OUTCOME_BREACHED,
                                              TOCSIN__V1__OUTCOME_TYPE__OUTCOME_SOLVED,
                                              TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED};
    static char *queues[] = {"support", "payments"};
    static char *lines[] = {"shop"};
    static const char *const sources[] = {"", "", "publisher-0", "publisher"};
    if (rng_chance(rng, 25)) {
        wanted->types = types;
        wanted->n_types = (size_t)rng_range(rng, 1, 3);
    }
    if (rng_chance(rng, 15)) {
        wanted->queues = queues;
        wanted->n_queues = (size_t)rng_range(rng, 1, 2);
    }
    if (rng_chance(rng, 10)) {
        wanted->lines_of_business = lines;
        wanted->n_lines_of_business = 1;
    }
    wanted->source = toc_wire_text(sources[rng_next(rng) % 4]);
    if (rng_chance(rng, 20))
        wanted->test_issues = (Tocsin__V1__Subscription__TestIssues)rng_range(rng, 1, 2);
}

/* One is added, or added again. */
static void draft_added(struct world *world, struct batch *batch, unsigned which)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_hook;
    struct draft draft;
    char id[OUTCOMES_ID_MAX], by[OUTCOMES_ID_MAX];
    uint8_t box[256];
    tocsin__v1__subscription__init(&draft.subscription);
    snprintf(id, sizeof(id), "s%u", which);
    snprintf(by, sizeof(by), "hook-%u", ++work->hooks);
    draft.subscription.subscription = id;
    draft.subscription.by = by;
    draft.subscription.receiver = toc_wire_text(HOOKS_HOST);
    draft.subscription.handshake = rng_chance(rng, 20);
    draft_filter(rng, &draft.subscription);
    seal_address(world, rng, &draft.subscription, box);
    draft_beginning(world, rng, &draft.subscription, true);
    draft_begin(work, &draft, 0, "tocsin.subscription.added", TOCSIN__V1__EVENT__BODY_SUBSCRIPTION,
                &draft.subscription);
    ledger_put(work, batch, ledger_add(work, 0, &draft));
}

static void draft_changed(struct world *world, struct batch *batch, unsigned which,
                          const char *type)
{
    struct workload *work = world->work;
    struct draft draft;
    char id[OUTCOMES_ID_MAX];
    tocsin__v1__subscription__init(&draft.subscription);
    snprintf(id, sizeof(id), "s%u", which);
    draft.subscription.subscription = id;
    if (strcmp(type, "tocsin.subscription.replayed") == 0)
        draft_beginning(world, &world->rng_hook, &draft.subscription, false);
    draft_begin(work, &draft, 0, type, TOCSIN__V1__EVENT__BODY_SUBSCRIPTION, &draft.subscription);
    ledger_put(work, batch, ledger_add(work, 0, &draft));
}

void draft_subscription(struct world *world, struct batch *batch)
{
    static const char *const types[] = {
        "tocsin.subscription.paused",  "tocsin.subscription.resumed",
        "tocsin.subscription.resumed", "tocsin.subscription.replayed",
        "tocsin.subscription.tested",
    };
    struct workload *work = world->work;
    struct rng *rng = &world->rng_hook;
    if (work->subscriptions == 0 ||
        (work->subscriptions < world->options.subscriptions && rng_chance(rng, 50))) {
        draft_added(world, batch, work->subscriptions++);
        return;
    }
    unsigned which = (unsigned)rng_range(rng, 0, (int64_t)work->subscriptions - 1);
    if (!rng_chance(rng, 20)) {
        draft_changed(world, batch, which, types[rng_next(rng) % 5]);
        return;
    }
    /* Another filter is another subscription, under the same id. */
    draft_changed(world, batch, which, "tocsin.subscription.removed");
    if (rng_chance(rng, 70))
        draft_added(world, batch, which);
}
