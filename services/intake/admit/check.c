#include "services/intake/admit/internal.h"

#include <assert.h>

static_assert(TOC_PERSON_MAX <= VAULT_NAME_MAX && INTAKE_TEXT_MAX <= VAULT_NAME_MAX, "a name fits");

static const char *check_text(const Tocsin__V1__Text *text)
{
    enum vault_class class = vault_class_find(text->class_);
    if (class == VAULT_CLASS_COUNT || class == VAULT_RAW)
        return "private.texts.class: title, body, quoted, signature, contact or attachment";
    if (text->text.len > TOC_TEXT_MAX)
        return "private.texts: at most 64 KiB each";
    if (strlen(text->name) > INTAKE_TEXT_MAX)
        return "private.texts.name: at most 200 bytes";
    if (class != VAULT_ATTACHMENT && !toc_str_is_text(toc_wire_bytes(&text->text)))
        return "private.texts: has to be UTF-8 without NUL";
    return NULL;
}

static const char *check_private(const Tocsin__V1__Private *private_)
{
    const char *wrong = NULL;
    if (strlen(private_->person) > TOC_PERSON_MAX)
        return "private.person: at most 320 bytes";
    if (private_->n_texts > TOC_TEXTS_MAX)
        return "private.texts: at most 8";
    for (size_t i = 0; wrong == NULL && i < private_->n_texts; i++)
        wrong = check_text(private_->texts[i]);
    return wrong;
}

static const char *check_attachments(const struct admission *a)
{
    if (a->attachment_count > WAITING_SEGMENTS_MAX - TOC_TEXTS_MAX)
        return "attachments: at most 56";
    for (size_t i = 0; i < a->attachment_count; i++)
        if (a->attachments[i].bytes.size > VAULT_TEXT_MAX)
            return "attachments: at most 15 MiB each";
    return NULL;
}

const char *admission_check_forged(const Tocsin__V1__Event *event)
{
    return event->n_content > 0 || event->n_facts > 0 || event->pseudonym[0] != '\0' ||
                   event->quarantine[0] != '\0'
               ? "content, facts, pseudonym, quarantine: only intake makes them"
               : NULL;
}

/* Nobody becomes a subject by an event that cannot be accepted whatever else is in it. */
const char *admission_check(const struct admission *a)
{
    const Tocsin__V1__Event *event = a->event;
    if (event->id[0] == '\0' || event->source[0] == '\0')
        return "id, source: every event has both";
    if (event->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_OPENED &&
        event->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE)
        return "private: only tocsin.issue.opened and tocsin.issue.message have it";
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED &&
        strlen(event->issue_opened->requester) > INTAKE_TEXT_MAX)
        return "requester: at most 200 bytes";
    if (tocsin__v1__event__get_packed_size(event) > INTAKE_ISSUE_MAX)
        return "an event of an issue may have 1024 bytes beside its texts";
    const char *wrong = a->private_ != NULL ? check_private(a->private_) : NULL;
    return wrong != NULL ? wrong : check_attachments(a);
}
