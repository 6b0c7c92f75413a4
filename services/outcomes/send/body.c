#include "services/outcomes/send/body.h"

#include "common/json/rfc3339.h"

#include <jansson.h>
#include <stdio.h>

void body_id(uint64_t log_id, uint64_t seq, char out[BODY_ID_MAX])
{
    snprintf(out, BODY_ID_MAX, "%016llx-%llu", (unsigned long long)log_id, (unsigned long long)seq);
}

/* What is not known is left out. A member that cannot be made is NULL, and fails the whole. */
static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool put_text(json_t *object, const char *name, const char *text)
{
    return text[0] == '\0' || put(object, name, json_string(text));
}

static bool put_number(json_t *object, const char *name, int64_t number)
{
    return number == 0 || put(object, name, json_integer(number));
}

static bool put_id(json_t *object, const char *name, const ProtobufCBinaryData *id)
{
    char text[2 * TOC_ID + 1];
    if (id->len != TOC_ID)
        return true;
    toc_hex(text, id->data, TOC_ID);
    return put_text(object, name, text);
}

static bool put_tags(json_t *data, const Tocsin__V1__IssueOutcome *outcome)
{
    json_t *tags = json_array();
    bool made = tags != NULL;
    for (size_t i = 0; made && i < outcome->n_tags; i++)
        made = json_array_append_new(tags, json_string(outcome->tags[i])) == 0;
    if (made)
        return put(data, "tags", tags);
    json_decref(tags);
    return false;
}

static const char *verdict(const Tocsin__V1__IssueOutcome *outcome)
{
    switch ((int)outcome->type) {
    case TOCSIN__V1__OUTCOME_TYPE__OUTCOME_MET:
        return outcome->late ? "late" : "in_time";
    case TOCSIN__V1__OUTCOME_TYPE__OUTCOME_BREACHED:
        return "late";
    case TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CORRECTED:
        return outcome->late ? "late" : "in_time";
    default:
        return "";
    }
}

static bool fill_data(json_t *data, const Tocsin__V1__Record *record,
                      const Tocsin__V1__IssueOutcome *outcome)
{
    return put_id(data, "issue", &record->issue) && put_text(data, "source", outcome->source) &&
           put_text(data, "state", toc_state_name(outcome->state)) &&
           put_text(data, "queue", outcome->queue) && put_number(data, "tier", outcome->tier) &&
           put_text(data, "priority", toc_priority_name(outcome->priority)) &&
           put_text(data, "risk", toc_risk_name(outcome->risk)) &&
           put_text(data, "category", outcome->category) &&
           put_text(data, "line_of_business", outcome->line_of_business) &&
           put_tags(data, outcome) && put_text(data, "rule", outcome->rule) &&
           put_text(data, "reason", outcome->reason) &&
           put_number(data, "policy", record->policy) && put_text(data, "clock", outcome->clock) &&
           put_number(data, "due_ms", outcome->due_ms) &&
           put_text(data, "verdict", verdict(outcome)) &&
           put_number(data, "threshold_percent", outcome->threshold_percent) &&
           put_id(data, "merged_into", &outcome->merged_into) &&
           put(data, "test", json_boolean(record->test));
}

static bool fill(json_t *event, uint64_t log_id, const Tocsin__V1__Record *record,
                 const Tocsin__V1__IssueOutcome *outcome)
{
    char id[BODY_ID_MAX], type[64], time[TOC_RFC3339_MAX];
    json_t *data = json_object();
    body_id(log_id, record->seq, id);
    snprintf(type, sizeof(type), "tocsin.outcome.%s", toc_outcome_name(outcome->type));
    toc_rfc3339_write(time, record->at_ms);
    if (data == NULL || !fill_data(data, record, outcome)) {
        json_decref(data);
        return false;
    }
    return put_text(event, "specversion", "1.0") && put_text(event, "id", id) &&
           put_text(event, "source", "urn:tocsin:outcomes") && put_text(event, "type", type) &&
           put_text(event, "subject", outcome->subject) && put_text(event, "time", time) &&
           put_text(event, "datacontenttype", "application/json") && put(event, "data", data);
}

size_t body_make(uint64_t log_id, const Tocsin__V1__Record *record,
                 const Tocsin__V1__IssueOutcome *outcome, char out[BODY_MAX])
{
    json_t *event = json_object();
    size_t size = 0;
    if (event != NULL && fill(event, log_id, record, outcome))
        size = json_dumpb(event, out, BODY_MAX, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(event);
    return size <= BODY_MAX ? size : 0;
}
