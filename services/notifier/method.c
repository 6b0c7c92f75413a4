#include "services/notifier/method.h"

#include "services/notifier/breaker.h"
#include "services/notifier/mirror.h"
#include "services/notifier/person.h"
#include "services/notifier/watch.h"

/* After the nth failure a page waits this long, and from then on the last of them. */
static const toc_time_ms retry_ms[] = {1000, 2000, 4000, 8000, 15000, 30000, 60000};

#define TRIES_MAX     2             /* with one method, as long as there is another */
#define LOOK_AGAIN_MS TOC_SECOND_MS /* while another page tries what may be down */

/* The methods of a page's person in their order. */
struct chain {
    const Tocsin__V1__Contact *contact; /* NULL: everybody is reached by the fake pager */
    const uint32_t *order;
    size_t count;
    struct breaker breakers[NOTIFIER_METHODS_MAX]; /* of the methods' providers, by place */
    toc_time_ms now_ms;
    uint32_t bound;      /* the order of a chain of one */
    const char *avoided; /* the provider of which the page says that it is down; NULL: none */
};

/* --- the chain ---------------------------------------------------------------------------- */

static const Tocsin__V1__ContactMethod *method_at(const struct chain *chain, size_t place)
{
    size_t index = chain->order[place];
    return index < chain->contact->n_methods ? chain->contact->methods[index] : NULL;
}

static enum toc_err load_breakers(struct toc_turn *turn, struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (method_at(chain, i) != NULL)
            TOC_TRY(breaker_of(turn, method_at(chain, i)->provider, &chain->breakers[i]));
    return TOC_OK;
}

/* A chain of the one method that the page names, whether it is verified or not. */
static void bind(const Tocsin__V1__Page *page, struct chain *out)
{
    out->count = 0;
    out->bound = 0;
    for (uint32_t i = 0; i < out->contact->n_methods; i++) {
        if (strcmp(out->contact->methods[i]->name, page->method) != 0)
            continue;
        out->bound = i;
        out->count = 1;
    }
    out->order = &out->bound;
}

static enum toc_err load_chain(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                               Tocsin__V1__Page *page, struct chain *out)
{
    Tocsin__V1__Contact *contact;
    enum toc_err err = person_find(turn->txn, turn->arena, page->contact, &contact);
    *out = (struct chain){.now_ms = turn->log_ms,
                          .avoided = alert != NULL ? watch_provider_of(alert) : NULL};
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    out->contact = contact;
    out->order = page->urgent ? contact->urgent : contact->normal;
    out->count = page->urgent ? contact->n_urgent : contact->n_normal;
    if (page_is_bound(page))
        bind(page, out);
    if (out->count > NOTIFIER_METHODS_MAX)
        return TOC_ERR_DAMAGED;
    if (page->contact_ms != contact->changed_ms) { /* other methods may have those places now */
        page->refused = 0;
        page->contact_ms = contact->changed_ms;
    }
    return load_breakers(turn, out);
}

static bool is_good(const struct chain *chain, size_t place)
{
    const Tocsin__V1__ContactMethod *method = method_at(chain, place);
    return method != NULL && method->verified && method->disabled[0] == '\0';
}

static bool is_avoided(const struct chain *chain, size_t place)
{
    return chain->avoided != NULL && strcmp(chain->avoided, method_at(chain, place)->provider) == 0;
}

static bool is_usable(const struct chain *chain, const Tocsin__V1__Page *page, size_t place)
{
    bool good = is_good(chain, place);
    if (good && is_avoided(chain, place))
        return false;
    return (good || page_is_bound(page)) && (page->refused >> chain->order[place] & 1) == 0;
}

/* Nothing speaks against a try by its provider. */
static bool is_free(const struct chain *chain, size_t place)
{
    const struct breaker *breaker = &chain->breakers[place];
    return breaker->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED &&
           breaker->floor_ms <= chain->now_ms;
}

