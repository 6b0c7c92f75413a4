/*
 * SimHash (Charikar 2002): 64 bits of which texts with mostly the same phrases share most. Over
 * runs of three words, each hashed with a key.
 */
#ifndef FACTS_FINGERPRINT_H
#define FACTS_FINGERPRINT_H

#include "services/intake/facts/facts.h"

/* `words` are of words_make. Returns the runs that it is made of; 0 without any word. */
size_t fingerprint_make(const uint8_t key[FACTS_KEY], struct toc_str words, uint64_t *out);

#endif
