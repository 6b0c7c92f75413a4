#include "common/send/transfer.h"

#include "common/exit_point.h"
#include "common/log.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <uv.h>

#define ANSWER_MAX      (64 * 1024) /* bytes of a body that are read */
#define TIMER_MARGIN_MS 3           /* libuv rounds down, and by up to a tick of a coarse clock */

struct toc_transfer {
    struct toc_transfers *transfers;
    CURL *easy; /* kept from one transfer to the next */
    struct curl_slist *headers;
    void *tag;
    const char *wanted;
    bool busy, written, answer_full, refused;
    size_t answer_bytes, kept_bytes;
    toc_time_ms retry_after_ms;
    char field[TOC_TRANSFER_FIELD_MAX];
    char answer[TOC_TRANSFER_ANSWER_MAX]; /* the beginning of its body */
    char body[TOC_TRANSFER_BODY_MAX];
};

/* A socket that curl wants watched. */
struct watch {
    uv_poll_t poll;
    struct toc_transfers *transfers;
    curl_socket_t socket;
    struct watch *before, *behind;
};

struct toc_transfers {
    struct toc_transfers_config config;
    CURLM *multi;
    uv_timer_t timer;
    struct watch *watches;
    size_t open_handles; /* of libuv; freed with the last */
    struct toc_transfer slots[TOC_TRANSFERS_MAX];
};

/* --- what an answer comes to -------------------------------------------------------------- */

/* Constant texts: they end up in the log. */
static const char *reason_of(CURLcode result)
{
    if (result == CURLE_OPERATION_TIMEDOUT)
        return "timeout";
    if (result == CURLE_COULDNT_CONNECT)
        return "cannot connect";
    if (result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_RESOLVE_PROXY)
        return "host name not found";
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE)
        return "certificate not trusted";
    if (result == CURLE_GOT_NOTHING || result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR)
        return "connection lost";
    if (result == CURLE_PARTIAL_FILE)
        return "answer cut off";
    return curl_easy_strerror(result);
}

