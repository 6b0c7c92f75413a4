/*
 * One obligation: a page to a person for one step of an alert, from its plan to its end.
 *
 *                       ╭─► ACCEPTED     a receiver took it
 *                       ├─► DEAD         nobody can take it
 *      plan ─► PENDING ─┼─► CANCELLED    acknowledged, resolved, escalated on
 *                       ├─► SUPPRESSED   a silence, maintenance or quiet hours kept it
 *                       ╰─► SUPERSEDED   another page stands for it
 *
 * ALERT_PAGED opens it, ALERT_SENT tells of each attempt, and exactly one PAGE_ENDED ends it; what
 * an attempt comes to after that is only recorded.
 *
 * A page rings when its instant has come and every judge lets it (page_ring): at once when it is
 * planned, again before each further try. So a page leaves only as a row that was judged after its
 * instant; `ready` says so, and puts it into the outbox. News for a provider (mirror.h) ring
 * nobody, and no mute keeps them.
 *
 * The functions below change `alert` (its newest record); who calls them saves its row. It is NULL
 * for a page that is about none.
 */
#ifndef NOTIFIER_PAGE_H
#define NOTIFIER_PAGE_H

#include "services/notifier/alert.h"

#include "common/page_news.h"

/* What a judge says of a page whose instant has come; zeroes let it ring. */
struct page_verdict {
    enum { PAGE_RINGS, PAGE_WAITS, PAGE_ENDS } what;
    toc_time_ms until_ms;        /* WAITS: it is judged again then */
    Tocsin__V1__PageState state; /* ENDS: in this state, */
    const char *reason;          /* why, a constant or in the arena, */
    char *carrier; /* and SUPERSEDED: the delivery id of the page that stands for it */
};

/*
 * A judge sees the alert and the page as they are now. It may change the page, never its state, and
 * rows of its own. page.c has the list of them; the first that does not let it ring has its way.
 */
typedef enum toc_err page_judge(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                Tocsin__V1__Page *page, struct page_verdict *out);

bool page_is_pending(const Tocsin__V1__Page *page);

/* Kinds of pages that no step asked for; common/page_news.h has those that ring nobody. */
#define PAGE_REMINDER  "reminder"  /* of an acknowledgement that is about to expire */
#define PAGE_CODE      "code"      /* that verifies the method it names, which alone it goes by */
#define PAGE_AGAIN     "again"     /* in place of one that was accepted and failed later */
#define PAGE_REPLAY    "replay"    /* of one that was dead, by hand */
#define PAGE_PROBE     "probe"     /* whether a method reaches its person; by that one alone, too */
#define PAGE_MUTE_ENDS "mute_ends" /* tells the owner of a silence or maintenance */
#define PAGE_DIGEST    "digest"    /* at the end of quiet hours */

struct page_plan {
    const char *contact;
    const char *why;    /* for the record: by what the step means the person; NULL: by name */
    const char *kind;   /* NULL: it is for the step */
    const char *method; /* of one that is bound to it */
    const Tocsin__V1__Mute *mute; /* MUTE_ENDS; else NULL */
    const char *after;            /* who is paged when nobody answers; NULL: nobody */
    unsigned after_more;          /* how many others with them */
    unsigned digest;              /* DIGEST: alerts that wait */
    const char *reach;            /* PROBE: its run; else NULL */
    uint32_t probe;               /* the same: its place there */
    bool urgent;                  /* of one that is about no alert */
    toc_time_ms ends_ms;          /* it is worth nothing after that; 0: after its step */
    /* AGAIN: it goes by no method that this one had; NULL otherwise. */
    const Tocsin__V1__Page *instead_of;
};

/*
 * Plans a page of the alert at its present step, and lets it ring. `alert` NULL: it is about none,
 * and nothing ends it but its outcome and its time. `out` is the page as it stands then; may be
 * NULL.
 */
TOC_MUST enum toc_err page_plan(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                const struct page_plan *plan, Tocsin__V1__Page **out);

/* True for one that goes by the method it was planned with and no other. */
bool page_is_bound(const Tocsin__V1__Page *page);

/* Until when its attempts are worth anything: its step's end or its own. */
toc_time_ms page_end_ms(const Tocsin__V1__Alert *alert, const Tocsin__V1__Page *page);

/* Its instant has come. */
TOC_MUST enum toc_err page_ring(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                Tocsin__V1__Page *page);

/* What an attempt came to. */
TOC_MUST enum toc_err page_answer(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                  Tocsin__V1__Page *page, const Tocsin__V1__PageOutcome *outcome);

/* Ends a pending page. `by` may be NULL, `reason` is a constant or in the arena. */
TOC_MUST enum toc_err page_end(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                               Tocsin__V1__Page *page, Tocsin__V1__PageState state, const char *by,
                               const char *reason);

/* Cancels what is pending of the alert, in the transaction that ends it or its step. */
TOC_MUST enum toc_err page_cancel_all(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                      const char *by, const char *reason);

/*
 * The page that stands for this one in the end: of one that waited for its group the one that rang,
 * of one that failed later the one in its place. Itself where none does.
 */
TOC_MUST enum toc_err page_standing(struct toc_turn *turn, Tocsin__V1__Page *page,
                                    Tocsin__V1__Page **out);

/* True when no page of the alert's present step can reach anyone any more, or it has none. */
TOC_MUST enum toc_err page_is_step_dead(struct toc_turn *turn, const Tocsin__V1__Alert *alert,
                                        bool *out);

#endif
