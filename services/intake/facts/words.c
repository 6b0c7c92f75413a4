#include "services/intake/facts/words.h"

#include "services/intake/facts/plain.h"

#include <assert.h>

#define LATIN_FIRST  0xc0
#define LATIN_LAST   0x17f
#define DEVANAGARI   0x900
#define FOREIGN      0x10 /* and 0 to 15: four bits of a letter */
#define FOREIGN_LONG 0x01 /* before a letter of six such bytes and not four */

/* U+00C0 to U+017F without their accents. */
static const char latin[] = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
                            "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(sizeof(latin) - 1 == LATIN_LAST - LATIN_FIRST + 1, "a letter for each");

/* Letters of Devanagari that are written with a dot below, U+0958 to U+095F, without it. */
static const uint16_t dotted[] = {0x915, 0x916, 0x917, 0x91c, 0x921, 0x922, 0x92b, 0x92f};

/* What is in no word beyond U+2000: symbols, punctuation, pictures. */
static const struct {
    uint32_t first, last;
} apart[] = {{0x2000, 0x2bff}, {0x3000, 0x303f}, {0xe000, 0xf8ff}, {0x1f000, 0x1faff}};

/* Letters and digits of ASCII as they stand in a word; 0 for what else there is. */
static const uint8_t small[256] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6',
    ['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',
    ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k',
    ['l'] = 'l', ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r',
    ['s'] = 's', ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y',
    ['z'] = 'z', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f',
    ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm',
    ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't',
    ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z'};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool words_is_letter(uint32_t code)
{
    if (code < 0x80)
        return small[code] != 0;
    if (code < LATIN_FIRST)
        return code == 0xaa || code == 0xb5 || code == 0xba;
    if (code < 0x2000)
        return code != 0xd7 && code != 0xf7 && code != 0x964 && code != 0x965;
    for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
        if (code >= apart[i].first && code <= apart[i].last)
            return false;
    return true;
}

/* Four bits a byte, so that no byte is a blank or a letter of another kind. */
static size_t put_foreign_letter(char *out, uint32_t code)
{
    size_t size = 0;
    int shift = 12;
    if (code > 0xffff) {
        out[size++] = FOREIGN_LONG;
        shift = 20;
    }
    for (; shift >= 0; shift -= 4)
        out[size++] = (char)(FOREIGN | (code >> shift & 0xf));
    return size;
}

size_t words_letter(char out[WORDS_LETTER_MAX], uint32_t code)
{
    if (code >= 'A' && code <= 'Z')
        code += 'a' - 'A';
    else if (code >= LATIN_FIRST && code <= LATIN_LAST)
        code = (unsigned char)latin[code - LATIN_FIRST];
    else if (code == 0x901) /* candrabindu is often written as anusvara */
        code = 0x902;
    else if (code >= 0x958 && code <= 0x95f)
        code = dotted[code - 0x958];
    else if (code == 0x93c || (code >= 0x300 && code <= 0x36f)) /* nukta, combining accents */
        return 0;
    if (code >= 0x80 && (code < DEVANAGARI || code > DEVANAGARI + 0x7f))
        return put_foreign_letter(out, code);
    out[0] = (char)(code < 0x80 ? code : 0x80 + code - DEVANAGARI);
    return 1;
}

bool words_equal(struct toc_str word, const char *text)
{
    size_t at = 0, size = 1;
    for (; *text != '\0'; text += size) {
        char letter[WORDS_LETTER_MAX];
        size_t bytes = words_letter(letter, plain_at(text, &size));
        if (bytes > word.size - at || memcmp(word.data + at, letter, bytes) != 0)
            return false;
        at += bytes;
    }
    return at == word.size;
}

struct writer {
    char *data;
    size_t size;
    size_t word; /* bytes of the word that is being written */
};

static void end_word(struct writer *w)
{
    if (w->word > 0)
        w->data[w->size++] = ' ';
    w->word = 0;
}

/* Several marks in a row are one, and a full stop is the stronger. */
static void put_mark(struct writer *w, char mark)
{
    end_word(w);
    if (w->size == 1)
        return;
    if (w->size >= 3 && w->data[w->size - 3] == ' ' && words_is_mark(w->data[w->size - 2])) {
        if (mark == '.')
            w->data[w->size - 2] = mark;
        return;
    }
    w->data[w->size++] = mark;
    w->data[w->size++] = ' ';
}

static void put_letter(struct writer *w, uint32_t code)
{
    char letter[WORDS_LETTER_MAX];
    size_t size = words_letter(letter, code);
    if (w->word + size > WORDS_ONE_MAX)
        end_word(w);
    memcpy(w->data + w->size, letter, size);
    w->size += size;
    w->word += size;
}

/* A line's end is a blank, as texts are wrapped; an empty line ends a sentence. */
static bool is_empty_line(const char *p, const char *end)
{
    for (p++; p < end && *p == ' ';)
        p++;
    return p < end && *p == '\n';
}

/* What an ASCII character that is neither letter nor digit does to the words. */
static void put_other(struct writer *w, const char *p, const char *end)
{
    bool inside = w->word > 0 && p + 1 < end;
    switch (*p) {
    case '\'':
        if (!inside || !words_is_letter((unsigned char)p[1]))
            end_word(w);
        break;
    case '.':
    case ',':
        if (inside && is_digit(p[-1]) && is_digit(p[1]))
            put_letter(w, '.');
        else
            put_mark(w, *p);
        break;
    case '!':
    case '?':
    case ';':
    case ':':
        put_mark(w, '.');
        break;
    case '\n':
        if (is_empty_line(p, end))
            put_mark(w, '.');
        end_word(w);
        break;
    default:
        end_word(w);
    }
}

static void put_foreign(struct writer *w, uint32_t code)
{
    if (code == 0x964 || code == 0x965 || code == 0x3002)
        put_mark(w, '.');
    else if (words_is_letter(code))
        put_letter(w, code);
    else
        end_word(w);
}

/* The letters and digits of ASCII at `p`, as many as the word has room for. */
static size_t put_run(struct writer *w, const char *p, const char *end)
{
    char *out = w->data + w->size;
    size_t room = WORDS_ONE_MAX - w->word, left = (size_t)(end - p), count = 0;
    room = left < room ? left : room;
    for (; count < room && small[(unsigned char)p[count]] != 0; count++)
        out[count] = (char)small[(unsigned char)p[count]];
    w->size += count;
    w->word += count;
    return count;
}

size_t words_make(char *out, struct toc_str plain)
{
    const char *p = plain.data, *end = p + plain.size;
    struct writer w = {out, 1, 0};
    out[0] = ' ';
    while (p < end) {
        size_t size = put_run(&w, p, end);
        if (size == 0 && small[(unsigned char)*p] != 0) {
            end_word(&w); /* it is full */
        } else if (size == 0 && (unsigned char)*p < 0x80) {
            put_other(&w, p, end);
            size = 1;
        } else if (size == 0) {
            put_foreign(&w, plain_at(p, &size));
        }
        p += size;
    }
    end_word(&w);
    return w.size;
}
