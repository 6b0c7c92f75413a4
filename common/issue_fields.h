/* What an issue offers to a policy's conditions: one reading of its row for all who match it. */
#ifndef TOC_ISSUE_FIELDS_H
#define TOC_ISSUE_FIELDS_H

#include "common/match.h"
#include "common/wire.h"

/* Everything but TOC_FIELD_TYPE, which belongs to an event. Lent from `issue`. */
struct toc_fields toc_issue_fields(const Tocsin__V1__Issue *issue);

/* Who established the fact in place `at`, or the detector that found it. Lent from `issue`. */
const char *toc_issue_fact_by(const Tocsin__V1__Issue *issue, size_t at);

#endif
