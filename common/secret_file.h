/*
 * A secret that a configuration file names by another file: it stands beside the one that names it,
 * and only its owner may read it. Nothing is kept here; the caller overwrites what it was given.
 */
#ifndef TOC_SECRET_FILE_H
#define TOC_SECRET_FILE_H

#include "common/str.h"

#include <sys/types.h>

#define TOC_SECRET_PATH_MAX 4096

/* The path of `name`, which counts from the directory of `file_name` unless it is absolute; false
 * when it does not fit. */
bool toc_secret_path(const char *file_name, struct toc_str name, char out[TOC_SECRET_PATH_MAX]);

/* The bytes read into `out`; -1 with `*why`, a constant that continues "the secret file". */
ssize_t toc_secret_read(const char *path, char *out, size_t size, const char **why);

/* Takes the next line that counts off `text`, without the blanks around it; false at the end. Empty
 * lines and those that begin with '#' do not count. */
bool toc_secret_line(struct toc_str *text, struct toc_str *out);

#endif
