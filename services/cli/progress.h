/* One line on standard error that tells how far a long command is; nothing when that is no
 * terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "common/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_MAX 160 /* bytes of the line */

struct progress {
    bool shown;
    const char *what;
    uint64_t total; /* 0: not known */
    toc_time_ms start_ms, told_ms;
};

/* `what` ("publishing") is a constant; times are client_mono_ms(). */
void progress_begin(struct progress *progress, const char *what, uint64_t total,
                    toc_time_ms now_ms);
/* Redraws ten times a second at most. `more` is put behind; may be NULL. */
void progress_show(struct progress *progress, uint64_t done, const char *more, toc_time_ms now_ms);
/* Wipes the line. */
void progress_end(struct progress *progress);

/* The line itself: "publishing [#####.....]  51 %  12,345/s  0:07 left  MORE". Returns `out`. */
char *progress_format(char out[PROGRESS_MAX], const char *what, uint64_t done, uint64_t total,
                      toc_time_ms elapsed_ms, const char *more);

/* 1234567 as "1,234,567"; returns `out`. */
#define PROGRESS_NUMBER_MAX 28
char *progress_number(char out[PROGRESS_NUMBER_MAX], uint64_t number);

#endif
