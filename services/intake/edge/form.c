#include "services/intake/edge/form.h"

#include "common/charset.h"
#include "common/url.h"
#include "services/intake/edge/multipart.h"
#include "services/intake/edge/parameters.h"
#include "services/intake/edge/plain.h"

#include <stdio.h>

#define MORE_MAX    TOC_TEXT_MAX /* bytes below the text */
#define CHARSET_MAX 64

/* One field as it was sent. */
struct field {
    const char *name; /* any bytes but NUL, as those of the value */
    struct toc_str value, charset;
};

struct reading {
    struct toc_pool *pool;
    const char *honeypot;
    struct form *form;
    struct field fields[FORM_FIELDS_MAX];
    size_t count;
    struct toc_str charset; /* of the page, when it says so */
    char *more;             /* what goes below the text */
    size_t more_size;
    char *why; /* FORM_WHY_MAX bytes */
};

static int refuse(struct reading *r, int status, const char *name, const char *what)
{
    snprintf(r->why, FORM_WHY_MAX, "%.60s%s%s", name, name[0] != '\0' ? ": " : "", what);
    toc_str_mend(r->why);
    return status;
}

static int no_memory(struct reading *r)
{
    return refuse(r, 503, "", "out of memory");
}

/* Each with its length, so that no two forms run together to the same. */
static void digest(struct reading *r, struct toc_str bytes)
{
    uint8_t one[TOC_SHA256];
    toc_sha256(one, bytes);
    toc_sha256_pair(r->form->digest, toc_str(r->form->digest, TOC_SHA256),
                    toc_str(one, TOC_SHA256));
}

/* --- fields and files as they were sent ------------------------------------------------------- */

static int add_field(struct reading *r, const char *name, struct toc_str value,
                     struct toc_str charset)
{
    if (r->count == FORM_FIELDS_MAX)
        return refuse(r, 413, "", "too many fields: at most 100");
    if (strcmp(name, "_charset_") == 0)
        r->charset = value;
    r->fields[r->count++] = (struct field){name, value, charset};
    digest(r, toc_str_of(name));
    digest(r, value);
    return 0;
}

/* What follows the last separator of either kind: some browsers sent whole paths. */
static const char *base_of(const char *path)
{
    const char *base = path;
    for (const char *at = path; *at != '\0'; at++)
        if (*at == '/' || *at == '\\')
            base = at + 1;
    return base;
}

/* A name that can be shown and written by whoever saves it: nobody else's path, nothing unseen. */
static const char *clean_name(struct toc_pool *pool, const char *sent)
{
    struct toc_str name = toc_charset_utf8_line(pool, toc_str_of(base_of(sent)), FORM_NAME_MAX);
    if (name.data == NULL)
        return NULL;
    bool nothing = name.size == 0 || strspn(name.data, ". ") == name.size;
    return nothing ? "file" : toc_pool_copy(pool, name);
}

static int add_file(struct reading *r, const struct multipart_part *part)
{
    struct form *form = r->form;
    if (part->filename[0] == '\0' && part->body.size == 0)
        return 0; /* an input without a file */
    if (form->file_count == FORM_FILES_MAX)
        return refuse(r, 413, part->name, "too many files: at most 10");
    if (part->body.size > FORM_FILE_MAX)
        return refuse(r, 413, part->name, "the file is too large: at most 10 MB");
    const char *name = clean_name(r->pool, part->filename);
    if (name == NULL)
        return no_memory(r);
    form->files[form->file_count++] = (struct form_file){name, part->body};
    digest(r, toc_str_of(name));
    digest(r, part->body);
    return 0;
}

static int read_multipart(struct reading *r, const struct toc_http_request *request)
{
    struct multipart_part part;
    struct multipart m;
    enum toc_err err;
    int status = 0;
    multipart_why why =
        multipart_begin(&m, r->pool, toc_http_field(request, "content-type"), request->body);
    if (why != NULL)
        return refuse(r, 400, "", why);
    while (status == 0 && (err = multipart_next(&m, &part, &why)) == TOC_OK)
        status = part.filename != NULL ? add_file(r, &part)
                                       : add_field(r, part.name, part.body, part.charset);
    if (status != 0 || err == TOC_NONE)
        return status;
    return refuse(r, err == TOC_ERR_LIMIT ? 413 : 400, "", why);
}

static struct toc_str decoded(struct reading *r, struct toc_str in)
{
    char *out = toc_pool_copy(r->pool, in);
    if (out == NULL)
        return toc_str(NULL, 0);
    size_t size = toc_url_decode(in, TOC_URL_PLUS_IS_SPACE, out);
    out[size] = '\0';
    return toc_str(out, size);
}

static int read_pairs(struct reading *r, struct toc_str body)
{
    struct toc_str name, value;
    int status = 0;
    while (status == 0 && toc_url_next_pair(&body, &name, &value)) {
        name = decoded(r, name);
        value = decoded(r, value);
        if (name.data == NULL || value.data == NULL)
            return no_memory(r);
        status = memchr(name.data, '\0', name.size) == NULL
                     ? add_field(r, name.data, value, toc_str(NULL, 0))
                     : refuse(r, 400, "", "the name of a field has a byte that is 0");
    }
    return status;
}

