/* The issue's state machine: one table, state × input. See machine.c for the drawing. */
#ifndef ROUTER_MACHINE_H
#define ROUTER_MACHINE_H

#include "services/router/issue.h"

enum input {
    INPUT_INBOUND,  /* the requester wrote */
    INPUT_OUTBOUND, /* we wrote to the requester */
    INPUT_NEW,      /* a status event asks for this state … */
    INPUT_OPEN,
    INPUT_PENDING,
    INPUT_ON_HOLD,
    INPUT_SOLVED,
    INPUT_CLOSED,
    INPUT_COUNT
};

enum verdict {
    VERDICT_KEPT,     /* the state stays */
    VERDICT_MOVED,    /* it is another one now */
    VERDICT_REOPENED, /* it was solved or closed and is not any more */
    VERDICT_REFUSED,  /* not possible from this state */
};

/* Applies `input` to `issue->state`. */
enum verdict machine_apply(Tocsin__V1__Issue *issue, enum input input);

/* The input that a status event's state stands for. */
enum input machine_input_of(Tocsin__V1__IssueState state);

/* Solved or closed. */
bool machine_is_over(Tocsin__V1__IssueState state);

#endif
