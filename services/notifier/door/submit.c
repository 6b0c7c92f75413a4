#include "services/notifier/door/submit.h"

#include "common/exit_point.h"

#include <stdlib.h>
#include <sys/random.h>

#define WAITING_MAX 64
#define RECEIPT_MS  8000 /* without one until then, intake is not there */
#define EFFECT_MS   3000 /* from the receipt on */
#define EVENT_MAX   1024

struct submit {
    struct toc_link *link;
    toc_peer peer;
    struct toc_window *window;
    uint64_t tag, cookie;
    struct submission *first;
    size_t count;
    toc_time_ms now_ms; /* monotonic, of the last call */
};

/* --- the connection ----------------------------------------------------------------------- */

static void send_frames(struct submit *submit)
{
    struct toc_str frame;
    while (toc_window_next(submit->window, TOC_WINDOW_ANY, submit->now_ms, &frame) == TOC_OK)
        if (toc_link_send(submit->link, submit->peer, frame) != TOC_OK)
            toc_window_not_sent(submit->window, submit->now_ms);
}

static void on_frame(void *self, toc_peer peer, struct toc_str bytes)
{
    struct submit *submit = self;
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    (void)peer;
    while (toc_wire_next(&reader, &field) == TOC_OK)
        if (field.wire_type == 2 && field.number == TOCSIN__V1__FRAME__KIND_RECEIPT)
            toc_window_receipt(submit->window, field.bytes, submit->now_ms);
}

/* Whoever gave up is not there any more. What follows is told when the loop polls. */
static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct toc_client_receipt *receipt)
{
    struct submit *submit = arg;
    (void)event;
    TOC_EXIT_POINT("act_taken");
    for (struct submission *s = submit->first; s != NULL; s = s->next)
        if (s->cookie == cookie) {
            s->settled = true;
            s->receipt = *receipt;
            s->deadline_ms = submit->now_ms + EFFECT_MS;
        }
}

enum toc_err submit_new(struct toc_link *link, const char *endpoint, struct submit **out)
{
    struct submit *submit = calloc(1, sizeof(*submit));
    if (submit == NULL)
        return TOC_ERR_MEMORY;
    const struct toc_window_config config = {.batch_max = 1,
                                             .under_way_max = WAITING_MAX,
                                             .batches = 2 * WAITING_MAX,
                                             .tag = &submit->tag,
                                             .on_receipt = on_receipt,
                                             .arg = submit};
    submit->link = link;
    enum toc_err err = getrandom(&submit->tag, sizeof(submit->tag), 0) == sizeof(submit->tag)
                           ? TOC_OK
                           : TOC_ERR_IO;
    submit->tag >>= 16; /* room to count up */
    if (err == TOC_OK)
        err = toc_window_new(&config, &submit->window);
    if (err == TOC_OK)
        err = toc_link_connect(link, endpoint, &submit->peer);
    if (err < 0) {
        submit_free(submit);
        return err;
    }
    toc_link_aside(link, submit->peer, on_frame, submit);
    *out = submit;
    return TOC_OK;
}

void submit_free(struct submit *submit)
{
    if (submit == NULL)
        return;
    if (submit->peer != 0)
        toc_link_aside(submit->link, submit->peer, NULL, NULL);
    while (submit->first != NULL) {
        struct submission *next = submit->first->next;
        free(submit->first);
        submit->first = next;
    }
    toc_window_free(submit->window);
    free(submit);
}

/* --- publishing ----------------------------------------------------------------------------- */

enum toc_err submit_event(struct submit *submit, struct submission *submission,
                          Tocsin__V1__Event *event, toc_time_ms mono_ms)
{
    uint8_t bytes[EVENT_MAX];
    submit->now_ms = mono_ms;
    if (submit->count == WAITING_MAX)
        return TOC_ERR_AGAIN;
    event->id = submission->id;
    event->source = toc_wire_text(NOTIFIER_DOOR);
    if (tocsin__v1__event__get_packed_size(event) > sizeof(bytes))
        return TOC_ERR_LIMIT;
    size_t size = tocsin__v1__event__pack(event, bytes);
    TOC_TRY(toc_window_add(submit->window, toc_str(bytes, size), submit->cookie + 1));
    submission->cookie = ++submit->cookie;
    submission->settled = false;
    submission->deadline_ms = mono_ms + RECEIPT_MS;
    submission->next = submit->first;
    submit->first = submission;
    submit->count++;
    TOC_EXIT_POINT("act_pressed");
    send_frames(submit);
    TOC_EXIT_POINT("act_sent");
    return TOC_OK;
}

/* --- what became of it ---------------------------------------------------------------------- */

static bool is_over(const struct submission *s, toc_time_ms mono_ms, enum submit_end *out)
{
    bool late = mono_ms >= s->deadline_ms;
    if (!s->settled) {
        *out = SUBMIT_SILENT;
        return late;
    }
    bool refused = s->receipt.status == TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    bool used = refused && s->receipt.reason == TOCSIN__V1__REFUSE_REASON__REFUSE_CONFLICT;
    *out = used ? SUBMIT_USED : refused ? SUBMIT_REFUSED : SUBMIT_TAKEN;
    return late || *out == SUBMIT_REFUSED;
}

/* What was taken is another event than one of days ago with its id, which intake forgets first. */
static bool is_of(const Tocsin__V1__ActionSaid *said, const struct submission *s)
{
    return s->receipt.status == TOCSIN__V1__OUTCOME__STATUS__REFUSED ||
           (said->log_id == s->receipt.log_id && said->seq == s->receipt.seq);
}

void submit_poll(struct submit *submit, struct toc_txn *txn, struct toc_arena *arena,
                 toc_time_ms mono_ms)
{
    struct submission **at = &submit->first;
    submit->now_ms = mono_ms;
    send_frames(submit);
    while (*at != NULL) {
        struct submission *s = *at;
        Tocsin__V1__ActionSaid *said = NULL;
        enum submit_end end;
        toc_arena_reset(arena, 0);
        bool over = is_over(s, mono_ms, &end);
        if (notifier_said(txn, arena, s->id, &said) == TOC_OK && s->settled && is_of(said, s)) {
            over = true;
            end = SUBMIT_DONE;
        }
        if (!over) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        submit->count--;
        TOC_EXIT_POINT("act_told");
        s->told(s->self, s, end, end == SUBMIT_DONE ? said : NULL);
        free(s);
    }
}

bool submit_is_busy(const struct submit *submit)
{
    return submit->count > 0 || toc_window_pending(submit->window) > 0;
}
