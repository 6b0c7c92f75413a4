#include "tests/bench/bench_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#define STALLED_S 30.0

_Noreturn void bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

double bench_percentile(const double *sorted, size_t count, double percent)
{
    if (count == 0)
        return 0;
    size_t at = (size_t)((double)(count - 1) * percent / 100);
    return sorted[at];
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* --- events ------------------------------------------------------------------------------- */

enum kind { KIND_OPENED, KIND_MESSAGE };

static size_t pack_event(uint8_t *out, const struct bench_options *options, enum kind kind,
                         uint64_t number, uint64_t issue)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueOpened opened = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    char id[64], subject[64], category[24], pad[256];
    snprintf(id, sizeof(id), "%s-%c%llu", options->run, kind == KIND_OPENED ? 'o' : 'm',
             (unsigned long long)number);
    snprintf(subject, sizeof(subject), "%s-%llu", options->run, (unsigned long long)issue);
    event.id = id;
    event.source = toc_wire_text("tocsin:bench");
    event.subject = subject;
    memset(pad, 'x', sizeof(pad));
    if (kind == KIND_OPENED) {
        event.type = toc_wire_text("tocsin.issue.opened");
        event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
        event.issue_opened = &opened;
        opened.channel = toc_wire_text("in_app");
        opened.language = toc_wire_text("en");
        if (options->spread != 0)
            snprintf(category, sizeof(category), "c-%u", (unsigned)(issue % options->spread));
        opened.category = toc_wire_text(options->spread != 0 ? category : "billing");
        opened.requester = pad;
        if (options->critical)
            opened.risk = TOCSIN__V1__RISK__RISK_CRITICAL;
    } else {
        event.type = toc_wire_text("tocsin.issue.message");
        event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
        event.issue_message = &message;
        message.direction = number % 2 ? TOCSIN__V1__DIRECTION__DIRECTION_INBOUND
                                       : TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
        message.agent = pad;
    }
    pad[0] = '\0';
    size_t bare = tocsin__v1__event__get_packed_size(&event);
    size_t wanted = options->bytes > bare + 4 ? options->bytes - bare - 4 : 0;
    if (wanted > 190)
        wanted = 190; /* intake's limit for a text is 200 */
    memset(pad, 'x', wanted);
    pad[wanted] = '\0';
    return tocsin__v1__event__pack(&event, out);
}

static size_t pack_frame(uint8_t *out, const struct bench_options *options, uint64_t tag,
                         enum kind kind, uint64_t first)
{
    static uint8_t events[TOC_FRAME_MAX];
    uint8_t event[TOC_EVENT_MAX], *end = events;
    end = toc_wire_put_varint(end, 1, tag);
    for (unsigned i = 0; i < options->batch; i++) {
        uint64_t number = first + i;
        uint64_t issue = options->issues != 0 ? number % options->issues : number;
        size_t size = pack_event(event, options, kind, number, issue);
        end = toc_wire_put_bytes(end, 2, toc_str(event, size));
    }
    uint8_t *at = toc_wire_put_varint(out, 1, TOC_WIRE_VERSION);
    at = toc_wire_put_bytes(at, TOCSIN__V1__FRAME__KIND_PUBLISH,
                            toc_str(events, (size_t)(end - events)));
    return (size_t)(at - out);
}

/* --- publishing --------------------------------------------------------------------------- */

struct flight {
    uint64_t sent, acknowledged; /* frames */
    double sent_at[4096];        /* by tag */
};

