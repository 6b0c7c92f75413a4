#include "services/cli/calendar/answer.h"
#include "services/cli/commands.h"
#include "services/cli/lines.h"

#include "common/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WHO     "tocsin calendar"
#define FOREVER (-1)

struct session {
    struct calendar_shelf *shelf;
    struct lines lines;
    bool failed; /* some line was answered with an error */
};

static bool is_blank(struct toc_str line)
{
    for (size_t i = 0; i < line.size; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return false;
    return true;
}

static void on_line(struct session *session, struct toc_str line)
{
    if (!is_blank(line) && !calendar_answer(session->shelf, line, stdout))
        session->failed = true;
}

/* Answers leave before it waits: whoever asks line by line gets them line by line. */
static enum lines_result next_line(struct session *session, struct toc_str *line)
{
    enum lines_result result = lines_next(&session->lines, 0, line);
    if (result == LINES_NONE_YET) {
        fflush(stdout);
        result = lines_next(&session->lines, FOREVER, line);
    }
    return result;
}

static int answer_lines(struct session *session)
{
    struct toc_str line;
    while (!ferror(stdout)) {
        switch (next_line(session, &line)) {
        case LINES_LINE:
            on_line(session, line);
            break;
        case LINES_NONE_YET:
            break;
        case LINES_TOO_LONG:
            printf("{\"id\":null,\"error\":\"line %llu is longer than 1 MB\"}\n",
                   (unsigned long long)session->lines.number);
            session->failed = true;
            break;
        case LINES_FAILED:
            fprintf(stderr, WHO ": %s\n", strerror(errno));
            return CLI_FAILED;
        case LINES_END:
            return session->failed ? CLI_FAILED : CLI_DONE;
        }
    }
    return CLI_FAILED;
}

static int open_input(const struct toc_conf_list *operands)
{
    const char *path = operands->count == 1 ? operands->values[0] : "-";
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, WHO ": %s: %s\n", path, strerror(errno));
    else if (isatty(fd))
        fprintf(stderr, WHO ": one question per line, Ctrl-D to end; --help has an example\n");
    return fd;
}

static int run(const struct toc_conf_list *operands)
{
    struct session *session = calloc(1, sizeof(*session));
    int fd = open_input(operands), code = CLI_FAILED;
    if (session != NULL)
        session->shelf = calendar_shelf_new();
    if (session == NULL || session->shelf == NULL) {
        fprintf(stderr, WHO ": out of memory\n");
    } else if (fd >= 0) {
        lines_init(&session->lines, fd);
        code = answer_lines(session);
    }
    if (fd > STDIN_FILENO)
        close(fd);
    if (session != NULL)
        calendar_shelf_free(session->shelf);
    free(session);
    return code;
}

static const struct toc_conf conf = {
    .program = WHO,
    .summary =
        "Working-time arithmetic: questions as JSON, one per line of FILE or standard input,\n"
        "and an answer per line. It computes as SLA clocks do, and needs no service.",
    .operands = "[FILE|-]",
    .more =
        "  echo '{\"id\": 1, \"op\": \"add\", \"start_ms\": 1774542600000, \"amount_ms\": "
        "14400000,\n"
        "    \"calendar\": {\"tz\": \"Europe/Berlin\", \"holidays\": [\"2026-04-03\"], \"weekly\": "
        "{\n"
        "      \"thu\": [[\"09:00\", \"12:00\"], [\"13:00\", \"17:30\"]], \"fri\": [[\"09:00\", "
        "\"17:30\"]]}}}' |\n"
        "    tr -d '\\n' | tocsin calendar\n\n"
        "What an op takes beside id and calendar, and what it answers:\n"
        "  add, sub            start_ms, amount_ms: instant_ms with so much working time between\n"
        "  between             start_ms, end_ms: duration_ms of working time\n"
        "  is_open             start_ms: open, true or false\n"
        "  next_opening, next_closing, prev_opening, prev_closing\n"
        "                      start_ms: instant_ms, strictly later or earlier\n"
        "  intervals_after     start_ms, count: intervals_ms, the next open ones, in order\n"
        "  intervals_before    start_ms, count: intervals_ms, the last open ones, latest first\n"
        "  intervals_between   start_ms, end_ms: intervals_ms, clipped to both\n"
        "  resolve_local       local \"2026-03-29 02:30:00\": instant_ms\n"
        "Any of them: pauses_ms [[FROM, UNTIL], ...], which are taken out of working time.\n\n"
        "A calendar has tz (an IANA zone), weekly {\"mon\": [[FROM, UNTIL], ...], ...}, holidays\n"
        "[\"YYYY-MM-DD\"], annual_holidays [\"MM-DD\"], date_hours and breaks {\"YYYY-MM-DD\": "
        "[[FROM,\n"
        "UNTIL], ...]}. Times of day are HH:MM, HH:MM:SS or HH:MM:SS.fff up to 24:00; a window "
        "that\n"
        "ends before it starts goes on overnight. Instants are UTC milliseconds.\n"
        "A line that is no question is answered with {\"id\", \"error\"}, and the exit status is "
        "1.",
};

int cmd_calendar(int argc, char **argv)
{
    struct toc_conf_list operands = {0};
    switch (toc_conf_parse(&conf, argc, argv, &operands)) {
    case TOC_CONF_DONE:
        return CLI_DONE;
    case TOC_CONF_USAGE:
        return CLI_USAGE;
    case TOC_CONF_RUN:
        break;
    }
    if (operands.count > 1) {
        fprintf(stderr, WHO ": one FILE at a time\n");
        return CLI_USAGE;
    }
    return run(&operands);
}
