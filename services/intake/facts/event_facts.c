#include "services/intake/facts/event_facts.h"

/* What decides where an issue goes comes first, when not all have room. */
static bool is_vital(const struct fact *fact)
{
    return strncmp(fact->name, "risk.", 5) == 0 || strcmp(fact->name, "language") == 0 ||
           strcmp(fact->name, "fingerprint") == 0;
}

/* A detector is named once for the facts in a row that it found. */
static enum toc_err add(const struct fact *fact, const char **detector, size_t *room,
                        struct toc_arena *arena, Tocsin__V1__Event *event)
{
    Tocsin__V1__FoundFact *out = toc_arena_take(arena, sizeof(*out));
    char *value = toc_arena_copy(arena, toc_str_of(fact->value));
    if (out == NULL || value == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__found_fact__init(out);
    out->name = toc_wire_text(fact->name);
    out->value = value;
    out->confidence_percent = fact->confidence_percent;
    if (*detector == NULL || strcmp(*detector, fact->detector) != 0)
        out->detector = toc_wire_text(fact->detector);
    size_t size = tocsin__v1__found_fact__get_packed_size(out) + 2; /* tag and length */
    if (size > *room)
        return TOC_OK;
    *room -= size;
    *detector = fact->detector;
    event->facts[event->n_facts++] = out;
    return TOC_OK;
}

enum toc_err event_facts_add(struct facts *facts, struct toc_str text, size_t room,
                             struct toc_arena *arena, Tocsin__V1__Event *event)
{
    struct fact found[FACTS_MAX];
    const char *detector = NULL;
    size_t count = facts_find(facts, text, found);
    event->facts = toc_arena_take(arena, FACTS_MAX * sizeof(*event->facts));
    if (event->facts == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < count; i++)
        if (is_vital(&found[i]))
            TOC_TRY(add(&found[i], &detector, &room, arena, event));
    for (size_t i = 0; i < count; i++)
        if (!is_vital(&found[i]))
            TOC_TRY(add(&found[i], &detector, &room, arena, event));
    return TOC_OK;
}

enum toc_err event_facts_text(const Tocsin__V1__Private *private, struct toc_arena *arena,
                              struct toc_str *out)
{
    struct toc_str parts[2] = {{0}};
    for (size_t i = 0; i < private->n_texts; i++) {
        const Tocsin__V1__Text *text = private->texts[i];
        bool body = strcmp(text->class_, "body") == 0;
        if (body || strcmp(text->class_, "title") == 0)
            parts[body] = toc_wire_bytes(&text->text);
    }
    *out = parts[parts[0].size == 0];
    if (parts[0].size == 0 || parts[1].size == 0)
        return TOC_OK;
    char *both = toc_arena_take(arena, parts[0].size + 2 + parts[1].size);
    if (both == NULL)
        return TOC_ERR_LIMIT;
    memcpy(both, parts[0].data, parts[0].size);
    memcpy(both + parts[0].size, "\n\n", 2);
    memcpy(both + parts[0].size + 2, parts[1].data, parts[1].size);
    *out = toc_str(both, parts[0].size + 2 + parts[1].size);
    return TOC_OK;
}
