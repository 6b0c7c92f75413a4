/*
 * Asking services how they are. Shared by `tocsin status`, `up` and the policy commands.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "services/cli/client.h"

/* One service's own words, unpacked; lives as long as the arena's content. */
TOC_MUST enum toc_err status_ask(struct client *client, struct toc_arena *arena,
                                 const char *service, Tocsin__V1__Status **out);

/* What keeps a service from being ready, "" when nothing does. `out` is returned. */
char *status_why_not(const Tocsin__V1__Status *status, char *out, size_t out_size);

/*
 * Waits until every one of `services` answers and is ready. CLI_FAILED, told with who is missing
 * and why, when the time is over or an interrupt came.
 */
int status_wait(struct client *client, const char *const services[], size_t count,
                toc_time_ms timeout_ms);

#endif
