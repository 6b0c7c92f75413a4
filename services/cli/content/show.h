/* Opened texts on the terminal, as JSON Lines, or in files. */
#ifndef CLI_CONTENT_SHOW_H
#define CLI_CONTENT_SHOW_H

#include "services/cli/view.h"

struct show {
    struct view *view;
    const char *dir; /* for attachments and raw mails; NULL: they are not kept */
    size_t texts, erased, damaged;
};

/* The parts of one event, in order; a text may come in several. CLI_FAILED, told, when a file
 * cannot be written. */
int show_parts(struct show *show, uint64_t seq, Tocsin__V1__ContentPart *const parts[],
               size_t count);
/* What there was in all; the command's result. */
int show_end(const struct show *show);

#endif
