/* What the notifier's log says of its records. */
#include "services/notifier/send/alarm.h"
#include "tests/support/notifier_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static struct feed feed;

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed.path_more = ", ack_expires: 30m";
    feed_contact(&feed, "09:00", "*", "");
    feed_contact(&feed, "09:00", "ana", "push");
    feed_desk(&feed, "[{page: [ana], wait: 5m}]", 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    feed_close(&feed);
    return 0;
}

static enum toc_err tell_all(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    (void)user;
    return alarm_from(txn, arena, 1);
}

/* The log's line about an event, from its fields on. */
static const char *line_of(const char *event)
{
    static char text[4096];
    char file[] = "/tmp/alarm.XXXXXX";
    int to = mkstemp(file), before = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(to, STDERR_FILENO);
    enum toc_err err = core_read(feed.core, tell_all, NULL);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    unlink(file);
    assert_int_equal(err, TOC_OK);
    ssize_t size = pread(to, text, sizeof(text) - 1, 0);
    close(to);
    assert_true(size > 0);
    text[size] = '\0';
    char *line = strstr(text, event);
    assert_non_null(line);
    line[strcspn(line, "\n")] = '\0';
    return line + strlen(event);
}

/* Whoever acks may say any name, and is reminded of it. */
static void a_name_forges_no_field(void **state)
{
    (void)state;
    feed_issue(&feed, "10:00", (struct feed_issue){.issue = 1});
    feed_act_on(&feed, "10:01", "acked", 1, "x person=ana why=\"z\xc3\xb6");
    feed_time(&feed, "10:27");
    assert_string_equal(line_of("event=not_reachable "),
                        "person=x?person?ana?why??z\xc3\xb6 why=\"the person is not in the "
                        "contacts file\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_forges_no_field, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
