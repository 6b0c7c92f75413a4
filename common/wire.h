/*
 * Between bytes of the wire (or of a row) and the generated message structs.
 *
 * protobuf-c has no recursion limit, lets two megabytes of empty submessages become 170, and passes
 * invalid UTF-8 and NUL. So every message is first scanned flat against its descriptor, and is then
 * unpacked into an arena with a cap. What a function returns lives as long as the arena's content;
 * nothing is ever freed singly. Frames that carry many events (Publish, Batch) are read in place by
 * struct toc_wire_reader, without a copy.
 */
#ifndef TOC_WIRE_H
#define TOC_WIRE_H

#include "common/arena.h"
#include "common/time.h"

#include "tocsin/v1/frame.pb-c.h"

#define TOC_WIRE_VERSION    1
#define TOC_WIRE_DEPTH_MAX  8
#define TOC_WIRE_FIELDS_MAX 4096          /* of one event, record or row */
#define TOC_FRAME_MAX       (1024 * 1024) /* bytes of a frame */
#define TOC_EVENT_MAX       1536          /* bytes of a packed Event without `private` */
#define TOC_PERSON_MAX      320           /* bytes of Private.person: a mail address fits */
#define TOC_TEXT_MAX        (64 * 1024)   /* bytes of one text in Event.private */
#define TOC_TEXTS_MAX       8
#define TOC_PRIVATE_MAX     (128 * 1024) /* bytes of a packed Event.private */
#define TOC_PARTITIONS      64
#define TOC_PARTITION_ALL   255 /* records for everyone */
#define TOC_ID              16  /* bytes of an issue's or alert's id */

#define TOC_ESCALATION_ID_MAX 59 /* bytes */
#define TOC_PERSON_ID_MAX     64 /* bytes, as of every name in a policy */

/* Bits of Record.class and Fetch.class_mask. */
#define TOC_CLASS_ISSUE   1u /* events about issues, in intake's log */
#define TOC_CLASS_ALERT   2u /* alerts, and what people do about them */
#define TOC_CLASS_CLOCK   4u /* sla's log */
#define TOC_CLASS_CONTROL 8u /* policy, time, upstreams */
#define TOC_CLASS_REFUSAL 16u
#define TOC_CLASS_HISTORY 32u  /* the issues' histories, the router's log */
#define TOC_CLASS_ROUTING 64u  /* what sla tells the router */
#define TOC_CLASS_HELD    128u /* events in intake's quarantine */

/*
 * Checks nesting, field count, lengths, wire types and text against `type`. TOC_ERR_MALFORMED says
 * that the bytes are no such message; unknown fields are let through and kept by whoever keeps the
 * bytes.
 */
TOC_MUST enum toc_err toc_wire_scan(const ProtobufCMessageDescriptor *type, struct toc_str bytes);

/* Scans, then unpacks. TOC_ERR_MALFORMED, or TOC_ERR_LIMIT when the arena is exhausted. */
TOC_MUST enum toc_err toc_wire_unpack(struct toc_arena *arena,
                                      const ProtobufCMessageDescriptor *type, struct toc_str bytes,
                                      void *out_message);

/*
 * Whether every enumerator in `message`, at every level, is one that this version's proto files
 * name. protobuf lets others through; deciding by one would be guessing what a newer version means.
 */
bool toc_wire_is_known(const ProtobufCMessage *message);

/* Bytes of one value of this type in a generated struct: the stride of a repeated field. */
static inline size_t toc_wire_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        break;
    }
    return 4;
}

/* Packs into the arena. TOC_ERR_LIMIT when it is exhausted. */
TOC_MUST enum toc_err toc_wire_pack(struct toc_arena *arena, const void *message,
                                    struct toc_str *out);

/* Walks the fields of one message in place. */
struct toc_wire_reader {
    const uint8_t *next, *end;
};

struct toc_wire_field {
    uint32_t number;
    unsigned wire_type;   /* 0 varint, 1 fixed64, 2 bytes, 5 fixed32 */
    uint64_t value;       /* of all but bytes */
    struct toc_str bytes; /* of bytes; points into the message */
};

static inline struct toc_wire_reader toc_wire_reader(struct toc_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    return (struct toc_wire_reader){p, bytes.size == 0 ? p : p + bytes.size};
}

/* TOC_NONE at the end, TOC_ERR_MALFORMED for anything that is no field. */
TOC_MUST enum toc_err toc_wire_next(struct toc_wire_reader *reader, struct toc_wire_field *out);

static inline toc_time_ms toc_wire_zigzag(uint64_t v)
{
    return (toc_time_ms)(v >> 1) ^ -(toc_time_ms)(v & 1);
}

/* Appends to a growing message in caller's memory; the caller has made sure of the room. */
#define TOC_WIRE_FIELD_OVERHEAD 15 /* bytes at most of a tag and a length or value */
uint8_t *toc_wire_put_varint(uint8_t *out, uint32_t field, uint64_t value);
uint8_t *toc_wire_put_fixed64(uint8_t *out, uint32_t field, uint64_t value);
uint8_t *toc_wire_put_bytes(uint8_t *out, uint32_t field, struct toc_str bytes);
uint8_t *toc_wire_put_tag(uint8_t *out, uint32_t field, unsigned wire_type);
/* Tag and length only, the bytes follow. */
uint8_t *toc_wire_put_length(uint8_t *out, uint32_t field, size_t size);

/*
 * Appends all fields of a message before `end`; NULL when the room could be too small for one of
 * them, which is so up to TOC_WIRE_FIELD_OVERHEAD bytes early.
 */
uint8_t *toc_wire_put_fields(uint8_t *out, const uint8_t *end, const ProtobufCMessage *message);

static inline struct toc_str toc_wire_bytes(const ProtobufCBinaryData *data)
{
    return toc_str(data->data, data->len);
}

static inline ProtobufCBinaryData toc_wire_binary(struct toc_str s)
{
    /* protobuf-c only reads what it packs. */
    return (ProtobufCBinaryData){s.size, (uint8_t *)(uintptr_t)s.data};
}

/* protobuf-c wants a writable pointer for every text that it only reads. */
static inline char *toc_wire_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Short names in lower case ("p1", "on_hold"), and back. Constant texts. */
const char *toc_priority_name(unsigned priority);
const char *toc_risk_name(unsigned risk);
const char *toc_state_name(unsigned state);
const char *toc_outcome_name(unsigned type);
const char *toc_refuse_name(unsigned reason);

#endif
