/* Who can be reached, as far as a contacts file says it. */
#include "services/cli/commands.h"
#include "services/cli/oncall/reached.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static char file[64], told[64];

static int make_files(void **state)
{
    (void)state;
    snprintf(file, sizeof(file), "/tmp/reached.XXXXXX");
    snprintf(told, sizeof(told), "/tmp/reached.XXXXXX");
    int a = mkstemp(file), b = mkstemp(told);
    return a < 0 || b < 0 || close(a) != 0 || close(b) != 0;
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(file) != 0 || unlink(told) != 0;
}

/* What standard error was told meanwhile is in `told`. */
static int read_text(const char *text, struct reached *out)
{
    const struct view view = {.who = "test"};
    int before = dup(STDERR_FILENO), to = open(told, O_WRONLY | O_TRUNC | O_CLOEXEC);
    FILE *into = fopen(file, "we");
    fputs(text, into);
    fclose(into);
    fflush(stderr);
    dup2(to, STDERR_FILENO);
    int code = reached_by_file(&view, file, out);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    close(to);
    return code;
}

static void no_error_shows_a_secret(void **state)
{
    struct reached reached;
    char text[512] = "";
    (void)state;
    assert_int_equal(read_text("contacts: {a: {secret: hunter2, log: true, log: true}}", &reached),
                     CLI_FAILED);
    reached_done(&reached);
    FILE *in = fopen(told, "re");
    assert_true(fread(text, 1, sizeof(text) - 1, in) > 0);
    fclose(in);
    if (strstr(text, ": error: ") == NULL || strstr(text, "hunter2") != NULL)
        fail_msg("%s", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_error_shows_a_secret, make_files, remove_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
