#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct chain router_chain;

void core_router_open(const char *policy)
{
    chain_open(&router_chain, (struct core_turns){.turn = 1});
    if (policy != NULL)
        chain_policy(&router_chain, "09:00", policy);
    core_transcript(router_chain.router);
    core_transcript(router_chain.sla);
}

int core_router_tear_down(void **state)
{
    (void)state;
    chain_close(&router_chain);
    return 0;
}

void expect_router(const char *script, const char *transcript)
{
    chain_run(&router_chain, script);
    assert_text(core_transcript(router_chain.router), transcript);
}

void quietly(const char *script)
{
    chain_run(&router_chain, script);
    core_transcript(router_chain.router);
}

const Tocsin__V1__Issue *core_router_issue(unsigned number)
{
    uint8_t id[TOC_ID];
    struct toc_str key, bytes;
    Tocsin__V1__Issue *out;
    core_issue_id(id, number);
    assert_int_equal(core_get(router_chain.router, TABLE_ISSUE_ID, toc_str(id, TOC_ID), &key),
                     TOC_OK);
    assert_int_equal(core_get(router_chain.router, TABLE_ISSUE, key, &bytes), TOC_OK);
    assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                     &tocsin__v1__issue__descriptor, bytes, &out),
                     TOC_OK);
    return out;
}

const Tocsin__V1__IssueChange *core_router_change(uint64_t seq)
{
    Tocsin__V1__IssueChange *change;
    const Tocsin__V1__Record *record = core_record(router_chain.router, seq);
    assert_int_equal(record->type, TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED);
    assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                     &tocsin__v1__issue_change__descriptor,
                                     toc_wire_bytes(&record->body), &change),
                     TOC_OK);
    return change;
}
