/* JSON pointers (RFC 6901): decoded once, then followed into a document. */
#ifndef INTAKE_CONNECT_POINTER_H
#define INTAKE_CONNECT_POINTER_H

#include "common/pool.h"

#include <jansson.h>

#define POINTER_TOKENS_MAX 32

struct pointer {
    const struct toc_str *tokens; /* without their escapes */
    size_t count;                 /* 0: the document itself */
};

/* "", or "/" before each token. TOC_ERR_MALFORMED for anything else, TOC_ERR_MEMORY. */
TOC_MUST enum toc_err pointer_read(struct toc_pool *pool, struct toc_str text, struct pointer *out);

/* Lent from the document; NULL when nothing is there. */
const json_t *pointer_follow(const struct pointer *pointer, const json_t *document);

#endif
