/*
 * Rules that can never be reached, in lists of which the first rule that fits decides.
 *
 * One rule before it may fit whatever a rule fits; or several do so together. The latter is decided
 * for the fields of which all values are known: what a condition says of these is a box, and a rule
 * is out of reach when the boxes before it leave nothing of its own. Of other fields a rule before
 * it counts when it asks for no more than this one does.
 */
#include "common/policy/build.h"

#include <stdio.h>

#define COMPARE_MAX 10000000 /* values and boxes, before the search is given up */
#define BOXES_MAX   TOC_YAML_ENTRIES_MAX
#define NAMES_SHOWN 4

/* --- what a policy may cost to read ----------------------------------------------------------- */

static bool spend(struct toc_build *b, size_t cost)
{
    if (cost > COMPARE_MAX - b->compared)
        return false;
    b->compared += cost;
    return true;
}

static size_t values_of(const struct toc_match *when)
{
    size_t count = 0;
    for (size_t i = 0; i < when->test_count; i++)
        count += when->tests[i].value_count;
    return count;
}

bool toc_check_may_compare(struct toc_build *b, const struct toc_match *first,
                           const struct toc_match *second)
{
    return spend(b, values_of(first) * values_of(second) + 1);
}

/* --- boxes ------------------------------------------------------------------------------------ */

static const char *const yes_no[] = {"no", "yes"};
static const struct toc_words words_yes_no = {yes_no, 2};

/* The fields with few values, all known; NULL for the numbers of tiers, 0 before the first queue.
 */
static const struct {
    enum toc_field field;
    const struct toc_words *words;
} known[] = {
    {TOC_FIELD_RISK, &toc_words_risk},   {TOC_FIELD_PRIORITY, &toc_words_priority},
    {TOC_FIELD_STATE, &toc_words_state}, {TOC_FIELD_BOT, &words_yes_no},
    {TOC_FIELD_APPEAL, &words_yes_no},   {TOC_FIELD_TIER, NULL},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* By field a bit for each value that fits. */
struct box {
    uint32_t fits[KNOWN];
};

static bool is_known(enum toc_field field)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (known[i].field == field)
            return true;
    return false;
}

/* Whether the tests of one such field hold for its `value`th. */
static bool holds(const struct toc_match *when, size_t place, size_t value)
{
    const struct toc_words *words = known[place].words;
    struct toc_fields fields = {.tier = (uint32_t)value};
    if (words && words->words[value])
        fields.value[known[place].field] = toc_str_of(words->words[value]);
    for (size_t i = 0; i < when->test_count; i++) {
        const struct toc_match one = {&when->tests[i], 1};
        if (one.tests->field == known[place].field && !toc_match(&one, &fields))
            return false;
    }
    return true;
}

static struct box box_of(const struct toc_match *when)
{
    struct box box = {{0}};
    for (size_t i = 0; i < KNOWN; i++) {
        size_t count = known[i].words ? known[i].words->count : TOC_POLICY_TIERS + 1;
        for (size_t value = 0; value < count; value++)
            if (holds(when, i, value))
                box.fits[i] |= UINT32_C(1) << value;
    }
    return box;
}

static bool meet(const struct box *a, const struct box *b)
{
    for (size_t i = 0; i < KNOWN; i++)
        if ((a->fits[i] & b->fits[i]) == 0)
            return false;
    return true;
}

/* Whether the boxes leave nothing of `box`; what the first of them leaves is up to the others. */
static bool are_covering(struct toc_build *b, const struct box *boxes, size_t count, struct box box)
{
    for (size_t i = 0; i < count && spend(b, 1); i++) {
        if (!meet(&boxes[i], &box))
            continue;
        for (size_t k = 0; k < KNOWN; k++) {
            struct box rest = box;
            rest.fits[k] &= ~boxes[i].fits[k];
            if (rest.fits[k] != 0 && !are_covering(b, boxes + i + 1, count - i - 1, rest))
                return false;
            box.fits[k] &= boxes[i].fits[k];
        }
        return true;
    }
    return false;
}

/* --- lists of rules --------------------------------------------------------------------------- */

static struct toc_rule_head head_of(const struct toc_names *rules, size_t index)
{
    struct toc_rule_head head;
    memcpy(&head, (const char *)rules->base + index * rules->stride, sizeof(head));
    return head;
}

/* A test that could not be read has no values. */
static bool is_whole(const struct toc_rule_head *rule)
{
    for (size_t i = 0; i < rule->when.test_count; i++)
        if (rule->when.tests[i].value_count == 0)
            return false;
    return rule->name != NULL;
}

/* Of other fields `other` asks for nothing that `rule` does not. */
static bool asks_no_more(const struct toc_match *other, const struct toc_match *rule)
{
    for (size_t i = 0; i < other->test_count; i++) {
        const struct toc_match one = {&other->tests[i], 1};
        if (!is_known(one.tests->field) && !toc_match_implies(rule, &one))
            return false;
    }
    return true;
}

static void name_covering(struct toc_build *b, const char *const *names, size_t count)
{
    char text[NAMES_SHOWN * (TOC_POLICY_NAME_MAX + 4) + 32];
    size_t used = 0, shown = 0;
    for (; shown < count && shown < NAMES_SHOWN; shown++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s'%s'", shown > 0 ? ", " : "",
                                 names[shown]);
    if (count > shown)
        (void)snprintf(text + used, sizeof(text) - used, " and %zu more", count - shown);
    toc_diag_hint(b->diag, "the rules before it fit together whatever this one fits: %s", text);
}

/* True when rules before it do so together, which is told. */
static bool check_together(struct toc_build *b, const struct toc_yaml *item,
                           const struct toc_names *before, const struct toc_rule_head *rule)
{
    const struct box own = box_of(&rule->when);
    struct box boxes[BOXES_MAX];
    const char *names[BOXES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < before->count && count < BOXES_MAX; i++) {
        struct toc_rule_head other = head_of(before, i);
        if (!is_whole(&other) || !toc_check_may_compare(b, &other.when, &rule->when) ||
            !asks_no_more(&other.when, &rule->when))
            continue;
        boxes[count] = box_of(&other.when);
        names[count] = other.name;
        count += meet(&boxes[count], &own);
    }
    if (!are_covering(b, boxes, count, own))
        return false;
    toc_diag_doubt(b->diag, item->offset, "rule '%s' can never be reached", rule->name);
    name_covering(b, names, count);
    return true;
}

/* True when one rule before it does so alone, which is told. */
static bool check_alone(struct toc_build *b, const struct toc_yaml *item,
                        const struct toc_names *before, const struct toc_rule_head *rule)
{
    for (size_t i = 0; i < before->count; i++) {
        struct toc_rule_head other = head_of(before, i);
        if (!other.name || !toc_check_may_compare(b, &other.when, &rule->when) ||
            !toc_match_implies(&rule->when, &other.when))
            continue;
        toc_diag_doubt(b->diag, item->offset, "rule '%s' can never be reached", rule->name);
        toc_diag_hint(b->diag,
                      other.when.test_count == 0
                          ? "rule '%s' before it has no 'when' and so fits everything"
                          : "rule '%s' before it fits whatever this one fits",
                      other.name);
        return true;
    }
    return false;
}

void toc_check_reachable(struct toc_build *b, const struct toc_yaml *item,
                         const struct toc_names *before)
{
    struct toc_rule_head rule = head_of(before, before->count);
    if (is_whole(&rule) && !check_alone(b, item, before, &rule))
        (void)check_together(b, item, before, &rule);
}
