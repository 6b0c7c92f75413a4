/* Between the files of validate. */
#ifndef INTAKE_VALIDATE_IMPL_H
#define INTAKE_VALIDATE_IMPL_H

#include "services/intake/validate.h"

/* False; `detail` is a constant or in the arena. */
bool validate_refuse(struct toc_receipt *receipt, Tocsin__V1__RefuseReason reason,
                     const char *detail);
/* What single types need beyond their form. */
bool validate_meaning(struct toc_turn *turn, const Tocsin__V1__Event *event,
                      struct toc_receipt *receipt);

#endif
