/* The edge's interface as OpenAPI 3.1, embedded from openapi.json beside this file. */
#ifndef INTAKE_EDGE_OPENAPI_H
#define INTAKE_EDGE_OPENAPI_H

#include "common/str.h"

/* Constant for the program's life. */
struct toc_str openapi_text(void);

#endif
