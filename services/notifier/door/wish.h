/*
 * What somebody wants of an alert, as a form or a JSON object says it:
 *
 *      action    ack, take, snooze, escalate, resolve, note; of a tool the path says it
 *      by        who; of a link its person does it
 *      for_s     how long a snooze lasts, or until_ms; by a link half an hour when neither is said
 *      note      a code or a reference
 *      version   last_seq of the alert as it was seen: nothing is done when it has turned since
 *      group     true: the same for every open alert of its group
 *
 * A function of the request.
 */
#ifndef NOTIFIER_WISH_H
#define NOTIFIER_WISH_H

#include "common/http.h"
#include "common/time.h"
#include "services/notifier/door/actions.h"

#define WISH_TEXT_MAX 200 /* bytes */

struct wish {
    const struct door_action *action;
    char by[WISH_TEXT_MAX + 1]; /* "" of a link */
    char note[WISH_TEXT_MAX + 1];
    toc_time_ms for_ms, until_ms; /* of a snooze one of the two; else 0 */
    uint64_t version;             /* 0: whatever it is now */
    bool group;
};

/* `action` is what the path of a tool says; NULL: it is a link's. NULL, or what is wrong. */
const char *wish_read(const struct toc_http_request *request, const struct door_action *action,
                      struct wish *out);

#endif
