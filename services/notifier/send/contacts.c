#include "services/notifier/send/contacts.h"

#include "common/hash.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define PROVIDER_BYTES   8  /* of a hash, in a provider's name */
#define KEYS_MAX         16 /* of a method or contact */
#define KINDS_TEXT_MAX   128
#define NETWORK_TEXT_MAX 64

struct reader {
    struct contacts_reader base;
    struct contacts *contacts;
};

/* --- kinds of methods --------------------------------------------------------------------- */

static const struct method fake_pager = {.kind = &method_log, .origin = CONTACTS_NO_ORIGIN};

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

static void read_kind(struct contacts_reader *r, const struct toc_yaml *map, const char *what,
                      struct method *method)
{
    method->kind = kind_of(map);
    if (method->kind == NULL)
        say_kinds(r, map, what);
    else
        method->kind->read(r, toc_yaml_get(map, method->kind->key), method);
}

/* --- methods ------------------------------------------------------------------------------ */

static bool is_true(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, TOC_STR("true"));
}

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
    static const char *const more[] = {"verified", NULL};
    *method = (struct method){.origin = CONTACTS_NO_ORIGIN};
    read_name(r, entry->key, "a method's", CONTACTS_METHOD_MAX, &method->name);
    if (!read_keys(r, entry, "a method", keys_with(more)))
        return;
    const struct toc_yaml *verified = toc_yaml_get(entry, "verified");
    if (verified != NULL && !is_true(verified))
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
    if (node->kind != TOC_YAML_LIST || node->count > NOTIFIER_METHODS_MAX) {
        toc_diag_error(&r->diag, node->offset, "'%s' has to be a list of methods, at most %d", key,
                       NOTIFIER_METHODS_MAX);
        return 0;
    }
    for (const struct toc_yaml *item = node->first; item != NULL; item = item->next) {
        out[count] = item->kind == TOC_YAML_TEXT ? index_of(contact, item->text) : UINT32_MAX;
        if (out[count] >= contact->method_count)
            toc_diag_error(&r->diag, item->offset, "'%s' names a method that is not there", key);
        count++;
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

/* --- contacts ----------------------------------------------------------------------------- */

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

static void read_contact(struct contacts_reader *r, const struct toc_yaml *entry,
                         struct contact *contact)
{
    static const char *const more[] = {"methods", "urgent", "normal", "zone", "language", NULL};
    *contact = (struct contact){.language = text_english()};
    read_name(r, entry->key, "a contact's", CONTACTS_NAME_MAX, &contact->name);
    if (!read_keys(r, entry, "a contact", keys_with(more)))
        return;
    const struct toc_yaml *methods = toc_yaml_get(entry, "methods");
    size_t before = r->diag.count;
    read_reader(r, entry, contact);
    if (methods != NULL)
        read_methods(r, methods, contact);
    else
        read_short(r, entry, contact);
    if (r->diag.count == before && !r->out_of_memory)
        read_orders(r, entry, contact);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct contact *)a)->name, ((const struct contact *)b)->name);
}

/* What receives for many: scheme, host and port, or a program; empty: nothing does. */
static struct toc_str host_of(const struct method *method)
{
    if (method->mail != NULL)
        return toc_str_of(method->mail->url != NULL ? method->mail->url : "");
    if (method->url != NULL)
        return read_origin(toc_str_of(method->url));
    return toc_str_of(method->words[0] != NULL ? method->words[0] : "");
}

/* The number of the first method before this one that has its origin; NO_ORIGIN: it is new. */
static uint32_t known_origin(const struct contacts *contacts, const struct method *method)
{
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++) {
            const struct method *other = &contacts->rows[i].methods[k];
            if (other == method)
                return CONTACTS_NO_ORIGIN;
            if (toc_str_equal(host_of(other), host_of(method)))
                return other->origin;
        }
    }
    return CONTACTS_NO_ORIGIN;
}

static void find_hosts(struct contacts *contacts)
{
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++) {
            struct method *method = &contacts->rows[i].methods[k];
            if (host_of(method).size == 0)
                continue;
            method->plain =
                method->url != NULL && toc_str_starts(host_of(method), TOC_STR("http:"));
            method->origin = known_origin(contacts, method);
            if (method->origin == CONTACTS_NO_ORIGIN)
                method->origin = contacts->origin_count++;
        }
    }
}

static enum toc_err read_contacts(struct reader *r, const struct toc_yaml *list)
{
    size_t next = 0;
    if (list->kind != TOC_YAML_MAP) {
        if (list->kind != TOC_YAML_NOTHING && list->kind != TOC_YAML_BROKEN)
            toc_diag_error(&r->base.diag, list->offset, "'contacts' has to be a map of names");
        return TOC_OK;
    }
    r->contacts->rows = calloc(list->count + 1, sizeof(*r->contacts->rows));
    if (r->contacts->rows == NULL)
        return TOC_ERR_MEMORY;
    r->contacts->count = list->count;
    for (const struct toc_yaml *entry = list->first; entry != NULL; entry = entry->next)
        read_contact(&r->base, entry, &r->contacts->rows[next++]);
    if (r->base.out_of_memory)
        return TOC_ERR_MEMORY;
    qsort(r->contacts->rows, next, sizeof(*r->contacts->rows), by_name);
    find_hosts(r->contacts);
    return TOC_OK;
}

