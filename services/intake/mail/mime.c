#include "services/intake/mail/mail.h"

#include "common/charset.h"
#include "services/intake/mail/bound.h"
#include "services/intake/mail/html.h"
#include "services/intake/mail/kind.h"
#include "services/intake/mail/quote.h"
#include "services/intake/mail/words.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <strings.h>

#define YEAR_LEAST 1980
#define YEAR_MOST  2200

/* What a mail's parts came to so far. */
#define VERDICT_MAX 32 /* bytes of a word in a report */

struct reader {
    struct toc_pool *pool;
    struct mail *mail;
    char *text; /* of all parts that are read as text */
    size_t text_size, text_room;
    struct toc_str original; /* the header of what a report is on */
    struct toc_str verdict;  /* what a report says became of it (RFC 3464) */
    bool no_memory;
};

static GMimeParserOptions *options;

void mail_set_up(void)
{
    static const char *charsets[] = {"utf-8", "windows-1252", NULL};
    if (options != NULL)
        return;
    g_mime_init();
    options = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(options, charsets);
}

/* --- small things ----------------------------------------------------------------------------- */

static struct toc_str line_of(struct reader *r, const char *text)
{
    return toc_charset_utf8_line(r->pool, toc_str_of(text), MAIL_FIELD_MAX);
}

static bool is_type(GMimeObject *part, const char *type, const char *subtype)
{
    return g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

/* A field as it came; no data when there is none. */
static struct toc_str raw_field(GMimeObject *part, const char *name)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(part);
    GMimeHeader *header = g_mime_header_list_get_header(list, name);
    return toc_str_of(header != NULL ? g_mime_header_get_raw_value(header) : NULL);
}

/* The type as text, in the pool. */
static struct toc_str type_of(struct reader *r, GMimeObject *part)
{
    char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(part));
    struct toc_str out = line_of(r, type);
    g_free(type);
    return out;
}

/* --- what a part holds ------------------------------------------------------------------------ */

/* The bytes as they were before they were encoded for the way, which makes none of them longer. */
static struct toc_str decode(struct reader *r, GMimeStream *stream, GMimeContentEncoding encoding)
{
    gint64 size = g_mime_stream_length(stream);
    char *out = size > 0 ? toc_pool_take(r->pool, (size_t)size + 64) : NULL, piece[16384];
    GMimeEncoding state;
    size_t used = 0;
    ssize_t got;
    if (out == NULL) {
        r->no_memory = r->no_memory || size > 0;
        return toc_str(NULL, 0);
    }
    g_mime_encoding_init_decode(&state, encoding);
    (void)g_mime_stream_reset(stream);
    while ((got = g_mime_stream_read(stream, piece, sizeof(piece))) > 0)
        used += g_mime_encoding_step(&state, piece, (size_t)got, out + used);
    TOC_ASSERT(used <= (size_t)size + 64);
    return toc_str(out, used);
}

static struct toc_str content_of(struct reader *r, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content == NULL)
        return toc_str(NULL, 0);
    return decode(r, g_mime_data_wrapper_get_stream(content),
                  g_mime_data_wrapper_get_encoding(content));
}

/* A mail within the mail, as it came. */
static struct toc_str message_of(struct reader *r, GMimeMessagePart *part)
{
    GMimeMessage *message = g_mime_message_part_get_message(part);
    struct toc_str out = {NULL, 0};
    if (message == NULL)
        return out;
    GMimeStream *stream = g_mime_stream_mem_new();
    if (g_mime_object_write_to_stream((GMimeObject *)message, NULL, stream) >= 0)
        out = decode(r, stream, GMIME_CONTENT_ENCODING_BINARY);
    g_object_unref(stream);
    return out;
}

/* --- text ------------------------------------------------------------------------------------- */

/* What the pool gave stays taken, so each time it is twice as much. */
static bool make_room(struct reader *r, size_t size)
{
    if (size <= r->text_room)
        return true;
    size_t room = size < MAIL_TEXT_MAX / 2 ? 2 * size : MAIL_TEXT_MAX;
    char *text = toc_pool_take(r->pool, room);
    if (text == NULL)
        return false;
    if (r->text_size > 0)
        memcpy(text, r->text, r->text_size);
    r->text = text;
    r->text_room = room;
    return true;
}

