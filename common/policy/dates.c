#include "common/policy/dates.h"

#define DATE_SIZE 10

static const char *const kind_words[] = {
    [TOC_DATE_HOLIDAY] = "holiday",   [TOC_DATE_OBSERVANCE] = "observance",
    [TOC_DATE_REGIONAL] = "regional", [TOC_DATE_PART] = "part",
    [TOC_DATE_UNTIL] = "until",
};

#define KIND_COUNT (sizeof(kind_words) / sizeof(kind_words[0]))

/* The word before the next blank, which is taken off with it. */
static struct toc_str take_word(struct toc_str *line)
{
    const char *blank = line->size > 0 ? memchr(line->data, ' ', line->size) : NULL;
    size_t size = blank ? (size_t)(blank - line->data) : line->size;
    struct toc_str word = toc_str(line->data, size);
    size_t taken = blank ? size + 1 : size;
    *line = toc_str_from(*line, taken);
    return word;
}

enum toc_err toc_dates_next(struct toc_str *rest, struct toc_policy_date *out)
{
    const char *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    struct toc_str line, word;
    size_t kind = 0;
    if (rest->size == 0)
        return TOC_NONE;
    if (!end)
        return TOC_ERR_MALFORMED;
    line = toc_str(rest->data, (size_t)(end - rest->data));
    *rest = toc_str(end + 1, rest->size - line.size - 1);
    if (!toc_parse_date(take_word(&line), &out->day))
        return TOC_ERR_MALFORMED;
    word = take_word(&line);
    while (kind < KIND_COUNT && !toc_str_equal(word, toc_str_of(kind_words[kind])))
        kind++;
    if (kind == KIND_COUNT || line.size > TOC_DATE_NAME_MAX)
        return TOC_ERR_MALFORMED;
    out->kind = (enum toc_date_kind)kind;
    out->name = line;
    return TOC_OK;
}

const char *toc_date_kind_word(enum toc_date_kind kind)
{
    return kind_words[kind];
}

static bool names(struct toc_str text, const struct toc_policy_date *date)
{
    int64_t day;
    if (toc_parse_date(text, &day))
        return day == date->day;
    if (text.size > 0 && text.data[text.size - 1] == '*')
        return toc_str_starts(date->name, toc_str(text.data, text.size - 1));
    return toc_str_equal(text, date->name);
}

bool toc_dates_skip(const struct toc_yaml *skip, const struct toc_policy_date *date)
{
    if (!skip)
        return false;
    if (skip->kind == TOC_YAML_TEXT)
        return names(skip->text, date);
    for (const struct toc_yaml *item = skip->first; item; item = item->next)
        if (names(item->text, date))
            return true;
    return false;
}

const struct toc_bundle_part *toc_dates_part(const struct toc_policy_tree *tree,
                                             const struct toc_yaml *item, struct toc_str zone,
                                             const char **out_wrong)
{
    const struct toc_bundle_part *from = toc_policy_tree_part(tree, item->offset);
    const struct toc_bundle_part *part;
    char name[TOC_BUNDLE_NAME_MAX + 1];
    if (toc_bundle_resolve(from->name, item->text, name, out_wrong) != TOC_OK)
        return NULL;
    part = toc_bundle_find(&tree->bundle, TOC_PART_MISSING, toc_str_of(name), zone);
    *out_wrong = "not part of this text; tocsin policy check and apply read it";
    return part ? part : toc_bundle_find(&tree->bundle, TOC_PART_DATES, toc_str_of(name), zone);
}
