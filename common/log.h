/*
 * One line per happening on standard error: `at=… level=… event=… key=value …`. Only shells write;
 * a core never does, and no line carries what people wrote.
 */
#ifndef TOC_LOG_H
#define TOC_LOG_H

#include <stdbool.h>

enum toc_log_level { TOC_LOG_INFO, TOC_LOG_WARNING, TOC_LOG_ALARM };

/* Who speaks ("router"), a constant; and whether anything is written at all (default yes). */
void toc_log_setup(const char *who, bool enabled);

/* `event` is a constant in snake_case; `format` gives the key=value pairs. */
__attribute__((format(printf, 3, 4))) void toc_log(enum toc_log_level level, const char *event,
                                                   const char *format, ...);

#endif
