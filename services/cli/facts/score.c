#include "services/cli/facts/score.h"

#include "services/cli/commands.h"

#define LANGUAGE "language"

static bool is_labelled(const struct facts_line *line, const char *name)
{
    for (size_t i = 0; i < json_array_size(line->labels); i++)
        if (strcmp(json_string_value(json_array_get(line->labels, i)), name) == 0)
            return true;
    return false;
}

static const struct fact *fact_of(const struct fact facts[], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].name, name) == 0)
            return &facts[i];
    return NULL;
}

static struct score_language *language_of(struct score *score, const char *tag)
{
    size_t i = 0;
    while (i < score->language_count && strcmp(score->languages[i].tag, tag) != 0)
        i++;
    if (i == SCORE_LANGUAGES_MAX)
        return NULL;
    if (i == score->language_count) {
        toc_str_copy(score->languages[i].tag, FACT_LANGUAGE_MAX, toc_str_of(tag));
        score->language_count++;
    }
    return &score->languages[i];
}

static void count_language(struct score *score, const char *tag, const struct fact *told)
{
    struct score_language *language = language_of(score, tag);
    if (language == NULL)
        return;
    language->labelled++;
    language->right += strcmp(told->value, tag) == 0;
    language->unsure += strcmp(told->value, "und") == 0;
}

void score_count(struct score *score, const struct facts_line *line, const struct fact facts[],
                 size_t count)
{
    score->lines++;
    if (line->language != NULL)
        count_language(score, line->language, fact_of(facts, count, LANGUAGE));
    for (size_t i = 0; facts_name(i) != NULL; i++) {
        bool labelled = is_labelled(line, facts_name(i));
        bool found = fact_of(facts, count, facts_name(i)) != NULL;
        score->facts[i].labelled += labelled;
        score->facts[i].found += found;
        score->facts[i].right += labelled && found;
    }
}

/* What a sample labels; a language has lines of its own, and every text has a fingerprint. */
static bool is_shown(const struct score *score, size_t i)
{
    const char *name = facts_name(i);
    return strcmp(name, LANGUAGE) != 0 && strcmp(name, "fingerprint") != 0 &&
           (score->facts[i].labelled > 0 || score->facts[i].found > 0);
}

static double share(unsigned part, unsigned whole)
{
    return whole > 0 ? (double)part / whole : 1;
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void put_share(struct print_json *json, const char *name, double value)
{
    print_json_name(json, name);
    fprintf(json->out, "%.4f", value);
}

static void write_json(const struct score *score)
{
    struct print_json json;
    for (size_t i = 0; facts_name(i) != NULL; i++) {
        if (!is_shown(score, i))
            continue;
        print_json_open(&json, stdout);
        print_json_text(&json, "fact", facts_name(i));
        print_json_int(&json, "labelled", score->facts[i].labelled);
        print_json_int(&json, "found", score->facts[i].found);
        print_json_int(&json, "right", score->facts[i].right);
        put_share(&json, "precision", share(score->facts[i].right, score->facts[i].found));
        put_share(&json, "recall", share(score->facts[i].right, score->facts[i].labelled));
        print_json_close(&json);
    }
    for (size_t i = 0; i < score->language_count; i++) {
        const struct score_language *language = &score->languages[i];
        print_json_open(&json, stdout);
        print_json_text(&json, "language", language->tag);
        print_json_int(&json, "labelled", language->labelled);
        print_json_int(&json, "right", language->right);
        print_json_int(&json, "unsure", language->unsure);
        print_json_close(&json);
    }
}

/* --- tables --------------------------------------------------------------------------------- */

static const struct print_column fact_columns[] = {
    {"fact", PRINT_LEFT, 0},   {"labelled", PRINT_RIGHT, 0},  {"found", PRINT_RIGHT, 0},
    {"right", PRINT_RIGHT, 0}, {"precision", PRINT_RIGHT, 0}, {"recall", PRINT_RIGHT, 0}};
static const struct print_column language_columns[] = {{"language", PRINT_LEFT, 0},
                                                       {"labelled", PRINT_RIGHT, 0},
                                                       {"right", PRINT_RIGHT, 0},
                                                       {"unsure", PRINT_RIGHT, 0},
                                                       {"wrong", PRINT_RIGHT, 0}};

#define COUNT(columns) (sizeof(columns) / sizeof((columns)[0]))

static void put_number(struct print_table *table, unsigned number)
{
    print_table_cell(table, PRINT_PLAIN, "%u", number);
}

static void fill_facts(const struct score *score, struct print_table *table)
{
    for (size_t i = 0; facts_name(i) != NULL; i++) {
        if (!is_shown(score, i))
            continue;
        print_table_row(table);
        print_table_cell(table, PRINT_PLAIN, "%s", facts_name(i));
        put_number(table, score->facts[i].labelled);
        put_number(table, score->facts[i].found);
        put_number(table, score->facts[i].right);
        print_table_cell(table, PRINT_PLAIN, "%.1f %%",
                         100 * share(score->facts[i].right, score->facts[i].found));
        print_table_cell(table, PRINT_PLAIN, "%.1f %%",
                         100 * share(score->facts[i].right, score->facts[i].labelled));
    }
}

static void fill_languages(const struct score *score, struct print_table *table)
{
    for (size_t i = 0; i < score->language_count; i++) {
        const struct score_language *language = &score->languages[i];
        print_table_row(table);
        print_table_cell(table, PRINT_PLAIN, "%s", language->tag);
        put_number(table, language->labelled);
        put_number(table, language->right);
        put_number(table, language->unsure);
        put_number(table, language->labelled - language->right - language->unsure);
    }
}

int score_write(const struct score *score, bool json)
{
    struct print_table *facts, *languages;
    struct print print;
    int code = CLI_FAILED;
    if (json) {
        write_json(score);
        return CLI_DONE;
    }
    print_init(&print, stdout);
    facts = print_table_new(fact_columns, COUNT(fact_columns));
    languages = print_table_new(language_columns, COUNT(language_columns));
    if (facts != NULL && languages != NULL) {
        fill_facts(score, facts);
        fill_languages(score, languages);
        print_table_write(facts, &print);
        printf("\n");
        print_table_write(languages, &print);
        printf("\n%u lines\n", score->lines);
        code = CLI_DONE;
    }
    print_table_free(facts);
    print_table_free(languages);
    return code;
}
