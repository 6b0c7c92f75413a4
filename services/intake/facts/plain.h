/*
 * Foreign bytes as text that every detector can read: well-formed UTF-8, without control characters
 * and invisible ones, with digits, blanks, dashes and quotes in their ASCII form. Never longer than
 * what it was made from.
 */
#ifndef FACTS_PLAIN_H
#define FACTS_PLAIN_H

#include "common/str.h"

/* `out` has room for the bytes of `text`; returns how many were written. */
size_t plain_make(char *out, struct toc_str text);

/* The code point at `p`, which is well-formed; its length into `out_size`. */
static inline uint32_t plain_at(const char *p, size_t *out_size)
{
    const unsigned char *b = (const unsigned char *)p;
    *out_size = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    if (*out_size == 1)
        return b[0];
    if (*out_size == 2)
        return (b[0] & 0x1fU) << 6 | (b[1] & 0x3fU);
    if (*out_size == 3)
        return (b[0] & 0xfU) << 12 | (b[1] & 0x3fU) << 6 | (b[2] & 0x3fU);
    return (b[0] & 7U) << 18 | (b[1] & 0x3fU) << 12 | (b[2] & 0x3fU) << 6 | (b[3] & 0x3fU);
}

static inline bool plain_is_inside(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* no code point begins with it */
}

/* Writes a code point; the bytes written, at most 4. */
size_t plain_put(char *out, uint32_t code);

#endif
