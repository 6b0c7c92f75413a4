#include "common/metrics.h"

#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

static void assert_text(const struct toc_metric *metrics, size_t count, const char *expected)
{
    size_t size = 0;
    char *text = toc_metrics_text(metrics, count, &size);
    assert_non_null(text);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
    free(text);
}

static void a_sample_has_help_type_and_value(void **state)
{
    const struct toc_metric metrics[] = {
        {"tocsin_events_total", "Events accepted.", TOC_METRIC_COUNTER, NULL, NULL, 42},
        {"tocsin_lag_ms", "Behind the log.", TOC_METRIC_GAUGE, "log", "intake", 1.5},
    };
    (void)state;
    assert_text(metrics, 2,
                "# HELP tocsin_events_total Events accepted.\n"
                "# TYPE tocsin_events_total counter\n"
                "tocsin_events_total 42\n"
                "# HELP tocsin_lag_ms Behind the log.\n"
                "# TYPE tocsin_lag_ms gauge\n"
                "tocsin_lag_ms{log=\"intake\"} 1.5\n");
}

static void nothing_to_report_is_an_empty_text(void **state)
{
    (void)state;
    assert_text(NULL, 0, "");
}

static void samples_of_one_name_stand_together(void **state)
{
    const struct toc_metric metrics[] = {
        {"a_total", "First.", TOC_METRIC_COUNTER, "x", "1", 1},
        {"b", "Other.", TOC_METRIC_GAUGE, NULL, NULL, 2},
        {"a_total", "Not repeated.", TOC_METRIC_COUNTER, "x", "2", 3},
    };
    (void)state;
    assert_text(metrics, 3,
                "# HELP a_total First.\n"
                "# TYPE a_total counter\n"
                "a_total{x=\"1\"} 1\n"
                "a_total{x=\"2\"} 3\n"
                "# HELP b Other.\n"
                "# TYPE b gauge\n"
                "b 2\n");
}

static void help_and_label_values_are_escaped(void **state)
{
    const struct toc_metric metrics[] = {
        {"a", "One \\ two\nthree \"four\".", TOC_METRIC_GAUGE, "l", "C:\\x\n\"q\"} 9", 0},
        {"b", "", TOC_METRIC_GAUGE, "l", "", 0},
    };
    (void)state;
    assert_text(metrics, 2,
                "# HELP a One \\\\ two\\nthree \"four\".\n"
                "# TYPE a gauge\n"
                "a{l=\"C:\\\\x\\n\\\"q\\\"} 9\"} 0\n"
                "# HELP b \n"
                "# TYPE b gauge\n"
                "b{l=\"\"} 0\n");
}

static void assert_value(double value, const char *expected)
{
    const struct toc_metric metric = {"a", "h", TOC_METRIC_GAUGE, NULL, NULL, value};
    char text[128];
    snprintf(text, sizeof(text), "# HELP a h\n# TYPE a gauge\na %s\n", expected);
    assert_text(&metric, 1, text);
}

static void values_come_back_as_they_were(void **state)
{
    (void)state;
    assert_value(0, "0");
    assert_value(-3, "-3");
    assert_value(1700000000123.0, "1700000000123");
    assert_value(9007199254740992.0, "9007199254740992");
    assert_value(0.1, "0.10000000000000001");
    assert_value(1e300, "1.0000000000000001e+300");
    assert_value((double)NAN, "NaN");
    assert_value((double)INFINITY, "+Inf");
    assert_value(-(double)INFINITY, "-Inf");
}

struct owner {
    bool ready;
    const char *why_not;
    size_t count;
};

static size_t collect(void *self, struct toc_metric out[TOC_METRICS_MAX])
{
    const struct owner *owner = self;
    for (size_t i = 0; i < owner->count; i++)
        out[i] = (struct toc_metric){"up", "Up.", TOC_METRIC_GAUGE, NULL, NULL, 1};
    return owner->count;
}

static bool ready(void *self, const char **why_not)
{
    const struct owner *owner = self;
    *why_not = owner->why_not;
    return owner->ready;
}

