/* Between the files of the linter. */
#ifndef CLI_ONCALL_LINT_INTERNAL_H
#define CLI_ONCALL_LINT_INTERNAL_H

#include "services/cli/oncall/lint.h"

__attribute__((format(printf, 2, 3))) void lint_say(char out[LINT_TEXT_MAX], const char *format,
                                                    ...);

static inline void lint_tell(const struct lint *lint, const struct lint_finding *finding)
{
    lint->told(lint->told_arg, finding);
}

/* Times of one kind, told in one finding: the first of them and how much they are together. */
struct lint_times {
    toc_time_ms from_ms, until_ms;
    toc_time_ms all_ms, last_ms; /* last_ms: the end of the last one */
    size_t count;
};

/* In their order; what touches the last one is of it. */
void lint_add_time(struct lint_times *times, toc_time_ms from_ms, toc_time_ms until_ms);

/* "from Fri 2026-03-06 18:00 until Mon 2026-03-09 09:00 (Europe/Dublin), and 103 times more" */
void lint_say_times(char out[LINT_TEXT_MAX], const struct lint *lint,
                    const struct lint_times *times, const struct toc_tz *zone);

struct lint_finding lint_finding_of(enum lint_kind kind, const char *subject,
                                    const struct lint_times *times);

/* --- what is looked for ----------------------------------------------------------------------- */

/* Of a schedule: layers, temporary shifts and overrides that another one hides. */
void lint_overlaps(const struct lint *lint, const struct duty *duty);
/* Steps that mean nobody, or nobody else. */
void lint_paths(const struct lint *lint);

#endif
