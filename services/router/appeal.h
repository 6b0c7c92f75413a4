/*
 * Appeals: issues that contest a decision. Who made it never gets the appeal, it ends with an
 * outcome only, and the issue in which the decision was made has both in its history.
 */
#ifndef ROUTER_APPEAL_H
#define ROUTER_APPEAL_H

#include "services/router/work.h"

/* Whether `person` made the decision that the issue contests. */
bool appeal_excludes(const Tocsin__V1__Issue *issue, const char *person);

/* Whether `issue` is an appeal against a decision made in `other`. */
bool appeal_contests(const Tocsin__V1__Issue *issue, const Tocsin__V1__Issue *other);

/* After the opening: tells the contested issue, if it is here. */
TOC_MUST enum toc_err appeal_opened(struct work *work);

/*
 * Before the state that `status` asks for: NULL when the appeal, or what is none, may go there, and
 * the outcome is in the row; otherwise why not.
 */
const char *appeal_may_move(Tocsin__V1__Issue *issue, const Tocsin__V1__IssueStatus *status);

/* After the state has changed: tells the contested issue of an end. */
TOC_MUST enum toc_err appeal_moved(struct work *work);

#endif
