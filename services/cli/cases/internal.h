/* How a case file is compiled: shared by read.c, event.c and expect.c alone. */
#ifndef CLI_CASES_INTERNAL_H
#define CLI_CASES_INTERNAL_H

#include "services/cli/cases/cases.h"

#include "common/tz.h"

#include <jansson.h>

#define CASE_ZONES_MAX 64

struct cases {
    struct toc_str text;
    const char *file_name;
    struct toc_pool pool;
    struct toc_arena arena; /* of the events */
    json_t *lent;           /* JSON values whose texts the events point into */
    struct toc_tz *zones[CASE_ZONES_MAX];
    size_t zone_count;
    struct case_one *all;
    size_t count;
};

struct cases_reader {
    struct cases *cases;
    struct toc_diag diag;
    bool out_of_memory;
    /* The case that is being read. */
    const struct toc_tz *zone;
    toc_time_ms at_ms;
    toc_time_ms last_ms; /* the latest instant that it mentions */
};

/* One key that a map may have; the values of those found are put behind it. */
struct cases_key {
    const char *name;
    const struct toc_yaml *value;
};

/* --- read.c: every reader records an error and answers false -----------------------------
 */

/* Zeroed memory of the cases; NULL sets `out_of_memory`. */
void *cases_take(struct cases_reader *r, size_t count, size_t size);
/* Finds the values of `keys`; a key that is none of them is an error. */
bool cases_keys(struct cases_reader *r, const struct toc_yaml *node, const char *what,
                struct cases_key *keys, size_t count);
bool cases_text(struct cases_reader *r, const struct toc_yaml *node, const char *what,
                const char **out);
/*
 * "+2h", "0m" from the case's begin, or "2026-03-02 10:00" in its zone. The case lasts at least
 * until then.
 */
bool cases_instant(struct cases_reader *r, const struct toc_yaml *node, toc_time_ms *out);
/* The same for an instant that the case does not have to reach. */
bool cases_future(struct cases_reader *r, const struct toc_yaml *node, toc_time_ms *out);
/* … and without an error when it is none. */
bool cases_is_instant(const struct cases_reader *r, struct toc_str text, toc_time_ms *out);

/* --- the parts of a case -----------------------------------------------------------------------
 */

/* event.c */
bool cases_event(struct cases_reader *r, const struct toc_yaml *node, const char *source,
                 struct case_event *out);
/* expect.c */
bool cases_expect(struct cases_reader *r, const struct toc_yaml *node, struct case_one *out);

#endif