/* Where the method in use stands; behind the last when it is not in the chain. */
static size_t place_of(const struct chain *chain, const Tocsin__V1__Page *page)
{
    size_t place = 0;
    while (place < chain->count && (method_at(chain, place) == NULL ||
                                    strcmp(method_at(chain, place)->name, page->method) != 0))
        place++;
    return place;
}

/* The first usable one from `from` on that is not `but`; the count when there is none. */
static size_t find(const struct chain *chain, const Tocsin__V1__Page *page, size_t from, size_t but)
{
    while (from < chain->count && (from == but || !is_usable(chain, page, from)))
        from++;
    return from;
}

/* The same of those whose provider is free. */
static size_t find_free(const struct chain *chain, const Tocsin__V1__Page *page, size_t from,
                        size_t but)
{
    do
        from = find(chain, page, from, but);
    while (from < chain->count && !is_free(chain, from) && ++from < chain->count);
    return from;
}

static void use(const struct chain *chain, Tocsin__V1__Page *page, size_t place)
{
    const Tocsin__V1__ContactMethod *method = method_at(chain, place);
    bool has_other = find_free(chain, page, 0, place) < chain->count;
    page->method = method->name;
    page->provider = method->provider;
    page->mirrored = page->alert_number != 0 && mirror_is_kept_by(method->kind);
    page->method_tries = 0;
    page->cut_ms = page->urgent && has_other ? METHOD_CUT_MS : 0;
}

static void die(struct page_verdict *out, const char *reason)
{
    out->what = PAGE_ENDS;
    out->state = TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    out->reason = reason;
}

static const char no_patience[] = "no other try is wanted before the step ends";

/* A receiver that wants no try before the step is over: waiting for it reaches nobody. */
static bool is_step_over(const Tocsin__V1__Alert *alert, const Tocsin__V1__Page *page,
                         toc_time_ms at_ms)
{
    return at_ms >= page_end_ms(alert, page);
}

/* --- ringing ------------------------------------------------------------------------------ */

static const char *why_none(const struct chain *chain)
{
    if (chain->contact->gone)
        return "the person is not in the contacts file";
    if (chain->avoided != NULL && chain->count > 0)
        return "the person has no way but the provider that fails";
    for (size_t i = 0; i < chain->count; i++)
        if (is_good(chain, i)) /* this page stands for one that has used them up */
            return "every method of the person has failed";
    return "the person has no contact method that may be used";
}

static void wait_until(struct page_verdict *out, toc_time_ms at_ms)
{
    out->what = PAGE_WAITS;
    out->until_ms = at_ms;
}

/* When a provider that is not free may be tried, as far as is known now. */
static toc_time_ms free_at(const struct chain *chain, size_t place)
{
    const struct breaker *breaker = &chain->breakers[place];
    toc_time_ms at_ms = breaker->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED
                            ? chain->now_ms
                            : breaker->probe_ms;
    if (breaker->state == TOCSIN__V1__PROVIDER_STATE__PROVIDER_HALF_OPEN &&
        at_ms > chain->now_ms + LOOK_AGAIN_MS)
        at_ms = chain->now_ms + LOOK_AGAIN_MS;
    return at_ms > breaker->floor_ms ? at_ms : breaker->floor_ms;
}

/* Of those whose providers are not free, the one that may be tried first. */
static size_t soonest(const struct chain *chain, const Tocsin__V1__Page *page)
{
    size_t best = find(chain, page, 0, SIZE_MAX);
    for (size_t i = best; i < chain->count; i = find(chain, page, i + 1, SIZE_MAX))
        if (free_at(chain, i) < free_at(chain, best))
            best = i;
    return best;
}

/* No provider is free: the page waits for one, tries one as its probe, or dies of patience. */
static enum toc_err wait_for_way(struct toc_turn *turn, const struct chain *chain,
                                 const Tocsin__V1__Alert *alert, Tocsin__V1__Page *page,
                                 struct page_verdict *out)
{
    size_t place = soonest(chain, page);
    toc_time_ms at_ms = free_at(chain, place);
    use(chain, page, place);
    if (is_step_over(alert, page, chain->breakers[place].floor_ms))
        die(out, no_patience);
    else if (at_ms > chain->now_ms)
        wait_until(out, at_ms);
    else
        TOC_TRY(breaker_probe(turn, page->provider));
    return TOC_OK;
}