static void add_text(struct reader *r, struct toc_str text)
{
    size_t size = r->text_size + text.size + 1;
    if (text.size == 0 || size > MAIL_TEXT_MAX) {
        r->mail->cut = r->mail->cut || text.size > 0;
        return;
    }
    if (!make_room(r, size)) {
        r->no_memory = true;
        return;
    }
    if (r->text_size > 0)
        r->text[r->text_size++] = '\n';
    memcpy(r->text + r->text_size, text.data, text.size);
    r->text_size += text.size;
}

/* A text part as plain text. */
static struct toc_str plain_of(struct reader *r, GMimePart *part)
{
    struct toc_str bytes = content_of(r, part);
    const char *charset = g_mime_object_get_content_type_parameter((GMimeObject *)part, "charset");
    struct toc_str text = toc_charset_utf8(r->pool, bytes, charset, MAIL_TEXT_MAX);
    r->mail->cut = r->mail->cut || bytes.size > MAIL_TEXT_MAX;
    if (text.size > 0 && is_type((GMimeObject *)part, "text", "html"))
        text = mail_html_text(r->pool, text);
    return text;
}

static bool is_blank(struct toc_str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] != ' ' && text.data[i] != '\n' && text.data[i] != '\t')
            return false;
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */

/* A parameter of a field with encoded words in it, which do not belong there (RFC 2231) and are
 * common. gmime loses what follows the end of one, so those are read here. */
static struct toc_str worded(struct toc_str field, const char *parameter)
{
    struct toc_str none = {NULL, 0};
    size_t size = strlen(parameter);
    if (field.size == 0 || memmem(field.data, field.size, "=?", 2) == NULL)
        return none;
    for (size_t i = 1; i + size < field.size; i++) {
        if (strchr("; \t\n", field.data[i - 1]) == NULL ||
            strncasecmp(field.data + i, parameter, size) != 0)
            continue;
        struct toc_str value = toc_str_from(field, i + size);
        bool quoted = value.size > 0 && value.data[0] == '"';
        value = toc_str_from(value, quoted);
        const char *end =
            value.size > 0 ? memchr(value.data, quoted ? '"' : ';', value.size) : NULL;
        return end != NULL ? toc_str(value.data, (size_t)(end - value.data)) : value;
    }
    return none;
}

static struct toc_str worded_name(GMimeObject *part)
{
    struct toc_str name = worded(raw_field(part, "Content-Disposition"), "filename=");
    return name.size > 0 ? name : worded(raw_field(part, "Content-Type"), "name=");
}

/* The name, without what would lead out of a directory. */
static struct toc_str file_name(struct reader *r, GMimeObject *part, const char *name)
{
    struct toc_str words = worded_name(part);
    struct toc_str line =
        words.size > 0 ? mail_words(r->pool, words, MAIL_FIELD_MAX) : line_of(r, name);
    char *data = (char *)(uintptr_t)line.data; /* just made */
    for (size_t i = 0; i < line.size; i++)
        if (data[i] == '/' || data[i] == '\\')
            data[i] = '_';
    return line;
}

static void add_file(struct reader *r, GMimeObject *part, const char *name, struct toc_str bytes)
{
    struct mail *mail = r->mail;
    if (mail->file_count == MAIL_FILES_MAX) {
        mail->cut = true;
        return;
    }
    struct mail_file *file = &mail->files[mail->file_count++];
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(part);
    file->name = file_name(r, part, name);
    file->type = type_of(r, part);
    file->bytes = bytes;
    file->within = is_type(part, "image", "*") && g_mime_object_get_content_id(part) != NULL &&
                   !(disposition != NULL && g_mime_content_disposition_is_attachment(disposition));
}

static void read_leaf(struct reader *r, GMimePart *part)
{
    GMimeObject *object = (GMimeObject *)part;
    const char *name = g_mime_part_get_filename(part);
    bool text = is_type(object, "text", "plain") || is_type(object, "text", "html") ||
                is_type(object, "text", "enriched");
    if (text && name == NULL && !g_mime_part_is_attachment(part)) {
        add_text(r, plain_of(r, part));
        return;
    }
    struct toc_str bytes = content_of(r, part);
    if (is_type(object, "text", "rfc822-headers"))
        r->original = bytes;
    if (is_type(object, "message", "delivery-status"))
        r->verdict = bytes;
    add_file(r, object, name, bytes);
}

