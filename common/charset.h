/*
 * Bytes of a mail or a form as UTF-8, whatever they claim to be. Names of charsets are often wrong,
 * missing or made up, and bytes of two of them stand in one text; so what is UTF-8 already is
 * believed before its label, what cannot be read becomes U+FFFD or, where nothing else is known,
 * the character of Windows-1252. Line ends become LF, control characters but tabs go.
 */
#ifndef TOC_CHARSET_H
#define TOC_CHARSET_H

#include "common/pool.h"

/*
 * At most `size_max` bytes, in the pool; no data without memory. `charset` is lent, may be NULL and
 * may be any text.
 */
struct toc_str toc_charset_utf8(struct toc_pool *pool, struct toc_str bytes, const char *charset,
                                size_t size_max);
/* The same on one line: what would part lines becomes a space; spaces at the ends go. */
struct toc_str toc_charset_utf8_line(struct toc_pool *pool, struct toc_str bytes, size_t size_max);

/* A character's bytes; returns how many. */
size_t toc_charset_utf8_of(uint32_t c, char out[4]);

#endif
