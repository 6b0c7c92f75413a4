#include "common/send/mail.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#define XTEXT_MAX      (3 * TOC_MAIL_ADDRESS_MAX)
#define PATH_MAX_BYTES (TOC_MAIL_ADDRESS_MAX + XTEXT_MAX + TOC_MAIL_ENVELOPE_MAX + 64)
#define SOCKETS_MAX    4 /* of one mail: a try for each address of the server */
#define TEXT_MAX       24

/* What becomes of it is decided once, by whoever comes first. */
enum fate { FATE_OPEN, FATE_GOES, FATE_CALLED_OFF };

struct toc_mail {
    uv_work_t work;
    struct toc_mails *mails; /* NULL: nobody waits for it */
    struct toc_mail *before, *behind;
    void *tag;
    _Atomic enum fate fate;
    atomic_bool abandoned;

    /* The thread's, from here to the answer. */
    struct toc_mails_config config;
    CURL *easy;
    bool plain, with_user, refused;
    bool reports; /* the server offers them */
    long whole_ms;
    uint64_t ends_ns; /* of uv_hrtime */
    char url[TOC_MAIL_URL_MAX + 1];
    char from[TOC_MAIL_ADDRESS_MAX + 1], to[TOC_MAIL_ADDRESS_MAX + 1];
    char envelope[TOC_MAIL_ENVELOPE_MAX + 1];
    char user[TOC_MAIL_SECRET_MAX + 1], password[TOC_MAIL_SECRET_MAX + 1];
    struct curl_slist *receivers, *reported;
    int opened[SOCKETS_MAX];
    size_t opened_count;
    int socket;          /* the one in use; -1: not known yet */
    struct toc_str rest; /* of the message, that is not sent yet */

    uint32_t code;
    char text[TEXT_MAX + 40];
    char message[TOC_MAIL_BODY_MAX];
};

struct toc_mails {
    struct toc_mails_config config;
    struct toc_mail *under_way;
    size_t count;
};

/* --- what libcurl asks -------------------------------------------------------------------- */

static size_t read_message(char *out, size_t size, size_t count, void *user)
{
    struct toc_mail *mail = user;
    size_t bytes = size * count < mail->rest.size ? size * count : mail->rest.size;
    memcpy(out, mail->rest.data, bytes);
    mail->rest = toc_str_from(mail->rest, bytes);
    return bytes;
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct toc_mail *mail = user;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(&mail->abandoned) || atomic_load(&mail->fate) == FATE_CALLED_OFF ||
           uv_hrtime() > mail->ends_ns; /* libcurl's own limit does not count for QUIT */
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct toc_mail *mail = user;
    const struct toc_guard *guard = mail->config.guard;
    (void)purpose;
    if (mail->config.proxy == NULL && guard != NULL &&
        !toc_guard_allows(guard, &address->addr, mail->plain)) {
        mail->refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    mail->opened[mail->opened_count++ % SOCKETS_MAX] = fd;
    return fd;
}

static int port_of(int socket)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0)
        return -1;
    if (address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
    return -1;
}

/* The envelope is sent next, from this port: whatever became of the other sockets. */
static int on_write(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct toc_mail *mail = user;
    enum fate open = FATE_OPEN;
    size_t count = mail->opened_count < SOCKETS_MAX ? mail->opened_count : SOCKETS_MAX;
    (void)remote;
    (void)local;
    (void)remote_port;
    if (!atomic_compare_exchange_strong(&mail->fate, &open, FATE_GOES) && open != FATE_GOES)
        return CURL_PREREQFUNC_ABORT;
    for (size_t i = 0; i < count; i++)
        if (port_of(mail->opened[i]) == local_port)
            mail->socket = mail->opened[i];
    if (!mail->reports)
        return CURL_PREREQFUNC_OK;
    /*
     * libcurl puts what it is given between < and >, and takes a > off its end; newer ones take
     * what begins with < as it is. With the first the last parameter ends with the >, which its
     * syntax allows (xtext, RFC 3461, section 4).
     */
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof(path), "<%s> RET=HDRS ENVID=%s", mail->from, mail->envelope);
    if (curl_easy_setopt(mail->easy, CURLOPT_MAIL_FROM, path) == CURLE_OK)
        (void)curl_easy_setopt(mail->easy, CURLOPT_MAIL_RCPT, mail->reported);
    return CURL_PREREQFUNC_OK;
}

static void note_offer(struct toc_mail *mail, struct toc_str line)
{
    if (toc_str_starts(line, TOC_STR("220")))
        mail->reports = false; /* what was offered before TLS does not count */
    if (!toc_str_starts(line, TOC_STR("250")))
        return;
    line = toc_str_from(line, 4);
    while (line.size > 0 && strchr("\r\n ", line.data[line.size - 1]) != NULL)
        line.size--;
    mail->reports = mail->reports || toc_str_equal(line, TOC_STR("DSN"));
}

