/* Texts of an issue as the JSON of an answer. It lives in the edge's memory for JSON. */
#ifndef INTAKE_EDGE_CONTENT_TEXT_H
#define INTAKE_EDGE_CONTENT_TEXT_H

#include "common/wire.h"

#include <jansson.h>

#define CONTENT_TEXT_PIECE ((size_t)64 * 1024) /* bytes of one text; files are named only */

struct content_text {
    json_t *texts;
    size_t room, open_bytes, count, erased;
    bool left_out; /* the caller's: there are events of which it has nothing */
};

/* `room` is for the texts in it, `open_bytes` for those that may be opened for it. */
void content_text_begin(struct content_text *text, size_t room, size_t open_bytes);
void content_text_add(struct content_text *text, uint64_t seq, const Tocsin__V1__ContentPart *part);
/* With nothing left out. */
bool content_text_is_empty(const struct content_text *text);
/* All of it, with nothing left out. */
bool content_text_is_erased(const struct content_text *text);
/* malloc'ed; NULL without memory. */
char *content_text_end(struct content_text *text, size_t *out_size);

#endif