enum toc_err method_time_over(struct toc_turn *turn, const Tocsin__V1__Page *page,
                              const char **out_why)
{
    struct breaker breaker;
    *out_why = "its time is over";
    if (page->provider[0] == '\0')
        return TOC_OK; /* the fake pager */
    TOC_TRY(breaker_of(turn, page->provider, &breaker));
    if (breaker.state != TOCSIN__V1__PROVIDER_STATE__PROVIDER_CLOSED)
        *out_why = "its time is over: it was held, its provider is down";
    else if (breaker.floor_ms > turn->log_ms)
        *out_why = "its time is over: it was held, its provider asked for patience";
    return TOC_OK;
}

enum toc_err method_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                          Tocsin__V1__Page *page, struct page_verdict *out)
{
    struct chain chain;
    const char *why;
    if ((alert == NULL || page->ends_ms != 0) && turn->log_ms > page->ends_ms) {
        TOC_TRY(method_time_over(turn, page, &why));
        die(out, why);
        return TOC_OK;
    }
    TOC_TRY(load_chain(turn, alert, page, &chain));
    if (chain.contact == NULL) {
        page->method = page->provider = toc_wire_text("");
        return TOC_OK;
    }
    size_t now = place_of(&chain, page);
    size_t place = now < chain.count ? find_free(&chain, page, now, SIZE_MAX) : chain.count;
    if (place == chain.count)
        place = find_free(&chain, page, 0, SIZE_MAX);
    bool unknown = page_is_bound(page) && page->provider[0] == '\0';
    if (place < chain.count && (place != now || unknown))
        use(&chain, page, place);
    if (place < chain.count)
        return TOC_OK;
    if (find(&chain, page, 0, SIZE_MAX) < chain.count)
        return wait_for_way(turn, &chain, alert, page, out);
    die(out, why_none(&chain));
    return TOC_OK;
}

enum toc_err method_reaches(struct toc_turn *turn, const char *person, bool urgent, bool *out)
{
    Tocsin__V1__Page page = TOCSIN__V1__PAGE__INIT;
    struct chain chain;
    page.contact = toc_wire_text(person);
    page.urgent = urgent;
    TOC_TRY(load_chain(turn, NULL, &page, &chain));
    *out = chain.contact == NULL || find(&chain, &page, 0, SIZE_MAX) < chain.count;
    return TOC_OK;
}

enum toc_err method_avoid(struct toc_turn *turn, Tocsin__V1__Page *page,
                          const Tocsin__V1__Page *other)
{
    struct chain chain;
    TOC_TRY(load_chain(turn, NULL, page, &chain));
    if (page->contact_ms == other->contact_ms)
        page->refused |= other->refused;
    for (size_t i = 0; chain.contact != NULL && i < chain.contact->n_methods; i++)
        if (strcmp(chain.contact->methods[i]->name, other->method) == 0)
            page->refused |= UINT32_C(1) << i;
    return TOC_OK;
}

enum toc_err method_avoid_incidents(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                    Tocsin__V1__Page *page)
{
    struct chain chain;
    uint32_t kept = 0;
    TOC_TRY(load_chain(turn, alert, page, &chain));
    for (size_t i = 0; chain.contact != NULL && i < chain.contact->n_methods; i++)
        if (mirror_is_kept_by(chain.contact->methods[i]->kind))
            kept |= UINT32_C(1) << i;
    page->refused |= kept;
    if (find(&chain, page, 0, SIZE_MAX) == chain.count)
        page->refused &= ~kept;
    return TOC_OK;
}

/* --- failures ----------------------------------------------------------------------------- */

static bool may_succeed_later(uint32_t code)
{
    return code == 0 || code == 408 || code == 425 || code == 429 || code >= 500;
}

