/* Which queue an issue waits in. */
#ifndef ROUTER_ROUTE_H
#define ROUTER_ROUTE_H

#include "services/router/triage.h"

/* Routes by `policy`; says so when the issue went elsewhere, or for the first time. */
TOC_MUST enum toc_err route_by_policy(struct work *work, const struct toc_policy *policy);

#endif
