#include "common/client/tocsin.h"

#include "common/client/compose.h"
#include "common/client/window.h"
#include "common/link_zmq.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define QUEUE_PRESET   10000
#define HELLO_RETRY_MS 500
#define SEND_RETRY_MS  10
#define FRAMES_AT_ONCE 1000 /* received in one turn, so that on_receipt cannot keep us for ever */
#define HELLO_MAX      512
#define TEXT_MAX       256

struct tocsin {
    struct toc_link *link;
    toc_peer peer;
    struct toc_window *window;
    struct toc_arena arena; /* what one event, or one Refuse, takes */
    uint64_t tag;
    size_t queue_max;
    char *source; /* may be NULL */
    char *name;
    tocsin_receipt_fn on_receipt;
    void *arg;
    bool greeted;
    toc_time_ms hello_due_ms; /* until it is */
    toc_time_ms progress_ms;  /* of the latest receipt, or since when something waits */
    bool inside;              /* of on_receipt */
    char error[TOC_EVENT_JSON_ERROR_MAX];
};

static toc_time_ms mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (toc_time_ms)now.tv_sec * TOC_SECOND_MS + now.tv_nsec / 1000000;
}

/* --- errors ----------------------------------------------------------------------------- */

const char *tocsin_strerror(int result)
{
    switch (result) {
    case TOCSIN_OK:
        return "ok";
    case TOCSIN_EMEMORY:
        return "out of memory";
    case TOCSIN_ECONFIG:
        return "the configuration is wrong: an endpoint is ipc://PATH or tcp://HOST:PORT, and "
               "on_receipt is set";
    case TOCSIN_EEVENT:
        return "no event that may be published";
    case TOCSIN_EAGAIN:
        return "the queue is full";
    case TOCSIN_EREFUSED:
        return "the peer does not serve this library";
    case TOCSIN_EIO:
        return "the system does not let us send or receive";
    case TOCSIN_EBUSY:
        return "called from within on_receipt";
    default:
        return "unknown result";
    }
}

const char *tocsin_error(const struct tocsin *t)
{
    return t->error;
}

const char *tocsin_version(void)
{
    return TOCSIN_VERSION;
}

__attribute__((format(printf, 3, 4))) static int failed(struct tocsin *t, int result,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->error, sizeof(t->error), format, args);
    va_end(args);
    return result;
}

static int result_of(enum toc_err err)
{
    switch ((int)err) {
    case TOC_OK:
        return TOCSIN_OK;
    case TOC_ERR_MEMORY:
        return TOCSIN_EMEMORY;
    case TOC_ERR_CONFIG:
        return TOCSIN_ECONFIG;
    case TOC_ERR_MALFORMED:
    case TOC_ERR_LIMIT:
        return TOCSIN_EEVENT;
    case TOC_ERR_AGAIN:
        return TOCSIN_EAGAIN;
    default:
        return TOCSIN_EIO;
    }
}

/* --- receipts --------------------------------------------------------------------------- */

static void read_id(struct toc_str event, char out[TEXT_MAX])
{
    struct toc_wire_reader reader = toc_wire_reader(event);
    struct toc_wire_field field;
    out[0] = '\0';
    while (toc_wire_next(&reader, &field) == TOC_OK)
        if (field.number == 1 && field.wire_type == 2) /* Event.id */
            toc_str_copy(out, TEXT_MAX, field.bytes);
}

static void take_receipt(void *arg, uint64_t cookie, struct toc_str event,
                         const struct toc_client_receipt *said)
{
    struct tocsin *t = arg;
    char id[TEXT_MAX], issue[2 * TOC_ID + 1] = "";
    struct tocsin_receipt receipt = {.status = (enum tocsin_status)said->status,
                                     .id = id,
                                     .log_id = said->log_id,
                                     .seq = said->seq,
                                     .issue = issue,
                                     .reason = said->reason ? toc_refuse_name(said->reason) : "",
                                     .detail = said->detail,
                                     .held = said->held};
    t->progress_ms = mono_ms();
    read_id(event, id);
    if (said->has_issue)
        toc_hex(issue, said->issue, TOC_ID);
    t->inside = true;
    t->on_receipt(t->arg, cookie, &receipt);
    t->inside = false;
}

/* --- life ------------------------------------------------------------------------------- */

