#include "services/intake/mail/door/door_impl.h"

#include "common/link_zmq.h"
#include "common/log.h"
#include "services/intake/mail/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)1 << 20)
#define MAILS_MAX   3 /* of the largest size, that come in at a time */

static const struct mail_door_config *configured;

void mail_door_configure(const struct mail_door_config *config)
{
    configured = config;
}

/* A run that fails has said nothing to anybody, and nothing may be acknowledged any more. */
static _Noreturn void give_up(enum toc_err err, const char *what)
{
    toc_log(TOC_LOG_ALARM, "failed", "at=mail_%s why=\"%s\"", what, toc_err_text(err));
    _exit(1);
}

static void unlink_job(struct job **list, const struct job *job)
{
    while (*list != job)
        list = &(*list)->next;
    *list = job->next;
}

static void job_free(struct job *job)
{
    toc_pool_done(&job->pool);
    free((void *)(uintptr_t)job->raw.data);
    free(job->targets);
    free(job);
}

/* --- the end of a mail ------------------------------------------------------------------------ */

static void answer(struct job *job)
{
    const char *replies[LMTP_RECIPIENTS_MAX];
    for (size_t i = 0; i < job->target_count; i++)
        replies[i] = job->targets[job->targets[i].first].reply;
    lmtp_answer(job->connection, replies);
    job_free(job);
}

static void reply_to(struct target *target, const Tocsin__V1__Outcome *outcome)
{
    char issue[2 * TOC_ID + 1] = "";
    bool again = outcome->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_CONFLICT;
    const char *reply = NULL;
    if (outcome->issue.len == TOC_ID)
        toc_hex(issue, outcome->issue.data, TOC_ID);
    if (outcome->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED)
        snprintf(target->reply, sizeof(target->reply), "250 2.0.0 issue %s", issue);
    else if (outcome->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE || again)
        reply = "250 2.0.0 it is here already"; /* its id stands for what was written */
    else if (outcome->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_FULL)
        reply = "452 4.3.1 the store is full: try again";
    else
        reply = "451 4.3.0 it could not be taken: the log says why";
    if (reply != NULL)
        toc_str_copy(target->reply, sizeof(target->reply), toc_str_of(reply));
    if (outcome->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED && target->letter.mail->crowd)
        toc_log(TOC_LOG_WARNING, "mail_not_kept", "event=%s bytes=%zu why=\"%s\"",
                target->letter.id, target->letter.raw.size,
                "too many people in its header: only what was read of it is here");
    if (target->reply[0] == '4')
        toc_log(TOC_LOG_WARNING, "mail_refused", "event=%s why=\"%s\"", target->letter.id,
                outcome->detail);
}

/* A recipient is settled, or all are submitted; with the last of it the job is over. */
static void settle(struct mail_door *door, struct job *job)
{
    if (++job->settled <= job->target_count)
        return;
    unlink_job(&door->waiting, job);
    answer(job);
}

/* From within the commit that made the event durable, or told that the store is full. */
static void on_frame(void *self, struct toc_str bytes)
{
    struct mail_door *door = self;
    Tocsin__V1__Frame *frame;
    struct job *job = door->waiting;
    toc_arena_reset(&door->arena, 0);
    if (toc_wire_unpack(&door->arena, &tocsin__v1__frame__descriptor, bytes, &frame) < 0)
        give_up(TOC_ERR_LIMIT, "receipt");
    TOC_ASSERT(frame->kind_case == TOCSIN__V1__FRAME__KIND_RECEIPT);
    while (job != NULL && job->number != frame->receipt->tag >> 8)
        job = job->next;
    TOC_ASSERT(job != NULL && frame->receipt->n_outcomes == 1);
    reply_to(&job->targets[frame->receipt->tag & 0xff], frame->receipt->outcomes[0]);
    settle(door, job);
}

/* --- to the run ------------------------------------------------------------------------------- */

/* A Publish of one event; its length is known when it is written, so its head is put before it. */
static struct toc_str write_frame(struct mail_door *door, struct toc_str event, uint64_t tag)
{
    uint8_t head[2 * TOC_WIRE_FIELD_OVERHEAD], *head_end;
    uint8_t *body = door->frame + sizeof(head), *end = toc_wire_put_varint(body, 1, tag);
    TOC_ASSERT(event.size + 6 * TOC_WIRE_FIELD_OVERHEAD <= sizeof(door->frame));
    end = toc_wire_put_bytes(end, 2, event);
    head_end = toc_wire_put_varint(head, 1, TOC_WIRE_VERSION);
    head_end = toc_wire_put_length(head_end, TOCSIN__V1__FRAME__KIND_PUBLISH, (size_t)(end - body));
    size_t head_size = (size_t)(head_end - head);
    memcpy(body - head_size, head, head_size);
    return toc_str(body - head_size, (size_t)(end - body) + head_size);
}

