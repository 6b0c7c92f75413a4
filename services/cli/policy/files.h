/*
 * A policy from its files: the first one, those that it includes and the dates of .ics files, as
 * the one text that travels (common/policy/bundle.h). A single file without either stays as it is.
 *
 * Files are read from the directory of the first one and below; a link that leads out of it, and
 * what is no file, is not. What cannot be read becomes a part that says why, so that the parser
 * reports it at the place that names it, together with every other error.
 */
#ifndef CLI_POLICY_FILES_H
#define CLI_POLICY_FILES_H

#include "common/err.h"
#include "common/time.h"

#include <stddef.h>

/*
 * Reads `file` ("-": standard input, which includes from the current directory). TOC_ERR_IO, with
 * errno, when it cannot be read. `*out` is malloc'ed and may be larger than a policy may be, which
 * the parser tells. `now_ms` is for holidays that repeat without an end.
 */
TOC_MUST enum toc_err policy_files_read(const char *file, toc_time_ms now_ms, char **out,
                                        size_t *out_size);

#endif
