/* `tocsin policy keys`: what may be written in a policy. */
#include "services/cli/commands.h"
#include "services/cli/policy/cmd.h"
#include "services/cli/policy/keys.h"

#include "common/policy/diag.h"

#include <errno.h>
#include <stdlib.h>

#define HELP_INDENT 6
#define HELP_WIDTH  92 /* cells; longer lines are hard to read */
#define PAGE_MAX    (1024 * (size_t)1024)

/* --- for a person -------------------------------------------------------------------------- */

/* Breaks at blanks; the texts are ours, so a byte is a cell. */
static void print_wrapped(const char *text, unsigned width)
{
    while (*text != '\0') {
        size_t size = strlen(text), line = size;
        if (size > width)
            for (line = width; line > 0 && text[line] != ' ';)
                line--;
        if (line == 0)
            line = strcspn(text, " ");
        printf("%*s%.*s\n", HELP_INDENT, "", (int)line, text);
        text += line;
        text += strspn(text, " ");
    }
}

static void print_key(const struct print *print, const struct toc_key *key)
{
    unsigned width = print->width != 0 && print->width < HELP_WIDTH ? print->width : HELP_WIDTH;
    printf("  ");
    print_styled(print, PRINT_BOLD, "%s", key->name);
    printf(": %s", key->value);
    if (key->required)
        print_styled(print, PRINT_YELLOW, "  (required)");
    else if (key->preset != NULL)
        print_styled(print, PRINT_DIM, "  (left out: %s)", key->preset);
    putchar('\n');
    print_wrapped(key->help, width > 40 ? width - HELP_INDENT : 40);
}

static void print_page(const struct print *print, const struct toc_key_table *table)
{
    print_styled(print, PRINT_CYAN, "%s", table->where);
    putchar('\n');
    for (const struct toc_key *key = table->keys; key->name != NULL; key++)
        print_key(print, key);
}

/* --- for a program ------------------------------------------------------------------------- */

static void print_json_rows(const struct toc_key_table *table)
{
    for (const struct toc_key *key = table->keys; key->name != NULL; key++) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "where", table->where);
        print_json_text(&json, "key", key->name);
        print_json_text(&json, "value", key->value);
        print_json_bool(&json, "required", key->required);
        if (key->preset != NULL)
            print_json_text(&json, "left_out", key->preset);
        print_json_text(&json, "help", key->help);
        print_json_close(&json);
    }
}

/* --- for the page -------------------------------------------------------------------------- */

static int failed(const char *who, const char *file, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", who, file, why);
    return CLI_FAILED;
}

static int write_page(const char *who, const char *file, const char *text)
{
    FILE *out = fopen(file, "we");
    if (out == NULL)
        return failed(who, file, strerror(errno));
    bool good = fputs(text, out) >= 0;
    if (fclose(out) != 0 || !good)
        return failed(who, file, strerror(errno));
    return CLI_DONE;
}

static int rewrite(const char *who, const char *file)
{
    static char text[PAGE_MAX];
    const char *wrong = NULL;
    char *page;
    FILE *in = fopen(file, "re");
    if (in == NULL)
        return failed(who, file, strerror(errno));
    size_t size = fread(text, 1, sizeof(text), in);
    fclose(in);
    if (size == sizeof(text))
        return failed(who, file, "too large");
    enum toc_err err = policy_keys_page(toc_str(text, size), &page, &wrong);
    if (err != TOC_OK)
        return failed(who, file, wrong != NULL ? wrong : toc_err_text(err));
    bool same = toc_str_equal(toc_str(text, size), toc_str_of(page));
    int code = same ? CLI_DONE : write_page(who, file, page);
    if (code == CLI_DONE)
        printf("%s: %s\n", file, same ? "its tables are up to date" : "tables rewritten");
    free(page);
    return code;
}

/* --- the command --------------------------------------------------------------------------- */

/* "calendars" asks for its own tables and those below. */
static bool is_wanted(const struct toc_conf_list *operands, const char *where)
{
    for (size_t i = 0; i < operands->count; i++) {
        size_t size = strlen(operands->values[i]);
        if (strncmp(where, operands->values[i], size) == 0 &&
            (where[size] == '\0' || where[size] == '.' || where[size] == '['))
            return true;
    }
    return operands->count == 0;
}

/* The first table has the sections as its keys. */
static int no_such_section(const char *who, const char *name)
{
    size_t count;
    const struct toc_key *section = toc_policy_keys(&count)->keys;
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (; section->name != NULL; section++)
        toc_guess_offer(&guess, section->name);
    fprintf(stderr, "%s: the policy has no '%s'", who, name);
    if (guess.best != NULL)
        fprintf(stderr, "; did you mean '%s'?", guess.best);
    fprintf(stderr, "\nSee them all with: tocsin policy keys\n");
    return CLI_FAILED;
}

int policy_keys(const struct view *view, const struct policy_keys_options *options,
                const struct toc_conf_list *operands)
{
    size_t count, shown = 0;
    const struct toc_key_table *tables = toc_policy_keys(&count);
    if (options->rewrite != NULL)
        return rewrite(view->who, options->rewrite);
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(operands, tables[i].where))
            continue;
        if (shown++ > 0 && !view->json)
            putchar('\n');
        if (view->json)
            print_json_rows(&tables[i]);
        else if (options->markdown) {
            printf("## %s\n\n", tables[i].where);
            policy_keys_markdown(stdout, &tables[i]);
        } else
            print_page(&view->print, &tables[i]);
    }
    return shown > 0 ? CLI_DONE : no_such_section(view->who, operands->values[0]);
}
