#include "services/notifier/mirror.h"

bool mirror_is_kept_by(const char *method_kind)
{
    return strcmp(method_kind, "pagerduty") == 0;
}

enum toc_err mirror_note(struct toc_turn *turn, const Tocsin__V1__Page *page)
{
    size_t person = strlen(page->contact) + 1, method = strlen(page->method);
    size_t provider = strlen(page->provider);
    if (!page->mirrored || toc_page_is_news(page))
        return TOC_OK;
    char *key = toc_arena_take(turn->arena, ALERT_KEY + provider);
    char *value = toc_arena_take(turn->arena, person + method);
    if (key == NULL || value == NULL)
        return TOC_ERR_LIMIT;
    toc_put_u64be((uint8_t *)key, page->alert_number);
    memcpy(key + ALERT_KEY, page->provider, provider);
    memcpy(value, page->contact, person);
    memcpy(value + person, page->method, method);
    return toc_put(turn->txn, TABLE_MIRROR, toc_str(key, ALERT_KEY + provider),
                   toc_str(value, person + method));
}

/* A provider that may have heard of an alert, and by whose method. */
struct heard {
    struct toc_str key;
    const char *person, *method;
};

static enum toc_err copy(struct toc_turn *turn, struct toc_str key, struct toc_str value,
                         struct heard *out)
{
    const char *name = toc_arena_copy(turn->arena, key);
    const char *person = toc_arena_copy(turn->arena, value);
    if (name == NULL || person == NULL)
        return TOC_ERR_LIMIT;
    size_t size = strlen(person) + 1;
    if (size > value.size)
        return TOC_ERR_DAMAGED;
    *out = (struct heard){toc_str(name, key.size), person, person + size};
    return TOC_OK;
}

/* A copy of the first one of the alert whose key is `from` or behind it. TOC_NONE: there is none.
 */
static enum toc_err next(struct toc_turn *turn, uint64_t number, struct toc_str from,
                         struct heard *out)
{
    uint8_t alert[ALERT_KEY];
    struct toc_str key, value;
    toc_put_u64be(alert, number);
    enum toc_err err = toc_first_at_least(turn->txn, TABLE_MIRROR, from, &key, &value);
    if (err != TOC_OK)
        return err;
    return toc_str_starts(key, toc_str(alert, sizeof(alert))) ? copy(turn, key, value, out)
                                                              : TOC_NONE;
}

static enum toc_err tell_one(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                             const struct heard *heard, const char *kind)
{
    const struct page_plan plan = {.contact = heard->person,
                                   .kind = kind,
                                   .method = heard->method,
                                   .ends_ms = turn->log_ms + MIRROR_ENDS_MS};
    return page_plan(turn, alert, &plan, NULL);
}

/* An alert may have been paged to hundreds: what one of them needs of the arena goes again. */
enum toc_err mirror_tell(struct toc_turn *turn, Tocsin__V1__Alert *alert, const char *kind)
{
    bool over = strcmp(kind, TOC_PAGE_RESOLVED) == 0;
    uint8_t from[TOC_KEY_MAX + 1];
    size_t size = ALERT_KEY, mark = toc_arena_mark(turn->arena);
    struct heard heard;
    enum toc_err err;
    toc_put_u64be(from, alert->number);
    while ((err = next(turn, alert->number, toc_str(from, size), &heard)) == TOC_OK) {
        TOC_TRY(tell_one(turn, alert, &heard, kind));
        if (over)
            TOC_TRY(toc_del(turn->txn, TABLE_MIRROR, heard.key));
        /* Behind it: the key with a byte more, which is the terminator of its copy. */
        size = heard.key.size + 1;
        memcpy(from, heard.key.data, size);
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}