/* Of whoever writes too much at a time the rest waits in the quarantine; a mail has no other sign
 * of where it comes from that could be trusted. */
static void hold_back(struct mail_door *door, Tocsin__V1__Event *event)
{
    const struct quota_from from = {0};
    const char *reason = door->config->quota != NULL ? quota_judge(door->config->quota, event,
                                                                   &from, toc_program_now().mono_ms)
                                                     : NULL;
    if (reason != NULL)
        event->quarantine = toc_wire_text(reason);
}

/* Admits the event and passes it on in one go, with room in the turn for both. */
static enum toc_err submit(struct mail_door *door, struct job *job, size_t at, const char **why)
{
    static struct letter_files files;
    Tocsin__V1__Event *event;
    struct toc_str packed;
    if (toc_run_is_full(door->run))
        TOC_TRY(toc_run_commit(door->run, toc_program_now()));
    toc_arena_reset(&door->arena, 0);
    enum toc_err err = letter_write(&job->targets[at].letter, &door->arena, &event, &files);
    if (err == TOC_OK)
        err = admit(door->config->admit, &door->arena, event, files.list, files.count, why);
    if (err == TOC_ERR_LIMIT) { /* no mail ends the process */
        *why = "there is more in it than an event takes";
        return TOC_NONE;
    }
    if (err == TOC_ERR_FULL) {
        *why = admit_full;
        TOC_TRY(toc_run_met_full(door->run, toc_program_now()));
        return TOC_NONE;
    }
    if (err != TOC_OK)
        return err;
    hold_back(door, event);
    TOC_TRY(toc_wire_pack(&door->arena, event, &packed));
    return toc_run_frame(door->run, TOC_PEER_MAIL,
                         write_frame(door, packed, (uint64_t)job->number << 8 | at),
                         toc_program_now());
}

/* The next recipient; who gets the same event as one before is settled with that. */
static void submit_next(struct mail_door *door, struct job *job)
{
    size_t at = job->submitted++;
    const char *why = "";
    enum toc_err err = job->targets[at].first == at ? submit(door, job, at, &why) : TOC_OK;
    if (err < 0)
        give_up(err, "submit");
    if (err == TOC_NONE) {
        Tocsin__V1__Outcome refused = TOCSIN__V1__OUTCOME__INIT;
        refused.reason = why == admit_full ? TOCSIN__V1__REFUSE_REASON__REFUSE_FULL
                                           : TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
        refused.detail = toc_wire_text(why);
        reply_to(&job->targets[at], &refused);
    }
    if (err == TOC_NONE || job->targets[at].first != at)
        job->settled++;
}

/* The first one that is not submitted whole; NULL: all are. */
static struct job *first_begun(const struct mail_door *door)
{
    struct job *job = door->waiting;
    while (job != NULL && job->submitted == job->target_count)
        job = job->next;
    return job;
}

/* A mail for a hundred would be more than the loop may stand still for: of what waits as much as
 * fills a turn, and the rest in the next. A store that is full answers on the way, so a job stays
 * until all of it is submitted. */
static void submit_some(struct mail_door *door)
{
    struct job *job;
    bool any = false;
    while ((job = first_begun(door)) != NULL && !(any && toc_run_is_full(door->run))) {
        submit_next(door, job);
        any = true;
        if (job->submitted == job->target_count)
            settle(door, job);
    }
}

/* --- what is ready ---------------------------------------------------------------------------- */

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void add_waiting(struct mail_door *door, struct job *job)
{
    struct job **at = &door->waiting;
    while (*at != NULL)
        at = &(*at)->next;
    job->next = NULL;
    *at = job;
}

/* In the order in which they came, but for those that have to wait; looking for threads commits, so
 * all that is looked for comes before what is submitted. */
static void choose(struct mail_door *door)
{
    struct job **at = &door->ready;
    while (*at != NULL) {
        struct job *job = *at;
        enum toc_err err = TOC_OK;
        if (door_has_to_wait(door, job)) {
            at = &job->next;
            continue;
        }
        if (door_may_be_answer(job))
            err = door_find_issues(door, job);
        if (err < 0)
            give_up(err, "thread");
        *at = job->next;
        add_waiting(door, job);
    }
}

