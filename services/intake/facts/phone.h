/* Telephone numbers by their form: international (E.164), and how they are written at home. */
#ifndef FACTS_PHONE_H
#define FACTS_PHONE_H

#include "common/str.h"

enum phone_form {
    PHONE_NONE,
    PHONE_INTERNATIONAL, /* "+55 11 91234-5678", "0044 20 7946 0018" */
    PHONE_LOCAL,         /* grouped as in some country */
    PHONE_BARE,          /* digits in a row, which may be anything */
};

/* What begins at `at`, where a run of digits, '+' or '(' begins; `out_size` is its bytes. */
enum phone_form phone_at(struct toc_str plain, size_t at, size_t *out_size);

#endif
