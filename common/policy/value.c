#include "common/policy/build.h"

#include <stdio.h>

static const char *const risk_words[] = {NULL, "none", "low", "elevated", "severe", "critical"};
static const char *const priority_words[] = {NULL, "P1", "P2", "P3", "P4"};
static const char *const state_words[] = {NULL,      "new",    "open",  "pending",
                                          "on_hold", "solved", "closed"};

#define WORDS(table)                                                                               \
    {                                                                                              \
        (table), sizeof(table) / sizeof((table)[0])                                                \
    }

const struct toc_words toc_words_risk = WORDS(risk_words);
const struct toc_words toc_words_priority = WORDS(priority_words);
const struct toc_words toc_words_state = WORDS(state_words);

void *toc_build_array(struct toc_build *b, size_t count, size_t size)
{
    void *array = toc_pool_array(&b->pool, count, size);
    if (!array)
        b->out_of_memory = true;
    return array;
}

static const char *kind_text(const struct toc_yaml *node)
{
    switch (node->kind) {
    case TOC_YAML_NOTHING:
        return "nothing";
    case TOC_YAML_TEXT:
        return "a text";
    case TOC_YAML_LIST:
        return "a list";
    case TOC_YAML_MAP:
        return "a map";
    case TOC_YAML_BROKEN:
        break;
    }
    return "something else";
}

static bool is_kind(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    enum toc_yaml_kind kind)
{
    struct toc_yaml wanted = {.kind = kind};
    if (node->kind == kind)
        return true;
    if (node->kind != TOC_YAML_BROKEN)
        toc_diag_error(b->diag, node->offset, "%s has to be %s, not %s", what, kind_text(&wanted),
                       kind_text(node));
    return false;
}

bool toc_value_map(struct toc_build *b, const struct toc_yaml *node, const char *what)
{
    return is_kind(b, node, what, TOC_YAML_MAP);
}

/* Words for a hint, one after the other. */
struct known {
    char text[360];
    size_t used;
};

/* --- keys ------------------------------------------------------------------------------------- */

/* Adds to a list for a hint; what does not fit is left out. */
static void add_known(struct known *known, const char *word)
{
    int length = snprintf(known->text + known->used, sizeof(known->text) - known->used, "%s%s",
                          known->used ? ", " : "", word);
    TOC_ASSERT(length > 0);
    if ((size_t)length < sizeof(known->text) - known->used)
        known->used += (size_t)length;
    else
        known->text[known->used] = '\0';
}

static void refuse_key(struct toc_build *b, const struct toc_yaml *key, const char *what,
                       const struct toc_key *keys)
{
    struct known known = {"", 0};
    struct toc_guess guess;
    toc_guess_init(&guess, key->text);
    for (; keys->name; keys++) {
        add_known(&known, keys->name);
        toc_guess_offer(&guess, keys->name);
    }
    toc_diag_error(b->diag, key->offset, "unknown key '%.*s' in %s", TOC_DIAG_ARG(key->text), what);
    if (guess.best)
        toc_diag_hint(b->diag, "did you mean '%s'?", guess.best);
    else
        toc_diag_hint(b->diag, "known are %s", known.text);
}

bool toc_value_keys(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const struct toc_key *keys, const struct toc_yaml **values)
{
    for (size_t i = 0; keys[i].name; i++)
        values[i] = NULL;
    if (!toc_value_map(b, node, what))
        return false;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next) {
        size_t i = 0;
        while (keys[i].name && !toc_str_equal(entry->key->text, toc_str_of(keys[i].name)))
            i++;
        if (keys[i].name)
            values[i] = entry;
        else
            refuse_key(b, entry->key, what, keys);
    }
    for (size_t i = 0; keys[i].name; i++)
        if (keys[i].required && !values[i])
            toc_diag_error(b->diag, node->offset, "%s has no '%s'", what, keys[i].name);
    return true;
}

/* --- texts ------------------------------------------------------------------------------------ */

const struct toc_yaml *toc_value_items(struct toc_build *b, const struct toc_yaml *node,
                                       const char *what, size_t *count)
{
    *count = 1;
    if (node->kind == TOC_YAML_TEXT)
        return node;
    if (!is_kind(b, node, what, TOC_YAML_LIST))
        return NULL;
    *count = node->count;
    return node->count > 0 ? node->first : node;
}

static bool keep(struct toc_build *b, struct toc_str text, const char **out)
{
    *out = toc_pool_copy(&b->pool, text);
    if (!*out)
        b->out_of_memory = true;
    return *out != NULL;
}

bool toc_value_text(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const char **out)
{
    if (!is_kind(b, node, what, TOC_YAML_TEXT))
        return false;
    if (node->text.size == 0) {
        toc_diag_error(b->diag, node->offset, "%s is empty", what);
        return false;
    }
    if (node->text.size > TOC_POLICY_VALUE_MAX) {
        toc_diag_error(b->diag, node->offset, "%s is longer than %d bytes", what,
                       TOC_POLICY_VALUE_MAX);
        return false;
    }
    return keep(b, node->text, out);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.:/", c));
}

