/*
 * multipart/form-data (RFC 7578): the fields and files of a web form, read strictly and within
 * limits out of a body that is there as a whole.
 *
 * Strict: lines end with CR LF, nothing stands before the first delimiter or behind the last, every
 * part names its field, and no transfer coding is decoded. Names are read as browsers write them
 * (HTML standard, multipart/form-data encoding algorithm): in quotes, with %22, %0D and %0A for
 * what would end them, or with the backslashes of older ones; `filename*` (RFC 8187) is taken
 * although RFC 7578 forbids it. The edge alone uses this.
 */
#ifndef INTAKE_EDGE_MULTIPART_H
#define INTAKE_EDGE_MULTIPART_H

#include "common/pool.h"

#define MULTIPART_PARTS_MAX  100
#define MULTIPART_HEADER_MAX 4096 /* bytes of one part's header */
#define MULTIPART_NAME_MAX   1024 /* bytes of a name as it is sent */

struct multipart {
    struct toc_pool *pool;
    struct toc_str rest; /* behind the last delimiter that was read */
    char delimiter[76];  /* CR LF "--" and the boundary */
    size_t delimiter_size;
    unsigned parts;
    bool ended;
};

/* Names are terminated and in the pool, bytes lent from the body. */
struct multipart_part {
    const char *name;       /* of the field; any bytes but NUL */
    const char *filename;   /* as it was sent, untrusted; NULL: this is no file */
    struct toc_str charset; /* of the part's own type, lent; empty: not said */
    struct toc_str body;
};

/* Why a body is none: a constant for whoever sent it. */
typedef const char *multipart_why;

/* Begins, with a request's Content-Type and its body, which outlive it. NULL, or what is wrong. */
multipart_why multipart_begin(struct multipart *m, struct toc_pool *pool,
                              struct toc_str content_type, struct toc_str body);

/* The next part. TOC_NONE behind the last; TOC_ERR_MALFORMED, or TOC_ERR_LIMIT for one too many,
 * with `*why`. */
TOC_MUST enum toc_err multipart_next(struct multipart *m, struct multipart_part *out,
                                     multipart_why *why);

#endif
