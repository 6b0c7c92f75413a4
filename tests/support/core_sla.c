#include "tests/support/core_sla.h"

void core_sla_open(struct chain *chain, struct core_turns turns)
{
    chain_open(chain, turns);
    chain_policy(chain, "00:00", SLA_POLICY);
    core_transcript(chain->router);
    core_transcript(chain->sla);
}

struct chain sla_chain;

int core_sla_set_up(void **state)
{
    (void)state;
    core_sla_open(&sla_chain, (struct core_turns){.turn = 1});
    return 0;
}

int core_sla_tear_down(void **state)
{
    (void)state;
    chain_close(&sla_chain);
    return 0;
}

void expect(const char *script, const char *transcript)
{
    chain_run(&sla_chain, script);
    assert_text(core_transcript(sla_chain.sla), transcript);
}
