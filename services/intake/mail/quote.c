#include "services/intake/mail/quote.h"

#include "services/intake/mail/quote_line.h"

#define SIGNATURE_LINES_MAX 25
#define SIGNATURES_MAX      20 /* lines that are looked at as the start of one */

/* Of a text under way; each of the three gets a buffer as large as the whole. */
struct splitter {
    struct toc_str rest;
    struct toc_str body, quoted, signature;
    unsigned signatures;
};

static void give(struct toc_str *to, struct toc_str line)
{
    char *end = (char *)(uintptr_t)to->data + to->size; /* a buffer of ours */
    memcpy(end, line.data, line.size);
    end[line.size] = '\n';
    to->size += line.size + 1;
}

static void give_line(struct splitter *s, struct toc_str *to)
{
    give(to, quote_line(s->rest));
    s->rest = quote_after(s->rest);
}

static void give_all(struct splitter *s, struct toc_str *to)
{
    while (s->rest.size > 0)
        give_line(s, to);
}

static struct toc_str skip_blank(struct toc_str text)
{
    while (text.size > 0 && quote_trim(quote_line(text)).size == 0)
        text = quote_after(text);
    return text;
}

/* One begins here and is short: it ends with the mail, or at what is quoted below. */
static bool is_signature(struct splitter *s)
{
    struct toc_str text = s->rest, line = quote_line(text);
    if ((!quote_is_signature(line) && !quote_is_device(line)) || s->signatures++ >= SIGNATURES_MAX)
        return false;
    for (size_t lines = 0; lines < SIGNATURE_LINES_MAX; lines++) {
        if (text.size == 0 || quote_is_quoted(quote_line(text)) || quote_is_original(text) ||
            quote_attribution(text) > 0)
            return true;
        text = quote_after(text);
    }
    return false;
}

static void take_signature(struct splitter *s)
{
    do
        give_line(s, &s->signature);
    while (s->rest.size > 0 && !quote_is_quoted(quote_line(s->rest)) &&
           !quote_is_original(s->rest) && quote_attribution(s->rest) == 0);
}

/* What is quoted follows: with signs before its lines, or bare to the end. */
static void take_attribution(struct splitter *s, size_t lines)
{
    for (size_t i = 0; i < lines; i++)
        give_line(s, &s->quoted);
    if (!quote_is_quoted(quote_line(skip_blank(s->rest))))
        give_all(s, &s->quoted);
}

static void take_line(struct splitter *s)
{
    struct toc_str line = quote_line(s->rest);
    size_t attribution;
    if (quote_is_quoted(line))
        give_line(s, &s->quoted);
    else if (quote_is_forward(line))
        give_all(s, &s->body); /* it was passed on to be read */
    else if (quote_is_original(s->rest))
        give_all(s, &s->quoted);
    else if (is_signature(s))
        take_signature(s);
    else if ((attribution = quote_attribution(s->rest)) > 0)
        take_attribution(s, attribution);
    else
        give_line(s, &s->body);
}

static struct toc_str trim_blank(struct toc_str text)
{
    text = skip_blank(text);
    while (text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
        text.size--;
    return text;
}

enum toc_err mail_split(struct toc_pool *pool, struct toc_str text, struct mail_split *out)
{
    char *room = toc_pool_take(pool, 3 * (text.size + 2));
    if (room == NULL)
        return TOC_ERR_MEMORY;
    struct splitter s = {.rest = text,
                         .body = toc_str(room, 0),
                         .quoted = toc_str(room + text.size + 2, 0),
                         .signature = toc_str(room + 2 * (text.size + 2), 0)};
    while (s.rest.size > 0)
        take_line(&s);
    *out = (struct mail_split){trim_blank(s.body), trim_blank(s.quoted), trim_blank(s.signature)};
    if (out->body.size == 0) /* an answer without words, or what only looks like a quotation */
        *out = (struct mail_split){.body = trim_blank(text)};
    return TOC_OK;
}
