#include "services/notifier/send/contacts.h"

#include "common/hash.h"
#include "common/policy/yaml.h"
#include "common/secret_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define PROVIDER_BYTES 8 /* of a hash, in a provider's name */

struct reader {
    struct toc_diag diag;
    struct contacts *contacts;
    bool out_of_memory;
};

/* --- keys --------------------------------------------------------------------------------- */

/* True when `node` is a map that has none but these keys; `keys` ends with NULL. */
static bool check_keys(struct reader *r, const struct toc_yaml *node, const char *what,
                       const char *const *keys)
{
    if (node->kind != TOC_YAML_MAP) {
        if (node->kind != TOC_YAML_BROKEN)
            toc_diag_error(&r->diag, node->offset, "%s has to be a map", what);
        return false;
    }
    size_t before = r->diag.count;
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next) {
        struct toc_guess guess;
        size_t i = 0;
        toc_guess_init(&guess, entry->key->text);
        for (; keys[i] != NULL && !toc_str_equal(entry->key->text, toc_str_of(keys[i])); i++)
            toc_guess_offer(&guess, keys[i]);
        if (keys[i] != NULL)
            continue;
        toc_diag_error(&r->diag, entry->key->offset, "unknown key '%.*s' in %s",
                       TOC_DIAG_ARG(entry->key->text), what);
        toc_guess_hint(&r->diag, &guess);
    }
    return r->diag.count == before;
}

static char *copy(struct reader *r, struct toc_str s)
{
    char *text = malloc(s.size + 1);
    if (text == NULL) {
        r->out_of_memory = true;
        return NULL;
    }
    return toc_str_copy(text, s.size + 1, s);
}

/* --- secrets ------------------------------------------------------------------------------ */

/* One secret per line. Returns why not, a constant; NULL when all is well. */
static const char *take_secrets(struct method *method, struct toc_str text)
{
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct toc_str line = toc_str(text.data, end ? (size_t)(end - text.data) : text.size);
        size_t step = line.size + (end != NULL);
        text = toc_str_from(text, step);
        while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) != NULL)
            line.size--;
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (method->secret_count == TOC_WEBHOOK_SECRETS_MAX)
            return "holds more secrets than a rotation needs (4)";
        if (toc_webhook_secret_read(line, &method->secrets[method->secret_count]) < 0)
            return "has a line that is not whsec_ and the base64 of 24 to 64 bytes";
        method->secret_count++;
    }
    return method->secret_count == 0 ? "holds no secret" : NULL;
}

static void load_secrets(struct reader *r, const struct toc_yaml *node, struct method *method)
{
    char path[TOC_SECRET_PATH_MAX], text[CONTACTS_SECRET_FILE_MAX];
    const char *why = "has a name that is too long";
    if (node->kind != TOC_YAML_TEXT) {
        toc_diag_error(&r->diag, node->offset, "'secret_file' has to be the name of a file");
        return;
    }
    if (toc_secret_path(r->diag.file_name, node->text, path)) {
        ssize_t size = toc_secret_read(path, text, sizeof(text), &why);
        if (size >= 0)
            why = take_secrets(method, toc_str(text, (size_t)size));
        sodium_memzero(text, sizeof(text));
    }
    if (why == NULL)
        return;
    toc_diag_error(&r->diag, node->offset, "the secret file %s", why);
    toc_diag_hint(&r->diag, "looked for '%s'", path);
}

/* --- addresses ---------------------------------------------------------------------------- */

/* The part "scheme://host:port"; empty when it is no http or https address. */
static struct toc_str origin_of(struct toc_str url)
{
    static const struct toc_str schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++) {
        if (!toc_str_starts(url, schemes[i]))
            continue;
        size_t end = schemes[i].size;
        while (end < url.size && strchr("/?#", url.data[end]) == NULL)
            end++;
        return end > schemes[i].size ? toc_str(url.data, end) : toc_str(NULL, 0);
    }
    return toc_str(NULL, 0);
}

static bool is_plain(struct toc_str url)
{
    for (size_t i = 0; i < url.size; i++)
        if ((unsigned char)url.data[i] <= 0x20 || (unsigned char)url.data[i] >= 0x7f)
            return false;
    return true;
}

