#include "services/cli/policy/keys.h"

#include <stdlib.h>

#define TABLES_MAX 64

static const struct toc_str begin_mark = {"<!-- keys: ", 11};
static const struct toc_str close_mark = {" -->\n", 5};
static const struct toc_str end_mark = {"<!-- end -->\n", 13};

/* --- one table ----------------------------------------------------------------------------- */

/* A bar would end the cell. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_row(FILE *out, const struct toc_key *key)
{
    fprintf(out, "| `%s` | `", key->name);
    put_cell(out, key->value);
    fputs("` | ", out);
    if (key->required)
        fputs("required", out);
    else if (key->preset != NULL)
        put_cell(out, key->preset);
    fputs(" | ", out);
    put_cell(out, key->help);
    fputs(" |\n", out);
}

void policy_keys_markdown(FILE *out, const struct toc_key_table *table)
{
    fputs("| key | value | left out | |\n| --- | --- | --- | --- |\n", out);
    for (const struct toc_key *key = table->keys; key->name != NULL; key++)
        put_row(out, key);
}

/* --- the page ------------------------------------------------------------------------------ */

struct page {
    struct toc_str rest; /* what is not copied yet */
    FILE *out;
    bool seen[TABLES_MAX];
    const char *wrong;
};

/* Where `part` begins in `text`; its size when it does not occur. */
static size_t find(struct toc_str text, struct toc_str part)
{
    const char *at = text.size > 0 ? memmem(text.data, text.size, part.data, part.size) : NULL;
    return at != NULL ? (size_t)(at - text.data) : text.size;
}

static struct toc_str take(struct page *page, size_t size)
{
    struct toc_str taken = toc_str(page->rest.data, size);
    page->rest = toc_str_from(page->rest, size);
    return taken;
}

static const struct toc_key_table *table_at(struct page *page, struct toc_str where)
{
    size_t count;
    const struct toc_key_table *tables = toc_policy_keys(&count);
    TOC_ASSERT(count <= TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!toc_str_equal(where, toc_str_of(tables[i].where)))
            continue;
        page->wrong = page->seen[i] ? "a table is there twice" : NULL;
        page->seen[i] = true;
        return &tables[i];
    }
    page->wrong = "a table is asked for that the policy does not have";
    return NULL;
}

/* Replaces the table that begins here by what it has to be. */
static void replace_table(struct page *page)
{
    struct toc_str mark = take(page, begin_mark.size);
    fwrite(mark.data, 1, mark.size, page->out);
    size_t length = find(page->rest, close_mark);
    const struct toc_key_table *table = table_at(page, toc_str(page->rest.data, length));
    if (page->wrong != NULL)
        return;
    size_t end = find(page->rest, end_mark);
    if (end == page->rest.size) {
        page->wrong = "a table has no end";
        return;
    }
    fwrite(page->rest.data, 1, length + close_mark.size, page->out);
    policy_keys_markdown(page->out, table);
    (void)take(page, end);
}

static void check_all_seen(struct page *page)
{
    size_t count;
    (void)toc_policy_keys(&count);
    for (size_t i = 0; i < count && page->wrong == NULL; i++)
        if (!page->seen[i])
            page->wrong = "a table is missing";
}

enum toc_err policy_keys_page(struct toc_str text, char **out, const char **out_wrong)
{
    struct page page = {.rest = text};
    char *result = NULL;
    size_t size = 0;
    page.out = open_memstream(&result, &size);
    if (page.out == NULL)
        return TOC_ERR_MEMORY;
    while (page.rest.size > 0 && page.wrong == NULL) {
        struct toc_str prose = take(&page, find(page.rest, begin_mark));
        fwrite(prose.data, 1, prose.size, page.out);
        if (page.rest.size > 0)
            replace_table(&page);
    }
    check_all_seen(&page);
    if (fclose(page.out) != 0) {
        free(result);
        return TOC_ERR_MEMORY;
    }
    if (page.wrong != NULL) {
        free(result);
        *out_wrong = page.wrong;
        return TOC_ERR_CONFIG;
    }
    *out = result;
    return TOC_OK;
}
