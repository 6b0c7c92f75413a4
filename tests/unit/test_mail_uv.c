/* Mails over SMTP, to a server of the test's own. */
#include "common/send/mail.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>

#define LONG_MS 20000 /* nothing here waits for it */

static uv_loop_t loop;
static struct toc_mails *mails;
static int listener;
static char url[64], said[64];
static unsigned answers;
static uint32_t code;

static void on_done(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    assert_ptr_equal(self, &loop);
    assert_ptr_equal(tag, said);
    code = answer->code;
    snprintf(said, sizeof(said), "%s", answer->text);
    answers++;
}

static int start(void **state)
{
    const struct toc_mails_config config = {
        .loop = &loop, .connect_ms = LONG_MS, .whole_ms = LONG_MS, .done = on_done, .self = &loop};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    (void)state;
    answers = 0;
    signal(SIGPIPE, SIG_IGN);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, TOC_MAILS_MAX) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    snprintf(url, sizeof(url), "smtp://127.0.0.1:%u/test", ntohs(address.sin_port));
    assert_int_equal(uv_loop_init(&loop), 0);
    return toc_mails_open(&config, &mails) == TOC_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    toc_mails_close(mails);
    uv_run(&loop, UV_RUN_DEFAULT);
    close(listener);
    return uv_loop_close(&loop);
}

static void send_to(const char *to)
{
    const struct toc_mail_request request = {.url = url,
                                             .from = "tocsin@example.com",
                                             .to = to,
                                             .envelope = "msg_1_0",
                                             .plain = true,
                                             .message = TOC_STR("Subject: test\r\n\r\n")};
    assert_non_null(toc_mails_start(mails, &request, said));
}

/* --- many at once ------------------------------------------------------------------------- */

static int hanging[TOC_MAILS_MAX];
static unsigned hanging_count;

/* It says nothing to anybody, until everybody is there. */
static void on_caller(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    hanging[hanging_count++] = accept(listener, NULL, NULL);
    if (hanging_count < TOC_MAILS_MAX)
        return;
    uv_poll_stop(poll);
    assert_int_equal(answers, 0);
    while (hanging_count > 0)
        close(hanging[--hanging_count]);
}

static void none_waits_for_a_server_that_hangs_with_others(void **state)
{
    static uv_poll_t poll; /* closed with the loop */
    (void)state;
    assert_int_equal(uv_poll_init(&loop, &poll, listener), 0);
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_caller), 0);
    for (int i = 0; i < TOC_MAILS_MAX; i++)
        send_to("ana@example.com");
    while (answers < TOC_MAILS_MAX) {
        uv_run(&loop, UV_RUN_ONCE);
        assert_true(answers == 0 || hanging_count == 0);
    }
    assert_int_equal(code, 0);
    uv_close((uv_handle_t *)&poll, NULL);
}

/* --- what is said to the server ----------------------------------------------------------- */

static char commands[4096];

/* Takes every command of one session, but not what RCPT names. */
static void serve(void *arg)
{
    static const char ok[] = "250-test\r\n250 DSN\r\n", no[] = "550 no\r\n";
    size_t size = 0;
    int caller = accept(listener, NULL, NULL);
    ssize_t got;
    (void)arg;
    (void)!write(caller, "220 test\r\n", 10);
    while ((got = read(caller, commands + size, sizeof(commands) - 1 - size)) > 0) {
        bool is_named = strncmp(commands + size, "RCPT", 4) == 0;
        size += (size_t)got;
        (void)!write(caller, is_named ? no : ok, strlen(is_named ? no : ok));
    }
    close(caller);
}

static void assert_receiver(const char *to, const char *line)
{
    uv_thread_t server;
    memset(commands, 0, sizeof(commands));
    assert_int_equal(uv_thread_create(&server, serve, NULL), 0);
    send_to(to);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_thread_join(&server), 0);
    assert_string_equal(said, "SMTP 550");
    if (strstr(commands, line) == NULL)
        fail_msg("%s", commands);
}

/* RFC 3461, section 4: xtext. Others refuse the mail for good. */
static void a_receiver_is_reported_on_as_the_standard_writes_it(void **state)
{
    char longest[TOC_MAIL_ADDRESS_MAX + 1], line[4 * TOC_MAIL_ADDRESS_MAX] = "ORCPT=rfc822;";
    (void)state;
    assert_receiver("ana+pager@example.com", "RCPT TO:<ana+pager@example.com> NOTIFY=FAILURE,DELAY "
                                             "ORCPT=rfc822;ana+2Bpager@example.com");
    assert_receiver("a=b@example.com", "ORCPT=rfc822;a+3Db@example.com");
    memset(longest, '+', TOC_MAIL_ADDRESS_MAX);
    longest[TOC_MAIL_ADDRESS_MAX] = '\0';
    for (int i = 0; i < TOC_MAIL_ADDRESS_MAX; i++)
        memcpy(line + strlen(line), "+2B", 4);
    assert_receiver(longest, line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(none_waits_for_a_server_that_hangs_with_others, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_receiver_is_reported_on_as_the_standard_writes_it, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
