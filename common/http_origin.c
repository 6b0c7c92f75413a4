#include "common/http_internal.h"

#define ORIGIN_MAX 200 /* bytes */

static bool is_origin(const char *text)
{
    static const struct toc_str schemes[] = {{"https://", 8}, {"http://", 7}};
    struct toc_str origin = toc_str_of(text), host = {NULL, 0};
    if (strcmp(text, "*") == 0)
        return true;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && host.size == 0; i++)
        if (toc_str_starts(origin, schemes[i]))
            host = toc_str_from(origin, schemes[i].size);
    for (size_t i = 0; i < host.size; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-.:[]", host.data[i]) == NULL)
            return false;
    return host.size > 0 && origin.size <= ORIGIN_MAX;
}

const char *toc_http_wrong_origin(const char *const *origins, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_origin(origins[i]))
            return origins[i];
    return NULL;
}

const char *toc_http_origin_of(const struct toc_http_config *config, struct toc_str fields)
{
    const struct toc_http_request request = {.fields = fields};
    struct toc_str origin = toc_http_field(&request, "origin");
    for (size_t i = 0; origin.size > 0 && i < config->origin_count; i++)
        if (strcmp(config->origins[i], "*") == 0 ||
            toc_str_equal(toc_str_of(config->origins[i]), origin))
            return config->origins[i];
    return NULL;
}

bool toc_http_is_preflight(const struct toc_http_head *head)
{
    const struct toc_http_request request = {.fields = head->fields};
    return toc_str_equal(head->method, TOC_STR("OPTIONS")) &&
           toc_http_field(&request, "access-control-request-method").size > 0;
}

/* "*" covers what else a page may send, but not Authorization. */
const struct toc_http_response toc_http_preflight_answer = {
    .status = 200,
    .fields =
        (const struct toc_http_field[]){
            {"Access-Control-Allow-Methods", "GET, POST, DELETE"},
            {"Access-Control-Allow-Headers", "Authorization, Content-Type, *"},
            {"Access-Control-Max-Age", "7200"},
        },
    .field_count = 3,
};
