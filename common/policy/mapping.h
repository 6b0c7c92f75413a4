/*
 * Mappings: files that say how the words of another system become ours (intake's connectors), or
 * ours its (outcomes' mappings back). Each is a YAML file that begins with its version and has a
 * name; a service reads those that it is started with. Here is what they have in common: reading
 * files, telling what is wrong with them, finding one by its name.
 */
#ifndef TOC_POLICY_MAPPING_H
#define TOC_POLICY_MAPPING_H

#include "common/policy/read.h"

#define TOC_MAPPINGS_MAX     32
#define TOC_MAPPING_NAME_MAX 64

/* What the struct of a mapping has first: one is the other. */
struct toc_mapping {
    struct toc_pool pool; /* of what was read */
    struct toc_str name;
};

/* What one kind of them has of its own. */
struct toc_mapping_kind {
    const char *option; /* that names the files, for messages: "--connect" */
    size_t size;        /* of the struct, which is zeroed before it is read */
    void (*read)(struct toc_reader *r, const struct toc_yaml *root); /* into r->into */
    void (*wipe)(struct toc_mapping *mapping);                       /* NULL: it holds no secret */
};

struct toc_mappings {
    struct toc_mapping *list[TOC_MAPPINGS_MAX];
    size_t count;
};

/* The key that each has beside its version; `target` is the mapping. */
toc_read_fn toc_mapping_name;

/*
 * Reads one mapping. On TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a person, with places;
 * free() it.
 */
TOC_MUST enum toc_err toc_mapping_read(const struct toc_mapping_kind *kind, struct toc_str text,
                                       const char *file_name, struct toc_mapping **out,
                                       char **out_errors);
/* Accepts NULL. */
void toc_mapping_free(const struct toc_mapping_kind *kind, struct toc_mapping *mapping);

/* Reads files; what is wrong with them, all of it, is told on standard error (TOC_ERR_CONFIG). */
TOC_MUST enum toc_err toc_mappings_load(const struct toc_mapping_kind *kind,
                                        const char *const *files, size_t count,
                                        struct toc_mappings *out);
void toc_mappings_done(const struct toc_mapping_kind *kind, struct toc_mappings *mappings);

/* Which has this name; `count` when none has. */
size_t toc_mappings_find(const struct toc_mappings *mappings, struct toc_str name);

#endif
