#include "tests/support/sla_told.h"

struct sla_feed feed;

int sla_told_set_up(void **state)
{
    sla_feed_open(&feed, (struct core_turns){.turn = 1}, *state);
    return 0;
}

int sla_told_tear_down(void **state)
{
    (void)state;
    sla_feed_close(&feed);
    return 0;
}

void sla_told(const char *script, const char *transcript, const char *file, int line)
{
    sla_feed_run(&feed, script);
    core_assert_text(core_transcript(feed.sla), transcript, file, line);
}