static void read_url(struct reader *r, const struct toc_yaml *node, struct method *method)
{
    struct toc_str url = node->text, origin = toc_str(NULL, 0);
    if (node->kind == TOC_YAML_TEXT)
        origin = origin_of(url);
    if (origin.size == 0) {
        toc_diag_error(&r->diag, node->offset,
                       "'url' has to begin with https:// or http:// and "
                       "name a host");
    } else if (!is_plain(url) || url.size > CONTACTS_URL_MAX) {
        toc_diag_error(&r->diag, node->offset,
                       "'url' has blanks, is not ASCII or is longer than %d bytes",
                       CONTACTS_URL_MAX);
    } else if (memchr(origin.data, '@', origin.size) != NULL) {
        toc_diag_error(&r->diag, node->offset, "a user or a password does not belong in 'url'");
    } else {
        method->url = copy(r, url);
    }
}

/* --- kinds of methods --------------------------------------------------------------------- */

struct method_kind {
    enum method_kind_id id;
    const char *key; /* in the file, and what the core calls it */
    void (*read)(struct reader *r, const struct toc_yaml *node, struct method *method);
};

static void read_webhook(struct reader *r, const struct toc_yaml *node, struct method *method)
{
    static const char *const keys[] = {"url", "secret_file", NULL};
    if (!check_keys(r, node, "'webhook'", keys))
        return;
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (toc_yaml_get(node, keys[i]) == NULL) {
            toc_diag_error(&r->diag, node->offset, "'webhook' needs '%s'", keys[i]);
            return;
        }
    }
    read_url(r, toc_yaml_get(node, "url"), method);
    load_secrets(r, toc_yaml_get(node, "secret_file"), method);
}

static bool is_true(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, TOC_STR("true"));
}

static void read_log(struct reader *r, const struct toc_yaml *node, struct method *method)
{
    if (!is_true(node))
        toc_diag_error(&r->diag, node->offset, "'log' can only be true");
    method->verified = true;
}

/* A new kind is a row here. */
static const struct method_kind kinds[] = {
    {METHOD_LOG, "log", read_log},
    {METHOD_WEBHOOK, "webhook", read_webhook},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct method fake_pager = {.kind = &kinds[0], .origin = CONTACTS_NO_ORIGIN};

enum method_kind_id method_kind(const struct method *method)
{
    return method->kind->id;
}

/* The kinds' keys and then `more`, for check_keys. */
static const char *const *keys_with(const char *const *more)
{
    static const char *keys[KIND_COUNT + 6];
    size_t count = 0;
    for (; count < KIND_COUNT; count++)
        keys[count] = kinds[count].key;
    while (*more != NULL)
        keys[count++] = *more++;
    keys[count] = NULL;
    return keys;
}

/* The one kind that a map names; NULL when it names none or several. */
static const struct method_kind *kind_of(const struct toc_yaml *map)
{
    const struct method_kind *found = NULL;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (toc_yaml_get(map, kinds[i].key) == NULL)
            continue;
        if (found != NULL)
            return NULL;
        found = &kinds[i];
    }
    return found;
}

static void read_kind(struct reader *r, const struct toc_yaml *map, const char *what,
                      struct method *method)
{
    method->kind = kind_of(map);
    if (method->kind == NULL)
        toc_diag_error(&r->diag, map->offset, "%s has one way: 'webhook' or 'log'", what);
    else
        method->kind->read(r, toc_yaml_get(map, method->kind->key), method);
}

/* --- methods ------------------------------------------------------------------------------ */

static void read_name(struct reader *r, const struct toc_yaml *key, const char *what, size_t most,
                      char **out)
{
    *out = copy(r, key->text);
    if (key->text.size == 0 || key->text.size > most)
        toc_diag_error(&r->diag, key->offset, "%s name has 1 to %zu bytes", what, most);
}

static void read_method(struct reader *r, const struct toc_yaml *entry, struct method *method)
{
    static const char *const more[] = {"verified", NULL};
    *method = (struct method){.origin = CONTACTS_NO_ORIGIN};
    read_name(r, entry->key, "a method's", CONTACTS_METHOD_MAX, &method->name);
    if (!check_keys(r, entry, "a method", keys_with(more)))
        return;
    const struct toc_yaml *verified = toc_yaml_get(entry, "verified");
    if (verified != NULL && !is_true(verified))
        toc_diag_error(&r->diag, verified->offset, "'verified' can only be true");
    method->verified = verified != NULL;
    read_kind(r, entry, "a method", method);
}

