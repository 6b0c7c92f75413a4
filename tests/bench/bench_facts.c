#include "tests/bench/bench_facts.h"

#include "services/intake/facts/facts.h"
#include "tests/bench/bench_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS     200
#define CALLS      50   /* of a round */
#define TEXT_BYTES 1024 /* of each text */

static const char english[] =
    "Hello, I ordered a router and two cables on the third of May and paid with my card. The "
    "parcel "
    "was shown as delivered last Tuesday, but nobody rang and nothing is in the mailbox. I asked "
    "the "
    "neighbours and looked behind the house. Your colleague on the phone told me to wait for two "
    "more days, which I did. The order number is 20458813377 and you can reach me at "
    "jane.roe@example.com. Since I work from home I cannot be without internet for much longer, so "
    "please either send the parcel again or tell me how to get my money back. The mobile app "
    "version "
    "4.2.1 shows an error whenever I open the order. I also tried the website with another "
    "browser, "
    "and it says that something went wrong and that I should try again later. I have been a "
    "customer "
    "for eleven years and have never had to write to you before. Thank you for looking into this, "
    "I "
    "am looking forward to your answer and hope that we can settle it within this week. ";
static const char risky[] =
    "I do not know what else to do. Someone logged into my account and changed the password, and "
    "there are two charges that I did not authorize. I am not going to sue you, but my lawyer will "
    "contact you if nothing happens. The man on the phone threatened to kill me. I want to die. ";
static const char hindi[] =
    "नमस्ते, मैंने तीन मई को एक राउटर और दो केबल मंगवाए थे और कार्ड से भुगतान किया था। पार्सल पिछले मंगलवार को "
    "पहुंचा हुआ दिखाया गया, लेकिन किसी ने घंटी नहीं बजाई और डिब्बे में कुछ नहीं है। मैंने पड़ोसियों से भी पूछा। "
    "आपके साथी ने फोन पर दो दिन और रुकने को कहा, और मैं रुका भी। कृपया पार्सल दोबारा भेजें या बताएं कि पैसे कैसे "
    "वापस मिलेंगे। ";

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the rounds of microseconds per text, which is repeated to its size. */
static double measure(struct facts *facts, const char *text)
{
    static double took_us[ROUNDS];
    char full[TEXT_BYTES];
    size_t size = strlen(text);
    for (size_t at = 0; at < TEXT_BYTES; at++)
        full[at] = text[at % size];
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fact found[FACTS_MAX];
        double start = bench_now();
        for (unsigned call = 0; call < CALLS; call++)
            if (facts_find(facts, toc_str(full, TEXT_BYTES), found) == 0)
                bench_fail("every text has a language");
        took_us[round] = (bench_now() - start) * 1e6 / CALLS;
    }
    qsort(took_us, ROUNDS, sizeof(double), by_value);
    return bench_percentile(took_us, ROUNDS, 50);
}

static struct facts *open_timed(const char *cache, double *out_s)
{
    char *errors = NULL;
    struct facts *facts;
    double start = bench_now();
    if (facts_open(NULL, cache, NULL, &facts, &errors) != TOC_OK)
        bench_fail("the lexicons cannot be opened: %s", errors != NULL ? errors : "");
    *out_s = bench_now() - start;
    return facts;
}

static void remove_cache(const char *dir)
{
    static const char *const names[] = {"context", "terms", "secrets"};
    char path[64];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/facts-%s.compiled", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

int bench_facts(void)
{
    double compile_s, open_s;
    char cache[] = "/tmp/bench_facts.XXXXXX";
    struct facts *facts;
    if (mkdtemp(cache) == NULL)
        bench_fail("no directory for a cache");
    facts_close(open_timed(cache, &compile_s));
    facts = open_timed(cache, &open_s);
    printf("{\"english_us\": %.1f, \"hindi_us\": %.1f, \"risky_us\": %.1f, \"compile_s\": %.2f, "
           "\"open_s\": %.3f}\n",
           measure(facts, english), measure(facts, hindi), measure(facts, risky), compile_s,
           open_s);
    facts_close(facts);
    remove_cache(cache);
    return 0;
}
