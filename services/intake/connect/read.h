/*
 * Reading a mapping into a connector: what connect.c (the file), read_sign.c, read_rule.c and
 * read_content.c share beside common/policy/read.h.
 */
#ifndef INTAKE_CONNECT_READ_H
#define INTAKE_CONNECT_READ_H

#include "services/intake/connect/rule.h"

/* "/detail/id" or "/detail/priority|priorities", as it stands in ${…}. */
struct connect_cell connect_read_cell(struct toc_reader *r, struct toc_str text, size_t offset);
void connect_read_template(struct toc_reader *r, const struct toc_yaml *node,
                           struct connect_template *out);

/* One of an event, where nothing of a signature stands. */
void connect_read_event_template(struct toc_reader *r, const struct toc_yaml *node,
                                 struct connect_template *out);

/* `target` is the struct connect_sign: who may send requests. */
toc_read_fn connect_read_sign;
/* An event of the mapping: `target` is a struct connect_rule. */
toc_read_fn connect_read_rule;
/* What people wrote in it, likewise. */
toc_read_fn connect_read_content;

#endif
