/* A text from anyone: its facts are well-formed, in order, and the same ones again. Or, after a
 * first byte of 1, the lines of a lexicon: read, or explained. */
#include "services/intake/facts/facts.h"
#include "services/intake/facts/lexicon_read.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* Letters, digits and what stands in names of languages, products and versions. */
static bool is_value(const char *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.:/";
    return value[0] != '\0' && strspn(value, allowed) == strlen(value);
}

static void check_facts(const struct fact facts[], size_t count)
{
    size_t name = 0;
    TOC_ASSERT(count > 0 && count <= FACTS_MAX && strcmp(facts[0].name, "language") == 0);
    for (size_t i = 0; i < count; i++, name++) {
        while (facts_name(name) != NULL && strcmp(facts_name(name), facts[i].name) != 0)
            name++;
        TOC_ASSERT(facts_name(name) != NULL);
        TOC_ASSERT(is_value(facts[i].value) && facts[i].confidence_percent <= 100);
        TOC_ASSERT(facts[i].detector[0] != '\0' && strchr(facts[i].detector, '/') != NULL);
    }
}

static void check_text(struct toc_str text)
{
    static struct facts *facts; /* of the process */
    struct fact found[FACTS_MAX], again[FACTS_MAX];
    char *errors = NULL;
    TOC_ASSERT(facts != NULL || facts_open(NULL, NULL, NULL, &facts, &errors) == TOC_OK);
    size_t count = facts_find(facts, text, found);
    check_facts(found, count);
    TOC_ASSERT(facts_find(facts, text, again) == count);
    for (size_t i = 0; i < count; i++)
        TOC_ASSERT(strcmp(found[i].value, again[i].value) == 0 &&
                   found[i].confidence_percent == again[i].confidence_percent);
}

static void check_lexicon(struct toc_str text)
{
    struct toc_diag *diag = malloc(sizeof(*diag));
    struct lexicon_lines lines;
    TOC_ASSERT(diag != NULL);
    toc_diag_init(diag, text, "fuzz.lexicon");
    if (lexicon_read(diag, &lines) == TOC_OK && diag->count > 0) {
        char *errors = toc_diag_text(diag);
        TOC_ASSERT(errors == NULL || toc_str_is_text(toc_str_of(errors)));
        free(errors);
    }
    for (size_t i = 0; i < lines.count; i++)
        TOC_ASSERT(lines.lines[i].regex[0] == ' ' && lines.lines[i].offset < text.size);
    lexicon_lines_done(&lines);
    free(diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 1)
        check_lexicon(toc_str(data + 1, size - 1));
    else
        check_text(toc_str(data, size));
    return 0;
}
