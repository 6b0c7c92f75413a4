#include "services/intake/mail/html.h"

#include "common/charset.h"
#include "services/intake/mail/mail.h"

#include <stdlib.h>
#include <strings.h>

#define QUOTE_DEPTH_MAX 3
#define TARGET_MAX      300 /* bytes of a link's target that are told */

struct page {
    struct toc_str rest; /* not read yet */
    char *out;
    size_t size, room;
    size_t newlines;     /* at the end of what is out; 2 part paragraphs */
    bool space;          /* one is due before the next word */
    unsigned quotes;     /* open ones */
    unsigned pre;        /* open ones: there white space counts */
    struct toc_str link; /* the target of the open link; empty: none */
    size_t link_at;      /* where its words begin in `out` */
    size_t links;
};

/* --- out -------------------------------------------------------------------------------------- */

/* Whole, or not at all any more. */
static void put(struct page *page, struct toc_str bytes)
{
    if (bytes.size > page->room - page->size) {
        page->room = page->size;
        return;
    }
    memcpy(page->out + page->size, bytes.data, bytes.size);
    page->size += bytes.size;
}

static void put_text(struct page *page, struct toc_str text)
{
    if (page->newlines > 0)
        for (unsigned i = 0; i < page->quotes && i < QUOTE_DEPTH_MAX; i++)
            put(page, TOC_STR("> "));
    if (page->space && page->newlines == 0)
        put(page, TOC_STR(" "));
    put(page, text);
    page->space = false;
    page->newlines = 0;
}

/* Sees to it that `count` newlines are at the end, nothing being before the first words. */
static void break_line(struct page *page, size_t count)
{
    page->space = false;
    while (page->newlines < count) {
        put(page, TOC_STR("\n"));
        page->newlines++;
    }
}

/* --- entities --------------------------------------------------------------------------------- */

static uint32_t named(struct toc_str name)
{
    static const struct {
        const char *name;
        uint32_t code;
    } entities[] = {
        {"amp", '&'},       {"lt", '<'},       {"gt", '>'},       {"quot", '"'},
        {"apos", '\''},     {"nbsp", ' '},     {"ndash", 0x2013}, {"mdash", 0x2014},
        {"lsquo", 0x2018},  {"rsquo", 0x2019}, {"ldquo", 0x201c}, {"rdquo", 0x201d},
        {"hellip", 0x2026}, {"bull", 0x2022},  {"middot", 0xb7},  {"euro", 0x20ac},
        {"copy", 0xa9},     {"reg", 0xae},     {"trade", 0x2122}, {"pound", 0xa3},
        {"auml", 0xe4},     {"ouml", 0xf6},    {"uuml", 0xfc},    {"Auml", 0xc4},
        {"Ouml", 0xd6},     {"Uuml", 0xdc},    {"szlig", 0xdf},   {"eacute", 0xe9},
        {"egrave", 0xe8},   {"agrave", 0xe0},  {"aacute", 0xe1},  {"iacute", 0xed},
        {"oacute", 0xf3},   {"uacute", 0xfa},  {"ntilde", 0xf1},  {"ccedil", 0xe7},
        {"atilde", 0xe3},   {"otilde", 0xf5},  {"ecirc", 0xea},   {"acirc", 0xe2},
        {"ocirc", 0xf4},    {"laquo", 0xab},   {"raquo", 0xbb},   {"deg", 0xb0},
        {"times", 0xd7},    {"sect", 0xa7},
    };
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
        if (toc_str_equal(name, toc_str_of(entities[i].name)))
            return entities[i].code;
    return 0;
}

