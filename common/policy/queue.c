#include "common/policy/build.h"

#include <stdio.h>

#define TIER_MAX      3
#define SKILLS_MAX    16
#define SPILLS_MAX    8
#define CLEARANCE_MAX 9
#define WEIGHT_MAX    100
#define HOPS_MAX      20
#define LEASE_MAX     TOC_DAY_MS
#define DELAY_MAX     (30 * TOC_DAY_MS) /* of relaxing, spilling, waiting */
#define STICKY_MAX    (90 * TOC_DAY_MS)

#define LEASE_USUAL    (2 * TOC_MINUTE_MS)
#define MAX_WAIT_USUAL TOC_DAY_MS
#define HOPS_USUAL     5

enum {
    TIER,
    QUEUE_PATH,
    PARTNER,
    SKILLS,
    PREFER,
    RELAX,
    LANGUAGE,
    CLEARANCE,
    WEIGHT,
    PAUSED,
    LEASE,
    MAX_WAIT,
    STICKY,
    HOPS,
    SPILL,
    FOLLOW_SUN,
    ON_BREACH,
    QUEUE_KEY_COUNT
};

const struct toc_key toc_keys_queue[QUEUE_KEY_COUNT + 1] = {
    [TIER] = {"tier", true, "NUMBER", NULL, "1 partner, 2 in-house, 3 expert."},
    [QUEUE_PATH] = {"path", false, "PATH", "the route's",
                    "Escalation path of alerts while an issue is here."},
    [PARTNER] = {"partner", false, "NAME", NULL, "Who runs the queue."},
    [SKILLS] = {"skills", false, "[SKILL]", "[]", "What a person has to have, always."},
    [PREFER] = {"prefer", false, "[SKILL]", "[]",
                "What a person should have, the dearest first; see `relax`."},
    [RELAX] = {"relax", false, "DURATION", NULL,
               "After each such wait the last of `prefer` that is left is let go; needed with it."},
    [LANGUAGE] = {"language", false, "CHOICE", "any",
                  "`issue`: a person has to speak the issue's language."},
    [CLEARANCE] = {"clearance", false, "NUMBER", "0", "That a person has at least, 0 to 9."},
    [WEIGHT] = {"weight", false, "UNITS or {PRIORITY: UNITS}", "1",
                "What an issue takes of a person's capacity, at most 100."},
    [PAUSED] = {"paused", false, "CHOICE", "counts",
                "`free`: while it is pending or on hold an issue takes nobody's capacity."},
    [LEASE] = {"lease", false, "DURATION", "2m",
               "How long an offer stands before the next person is asked; at most 1d."},
    [MAX_WAIT] = {"max_wait", false, "DURATION", "1d",
                  "An issue that has waited so long is as urgent as one that breaches."},
    [STICKY] = {"sticky", false, "DURATION", "0",
                "For so long a reopened issue is first offered to who had it; at most 90d."},
    [HOPS] = {"hops", false, "NUMBER", "5",
              "How often the policy may move an issue on before a person has to look; at most 20."},
    [SPILL] = {"spill", false, "[{after: DURATION, to: QUEUE}]", "[]",
               "Where an issue goes that nobody has taken for so long; ascending, at most 8."},
    [FOLLOW_SUN] = {"follow_sun", false, "[QUEUE]", "[]",
                    "While nobody here is on shift, an issue goes to the first that has somebody."},
    [ON_BREACH] = {"on_breach", false, "QUEUE", "it stays",
                   "Where an issue goes when one of its clocks breaches; never to a lower tier."},
};

enum { AFTER, TO, SPILL_KEY_COUNT };

const struct toc_key toc_keys_spill[SPILL_KEY_COUNT + 1] = {
    [AFTER] = {"after", true, "DURATION", NULL, "How long the issue has waited, at most 30 days."},
    [TO] = {"to", true, "QUEUE", NULL, "Where it goes."},
};

enum { DEFAULT, P1, WEIGHT_KEY_COUNT = P1 + TOC_POLICY_PRIORITIES };

const struct toc_key toc_keys_weight[WEIGHT_KEY_COUNT + 1] = {
    {"default", false, "UNITS", "1", "For the other priorities, and for issues without one."},
    {"P1", false, "UNITS", "the default", "For issues of this priority."},
    {"P2", false, "UNITS", "the default", "For issues of this priority."},
    {"P3", false, "UNITS", "the default", "For issues of this priority."},
    {"P4", false, "UNITS", "the default", "For issues of this priority."},
};

