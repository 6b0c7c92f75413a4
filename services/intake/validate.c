#include "services/intake/validate.h"

#include "common/alert_match.h"
#include "services/intake/validate_impl.h"

#include <stdio.h>

bool validate_refuse(struct toc_receipt *receipt, Tocsin__V1__RefuseReason reason,
                     const char *detail)
{
    receipt->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    receipt->reason = reason;
    receipt->detail = detail;
    return false;
}

/* A detail that names the field; the arena may be exhausted, then the fixed part has to do. */
static bool refuse_field(struct toc_turn *turn, struct toc_receipt *receipt,
                         Tocsin__V1__RefuseReason reason, const char *field, const char *what)
{
    char *text = toc_arena_take(turn->arena, 160);
    if (text == NULL)
        return validate_refuse(receipt, reason, what);
    snprintf(text, 160, "%s: %s", field, what);
    return validate_refuse(receipt, reason, text);
}

/* A member of a generated struct, by its descriptor's offset. */
static const void *member(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *)message + offset;
}

static bool check_text(struct toc_turn *turn, const char *name, const char *text,
                       struct toc_receipt *receipt)
{
    if (strlen(text) <= INTAKE_TEXT_MAX)
        return true;
    return refuse_field(turn, receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE, name,
                        "at most 200 bytes");
}

/* What opens an issue, brings a message or a fact is kept as it came; what else is said is shown to
 * others as it is. */
static bool is_brought(const ProtobufCMessage *body)
{
    return body->descriptor == &tocsin__v1__issue_opened__descriptor ||
           body->descriptor == &tocsin__v1__issue_message__descriptor ||
           body->descriptor == &tocsin__v1__issue_fact__descriptor;
}

static bool check_said(struct toc_turn *turn, const ProtobufCMessage *body, const char *name,
                       const char *text, struct toc_receipt *receipt)
{
    if (!check_text(turn, name, text, receipt))
        return false;
    return is_brought(body) || toc_str_is_line(toc_str_of(text)) ||
           refuse_field(turn, receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE, name,
                        "no control characters, no marks that turn the order of text around");
}

/* Enumerators that a newer publisher knows and we do not would decide something else than meant. */
static bool check_field(struct toc_turn *turn, const ProtobufCMessage *body,
                        const ProtobufCFieldDescriptor *field, struct toc_receipt *receipt)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        const size_t *count = member(body, field->quantifier_offset);
        char *const *const *texts = member(body, field->offset);
        if (*count > INTAKE_REPEATED_MAX)
            return refuse_field(turn, receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                                field->name, "at most 32 values");
        for (size_t i = 0; field->type == PROTOBUF_C_TYPE_STRING && i < *count; i++)
            if (!check_said(turn, body, field->name, (*texts)[i], receipt))
                return false;
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return check_said(turn, body, field->name, *(char *const *)member(body, field->offset),
                          receipt);
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const int *value = member(body, field->offset);
        if (protobuf_c_enum_descriptor_get_value(field->descriptor, *value) == NULL)
            return refuse_field(turn, receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                                field->name, "a value that is not known here");
    }
    return true;
}

static bool check_body(struct toc_turn *turn, const ProtobufCMessage *body,
                       struct toc_receipt *receipt)
{
    const ProtobufCMessageDescriptor *type = body->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++)
        if (!check_field(turn, body, &type->fields[i], receipt))
            return false;
    return true;
}

/* A test opens no alert and pages nobody, and people are real: there is none that these could be
 * about. */
static bool check_test(const Tocsin__V1__Event *event, struct toc_receipt *receipt)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE:
    case TOCSIN__V1__EVENT__BODY_ALERT:
    case TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED:
    case TOCSIN__V1__EVENT__BODY_REACH:
    case TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE:
    case TOCSIN__V1__EVENT__BODY_SILENCE:
    case TOCSIN__V1__EVENT__BODY_MAINTENANCE:
    case TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT:
        return !event->test ||
               validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                               "test: what is done about alerts, pages, who is there and who is "
                               "on call cannot be one");
    default:
        return true;
    }
}

static bool check_attributes(struct toc_turn *turn, const Tocsin__V1__Event *event,
                             struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason missing = TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD;
    if (event->id[0] == '\0')
        return validate_refuse(receipt, missing,
                               "id: every event needs one, unique within its source");
    if (event->source[0] == '\0')
        return validate_refuse(receipt, missing, "source: every event names its publisher");
    if (event->type[0] == '\0')
        return validate_refuse(receipt, missing, "type: such as tocsin.issue.opened");
    if (event->issue.len != 0 && event->issue.len != TOC_ID)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                               "issue: an issue id of 16 bytes");
    return check_text(turn, "id", event->id, receipt) &&
           check_text(turn, "source", event->source, receipt) &&
           check_text(turn, "subject", event->subject, receipt);
}

