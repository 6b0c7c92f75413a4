#include "services/router/machine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define STATE(name) TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_##name

/* --- every cell ----------------------------------------------------------------------------- */

/* `=` keeps, `!` refuses, `*` before a state reopens; in the order of enum input. */
static const struct {
    Tocsin__V1__IssueState from;
    const char *cells[INPUT_COUNT];
} drawn[] = {
    /*             inbound  outbound new  open     pending     on_hold     solved    closed   */
    {STATE(NEW), {"=", "open", "=", "open", "pending", "on_hold", "solved", "closed"}},
    {STATE(OPEN), {"=", "=", "!", "=", "pending", "on_hold", "solved", "closed"}},
    {STATE(PENDING), {"open", "=", "!", "open", "=", "on_hold", "solved", "closed"}},
    {STATE(ON_HOLD), {"=", "=", "!", "open", "pending", "=", "solved", "closed"}},
    {STATE(SOLVED), {"*open", "=", "!", "*open", "*pending", "*on_hold", "=", "closed"}},
    {STATE(CLOSED), {"*open", "=", "!", "*open", "*pending", "*on_hold", "!", "="}},
};

static void check_cell(Tocsin__V1__IssueState from, enum input input, const char *cell)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    bool reopens = cell[0] == '*', stays = cell[0] == '=' || cell[0] == '!';
    enum verdict expected = cell[0] == '='   ? VERDICT_KEPT
                            : cell[0] == '!' ? VERDICT_REFUSED
                            : reopens        ? VERDICT_REOPENED
                                             : VERDICT_MOVED;
    issue.state = from;
    issue.reopened = 4;
    assert_int_equal(machine_apply(&issue, input), expected);
    assert_string_equal(toc_state_name(issue.state), stays ? toc_state_name(from) : cell + reopens);
    assert_int_equal(issue.reopened, reopens ? 5 : 4);
}

static void every_cell_of_the_table_is_as_drawn(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof(drawn) / sizeof(drawn[0]); row++)
        for (unsigned input = 0; input < INPUT_COUNT; input++)
            check_cell(drawn[row].from, (enum input)input, drawn[row].cells[input]);
}

static void a_message_is_never_refused(void **state)
{
    (void)state;
    for (int from = STATE(NEW); from <= (int)STATE(CLOSED); from++) {
        Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
        issue.state = (Tocsin__V1__IssueState)from;
        assert_int_not_equal(machine_apply(&issue, INPUT_OUTBOUND), VERDICT_REFUSED);
        assert_int_not_equal(machine_apply(&issue, INPUT_INBOUND), VERDICT_REFUSED);
    }
}

static void after_any_two_inputs_the_issue_is_in_a_state(void **state)
{
    (void)state;
    for (int from = STATE(NEW); from <= (int)STATE(CLOSED); from++) {
        for (unsigned both = 0; both < INPUT_COUNT * INPUT_COUNT; both++) {
            Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
            issue.state = (Tocsin__V1__IssueState)from;
            machine_apply(&issue, (enum input)(both % INPUT_COUNT));
            machine_apply(&issue, (enum input)(both / INPUT_COUNT));
            assert_in_range(issue.state, STATE(NEW), STATE(CLOSED));
            assert_true(issue.reopened <= 2);
        }
    }
}

/* --- inputs --------------------------------------------------------------------------------- */

static void a_status_asks_for_its_own_state(void **state)
{
    (void)state;
    assert_int_equal(machine_input_of(STATE(NEW)), INPUT_NEW);
    assert_int_equal(machine_input_of(STATE(OPEN)), INPUT_OPEN);
    assert_int_equal(machine_input_of(STATE(PENDING)), INPUT_PENDING);
    assert_int_equal(machine_input_of(STATE(ON_HOLD)), INPUT_ON_HOLD);
    assert_int_equal(machine_input_of(STATE(SOLVED)), INPUT_SOLVED);
    assert_int_equal(machine_input_of(STATE(CLOSED)), INPUT_CLOSED);
}

/* True when the child that did it was ended by abort(). */
static bool aborts(void (*act)(void))
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void apply_without_a_state(void)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    machine_apply(&issue, INPUT_OPEN);
}

static void apply_unknown_state(void)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    issue.state = (Tocsin__V1__IssueState)(STATE(CLOSED) + 1);
    machine_apply(&issue, INPUT_OPEN);
}

static void ask_input_of_nothing(void)
{
    machine_input_of(STATE(UNSPECIFIED));
}

static void an_issue_without_a_state_is_a_bug(void **state)
{
    (void)state;
    assert_true(aborts(apply_without_a_state));
    assert_true(aborts(apply_unknown_state));
    assert_true(aborts(ask_input_of_nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table_is_as_drawn),
        cmocka_unit_test(a_message_is_never_refused),
        cmocka_unit_test(after_any_two_inputs_the_issue_is_in_a_state),
        cmocka_unit_test(a_status_asks_for_its_own_state),
        cmocka_unit_test(an_issue_without_a_state_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
