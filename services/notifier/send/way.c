#include "services/notifier/send/way.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define NO_METHOD 404 /* the page goes on with another */

/* --- what is sent ------------------------------------------------------------------------- */

static void write_link(const char *base, const Tocsin__V1__Alert *alert, char *out, size_t size)
{
    char id[2 * TOC_ID + 1];
    if (base == NULL || alert->id.len != TOC_ID)
        return;
    toc_hex(id, alert->id.data, TOC_ID);
    snprintf(out, size, "%s%s", base, id);
}

void way_prepare(struct way_page *out, const struct contacts *contacts, const uint8_t *key,
                 const struct notifier_page *page, toc_time_ms now_ms)
{
    const char *person = page->page->contact;
    const struct contact *contact = contacts != NULL ? contacts_find(contacts, person) : NULL;
    const struct method *method = contacts_method(contacts, person, page->page->method);
    memset(out, 0, sizeof(*out));
    payload_code(page, key, out->code);
    if (contacts != NULL)
        write_link(contacts->link, page->alert, out->link, sizeof(out->link));
    if (method == NULL || !method->shared) /* or whoever reads there would answer as the person */
        link_url(page, out->ack_link);
    out->leaving = (struct leaving){
        .method = method,
        .page = page,
        .key = key,
        .link = out->link[0] != '\0' ? out->link : out->ack_link,
        .ack_link = out->ack_link,
        .now_ms = now_ms,
        .text = {.page = page,
                 .language = contact != NULL ? contact->language : text_english(),
                 .zone = contact != NULL ? contact->zone : NULL,
                 .now_ms = now_ms,
                 .code = out->code,
                 .ack_link = out->ack_link[0] != '\0' ? out->ack_link : out->link,
                 .sop_url = contacts != NULL && contacts->sop != NULL ? contacts->sop : ""}};
}

/* --- transports --------------------------------------------------------------------------- */

static const char no_memory[] = "no memory to send with";

/* Never waits for a terminal that is stopped or a reader that sleeps: real pages go on. */
static bool print_line(const struct leaving *leaving)
{
    char line[PAYLOAD_LINE_MAX];
    struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
    size_t size =
        payload_line(leaving->page, leaving->key, leaving->ack_link, leaving->now_ms, line);
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
        return false;
    return write(STDOUT_FILENO, line, size) == (ssize_t)size;
}

static bool fail(struct toc_transfer_answer *answer, const char *why)
{
    *answer = (struct toc_transfer_answer){.text = why};
    return false;
}

static bool print(const struct leaving *leaving, struct toc_transfer_answer *answer)
{
    if (!print_line(leaving))
        return fail(answer, "standard output takes nothing");
    *answer = (struct toc_transfer_answer){.code = 200, .text = "printed"};
    return false;
}

static bool post(struct way_transports *transports, const struct leaving *leaving, void *tag,
                 struct flight *flight, struct toc_transfer_answer *answer)
{
    struct outgoing *out = &transports->outgoing;
    out->lines[0] = out->line;
    out->request = (struct toc_transfer_request){.url = leaving->method->url,
                                                 .lines = out->lines,
                                                 .whole_ms = (long)leaving->page->page->cut_ms};
    if (leaving->method->kind->request(leaving, out))
        flight->transfer = toc_transfers_start(transports->http, &out->request, tag);
    return flight->transfer != NULL || fail(answer, no_memory);
}

static bool mail(struct way_transports *transports, const struct leaving *leaving, void *tag,
                 struct flight *flight, struct toc_transfer_answer *answer)
{
    const struct mail_server *server = leaving->method->mail;
    struct outgoing *out = &transports->outgoing;
    if (leaving->method->kind->request(leaving, out)) {
        const struct toc_mail_request request = {.url = server->url,
                                                 .from = server->from,
                                                 .to = leaving->method->to,
                                                 .user = server->user,
                                                 .password = server->password,
                                                 .envelope = leaving->page->page->delivery,
                                                 .plain = server->plain,
                                                 .whole_ms = (long)leaving->page->page->cut_ms,
                                                 .message = out->request.body};
        flight->mail = toc_mails_start(transports->mails, &request, tag);
    }
    return flight->mail != NULL || fail(answer, no_memory);
}

static bool spawn(struct way_transports *transports, const struct leaving *leaving, void *tag,
                  struct toc_transfer_answer *answer)
{
    struct outgoing *out = &transports->outgoing;
    if (!leaving->method->kind->request(leaving, out))
        return fail(answer, no_memory);
    const struct toc_spawn_request request = {.words = leaving->method->words,
                                              .whole_ms = leaving->page->page->cut_ms,
                                              .input = out->request.body};
    const char *why = toc_spawns_start(transports->programs, &request, tag);
    return why == NULL || fail(answer, why);
}

bool way_send(struct way_transports *transports, const struct leaving *leaving, void *tag,
              struct flight *flight, struct toc_transfer_answer *answer)
{
    *flight = (struct flight){NULL, NULL};
    if (toc_program_event_clock()) {
        *answer = (struct toc_transfer_answer){.code = 200, .text = "held: event clock"};
        return false;
    }
    if (leaving->method == NULL) {
        *answer = (struct toc_transfer_answer){.code = NO_METHOD, .text = "no such method"};
        return false;
    }
    switch (leaving->method->kind->transport) {
    case METHOD_POSTED:
        return post(transports, leaving, tag, flight, answer);
    case METHOD_SPAWNED:
        return spawn(transports, leaving, tag, answer);
    case METHOD_MAILED:
        return mail(transports, leaving, tag, flight, answer);
    case METHOD_PRINTED:
        break;
    }
    return print(leaving, answer);
}

bool way_is_out(const struct flight *flight)
{
    if (flight->mail != NULL)
        return toc_mail_is_out(flight->mail);
    return flight->transfer == NULL || toc_transfer_is_written(flight->transfer);
}

bool way_call_off(const struct flight *flight)
{
    if (flight->mail != NULL)
        return toc_mail_call_off(flight->mail);
    if (way_is_out(flight))
        return false;
    toc_transfer_cancel(flight->transfer);
    return true;
}

void way_close(struct way_transports *transports)
{
    toc_transfers_close(transports->http);
    toc_spawns_close(transports->programs);
    toc_mails_close(transports->mails);
}
