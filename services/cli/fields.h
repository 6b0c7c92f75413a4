/*
 * Any message of the contract as JSON or as `name=value` pairs, from its descriptor: a new field is
 * shown without a change here.
 *
 * JSON: names as in the .proto files, enums short and in lower case ("open", "p1"), bytes in
 * hexadecimal, 64-bit unsigned numbers as texts, log ids (fixed64) as 16 hexadecimal digits,
 * instants and other numbers as numbers.
 */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "services/cli/print.h"

#include "common/wire.h"

#define FIELDS_ENUM_MAX 48

/* What a record's body is, by its type; NULL for a type that this version does not know. */
const ProtobufCMessageDescriptor *fields_body_of(Tocsin__V1__RecordType type);

/* "ISSUE_STATE_ON_HOLD" -> "on_hold": without what the enum's names have in common. */
char *fields_enum(char out[FIELDS_ENUM_MAX], const ProtobufCEnumDescriptor *type, int value);

/* Whether one of its values has that name there; the one for "unspecified" does not count. */
bool fields_enum_has(const ProtobufCEnumDescriptor *type, const char *name);

/* Members of `message` in an object that is open. `all` writes empty and zero ones too. */
void fields_json(struct print_json *json, const ProtobufCMessage *message, bool all);

/* An object on a line of its own. */
void fields_json_line(FILE *out, const ProtobufCMessage *message, bool all);

/* Members of a record in an object that is open, its body as member `body`. The arena lends room.
 */
void fields_json_record(struct print_json *json, struct toc_arena *arena, const char *service,
                        const Tocsin__V1__Record *record);

/*
 * `name=value` pairs of what is set: first the message's own, then those inside of it as
 * `name.value`. Instants are local times. `skip` names a field that is left out, or NULL.
 */
void fields_text(const struct print *print, const ProtobufCMessage *message, const char *skip);

#endif
