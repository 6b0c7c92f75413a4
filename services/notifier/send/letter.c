#include "services/notifier/send/letter.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#define LOCAL_MAX     64 /* bytes before the @ */
#define LABEL_MAX     63 /* of one label of a domain */
#define WORD_BYTES    42 /* of a text in an encoded word: 56 in base64, 68 with what is around it */
#define BODY_LINE_MAX 76 /* bytes of a line of the body, without its end */

/* --- addresses ---------------------------------------------------------------------------- */

static bool has_only(struct toc_str text, const char *more)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr(more, c) == NULL))
            return false;
    }
    return text.size > 0;
}

static bool is_label(struct toc_str text)
{
    return text.size > 0 && text.size <= LABEL_MAX && has_only(text, "-") && text.data[0] != '-' &&
           text.data[text.size - 1] != '-';
}

bool letter_is_domain(struct toc_str text)
{
    if (text.size > LETTER_ADDRESS_MAX - 2)
        return false;
    for (;;) {
        const char *dot = text.size > 0 ? memchr(text.data, '.', text.size) : NULL;
        size_t size = dot != NULL ? (size_t)(dot - text.data) : text.size;
        if (!is_label(toc_str(text.data, size)))
            return false;
        if (dot == NULL)
            return true;
        text = toc_str_from(text, size + 1);
    }
}

bool letter_is_address(struct toc_str text)
{
    const char *at = text.size > 0 ? memchr(text.data, '@', text.size) : NULL;
    if (at == NULL || text.size > LETTER_ADDRESS_MAX)
        return false;
    struct toc_str local = toc_str(text.data, (size_t)(at - text.data));
    bool dots = local.size > 0 && (local.data[0] == '.' || local.data[local.size - 1] == '.' ||
                                   memmem(local.data, local.size, "..", 2) != NULL);
    return local.size <= LOCAL_MAX && !dots && has_only(local, ".!#$%&'*+-/=?^_`{|}~") &&
           letter_is_domain(toc_str_from(text, local.size + 1));
}

/* --- a text that grows -------------------------------------------------------------------- */

struct out {
    char *data;
    size_t used;
};

static void put(struct out *out, const char *bytes, size_t size)
{
    size_t room = LETTER_MAX - out->used;
    size = size < room ? size : room;
    memcpy(out->data + out->used, bytes, size);
    out->used += size;
}

__attribute__((format(printf, 2, 3))) static void put_line(struct out *out, const char *format, ...)
{
    char line[2 * LETTER_ADDRESS_MAX + 256];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    TOC_ASSERT(size >= 0 && (size_t)size < sizeof(line) && strpbrk(line, "\r\n") == NULL);
    put(out, line, (size_t)size);
    put(out, "\r\n", 2);
}

/* --- the header --------------------------------------------------------------------------- */

static void put_date(struct out *out, toc_time_ms at_ms)
{
    static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t days = at_ms / TOC_DAY_MS;
    int seconds = (int)(at_ms % TOC_DAY_MS / TOC_SECOND_MS), year;
    unsigned month, day;
    toc_date_from_days(days, &year, &month, &day);
    put_line(out, "Date: %s, %u %s %04d %02d:%02d:%02d +0000", weekdays[toc_weekday(days)], day,
             months[month - 1], year, seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* A piece of at most WORD_BYTES that ends between two characters. */
static size_t piece_of(struct toc_str text)
{
    size_t size = text.size < WORD_BYTES ? text.size : WORD_BYTES;
    while (size > 0 && size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static void put_subject(struct out *out, const char *subject)
{
    char word[4 * WORD_BYTES / 3 + 4];
    put(out, "Subject:", 8);
    if (is_ascii(subject)) {
        put(out, " ", 1);
        put(out, subject, strlen(subject));
        put(out, "\r\n", 2);
        return;
    }
    for (struct toc_str rest = toc_str_of(subject); rest.size > 0;) {
        size_t size = piece_of(rest);
        sodium_bin2base64(word, sizeof(word), (const unsigned char *)rest.data, size,
                          sodium_base64_VARIANT_ORIGINAL);
        put(out, " =?UTF-8?B?", 11);
        put(out, word, strlen(word));
        put(out, "?=\r\n", 4); /* what follows begins with a blank: the line goes on */
        rest = toc_str_from(rest, size);
    }
}

static void put_header(struct out *out, const struct letter *letter)
{
    const struct notifier_page *page = letter->text->page;
    char title[TEXT_TITLE_MAX], alert[2 * TOC_ID + 1];
    put_date(out, letter->text->now_ms);
    put_line(out, "From: Tocsin <%s>", letter->from);
    put_line(out, "To: <%s>", letter->to);
    put_subject(out, text_title(letter->text, title));
    put_line(out, "Message-ID: <%s@%s>", page->page->delivery, letter->domain);
    if (page->alert->id.len == TOC_ID) {
        toc_hex(alert, page->alert->id.data, TOC_ID);
        put_line(out, "In-Reply-To: <alert_%s@%s>", alert, letter->domain);
        put_line(out, "References: <alert_%s@%s>", alert, letter->domain);
    }
    put_line(out, "Auto-Submitted: auto-generated");
    put_line(out, "MIME-Version: 1.0");
    put_line(out, "Content-Type: text/plain; charset=utf-8");
    put_line(out, "Content-Transfer-Encoding: quoted-printable");
    put_line(out, "%s", "");
}

/* --- the body ----------------------------------------------------------------------------- */

/* Whether a byte stands for itself; a blank does where no line ends behind it. */
static bool is_plain(char c, char next)
{
    if (c == ' ')
        return next != '\n' && next != '\0';
    return c > 0x20 && c < 0x7f && c != '=';
}

static void put_body(struct out *out, const char *text)
{
    size_t column = 0;
    for (; *text != '\0'; text++) {
        char escaped[4];
        if (*text == '\n') {
            put(out, "\r\n", 2);
            column = 0;
            continue;
        }
        bool plain = is_plain(text[0], text[1]);
        size_t size = plain ? 1 : 3;
        snprintf(escaped, sizeof(escaped), "=%02X", (unsigned char)*text);
        if (column + size > BODY_LINE_MAX - 1) {
            put(out, "=\r\n", 3);
            column = 0;
        }
        put(out, plain ? text : escaped, size);
        column += size;
    }
    put(out, "\r\n", 2);
}

size_t letter_write(const struct letter *letter, char out[LETTER_MAX])
{
    char body[TEXT_MAX];
    struct out written = {.data = out};
    put_header(&written, letter);
    put_body(&written, text_long(letter->text, body));
    return written.used;
}
