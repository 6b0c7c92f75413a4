/* What waits for a person: a part of `tocsin issues`. */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "services/cli/view.h"

/* The waiting list of a queue, or of each that people serve: the next to breach first. */
int people_waiting(struct view *view, const char *queue);

#endif
