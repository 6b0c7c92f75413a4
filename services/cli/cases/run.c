#include "services/cli/cases/run.h"

#include "services/cli/fields.h"

#include <stdarg.h>
#include <stdio.h>

#define ARENA_BYTES (64u << 20) /* pages that are never written cost nothing */
#define ROOM_FIRST  64
#define TEXT_MAX    4096

struct run {
    const struct case_one *one;
    struct case_outcome *out;
    struct inproc *suite;
};

/* --- the outcome -------------------------------------------------------------------------- */

const char *case_text(struct case_outcome *outcome, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const char *copy = toc_arena_copy(&outcome->arena, toc_str_of(text));
    return copy != NULL ? copy : "";
}

void case_differs(struct case_outcome *outcome, const struct case_difference *difference)
{
    if (outcome->difference_count < CASE_DIFFERENCES_MAX)
        outcome->differences[outcome->difference_count] = *difference;
    outcome->difference_count++;
}

const char *case_alert_rule(const Tocsin__V1__Alert *alert)
{
    const char *blank = strrchr(alert->cause, ' ');
    return blank != NULL ? blank + 1 : alert->cause;
}

/* --- keeping what the suite writes -------------------------------------------------------- */

static enum toc_err make_room(struct case_outcome *out)
{
    if (out->count < out->room)
        return TOC_OK;
    size_t room = out->room == 0 ? ROOM_FIRST : 2 * out->room;
    struct case_record *records = toc_arena_take(&out->arena, room * sizeof(*records));
    if (records == NULL)
        return TOC_ERR_LIMIT;
    if (out->count > 0)
        memcpy(records, out->records, out->count * sizeof(*records));
    out->records = records;
    out->room = room;
    return TOC_OK;
}

static enum toc_err keep(void *arg, enum inproc_service service, const Tocsin__V1__Record *record)
{
    struct run *run = arg;
    struct case_outcome *out = run->out;
    struct toc_str bytes;
    Tocsin__V1__Record *copy;
    void *body;
    if (record->type == TOCSIN__V1__RECORD_TYPE__POLICY_PART ||
        record->type == TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED)
        return TOC_OK;
    const ProtobufCMessageDescriptor *type = fields_body_of(record->type);
    TOC_ASSERT(type != NULL);
    TOC_TRY(make_room(out));
    TOC_TRY(toc_wire_pack(&out->arena, record, &bytes));
    TOC_TRY(toc_wire_unpack(&out->arena, &tocsin__v1__record__descriptor, bytes, &copy));
    TOC_TRY(toc_wire_unpack(&out->arena, type, toc_wire_bytes(&copy->body), &body));
    out->records[out->count++] =
        (struct case_record){service, inproc_log_id(run->suite, service), copy, body};
    return TOC_OK;
}

/* --- ids ---------------------------------------------------------------------------------- */

/* An issue's name is its subject; its source is that of the first event about it. */
static void issue_id(const struct run *run, const char *name, uint8_t out[TOC_ID])
{
    const char *source = CASE_SOURCE;
    for (size_t i = 0; i < run->one->event_count; i++) {
        const Tocsin__V1__Event *event = run->one->events[i].event;
        if (strcmp(event->subject, name) == 0) {
            source = event->source;
            break;
        }
    }
    inproc_issue_id(run->suite, source, name, out);
}

/* The newest alert that the rule opened. */
static bool alert_id(const struct run *run, const char *rule, uint8_t out[TOC_ID])
{
    for (size_t i = run->out->count; i > 0; i--) {
        const struct case_record *kept = &run->out->records[i - 1];
        const Tocsin__V1__AlertChange *change = kept->body;
        if (kept->record->type != TOCSIN__V1__RECORD_TYPE__ALERT_OPENED ||
            strcmp(case_alert_rule(change->alert), rule) != 0)
            continue;
        memcpy(out, change->alert->id.data, TOC_ID);
        return true;
    }
    return false;
}

/* Puts the id where the reader left room for it: a case has one such place in an event. */
static void fill_ids(const ProtobufCMessage *message, const uint8_t id[TOC_ID])
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const char *at = (const char *)message + field->offset;
        const ProtobufCMessage *inner;
        ProtobufCBinaryData bytes;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            continue;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            memcpy(&inner, at, sizeof(inner));
            if (inner != NULL)
                fill_ids(inner, id);
        } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
            memcpy(&bytes, at, sizeof(bytes));
            if (bytes.len == TOC_ID)
                memcpy(bytes.data, id, TOC_ID);
        }
    }
}

