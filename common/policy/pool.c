/* Whether queues, their people and the ways between them fit together. */
#include "common/policy/build.h"

/* The value of a key in an entry that toc_value_keys has accepted; NULL when it is not there. */
static const struct toc_yaml *value_of(const struct toc_yaml *entry, const char *key)
{
    if (entry->kind != TOC_YAML_MAP)
        return NULL;
    for (const struct toc_yaml *value = entry->first; value; value = value->next)
        if (toc_str_equal(value->key->text, toc_str_of(key)))
            return value;
    return NULL;
}

/* --- skills ----------------------------------------------------------------------------------- */

static bool has_skill(const struct toc_person *person, const char *skill)
{
    for (size_t i = 0; i < person->skill_count; i++)
        if (person->skills[i] && strcmp(person->skills[i], skill) == 0)
            return true;
    return false;
}

static void check_skill(struct toc_build *b, const struct toc_yaml *node,
                        const struct toc_queue *queue, const char *skill)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(skill));
    for (size_t i = 0; i < queue->person_count; i++) {
        const struct toc_person *person = queue->people[i];
        if (has_skill(person, skill))
            return;
        for (size_t k = 0; k < person->skill_count; k++)
            if (person->skills[k])
                toc_guess_offer(&guess, person->skills[k]);
    }
    toc_diag_doubt(b->diag, node->offset, "nobody of queue '%s' has the skill '%s'", queue->name,
                   skill);
    toc_guess_hint(b->diag, &guess);
}

static void check_skills(struct toc_build *b, const struct toc_yaml *node,
                         const struct toc_queue *queue, const char *const *skills, size_t count)
{
    const struct toc_yaml *item = node && node->kind == TOC_YAML_LIST ? node->first : node;
    for (size_t i = 0; item && i < count; i++, item = item->next)
        if (skills[i])
            check_skill(b, item, queue, skills[i]);
}

/* --- people ----------------------------------------------------------------------------------- */

/* What keeps a person from every issue of a queue; NULL when nothing does. */
static const char *missing(const struct toc_person *person, const struct toc_queue *queue)
{
    unsigned least = queue->weight[0];
    for (size_t i = 0; i < queue->skill_count; i++)
        if (queue->skills[i] && !has_skill(person, queue->skills[i]))
            return queue->skills[i];
    if (person->clearance < queue->clearance)
        return "clearance";
    if (queue->by_language && person->language_count == 0)
        return "languages";
    for (size_t i = 1; i <= TOC_POLICY_PRIORITIES; i++)
        least = queue->weight[i] < least ? queue->weight[i] : least;
    return person->capacity < least ? "capacity" : NULL;
}

static void check_people(struct toc_build *b, const struct toc_yaml *entry,
                         const struct toc_queue *queue)
{
    for (size_t i = 0; i < queue->person_count; i++)
        if (!missing(queue->people[i], queue))
            return;
    toc_diag_doubt(b->diag, entry->key->offset, "nobody of queue '%s' can ever take its issues",
                   queue->name);
    toc_diag_hint(b->diag, "'%s' lacks %s", queue->people[0]->name,
                  missing(queue->people[0], queue));
}

/* Keys that say something about people whom nobody has named. */
static void check_unserved(struct toc_build *b, const struct toc_yaml *entry,
                           const struct toc_queue *queue)
{
    static const char *const keys[] = {"skills", "prefer", "language",  "clearance",
                                       "weight", "paused", "lease",     "max_wait",
                                       "sticky", "spill",  "follow_sun"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct toc_yaml *value = value_of(entry, keys[i]);
        if (!value)
            continue;
        toc_diag_doubt(b->diag, value->key->offset, "'%s' in queue '%s', which nobody serves",
                       keys[i], queue->name);
        toc_diag_hint(b->diag, "name it in the 'queues' of somebody under 'people'");
        return;
    }
    if (b->policy.person_count > 0 && !queue->partner) { /* a partner has a tool of its own */
        toc_diag_warning(b->diag, entry->key->offset, "nobody serves queue '%s'", queue->name);
        toc_diag_hint(b->diag, "its issues are offered to nobody; a tool has to assign them");
    }
}

/* --- ways between queues ---------------------------------------------------------------------- */

/* A queue where issues may go next, and the key that says so. */
struct way {
    const char *key;
    const struct toc_queue *to;
};

#define SPILL_KEY  "spill"
#define BREACH_KEY "on_breach"
#define SUN_KEY    "follow_sun"

