#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/openapi.h"

void edge_get_openapi(const struct edge_call *call)
{
    edge_answer_constant(call->exchange, REPLY_JSON_TYPE, openapi_text());
}

void edge_get_root(const struct edge_call *call)
{
    static const char text[] = "Tocsin takes issues here: POST /v1/issues with plain JSON, "
                               "/v1/events with CloudEvents 1.0, /v1/form from web pages.\n"
                               "The whole of it: /openapi.json\n";
    edge_answer_constant(call->exchange, NULL, TOC_STR(text));
}
