#include "services/intake/facts/lexicon.h"

#include "services/intake/facts/lexicon_pattern.h"
#include "services/intake/facts/lexicon_read.h"
#include "services/intake/facts/lexicon_text.h"
#include "services/intake/facts/patterns.h"
#include "services/intake/facts/words.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FORMAT_VERSION   "1"
#define NEGATION_WORDS   4 /* so far it reaches on */
#define AFTER_WORDS      2 /* so far back */
#define STRONG_PERCENT   80
#define WEAK_PERCENT     50
#define PLACE_PERCENT    5 /* for each further place */
#define PLACES_PERCENT   95
#define MATCHES_MAX      512 /* that are kept of a text */
#define CLAUSE_BYTES     256 /* that are looked at for what could take back */
#define UNKNOWN          SIZE_MAX
#define DETECTOR_VERSION "/" FORMAT_VERSION ":"

/* What ends at a place of the words. */
enum { NEGATION = 1, AFTER = 2, CLAUSE = 4 };

struct tally {
    unsigned places, strong;
    size_t until; /* of the place counted last */
};

struct match {
    const struct lexicon_line *line;
    size_t from, until; /* `from` is UNKNOWN until it is asked for */
};

struct lexicon {
    struct lexicon_lines lines;
    struct patterns *context; /* what takes back: the lines in `context_lines` */
    struct patterns *terms;
    struct lexicon_walk *walk;
    unsigned *context_lines, *term_lines;
    uint8_t *marks;    /* by place in the words: NEGATION, AFTER, CLAUSE that ends there */
    uint8_t *excepted; /* by place: bits of risks that an exception covers */
    char detectors[LEXICON_LANGUAGES_MAX][FACTS_DETECTOR];
    char products_detector[FACTS_DETECTOR];
    bool has_negation; /* while phrases are looked at */

    /* Of the text that is looked at. */
    struct toc_str words;
    struct lexicon_before before;      /* the place looked at last; at 0: none */
    struct match matches[MATCHES_MAX]; /* of risks, taken back or not */
    size_t match_count;                /* more than MATCHES_MAX: look again */
    struct tally tallies[LEXICON_RISKS][LEXICON_LANGUAGES_MAX];
    const struct lexicon_line *product; /* the first one */
    size_t product_until;
    struct toc_str version;
};

static_assert(LEXICON_RISKS <= 8, "a bit each");

static const char *const risk_names[] = {
#define RISK_NAME(class) "risk." #class,
    FACTS_RISKS(RISK_NAME)
#undef RISK_NAME
};

/* --- opening -------------------------------------------------------------------------------- */

static bool is_context(const struct lexicon_line *line)
{
    return line->kind != LEXICON_RISK && line->kind != LEXICON_PRODUCT &&
           line->kind != LEXICON_VERSION;
}

/* Compiles the lines of one sort. */
static enum toc_err compile(struct lexicon *lexicon, bool context, const char *cache,
                            struct toc_diag *diag)
{
    const struct lexicon_lines *lines = &lexicon->lines;
    const char **regexes = calloc(lines->count + 1, sizeof(*regexes));
    unsigned *numbers = calloc(lines->count + 1, sizeof(*numbers));
    char wrong[PATTERNS_WRONG_MAX];
    size_t count = 0, index = 0;
    enum toc_err err = TOC_ERR_MEMORY;
    *(context ? &lexicon->context_lines : &lexicon->term_lines) = numbers;
    if (regexes != NULL && numbers != NULL) {
        for (size_t i = 0; i < lines->count; i++) {
            if (is_context(&lines->lines[i]) != context)
                continue;
            regexes[count] = lines->lines[i].regex;
            numbers[count++] = (unsigned)i;
        }
        const struct patterns_source source = {regexes, count, PATTERNS_ENDS,
                                               context ? "context" : "terms", cache};
        err = patterns_open(&source, context ? &lexicon->context : &lexicon->terms, &index, wrong);
    }
    if (err == TOC_ERR_CONFIG) {
        toc_diag_error(diag, lines->lines[numbers[index]].offset, "%s", wrong);
        toc_diag_hint(diag, "write it as two shorter phrases");
    }
    free(regexes);
    return err;
}

static void on_negation(void *arg, size_t index, size_t until)
{
    struct lexicon *lexicon = arg;
    enum lexicon_kind kind = lexicon->lines.lines[lexicon->context_lines[index]].kind;
    (void)until;
    lexicon->has_negation |= kind == LEXICON_NEGATION || kind == LEXICON_NEGATION_AFTER;
}

