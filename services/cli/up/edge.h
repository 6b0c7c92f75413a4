/* The HTTP edge of `tocsin up`: the first token, and a curl command to paste. */
#ifndef CLI_UP_EDGE_H
#define CLI_UP_EDGE_H

#include "services/cli/client.h"

/*
 * Shows how to publish over HTTP at `address`. Where no token is defined and the address is a
 * loopback one, makes one for the source "demo"; elsewhere says how one is made. CLI_FAILED, told,
 * when intake does not answer.
 */
int up_tell_http(struct client *client, const char *address);

#endif
