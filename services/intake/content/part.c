#include "services/intake/content/part.h"

#include <sodium.h>
#include <stdlib.h>

#define CHECK_BYTES ((size_t)1 << 20) /* in one call */
#define HEAD_BYTES  1024              /* in which a name ends */
#define IDLE_MS     1000              /* then somebody else may have the place of a check */

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

/* --- large ones --------------------------------------------------------------------------------
 */

/* The check of this text, perhaps a new one; NULL: all are in use just now. */
static struct content_check *find_check(struct content_wanted *wanted, uint64_t seq,
                                        uint16_t segment)
{
    struct content_check *oldest = &wanted->checks->items[0];
    for (size_t i = 0; i < CONTENT_CHECKS; i++) {
        struct content_check *check = &wanted->checks->items[i];
        if (check->seq == seq && check->segment == segment)
            return check;
        if (check->used_ms < oldest->used_ms)
            oldest = check;
    }
    if (oldest->seq != 0 && wanted->now_ms - oldest->used_ms < IDLE_MS)
        return NULL;
    *oldest = (struct content_check){.segment = segment};
    return oldest;
}

/* TOC_NONE: not through. */
static enum toc_err check_on(const Tocsin__V1__Event *event, const struct vault_row *row,
                             struct toc_str sealed, const uint8_t key[TOC_SEAL_KEY],
                             struct content_wanted *wanted)
{
    struct toc_seal_place place = {.segment = row->segment, .class = (uint8_t)row->class};
    struct content_check *check = find_check(wanted, row->seq, row->segment);
    if (check == NULL)
        return TOC_NONE;
    check->used_ms = wanted->now_ms;
    if (check->seq == 0) {
        toc_seal_event(place.event, toc_str_of(event->source), toc_str_of(event->id));
        toc_unseal_begin(&check->at, key, &place, sealed);
        check->seq = row->seq;
    }
    if (check->whole)
        return TOC_OK;
    enum toc_err err =
        toc_unseal_step(&check->at, key, sealed, commitment_of(event, row->class), CHECK_BYTES);
    check->whole = err == TOC_OK;
    if (err < 0)
        check->seq = 0;
    return err;
}

/* Name, size and r, from the beginning of it; `*start` is where the text begins. */
static enum toc_err open_head(const struct vault_row *row, struct toc_str sealed,
                              const uint8_t key[TOC_SEAL_KEY], struct toc_arena *arena,
                              Tocsin__V1__ContentPart *out, size_t *start)
{
    uint8_t head[TOC_SEAL_R + HEAD_BYTES];
    size_t inner = sealed.size - TOC_SEAL_NONCE - TOC_SEAL_TAG;
    size_t size = inner < sizeof(head) ? inner : sizeof(head);
    struct toc_str opened, name, text;
    toc_unseal_piece(key, sealed, 0, head, size);
    opened = toc_str(head, size);
    enum toc_err err = split(row->class, opened, &name, &text) ? TOC_OK : TOC_ERR_DAMAGED;
    if (err == TOC_OK) {
        *start = size - text.size;
        out->size = inner - *start;
        out->name = toc_arena_copy(arena, name);
        err = out->name != NULL ? copy_r(head, arena, out) : TOC_ERR_LIMIT;
    }
    sodium_memzero(head, sizeof(head));
    return err;
}

static enum toc_err open_large(const Tocsin__V1__Event *event, const struct vault_row *row,
                               struct toc_str sealed, const uint8_t key[TOC_SEAL_KEY],
                               uint64_t offset, struct content_wanted *wanted,
                               struct toc_arena *arena, Tocsin__V1__ContentPart *out)
{
    size_t start, size;
    if (wanted->checks != NULL) {
        enum toc_err err = check_on(event, row, sealed, key, wanted);
        wanted->later = err == TOC_NONE;
        if (err != TOC_OK)
            return err < 0 ? err : TOC_OK;
    }
    TOC_TRY(open_head(row, sealed, key, arena, out, &start));
    if (wanted->checks == NULL)
        return TOC_OK;
    out->offset = offset < out->size ? offset : out->size;
    size =
        out->size - out->offset < wanted->room ? (size_t)(out->size - out->offset) : wanted->room;
    uint8_t *piece = toc_arena_take(arena, size + 1);
    if (piece == NULL)
        return TOC_ERR_LIMIT;
    if (size > 0)
        toc_unseal_piece(key, sealed, start + (size_t)out->offset, piece, size);
    out->text = toc_wire_binary(toc_str(piece, size));
    return TOC_OK;
}

/* --- any ---------------------------------------------------------------------------------------
 */

static enum toc_err open_any(const Tocsin__V1__Event *event, const struct vault_row *row,
                             struct toc_str sealed, const uint8_t key[TOC_SEAL_KEY],
                             uint64_t offset, struct content_wanted *wanted,
                             struct toc_arena *arena, Tocsin__V1__ContentPart *out)
{
    if (sealed.size < TOC_SEAL_OVERHEAD)
        return TOC_ERR_DAMAGED;
    if (sealed.size > wanted->whole_max)
        return open_large(event, row, sealed, key, offset, wanted, arena, out);
    return open_and_copy(event, row, sealed, key, offset, wanted->room, arena, out);
}

enum toc_err content_part(struct vault *vault, const Tocsin__V1__Event *event, uint64_t seq,
                          uint16_t segment, struct content_wanted *wanted, struct toc_arena *arena,
                          Tocsin__V1__ContentPart *out)
{
    uint8_t key[TOC_SEAL_KEY];
    struct vault_row row;
    struct toc_str sealed;
    wanted->later = false;
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
    err = open_any(event, &row, sealed, key, row.segment == segment ? wanted->offset : 0, wanted,
                   arena, out);
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
