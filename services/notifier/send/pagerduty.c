/*
 * PagerDuty's Events API v2. An alert is one incident there: its id is the dedup_key, so pages to
 * the same service trigger it once, and what is acknowledged or resolved here is so there, too. One
 * that goes on after an acknowledgement is another incident, since an acknowledged one rings nobody
 * whatever comes.
 */
#include "common/json/rfc3339.h"
#include "common/page_news.h"
#include "services/notifier/send/kind.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>

#define ENQUEUE_URL "https://events.pagerduty.com/v2/enqueue"
#define KEY_BYTES   32
#define SUMMARY_MAX 1024 /* characters, as PagerDuty says; we count bytes */
#define DEDUP_BYTES (2 * TOC_ID + 12)

static_assert(TEXT_TITLE_MAX <= SUMMARY_MAX, "a title fits");

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    static const char *const keys[] = {"key_file", "url", NULL};
    if (!read_keys(r, node, "'pagerduty'", keys))
        return;
    const struct toc_yaml *key = read_needed(r, node, "'pagerduty'", "key_file");
    const struct toc_yaml *url = toc_yaml_get(node, "url");
    if (key == NULL)
        return;
    out->to = read_secret(r, key, "key_file");
    if (out->to != NULL && strlen(out->to) != KEY_BYTES)
        toc_diag_error(&r->diag, key->offset, "the secret file holds no routing key (32 digits)");
    if (out->to != NULL)
        out->credential = read_copy(r, toc_str_of(out->to));
    out->url = url != NULL ? read_url(r, url, "url") : read_copy(r, TOC_STR(ENQUEUE_URL));
}

/* What is not known is left out. */
static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static json_t *details_of(const struct leaving *leaving)
{
    const Tocsin__V1__Alert *alert = leaving->page->alert;
    char lines[TEXT_MAX];
    return json_pack(
        "{s:s, s:s*, s:s*, s:s*, s:s*, s:s}", "delivery", leaving->page->page->delivery, "issue",
        or_null(alert->subject), "category", or_null(alert->category), "priority",
        or_null(toc_priority_name(alert->priority)), "risk", or_null(toc_risk_name(alert->risk)),
        "text", text_short(&leaving->text, lines));
}

/* What is about no alert is an incident all the same: of least severity, and its own. */
static json_t *payload_of(const struct leaving *leaving)
{
    const Tocsin__V1__Alert *alert = leaving->page->alert;
    bool apart = leaving->page->page->alert_number == 0;
    char at[TOC_RFC3339_MAX], title[TEXT_TITLE_MAX];
    toc_rfc3339_write(at, apart ? leaving->page->page->planned_ms : alert->opened_ms);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s*, s:s*, s:o}", "summary", text_title(&leaving->text, title),
        "source", alert->source[0] != '\0' ? alert->source : "tocsin", "severity",
        apart ? "info" : alert->severity, "timestamp", at, "component", or_null(alert->queue),
        "class", or_null(alert->cause), "custom_details", details_of(leaving));
}

static json_t *links_of(const char *link)
{
    return link[0] != '\0' ? json_pack("[{s:s, s:s}]", "href", link, "text", "Open") : NULL;
}

static const char *dedup_key_of(const struct notifier_page *page, char out[DEDUP_BYTES])
{
    if (page->page->alert_number == 0)
        return page->page->delivery;
    toc_hex(out, page->alert->id.data, TOC_ID);
    if (page->page->reopened > 0)
        snprintf(out + (size_t)2 * TOC_ID, DEDUP_BYTES - (size_t)2 * TOC_ID, "-%u",
                 page->page->reopened);
    return out;
}

static const char *action_of(const Tocsin__V1__Page *page)
{
    if (strcmp(page->kind, TOC_PAGE_ACKNOWLEDGED) == 0)
        return "acknowledge";
    return strcmp(page->kind, TOC_PAGE_RESOLVED) == 0 ? "resolve" : "trigger";
}

/* What a trigger has besides. */
static json_t *rest_of(const struct leaving *leaving)
{
    return json_pack("{s:s, s:s*, s:o, s:o*}", "client", "tocsin", "client_url",
                     or_null(leaving->link), "payload", payload_of(leaving), "links",
                     links_of(leaving->link));
}

static json_t *event_of(const struct leaving *leaving)
{
    const Tocsin__V1__Page *page = leaving->page->page;
    char key[DEDUP_BYTES];
    json_t *event = json_pack("{s:s, s:s, s:s}", "routing_key", leaving->method->to, "event_action",
                              action_of(page), "dedup_key", dedup_key_of(leaving->page, key));
    if (event == NULL || toc_page_is_news(page))
        return event;
    json_t *rest = rest_of(leaving);
    if (json_object_update(event, rest) == 0) {
        json_decref(rest);
        return event;
    }
    json_decref(event);
    return NULL;
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    return method_body(event_of(leaving), out);
}

/* Some proxy or a page for people may stand in for it: only its own word counts. */
static void judge(struct toc_transfer_answer *answer)
{
    json_t *said = json_loadb(answer->body.data, answer->body.size, 0, NULL);
    const char *status = json_string_value(json_object_get(said, "status"));
    if (answer->code != 202 || status == NULL || strcmp(status, "success") != 0)
        method_doubt(answer, "the answer is not PagerDuty's success");
    json_decref(said);
}

const struct method_kind method_pagerduty = {.key = "pagerduty",
                                             .transport = METHOD_POSTED,
                                             .shared = true,
                                             .read = read,
                                             .request = request,
                                             .judge = judge};