static uint64_t receipt_tag(struct toc_str frame)
{
    static struct toc_arena arena;
    Tocsin__V1__Frame *message;
    if (arena.base == NULL && toc_arena_init(&arena, 4 * TOC_FRAME_MAX) < 0)
        bench_fail("no memory");
    toc_arena_reset(&arena, 0);
    if (toc_wire_unpack(&arena, &tocsin__v1__frame__descriptor, frame, &message) < 0)
        bench_fail("a frame cannot be read");
    if (message->kind_case != TOCSIN__V1__FRAME__KIND_RECEIPT)
        bench_fail("refused: %s", message->kind_case == TOCSIN__V1__FRAME__KIND_REFUSE
                                      ? message->refuse->detail
                                      : "another frame than a receipt came");
    for (size_t i = 0; i < message->receipt->n_outcomes; i++)
        if (message->receipt->outcomes[i]->status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
            bench_fail("event refused: %s", message->receipt->outcomes[i]->detail);
    return message->receipt->tag;
}

static void take_receipts(struct toc_link *link, struct flight *flight, struct bench_result *out)
{
    struct toc_str frame;
    toc_peer peer;
    while (toc_link_receive(link, &peer, &frame) == TOC_OK) {
        uint64_t tag = receipt_tag(frame);
        flight->acknowledged++;
        if (out->samples < SAMPLES_MAX)
            out->latency_ms[out->samples++] = (bench_now() - flight->sent_at[tag % 4096]) * 1e3;
    }
}

/* A paced load sleeps between its frames: one that spins takes a core from what it measures. */
static void wait_a_little(struct toc_link *link, bool paced)
{
    const struct timespec pause = {.tv_nsec = 20000};
    if (paced)
        nanosleep(&pause, NULL);
    else
        toc_link_wait(link, 1);
}

static void run_frames(struct toc_link *link, const struct bench_options *options, enum kind kind,
                       uint64_t frames_max, struct bench_result *out)
{
    static uint8_t frame[TOC_FRAME_MAX];
    static struct flight flight;
    double start = bench_now(), progressed = start, now;
    memset(&flight, 0, sizeof(flight));
    prctl(PR_SET_TIMERSLACK, 1UL); /* short sleeps are meant */
    out->began_ms = bench_wall_ms();
    size_t size = pack_frame(frame, options, 0, kind, 0);
    bool more = true;
    do {
        now = bench_now();
        more = flight.sent < frames_max && now - start < options->seconds;
        bool paced = options->rate > 0 && now - start < (double)flight.sent / options->rate;
        bool room = flight.sent - flight.acknowledged < options->window;
        if (more && room && !paced) {
            if (toc_link_send(link, 1, toc_str(frame, size)) == TOC_OK) {
                flight.sent_at[flight.sent++ % 4096] = now;
                size = pack_frame(frame, options, flight.sent, kind, flight.sent * options->batch);
            }
        } else {
            wait_a_little(link, paced);
        }
        uint64_t before = flight.acknowledged;
        take_receipts(link, &flight, out);
        if (flight.acknowledged != before || paced)
            progressed = now;
        if (now - progressed > STALLED_S)
            bench_fail("no receipt for %.0f s", STALLED_S);
    } while (more || flight.acknowledged < flight.sent);
    out->events = flight.acknowledged * options->batch;
    out->seconds = bench_now() - start;
}

static void begin(struct bench_result *out)
{
    *out = (struct bench_result){0};
    out->latency_ms = malloc(SAMPLES_MAX * sizeof(double));
    if (out->latency_ms == NULL)
        bench_fail("no memory");
}

void bench_prepare(struct toc_link *link, const struct bench_options *options)
{
    struct bench_options opening = *options;
    struct bench_result result;
    opening.seconds = 3600;
    opening.rate = 0;
    opening.batch = 100;
    opening.window = 32;
    begin(&result);
    run_frames(link, &opening, KIND_OPENED, (options->issues + 99) / 100, &result);
    free(result.latency_ms);
}

void bench_publish(struct toc_link *link, const struct bench_options *options,
                   struct bench_result *out)
{
    begin(out);
    run_frames(link, options, options->issues != 0 ? KIND_MESSAGE : KIND_OPENED,
               options->frames != 0 ? options->frames : UINT64_MAX, out);
    qsort(out->latency_ms, out->samples, sizeof(double), by_value);
}
