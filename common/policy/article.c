#include "common/policy/build.h"

#include <stdio.h>

#define ARTICLES_MAX  16 /* of one category */
#define LANGUAGES_MAX 32 /* of one article */

enum { ARTICLE, TITLE, URL, LANGUAGES, ARTICLE_KEY_COUNT };

const struct toc_key toc_keys_article[ARTICLE_KEY_COUNT + 1] = {
    [ARTICLE] = {"article", true, "NAME", NULL,
                 "Its id: a status event with the reason `article:NAME` says that it solved the "
                 "issue."},
    [TITLE] = {"title", true, "TEXT", NULL, "What the requester is shown, at most 128 bytes."},
    [URL] = {"url", true, "URL", NULL, "Where it is: https:// or http://, at most 128 bytes."},
    [LANGUAGES] = {"languages", false, "[LANGUAGE]", "every one",
                   "Those that it is for: `pt` is any Portuguese, `pt-BR` only that of Brazil."},
};

/* --- reading ---------------------------------------------------------------------------------- */

/* What may stand in a URL (RFC 3986), with a host behind its scheme. */
static bool is_url(struct toc_str text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~:/?#[]@!$&'()*+,;=%";
    size_t begin = 0;
    if (toc_str_starts(text, TOC_STR("https://")))
        begin = 8;
    else if (toc_str_starts(text, TOC_STR("http://")))
        begin = 7;
    for (size_t i = 0; i < text.size; i++)
        if (memchr(allowed, text.data[i], sizeof(allowed) - 1) == NULL)
            return false;
    return begin > 0 && text.size > begin && strchr("/?#:@", text.data[begin]) == NULL;
}

static void read_url(struct toc_build *b, const struct toc_yaml *node, const char **out)
{
    if (!toc_value_text(b, node, "the url", out) || is_url(node->text))
        return;
    toc_diag_error(b->diag, node->offset, "'%.*s' is no URL", TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "as in https://help.example/reset-password");
}

static void read_languages(struct toc_build *b, const struct toc_yaml *node,
                           struct toc_article *article)
{
    struct toc_texts texts = {NULL, 0};
    if (!toc_value_texts(b, node, "a language", toc_value_name, &texts))
        return;
    if (texts.count > LANGUAGES_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d languages", LANGUAGES_MAX);
    if (texts.count == 0)
        toc_diag_doubt(b->diag, node->offset, "an article in no language");
    article->languages = texts.values;
    article->language_count = texts.count;
}

static void read_article(struct toc_build *b, const struct toc_yaml *item,
                         struct toc_article *article)
{
    const struct toc_yaml *values[ARTICLE_KEY_COUNT];
    if (!toc_value_keys(b, item, "an article", toc_keys_article, values))
        return;
    if (values[ARTICLE])
        (void)toc_value_name(b, values[ARTICLE], "the id of an article", &article->name);
    if (values[TITLE])
        (void)toc_value_text(b, values[TITLE], "the title", &article->title);
    if (values[URL])
        read_url(b, values[URL], &article->url);
    if (values[LANGUAGES])
        read_languages(b, values[LANGUAGES], article);
}

void toc_build_articles(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_category *category)
{
    size_t count;
    const struct toc_yaml *item = toc_value_items(b, node, "'articles'", &count);
    if (item == NULL)
        return;
    if (count > ARTICLES_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d articles", ARTICLES_MAX);
    struct toc_article *next = toc_build_array(b, count, sizeof(*next));
    category->articles = next;
    category->article_count = next != NULL ? count : 0;
    for (; next != NULL && item != NULL; item = item->next)
        read_article(b, item, next++);
}

/* --- looking up ------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool toc_language_is_in(const char *range, const char *language)
{
    while (*range != '\0' && lower(*range) == lower(*language)) {
        range++;
        language++;
    }
    return *range == '\0' && (*language == '\0' || *language == '-');
}

static bool is_for(const struct toc_article *article, const char *language)
{
    bool fits = article->language_count == 0;
    for (size_t i = 0; !fits && i < article->language_count; i++)
        fits = toc_language_is_in(article->languages[i], language);
    return fits;
}

const struct toc_article *toc_policy_article(const struct toc_policy *policy, const char *category,
                                             const char *language)
{
    const struct toc_category *of = toc_policy_category(policy, toc_str_of(category));
    for (size_t i = 0; of != NULL && i < of->article_count; i++)
        if (is_for(&of->articles[i], language))
            return &of->articles[i];
    return NULL;
}

bool toc_policy_has_article(const struct toc_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->category_count; i++)
        for (size_t k = 0; k < policy->categories[i].article_count; k++)
            if (strcmp(policy->categories[i].articles[k].name, name) == 0)
                return true;
    return false;
}
