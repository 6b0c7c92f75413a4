/*
 * Why an event is held back, within the packed event: the shell puts it at the end, the core takes
 * it out, so that what is kept and compared is what the publisher sent.
 */
#ifndef INTAKE_REASON_H
#define INTAKE_REASON_H

#include "common/wire.h"

#define REASON_MAX 32 /* bytes */

/* Of what is exempt: it is too much even for that, see quota/quota.h. */
#define REASON_FLOOD "exempt_flood"

/*
 * `*bytes` is as it was without the reason then, and `*out` the reason, NULL for none. What is no
 * event, or no reason that intake would give, stays as it is. TOC_ERR_LIMIT when `arena` is
 * exhausted.
 */
TOC_MUST enum toc_err reason_split(struct toc_arena *arena, struct toc_str *bytes,
                                   const char **out);

/* The event with a reason, a code of small letters. TOC_ERR_LIMIT as above. */
TOC_MUST enum toc_err reason_join(struct toc_arena *arena, struct toc_str event, const char *reason,
                                  struct toc_str *out);

#endif
