/* What the tests of the router share: one chain whose turns take one event each. */
#ifndef TEST_CORE_ROUTER_H
#define TEST_CORE_ROUTER_H

#include "tests/support/core_harness.h"

extern struct chain router_chain;

/* Opens it and, unless `policy` is NULL, applies that; nothing is in the transcripts. */
void core_router_open(const char *policy);
int core_router_tear_down(void **state);

/* What the router says while the script runs. */
void expect_router(const char *script, const char *transcript);
/* Runs it for what comes after. */
void quietly(const char *script);

/* The row of an issue, and the change of one in the router's log; they live until core_forget. */
const Tocsin__V1__Issue *core_router_issue(unsigned number);
const Tocsin__V1__IssueChange *core_router_change(uint64_t seq);

#endif
