#include "services/router/appeal.h"

#include "services/router/machine.h"
#include "services/router/sweep.h"

#include <stdio.h>

#define REASON_BYTES 32

bool appeal_excludes(const Tocsin__V1__Issue *issue, const char *person)
{
    return issue->appeal != NULL && person[0] != '\0' &&
           strcmp(issue->appeal->decider, person) == 0;
}

bool appeal_contests(const Tocsin__V1__Issue *issue, const Tocsin__V1__Issue *other)
{
    return issue->appeal != NULL &&
           toc_str_equal(toc_wire_bytes(&issue->appeal->issue), toc_wire_bytes(&other->id));
}

const char *appeal_may_move(Tocsin__V1__Issue *issue, const Tocsin__V1__IssueStatus *status)
{
    if (status->outcome[0] != '\0' && (issue->appeal == NULL || !machine_is_over(status->state)))
        return "an outcome belongs to an appeal that ends";
    if (issue->appeal == NULL || !machine_is_over(status->state))
        return NULL;
    work_set_text(&issue->outcome, status->outcome);
    return issue->outcome[0] != '\0' ? NULL
                                     : "an appeal ends with an outcome: upheld or overturned";
}

/*
 * One more line in the history of the contested issue; nothing when it is not here, or one of the
 * two is a test and the other is real.
 */
static enum toc_err tell_contested(struct work *work, const char *reason)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__Issue *issue = work->issue;
    struct toc_str id = toc_wire_bytes(&issue->appeal->issue);
    Tocsin__V1__Issue *contested;
    if (id.size != TOC_ID || appeal_contests(issue, issue))
        return TOC_OK;
    enum toc_err err = issue_load(work->turn, id, &contested);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    if (contested->test != issue->test)
        return TOC_OK;
    TOC_TRY(sweep_before_event(work->turn, &contested));
    struct work other = work_begin(work->turn, contested, NULL, work->at_ms);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
    change.reason = toc_wire_text(reason);
    change.other = issue->id;
    TOC_TRY(work_emit(&other, &change));
    return work_end(&other);
}

enum toc_err appeal_opened(struct work *work)
{
    return work->issue->appeal != NULL ? tell_contested(work, "appealed") : TOC_OK;
}

enum toc_err appeal_moved(struct work *work)
{
    const Tocsin__V1__Issue *issue = work->issue;
    char reason[REASON_BYTES];
    if (issue->appeal == NULL || strcmp(issue->outcome, work->before.outcome) == 0)
        return TOC_OK;
    snprintf(reason, sizeof(reason), "appeal_%.20s",
             issue->outcome[0] != '\0' ? issue->outcome : "reopened");
    return tell_contested(work, reason);
}
