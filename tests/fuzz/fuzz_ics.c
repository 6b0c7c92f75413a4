/* An .ics file from anyone: it is refused with a reason, or gives dates that a policy can take, and
 * the same ones again. */
#include "tests/fuzz/fuzz.h"

#include "common/policy/dates.h"
#include "services/cli/policy/ics.h"

#include <stdlib.h>

#define NOW_MS INT64_C(1781481600000) /* 2026-06-15 */

/* What was written reads back, by date, as lines of text. */
static void check_dates(struct toc_str lines)
{
    struct toc_policy_date date;
    enum toc_err err;
    size_t count = 0;
    int64_t before = 0;
    TOC_ASSERT(toc_str_is_text(lines));
    while ((err = toc_dates_next(&lines, &date)) == TOC_OK) {
        TOC_ASSERT(date.kind == TOC_DATE_UNTIL || date.day >= before);
        before = date.day;
        count++;
    }
    TOC_ASSERT(err == TOC_NONE && count > 0 && count <= ICS_DATES_MAX + 1);
}

static void check_reason(const char *wrong)
{
    TOC_ASSERT(wrong[0] != '\0' && toc_str_is_text(toc_str_of(wrong)));
    for (; *wrong != '\0'; wrong++)
        TOC_ASSERT((unsigned char)*wrong >= ' ');
}

static void check_in(struct toc_str text, const struct toc_tz *zone)
{
    char *dates = NULL, *again = NULL, wrong[ICS_WRONG_MAX] = "";
    enum toc_err err = ics_dates(text, zone, NOW_MS, &dates, wrong);
    TOC_ASSERT(err == TOC_OK || err == TOC_ERR_CONFIG || err == TOC_ERR_MEMORY);
    TOC_ASSERT(ics_dates(text, zone, NOW_MS, &again, wrong) == err);
    if (err == TOC_OK) {
        check_dates(toc_str_of(dates));
        TOC_ASSERT(strcmp(dates, again) == 0);
    } else if (err == TOC_ERR_CONFIG) {
        check_reason(wrong);
    }
    free(again);
    free(dates);
}

/* In a zone that skips a midnight each spring, and in one that has lost a day. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Africa/Cairo", "Pacific/Apia"};
    static struct toc_tz *zones[2]; /* of the process */
    for (size_t i = 0; i < 2; i++) {
        TOC_ASSERT(zones[i] != NULL || toc_tz_load(names[i], &zones[i]) == TOC_OK);
        check_in(toc_str(data, size), zones[i]);
    }
    return 0;
}
