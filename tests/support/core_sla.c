#include "tests/support/core_sla.h"

void core_sla_open(struct chain *chain, struct core_turns turns)
{
    chain_open(chain, turns);
    chain_policy(chain, "00:00", SLA_POLICY);
    core_transcript(chain->router);
    core_transcript(chain->sla);
}
