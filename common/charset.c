#include "common/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <strings.h>

#define NAME_MAX_BYTES 40
#define UNKNOWN        0xfffdu

/* A text that grows up to a limit; what would go beyond it is left out. */
struct text {
    char *data;
    size_t size, room;
};

size_t toc_charset_utf8_of(uint32_t c, char out[4])
{
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(size == 1 ? c : ((0xf00u >> size & 0xffu) | c));
    return size;
}

static void put(struct text *text, uint32_t c)
{
    char utf8[4];
    size_t size = toc_charset_utf8_of(c, utf8);
    if (text->size + size > text->room) {
        text->room = text->size; /* nothing follows what was left out */
        return;
    }
    memcpy(text->data + text->size, utf8, size);
    text->size += size;
}

/* --- characters ------------------------------------------------------------------------------- */

/* The well-formed character at the start of `s` and its size; 0 when there is none (RFC 3629). */
static size_t take_utf8(struct toc_str s, uint32_t *out)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t size = p[0] < 0x80             ? 1
                  : (p[0] & 0xe0) == 0xc0 ? 2
                  : (p[0] & 0xf0) == 0xe0 ? 3
                  : (p[0] & 0xf8) == 0xf0 ? 4
                                          : 0;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0 || size > s.size)
        return 0;
    uint32_t c = size == 1 ? p[0] : p[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *out = c;
    return size;
}

/* 0x80 to 0x9f of Windows-1252; the five that it leaves open are unknown. */
static uint32_t windows_1252(unsigned char byte)
{
    static const uint16_t high[32] = {
        0x20ac, UNKNOWN, 0x201a,  0x0192, 0x201e,  0x2026,  0x2020, 0x2021,  0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152,  UNKNOWN, 0x017d, UNKNOWN, UNKNOWN, 0x2018, 0x2019,  0x201c, 0x201d, 0x2022,
        0x2013, 0x2014,  0x02dc,  0x2122, 0x0161,  0x203a,  0x0153, UNKNOWN, 0x017e, 0x0178};
    return byte >= 0x80 && byte < 0xa0 ? high[byte - 0x80] : byte;
}

/* Line ends as LF; control characters go, those of C1 too, and marks that turn the line around. */
static void put_clean(struct text *text, uint32_t c, uint32_t next)
{
    if (c == '\r') {
        if (next != '\n')
            put(text, '\n');
    } else if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f) || c >= 0xa0) {
        if ((c < 0x202a || c > 0x202e) && (c < 0x2066 || c > 0x2069) && c != 0xfeff)
            put(text, c);
    }
}

/* Bytes that should be UTF-8; those that are not stand for themselves in Windows-1252. */
static void put_mended(struct text *text, struct toc_str bytes)
{
    for (size_t at = 0; at < bytes.size;) {
        uint32_t c;
        size_t size = take_utf8(toc_str_from(bytes, at), &c);
        if (size == 0) {
            c = windows_1252((unsigned char)bytes.data[at]);
            size = 1;
        }
        at += size;
        put_clean(text, c, at < bytes.size ? (unsigned char)bytes.data[at] : 0);
    }
}

static bool is_utf8(struct toc_str bytes)
{
    uint32_t c;
    for (size_t at = 0, size; at < bytes.size; at += size) {
        size = take_utf8(toc_str_from(bytes, at), &c);
        if (size == 0)
            return false;
    }
    return true;
}

/* --- names ------------------------------------------------------------------------------------ */

/* What mails call a charset, where the C library calls it otherwise or something wider is meant
 * (WHATWG's Encoding standard); "" is UTF-8, or nothing that says anything. */
static const char *library_name(const char *charset)
{
    static const char *const names[][2] = {
        {"utf-8", ""},
        {"utf8", ""},
        {"us-ascii", ""},
        {"ascii", ""},
        {"ansi_x3.4-1968", ""},
        {"unknown-8bit", ""},
        {"x-unknown", ""},
        {"default", ""},
        {"iso-8859-1", "windows-1252"},
        {"latin1", "windows-1252"},
        {"iso-8859-9", "windows-1254"},
        {"gb2312", "gb18030"},
        {"gbk", "gb18030"},
        {"x-gbk", "gb18030"},
        {"ks_c_5601-1987", "cp949"},
        {"euc-kr", "cp949"},
        {"shift_jis", "cp932"},
        {"shift-jis", "cp932"},
        {"x-sjis", "cp932"},
        {"iso-2022-jp", "iso-2022-jp-2"},
        {"iso-8859-8-i", "iso-8859-8"},
        {"x-mac-roman", "macintosh"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(charset, names[i][0]) == 0)
            return names[i][1];
    return charset;
}

/* The library gives a meaning to '/', and reads some of its charsets badly. */
static bool is_allowed(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.:";
    size_t size = strlen(name);
    return size > 0 && size <= NAME_MAX_BYTES && strspn(name, allowed) == size &&
           strncasecmp(name, "iso-2022-cn", 11) != 0 && strncasecmp(name, "iso2022cn", 9) != 0;
}

/* --- conversion ------------------------------------------------------------------------------- */

/* What cannot be read becomes one mark for each byte. */
static void put_converted(struct text *text, iconv_t to_utf8, struct toc_str bytes)
{
    char piece[4096], *in = (char *)(uintptr_t)bytes.data;
    size_t left = bytes.size;
    while (left > 0 && text->size < text->room) {
        char *out = piece;
        size_t room = sizeof(piece), had = left;
        errno = 0;
        bool stuck = iconv(to_utf8, &in, &left, &out, &room) == (size_t)-1 && errno != E2BIG;
        put_mended(text, toc_str(piece, (size_t)(out - piece)));
        if (stuck || (left == had && out == piece)) {
            put(text, UNKNOWN);
            in++;
            left--;
        }
    }
}

static void convert(struct text *text, struct toc_str bytes, const char *charset)
{
    const char *name = charset != NULL ? library_name(charset) : "";
    iconv_t to_utf8 = is_allowed(name) ? iconv_open("UTF-8", name) : (iconv_t)-1;
    bool single = strcasecmp(name, "windows-1252") == 0;
    if (to_utf8 == (iconv_t)-1 || (single && is_utf8(bytes)))
        put_mended(text, bytes);
    else
        put_converted(text, to_utf8, bytes);
    if (to_utf8 != (iconv_t)-1)
        iconv_close(to_utf8);
}

struct toc_str toc_charset_utf8(struct toc_pool *pool, struct toc_str bytes, const char *charset,
                                size_t size_max)
{
    struct text text = {0};
    if (bytes.size > size_max)
        bytes.size = size_max;
    text.room = 3 * bytes.size < size_max ? 3 * bytes.size : size_max;
    text.data = malloc(text.room + 1);
    if (text.data == NULL)
        return toc_str(NULL, 0);
    convert(&text, bytes, charset);
    const char *copy = toc_pool_copy(pool, toc_str(text.data, text.size));
    free(text.data);
    return toc_str(copy, copy != NULL ? text.size : 0);
}

struct toc_str toc_charset_utf8_line(struct toc_pool *pool, struct toc_str bytes, size_t size_max)
{
    struct toc_str line = toc_charset_utf8(pool, bytes, NULL, size_max);
    char *data = (char *)(uintptr_t)line.data; /* just made here */
    for (size_t i = 0; i < line.size; i++)
        if (data[i] == '\n' || data[i] == '\t')
            data[i] = ' ';
    while (line.size > 0 && line.data[line.size - 1] == ' ')
        line.size--;
    while (line.size > 0 && line.data[0] == ' ')
        line = toc_str_from(line, 1);
    return line;
}
