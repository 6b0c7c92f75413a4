#include "services/intake/edge/edge_impl.h"

#include "common/url.h"

#include <stdio.h>
#include <stdlib.h>

#define LOCATION_MAX 301 /* bytes of a field, terminated */

void edge_answer_problem(struct toc_http_exchange *exchange, int status, const char *detail,
                         const struct toc_http_field *field)
{
    struct toc_http_response response = {.status = status,
                                         .content_type = REPLY_PROBLEM_TYPE,
                                         .fields = field,
                                         .field_count = field != NULL};
    response.body = reply_problem(status, detail, &response.body_size);
    toc_http_respond(exchange, &response);
}

toc_time_ms edge_retry_seconds(toc_time_ms wait_ms)
{
    return wait_ms > TOC_SECOND_MS ? (wait_ms + TOC_SECOND_MS - 1) / TOC_SECOND_MS : 1;
}

void edge_answer_refusal(struct toc_http_exchange *exchange, const struct edge_refusal *refusal)
{
    static const struct toc_http_field challenge = {"WWW-Authenticate", "Bearer realm=\"tocsin\""};
    char seconds[24];
    const struct toc_http_field retry = {"Retry-After", seconds}, *field = NULL;
    snprintf(seconds, sizeof(seconds), "%lld", (long long)edge_retry_seconds(refusal->wait_ms));
    if (refusal->status == 401)
        field = &challenge;
    else if (refusal->status == 429 || refusal->status == 503)
        field = &retry;
    edge_answer_problem(exchange, refusal->status, refusal->why, field);
}

void edge_answer_full(struct toc_http_exchange *exchange, const char *detail)
{
    const struct edge_refusal refusal = {503, detail, 0};
    edge_answer_refusal(exchange, &refusal);
}

void edge_answer_text(struct toc_http_exchange *exchange, const char *type, struct toc_str text)
{
    struct toc_http_response response = {.status = 200, .content_type = type};
    response.body = malloc(text.size + 1);
    response.body_size = text.size;
    if (response.body != NULL)
        memcpy(response.body, text.data, text.size);
    toc_http_respond(exchange, &response);
}

void edge_answer_constant(struct toc_http_exchange *exchange, const char *type, struct toc_str text)
{
    const struct toc_http_response response = {
        .status = 200, .content_type = type, .constant = text};
    toc_http_respond(exchange, &response);
}

/* Of a batch: what all came to, or that they differ. */
static int status_of_all(const struct reply_item *items, size_t count)
{
    int status = items[0].status;
    for (size_t i = 1; i < count; i++) {
        bool good = status < 300 && items[i].status < 300;
        if (items[i].status != status)
            status = good ? 202 : 207;
        if (status == 207)
            break;
    }
    return status;
}

/* The one that decides what a sender does who looks at the status alone: 503, which is tried again,
 * then what is refused, then what is new. */
static const struct reply_item *worst_of(const struct reply_item *items, size_t count)
{
    const struct reply_item *worst = &items[0];
    for (size_t i = 1; i < count; i++)
        if (worst->status != 503 && (items[i].status == 503 || worst->status < 300) &&
            items[i].status > worst->status)
            worst = &items[i];
    return worst;
}

/* Takes the outcome of one that was sent off the receipt. */
static struct reply_item item_of(const struct cloudevent *event, const Tocsin__V1__Receipt *receipt,
                                 size_t *taken)
{
    struct reply_item item = {.status = event->status,
                              .id = event->id,
                              .source = event->source,
                              .ref = event->ref,
                              .article = event->article,
                              .detail = event->problem,
                              .unsaid = event->unsaid};
    if (event->problem != NULL)
        return item;
    TOC_ASSERT(receipt != NULL && *taken < receipt->n_outcomes);
    item.outcome = receipt->outcomes[(*taken)++];
    item.status = reply_status_of(item.outcome);
    if (item.status >= 300)
        item.detail = item.outcome->detail;
    return item;
}

static void list_items(const struct cloudevents *events, const Tocsin__V1__Receipt *receipt,
                       struct reply_item items[CLOUDEVENTS_BATCH_MAX])
{
    size_t taken = 0;
    TOC_ASSERT(events->count <= CLOUDEVENTS_BATCH_MAX);
    for (size_t i = 0; i < events->count; i++)
        items[i] = item_of(&events->items[i], receipt, &taken);
}

struct reply_item edge_item_of(const struct cloudevents *events, const Tocsin__V1__Receipt *receipt)
{
    size_t taken = 0;
    TOC_ASSERT(events->count == 1);
    return item_of(&events->items[0], receipt, &taken);
}

/* Where the issue can be asked for; false when nothing says so. By its id, when the other way to
 * name it is too long for a field. */
static bool locate(const struct reply_item *item, char where[LOCATION_MAX])
{
    static const char path[] = "/v1/issues/";
    char *end = stpcpy(where, path);
    if (item->ref == NULL || item->outcome == NULL || item->status >= 300)
        return false;
    if (!toc_url_encode(toc_str_of(item->ref), end, LOCATION_MAX - (sizeof(path) - 1)))
        toc_hex(end, item->outcome->issue.data, item->outcome->issue.len);
    return true;
}

static void answer_events(struct toc_http_exchange *exchange, const struct cloudevents *events,
                          const Tocsin__V1__Receipt *receipt)
{
    static struct reply_item items[CLOUDEVENTS_BATCH_MAX];
    char where[LOCATION_MAX];
    const struct toc_http_field location = {"Location", where}, soon = {"Retry-After", "1"};
    struct toc_http_response response = {.status = 200};
    list_items(events, receipt, items);
    const struct reply_item *worst = events->strict ? worst_of(items, events->count) : &items[0];
    if (events->count > 0)
        response.status = events->strict ? worst->status : status_of_all(items, events->count);
    bool many = events->batch && !(events->strict && response.status >= 300);
    response.content_type = !many && response.status >= 300 ? REPLY_PROBLEM_TYPE : REPLY_JSON_TYPE;
    response.body = many ? reply_many(items, events->count, &response.body_size)
                         : reply_one(worst, &response.body_size);
    response.fields = response.status == 503 ? &soon : &location;
    response.field_count = response.status == 503 || locate(worst, where);
    toc_http_respond(exchange, &response);
}

void edge_tell(const struct edge_pending *pending, int status, const char *why,
               const Tocsin__V1__Receipt *receipt)
{
    const struct edge_refusal refusal = {status, why, pending->wait_ms};
    if (status != 0)
        edge_answer_refusal(pending->exchange, &refusal);
    else
        answer_events(pending->exchange, &pending->events, receipt);
}
