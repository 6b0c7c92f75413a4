#include "services/cli/commands.h"
#include "services/cli/facts/score.h"
#include "services/cli/lines.h"

#include "common/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHO     "tocsin facts"
#define FOREVER (-1)

struct session {
    const char *lexicon; /* NULL: built in */
    const char *cache;   /* NULL: none */
    char own_cache[PATH_MAX];
    bool score, json;
    struct facts *facts;
    struct score counted;
    struct lines lines;
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
        fprintf(stderr, WHO ": line %llu: %s\n", (unsigned long long)session->lines.number, wrong);
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

static bool is_blank(struct toc_str line)
{
    for (size_t i = 0; i < line.size; i++)
        if (memchr(" \t\r", line.data[i], 3) == NULL)
            return false;
    return true;
}

static void on_line(struct toc_str text)
{
    char wrong[FACTS_WRONG_MAX];
    struct facts_line line;
    if (is_blank(text))
        return;
    if (facts_line_read(text, &line, wrong) == TOC_OK)
        find(&line);
    else
        put_error(line.id, wrong);
    facts_line_done(&line);
}

/* --- all lines ------------------------------------------------------------------------------ */

/* Facts leave before it waits: whoever asks line by line gets them line by line. */
static enum lines_result next_line(struct toc_str *line)
{
    enum lines_result result = lines_next(&session->lines, 0, line);
    if (result == LINES_NONE_YET) {
        fflush(stdout);
        result = lines_next(&session->lines, FOREVER, line);
    }
    return result;
}

static int read_lines(void)
{
    struct toc_str line;
    while (!ferror(stdout)) {
        switch (next_line(&line)) {
        case LINES_LINE:
            on_line(line);
            break;
        case LINES_NONE_YET:
            break;
        case LINES_TOO_LONG:
            put_error(NULL, "the line is longer than 1 MB");
            break;
        case LINES_FAILED:
            fprintf(stderr, WHO ": %s\n", strerror(errno));
            return CLI_FAILED;
        case LINES_END:
            return session->failed ? CLI_FAILED : CLI_DONE;
        }
    }
    return CLI_FAILED;
}

static int open_input(const struct toc_conf_list *operands)
{
    const char *path = operands->count == 1 ? operands->values[0] : "-";
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fprintf(stderr, WHO ": %s: %s\n", path, strerror(errno));
    else if (isatty(fd))
        fprintf(stderr, WHO ": one text per line, Ctrl-D to end; --help has an example\n");
    return fd;
}

/* Where a user's caches are said to be (XDG Base Directory), there is one of ours. */
static void find_cache(void)
{
    const char *home = getenv("XDG_CACHE_HOME");
    if (session->cache != NULL || home == NULL || home[0] != '/')
        return;
    int size = snprintf(session->own_cache, PATH_MAX, "%s/tocsin", home);
    if (size < PATH_MAX && (mkdir(session->own_cache, S_IRWXU) == 0 || errno == EEXIST))
        session->cache = session->own_cache;
}

static bool open_facts(void)
{
    char *errors = NULL;
    find_cache();
    enum toc_err err = facts_open(session->lexicon, session->cache, NULL, &session->facts, &errors);
    if (errors != NULL)
        fprintf(stderr, "%s", errors);
    else if (err != TOC_OK)
        fprintf(stderr, WHO ": %s\n", toc_err_text(err));
    free(errors);
    return err == TOC_OK;
}

static int run(const struct toc_conf_list *operands)
{
    int code = CLI_FAILED, fd;
    if (!open_facts() || (fd = open_input(operands)) < 0)
        return CLI_FAILED;
    lines_init(&session->lines, fd);
    code = read_lines();
    if (session->score && score_write(&session->counted, session->json) != CLI_DONE)
        code = CLI_FAILED;
    if (fd > STDIN_FILENO)
        close(fd);
    return code;
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
    switch (toc_conf_parse(&conf, argc, argv, &operands)) {
    case TOC_CONF_DONE:
        return CLI_DONE;
    case TOC_CONF_USAGE:
        return CLI_USAGE;
    case TOC_CONF_RUN:
        break;
    }
    if (operands.count > 1) {
        fprintf(stderr, WHO ": one FILE at a time\n");
        return CLI_USAGE;
    }
    return run(&operands);
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
