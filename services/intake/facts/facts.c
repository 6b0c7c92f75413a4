#include "services/intake/facts/facts.h"

#include "services/intake/facts/digits.h"
#include "services/intake/facts/email.h"
#include "services/intake/facts/fingerprint.h"
#include "services/intake/facts/language.h"
#include "services/intake/facts/lexicon.h"
#include "services/intake/facts/plain.h"
#include "services/intake/facts/secrets.h"
#include "services/intake/facts/words.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FINGERPRINT_DETECTOR "simhash/2"
#define CUT_DETECTOR         "facts/1"
#define RUNS_LEAST           3  /* shorter texts are all alike */
#define RUNS_SURE            20 /* words of a text whose fingerprint can be relied on */

struct facts {
    struct lexicon *lexicon;
    struct secrets *secrets;
    char cld2[FACTS_DETECTOR];
    uint8_t key[FACTS_KEY];
    char plain[FACTS_TEXT_MAX];
    char words[WORDS_ROOM(FACTS_TEXT_MAX)];
};

static const char *const names[] = {"language",
#define FACTS_NAME(class) "risk." #class,
                                    FACTS_RISKS(FACTS_NAME)
#undef FACTS_NAME
                                        "product",
                                    "version",
                                    "card",
                                    "phone",
                                    "email",
                                    "secret",
                                    "fingerprint",
                                    "cut"};

static_assert(sizeof(names) / sizeof(names[0]) == FACTS_MAX, "a text can have one of each");

const char *facts_name(size_t index)
{
    return index < sizeof(names) / sizeof(names[0]) ? names[index] : NULL;
}

enum toc_err facts_open(const char *lexicon, const char *cache, const uint8_t key[FACTS_KEY],
                        struct facts **out, char **out_errors)
{
    struct facts *facts = calloc(1, sizeof(*facts));
    const char *version;
    *out_errors = NULL;
    if (facts == NULL)
        return TOC_ERR_MEMORY;
    if (key != NULL)
        memcpy(facts->key, key, FACTS_KEY);
    language_init(&version);
    (void)snprintf(facts->cld2, sizeof(facts->cld2), "cld2/%s", version);
    for (char *p = facts->cld2; *p != '\0'; p++)
        if (*p == ' ')
            *p = '_';
    enum toc_err err = secrets_open(cache, &facts->secrets);
    if (err == TOC_OK)
        err = lexicon_open(lexicon, cache, sizeof(facts->words), &facts->lexicon, out_errors);
    if (err != TOC_OK) {
        facts_close(facts);
        return err;
    }
    *out = facts;
    return TOC_OK;
}

void facts_close(struct facts *facts)
{
    if (facts == NULL)
        return;
    lexicon_close(facts->lexicon);
    secrets_close(facts->secrets);
    free(facts);
}

static void add_language(const struct facts *facts, struct toc_str plain, struct found *found)
{
    struct language language;
    language_find(plain.data, plain.size, &language);
    found_add(found, "language", language.confidence_percent, facts->cld2, "%s", language.tag);
}

static void add_fingerprint(const struct facts *facts, struct toc_str words, struct found *found)
{
    uint64_t print = 0;
    size_t runs = fingerprint_make(facts->key, words, &print);
    unsigned percent = (unsigned)(runs < RUNS_SURE ? runs * 100 / RUNS_SURE : 100);
    if (runs >= RUNS_LEAST)
        found_add(found, "fingerprint", percent, FINGERPRINT_DETECTOR, "%016llx",
                  (unsigned long long)print);
}

size_t facts_find(struct facts *facts, struct toc_str text, struct fact out[FACTS_MAX])
{
    struct found found = {out, 0};
    bool cut = text.size > FACTS_TEXT_MAX;
    if (cut)
        text.size = FACTS_TEXT_MAX;
    struct toc_str plain = toc_str(facts->plain, plain_make(facts->plain, text));
    struct toc_str words = toc_str(facts->words, words_make(facts->words, plain));
    add_language(facts, plain, &found);
    lexicon_find(facts->lexicon, words, &found);
    digits_find(plain, &found);
    email_find(plain, &found);
    secrets_find(facts->secrets, plain, &found);
    add_fingerprint(facts, words, &found);
    if (cut)
        found_add(&found, "cut", 100, CUT_DETECTOR, "%d", FACTS_TEXT_MAX);
    return found.count;
}
