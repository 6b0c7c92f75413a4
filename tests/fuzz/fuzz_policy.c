/*
 * A policy text from anyone: it compiles or is explained, and never both or neither. The input is
 * taken as it is and, where form feeds part it, also as the files of a bundle.
 */
#include "tests/fuzz/fuzz.h"

#include "common/policy/bundle.h"

#include <stdio.h>
#include <stdlib.h>

/* libfyaml 0.7 leaves a token's buffer behind on some malformed texts; our own leaks still count.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so\n";
}

/* Somebody or nobody, from any instant to the next change. */
static void check_schedule(const struct toc_schedule *schedule)
{
    toc_time_ms at_ms = toc_days_from_date(2026, 3, 28) * TOC_DAY_MS;
    for (unsigned i = 0; i < 20; i++) {
        struct toc_shift shift;
        toc_schedule_shift(schedule, NULL, at_ms, at_ms + 7 * TOC_DAY_MS, &shift);
        TOC_ASSERT(shift.from_ms == at_ms && shift.until_ms > at_ms);
        TOC_ASSERT(shift.who.count <= TOC_ON_CALL_MAX);
        at_ms = shift.until_ms;
    }
}

/* Whoever is paged has room for so many, with those of teams. */
static void check_step(const struct toc_path_step *step)
{
    TOC_ASSERT(step->contact_count <= 32 && step->schedule_count <= 32);
    for (size_t i = 0; i < step->contact_count; i++)
        TOC_ASSERT(step->contacts[i] != NULL);
    for (size_t i = 0; i < step->schedule_count; i++)
        TOC_ASSERT(step->schedules[i] != NULL);
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
    for (size_t i = 0; i < policy->schedule_count; i++)
        check_schedule(&policy->schedules[i]);
    for (size_t i = 0; i < policy->path_count; i++)
        for (size_t k = 0; k < policy->paths[i].step_count; k++)
            check_step(&policy->paths[i].steps[k]);
}

static void check_text(struct toc_str text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(text, "fuzz.yaml", &policy, &errors);
    TOC_ASSERT(err == TOC_OK || err == TOC_ERR_CONFIG || err == TOC_ERR_MEMORY);
    TOC_ASSERT((err == TOC_OK) == (policy != NULL));
    TOC_ASSERT((err == TOC_ERR_CONFIG) == (errors != NULL));
    if (policy != NULL)
        check_policy(policy);
    for (const char *c = errors; c != NULL && *c != '\0'; c++)
        TOC_ASSERT(*c == '\n' || *c == '\t' || (unsigned char)*c >= ' ');
    free(errors);
    toc_policy_free(policy);
}

/* What is packed comes out again, byte for byte. */
static void check_bundle(struct toc_str packed, const struct toc_bundle_part *parts, size_t count)
{
    struct toc_bundle bundle;
    const char *wrong;
    size_t offset;
    TOC_ASSERT(toc_bundle_read(packed, &bundle, &wrong, &offset) == TOC_OK);
    TOC_ASSERT(bundle.count == count);
    for (size_t i = 0; i < count; i++)
        TOC_ASSERT(toc_str_equal(bundle.parts[i].text, parts[i].text));
}

/* The files that seeds.py has the texts include. */
static void check_files(struct toc_str input)
{
    static const char *const names[] = {"root.yaml", "a.yaml", "sub/b.yaml", "h.ics"};
    struct toc_bundle_part parts[4];
    size_t count = 0, size;
    char *packed = NULL;
    FILE *out = open_memstream(&packed, &size);
    if (out == NULL)
        return;
    toc_bundle_begin(out);
    while (count < 4 && input.size > 0) {
        const char *end = memchr(input.data, '\f', input.size);
        size_t taken = end != NULL ? (size_t)(end - input.data) : input.size;
        parts[count] =
            (struct toc_bundle_part){.kind = count == 3 ? TOC_PART_DATES : TOC_PART_FILE,
                                     .name = toc_str_of(names[count]),
                                     .zone = count == 3 ? TOC_STR("UTC") : toc_str(NULL, 0),
                                     .text = toc_str(input.data, taken)};
        toc_bundle_add(out, &parts[count++]);
        taken += end != NULL;
        input = toc_str_from(input, taken);
    }
    if (fclose(out) == 0 && count > 0) {
        check_bundle(toc_str(packed, size), parts, count);
        check_text(toc_str(packed, size));
    }
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct toc_str input = toc_str(data, size);
    check_text(input);
    if (size > 0 && memchr(data, '\f', size) != NULL)
        check_files(input);
    return 0;
}
