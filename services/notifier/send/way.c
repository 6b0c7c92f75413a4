#include "services/notifier/send/way.h"

#include <poll.h>
#include <unistd.h>

#define NO_METHOD 404 /* the page goes on with another */

typedef struct toc_transfer *send_page(struct way_transports *transports,
                                       const struct way_page *page,
                                       struct toc_transfer_answer *answer);

/* Never waits for a terminal that is stopped or a reader that sleeps: real pages go on. */
static bool print_line(const struct notifier_page *page, const uint8_t *key, toc_time_ms now_ms)
{
    char line[PAYLOAD_LINE_MAX];
    struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
    size_t size = payload_line(page, key, now_ms, line);
    if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
        return false;
    return write(STDOUT_FILENO, line, size) == (ssize_t)size;
}

static struct toc_transfer *print_page(struct way_transports *transports,
                                       const struct way_page *page,
                                       struct toc_transfer_answer *answer)
{
    if (print_line(page->page, transports->key, page->now.wall_ms))
        *answer = (struct toc_transfer_answer){.code = 200, .text = "printed"};
    else
        *answer = (struct toc_transfer_answer){.text = "standard output takes nothing"};
    return NULL;
}

static struct toc_transfer *post_page(struct way_transports *transports,
                                      const struct way_page *page,
                                      struct toc_transfer_answer *answer)
{
    const struct method *method = page->method;
    char signature[TOC_WEBHOOK_SIGNATURE_MAX];
    struct toc_transfer_request request = {.url = method->url,
                                           .id = page->page->page->delivery,
                                           .whole_ms = (long)page->page->page->cut_ms,
                                           .timestamp_s = page->now.wall_ms / TOC_SECOND_MS,
                                           .signature = signature};
    request.body =
        toc_str(transports->body, payload_json(page->page, transports->key, transports->body));
    toc_webhook_sign(method->secrets, method->secret_count, toc_str_of(request.id),
                     request.timestamp_s, request.body, signature);
    struct toc_transfer *transfer = toc_transfers_start(transports->http, &request, page->tag);
    if (transfer == NULL)
        *answer = (struct toc_transfer_answer){.text = "no memory to send with"};
    return transfer;
}

struct toc_transfer *way_send(struct way_transports *transports, const struct way_page *page,
                              struct toc_transfer_answer *answer)
{
    static send_page *const ways[] = {[METHOD_LOG] = print_page, [METHOD_WEBHOOK] = post_page};
    if (toc_program_event_clock()) {
        *answer = (struct toc_transfer_answer){.code = 200, .text = "held: event clock"};
        return NULL;
    }
    if (page->method == NULL) {
        *answer = (struct toc_transfer_answer){.code = NO_METHOD, .text = "no such method"};
        return NULL;
    }
    return ways[method_kind(page->method)](transports, page, answer);
}
