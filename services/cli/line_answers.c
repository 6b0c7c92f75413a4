#include "services/cli/line_answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FOREVER (-1)

static bool is_blank(struct toc_str line)
{
    for (size_t i = 0; i < line.size; i++)
        if (memchr(" \t\r", line.data[i], 3) == NULL)
            return false;
    return true;
}

/* Answers leave before it waits. */
static enum lines_result next_line(struct lines *lines, struct toc_str *line)
{
    enum lines_result result = lines_next(lines, 0, line);
    if (result == LINES_NONE_YET) {
        fflush(stdout);
        result = lines_next(lines, FOREVER, line);
    }
    return result;
}

static bool answer_lines(struct line_answers *answers)
{
    struct toc_str line;
    while (!ferror(stdout)) {
        switch (next_line(&answers->lines, &line)) {
        case LINES_LINE:
            if (!is_blank(line))
                answers->on_line(answers->self, line);
            break;
        case LINES_NONE_YET:
            break;
        case LINES_TOO_LONG:
            answers->on_too_long(answers->self);
            break;
        case LINES_FAILED:
            fprintf(stderr, "%s: %s\n", answers->who, strerror(errno));
            return false;
        case LINES_END:
            return true;
        }
    }
    return false;
}

static int open_input(const struct line_answers *answers, const struct toc_conf_list *operands)
{
    const char *path = operands->count == 1 ? operands->values[0] : "-";
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, "%s: %s: %s\n", answers->who, path, strerror(errno));
    else if (isatty(fd))
        fprintf(stderr, "%s: %s, Ctrl-D to end; --help has an example\n", answers->who,
                answers->what);
    return fd;
}

bool line_answers_run(struct line_answers *answers, const struct toc_conf_list *operands)
{
    int fd = open_input(answers, operands);
    if (fd < 0)
        return false;
    lines_init(&answers->lines, fd);
    bool done = answer_lines(answers);
    if (fd > STDIN_FILENO)
        close(fd);
    return done;
}
