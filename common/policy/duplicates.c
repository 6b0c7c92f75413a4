#include "common/policy/build.h"

#define WINDOW_PRESET_MS TOC_DAY_MS
#define WINDOW_MAX_MS    (7 * (toc_time_ms)TOC_DAY_MS)

enum { WINDOW, DUPLICATES_KEY_COUNT };

const struct toc_key toc_keys_duplicates[DUPLICATES_KEY_COUNT + 1] = {
    [WINDOW] = {"window", false, "DURATION", "24h",
                "How long after an issue another one of the same requester, with nearly the same "
                "text, is suggested as its duplicate: at most 7d; `none`: never."},
};

void toc_build_duplicates(struct toc_build *b, const struct toc_yaml *node)
{
    const struct toc_yaml *values[DUPLICATES_KEY_COUNT];
    b->policy.duplicates_ms = WINDOW_PRESET_MS;
    if (!node || !toc_value_keys(b, node, "'duplicates'", toc_keys_duplicates, values) ||
        !values[WINDOW])
        return;
    if (values[WINDOW]->kind == TOC_YAML_TEXT &&
        toc_str_equal(values[WINDOW]->text, TOC_STR("none")))
        b->policy.duplicates_ms = 0;
    else
        (void)toc_value_duration(b, values[WINDOW], "'window'", WINDOW_MAX_MS,
                                 &b->policy.duplicates_ms);
}
