#include "tests/support/core_router.h"

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
