/* What intake finds in texts: facts, and the pseudonyms of those who wrote them. */
#include "tests/sim/workload.h"

static const struct {
    const char *name, *values[4];
} facts[] = {
    {"risk.fraud", {"1", "2", "3", "2"}},    {"risk.press", {"1", "1", "2", "3"}},
    {"language", {"en", "pt", "en", "und"}}, {"card", {"1", "2", "1", "2"}},
    {"proof", {"yes", "no", "yes", ""}},     {"amount", {"150", "12", "90", "200"}},
};

static const char *const detectors[] = {"detector-a/1", "detector-b/1", ""};

/* Few texts, and changes of a few words. */
static void put_fingerprint(struct rng *rng, struct draft *draft, size_t at)
{
    static const uint64_t texts[] = {0x0123456789abcdef, 0xfedcba9876543210, 0x5555555555555555};
    uint64_t print = texts[rng_next(rng) % 3];
    for (unsigned bits = (unsigned)rng_range(rng, 0, 10); bits > 0; bits--)
        print ^= UINT64_C(1) << rng_next(rng) % 64;
    snprintf(draft->found_texts[at], sizeof(draft->found_texts[at]), "%016llx",
             (unsigned long long)print);
    draft->found[at].name = toc_wire_text("fingerprint");
    draft->found[at].value = draft->found_texts[at];
}

static void put_fact(struct rng *rng, struct draft *draft, size_t at)
{
    size_t fact = rng_next(rng) % (sizeof(facts) / sizeof(facts[0]));
    draft->found[at].name = toc_wire_text(facts[fact].name);
    draft->found[at].value = toc_wire_text(facts[fact].values[rng_next(rng) % 4]);
}

void draft_found(struct rng *rng, struct draft *draft)
{
    size_t count = rng_chance(rng, 60) ? (size_t)rng_range(rng, 1, DRAFT_FOUND_MAX) : 0;
    for (size_t i = 0; i < count; i++) {
        tocsin__v1__found_fact__init(&draft->found[i]);
        if (rng_chance(rng, i == 0 ? 50 : 20))
            put_fingerprint(rng, draft, i);
        else
            put_fact(rng, draft, i);
        draft->found[i].confidence_percent = rng_chance(rng, 10) ? 0 : 80;
        draft->found[i].detector = toc_wire_text(detectors[i == 0 ? 0 : rng_next(rng) % 3]);
        draft->found_list[i] = &draft->found[i];
    }
    draft->event.facts = draft->found_list;
    draft->event.n_facts = count;
}

/* A pseudonym that intake made, or one of the publisher's. */
void draft_requester(struct rng *rng, struct draft *draft)
{
    static const char *const names[] = {"r-1", "r-2", "p-1", ""};
    draft->opened.requester = toc_wire_text(names[rng_next(rng) % 4]);
    if (rng_chance(rng, 40))
        draft->event.pseudonym = toc_wire_text("p-1");
}
