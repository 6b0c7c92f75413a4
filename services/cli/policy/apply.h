/*
 * Bringing a policy into force: the text in pieces, then the event that names their hash, through
 * the control intake. Shared by `tocsin policy` and `tocsin up`.
 *
 * The ids of the events follow from the hash and the version, so applying the same text twice, or
 * again after an interruption, changes nothing.
 */
#ifndef CLI_POLICY_APPLY_H
#define CLI_POLICY_APPLY_H

#include "services/cli/client.h"

#include "common/policy/policy.h"

#define POLICY_PIECE 1000 /* bytes of text in one event */

/* A policy that a service has: version 0 for none. The text is malloc'ed when asked for. */
struct policy_in_force {
    uint32_t version;
    uint32_t latest; /* that it knows: another when that is only for a report */
    uint8_t hash[32];
    char *text; /* NULL unless wanted */
    size_t size;
};
/* What is in force there. */
TOC_MUST enum toc_err policy_ask(struct client *client, const char *service, bool with_text,
                                 struct policy_in_force *out);
/* An earlier version with its text; 0: the one in force. */
TOC_MUST enum toc_err policy_ask_version(struct client *client, const char *service,
                                         uint32_t version, struct policy_in_force *out);

/*
 * An earlier version (0: the one in force), compiled for reading the records that name it. NULL
 * when the service does not have it, or has it in words that this program does not know.
 */
struct toc_policy *policy_compiled(struct client *client, const char *service, uint32_t version);

/* How a policy comes into force. */
struct policy_applying {
    struct toc_str text; /* passes the check */
    Tocsin__V1__ApplyMode mode;
    bool only_first; /* when another is in force, leave it */
};

/*
 * Brings a policy into force and waits until router, sla and notifier have it. One that is in force
 * already is left, unless a mode says what it means for the issues that are there. Told on standard
 * error when it fails. `*out_version` is what is in force then, or what is reported on.
 */
int policy_apply(struct client *client, const struct policy_applying *how, uint32_t *out_version);

#endif
