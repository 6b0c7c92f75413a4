/* Openings: the first event of an issue, or the one that a stub waited for. */
#ifndef ROUTER_OPEN_H
#define ROUTER_OPEN_H

#include "services/router/work.h"

/* A new issue: values, triage, route. */
TOC_MUST enum toc_err open_issue(struct work *work);

/* The same for an issue whose opening never came, with what its first event `first` tells. */
TOC_MUST enum toc_err open_stub(struct work *work, const Tocsin__V1__Event *first);

/* The opening of an issue that is there: of a stub it is welcome. */
TOC_MUST enum toc_err open_again(struct work *work);

#endif