static bool is_plain(const Tocsin__V1__Event *event)
{
    return event->n_content == 0 && event->n_facts == 0 && event->quarantine[0] == '\0' &&
           event->pseudonym[0] == '\0' && event->mail.len == 0;
}

/* Texts are taken out before an event gets here, and nobody else speaks for who does that. */
static bool check_private(const struct toc_event *submitted, const Tocsin__V1__Event *event,
                          struct toc_receipt *receipt)
{
    const Tocsin__V1__RefuseReason no = TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED;
    if (event->private_ != NULL)
        return validate_refuse(receipt, no, "private: nothing here can seal what people wrote");
    return submitted->admitted || is_plain(event) ||
           validate_refuse(receipt, no,
                           "content, facts, pseudonym, quarantine, mail: only intake makes them");
}

static bool check_type(const struct intake_config *config, const Tocsin__V1__Event *event,
                       const struct toc_event_type **out, struct toc_receipt *receipt)
{
    const struct toc_event_type *type = toc_event_type_find(toc_str_of(event->type));
    if (type == NULL)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE,
                               "type: not one that this version knows");
    if (event->body_case != type->body)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD,
                               "the body does not belong to the type");
    if (type->control && !config->control)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED,
                               "only the control intake accepts this type");
    *out = type;
    return true;
}

/* Bytes of what intake itself has added. */
static size_t size_added(const Tocsin__V1__Event *event)
{
    Tocsin__V1__Event added = TOCSIN__V1__EVENT__INIT;
    added.n_content = event->n_content;
    added.content = event->content;
    added.n_facts = event->n_facts;
    added.facts = event->facts;
    added.pseudonym = event->pseudonym;
    added.quarantine = event->quarantine;
    added.mail = event->mail;
    return tocsin__v1__event__get_packed_size(&added);
}

static bool check_size(const struct toc_event_type *type, const Tocsin__V1__Event *event,
                       struct toc_str bytes, struct toc_receipt *receipt)
{
    size_t added = is_plain(event) ? 0 : size_added(event);
    if (bytes.size > TOC_EVENT_MAX + added || added > INTAKE_ADDED_MAX)
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                               "an event may have 1536 bytes");
    return type->class_bit != TOC_CLASS_ISSUE || bytes.size <= INTAKE_ISSUE_MAX + added ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                           "an event of an issue may have 1024 bytes");
}

/* Every body is a message pointer at the same place of the oneof. */
static const ProtobufCMessage *body_of(const Tocsin__V1__Event *event)
{
    return (const ProtobufCMessage *)event->issue_opened;
}

bool intake_validate(struct toc_turn *turn, const struct intake_config *config,
                     const struct toc_event *submitted, struct validated *out,
                     struct toc_receipt *receipt)
{
    const struct toc_str bytes = submitted->bytes;
    *out = (struct validated){0};
    if (bytes.size > TOC_EVENT_MAX + (submitted->admitted ? INTAKE_ADDED_MAX : 0))
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                               "an event may have 1536 bytes");
    if (toc_unpack(turn, event, bytes, &out->event) < 0) {
        out->event = NULL;
        return validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                               "not a well-formed tocsin.v1.Event, or text that is not UTF-8");
    }
    return check_attributes(turn, out->event, receipt) &&
           check_private(submitted, out->event, receipt) &&
           check_type(config, out->event, &out->type, receipt) &&
           check_size(out->type, out->event, bytes, receipt) &&
           check_body(turn, body_of(out->event), receipt) && check_test(out->event, receipt) &&
           validate_meaning(turn, out->event, receipt);
}

/* When what the event begins ends, and the longest that this may be. */
struct span {
    toc_time_ms end_ms, most_ms; /* 0: it has no end */
    const char *wrong;
};

static struct span span_of(const Tocsin__V1__Event *event)
{
    static const char mute_wrong[] = "end_ms: an instant to come, at most 30 days from now";
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ALERT)
        return (struct span){event->alert->until_ms, INTAKE_SNOOZE_MS,
                             "until_ms: an instant to come, at most 7 days from now"};
    if (strcmp(event->type, "tocsin.silence.created") == 0)
        return (struct span){event->silence->end_ms, TOC_MUTE_LONGEST_MS, mute_wrong};
    if (strcmp(event->type, "tocsin.maintenance.started") == 0)
        return (struct span){event->maintenance->end_ms, TOC_MUTE_LONGEST_MS, mute_wrong};
    return (struct span){0};
}

bool intake_validate_time(const Tocsin__V1__Event *event, toc_time_ms at_ms,
                          struct toc_receipt *receipt)
{
    struct span span = span_of(event);
    return span.end_ms == 0 || (span.end_ms > at_ms && span.end_ms - at_ms <= span.most_ms) ||
           validate_refuse(receipt, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE, span.wrong);
}
