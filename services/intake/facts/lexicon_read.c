#include "services/intake/facts/lexicon_read.h"

#include "services/intake/facts/lexicon_pattern.h"

#include "common/hash.h"

#include <stdlib.h>

#define RISK_TAIL_LEAST 6 /* with the blanks around it; what takes back is looked for seldom */
#define VERSION_NUMBER  " ?[0-9]{1,4}(?:\\.[0-9]{1,5}){0,3}"

static const struct {
    const char *name;
    enum lexicon_kind kind;
    enum lexicon_risk risk;
} classes[] = {
#define RISK_ROW(class) {#class, LEXICON_RISK, LEXICON_##class},
    FACTS_RISKS(RISK_ROW)
#undef RISK_ROW
        {"negation", LEXICON_NEGATION, 0},
    {"negation_after", LEXICON_NEGATION_AFTER, 0},
    {"clause", LEXICON_CLAUSE, 0},
    {"product", LEXICON_PRODUCT, 0},
    {"version", LEXICON_VERSION, 0},
};

#define CLASS_COUNT (sizeof(classes) / sizeof(classes[0]))

struct reading {
    struct toc_diag *diag;
    struct lexicon_lines *out;
};

static size_t offset_of(const struct reading *r, struct toc_str word)
{
    return (size_t)(word.data - r->diag->text.data);
}

/* Takes the next word and the blanks behind it off a line. */
static struct toc_str next_word(struct toc_str *line)
{
    struct toc_str word = {line->data, 0};
    while (word.size < line->size && line->data[word.size] != ' ')
        word.size++;
    *line = toc_str_from(*line, word.size);
    while (line->size > 0 && line->data[0] == ' ')
        *line = toc_str_from(*line, 1);
    return word;
}

/* --- columns -------------------------------------------------------------------------------- */

static bool read_class(struct reading *r, struct toc_str word, struct lexicon_line *line)
{
    struct toc_str name = word;
    struct toc_guess guess;
    bool excepted = name.size > 0 && name.data[0] == '!';
    if (excepted)
        name = toc_str_from(name, 1);
    line->weak = !excepted && name.size > 0 && name.data[name.size - 1] == '?';
    name.size -= line->weak;
    toc_guess_init(&guess, name);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        toc_guess_offer(&guess, classes[i].name);
        if (!toc_str_equal(toc_str_of(classes[i].name), name))
            continue;
        line->kind = excepted ? LEXICON_EXCEPTION : classes[i].kind;
        line->risk = classes[i].risk;
        if (classes[i].kind == LEXICON_RISK || (!excepted && !line->weak))
            return true;
        toc_diag_error(r->diag, offset_of(r, word), "'!' and '?' are for risks");
        return false;
    }
    toc_diag_error(r->diag, offset_of(r, word), "unknown class '%.*s'", TOC_DIAG_ARG(name));
    if (guess.best != NULL)
        toc_diag_hint(r->diag, "did you mean '%s'?", guess.best);
    else
        toc_diag_hint(r->diag, "a line is CLASS LANGUAGE PHRASE; a class is a risk such as fraud, "
                               "!RISK, negation, negation_after, clause, product or version");
    return false;
}

/* Letters of a language, then perhaps script or region: "en", "pt-BR". */
static bool is_tag(struct toc_str word)
{
    size_t letters = 0;
    while (letters < word.size && word.data[letters] >= 'a' && word.data[letters] <= 'z')
        letters++;
    if (letters < 2 || letters > 3 || word.size >= FACT_LANGUAGE_MAX)
        return false;
    for (size_t i = letters; i < word.size; i++) {
        char c = word.data[i], lower = (char)(c | 0x20);
        if (c != '-' && !(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    return word.size == letters || (word.data[letters] == '-' && word.size > letters + 2);
}

static bool read_language(struct reading *r, struct toc_str word, struct lexicon_line *line)
{
    struct lexicon_lines *out = r->out;
    if (!is_tag(word)) {
        toc_diag_error(r->diag, offset_of(r, word), "'%.*s' is not a language", TOC_DIAG_ARG(word));
        toc_diag_hint(r->diag, "a BCP 47 tag in small letters, such as en or pt");
        return false;
    }
    for (size_t i = 0; i < out->language_count; i++)
        if (toc_str_equal(toc_str_of(out->languages[i].tag), word)) {
            line->language = (unsigned)i;
            return true;
        }
    if (out->language_count == LEXICON_LANGUAGES_MAX) {
        toc_diag_error(r->diag, offset_of(r, word), "more than %d languages",
                       LEXICON_LANGUAGES_MAX);
        return false;
    }
    line->language = (unsigned)out->language_count++;
    toc_str_copy(out->languages[line->language].tag, FACT_LANGUAGE_MAX, word);
    return true;
}

static bool is_name(struct toc_str word)
{
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i], lower = (char)(c | 0x20);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
            memchr("-_.:/", c, 5) == NULL)
            return false;
    }
    return word.size > 0 && word.size < FACT_VALUE_MAX;
}

