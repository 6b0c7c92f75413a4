#include "services/cli/line_answers.h"

#include "services/cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define FOREVER (-1)

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
            if (!lines_is_blank(line))
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

bool line_answers_parse(const struct toc_conf *conf, int argc, char **argv,
                        struct toc_conf_list *operands, int *out_code)
{
    enum toc_conf_outcome outcome = toc_conf_parse(conf, argc, argv, operands);
    *out_code = outcome == TOC_CONF_DONE ? CLI_DONE : CLI_USAGE;
    if (outcome == TOC_CONF_RUN && operands->count > 1) {
        fprintf(stderr, "%s: one FILE at a time\n", conf->program);
        return false;
    }
    return outcome == TOC_CONF_RUN;
}

bool line_answers_run(struct line_answers *answers, const struct toc_conf_list *operands)
{
    if (!lines_open(&answers->lines, answers->who, operands))
        return false;
    if (isatty(answers->lines.fd))
        fprintf(stderr, "%s: %s, Ctrl-D to end; --help has an example\n", answers->who,
                answers->what);
    bool done = answer_lines(answers);
    lines_close(&answers->lines);
    return done;
}