static void read_methods(struct reader *r, const struct toc_yaml *node, struct contact *contact)
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

static size_t read_order(struct reader *r, const struct toc_yaml *node, const char *key,
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

static void read_orders(struct reader *r, const struct toc_yaml *entry, struct contact *contact)
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

static void read_zone(struct reader *r, const struct toc_yaml *node, struct contact *contact)
{
    char name[CONTACTS_NAME_MAX + 1];
    enum toc_err err = TOC_ERR_CONFIG;
    if (node->kind == TOC_YAML_TEXT && node->text.size <= CONTACTS_NAME_MAX)
        err = toc_tz_load(toc_str_copy(name, sizeof(name), node->text), &contact->zone);
    r->out_of_memory = r->out_of_memory || err == TOC_ERR_MEMORY;
    if (err < 0 && err != TOC_ERR_MEMORY)
        toc_diag_error(&r->diag, node->offset, "'zone' has to be a time zone like Europe/Dublin");
}

static void read_language(struct reader *r, const struct toc_yaml *node, struct contact *contact)
{
    if (node->kind == TOC_YAML_TEXT)
        contact->language = text_language(node->text);
    if (node->kind != TOC_YAML_TEXT || contact->language == NULL)
        toc_diag_error(&r->diag, node->offset, "'language' has to be one of %s",
                       text_language_codes());
}

/* For whom texts are written. */
static void read_reader(struct reader *r, const struct toc_yaml *entry, struct contact *contact)
{
    const struct toc_yaml *zone = toc_yaml_get(entry, "zone"),
                          *language = toc_yaml_get(entry, "language");
    if (zone != NULL)
        read_zone(r, zone, contact);
    if (language != NULL)
        read_language(r, language, contact);
}

/* One method, which needs no code. */
static void read_short(struct reader *r, const struct toc_yaml *entry, struct contact *contact)
{
    struct method *method = &contact->methods[contact->method_count++];
    *method = (struct method){.verified = true, .origin = CONTACTS_NO_ORIGIN};
    read_kind(r, entry, "a contact", method);
    if (method->kind != NULL)
        method->name = copy(r, toc_str_of(method->kind->key));
}

static void read_contact(struct reader *r, const struct toc_yaml *entry, struct contact *contact)
{
    static const char *const more[] = {"methods", "urgent", "normal", "zone", "language", NULL};
    *contact = (struct contact){.language = text_english()};
    read_name(r, entry->key, "a contact's", CONTACTS_NAME_MAX, &contact->name);
    if (!check_keys(r, entry, "a contact", keys_with(more)))
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

static bool same_origin(const struct method *a, const struct method *b)
{
    return toc_str_equal(origin_of(toc_str_of(a->url)), origin_of(toc_str_of(b->url)));
}

/* The number of the first method before this one that has its origin; NO_ORIGIN: it is new. */
static uint32_t known_origin(const struct contacts *contacts, const struct method *method)
{
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++) {
            const struct method *other = &contacts->rows[i].methods[k];
            if (other == method)
                return CONTACTS_NO_ORIGIN;
            if (other->url != NULL && same_origin(other, method))
                return other->origin;
        }
    }
    return CONTACTS_NO_ORIGIN;
}

static void number_origins(struct contacts *contacts)
{
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++) {
            struct method *method = &contacts->rows[i].methods[k];
            if (method->url == NULL)
                continue;
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
            toc_diag_error(&r->diag, list->offset, "'contacts' has to be a map of names");
        return TOC_OK;
    }
    r->contacts->rows = calloc(list->count + 1, sizeof(*r->contacts->rows));
    if (r->contacts->rows == NULL)
        return TOC_ERR_MEMORY;
    r->contacts->count = list->count;
    for (const struct toc_yaml *entry = list->first; entry != NULL; entry = entry->next)
        read_contact(r, entry, &r->contacts->rows[next++]);
    if (r->out_of_memory)
        return TOC_ERR_MEMORY;
    qsort(r->contacts->rows, next, sizeof(*r->contacts->rows), by_name);
    number_origins(r->contacts);
    return TOC_OK;
}

