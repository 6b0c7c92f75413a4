/*
 * A mail as intake understands it (RFC 5322, 2045 to 2047, 2231): who wrote it, what about, the
 * text with what it quotes and its signature apart, the files that came with it, and what it
 * answers to.
 *
 * Mails are hostile, and none is refused for what it holds: reading always comes to an end in
 * bounded time and memory, whatever the bytes are, and what cannot be understood is left out here
 * and stands in the raw mail, which the caller keeps unless it is to a crowd. Every text is UTF-8
 * without NUL. mime.c, the only file that includes gmime.h, fills this; bound.h says what is
 * bounded before it.
 */
#ifndef INTAKE_MAIL_MAIL_H
#define INTAKE_MAIL_MAIL_H

#include "common/pool.h"
#include "common/time.h"

#define MAIL_BYTES_MAX      ((size_t)25 << 20)
#define MAIL_PARTS_MAX      500               /* with all that encloses others */
#define MAIL_DEPTH_MAX      32                /* of what encloses others */
#define MAIL_TEXT_MAX       ((size_t)1 << 20) /* bytes of the text */
#define MAIL_FIELD_MAX      2000              /* bytes of a subject, a name, an address */
#define MAIL_FILES_MAX      100
#define MAIL_LINKS_MAX      100 /* whose targets are told in the text of an HTML mail */
#define MAIL_REFERENCES_MAX 50
#define MAIL_PEOPLE_MAX     1000

enum mail_kind {
    MAIL_WRITTEN,     /* by someone, as far as can be told */
    MAIL_AUTOMATIC,   /* by a machine (RFC 3834): an answer to an answer of ours, a newsletter */
    MAIL_UNDELIVERED, /* a report on a mail that was sent (RFC 3464, 8098) */
    MAIL_ABUSE,       /* a report of abuse (RFC 5965) */
};

/* An attachment, or an image within the text. */
struct mail_file {
    struct toc_str name; /* empty: it has none */
    struct toc_str type; /* "image/png" */
    struct toc_str bytes;
    bool within; /* the text shows it */
};

struct mail {
    enum mail_kind kind;
    bool bulk; /* to many: what answers to it belongs to no one's thread */
    bool cut;  /* it is beyond the limits: the rest stands in the raw mail alone */
    struct toc_str subject;
    struct toc_str name, address;           /* of who wrote it */
    struct toc_str people[MAIL_PEOPLE_MAX]; /* addresses of everyone in the header, each once */
    size_t people_count;
    bool crowd;          /* there are more in it: not everyone is known whose the raw mail is */
    toc_time_ms date_ms; /* 0: not said, or senseless */
    struct toc_str message_id; /* without < and >; empty: it has none */
    /* What it answers to, or what a report is on: the nearest first. */
    struct toc_str references[MAIL_REFERENCES_MAX];
    size_t reference_count;
    /* UNDELIVERED, of whom it says so first: what became of it, in small letters ("failed",
     * "delayed", "delivered", …), and why ("5.1.1"); empty: not said. */
    struct toc_str action, status;
    struct toc_str body, quoted, signature;
    struct mail_file files[MAIL_FILES_MAX];
    size_t file_count;
};

/* Once, before any thread calls mail_read. */
void mail_set_up(void);

/*
 * Reads a mail; what is found lives in `pool`, `raw` may be freed. TOC_ERR_MEMORY, and nothing else
 * goes wrong. Several threads may read at a time.
 */
TOC_MUST enum toc_err mail_read(struct toc_str raw, struct toc_pool *pool, struct mail *out);

#endif
