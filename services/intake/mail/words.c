#include "services/intake/mail/words.h"

#include "common/charset.h"

#include <stdlib.h>
#include <strings.h>

#define CHARSET_MAX 40

/* "=?utf-8*en?B?...?=" */
struct word {
    char charset[CHARSET_MAX + 1]; /* without the language (RFC 2231, section 5) */
    char encoding;                 /* 'B' or 'Q' */
    struct toc_str text;
    size_t size; /* of all of it */
};

/* What is decoded so far; words of one charset wait to be converted together. */
struct line {
    struct toc_pool *pool;
    char *out, *bytes;
    size_t size, room;
    size_t waiting; /* of `bytes` */
    char charset[CHARSET_MAX + 1];
    bool no_memory;
};

static bool read_word(struct toc_str s, struct word *out)
{
    if (!toc_str_starts(s, TOC_STR("=?")))
        return false;
    const char *charset = s.data + 2, *end = s.data + s.size;
    const char *mark = memchr(charset, '?', (size_t)(end - charset));
    if (mark == NULL || mark == charset || end - mark < 5 || mark[2] != '?')
        return false;
    const char *text = mark + 3, *close = memmem(text, (size_t)(end - text), "?=", 2);
    /* The "?=" of an empty text, or of "=?=...": a word's text has no '?' in it. */
    if (close == NULL || memchr(text, '?', (size_t)(close - text)) != NULL)
        return false;
    const char *language = memchr(charset, '*', (size_t)(mark - charset));
    toc_str_copy(out->charset, sizeof(out->charset),
                 toc_str(charset, (size_t)((language != NULL ? language : mark) - charset)));
    out->encoding = (char)(mark[1] & ~0x20);
    out->text = toc_str(text, (size_t)(close - text));
    out->size = (size_t)(close + 2 - s.data);
    return out->encoding == 'B' || out->encoding == 'Q';
}

/* --- decoding --------------------------------------------------------------------------------- */

static int hex_of(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

static size_t decode_q(char *out, struct toc_str text)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int high = i + 2 < text.size ? hex_of(text.data[i + 1]) : -1;
        int low = i + 2 < text.size ? hex_of(text.data[i + 2]) : -1;
        if (text.data[i] == '=' && high >= 0 && low >= 0) {
            out[size++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[size++] = text.data[i] == '_' ? ' ' : text.data[i];
        }
    }
    return size;
}

static int base64_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

/* Signs that are none are passed over; each word ends by itself. */
static size_t decode_b(char *out, struct toc_str text)
{
    size_t size = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_of(text.data[i]);
        if (value < 0)
            continue;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[size++] = (char)(bits >> count & 0xff);
        }
    }
    return size;
}

/* --- the line --------------------------------------------------------------------------------- */

static void put(struct line *line, struct toc_str text)
{
    if (text.size > line->room - line->size)
        text.size = line->room - line->size;
    if (text.size > 0)
        memcpy(line->out + line->size, text.data, text.size);
    line->size += text.size;
}

/* Converts the words that wait. */
static void settle(struct line *line)
{
    if (line->waiting == 0)
        return;
    struct toc_str text = toc_charset_utf8(line->pool, toc_str(line->bytes, line->waiting),
                                           line->charset, line->room - line->size);
    line->no_memory = line->no_memory || text.data == NULL;
    put(line, text);
    line->waiting = 0;
}

static void take_word(struct line *line, const struct word *word)
{
    if (strcasecmp(line->charset, word->charset) != 0)
        settle(line);
    memcpy(line->charset, word->charset, sizeof(line->charset));
    line->waiting += word->encoding == 'B' ? decode_b(line->bytes + line->waiting, word->text)
                                           : decode_q(line->bytes + line->waiting, word->text);
}

static size_t blanks(struct toc_str s)
{
    size_t size = 0;
    while (size < s.size && strchr(" \t\r\n", s.data[size]) != NULL && s.data[size] != '\0')
        size++;
    return size;
}

/* What stands outside of words: UTF-8, or bytes that are mended. */
static void take_plain(struct line *line, struct toc_str text)
{
    settle(line);
    struct toc_str clean = toc_charset_utf8_line(line->pool, text, line->room);
    line->no_memory = line->no_memory || (clean.data == NULL && text.size > 0);
    if (blanks(text) > 0 && line->size > 0)
        put(line, TOC_STR(" "));
    put(line, clean);
    if (clean.size > 0 && blanks(toc_str_from(text, text.size - 1)) > 0)
        put(line, TOC_STR(" "));
}

static void take_all(struct line *line, struct toc_str raw)
{
    struct word word;
    size_t plain = 0; /* of it, not taken yet */
    bool after_word = false;
    for (size_t at = 0; at < raw.size;) {
        if (raw.data[at] != '=' || !read_word(toc_str_from(raw, at), &word)) {
            at++;
            continue;
        }
        struct toc_str between = toc_str(raw.data + plain, at - plain);
        if (between.size > 0 && !(after_word && blanks(between) == between.size))
            take_plain(line, between);
        take_word(line, &word);
        at += word.size;
        plain = at;
        after_word = true;
    }
    if (plain < raw.size)
        take_plain(line, toc_str_from(raw, plain));
    settle(line);
}

struct toc_str mail_words(struct toc_pool *pool, struct toc_str raw, size_t size_max)
{
    if (raw.size > 4 * size_max)
        raw.size = 4 * size_max;
    struct line line = {.pool = pool, .room = size_max};
    struct toc_str out = {NULL, 0};
    line.out = malloc(size_max + raw.size + 1);
    if (line.out == NULL)
        return out;
    line.bytes = line.out + size_max;
    take_all(&line, raw);
    if (!line.no_memory)
        out = toc_charset_utf8_line(pool, toc_str(line.out, line.size), size_max);
    free(line.out);
    return out;
}
