/*
 * Quotas: how much of what people report comes in at once, by the person, the device, the source
 * and the network that it comes from. What goes beyond is not refused and not lost: the event gets
 * a reason, and the core puts it into the quarantine (quarantine.h).
 *
 * Counted is what requesters say: issues opened, messages to us, ratings. Nothing that people at
 * work or other systems do about an issue is ever held back. What is exempt (exempt.h) comes in,
 * and so do the later messages of the issue, as long as they are remembered here; it counts,
 * though, and is told when it is over a limit, because anyone may claim it. Grants are in the hands
 * of everyone: what is exempt of them has QUOTA_BEYOND times the limit of its network beside that,
 * and is held beyond it. What is only claimed, as the person and the device, or shared, as a
 * source, never holds it: who floods that would stop others.
 *
 * Memory is fixed. Each kind has a table of 65,536 buckets, found by a keyed 64-bit hash, so two
 * that share one are as good as impossible. When a place is taken by four that are counted, the one
 * with the least in it is forgotten, which starts afresh; whoever floods is not that. After a
 * restart all begin empty: an event's fate is in the log from then on, not here.
 *
 * Intake's shell calls this; not thread-safe.
 */
#ifndef INTAKE_QUOTA_H
#define INTAKE_QUOTA_H

#include "common/err.h"
#include "common/str.h"
#include "common/time.h"
#include "services/intake/exempt.h"

#define QUOTA_BEYOND 3

enum quota_kind { QUOTA_REQUESTER, QUOTA_DEVICE, QUOTA_SOURCE, QUOTA_NETWORK, QUOTA_KINDS };

struct quota_limit {
    uint32_t events; /* at once, and over `per_ms`; 0: no limit */
    toc_time_ms per_ms;
};

struct quota_config {
    struct quota_limit limits[QUOTA_KINDS];
    struct exempt exempt;
    uint8_t key[32]; /* of the deployment: makes hashes and issue ids */
};

/* Generous ones. */
void quota_presets(struct quota_limit limits[QUOTA_KINDS]);

/* Reads "requester=30/1h", "network=0". False when it is none. */
bool quota_read(const char *text, struct quota_limit limits[QUOTA_KINDS]);

struct quota;

/* `config` is copied; the names of what is exempt are lent. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err quota_new(const struct quota_config *config, struct quota **out);
/* Accepts NULL. */
void quota_free(struct quota *quota);

/* Where an event came from, as far as its door knows. */
struct quota_from {
    const char *device;     /* what the publisher calls the device; NULL: nothing */
    const uint8_t *network; /* the requester's address, 16 bytes, IPv4 mapped; NULL: not known */
    bool granted;           /* it came by a grant */
};

/*
 * Counts an event that is about to enter. NULL: it may; otherwise the reason to hold it back, a
 * constant. The event is what will be in the log: with its pseudonym and its facts.
 */
const char *quota_judge(struct quota *quota, const Tocsin__V1__Event *event,
                        const struct quota_from *from, toc_time_ms mono_ms);
/* The same by nothing but its source. */
const char *quota_judge_source(struct quota *quota, const Tocsin__V1__Event *event,
                               toc_time_ms mono_ms);

/* What was exempt and over a limit, since the start. */
struct quota_over {
    uint64_t passed, held; /* came in all the same; was held back */
    toc_time_ms last_ms;   /* monotonic; 0: none was */
    const char *limit;     /* the one that the last was over, a constant */
    char source[201];      /* whose most are, of the last minute, if anyone's; fit for a log */
};

/* NULL has none. */
void quota_over(const struct quota *quota, struct quota_over *out);

/* Whether there is a limit of that kind; NULL has none. */
bool quota_has(const struct quota *quota, enum quota_kind kind);

#endif
