#include "common/http_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

static const struct toc_http_refusal bad_line = {400, "malformed request line"};
static const struct toc_http_refusal bad_target = {400, "request target is not a path"};
static const struct toc_http_refusal bad_field = {400, "malformed header field"};
static const struct toc_http_refusal bad_end = {400, "header does not end where it should"};
static const struct toc_http_refusal bad_host = {400, "exactly one valid Host field is needed"};
static const struct toc_http_refusal bad_version = {505, "HTTP/1.0 and HTTP/1.1 only"};
static const struct toc_http_refusal bad_single = {400,
                                                   "a field that may be there once came twice"};
static const struct toc_http_refusal bad_coding = {501, "the only transfer coding here is chunked"};
static const struct toc_http_refusal bad_framing = {400, "HTTP/1.0 has no transfer coding"};
static const struct toc_http_refusal bad_expect = {417, "the only expectation met is 100-continue"};

enum toc_err toc_http_address(const char *text, struct sockaddr_storage *out)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    uint64_t port;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) ||
        toc_parse_u64(toc_str_of(colon + 1), &port) != TOC_OK || port > UINT16_MAX)
        return TOC_ERR_CONFIG;
    size_t size = (size_t)(colon - text);
    toc_str_copy(host, sizeof(host), toc_str(text, size));
    if (size > 2 && host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, host + 1, &address.v6.sin6_addr) != 1)
            return TOC_ERR_CONFIG;
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, size ? host : "127.0.0.1", &address.v4.sin_addr) != 1)
            return TOC_ERR_CONFIG;
    }
    *out = address.any;
    return TOC_OK;
}

bool toc_http_is_address(const char *text)
{
    struct sockaddr_storage address;
    return toc_http_address(text, &address) == TOC_OK;
}

