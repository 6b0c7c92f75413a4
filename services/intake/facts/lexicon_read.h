/*
 * The lines of a lexicon: CLASS LANGUAGE PHRASE. deploy/policy/lexicon/README.md describes them.
 * A line that is wrong is reported, and the reader goes on.
 */
#ifndef FACTS_LEXICON_READ_H
#define FACTS_LEXICON_READ_H

#include "common/policy/diag.h"
#include "services/intake/facts/facts.h"
#include "services/intake/facts/lexicon_span.h"

#define LEXICON_LINES_MAX     8192
#define LEXICON_LANGUAGES_MAX 32

enum lexicon_risk {
#define FACTS_RISK_ENUM(class) LEXICON_##class,
    FACTS_RISKS(FACTS_RISK_ENUM)
#undef FACTS_RISK_ENUM
        LEXICON_RISKS
};

enum lexicon_kind {
    LEXICON_RISK,
    LEXICON_EXCEPTION,      /* no sign of its risk after all */
    LEXICON_NEGATION,       /* takes back what follows */
    LEXICON_NEGATION_AFTER, /* takes back what stands before it */
    LEXICON_CLAUSE,         /* a word across which no negation reaches */
    LEXICON_PRODUCT,
    LEXICON_VERSION,
};

struct lexicon_line {
    enum lexicon_kind kind;
    enum lexicon_risk risk;    /* RISK, EXCEPTION */
    bool weak;                 /* RISK: the words alone are a weak sign */
    unsigned language;         /* index into the languages; not of PRODUCT and VERSION */
    char *product;             /* PRODUCT: owned */
    char *regex;               /* owned; of the tail where there is a span */
    struct lexicon_span *span; /* owned; RISK, EXCEPTION and CLAUSE */
    bool says_no;              /* a negation is among its words */
    size_t offset, size;       /* of its phrase in the text */
};

struct lexicon_lines {
    struct lexicon_line *lines; /* owned */
    size_t count;
    struct {
        char tag[FACT_LANGUAGE_MAX];
        uint8_t hash[32]; /* over its lines */
    } languages[LEXICON_LANGUAGES_MAX];
    size_t language_count;
    uint8_t products_hash[32];
};

/* What is wrong is in `diag`, whose text is read. TOC_ERR_MEMORY at most. */
TOC_MUST enum toc_err lexicon_read(struct toc_diag *diag, struct lexicon_lines *out);
void lexicon_lines_done(struct lexicon_lines *lines);

#endif