/*
 * Half of a wait is fixed, half is jitter, drawn from the delivery and the attempt: a rebuild gives
 * the same instant. What the receiver asked for is a floor, to which jitter only adds.
 */
static toc_time_ms instant_after(const struct toc_turn *turn, const Tocsin__V1__Page *page,
                                 uint32_t nth, toc_time_ms floor_ms)
{
    uint8_t seed[TOC_ID] = {0}, hash[TOC_SHA256];
    size_t last = sizeof(retry_ms) / sizeof(retry_ms[0]) - 1;
    toc_time_ms most = retry_ms[nth < last ? nth : last];
    toc_put_u32be(seed, page->attempts);
    toc_sha256_pair(hash, toc_str(seed, sizeof(seed)), toc_str_of(page->delivery));
    toc_time_ms jitter = (toc_time_ms)(toc_get_u32be(hash) % (uint32_t)(most / 2));
    toc_time_ms at_ms = turn->log_ms + most / 2 + jitter;
    return at_ms > floor_ms ? at_ms : floor_ms + jitter;
}

/* The fake pager alone. */
static void failed_alone(const struct toc_turn *turn, Tocsin__V1__Page *page,
                         const Tocsin__V1__PageOutcome *outcome, bool for_good,
                         struct page_verdict *out)
{
    if (for_good)
        die(out, "refused for good");
    else
        wait_until(out, instant_after(turn, page, page->rounds++, outcome->retry_after_ms));
}

/* Whether another try with the same method is worth less than the next method. */
static bool leaves(const struct toc_turn *turn, const Tocsin__V1__Page *page,
                   const Tocsin__V1__PageOutcome *outcome)
{
    bool is_far = outcome->retry_after_ms > turn->log_ms + METHOD_CUT_MS;
    return page->method_tries >= TRIES_MAX || (page->urgent && (outcome->code == 0 || is_far));
}

/* To the next method at once, or to the first again after a wait. */
static void go_on(const struct toc_turn *turn, const struct chain *chain, Tocsin__V1__Page *page,
                  const Tocsin__V1__PageOutcome *outcome, struct page_verdict *out)
{
    size_t place = place_of(chain, page);
    size_t next = place < chain->count ? find_free(chain, page, place + 1, place) : chain->count;
    if (next < chain->count) {
        use(chain, page, next);
        wait_until(out, turn->log_ms);
        return;
    }
    next = find_free(chain, page, 0, SIZE_MAX);
    if (next == chain->count)
        next = find(chain, page, 0, SIZE_MAX);
    wait_until(out, instant_after(turn, page, page->rounds++,
                                  next == place ? outcome->retry_after_ms : 0));
    use(chain, page, next);
}

/* This page does not try the method in use again. */
static void give_up(const struct chain *chain, Tocsin__V1__Page *page)
{
    size_t place = place_of(chain, page);
    if (place < chain->count)
        page->refused |= UINT32_C(1) << chain->order[place];
}

enum toc_err method_failed(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                           Tocsin__V1__Page *page, const Tocsin__V1__PageOutcome *outcome,
                           struct page_verdict *out)
{
    struct chain chain;
    bool too_late = is_step_over(alert, page, outcome->retry_after_ms);
    bool for_good = too_late || !may_succeed_later(outcome->code);
    TOC_TRY(load_chain(turn, alert, page, &chain));
    *out = (struct page_verdict){.what = PAGE_WAITS};
    page->method_tries++;
    if (chain.contact == NULL) {
        failed_alone(turn, page, outcome, for_good, out);
    } else {
        if (for_good)
            give_up(&chain, page);
        size_t place = place_of(&chain, page);
        if (find(&chain, page, 0, SIZE_MAX) == chain.count)
            die(out, "refused for good");
        else if (for_good || find_free(&chain, page, 0, place) == chain.count ||
                 leaves(turn, page, outcome))
            go_on(turn, &chain, page, outcome, out);
        else
            wait_until(out, instant_after(turn, page, 0, outcome->retry_after_ms));
    }
    if (out->what == PAGE_ENDS && too_late)
        out->reason = no_patience;
    return TOC_OK;
}
