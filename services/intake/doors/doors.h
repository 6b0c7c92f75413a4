/*
 * What stands around intake's core in its process: the admission, which sees every event before
 * the core does, the edge and the door for mail, at which some come in, and the eraser. Only main.c
 * uses it.
 */
#ifndef INTAKE_DOORS_H
#define INTAKE_DOORS_H

#include "services/intake/admit/admit.h"
#include "services/intake/doors/eraser.h"
#include "services/intake/edge/edge.h"
#include "services/intake/mail/door/door.h"

struct doors_config {
    struct admit_config admit;
    struct eraser_config eraser;
    struct edge_config edge;      /* its admission is filled in here */
    struct mail_door_config mail; /* so is its */
    toc_time_ms held_ms;          /* what is in the quarantine for so long is told as an alarm */
};

/* Before the program starts; `config` outlives it. */
void doors_configure(struct doors_config *config);

extern const struct toc_effects doors_effects;

#endif
