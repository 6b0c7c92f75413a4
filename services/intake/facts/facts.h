/*
 * Facts instead of text: what the bus may know about something that a person wrote. Detectors find
 * its language, signs of risk, card and phone numbers, addresses, secrets, products, and a
 * fingerprint by which near-duplicates are told. No fact repeats the text: a risk is named by its
 * class and never by the word that was found, a number by how often one occurs.
 *
 * It hides Hyperscan, CLD2 and the lexicon's format (deploy/policy/lexicon/README.md). Any bytes
 * are survived, time is linear in their number, and what is past FACTS_TEXT_MAX is not looked at.
 * Everything is allocated when it is opened, save what CLD2 takes and gives back within a call.
 *
 * Called by intake's edge before a text is sealed, and by `tocsin facts`. Not thread-safe: one
 * `struct facts` for each thread.
 */
#ifndef INTAKE_FACTS_H
#define INTAKE_FACTS_H

#include "common/str.h"

#define FACTS_TEXT_MAX    (64 * 1024) /* bytes of a text that are looked at */
#define FACTS_MAX         17          /* of one text: one of each name */
#define FACTS_KEY         16          /* bytes */
#define FACTS_DETECTOR    48          /* bytes of a detector's name and version */
#define FACT_VALUE_MAX    65
#define FACT_LANGUAGE_MAX 12

/* X(class): each is the fact "risk.CLASS". */
#define FACTS_RISKS(X)                                                                             \
    X(self_harm)                                                                                   \
    X(minor_safety)                                                                                \
    X(violence)                                                                                    \
    X(harassment)                                                                                  \
    X(account_theft)                                                                               \
    X(fraud)                                                                                       \
    X(legal_threat)                                                                                \
    X(press)

/*
 * Beside them: `language` is a BCP 47 tag or "und"; the risks, `card`, `phone` and `email` count
 * places; `secret` is the kind of it; `product` a name of the word list; `version` a number;
 * `fingerprint` 16 hexadecimal digits; `cut` the bytes that were looked at, of a longer text.
 */
struct fact {
    const char *name;
    char value[FACT_VALUE_MAX];
    unsigned confidence_percent; /* a rule of the detector, not a probability */
    const char *detector;        /* "lexicon-en/1:HASH"; lent for the life of the facts */
};

struct facts;

/*
 * `lexicon` is a directory of *.lexicon files; NULL takes those that are built in. Compiling them
 * takes 2 s; with a directory as `cache` the result is kept there in files, as long as lexicons,
 * library and processor are the same, and opening takes a moment. A cache that cannot be used does
 * no harm; NULL is for none. `key` makes the fingerprints this deployment's own, so that nobody
 * outside can try texts on them; NULL is for use without a deployment. On TOC_ERR_CONFIG
 * `*out_errors` is a malloc'ed text for a person, with places; it is NULL otherwise.
 */
TOC_MUST enum toc_err facts_open(const char *lexicon, const char *cache,
                                 const uint8_t key[FACTS_KEY], struct facts **out,
                                 char **out_errors);
/* Accepts NULL. */
void facts_close(struct facts *facts);

/*
 * What is found in a text, in a fixed order; the number of facts. Equal bytes give equal facts. A
 * title goes before its text with an empty line between.
 */
size_t facts_find(struct facts *facts, struct toc_str text, struct fact out[FACTS_MAX]);

/* The name of every fact there may be, in the order of facts_find; NULL after the last. */
const char *facts_name(size_t index);

#endif
