#include "services/cli/commands.h"
#include "services/cli/facts/open.h"
#include "services/cli/facts/score.h"
#include "services/cli/line_answers.h"

#include <stdlib.h>

#define WHO "tocsin facts"

struct session {
    const char *lexicon; /* NULL: built in */
    const char *cache;   /* NULL: none */
    bool score, json;
    struct facts *facts;
    struct score counted;
    struct line_answers answers;
    bool failed; /* some line was none */
};

static struct session *session;

/* --- one line ------------------------------------------------------------------------------- */

static void put_id(struct print_json *json, const json_t *id)
{
    print_json_name(json, "id");
    if (id == NULL || json_dumpf(id, json->out, JSON_ENCODE_ANY | JSON_COMPACT) != 0)
        fprintf(json->out, "null");
}

static void put_facts(const json_t *id, const struct fact facts[], size_t count)
{
    struct print_json json, fact;
    print_json_open(&json, stdout);
    put_id(&json, id);
    print_json_name(&json, "facts");
    fprintf(stdout, "[");
    for (size_t i = 0; i < count; i++) {
        fprintf(stdout, "%s{", i > 0 ? "," : "");
        fact = (struct print_json){.out = stdout};
        print_json_text(&fact, "name", facts[i].name);
        print_json_text(&fact, "value", facts[i].value);
        print_json_int(&fact, "confidence_percent", facts[i].confidence_percent);
        print_json_text(&fact, "detector", facts[i].detector);
        fprintf(stdout, "}");
    }
    fprintf(stdout, "]");
    print_json_close(&json);
}

static void put_error(const json_t *id, const char *wrong)
{
    struct print_json json;
    session->failed = true;
    if (session->score) {
        fprintf(stderr, WHO ": line %llu: %s\n", (unsigned long long)session->answers.lines.number,
                wrong);
        return;
    }
    print_json_open(&json, stdout);
    put_id(&json, id);
    print_json_text(&json, "error", wrong);
    print_json_close(&json);
}

static void find(const struct facts_line *line)
{
    struct fact facts[FACTS_MAX];
    size_t count = facts_find(session->facts, toc_str(line->text, line->text_size), facts);
    if (session->score)
        score_count(&session->counted, line, facts, count);
    else
        put_facts(line->id, facts, count);
}

static void on_line(void *self, struct toc_str text)
{
    char wrong[FACTS_WRONG_MAX];
    struct facts_line line;
    (void)self;
    if (facts_line_read(text, &line, wrong) == TOC_OK)
        find(&line);
    else
        put_error(line.id, wrong);
    facts_line_done(&line);
}

static void on_too_long(void *self)
{
    (void)self;
    put_error(NULL, "the line is longer than 1 MB");
}

/* --- all lines ------------------------------------------------------------------------------ */

static int run(const struct toc_conf_list *operands)
{
    if (!facts_cli_open(WHO, session->lexicon, session->cache, &session->facts))
        return CLI_FAILED;
    session->answers = (struct line_answers){
        .who = WHO, .what = "one text per line", .on_line = on_line, .on_too_long = on_too_long};
    bool done = line_answers_run(&session->answers, operands) && !session->failed;
    if (session->score && score_write(&session->counted, session->json) != CLI_DONE)
        return CLI_FAILED;
    return done ? CLI_DONE : CLI_FAILED;
}

/* --- options -------------------------------------------------------------------------------- */

static int parse_and_run(int argc, char **argv)
{
    const struct toc_conf_option options[] = {
        {.name = "lexicon",
         .type = TOC_CONF_TEXT,
         .value = &session->lexicon,
         .argument = "DIR",
         .help = "the *.lexicon files of DIR instead of those that are built in"},
        {.name = "cache",
         .type = TOC_CONF_TEXT,
         .value = &session->cache,
         .argument = "DIR",
         .help = "keep the compiled lexicons in files of DIR, else of $XDG_CACHE_HOME/tocsin if "
                 "that is set: compiling takes 2 s"},
        {.name = "score",
         .type = TOC_CONF_FLAG,
         .value = &session->score,
         .help = "the lines are a labelled sample: print precision and recall of every fact"},
        {.name = "json",
         .type = TOC_CONF_SWITCH,
         .value = &session->json,
         .help = "the score as JSON Lines; facts always are"},
    };
    const struct toc_conf conf = {
        .program = WHO,
        .summary =
            "What the bus may know about a text: its language, signs of risk, cards, phones,\n"
            "addresses, secrets, products, a fingerprint. Texts as JSON, one per line of FILE\n"
            "or standard input, and the facts of each on a line. It needs no service.",
        .operands = "[FILE|-]",
        .more =
            "  echo '{\"id\": 1, \"text\": \"I will sue you\"}' | tocsin facts\n\n"
            "A line has id and text, and may have subject, which is read before the text, and\n"
            "locale, which is the requester's and says nothing about the text. The answer is\n"
            "  {\"id\", \"facts\": [{\"name\", \"value\", \"confidence_percent\", \"detector\"}]}\n"
            "or {\"id\", \"error\"} for a line that is none, and then the exit status is 1.\n\n"
            "With --score a line also has language and labels, the names of the facts that should\n"
            "be found in it: {\"id\": 1, \"text\": \"...\", \"language\": \"en\", \"labels\": "
            "[\"risk.press\"]}.\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands = {0};
    int code;
    return line_answers_parse(&conf, argc, argv, &operands, &code) ? run(&operands) : code;
}

int cmd_facts(int argc, char **argv)
{
    session = calloc(1, sizeof(*session));
    if (session == NULL) {
        fprintf(stderr, WHO ": out of memory\n");
        return CLI_FAILED;
    }
    int code = parse_and_run(argc, argv);
    facts_close(session->facts);
    free(session);
    return code;
}
