#include "common/hash.h"
#include "services/intake/admit/internal.h"

#include <stdlib.h>

/* --- whose it is -------------------------------------------------------------------------------
 */

/* Nobody is known: the issue stands for whoever wrote in it. */
static enum toc_err find_issue(struct admission *a)
{
    const Tocsin__V1__Event *event = a->event;
    const char *reference = event->subject[0] != '\0' ? event->subject : event->id;
    uint8_t id[TOC_ID];
    if (event->issue.len == TOC_ID)
        memcpy(id, event->issue.data, TOC_ID);
    else
        toc_issue_id(id, a->issue_key, toc_str_of(event->source), toc_str_of(reference));
    return vault_subject(a->vault, VAULT_ISSUE, toc_str(id, TOC_ID), true, &a->subject);
}

static Tocsin__V1__IssueOpened *opened_of(const struct admission *a)
{
    return a->event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED ? a->event->issue_opened
                                                                       : NULL;
}

static enum toc_err find_subject(struct admission *a)
{
    Tocsin__V1__IssueOpened *opened = opened_of(a);
    const char *person = a->private_ != NULL ? a->private_->person : "";
    const char *requester = opened != NULL ? opened->requester : "";
    if (person[0] != '\0')
        return vault_subject(a->vault, VAULT_PERSON, toc_str_of(person), true, &a->subject);
    if (requester[0] != '\0')
        return vault_subject(a->vault, VAULT_PUBLISHED, toc_str_of(requester), true, &a->subject);
    return find_issue(a);
}

enum toc_err admission_find_subject(struct admission *a)
{
    Tocsin__V1__IssueOpened *opened = opened_of(a);
    bool person = a->private_ != NULL && a->private_->person[0] != '\0';
    TOC_TRY(find_subject(a));
    char *pseudonym = toc_arena_copy(a->arena, toc_str_of(a->subject->pseudonym));
    if (pseudonym == NULL)
        return TOC_ERR_LIMIT;
    a->event->pseudonym = pseudonym;
    if (person && opened != NULL && opened->requester[0] == '\0')
        opened->requester = pseudonym;
    return TOC_OK;
}

/* --- sealing -----------------------------------------------------------------------------------
 */

struct plain {
    enum vault_class class;
    const char *name;
    struct toc_str text;
};

/* The text into `out`, its name before it where its class has one; returns the size. */
static size_t write_plain(const struct plain *plain, char *out)
{
    size_t head = vault_class_is_named(plain->class) ? strlen(plain->name) + 1 : 0;
    if (out != NULL) {
        memcpy(out, plain->name, head);
        if (plain->text.size > 0)
            memcpy(out + head, plain->text.data, plain->text.size);
    }
    return head + plain->text.size;
}

static enum toc_err seal_bytes(struct admission *a, const struct vault_subject *subject,
                               struct toc_seal_place *place, struct toc_str bytes)
{
    struct waiting_segment *segment = &a->segments[a->count];
    enum vault_class class = (enum vault_class)place->class;
    const uint8_t *key;
    TOC_TRY(vault_key(a->vault, subject, vault_class_keys(class), &key));
    segment->size = VAULT_HEADER + bytes.size + TOC_SEAL_OVERHEAD;
    segment->bytes = malloc(segment->size);
    if (segment->bytes == NULL)
        return TOC_ERR_MEMORY;
    place->segment = (uint16_t)a->count;
    segment->row =
        (struct vault_row){.segment = place->segment, .class = class, .subject = subject->number};
    toc_seal(key, place, bytes, segment->bytes + VAULT_HEADER, a->commitments[a->count]);
    a->count++;
    return TOC_OK;
}

static enum toc_err seal_one(struct admission *a, const struct vault_subject *subject,
                             struct toc_seal_place *place, const struct plain *plain)
{
    struct toc_str bytes = plain->text;
    char *copy = NULL;
    if (vault_class_is_named(plain->class)) {
        copy = malloc(write_plain(plain, NULL));
        if (copy == NULL)
            return TOC_ERR_MEMORY;
        bytes = toc_str(copy, write_plain(plain, copy));
    }
    a->text_bytes[a->count] = plain->text.size;
    place->class = (uint8_t)plain->class;
    enum toc_err err = seal_bytes(a, subject, place, bytes);
    free(copy);
    return err;
}