static void read_message(struct reader *r, GMimeMessagePart *part)
{
    GMimeObject *object = (GMimeObject *)part;
    GMimeMessage *message = g_mime_message_part_get_message(part);
    const char *name = g_mime_object_get_content_disposition_parameter(object, "filename");
    struct toc_str bytes = message_of(r, part);
    if (name == NULL)
        name = g_mime_object_get_content_type_parameter(object, "name");
    if (r->original.size == 0 && is_type(object, "message", "rfc822"))
        r->original = bytes;
    if (name == NULL && message != NULL)
        name = g_mime_message_get_subject(message);
    add_file(r, object, name, bytes);
}

static void read_part(struct reader *r, GMimeObject *part, unsigned depth);

/* Of several ways to say the same, the plain one, unless it is empty; then the next. What is not
 * text is read all the same: clients put files there. */
static void read_alternative(struct reader *r, GMimeMultipart *parts, unsigned depth)
{
    int count = g_mime_multipart_get_count(parts);
    size_t before = r->text_size;
    for (int i = 0; i < count; i++) {
        GMimeObject *part = g_mime_multipart_get_part(parts, i);
        bool said = !is_blank(toc_str_from(toc_str(r->text, r->text_size), before));
        if (GMIME_IS_PART(part) && is_type(part, "text", "*") && said &&
            g_mime_part_get_filename((GMimePart *)part) == NULL)
            continue;
        size_t kept = r->text_size;
        read_part(r, part, depth + 1);
        if (said && GMIME_IS_MULTIPART(part))
            r->text_size = kept; /* the same again, with its images */
    }
}

static void read_part(struct reader *r, GMimeObject *part, unsigned depth)
{
    if (part == NULL || depth > MAIL_DEPTH_MAX + 1)
        return;
    if (GMIME_IS_MULTIPART(part)) {
        GMimeMultipart *parts = (GMimeMultipart *)part;
        if (is_type(part, "multipart", "alternative")) {
            read_alternative(r, parts, depth);
            return;
        }
        for (int i = 0; i < g_mime_multipart_get_count(parts); i++)
            read_part(r, g_mime_multipart_get_part(parts, i), depth + 1);
    } else if (GMIME_IS_MESSAGE_PART(part)) {
        read_message(r, (GMimeMessagePart *)part);
    } else if (GMIME_IS_PART(part)) {
        read_leaf(r, (GMimePart *)part);
    }
}

/* --- the header ------------------------------------------------------------------------------- */

static const char *field_of(void *arg, const char *name)
{
    return g_mime_object_get_header(arg, name);
}

static InternetAddressMailbox *first_mailbox(InternetAddressList *list)
{
    int count = list != NULL ? internet_address_list_length(list) : 0;
    for (int i = 0; i < count; i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_MAILBOX(one))
            return (InternetAddressMailbox *)one;
    }
    return NULL;
}

/* What has an '@' in it, where a field is no list of addresses. */
static struct toc_str looked_for(struct toc_str line)
{
    static const char ends[] = " \t<>()[],;:\"'";
    const char *at = line.size > 0 ? memchr(line.data, '@', line.size) : NULL;
    const char *from = at, *to = at;
    while (at != NULL && from > line.data && strchr(ends, from[-1]) == NULL)
        from--;
    while (at != NULL && to < line.data + line.size && strchr(ends, *to) == NULL)
        to++;
    return toc_str(from, (size_t)(to - from));
}

/* gmime loses what follows the end of an encoded word in a name, so those are read here. */
static struct toc_str name_of(struct reader *r, struct toc_str raw, const char *name)
{
    const char *angle = raw.size > 0 ? memchr(raw.data, '<', raw.size) : NULL;
    if (angle == NULL || memmem(raw.data, (size_t)(angle - raw.data), "=?", 2) == NULL)
        return line_of(r, name);
    struct toc_str line =
        mail_words(r->pool, toc_str(raw.data, (size_t)(angle - raw.data)), MAIL_FIELD_MAX);
    while (line.size > 1 && line.data[0] == '"' && line.data[line.size - 1] == '"')
        line = toc_str(line.data + 1, line.size - 2);
    return line;
}

static bool has_at(struct toc_str address)
{
    return address.size > 0 && memchr(address.data, '@', address.size) != NULL;
}

