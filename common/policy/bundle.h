/*
 * A policy of several files as one text, which travels: the files as they were written, and the
 * dates that the command line read from .ics files.
 *
 *     %tocsin-policy 1
 *     %file 1200 global.yaml
 *     (1200 bytes, then a line end)
 *     %file 340 regions/brazil.yaml
 *     ...
 *     %dates 96 America/Sao_Paulo holidays/brazil.ics
 *     2026-04-21 holiday Tiradentes
 *     ...
 *
 * The first file is the root; a name counts from its directory. Files keep their bytes, so an error
 * has the place that a person knows, and a hash of the bundle is one of all of them. A policy of
 * one file without dates is no bundle: it stays the plain text that it is.
 *
 * Everything here is pure. services/cli/policy/files.c reads files and writes bundles,
 * merge.c makes one policy of them.
 */
#ifndef TOC_POLICY_BUNDLE_H
#define TOC_POLICY_BUNDLE_H

#include "common/str.h"

#include <stdio.h>

#define TOC_BUNDLE_PARTS_MAX 128
#define TOC_BUNDLE_NAME_MAX  200 /* bytes of a file's name */

enum toc_part_kind {
    TOC_PART_FILE,
    TOC_PART_DATES,  /* of the .ics file `name`, in `zone`: lines "2026-04-21 holiday Tiradentes" */
    TOC_PART_MISSING /* a file that could not be read: the text says why. Never travels */
};

struct toc_bundle_part {
    enum toc_part_kind kind;
    struct toc_str name;
    struct toc_str zone; /* DATES only */
    struct toc_str text;
};

struct toc_bundle {
    struct toc_bundle_part parts[TOC_BUNDLE_PARTS_MAX];
    size_t count;
};

/* Whether a text says that it is a bundle. */
bool toc_bundle_is(struct toc_str text);

/*
 * Splits a bundle; the parts lend from `text`. TOC_ERR_CONFIG when it is not one, byte for byte:
 * `*out_wrong` says why and `*out_offset` where.
 */
TOC_MUST enum toc_err toc_bundle_read(struct toc_str text, struct toc_bundle *out,
                                      const char **out_wrong, size_t *out_offset);

/* Writes the first line, and a part. The stream tells of errors. */
void toc_bundle_begin(FILE *out);
void toc_bundle_add(FILE *out, const struct toc_bundle_part *part);

/* The part of a kind and name (and zone, for DATES); NULL when there is none. */
const struct toc_bundle_part *toc_bundle_find(const struct toc_bundle *bundle,
                                              enum toc_part_kind kind, struct toc_str name,
                                              struct toc_str zone);

/*
 * The name, from the root's directory, of the file that `from` calls `relative`. TOC_ERR_CONFIG,
 * with `*out_wrong` on why, when it is absolute, empty, too long or outside the root's directory.
 */
TOC_MUST enum toc_err toc_bundle_resolve(struct toc_str from, struct toc_str relative,
                                         char out[TOC_BUNDLE_NAME_MAX + 1], const char **out_wrong);

#endif