static const char *const language_words[] = {"any", "issue"};
static const char *const paused_words[] = {"counts", "free"};
static const struct toc_words words_language = {language_words, 2};
static const struct toc_words words_paused = {paused_words, 2};

/* --- parts ------------------------------------------------------------------------------------ */

static bool read_queue_of(struct toc_build *b, const struct toc_yaml *node,
                          const struct toc_queue **out)
{
    const struct toc_names names = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    size_t index;
    if (!toc_value_reference(b, node, "queue", &names, &index))
        return false;
    *out = &b->queues[index];
    return true;
}

static void read_tier(struct toc_build *b, const struct toc_yaml *node, struct toc_queue *queue)
{
    if (!toc_value_number(b, node, "'tier'", TIER_MAX, &queue->tier) || queue->tier != 0)
        return;
    toc_diag_error(b->diag, node->offset, "there is no tier 0");
    toc_diag_hint(b->diag, "1 partner, 2 in-house, 3 expert");
}

static void read_skills(struct toc_build *b, const struct toc_yaml *node,
                        const char *const **out_skills, size_t *out_count)
{
    struct toc_texts skills = {NULL, 0};
    (void)toc_value_texts(b, node, "a skill", toc_value_name, &skills);
    if (skills.count > SKILLS_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d skills", SKILLS_MAX);
    *out_skills = skills.values;
    *out_count = skills.count;
}

static void read_preferred(struct toc_build *b, const struct toc_yaml *const *values,
                           struct toc_queue *queue)
{
    if (values[PREFER])
        read_skills(b, values[PREFER], &queue->prefer, &queue->prefer_count);
    if (values[RELAX] &&
        toc_value_duration(b, values[RELAX], "'relax'", DELAY_MAX, &queue->relax_ms) &&
        queue->relax_ms == 0)
        toc_diag_error(b->diag, values[RELAX]->offset, "a delay of 0");
    if (values[PREFER] && !values[RELAX]) {
        toc_diag_error(b->diag, values[PREFER]->key->offset, "'prefer' needs 'relax'");
        toc_diag_hint(b->diag, "relax: 10m lets go of the last preferred skill after 10 minutes, "
                               "of the next after 20; what is never let go belongs to 'skills'");
    }
    if (values[RELAX] && !values[PREFER])
        toc_diag_error(b->diag, values[RELAX]->key->offset, "'relax' belongs to 'prefer'");
}

/* A number for all, or by priority. */
static void read_weight(struct toc_build *b, const struct toc_yaml *node, unsigned *weight)
{
    const struct toc_yaml *values[WEIGHT_KEY_COUNT];
    if (node->kind == TOC_YAML_TEXT) {
        (void)toc_value_number(b, node, "'weight'", WEIGHT_MAX, &weight[DEFAULT]);
        for (size_t i = P1; i < WEIGHT_KEY_COUNT; i++)
            weight[i] = weight[DEFAULT];
        return;
    }
    if (!toc_value_keys(b, node, "'weight'", toc_keys_weight, values))
        return;
    for (size_t i = DEFAULT; i < WEIGHT_KEY_COUNT; i++) {
        weight[i] = weight[DEFAULT];
        if (values[i])
            (void)toc_value_number(b, values[i], "a weight", WEIGHT_MAX, &weight[i]);
    }
}

static void read_spill(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_spill *last, struct toc_spill *spill)
{
    const struct toc_yaml *values[SPILL_KEY_COUNT];
    if (!toc_value_keys(b, node, "a spill-over", toc_keys_spill, values))
        return;
    if (values[TO])
        (void)read_queue_of(b, values[TO], &spill->to);
    if (values[AFTER] &&
        toc_value_duration(b, values[AFTER], "'after'", DELAY_MAX, &spill->after_ms) && last &&
        spill->after_ms <= last->after_ms)
        toc_diag_error(b->diag, values[AFTER]->offset, "the delays of 'spill' have to ascend");
}

static void read_spills(struct toc_build *b, const struct toc_yaml *node, struct toc_queue *queue)
{
    struct toc_spill *spills;
    if (node->kind != TOC_YAML_LIST || node->count > SPILLS_MAX) {
        if (node->kind != TOC_YAML_BROKEN)
            toc_diag_error(b->diag, node->offset, "'spill' has to be a list of up to %d",
                           SPILLS_MAX);
        return;
    }
    spills = toc_build_array(b, node->count, sizeof(*spills));
    if (!spills)
        return;
    queue->spills = spills;
    for (const struct toc_yaml *item = node->first; item; item = item->next) {
        struct toc_spill *spill = &spills[queue->spill_count];
        read_spill(b, item, queue->spill_count > 0 ? spill - 1 : NULL, spill);
        queue->spill_count++;
    }
}

static void read_follow_sun(struct toc_build *b, const struct toc_yaml *node,
                            struct toc_queue *queue)
{
    size_t count;
    const struct toc_yaml *item = toc_value_items(b, node, "'follow_sun'", &count);
    const struct toc_queue **queues = item ? toc_build_array(b, count, sizeof(*queues)) : NULL;
    if (!queues)
        return;
    queue->follow_sun = queues;
    for (; queue->follow_sun_count < count; item = item->next)
        (void)read_queue_of(b, item, &queues[queue->follow_sun_count++]);
}

static void read_delays(struct toc_build *b, const struct toc_yaml *const *values,
                        struct toc_queue *queue)
{
    queue->lease_ms = LEASE_USUAL;
    queue->max_wait_ms = MAX_WAIT_USUAL;
    if (values[LEASE] &&
        toc_value_duration(b, values[LEASE], "'lease'", LEASE_MAX, &queue->lease_ms) &&
        queue->lease_ms == 0)
        toc_diag_error(b->diag, values[LEASE]->offset, "an offer that nobody could accept in time");
    if (values[MAX_WAIT])
        (void)toc_value_duration(b, values[MAX_WAIT], "'max_wait'", DELAY_MAX, &queue->max_wait_ms);
    if (values[STICKY])
        (void)toc_value_duration(b, values[STICKY], "'sticky'", STICKY_MAX, &queue->sticky_ms);
}

/* --- queues ----------------------------------------------------------------------------------- */

static void read_needs(struct toc_build *b, const struct toc_yaml *const *values,
                       struct toc_queue *queue)
{
    unsigned word;
    if (values[SKILLS])
        read_skills(b, values[SKILLS], &queue->skills, &queue->skill_count);
    read_preferred(b, values, queue);
    if (values[LANGUAGE] && toc_value_word(b, values[LANGUAGE], "choice", &words_language, &word))
        queue->by_language = word == 1;
    if (values[CLEARANCE])
        (void)toc_value_number(b, values[CLEARANCE], "'clearance'", CLEARANCE_MAX,
                               &queue->clearance);
    for (size_t i = DEFAULT; i < WEIGHT_KEY_COUNT; i++)
        queue->weight[i] = 1;
    if (values[WEIGHT])
        read_weight(b, values[WEIGHT], queue->weight);
    if (values[PAUSED] && toc_value_word(b, values[PAUSED], "choice", &words_paused, &word))
        queue->paused_is_free = word == 1;
}

static void read_queue(struct toc_build *b, const struct toc_yaml *entry, struct toc_queue *queue)
{
    const struct toc_yaml *values[QUEUE_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "queue '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_queue, values))
        return;
    if (values[TIER])
        read_tier(b, values[TIER], queue);
    (void)toc_build_path_of(b, values[QUEUE_PATH], &queue->path);
    if (values[PARTNER])
        (void)toc_value_name(b, values[PARTNER], "'partner'", &queue->partner);
    read_needs(b, values, queue);
    read_delays(b, values, queue);
    queue->hops_max = HOPS_USUAL;
    if (values[HOPS])
        (void)toc_value_number(b, values[HOPS], "'hops'", HOPS_MAX, &queue->hops_max);
    if (values[SPILL])
        read_spills(b, values[SPILL], queue);
    if (values[FOLLOW_SUN])
        read_follow_sun(b, values[FOLLOW_SUN], queue);
    if (values[ON_BREACH])
        (void)read_queue_of(b, values[ON_BREACH], &queue->on_breach);
}

void toc_build_queues(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_queue *next;
    if (!node)
        return;
    b->queues = toc_build_names(b, node, "'queues'", sizeof(*b->queues), &b->policy.queue_count);
    b->policy.queues = next = b->queues;
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_queue(b, entry, next++);
}