static void read_allowed(struct contacts_reader *r, const struct toc_yaml *list,
                         struct toc_guard *out)
{
    if (list->kind != TOC_YAML_LIST || list->count > TOC_GUARD_ALLOWED_MAX) {
        toc_diag_error(&r->diag, list->offset, "'allow' has to be a list of at most %d networks",
                       TOC_GUARD_ALLOWED_MAX);
        return;
    }
    for (const struct toc_yaml *item = list->first; item != NULL; item = item->next) {
        char text[NETWORK_TEXT_MAX] = "";
        if (item->kind == TOC_YAML_TEXT)
            toc_str_copy(text, sizeof(text), item->text);
        if (item->text.size >= sizeof(text) || !toc_network_read(text, &out->allowed[out->count]))
            toc_diag_error(&r->diag, item->offset, "this is no network, as 10.1.0.0/16");
        else
            out->count++;
    }
}

static void read_link(struct contacts_reader *r, const struct toc_yaml *node, const char *key,
                      char **out)
{
    *out = read_url(r, node, key);
    if (*out != NULL && strlen(*out) > CONTACTS_LINK_MAX)
        toc_diag_error(&r->diag, node->offset, "'%s' is longer than %d bytes", key,
                       CONTACTS_LINK_MAX);
}

/* What stands beside the contacts. */
static void read_rest(struct contacts_reader *r, const struct toc_yaml *root, struct contacts *out)
{
    const struct toc_yaml *allow = toc_yaml_get(root, "allow"), *link = toc_yaml_get(root, "link"),
                          *sop = toc_yaml_get(root, "sop"), *mail = toc_yaml_get(root, "mail");
    if (allow != NULL)
        read_allowed(r, allow, &out->guard);
    if (link != NULL)
        read_link(r, link, "link", &out->link);
    if (sop != NULL)
        read_link(r, sop, "sop", &out->sop);
    if (mail != NULL)
        r->mail = out->mail = mail_server_read(r, mail);
}

static enum toc_err read_text(struct reader *r, struct toc_pool *pool)
{
    static const char *const keys[] = {"contacts", "allow", "link", "sop", "mail", NULL};
    const struct toc_yaml *root;
    if (r->base.diag.text.size > CONTACTS_FILE_MAX) {
        toc_diag_error(&r->base.diag, 0, "more than %d bytes", CONTACTS_FILE_MAX);
        return TOC_ERR_CONFIG;
    }
    TOC_TRY(toc_yaml_read(&r->base.diag, pool, &root));
    if (!read_keys(&r->base, root, "the contacts file", keys))
        return TOC_ERR_CONFIG;
    const struct toc_yaml *list = toc_yaml_get(root, "contacts");
    if (list == NULL) {
        toc_diag_error(&r->base.diag, root->offset, "'contacts' is missing");
        return TOC_ERR_CONFIG;
    }
    read_rest(&r->base, root, r->contacts);
    return read_contacts(r, list);
}

enum toc_err contacts_parse(struct toc_str text, const char *file_name, bool allow_exec,
                            struct contacts **out, char **out_errors)
{
    struct reader r = {.base.allow_exec = allow_exec, .contacts = calloc(1, sizeof(*r.contacts))};
    struct toc_pool pool = {NULL};
    if (r.contacts == NULL)
        return TOC_ERR_MEMORY;
    toc_diag_init(&r.base.diag, text, file_name);
    enum toc_err err = read_text(&r, &pool);
    toc_pool_done(&pool);
    if (err == TOC_OK && r.base.diag.count > 0)
        err = TOC_ERR_CONFIG;
    if (err == TOC_OK) {
        *out = r.contacts;
        *out_errors = NULL;
        return TOC_OK;
    }
    contacts_free(r.contacts);
    char *errors = err == TOC_ERR_CONFIG ? toc_diag_text(&r.base.diag) : NULL;
    if (errors == NULL)
        return TOC_ERR_MEMORY;
    *out_errors = errors;
    return err;
}

static enum toc_err cannot_read(const char *file_name, char **out_errors)
{
    char *errors;
    if (asprintf(&errors, "cannot read the contacts file %s: %s\n", file_name, strerror(errno)) < 0)
        return TOC_ERR_MEMORY;
    *out_errors = errors;
    return TOC_ERR_CONFIG;
}

enum toc_err contacts_load(const char *file_name, bool allow_exec, struct contacts **out,
                           char **out_errors)
{
    FILE *file = fopen(file_name, "re");
    if (file == NULL)
        return cannot_read(file_name, out_errors);
    char *text = malloc(CONTACTS_FILE_MAX + 1); /* one more shows that it is too large */
    enum toc_err err = TOC_ERR_MEMORY;
    if (text != NULL) {
        errno = 0;
        size_t size = fread(text, 1, CONTACTS_FILE_MAX + 1, file);
        err = ferror(file)
                  ? cannot_read(file_name, out_errors)
                  : contacts_parse(toc_str(text, size), file_name, allow_exec, out, out_errors);
    }
    free(text);
    fclose(file);
    return err;
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

void contacts_free(struct contacts *contacts)
{
    if (contacts == NULL)
        return;
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++)
            free_method(&contacts->rows[i].methods[k]);
        free(contacts->rows[i].name);
        toc_tz_free(contacts->rows[i].zone);
    }
    free(contacts->rows);
    free(contacts->link);
    free(contacts->sop);
    mail_server_free(contacts->mail);
    free(contacts);
}