/* Finds the phrases with a negation among their own words. */
static void find_negations(struct lexicon *lexicon, struct toc_str text)
{
    char phrase[LEXICON_PATTERN_MAX], words[WORDS_ROOM(LEXICON_PATTERN_MAX)];
    for (size_t i = 0; i < lexicon->lines.count; i++) {
        struct lexicon_line *line = &lexicon->lines.lines[i];
        size_t size = 0;
        for (const char *p = text.data + line->offset; size < line->size; p++)
            phrase[size++] = strchr("(|)?*.", *p) != NULL ? ' ' : *p;
        lexicon->has_negation = false;
        size = words_make(words, toc_str(phrase, size));
        patterns_scan(lexicon->context, toc_str(words, size), on_negation, lexicon);
        line->says_no = lexicon->has_negation;
    }
}

static void name_detectors(struct lexicon *lexicon)
{
    char hash[9];
    for (size_t i = 0; i < lexicon->lines.language_count; i++) {
        toc_hex(hash, lexicon->lines.languages[i].hash, 4);
        (void)snprintf(lexicon->detectors[i], FACTS_DETECTOR, "lexicon-%s" DETECTOR_VERSION "%s",
                       lexicon->lines.languages[i].tag, hash);
    }
    toc_hex(hash, lexicon->lines.products_hash, 4);
    (void)snprintf(lexicon->products_detector, FACTS_DETECTOR, "products" DETECTOR_VERSION "%s",
                   hash);
}

static enum toc_err compile_all(struct lexicon *lexicon, const char *cache, struct toc_diag *diag)
{
    TOC_TRY(lexicon_read(diag, &lexicon->lines));
    if (diag->count > 0)
        return TOC_ERR_CONFIG;
    TOC_TRY(compile(lexicon, true, cache, diag));
    TOC_TRY(compile(lexicon, false, cache, diag));
    find_negations(lexicon, diag->text);
    name_detectors(lexicon);
    return TOC_OK;
}

static enum toc_err read_and_compile(struct lexicon *lexicon, const char *dir, const char *cache,
                                     char **out_errors)
{
    struct lexicon_text *text = calloc(1, sizeof(*text));
    struct toc_diag *diag = calloc(1, sizeof(*diag));
    char *in_dir = NULL;
    enum toc_err err = TOC_ERR_MEMORY;
    if (text != NULL && diag != NULL && asprintf(&in_dir, "%s/", dir ? dir : "built in") >= 0)
        err = lexicon_text_read(dir, text, out_errors);
    if (err == TOC_OK) {
        toc_diag_init(diag, toc_str(text->bytes, text->size), in_dir);
        toc_diag_files(diag, text->files, text->file_count);
        err = compile_all(lexicon, cache, diag);
        if (err == TOC_ERR_CONFIG)
            *out_errors = toc_diag_text(diag);
        lexicon_text_done(text);
    }
    free(in_dir);
    free(diag);
    free(text);
    return err;
}

enum toc_err lexicon_open(const char *dir, const char *cache, size_t words_max,
                          struct lexicon **out, char **out_errors)
{
    struct lexicon *lexicon = calloc(1, sizeof(*lexicon));
    enum toc_err err = TOC_ERR_MEMORY;
    if (lexicon == NULL)
        return TOC_ERR_MEMORY;
    lexicon->marks = calloc(1, words_max + 1);
    lexicon->excepted = calloc(1, words_max + 1);
    lexicon->walk = lexicon_walk_new();
    if (lexicon->marks != NULL && lexicon->excepted != NULL && lexicon->walk != NULL)
        err = read_and_compile(lexicon, dir, cache, out_errors);
    if (err != TOC_OK) {
        lexicon_close(lexicon);
        return err;
    }
    *out = lexicon;
    return TOC_OK;
}

void lexicon_close(struct lexicon *lexicon)
{
    if (lexicon == NULL)
        return;
    patterns_close(lexicon->terms);
    patterns_close(lexicon->context);
    free(lexicon->term_lines);
    free(lexicon->context_lines);
    lexicon_lines_done(&lexicon->lines);
    lexicon_walk_free(lexicon->walk);
    free(lexicon->excepted);
    free(lexicon->marks);
    free(lexicon);
}

/* --- what takes back ------------------------------------------------------------------------ */

/* Where the phrase begins that seems to end with the blank at `at`; `at` when it does not. */
static size_t begin_of(struct lexicon *lexicon, const struct lexicon_line *line, size_t at)
{
    if (lexicon_span_has_tail(line->span)) {
        if (lexicon->before.at != at)
            lexicon_before_find(lexicon->words, at, &lexicon->before);
        if (!lexicon_span_may_begin(line->span, &lexicon->before))
            return at;
    }
    return lexicon_span_begin(line->span, lexicon->walk, lexicon->words, at);
}

