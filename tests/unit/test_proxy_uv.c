/* A proxy that was configured has all that is sent, whatever the environment says. */
#include "common/send/mail.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>

#define LONG_MS 20000 /* nothing here waits for it */

static uv_loop_t loop;
static uv_thread_t thread;
static int listener;
static char proxy[64], asked[256];
static bool done;

static void on_done(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    (void)self;
    (void)tag;
    assert_int_equal(answer->code, 0);
    done = true;
    shutdown(listener, SHUT_RDWR); /* the proxy waits no longer */
}

/* Hears what it is asked first, and hangs up. */
static void serve(void *arg)
{
    int caller = accept(listener, NULL, NULL);
    (void)arg;
    if (caller < 0)
        return;
    (void)!read(caller, asked, sizeof(asked) - 1);
    close(caller);
}

static int start(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    (void)state;
    done = false;
    memset(asked, 0, sizeof(asked));
    signal(SIGPIPE, SIG_IGN);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", ntohs(address.sin_port));
    return uv_loop_init(&loop) != 0 || uv_thread_create(&thread, serve, NULL) != 0 ||
           setenv("NO_PROXY", "*", 1) != 0 || setenv("no_proxy", "*", 1) != 0;
}

static int stop(void **state)
{
    (void)state;
    close(listener);
    return uv_loop_close(&loop);
}

static void assert_asked(const char *expected)
{
    assert_int_equal(uv_thread_join(&thread), 0);
    asked[strcspn(asked, "\r")] = '\0';
    assert_string_equal(asked, expected);
}

static void it_has_what_goes_over_http(void **state)
{
    const struct toc_transfers_config config = {
        .loop = &loop, .connect_ms = LONG_MS, .whole_ms = LONG_MS, .proxy = proxy, .done = on_done};
    const struct toc_transfer_request request = {.url = "http://127.0.0.1:1/page"};
    struct toc_transfers *transfers;
    (void)state;
    assert_int_equal(toc_transfers_open(&config, &transfers), TOC_OK);
    assert_non_null(toc_transfers_start(transfers, &request, NULL));
    while (!done)
        uv_run(&loop, UV_RUN_ONCE);
    toc_transfers_close(transfers);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_asked("POST http://127.0.0.1:1/page HTTP/1.1");
}

static void it_has_mails(void **state)
{
    const struct toc_mails_config config = {
        .loop = &loop, .connect_ms = LONG_MS, .whole_ms = LONG_MS, .proxy = proxy, .done = on_done};
    const struct toc_mail_request request = {.url = "smtp://127.0.0.1:1/test",
                                             .from = "tocsin@example.com",
                                             .to = "ana@example.com",
                                             .envelope = "msg_1_0",
                                             .plain = true,
                                             .message = TOC_STR("Subject: test\r\n\r\n")};
    struct toc_mails *mails;
    (void)state;
    assert_int_equal(toc_mails_open(&config, &mails), TOC_OK);
    assert_non_null(toc_mails_start(mails, &request, NULL));
    uv_run(&loop, UV_RUN_DEFAULT);
    toc_mails_close(mails);
    assert_asked("CONNECT 127.0.0.1:1 HTTP/1.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_has_what_goes_over_http, start, stop),
        cmocka_unit_test_setup_teardown(it_has_mails, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
