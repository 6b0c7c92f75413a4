#include "services/cli/calendar/answer.h"

#include "services/cli/calendar/question.h"
#include "services/cli/print.h"

#include <stdlib.h>

struct answer {
    const struct calendar_question *question;
    struct toc_interval *intervals; /* owned */
    size_t interval_count, interval_room;
    toc_time_ms value_ms;
    bool is_open;
    char error[CALENDAR_ERROR_MAX];
};

/* --- instants ------------------------------------------------------------------------------ */

static enum toc_err answer_add(struct answer *a)
{
    const struct calendar_question *q = a->question;
    if (open_time_add(&q->open, q->start_ms, q->amount_ms, &a->value_ms) != TOC_OK)
        return calendar_wrong(a->error,
                              "there is not that much working time within %d years after it",
                              TOC_CALENDAR_YEARS_MAX);
    return TOC_OK;
}

static enum toc_err answer_sub(struct answer *a)
{
    const struct calendar_question *q = a->question;
    if (open_time_sub(&q->open, q->start_ms, q->amount_ms, &a->value_ms) != TOC_OK)
        return calendar_wrong(a->error,
                              "there is not that much working time within %d years before it",
                              TOC_CALENDAR_YEARS_MAX);
    return TOC_OK;
}

static enum toc_err answer_between(struct answer *a)
{
    const struct calendar_question *q = a->question;
    a->value_ms = open_time_between(&q->open, q->start_ms, q->end_ms);
    return TOC_OK;
}

static enum toc_err answer_is_open(struct answer *a)
{
    a->is_open = open_time_is_open(&a->question->open, a->question->start_ms);
    return TOC_OK;
}

static enum toc_err answer_resolve_local(struct answer *a)
{
    a->value_ms = toc_tz_resolve(a->question->compiled->tz, a->question->local_ms);
    return TOC_OK;
}

/* --- edges --------------------------------------------------------------------------------- */

static enum toc_err answer_next_opening(struct answer *a)
{
    const struct calendar_question *q = a->question;
    struct toc_interval next;
    enum toc_err err = open_time_interval_after(&q->open, q->start_ms, &next);
    if (err == TOC_OK && next.from_ms <= q->start_ms)
        err = open_time_interval_after(&q->open, next.until_ms, &next);
    if (err != TOC_OK)
        return calendar_wrong(a->error, "it does not open within %d years after that",
                              TOC_CALENDAR_YEARS_MAX);
    a->value_ms = next.from_ms;
    return TOC_OK;
}

static enum toc_err answer_next_closing(struct answer *a)
{
    const struct calendar_question *q = a->question;
    struct toc_interval next;
    if (open_time_interval_after(&q->open, q->start_ms, &next) != TOC_OK ||
        next.until_ms == TOC_TIME_NEVER)
        return calendar_wrong(a->error, "it does not close within %d years after that",
                              TOC_CALENDAR_YEARS_MAX);
    a->value_ms = next.until_ms;
    return TOC_OK;
}

static enum toc_err answer_prev_opening(struct answer *a)
{
    const struct calendar_question *q = a->question;
    struct toc_interval last;
    if (open_time_interval_before(&q->open, q->start_ms, &last) != TOC_OK ||
        last.from_ms == TOC_TIME_MIN)
        return calendar_wrong(a->error, "it did not open within %d years before that",
                              TOC_CALENDAR_YEARS_MAX);
    a->value_ms = last.from_ms;
    return TOC_OK;
}

static enum toc_err answer_prev_closing(struct answer *a)
{
    const struct calendar_question *q = a->question;
    struct toc_interval last;
    enum toc_err err = open_time_interval_before(&q->open, q->start_ms, &last);
    if (err == TOC_OK && last.until_ms >= q->start_ms)
        err = open_time_interval_before(&q->open, last.from_ms, &last);
    if (err != TOC_OK)
        return calendar_wrong(a->error, "it did not close within %d years before that",
                              TOC_CALENDAR_YEARS_MAX);
    a->value_ms = last.until_ms;
    return TOC_OK;
}

/* --- intervals ----------------------------------------------------------------------------- */

static enum toc_err add_interval(struct answer *a, toc_time_ms from_ms, toc_time_ms until_ms)
{
    if (from_ms == TOC_TIME_MIN || until_ms == TOC_TIME_NEVER)
        return calendar_wrong(a->error, "an interval does not %s",
                              from_ms == TOC_TIME_MIN ? "begin" : "end");
    if (a->interval_count == CALENDAR_INTERVALS_MAX)
        return calendar_wrong(a->error, "more than %d intervals", CALENDAR_INTERVALS_MAX);
    if (a->interval_count == a->interval_room) {
        size_t room = a->interval_room ? 2 * a->interval_room : 16;
        struct toc_interval *grown = realloc(a->intervals, room * sizeof(*grown));
        if (grown == NULL)
            return calendar_wrong(a->error, "%s", toc_err_text(TOC_ERR_MEMORY));
        a->intervals = grown;
        a->interval_room = room;
    }
    a->intervals[a->interval_count++] = (struct toc_interval){from_ms, until_ms};
    return TOC_OK;
}

