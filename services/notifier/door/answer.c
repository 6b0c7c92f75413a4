/* What the door says: JSON to tools, a page to a browser. Codes, ids and instants only. */
#include "services/notifier/door/door_impl.h"

#include "services/notifier/door/page.h"

#include <jansson.h>
#include <stdio.h>

bool door_wants_page(const struct toc_http_request *request)
{
    struct toc_str accept = toc_http_field(request, "accept");
    return accept.size > 0 && memmem(accept.data, accept.size, "text/html", 9) != NULL;
}

static const char *state_of(const Tocsin__V1__Alert *alert)
{
    static const char *const names[] = {"unknown", "open", "acknowledged", "resolved", "exhausted"};
    if (alert->snoozed_ms != 0)
        return "snoozed";
    return (size_t)alert->state < sizeof(names) / sizeof(names[0]) ? names[alert->state] : names[0];
}

static void put_u64(json_t *root, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    json_object_set_new(root, name, json_string(text));
}

static void put_alert(json_t *root, const Tocsin__V1__Alert *alert)
{
    char id[2 * TOC_ID + 1] = "";
    toc_hex(id, alert->id.data, alert->id.len == TOC_ID ? TOC_ID : 0);
    json_object_set_new(root, "alert", json_string(id));
    json_object_set_new(root, "state", json_string(state_of(alert)));
    put_u64(root, "version", alert->last_seq);
    json_object_set_new(root, "acked_by", json_string(alert->acked_by));
    json_object_set_new(root, "step", json_integer(alert->step));
    json_object_set_new(root, "round", json_integer(alert->repeat));
    if (alert->snoozed_ms != 0)
        json_object_set_new(root, "snoozed_until_ms", json_integer(alert->snoozed_ms));
    if (alert->next_ms != TOC_TIME_NEVER)
        json_object_set_new(root, "next_ms", json_integer(alert->next_ms));
}

static char *write_json(const struct door_answer *answer)
{
    char log[24];
    json_t *root = json_object();
    if (answer->detail != NULL) {
        json_object_set_new(root, "title", json_string(toc_http_reason(answer->status)));
        json_object_set_new(root, "status", json_integer(answer->status));
        json_object_set_new(root, "detail", json_string(answer->detail));
    }
    if (answer->done != NULL)
        json_object_set_new(root, "done", json_string(answer->done->done));
    if (answer->alert != NULL)
        put_alert(root, answer->alert);
    if (answer->seq != 0) {
        snprintf(log, sizeof(log), "%016llx", (unsigned long long)answer->log_id);
        json_object_set_new(root, "log", json_string(log));
        put_u64(root, "seq", answer->seq);
        json_object_set_new(root, "duplicate", json_boolean(answer->again));
    }
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* Of every answer, and what some have. */
static size_t add_fields(const struct door_answer *answer, char seconds[24],
                         struct toc_http_field out[TOC_HTTP_FIELDS_MAX])
{
    size_t count = 0;
    out[count++] = (struct toc_http_field){"Referrer-Policy", "no-referrer"};
    out[count++] = (struct toc_http_field){"X-Robots-Tag", "noindex, nofollow"};
    if (answer->wait_ms > 0) {
        snprintf(seconds, 24, "%lld",
                 (long long)((answer->wait_ms + TOC_SECOND_MS - 1) / TOC_SECOND_MS));
        out[count++] = (struct toc_http_field){"Retry-After", seconds};
    }
    if (answer->allow != NULL)
        out[count++] = (struct toc_http_field){"Allow", answer->allow};
    if (answer->status == 401)
        out[count++] = (struct toc_http_field){"WWW-Authenticate", "Bearer"};
    return count;
}

void door_answer_json(struct toc_http_exchange *exchange, const struct door_answer *answer)
{
    struct toc_http_field fields[TOC_HTTP_FIELDS_MAX];
    char seconds[24], *body = write_json(answer);
    bool problem = answer->status >= 400;
    const struct toc_http_response response = {.status = answer->status,
                                               .content_type = problem ? "application/problem+json"
                                                                       : "application/json",
                                               .body = body,
                                               .body_size = body != NULL ? strlen(body) : 0,
                                               .fields = fields,
                                               .field_count = add_fields(answer, seconds, fields)};
    toc_http_respond(exchange, &response);
}

void door_answer_page(struct toc_http_exchange *exchange, const struct door_answer *answer)
{
    struct toc_http_field fields[TOC_HTTP_FIELDS_MAX];
    char seconds[24];
    size_t count = add_fields(answer, seconds, fields);
    fields[count++] = (struct toc_http_field){"Content-Security-Policy", PAGE_POLICY};
    struct toc_http_response response = {.status = answer->status,
                                         .content_type = "text/html; charset=utf-8",
                                         .fields = fields,
                                         .field_count = count};
    response.body = page_write(answer, toc_program_now().wall_ms, &response.body_size);
    toc_http_respond(exchange, &response);
}
