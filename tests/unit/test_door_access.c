/* Who may use the notifier's port for tools. */
#include "services/notifier/door/door_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define TOKEN "tok_0123456789abcdef0123456789"
#define OTHER "tok_fedcba9876543210fedcba9876"
#define WORDS "# tokens of the status page tool"

static enum toc_err read_tokens(const char *text)
{
    char file[] = "/tmp/tokens.XXXXXX";
    int fd = mkstemp(file); /* of mode 600 */
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    enum toc_err err = door_read_tokens(file);
    unlink(file);
    return err;
}

static int status_of(const char *authorization)
{
    char fields[256];
    snprintf(fields, sizeof(fields), "Authorization: %s\r\n", authorization);
    return door_access(&(struct toc_http_request){.fields = toc_str_of(fields)});
}

static void each_line_is_a_token(void **state)
{
    (void)state;
    assert_int_equal(read_tokens(TOKEN "\n" OTHER), TOC_OK);
    assert_int_equal(status_of("Bearer " TOKEN), 0);
    assert_int_equal(status_of("Bearer " OTHER), 0);
    assert_int_equal(status_of("Bearer " TOKEN "x"), 403);
    assert_int_equal(status_of("Basic " TOKEN), 401);
}

static void a_comment_is_no_token(void **state)
{
    (void)state;
    assert_int_equal(read_tokens(WORDS "\n\n  " WORDS "\n" TOKEN "\n"), TOC_OK);
    assert_int_equal(status_of("Bearer " WORDS), 403);
    assert_int_equal(status_of("Bearer " TOKEN), 0);
    assert_int_equal(read_tokens(WORDS "\n"), TOC_ERR_CONFIG);
}

static void blanks_and_ends_of_lines_belong_to_no_token(void **state)
{
    (void)state;
    assert_int_equal(read_tokens(TOKEN "\r\n \r\n\t" OTHER " \r\n"), TOC_OK);
    assert_int_equal(status_of("Bearer " TOKEN), 0);
    assert_int_equal(status_of("Bearer " OTHER), 0);
}

static void what_is_too_short_to_be_a_secret_is_refused(void **state)
{
    (void)state;
    assert_int_equal(read_tokens("hunter2\n"), TOC_ERR_CONFIG);
    assert_int_equal(read_tokens(""), TOC_ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_a_token),
        cmocka_unit_test(a_comment_is_no_token),
        cmocka_unit_test(blanks_and_ends_of_lines_belong_to_no_token),
        cmocka_unit_test(what_is_too_short_to_be_a_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
