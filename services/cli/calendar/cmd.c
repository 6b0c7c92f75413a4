#include "services/cli/calendar/answer.h"
#include "services/cli/commands.h"
#include "services/cli/line_answers.h"

#include <stdlib.h>

#define WHO "tocsin calendar"

struct session {
    struct calendar_shelf *shelf;
    struct line_answers answers;
    bool failed; /* some line was answered with an error */
};

static void on_line(void *self, struct toc_str line)
{
    struct session *session = self;
    if (!calendar_answer(session->shelf, line, stdout))
        session->failed = true;
}

static void on_too_long(void *self)
{
    struct session *session = self;
    printf("{\"id\":null,\"error\":\"line %llu is longer than 1 MB\"}\n",
           (unsigned long long)session->answers.lines.number);
    session->failed = true;
}

static int run(const struct toc_conf_list *operands)
{
    struct session *session = calloc(1, sizeof(*session));
    int code = CLI_FAILED;
    if (session != NULL)
        session->shelf = calendar_shelf_new();
    if (session == NULL || session->shelf == NULL) {
        fprintf(stderr, WHO ": out of memory\n");
    } else {
        session->answers = (struct line_answers){.who = WHO,
                                                 .what = "one question per line",
                                                 .on_line = on_line,
                                                 .on_too_long = on_too_long,
                                                 .self = session};
        if (line_answers_run(&session->answers, operands) && !session->failed)
            code = CLI_DONE;
    }
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
    int code;
    return line_answers_parse(&conf, argc, argv, &operands, &code) ? run(&operands) : code;
}
