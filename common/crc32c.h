/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), with the processor's instruction where it has one.
 */
#ifndef TOC_CRC32C_H
#define TOC_CRC32C_H

#include "common/str.h"

/* Continues from `crc`; 0 to begin. */
uint32_t toc_crc32c(uint32_t crc, struct toc_str bytes);

#endif
