/* What makes an event acceptable before anything is looked up; pure. */
#ifndef INTAKE_VALIDATE_H
#define INTAKE_VALIDATE_H

#include "common/event_types.h"
#include "services/intake/intake.h"

struct validated {
    Tocsin__V1__Event *event; /* in the turn's arena */
    const struct toc_event_type *type;
};

/*
 * True when its bytes are an acceptable event. Otherwise `receipt` says why; its detail is a
 * constant or in the arena. `out->event` is set as soon as the bytes can be read at all.
 * `submitted` is a TOC_EVENT_SUBMIT.
 */
bool intake_validate(struct toc_turn *turn, const struct intake_config *config,
                     const struct toc_event *submitted, struct validated *out,
                     struct toc_receipt *receipt);

/* What depends on its stamp. Asked once it is known to be no repeat, which is one at any time. */
bool intake_validate_time(const Tocsin__V1__Event *event, toc_time_ms at_ms,
                          struct toc_receipt *receipt);

#endif