static enum toc_err copy_config(struct tocsin *t, const struct tocsin_config *config)
{
    t->on_receipt = config->on_receipt;
    t->arg = config->arg;
    t->queue_max = config->queue_max != 0 ? config->queue_max : QUEUE_PRESET;
    t->name = strdup(config->name != NULL ? config->name : "libtocsin");
    t->source = config->source != NULL ? strdup(config->source) : NULL;
    if (t->name == NULL || (config->source != NULL && t->source == NULL))
        return TOC_ERR_MEMORY;
    if (strlen(t->name) >= TEXT_MAX || !toc_str_is_text(toc_str_of(t->name)) ||
        !toc_str_is_text(toc_str_of(t->source)))
        return TOC_ERR_CONFIG;
    /* Only has to differ from what another process on this endpoint counts. */
    if (getrandom(&t->tag, sizeof(t->tag), 0) != sizeof(t->tag))
        return TOC_ERR_IO;
    t->tag >>= 16; /* room to count up */
    return TOC_OK;
}

/* One frame under way keeps the order, and an fsync takes as long for 500 events as for one. */
static enum toc_err open_window(struct tocsin *t)
{
    size_t batch = t->queue_max < TOC_WINDOW_BATCH_MAX ? t->queue_max : TOC_WINDOW_BATCH_MAX;
    const struct toc_window_config config = {.batch_max = batch,
                                             .under_way_max = 1,
                                             /* Those that left before they were full included. */
                                             .batches = t->queue_max / batch + 2,
                                             .tag = &t->tag,
                                             .on_receipt = take_receipt,
                                             .arg = t};
    return toc_window_new(&config, &t->window);
}

static enum toc_err open_all(struct tocsin *t, const struct tocsin_config *config)
{
    TOC_TRY(copy_config(t, config));
    TOC_TRY(open_window(t));
    TOC_TRY(toc_arena_init(&t->arena, TOC_CLIENT_ARENA_BYTES));
    TOC_TRY(toc_link_open(NULL, &t->link));
    return toc_link_connect(t->link, config->endpoint, &t->peer);
}

int tocsin_open(const struct tocsin_config *config, struct tocsin **out)
{
    if (config->endpoint == NULL || config->on_receipt == NULL)
        return TOCSIN_ECONFIG;
    struct tocsin *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return TOCSIN_EMEMORY;
    enum toc_err err = open_all(t, config);
    if (err < 0) {
        tocsin_close(t);
        return err == TOC_ERR_LIMIT ? TOCSIN_EIO : result_of(err);
    }
    *out = t;
    return TOCSIN_OK;
}

void tocsin_close(struct tocsin *t)
{
    if (t == NULL)
        return;
    TOC_ASSERT(!t->inside); /* what on_receipt returns to would be gone */
    toc_link_close(t->link);
    toc_window_free(t->window);
    toc_arena_done(&t->arena);
    free(t->source);
    free(t->name);
    free(t);
}

/* --- publishing ------------------------------------------------------------------------- */

int tocsin_publish(struct tocsin *t, const struct tocsin_event *event, uint64_t cookie)
{
    struct toc_str packed;
    if (toc_window_pending(t->window) >= t->queue_max)
        return failed(t, TOCSIN_EAGAIN, "%zu events wait for their receipts", t->queue_max);
    enum toc_err err = toc_client_compose(&t->arena, event, t->source, &packed, t->error);
    if (err == TOC_OK && toc_window_pending(t->window) == 0)
        t->progress_ms = mono_ms();
    if (err == TOC_OK)
        err = toc_window_add(t->window, packed, cookie);
    if (err == TOC_OK || err == TOC_ERR_MALFORMED)
        return result_of(err);
    return failed(t, result_of(err), "%s", tocsin_strerror(result_of(err)));
}

/* --- the conversation ------------------------------------------------------------------- */

/* TOC_ERR_AGAIN when there is no connection. */
static enum toc_err send_hello(struct tocsin *t)
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    uint8_t bytes[HELLO_MAX];
    hello.min_version = TOC_WIRE_VERSION;
    hello.max_version = TOC_WIRE_VERSION;
    hello.session = ++t->tag;
    hello.name = t->name;
    frame.version = TOC_WIRE_VERSION;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    frame.hello = &hello;
    TOC_ASSERT(tocsin__v1__frame__get_packed_size(&frame) <= sizeof(bytes));
    return toc_link_send(t->link, t->peer, toc_str(bytes, tocsin__v1__frame__pack(&frame, bytes)));
}

static enum toc_err greet(struct tocsin *t, toc_time_ms now)
{
    if (now < t->hello_due_ms)
        return TOC_OK;
    enum toc_err err = send_hello(t);
    t->hello_due_ms = now + (err == TOC_OK ? HELLO_RETRY_MS : SEND_RETRY_MS);
    return err == TOC_ERR_AGAIN ? TOC_OK : err;
}

