#include "tests/bench/bench_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define REQUEST_MAX     ((size_t)1 << 18)
#define ANSWER_MAX      ((size_t)1 << 18)
#define BATCH_MAX       500

struct peer {
    char *request, *answer; /* REQUEST_MAX, ANSWER_MAX */
    size_t size, sent;      /* of the request */
    size_t got;             /* of the answer */
    double begun;
    bool busy;
};

static struct pollfd polls[CONNECTIONS_MAX];
static struct peer peers[CONNECTIONS_MAX];

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        bench_fail("cannot connect to port %u", port);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

/* Some 256 bytes once they are packed, as the bus's load has them. */
static size_t write_event(char *out, size_t room, const char *run, uint64_t number)
{
    int size = snprintf(out, room,
                        "{\"specversion\":\"1.0\",\"id\":\"%s-%llu\",\"source\":\"bench\","
                        "\"type\":\"tocsin.issue.opened\",\"subject\":\"%s-%llu\",\"data\":{"
                        "\"channel\":\"in_app\",\"language\":\"en\",\"category\":\"billing\","
                        "\"requester\":\"%0120llu\"}}",
                        run, (unsigned long long)number, run, (unsigned long long)number,
                        (unsigned long long)number);
    return (size_t)size;
}

static void begin(struct peer *peer, const struct bench_http_options *options, uint64_t first)
{
    static char body[REQUEST_MAX - 1024];
    size_t size = 0;
    bool many = options->batch > 1;
    for (unsigned i = 0; i < options->batch; i++) {
        if (many)
            body[size++] = i == 0 ? '[' : ',';
        size += write_event(body + size, sizeof(body) - size, options->run, first + i);
    }
    if (many)
        body[size++] = ']';
    int head =
        snprintf(peer->request, 1024,
                 "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                 "Content-Type: application/cloudevents%s+json\r\nContent-Length: %zu\r\n\r\n",
                 options->token, many ? "-batch" : "", size);
    memcpy(peer->request + head, body, size);
    peer->size = (size_t)head + size;
    peer->sent = peer->got = 0;
    peer->busy = true;
    peer->begun = bench_now();
}

static void send_some(struct peer *peer, int fd)
{
    ssize_t n =
        send(fd, peer->request + peer->sent, peer->size - peer->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        bench_fail("the edge closed a connection");
    peer->sent += n > 0 ? (size_t)n : 0;
}

/* Whether the answer is whole. */
static bool receive_some(struct peer *peer, int fd)
{
    ssize_t n = recv(fd, peer->answer + peer->got, ANSWER_MAX - 1 - peer->got, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        bench_fail("the edge closed a connection");
    peer->got += n > 0 ? (size_t)n : 0;
    peer->answer[peer->got] = '\0';
    const char *end = strstr(peer->answer, "\r\n\r\n");
    const char *length = strstr(peer->answer, "\r\nContent-Length: ");
    if (end == NULL || length == NULL)
        return false;
    if (strncmp(peer->answer, "HTTP/1.1 202 ", 13) != 0)
        bench_fail("answered: %.400s", peer->answer);
    return peer->got >= (size_t)(end + 4 - peer->answer) + strtoul(length + 18, NULL, 10);
}

static void open_all(const struct bench_http_options *options)
{
    for (unsigned i = 0; i < options->connections; i++) {
        peers[i] = (struct peer){.request = malloc(REQUEST_MAX), .answer = malloc(ANSWER_MAX)};
        polls[i] = (struct pollfd){.fd = connect_to(options->port)};
        if (peers[i].request == NULL || peers[i].answer == NULL)
            bench_fail("no memory");
    }
}

static void close_all(const struct bench_http_options *options)
{
    for (unsigned i = 0; i < options->connections; i++) {
        close(polls[i].fd);
        free(peers[i].request);
        free(peers[i].answer);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_http(const struct bench_http_options *options, struct bench_result *out)
{
    double start;
    uint64_t next = 0;
    unsigned busy = 0;
    if (options->connections > CONNECTIONS_MAX || options->batch > BATCH_MAX)
        bench_fail("at most %d connections and %d events", CONNECTIONS_MAX, BATCH_MAX);
    *out = (struct bench_result){.latency_ms = malloc(SAMPLES_MAX * sizeof(double))};
    if (out->latency_ms == NULL)
        bench_fail("no memory");
    open_all(options);
    start = bench_now();
    do {
        bool more = bench_now() - start < options->seconds;
        for (unsigned i = 0; i < options->connections; i++) {
            struct peer *peer = &peers[i];
            if (!peer->busy && more) {
                begin(peer, options, next);
                next += options->batch;
                busy++;
                send_some(peer, polls[i].fd);
            }
            polls[i].events = (short)(POLLIN | (peer->sent < peer->size ? POLLOUT : 0));
        }
        (void)poll(polls, options->connections, 1000);
        for (unsigned i = 0; i < options->connections; i++) {
            struct peer *peer = &peers[i];
            if (peer->busy && (polls[i].revents & POLLOUT))
                send_some(peer, polls[i].fd);
            if (!peer->busy || !(polls[i].revents & ~POLLOUT) || !receive_some(peer, polls[i].fd))
                continue;
            peer->busy = false;
            busy--;
            out->events += options->batch;
            if (out->samples < SAMPLES_MAX)
                out->latency_ms[out->samples++] = (bench_now() - peer->begun) * 1e3;
        }
        if (!more && busy == 0)
            break;
    } while (true);
    out->seconds = bench_now() - start;
    close_all(options);
    qsort(out->latency_ms, out->samples, sizeof(double), by_value);
}
