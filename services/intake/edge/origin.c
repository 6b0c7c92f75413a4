#include "services/intake/edge/origin.h"

#define URL_MAX 300 /* bytes of a field of a response */

static bool is_own(const struct toc_http_request *request, struct toc_str origin)
{
    static const struct toc_str schemes[] = {{"https://", 8}, {"http://", 7}};
    struct toc_str host = toc_http_field(request, "host");
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (host.size > 0 && toc_str_starts(origin, schemes[i]) &&
            toc_str_equal(toc_str_from(origin, schemes[i].size), host))
            return true;
    return false;
}

bool origin_may_send(const struct toc_http_request *request, const struct toc_conf_list *origins)
{
    struct toc_str origin = toc_http_field(request, "origin");
    if (origin.data == NULL || is_own(request, origin))
        return true;
    for (size_t i = 0; i < origins->count; i++)
        if (strcmp(origins->values[i], "*") == 0 ||
            toc_str_equal(toc_str_of(origins->values[i]), origin))
            return true;
    return false;
}

/* What a browser would take for something else, a backslash for a slash, is none. */
static bool is_plain(const char *url)
{
    for (; *url != '\0'; url++)
        if (*url <= ' ' || *url > '~' || strchr("\\\"<>^`{|}", *url) != NULL)
            return false;
    return true;
}

bool origin_may_follow(const char *url, const struct toc_conf_list *origins)
{
    if (strlen(url) > URL_MAX || !is_plain(url))
        return false;
    for (size_t i = 0; i < origins->count; i++) {
        size_t size = strlen(origins->values[i]);
        if (strncmp(url, origins->values[i], size) == 0 && strchr("/?#", url[size]) != NULL)
            return strcmp(origins->values[i], "*") != 0;
    }
    return false;
}