static void on_check(uv_check_t *check)
{
    struct mail_door *door = check->data;
    if (first_begun(door) == NULL)
        choose(door);
    submit_some(door);
    if (door->ready == NULL && first_begun(door) == NULL)
        uv_idle_stop(&door->idle);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Our own addresses are nobody. */
static void forget_boxes(const struct mail_map *map, struct mail *mail)
{
    size_t kept = 0;
    for (size_t i = 0; i < mail->people_count; i++) {
        char address[MAIL_ADDRESS_MAX + 1];
        toc_str_copy(address, sizeof(address), mail->people[i]);
        const struct mail_box *box = mail_map_find(map, address);
        if (box == NULL || toc_str_equal(box->address, TOC_STR("*")))
            mail->people[kept++] = mail->people[i];
    }
    mail->people_count = kept;
}

static void on_work(uv_work_t *work)
{
    struct job *job = work->data;
    job->err = mail_read(job->raw, &job->pool, &job->mail);
    forget_boxes(&job->door->config->map, &job->mail);
    letter_digest(job->digest, &job->mail, job->raw);
}

static void free_if_over(struct mail_door *door)
{
    if (!door->stopping || door->reading != NULL || door->handles > 0)
        return;
    toc_arena_done(&door->arena);
    free(door->buckets);
    free(door);
}

/* One address of a box that names the issue does so for the others of it. */
static void share_address(struct job *job, struct target *target)
{
    for (size_t i = 0; !target->by_address && i < job->target_count; i++) {
        const struct target *other = &job->targets[i];
        if (!other->by_address || other->letter.box != target->letter.box)
            continue;
        target->by_address = true;
        memcpy(target->letter.issue, other->letter.issue, TOC_ID);
        memcpy(target->address, other->address, sizeof(target->address));
    }
}

static size_t first_like(const struct job *job, size_t at)
{
    size_t first = 0;
    while (strcmp(job->targets[first].letter.id, job->targets[at].letter.id) != 0)
        first++;
    return first;
}

static struct bucket *bucket_of(struct mail_door *door, const struct mail_box *box)
{
    return box->rate > 0 ? &door->buckets[box - door->config->map.boxes] : NULL;
}

/* One event counts once, however many addresses it goes to. */
static void charge(struct mail_door *door, const struct job *job)
{
    for (size_t i = 0; i < job->target_count; i++) {
        struct bucket *bucket = bucket_of(door, job->targets[i].letter.box);
        if (bucket != NULL && job->targets[i].first == i)
            bucket_take(bucket, 1);
    }
}

static void name_letters(struct job *job)
{
    for (size_t i = 0; i < job->target_count; i++)
        share_address(job, &job->targets[i]);
    for (size_t i = 0; i < job->target_count; i++) {
        struct letter *letter = &job->targets[i].letter;
        letter->of_machine = job->mail.kind != MAIL_WRITTEN || !job->has_sender;
        letter_name(letter, job->digest, job->targets[i].address);
        job->targets[i].first = first_like(job, i);
        door_name_references(&job->targets[i]);
    }
}

static void add_ready(struct mail_door *door, struct job *job)
{
    struct job **at = &door->ready;
    while (*at != NULL && (*at)->number < job->number)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
}

static void on_read(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct mail_door *door = job->door;
    unlink_job(&door->reading, job);
    if (door->stopping) {
        job_free(job);
        free_if_over(door);
        return;
    }
    if (status < 0 || job->err < 0) {
        for (size_t i = 0; i < job->target_count; i++)
            toc_str_copy(job->targets[i].reply, LMTP_REPLY_MAX,
                         TOC_STR("451 4.3.0 out of memory: try again"));
        answer(job);
        return;
    }
    name_letters(job);
    charge(door, job);
    add_ready(door, job);
    uv_idle_start(&door->idle, on_idle);
}

/* --- from the mail server --------------------------------------------------------------------- */

static const char *refuse(void *self, const char *address)
{
    struct mail_door *door = self;
    const struct mail_box *box = mail_map_find(&door->config->map, address);
    if (box == NULL)
        return "550 5.1.1 nobody takes mail for this address here";
    struct bucket *bucket = bucket_of(door, box);
    if (bucket != NULL && bucket_wait(bucket, toc_program_now().mono_ms) > 0)
        return "450 4.7.1 more mails than may come for this address: try again";
    return NULL;
}

static void address_target(struct mail_door *door, struct job *job, struct target *target,
                           const char *address)
{
    struct letter *letter = &target->letter;
    letter->mail = &job->mail;
    letter->raw = job->raw;
    letter->box = mail_map_find(&door->config->map, address);
    letter->issue_key = door->config->issue_key;
    letter->event_clock = toc_program_event_clock();
    target->by_address = mail_detail_read(letter->issue_key, address, letter->issue);
    if (target->by_address)
        mail_map_lower(address, target->address);
    else
        toc_str_copy(target->address, sizeof(target->address), letter->box->address);
}

static struct job *job_new(struct mail_door *door, const struct lmtp_mail *mail)
{
    struct job *job = calloc(1, sizeof(*job));
    struct target *targets = calloc(mail->recipient_count, sizeof(*targets));
    if (job == NULL || targets == NULL) {
        free(job);
        free(targets);
        return NULL;
    }
    job->door = door;
    job->raw = mail->raw;
    job->has_sender = mail->sender[0] != '\0';
    job->number = ++door->numbers;
    job->targets = targets;
    job->target_count = mail->recipient_count;
    for (size_t i = 0; i < mail->recipient_count; i++)
        address_target(door, job, &targets[i], mail->recipients[i]);
    return job;
}

static void refuse_all(struct lmtp_connection *connection, const struct lmtp_mail *mail)
{
    const char *replies[LMTP_RECIPIENTS_MAX];
    for (size_t i = 0; i < mail->recipient_count; i++)
        replies[i] = "451 4.3.0 out of memory: try again";
    free((void *)(uintptr_t)mail->raw.data);
    lmtp_answer(connection, replies);
}

static void deliver(void *self, struct lmtp_connection *connection, const struct lmtp_mail *mail)
{
    struct mail_door *door = self;
    struct job *job = job_new(door, mail);
    if (job == NULL) {
        refuse_all(connection, mail);
        return;
    }
    job->connection = connection;
    job->work.data = job;
    job->next = door->reading;
    door->reading = job;
    TOC_ASSERT(uv_queue_work(door->loop, &job->work, on_work, on_read) == 0);
}

/* --- life ------------------------------------------------------------------------------------- */

static void drop_jobs(struct job *job)
{
    while (job != NULL) {
        struct job *next = job->next;
        job_free(job);
        job = next;
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct mail_door *door = handle->data;
    door->handles--;
    free_if_over(door);
}

/* Whoever has not been answered sends again. What is being read is freed when that is over. */
static void stop(void *self)
{
    struct mail_door *door = self;
    if (door == NULL)
        return;
    door->stopping = true;
    lmtp_close(door->lmtp);
    drop_jobs(door->ready);
    drop_jobs(door->waiting);
    door->ready = door->waiting = NULL;
    uv_close((uv_handle_t *)&door->check, on_closed);
    uv_close((uv_handle_t *)&door->idle, on_closed);
}

static enum toc_err listen_for_mail(struct mail_door *door)
{
    const struct lmtp_config lmtp = {.address = door->config->address,
                                     .connections_max = door->config->connections_max,
                                     .mail_max = door->config->mail_max,
                                     .mails_max = MAILS_MAX * door->config->mail_max,
                                     .refuse = refuse,
                                     .deliver = deliver,
                                     .self = door};
    TOC_TRY(lmtp_listen(door->loop, &lmtp, &door->lmtp));
    toc_log(TOC_LOG_INFO, "mail_open", "lmtp=%s port=%u boxes=%zu", door->config->address,
            lmtp_port(door->lmtp), door->config->map.count);
    return TOC_OK;
}

static enum toc_err set_up(struct mail_door *door, struct toc_link *link)
{
    const struct mail_map *map = &door->config->map;
    door->buckets = calloc(map->count + 1, sizeof(*door->buckets));
    if (door->buckets == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < map->count; i++)
        door->buckets[i].rate = map->boxes[i].rate;
    TOC_TRY(toc_arena_init(&door->arena, ARENA_BYTES));
    mail_set_up();
    toc_link_inside(link, TOC_PEER_MAIL, on_frame, door);
    return listen_for_mail(door);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    if (configured == NULL || configured->address == NULL)
        return TOC_OK;
    struct mail_door *door = calloc(1, sizeof(*door));
    if (door == NULL)
        return TOC_ERR_MEMORY;
    door->config = configured;
    door->loop = loop;
    door->run = run;
    TOC_ASSERT(uv_check_init(loop, &door->check) == 0 && uv_idle_init(loop, &door->idle) == 0);
    door->check.data = door->idle.data = door;
    door->handles = 2;
    uv_check_start(&door->check, on_check); /* started last, it is called before the run's own */
    enum toc_err err = set_up(door, link);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "mail_failed", "lmtp=%s why=\"%s\"", configured->address,
                toc_err_listen_text(err));
        stop(door);
        return err;
    }
    *out_self = door;
    return TOC_OK;
}

const struct toc_effects mail_door_effects = {start, NULL, stop};
