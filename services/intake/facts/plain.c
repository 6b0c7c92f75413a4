#include "services/intake/facts/plain.h"

#define DROPPED   UINT32_MAX
#define MALFORMED 0xfffd

/* A byte that begins no well-formed sequence counts as one MALFORMED of its own. */
static uint32_t decode(const char *p, const char *end, size_t *out_size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*p;
    size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t code = size == 1 ? first : size == 0 ? 0 : first & (0x7fU >> size);
    *out_size = 1;
    if (size == 0 || first > 0xf4 || size > (size_t)(end - p))
        return MALFORMED;
    for (size_t i = 1; i < size; i++) {
        if (!plain_is_inside(p[i]))
            return MALFORMED;
        code = code << 6 | ((unsigned char)p[i] & 0x3f);
    }
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return MALFORMED;
    *out_size = size;
    return code;
}

size_t plain_put(char *out, uint32_t code)
{
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (size == 1) {
        out[0] = (char)code;
        return 1;
    }
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00U >> size & 0xffU) | code);
    return size;
}

/* What a range of code points becomes: one character for all, or one for each from `to` on. */
static const struct {
    uint32_t first, last, to;
    bool each;
} forms[] = {{0x0000, 0x0009, ' ', false},      {0x000b, 0x001f, ' ', false},
             {0x007f, 0x00a0, ' ', false},      {0x00ad, 0x00ad, DROPPED, false},
             {0x02bc, 0x02bc, '\'', false},     {0x0660, 0x0669, '0', true},
             {0x06f0, 0x06f9, '0', true},       {0x0966, 0x096f, '0', true},
             {0x2000, 0x200a, ' ', false},      {0x200b, 0x200f, DROPPED, false},
             {0x2010, 0x2015, '-', false},      {0x2018, 0x2019, '\'', false},
             {0x201c, 0x201d, '"', false},      {0x2028, 0x2029, '\n', false},
             {0x202a, 0x202e, DROPPED, false},  {0x202f, 0x202f, ' ', false},
             {0x205f, 0x205f, ' ', false},      {0x2060, 0x206f, DROPPED, false},
             {0x2212, 0x2212, '-', false},      {0x3000, 0x3000, ' ', false},
             {0xfdd0, 0xfdef, ' ', false},      {0xfe00, 0xfe0f, DROPPED, false},
             {0xfeff, 0xfeff, DROPPED, false},  {0xff01, 0xff5e, '!', true},
             {MALFORMED, MALFORMED, ' ', false}};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

static uint32_t form_of(uint32_t code)
{
    if (code < 0x2000 && (code > 0x96f || (code > 0x6f9 && code < 0x966)))
        return code; /* most of the letters that are not Latin */
    for (size_t i = 0; i < FORM_COUNT && forms[i].first <= code; i++)
        if (code <= forms[i].last)
            return forms[i].each ? code - forms[i].first + forms[i].to : forms[i].to;
    return (code & 0xfffe) == 0xfffe ? ' ' : code; /* no characters */
}

size_t plain_make(char *out, struct toc_str text)
{
    const char *p = text.data, *end = p + text.size;
    size_t at = 0;
    while (p < end) {
        size_t size = 1;
        if (*p >= ' ' && *p < 0x7f) {
            out[at++] = *p++;
            continue;
        }
        uint32_t code = form_of(decode(p, end, &size));
        if (code != DROPPED)
            at += plain_put(out + at, code);
        p += size;
    }
    return at;
}
