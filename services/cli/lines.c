#include "services/cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

void lines_init(struct lines *lines, int fd)
{
    lines->fd = fd;
    lines->number = 0;
    lines->start = lines->end = 0;
    lines->skipping = lines->at_end = false;
}

bool lines_open(struct lines *lines, const char *who, const struct toc_conf_list *operands)
{
    const char *path = operands->count == 1 ? operands->values[0] : "-";
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, "%s: %s: %s\n", who, path, strerror(errno));
    lines_init(lines, fd);
    return fd >= 0;
}

void lines_close(struct lines *lines)
{
    if (lines->fd > STDIN_FILENO)
        close(lines->fd);
}

/* LINES_LINE when more bytes are there or the end was reached. */
static enum lines_result fill(struct lines *lines, int timeout_ms)
{
    struct pollfd ready = {.fd = lines->fd, .events = POLLIN};
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    int count = poll(&ready, 1, timeout_ms);
    if (count == 0 || (count < 0 && errno == EINTR))
        return LINES_NONE_YET;
    ssize_t got = read(lines->fd, lines->buffer + lines->end, sizeof(lines->buffer) - lines->end);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? LINES_NONE_YET : LINES_FAILED;
    lines->end += (size_t)got;
    lines->at_end = got == 0;
    return LINES_LINE;
}

static struct toc_str take(struct lines *lines, size_t size, size_t step)
{
    struct toc_str line = toc_str(lines->buffer + lines->start, size);
    lines->start += step;
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* What follows from the bytes that are here; LINES_NONE_YET when it takes more of them. */
static enum lines_result from_buffer(struct lines *lines, struct toc_str *out)
{
    size_t here = lines->end - lines->start;
    const char *newline = here ? memchr(lines->buffer + lines->start, '\n', here) : NULL;
    bool skipped = lines->skipping;
    if (newline == NULL && !lines->at_end) {
        if (here <= LINES_MAX)
            return LINES_NONE_YET;
        lines->skipping = true;
        lines->start = lines->end = 0;
        return LINES_NONE_YET;
    }
    if (newline == NULL && here == 0 && !skipped)
        return LINES_END;
    size_t size = newline ? (size_t)(newline - (lines->buffer + lines->start)) : here;
    *out = take(lines, size, newline ? size + 1 : size);
    lines->skipping = false;
    lines->number++;
    return skipped || size > LINES_MAX ? LINES_TOO_LONG : LINES_LINE;
}

enum lines_result lines_next(struct lines *lines, int timeout_ms, struct toc_str *out)
{
    for (;;) {
        enum lines_result result = from_buffer(lines, out);
        if (result != LINES_NONE_YET)
            return result;
        result = fill(lines, timeout_ms);
        if (result != LINES_LINE)
            return result;
    }
}

bool lines_is_blank(struct toc_str line)
{
    for (size_t i = 0; i < line.size; i++)
        if (memchr(" \t\r", line.data[i], 3) == NULL)
            return false;
    return true;
}