/* The `index`th way out of a queue, those by the sun last; false past the end. */
static bool way_from(const struct toc_queue *queue, size_t index, struct way *out)
{
    if (index < queue->spill_count) {
        *out = (struct way){SPILL_KEY, queue->spills[index].to};
        return true;
    }
    index -= queue->spill_count;
    if (queue->on_breach && index-- == 0) {
        *out = (struct way){BREACH_KEY, queue->on_breach};
        return true;
    }
    if (index >= queue->follow_sun_count)
        return false;
    *out = (struct way){SUN_KEY, queue->follow_sun[index]};
    return true;
}

/* A search for a way back; `seen` has a place for each queue and ends it. */
struct search {
    const struct toc_build *b;
    const struct toc_queue *to;
    bool by_sun; /* this key counts as well */
    bool *seen;
};

/* The key by which `from` leads there, "" when it is there, NULL when it never gets there. */
static const char *leads(const struct search *search, const struct toc_queue *from)
{
    size_t place = (size_t)(from - search->b->queues);
    struct way way;
    if (from == search->to)
        return "";
    if (search->seen[place])
        return NULL;
    search->seen[place] = true;
    for (size_t i = 0; way_from(from, i, &way); i++)
        if ((search->by_sun || strcmp(way.key, SUN_KEY) != 0) && leads(search, way.to))
            return way.key;
    return NULL;
}

/* True when a way by `key` leads back, which is told. */
static bool leads_back(struct toc_build *b, const struct toc_yaml *value, const char *key,
                       const struct toc_queue *queue, bool by_sun)
{
    struct search search = {.b = b, .to = queue, .by_sun = by_sun};
    struct way way;
    search.seen = toc_build_array(b, b->policy.queue_count, sizeof(*search.seen));
    for (size_t i = 0; search.seen && way_from(queue, i, &way); i++) {
        const char *on = strcmp(way.key, key) == 0 ? leads(&search, way.to) : NULL;
        if (!on)
            continue;
        if (by_sun)
            toc_diag_warning(b->diag, value->key->offset,
                             "'%s' of queue '%s' leads back to it by the sun", key, queue->name);
        else
            toc_diag_doubt(b->diag, value->key->offset, "'%s' of queue '%s' leads back to it", key,
                           queue->name);
        toc_diag_hint(b->diag, on[0] != '\0' ? "by way of '%s' and its '%s'" : "by way of '%s'",
                      way.to->name, on);
        return true;
    }
    return false;
}

/*
 * What spills over or breaches leaves a queue that has failed it, so by these keys nothing may come
 * back. By the sun it may, when all the others have gone home; that is odd at most. Following the
 * sun alone may go round the globe.
 */
static void check_cycle(struct toc_build *b, const struct toc_yaml *entry, const char *key,
                        const struct toc_queue *queue)
{
    const struct toc_yaml *value = value_of(entry, key);
    if (value && !leads_back(b, value, key, queue, false))
        (void)leads_back(b, value, key, queue, true);
}

static void check_ways(struct toc_build *b, const struct toc_yaml *entry,
                       const struct toc_queue *queue)
{
    const struct toc_queue *up = queue->on_breach;
    for (size_t i = 0; i < queue->follow_sun_count; i++)
        if (queue->follow_sun[i] == queue)
            toc_diag_error(b->diag, value_of(entry, SUN_KEY)->offset,
                           "queue '%s' follows the sun to itself", queue->name);
    check_cycle(b, entry, SPILL_KEY, queue);
    check_cycle(b, entry, BREACH_KEY, queue);
    if (!up || up->tier == 0 || up->tier >= queue->tier)
        return;
    toc_diag_doubt(b->diag, value_of(entry, BREACH_KEY)->offset,
                   "a breach would take an issue from tier %u down to tier %u", queue->tier,
                   up->tier);
    toc_diag_hint(b->diag, "'on_breach' names a queue of the same tier or a higher one");
}

void toc_check_queues(struct toc_build *b, const struct toc_yaml *node)
{
    const struct toc_queue *queue = b->queues;
    size_t errors =
        b->diag->count; /* a part that was not read would look like one that is absent */
    if (!queue || errors > 0)
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next, queue++) {
        check_ways(b, entry, queue);
        errors = b->diag->count;
        if (queue->person_count == 0) {
            check_unserved(b, entry, queue);
            continue;
        }
        check_skills(b, value_of(entry, "skills"), queue, queue->skills, queue->skill_count);
        check_skills(b, value_of(entry, "prefer"), queue, queue->prefer, queue->prefer_count);
        if (b->diag->count == errors)
            check_people(b, entry, queue);
    }
}
