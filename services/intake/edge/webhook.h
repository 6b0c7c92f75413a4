/* A request at /v1/connect/NAME as packed Events: verified, and mapped by its connector. */
#ifndef INTAKE_EDGE_WEBHOOK_H
#define INTAKE_EDGE_WEBHOOK_H

#include "services/intake/connect/connect.h"
#include "services/intake/edge/cloudevents.h"

/*
 * Reads a request, which has been verified; everything lives in `pool`. 0, or the HTTP status that
 * answers the whole with the text for a person in `why`: 400, 413, 503. `scratch` is emptied.
 */
int webhook_read(const struct connector *connector, struct toc_pool *pool,
                 struct toc_arena *scratch, const struct toc_http_request *request,
                 toc_time_ms wall_ms, cloudevents_judge *judge, void *self, struct cloudevents *out,
                 char why[TOC_EVENT_JSON_ERROR_MAX]);

#endif
