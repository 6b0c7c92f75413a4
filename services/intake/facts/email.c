#include "services/intake/facts/email.h"

#define DETECTOR        "email/1"
#define LOCAL_MAX       64 /* bytes, RFC 5321 */
#define DOMAIN_MAX      253
#define LABEL_MAX       63
#define ADDRESS_PERCENT 95

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || is_digit(c) || (unsigned char)c >= 0x80;
}

/* Atoms of RFC 5322 and dots; letters of other scripts count (RFC 6531). */
static bool is_local(char c)
{
    return is_alnum(c) || (c != '\0' && strchr(".!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool has_local_before(struct toc_str text, size_t at)
{
    size_t from = at;
    while (from > 0 && at - from <= LOCAL_MAX && is_local(text.data[from - 1]))
        from--;
    while (from < at && !is_alnum(text.data[from])) /* "<", "(=", "mailto:" end it as well */
        from++;
    return from < at && at - from <= LOCAL_MAX && text.data[at - 1] != '.';
}

/* Bytes of a domain of at least two labels, the last of letters; 0 when there is none. */
static size_t domain_at(struct toc_str text, size_t from)
{
    size_t at = from, label = from, last = from, end = from;
    for (; at < text.size && at - from < DOMAIN_MAX && at - label <= LABEL_MAX; at++) {
        char c = text.data[at];
        if (c == '.' && at > label && at + 1 < text.size && is_alnum(text.data[at + 1])) {
            label = at + 1;
        } else if (!is_alnum(c) && (c != '-' || at == label)) {
            break;
        } else if (label > from && at > label) { /* its second character or a later one */
            last = label;
            end = at + 1;
        }
    }
    return end > last && !is_digit(text.data[last]) ? end - from : 0;
}

void email_find(struct toc_str plain, struct found *found)
{
    unsigned places = 0;
    const char *end = plain.data + plain.size;
    for (const char *p = plain.data; p < end; p++) {
        p = memchr(p, '@', (size_t)(end - p));
        if (p == NULL)
            break;
        size_t at = (size_t)(p - plain.data);
        size_t domain = domain_at(plain, at + 1);
        if (domain == 0 || !has_local_before(plain, at))
            continue;
        places++;
        p += domain;
    }
    if (places > 0)
        found_add(found, "email", ADDRESS_PERCENT, DETECTOR, "%u", places);
}
