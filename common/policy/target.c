#include "common/policy/build.h"

#define DAYS_MAX   1000
#define MONTHS_MAX 120

/* "3 business days" and the like: a whole number, a blank, a unit in the singular or plural. */
static bool take_counted(struct toc_str text, const char *unit, unsigned *out)
{
    struct toc_str digits = text;
    uint64_t number;
    size_t space = 0, size = strlen(unit);
    while (space < text.size && text.data[space] != ' ')
        space++;
    digits.size = space;
    if (space == text.size || toc_parse_u64(digits, &number) != TOC_OK || number > UINT16_MAX)
        return false;
    struct toc_str rest = toc_str_from(text, space + 1);
    if (rest.size == size + 1 && rest.data[size] == 's')
        rest.size--;
    *out = (unsigned)number;
    return toc_str_equal(rest, toc_str(unit, size));
}

static void read_count(struct toc_build *b, const struct toc_yaml *node, enum toc_target_kind kind,
                       unsigned count, struct toc_target *out)
{
    unsigned max = kind == TOC_TARGET_DAYS ? DAYS_MAX : MONTHS_MAX;
    if (count == 0 || count > max) {
        toc_diag_error(b->diag, node->offset, "the target '%.*s' is not between 1 and %u",
                       TOC_DIAG_ARG(node->text), max);
        return;
    }
    out->kind = kind;
    out->count = count;
}

/* A duration, with " elapsed" after it for wall time. */
static void read_duration(struct toc_build *b, const struct toc_yaml *node, struct toc_target *out)
{
    const struct toc_str mark = TOC_STR(" elapsed");
    struct toc_yaml bare = *node;
    enum toc_target_kind kind = TOC_TARGET_WORKING;
    if (node->kind == TOC_YAML_TEXT && node->text.size > mark.size) {
        size_t size = node->text.size - mark.size;
        if (toc_str_equal(toc_str(node->text.data + size, mark.size), mark)) {
            bare.text.size = size;
            kind = TOC_TARGET_ELAPSED;
        }
    }
    if (toc_value_duration(b, &bare, "the target", TOC_POLICY_DURATION_MAX, &out->ms))
        out->kind = kind;
}

void toc_build_target(struct toc_build *b, const struct toc_yaml *node, struct toc_target *out)
{
    unsigned count;
    *out = (struct toc_target){TOC_TARGET_UNSET, 0, TOC_TARGET_NONE, NULL};
    bool is_text = node->kind == TOC_YAML_TEXT;
    if (is_text && toc_str_equal(node->text, TOC_STR("none")))
        return;
    if (is_text && take_counted(node->text, "business day", &count))
        read_count(b, node, TOC_TARGET_DAYS, count, out);
    else if (is_text && take_counted(node->text, "month", &count))
        read_count(b, node, TOC_TARGET_MONTHS, count, out);
    else
        read_duration(b, node, out);
    if (out->kind != TOC_TARGET_UNSET)
        (void)toc_value_text(b, node, "the target", &out->text);
}

static bool has_kind(const struct toc_clock_rule *clock, enum toc_target_kind kind)
{
    for (size_t i = 0; i <= TOC_POLICY_PRIORITIES; i++)
        if (clock->targets[i].kind == kind)
            return true;
    return false;
}

enum { CUT_OFF, NEXT_START, END_OF_DAY };

static const char *const yes_no[] = {"no", "yes"};
static const struct toc_words words_yes = {yes_no, 2};

void toc_build_days(struct toc_build *b, const struct toc_yaml *const *values,
                    struct toc_clock_rule *clock)
{
    bool days = has_kind(clock, TOC_TARGET_DAYS), months = has_kind(clock, TOC_TARGET_MONTHS);
    unsigned word;
    clock->days = (struct toc_day_rule){.cut_off_ms = -1};
    if (values[CUT_OFF] && !days)
        toc_diag_error(b->diag, values[CUT_OFF]->key->offset,
                       "'cut_off' belongs to targets in business days");
    else if (values[CUT_OFF])
        (void)toc_value_time_of_day(b, values[CUT_OFF], "'cut_off'", &clock->days.cut_off_ms);
    if (!values[CUT_OFF] != !values[NEXT_START])
        toc_diag_error(b->diag, (values[CUT_OFF] ? values[CUT_OFF] : values[NEXT_START])->offset,
                       "'cut_off' and 'next_start' come together");
    else if (values[NEXT_START])
        (void)toc_value_time_of_day(b, values[NEXT_START], "'next_start'",
                                    &clock->days.next_start_ms);
    if (values[END_OF_DAY] && !days && !months)
        toc_diag_error(b->diag, values[END_OF_DAY]->key->offset,
                       "'end_of_day' belongs to targets in business days or months");
    else if (values[END_OF_DAY] &&
             toc_value_word(b, values[END_OF_DAY], "answer", &words_yes, &word))
        clock->days.end_of_day = word != 0;
}

void toc_build_warnings(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        struct toc_clock_rule *clock)
{
    size_t count;
    unsigned last = 0;
    const struct toc_yaml *item = toc_value_items(b, node, what, &count);
    if (item && count > TOC_POLICY_WARNINGS_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d warnings", TOC_POLICY_WARNINGS_MAX);
        return;
    }
    for (size_t i = 0; item && i < count; i++, item = item->next) {
        unsigned percent;
        if (!toc_value_number(b, item, "a warning", 99, &percent))
            continue;
        if (percent <= last) {
            toc_diag_error(b->diag, item->offset, "warnings have to ascend from 1 to 99 %%");
            continue;
        }
        clock->warn_percent[clock->warn_count++] = last = percent;
    }
}

void toc_build_calendar_of(struct toc_build *b, const struct toc_yaml *node,
                           const struct toc_calendar **out)
{
    const struct toc_names names = {b->calendars, b->calendar_count, sizeof(*b->calendars)};
    size_t index;
    if (toc_value_reference(b, node, "calendar", &names, &index))
        *out = b->calendars[index].calendar;
}
