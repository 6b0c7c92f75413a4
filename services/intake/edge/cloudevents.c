#include "services/intake/edge/cloudevents.h"

#include "common/url.h"
#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/parameters.h"
#include "services/intake/intake.h"
#include "services/intake/reason.h"

#include <stdio.h>
#include <strings.h>

#define BATCH_BYTES_MAX ((size_t)8 << 20) /* of JSON; the server's cap is below */
#define FIELD_MAX       1024              /* bytes of a `ce-` field's value */
#define TEXT_MAX        (2 * FIELD_MAX)   /* of the same as UTF-8 */

enum mode { NO_CLOUDEVENT, STRUCTURED, BATCH, BINARY };

struct reading {
    const struct cloudevents_reader *reader;
    const struct toc_http_request *request;
};

int cloudevents_refuse(const struct cloudevents_reader *reader, int status, const char *why)
{
    snprintf(reader->why, TOC_EVENT_JSON_ERROR_MAX, "%s", why);
    return status;
}

static int refuse(const struct reading *r, int status, const char *why)
{
    return cloudevents_refuse(r->reader, status, why);
}

/* --- which mode ------------------------------------------------------------------------------- */

static enum mode mode_of(const struct toc_http_request *request)
{
    struct toc_str type;
    if (!parameters_media_type(request, &type) ||
        toc_http_field(request, "content-encoding").size > 0)
        return NO_CLOUDEVENT;
    if (parameters_is(type, "application/cloudevents+json"))
        return STRUCTURED;
    if (parameters_is(type, "application/cloudevents-batch+json"))
        return BATCH;
    if (toc_http_field(request, "ce-specversion").data == NULL)
        return NO_CLOUDEVENT;
    return request->body.size == 0 || parameters_is(type, "application/json") ? BINARY
                                                                              : NO_CLOUDEVENT;
}

/* --- one event -------------------------------------------------------------------------------- */

/* What is too long to be one is not said back. */
static const char *text_of(struct toc_pool *pool, const json_t *root, const char *name)
{
    struct toc_str text = toc_str_of(json_string_value(json_object_get(root, name)));
    const char *copy = text.size <= INTAKE_TEXT_MAX ? toc_pool_copy(pool, text) : NULL;
    return copy != NULL ? copy : "";
}

bool cloudevents_take(const struct cloudevents_reader *reader, json_t *root,
                      struct cloudevent *item)
{
    struct toc_pool *pool = reader->pool;
    struct toc_arena *scratch = reader->scratch;
    const struct toc_event_json_reader json = {.arena = scratch, .extensions = true};
    char error[TOC_EVENT_JSON_ERROR_MAX];
    Tocsin__V1__Event *event;
    struct toc_str packed;
    toc_arena_reset(scratch, 0);
    *item = (struct cloudevent){.id = text_of(pool, root, "id"),
                                .source = text_of(pool, root, "source")};
    enum toc_err err = toc_event_json_take(&json, root, &event, &packed, error);
    if (err != TOC_OK) {
        item->status = err == TOC_ERR_LIMIT ? 413 : 400;
        item->problem = toc_pool_copy(pool, toc_str_of(error));
        return item->problem != NULL;
    }
    bool has_texts = event->private_ != NULL;
    item->event = event;
    item->device = json_string_value(json_object_get(root, "tocsindevice"));
    reader->judge(reader->self, scratch, item);
    item->event = NULL;
    item->device = NULL;
    if (item->problem != NULL)
        return true;
    if (has_texts && toc_wire_pack(scratch, event, &packed) < 0)
        return false;
    if (item->reason != NULL && reason_join(scratch, packed, item->reason, &packed) < 0)
        return false;
    item->packed = toc_str(toc_pool_copy(pool, packed), packed.size);
    return item->packed.data != NULL;
}

static int read_items(const struct cloudevents_reader *reader, json_t *const *roots, size_t count)
{
    struct cloudevents *out = reader->out;
    out->items = toc_pool_array(reader->pool, count, sizeof(*out->items));
    if (out->items == NULL)
        return cloudevents_refuse(reader, 503, "out of memory");
    for (size_t i = 0; i < count; i++)
        if (!cloudevents_take(reader, roots[i], &out->items[i]))
            return cloudevents_refuse(reader, 503, "out of memory");
    out->count = count;
    return 0;
}

/* --- the three modes -------------------------------------------------------------------------- */

/* The body as JSON, a new reference in `out`; or a status that is not 0. */
static int parse(const struct reading *r, size_t size_max, json_t **out)
{
    *out = toc_json_parse(r->request->body, size_max, r->reader->why);
    if (*out != NULL)
        return 0;
    if (json_memory_ended())
        return refuse(r, 413, "the JSON has too many values");
    return r->request->body.size > size_max ? 413 : 400;
}

