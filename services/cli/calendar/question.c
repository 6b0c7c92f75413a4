#include "services/cli/calendar/question.h"

#include "common/wall_text.h"
#include "services/cli/json_members.h"

#include <stdlib.h>

/* 2^53, beyond every calendar: what is smaller is exact as a double. */
#define NUMBER_MAX 9007199254740992.0

enum member { ID, CALENDAR, OP, START, END, AMOUNT, COUNT, PAUSES, LOCAL };

#define NEEDS(member) (1u << (member))
#define FROM_START    (NEEDS(CALENDAR) | NEEDS(START))

static const struct {
    const char *name;
    unsigned needs;
} ops[CALENDAR_OPS] = {
    [CALENDAR_ADD] = {"add", FROM_START | NEEDS(AMOUNT)},
    [CALENDAR_SUB] = {"sub", FROM_START | NEEDS(AMOUNT)},
    [CALENDAR_BETWEEN] = {"between", FROM_START | NEEDS(END)},
    [CALENDAR_IS_OPEN] = {"is_open", FROM_START},
    [CALENDAR_NEXT_OPENING] = {"next_opening", FROM_START},
    [CALENDAR_NEXT_CLOSING] = {"next_closing", FROM_START},
    [CALENDAR_PREV_OPENING] = {"prev_opening", FROM_START},
    [CALENDAR_PREV_CLOSING] = {"prev_closing", FROM_START},
    [CALENDAR_INTERVALS_AFTER] = {"intervals_after", FROM_START | NEEDS(COUNT)},
    [CALENDAR_INTERVALS_BEFORE] = {"intervals_before", FROM_START | NEEDS(COUNT)},
    [CALENDAR_INTERVALS_BETWEEN] = {"intervals_between", FROM_START | NEEDS(END)},
    [CALENDAR_RESOLVE_LOCAL] = {"resolve_local", NEEDS(CALENDAR) | NEEDS(LOCAL)},
};

struct reading {
    struct calendar_shelf *shelf;
    struct calendar_question *question;
    unsigned given; /* members, as NEEDS counts them */
    char *error;
};

/* --- values -------------------------------------------------------------------------------- */

/* Texts come without their quotes; the value is released by the caller. */
static enum toc_err read_text(struct reading *r, const char *name, struct toc_str text,
                              json_t **out)
{
    json_t *value = calendar_json_value(text, name, r->error);
    if (value == NULL)
        return TOC_ERR_MALFORMED;
    if (!json_is_string(value)) {
        json_decref(value);
        return calendar_wrong(r->error, "%s: has to be a text", name);
    }
    *out = value;
    return TOC_OK;
}

static enum toc_err to_whole(struct reading *r, const char *name, const json_t *value, int64_t *out)
{
    double number = json_number_value(value);
    if (!json_is_number(value))
        return calendar_wrong(r->error, "%s: has to be a number", name);
    if (number < -NUMBER_MAX || number > NUMBER_MAX)
        return calendar_wrong(r->error, "%s: out of range", name);
    *out = (int64_t)(number + (number < 0 ? -0.5 : 0.5));
    return TOC_OK;
}

static enum toc_err read_number(struct reading *r, const char *name, struct toc_str text,
                                int64_t *out)
{
    json_t *value = calendar_json_value(text, name, r->error);
    if (value == NULL)
        return TOC_ERR_MALFORMED;
    enum toc_err err = to_whole(r, name, value, out);
    json_decref(value);
    return err;
}

static enum toc_err read_instant(struct reading *r, const char *name, struct toc_str text,
                                 toc_time_ms *out)
{
    toc_time_ms instant_ms = 0;
    TOC_TRY(read_number(r, name, text, &instant_ms));
    if (!toc_calendar_has_instant(instant_ms))
        return calendar_wrong(r->error, "%s: outside the years %d to %d", name,
                              TOC_CALENDAR_YEAR_MIN, TOC_CALENDAR_YEAR_END - 1);
    *out = instant_ms;
    return TOC_OK;
}

/* --- members ------------------------------------------------------------------------------- */

typedef enum toc_err (*member_fn)(struct reading *r, const char *name, struct toc_str text);