static void read_sender(struct reader *r, GMimeMessage *message)
{
    static const char *const fields[] = {"From", "Sender", "Reply-To"};
    static const GMimeAddressType types[] = {GMIME_ADDRESS_TYPE_FROM, GMIME_ADDRESS_TYPE_SENDER,
                                             GMIME_ADDRESS_TYPE_REPLY_TO};
    GMimeObject *object = (GMimeObject *)message;
    struct mail *mail = r->mail;
    for (size_t i = 0; i < 3 && !has_at(mail->address); i++) {
        InternetAddressMailbox *found =
            first_mailbox(g_mime_message_get_addresses(message, types[i]));
        struct toc_str raw = raw_field(object, fields[i]);
        if (found != NULL) {
            mail->name = name_of(r, raw, internet_address_get_name((InternetAddress *)found));
            mail->address = line_of(r, internet_address_mailbox_get_addr(found));
        } else {
            mail->address = looked_for(mail_words(r->pool, raw, MAIL_FIELD_MAX));
        }
    }
}

/* A header of MAIL_HEADER_MAX keeps that short. */
static bool is_named(const struct mail *mail, struct toc_str address)
{
    for (size_t i = 0; i < mail->people_count; i++)
        if (toc_str_equal(mail->people[i], address))
            return true;
    return false;
}

static void add_person(struct mail *mail, struct toc_str address)
{
    if (!has_at(address) || is_named(mail, address))
        return;
    mail->crowd = mail->people_count == MAIL_PEOPLE_MAX;
    if (!mail->crowd)
        mail->people[mail->people_count++] = address;
}

static void add_people(struct reader *r, InternetAddressList *list, unsigned depth)
{
    struct mail *mail = r->mail;
    int count = list != NULL ? internet_address_list_length(list) : 0;
    for (int i = 0; i < count && !mail->crowd; i++) {
        mail->crowd = depth > MAIL_GROUPS_MAX;
        if (mail->crowd)
            return;
        InternetAddress *one = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(one)) {
            add_people(r, internet_address_group_get_members((InternetAddressGroup *)one),
                       depth + 1);
            continue;
        }
        add_person(mail,
                   line_of(r, internet_address_mailbox_get_addr((InternetAddressMailbox *)one)));
    }
}

static void read_people(struct reader *r, GMimeMessage *message)
{
    static const GMimeAddressType types[] = {GMIME_ADDRESS_TYPE_FROM, GMIME_ADDRESS_TYPE_SENDER,
                                             GMIME_ADDRESS_TYPE_REPLY_TO, GMIME_ADDRESS_TYPE_TO,
                                             GMIME_ADDRESS_TYPE_CC};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        add_people(r, g_mime_message_get_addresses(message, types[i]), 0);
}

static toc_time_ms date_of(GMimeMessage *message)
{
    GDateTime *date = g_mime_message_get_date(message);
    if (date == NULL)
        return 0;
    int year = g_date_time_get_year(date);
    return year < YEAR_LEAST || year > YEAR_MOST ? 0 : g_date_time_to_unix(date) * 1000;
}

static struct toc_str id_of(struct reader *r, const char *text)
{
    struct toc_str id = line_of(r, text);
    if (id.size > 0 && id.data[0] == '<')
        id = toc_str_from(id, 1);
    const char *end = id.size > 0 ? memchr(id.data, '>', id.size) : NULL;
    if (end != NULL)
        id.size = (size_t)(end - id.data);
    return id;
}

/* The ids between < and > in a field, the last first. */
static void add_references(struct reader *r, const char *value)
{
    struct mail *mail = r->mail;
    const char *end = value != NULL ? value + strlen(value) : NULL;
    while (end != NULL && mail->reference_count < MAIL_REFERENCES_MAX) {
        const char *start = memrchr(value, '<', (size_t)(end - value));
        const char *close = start != NULL ? memchr(start, '>', (size_t)(end - start)) : NULL;
        if (close != NULL && close > start + 1 && close - start < MAIL_FIELD_MAX)
            mail->references[mail->reference_count++] = id_of(r, start);
        end = start;
    }
}

static void read_header(struct reader *r, GMimeMessage *message)
{
    GMimeObject *object = (GMimeObject *)message;
    struct mail *mail = r->mail;
    mail->subject = mail_words(r->pool, raw_field(object, "Subject"), MAIL_FIELD_MAX);
    mail->message_id = id_of(r, g_mime_object_get_header(object, "Message-ID"));
    mail->date_ms = date_of(message);
    read_sender(r, message);
    read_people(r, message);
    add_references(r, g_mime_object_get_header(object, "In-Reply-To"));
    add_references(r, g_mime_object_get_header(object, "References"));
}

static void read_kind(struct reader *r, GMimeMessage *message)
{
    GMimeObject *body = g_mime_message_get_mime_part(message);
    const char *report = NULL;
    char *type = NULL;
    if (body != NULL) {
        type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(body));
        report = g_mime_object_get_content_type_parameter(body, "report-type");
    }
    mail_find_kind(r->mail, field_of, message, type, report);
    g_free(type);
}

