#include "services/intake/facts/lexicon_pattern.h"

#include "services/intake/facts/plain.h"
#include "services/intake/facts/words.h"

#include <assert.h>

#define BEGIN         " (?:"
#define BEGIN_SIZE    (sizeof(BEGIN) - 1)
#define GAP           "(?:[^ .,]+ ){0,3}"
#define DEPTH_MAX     4
#define GAPS_MAX      3
#define BEGIN_AND_END 64 /* bytes around a phrase, its tail included */
static_assert(LEXICON_PATTERN_MAX * 8 + BEGIN_AND_END < LEXICON_REGEX_MAX,
              "no code point becomes more than eight times its bytes");

/* What stood before the place that is looked at. */
enum before { NOTHING, BLANK, OPEN, BAR, LETTER, CLOSE, STAR, OPTION };

struct state {
    struct toc_str in;
    size_t at;
    char *out;
    size_t size;
    bool of_tail;
    enum before before;
    bool after_blank; /* of the bytes that were put, groups left aside */
    unsigned depth, gaps, letters;
    struct lexicon_fault *fault;
};

static enum toc_err wrong(struct state *s, const char *message, const char *hint)
{
    *s->fault = (struct lexicon_fault){s->at, message, hint};
    return TOC_ERR_CONFIG;
}

static void put(struct state *s, const char *text, size_t size)
{
    TOC_ASSERT(s->size + size < LEXICON_REGEX_MAX);
    memcpy(s->out + s->size, text, size);
    s->size += size;
}

static bool is_atom(enum before before)
{
    return before == LETTER || before == CLOSE || before == STAR || before == OPTION;
}

static enum toc_err put_open(struct state *s)
{
    if (s->depth++ == DEPTH_MAX)
        return wrong(s, "groups within groups within groups", "write two lines");
    put(s, "(?:", 3);
    s->before = OPEN;
    return TOC_OK;
}

static enum toc_err put_bar(struct state *s)
{
    if (s->depth == 0)
        return wrong(s, "'|' outside of a group", "alternatives stand in ( )");
    if (!is_atom(s->before) && s->before != BLANK)
        return wrong(s, "an empty alternative", "write ? behind the group when it may be missing");
    put(s, "|", 1);
    s->before = BAR;
    return TOC_OK;
}

static enum toc_err put_close(struct state *s)
{
    if (s->depth == 0)
        return wrong(s, "')' without '('", NULL);
    if (!is_atom(s->before) && s->before != BLANK)
        return wrong(s, "an empty alternative", "write ? behind the group when it may be missing");
    s->depth--;
    put(s, ")", 1);
    s->before = CLOSE;
    return TOC_OK;
}

static enum toc_err put_option(struct state *s)
{
    if (s->before != LETTER && s->before != CLOSE)
        return wrong(s, "'?' needs a letter or a group before it", NULL);
    put(s, "?", 1);
    s->before = OPTION;
    return TOC_OK;
}

static enum toc_err put_star(struct state *s)
{
    bool ends = s->at + 1 == s->in.size || strchr(" )|", s->in.data[s->at + 1]) != NULL;
    if (!is_atom(s->before) || s->before == STAR || !ends)
        return wrong(s, "'*' stands for the end of a word", "write it behind a word's letters");
    put(s, "[^ ]*", 5);
    s->before = STAR;
    s->after_blank = false;
    return TOC_OK;
}

static enum toc_err put_blank(struct state *s)
{
    if (s->before == BLANK)
        return wrong(s, "two blanks in a row", NULL);
    put(s, " ", 1);
    s->before = BLANK;
    s->after_blank = true;
    return TOC_OK;
}

/* "word ... word": the blanks around it are the phrase's. */
static enum toc_err put_gap(struct state *s)
{
    const struct toc_str gap = TOC_STR("... ");
    if (!s->after_blank || s->before == OPEN || s->before == BAR ||
        !toc_str_starts(toc_str_from(s->in, s->at), gap))
        return wrong(s, "'.' stands only in \" ... \", between words", NULL);
    if (s->gaps++ == GAPS_MAX)
        return wrong(s, "more than three times \"...\"", "write a shorter phrase");
    if (s->of_tail && s->depth == 0)
        s->size = BEGIN_SIZE;
    else
        put(s, GAP, sizeof(GAP) - 1);
    s->at += gap.size - 1;
    s->before = BLANK;
    return TOC_OK;
}

/* A letter of several bytes is grouped for the '?' behind it. */
static enum toc_err put_letter(struct state *s, uint32_t code, size_t code_size)
{
    char letter[WORDS_LETTER_MAX];
    size_t size = words_letter(letter, code), after = s->at + code_size;
    bool grouped = size > 1 && after < s->in.size && s->in.data[after] == '?';
    if (!words_is_letter(code))
        return wrong(s, "neither a letter nor a digit",
                     "a phrase has letters, blanks, ( | ) ? * ...");
    if (grouped)
        put(s, "(?:", 3);
    put(s, letter, size);
    if (grouped)
        put(s, ")", 1);
    s->letters += size > 0;
    if (size > 0) {
        s->before = LETTER;
        s->after_blank = false;
    }
    return TOC_OK;
}

static enum toc_err put_next(struct state *s, uint32_t code, size_t size)
{
    switch (code) {
    case '(':
        return put_open(s);
    case '|':
        return put_bar(s);
    case ')':
        return put_close(s);
    case '?':
        return put_option(s);
    case '*':
        return put_star(s);
    case ' ':
    case '-':
        return put_blank(s);
    case '.':
        return put_gap(s);
    case '\'':
        return TOC_OK; /* the words have none */
    default:
        return put_letter(s, code, size);
    }
}

enum toc_err lexicon_pattern(struct toc_str pattern, const struct lexicon_form *form,
                             char out[LEXICON_REGEX_MAX], struct lexicon_fault *fault)
{
    struct state s = {.in = pattern, .out = out, .of_tail = form->of_tail, .fault = fault};
    TOC_ASSERT(strlen(form->number) + 8 < BEGIN_AND_END);
    if (pattern.size > LEXICON_PATTERN_MAX)
        return wrong(&s, "a phrase of more than 1,200 bytes", "write several lines");
    put(&s, BEGIN, BEGIN_SIZE);
    while (s.at < pattern.size) {
        size_t size = 1;
        uint32_t code = plain_at(pattern.data + s.at, &size);
        TOC_TRY(put_next(&s, code, size));
        s.at += size;
    }
    if (s.depth > 0)
        return wrong(&s, "'(' without ')'", NULL);
    if (s.letters == 0 || s.before == BLANK)
        return wrong(&s, "a phrase ends with a word", NULL);
    put(&s, ")", 1);
    put(&s, form->number, strlen(form->number));
    put(&s, " ", 1);
    out[s.size] = '\0';
    return TOC_OK;
}
