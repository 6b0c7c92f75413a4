#include "services/cli/human.h"

#include "services/cli/commands.h"
#include "services/cli/known.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define EFFECT_MS 5000
#define LATEST    32 /* records of an issue that are looked through */

const char *human_name(const struct view *view, const char *option, const char *given)
{
    const char *name = given != NULL ? given : getenv("USER");
    if (name != NULL && name[0] != '\0')
        return name;
    fprintf(stderr, "%s: who does it? give %s NAME\n", view->who, option);
    return NULL;
}

bool human_new_id(const struct view *view, char out[HUMAN_ID])
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        fprintf(stderr, "%s: no random numbers\n", view->who);
        return false;
    }
    toc_hex(out, bytes, sizeof(bytes));
    return true;
}

int human_publish(struct view *view, Tocsin__V1__Event *event, struct toc_client_receipt *receipt)
{
    const Tocsin__V1__Event *list[] = {event};
    char id[HUMAN_ID];
    if (!human_new_id(view, id))
        return CLI_FAILED;
    event->id = id;
    event->source = toc_wire_text("tocsin:cli");
    enum toc_err err = client_publish(view->client, "intake", list, 1, receipt);
    event->id = toc_wire_text("");
    if (err != TOC_OK)
        return client_fail(view->client);
    if (receipt->status != TOCSIN__V1__OUTCOME__STATUS__REFUSED)
        return CLI_DONE;
    fprintf(stderr, "%s: refused (%s): %s\n", view->who, toc_refuse_name(receipt->reason),
            receipt->detail);
    return CLI_FAILED;
}

int human_tell_reading(struct view *view, Tocsin__V1__Event *event,
                       Tocsin__V1__ContentRead *reading, const char *by, const char *purpose,
                       uint64_t *out_seq)
{
    struct toc_client_receipt receipt;
    reading->by = toc_wire_text(by);
    reading->purpose = toc_wire_text(purpose);
    event->type = toc_wire_text("tocsin.content.read");
    event->body_case = TOCSIN__V1__EVENT__BODY_CONTENT_READ;
    event->content_read = reading;
    if (human_publish(view, event, &receipt) != CLI_DONE)
        return CLI_FAILED;
    *out_seq = receipt.seq;
    return CLI_DONE;
}

/* The first record that the event led to, or NULL. */
static const Tocsin__V1__Record *find_effect(struct view *view,
                                             const struct toc_client_receipt *receipt)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    const Tocsin__V1__Record *found = NULL;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__HISTORY;
    ask.id = toc_wire_binary(toc_str(receipt->issue, TOC_ID));
    ask.limit = LATEST;
    if (!view_try(view, "router", &ask, &tocsin__v1__record__descriptor, &rows))
        return NULL;
    for (size_t i = 0; i < rows.count; i++) { /* the newest first */
        const Tocsin__V1__Record *record = rows.items[i];
        if (record->cause_log == receipt->log_id && record->cause_seq == receipt->seq)
            found = record;
    }
    return found;
}

static int read_effect(struct view *view, const Tocsin__V1__Record *record,
                       Tocsin__V1__IssueChange **out)
{
    struct toc_str body = toc_wire_bytes(&record->body);
    Tocsin__V1__IssueRefused *refused;
    if (record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED &&
        toc_wire_unpack(&view->arena, &tocsin__v1__issue_refused__descriptor, body, &refused) ==
            TOC_OK) {
        char detail[200];
        const char *unfit = known_unfit(refused->detail);
        print_safe(detail, sizeof(detail), toc_str_of(unfit != NULL ? unfit : refused->detail));
        fprintf(stderr, "%s: refused (%s): %s\n", view->who, toc_refuse_name(refused->reason),
                detail);
        return CLI_FAILED;
    }
    if (record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED &&
        toc_wire_unpack(&view->arena, &tocsin__v1__issue_change__descriptor, body, out) == TOC_OK)
        return CLI_DONE;
    fprintf(stderr, "%s: the issue is not open yet; the event waits for it\n", view->who);
    return CLI_FAILED;
}