/* The value of the first field of this name ("status:"), the blanks around it left out. A header
 * ends with an empty line, `whole`: what follows is read as well. Empty: there is none. */
static struct toc_str value_in(struct toc_str text, const char *name, bool whole)
{
    size_t name_size = strlen(name);
    for (size_t step = 0; text.size > 0; text = toc_str_from(text, step)) {
        const char *end = memchr(text.data, '\n', text.size);
        struct toc_str line = toc_str(text.data, end ? (size_t)(end - text.data) : text.size);
        step = line.size + (end != NULL);
        if (!whole && (line.size == 0 || line.data[0] == '\r'))
            break;
        if (line.size <= name_size || strncasecmp(line.data, name, name_size) != 0)
            continue;
        line = toc_str_from(line, name_size);
        while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) != NULL)
            line.size--;
        while (line.size > 0 && strchr(" \t", line.data[0]) != NULL)
            line = toc_str_from(line, 1);
        return line;
    }
    return toc_str(NULL, 0);
}

/* The Message-ID in the header of what a report is on. */
static void read_original(struct reader *r)
{
    struct toc_str value = value_in(r->original, "message-id:", false);
    if (value.size == 0)
        return;
    r->mail->reference_count = 0;
    add_references(r, toc_pool_copy(r->pool, value));
}

/* The word that a value begins with, in small letters. */
static struct toc_str word_of(struct reader *r, struct toc_str value)
{
    size_t size = 0;
    while (size < value.size && size < VERDICT_MAX && (unsigned char)value.data[size] > 0x20 &&
           (unsigned char)value.data[size] < 0x7f)
        size++;
    char *copy = toc_pool_copy(r->pool, toc_str(value.data, size));
    r->no_memory = r->no_memory || copy == NULL;
    for (size_t i = 0; copy != NULL && i < size; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] | 0x20);
    return toc_str(copy, copy != NULL ? size : 0);
}

static void read_verdict(struct reader *r)
{
    r->mail->action = word_of(r, value_in(r->verdict, "action:", true));
    r->mail->status = word_of(r, value_in(r->verdict, "status:", true));
}

/* --- all of it -------------------------------------------------------------------------------- */

static void read_message_whole(struct reader *r, GMimeMessage *message)
{
    read_header(r, message);
    read_part(r, g_mime_message_get_mime_part(message), 0);
    read_kind(r, message);
    if (r->mail->kind == MAIL_UNDELIVERED) {
        read_original(r);
        read_verdict(r);
    }
}

static GMimeMessage *parse(GByteArray *bytes)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_byte_array((GMimeStreamMem *)stream, bytes);
    g_mime_stream_mem_set_owner((GMimeStreamMem *)stream, FALSE);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, options);
    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

/* Parts point into the bytes, which an array holds for as long: nobody writes to it, and it gives
 * them up before it goes. */
static void read_bytes(struct reader *r, struct toc_str raw)
{
    GByteArray *bytes = g_byte_array_new_take((guint8 *)(uintptr_t)raw.data, raw.size);
    GMimeMessage *message = parse(bytes);
    if (message != NULL) {
        read_message_whole(r, message);
        g_object_unref(message);
    }
    (void)g_byte_array_steal(bytes, NULL);
    g_byte_array_unref(bytes);
}

/* Before a header there is nothing; some mailers put empty lines there. */
static struct toc_str skip_blank_lines(struct toc_str raw)
{
    size_t start = 0;
    for (size_t i = 0; i < raw.size && memchr(" \t\r\n", raw.data[i], 4) != NULL; i++)
        if (raw.data[i] == '\n')
            start = i + 1;
    return toc_str_from(raw, start);
}

enum toc_err mail_read(struct toc_str raw, struct toc_pool *pool, struct mail *out)
{
    struct reader r = {.pool = pool, .mail = out};
    struct mail_split split = {0};
    struct toc_str read = skip_blank_lines(raw);
    size_t size = mail_bounded(read);
    *out = (struct mail){.cut = size < read.size};
    if (size > 0)
        read_bytes(&r, toc_str(read.data, size));
    TOC_TRY(mail_split(pool, toc_str(r.text, r.text_size), &split));
    out->body = split.body;
    out->quoted = split.quoted;
    out->signature = split.signature;
    return r.no_memory ? TOC_ERR_MEMORY : TOC_OK;
}