/* Makes a match of what ends there; false when it is no more than a tail. */
static bool take(struct lexicon *lexicon, const struct lexicon_line *line, size_t until,
                 struct match *out)
{
    size_t at = until - 1; /* a match includes the blank behind it */
    bool has_tail = lexicon_span_has_tail(line->span);
    *out = (struct match){line, has_tail ? begin_of(lexicon, line, at) : UNKNOWN, at};
    return out->from != at;
}

/* An exception covers its words; the others are where they end. */
static void on_context(void *arg, size_t index, size_t until)
{
    struct lexicon *lexicon = arg;
    const struct lexicon_line *line = &lexicon->lines.lines[lexicon->context_lines[index]];
    size_t at = until - 1;
    struct match match;
    if (line->kind == LEXICON_NEGATION)
        lexicon->marks[at] |= NEGATION;
    else if (line->kind == LEXICON_NEGATION_AFTER)
        lexicon->marks[at] |= AFTER;
    else if (line->kind == LEXICON_CLAUSE)
        lexicon->marks[at] |= take(lexicon, line, until, &match) ? CLAUSE : 0;
    else
        for (size_t from = begin_of(lexicon, line, at) + 1; from < at; from++)
            lexicon->excepted[from] |= (uint8_t)(1U << line->risk);
}

/* Whether a negation ends at most so many words before the blank at `at`, in the same clause. */
static bool is_negated_before(const struct lexicon *lexicon, size_t at)
{
    const char *data = lexicon->words.data;
    for (unsigned words = 0; words <= NEGATION_WORDS; words++) {
        if (lexicon->marks[at] & CLAUSE || at == 0 || words_is_mark(data[at - 1]))
            return false;
        if (lexicon->marks[at] & NEGATION)
            return true;
        for (at--; at > 0 && data[at] != ' ';)
            at--;
    }
    return false;
}

static bool is_negated_after(const struct lexicon *lexicon, size_t at)
{
    struct toc_str words = lexicon->words;
    for (unsigned count = 0; count < AFTER_WORDS && at + 1 < words.size; count++) {
        if (words_is_mark(words.data[at + 1]))
            return false;
        for (at++; words.data[at] != ' ';)
            at++;
        if (lexicon->marks[at] & AFTER)
            return true;
    }
    return false;
}

/* Whether one stands in a gap of the phrase; a phrase that says no itself means it. */
static bool is_negated_inside(const struct lexicon *lexicon, const struct lexicon_line *line,
                              size_t from, size_t at)
{
    for (size_t i = from + 1; i < at && !line->says_no; i++)
        if (lexicon->marks[i] & (NEGATION | AFTER))
            return true;
    return false;
}

static bool is_excepted(const struct lexicon *lexicon, enum lexicon_risk risk, size_t from,
                        size_t until)
{
    for (size_t at = from; at < until; at++)
        if (lexicon->excepted[at] & 1U << risk)
            return true;
    return false;
}

/* --- terms ---------------------------------------------------------------------------------- */

/*
 * Whether there is nothing in the clause before `at` that could matter to a phrase of this risk: so
 * it need not be known where it begins.
 */
static bool is_clear_before(const struct lexicon *lexicon, const struct lexicon_line *line,
                            const struct tally *tally, size_t at)
{
    const char *data = lexicon->words.data;
    size_t least = at > CLAUSE_BYTES ? at - CLAUSE_BYTES : 0;
    for (; at > 0 && !(data[at] == ' ' && words_is_mark(data[at - 1])); at--)
        if (at == least || lexicon->marks[at] & (NEGATION | AFTER) ||
            lexicon->excepted[at] & 1U << line->risk)
            return false;
    return tally->places == 0 || tally->until <= at;
}

static void judge_risk(struct lexicon *lexicon, const struct match *match)
{
    const struct lexicon_line *line = match->line;
    struct tally *tally = &lexicon->tallies[line->risk][line->language];
    size_t at = match->until, from = match->from;
    bool clear = is_clear_before(lexicon, line, tally, at);
    if (!clear && from == UNKNOWN)
        from = begin_of(lexicon, line, at);
    if (!clear && (is_excepted(lexicon, line->risk, from, at) || is_negated_before(lexicon, from) ||
                   is_negated_inside(lexicon, line, from, at)))
        return;
    if (is_negated_after(lexicon, at))
        return;
    tally->strong += !line->weak;
    if (!clear && tally->places > 0 && from < tally->until)
        return; /* another line about the same place */
    tally->places++;
    tally->until = at;
}

