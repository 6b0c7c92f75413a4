/*
 *             inbound   outbound  →new     →open    →pending  →on_hold  →solved  →closed
 *   new       keep      open      keep     open     pending   on_hold   solved   closed
 *   open      keep      keep      refuse   keep     pending   on_hold   solved   closed
 *   pending   open      keep      refuse   open     keep      on_hold   solved   closed
 *   on_hold   keep      keep      refuse   open     pending   keep      solved   closed
 *   solved    reopen    keep      refuse   reopen   reopen    reopen    keep     closed
 *   closed    reopen    keep      refuse   reopen   reopen    reopen    refuse   keep
 *
 * A requester who writes again is never turned away: a solved or closed issue reopens. What we send
 * after closing (a survey, a receipt) changes nothing. "New" is where an issue begins and nothing
 * goes back to.
 */
#include "services/router/machine.h"

typedef enum verdict transition(Tocsin__V1__Issue *issue);

static enum verdict keep(Tocsin__V1__Issue *issue)
{
    (void)issue;
    return VERDICT_KEPT;
}

static enum verdict refuse(Tocsin__V1__Issue *issue)
{
    (void)issue;
    return VERDICT_REFUSED;
}

static enum verdict bug(Tocsin__V1__Issue *issue)
{
    (void)issue;
    TOC_BUG("an issue without a state");
}

static enum verdict move(Tocsin__V1__Issue *issue, Tocsin__V1__IssueState state)
{
    issue->state = state;
    return VERDICT_MOVED;
}

static enum verdict open(Tocsin__V1__Issue *issue)
{
    return move(issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
}

static enum verdict pend(Tocsin__V1__Issue *issue)
{
    return move(issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING);
}

static enum verdict hold(Tocsin__V1__Issue *issue)
{
    return move(issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD);
}

static enum verdict solve(Tocsin__V1__Issue *issue)
{
    return move(issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED);
}

static enum verdict finish(Tocsin__V1__Issue *issue)
{
    return move(issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED);
}

static enum verdict reopen(Tocsin__V1__Issue *issue)
{
    issue->reopened++;
    move(issue, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
    return VERDICT_REOPENED;
}

static enum verdict reopen_pending(Tocsin__V1__Issue *issue)
{
    reopen(issue);
    pend(issue);
    return VERDICT_REOPENED;
}

static enum verdict reopen_held(Tocsin__V1__Issue *issue)
{
    reopen(issue);
    hold(issue);
    return VERDICT_REOPENED;
}

#define STATES (TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED + 1)

static transition *const table[STATES][INPUT_COUNT] = {
    [0] = {bug, bug, bug, bug, bug, bug, bug, bug},
    [TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW] = {keep, open, keep, open, pend, hold, solve,
                                                  finish},
    [TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN] = {keep, keep, refuse, keep, pend, hold, solve,
                                                   finish},
    [TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING] = {open, keep, refuse, open, keep, hold, solve,
                                                      finish},
    [TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD] = {keep, keep, refuse, open, pend, keep, solve,
                                                      finish},
    [TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED] = {reopen, keep, refuse, reopen, reopen_pending,
                                                     reopen_held, keep, finish},
    [TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED] = {reopen, keep, refuse, reopen, reopen_pending,
                                                     reopen_held, refuse, keep},
};

enum verdict machine_apply(Tocsin__V1__Issue *issue, enum input input)
{
    TOC_ASSERT((unsigned)issue->state < STATES && (unsigned)input < INPUT_COUNT);
    return table[issue->state][input](issue);
}

enum input machine_input_of(Tocsin__V1__IssueState state)
{
    TOC_ASSERT(state > 0 && (unsigned)state < STATES);
    return (enum input)(INPUT_NEW + (state - TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW));
}

bool machine_is_over(Tocsin__V1__IssueState state)
{
    return state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}