/* One request over a real socket, with the loop run until the server has closed. */
static void ask(uv_loop_t *loop, const struct toc_http *http, const char *request, char *out,
                size_t out_size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    size_t size = 0;
    ssize_t n;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)toc_http_port(http));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    do {
        uv_run(loop, UV_RUN_NOWAIT);
        n = recv(fd, out + size, out_size - 1 - size, MSG_DONTWAIT);
        if (n > 0)
            size += (size_t)n;
    } while (n != 0);
    out[size] = '\0';
    close(fd);
}

static void assert_answer(struct owner *owner, const char *target, const char *status,
                          const char *type, const char *body)
{
    const struct toc_metrics_source source = {owner, collect, ready};
    struct toc_http *http;
    uv_loop_t loop;
    char request[128];
    char text[8192];
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(toc_metrics_listen(&loop, ":0", &source, &http), TOC_OK);
    snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\n\r\n", target);
    ask(&loop, http, request, text, sizeof(text));
    assert_int_equal(strncmp(text, status, strlen(status)), 0);
    assert_non_null(strstr(text, type));
    assert_string_equal(strstr(text, "\r\n\r\n") + 4, body);
    toc_http_close(http);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

#define PLAIN "\r\nContent-Type: text/plain; charset=utf-8\r\n"

static void metrics_are_served_as_they_are_now(void **state)
{
    struct owner owner = {.count = 1};
    (void)state;
    assert_answer(&owner, "/metrics", "HTTP/1.1 200 ",
                  "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
                  "# HELP up Up.\n# TYPE up gauge\nup 1\n");
    assert_answer(&owner, "/metrics?name=up", "HTTP/1.1 200 ", "version=0.0.4",
                  "# HELP up Up.\n# TYPE up gauge\nup 1\n");
    owner.count = 0;
    assert_answer(&owner, "/metrics", "HTTP/1.1 200 ", "version=0.0.4", "");
}

static void a_full_table_of_metrics_is_served(void **state)
{
    struct owner owner = {.count = TOC_METRICS_MAX};
    char expected[1024] = "# HELP up Up.\n# TYPE up gauge\n";
    (void)state;
    for (size_t i = 0; i < TOC_METRICS_MAX; i++)
        strcat(expected, "up 1\n");
    assert_answer(&owner, "/metrics", "HTTP/1.1 200 ", "version=0.0.4", expected);
}

static void health_does_not_depend_on_readiness(void **state)
{
    struct owner owner = {.ready = false, .why_not = "catching up"};
    (void)state;
    assert_answer(&owner, "/healthz", "HTTP/1.1 200 ", PLAIN, "ok\n");
}

static void readiness_gives_its_reason(void **state)
{
    struct owner owner = {.ready = false, .why_not = "catching up with router"};
    (void)state;
    assert_answer(&owner, "/readyz", "HTTP/1.1 503 ", PLAIN, "catching up with router\n");
    owner.why_not = NULL;
    assert_answer(&owner, "/readyz", "HTTP/1.1 503 ", PLAIN, "not ready\n");
    owner.ready = true;
    assert_answer(&owner, "/readyz", "HTTP/1.1 200 ", PLAIN, "ready\n");
}

static void other_paths_are_not_found(void **state)
{
    struct owner owner = {.count = 1};
    (void)state;
    assert_answer(&owner, "/", "HTTP/1.1 404 ", PLAIN, "not found\n");
    assert_answer(&owner, "/metrics/", "HTTP/1.1 404 ", PLAIN, "not found\n");
    assert_answer(&owner, "/Metrics", "HTTP/1.1 404 ", PLAIN, "not found\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_has_help_type_and_value),
        cmocka_unit_test(nothing_to_report_is_an_empty_text),
        cmocka_unit_test(samples_of_one_name_stand_together),
        cmocka_unit_test(help_and_label_values_are_escaped),
        cmocka_unit_test(values_come_back_as_they_were),
        cmocka_unit_test(metrics_are_served_as_they_are_now),
        cmocka_unit_test(a_full_table_of_metrics_is_served),
        cmocka_unit_test(health_does_not_depend_on_readiness),
        cmocka_unit_test(readiness_gives_its_reason),
        cmocka_unit_test(other_paths_are_not_found),
    };
    alarm(600);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