int human_change(struct view *view, Tocsin__V1__Event *event, Tocsin__V1__IssueChange **out)
{
    struct toc_client_receipt receipt;
    if (human_publish(view, event, &receipt) != CLI_DONE)
        return CLI_FAILED;
    toc_time_ms until_ms = client_mono_ms() + EFFECT_MS;
    while (client_mono_ms() < until_ms && !client_interrupted()) {
        size_t mark = toc_arena_mark(&view->arena);
        const Tocsin__V1__Record *record = find_effect(view, &receipt);
        if (record != NULL)
            return read_effect(view, record, out);
        toc_arena_reset(&view->arena, mark);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    fprintf(stderr, "%s: accepted, but the router has not come to it yet\n", view->who);
    return CLI_FAILED;
}

/* --- the notifier's answer ---------------------------------------------------------------- */

struct answer {
    const struct human_wait *wait;
    bool there, refused;
    char reason[200];
};

/* Why the notifier does not take what was said; by the kind of record. */
static void read_refusal(struct answer *answer, const Tocsin__V1__Record *record)
{
    Tocsin__V1__AlertChange *alert = NULL;
    Tocsin__V1__OverrideChange *override = NULL;
    const char *reason = "";
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED) {
        alert = tocsin__v1__alert_change__unpack(NULL, record->body.len, record->body.data);
        reason = alert != NULL ? alert->reason : "";
        answer->refused = true;
    } else if (record->type == TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED) {
        override = tocsin__v1__override_change__unpack(NULL, record->body.len, record->body.data);
        reason = override != NULL ? override->refused : "";
        answer->refused = reason[0] != '\0';
    }
    print_safe(answer->reason, sizeof(answer->reason), toc_str_of(reason));
    tocsin__v1__alert_change__free_unpacked(alert, NULL);
    tocsin__v1__override_change__free_unpacked(override, NULL);
}

static bool see_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct answer *answer = arg;
    (void)bytes;
    if (record->cause_log != answer->wait->receipt.log_id ||
        record->cause_seq != answer->wait->receipt.seq)
        return true;
    if (!answer->there)
        read_refusal(answer, record);
    answer->there = true;
    if (answer->wait->on_record != NULL)
        answer->wait->on_record(answer->wait->arg, record);
    return answer->wait->on_record != NULL; /* a turn's records are there together */
}

int human_wait_begin(struct view *view, struct human_wait *out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__STATUS;
    if (view_ask(view, "notifier", &ask, &tocsin__v1__status__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    *out = (struct human_wait){.from_seq = 0};
    if (rows.count > 0)
        out->from_seq = ((const Tocsin__V1__Status *)rows.items[0])->last_seq + 1;
    return CLI_DONE;
}

/* Whether the notifier has come by the event, in the answer's log. */
static bool has_passed(struct view *view, const struct toc_client_receipt *receipt)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__STATUS;
    if (!view_try(view, "notifier", &ask, &tocsin__v1__status__descriptor, &rows) ||
        rows.count == 0)
        return false;
    const Tocsin__V1__Status *status = rows.items[0];
    for (size_t i = 0; i < status->n_upstreams; i++)
        if (status->upstreams[i]->log_id == receipt->log_id)
            return status->upstreams[i]->cursor_seq >= receipt->seq;
    return false;
}

int human_wait_end(struct view *view, const struct human_wait *wait)
{
    struct answer answer = {.wait = wait};
    const struct client_fetch fetch = {.service = "notifier", .from_seq = wait->from_seq};
    toc_time_ms until_ms = client_mono_ms() + EFFECT_MS;
    bool passed = false;
    while (!answer.there && !passed && client_mono_ms() < until_ms && !client_interrupted()) {
        size_t mark = toc_arena_mark(&view->arena);
        passed = has_passed(view, &wait->receipt); /* before the log is read */
        toc_arena_reset(&view->arena, mark);
        enum toc_err err = client_fetch(view->client, &fetch, see_record, &answer);
        if (err < 0)
            return client_fail(view->client);
        if (!answer.there && !passed)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    if (!answer.there && !passed)
        fprintf(stderr, "%s: accepted, but the notifier has not come to it yet\n", view->who);
    else if (answer.refused)
        fprintf(stderr, "%s: refused: %s\n", view->who, answer.reason);
    return (answer.there || passed) && !answer.refused ? CLI_DONE : CLI_FAILED;
}
