/*
 * For a test whose cases each tell sla a script under one policy and compare what it writes: a feed
 * (sla_feed.h) that is opened and closed around every case.
 */
#ifndef TEST_SLA_TOLD_H
#define TEST_SLA_TOLD_H

#include "tests/support/sla_feed.h"

/* Of the case that runs. */
extern struct sla_feed feed;

/* cmocka's, with the text of the policy as the first state. */
int sla_told_set_up(void **state);
int sla_told_tear_down(void **state);

#define SLA_TOLD_CASE(name, policy)                                                                \
    {                                                                                              \
#name, name, sla_told_set_up, sla_told_tear_down, (void *)(uintptr_t)(policy)              \
    }

/* Runs the script; what sla has written since the last time has to be the transcript. */
#define told(script, transcript) sla_told((script), (transcript), __FILE__, __LINE__)
void sla_told(const char *script, const char *transcript, const char *file, int line);

#endif
