#include "services/notifier/send/contact.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define KEYS_MAX       16 /* of a method or contact */
#define KINDS_TEXT_MAX 128

/* --- kinds of methods --------------------------------------------------------------------- */

/* The kinds' keys and then `more`, for read_keys. */
static const char *const *keys_with(const char *const *more)
{
    static const char *keys[KEYS_MAX];
    size_t count = 0;
    for (; method_kinds[count] != NULL; count++)
        keys[count] = method_kinds[count]->key;
    while (*more != NULL)
        keys[count++] = *more++;
    TOC_ASSERT(count < KEYS_MAX);
    keys[count] = NULL;
    return keys;
}

/* The one kind that a map names; NULL when it names none or several. */
static const struct method_kind *kind_of(const struct toc_yaml *map)
{
    const struct method_kind *found = NULL;
    for (size_t i = 0; method_kinds[i] != NULL; i++) {
        if (toc_yaml_get(map, method_kinds[i]->key) == NULL)
            continue;
        if (found != NULL)
            return NULL;
        found = method_kinds[i];
    }
    return found;
}

static void say_kinds(struct contacts_reader *r, const struct toc_yaml *map, const char *what)
{
    char kinds[KINDS_TEXT_MAX];
    size_t used = 0;
    for (size_t i = 0; method_kinds[i] != NULL; i++)
        used += (size_t)snprintf(kinds + used, sizeof(kinds) - used, "%s%s", i > 0 ? ", " : "",
                                 method_kinds[i]->key);
    TOC_ASSERT(used < sizeof(kinds));
    toc_diag_error(&r->diag, map->offset, "%s has exactly one kind", what);
    toc_diag_hint(&r->diag, "one of %s", kinds);
}

static bool is_word(const struct toc_yaml *node, struct toc_str word)
{
    return node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, word);
}

/* Whether several people read what is sent there. */
static bool read_shared(struct contacts_reader *r, const struct toc_yaml *map,
                        const struct method_kind *kind)
{
    const struct toc_yaml *node = toc_yaml_get(map, "shared");
    if (node == NULL)
        return kind->shared;
    if (!is_word(node, TOC_STR("true")) && !is_word(node, TOC_STR("false")))
        toc_diag_error(&r->diag, node->offset, "'shared' has to be true or false");
    return !is_word(node, TOC_STR("false"));
}

static void read_kind(struct contacts_reader *r, const struct toc_yaml *map, const char *what,
                      struct method *method)
{
    method->kind = kind_of(map);
    if (method->kind == NULL) {
        say_kinds(r, map, what);
        return;
    }
    method->shared = read_shared(r, map, method->kind);
    method->kind->read(r, toc_yaml_get(map, method->kind->key), method);
}

/* --- methods ------------------------------------------------------------------------------ */

static void read_name(struct contacts_reader *r, const struct toc_yaml *key, const char *what,
                      size_t most, char **out)
{
    *out = read_copy(r, key->text);
    if (key->text.size == 0 || key->text.size > most)
        toc_diag_error(&r->diag, key->offset, "%s name has 1 to %zu bytes", what, most);
}

static void read_method(struct contacts_reader *r, const struct toc_yaml *entry,
                        struct method *method)
{
    static const char *const more[] = {"verified", "shared", NULL};
    *method = (struct method){.origin = CONTACTS_NO_ORIGIN};
    read_name(r, entry->key, "a method's", CONTACTS_METHOD_MAX, &method->name);
    if (!read_keys(r, entry, "a method", keys_with(more)))
        return;
    const struct toc_yaml *verified = toc_yaml_get(entry, "verified");
    if (verified != NULL && !is_word(verified, TOC_STR("true")))
        toc_diag_error(&r->diag, verified->offset, "'verified' can only be true");
    method->verified = verified != NULL;
    read_kind(r, entry, "a method", method);
}

static void read_methods(struct contacts_reader *r, const struct toc_yaml *node,
                         struct contact *contact)
{
    if (node->kind != TOC_YAML_MAP || node->count == 0 || node->count > NOTIFIER_METHODS_MAX) {
        if (node->kind != TOC_YAML_BROKEN)
            toc_diag_error(&r->diag, node->offset, "'methods' has to be a map of 1 to %d names",
                           NOTIFIER_METHODS_MAX);
        return;
    }
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next)
        read_method(r, entry, &contact->methods[contact->method_count++]);
}

/* The index of a method, or of the one behind the last. */
static uint32_t index_of(const struct contact *contact, struct toc_str name)
{
    uint32_t i = 0;
    while (i < contact->method_count && !toc_str_equal(name, toc_str_of(contact->methods[i].name)))
        i++;
    return i;
}

static size_t read_order(struct contacts_reader *r, const struct toc_yaml *node, const char *key,
                         const struct contact *contact, uint32_t out[NOTIFIER_METHODS_MAX])
{
    size_t count = 0;
    uint32_t named = 0;
    if (node->kind != TOC_YAML_LIST || node->count == 0 || node->count > NOTIFIER_METHODS_MAX) {
        toc_diag_error(&r->diag, node->offset, "'%s' has to be a list of 1 to %d methods", key,
                       NOTIFIER_METHODS_MAX);
        return 0;
    }
    for (const struct toc_yaml *item = node->first; item != NULL; item = item->next) {
        uint32_t at = item->kind == TOC_YAML_TEXT ? index_of(contact, item->text) : UINT32_MAX;
        if (at >= contact->method_count)
            toc_diag_error(&r->diag, item->offset, "'%s' names a method that is not there", key);
        else if ((named >> at & 1) != 0)
            toc_diag_error(&r->diag, item->offset, "'%s' names a method twice", key);
        else
            named |= UINT32_C(1) << at;
        out[count++] = at;
    }
    return count;
}