static enum toc_err send_events(struct tocsin *t, toc_time_ms now)
{
    struct toc_str frame;
    while (toc_window_next(t->window, TOC_WINDOW_ANY, now, &frame) == TOC_OK) {
        enum toc_err err = toc_link_send(t->link, t->peer, frame);
        if (err == TOC_ERR_AGAIN)
            toc_window_not_sent(t->window, now);
        else if (err < 0)
            return err;
    }
    return TOC_OK;
}

static int on_refuse(struct tocsin *t, struct toc_str body)
{
    Tocsin__V1__Refuse *refuse;
    toc_arena_reset(&t->arena, 0);
    if (toc_wire_unpack(&t->arena, &tocsin__v1__refuse__descriptor, body, &refuse) < 0)
        return failed(t, TOCSIN_EREFUSED, "the peer sent something unreadable");
    return failed(t, TOCSIN_EREFUSED, "refused (%s): %s", toc_refuse_name((unsigned)refuse->reason),
                  refuse->detail);
}

/* What is no frame is passed over: whatever was meant goes again. */
static int on_frame(struct tocsin *t, struct toc_str bytes)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    int result = TOCSIN_OK;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.wire_type != 2)
            continue;
        if (field.number == TOCSIN__V1__FRAME__KIND_HELLO)
            t->greeted = true;
        else if (field.number == TOCSIN__V1__FRAME__KIND_RECEIPT)
            toc_window_receipt(t->window, field.bytes, mono_ms());
        else if (field.number == TOCSIN__V1__FRAME__KIND_REFUSE)
            result = on_refuse(t, field.bytes);
    }
    return result;
}

static int io_failed(struct tocsin *t, enum toc_err err)
{
    return failed(t, TOCSIN_EIO, "%s", toc_err_text(err));
}

static int send_due(struct tocsin *t)
{
    toc_time_ms now = mono_ms();
    enum toc_err err = t->greeted ? send_events(t, now) : greet(t, now);
    return err < 0 ? io_failed(t, err) : TOCSIN_OK;
}

/* Everything that has come, at most so much at once; `*heard` counts. */
static int receive_all(struct tocsin *t, size_t *heard)
{
    struct toc_str bytes;
    toc_peer from;
    enum toc_err err = TOC_OK;
    int result = TOCSIN_OK;
    for (*heard = 0; *heard < FRAMES_AT_ONCE && result == TOCSIN_OK; ++*heard) {
        err = toc_link_receive(t->link, &from, &bytes);
        if (err < 0)
            break;
        result = on_frame(t, bytes);
    }
    if (result != TOCSIN_OK || err == TOC_OK || err == TOC_ERR_AGAIN)
        return result;
    return io_failed(t, err);
}

static int turn(struct tocsin *t, size_t *heard)
{
    int result = send_due(t);
    if (result == TOCSIN_OK)
        result = receive_all(t, heard);
    /* A receipt makes room for the next frame, a Hello for the first. */
    if (result == TOCSIN_OK && *heard > 0)
        result = send_due(t);
    return result;
}

int tocsin_poll(struct tocsin *t, int wait_ms)
{
    size_t heard = 0;
    if (t->inside)
        return failed(t, TOCSIN_EBUSY, "%s", tocsin_strerror(TOCSIN_EBUSY));
    int result = turn(t, &heard);
    if (result != TOCSIN_OK || heard > 0 || wait_ms == 0)
        return result;
    int due_ms = tocsin_wait_ms(t);
    if (wait_ms < 0 || (due_ms >= 0 && due_ms < wait_ms))
        wait_ms = due_ms;
    toc_link_wait(t->link, wait_ms);
    return turn(t, &heard);
}

int tocsin_fd(const struct tocsin *t)
{
    int fds[TOC_LINK_FDS];
    size_t count = toc_link_fds(t->link, fds);
    TOC_ASSERT(count == 1);
    return fds[0];
}

int tocsin_wait_ms(const struct tocsin *t)
{
    toc_time_ms now = mono_ms(), due = t->hello_due_ms;
    if (toc_link_has_input(t->link))
        return 0;
    if (t->greeted)
        due = toc_window_due_ms(t->window, TOC_WINDOW_ANY, now);
    if (due == TOC_TIME_NEVER)
        return -1;
    return due <= now ? 0 : due - now > INT_MAX ? INT_MAX : (int)(due - now);
}

/* --- how it stands ---------------------------------------------------------------------- */

size_t tocsin_pending(const struct tocsin *t)
{
    return toc_window_pending(t->window);
}

int64_t tocsin_stalled_ms(const struct tocsin *t)
{
    return toc_window_pending(t->window) > 0 ? mono_ms() - t->progress_ms : 0;
}