static bool is_v4(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

bool toc_http_is_same_peer(const uint8_t a[16], const uint8_t b[16])
{
    return memcmp(a, b, is_v4(a) || is_v4(b) ? 16 : 8) == 0;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_in(struct toc_str s, const char *others)
{
    for (size_t i = 0; i < s.size; i++)
        if (!is_alnum(s.data[i]) && (s.data[i] == '\0' || strchr(others, s.data[i]) == NULL))
            return false;
    return true;
}

bool toc_http_is_token(struct toc_str s)
{
    return s.size > 0 && all_in(s, "!#$%&'*+-.^_`|~");
}

static bool equal_nocase(struct toc_str a, struct toc_str b)
{
    return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

/* Splits at the first `byte`, which belongs to neither part; false when there is none. */
static bool cut(struct toc_str s, char byte, struct toc_str *before, struct toc_str *after)
{
    const char *at = s.size ? memchr(s.data, byte, s.size) : NULL;
    if (at == NULL)
        return false;
    size_t size = (size_t)(at - s.data);
    *before = toc_str(s.data, size);
    *after = toc_str(at + 1, s.size - size - 1);
    return true;
}

/* Takes the next line off `rest`; false unless it ends with CR LF and holds neither alone. */
static bool take_line(struct toc_str *rest, struct toc_str *line)
{
    struct toc_str before;
    struct toc_str after;
    if (!cut(*rest, '\n', &before, &after) || before.size == 0 ||
        before.data[before.size - 1] != '\r')
        return false;
    before.size--;
    if (memchr(before.data, '\r', before.size) != NULL)
        return false;
    *line = before;
    *rest = after;
    return true;
}

static bool is_visible(struct toc_str s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.data[i] < 0x21 || s.data[i] > 0x7e)
            return false;
    return s.size > 0;
}

/* An absolute target loses its scheme and authority (RFC 9112, section 3.2.2). */
static bool read_target(struct toc_str target, struct toc_http_head *head)
{
    static const struct toc_str schemes[] = {{"http://", 7}, {"https://", 8}};
    bool absolute = false;
    if (!is_visible(target) || memchr(target.data, '#', target.size) != NULL)
        return false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && !absolute; i++) {
        size_t size = schemes[i].size;
        absolute = target.size > size && equal_nocase(toc_str(target.data, size), schemes[i]);
        if (absolute)
            target = toc_str_from(target, size);
    }
    bool is_path = target.data[0] == '/';
    if (absolute ? is_path || target.data[0] == '?' : !is_path)
        return false; /* an authority has a host */
    while (absolute && target.size > 0 && target.data[0] != '/' && target.data[0] != '?')
        target = toc_str_from(target, 1);
    if (!cut(target, '?', &head->path, &head->query)) {
        head->path = target;
        head->query = TOC_STR("");
    }
    if (head->path.size == 0)
        head->path = TOC_STR("/");
    return true;
}

/* `minor` is 0 or 1, or stays for a version that is not spoken here. */
static const struct toc_http_refusal *read_request_line(struct toc_str line,
                                                        struct toc_http_head *head, int *minor)
{
    struct toc_str target;
    struct toc_str version;
    if (!cut(line, ' ', &head->method, &target) || !cut(target, ' ', &target, &version) ||
        !toc_http_is_token(head->method) || !toc_str_starts(version, TOC_STR("HTTP/")))
        return &bad_line;
    if (toc_str_equal(version, TOC_STR("HTTP/1.1")))
        *minor = 1;
    else if (toc_str_equal(version, TOC_STR("HTTP/1.0")))
        *minor = 0;
    else
        return &bad_version;
    return read_target(target, head) ? NULL : &bad_target;
}

/* The value loses the blanks around it. A line that begins with a blank has no name: folding, which
 * RFC 9112, section 5.2, has refused. */
static bool read_field(struct toc_str line, struct toc_str *name, struct toc_str *value)
{
    if (!cut(line, ':', name, value) || !toc_http_is_token(*name))
        return false;
    for (size_t i = 0; i < value->size; i++)
        if (((unsigned char)value->data[i] < 0x20 && value->data[i] != '\t') ||
            value->data[i] == 0x7f)
            return false;
    while (value->size > 0 && (value->data[0] == ' ' || value->data[0] == '\t'))
        *value = toc_str_from(*value, 1);
    while (value->size > 0 &&
           (value->data[value->size - 1] == ' ' || value->data[value->size - 1] == '\t'))
        value->size--;
    return true;
}

/* Fields of which a second one could be read otherwise by whoever stands in front. */
static const char *const singles[] = {"content-type",      "content-encoding", "authorization",
                                      "transfer-encoding", "expect",           "idempotency-key"};
#define SINGLE_COUNT (sizeof(singles) / sizeof(singles[0]))

/* What is remembered of the fields on the way through them. */
struct seen {
    unsigned hosts; /* a bad value counts as one too many */
    bool single[SINGLE_COUNT];
    const struct toc_http_refusal *refusal;
};

static void judge_single(struct seen *seen, size_t which, struct toc_str value,
                         struct toc_http_head *head)
{
    if (seen->single[which])
        seen->refusal = &bad_single;
    seen->single[which] = true;
    if (strcmp(singles[which], "transfer-encoding") == 0) {
        head->chunked = equal_nocase(value, TOC_STR("chunked"));
        if (!head->chunked)
            seen->refusal = &bad_coding;
    } else if (strcmp(singles[which], "expect") == 0) {
        head->expects = equal_nocase(value, TOC_STR("100-continue"));
        if (!head->expects)
            seen->refusal = &bad_expect;
    }
}

static void judge_field(struct seen *seen, struct toc_str name, struct toc_str value,
                        struct toc_http_head *head)
{
    if (equal_nocase(name, TOC_STR("host")))
        seen->hosts += all_in(value, "-._~!$&'()*+,;=%:[]") ? 1 : 2;
    for (size_t i = 0; i < SINGLE_COUNT && seen->refusal == NULL; i++)
        if (equal_nocase(name, toc_str_of(singles[i])))
            judge_single(seen, i, value, head);
}

/* Walks the fields to the empty line. */
static const struct toc_http_refusal *read_fields(struct toc_str rest, struct seen *seen,
                                                  struct toc_http_head *head)
{
    const char *begin = rest.data;
    struct toc_str line, name, value;
    for (;;) {
        const char *at = rest.data;
        if (!take_line(&rest, &line))
            return &bad_end;
        if (line.size == 0) {
            head->fields = toc_str(begin, (size_t)(at - begin));
            return rest.size == 0 ? seen->refusal : &bad_end;
        }
        if (!read_field(line, &name, &value))
            return &bad_field;
        judge_field(seen, name, value, head);
    }
}

const struct toc_http_refusal *toc_http_head_read(struct toc_str raw, struct toc_http_head *out)
{
    struct toc_http_head head = {0};
    struct seen seen = {0};
    struct toc_str line;
    int minor = 0;
    /* Empty lines before a request are forgiven (RFC 9112, section 2.2). */
    do {
        if (!take_line(&raw, &line))
            return &bad_line;
    } while (line.size == 0);
    const struct toc_http_refusal *refusal = read_request_line(line, &head, &minor);
    if (refusal == NULL)
        refusal = read_fields(raw, &seen, &head);
    if (refusal != NULL)
        return refusal;
    if (seen.hosts > 1 || (minor == 1 && seen.hosts == 0))
        return &bad_host;
    if (head.chunked && minor == 0)
        return &bad_framing; /* RFC 9112, section 6.1: it may have been let through unread */
    head.expects = head.expects && minor == 1;
    *out = head;
    return NULL;
}

bool toc_http_next_field(struct toc_str *fields, struct toc_str *name, struct toc_str *value)
{
    struct toc_str line;
    return take_line(fields, &line) && read_field(line, name, value);
}

struct toc_str toc_http_field(const struct toc_http_request *request, const char *name)
{
    struct toc_str rest = request->fields, found, value;
    while (toc_http_next_field(&rest, &found, &value))
        if (equal_nocase(found, toc_str_of(name)))
            return value;
    return toc_str(NULL, 0);
}

const char *toc_http_reason(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } rows[] = {
        {200, "OK"},
        {202, "Accepted"},
        {207, "Multi-Status"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].phrase;
    return ""; /* Optional in the grammar. */
}

/* Appends one field to a head of `size` bytes. */
static size_t put_field(char out[TOC_HTTP_REPLY_HEAD_MAX], size_t size,
                        const struct toc_http_field *field)
{
    struct toc_str value = toc_str_of(field->value);
    TOC_ASSERT(toc_http_is_token(toc_str_of(field->name)) && value.size <= TOC_HTTP_FIELD_MAX);
    for (size_t i = 0; i < value.size; i++) /* Nothing that could begin another line. */
        TOC_ASSERT((unsigned char)value.data[i] >= ' ' && value.data[i] != 0x7f);
    int more = snprintf(out + size, TOC_HTTP_REPLY_HEAD_MAX - size, "%s: %s\r\n", field->name,
                        field->value);
    TOC_ASSERT(more > 0 && size + (size_t)more < TOC_HTTP_REPLY_HEAD_MAX);
    return size + (size_t)more;
}

/* Without it a page sees no answer at all, and without the second not when to try again. */
static size_t put_origin(char out[TOC_HTTP_REPLY_HEAD_MAX], size_t size, const char *origin)
{
    const struct toc_http_field fields[] = {{"Access-Control-Allow-Origin", origin},
                                            {"Access-Control-Expose-Headers", "Retry-After"},
                                            {"Vary", "Origin"}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        size = put_field(out, size, &fields[i]);
    return size;
}

/* An answer that has a tag may be kept, to be asked about again (RFC 9111, section 5.2.2.4). */
static const char *caching_of(const struct toc_http_reply *reply)
{
    for (size_t i = 0; i < reply->field_count; i++)
        if (strcmp(reply->fields[i].name, "ETag") == 0)
            return "private, no-cache";
    return "no-store";
}

/* Says nothing of a body that 304 leaves with the client (RFC 9110, section 15.4.5). */
static size_t put_content(char out[TOC_HTTP_REPLY_HEAD_MAX], size_t size,
                          const struct toc_http_reply *reply)
{
    char length[24];
    const struct toc_http_field fields[] = {{"Content-Type", reply->content_type},
                                            {"Content-Length", length}};
    snprintf(length, sizeof(length), "%zu", reply->body_size);
    for (size_t i = 0; reply->status != 304 && i < sizeof(fields) / sizeof(fields[0]); i++)
        size = put_field(out, size, &fields[i]);
    return size;
}

size_t toc_http_reply_write(char out[TOC_HTTP_REPLY_HEAD_MAX], const struct toc_http_reply *reply)
{
    static const struct toc_http_field no_sniffing = {"X-Content-Type-Options", "nosniff"};
    const struct toc_http_field caching = {"Cache-Control", caching_of(reply)};
    const struct toc_http_field connection = {"Connection",
                                              reply->keep_alive ? "keep-alive" : "close"};
    char date[32];
    struct tm tm;
    TOC_ASSERT(reply->status >= 200 && reply->status <= 599);
    TOC_ASSERT(reply->field_count <= TOC_HTTP_FIELDS_MAX);
    TOC_ASSERT(gmtime_r(&reply->date, &tm) != NULL);
    TOC_ASSERT(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
    int head = snprintf(out, TOC_HTTP_REPLY_HEAD_MAX, "HTTP/1.1 %d %s\r\nDate: %s\r\n",
                        reply->status, toc_http_reason(reply->status), date);
    TOC_ASSERT(head > 0 && head < TOC_HTTP_REPLY_HEAD_MAX);
    size_t size = put_content(out, (size_t)head, reply);
    size = put_field(out, size, &caching);
    size = put_field(out, size, &no_sniffing);
    for (size_t i = 0; i < reply->field_count; i++)
        size = put_field(out, size, &reply->fields[i]);
    if (reply->origin != NULL)
        size = put_origin(out, size, reply->origin);
    size = put_field(out, size, &connection);
    TOC_ASSERT(size + 2 < TOC_HTTP_REPLY_HEAD_MAX);
    memcpy(out + size, "\r\n", 3);
    return size + 2;
}
