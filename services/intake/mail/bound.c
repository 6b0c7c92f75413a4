#include "services/intake/mail/bound.h"

#include "services/intake/mail/mail.h"

#include <strings.h>

/* What the lines so far came to. */
struct bound {
    bool in_header;     /* of the mail, of a part or of an enclosed mail */
    bool in_type;       /* within a Content-Type that goes on over lines */
    bool encloses_mail; /* this header says so: another one follows it */
    bool in_addresses;  /* within a field of addresses */
    size_t groups;      /* that this one may open: parsers recurse into each */
    size_t parts, depth, field_lines, header_bytes;
};

static bool is_blank(struct toc_str line)
{
    return line.size == 0 || line.data[0] == '\n' || (line.data[0] == '\r' && line.size <= 2);
}

static bool has_word(struct toc_str line, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= line.size; i++)
        if (strncasecmp(line.data + i, word, size) == 0)
            return true;
    return false;
}

/* A type may stand anywhere in its field, so each mention counts. */
static void look_at_type(struct bound *b, struct toc_str line)
{
    static const char field[] = "content-type";
    bool goes_on = line.data[0] == ' ' || line.data[0] == '\t';
    if (!goes_on)
        b->in_type =
            line.size >= sizeof(field) && strncasecmp(line.data, field, sizeof(field) - 1) == 0;
    if (!b->in_type)
        return;
    bool mail = has_word(line, "message");
    b->encloses_mail = b->encloses_mail || mail;
    b->depth += mail || has_word(line, "multipart");
}

static void look_at_addresses(struct bound *b, struct toc_str line)
{
    static const char *const fields[] = {"from", "sender", "reply-to", "to",
                                         "cc",   "bcc",    "resent-"};
    bool goes_on = line.data[0] == ' ' || line.data[0] == '\t';
    for (size_t i = 0; !goes_on && i < sizeof(fields) / sizeof(fields[0]); i++) {
        size_t size = strlen(fields[i]);
        b->in_addresses = line.size > size && strncasecmp(line.data, fields[i], size) == 0;
        b->groups = 0;
        if (b->in_addresses)
            break;
    }
    for (size_t i = 0; b->in_addresses && i < line.size; i++)
        b->groups += line.data[i] == ':';
}

static void look_at_field(struct bound *b, struct toc_str line)
{
    if (is_blank(line)) {
        b->in_header = b->encloses_mail;
        b->in_type = b->encloses_mail = b->in_addresses = false;
        b->groups = 0;
        return;
    }
    b->field_lines++;
    b->header_bytes += line.size;
    look_at_type(b, line);
    look_at_addresses(b, line);
}

static bool take_line(struct bound *b, struct toc_str line)
{
    /* Where nothing encloses anything, dashes are text. */
    if (b->depth > 0 && line.size >= 2 && line.data[0] == '-' && line.data[1] == '-') {
        b->parts++;
        b->in_header = true;
        b->in_type = b->encloses_mail = false;
    } else if (b->in_header) {
        look_at_field(b, line);
    }
    return b->parts <= MAIL_PARTS_MAX && b->depth <= MAIL_DEPTH_MAX &&
           b->groups <= MAIL_GROUPS_MAX && b->field_lines <= MAIL_FIELD_LINES_MAX &&
           b->header_bytes <= MAIL_HEADER_MAX;
}

size_t mail_bounded(struct toc_str raw)
{
    struct bound b = {.in_header = true};
    size_t at = 0, size = raw.size < MAIL_BYTES_MAX ? raw.size : MAIL_BYTES_MAX;
    while (at < size) {
        const char *end = memchr(raw.data + at, '\n', size - at);
        size_t next = end != NULL ? (size_t)(end - raw.data) + 1 : size;
        if (!take_line(&b, toc_str(raw.data + at, next - at)))
            break;
        at = next;
    }
    return at;
}
