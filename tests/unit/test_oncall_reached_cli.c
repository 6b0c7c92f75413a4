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

static void who_has_no_method_for_some_pages_is_not_reached(void **state)
{
    struct reached reached;
    (void)state;
    assert_int_equal(read_text("contacts:\n"
                               "  ana: {log: true}\n"
                               "  ben: {methods: {m: {log: true}}, urgent: [m], normal: []}\n"
                               "  chi: {methods: {m: {log: true}}, urgent: []}\n"
                               "  dee: {}\n",
                               &reached),
                     CLI_DONE);
    assert_true(reached_has(&reached, "ana"));
    assert_false(reached_has(&reached, "ben"));
    assert_false(reached_has(&reached, "chi"));
    assert_false(reached_has(&reached, "dee"));
    reached_done(&reached);
}

/* One for urgent pages, one for the others. */
static bool can_reach(bool first, bool second, const char *disabled)
{
    Tocsin__V1__ContactMethod a = TOCSIN__V1__CONTACT_METHOD__INIT, b = a;
    Tocsin__V1__ContactMethod *methods[] = {&a, &b};
    Tocsin__V1__Contact contact = TOCSIN__V1__CONTACT__INIT;
    uint32_t urgent = 0, normal = 1;
    a.verified = first;
    b.verified = second;
    b.disabled = (char *)(uintptr_t)disabled;
    contact.methods = methods;
    contact.n_methods = 2;
    contact.urgent = &urgent;
    contact.normal = &normal;
    contact.n_urgent = contact.n_normal = 1;
    return reached_may_reach(&contact);
}

static void each_order_needs_a_method_that_may_be_used(void **state)
{
    Tocsin__V1__Contact nobody = TOCSIN__V1__CONTACT__INIT;
    (void)state;
    assert_true(can_reach(true, true, ""));
    assert_false(can_reach(false, true, ""));
    assert_false(can_reach(true, false, ""));
    assert_false(can_reach(true, true, "410"));
    assert_false(reached_may_reach(&nobody));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_error_shows_a_secret, make_files, remove_files),
        cmocka_unit_test_setup_teardown(who_has_no_method_for_some_pages_is_not_reached, make_files,
                                        remove_files),
        cmocka_unit_test(each_order_needs_a_method_that_may_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
