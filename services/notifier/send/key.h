/*
 * The notifier's own key, made at its first start: a file in the data directory that only its owner
 * may read. It keeps what is derived of addresses and codes from being guessed.
 */
#ifndef NOTIFIER_KEY_H
#define NOTIFIER_KEY_H

#include "common/err.h"

#include <stdint.h>

#define NOTIFIER_KEY_BYTES 32

/* What is wrong is told on standard error. */
TOC_MUST enum toc_err notifier_key(const char *data_dir, uint8_t out[NOTIFIER_KEY_BYTES]);

#endif
