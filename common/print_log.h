/*
 * What a service's store has, on standard output: so whoever reads it needs neither the running
 * service nor its store's format. `--print-log`: each record is its size (4 bytes, big-endian) and
 * the packed Record, in order of seq. `--print-policy`: the text of the policy in force.
 */
#ifndef TOC_PRINT_LOG_H
#define TOC_PRINT_LOG_H

#include "common/store.h"

/*
 * Up to the newest record that is committed when it comes there; the store's own service may run
 * meanwhile. Failures as toc_store_open; TOC_ERR_IO when nobody takes it; TOC_ERR_DAMAGED.
 */
TOC_MUST enum toc_err toc_print_log(const char *dir, size_t map_bytes);
/* Nothing where none is in force. */
TOC_MUST enum toc_err toc_print_policy(const char *dir, size_t map_bytes);

#endif
