/*
 * The text of an HTML mail, as a person would read it: one pass over the bytes, no tree. Blocks
 * begin lines, quotations get "> " as in plain text, links tell where they lead when their words
 * do not; scripts, styles and comments are nothing.
 */
#ifndef INTAKE_MAIL_HTML_H
#define INTAKE_MAIL_HTML_H

#include "common/pool.h"

/* `html` is UTF-8. In the pool; no data without memory. */
struct toc_str mail_html_text(struct toc_pool *pool, struct toc_str html);

#endif
