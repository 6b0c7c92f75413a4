#include "common/policy/read.h"

void *toc_read_room(struct toc_reader *r, size_t count, size_t size)
{
    void *p = toc_pool_array(r->pool, count + 1, size);
    r->no_memory = r->no_memory || p == NULL;
    return p;
}

void toc_read_wrong(struct toc_reader *r, const struct toc_yaml *at, const char *what)
{
    toc_diag_error(&r->diag, at->offset, "%s", what);
}

void toc_read_unknown(struct toc_reader *r, const struct toc_yaml *at, const char *what,
                      const struct toc_guess *guess)
{
    toc_diag_error(&r->diag, at->offset, "unknown %s '%.*s'", what, TOC_DIAG_ARG(at->text));
    toc_guess_hint(&r->diag, guess);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void unknown_key(struct toc_reader *r, const struct toc_yaml *key,
                        const struct toc_read_key *keys, size_t count)
{
    struct toc_guess guess;
    toc_guess_init(&guess, key->text);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, keys[i].name);
    toc_read_unknown(r, key, "key", &guess);
}

void toc_read_keys(struct toc_reader *r, const struct toc_yaml *node,
                   const struct toc_read_key *keys, size_t count, void *target)
{
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map of keys and values");
        return;
    }
    for (size_t i = 0; i < count && !r->no_memory; i++) {
        const struct toc_yaml *entry = toc_yaml_get(node, keys[i].name);
        if (entry != NULL)
            keys[i].read(r, entry, target);
        else if (keys[i].required)
            toc_diag_error(&r->diag, node->offset, "'%s' is missing", keys[i].name);
    }
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next) {
        size_t i = 0;
        while (i < count && !toc_str_equal(e->key->text, toc_str_of(keys[i].name)))
            i++;
        if (i == count)
            unknown_key(r, e->key, keys, count);
    }
}

void toc_read_version(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (!toc_str_equal(node->text, TOC_STR("1")))
        toc_diag_error(&r->diag, node->offset, "'%.*s' is the version of this format: 1",
                       TOC_DIAG_ARG(node->key->text));
}

/* --- texts ------------------------------------------------------------------------------------ */

bool toc_read_is_text(struct toc_reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT)
        return true;
    toc_read_wrong(r, node, "has to be a text");
    return false;
}

bool toc_read_is_some_text(struct toc_reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT && node->text.size > 0)
        return true;
    if (node->kind != TOC_YAML_BROKEN)
        toc_read_wrong(r, node, "has to be a text that is not empty");
    return false;
}

bool toc_read_part(struct toc_str *rest, struct toc_str *out, bool *out_cell)
{
    const char *start = rest->size > 0 ? memmem(rest->data, rest->size, "${", 2) : NULL;
    size_t plain = start != NULL ? (size_t)(start - rest->data) : rest->size;
    *out_cell = plain == 0;
    if (plain > 0) {
        *out = toc_str(rest->data, plain);
        *rest = toc_str_from(*rest, plain);
        return true;
    }
    const char *end = rest->size > 0 ? memchr(rest->data, '}', rest->size) : NULL;
    if (end == NULL)
        return false;
    *out = toc_str(rest->data + 2, (size_t)(end - rest->data) - 2);
    *rest = toc_str_from(*rest, (size_t)(end - rest->data) + 1);
    return true;
}

/* --- events ----------------------------------------------------------------------------------- */

const struct toc_event_type *toc_read_event_type(struct toc_reader *r, const struct toc_yaml *node)
{
    const struct toc_event_type *type = toc_event_type_find(node->text);
    struct toc_guess guess;
    size_t count;
    const struct toc_event_type *types = toc_event_types(&count);
    if (type != NULL)
        return type;
    toc_guess_init(&guess, node->text);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, types[i].text);
    toc_read_unknown(r, node, "type", &guess);
    return NULL;
}

const ProtobufCFieldDescriptor *
toc_read_member(struct toc_reader *r, const struct toc_event_type *type, const struct toc_yaml *key)
{
    const ProtobufCMessageDescriptor *body =
        protobuf_c_message_descriptor_get_field(&tocsin__v1__event__descriptor,
                                                (unsigned)type->body)
            ->descriptor;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body, key->text.data);
    struct toc_guess guess;
    if (field != NULL)
        return field;
    toc_diag_error(&r->diag, key->offset, "%s has no member '%.*s'", type->text,
                   TOC_DIAG_ARG(key->text));
    toc_guess_init(&guess, key->text);
    for (unsigned i = 0; i < body->n_fields; i++)
        toc_guess_offer(&guess, body->fields[i].name);
    toc_guess_hint(&r->diag, &guess);
    return NULL;
}