static toc_time_ms earlier(toc_time_ms a, toc_time_ms b)
{
    return a < b ? a : b;
}

static toc_time_ms later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

/* Up to `count` intervals from the start on that begin before `end_ms`, clipped to both. */
static enum toc_err collect(struct answer *a, size_t count, toc_time_ms end_ms)
{
    const struct calendar_question *q = a->question;
    toc_time_ms at = q->start_ms;
    struct toc_interval next;
    while (a->interval_count < count && at < end_ms &&
           open_time_interval_after(&q->open, at, &next) == TOC_OK && next.from_ms < end_ms) {
        at = next.until_ms;
        TOC_TRY(add_interval(a, later(next.from_ms, q->start_ms), earlier(at, end_ms)));
    }
    return TOC_OK;
}

static enum toc_err answer_intervals_after(struct answer *a)
{
    return collect(a, a->question->count, TOC_TIME_NEVER);
}

static enum toc_err answer_intervals_between(struct answer *a)
{
    return collect(a, CALENDAR_INTERVALS_MAX + 1, a->question->end_ms);
}

static enum toc_err answer_intervals_before(struct answer *a)
{
    const struct calendar_question *q = a->question;
    toc_time_ms at = q->start_ms;
    struct toc_interval last;
    while (a->interval_count < q->count &&
           open_time_interval_before(&q->open, at, &last) == TOC_OK) {
        at = last.from_ms;
        TOC_TRY(add_interval(a, at, earlier(last.until_ms, q->start_ms)));
    }
    return TOC_OK;
}

/* --- the line ------------------------------------------------------------------------------ */

static void write_value(struct print_json *json, const char *name, const struct answer *a)
{
    print_json_int(json, name, a->value_ms);
}

static void write_open(struct print_json *json, const char *name, const struct answer *a)
{
    print_json_bool(json, name, a->is_open);
}

static void write_intervals(struct print_json *json, const char *name, const struct answer *a)
{
    print_json_name(json, name);
    fputc('[', json->out);
    for (size_t i = 0; i < a->interval_count; i++)
        fprintf(json->out, "%s[%lld,%lld]", i > 0 ? "," : "", (long long)a->intervals[i].from_ms,
                (long long)a->intervals[i].until_ms);
    fputc(']', json->out);
}

static const struct {
    enum toc_err (*answer)(struct answer *a);
    const char *name;
    void (*write)(struct print_json *json, const char *name, const struct answer *a);
} ops[CALENDAR_OPS] = {
    [CALENDAR_ADD] = {answer_add, "instant_ms", write_value},
    [CALENDAR_SUB] = {answer_sub, "instant_ms", write_value},
    [CALENDAR_BETWEEN] = {answer_between, "duration_ms", write_value},
    [CALENDAR_IS_OPEN] = {answer_is_open, "open", write_open},
    [CALENDAR_NEXT_OPENING] = {answer_next_opening, "instant_ms", write_value},
    [CALENDAR_NEXT_CLOSING] = {answer_next_closing, "instant_ms", write_value},
    [CALENDAR_PREV_OPENING] = {answer_prev_opening, "instant_ms", write_value},
    [CALENDAR_PREV_CLOSING] = {answer_prev_closing, "instant_ms", write_value},
    [CALENDAR_INTERVALS_AFTER] = {answer_intervals_after, "intervals_ms", write_intervals},
    [CALENDAR_INTERVALS_BEFORE] = {answer_intervals_before, "intervals_ms", write_intervals},
    [CALENDAR_INTERVALS_BETWEEN] = {answer_intervals_between, "intervals_ms", write_intervals},
    [CALENDAR_RESOLVE_LOCAL] = {answer_resolve_local, "instant_ms", write_value},
};

bool calendar_answer(struct calendar_shelf *shelf, struct toc_str line, FILE *out)
{
    struct calendar_question question = {0};
    struct answer answer = {.question = &question};
    struct print_json json;
    enum toc_err err = calendar_question_read(shelf, line, &question, answer.error);
    if (err == TOC_OK)
        err = ops[question.op].answer(&answer);
    print_json_open(&json, out);
    print_json_name(&json, "id");
    fwrite(question.id.data, 1, question.id.size, out);
    if (err == TOC_OK)
        ops[question.op].write(&json, ops[question.op].name, &answer);
    else
        print_json_text(&json, "error", answer.error);
    print_json_close(&json);
    free(answer.intervals);
    calendar_question_done(&question);
    return err == TOC_OK;
}