static void read_orders(struct contacts_reader *r, const struct toc_yaml *entry,
                        struct contact *contact)
{
    const struct toc_yaml *urgent = toc_yaml_get(entry, "urgent"),
                          *normal = toc_yaml_get(entry, "normal");
    for (uint32_t i = 0; i < contact->method_count; i++)
        contact->urgent[i] = i;
    contact->urgent_count = contact->method_count;
    if (urgent != NULL)
        contact->urgent_count = read_order(r, urgent, "urgent", contact, contact->urgent);
    contact->normal_count = contact->urgent_count;
    memcpy(contact->normal, contact->urgent, sizeof(contact->normal));
    if (normal != NULL)
        contact->normal_count = read_order(r, normal, "normal", contact, contact->normal);
}

/* --- the person ---------------------------------------------------------------------------- */

static void read_zone(struct contacts_reader *r, const struct toc_yaml *node,
                      struct contact *contact)
{
    char name[CONTACTS_NAME_MAX + 1];
    enum toc_err err = TOC_ERR_CONFIG;
    if (node->kind == TOC_YAML_TEXT && node->text.size <= CONTACTS_NAME_MAX)
        err = toc_tz_load(toc_str_copy(name, sizeof(name), node->text), &contact->zone);
    r->out_of_memory = r->out_of_memory || err == TOC_ERR_MEMORY;
    if (err < 0 && err != TOC_ERR_MEMORY)
        toc_diag_error(&r->diag, node->offset, "'zone' has to be a time zone like Europe/Dublin");
}

static void read_language(struct contacts_reader *r, const struct toc_yaml *node,
                          struct contact *contact)
{
    if (node->kind == TOC_YAML_TEXT)
        contact->language = text_language(node->text);
    if (node->kind != TOC_YAML_TEXT || contact->language == NULL)
        toc_diag_error(&r->diag, node->offset, "'language' has to be one of %s",
                       text_language_codes());
}

/* For whom texts are written. */
static void read_reader(struct contacts_reader *r, const struct toc_yaml *entry,
                        struct contact *contact)
{
    const struct toc_yaml *zone = toc_yaml_get(entry, "zone"),
                          *language = toc_yaml_get(entry, "language");
    if (zone != NULL)
        read_zone(r, zone, contact);
    if (language != NULL)
        read_language(r, language, contact);
}

/* One method, which needs no code. */
static void read_short(struct contacts_reader *r, const struct toc_yaml *entry,
                       struct contact *contact)
{
    struct method *method = &contact->methods[contact->method_count++];
    *method = (struct method){.verified = true, .origin = CONTACTS_NO_ORIGIN};
    read_kind(r, entry, "a contact", method);
    if (method->kind != NULL)
        method->name = read_copy(r, toc_str_of(method->kind->key));
}

void contact_read(struct contacts_reader *r, const struct toc_yaml *entry, struct contact *contact)
{
    static const char *const more[] = {"methods",  "urgent", "normal", "zone",
                                       "language", "shared", NULL};
    *contact = (struct contact){.language = text_english()};
    read_name(r, entry->key, "a contact's", CONTACTS_NAME_MAX, &contact->name);
    if (toc_str_equal(entry->key->text, toc_str_of(NOTIFIER_ANYBODY)))
        toc_diag_error(&r->diag, entry->key->offset,
                       "'%s' is no name of a contact: each needs an entry of its own",
                       NOTIFIER_ANYBODY);
    if (!read_keys(r, entry, "a contact", keys_with(more)))
        return;
    const struct toc_yaml *methods = toc_yaml_get(entry, "methods");
    size_t before = r->diag.count;
    read_reader(r, entry, contact);
    if (methods != NULL && toc_yaml_get(entry, "shared") != NULL)
        toc_diag_error(&r->diag, entry->key->offset, "'shared' belongs to one of the methods");
    if (methods != NULL)
        read_methods(r, methods, contact);
    else
        read_short(r, entry, contact);
    if (r->diag.count == before && !r->out_of_memory)
        read_orders(r, entry, contact);
}

static void free_secret(char *text)
{
    if (text != NULL)
        sodium_memzero(text, strlen(text));
    free(text);
}

static void free_method(struct method *method)
{
    sodium_memzero(method->secrets, sizeof(method->secrets));
    free_secret(method->url);
    free_secret(method->to);
    free_secret(method->credential);
    for (size_t i = 0; i < METHOD_WORDS_MAX; i++)
        free(method->words[i]);
    free(method->name);
}

void contact_free(struct contact *contact)
{
    for (size_t i = 0; i < contact->method_count; i++)
        free_method(&contact->methods[i]);
    free(contact->name);
    toc_tz_free(contact->zone);
}
