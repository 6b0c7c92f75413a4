#include "services/notifier/send/way.h"

#include <poll.h>
#include <unistd.h>

typedef struct toc_transfer *send_page(struct way_transports *transports,
                                       const struct way_page *page,
                                       struct toc_transfer_answer *answer);

/* Never waits for a terminal that is stopped or a reader that sleeps: real pages go on. */
static bool print_line(const struct notifier_page *page, toc_time_ms now_ms)
{
    char line[PAYLOAD_LINE_MAX];
    struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
    size_t size = payload_line(page, now_ms, line);
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
        return false;
    return write(STDOUT_FILENO, line, size) == (ssize_t)size;
}

static struct toc_transfer *print_page(struct way_transports *transports,
                                       const struct way_page *page,
                                       struct toc_transfer_answer *answer)
{
    (void)transports;
    if (print_line(page->page, page->now.wall_ms))
        *answer = (struct toc_transfer_answer){.code = 200, .text = "printed"};
    else
        *answer = (struct toc_transfer_answer){.text = "standard output takes nothing"};
    return NULL;
}

static struct toc_transfer *post_page(struct way_transports *transports,
                                      const struct way_page *page,
                                      struct toc_transfer_answer *answer)
{
    const struct contact *contact = page->contact;
    char signature[TOC_WEBHOOK_SIGNATURE_MAX];
    struct toc_transfer_request request = {.url = contact->url,
                                           .id = page->page->page->delivery,
                                           .timestamp_s = page->now.wall_ms / TOC_SECOND_MS,
                                           .signature = signature};
    request.body = toc_str(transports->body, payload_json(page->page, transports->body));
    toc_webhook_sign(contact->secrets, contact->secret_count, toc_str_of(request.id),
                     request.timestamp_s, request.body, signature);
    struct toc_transfer *transfer = toc_transfers_start(transports->http, &request, page->tag);
    if (transfer == NULL)
        *answer = (struct toc_transfer_answer){.text = "no memory to send with"};
    return transfer;
}

struct toc_transfer *way_send(struct way_transports *transports, const struct way_page *page,
                              struct toc_transfer_answer *answer)
{
    static send_page *const ways[] = {[CONTACT_LOG] = print_page, [CONTACT_WEBHOOK] = post_page};
    if (toc_program_event_clock()) {
        *answer = (struct toc_transfer_answer){.code = 200, .text = "held: event clock"};
        return NULL;
    }
    return ways[page->contact->kind](transports, page, answer);
}
