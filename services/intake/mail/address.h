/*
 * Addresses to which an answer finds its issue by itself: "desk+ISSUE.MAC@example.com" says which
 * one, and that the deployment said so. The MAC is keyed with the issue key, so nobody makes one
 * for an issue that they were not told.
 */
#ifndef INTAKE_MAIL_ADDRESS_H
#define INTAKE_MAIL_ADDRESS_H

#include "common/hash.h"

#define MAIL_DETAIL 43 /* bytes that follow the '+': "i" and 42 of a-z and 2-7 */

/* What follows the '+' for an issue. */
void mail_detail_make(const uint8_t issue_key[32], const uint8_t issue[16],
                      char out[MAIL_DETAIL + 1]);

/* Whether an address names an issue, and the deployment made it. */
bool mail_detail_read(const uint8_t issue_key[32], const char *address, uint8_t out_issue[16]);

#endif
