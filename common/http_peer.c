#include "common/http_peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

/* Takes the last X-Forwarded-For off what is left of the fields; false when there is none. */
static bool take_line(struct toc_str *fields, struct toc_str *out)
{
    static const char wanted[] = "x-forwarded-for";
    struct toc_str rest = *fields, name, value;
    const char *at = rest.data, *found = NULL;
    for (; toc_http_next_field(&rest, &name, &value); at = rest.data) {
        if (name.size != sizeof(wanted) - 1 || strncasecmp(name.data, wanted, name.size) != 0)
            continue;
        found = at;
        *out = value;
    }
    if (found != NULL)
        fields->size = (size_t)(found - fields->data);
    return found != NULL;
}

/* Takes what stands after the last comma off a line, and the comma. */
static struct toc_str take_last(struct toc_str *line)
{
    size_t at = line->size;
    while (at > 0 && line->data[at - 1] != ',')
        at--;
    struct toc_str last = toc_str_from(*line, at);
    line->size = at > 0 ? at - 1 : 0;
    while (last.size > 0 && (last.data[0] == ' ' || last.data[0] == '\t'))
        last = toc_str_from(last, 1);
    while (last.size > 0 && (last.data[last.size - 1] == ' ' || last.data[last.size - 1] == '\t'))
        last.size--;
    return last;
}

static void read_address(struct toc_str text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    struct toc_network network;
    memset(out, 0, 16);
    if (text.size >= sizeof(copy) || (text.size > 0 && memchr(text.data, '/', text.size) != NULL))
        return;
    toc_str_copy(copy, sizeof(copy), text);
    if (toc_network_read(copy, &network))
        memcpy(out, network.address, 16);
}

enum toc_err toc_http_read_proxies(const char *option, const struct toc_conf_list *values,
                                   struct toc_http_proxies *out)
{
    out->count = values->count;
    for (size_t i = 0; i < values->count; i++)
        if (!toc_network_read(values->values[i], &out->networks[i])) {
            fprintf(stderr, "%s: '%s' is no address, as 10.1.0.0/16\n", option, values->values[i]);
            return TOC_ERR_CONFIG;
        }
    return TOC_OK;
}

void toc_http_peer(const struct toc_http_proxies *proxies, const struct toc_http_request *request,
                   uint8_t out[16])
{
    struct toc_str fields = request->fields, line = {NULL, 0};
    memcpy(out, request->peer, 16);
    while (toc_network_is_within(proxies->networks, proxies->count, out) &&
           (line.size > 0 || take_line(&fields, &line)))
        read_address(take_last(&line), out);
}
