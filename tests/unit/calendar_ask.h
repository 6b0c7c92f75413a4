/* What the tests of `tocsin calendar` share: a line in, a line out. */
#ifndef CALENDAR_ASK_H
#define CALENDAR_ASK_H

#include "services/cli/calendar/answer.h"
#include "tests/unit/calendar_desk.h"

#include <stdio.h>

#define OP_COUNT      12
#define OPEN_OP_COUNT 11

/* Every op there is; all but the last are about the calendar's open time. */
static const char *const ops[OP_COUNT] = {"add",
                                          "sub",
                                          "between",
                                          "is_open",
                                          "next_opening",
                                          "next_closing",
                                          "prev_opening",
                                          "prev_closing",
                                          "intervals_after",
                                          "intervals_before",
                                          "intervals_between",
                                          "resolve_local"};

struct fixture {
    struct calendar_shelf *shelf;
    char *answer; /* of the last line, without its end */
    bool fits;    /* it was a question */
};

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL || (f->shelf = calendar_shelf_new()) == NULL)
        return -1;
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    calendar_shelf_free(f->shelf);
    free(f->answer);
    free(f);
    return 0;
}

static inline const char *ask(struct fixture *f, const char *line)
{
    size_t size = 0;
    free(f->answer);
    FILE *out = open_memstream(&f->answer, &size);
    assert_non_null(out);
    f->fits = calendar_answer(f->shelf, toc_str_of(line), out);
    assert_int_equal(fclose(out), 0);
    assert_true(size > 0 && f->answer[size - 1] == '\n');
    f->answer[size - 1] = '\0';
    assert_null(strchr(f->answer, '\n'));
    return f->answer;
}

static inline void assert_answer(struct fixture *f, const char *line, const char *wanted)
{
    const char *answer = ask(f, line);
    if (strcmp(answer, wanted) != 0)
        fail_msg("%s\n   answered: %s\n   wanted:   %s", line, answer, wanted);
}

/* A question with the id 1 and its members, about a calendar without its braces. */
__attribute__((format(printf, 4, 5))) static inline void
assert_result(struct fixture *f, const char *calendar, const char *wanted, const char *format, ...)
{
    char members[512], line[2048], answer[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(members, sizeof(members), format, args);
    va_end(args);
    snprintf(line, sizeof(line), "{\"id\":1,\"calendar\":{%s},%s}", calendar, members);
    snprintf(answer, sizeof(answer), "{\"id\":1,%s}", wanted);
    assert_answer(f, line, answer);
    assert_true(f->fits);
}

static inline void assert_error(struct fixture *f, const char *line, const char *id,
                                const char *part)
{
    char start[128];
    const char *answer = ask(f, line);
    snprintf(start, sizeof(start), "{\"id\":%s,\"error\":\"", id);
    assert_false(f->fits);
    if (strncmp(answer, start, strlen(start)) != 0 || strstr(answer, part) == NULL)
        fail_msg("%s\n   answered: %s\n   wanted:   %s... %s", line, answer, start, part);
}

#endif
