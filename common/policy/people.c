#include "common/policy/build.h"

#include <stdio.h>

#define CAPACITY_MAX  1000
#define CLEARANCE_MAX 9
#define PER_DAY_MAX   10000
#define LIST_MAX      64 /* queues, skills or languages of one person */

enum { QUEUES, SKILLS, LANGUAGES, CLEARANCE, CAPACITY, EXPOSURE, SHIFT, PERSON_KEY_COUNT };

const struct toc_key toc_keys_person[PERSON_KEY_COUNT + 1] = {
    [QUEUES] = {"queues", true, "[QUEUE]", NULL, "Whose issues this person may be offered."},
    [SKILLS] = {"skills", false, "[SKILL]", "[]", "For queues that ask for them."},
    [LANGUAGES] = {"languages", false, "[LANGUAGE]", "[]",
                   "`pt` is any Portuguese, `pt-BR` only that of Brazil."},
    [CLEARANCE] = {"clearance", false, "NUMBER", "0", "0 to 9, for queues that ask for one."},
    [CAPACITY] = {"capacity", true, "UNITS", NULL,
                  "How much can be offered and held at once; see `weight` of queues."},
    [EXPOSURE] = {"exposure", false, "{CONTENT_CLASS: NUMBER}", "no bounds",
                  "Issues of a content class in a day; of several classes each takes its share of "
                  "the day. `0` is none at all; a class that is not named has no bound."},
    [SHIFT] = {"shift", false, "CALENDAR", "any time",
               "Outside it nothing is offered. Its zone's days count the exposure, else UTC's."},
};

/* --- one person ------------------------------------------------------------------------------- */

static void read_queues(struct toc_build *b, const struct toc_yaml *node, struct toc_person *person)
{
    const struct toc_names names = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    size_t count, index;
    const struct toc_yaml *item = toc_value_items(b, node, "'queues'", &count);
    const struct toc_queue **queues;
    if (item && count > LIST_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d queues", LIST_MAX);
    if (item && count == 0)
        toc_diag_error(b->diag, node->offset, "a person who serves no queue");
    queues = item ? toc_build_array(b, count, sizeof(*queues)) : NULL;
    if (!queues)
        return;
    person->queues = queues;
    for (size_t i = 0; i < count; i++, item = item->next) {
        bool again = false;
        if (!toc_value_reference(b, item, "queue", &names, &index))
            continue;
        for (size_t k = 0; k < person->queue_count; k++)
            again = again || queues[k] == &b->queues[index];
        if (again)
            toc_diag_error(b->diag, item->offset, "queue '%s' twice", b->queues[index].name);
        else
            queues[person->queue_count++] = &b->queues[index];
    }
}

static void read_list(struct toc_build *b, const struct toc_yaml *node, const char *what,
                      const char *const **out, size_t *out_count)
{
    struct toc_texts texts = {NULL, 0};
    (void)toc_value_texts(b, node, what, toc_value_name, &texts);
    if (texts.count > LIST_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d of them", LIST_MAX);
    *out = texts.values;
    *out_count = texts.count;
}

static void read_exposure(struct toc_build *b, const struct toc_yaml *node,
                          struct toc_person *person)
{
    struct toc_exposure *exposure =
        toc_build_names(b, node, "'exposure'", sizeof(*exposure), &person->exposure_count);
    person->exposure = exposure;
    for (const struct toc_yaml *entry = node->first; exposure && entry;
         entry = entry->next, exposure++)
        (void)toc_value_number(b, entry, "what a day allows", PER_DAY_MAX, &exposure->per_day);
}

static void read_capacity(struct toc_build *b, const struct toc_yaml *node,
                          struct toc_person *person)
{
    if (toc_value_number(b, node, "'capacity'", CAPACITY_MAX, &person->capacity) &&
        person->capacity == 0)
        toc_diag_error(b->diag, node->offset, "a capacity of 0");
}

static void read_shift(struct toc_build *b, const struct toc_yaml *node, struct toc_person *person)
{
    const struct toc_names names = {b->calendars, b->calendar_count, sizeof(*b->calendars)};
    size_t index;
    if (toc_value_reference(b, node, "calendar", &names, &index))
        person->shift = b->calendars[index].calendar;
}

static void read_person(struct toc_build *b, const struct toc_yaml *entry,
                        struct toc_person *person)
{
    const struct toc_yaml *values[PERSON_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "person '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_person, values))
        return;
    if (values[QUEUES])
        read_queues(b, values[QUEUES], person);
    if (values[SKILLS])
        read_list(b, values[SKILLS], "a skill", &person->skills, &person->skill_count);
    if (values[LANGUAGES])
        read_list(b, values[LANGUAGES], "a language", &person->languages, &person->language_count);
    if (values[CLEARANCE])
        (void)toc_value_number(b, values[CLEARANCE], "'clearance'", CLEARANCE_MAX,
                               &person->clearance);
    if (values[CAPACITY])
        read_capacity(b, values[CAPACITY], person);
    if (values[EXPOSURE])
        read_exposure(b, values[EXPOSURE], person);
    if (values[SHIFT])
        read_shift(b, values[SHIFT], person);
}

/* --- who serves a queue ----------------------------------------------------------------------- */

static bool serves(const struct toc_person *person, const struct toc_queue *queue)
{
    for (size_t i = 0; i < person->queue_count; i++)
        if (person->queues[i] == queue)
            return true;
    return false;
}

static void gather_people(struct toc_build *b, struct toc_queue *queue)
{
    const struct toc_person **people;
    size_t count = 0;
    for (size_t i = 0; i < b->policy.person_count; i++)
        count += serves(&b->people[i], queue);
    people = count > 0 ? toc_build_array(b, count, sizeof(*people)) : NULL;
    if (!people)
        return;
    queue->people = people;
    for (size_t i = 0; i < b->policy.person_count; i++)
        if (serves(&b->people[i], queue))
            people[queue->person_count++] = &b->people[i];
}

void toc_build_people(struct toc_build *b, const struct toc_yaml *node,
                      const struct toc_yaml *queues)
{
    struct toc_person *next;
    if (node) {
        b->people =
            toc_build_names(b, node, "'people'", sizeof(*b->people), &b->policy.person_count);
        b->policy.people = next = b->people;
        for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
            read_person(b, entry, next++);
    }
    for (size_t i = 0; i < b->policy.queue_count; i++)
        gather_people(b, &b->queues[i]);
    if (queues)
        toc_check_queues(b, queues);
}
