#include "common/policy/bundle.h"

static const struct toc_str magic = {"%tocsin-policy 1\n", 17};

static const char *const kind_words[] = {
    [TOC_PART_FILE] = "file",
    [TOC_PART_DATES] = "dates",
    [TOC_PART_MISSING] = "missing",
};

#define KIND_COUNT (sizeof(kind_words) / sizeof(kind_words[0]))

/* --- names --------------------------------------------------------------------------------- */

/* The text before the next `separator` of `*rest`, which is taken off with it. */
static struct toc_str take_until(struct toc_str *rest, char separator)
{
    const char *at = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
    size_t size = at ? (size_t)(at - rest->data) : rest->size;
    size_t taken = at ? size + 1 : size;
    struct toc_str word = toc_str(rest->data, size);
    *rest = toc_str_from(*rest, taken);
    return word;
}

static bool is_dots(struct toc_str word)
{
    return toc_str_equal(word, TOC_STR(".")) || toc_str_equal(word, TOC_STR(".."));
}

/* As toc_bundle_resolve writes them. */
static bool is_name(struct toc_str name)
{
    if (name.size == 0 || name.size > TOC_BUNDLE_NAME_MAX || !toc_str_is_line(name))
        return false;
    if (name.data[name.size - 1] == '/')
        return false;
    for (struct toc_str rest = name; rest.size > 0;) {
        struct toc_str word = take_until(&rest, '/');
        if (word.size == 0 || is_dots(word))
            return false;
    }
    return true;
}

/* --- reading ------------------------------------------------------------------------------- */

static const char *read_kind(struct toc_str word, enum toc_part_kind *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (toc_str_equal(word, toc_str_of(kind_words[i]))) {
            *out = (enum toc_part_kind)i;
            return NULL;
        }
    return "a part of unknown kind";
}

/* Reads "%kind size [zone] name" and the text; answers what is wrong, NULL for nothing. */
static const char *read_part(struct toc_str *rest, struct toc_bundle_part *part)
{
    struct toc_str line = take_until(rest, '\n');
    struct toc_str word = take_until(&line, ' ');
    const char *wrong;
    uint64_t size;
    if (word.size < 2 || word.data[0] != '%')
        return "no part begins here";
    wrong = read_kind(toc_str_from(word, 1), &part->kind);
    if (wrong)
        return wrong;
    if (toc_parse_u64(take_until(&line, ' '), &size) != TOC_OK || size >= rest->size)
        return "a part with a wrong size";
    part->zone = part->kind == TOC_PART_DATES ? take_until(&line, ' ') : toc_str(NULL, 0);
    part->name = line;
    if (!is_name(part->name) || (part->kind == TOC_PART_DATES && !is_name(part->zone)))
        return "a part with a wrong name";
    part->text = toc_str(rest->data, (size_t)size);
    if (rest->data[size] != '\n')
        return "a part with a wrong size";
    *rest = toc_str_from(*rest, (size_t)size + 1);
    return NULL;
}

static const char *read_parts(struct toc_str *rest, struct toc_bundle *out)
{
    while (rest->size > 0) {
        struct toc_bundle_part part;
        const char *wrong = read_part(rest, &part);
        if (wrong)
            return wrong;
        if (out->count == TOC_BUNDLE_PARTS_MAX)
            return "more parts than a policy may have";
        if (toc_bundle_find(out, part.kind, part.name, part.zone))
            return "the same part twice";
        out->parts[out->count++] = part;
    }
    return out->count > 0 && out->parts[0].kind == TOC_PART_FILE ? NULL : "no file at the front";
}

bool toc_bundle_is(struct toc_str text)
{
    return toc_str_starts(text, magic);
}

enum toc_err toc_bundle_read(struct toc_str text, struct toc_bundle *out, const char **out_wrong,
                             size_t *out_offset)
{
    struct toc_str rest = text;
    TOC_ASSERT(toc_bundle_is(text));
    rest = toc_str_from(text, magic.size);
    out->count = 0;
    *out_wrong = read_parts(&rest, out);
    *out_offset = text.size - rest.size;
    return *out_wrong ? TOC_ERR_CONFIG : TOC_OK;
}

const struct toc_bundle_part *toc_bundle_find(const struct toc_bundle *bundle,
                                              enum toc_part_kind kind, struct toc_str name,
                                              struct toc_str zone)
{
    for (size_t i = 0; i < bundle->count; i++) {
        const struct toc_bundle_part *part = &bundle->parts[i];
        if (part->kind == kind && toc_str_equal(part->name, name) &&
            (kind != TOC_PART_DATES || toc_str_equal(part->zone, zone)))
            return part;
    }
    return NULL;
}

/* --- writing ------------------------------------------------------------------------------- */

void toc_bundle_begin(FILE *out)
{
    fwrite(magic.data, 1, magic.size, out);
}

void toc_bundle_add(FILE *out, const struct toc_bundle_part *part)
{
    fprintf(out, "%%%s %zu ", kind_words[part->kind], part->text.size);
    if (part->kind == TOC_PART_DATES)
        fprintf(out, "%.*s ", (int)part->zone.size, part->zone.data);
    fprintf(out, "%.*s\n", (int)part->name.size, part->name.data);
    if (part->text.size > 0)
        fwrite(part->text.data, 1, part->text.size, out);
    fputc('\n', out);
}

/* --- resolving ------------------------------------------------------------------------------ */

/* Walks one step down, or up for "..": false when that leaves the root's directory. */
static bool step(char *out, size_t *used, struct toc_str word)
{
    if (word.size == 0 || toc_str_equal(word, TOC_STR(".")))
        return true;
    if (toc_str_equal(word, TOC_STR(".."))) {
        if (*used == 0)
            return false;
        while (*used > 0 && out[*used - 1] != '/')
            (*used)--;
        *used -= *used > 0;
        return true;
    }
    if (*used > 0)
        out[(*used)++] = '/';
    memcpy(out + *used, word.data, word.size);
    *used += word.size;
    return true;
}

enum toc_err toc_bundle_resolve(struct toc_str from, struct toc_str relative,
                                char out[TOC_BUNDLE_NAME_MAX + 1], const char **out_wrong)
{
    char path[2 * TOC_BUNDLE_NAME_MAX + 2];
    size_t used = 0;
    struct toc_str dir = from;
    *out_wrong = "no name of a file";
    if (relative.size == 0 || !toc_str_is_line(relative) || relative.data[relative.size - 1] == '/')
        return TOC_ERR_CONFIG;
    *out_wrong = "too long for the name of a file";
    if (relative.size > TOC_BUNDLE_NAME_MAX || from.size > TOC_BUNDLE_NAME_MAX)
        return TOC_ERR_CONFIG;
    *out_wrong = "an absolute path; name the file from the one that includes it";
    if (relative.data[0] == '/')
        return TOC_ERR_CONFIG;
    *out_wrong = "outside the directory of the policy's first file";
    while (dir.size > 0 && dir.data[dir.size - 1] != '/')
        dir.size--;
    while (dir.size > 0)
        (void)step(path, &used, take_until(&dir, '/'));
    while (relative.size > 0)
        if (!step(path, &used, take_until(&relative, '/')))
            return TOC_ERR_CONFIG;
    if (used == 0 || used > TOC_BUNDLE_NAME_MAX)
        return TOC_ERR_CONFIG;
    toc_str_copy(out, TOC_BUNDLE_NAME_MAX + 1, toc_str(path, used));
    return TOC_OK;
}
