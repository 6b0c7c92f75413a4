/* What a single line, or a few of them, say in a mail: the words of clients in many languages. */
#ifndef INTAKE_MAIL_QUOTE_LINE_H
#define INTAKE_MAIL_QUOTE_LINE_H

#include "common/str.h"

/* The first line of `text` without its end. */
struct toc_str quote_line(struct toc_str text);
/* What follows that line. */
struct toc_str quote_after(struct toc_str text);
struct toc_str quote_trim(struct toc_str line);

/* "> ..." */
bool quote_is_quoted(struct toc_str line);
/* "-- " */
bool quote_is_signature(struct toc_str line);
/* "Sent from my iPhone" */
bool quote_is_device(struct toc_str line);
/* "---------- Forwarded message ---------" */
bool quote_is_forward(struct toc_str line);
/* At the start of `text`: "-----Original Message-----", or "From: ... Sent: ... To: ..." */
bool quote_is_original(struct toc_str text);
/* How many lines at the start of `text` say who wrote what follows: "On ..., X wrote:"; 0: none. */
size_t quote_attribution(struct toc_str text);

#endif
