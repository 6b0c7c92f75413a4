#include "common/http_internal.h"

#define DIGITS_MAX 8    /* of a chunk's size */
#define ASIDE_MAX  4096 /* bytes of extensions and trailers in a body */

/*
 *   SIZE ─;─► EXTENSION                              trailers, a line each
 *    │ CR         │ CR                               ┌───────────────────────┐
 *    ▼            ▼                                  ▼                       │ LF
 *   SIZE_END ◄────┘        size 0 ──────────────► LINE ─► NAME ─:─► IN_LINE ─CR► LINE_END
 *    │ LF                                            │ CR
 *    ├── size 0 (see above)                          ▼
 *    └── DATA ─► DATA_CR ─► DATA_LF ─► SIZE        BODY_END ─LF► OVER
 */
enum {
    SIZE,
    EXTENSION,
    SIZE_END,
    DATA,
    DATA_CR,
    DATA_LF,
    LINE,
    NAME,
    IN_LINE,
    LINE_END,
    BODY_END,
    OVER,
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_printable(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static bool take_size(struct toc_http_chunks *chunks, char c)
{
    int digit = hex(c);
    if (digit >= 0 && chunks->digits < DIGITS_MAX) {
        chunks->left = chunks->left * 16 + (unsigned)digit;
        chunks->digits++;
        return true;
    }
    chunks->state = c == '\r' ? SIZE_END : EXTENSION;
    return chunks->digits > 0 && (c == '\r' || c == ';');
}

/* Passes over what nobody reads, to its CR. */
static bool take_aside(struct toc_http_chunks *chunks, char c, int next)
{
    if (c == '\r')
        chunks->state = next;
    return c == '\r' || (is_printable(c) && ++chunks->aside <= ASIDE_MAX);
}

/* Nobody reads a trailer, but what has no name is none: a folded line, or another request. */
static bool take_name(struct toc_http_chunks *chunks, char c)
{
    if (chunks->state == LINE && c == '\r') {
        chunks->state = BODY_END;
        return true;
    }
    bool named = chunks->state == NAME && c == ':';
    chunks->state = named ? IN_LINE : NAME;
    return (named || toc_http_is_token(toc_str(&c, 1))) && ++chunks->aside <= ASIDE_MAX;
}

static bool take_byte(struct toc_http_chunks *chunks, char c)
{
    switch (chunks->state) {
    case SIZE:
        return take_size(chunks, c);
    case EXTENSION:
        return take_aside(chunks, c, SIZE_END);
    case SIZE_END:
        chunks->state = chunks->left > 0 ? DATA : LINE;
        return c == '\n';
    case DATA_CR:
        chunks->state = DATA_LF;
        return c == '\r';
    case DATA_LF:
        chunks->state = SIZE;
        chunks->digits = 0;
        return c == '\n';
    case LINE:
    case NAME:
        return take_name(chunks, c);
    case IN_LINE:
        return take_aside(chunks, c, LINE_END);
    case LINE_END:
        chunks->state = LINE;
        return c == '\n';
    default:
        TOC_ASSERT(chunks->state == BODY_END);
        chunks->state = OVER;
        return c == '\n';
    }
}

enum toc_err toc_http_chunks_take(struct toc_http_chunks *chunks, struct toc_str in, size_t *taken,
                                  struct toc_str *data)
{
    size_t at = 0;
    while (at < in.size && chunks->state != DATA && chunks->state != OVER)
        if (!take_byte(chunks, in.data[at++]))
            return TOC_ERR_MALFORMED;
    *data = toc_str_from(in, at);
    if (chunks->state != DATA)
        data->size = 0;
    else if (data->size > chunks->left)
        data->size = (size_t)chunks->left;
    chunks->left -= data->size;
    if (chunks->state == DATA && chunks->left == 0)
        chunks->state = DATA_CR;
    *taken = at + data->size;
    return chunks->state == OVER ? TOC_NONE : TOC_OK;
}
