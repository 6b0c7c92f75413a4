/* Standard Webhooks (standardwebhooks.com): the page as JSON, signed with every secret. */
#include "services/notifier/send/kind.h"

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    static const char *const keys[] = {"url", "secret_file", NULL};
    if (!read_keys(r, node, "'webhook'", keys))
        return;
    const struct toc_yaml *url = read_needed(r, node, "'webhook'", "url");
    const struct toc_yaml *secrets = read_needed(r, node, "'webhook'", "secret_file");
    if (url == NULL || secrets == NULL)
        return;
    out->url = read_url(r, url, "url");
    out->secret_count = read_signing_secrets(r, secrets, "secret_file", out->secrets);
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    const struct method *method = leaving->method;
    struct toc_transfer_request *request = &out->request;
    request->id = leaving->page->page->delivery;
    request->timestamp_s = leaving->now_ms / TOC_SECOND_MS;
    request->body =
        toc_str(out->body, payload_json(leaving->page, leaving->key, leaving->ack_link, out->body));
    request->signature = out->signature;
    toc_webhook_sign(method->secrets, method->secret_count, toc_str_of(request->id),
                     request->timestamp_s, request->body, out->signature);
    return true;
}

const struct method_kind method_webhook = {
    .key = "webhook", .transport = METHOD_POSTED, .read = read, .request = request};