/*
 * A line of a reply. libcurl says QUIT and waits for what is said to that: nothing follows that
 * matters after a refusal, or after the answer to the whole message, and the answer is not to wait.
 */
static size_t on_reply(char *data, size_t size, size_t count, void *user)
{
    struct toc_mail *mail = user;
    struct toc_str line = {data, size * count};
    if (line.size < 4)
        return line.size;
    bool refused = line.data[0] == '4' || line.data[0] == '5';
    bool taken = line.data[0] == '2' && mail->rest.size == 0;
    if (mail->socket < 0)
        note_offer(mail, line);
    else if (line.data[3] == ' ' && (refused || taken))
        (void)shutdown(mail->socket, SHUT_RDWR);
    return line.size;
}

/* --- one mail, in its thread -------------------------------------------------------------- */

static bool set_connection(struct toc_mail *mail)
{
    const struct toc_mails_config *config = &mail->config;
    bool failed = false;
#define SET(option, value) failed |= curl_easy_setopt(mail->easy, option, value) != CURLE_OK
    SET(CURLOPT_URL, mail->url);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_PROXY, config->proxy != NULL ? config->proxy : "");
    SET(CURLOPT_NOPROXY, ""); /* nor does the environment take anybody out of it */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_USE_SSL, (long)(mail->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (config->ca_file != NULL)
        SET(CURLOPT_CAINFO, config->ca_file);
    SET(CURLOPT_CONNECTTIMEOUT_MS, config->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, mail->whole_ms);
    SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (mail->whole_ms + 999) / 1000);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, mail);
    SET(CURLOPT_PREREQFUNCTION, on_write);
    SET(CURLOPT_PREREQDATA, mail);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, mail);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A lookup that timed out is left behind. */
    SET(CURLOPT_QUICK_EXIT, 1L);
#endif
    return !failed;
}

/* RFC 3461, section 4: some servers refuse a parameter that has a + or = as it is. */
static void write_xtext(const char *text, char out[XTEXT_MAX + 1])
{
    for (; *text != '\0'; text++) {
        bool is_special = *text == '+' || *text == '=';
        if (is_special)
            memcpy(out, *text == '+' ? "+2B" : "+3D", 3);
        else
            *out = *text;
        out += is_special ? 3 : 1;
    }
    *out = '\0';
}

static bool set_mail(struct toc_mail *mail)
{
    char path[PATH_MAX_BYTES], receiver[XTEXT_MAX + 1];
    bool failed = false;
    write_xtext(mail->to, receiver);
    snprintf(path, sizeof(path), "<%s> NOTIFY=FAILURE,DELAY ORCPT=rfc822;%s", mail->to, receiver);
    mail->receivers = curl_slist_append(NULL, mail->to);
    mail->reported = curl_slist_append(NULL, path);
    SET(CURLOPT_MAIL_FROM, mail->from);
    SET(CURLOPT_MAIL_RCPT, mail->receivers);
    SET(CURLOPT_USERNAME, mail->with_user ? mail->user : NULL);
    SET(CURLOPT_PASSWORD, mail->with_user ? mail->password : NULL);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_READFUNCTION, read_message);
    SET(CURLOPT_READDATA, mail);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)mail->rest.size);
    SET(CURLOPT_HEADERFUNCTION, on_reply);
    SET(CURLOPT_HEADERDATA, mail);
#undef SET
    return !failed && mail->receivers != NULL && mail->reported != NULL;
}

/* Constant texts: they end up in the log. */
static const char *reason_of(const struct toc_mail *mail, CURLcode result)
{
    if (mail->refused)
        return "address not allowed";
    if (result == CURLE_OPERATION_TIMEDOUT || result == CURLE_ABORTED_BY_CALLBACK)
        return "timeout";
    if (result == CURLE_COULDNT_CONNECT)
        return "cannot connect";
    if (result == CURLE_COULDNT_RESOLVE_HOST || result == CURLE_COULDNT_RESOLVE_PROXY)
        return "host name not found";
    if (result == CURLE_PEER_FAILED_VERIFICATION)
        return "certificate not trusted";
    if (result == CURLE_USE_SSL_FAILED)
        return "no TLS there";
    return "connection lost";
}

static void judge(struct toc_mail *mail, CURLcode result)
{
    long reply = 0;
    curl_easy_getinfo(mail->easy, CURLINFO_RESPONSE_CODE, &reply);
    bool denied = result == CURLE_LOGIN_DENIED;
    if (result == CURLE_OK)
        mail->code = 200;
    else if (reply >= 400 && reply < 500)
        mail->code = 503;
    else if (denied)
        mail->code = 401;
    else if (reply >= 500 && reply < 600)
        mail->code = 422;
    if (mail->code != 0)
        snprintf(mail->text, sizeof(mail->text), "SMTP %ld%s", reply, denied ? " to AUTH" : "");
    else
        snprintf(mail->text, sizeof(mail->text), "%s", reason_of(mail, result));
}