static enum toc_err read_product(struct reading *r, struct toc_str word, struct lexicon_line *line)
{
    if (!is_name(word)) {
        toc_diag_error(r->diag, offset_of(r, word), "'%.*s' is not the name of a product",
                       TOC_DIAG_ARG(word));
        toc_diag_hint(r->diag, "1 to 64 letters, digits and - _ . : /");
        return TOC_ERR_CONFIG;
    }
    line->product = strndup(word.data, word.size);
    return line->product != NULL ? TOC_OK : TOC_ERR_MEMORY;
}

static enum toc_err read_phrase(struct reading *r, struct toc_str phrase, struct lexicon_line *line)
{
    struct lexicon_form form = {line->kind == LEXICON_VERSION ? VERSION_NUMBER : "", false};
    char regex[LEXICON_REGEX_MAX];
    struct lexicon_fault fault;
    line->offset = offset_of(r, phrase);
    line->size = phrase.size;
    if (phrase.size == 0) {
        toc_diag_error(r->diag, line->offset, "a line is CLASS LANGUAGE PHRASE");
        return TOC_ERR_CONFIG;
    }
    if (lexicon_pattern(phrase, &form, regex, &fault) != TOC_OK) {
        toc_diag_error(r->diag, line->offset + fault.offset, "%s", fault.message);
        if (fault.hint != NULL)
            toc_diag_hint(r->diag, "%s", fault.hint);
        return TOC_ERR_CONFIG;
    }
    if (line->kind == LEXICON_RISK || line->kind == LEXICON_EXCEPTION ||
        line->kind == LEXICON_CLAUSE) {
        line->span = lexicon_span_new(phrase, line->kind == LEXICON_RISK ? RISK_TAIL_LEAST : 0);
        if (line->span == NULL)
            return TOC_ERR_MEMORY;
        form.of_tail = lexicon_span_has_tail(line->span);
        TOC_TRY(lexicon_pattern(phrase, &form, regex, &fault));
    }
    line->regex = strdup(regex);
    return line->regex != NULL ? TOC_OK : TOC_ERR_MEMORY;
}

/* --- lines ---------------------------------------------------------------------------------- */

static void count_in(uint8_t hash[32], struct toc_str text)
{
    toc_sha256_pair(hash, toc_str(hash, 32), text);
}

/* TOC_ERR_CONFIG: the line was reported. */
static enum toc_err read_line(struct reading *r, struct toc_str text, struct lexicon_line *line)
{
    struct lexicon_lines *out = r->out;
    struct toc_str rest = text, word = next_word(&rest);
    bool of_product;
    if (!read_class(r, word, line))
        return TOC_ERR_CONFIG;
    of_product = line->kind == LEXICON_PRODUCT || line->kind == LEXICON_VERSION;
    word = next_word(&rest);
    if (line->kind == LEXICON_PRODUCT)
        TOC_TRY(read_product(r, word, line));
    else if (!read_language(r, word, line))
        return TOC_ERR_CONFIG;
    TOC_TRY(read_phrase(r, rest, line));
    count_in(of_product ? out->products_hash : out->languages[line->language].hash, text);
    return TOC_OK;
}

static void line_done(struct lexicon_line *line)
{
    free(line->product);
    free(line->regex);
    lexicon_span_free(line->span);
}

static enum toc_err add_line(struct reading *r, struct toc_str text)
{
    struct lexicon_line line = {0};
    if (r->out->count == LEXICON_LINES_MAX) {
        toc_diag_error(r->diag, offset_of(r, text), "more than %d lines", LEXICON_LINES_MAX);
        return TOC_OK;
    }
    enum toc_err err = read_line(r, text, &line);
    if (err == TOC_OK)
        r->out->lines[r->out->count++] = line;
    else
        line_done(&line);
    return err == TOC_ERR_CONFIG ? TOC_OK : err;
}

static struct toc_str trim(struct toc_str line)
{
    while (line.size > 0 && memchr(" \t\r", line.data[line.size - 1], 3) != NULL)
        line.size--;
    while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        line = toc_str_from(line, 1);
    return line;
}

enum toc_err lexicon_read(struct toc_diag *diag, struct lexicon_lines *out)
{
    struct reading r = {diag, out};
    struct toc_str rest = diag->text;
    *out = (struct lexicon_lines){0};
    out->lines = calloc(LEXICON_LINES_MAX, sizeof(*out->lines));
    if (out->lines == NULL)
        return TOC_ERR_MEMORY;
    while (rest.size > 0) {
        const char *end = memchr(rest.data, '\n', rest.size);
        size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
        struct toc_str line = trim(toc_str(rest.data, size));
        rest = toc_str_from(rest, end != NULL ? size + 1 : size);
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (toc_str_is_text(line))
            TOC_TRY(add_line(&r, line));
        else
            toc_diag_error(diag, offset_of(&r, line), "the line is not UTF-8");
    }
    return TOC_OK;
}

void lexicon_lines_done(struct lexicon_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        line_done(&lines->lines[i]);
    free(lines->lines);
    lines->lines = NULL;
}
