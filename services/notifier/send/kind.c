#include "services/notifier/send/kind.h"

#include <jansson.h>

const struct method_kind *const method_kinds[] = {
    &method_log,  &method_webhook, &method_slack, &method_teams, &method_pagerduty,
    &method_ntfy, &method_email,   &method_exec,  NULL,
};

struct toc_str method_host(const struct method *method)
{
    if (method->mail != NULL)
        return toc_str_of(method->mail->url != NULL ? method->mail->url : "");
    if (method->url != NULL)
        return read_origin(toc_str_of(method->url));
    return toc_str_of(method->words[0] != NULL ? method->words[0] : "");
}

void method_doubt(struct toc_transfer_answer *answer, const char *text)
{
    answer->code = 0;
    answer->text = text;
}

bool method_body(json_t *body, struct outgoing *out)
{
    size_t size = 0;
    if (body != NULL)
        size = json_dumpb(body, out->body, sizeof(out->body), JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(body);
    out->request.body = toc_str(out->body, size);
    return size > 0 && size <= sizeof(out->body);
}
