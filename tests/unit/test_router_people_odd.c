#include "tests/support/core_people.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Names and policies that do not fit the people who are there. */

static void a_name_longer_than_any_in_a_policy_is_assigned_and_counted_for_nobody(void **state)
{
    char name[201], script[300];
    (void)state;
    memset(name, 'n', 200);
    name[200] = '\0';
    people_begin(PEOPLE_TWO, "10:00 open\n");
    snprintf(script, sizeof(script), "10:01 assign action=ASSIGN assignee=%s\n", name);
    chain_run(&people_chain, script);
    snprintf(script, sizeof(script), "10:02 presence online agent=%s\n10:03 status solved\n", name);
    chain_run(&people_chain, script);
    assert_int_equal(core_count(people_chain.router, TABLE_PERSON), 0);
    assert_int_equal(core_count(people_chain.router, TABLE_HELD), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_name_longer_than_any_in_a_policy_is_assigned_and_counted_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
