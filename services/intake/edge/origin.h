/*
 * Web pages, by their origin (RFC 6454): which may send forms, and where a form may lead a browser
 * when it is done. Nobody else's page is to become a door in either direction. The edge's routes
 * use this.
 */
#ifndef INTAKE_EDGE_ORIGIN_H
#define INTAKE_EDGE_ORIGIN_H

#include "common/conf.h"
#include "common/http.h"

/* Whether a page may have sent the request: it names no origin, its own host, or one of these. */
bool origin_may_send(const struct toc_http_request *request, const struct toc_conf_list *origins);

/* Whether a browser may be sent there: an absolute URL of one of these origins, written so that it
 * fits a header field and means no other host. "*" allows none. */
bool origin_may_follow(const char *url, const struct toc_conf_list *origins);

#endif