static toc_time_ms wall_ms(void)
{
    struct timespec now;
    TOC_ASSERT(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (toc_time_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The value behind `name`, without the blanks around it, when the line begins with it. */
static bool is_field(struct toc_str line, const char *name, struct toc_str *out)
{
    size_t size = strlen(name);
    if (line.size <= size || strncasecmp(line.data, name, size) != 0)
        return false;
    *out = toc_str_from(line, size);
    while (out->size > 0 && strchr(" \t", out->data[0]) != NULL)
        *out = toc_str_from(*out, 1);
    while (out->size > 0 && strchr(" \t\r\n", out->data[out->size - 1]) != NULL)
        out->size--;
    return true;
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    struct toc_transfer *transfer = user;
    struct toc_str line = {data, size * count}, value;
    TOC_EXIT_POINT("send_answering");
    if (toc_str_starts(line, TOC_STR("HTTP/"))) { /* an interim answer's do not count */
        transfer->retry_after_ms = 0;
        transfer->field[0] = '\0';
    }
    if (is_field(line, "retry-after:", &value))
        transfer->retry_after_ms = toc_webhook_retry_after_ms(value, wall_ms());
    if (transfer->wanted != NULL && is_field(line, transfer->wanted, &value))
        toc_str_copy(transfer->field, sizeof(transfer->field), value);
    return line.size;
}

static void keep(struct toc_transfer *transfer, struct toc_str part)
{
    size_t room = sizeof(transfer->answer) - transfer->kept_bytes;
    size_t size = part.size < room ? part.size : room;
    memcpy(transfer->answer + transfer->kept_bytes, part.data, size);
    transfer->kept_bytes += size;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct toc_transfer *transfer = user;
    size_t bytes = size * count;
    keep(transfer, toc_str(data, bytes));
    if (bytes > ANSWER_MAX - transfer->answer_bytes) {
        transfer->answer_full = true; /* the status is known; the rest is not worth waiting for */
        return 0;
    }
    transfer->answer_bytes += bytes;
    return bytes;
}

/* Connected, and about to write: from here on the receiver may have heard of it. */
static int on_write(void *user, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    ((struct toc_transfer *)user)->written = true;
    TOC_EXIT_POINT("send_connected");
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct toc_transfer *transfer = user;
    const struct toc_transfers_config *config = &transfer->transfers->config;
    (void)purpose;
    if (config->allows != NULL && !config->allows(config->self, transfer->tag, &address->addr)) {
        transfer->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void release(struct toc_transfer *transfer)
{
    curl_multi_remove_handle(transfer->transfers->multi, transfer->easy);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    transfer->busy = false;
}

static void finish(struct toc_transfer *transfer, CURLcode result)
{
    const struct toc_transfers_config *config = &transfer->transfers->config;
    struct toc_transfer_answer answer = {.text = reason_of(result), .field = ""};
    char status[16];
    long code = 0;
    if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && transfer->answer_full)) {
        curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
        snprintf(status, sizeof(status), "%ld", code);
        answer =
            (struct toc_transfer_answer){.code = (uint32_t)code,
                                         .text = status,
                                         .retry_after_ms = transfer->retry_after_ms,
                                         .field = transfer->field,
                                         .body = toc_str(transfer->answer, transfer->kept_bytes)};
    } else if (transfer->refused) {
        answer.text = "address not allowed";
    }
    release(transfer);
    config->done(config->self, transfer->tag, &answer);
}

static void finish_all(struct toc_transfers *transfers)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
        struct toc_transfer *transfer = NULL;
        CURLcode result = message->data.result; /* gone with the handle's removal */
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish(transfer, result);
    }
}

/* --- curl in libuv's loop ----------------------------------------------------------------- */

static void on_closed(struct toc_transfers *transfers)
{
    if (--transfers->open_handles == 0)
        free(transfers);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_closed(handle->data);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct toc_transfers *transfers = watch->transfers;
    free(watch);
    on_closed(transfers);
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct watch *watch = handle->data;
    struct toc_transfers *transfers = watch->transfers; /* the watch may end in the call */
    int running, flags = 0;
    if (status < 0)
        flags = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(transfers->multi, watch->socket, flags, &running);
    finish_all(transfers);
}

static void on_timer(uv_timer_t *handle)
{
    struct toc_transfers *transfers = handle->data;
    int running;
    curl_multi_socket_action(transfers->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_all(transfers);
}

static struct watch *watch_begin(struct toc_transfers *transfers, curl_socket_t socket)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    if (watch == NULL)
        return NULL;
    if (uv_poll_init_socket(transfers->config.loop, &watch->poll, socket) != 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->transfers = transfers;
    watch->socket = socket;
    watch->behind = transfers->watches;
    if (transfers->watches != NULL)
        transfers->watches->before = watch;
    transfers->watches = watch;
    transfers->open_handles++;
    curl_multi_assign(transfers->multi, socket, watch);
    return watch;
}

static void watch_end(struct watch *watch)
{
    if (watch->before != NULL)
        watch->before->behind = watch->behind;
    else
        watch->transfers->watches = watch->behind;
    if (watch->behind != NULL)
        watch->behind->before = watch->before;
    uv_poll_stop(&watch->poll); /* before curl closes the socket */
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static int set_watch(CURL *easy, curl_socket_t socket, int what, void *user, void *socket_user)
{
    struct toc_transfers *transfers = user;
    struct watch *watch = socket_user;
    int events = 0;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            watch_end(watch);
        curl_multi_assign(transfers->multi, socket, NULL);
        return 0;
    }
    if (watch == NULL)
        watch = watch_begin(transfers, socket);
    if (watch == NULL)
        return -1;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= UV_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= UV_WRITABLE;
    return uv_poll_start(&watch->poll, events, on_socket) == 0 ? 0 : -1;
}

static int set_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct toc_transfers *transfers = user;
    (void)multi;
    if (timeout_ms < 0) {
        uv_timer_stop(&transfers->timer);
        return 0;
    }
    /*
     * The loop's time is that of its last wake-up, and its clock may be a coarse one. Too early is
     * worse than late: curl would find nothing to do and not ask again.
     */
    uv_update_time(transfers->config.loop);
    uint64_t margin_ms = timeout_ms > 0 ? TIMER_MARGIN_MS : 0;
    uv_timer_start(&transfers->timer, on_timer, (uint64_t)timeout_ms + margin_ms, 0);
    return 0;
}

/* --- transfers ---------------------------------------------------------------------------- */

/* TOC_ERR_CONFIG when an option is not known to this libcurl. */
static enum toc_err set_fixed(struct toc_transfer *transfer)
{
    const struct toc_transfers_config *config = &transfer->transfers->config;
    CURL *easy = transfer->easy;
    bool failed = false;
#define SET(option, value) failed |= curl_easy_setopt(easy, option, value) != CURLE_OK
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, config->proxy != NULL ? config->proxy : "");
    SET(CURLOPT_NOPROXY, ""); /* nor does the environment take anybody out of it */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, config->connect_ms);
    SET(CURLOPT_USERAGENT, "tocsin/" TOCSIN_VERSION);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, transfer->body);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_PREREQFUNCTION, on_write);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_PATH_AS_IS, 1L); /* a reference in a path may be "..", and is nothing else there */
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name server that hangs must not hang the loop: a lookup that timed out is left behind. */
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
#undef SET
    return failed ? TOC_ERR_CONFIG : TOC_OK;
}

static bool add_line(struct toc_transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer != NULL)
        transfer->headers = longer;
    return longer != NULL;
}

/* `name` with its colon; without a value curl sends no such header at all. */
static bool add_header(struct toc_transfer *transfer, const char *name, const char *value)
{
    char line[TOC_TRANSFER_LINE_MAX];
    int size = snprintf(line, sizeof(line), "%s%s%s", name, value[0] != '\0' ? " " : "", value);
    TOC_ASSERT(size > 0 && (size_t)size < sizeof(line));
    return add_line(transfer, line);
}

