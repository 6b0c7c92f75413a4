#include "common/wire.h"

static bool is_known_value(const ProtobufCFieldDescriptor *field, const void *value)
{
    int number;
    const ProtobufCMessage *message;
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        memcpy(&number, value, sizeof(number));
        return protobuf_c_enum_descriptor_get_value(field->descriptor, number) != NULL;
    }
    memcpy(&message, value, sizeof(message));
    return message == NULL || toc_wire_is_known(message);
}

static bool is_known_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message, *list;
    size_t width = field->type == PROTOBUF_C_TYPE_ENUM ? sizeof(int) : sizeof(void *), count;
    uint32_t chosen;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&count, base + field->quantifier_offset, sizeof(count));
        memcpy(&list, base + field->offset, sizeof(list));
        for (size_t i = 0; i < count; i++)
            if (!is_known_value(field, list + i * width))
                return false;
        return true;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(&chosen, base + field->quantifier_offset, sizeof(chosen));
        if (chosen != field->id)
            return true;
    }
    return is_known_value(field, base + field->offset);
}

bool toc_wire_is_known(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if ((field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_MESSAGE) &&
            !is_known_field(message, field))
            return false;
    }
    return true;
}

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
    return value < count ? names[value] : "unknown";
}

const char *toc_priority_name(unsigned priority)
{
    static const char *const names[] = {"", "P1", "P2", "P3", "P4"};
    return name_of(names, sizeof(names) / sizeof(names[0]), priority);
}

const char *toc_risk_name(unsigned risk)
{
    static const char *const names[] = {"", "none", "low", "elevated", "severe", "critical"};
    return name_of(names, sizeof(names) / sizeof(names[0]), risk);
}

const char *toc_state_name(unsigned state)
{
    static const char *const names[] = {"",        "new",    "open",  "pending",
                                        "on_hold", "solved", "closed"};
    return name_of(names, sizeof(names) / sizeof(names[0]), state);
}

const char *toc_outcome_name(unsigned type)
{
    static const char *const names[] = {
        "",       "routed", "classified", "escalated", "solved",    "reopened", "closed",
        "merged", "warned", "breached",   "met",       "corrected", "test"};
    return name_of(names, sizeof(names) / sizeof(names[0]), type);
}

const char *toc_refuse_name(unsigned reason)
{
    static const char *const names[] = {
        "none",      "malformed",     "too_large", "missing_field", "unknown_type",
        "conflict",  "not_allowed",   "full",      "time_jump",     "version",
        "wrong_log", "ahead",         "forked",    "trimmed",       "bad_value",
        "state",     "unknown_issue", "policy",    "unknown_alert"};
    return name_of(names, sizeof(names) / sizeof(names[0]), reason);
}
