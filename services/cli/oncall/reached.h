/* Who can be reached: by a contacts file, or by what the notifier knows of its own. */
#ifndef CLI_ONCALL_REACHED_H
#define CLI_ONCALL_REACHED_H

#include "services/cli/view.h"

#include "common/policy/diag.h"
#include "common/pool.h"

struct reached {
    bool known; /* else everybody counts as reached */
    const char **names;
    size_t count;
    struct toc_pool pool;
};

/*
 * Of a file in which only names are looked at, so that no secret is opened. CLI_FAILED, told, when
 * it cannot be read; reached_done in any case.
 */
int reached_by_file(const struct view *view, const char *file, struct reached *out);
/* Whether a person is: there is a method that may be used for urgent pages, and for normal ones. */
bool reached_may_reach(const Tocsin__V1__Contact *contact);
/* Those who are. Without a contacts file of the notifier nothing is known. */
int reached_by_notifier(struct view *view, struct reached *out);
void reached_done(struct reached *reached);

/* `arg` is a struct reached. */
bool reached_has(void *arg, const char *person);

#endif
