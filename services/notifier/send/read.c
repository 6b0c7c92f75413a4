#include "services/notifier/send/read.h"

#include "common/secret_file.h"

#include <sodium.h>
#include <stdlib.h>

/* --- keys and texts ----------------------------------------------------------------------- */

bool read_keys(struct contacts_reader *r, const struct toc_yaml *node, const char *what,
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

const struct toc_yaml *read_needed(struct contacts_reader *r, const struct toc_yaml *map,
                                   const char *what, const char *key)
{
    const struct toc_yaml *node = toc_yaml_get(map, key);
    if (node == NULL)
        toc_diag_error(&r->diag, map->offset, "%s needs '%s'", what, key);
    return node;
}

char *read_copy(struct contacts_reader *r, struct toc_str text)
{
    char *copy = malloc(text.size + 1);
    if (copy == NULL) {
        r->out_of_memory = true;
        return NULL;
    }
    return toc_str_copy(copy, text.size + 1, text);
}

/* --- addresses ---------------------------------------------------------------------------- */

struct toc_str read_origin(struct toc_str url)
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

/* True for an address; else an error, which does not show it. */
static bool check_url(struct contacts_reader *r, size_t offset, const char *key, struct toc_str url)
{
    struct toc_str origin = read_origin(url);
    if (origin.size == 0)
        toc_diag_error(&r->diag, offset,
                       "'%s' has to begin with https:// or http:// and name a host", key);
    else if (!is_plain(url) || url.size > CONTACTS_URL_MAX)
        toc_diag_error(&r->diag, offset, "'%s' has blanks, is not ASCII or is longer than %d bytes",
                       key, CONTACTS_URL_MAX);
    else if (memchr(origin.data, '@', origin.size) != NULL)
        toc_diag_error(&r->diag, offset, "a user or a password does not belong in '%s'", key);
    else
        return true;
    return false;
}

char *read_url(struct contacts_reader *r, const struct toc_yaml *node, const char *key)
{
    struct toc_str url = node->kind == TOC_YAML_TEXT ? node->text : toc_str(NULL, 0);
    return check_url(r, node->offset, key, url) ? read_copy(r, url) : NULL;
}

/* --- files of secrets --------------------------------------------------------------------- */

/* Takes what a secret file holds; returns why not, a constant; NULL when all is well. */
typedef const char *take_secret(struct toc_str text, void *out);

/* Not what was looked for: it may be the secret itself, by a slip. */
static void hint_at_directory(struct contacts_reader *r)
{
    const char *file = r->diag.file_name, *slash = strrchr(file, '/');
    if (slash == NULL)
        toc_diag_hint(&r->diag, "names of files count from the directory of '%s'", file);
    else
        toc_diag_hint(&r->diag, "names of files count from '%.*s'", (int)(slash - file + 1), file);
}

/* Returns whether `take` took it. */
static bool load(struct contacts_reader *r, const struct toc_yaml *node, const char *key,
                 take_secret *take, void *out)
{
    char path[TOC_SECRET_PATH_MAX], text[CONTACTS_SECRET_FILE_MAX];
    const char *why = "has a name that is too long";
    if (node->kind != TOC_YAML_TEXT) {
        toc_diag_error(&r->diag, node->offset, "'%s' has to be the name of a file", key);
        return false;
    }
    if (toc_secret_path(r->diag.file_name, node->text, path)) {
        ssize_t size = toc_secret_read(path, text, sizeof(text), &why);
        if (size >= 0)
            why = take(toc_str(text, (size_t)size), out);
        sodium_memzero(text, sizeof(text));
    }
    if (why == NULL)
        return true;
    toc_diag_error(&r->diag, node->offset, "the secret file %s", why);
    hint_at_directory(r);
    return false;
}

struct signing {
    struct toc_webhook_secret *secrets;
    size_t count;
};

static const char *take_signing_secrets(struct toc_str text, void *out)
{
    struct signing *signing = out;
    struct toc_str line;
    while (toc_secret_line(&text, &line)) {
        if (signing->count == TOC_WEBHOOK_SECRETS_MAX)
            return "holds more secrets than a rotation needs (4)";
        if (toc_webhook_secret_read(line, &signing->secrets[signing->count]) < 0)
            return "has a line that is not whsec_ and the base64 of 24 to 64 bytes";
        signing->count++;
    }
    return signing->count == 0 ? "holds no secret" : NULL;
}

size_t read_signing_secrets(struct contacts_reader *r, const struct toc_yaml *node, const char *key,
                            struct toc_webhook_secret out[TOC_WEBHOOK_SECRETS_MAX])
{
    struct signing signing = {out, 0};
    (void)load(r, node, key, take_signing_secrets, &signing);
    return signing.count;
}

static const char *take_line(struct toc_str text, void *out)
{
    struct toc_str line, more;
    char **copy = out;
    if (!toc_secret_line(&text, &line))
        return "holds no secret";
    if (toc_secret_line(&text, &more))
        return "holds more than one line";
    if (!is_plain(line))
        return "has blanks in its line, or is not ASCII";
    *copy = strndup(line.data, line.size);
    return *copy == NULL ? "finds no memory" : NULL;
}

char *read_secret(struct contacts_reader *r, const struct toc_yaml *node, const char *key)
{
    char *line = NULL;
    return load(r, node, key, take_line, &line) ? line : NULL;
}

char *read_secret_line(const char *path, const char **why)
{
    char text[CONTACTS_SECRET_FILE_MAX], *line = NULL;
    ssize_t size = toc_secret_read(path, text, sizeof(text), why);
    if (size >= 0)
        *why = take_line(toc_str(text, (size_t)size), &line);
    sodium_memzero(text, sizeof(text));
    return line;
}

char *read_secret_url(struct contacts_reader *r, const struct toc_yaml *node, const char *key)
{
    char *url = read_secret(r, node, key);
    if (url == NULL || check_url(r, node->offset, key, toc_str_of(url)))
        return url;
    free(url);
    return NULL;
}
