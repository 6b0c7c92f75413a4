/*
 * A page as a mail (RFC 5322): plain text in UTF-8, quoted-printable (RFC 2045), a subject that may
 * be of encoded words (RFC 2047), and a header that lets mail programs put all about one alert into
 * one thread and other programs not answer it (RFC 3834).
 *
 * Its Message-ID is the delivery's, the same for every attempt; the root of the thread is the
 * alert's id, which no mail has. A function of its arguments; nothing that was passed in can end a
 * line of the header.
 */
#ifndef NOTIFIER_LETTER_H
#define NOTIFIER_LETTER_H

#include "services/notifier/send/text.h"

#define LETTER_MAX         (16 * 1024)
#define LETTER_ADDRESS_MAX 254 /* bytes, as SMTP has them */

struct letter {
    const char *from, *to; /* letter_is_address says that they are */
    const char *domain;    /* of ids: the part behind the @ */
    const struct text *text;
};

/* Of what is enough to be sent to: letters and what else needs no quotes, one @, a domain. */
bool letter_is_address(struct toc_str text);
bool letter_is_domain(struct toc_str text);

/* Lines end with CR LF. Returns the bytes; a body that does not fit is cut. */
size_t letter_write(const struct letter *letter, char out[LETTER_MAX]);

#endif
