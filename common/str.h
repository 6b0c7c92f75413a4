/*
 * A borrowed run of bytes, and the few operations on it that everything uses.
 *
 * struct toc_str owns nothing: whoever made the bytes says how long they live. It may hold any
 * bytes, NUL included; it is not terminated. Also here: big-endian stores (so that keys sort as
 * numbers), hexadecimal, and bounded text building. Anyone may call this; it depends on nothing.
 */
#ifndef TOC_STR_H
#define TOC_STR_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct toc_str {
    const char *data; /* may be NULL only when size is 0 */
    size_t size;      /* bytes */
};

/* A literal or an array as a run of bytes, without its terminator. */
#define TOC_STR(literal) ((struct toc_str){(literal), sizeof(literal) - 1})

static inline struct toc_str toc_str(const void *data, size_t size)
{
    return (struct toc_str){data, size};
}

/* What follows the first `at` bytes of `s`; `at` is at most the size. */
static inline struct toc_str toc_str_from(struct toc_str s, size_t at)
{
    return at == 0 ? s : toc_str(s.data + at, s.size - at);
}

/* The bytes of a terminated text; NULL counts as empty. */
static inline struct toc_str toc_str_of(const char *text)
{
    return (struct toc_str){text, text ? strlen(text) : 0};
}

static inline bool toc_str_equal(struct toc_str a, struct toc_str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Less than, equal to or greater than 0, bytewise, a prefix sorting first. */
int toc_str_compare(struct toc_str a, struct toc_str b);

static inline bool toc_str_starts(struct toc_str s, struct toc_str prefix)
{
    return prefix.size == 0 ||
           (s.size >= prefix.size && memcmp(s.data, prefix.data, prefix.size) == 0);
}

/* True when the bytes are well-formed UTF-8 (RFC 3629) without NUL. */
bool toc_str_is_text(struct toc_str s);
/* Puts '?' for every byte of a terminated text that makes it ill-formed: a character cut short. */
void toc_str_mend(char *text);

/*
 * Takes the first character, or a byte that begins none, off `*rest`, which is not empty. False for
 * what others must not be shown: control characters (C0 and C1), separators of lines, and marks
 * that turn the order of text around. The joiners U+200C and U+200D are letters' business.
 */
bool toc_str_take_shown(struct toc_str *rest, struct toc_str *out);
/* True when all of it may be shown, which is on one line. */
bool toc_str_is_line(struct toc_str s);
/* Puts '?' for what of a terminated text may not be shown; its size then. */
size_t toc_str_make_line(char *text);

static inline void toc_put_u16be(uint8_t *out, uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

static inline void toc_put_u32be(uint8_t *out, uint32_t v)
{
    toc_put_u16be(out, (uint16_t)(v >> 16));
    toc_put_u16be(out + 2, (uint16_t)v);
}

static inline void toc_put_u64be(uint8_t *out, uint64_t v)
{
    toc_put_u32be(out, (uint32_t)(v >> 32));
    toc_put_u32be(out + 4, (uint32_t)v);
}

static inline uint32_t toc_get_u32be(const void *in)
{
    const uint8_t *b = in;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t toc_get_u64be(const void *in)
{
    const uint8_t *b = in;
    return (uint64_t)toc_get_u32be(b) << 32 | toc_get_u32be(b + 4);
}

/* Writes 2 * size hexadecimal digits and a NUL to `out`. */
void toc_hex(char *out, const void *data, size_t size);

/* Reads exactly 2 * size hexadecimal digits. TOC_ERR_MALFORMED otherwise. */
TOC_MUST enum toc_err toc_unhex(uint8_t *out, size_t size, struct toc_str text);

/* Reads a whole decimal number; TOC_ERR_MALFORMED on anything else, TOC_ERR_LIMIT on overflow. */
TOC_MUST enum toc_err toc_parse_u64(struct toc_str text, uint64_t *out);
TOC_MUST enum toc_err toc_parse_i64(struct toc_str text, int64_t *out);

/* Copies into `out` and terminates; text that does not fit is cut. Returns `out`. */
char *toc_str_copy(char *out, size_t out_size, struct toc_str s);

#endif