/* --- what they mean --------------------------------------------------------------------------- */

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static int take_more(struct reading *r, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 3;
    if (r->more == NULL)
        r->more = toc_pool_take(r->pool, MORE_MAX + 1);
    if (r->more == NULL)
        return no_memory(r);
    if (r->more_size + size > MORE_MAX)
        return refuse(r, 413, name, "too much");
    r->more_size += (size_t)sprintf(r->more + r->more_size, "%s: %s\n", name, value);
    return 0;
}

/* What a checkbox or a list of two says. */
static json_t *flag_of(const char *value)
{
    static const char *const yes[] = {"true", "on", "yes", "1"};
    static const char *const no[] = {"false", "off", "no", "0"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (strcmp(value, yes[i]) == 0)
            return json_true();
        if (strcmp(value, no[i]) == 0)
            return json_false();
    }
    return json_string(value); /* a mistake that the event's reader tells */
}

static int take_member(struct reading *r, const char *name, const char *value, enum plain_kind kind)
{
    json_t *members = r->form->members, *list = json_object_get(members, name);
    json_t *json = kind == PLAIN_FLAG ? flag_of(value) : json_string(value);
    if (kind == PLAIN_LIST) {
        if (list == NULL && json_object_set_new(members, name, list = json_array()) < 0)
            return no_memory(r);
        return json_array_append_new(list, json) == 0 ? 0 : no_memory(r);
    }
    if (list != NULL) {
        json_decref(json);
        return refuse(r, 400, name, "comes twice");
    }
    return json_object_set_new(members, name, json) == 0 ? 0 : no_memory(r);
}

/* One that is filled in. */
static int take_value(struct reading *r, const char *name, const char *value)
{
    enum plain_kind kind = plain_kind_of(name);
    if (strcmp(name, r->honeypot) == 0) {
        r->form->trapped = true;
        return 0;
    }
    if (strcmp(name, "_grant") == 0)
        r->form->grant = value;
    else if (strcmp(name, "_redirect") == 0)
        r->form->redirect = value;
    else if (strcmp(name, "_once") == 0)
        r->form->once = true;
    if (name[0] == '_' || name[0] == '\0')
        return 0;
    return kind == PLAIN_NONE ? take_more(r, name, value) : take_member(r, name, value, kind);
}

/* Terminated; NULL without memory. */
static const char *text_of(struct reading *r, struct toc_str bytes, struct toc_str charset)
{
    char name[CHARSET_MAX];
    struct toc_str text = toc_charset_utf8(
        r->pool, bytes, toc_str_copy(name, sizeof(name), charset), 4 * bytes.size + 1);
    return text.data;
}

static int take_field(struct reading *r, const struct field *field)
{
    struct toc_str charset = field->charset.size > 0 ? field->charset : r->charset;
    if (field->value.size > TOC_TEXT_MAX)
        return refuse(r, 413, field->name, "at most 64 KiB");
    const char *name = text_of(r, toc_str_of(field->name), r->charset);
    const char *value = text_of(r, field->value, charset);
    if (name == NULL || value == NULL)
        return no_memory(r);
    return is_blank(value) ? 0 : take_value(r, name, value);
}

static int put_more(struct reading *r)
{
    const char *text = json_string_value(json_object_get(r->form->members, "text"));
    size_t size = text != NULL ? strlen(text) + 2 : 0;
    char *whole = toc_pool_take(r->pool, size + r->more_size + 1);
    if (whole == NULL)
        return no_memory(r);
    if (text != NULL)
        (void)sprintf(whole, "%s\n\n", text);
    memcpy(whole + size, r->more, r->more_size - 1); /* without the last line's end */
    return json_object_set_new(r->form->members, "text", json_string(whole)) == 0 ? 0
                                                                                  : no_memory(r);
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool is_multipart(struct toc_str type)
{
    return parameters_is(parameters_head(&type), "multipart/form-data");
}

bool form_is_one(const struct toc_http_request *request)
{
    struct toc_str type = toc_http_field(request, "content-type");
    return (is_multipart(type) ||
            parameters_is(parameters_head(&type), "application/x-www-form-urlencoded")) &&
           toc_http_field(request, "content-encoding").size == 0;
}

static int read_all(struct reading *r, const struct toc_http_request *request)
{
    int status;
    if (!form_is_one(request))
        return refuse(r, 415, "",
                      "send a form: application/x-www-form-urlencoded or multipart/form-data");
    status = is_multipart(toc_http_field(request, "content-type")) ? read_multipart(r, request)
                                                                   : read_pairs(r, request->body);
    for (size_t i = 0; status == 0 && i < r->count; i++)
        status = take_field(r, &r->fields[i]);
    return status == 0 && r->more_size > 0 ? put_more(r) : status;
}

int form_read(struct toc_pool *pool, const struct toc_http_request *request, const char *honeypot,
              struct form *out, char why[FORM_WHY_MAX])
{
    struct form form = {.members = json_object()};
    struct reading r = {.pool = pool, .honeypot = honeypot, .form = &form, .why = why};
    int status = form.members != NULL ? read_all(&r, request) : no_memory(&r);
    if (status != 0)
        json_decref(form.members);
    else
        *out = form;
    return status;
}