static enum toc_err read_text(struct reader *r, struct toc_pool *pool)
{
    static const char *const keys[] = {"contacts", NULL};
    const struct toc_yaml *root;
    if (r->diag.text.size > CONTACTS_FILE_MAX) {
        toc_diag_error(&r->diag, 0, "more than %d bytes", CONTACTS_FILE_MAX);
        return TOC_ERR_CONFIG;
    }
    TOC_TRY(toc_yaml_read(&r->diag, pool, &root));
    if (!check_keys(r, root, "the contacts file", keys))
        return TOC_ERR_CONFIG;
    const struct toc_yaml *list = toc_yaml_get(root, "contacts");
    if (list == NULL) {
        toc_diag_error(&r->diag, root->offset, "'contacts' is missing");
        return TOC_ERR_CONFIG;
    }
    return read_contacts(r, list);
}

enum toc_err contacts_parse(struct toc_str text, const char *file_name, struct contacts **out,
                            char **out_errors)
{
    struct reader r = {.contacts = calloc(1, sizeof(*r.contacts))};
    struct toc_pool pool = {NULL};
    if (r.contacts == NULL)
        return TOC_ERR_MEMORY;
    toc_diag_init(&r.diag, text, file_name);
    enum toc_err err = read_text(&r, &pool);
    toc_pool_done(&pool);
    if (err == TOC_OK && r.diag.count > 0)
        err = TOC_ERR_CONFIG;
    if (err == TOC_OK) {
        *out = r.contacts;
        *out_errors = NULL;
        return TOC_OK;
    }
    contacts_free(r.contacts);
    char *errors = err == TOC_ERR_CONFIG ? toc_diag_text(&r.diag) : NULL;
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

enum toc_err contacts_load(const char *file_name, struct contacts **out, char **out_errors)
{
    FILE *file = fopen(file_name, "re");
    if (file == NULL)
        return cannot_read(file_name, out_errors);
    char *text = malloc(CONTACTS_FILE_MAX + 1); /* one more shows that it is too large */
    enum toc_err err = TOC_ERR_MEMORY;
    if (text != NULL) {
        errno = 0;
        size_t size = fread(text, 1, CONTACTS_FILE_MAX + 1, file);
        err = ferror(file) ? cannot_read(file_name, out_errors)
                           : contacts_parse(toc_str(text, size), file_name, out, out_errors);
    }
    free(text);
    fclose(file);
    return err;
}

void contacts_free(struct contacts *contacts)
{
    if (contacts == NULL)
        return;
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++) {
            struct method *method = &contacts->rows[i].methods[k];
            sodium_memzero(method->secrets, sizeof(method->secrets));
            free(method->name);
            free(method->url);
        }
        free(contacts->rows[i].name);
        toc_tz_free(contacts->rows[i].zone);
    }
    free(contacts->rows);
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

/* Two methods have one provider when they go to the same host with the same credential. */
static void name_provider(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                          char out[CONTACTS_PROVIDER_MAX])
{
    char digits[2 * PROVIDER_BYTES + 1];
    uint8_t host[TOC_SHA256], hash[TOC_SHA256];
    if (method->url == NULL) {
        snprintf(out, CONTACTS_PROVIDER_MAX, "%s", method->kind->key);
        return;
    }
    toc_hmac_sha256(host, toc_str((const char *)key, CONTACTS_KEY_BYTES),
                    origin_of(toc_str_of(method->url)));
    toc_sha256_pair(
        hash, toc_str((const char *)host, sizeof(host)),
        toc_str((const char *)method->secrets, method->secret_count * sizeof(method->secrets[0])));
    toc_hex(digits, hash, PROVIDER_BYTES);
    snprintf(out, CONTACTS_PROVIDER_MAX, "%s-%s", method->kind->key, digits);
}

static enum toc_err tell_method(const struct method *method, const uint8_t key[CONTACTS_KEY_BYTES],
                                struct toc_arena *arena, Tocsin__V1__ContactMethod *out)
{
    uint8_t hash[TOC_SHA256];
    char provider[CONTACTS_PROVIDER_MAX];
    tocsin__v1__contact_method__init(out);
    name_provider(method, key, provider);
    toc_hmac_sha256(hash, toc_str((const char *)key, CONTACTS_KEY_BYTES),
                    toc_str_of(method->url != NULL ? method->url : ""));
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