static uint32_t numbered(struct toc_str digits)
{
    bool hex = digits.size > 0 && (digits.data[0] == 'x' || digits.data[0] == 'X');
    uint32_t code = 0;
    for (size_t i = hex; i < digits.size && code <= 0x10ffff; i++) {
        char c = digits.data[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : 16;
        if (digit >= (hex ? 16u : 10u))
            return 0;
        code = code * (hex ? 16 : 10) + digit;
    }
    bool good = code >= 0x20 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
                (code < 0x7f || code >= 0xa0);
    return code == 0xa0 ? ' ' : good ? code : 0;
}

/* "&amp;" at the start of `s`: its character, and how many bytes it took; 0 when it is none. */
static uint32_t take_entity(struct toc_str s, size_t *taken)
{
    const char *end = memchr(s.data, ';', s.size < 12 ? s.size : 12);
    if (end == NULL)
        return 0;
    struct toc_str name = toc_str(s.data + 1, (size_t)(end - s.data) - 1);
    *taken = name.size + 2;
    return name.size > 0 && name.data[0] == '#' ? numbered(toc_str_from(name, 1)) : named(name);
}

/* --- tags ------------------------------------------------------------------------------------- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_named(struct toc_str name, const char *word)
{
    return name.size == strlen(word) && strncasecmp(name.data, word, name.size) == 0;
}

/* The target of an <a ... href="...">; nothing but the web and mail leads anywhere. */
static struct toc_str target_of(struct toc_str tag)
{
    struct toc_str none = {NULL, 0};
    for (size_t i = 0; i + 6 < tag.size; i++) {
        if (strncasecmp(tag.data + i, "href=", 5) != 0)
            continue;
        struct toc_str value = toc_str_from(tag, i + 5);
        char quote = value.data[0] == '"' || value.data[0] == '\'' ? value.data[0] : ' ';
        if (quote != ' ')
            value = toc_str_from(value, 1);
        const char *end = memchr(value.data, quote, value.size);
        if (end != NULL)
            value.size = (size_t)(end - value.data);
        bool web =
            toc_str_starts(value, TOC_STR("http://")) || toc_str_starts(value, TOC_STR("https://"));
        return web && value.size <= TARGET_MAX ? value : none;
    }
    return none;
}

static void open_link(struct page *page, struct toc_str tag)
{
    page->link = page->links < MAIL_LINKS_MAX ? target_of(tag) : toc_str(NULL, 0);
    page->links += page->link.size > 0;
    page->link_at = page->size;
}

static void close_link(struct page *page)
{
    struct toc_str words = toc_str(page->out + page->link_at, page->size - page->link_at);
    struct toc_str target = page->link;
    page->link = toc_str(NULL, 0);
    if (target.size == 0 || words.size == 0 ||
        memmem(words.data, words.size, target.data, target.size) != NULL)
        return;
    page->space = true;
    put_text(page, TOC_STR("<"));
    put_text(page, target);
    put_text(page, TOC_STR(">"));
}

/* What lies within is not read by people: passes over it, to its closing tag. */
static void skip_content(struct page *page, struct toc_str name)
{
    struct toc_str s = page->rest;
    for (;;) {
        const char *tag = s.size > 0 ? memchr(s.data, '<', s.size) : NULL;
        if (tag == NULL) {
            page->rest.size = 0;
            return;
        }
        s = toc_str_from(s, (size_t)(tag - s.data) + 1);
        if (s.size > name.size && s.data[0] == '/' &&
            strncasecmp(s.data + 1, name.data, name.size) == 0) {
            page->rest = toc_str(tag, s.size + 1);
            return;
        }
    }
}

static bool is_one_of(struct toc_str name, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is_named(name, *words))
            return true;
    return false;
}

