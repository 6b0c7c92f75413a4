/*
 * The dates that a calendar takes from .ics files with `holidays_from`. The command line reads the
 * files (services/cli/policy/ics.c) and writes what it found into the bundle, a line per date:
 *
 *     2026-04-21 holiday Tiradentes
 *     2026-06-12 observance Dia dos Namorados
 *     2029-12-31 until
 */
#ifndef TOC_POLICY_DATES_H
#define TOC_POLICY_DATES_H

#include "common/policy/tree.h"
#include "common/time.h"

enum toc_date_kind {
    TOC_DATE_HOLIDAY,
    TOC_DATE_OBSERVANCE, /* looks like a day that people mark and work on */
    TOC_DATE_REGIONAL,   /* looks like one of a part of the country */
    TOC_DATE_PART,       /* covers no whole date: closes nothing */
    TOC_DATE_UNTIL       /* no date: what repeats for ever was read up to here */
};

#define TOC_DATE_NAME_MAX 80 /* bytes of a name */

struct toc_policy_date {
    int64_t day; /* since 1970-01-01 */
    enum toc_date_kind kind;
    struct toc_str name;
};

/* "2026-04-21" from 1970 to 2199; false for anything else. */
bool toc_parse_date(struct toc_str text, int64_t *out_day);

/* The next date of a part's text, which is taken off. TOC_NONE at its end, TOC_ERR_MALFORMED. */
TOC_MUST enum toc_err toc_dates_next(struct toc_str *rest, struct toc_policy_date *out);
/* The word of a kind in such a line. */
const char *toc_date_kind_word(enum toc_date_kind kind);

/* Whether `skip` of the calendar, which may be NULL, names the date or its name; 'a*' names all
 * that begin with a. */
bool toc_dates_skip(const struct toc_yaml *skip, const struct toc_policy_date *date);

/*
 * The part with the dates that an item of `holidays_from` names, or the MISSING one that says why
 * there is none; NULL when the text has neither, or the name is wrong: then `*out_wrong` says why.
 */
const struct toc_bundle_part *toc_dates_part(const struct toc_policy_tree *tree,
                                             const struct toc_yaml *item, struct toc_str zone,
                                             const char **out_wrong);

#endif
