#include "services/intake/content/part.h"

#include <sodium.h>
#include <stdlib.h>

/* The commitment that this text alone has to fit; NULL when its class has several. */
static const uint8_t *commitment_of(const Tocsin__V1__Event *event, enum vault_class class)
{
    for (size_t i = 0; i < event->n_content; i++)
        if (strcmp(event->content[i]->class_, vault_class_name(class)) == 0)
            return event->content[i]->parts <= 1 && event->content[i]->commitment.len == TOC_SHA256
                       ? event->content[i]->commitment.data
                       : NULL;
    return NULL;
}

/* Name and text of what was opened, which begins with r. False when a name has no end. */
static bool split(enum vault_class class, struct toc_str opened, struct toc_str *name,
                  struct toc_str *text)
{
    *name = TOC_STR("");
    *text = toc_str_from(opened, TOC_SEAL_R);
    if (!vault_class_is_named(class))
        return true;
    const char *end = text->size > 0 ? memchr(text->data, '\0', text->size) : NULL;
    if (end == NULL)
        return false;
    *name = toc_str(text->data, (size_t)(end - text->data));
    *text = toc_str_from(*text, name->size + 1);
    return true;
}

static enum toc_err copy_r(const uint8_t *opened, struct toc_arena *arena,
                           Tocsin__V1__ContentPart *out)
{
    char *r = toc_arena_copy(arena, toc_str(opened, TOC_SEAL_R));
    if (r == NULL)
        return TOC_ERR_LIMIT;
    out->r = toc_wire_binary(toc_str(r, TOC_SEAL_R));
    return TOC_OK;
}

static enum toc_err copy_piece(struct toc_str name, struct toc_str text, uint64_t offset,
                               size_t room, struct toc_arena *arena, Tocsin__V1__ContentPart *out)
{
    out->name = toc_arena_copy(arena, name);
    out->size = text.size;
    out->offset = offset < text.size ? offset : text.size;
    text = toc_str_from(text, out->offset);
    text.size = text.size < room ? text.size : room;
    char *piece = toc_arena_copy(arena, text);
    if (out->name == NULL || piece == NULL)
        return TOC_ERR_LIMIT;
    out->text = toc_wire_binary(toc_str(piece, text.size));
    return TOC_OK;
}

static enum toc_err open_row(const Tocsin__V1__Event *event, const struct vault_row *row,
                             struct toc_str sealed, const uint8_t key[TOC_SEAL_KEY], uint8_t *out)
{
    struct toc_seal_place place = {.segment = row->segment, .class = (uint8_t)row->class};
    toc_seal_event(place.event, toc_str_of(event->source), toc_str_of(event->id));
    return toc_unseal(key, &place, sealed, commitment_of(event, row->class), out);
}

/* What is opened stays no longer than it is copied. */
static enum toc_err open_and_copy(const Tocsin__V1__Event *event, const struct vault_row *row,
                                  struct toc_str sealed, const uint8_t key[TOC_SEAL_KEY],
                                  uint64_t offset, size_t room, struct toc_arena *arena,
                                  Tocsin__V1__ContentPart *out)
{
    struct toc_str name, text;
    uint8_t *opened = malloc(sealed.size + 1);
    if (opened == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = open_row(event, row, sealed, key, opened);
    if (err == TOC_OK)
        err = split(row->class, toc_str(opened, sealed.size - TOC_SEAL_NONCE - TOC_SEAL_TAG), &name,
                    &text)
                  ? copy_piece(name, text, offset, room, arena, out)
                  : TOC_ERR_DAMAGED;
    if (err == TOC_OK)
        err = copy_r(opened, arena, out);
    sodium_memzero(opened, sealed.size);
    free(opened);
    return err;
}

enum toc_err content_part(struct vault *vault, const Tocsin__V1__Event *event, uint64_t seq,
                          uint16_t segment, uint64_t offset, size_t room, struct toc_arena *arena,
                          Tocsin__V1__ContentPart *out)
{
    uint8_t key[TOC_SEAL_KEY];
    struct vault_row row;
    struct toc_str sealed;
    enum toc_err err = vault_get(vault, seq, segment, &row, &sealed);
    if (err != TOC_OK)
        return err;
    out->segment = row.segment;
    out->class_ = toc_wire_text(vault_class_name(row.class));
    out->at_ms = row.at_ms;
    out->state = TOCSIN__V1__CONTENT_STATE__CONTENT_THERE;
    err = vault_key_of(vault, row.subject, vault_class_keys(row.class), key);
    if (err == TOC_NONE) {
        out->state = TOCSIN__V1__CONTENT_STATE__CONTENT_ERASED;
        return TOC_OK;
    }
    TOC_TRY(err);
    err = open_and_copy(event, &row, sealed, key, row.segment == segment ? offset : 0, room, arena,
                        out);
    sodium_memzero(key, sizeof(key));
    if (err == TOC_ERR_DAMAGED) {
        out->state = TOCSIN__V1__CONTENT_STATE__CONTENT_DAMAGED;
        return TOC_OK;
    }
    return err;
}

static enum toc_err has_row(struct vault *vault, uint64_t seq, enum vault_class class)
{
    struct vault_row row;
    struct toc_str sealed;
    enum toc_err err;
    for (uint16_t from = 0; (err = vault_get(vault, seq, from, &row, &sealed)) == TOC_OK;
         from = (uint16_t)(row.segment + 1))
        if (row.class == class)
            return TOC_OK;
    return err;
}

enum toc_err content_gone(struct vault *vault, const Tocsin__V1__Event *event, uint64_t seq,
                          size_t *at, Tocsin__V1__ContentPart *out)
{
    while (*at < event->n_content) {
        const Tocsin__V1__Content *content = event->content[*at];
        enum toc_err err = has_row(vault, seq, vault_class_find(content->class_));
        TOC_TRY(err);
        out->segment = CONTENT_GONE + (uint32_t)(*at)++;
        out->class_ = content->class_;
        out->state = TOCSIN__V1__CONTENT_STATE__CONTENT_ERASED;
        if (err == TOC_NONE)
            return TOC_OK;
    }
    return TOC_NONE;
}
