/*
 * What a subscriber gets: an outcome as a CloudEvents 1.0 event, in JSON. A pure function of the
 * record, so every attempt has the same body, byte for byte. Ids, codes and instants only: nothing
 * that a person wrote.
 */
#ifndef OUTCOMES_SEND_BODY_H
#define OUTCOMES_SEND_BODY_H

#include "common/wire.h"

#define BODY_MAX    (16 * 1024) /* bytes */
#define BODY_ID_MAX 40          /* bytes of an event's id, with the terminator */

/* "LOG-SEQ": the event's id and the webhook's, the same for every attempt and replay. */
void body_id(uint64_t log_id, uint64_t seq, char out[BODY_ID_MAX]);

/* Returns its bytes; 0 without memory. */
size_t body_make(uint64_t log_id, const Tocsin__V1__Record *record,
                 const Tocsin__V1__IssueOutcome *outcome, char out[BODY_MAX]);

#endif
