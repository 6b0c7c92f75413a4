/* A request at /v1/connect/NAME as packed Events: verified, and mapped by its connector. */
#ifndef INTAKE_EDGE_WEBHOOK_H
#define INTAKE_EDGE_WEBHOOK_H

#include "services/intake/connect/connect.h"
#include "services/intake/edge/cloudevents.h"

/* Reads a request, which has been verified, as cloudevents_read does: 0, or 400, 413, 503. */
int webhook_read(const struct cloudevents_reader *reader, const struct connector *connector,
                 const struct toc_http_request *request, toc_time_ms wall_ms);

#endif