static void on_work(uv_work_t *work)
{
    struct toc_mail *mail = work->data;
    snprintf(mail->text, sizeof(mail->text), "no memory to send with");
    mail->easy = curl_easy_init();
    if (mail->easy != NULL && set_connection(mail) && set_mail(mail))
        judge(mail, curl_easy_perform(mail->easy));
    curl_easy_cleanup(mail->easy);
    curl_slist_free_all(mail->receivers);
    curl_slist_free_all(mail->reported);
}

/* --- in the loop -------------------------------------------------------------------------- */

static void forget(struct toc_mail *mail)
{
    struct toc_mails *mails = mail->mails;
    if (mail->before != NULL)
        mail->before->behind = mail->behind;
    else
        mails->under_way = mail->behind;
    if (mail->behind != NULL)
        mail->behind->before = mail->before;
    mails->count--;
    mail->mails = NULL;
}

static void on_sent(uv_work_t *work, int status)
{
    struct toc_mail *mail = work->data;
    struct toc_mails *mails = mail->mails;
    (void)status; /* called off before its thread began: nobody waits for it */
    if (mails != NULL) {
        const struct toc_transfer_answer answer = {
            .code = mail->code, .text = mail->text, .field = ""};
        forget(mail);
        mails->config.done(mails->config.self, mail->tag, &answer);
    }
    explicit_bzero(mail->password, sizeof(mail->password));
    free(mail);
}

static void copy(char *out, size_t size, const char *text)
{
    TOC_ASSERT(strlen(text) < size);
    toc_str_copy(out, size, toc_str_of(text));
}

static struct toc_mail *mail_new(struct toc_mails *mails, const struct toc_mail_request *request)
{
    struct toc_mail *mail = calloc(1, sizeof(*mail));
    if (mail == NULL)
        return NULL;
    TOC_ASSERT(request->message.size <= sizeof(mail->message));
    mail->config = mails->config;
    mail->plain = request->plain;
    mail->whole_ms = mails->config.whole_ms;
    if (request->whole_ms > 0 && request->whole_ms < mail->whole_ms)
        mail->whole_ms = request->whole_ms;
    mail->ends_ns = uv_hrtime() + (uint64_t)mail->whole_ms * 1000000;
    copy(mail->url, sizeof(mail->url), request->url);
    copy(mail->from, sizeof(mail->from), request->from);
    copy(mail->to, sizeof(mail->to), request->to);
    copy(mail->envelope, sizeof(mail->envelope), request->envelope);
    mail->with_user = request->user != NULL;
    copy(mail->user, sizeof(mail->user), mail->with_user ? request->user : "");
    copy(mail->password, sizeof(mail->password), mail->with_user ? request->password : "");
    memcpy(mail->message, request->message.data, request->message.size);
    mail->rest = toc_str(mail->message, request->message.size);
    mail->socket = -1;
    mail->work.data = mail;
    return mail;
}

struct toc_mail *toc_mails_start(struct toc_mails *mails, const struct toc_mail_request *request,
                                 void *tag)
{
    struct toc_mail *mail = mails->count < TOC_MAILS_MAX ? mail_new(mails, request) : NULL;
    if (mail == NULL)
        return NULL;
    mail->tag = tag;
    mail->mails = mails;
    mail->behind = mails->under_way;
    if (mails->under_way != NULL)
        mails->under_way->before = mail;
    mails->under_way = mail;
    mails->count++;
    TOC_ASSERT(uv_queue_work(mails->config.loop, &mail->work, on_work, on_sent) == 0);
    return mail;
}

bool toc_mail_is_out(const struct toc_mail *mail)
{
    return atomic_load(&mail->fate) != FATE_OPEN;
}

bool toc_mail_call_off(struct toc_mail *mail)
{
    enum fate open = FATE_OPEN;
    if (!atomic_compare_exchange_strong(&mail->fate, &open, FATE_CALLED_OFF))
        return false;
    forget(mail);
    (void)uv_cancel((uv_req_t *)&mail->work);
    return true;
}

/* libuv's own 4 would let the fifth wait for a server that hangs. They are made with the first. */
static bool set_threads(void)
{
    char threads[8];
    snprintf(threads, sizeof(threads), "%d", TOC_MAILS_MAX);
    return setenv("UV_THREADPOOL_SIZE", threads, 0) == 0;
}

enum toc_err toc_mails_open(const struct toc_mails_config *config, struct toc_mails **out)
{
    struct toc_mails *mails = calloc(1, sizeof(*mails));
    if (mails == NULL || !set_threads() || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(mails);
        return TOC_ERR_MEMORY;
    }
    mails->config = *config;
    *out = mails;
    return TOC_OK;
}

void toc_mails_close(struct toc_mails *mails)
{
    if (mails == NULL)
        return;
    while (mails->under_way != NULL) {
        struct toc_mail *mail = mails->under_way;
        atomic_store(&mail->abandoned, true);
        forget(mail);
        (void)uv_cancel((uv_req_t *)&mail->work);
    }
    free(mails);
}
