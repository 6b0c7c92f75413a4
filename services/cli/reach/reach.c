#include "services/cli/reach/reach.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PROBES_MAX 100000 /* of a run */
#define PAUSE_NS   100000000
#define LATE_MS    (10 * TOC_SECOND_MS) /* the notifier may be that late in saying that it is over */

/* --- what the log says ---------------------------------------------------------------------- */

static struct reach_probe *probe_at(struct reach *reach, size_t place)
{
    if (place >= reach->count) {
        struct reach_probe *probes = realloc(reach->probes, (place + 1) * sizeof(*probes));
        if (probes == NULL) {
            reach->out_of_memory = true;
            return NULL;
        }
        memset(probes + reach->count, 0, (place + 1 - reach->count) * sizeof(*probes));
        reach->probes = probes;
        reach->count = place + 1;
    }
    return &reach->probes[place];
}

static void take_row(struct reach *reach, const Tocsin__V1__ReachRow *row)
{
    bool known = row->place < PROBES_MAX && row->person[0] != '\0';
    struct reach_probe *probe = known ? probe_at(reach, row->place) : NULL;
    if (probe == NULL)
        return;
    toc_str_copy(probe->person, sizeof(probe->person), toc_str_of(row->person));
    toc_str_copy(probe->method, sizeof(probe->method), toc_str_of(row->method));
    toc_str_copy(probe->delivery, sizeof(probe->delivery), toc_str_of(row->delivery));
    toc_str_copy(probe->how, sizeof(probe->how), toc_str_of(row->how));
    toc_str_copy(probe->why, sizeof(probe->why), toc_str_of(row->why));
    probe->state = row->state;
    probe->sent_ms = row->sent_ms;
    probe->answered_ms = row->answered_ms;
}

static void take_run(struct reach *reach, const Tocsin__V1__ReachChange *change)
{
    const Tocsin__V1__ReachRun *run = change->run;
    if (!change->over) {
        reach_done(reach);
        toc_str_copy(reach->id, sizeof(reach->id), toc_str_of(change->reach));
        toc_str_copy(reach->by, sizeof(reach->by), toc_str_of(run->by));
    }
    reach->from_ms = run->from_ms;
    reach->until_ms = run->until_ms;
    reach->over = change->over;
}

void reach_record(struct reach *reach, const char *id, const Tocsin__V1__Record *record)
{
    if (record->type != TOCSIN__V1__RECORD_TYPE__REACH_CHANGED)
        return;
    Tocsin__V1__ReachChange *change =
        tocsin__v1__reach_change__unpack(NULL, record->body.len, record->body.data);
    if (change == NULL)
        return;
    bool begins = change->run != NULL && !change->over;
    bool meant = strcmp(change->reach, id != NULL ? id : reach->id) == 0;
    if (change->run != NULL && (meant || (begins && id == NULL)))
        take_run(reach, change);
    else if (change->row != NULL && meant)
        take_row(reach, change->row);
    tocsin__v1__reach_change__free_unpacked(change, NULL);
}

void reach_done(struct reach *reach)
{
    free(reach->probes);
    *reach = (struct reach){.count = 0};
}

bool reach_is_sent(const struct reach *reach)
{
    for (size_t i = 0; i < reach->count; i++)
        if (reach->probes[i].state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING)
            return false;
    return reach->count > 0;
}

/* --- asking --------------------------------------------------------------------------------- */

struct following {
    struct reach *reach;
    const char *id;
    uint64_t next_seq;
};

static bool see_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct following *following = arg;
    (void)bytes;
    following->next_seq = record->seq + 1;
    reach_record(following->reach, following->id, record);
    return true;
}

static void tell_waiting(const struct view *view, const struct reach *reach)
{
    char at[MOMENT_MAX];
    if (isatty(STDERR_FILENO) && !view->json)
        fprintf(stderr, "waiting for answers until %s; Ctrl-C shows what is known by then\n",
                moment_near(at, reach->until_ms, moment_now()));
}

static int follow(struct view *view, const struct reach_wish *wish, struct following *following)
{
    toc_time_ms until_ms = client_mono_ms() + wish->wait_ms + LATE_MS;
    const struct reach *reach = following->reach;
    bool told = false;
    while (!client_interrupted()) {
        const struct client_fetch fetch = {.service = "notifier", .from_seq = following->next_seq};
        enum toc_err err = client_fetch(view->client, &fetch, see_record, following);
        if (err < 0 && err != TOC_ERR_AGAIN)
            return client_fail(view->client);
        if (reach->over || (wish->enough != NULL && wish->enough(reach)) ||
            client_mono_ms() >= until_ms)
            break;
        if (!told && reach->id[0] != '\0' && wish->enough == NULL)
            tell_waiting(view, reach);
        told = told || reach->id[0] != '\0';
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    client_interrupt_handled();
    return CLI_DONE;
}

static void fill(const struct reach_wish *wish, const char *id, const char *who,
                 Tocsin__V1__Reach *body)
{
    tocsin__v1__reach__init(body);
    body->reach = toc_wire_text(id);
    body->by = toc_wire_text(who);
    body->until_ms = wish->until_ms;
    if (wish->persons != NULL) {
        body->persons = (char **)(uintptr_t)wish->persons->values;
        body->n_persons = wish->persons->count;
    }
}

int reach_ask(struct view *view, const struct reach_wish *wish, struct reach *out)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__Reach body;
    struct human_wait wait;
    char id[HUMAN_ID];
    const char *who = human_name(view, "--by", wish->by);
    *out = (struct reach){.count = 0};
    if (who == NULL)
        return CLI_USAGE;
    if (!human_new_id(view, id))
        return CLI_FAILED;
    fill(wish, id, who, &body);
    event.type = toc_wire_text("tocsin.reach.asked");
    event.body_case = TOCSIN__V1__EVENT__BODY_REACH;
    event.reach = &body;
    client_catch_interrupts();
    if (human_wait_begin(view, &wait) != CLI_DONE ||
        human_publish(view, &event, &wait.receipt) != CLI_DONE ||
        human_wait_end(view, &wait) != CLI_DONE)
        return CLI_FAILED;
    struct following following = {.reach = out, .id = id, .next_seq = wait.from_seq};
    return follow(view, wish, &following);
}
