#include "services/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define REDRAW_MS 100

char *progress_number(char out[PROGRESS_NUMBER_MAX], uint64_t number)
{
    char digits[24];
    size_t size = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    char *at = out;
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

static void format_left(char out[40], uint64_t done, uint64_t total, toc_time_ms elapsed_ms)
{
    out[0] = '\0';
    if (done == 0 || done >= total)
        return;
    double left_ms = (double)elapsed_ms * (double)(total - done) / (double)done;
    unsigned long long seconds = (unsigned long long)(left_ms / TOC_SECOND_MS + 0.5);
    snprintf(out, 40, "  %llu:%02llu left", seconds / 60, seconds % 60);
}

char *progress_format(char out[PROGRESS_MAX], const char *what, uint64_t done, uint64_t total,
                      toc_time_ms elapsed_ms, const char *more)
{
    char bar[BAR_WIDTH + 1], rate[PROGRESS_NUMBER_MAX], left[40] = "", part[64] = "";
    uint64_t per_second =
        elapsed_ms > 0 ? (uint64_t)((double)done * TOC_SECOND_MS / (double)elapsed_ms) : 0;
    if (total > 0) {
        uint64_t shown = done < total ? done : total;
        size_t full = (size_t)((double)shown / (double)total * BAR_WIDTH);
        memset(bar, '.', BAR_WIDTH);
        memset(bar, '#', full);
        bar[BAR_WIDTH] = '\0';
        snprintf(part, sizeof(part), " [%s] %3u %%", bar,
                 (unsigned)((double)shown / (double)total * 100));
        format_left(left, done, total, elapsed_ms);
    } else {
        char number[PROGRESS_NUMBER_MAX];
        snprintf(part, sizeof(part), " %s", progress_number(number, done));
    }
    snprintf(out, PROGRESS_MAX, "%s%s  %s/s%s%s%s", what, part, progress_number(rate, per_second),
             left, more ? "  " : "", more ? more : "");
    return out;
}

void progress_begin(struct progress *progress, const char *what, uint64_t total, toc_time_ms now_ms)
{
    *progress = (struct progress){.shown = isatty(STDERR_FILENO) == 1,
                                  .what = what,
                                  .total = total,
                                  .start_ms = now_ms,
                                  .told_ms = now_ms};
}

void progress_show(struct progress *progress, uint64_t done, const char *more, toc_time_ms now_ms)
{
    char line[PROGRESS_MAX];
    if (!progress->shown || now_ms - progress->told_ms < REDRAW_MS)
        return;
    progress->told_ms = now_ms;
    fprintf(stderr, "\r%s\x1b[K",
            progress_format(line, progress->what, done, progress->total,
                            now_ms - progress->start_ms, more));
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\x1b[K");
    progress->shown = false;
}
