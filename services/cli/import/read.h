/*
 * Reading a map's YAML: what map.c (the file) and read_rule.c (one of its events) share beside
 * common/policy/read.h.
 */
#ifndef CLI_IMPORT_READ_H
#define CLI_IMPORT_READ_H

#include "common/policy/read.h"
#include "services/cli/import/rule.h"

const struct toc_str *import_read_words(struct toc_reader *r, const struct toc_yaml *node,
                                        size_t *out_count);

/* "number" or "priority|priorities", as it stands in ${…}. */
struct import_cell import_read_cell(struct toc_reader *r, struct toc_str text, size_t offset);
void import_read_template(struct toc_reader *r, const struct toc_yaml *node,
                          struct import_template *out);

/* An event of the map: `target` is a struct import_rule. */
void import_read_rule(struct toc_reader *r, const struct toc_yaml *node, struct import_rule *rule);

#endif
