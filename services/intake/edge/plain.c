#include "services/intake/edge/plain.h"

#include "common/policy/diag.h"
#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/parameters.h"
#include "services/intake/intake.h"

#include <sodium.h>
#include <stdio.h>

#define MADE_ID 12 /* bytes of an id by chance: in digits it is no issue's id */

/* --- members ---------------------------------------------------------------------------------- */

enum place { ENVELOPE, CONTENT };

/* What is not a member of the data, and what it is called where it goes. */
static const struct {
    const char *name;
    enum place place;
    const char *there;
} members[] = {
    {"id", ENVELOPE, "id"},           {"subject", ENVELOPE, "subject"}, {"time", ENVELOPE, "time"},
    {"test", ENVELOPE, "tocsintest"}, {"title", CONTENT, "title"},      {"text", CONTENT, "body"},
    {"person", CONTENT, "person"},    {"name", CONTENT, "name"},        {"email", CONTENT, "email"},
    {"phone", CONTENT, "phone"},      {"address", CONTENT, "address"}};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

enum plain_kind plain_kind_of(const char *name)
{
    const ProtobufCMessageDescriptor *body = &tocsin__v1__issue_opened__descriptor;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body, name);
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i].name, name) == 0)
            return strcmp(name, "test") == 0 ? PLAIN_FLAG : PLAIN_TEXT;
    if (field == NULL || field->type == PROTOBUF_C_TYPE_MESSAGE)
        return PLAIN_NONE;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return PLAIN_LIST;
    return field->type == PROTOBUF_C_TYPE_BOOL ? PLAIN_FLAG : PLAIN_TEXT;
}

struct making {
    const struct plain_target *target;
    const ProtobufCMessageDescriptor *body;
    json_t *event, *data, *content;
    char *why; /* TOC_EVENT_JSON_ERROR_MAX bytes */
};

static bool wrong(struct making *m, const char *name, const char *what)
{
    snprintf(m->why, TOC_EVENT_JSON_ERROR_MAX, "%.60s%s%s", name, name[0] != '\0' ? ": " : "",
             what);
    toc_str_mend(m->why); /* a name is cut without regard to characters */
    return false;
}

static bool unknown_member(struct making *m, const char *name)
{
    struct toc_guess guess;
    char what[120];
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        toc_guess_offer(&guess, members[i].name);
    for (unsigned i = 0; i < m->body->n_fields; i++)
        toc_guess_offer(&guess, m->body->fields[i].name);
    if (guess.best == NULL)
        return wrong(m, name, "unknown member");
    snprintf(what, sizeof(what), "unknown member (did you mean '%s'?)", guess.best);
    return wrong(m, name, what);
}

static bool put(struct making *m, json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0 || wrong(m, name, "is too large");
}

static bool put_text(struct making *m, json_t *object, const char *name, const char *text)
{
    return put(m, object, name, json_string(text));
}

static bool take_member(struct making *m, const char *name, json_t *value)
{
    if (json_is_null(value))
        return true;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i].name, name) == 0)
            return put(m, members[i].place == ENVELOPE ? m->event : m->content, members[i].there,
                       json_incref(value));
    if (protobuf_c_message_descriptor_get_field_by_name(m->body, name) != NULL)
        return put(m, m->data, name, json_incref(value));
    return unknown_member(m, name);
}

/* --- what goes without saying ----------------------------------------------------------------- */

static bool fill_id(struct making *m)
{
    struct toc_str key = m->target->key;
    const json_t *said = json_object_get(m->event, "id");
    char made[2 * MADE_ID + 1];
    uint8_t random[MADE_ID];
    if (key.size > 0 && said != NULL)
        return wrong(m, "id", "say it once, here or as Idempotency-Key");
    if (said != NULL)
        return true;
    if (key.size > 0)
        return put(m, m->event, "id", json_stringn(key.data, key.size)) &&
               (json_object_get(m->event, "id") != NULL ||
                wrong(m, "", "the Idempotency-Key is no UTF-8"));
    randombytes_buf(random, sizeof(random));
    toc_hex(made, random, sizeof(random));
    return put_text(m, m->event, "id", made);
}