/* The id was read first, so that every other mistake can be answered with it. */
static enum toc_err on_id(struct reading *r, const char *name, struct toc_str text)
{
    if (toc_str_equal(text, r->question->id))
        return TOC_OK;
    return calendar_wrong(r->error, "%s: has to be a text or a number", name);
}

static enum toc_err on_calendar(struct reading *r, const char *name, struct toc_str text)
{
    (void)name;
    return calendar_shelf_get(r->shelf, text, &r->question->compiled, r->error);
}

static enum toc_err find_op(struct reading *r, const char *name, struct toc_str text)
{
    struct toc_guess guess;
    for (size_t i = 0; i < CALENDAR_OPS; i++) {
        if (!toc_str_equal(text, toc_str_of(ops[i].name)))
            continue;
        r->question->op = (enum calendar_op)i;
        return TOC_OK;
    }
    toc_guess_init(&guess, text);
    for (size_t i = 0; i < CALENDAR_OPS; i++)
        toc_guess_offer(&guess, ops[i].name);
    return calendar_unknown(r->error, name, &guess);
}

static enum toc_err on_op(struct reading *r, const char *name, struct toc_str text)
{
    json_t *value;
    TOC_TRY(read_text(r, name, text, &value));
    enum toc_err err =
        find_op(r, name, toc_str(json_string_value(value), json_string_length(value)));
    json_decref(value);
    return err;
}

static enum toc_err on_start(struct reading *r, const char *name, struct toc_str text)
{
    return read_instant(r, name, text, &r->question->start_ms);
}

static enum toc_err on_end(struct reading *r, const char *name, struct toc_str text)
{
    return read_instant(r, name, text, &r->question->end_ms);
}

static enum toc_err on_amount(struct reading *r, const char *name, struct toc_str text)
{
    TOC_TRY(read_number(r, name, text, &r->question->amount_ms));
    if (r->question->amount_ms < 0)
        return calendar_wrong(r->error, "%s: cannot be negative", name);
    return TOC_OK;
}

static enum toc_err on_count(struct reading *r, const char *name, struct toc_str text)
{
    int64_t count = 0;
    TOC_TRY(read_number(r, name, text, &count));
    if (count < 0 || count > CALENDAR_INTERVALS_MAX)
        return calendar_wrong(r->error, "%s: has to be from 0 to %d", name, CALENDAR_INTERVALS_MAX);
    r->question->count = (size_t)count;
    return TOC_OK;
}

static enum toc_err on_local(struct reading *r, const char *name, struct toc_str text)
{
    json_t *value = NULL;
    TOC_TRY(read_text(r, name, text, &value));
    struct toc_str local = toc_str(json_string_value(value), json_string_length(value));
    enum toc_err err = TOC_OK;
    if (!toc_wall_local(local, &r->question->local_ms))
        err = calendar_wrong(r->error, "%s: '%.*s' is no wall time (YYYY-MM-DD HH:MM:SS)", name,
                             TOC_DIAG_ARG(local));
    json_decref(value);
    return err;
}

static enum toc_err read_pauses(struct reading *r, const char *name, const json_t *list)
{
    struct calendar_question *question = r->question;
    size_t count = json_array_size(list);
    if (!json_is_array(list))
        return calendar_wrong(r->error, "%s: has to be a list of [FROM, UNTIL]", name);
    question->pauses = calloc(count + 1, sizeof(*question->pauses));
    if (question->pauses == NULL)
        return calendar_wrong(r->error, "%s: %s", name, toc_err_text(TOC_ERR_MEMORY));
    for (size_t i = 0; i < count; i++) {
        const json_t *pause = json_array_get(list, i);
        if (!json_is_array(pause) || json_array_size(pause) != 2)
            return calendar_wrong(r->error, "%s: a pause has to be [FROM, UNTIL]", name);
        struct toc_interval *out = &question->pauses[i];
        TOC_TRY(to_whole(r, name, json_array_get(pause, 0), &out->from_ms));
        TOC_TRY(to_whole(r, name, json_array_get(pause, 1), &out->until_ms));
        if (out->from_ms < TOC_CALENDAR_BEGIN_MS) /* outside the horizon all is closed anyhow */
            out->from_ms = TOC_CALENDAR_BEGIN_MS;
        if (out->until_ms > TOC_CALENDAR_END_MS)
            out->until_ms = TOC_CALENDAR_END_MS;
    }
    question->open.pauses = question->pauses;
    question->open.pause_count = open_time_merge(question->pauses, count);
    return TOC_OK;
}

