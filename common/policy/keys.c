#include "common/policy/keys.h"

#include "common/policy/build.h"

static const struct toc_key_table tables[] = {
    {"policy", toc_keys_root},
    {"overlay", toc_keys_overlay},
    {"calendars.NAME", toc_keys_calendar},
    {"schedules.NAME", toc_keys_schedule},
    {"schedules.NAME.layers[]", toc_keys_layer},
    {"schedules.NAME.temporary[]", toc_keys_temporary},
    {"paths.NAME", toc_keys_path},
    {"paths.NAME.steps[]", toc_keys_step},
    {"queues.NAME", toc_keys_queue},
    {"queues.NAME.spill[]", toc_keys_spill},
    {"queues.NAME.weight", toc_keys_weight},
    {"people.ID", toc_keys_person},
    {"slas.NAME", toc_keys_sla},
    {"slas.NAME.clocks.CLOCK", toc_keys_clock},
    {"slas.NAME.clocks.CLOCK.targets", toc_keys_targets},
    {"teams.NAME", toc_keys_team},
    {"triage[]", toc_keys_triage},
    {"triage[].set", toc_keys_set},
    {"triage[].escalate", toc_keys_escalate},
    {"categories.NAME", toc_keys_category},
    {"categories.NAME.articles[]", toc_keys_article},
    {"routes[]", toc_keys_route},
    {"alerts[]", toc_keys_alert},
    {"watch", toc_keys_watch},
    {"retention", toc_keys_retention},
    {"duplicates", toc_keys_duplicates},
    {"reach", toc_keys_reach},
};

const struct toc_key_table *toc_policy_keys(size_t *count)
{
    *count = sizeof(tables) / sizeof(tables[0]);
    return tables;
}
