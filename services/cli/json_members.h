/*
 * The members of one JSON object as they stand in its text, without looking into them. So a value
 * can be recognised before it is read, or given back as it came, and what is before a mistake is
 * known even though the whole is no JSON. Whether a value is sound, its reader finds out; a name
 * with an escape sequence is not the name it means.
 */
#ifndef CLI_JSON_MEMBERS_H
#define CLI_JSON_MEMBERS_H

#include "common/str.h"

#define JSON_MEMBERS_MAX   32
#define JSON_MEMBERS_DEPTH 32 /* of what is nested in a value */

/* Both are lent from the text. */
struct json_member {
    struct toc_str name; /* with its quotes */
    struct toc_str value;
};

struct json_members {
    struct json_member items[JSON_MEMBERS_MAX];
    size_t count;
};

/* NULL when the whole text is one object; otherwise what is wrong, after the members before it. */
const char *json_members_split(struct toc_str text, struct json_members *out);

#endif
