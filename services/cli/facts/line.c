#include "services/cli/facts/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BETWEEN "\n\n" /* a title ends like a sentence */

__attribute__((format(printf, 2, 3))) static enum toc_err say(char wrong[FACTS_WRONG_MAX],
                                                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(wrong, FACTS_WRONG_MAX, format, args);
    va_end(args);
    return TOC_ERR_MALFORMED;
}

static enum toc_err read_text(const json_t *root, const char *name, struct toc_str *out,
                              char wrong[FACTS_WRONG_MAX])
{
    const json_t *value = json_object_get(root, name);
    *out = toc_str(NULL, 0);
    if (value == NULL || json_is_null(value))
        return TOC_OK;
    if (!json_is_string(value))
        return say(wrong, "%s: has to be a text", name);
    *out = toc_str(json_string_value(value), json_string_length(value));
    return TOC_OK;
}

static enum toc_err join(struct facts_line *line, struct toc_str subject, struct toc_str text,
                         char wrong[FACTS_WRONG_MAX])
{
    size_t between = subject.size > 0 && text.size > 0 ? sizeof(BETWEEN) - 1 : 0;
    line->text_size = subject.size + between + text.size;
    line->text = malloc(line->text_size + 1);
    if (line->text == NULL)
        return say(wrong, "%s", toc_err_text(TOC_ERR_MEMORY));
    char *end = line->text;
    if (subject.size > 0)
        memcpy(end, subject.data, subject.size);
    memcpy(end + subject.size, BETWEEN, between);
    if (text.size > 0)
        memcpy(end + subject.size + between, text.data, text.size);
    return TOC_OK;
}

static enum toc_err read_labels(struct facts_line *line, char wrong[FACTS_WRONG_MAX])
{
    const json_t *label;
    size_t i;
    line->language = json_string_value(json_object_get(line->root, "language"));
    line->labels = json_object_get(line->root, "labels");
    if (line->labels == NULL)
        return TOC_OK;
    if (!json_is_array(line->labels))
        return say(wrong, "labels: has to be a list of names of facts");
    json_array_foreach(line->labels, i, label)
    {
        const char *name = json_string_value(label);
        size_t at = 0;
        while (facts_name(at) != NULL && (name == NULL || strcmp(facts_name(at), name) != 0))
            at++;
        if (facts_name(at) == NULL)
            return say(wrong, "labels: there is no fact '%.60s'", name != NULL ? name : "");
    }
    return TOC_OK;
}

enum toc_err facts_line_read(struct toc_str line, struct facts_line *out,
                             char wrong[FACTS_WRONG_MAX])
{
    struct toc_str subject, text, locale;
    json_error_t where;
    *out = (struct facts_line){0};
    out->root = json_loadb(line.data, line.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (out->root == NULL)
        return say(wrong, "not JSON: %.100s", where.text);
    if (!json_is_object(out->root))
        return say(wrong, "has to be an object");
    out->id = json_object_get(out->root, "id");
    TOC_TRY(read_text(out->root, "subject", &subject, wrong));
    TOC_TRY(read_text(out->root, "text", &text, wrong));
    TOC_TRY(read_text(out->root, "locale", &locale, wrong)); /* it says nothing about the text */
    if (json_object_get(out->root, "text") == NULL)
        return say(wrong, "text: is missing");
    TOC_TRY(read_labels(out, wrong));
    return join(out, subject, text, wrong);
}

void facts_line_done(struct facts_line *line)
{
    free(line->text);
    json_decref(line->root);
}
