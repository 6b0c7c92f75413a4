/*
 * Compiled patterns kept in a file, since compiling takes seconds. Such a file is trusted no more
 * than it has to be: it is ours and nobody else may write it, and a hash over what it is for and
 * what it holds stands before its bytes. One that is damaged, of another library or about other
 * expressions is as good as none.
 */
#ifndef FACTS_PATTERNS_CACHE_H
#define FACTS_PATTERNS_CACHE_H

#include "common/hash.h"

/* The malloc'ed bytes that were kept for `key`; false when there are none. */
bool patterns_cache_read(const char *path, const uint8_t key[TOC_SHA256], char **out,
                         size_t *out_size);

/* Replaces the file at once; where that fails, there is none or the one before. */
void patterns_cache_write(const char *path, const uint8_t key[TOC_SHA256], struct toc_str bytes);

#endif
