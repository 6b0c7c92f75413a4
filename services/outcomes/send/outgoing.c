#include "services/outcomes/send/outgoing.h"

#include "common/hash.h"

static uint64_t hash_of(struct toc_str url, struct toc_str body)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256_pair(hash, url, body);
    return toc_get_u64be(hash);
}

static const char *make_back(struct outgoing *out, const struct receiver *receiver,
                             const Tocsin__V1__Record *record,
                             const Tocsin__V1__IssueOutcome *outcome)
{
    const char *wrong =
        back_make(receiver->back, receiver->url, receiver->auth, record, outcome, &out->back);
    if (wrong != NULL)
        return wrong;
    for (size_t i = 0; i < out->back.line_count; i++)
        out->lines[i] = out->back.lines[i];
    out->request.url = out->back.url;
    out->request.method = out->back.method;
    out->request.lines = out->lines;
    out->request.line_count = out->back.line_count;
    out->request.body = toc_str(out->back.body, out->back.body_size);
    out->hash = hash_of(toc_str_of(out->back.url), out->request.body);
    return NULL;
}

static const char *make_event(struct outgoing *out, const struct receiver *receiver,
                              uint64_t log_id, const Tocsin__V1__Record *record,
                              const Tocsin__V1__IssueOutcome *outcome)
{
    out->request.url = receiver->url;
    out->request.content_type = "application/cloudevents+json; charset=utf-8";
    out->request.body = toc_str(out->body, body_make(log_id, record, outcome, out->body));
    return out->request.body.size > 0 ? NULL : "no memory to send with";
}

const char *outgoing_make(struct outgoing *out, const struct receiver *receiver, uint64_t log_id,
                          const Tocsin__V1__Record *record, const Tocsin__V1__IssueOutcome *outcome,
                          int64_t now_s)
{
    out->request = (struct toc_transfer_request){.timestamp_s = now_s};
    const char *wrong = receiver->back != NULL ? make_back(out, receiver, record, outcome)
                                               : make_event(out, receiver, log_id, record, outcome);
    if (wrong != NULL || receiver->secret_count == 0)
        return wrong;
    body_id(log_id, record->seq, out->id);
    out->request.id = out->id;
    out->request.signature = out->signature;
    toc_webhook_sign(receiver->secrets, receiver->secret_count, toc_str_of(out->id), now_s,
                     out->request.body, out->signature);
    return NULL;
}

void outgoing_ask(struct outgoing *out, const struct receiver *receiver)
{
    out->lines[0] = "WebHook-Request-Origin: " OUTGOING_ORIGIN;
    out->request = (struct toc_transfer_request){.url = receiver->url,
                                                 .method = "OPTIONS",
                                                 .lines = out->lines,
                                                 .line_count = 1,
                                                 .wanted = "webhook-allowed-origin:"};
}