/* The number is the end of the match, behind the last letter or blank. */
static void on_version(struct lexicon *lexicon, size_t until)
{
    const char *data = lexicon->words.data;
    size_t from = until - 1;
    while ((data[from - 1] >= '0' && data[from - 1] <= '9') || data[from - 1] == '.')
        from--;
    if (lexicon->version.size == 0)
        lexicon->version = toc_str(data + from, until - 1 - from);
}

/* Few texts have any, so what could take them back is looked for afterwards. */
static void on_term(void *arg, size_t index, size_t until)
{
    struct lexicon *lexicon = arg;
    const struct lexicon_line *line = &lexicon->lines.lines[lexicon->term_lines[index]];
    struct match match;
    if (line->kind == LEXICON_RISK) {
        if (!take(lexicon, line, until, &match))
            return;
        if (lexicon->match_count < MATCHES_MAX)
            lexicon->matches[lexicon->match_count] = match;
        lexicon->match_count++;
    } else if (line->kind == LEXICON_VERSION) {
        on_version(lexicon, until);
    } else if (lexicon->product == NULL || until < lexicon->product_until) {
        lexicon->product = line;
        lexicon->product_until = until;
    }
}

static void judge_term(void *arg, size_t index, size_t until)
{
    struct lexicon *lexicon = arg;
    const struct lexicon_line *line = &lexicon->lines.lines[lexicon->term_lines[index]];
    struct match match;
    if (line->kind == LEXICON_RISK && take(lexicon, line, until, &match))
        judge_risk(lexicon, &match);
}

static void judge_terms(struct lexicon *lexicon)
{
    if (lexicon->match_count > MATCHES_MAX)
        patterns_scan(lexicon->terms, lexicon->words, judge_term, lexicon);
    else
        for (size_t i = 0; i < lexicon->match_count; i++)
            judge_risk(lexicon, &lexicon->matches[i]);
}

static void judge_risks(struct lexicon *lexicon)
{
    memset(lexicon->marks, 0, lexicon->words.size);
    memset(lexicon->excepted, 0, lexicon->words.size);
    memset(lexicon->tallies, 0, sizeof(lexicon->tallies));
    patterns_scan(lexicon->context, lexicon->words, on_context, lexicon);
    judge_terms(lexicon);
}

/* --- facts ---------------------------------------------------------------------------------- */

static unsigned confidence_of(const struct tally *tally)
{
    unsigned base = tally->strong > 0 ? STRONG_PERCENT : WEAK_PERCENT;
    unsigned more = tally->places > 4 ? 4 : tally->places;
    unsigned percent = base + (more > 0 ? more - 1 : 0) * PLACE_PERCENT;
    return percent < PLACES_PERCENT ? percent : PLACES_PERCENT;
}

/* The language with the most confidence speaks for a risk. */
static void add_risk(const struct lexicon *lexicon, enum lexicon_risk risk, struct found *found)
{
    const struct tally *best = NULL;
    size_t language = 0;
    for (size_t i = 0; i < lexicon->lines.language_count; i++) {
        const struct tally *tally = &lexicon->tallies[risk][i];
        if (tally->places == 0 || (best != NULL && confidence_of(tally) <= confidence_of(best)))
            continue;
        best = tally;
        language = i;
    }
    if (best != NULL)
        found_add(found, risk_names[risk], confidence_of(best), lexicon->detectors[language], "%u",
                  best->places);
}

void lexicon_find(struct lexicon *lexicon, struct toc_str words, struct found *found)
{
    lexicon->words = words;
    lexicon->before.at = 0;
    lexicon->product = NULL;
    lexicon->version = toc_str(NULL, 0);
    lexicon->match_count = 0;
    patterns_scan(lexicon->terms, words, on_term, lexicon);
    if (lexicon->match_count > 0) {
        judge_risks(lexicon);
        for (unsigned risk = 0; risk < LEXICON_RISKS; risk++)
            add_risk(lexicon, (enum lexicon_risk)risk, found);
    }
    if (lexicon->product != NULL)
        found_add(found, "product", STRONG_PERCENT, lexicon->products_detector, "%s",
                  lexicon->product->product);
    if (lexicon->version.size > 0)
        found_add(found, "version", STRONG_PERCENT, lexicon->products_detector, "%.*s",
                  (int)lexicon->version.size, lexicon->version.data);
}
