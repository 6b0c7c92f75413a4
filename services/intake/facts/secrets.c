#include "services/intake/facts/secrets.h"

#include "services/intake/facts/patterns.h"

#include <stdlib.h>

#define DETECTOR       "secret/1"
#define SECRET_PERCENT 95
#define NONE           SIZE_MAX
/* No letter, digit, dash or underscore beside it. */
#define APART(regex) "(?:^|[^A-Za-z0-9_-])" regex "(?:$|[^A-Za-z0-9_-])"
#define BASE64URL    "[A-Za-z0-9_-]"

/* The worst first. */
static const struct {
    const char *kind, *regex;
} kinds[] = {
    {"private_key", "-----BEGIN (?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)?-----"},
    {"tocsin_token", APART("toc_[A-Za-z0-9]{1,32}_[A-Za-z0-9]{40,48}_[A-Za-z0-9]{6,8}")},
    {"aws_key", APART("(?:AKIA|ASIA)[A-Z2-7]{16}")},
    {"github_token", APART("(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,100})")},
    {"slack_token", APART("xox[abeoprs]-[A-Za-z0-9-]{10,200}")},
    {"stripe_key", APART("[rs]k_live_[A-Za-z0-9]{16,200}")},
    {"google_key", APART("AIza" BASE64URL "{35}")},
    {"jwt", "eyJ" BASE64URL "{8,}\\.eyJ" BASE64URL "{8,}\\." BASE64URL "{8,}"},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct secrets {
    struct patterns *patterns;
    size_t worst; /* of the text that is looked at; an index of kinds */
};

enum toc_err secrets_open(const char *cache, struct secrets **out)
{
    struct secrets *secrets = calloc(1, sizeof(*secrets));
    const char *regexes[KIND_COUNT];
    char wrong[PATTERNS_WRONG_MAX];
    size_t index = 0;
    if (secrets == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < KIND_COUNT; i++)
        regexes[i] = kinds[i].regex;
    const struct patterns_source source = {regexes, KIND_COUNT, PATTERNS_ONCE, "secrets", cache};
    enum toc_err err = patterns_open(&source, &secrets->patterns, &index, wrong);
    TOC_ASSERT(err != TOC_ERR_CONFIG); /* they are ours */
    if (err != TOC_OK) {
        secrets_close(secrets);
        return err;
    }
    *out = secrets;
    return TOC_OK;
}

void secrets_close(struct secrets *secrets)
{
    if (secrets == NULL)
        return;
    patterns_close(secrets->patterns);
    free(secrets);
}

static void on_secret(void *arg, size_t index, size_t until)
{
    struct secrets *secrets = arg;
    (void)until;
    if (index < secrets->worst)
        secrets->worst = index;
}

void secrets_find(struct secrets *secrets, struct toc_str plain, struct found *found)
{
    secrets->worst = NONE;
    patterns_scan(secrets->patterns, plain, on_secret, secrets);
    if (secrets->worst != NONE)
        found_add(found, "secret", SECRET_PERCENT, DETECTOR, "%s", kinds[secrets->worst].kind);
}