static int read_structured(const struct reading *r)
{
    json_t *root;
    int status = parse(r, TOC_EVENT_JSON_SIZE_MAX, &root);
    if (status != 0)
        return status;
    json_t *const roots[] = {root};
    status = read_items(r->reader, roots, 1);
    json_decref(root);
    return status;
}

static int read_list(const struct reading *r, const json_t *list)
{
    json_t *roots[CLOUDEVENTS_BATCH_MAX];
    size_t count = json_array_size(list);
    if (!json_is_array(list))
        return refuse(r, 400, "a batch is a JSON array of events");
    if (count > CLOUDEVENTS_BATCH_MAX)
        return refuse(r, 413, "a batch has at most 500 events");
    for (size_t i = 0; i < count; i++)
        roots[i] = json_array_get(list, i);
    r->reader->out->batch = true;
    return read_items(r->reader, roots, count);
}

static int read_batch(const struct reading *r)
{
    json_t *list;
    int status = parse(r, BATCH_BYTES_MAX, &list);
    if (status != 0)
        return status;
    status = read_list(r, list);
    json_decref(list);
    return status;
}

/* Node's clients, npm's of CloudEvents too, write a text that is not encoded as Latin-1. */
static struct toc_str from_latin1(struct toc_str value, char out[TEXT_MAX])
{
    size_t size = 0;
    if (toc_str_is_text(value))
        return value;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c >= 0x80)
            out[size++] = (char)(0xc0 | c >> 6);
        out[size++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
    }
    return toc_str(out, size);
}

/* One `ce-` field as a member of the envelope; NULL, or what is wrong. */
static const char *add_attribute(json_t *root, struct toc_str name, struct toc_str value)
{
    char wide[TEXT_MAX], text[TEXT_MAX], member[32];
    json_t *json;
    name = toc_str_from(name, 3);
    if (value.size > FIELD_MAX || name.size >= sizeof(member))
        return "a ce- field is too long";
    for (size_t i = 0; i <= name.size; i++)
        member[i] = i < name.size && name.data[i] >= 'A' && name.data[i] <= 'Z'
                        ? (char)(name.data[i] | 0x20)
                        : (i < name.size ? name.data[i] : '\0');
    if (json_object_get(root, member) != NULL)
        return "a ce- field came twice";
    value = from_latin1(value, wide);
    struct toc_str decoded = toc_str(text, toc_url_decode(value, TOC_URL_PLUS_IS_PLUS, text));
    if (!toc_str_is_text(decoded))
        return "a ce- field is not UTF-8 without NUL";
    bool yes = parameters_is(value, "true"), flag = yes || parameters_is(value, "false");
    json = flag && strcmp(member, "tocsintest") == 0 ? json_boolean(yes)
                                                     : json_stringn(text, decoded.size);
    return json_object_set_new(root, member, json) == 0 ? NULL : "a ce- field is too much";
}

static const char *add_attributes(const struct toc_http_request *request, json_t *root)
{
    struct toc_str rest = request->fields, name, value;
    const char *wrong = NULL;
    while (wrong == NULL && toc_http_next_field(&rest, &name, &value))
        if (name.size > 3 && strncasecmp(name.data, "ce-", 3) == 0)
            wrong = add_attribute(root, name, value);
    return wrong;
}

static int read_envelope(const struct reading *r, json_t *root)
{
    json_t *const roots[] = {root};
    const char *wrong = add_attributes(r->request, root);
    if (wrong != NULL)
        return refuse(r, 400, wrong);
    if (r->request->body.size > 0) {
        json_t *data;
        int status = parse(r, TOC_EVENT_JSON_SIZE_MAX, &data);
        if (status != 0)
            return status;
        json_object_set_new(root, "data", data);
    }
    return read_items(r->reader, roots, 1);
}

static int read_binary(const struct reading *r)
{
    json_t *root = json_object();
    if (root == NULL)
        return refuse(r, 503, "out of memory");
    int status = read_envelope(r, root);
    json_decref(root);
    return status;
}

static int read_mode(const struct reading *r, enum mode mode)
{
    switch (mode) {
    case STRUCTURED:
        return read_structured(r);
    case BATCH:
        return read_batch(r);
    case BINARY:
        return read_binary(r);
    case NO_CLOUDEVENT:
        break;
    }
    return refuse(r, 415,
                  "send CloudEvents: application/cloudevents+json, "
                  "application/cloudevents-batch+json, or ce- fields with application/json");
}

int cloudevents_read(const struct cloudevents_reader *reader,
                     const struct toc_http_request *request)
{
    const struct reading r = {reader, request};
    *reader->out = (struct cloudevents){0};
    int status = read_mode(&r, mode_of(request));
    json_memory_empty();
    return status;
}
