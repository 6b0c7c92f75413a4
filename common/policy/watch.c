#include "common/policy/build.h"

#define AFTER_PRESET_MS (10 * TOC_SECOND_MS)
#define AFTER_MAX_MS    TOC_DAY_MS

enum { PATH, AFTER, WATCH_KEY_COUNT };

const struct toc_key toc_keys_watch[WATCH_KEY_COUNT + 1] = {
    [PATH] = {"path", true, "PATH", NULL, "Who is woken."},
    [AFTER] = {"after", false, "DURATION", "10s",
               "How long something has to be wrong before that; at most a day."},
};

void toc_build_watch(struct toc_build *b, const struct toc_yaml *node)
{
    const struct toc_yaml *values[WATCH_KEY_COUNT];
    b->policy.watch.after_ms = AFTER_PRESET_MS;
    if (!node || !toc_value_keys(b, node, "'watch'", toc_keys_watch, values))
        return;
    (void)toc_build_path_of(b, values[PATH], &b->policy.watch.path);
    if (values[AFTER])
        (void)toc_value_duration(b, values[AFTER], "'after'", AFTER_MAX_MS,
                                 &b->policy.watch.after_ms);
}
