/* The codes of pages, apart from the step: whoever sends them makes them, too. */
#include "services/notifier/notifier.h"

#include <stdio.h>

void notifier_code(const uint8_t key[32], const char *delivery, char out[NOTIFIER_CODE_DIGITS + 1])
{
    uint8_t hash[TOC_SHA256];
    toc_hmac_sha256(hash, toc_str((const char *)key, 32), toc_str_of(delivery));
    snprintf(out, NOTIFIER_CODE_DIGITS + 1, "%06u", (unsigned)(toc_get_u64be(hash) % 1000000));
}

void notifier_answer_code(const uint8_t key[32], const char *delivery,
                          char out[NOTIFIER_ANSWER_DIGITS + 1])
{
    uint8_t hash[TOC_SHA256];
    toc_hmac_sha256(hash, toc_str((const char *)key, 32), toc_str_of(delivery));
    snprintf(out, NOTIFIER_ANSWER_DIGITS + 1, "%08u",
             (unsigned)(toc_get_u64be(hash + 8) % 100000000));
}
