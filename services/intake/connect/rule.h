/*
 * What a mapping compiles to: read*.c reads it, make*.c applies it, sign.c verifies by it. Nobody
 * else looks in.
 */
#ifndef INTAKE_CONNECT_RULE_H
#define INTAKE_CONNECT_RULE_H

#include "services/intake/connect/connect.h"
#include "services/intake/connect/pointer.h"

#define CONNECT_PARTS_MAX   16   /* of one template */
#define CONNECT_TEXT_MAX    1024 /* bytes that a template may grow to */
#define CONNECT_SECRETS_MAX 4    /* a rotation needs two */
#define CONNECT_SECRET_MIN  16   /* bytes */
#define CONNECT_SECRET_MAX  1024

/* --- events ----------------------------------------------------------------------------------- */

/* What a foreign word is called here. */
struct connect_pair {
    struct toc_str from; /* "*": any other word */
    struct toc_str to;
    bool is_nothing; /* the value counts as unknown */
};

struct connect_values {
    struct toc_str name;
    const struct connect_pair *pairs;
    size_t count;
};

enum connect_cell_kind {
    CONNECT_TEXT,      /* `name` as it is */
    CONNECT_WHOLE,     /* a pointer into the request */
    CONNECT_ITEM,      /* a pointer into the item of `each` */
    CONNECT_FIELD,     /* a field of the request's header */
    CONNECT_RECEIVED,  /* when the request came, in milliseconds */
    CONNECT_BODY,      /* signatures: the body */
    CONNECT_TIMESTAMP, /* signatures: the field of the timestamp */
};

/* A piece of a template: "${…}", or the text between. */
struct connect_cell {
    enum connect_cell_kind kind;
    struct toc_str name; /* as it is written, for messages; of a FIELD: its name, terminated */
    struct pointer pointer;
    const struct connect_values *values; /* NULL: as it is */
};

struct connect_template {
    const struct connect_cell *cells;
    size_t count;
};

/* A cell that is, or is not, one of some words. */
struct connect_test {
    struct connect_cell cell;
    const struct toc_str *words;
    size_t count;
    bool negated;
};

struct connect_data {
    const ProtobufCFieldDescriptor *field;
    const struct connect_template *items; /* one, or a list's */
    size_t count;
};

/* What people wrote, or who they are: a member of data.content. */
struct connect_text {
    const char *member;
    struct connect_template template;
};

/* What was attached: its names are below the body. */
struct connect_files {
    struct connect_cell list;
    struct pointer name; /* within an item of the list */
};

struct connect_rule {
    const struct toc_event_type *type;
    struct connect_template id; /* or else: */
    const struct connect_template *hashed;
    size_t hashed_count;
    struct connect_template subject, time; /* empty: none */
    const struct connect_cell *known;
    size_t known_count;
    const struct connect_test *tests;
    size_t test_count;
    const struct connect_data *data;
    size_t data_count;
    struct connect_text *texts;
    size_t text_count;
    struct connect_files files;
    bool has_files;
};

/* --- signatures ------------------------------------------------------------------------------- */

enum connect_scheme { CONNECT_HMAC, CONNECT_BEARER, CONNECT_BASIC };

struct connect_secret {
    uint8_t bytes[CONNECT_SECRET_MAX];
    size_t size;
};

struct connect_sign {
    enum connect_scheme scheme;
    const char *header;    /* of the signature or the secret */
    const char *timestamp; /* its field; NULL: none */
    struct connect_template covers;
    struct toc_str prefix; /* before the signature or the secret */
    bool is_base64;        /* else hexadecimal */
    bool is_whsec;         /* secrets as Standard Webhooks write them */
    struct connect_secret secrets[CONNECT_SECRETS_MAX];
    size_t secret_count;
};

struct connector {
    struct toc_mapping mapping;
    struct toc_str source;
    unsigned rate; /* requests a second */
    struct connect_sign sign;
    struct connect_cell each; /* CONNECT_TEXT: the request as a whole */
    const struct connect_values *values;
    size_t values_count;
    const struct connect_rule *rules;
    size_t rule_count;
};

/* Takes the secrets of a file's text, one a line; why not, a constant, or NULL. */
const char *connect_take_secrets(struct connect_sign *sign, struct toc_str text);

#endif
