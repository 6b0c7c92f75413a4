/* An event while it is admitted; for the admission's own files only. There is one at a time, and it
 * is large: what was sealed of it is valid up to `count`. */
#ifndef INTAKE_ADMIT_INTERNAL_H
#define INTAKE_ADMIT_INTERNAL_H

#include "services/intake/admit/admit.h"
#include "services/intake/admit/waiting.h"

struct admission {
    struct vault *vault;
    const uint8_t *issue_key;
    struct toc_arena *arena;
    Tocsin__V1__Event *event;
    const Tocsin__V1__Private *private_; /* NULL: only attachments */
    const struct admit_attachment *attachments;
    size_t attachment_count;
    const struct vault_subject *subject; /* whose it is; lent, see vault_subject */
    /* What was sealed so far. */
    struct waiting_segment segments[WAITING_SEGMENTS_MAX];
    uint8_t commitments[WAITING_SEGMENTS_MAX][TOC_SHA256];
    size_t text_bytes[WAITING_SEGMENTS_MAX];
    size_t count;
    uint8_t of_class[WAITING_SEGMENTS_MAX][TOC_SHA256]; /* commitments that are gathered */
};

/* about.c: whether the event is about somebody, a hold or an erasure; and whom it means, as the
 * vault's pseudonym. TOC_NONE: nobody, `*why` says it. */
bool admission_is_about(Tocsin__V1__Event *event);
TOC_MUST enum toc_err admission_name(struct admission *a, const char **why);

/* check.c: why the event is refused, naming the member; NULL: it is not. The first is for every
 * event that comes to be admitted, whether or not it has texts. */
const char *admission_check_forged(const Tocsin__V1__Event *event);
const char *admission_check(const struct admission *a);

/* seal.c: whom the texts belong to, and their pseudonym in the event. */
TOC_MUST enum toc_err admission_find_subject(struct admission *a);
/* Seals everything; what was sealed before a failure is the caller's to free. */
TOC_MUST enum toc_err admission_seal(struct admission *a);
/* event->content from what was sealed. */
TOC_MUST enum toc_err admission_write_content(struct admission *a);

#endif
