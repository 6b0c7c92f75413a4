/*
 * POST /v1/form: a web form, from a browser or from a server that passes one on. Who may send it is
 * said by a token or grant in the header, or by a grant in a hidden field; a page cannot keep a
 * token.
 */
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/form.h"
#include "services/intake/edge/json_memory.h"
#include "services/intake/edge/origin.h"
#include "services/intake/edge/page.h"
#include "services/intake/edge/plain.h"

#include <stdio.h>

#define KEY_BYTES  12 /* of an id: in digits it is no issue's id */
#define GRANT_HEAD "Bearer "

/* --- answers ---------------------------------------------------------------------------------- */

static void answer_page(const struct edge_pending *pending, const struct reply_item *item)
{
    char seconds[24];
    const struct toc_http_field fields[] = {
        {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
        {"Retry-After", seconds}};
    struct toc_http_response response = {
        .status = item->status, .content_type = PAGE_TYPE, .fields = fields, .field_count = 1};
    bool later = item->status == 429 || item->status == 503;
    response.field_count += later;
    snprintf(seconds, sizeof(seconds), "%lld", (long long)edge_retry_seconds(pending->wait_ms));
    response.body = item->status < 300
                        ? page_thanks(item->ref, &response.body_size)
                        : page_problem(item->status, item->detail, &response.body_size);
    toc_http_respond(pending->exchange, &response);
}

static void answer_redirect(const struct edge_pending *pending)
{
    const struct toc_http_field location = {"Location", pending->redirect};
    const struct toc_http_response response = {
        .status = 303, .fields = &location, .field_count = 1};
    toc_http_respond(pending->exchange, &response);
}

/* A browser gets a page, or is led on; a script gets what every route says. */
static void tell(const struct edge_pending *pending, int status, const char *why,
                 const Tocsin__V1__Receipt *receipt)
{
    struct reply_item item = {.status = status, .detail = why};
    if (!pending->shows_page) {
        edge_tell(pending, status, why, receipt);
        return;
    }
    if (status == 0)
        item = edge_item_of(&pending->events, receipt);
    if (item.status < 300 && pending->redirect != NULL)
        answer_redirect(pending);
    else
        answer_page(pending, &item);
}

/* --- one form --------------------------------------------------------------------------------- */

struct forming {
    const struct edge_call *call;
    struct edge_pending *pending;
    struct toc_str authorization; /* of the header, or made of the grant in the form */
    struct access_right right;
    struct form form;
    char *why; /* TOC_EVENT_JSON_ERROR_MAX bytes */
};

static int refuse(struct forming *f, int status, const char *why)
{
    snprintf(f->why, TOC_EVENT_JSON_ERROR_MAX, "%s", why);
    return status;
}

/* What holds for every form, known from its header. */
static const char *judge_sender(const struct edge_call *call)
{
    return origin_may_send(call->request, &call->edge->config->origins)
               ? NULL
               : "the page is from an origin that --http-origin does not name";
}

static int find_right(struct forming *f)
{
    struct edge_refusal refusal;
    if (edge_look_for_right(f->call, f->authorization, &f->right, &refusal))
        return 0;
    f->pending->wait_ms = refusal.wait_ms;
    return refuse(f, refusal.status, refusal.why);
}

/* The grant of a hidden field, as if it stood in the header. */
static int take_grant(struct forming *f)
{
    const char *grant = f->form.grant;
    if (grant == NULL)
        return refuse(f, 401, "_grant: a hidden field of the form has to hold a grant, toc1.…");
    if (!grant_is_one(toc_str_of(grant)))
        return refuse(f, 401, "_grant: no grant; a token has no place in a page");
    size_t size = strlen(GRANT_HEAD) + strlen(grant);
    char *text = toc_pool_take(&f->pending->pool, size + 1);
    if (text == NULL)
        return refuse(f, 503, "out of memory");
    (void)sprintf(text, GRANT_HEAD "%s", grant);
    f->authorization = toc_str(text, size);
    return find_right(f);
}

/*
 * The same words from the same page have the same id, so a double click is one event. What says
 * which page it was is a number drawn for it, in the grant or beside the words. A token, and a
 * grant without one, are many people's, and two of them may say the same at once: then nothing
 * tells a repeat, and a report too many is better than one that is lost.
 */
static bool names_its_page(const struct forming *f)
{
    return f->right.one_page || f->form.once;
}

static struct toc_str make_key(struct forming *f, char out[2 * KEY_BYTES + 1])
{
    uint8_t text[2 * TOC_SHA256], mac[TOC_SHA256];
    toc_sha256(text, f->authorization);
    memcpy(text + TOC_SHA256, f->form.digest, TOC_SHA256);
    toc_hmac_sha256(mac, toc_str(f->call->edge->config->issue_key, 32),
                    toc_str(text, sizeof(text)));
    toc_hex(out, mac, KEY_BYTES);
    return toc_str(out, 2 * KEY_BYTES);
}

/* People do not see the field that is filled: what came is kept apart, and nobody is told so. */
static void judge(void *self, struct toc_arena *arena, struct cloudevent *item)
{
    struct forming *f = self;
    struct edge_judging judging = {f->pending, &f->right};
    edge_judge(&judging, arena, item);
    if (item->problem == NULL && f->form.trapped) {
        item->reason = EDGE_HONEYPOT;
        item->unsaid = true;
    }
}

/* False without memory. */
static bool attach(struct forming *f)
{
    struct admit_attachment *files =
        toc_pool_array(&f->pending->pool, f->form.file_count + 1, sizeof(*files));
    if (files == NULL)
        return false;
    for (size_t i = 0; i < f->form.file_count; i++)
        files[i] = (struct admit_attachment){.class = VAULT_ATTACHMENT,
                                             .name = f->form.files[i].name,
                                             .bytes = f->form.files[i].bytes};
    f->pending->files = files;
    f->pending->file_count = f->form.file_count;
    return true;
}

static int make_event(struct forming *f)
{
    char key[2 * KEY_BYTES + 1];
    struct plain_target target = {.source = f->right.source,
                                  .key = plain_key(f->call->request),
                                  .channel = "web",
                                  .has_files = f->form.file_count > 0};
    const struct cloudevents_reader reader = edge_reader(f->pending, judge, f, f->why);
    if (!attach(f))
        return refuse(f, 503, "out of memory");
    if (target.key.size == 0 && json_object_get(f->form.members, "id") == NULL && names_its_page(f))
        target.key = make_key(f, key);
    return plain_read_members(&reader, f->form.members, &target);
}

static int judge_form(struct forming *f)
{
    const char *redirect = f->form.redirect;
    if (redirect != NULL && !origin_may_follow(redirect, &f->call->edge->config->redirects) &&
        !origin_may_follow(redirect, &f->call->edge->config->origins))
        return refuse(f, 400, "_redirect: to no origin that --form-redirect names");
    if (json_object_size(f->form.members) == 0 && f->form.file_count == 0)
        return refuse(f, 400, "nothing is filled in");
    f->pending->redirect = redirect;
    return 0;
}

static int read_form(struct forming *f)
{
    char why[FORM_WHY_MAX];
    int status = form_read(&f->pending->pool, f->call->request, f->call->edge->config->honeypot,
                           &f->form, why);
    if (status != 0)
        return refuse(f, status, why);
    if (f->authorization.size == 0)
        status = take_grant(f);
    if (status == 0)
        status = judge_form(f);
    if (status == 0) {
        access_take(&f->right, 1);
        status = make_event(f);
    }
    json_decref(f->form.members);
    return status;
}

void edge_post_form(const struct edge_call *call)
{
    char why[TOC_EVENT_JSON_ERROR_MAX];
    struct toc_str accept = toc_http_field(call->request, "accept");
    struct forming f = {.call = call, .pending = edge_begin(call), .why = why};
    if (f.pending == NULL)
        return;
    const char *foreign = judge_sender(call);
    int status = foreign != NULL ? refuse(&f, 403, foreign) : 0;
    f.pending->tell = tell;
    f.pending->shows_page = page_is_wanted(accept.data, accept.size);
    f.authorization = toc_http_field(call->request, "authorization");
    if (status == 0 && f.authorization.size > 0)
        status = find_right(&f);
    if (status == 0)
        status = read_form(&f);
    if (json_memory_ended())
        status = refuse(&f, 413, "the form is too large");
    json_memory_empty();
    edge_settle(call->edge, f.pending, status, why);
}

enum edge_body edge_wants_form(const struct edge_call *call)
{
    if (judge_sender(call) != NULL || !form_is_one(call->request))
        return EDGE_UNWANTED;
    return toc_http_field(call->request, "authorization").size == 0 ? EDGE_FROM_STRANGER
                                                                    : edge_wants_rightful(call);
}
