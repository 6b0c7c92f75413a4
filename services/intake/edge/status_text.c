#include "services/intake/edge/status_text.h"

#include "common/crc32c.h"
#include "common/json/message.h"
#include "services/intake/edge/json_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* All of it lives in the edge's memory for JSON, which the reader of a request has emptied. */

static void add(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value); /* accepts NULL */
}

static void add_text(json_t *object, const char *name, const char *value)
{
    if (value[0] != '\0')
        add(object, name, json_string(value));
}

static void add_instant(json_t *object, const char *name, toc_time_ms at_ms)
{
    if (at_ms != 0 && at_ms != TOC_TIME_NEVER)
        add(object, name, json_integer(at_ms));
}

static void add_enum(json_t *object, const char *name, const ProtobufCEnumDescriptor *type,
                     int value)
{
    char text[TOC_MESSAGE_JSON_NAME_MAX];
    add_text(object, name, toc_message_json_enum_name(text, type, value));
}

static void add_id(json_t *object, const char *name, struct toc_str id)
{
    char hex[2 * TOC_ID + 1];
    if (id.size != TOC_ID)
        return;
    toc_hex(hex, id.data, TOC_ID);
    add(object, name, json_string(hex));
}

/* --- clocks ----------------------------------------------------------------------------------- */

static const char *verdict_of(const Tocsin__V1__Clock *clock)
{
    if (clock->breached)
        return "breached";
    if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET)
        return "met";
    return clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED ? "none" : "pending";
}

static json_t *write_clock(const Tocsin__V1__Clock *clock)
{
    json_t *object = json_object();
    bool over = clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET ||
                clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED;
    add_text(object, "metric", clock->metric);
    add_text(object, "scope", clock->scope);
    add_enum(object, "state", &tocsin__v1__clock_state__descriptor, (int)clock->state);
    add_text(object, "verdict", verdict_of(clock));
    if (!over)
        add_instant(object, "due_ms", clock->due_ms);
    add_instant(object, "breached_ms", clock->breached_ms);
    add_instant(object, "stopped_ms", clock->stopped_ms);
    return object;
}

static json_t *write_clocks(const Tocsin__V1__IssueClocks *clocks)
{
    json_t *list = json_array();
    for (size_t i = 0; i < clocks->n_clocks; i++)
        if (clocks->clocks[i]->state != TOCSIN__V1__CLOCK_STATE__CLOCK_INACTIVE)
            (void)json_array_append_new(list, write_clock(clocks->clocks[i]));
    return list;
}

/* --- the issue -------------------------------------------------------------------------------- */

static json_t *write_issue(const Tocsin__V1__Issue *issue)
{
    json_t *object = json_object();
    add_id(object, "issue", toc_wire_bytes(&issue->id));
    add_text(object, "source", issue->source);
    add_text(object, "subject", issue->subject);
    add_enum(object, "state", &tocsin__v1__issue_state__descriptor, (int)issue->state);
    add_text(object, "queue", issue->queue);
    add(object, "tier", issue->tier != 0 ? json_integer(issue->tier) : NULL);
    add_enum(object, "priority", &tocsin__v1__priority__descriptor, (int)issue->priority);
    add_enum(object, "risk", &tocsin__v1__risk__descriptor, (int)issue->risk);
    add_text(object, "category", issue->category);
    add_text(object, "sla", issue->sla);
    add_instant(object, "opened_ms", issue->opened_ms);
    add_instant(object, "changed_ms", issue->changed_ms);
    add(object, "reopened", issue->reopened != 0 ? json_integer(issue->reopened) : NULL);
    add_id(object, "merged_into", toc_wire_bytes(&issue->merged_into));
    if (issue->duplicate != TOCSIN__V1__DUPLICATE_STATE__DUPLICATE_REJECTED) {
        add_id(object, "duplicate_of", toc_wire_bytes(&issue->duplicate_of));
        add_enum(object, "duplicate", &tocsin__v1__duplicate_state__descriptor,
                 (int)issue->duplicate);
    }
    add_text(object, "solved_by_article", issue->article);
    add(object, "test", issue->test ? json_true() : NULL);
    return object;
}

/* --- as text ---------------------------------------------------------------------------------- */

static char *dump(const json_t *object, size_t *out_size)
{
    size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
    char *text = size > 0 ? malloc(size) : NULL;
    if (text != NULL && json_dumpb(object, text, size, JSON_COMPACT) != size) {
        free(text);
        text = NULL;
    }
    if (json_memory_ended()) {
        free(text);
        text = NULL;
    }
    json_memory_empty();
    *out_size = text != NULL ? size : 0;
    return text;
}

static json_t *write_article(const struct toc_article *article)
{
    json_t *object = json_object();
    add_text(object, "id", article->name);
    add_text(object, "title", article->title);
    add_text(object, "url", article->url);
    return object;
}

char *status_text(const Tocsin__V1__Issue *issue, const Tocsin__V1__IssueClocks *clocks,
                  const struct toc_article *article, size_t *out_size, char tag[STATUS_TAG_MAX])
{
    json_t *object = write_issue(issue);
    if (article != NULL)
        add(object, "article", write_article(article));
    if (clocks != NULL)
        add(object, "clocks", write_clocks(clocks));
    char *text = dump(object, out_size);
    if (text != NULL)
        snprintf(tag, STATUS_TAG_MAX, "\"%" PRIu64 "-%08" PRIx32 "\"", issue->last_seq,
                 toc_crc32c(0, toc_str(text, *out_size)));
    return text;
}

char *status_text_early(const struct status_early *early, size_t *out_size)
{
    char number[24];
    json_t *object = json_object();
    snprintf(number, sizeof(number), "%" PRIu64, early->seq);
    add_id(object, "issue", toc_str(early->issue, TOC_ID));
    add_text(object, "source", early->event->source);
    add_text(object, "subject", early->event->subject);
    add_text(object, "state", early->state);
    add_text(object, "detail", early->detail);
    add_text(object, "seq", number);
    return dump(object, out_size);
}
