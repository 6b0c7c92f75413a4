/*
 * What a person does at the command line, as an event through intake like everything else, and what
 * came of it.
 */
#ifndef CLI_HUMAN_H
#define CLI_HUMAN_H

#include "services/cli/view.h"

/* Who does it: `given` by an option, else $USER. Told when there is neither, and NULL. */
const char *human_name(const struct view *view, const char *option, const char *given);

#define HUMAN_ID 40 /* bytes */

/* A new id for an event. False, told, without random numbers. */
bool human_new_id(const struct view *view, char out[HUMAN_ID]);

/* Publishes the event under a new id; its source is "tocsin:cli". A refusal is told: CLI_FAILED. */
int human_publish(struct view *view, Tocsin__V1__Event *event, struct toc_client_receipt *receipt);

/*
 * Says on the record that `by` reads what people wrote, and for what purpose, before it is read.
 * `reading` names the issue or the pseudonym; `event` is a blank one, or has the person in its
 * private part. Where that stands in intake's log: `out_seq`.
 */
int human_tell_reading(struct view *view, Tocsin__V1__Event *event,
                       Tocsin__V1__ContentRead *reading, const char *by, const char *purpose,
                       uint64_t *out_seq);

/*
 * Publishes it, and what the router made of it: waits, a few seconds at most, for the first record
 * about the issue that the event led to. CLI_FAILED, told, when none came or it was refused.
 */
int human_change(struct view *view, Tocsin__V1__Event *event, Tocsin__V1__IssueChange **out);

/* For what the notifier makes of an event: where its log ends before it is published. */
struct human_wait {
    uint64_t from_seq;
    struct toc_client_receipt receipt;
    /* Is handed every record that the event led to at once; NULL, as human_wait_begin leaves it:
     * nobody wants them. */
    void (*on_record)(void *arg, const Tocsin__V1__Record *record);
    void *arg;
};
int human_wait_begin(struct view *view, struct human_wait *out);
/* Waits, a few seconds at most, for the first record that the event led to, or until the notifier
 * has come by it without one. CLI_FAILED, told, when neither came or it is a refusal. */
int human_wait_end(struct view *view, const struct human_wait *wait);

#endif
