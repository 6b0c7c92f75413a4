/*
 * A mail on its way after DATA: dots that were put before lines go, and only CR LF '.' CR LF ends
 * it. A LF or CR by itself ends no line, so nobody can be made to see an end where another does
 * not; and as no sender has a reason for a LF by itself (RFC 5321, section 2.3.8), it is noted, for
 * a refusal.
 */
#ifndef INTAKE_MAIL_LMTP_DATA_H
#define INTAKE_MAIL_LMTP_DATA_H

#include "common/str.h"

struct lmtp_data {
    int state;    /* begins as 0 */
    bool bare_lf; /* there was one */
};

/*
 * Goes on over `in`; `*taken` bytes are done with, and `out`, which has room for in.size + 2, gets
 * the `*size` bytes of the mail that they came to. True at the end of the mail.
 */
bool lmtp_data_take(struct lmtp_data *data, struct toc_str in, size_t *taken, char *out,
                    size_t *size);

#endif