bool toc_value_name(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const char **out)
{
    if (!toc_value_text(b, node, what, out))
        return false;
    if (node->text.size > TOC_POLICY_NAME_MAX) {
        toc_diag_error(b->diag, node->offset, "%s is longer than %d bytes", what,
                       TOC_POLICY_NAME_MAX);
        return false;
    }
    for (size_t i = 0; i < node->text.size; i++)
        if (!is_name_char(node->text.data[i])) {
            toc_diag_error(b->diag, node->offset, "%s '%.*s' has characters that no id may have",
                           what, TOC_DIAG_ARG(node->text));
            toc_diag_hint(b->diag, "letters, digits and - _ . : / only; people and addresses stay "
                                   "outside the policy, behind an id");
            return false;
        }
    return true;
}

bool toc_value_texts(struct toc_build *b, const struct toc_yaml *node, const char *what,
                     toc_value_reader *reader, struct toc_texts *out)
{
    size_t count;
    const struct toc_yaml *item = toc_value_items(b, node, what, &count);
    const char **values = item ? toc_build_array(b, count, sizeof(*values)) : NULL;
    bool good = true;
    if (!values)
        return false;
    for (size_t i = 0; i < count; i++, item = item->next)
        good = reader(b, item, what, &values[i]) && good;
    out->values = values;
    out->count = count;
    return good;
}

bool toc_value_number(struct toc_build *b, const struct toc_yaml *node, const char *what,
                      unsigned max, unsigned *out)
{
    uint64_t number;
    if (!is_kind(b, node, what, TOC_YAML_TEXT))
        return false;
    if (toc_parse_u64(node->text, &number) != TOC_OK || number > max) {
        toc_diag_error(b->diag, node->offset, "%s has to be a whole number up to %u, not '%.*s'",
                       what, max, TOC_DIAG_ARG(node->text));
        return false;
    }
    *out = (unsigned)number;
    return true;
}

/* --- words and references --------------------------------------------------------------------- */

static void hint_words(struct toc_build *b, struct toc_str wanted, const struct toc_words *words)
{
    struct known known = {"", 0};
    struct toc_guess guess;
    toc_guess_init(&guess, wanted);
    for (size_t i = 0; i < words->count; i++) {
        if (!words->words[i])
            continue;
        add_known(&known, words->words[i]);
        toc_guess_offer(&guess, words->words[i]);
    }
    if (guess.best)
        toc_diag_hint(b->diag, "did you mean '%s'?", guess.best);
    else
        toc_diag_hint(b->diag, "one of %s", known.text);
}

bool toc_value_word(struct toc_build *b, const struct toc_yaml *node, const char *what,
                    const struct toc_words *words, unsigned *out)
{
    if (!is_kind(b, node, what, TOC_YAML_TEXT))
        return false;
    for (size_t i = 0; i < words->count; i++)
        if (words->words[i] && toc_str_equal(node->text, toc_str_of(words->words[i]))) {
            *out = (unsigned)i;
            return true;
        }
    toc_diag_error(b->diag, node->offset, "unknown %s '%.*s'", what, TOC_DIAG_ARG(node->text));
    hint_words(b, node->text, words);
    return false;
}

static const char *name_at(const struct toc_names *names, size_t index)
{
    const char *name;
    memcpy(&name, (const char *)names->base + index * names->stride, sizeof(name));
    return name;
}

/* Only for errors that will be shown: comparing with every name is slow. */
static void hint_name(struct toc_build *b, struct toc_str wanted, const char *what,
                      const struct toc_names *names)
{
    struct toc_guess guess;
    if (b->diag->count > TOC_DIAG_MAX)
        return;
    toc_guess_init(&guess, wanted);
    for (size_t i = 0; i < names->count; i++)
        if (name_at(names, i))
            toc_guess_offer(&guess, name_at(names, i));
    if (guess.best)
        toc_diag_hint(b->diag, "did you mean '%s'?", guess.best);
    else if (names->count == 0)
        toc_diag_hint(b->diag, "the policy has none; add it under '%ss'", what);
}

bool toc_value_reference(struct toc_build *b, const struct toc_yaml *node, const char *what,
                         const struct toc_names *names, size_t *out)
{
    if (!is_kind(b, node, what, TOC_YAML_TEXT))
        return false;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = name_at(names, i);
        if (name && toc_str_equal(node->text, toc_str_of(name))) {
            *out = i;
            return true;
        }
    }
    toc_diag_error(b->diag, node->offset, "there is no %s '%.*s'", what, TOC_DIAG_ARG(node->text));
    hint_name(b, node->text, what, names);
    return false;
}

bool toc_build_path_of(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_path **out)
{
    const struct toc_names names = {b->paths, b->policy.path_count, sizeof(*b->paths)};
    size_t index;
    if (!node)
        return true;
    if (!toc_value_reference(b, node, "path", &names, &index))
        return false;
    *out = &b->paths[index];
    return true;
}

void *toc_build_names(struct toc_build *b, const struct toc_yaml *node, const char *what,
                      size_t stride, size_t *count)
{
    char *array;
    size_t at = 0;
    *count = 0;
    if (!toc_value_map(b, node, what) || node->count == 0)
        return NULL;
    array = toc_build_array(b, node->count, stride);
    if (!array)
        return NULL;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next, at += stride) {
        const char *name = NULL;
        (void)toc_value_name(b, entry->key, "a name", &name);
        memcpy(array + at, &name, sizeof(name));
    }
    *count = node->count;
    return array;
}
