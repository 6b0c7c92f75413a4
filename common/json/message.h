/*
 * Protobuf messages as JSON objects and back, by their descriptors alone: a new field needs no line
 * here. Members are the proto's field names; enums are short lower-case names ("on_hold";
 * priorities are "P1" … "P4"), bytes hexadecimal, 64-bit ids texts (fixed64 in 16 hexadecimal
 * digits, uint64 in decimal), instants integers, TOC_TIME_NEVER null.
 */
#ifndef TOC_JSON_MESSAGE_H
#define TOC_JSON_MESSAGE_H

#include "common/wire.h"

#include <jansson.h>

#define TOC_MESSAGE_JSON_ERROR_MAX 400

enum toc_message_json_zeros {
    TOC_MESSAGE_JSON_SKIP_ZEROS, /* numbers that are 0 are left out: what someone published */
    TOC_MESSAGE_JSON_ALL_NUMBERS /* stable columns: rows and records */
};

/* A new reference; NULL without memory. Empty texts, bytes, lists and enums are left out always. */
json_t *toc_message_json_write(const ProtobufCMessage *message, enum toc_message_json_zeros zeros);

/*
 * Fills `message` (initialised) from an object. Texts are lent from `object`, the rest lives in
 * `arena`. A null member counts as absent. On TOC_ERR_MALFORMED
 * `error` names the member, with `path` ("data.") before it, and says what it should be.
 */
TOC_MUST enum toc_err toc_message_json_read(struct toc_arena *arena, const json_t *object,
                                            const char *path, ProtobufCMessage *message,
                                            char error[TOC_MESSAGE_JSON_ERROR_MAX]);

/* The short name of an enum's value as written here, into `out`; "" for 0, digits if unknown. */
#define TOC_MESSAGE_JSON_NAME_MAX 40
char *toc_message_json_enum_name(char out[TOC_MESSAGE_JSON_NAME_MAX],
                                 const ProtobufCEnumDescriptor *type, int value);

#endif
