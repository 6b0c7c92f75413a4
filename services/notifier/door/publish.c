#include "services/notifier/door/door_impl.h"

#include <stdlib.h>

bool door_publish(struct door *door, const Tocsin__V1__Alert *alert, const struct wish *wish,
                  const struct door_told *told)
{
    Tocsin__V1__AlertAction body = TOCSIN__V1__ALERT_ACTION__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_now now = toc_program_now();
    struct submission *submission = calloc(1, sizeof(*submission));
    if (submission == NULL)
        return false;
    body.alert = alert->id;
    body.by = toc_wire_text(told->by);
    body.note = toc_wire_text(wish->note);
    body.until_ms = wish->for_ms != 0 ? now.wall_ms + wish->for_ms : wish->until_ms;
    body.version = wish->version;
    body.group = wish->group;
    event.type = toc_wire_text(wish->action->type);
    event.issue = alert->issue;
    event.body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event.alert = &body;
    toc_str_copy(submission->id, sizeof(submission->id), toc_str_of(told->id));
    submission->told = told->told;
    submission->self = told->self;
    if (submit_event(door->submit, submission, &event, now.mono_ms) == TOC_OK)
        return true;
    free(submission);
    return false;
}