static enum toc_err on_pauses(struct reading *r, const char *name, struct toc_str text)
{
    json_t *list = calendar_json_value(text, name, r->error);
    if (list == NULL)
        return TOC_ERR_MALFORMED;
    enum toc_err err = read_pauses(r, name, list);
    json_decref(list);
    return err;
}

static const struct {
    const char *name;
    member_fn read;
} members[] = {
    [ID] = {"id", on_id},          [CALENDAR] = {"calendar", on_calendar},
    [OP] = {"op", on_op},          [START] = {"start_ms", on_start},
    [END] = {"end_ms", on_end},    [AMOUNT] = {"amount_ms", on_amount},
    [COUNT] = {"count", on_count}, [PAUSES] = {"pauses_ms", on_pauses},
    [LOCAL] = {"local", on_local},
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static enum toc_err unknown_member(struct reading *r, struct toc_str quoted)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str(quoted.data + 1, quoted.size - 2));
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        toc_guess_offer(&guess, members[i].name);
    return calendar_unknown(r->error, "the question", &guess);
}

static bool is_quoted(struct toc_str quoted, const char *name)
{
    return toc_str_equal(toc_str(quoted.data + 1, quoted.size - 2), toc_str_of(name));
}

static enum toc_err read_member(struct reading *r, const struct json_member *member)
{
    size_t i = 0;
    while (i < MEMBER_COUNT && !is_quoted(member->name, members[i].name))
        i++;
    if (i == MEMBER_COUNT)
        return unknown_member(r, member->name);
    if (r->given & NEEDS(i))
        return calendar_wrong(r->error, "%s: is given twice", members[i].name);
    if (toc_str_equal(member->value, TOC_STR("null")))
        return TOC_OK;
    r->given |= NEEDS(i);
    return members[i].read(r, members[i].name, member->value);
}

/* --- the question -------------------------------------------------------------------------- */

static struct toc_str find_id(const struct json_members *all)
{
    char ignored[CALENDAR_ERROR_MAX];
    for (size_t i = 0; i < all->count; i++) {
        if (!is_quoted(all->items[i].name, members[ID].name))
            continue;
        json_t *value = calendar_json_value(all->items[i].value, "id", ignored);
        bool fits = json_is_string(value) || json_is_number(value);
        json_decref(value);
        if (fits)
            return all->items[i].value;
    }
    return TOC_STR("null");
}

static enum toc_err check_needs(struct reading *r)
{
    struct calendar_question *question = r->question;
    if (!(r->given & NEEDS(OP)))
        return calendar_wrong(r->error, "op: is missing");
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (ops[question->op].needs & NEEDS(i) & ~r->given)
            return calendar_wrong(r->error, "%s: is missing: %s needs it", members[i].name,
                                  ops[question->op].name);
    question->open.cal = question->compiled->cal;
    if (question->open.cal == NULL && question->op != CALENDAR_RESOLVE_LOCAL)
        return calendar_wrong(r->error, "calendar: it has no working time");
    return TOC_OK;
}

enum toc_err calendar_question_read(struct calendar_shelf *shelf, struct toc_str line,
                                    struct calendar_question *out, char *error)
{
    struct reading r = {shelf, out, 0, error};
    struct json_members all;
    const char *wrong = json_members_split(line, &all);
    *out = (struct calendar_question){.id = find_id(&all)};
    if (wrong != NULL)
        return calendar_wrong(error, "not a JSON object: %s", wrong);
    for (size_t i = 0; i < all.count; i++)
        TOC_TRY(read_member(&r, &all.items[i]));
    return check_needs(&r);
}

void calendar_question_done(struct calendar_question *question)
{
    free(question->pauses);
    question->pauses = NULL;
}
