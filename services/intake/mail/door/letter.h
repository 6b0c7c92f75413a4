/*
 * A mail for one recipient as an event: the first of a thread opens an issue, a later one is a
 * message in it. Its id comes from what was written, so a mail that is sent again is a repeat.
 */
#ifndef INTAKE_MAIL_LETTER_H
#define INTAKE_MAIL_LETTER_H

#include "services/intake/admit/admit.h"
#include "services/intake/mail/mail.h"
#include "services/intake/mail/map.h"

#define LETTER_FILES_MAX 50
#define LETTER_ID_MAX    40

struct letter {
    const struct mail *mail;
    struct toc_str raw;
    const struct mail_box *box;
    const uint8_t *issue_key;
    bool event_clock;
    bool is_known; /* it belongs to `issue` */
    uint8_t issue[TOC_ID];
    bool of_machine;        /* stops no clock */
    char id[LETTER_ID_MAX]; /* of the event */
    uint8_t hash[TOC_ID];   /* what mails that answer to it are known by */
};

/* A hash over what makes two mails the same: not what servers on the way write into it. */
void letter_digest(uint8_t out[TOC_SHA256], const struct mail *mail, struct toc_str raw);

/* Names the event: the same mail to the same address, a box's or one of an issue, is the same. */
void letter_name(struct letter *letter, const uint8_t digest[TOC_SHA256], const char *address);

struct letter_files {
    struct admit_attachment list[LETTER_FILES_MAX + 2];
    size_t count;
};

/*
 * The event with its texts in `private`, and what is too large for it; all of it lives in `arena`,
 * or as long as the mail. TOC_ERR_LIMIT when the arena is exhausted.
 */
TOC_MUST enum toc_err letter_write(const struct letter *letter, struct toc_arena *arena,
                                   Tocsin__V1__Event **out, struct letter_files *files);

#endif