static bool add_signature(struct toc_transfer *transfer, const struct toc_transfer_request *request)
{
    char timestamp[32];
    snprintf(timestamp, sizeof(timestamp), "%lld", (long long)request->timestamp_s);
    return add_header(transfer, "webhook-id:", request->id) &&
           add_header(transfer, "webhook-timestamp:", timestamp) &&
           add_header(transfer, "webhook-signature:", request->signature);
}

static bool set_headers(struct toc_transfer *transfer, const struct toc_transfer_request *request)
{
    const char *type = request->content_type != NULL ? request->content_type : "application/json";
    bool added = add_header(transfer, "Content-Type:", type) && add_header(transfer, "Expect:", "");
    for (size_t i = 0; added && i < request->line_count; i++)
        added = add_line(transfer, request->lines[i]);
    if (added && request->id != NULL)
        added = add_signature(transfer, request);
    return added &&
           curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static bool set_limit(struct toc_transfer *transfer, const struct toc_transfer_request *request)
{
    long whole_ms = transfer->transfers->config.whole_ms;
    if (request->whole_ms > 0 && request->whole_ms < whole_ms)
        whole_ms = request->whole_ms;
    return curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, whole_ms) == CURLE_OK;
}

static bool set_up(struct toc_transfer *transfer, const struct toc_transfer_request *request)
{
    TOC_ASSERT(request->body.size <= TOC_TRANSFER_BODY_MAX);
    if (request->body.size > 0)
        memcpy(transfer->body, request->body.data, request->body.size);
    transfer->written = transfer->answer_full = transfer->refused = false;
    transfer->answer_bytes = transfer->kept_bytes = 0;
    transfer->retry_after_ms = 0;
    transfer->wanted = request->wanted;
    transfer->field[0] = '\0';
    return set_headers(transfer, request) && set_limit(transfer, request) &&
           curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
           curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE, (long)request->body.size) ==
               CURLE_OK;
}

struct toc_transfer *toc_transfers_start(struct toc_transfers *transfers,
                                         const struct toc_transfer_request *request, void *tag)
{
    struct toc_transfer *transfer = transfers->slots;
    while (transfer < transfers->slots + TOC_TRANSFERS_MAX && transfer->busy)
        transfer++;
    if (transfer == transfers->slots + TOC_TRANSFERS_MAX)
        return NULL;
    transfer->tag = tag;
    if (!set_up(transfer, request) ||
        curl_multi_add_handle(transfers->multi, transfer->easy) != CURLM_OK) {
        curl_slist_free_all(transfer->headers);
        transfer->headers = NULL;
        return NULL;
    }
    transfer->busy = true;
    return transfer;
}

bool toc_transfer_is_written(const struct toc_transfer *transfer)
{
    return transfer->written;
}

void toc_transfer_cancel(struct toc_transfer *transfer)
{
    TOC_ASSERT(transfer->busy);
    release(transfer);
}

/* --- opening and closing ------------------------------------------------------------------ */

static enum toc_err open_slots(struct toc_transfers *transfers)
{
    for (size_t i = 0; i < TOC_TRANSFERS_MAX; i++) {
        struct toc_transfer *transfer = &transfers->slots[i];
        transfer->transfers = transfers;
        transfer->easy = curl_easy_init();
        if (transfer->easy == NULL)
            return TOC_ERR_MEMORY;
        TOC_TRY(set_fixed(transfer));
    }
    return TOC_OK;
}

static enum toc_err open_multi(struct toc_transfers *transfers)
{
    transfers->multi = curl_multi_init();
    if (transfers->multi == NULL)
        return TOC_ERR_MEMORY;
    bool failed =
        curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, set_watch) != CURLM_OK ||
        curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers) != CURLM_OK ||
        curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers) != CURLM_OK ||
        curl_multi_setopt(transfers->multi, CURLMOPT_MAXCONNECTS, (long)TOC_TRANSFERS_MAX) !=
            CURLM_OK;
    return failed ? TOC_ERR_CONFIG : open_slots(transfers);
}

enum toc_err toc_transfers_open(const struct toc_transfers_config *config,
                                struct toc_transfers **out)
{
    struct toc_transfers *transfers = calloc(1, sizeof(*transfers));
    if (transfers == NULL)
        return TOC_ERR_MEMORY;
    transfers->config = *config;
    TOC_ASSERT(uv_timer_init(config->loop, &transfers->timer) == 0);
    transfers->timer.data = transfers;
    transfers->open_handles = 1;
    enum toc_err err =
        curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? open_multi(transfers) : TOC_ERR_MEMORY;
    if (err < 0) {
        toc_transfers_close(transfers);
        return err;
    }
    *out = transfers;
    return TOC_OK;
}

void toc_transfers_close(struct toc_transfers *transfers)
{
    if (transfers == NULL)
        return;
    for (size_t i = 0; i < TOC_TRANSFERS_MAX; i++) {
        struct toc_transfer *transfer = &transfers->slots[i];
        if (transfer->busy)
            release(transfer);
        curl_easy_cleanup(transfer->easy);
    }
    curl_multi_cleanup(transfers->multi);
    curl_global_cleanup();
    while (transfers->watches != NULL)
        watch_end(transfers->watches);
    uv_close((uv_handle_t *)&transfers->timer, on_timer_closed);
}
