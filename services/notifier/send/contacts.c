#include "services/notifier/send/contacts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NETWORK_TEXT_MAX 64

struct reader {
    struct contacts_reader base;
    struct contacts *contacts;
};

/* --- reading ------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct contact *)a)->name, ((const struct contact *)b)->name);
}

/* The number of the first method before this one that has its origin; NO_ORIGIN: it is new. */
static uint32_t known_origin(const struct contacts *contacts, const struct method *method)
{
    for (size_t i = 0; i < contacts->count; i++) {
        for (size_t k = 0; k < contacts->rows[i].method_count; k++) {
            const struct method *other = &contacts->rows[i].methods[k];
            if (other == method)
                return CONTACTS_NO_ORIGIN;
            if (toc_str_equal(method_host(other), method_host(method)))
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
            if (method_host(method).size == 0)
                continue;
            method->plain =
                method->url != NULL && toc_str_starts(method_host(method), TOC_STR("http:"));
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
        contact_read(&r->base, entry, &r->contacts->rows[next++]);
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
    r.base.diag.hides_lines = true;
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

void contacts_free(struct contacts *contacts)
{
    if (contacts == NULL)
        return;
    for (size_t i = 0; i < contacts->count; i++)
        contact_free(&contacts->rows[i]);
    free(contacts->rows);
    free(contacts->link);
    free(contacts->sop);
    mail_server_free(contacts->mail);
    free(contacts);
}

/* --- looking ------------------------------------------------------------------------------ */

static const struct method fake_pager = {.kind = &method_log, .origin = CONTACTS_NO_ORIGIN};

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