static enum toc_err seal_texts(struct admission *a, struct toc_seal_place *place)
{
    for (size_t i = 0; a->private_ != NULL && i < a->private_->n_texts; i++) {
        const Tocsin__V1__Text *text = a->private_->texts[i];
        const struct plain plain = {vault_class_find(text->class_), text->name,
                                    toc_wire_bytes(&text->text)};
        if (plain.text.size > 0)
            TOC_TRY(seal_one(a, a->subject, place, &plain));
    }
    return TOC_OK;
}

/* A raw mail, or a piece of one, has several people in it: its key is its own, and goes with any of
 * them. */
static enum toc_err seal_raw(struct admission *a, struct toc_seal_place *place,
                             const struct admit_attachment *raw)
{
    const struct plain plain = {VAULT_RAW, "", raw->bytes};
    const struct vault_subject *mail, *person;
    uint64_t owner = a->subject->number;
    TOC_TRY(
        vault_subject(a->vault, VAULT_MAIL, toc_str(place->event, TOC_SEAL_EVENT), true, &mail));
    uint64_t number = mail->number;
    TOC_TRY(seal_one(a, mail, place, &plain));
    TOC_TRY(vault_list_under(a->vault, owner, number));
    for (size_t i = 0; i < raw->people_count; i++) {
        TOC_TRY(vault_subject(a->vault, VAULT_PERSON, toc_str_of(raw->people[i]), true, &person));
        TOC_TRY(vault_list_under(a->vault, person->number, number));
    }
    return TOC_OK;
}

static enum toc_err seal_raws(struct admission *a, struct toc_seal_place *place)
{
    for (size_t i = 0; i < a->attachment_count; i++)
        if (a->attachments[i].class == VAULT_RAW)
            TOC_TRY(seal_raw(a, place, &a->attachments[i]));
    return TOC_OK;
}

enum toc_err admission_seal(struct admission *a)
{
    struct toc_seal_place place;
    toc_seal_event(place.event, toc_str_of(a->event->source), toc_str_of(a->event->id));
    TOC_TRY(seal_texts(a, &place));
    for (size_t i = 0; i < a->attachment_count; i++) {
        const struct admit_attachment *one = &a->attachments[i];
        const struct plain plain = {one->class, one->name, one->bytes};
        if (one->class != VAULT_RAW)
            TOC_TRY(seal_one(a, a->subject, &place, &plain));
    }
    return seal_raws(a, &place); /* last: other subjects come up */
}

/* --- what the event has of it ------------------------------------------------------------------
 */

/* Gathers the segments of a class; false when there is none. */
static bool gather(struct admission *a, enum vault_class class, uint8_t out[TOC_SHA256],
                   Tocsin__V1__Content *content)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->segments[i].row.class != class)
            continue;
        memcpy(a->of_class[content->parts++], a->commitments[i], TOC_SHA256);
        content->bytes += (uint32_t)a->text_bytes[i];
    }
    if (content->parts == 1)
        memcpy(out, a->of_class[0], TOC_SHA256);
    else if (content->parts > 1)
        toc_seal_commitments(out, (const uint8_t(*)[TOC_SHA256])a->of_class, content->parts);
    return content->parts > 0;
}

enum toc_err admission_write_content(struct admission *a)
{
    a->event->content = toc_arena_take(a->arena, VAULT_CLASS_COUNT * sizeof(*a->event->content));
    for (unsigned class = 0; class < VAULT_CLASS_COUNT; class ++) {
        Tocsin__V1__Content *content = toc_arena_take(a->arena, sizeof(*content));
        uint8_t *commitment = toc_arena_take(a->arena, TOC_SHA256);
        if (a->event->content == NULL || content == NULL || commitment == NULL)
            return TOC_ERR_LIMIT;
        tocsin__v1__content__init(content);
        if (!gather(a, (enum vault_class) class, commitment, content))
            continue;
        content->class_ = toc_wire_text(vault_class_name((enum vault_class) class));
        content->commitment = toc_wire_binary(toc_str(commitment, TOC_SHA256));
        a->event->content[a->event->n_content++] = content;
    }
    return TOC_OK;
}