static bool looks_like_issue(const char *text)
{
    uint8_t id[TOC_ID];
    return toc_unhex(id, sizeof(id), toc_str_of(text)) == TOC_OK;
}

/* What names the issue from now on; an id must not be mistaken for another issue's. */
static bool fill_subject(struct making *m)
{
    const char *subject = json_string_value(json_object_get(m->event, "subject"));
    const char *id = json_string_value(json_object_get(m->event, "id"));
    char text[INTAKE_TEXT_MAX + 4];
    if (subject != NULL)
        return !looks_like_issue(subject) ||
               wrong(m, "subject",
                     "32 hexadecimal digits name an issue by its id in a path: put "
                     "something before them");
    if (json_object_get(m->event, "subject") != NULL || id == NULL)
        return true; /* which is a mistake that the event's reader tells */
    snprintf(text, sizeof(text), "%s%s", looks_like_issue(id) ? "id:" : "", id);
    toc_str_mend(text);
    return put_text(m, m->event, "subject", text);
}

static bool fill_ref(struct making *m)
{
    const char *ref = m->target->ref;
    if (json_object_get(m->event, "subject") != NULL)
        return wrong(m, "subject", "the path names the issue");
    return put_text(m, m->event, looks_like_issue(ref) ? "tocsinissue" : "subject", ref);
}

static bool fill_default(struct making *m, const char *name, const char *value)
{
    return json_object_get(m->data, name) != NULL || put_text(m, m->data, name, value);
}

static bool fill_person(struct making *m)
{
    json_t *email = json_object_get(m->content, "email");
    return email == NULL || json_object_get(m->content, "person") != NULL ||
           put(m, m->content, "person", json_incref(email));
}

static bool fill(struct making *m)
{
    bool message = m->target->ref != NULL;
    return put_text(m, m->event, "specversion", "1.0") &&
           put_text(m, m->event, "type",
                    message ? "tocsin.issue.message" : "tocsin.issue.opened") &&
           put_text(m, m->event, "source", m->target->source) && fill_id(m) &&
           (message ? fill_ref(m) : fill_subject(m)) &&
           (message ? fill_default(m, "direction", "inbound")
                    : fill_default(m, "channel", m->target->channel)) &&
           fill_person(m);
}

static bool is_said(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    return value != NULL && (text == NULL || text[strspn(text, " \t\r\n")] != '\0');
}

/* Nobody could do anything about an issue of which nothing is known. */
static bool judge_opening(struct making *m)
{
    return m->target->ref != NULL || m->target->has_files || is_said(m->content, "title") ||
           is_said(m->content, "body") || is_said(m->data, "category") ||
           is_said(m->data, "risk") || is_said(m->data, "appeal") ||
           wrong(m, "title, text, category, risk or appeal",
                 "at least one has to say what the issue is about");
}

static bool take_members(struct making *m, const json_t *root)
{
    json_t *object = (json_t *)(uintptr_t)root; /* jansson's iterators only read */
    const char *name;
    json_t *value;
    if (!json_is_object(root))
        return wrong(m, "", "an issue or message is a JSON object");
    if (json_object_size(root) > TOC_EVENT_JSON_MEMBERS_MAX)
        return wrong(m, "", "too many members");
    json_object_foreach(object, name, value) if (!take_member(m, name, value)) return false;
    return true;
}

