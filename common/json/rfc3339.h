/* Instants as RFC 3339 texts ("2026-03-01T09:30:00.250Z"), as CloudEvents write them. */
#ifndef TOC_JSON_RFC3339_H
#define TOC_JSON_RFC3339_H

#include "common/str.h"
#include "common/time.h"

#define TOC_RFC3339_MAX 40 /* bytes of a text, its NUL included */

/*
 * A zone ("Z" or "+05:30") is required; digits of a second beyond the third are dropped, a leap
 * second counts as the one after it. TOC_ERR_MALFORMED for anything else.
 */
TOC_MUST enum toc_err toc_rfc3339_read(struct toc_str text, toc_time_ms *out);

/* In UTC with milliseconds, without them when they are zero. Returns `out`. */
char *toc_rfc3339_write(char out[TOC_RFC3339_MAX], toc_time_ms at_ms);

#endif
