/*
 * The words of one language. A template is lines with names in braces. A line is left out when one
 * of its names has no value; of {?name} nothing is shown, it only says when the line counts.
 *
 *   severity queue category risk priority issue alert   as the alert has them
 *   what       what happened: one of `whats`, with {metric}, {about} or {cause}
 *   about      whom it is about that is about no issue: an upstream, a provider, a person
 *   due        the deadline in the reader's zone; zone is the zone's name
 *   left over  how long until the deadline, or how far beyond it
 *   next wait  who is paged then, and after how long; others: how many with them
 *   more       how many pages this one stands for
 *   sop link   the procedure and where to acknowledge
 *   code person method   of a page that verifies a method; answer: the code of a probe
 *   ends       how long an acknowledgement still holds, of a reminder
 *   test unconfirmed last single probe typed suite   say that it is so: a test; not certain; nobody
 *              is paged next, or one person; a probe of the method; there is no link; the alert is
 *              about no issue
 */
#ifndef NOTIFIER_TEXT_LANGUAGE_H
#define NOTIFIER_TEXT_LANGUAGE_H

enum text_what {
    TEXT_BREACHED,
    TEXT_WARNED,
    TEXT_OPENED,
    TEXT_WAITING,
    TEXT_UNCONFIRMED,
    TEXT_SILENT,
    TEXT_STOPPED,
    TEXT_PROVIDER,
    TEXT_UNREACHED,
    TEXT_OTHER,
    TEXT_WHATS
};

/* What is said on the page behind a link, beside a title and the words of templates. */
enum text_word {
    WORD_DOCUMENT, /* its name in a browser */
    WORD_STATE,    /* what stands before something, up to WORD_READER */
    WORD_UNTIL,
    WORD_DUE,
    WORD_QUEUE,
    WORD_PRIORITY,
    WORD_RISK,
    WORD_CATEGORY,
    WORD_SOP,
    WORD_STEP,
    WORD_NEXT,
    WORD_ISSUE,
    WORD_OPENED,
    WORD_ALERT,
    WORD_READER,
    WORD_OPEN, /* how an alert stands, or what was done to it */
    WORD_THROUGH,
    WORD_ACKED,
    WORD_TAKEN,
    WORD_SNOOZED,
    WORD_ESCALATED,
    WORD_RESOLVED,
    WORD_NOTED,
    WORD_ALREADY, /* before one of these */
    WORD_IN,      /* {}: so long from now */
    WORD_AGO,
    WORD_ACK, /* buttons */
    WORD_TAKE,
    WORD_SNOOZE,
    WORD_ESCALATE,
    WORD_RESOLVE,
    WORD_NOTE,
    WORD_SNOOZE_FOR, /* names of fields */
    WORD_NOTE_TEXT,
    WORD_GROUP, /* {}: how many more a page stands for */
    WORD_MORE,
    WORD_ONCE,  /* what a link is good for */
    WORD_AGAIN, /* to look again */
    WORD_LATER, /* it takes effect in a moment */
    WORD_NOT_DONE,
    WORD_NO_LINK, /* why not */
    WORD_EXPIRED,
    WORD_USED, /* before what was done */
    WORD_IS_RESOLVED,
    WORD_IS_ACKED,
    WORD_HAS_CHANGED,
    WORD_SNOOZE_OVER,
    WORD_SILENT,
    WORD_FULL,
    WORD_OFTEN,
    WORD_UNCLEAR,
    WORD_SENT, /* of a test page: when, its button, what was done, why not */
    WORD_CAME,
    WORD_ANSWERED,
    WORD_PROBE_OVER,
    TEXT_WORDS
};

struct text_language {
    const char *code;
    const char *units[4];      /* day, hour, minute, second */
    const char *severities[4]; /* critical, error, warning, info */
    const char *risks[6];      /* by toc_risk_name's numbers; the first is "" */
    const char *whats[TEXT_WHATS];
    const char *title; /* its lines are put one behind the other */
    const char *brief, *full;
    const char *words[TEXT_WORDS];
};

extern const struct text_language text_en, text_es, text_hi, text_ms, text_pt;

#endif
