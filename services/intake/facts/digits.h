/*
 * Numbers that belong to a person: payment cards and telephones. One pass over the text; a place is
 * one or the other. An order's, invoice's or parcel's number is neither, however long it is.
 */
#ifndef FACTS_DIGITS_H
#define FACTS_DIGITS_H

#include "services/intake/facts/found.h"

/* Adds `card` and `phone`. `plain` is of plain_make. */
void digits_find(struct toc_str plain, struct found *found);

#endif
