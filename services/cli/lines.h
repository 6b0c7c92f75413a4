/*
 * Lines of a file or pipe, without ever blocking longer than asked: a command that publishes what a
 * program prints has to send a line when it comes, not when a buffer is full. Memory is one buffer.
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "common/conf.h"
#include "common/str.h"

#define LINES_MAX (1024 * 1024) /* bytes of one line */

enum lines_result {
    LINES_LINE,     /* `out` is one, without its end; lent until the next call */
    LINES_NONE_YET, /* nothing came in the time given */
    LINES_TOO_LONG, /* a line over LINES_MAX was skipped */
    LINES_END,
    LINES_FAILED, /* errno says why */
};

struct lines {
    int fd;
    uint64_t number; /* of the line given out last, from 1 */
    size_t start, end;
    bool skipping; /* the rest of a line that was too long */
    bool at_end;
    char buffer[LINES_MAX + 1];
};

/* `fd` stays the caller's. */
void lines_init(struct lines *lines, int fd);

/*
 * Opens the one operand, or standard input for none and "-", and begins with it. False when that
 * fails, which is told. lines_close closes what was opened.
 */
bool lines_open(struct lines *lines, const char *who, const struct toc_conf_list *operands);
void lines_close(struct lines *lines);

enum lines_result lines_next(struct lines *lines, int timeout_ms, struct toc_str *out);

/* Whether there is nothing to see in a line. */
bool lines_is_blank(struct toc_str line);

#endif
