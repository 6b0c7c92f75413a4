/* Audit's core at its start: which data it goes on from, and which it refuses. */
#include "services/audit/audit.h"

#include "common/run_core.h"
#include "common/store_mem.h"
#include "tests/support/core_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ORIGIN "one.example/log"
#define LOG    7 /* that it follows */

static int end(void **state)
{
    (void)state;
    toc_mem_disk_free_all();
    return 0;
}

static enum toc_err open_core(const struct audit_config *config, struct toc_core **out)
{
    const struct toc_core_config core = {
        .service = &audit_service, .service_config = config, .dir = "audit", .log_id = 1};
    return toc_core_open(&core, out);
}

/* One leaf, signed. */
static void sign_one(const struct audit_config *config)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    struct toc_core *core;
    record.seq = 1;
    assert_int_equal(open_core(config, &core), TOC_OK);
    assert_int_equal(toc_core_record(core, LOG, "sla", &record, TOC_STR("bytes")), TOC_OK);
    assert_int_equal(toc_core_commit(core), TOC_OK);
    toc_core_close(core);
}

static void it_goes_on_from_what_it_signed(void **state)
{
    const struct audit_config config = {.origin = ORIGIN, .seed = {1}};
    const struct core_options options = {.service = &audit_service, .config = &config};
    struct core *core = core_open(&options);
    (void)state;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
        record.seq = seq;
        core_step(core, LOG, &record);
        core_commit(core);
        core_reopen(core);
    }
    core_close(core);
}

/* Which its program says in words. */
static void another_name_or_key_is_refused(void **state)
{
    const struct audit_config config = {.origin = ORIGIN, .seed = {1}},
                              named = {.origin = "two.example/log", .seed = {1}},
                              keyed = {.origin = ORIGIN, .seed = {2}};
    struct toc_core *core;
    (void)state;
    sign_one(&config);
    assert_int_equal(open_core(&named, &core), TOC_ERR_MALFORMED);
    assert_int_equal(open_core(&keyed, &core), TOC_ERR_MALFORMED);
    assert_int_equal(open_core(&config, &core), TOC_OK);
    toc_core_close(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_goes_on_from_what_it_signed, end),
        cmocka_unit_test_teardown(another_name_or_key_is_refused, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
