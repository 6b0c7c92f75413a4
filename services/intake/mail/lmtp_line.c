#include "services/intake/mail/lmtp_line.h"

#include <strings.h>

static const char syntax[] = "501 5.5.4 the argument is not as RFC 5321 has it";
static const char bad_address[] = "501 5.1.3 the address is none";
static const char bad_parameter[] = "555 5.5.4 a parameter that is not known here";

static enum lmtp_verb verb_of(struct toc_str word)
{
    static const struct {
        const char *word;
        enum lmtp_verb verb;
    } verbs[] = {
        {"LHLO", LMTP_LHLO}, {"MAIL", LMTP_MAIL}, {"RCPT", LMTP_RCPT}, {"DATA", LMTP_DATA},
        {"RSET", LMTP_RSET}, {"NOOP", LMTP_NOOP}, {"QUIT", LMTP_QUIT}, {"VRFY", LMTP_VRFY},
        {"HELO", LMTP_HELO}, {"EHLO", LMTP_HELO},
    };
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (word.size == 4 && strncasecmp(word.data, verbs[i].word, 4) == 0)
            return verbs[i].verb;
    return LMTP_UNKNOWN;
}

static struct toc_str trim(struct toc_str s)
{
    while (s.size > 0 && s.data[0] == ' ')
        s = toc_str_from(s, 1);
    while (s.size > 0 && s.data[s.size - 1] == ' ')
        s.size--;
    return s;
}

/* Takes the word before the next blank off `s`. */
static struct toc_str take_word(struct toc_str *s)
{
    const char *end = s->size > 0 ? memchr(s->data, ' ', s->size) : NULL;
    struct toc_str word = toc_str(s->data, end != NULL ? (size_t)(end - s->data) : s->size);
    *s = trim(toc_str_from(*s, word.size));
    return word;
}

/* --- addresses -------------------------------------------------------------------------------- */

/* Where the path that begins with '<' ends: '>' outside of a quoted string; 0: nowhere. */
static size_t path_end(struct toc_str s)
{
    bool quoted = false;
    for (size_t i = 1; i < s.size; i++) {
        if (quoted && s.data[i] == '\\')
            i++;
        else if (s.data[i] == '"')
            quoted = !quoted;
        else if (!quoted && s.data[i] == '>')
            return i;
        else if (!quoted && (s.data[i] == '<' || s.data[i] == ' '))
            return 0;
    }
    return 0;
}

/* A source route says how a mail should have come; it is passed over (RFC 5321, appendix C). */
static struct toc_str without_route(struct toc_str path)
{
    const char *colon =
        path.size > 0 && path.data[0] == '@' ? memchr(path.data, ':', path.size) : NULL;
    return colon != NULL ? toc_str_from(path, (size_t)(colon - path.data) + 1) : path;
}

static bool is_address(struct toc_str address)
{
    const char *at = memrchr(address.data, '@', address.size);
    if (strncasecmp(address.data, "postmaster", address.size) == 0 && address.size == 10)
        return true; /* the one that needs no domain */
    return at != NULL && at > address.data && at + 1 < address.data + address.size &&
           toc_str_is_text(address);
}

/* "FROM:<...>" or "TO:<...>", and the parameters after it. */
static const char *read_path(struct lmtp_command *out, const char *word, struct toc_str *rest)
{
    size_t size = strlen(word);
    if (rest->size < size + 2 || strncasecmp(rest->data, word, size) != 0)
        return syntax;
    struct toc_str s = trim(toc_str_from(*rest, size)); /* a blank here is common, and wrong */
    size_t end = s.size > 0 && s.data[0] == '<' ? path_end(s) : 0;
    if (end == 0 || (end + 1 < s.size && s.data[end + 1] != ' '))
        return syntax;
    struct toc_str path = without_route(toc_str(s.data + 1, end - 1));
    if (path.size > LMTP_ADDRESS_MAX)
        return bad_address;
    if (path.size > 0 ? !is_address(path) : out->verb == LMTP_RCPT)
        return bad_address;
    toc_str_copy(out->address, sizeof(out->address), path);
    *rest = trim(toc_str_from(s, end + 1));
    return NULL;
}

static bool begins(struct toc_str s, const char *word)
{
    size_t size = strlen(word);
    return s.size >= size && strncasecmp(s.data, word, size) == 0;
}

/* SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531); none for a recipient. */
static const char *read_parameters(struct lmtp_command *out, struct toc_str rest)
{
    while (rest.size > 0) {
        struct toc_str word = take_word(&rest);
        bool known =
            out->verb == LMTP_MAIL && ((begins(word, "BODY=7BIT") && word.size == 9) ||
                                       (begins(word, "BODY=8BITMIME") && word.size == 13) ||
                                       (begins(word, "SMTPUTF8") && word.size == 8));
        if (known)
            continue;
        if (out->verb != LMTP_MAIL || !begins(word, "SIZE="))
            return bad_parameter;
        if (toc_parse_u64(toc_str_from(word, 5), &out->size) != TOC_OK)
            return syntax;
    }
    return NULL;
}

const char *lmtp_line_read(struct toc_str line, struct lmtp_command *out)
{
    struct toc_str rest = line;
    const char *wrong = NULL;
    *out = (struct lmtp_command){.verb = verb_of(take_word(&rest))};
    out->argument = rest;
    if (!toc_str_is_text(line))
        return "500 5.5.2 a command is UTF-8 without NUL";
    switch (out->verb) {
    case LMTP_MAIL:
    case LMTP_RCPT:
        wrong = read_path(out, out->verb == LMTP_MAIL ? "FROM:" : "TO:", &rest);
        return wrong != NULL ? wrong : read_parameters(out, rest);
    case LMTP_LHLO:
        return rest.size == 0 ? syntax : NULL;
    case LMTP_DATA:
    case LMTP_RSET:
    case LMTP_QUIT:
        return rest.size > 0 ? syntax : NULL;
    case LMTP_HELO:
        return "500 5.5.1 this is LMTP: say LHLO";
    case LMTP_UNKNOWN:
        return "500 5.5.1 the command is not known here";
    case LMTP_NOOP:
    case LMTP_VRFY:
        break;
    }
    return NULL;
}