/* --- looking ------------------------------------------------------------------------------ */

const struct contact *contacts_find(const struct contacts *contacts, const char *name)
{
    size_t low = 0, high = contacts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(contacts->rows[middle].name, name);
        if (order == 0)
            return &contacts->rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct method *contacts_method(const struct contacts *contacts, const char *person,
                                     const char *method)
{
    if (contacts == NULL)
        return &fake_pager;
    const struct contact *contact = contacts_find(contacts, person);
    for (size_t i = 0; contact != NULL && i < contact->method_count; i++)
        if (strcmp(contact->methods[i].name, method) == 0)
            return &contact->methods[i];
    return NULL;
}

/* --- telling the core --------------------------------------------------------------------- */

static void mix(uint8_t hash[TOC_SHA256], struct toc_str part)
{
    uint8_t both[2][TOC_SHA256];
    memcpy(both[0], hash, TOC_SHA256);
    toc_sha256(both[1], part);
    toc_sha256(hash, toc_str((const char *)both, sizeof(both)));
}

static void mix_text(uint8_t hash[TOC_SHA256], const char *text)
{
    mix(hash, toc_str_of(text != NULL ? text : ""));
}

static void start_hash(const uint8_t key[CONTACTS_KEY_BYTES], struct toc_str text,
                       uint8_t out[TOC_SHA256])
{
    toc_hmac_sha256(out, toc_str((const char *)key, CONTACTS_KEY_BYTES), text);
}

/* Two methods have one provider when they go to the same host with the same credential. */
static void name_provider(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                          char out[CONTACTS_PROVIDER_MAX])
{
    char digits[2 * PROVIDER_BYTES + 1];
    uint8_t hash[TOC_SHA256];
    struct toc_str host = host_of(method);
    if (host.size == 0) {
        snprintf(out, CONTACTS_PROVIDER_MAX, "%s", method->kind->key);
        return;
    }
    start_hash(key, host, hash);
    mix(hash,
        toc_str((const char *)method->secrets, method->secret_count * sizeof(method->secrets[0])));
    mix_text(hash, method->credential);
    if (method->mail != NULL)
        mix_text(hash, method->mail->user);
    toc_hex(digits, hash, PROVIDER_BYTES);
    snprintf(out, CONTACTS_PROVIDER_MAX, "%s-%s", method->kind->key, digits);
}

static void hash_address(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                         uint8_t out[TOC_SHA256])
{
    start_hash(key, toc_str_of(method->url != NULL ? method->url : ""), out);
    mix_text(out, method->to);
    for (size_t i = 0; method->words[i] != NULL; i++)
        mix_text(out, method->words[i]);
}

static enum toc_err tell_method(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                                struct toc_arena *arena, Tocsin__V1__ContactMethod *out)
{
    uint8_t hash[TOC_SHA256];
    char provider[CONTACTS_PROVIDER_MAX];
    tocsin__v1__contact_method__init(out);
    name_provider(method, key, provider);
    hash_address(method, key, hash);
    out->name = method->name;
    out->kind = toc_wire_text(method->kind->key);
    out->verified = method->verified;
    out->provider = toc_arena_copy(arena, toc_str_of(provider));
    char *address = toc_arena_copy(arena, toc_str((const char *)hash, CONTACTS_ADDRESS_BYTES));
    if (out->provider == NULL || address == NULL)
        return TOC_ERR_LIMIT;
    out->address = toc_wire_binary(toc_str(address, CONTACTS_ADDRESS_BYTES));
    return TOC_OK;
}

enum toc_err contacts_tell(const struct contact *contact, const uint8_t key[CONTACTS_KEY_BYTES],
                           struct toc_arena *arena, Tocsin__V1__Contact *out)
{
    tocsin__v1__contact__init(out);
    out->person = contact->name;
    out->methods = toc_arena_take(arena, contact->method_count * sizeof(*out->methods));
    Tocsin__V1__ContactMethod *methods =
        toc_arena_take(arena, contact->method_count * sizeof(*methods));
    if (out->methods == NULL || methods == NULL)
        return TOC_ERR_LIMIT;
    for (; out->n_methods < contact->method_count; out->n_methods++) {
        out->methods[out->n_methods] = &methods[out->n_methods];
        TOC_TRY(tell_method(&contact->methods[out->n_methods], key, arena,
                            out->methods[out->n_methods]));
    }
    out->urgent = (uint32_t *)(uintptr_t)contact->urgent;
    out->n_urgent = contact->urgent_count;
    out->normal = (uint32_t *)(uintptr_t)contact->normal;
    out->n_normal = contact->normal_count;
    return TOC_OK;
}
