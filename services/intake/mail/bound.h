/*
 * How much of a mail may be handed to a MIME parser: a flat look at its lines, before anything is
 * built of them. A parser that recurses into each level, and keeps an object for each part and each
 * field, costs no more than the limits here.
 */
#ifndef INTAKE_MAIL_BOUND_H
#define INTAKE_MAIL_BOUND_H

#include "common/str.h"

#define MAIL_FIELD_LINES_MAX 5000                /* lines of all headers together */
#define MAIL_GROUPS_MAX      200                 /* of addresses, nested, in one field */
#define MAIL_HEADER_MAX      ((size_t)256 << 10) /* bytes of them */

/*
 * The longest run of whole lines from the start of `raw` that stays within MAIL_BYTES_MAX,
 * MAIL_PARTS_MAX lines that could part two bodies, MAIL_DEPTH_MAX fields that say that something is
 * enclosed, and the limits above. It is shorter than `raw` only for what no one sends in earnest.
 */
size_t mail_bounded(struct toc_str raw);

#endif
