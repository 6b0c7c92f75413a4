#include "common/policy/mapping.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)64 * 1024) /* bytes of a mapping */

/* --- one file --------------------------------------------------------------------------------- */

void toc_mapping_name(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    struct toc_mapping *mapping = target;
    if (!toc_read_is_some_text(r, node))
        return;
    mapping->name = node->text;
    if (node->text.size > TOC_MAPPING_NAME_MAX ||
        node->text.data[strspn(node->text.data, allowed)] != '\0')
        toc_read_wrong(r, node, "a name has at most 64 of a-z, 0-9, '-' and '_'");
}

enum toc_err toc_mapping_read(const struct toc_mapping_kind *kind, struct toc_str text,
                              const char *file_name, struct toc_mapping **out, char **out_errors)
{
    struct toc_mapping *mapping = calloc(1, kind->size);
    struct toc_reader r = {.into = mapping};
    const struct toc_yaml *root;
    enum toc_err err = TOC_OK;
    *out_errors = NULL;
    if (mapping == NULL)
        return TOC_ERR_MEMORY;
    r.pool = &mapping->pool;
    toc_diag_init(&r.diag, text, file_name);
    if (text.size > FILE_MAX) {
        toc_diag_error(&r.diag, 0, "a mapping of more than 64 kB");
    } else {
        err = toc_yaml_read(&r.diag, r.pool, &root);
        if (err == TOC_OK)
            kind->read(&r, root);
    }
    if (r.no_memory)
        err = TOC_ERR_MEMORY;
    if (err != TOC_ERR_MEMORY && r.diag.count > 0) {
        *out_errors = toc_diag_text(&r.diag);
        err = TOC_ERR_CONFIG;
    }
    if (err < 0)
        toc_mapping_free(kind, mapping);
    else
        *out = mapping;
    return err;
}

void toc_mapping_free(const struct toc_mapping_kind *kind, struct toc_mapping *mapping)
{
    if (mapping == NULL)
        return;
    if (kind->wipe != NULL)
        kind->wipe(mapping);
    toc_pool_done(&mapping->pool);
    free(mapping);
}

/* --- all files -------------------------------------------------------------------------------- */

/* The bytes read, at most one more than a mapping may have; -1. */
static ssize_t read_file(const char *name, char *out)
{
    struct stat about;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = -1;
    if (fd < 0)
        return -1;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode))
        size = read(fd, out, FILE_MAX + 1);
    close(fd);
    return size;
}

static enum toc_err take_text(const struct toc_mapping_kind *kind, const char *file,
                              struct toc_str text, struct toc_mappings *mappings)
{
    struct toc_mapping *mapping;
    char *errors;
    enum toc_err err = toc_mapping_read(kind, text, file, &mapping, &errors);
    if (errors != NULL)
        fputs(errors, stderr);
    free(errors);
    TOC_TRY(err);
    if (toc_mappings_find(mappings, mapping->name) < mappings->count) {
        fprintf(stderr, "%s: %s: another file has the name '%.*s' as well\n", kind->option, file,
                (int)mapping->name.size, mapping->name.data);
        toc_mapping_free(kind, mapping);
        return TOC_ERR_CONFIG;
    }
    mappings->list[mappings->count++] = mapping;
    return TOC_OK;
}

static enum toc_err load_one(const struct toc_mapping_kind *kind, const char *file,
                             struct toc_mappings *mappings)
{
    char *text = malloc(FILE_MAX + 1);
    if (text == NULL)
        return TOC_ERR_MEMORY;
    ssize_t size = read_file(file, text);
    enum toc_err err = TOC_ERR_CONFIG;
    if (size < 0)
        fprintf(stderr, "%s: cannot read the file %s\n", kind->option, file);
    else
        err = take_text(kind, file, toc_str(text, (size_t)size), mappings);
    free(text);
    return err;
}

enum toc_err toc_mappings_load(const struct toc_mapping_kind *kind, const char *const *files,
                               size_t count, struct toc_mappings *out)
{
    enum toc_err first = TOC_OK;
    *out = (struct toc_mappings){.count = 0};
    TOC_ASSERT(count <= TOC_MAPPINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        enum toc_err err = load_one(kind, files[i], out);
        first = first == TOC_OK ? err : first;
    }
    if (first < 0)
        toc_mappings_done(kind, out);
    return first;
}

void toc_mappings_done(const struct toc_mapping_kind *kind, struct toc_mappings *mappings)
{
    for (size_t i = 0; i < mappings->count; i++)
        toc_mapping_free(kind, mappings->list[i]);
    *mappings = (struct toc_mappings){.count = 0};
}

size_t toc_mappings_find(const struct toc_mappings *mappings, struct toc_str name)
{
    size_t i = 0;
    while (i < mappings->count && !toc_str_equal(mappings->list[i]->name, name))
        i++;
    return i;
}
