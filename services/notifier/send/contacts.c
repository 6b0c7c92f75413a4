#include "services/notifier/send/contacts.h"

#include "common/policy/yaml.h"
#include "common/secret_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    struct toc_diag diag;
    struct contacts *contacts;
    bool out_of_memory;
};

static const struct contact fake_pager = {.kind = CONTACT_LOG, .origin = CONTACTS_NO_ORIGIN};

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
static const char *take_secrets(struct contact *contact, struct toc_str text)
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
        if (contact->secret_count == TOC_WEBHOOK_SECRETS_MAX)
            return "holds more secrets than a rotation needs (4)";
        if (toc_webhook_secret_read(line, &contact->secrets[contact->secret_count]) < 0)
            return "has a line that is not whsec_ and the base64 of 24 to 64 bytes";
        contact->secret_count++;
    }
    return contact->secret_count == 0 ? "holds no secret" : NULL;
}

static void load_secrets(struct reader *r, const struct toc_yaml *node, struct contact *contact)
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
            why = take_secrets(contact, toc_str(text, (size_t)size));
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

static void read_url(struct reader *r, const struct toc_yaml *node, struct contact *contact)
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
        contact->url = copy(r, url);
    }
}

/* --- contacts ----------------------------------------------------------------------------- */

static void read_webhook(struct reader *r, const struct toc_yaml *node, struct contact *contact)
{
    static const char *const keys[] = {"url", "secret_file", NULL};
    contact->kind = CONTACT_WEBHOOK;
    if (!check_keys(r, node, "'webhook'", keys))
        return;
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (toc_yaml_get(node, keys[i]) == NULL) {
            toc_diag_error(&r->diag, node->offset, "'webhook' needs '%s'", keys[i]);
            return;
        }
    }
    read_url(r, toc_yaml_get(node, "url"), contact);
    load_secrets(r, toc_yaml_get(node, "secret_file"), contact);
}

static void read_contact(struct reader *r, const struct toc_yaml *entry, struct contact *contact)
{
    static const char *const keys[] = {"webhook", "log", NULL};
    *contact = (struct contact){.kind = CONTACT_LOG, .origin = CONTACTS_NO_ORIGIN};
    contact->name = copy(r, entry->key->text);
    if (entry->key->text.size == 0 || entry->key->text.size > CONTACTS_NAME_MAX)
        toc_diag_error(&r->diag, entry->key->offset, "a contact's name has 1 to %d bytes",
                       CONTACTS_NAME_MAX);
    if (!check_keys(r, entry, "a contact", keys))
        return;
    const struct toc_yaml *log = toc_yaml_get(entry, "log"),
                          *webhook = toc_yaml_get(entry, "webhook");
    if ((log != NULL) == (webhook != NULL)) {
        toc_diag_error(&r->diag, entry->offset, "a contact has one way: 'webhook' or 'log'");
        return;
    }
    if (webhook != NULL)
        read_webhook(r, webhook, contact);
    else if (log->kind != TOC_YAML_TEXT || !toc_str_equal(log->text, TOC_STR("true")))
        toc_diag_error(&r->diag, log->offset, "'log' can only be true");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct contact *)a)->name, ((const struct contact *)b)->name);
}

static bool same_origin(const struct contact *a, const struct contact *b)
{
    return a->url != NULL && b->url != NULL &&
           toc_str_equal(origin_of(toc_str_of(a->url)), origin_of(toc_str_of(b->url)));
}

static void number_origins(struct contacts *contacts)
{
    for (size_t i = 0; i < contacts->count; i++) {
        struct contact *contact = &contacts->rows[i];
        for (size_t k = 0; k < i && contact->origin == CONTACTS_NO_ORIGIN; k++)
            if (same_origin(contact, &contacts->rows[k]))
                contact->origin = contacts->rows[k].origin;
        if (contact->url != NULL && contact->origin == CONTACTS_NO_ORIGIN)
            contact->origin = contacts->origin_count++;
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
        struct contact *contact = &contacts->rows[i];
        sodium_memzero(contact->secrets, sizeof(contact->secrets));
        free(contact->name);
        free(contact->url);
    }
    free(contacts->rows);
    free(contacts);
}

const struct contact *contacts_find(const struct contacts *contacts, const char *name)
{
    size_t low = 0, high = contacts != NULL ? contacts->count : 0;
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
    return &fake_pager;
}
