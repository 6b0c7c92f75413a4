/*
 * Which alerts a silence or maintenance is about: "queue=support severity=warning,info
 * source!=demo".
 *
 * Terms stand apart by blanks, and all have to hold. A term names a key and values with commas
 * between them, of which one has to fit ("=") or none may ("!="). A value is taken as it stands but
 * for '*', any bytes, and '?', any one letter. What an alert does not have fits no value, not even
 * "*".
 */
#ifndef TOC_ALERT_MATCH_H
#define TOC_ALERT_MATCH_H

#include "common/str.h"
#include "common/time.h"

#include "tocsin/v1/record.pb-c.h"

#define TOC_ALERT_MATCH_MAX   200 /* bytes of one */
#define TOC_ALERT_MATCH_TERMS 16

/* What else there is to know of silences and maintenance before they begin. */
#define TOC_MUTE_ID_MAX     40 /* bytes */
#define TOC_MUTE_LONGEST_MS (30 * TOC_DAY_MS)
#define TOC_MUTE_CRITICAL                                                                          \
    "alerts of severity critical fit: name others (severity=error,warning,info), or say that it "  \
    "is meant (--really)"

enum toc_alert_key {
    TOC_ALERT_QUEUE,
    TOC_ALERT_RULE,
    TOC_ALERT_SEVERITY,
    TOC_ALERT_PRIORITY,
    TOC_ALERT_RISK,
    TOC_ALERT_SOURCE,
    TOC_ALERT_METRIC,
    TOC_ALERT_CAUSE,
    TOC_ALERT_PATH,
    TOC_ALERT_KEYS
};

struct toc_alert_match {
    struct {
        enum toc_alert_key key;
        bool negated;
        struct toc_str values; /* with their commas; lent by the text */
    } terms[TOC_ALERT_MATCH_TERMS];
    size_t count;
};

/*
 * Reads `text`, which is lent. NULL, or a constant that says what is wrong; then `out` is of no
 * use. One that would fit every alert is wrong unless it names severities.
 */
const char *toc_alert_match_read(const char *text, struct toc_alert_match *out);

bool toc_alert_match(const struct toc_alert_match *match, const Tocsin__V1__Alert *alert);

/* Whether an alert of severity critical may fit. */
bool toc_alert_match_has_critical(const struct toc_alert_match *match);

#endif
