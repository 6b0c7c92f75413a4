#include "services/intake/edge/multipart.h"

#include "common/url.h"
#include "services/intake/edge/parameters.h"

#define BOUNDARY_MAX 70 /* RFC 2046, section 5.1.1, as the letters below */

static const struct toc_str crlf = {"\r\n", 2};

/* --- delimiters ------------------------------------------------------------------------------- */

static bool is_boundary(struct toc_str text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "'()+_,-./:=? ";
    for (size_t i = 0; i < text.size; i++)
        if (memchr(allowed, text.data[i], sizeof(allowed) - 1) == NULL)
            return false;
    return text.size > 0 && text.size <= BOUNDARY_MAX && text.data[text.size - 1] != ' ';
}

static struct toc_str find_boundary(struct toc_str content_type)
{
    struct toc_str name, value, found = {NULL, 0};
    unsigned count = 0;
    (void)parameters_head(&content_type);
    while (parameters_next(&content_type, &name, &value))
        if (parameters_is(name, "boundary") && count++ == 0)
            found = value;
    return count == 1 && is_boundary(found) ? found : toc_str(NULL, 0);
}

/* What a delimiter that ends at `rest` is: its line's end is taken off, and told whether it was the
 * last. False: it only looked like one. */
static bool take_line_end(struct toc_str *rest, bool *last)
{
    struct toc_str s = *rest;
    *last = toc_str_starts(s, TOC_STR("--"));
    if (*last)
        s = toc_str_from(s, 2);
    while (s.size > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) /* transport padding */
        s = toc_str_from(s, 1);
    if (!toc_str_starts(s, crlf) && !(*last && s.size == 0))
        return false;
    *rest = toc_str_from(s, s.size > 0 ? crlf.size : 0);
    return true;
}

multipart_why multipart_begin(struct multipart *m, struct toc_pool *pool,
                              struct toc_str content_type, struct toc_str body)
{
    struct toc_str boundary = find_boundary(content_type);
    if (boundary.size == 0)
        return "the Content-Type names no boundary, or one that is none";
    *m = (struct multipart){.pool = pool, .delimiter = "\r\n--"};
    memcpy(m->delimiter + 4, boundary.data, boundary.size);
    m->delimiter_size = 4 + boundary.size;
    struct toc_str first = toc_str(m->delimiter + crlf.size, m->delimiter_size - crlf.size);
    if (!toc_str_starts(body, first))
        return "the body does not begin with its boundary";
    m->rest = toc_str_from(body, first.size);
    if (!take_line_end(&m->rest, &m->ended))
        return "the body does not begin with its boundary";
    return NULL;
}

/* Takes a part's body off, up to its delimiter. False when none comes. */
static bool take_body(struct multipart *m, struct toc_str *body)
{
    struct toc_str rest = m->rest;
    while (true) {
        const char *at =
            rest.size > 0 ? memmem(rest.data, rest.size, m->delimiter, m->delimiter_size) : NULL;
        if (at == NULL)
            return false;
        struct toc_str after = toc_str_from(rest, (size_t)(at - rest.data) + m->delimiter_size);
        if (take_line_end(&after, &m->ended)) {
            *body = toc_str(m->rest.data, (size_t)(at - m->rest.data));
            m->rest = after;
            return true;
        }
        rest = toc_str_from(rest, (size_t)(at - rest.data) + crlf.size);
    }
}

/* --- a part's header -------------------------------------------------------------------------- */

struct header {
    struct toc_str disposition, type, coding;
};

/* Takes a line off, without its end. */
static bool take_line(struct toc_str *rest, struct toc_str *line)
{
    size_t most = rest->size < MULTIPART_HEADER_MAX ? rest->size : MULTIPART_HEADER_MAX;
    const char *at = most > 0 ? memmem(rest->data, most, crlf.data, crlf.size) : NULL;
    if (at == NULL)
        return false;
    *line = toc_str(rest->data, (size_t)(at - rest->data));
    *rest = toc_str_from(*rest, line->size + crlf.size);
    return true;
}

static bool set_once(struct toc_str *to, struct toc_str value)
{
    bool first = to->data == NULL;
    *to = value;
    return first;
}

/* Fields of other names are passed over. */
static bool take_field(struct header *header, struct toc_str line)
{
    const char *colon = memchr(line.data, ':', line.size);
    if (colon == NULL || colon == line.data || line.data[0] == ' ' || line.data[0] == '\t' ||
        memchr(line.data, '\0', line.size) != NULL || memchr(line.data, '\n', line.size) != NULL ||
        memchr(line.data, '\r', line.size) != NULL)
        return false;
    struct toc_str name = toc_str(line.data, (size_t)(colon - line.data));
    struct toc_str value = toc_str_from(line, name.size + 1);
    if (parameters_is(name, "content-disposition"))
        return set_once(&header->disposition, value);
    if (parameters_is(name, "content-type"))
        return set_once(&header->type, value);
    if (parameters_is(name, "content-transfer-encoding"))
        return set_once(&header->coding, value);
    return true;
}