static const ProtobufCMessage *body_of(const Tocsin__V1__Event *event)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        &tocsin__v1__event__descriptor, (unsigned)event->body_case);
    const ProtobufCMessage *body;
    memcpy(&body, (const char *)event + field->offset, sizeof(body));
    return body;
}

/* --- events ------------------------------------------------------------------------------- */

static void differs_event(struct run *run, const struct case_event *event, const char *expected,
                          const char *got)
{
    const struct case_difference difference = {.about = CASE_ABOUT_EVENT,
                                               .offset = event->offset,
                                               .what = event->event->type,
                                               .expected = expected,
                                               .got = got};
    case_differs(run->out, &difference);
}

/* What the services behind intake said against the event, among the records from `first` on. */
static const char *refusal_since(const struct run *run, size_t first)
{
    for (size_t i = first; i < run->out->count; i++) {
        const struct case_record *kept = &run->out->records[i];
        const Tocsin__V1__IssueRefused *refused = kept->body;
        const Tocsin__V1__AlertChange *alert = kept->body;
        if (kept->record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED)
            return refused->detail;
        if (kept->record->type == TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED)
            return alert->reason;
    }
    return NULL;
}

static enum toc_err publish(struct run *run, const struct case_event *event, size_t number)
{
    struct toc_receipt receipt;
    Tocsin__V1__Event *out = event->event;
    out->id = toc_wire_text(case_text(run->out, "%zu", number));
    out->time_ms = event->at_ms;
    TOC_TRY(inproc_advance(run->suite, event->at_ms));
    size_t before = run->out->count;
    TOC_TRY(inproc_publish(run->suite, out, event->at_ms, &receipt));
    const char *why = receipt.status == TOCSIN__V1__OUTCOME__STATUS__REFUSED
                          ? receipt.detail
                          : refusal_since(run, before);
    if (why != NULL && !event->refused)
        differs_event(run, event, "accepted", case_text(run->out, "refused: %s", why));
    if (why == NULL && event->refused)
        differs_event(run, event, "refused", "accepted");
    return TOC_OK;
}

static enum toc_err feed(struct run *run, const struct case_event *event, size_t number)
{
    uint8_t id[TOC_ID];
    if (event->other != NULL) {
        issue_id(run, event->other, id);
        fill_ids(body_of(event->event), id);
    } else if (event->alert != NULL) {
        TOC_TRY(inproc_advance(run->suite, event->at_ms));
        if (!alert_id(run, event->alert, id)) {
            differs_event(run, event, case_text(run->out, "an alert of rule %s", event->alert),
                          "none was opened before");
            return TOC_OK;
        }
        fill_ids(body_of(event->event), id);
    }
    return publish(run, event, number);
}

static enum toc_err find_issues(struct run *run)
{
    run->out->issues = toc_arena_take(&run->out->arena, run->one->issue_count * TOC_ID);
    if (run->out->issues == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < run->one->issue_count; i++)
        issue_id(run, run->one->issues[i].name, run->out->issues[i]);
    return TOC_OK;
}

static enum toc_err run_all(struct run *run, struct toc_str policy)
{
    uint32_t version;
    TOC_TRY(inproc_apply(run->suite, policy, run->one->at_ms - 1, &version));
    TOC_TRY(find_issues(run));
    for (size_t i = 0; i < run->one->event_count; i++)
        TOC_TRY(feed(run, &run->one->events[i], i + 1));
    TOC_TRY(inproc_advance(run->suite, run->one->until_ms));
    return case_check(run->one, run->out);
}

enum toc_err case_run(struct toc_str policy, const struct case_one *one, struct case_outcome *out)
{
    struct run run = {.one = one, .out = out};
    const struct inproc_config config = {.on_record = keep, .arg = &run};
    *out = (struct case_outcome){.count = 0};
    TOC_TRY(toc_arena_init(&out->arena, ARENA_BYTES));
    enum toc_err err = inproc_open(&config, &run.suite);
    if (err == TOC_OK)
        err = run_all(&run, policy);
    inproc_close(run.suite);
    return err;
}

void case_outcome_done(struct case_outcome *outcome)
{
    if (outcome->arena.base != NULL)
        toc_arena_done(&outcome->arena);
    outcome->arena = (struct toc_arena){0};
}