json_t *plain_event(const struct plain_target *target, const json_t *root,
                    char why[TOC_EVENT_JSON_ERROR_MAX])
{
    struct making m = {.target = target,
                       .body = target->ref != NULL ? &tocsin__v1__issue_message__descriptor
                                                   : &tocsin__v1__issue_opened__descriptor,
                       .event = json_object(),
                       .data = json_object(),
                       .content = json_object(),
                       .why = why};
    bool made =
        take_members(&m, root) && fill(&m) && judge_opening(&m) &&
        (json_object_size(m.content) == 0 || put(&m, m.data, "content", json_incref(m.content))) &&
        put(&m, m.event, "data", json_incref(m.data));
    json_decref(m.content);
    json_decref(m.data);
    if (made)
        return m.event;
    json_decref(m.event);
    return NULL;
}

/* --- reading a request ------------------------------------------------------------------------ */

/* "data.content.body: …" is "text: …" here. */
static const char *plain_problem(struct toc_pool *pool, const char *problem)
{
    static const char *const places[] = {"data.content.", "data."};
    char text[TOC_EVENT_JSON_ERROR_MAX];
    const char *name = problem;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && name == problem; i++)
        if (strncmp(problem, places[i], strlen(places[i])) == 0)
            name = problem + strlen(places[i]);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        size_t size = strlen(members[i].there);
        if (strncmp(name, members[i].there, size) != 0 || name[size] != ':')
            continue;
        snprintf(text, sizeof(text), "%s%s", members[i].name, name + size);
        return toc_pool_copy(pool, toc_str_of(text));
    }
    return name;
}

static bool take(const struct cloudevents_reader *reader, json_t *event, struct cloudevent *item)
{
    const char *subject = json_string_value(json_object_get(event, "subject"));
    const char *issue = json_string_value(json_object_get(event, "tocsinissue"));
    const char *ref = subject != NULL ? subject : issue;
    if (!cloudevents_take(reader, event, item))
        return false;
    if (item->problem != NULL) {
        item->problem = plain_problem(reader->pool, item->problem);
        return item->problem != NULL;
    }
    item->ref = toc_pool_copy(reader->pool, toc_str_of(ref));
    return item->ref != NULL;
}

struct toc_str plain_key(const struct toc_http_request *request)
{
    struct toc_str key = toc_http_field(request, "idempotency-key");
    if (key.size >= 2 && key.data[0] == '"' && key.data[key.size - 1] == '"')
        return toc_str(key.data + 1, key.size - 2);
    return key;
}

int plain_read_members(const struct cloudevents_reader *reader, const json_t *root,
                       const struct plain_target *target)
{
    struct cloudevents *out = reader->out;
    json_t *event = plain_event(target, root, reader->why);
    if (event == NULL)
        return 400;
    out->items = toc_pool_array(reader->pool, 1, sizeof(*out->items));
    bool taken = out->items != NULL && take(reader, event, &out->items[0]);
    json_decref(event);
    if (!taken)
        return cloudevents_refuse(reader, 503, "out of memory");
    out->count = 1;
    return 0;
}

static int read_body(const struct cloudevents_reader *reader,
                     const struct toc_http_request *request, const struct plain_target *target)
{
    struct toc_str type;
    if (!parameters_media_type(request, &type) || !parameters_is(type, "application/json") ||
        toc_http_field(request, "content-encoding").size > 0)
        return cloudevents_refuse(reader, 415,
                                  "send JSON in UTF-8: Content-Type: application/json");
    json_t *root = toc_json_parse(request->body, TOC_EVENT_JSON_SIZE_MAX, reader->why);
    if (root == NULL)
        return request->body.size > TOC_EVENT_JSON_SIZE_MAX ? 413 : 400;
    int status = plain_read_members(reader, root, target);
    json_decref(root);
    return status;
}

int plain_read(const struct cloudevents_reader *reader, const struct toc_http_request *request,
               struct plain_target target)
{
    *reader->out = (struct cloudevents){0};
    target.key = plain_key(request);
    int status = read_body(reader, request, &target);
    if (json_memory_ended()) {
        *reader->out = (struct cloudevents){0};
        status = cloudevents_refuse(reader, 413, "the JSON has too many values");
    }
    json_memory_empty();
    return status;
}