static multipart_why take_header(struct multipart *m, struct header *header)
{
    struct toc_str begin = m->rest, line;
    *header = (struct header){0};
    while (take_line(&m->rest, &line) && begin.size - m->rest.size <= MULTIPART_HEADER_MAX) {
        if (line.size == 0)
            return NULL;
        if (!take_field(header, line))
            return "a part has a malformed header, or a field twice";
    }
    return "the header of a part does not end, or is larger than 4096 bytes";
}

/* --- names ------------------------------------------------------------------------------------ */

/* As browsers write names within quotes. NULL without memory. */
static const char *unquoted(struct multipart *m, struct toc_str value)
{
    char *out = toc_pool_copy(m->pool, value);
    size_t size = 0;
    for (size_t i = 0; out != NULL && i < value.size; i++) {
        struct toc_str rest = toc_str_from(value, i);
        char c = rest.data[0];
        bool coded = toc_str_starts(rest, TOC_STR("%22")) || toc_str_starts(rest, TOC_STR("%0D")) ||
                     toc_str_starts(rest, TOC_STR("%0A"));
        if (coded) {
            (void)toc_url_decode(toc_str(rest.data, 3), TOC_URL_PLUS_IS_PLUS, &c);
            i += 2;
        } else if (toc_str_starts(rest, TOC_STR("\\\""))) {
            c = '"';
            i++;
        }
        out[size++] = c;
    }
    if (out != NULL)
        out[size] = '\0';
    return out;
}

/* UTF-8''a%20b; NULL for another charset, or without memory. */
static const char *extended(struct multipart *m, struct toc_str value)
{
    struct toc_str rest = value, mark = TOC_STR("UTF-8'");
    if (value.size < mark.size || !parameters_is(toc_str(value.data, mark.size), mark.data))
        return NULL;
    rest = toc_str_from(rest, mark.size);
    const char *quote = rest.size > 0 ? memchr(rest.data, '\'', rest.size) : NULL;
    if (quote == NULL)
        return NULL;
    rest = toc_str_from(rest, (size_t)(quote + 1 - rest.data));
    char *out = toc_pool_copy(m->pool, rest);
    if (out == NULL)
        return NULL;
    size_t size = toc_url_decode(rest, TOC_URL_PLUS_IS_PLUS, out);
    out[size] = '\0';
    return toc_str_is_text(toc_str(out, size)) ? out : NULL;
}

struct names {
    struct toc_str name, filename, extended;
};

static bool read_names(struct toc_str disposition, struct names *out)
{
    struct toc_str name, value, head = parameters_head(&disposition);
    bool once = parameters_is(head, "form-data");
    *out = (struct names){0};
    while (once && parameters_next(&disposition, &name, &value)) {
        if (value.size > MULTIPART_NAME_MAX)
            return false;
        if (parameters_is(name, "name"))
            once = set_once(&out->name, value);
        else if (parameters_is(name, "filename"))
            once = set_once(&out->filename, value);
        else if (parameters_is(name, "filename*"))
            once = set_once(&out->extended, value);
    }
    return once && out->name.data != NULL;
}

static multipart_why take_names(struct multipart *m, const struct header *header,
                                struct multipart_part *out)
{
    struct names names;
    if (header->disposition.data == NULL || !read_names(header->disposition, &names))
        return "a part is not one of a form: Content-Disposition: form-data; name=\"…\", once";
    out->name = unquoted(m, names.name);
    out->filename = names.extended.data != NULL ? extended(m, names.extended) : NULL;
    if (out->filename == NULL && names.filename.data != NULL)
        out->filename = unquoted(m, names.filename);
    if (out->filename == NULL && names.extended.data != NULL)
        out->filename = "";
    return out->name != NULL && (out->filename != NULL || names.filename.data == NULL)
               ? NULL
               : "out of memory";
}

static struct toc_str charset_of(struct toc_str type)
{
    struct toc_str name, value;
    (void)parameters_head(&type);
    while (parameters_next(&type, &name, &value))
        if (parameters_is(name, "charset"))
            return value;
    return toc_str(NULL, 0);
}

static bool is_as_it_stands(struct toc_str coding)
{
    struct toc_str word = parameters_head(&coding);
    return word.size == 0 || parameters_is(word, "binary") || parameters_is(word, "8bit") ||
           parameters_is(word, "7bit");
}

enum toc_err multipart_next(struct multipart *m, struct multipart_part *out, multipart_why *why)
{
    struct header header;
    if (m->ended) {
        *why = "something stands behind the last boundary";
        return m->rest.size == 0 ? TOC_NONE : TOC_ERR_MALFORMED;
    }
    *why = "too many fields: at most 100";
    if (m->parts++ == MULTIPART_PARTS_MAX)
        return TOC_ERR_LIMIT;
    *why = take_header(m, &header);
    if (*why == NULL)
        *why = take_names(m, &header, out);
    if (*why == NULL && !is_as_it_stands(header.coding))
        *why = "a part has a transfer coding, which forms have not";
    if (*why != NULL)
        return TOC_ERR_MALFORMED;
    *why = "a part does not end with the boundary";
    if (!take_body(m, &out->body))
        return TOC_ERR_MALFORMED;
    out->charset = charset_of(header.type);
    return TOC_OK;
}
