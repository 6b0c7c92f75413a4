#include "services/intake/admit/internal.h"

/* Whose pseudonym an event is about, without being theirs; NULL: no such event. */
static char **pseudonym_of(Tocsin__V1__Event *event)
{
    if (event->body_case == TOCSIN__V1__EVENT__BODY_CONTENT_READ)
        return event->content_read->issue.len == 0 ? &event->content_read->pseudonym : NULL;
    if (event->body_case == TOCSIN__V1__EVENT__BODY_HOLD)
        return &event->hold->pseudonym;
    if (event->body_case == TOCSIN__V1__EVENT__BODY_SUBJECT_ERASED)
        return &event->subject_erased->pseudonym;
    return NULL;
}

bool admission_is_about(Tocsin__V1__Event *event)
{
    return pseudonym_of(event) != NULL;
}

static enum toc_err find_issue(struct vault *vault, const char *text,
                               const struct vault_subject **out)
{
    uint8_t id[TOC_ID];
    if (toc_unhex(id, sizeof(id), toc_str_of(text)) != TOC_OK)
        return TOC_NONE;
    return vault_subject(vault, VAULT_ISSUE, toc_str(id, sizeof(id)), false, out);
}

/*
 * A pseudonym of the vault's own comes first: nobody can have another person's erased by publishing
 * under it. Then one that a publisher made, then an issue in which nobody is named.
 */
static enum toc_err find_pseudonym(struct admission *a, const char *text, const char **out)
{
    const struct vault_subject *subject;
    uint64_t number;
    enum toc_err err = vault_find_pseudonym(a->vault, text, &number);
    *out = text;
    if (err != TOC_NONE)
        return err;
    err = vault_subject(a->vault, VAULT_PUBLISHED, toc_str_of(text), false, &subject);
    if (err == TOC_NONE)
        err = find_issue(a->vault, text, &subject);
    if (err == TOC_OK)
        *out = subject->pseudonym;
    return err;
}

static enum toc_err find_person(struct admission *a, const char **out)
{
    const struct vault_subject *subject;
    enum toc_err err =
        vault_subject(a->vault, VAULT_PERSON, toc_str_of(a->private_->person), false, &subject);
    if (err == TOC_OK)
        *out = subject->pseudonym;
    return err;
}

/* Whoever is erased while a hold stands (by the ledger) can still be released from it. */
static bool may_be_gone(const Tocsin__V1__Event *event)
{
    return strcmp(event->type, "tocsin.hold.released") == 0;
}

enum toc_err admission_name(struct admission *a, const char **why)
{
    char **pseudonym = pseudonym_of(a->event);
    bool person = a->private_ != NULL && a->private_->person[0] != '\0';
    const char *found = *pseudonym;
    enum toc_err err = person ? find_person(a, &found) : find_pseudonym(a, *pseudonym, &found);
    TOC_TRY(err);
    if (err == TOC_NONE && may_be_gone(a->event) && !person)
        return TOC_OK;
    if (err == TOC_NONE) {
        *why = person ? "private.person: nobody of this name is known here"
                      : "pseudonym: nothing is kept here of anyone with this pseudonym";
        return TOC_NONE;
    }
    *pseudonym = toc_arena_copy(a->arena, toc_str_of(found));
    return *pseudonym != NULL ? TOC_OK : TOC_ERR_LIMIT;
}