static void on_tag(struct page *page, struct toc_str name, bool closes, struct toc_str tag)
{
    static const char *const blocks[] = {"p",  "h1", "h2", "h3", "h4",    "h5",
                                         "h6", "ul", "ol", "dl", "table", NULL};
    static const char *const lines[] = {"div", "br",      "tr",      "li",     "hr",     "dt",
                                        "dd",  "section", "article", "header", "footer", NULL};
    static const char *const unread[] = {"script", "style", "title", "template", "noscript", NULL};
    if (!closes && is_one_of(name, unread)) {
        skip_content(page, name);
    } else if (is_named(name, "blockquote")) {
        break_line(page, 2);
        page->quotes = closes ? page->quotes - (page->quotes > 0) : page->quotes + 1;
    } else if (is_named(name, "pre")) {
        break_line(page, 1);
        page->pre = closes ? page->pre - (page->pre > 0) : page->pre + 1;
    } else if (is_one_of(name, blocks)) {
        break_line(page, 2);
    } else if (is_named(name, "br")) {
        break_line(page, page->newlines < 2 ? page->newlines + 1 : 2);
    } else if (is_one_of(name, lines)) {
        break_line(page, 1);
    } else if (is_named(name, "td") || is_named(name, "th")) {
        page->space = true;
    } else if (is_named(name, "a")) {
        close_link(page);
        if (!closes)
            open_link(page, tag);
    }
}

/* At a '<'. */
static void take_tag(struct page *page)
{
    struct toc_str s = page->rest;
    if (toc_str_starts(s, TOC_STR("<!--"))) {
        const char *end = memmem(s.data + 4, s.size - 4, "-->", 3);
        page->rest =
            end != NULL ? toc_str(end + 3, s.size - (size_t)(end + 3 - s.data)) : toc_str(NULL, 0);
        return;
    }
    bool closes = s.size > 1 && s.data[1] == '/';
    size_t at = 1 + closes, from = at;
    while (at < s.size &&
           ((s.data[at] | 0x20) >= 'a' || (s.data[at] >= '0' && s.data[at] <= '9')) &&
           (s.data[at] | 0x20) <= 'z')
        at++;
    struct toc_str name = toc_str(s.data + from, at - from);
    if (name.size == 0 && !(s.size > 1 && (s.data[1] == '!' || s.data[1] == '?'))) {
        put_text(page, toc_str(s.data, 1)); /* it opens nothing: a sign like any other */
        page->rest = toc_str_from(s, 1);
        return;
    }
    const char *end = memchr(s.data + at, '>', s.size - at);
    size_t size = end != NULL ? (size_t)(end - s.data) : s.size;
    page->rest = toc_str_from(s, end != NULL ? size + 1 : size);
    on_tag(page, name, closes, toc_str(s.data + at, size - at));
}

/* --- words ------------------------------------------------------------------------------------ */

static void take_space(struct page *page)
{
    if (page->pre > 0 && page->rest.data[0] == '\n')
        break_line(page, page->newlines < 2 ? page->newlines + 1 : 2);
    page->space = true;
    page->rest = toc_str_from(page->rest, 1);
}

static void take_word(struct page *page)
{
    size_t size = 0;
    struct toc_str s = page->rest;
    if (s.data[0] == '&') {
        char utf8[4];
        uint32_t code = take_entity(s, &size);
        if (code == ' ')
            page->space = true;
        else if (code != 0)
            put_text(page, toc_str(utf8, toc_charset_utf8_of(code, utf8)));
        if (code != 0) {
            page->rest = toc_str_from(s, size);
            return;
        }
        size = 1; /* no entity: itself */
    }
    while (size < s.size && s.data[size] != '<' && s.data[size] != '&' && !is_space(s.data[size]))
        size++;
    put_text(page, toc_str(s.data, size));
    page->rest = toc_str_from(s, size);
}

struct toc_str mail_html_text(struct toc_pool *pool, struct toc_str html)
{
    struct page page = {.rest = html, .room = html.size + 4096, .newlines = 2};
    if (page.room > MAIL_TEXT_MAX)
        page.room = MAIL_TEXT_MAX;
    page.out = malloc(page.room);
    if (page.out == NULL)
        return toc_str(NULL, 0);
    while (page.rest.size > 0) {
        if (page.rest.data[0] == '<')
            take_tag(&page);
        else if (is_space(page.rest.data[0]))
            take_space(&page);
        else
            take_word(&page);
    }
    const char *copy = toc_pool_copy(pool, toc_str(page.out, page.size));
    free(page.out);
    return toc_str(copy, copy != NULL ? page.size : 0);
}
