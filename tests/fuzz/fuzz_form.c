/*
 * A web form from anyone: it is refused with a text for a person, or comes to members that are text
 * and files whose names can be shown, the same ones when it is read again, and those to an event's
 * JSON or to a mistake.
 */
#include "tests/fuzz/fuzz.h"

#include "services/intake/edge/form.h"
#include "services/intake/edge/plain.h"

#include <string.h>

static void check_member(const char *name, json_t *value)
{
    TOC_ASSERT(plain_kind_of(name) != PLAIN_NONE);
    for (size_t i = 0; i < json_array_size(value); i++)
        check_member(name, json_array_get(value, i));
    if (json_is_string(value))
        TOC_ASSERT(toc_str_is_text(toc_str(json_string_value(value), json_string_length(value))));
}

static void check_file(const struct toc_http_request *request, const struct form_file *file)
{
    size_t size = strlen(file->name);
    TOC_ASSERT(size > 0 && size <= FORM_NAME_MAX && toc_str_is_text(toc_str(file->name, size)));
    TOC_ASSERT(strpbrk(file->name, "/\\\r\n") == NULL && file->bytes.size <= FORM_FILE_MAX);
    TOC_ASSERT(file->bytes.data >= request->body.data &&
               file->bytes.data + file->bytes.size <= request->body.data + request->body.size);
}

static void check_event(const struct form *form)
{
    const struct plain_target target = {
        .source = "urn:form", .key = TOC_STR("k"), .channel = "web"};
    char why[TOC_EVENT_JSON_ERROR_MAX] = "";
    json_t *event = plain_event(&target, form->members, why);
    TOC_ASSERT((event != NULL) == (why[0] == '\0') && toc_str_is_text(toc_str_of(why)));
    json_decref(event);
}

static void check_form(const struct toc_http_request *request, const struct form *form,
                       const struct form *again)
{
    const char *name;
    json_t *value;
    json_object_foreach(form->members, name, value) check_member(name, value);
    for (size_t i = 0; i < form->file_count; i++)
        check_file(request, &form->files[i]);
    TOC_ASSERT(json_equal(form->members, again->members) &&
               memcmp(form->digest, again->digest, TOC_SHA256) == 0 &&
               form->file_count == again->file_count);
    check_event(form);
}

/* The Content-Type after its size in one byte; the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    char fields[300] = "Content-Type: ", why[FORM_WHY_MAX] = "";
    struct toc_str type = fuzz_bytes(&in, fuzz_byte(&in));
    for (size_t i = 0; i < type.size; i++) /* as the server lets no other field in */
        fields[14 + i] = type.data[i] < ' ' && type.data[i] >= 0 ? ' ' : type.data[i];
    const struct toc_http_request request = {.fields = toc_str(fields, 14 + type.size),
                                             .body = fuzz_bytes(&in, SIZE_MAX)};
    struct toc_pool pools[2] = {{0}, {0}};
    struct form form, again;
    int status = form_read(&pools[0], &request, "_leave_empty", &form, why);
    TOC_ASSERT(status == 0 || (status >= 400 && why[0] != '\0'));
    TOC_ASSERT(toc_str_is_text(toc_str_of(why)));
    TOC_ASSERT(form_read(&pools[1], &request, "_leave_empty", &again, why) == status);
    if (status == 0) {
        check_form(&request, &form, &again);
        json_decref(form.members);
        json_decref(again.members);
    }
    toc_pool_done(&pools[0]);
    toc_pool_done(&pools[1]);
    return 0;
}
