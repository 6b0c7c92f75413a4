/*
 * The language of a text, by CLD2. The one part that is C++, because the library is; C and C++
 * include this.
 */
#ifndef FACTS_LANGUAGE_H
#define FACTS_LANGUAGE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LANGUAGE_TAG_MAX 12

struct language {
    char tag[LANGUAGE_TAG_MAX]; /* BCP 47; "und" when unsure */
    unsigned confidence_percent;
};

/* Before the first use. `version` is lent for ever: "V2.0 - 20141016". */
void language_init(const char **version);

/* `plain` is of plain_make. */
void language_find(const char *plain, size_t size, struct language *out);

#ifdef __cplusplus
}
#endif
#endif
