/*
 * What is not held back: reports that must not wait, whoever sends them and however many. Only
 * floods of them that come by grants are (REASON_FLOOD).
 *
 * A name of the list is meant by an event whose category it is, whose risk has that name, or in
 * whose texts that class of risk was found (a fact "risk.NAME", see facts/facts.h). The core holds
 * to it as well as the shell that counts (quota/quota.h), so a mistake there holds nothing back.
 */
#ifndef INTAKE_EXEMPT_H
#define INTAKE_EXEMPT_H

#include "common/wire.h"

#define EXEMPT_MAX 32

struct exempt {
    const char *const *names;
    size_t count;
};

bool exempt_is(const struct exempt *exempt, const Tocsin__V1__Event *event);

#endif
