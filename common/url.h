/*
 * What stands in a URL and in application/x-www-form-urlencoded bodies, which is the same (URL
 * standard, sections 1.3 and 5): pairs of a name and a value, percent-encoded.
 *
 * Decoding is as browsers do it: a percent that no two hexadecimal digits follow stands for itself.
 */
#ifndef TOC_URL_H
#define TOC_URL_H

#include "common/str.h"

/* Whether '+' stands for a space: it does in pairs, not in a path. */
enum toc_url_plus { TOC_URL_PLUS_IS_PLUS, TOC_URL_PLUS_IS_SPACE };

/* Decodes once; `out` has room for `in.size` bytes and may be where `in` lies. What comes out may
 * be any bytes. Returns their count. */
size_t toc_url_decode(struct toc_str in, enum toc_url_plus plus, char *out);

/* Takes the next pair off `rest`, both still encoded; false when there is none left. */
bool toc_url_next_pair(struct toc_str *rest, struct toc_str *name, struct toc_str *value);

/* All that is not unreserved (RFC 3986, section 2.3) percent-encoded, terminated. False when `size`
 * bytes are not enough. */
bool toc_url_encode(struct toc_str in, char *out, size_t size);

#endif
