/*
 * What a page says to a person: in the language and the zone of the reader, short for a telephone
 * or a chat, long for a mail. Plain text; the templates are in text/, a file for each language.
 *
 * Codes, names of the policy and instants only, never what a person wrote. Functions of their
 * arguments.
 */
#ifndef NOTIFIER_TEXT_H
#define NOTIFIER_TEXT_H

#include "common/tz.h"
#include "services/notifier/notifier.h"

#define TEXT_MAX       8192 /* bytes of a text with its terminator; what does not fit is cut */
#define TEXT_TITLE_MAX 400  /* of a title */
#define TEXT_SPAN_MAX  64

struct text_language;

/* By its code, "pt" of "pt-BR", too. NULL: there are no templates for it. */
const struct text_language *text_language(struct toc_str code);
/* What the reader gets whose language is not said. */
const struct text_language *text_english(void);
/* "en, es, hi, ms, pt" */
const char *text_language_codes(void);

struct text {
    const struct notifier_page *page;
    const struct text_language *language;
    const struct toc_tz *zone; /* of the reader; NULL: UTC */
    toc_time_ms now_ms;
    const char *code;     /* that a page of kind "code" or "probe" carries; "" in others */
    const char *ack_link; /* opens a page with a button; "": the command line alone is named */
    const char *sop_url;  /* what the name of a procedure is appended to; "": its name alone */
};

/* One line without its end, for the subject of a mail or the title of a push message. */
const char *text_title(const struct text *text, char out[TEXT_TITLE_MAX]);
/* Lines, the last without its end. */
const char *text_short(const struct text *text, char out[TEXT_MAX]);
const char *text_long(const struct text *text, char out[TEXT_MAX]);

/* How long something is, in two units at most: "4 min 10 s". */
void text_span(const struct text_language *language, toc_time_ms ms, char out[TEXT_SPAN_MAX]);
/* The nearest instant that a date of four digits can tell: what a log says may lie anywhere. */
toc_time_ms text_shown(toc_time_ms at_ms);
/* On the reader's wall clock: "07:04" of today, else with the date. */
void text_instant(const struct text *text, toc_time_ms at_ms, char out[TEXT_SPAN_MAX]);

#endif
