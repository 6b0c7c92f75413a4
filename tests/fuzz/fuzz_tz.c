/* A TZif file from anywhere: it is refused, or gives offsets that hold together at every instant.
 */
#include "tests/fuzz/fuzz.h"

#include "common/tz.h"

#define CHANGES 40 /* followed per zone */

static void check_instant(const struct toc_tz *tz, toc_time_ms instant_ms)
{
    toc_time_ms offset_ms = toc_tz_offset_ms(tz, instant_ms);
    toc_time_ms next_ms = toc_tz_next_change(tz, instant_ms);
    TOC_ASSERT(offset_ms >= -25 * TOC_HOUR_MS && offset_ms <= 26 * TOC_HOUR_MS);
    TOC_ASSERT(next_ms > instant_ms);
    if (next_ms == TOC_TIME_NEVER)
        return;
    /* "The offset changes there", and nowhere in between. */
    TOC_ASSERT(toc_tz_offset_ms(tz, next_ms - 1) == offset_ms);
    TOC_ASSERT(toc_tz_offset_ms(tz, next_ms) != offset_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const toc_time_ms starts[] = {
        INT64_C(-9000000000000000), INT64_C(-2208988800000), 0,
        INT64_C(1790000000000),     INT64_C(4102444800000),  INT64_C(9000000000000000)};
    struct toc_tz *tz;
    if (toc_tz_parse("Fuzz/Zone", toc_str(data, size), &tz) < 0)
        return 0;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        toc_time_ms at_ms = starts[i];
        for (unsigned n = 0; n < CHANGES && at_ms != TOC_TIME_NEVER; n++) {
            check_instant(tz, at_ms);
            toc_time_ms resolved_ms = toc_tz_resolve(tz, at_ms + toc_tz_offset_ms(tz, at_ms));
            TOC_ASSERT(resolved_ms <= at_ms + 52 * TOC_HOUR_MS &&
                       resolved_ms >= at_ms - 52 * TOC_HOUR_MS);
            at_ms = toc_tz_next_change(tz, at_ms);
        }
    }
    toc_tz_free(tz);
    return 0;
}
