/* A text as the JSON value of an event's member, by the member's descriptor. */
#ifndef INTAKE_CONNECT_VALUE_H
#define INTAKE_CONNECT_VALUE_H

#include "common/wire.h"

#include <jansson.h>

#define CONNECT_VALUE_WHY_MAX 160

/* Whether a mapping can fill it: a text, a number, a switch, one of some words, or a list of these.
 */
bool connect_value_is_fillable(const ProtobufCFieldDescriptor *field);

/* A new reference; NULL with what it has to be in `why` ("has to be …"), or without memory, when
 * `why` is empty. */
json_t *connect_value(const ProtobufCFieldDescriptor *field, struct toc_str text,
                      char why[CONNECT_VALUE_WHY_MAX]);

#endif
