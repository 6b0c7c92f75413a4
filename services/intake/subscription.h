/* Subscriptions, as far as intake knows them: whether an event about one can be meant. What they
 * are for is outcomes' business, which alone opens what is sealed. */
#ifndef INTAKE_SUBSCRIPTION_H
#define INTAKE_SUBSCRIPTION_H

#include "common/wire.h"

#define SUBSCRIPTION_ID_MAX     16 /* bytes */
#define SUBSCRIPTION_SEALED_MAX 1248

/* What makes a subscription's event acceptable by itself; NULL, or what is wrong, naming the field.
 */
const char *subscription_check(const Tocsin__V1__Event *event);

#endif
