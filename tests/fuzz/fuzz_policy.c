/* A policy text from anyone: it compiles or is explained, and never both or neither. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* libfyaml 0.7 leaves a token's buffer behind on some malformed texts; our own leaks still count. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

/* What a compiled policy promises its readers. */
static void check_policy(const struct toc_policy *policy)
{
    TOC_ASSERT(policy->route_count > 0);
    for (size_t i = 0; i < policy->route_count; i++)
        TOC_ASSERT(policy->routes[i].queue != NULL);
    for (size_t i = 0; i < policy->sla_count; i++)
        for (size_t k = 0; k < policy->slas[i].clock_count; k++) {
            const struct toc_clock_rule *clock = &policy->slas[i].clocks[k];
            TOC_ASSERT(clock->calendar != NULL && clock->warn_count <= TOC_POLICY_WARNINGS_MAX);
            for (size_t w = 0; w < clock->warn_count; w++)
                TOC_ASSERT(clock->warn_percent[w] >= 1 && clock->warn_percent[w] <= 99);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(toc_str(data, size), "fuzz.yaml", &policy, &errors);
    TOC_ASSERT(err == TOC_OK || err == TOC_ERR_CONFIG || err == TOC_ERR_MEMORY);
    TOC_ASSERT((err == TOC_OK) == (policy != NULL));
    TOC_ASSERT((err == TOC_ERR_CONFIG) == (errors != NULL));
    if (policy != NULL)
        check_policy(policy);
    for (const char *c = errors; c != NULL && *c != '\0'; c++)
        TOC_ASSERT(*c == '\n' || *c == '\t' || (unsigned char)*c >= ' ');
    free(errors);
    toc_policy_free(policy);
    return 0;
}
