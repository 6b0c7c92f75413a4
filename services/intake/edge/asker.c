#include "services/intake/edge/asker.h"

#include <stdlib.h>

#define ARENA_BYTES ((size_t)4 * TOC_FRAME_MAX) /* of an answer */
#define LOOK_MS     50                          /* between looks for deadlines */

struct queue {
    struct asker_question *first, **end;
};

/* Their names, and how many of our questions each has in hand at a time: to answer one a service
 * may have to commit, and a rehearsal takes a while. */
static const struct {
    const char *name;
    unsigned sent_max;
} kinds[ASKER_SERVICES] = {
    [ASKER_ROUTER] = {"router", 16}, [ASKER_SLA] = {"sla", 16}, [ASKER_REHEARSE] = {"rehearse", 2}};

/* A service that may be asked. */
struct service {
    toc_peer peer; /* 0: it has no endpoint */
    struct queue waiting, sent;
    unsigned sent_count, sent_max;
};

struct asker {
    struct toc_link *link;
    struct service services[ASKER_SERVICES];
    struct toc_arena arena;
    uint64_t last_tag;
    toc_time_ms look_ms;
};

enum asker_service asker_service_of(struct toc_str name)
{
    unsigned i = 0;
    while (i < ASKER_SERVICES && !toc_str_equal(name, toc_str_of(kinds[i].name)))
        i++;
    return (enum asker_service)i;
}

/* --- queues ----------------------------------------------------------------------------------- */

static void push(struct queue *queue, struct asker_question *question)
{
    question->next = NULL;
    *queue->end = question;
    queue->end = &question->next;
}

static struct asker_question *take(struct queue *queue, struct asker_question **at)
{
    struct asker_question *question = *at;
    *at = question->next;
    if (question->next == NULL)
        queue->end = at;
    return question;
}

/* --- asking ----------------------------------------------------------------------------------- */

static void tell(struct asker_question *question, enum asker_end end,
                 const Tocsin__V1__Answer *answer)
{
    free((void *)(uintptr_t)question->frame.data);
    question->frame = toc_str(NULL, 0);
    question->told(question->self, end, answer);
}

/* What is not there now is not waited for: who asks us hears so at once. */
static void send_waiting(struct asker *asker, struct service *service)
{
    while (service->waiting.first != NULL && service->sent_count < service->sent_max) {
        struct asker_question *question = take(&service->waiting, &service->waiting.first);
        if (toc_link_send(asker->link, service->peer, question->frame) < 0) {
            tell(question, ASKER_SILENT, NULL);
            continue;
        }
        push(&service->sent, question);
        service->sent_count++;
    }
}

static struct toc_str pack(Tocsin__V1__Ask *ask)
{
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    frame.version = TOC_WIRE_VERSION;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_ASK;
    frame.ask = ask;
    size_t size = tocsin__v1__frame__get_packed_size(&frame);
    uint8_t *bytes = malloc(size);
    if (bytes != NULL)
        tocsin__v1__frame__pack(&frame, bytes);
    return toc_str(bytes, bytes != NULL ? size : 0);
}

void asker_ask(struct asker *asker, struct asker_question *question, Tocsin__V1__Ask *ask)
{
    struct service *to = &asker->services[question->service];
    TOC_ASSERT(to->peer != 0);
    question->tag = ask->tag = ++asker->last_tag;
    question->frame = pack(ask);
    if (question->frame.size == 0) {
        tell(question, ASKER_SILENT, NULL);
        return;
    }
    push(&to->waiting, question);
    send_waiting(asker, to);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* One that was given up already finds no question. */
static void take_answer(struct asker *asker, struct service *service,
                        const Tocsin__V1__Answer *answer)
{
    struct asker_question **at = &service->sent.first;
    while (*at != NULL && (*at)->tag != answer->tag)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    struct asker_question *question = take(&service->sent, at);
    service->sent_count--;
    tell(question, ASKER_ANSWERED, answer);
    send_waiting(asker, service);
}

static void on_frame(void *self, toc_peer peer, struct toc_str bytes)
{
    struct asker *asker = self;
    Tocsin__V1__Frame *frame;
    toc_arena_reset(&asker->arena, 0);
    if (toc_wire_unpack(&asker->arena, &tocsin__v1__frame__descriptor, bytes, &frame) < 0 ||
        frame->kind_case != TOCSIN__V1__FRAME__KIND_ANSWER)
        return;
    for (unsigned i = 0; i < ASKER_SERVICES; i++)
        if (asker->services[i].peer == peer)
            take_answer(asker, &asker->services[i], frame->answer);
}

static void end_late(struct queue *queue, unsigned *count, toc_time_ms mono_ms)
{
    struct asker_question **at = &queue->first, *late = NULL;
    while (*at != NULL) {
        if ((*at)->deadline_ms > mono_ms) {
            at = &(*at)->next;
            continue;
        }
        struct asker_question *question = take(queue, at);
        question->next = late;
        late = question;
        *count -= *count > 0;
    }
    while (late != NULL) {
        struct asker_question *question = late;
        late = late->next;
        tell(question, ASKER_SILENT, NULL);
    }
}

void asker_poll(struct asker *asker, toc_time_ms mono_ms)
{
    unsigned none = 0;
    if (mono_ms < asker->look_ms)
        return;
    asker->look_ms = mono_ms + LOOK_MS;
    for (unsigned i = 0; i < ASKER_SERVICES; i++) {
        struct service *service = &asker->services[i];
        end_late(&service->sent, &service->sent_count, mono_ms);
        end_late(&service->waiting, &none, mono_ms);
        send_waiting(asker, service);
    }
}

bool asker_has(const struct asker *asker, enum asker_service service)
{
    return asker->services[service].peer != 0;
}

/* --- life ------------------------------------------------------------------------------------- */

static enum toc_err connect_all(struct asker *asker, const char *const endpoints[ASKER_SERVICES])
{
    TOC_TRY(toc_arena_init(&asker->arena, ARENA_BYTES));
    for (unsigned i = 0; i < ASKER_SERVICES; i++) {
        struct service *service = &asker->services[i];
        if (endpoints[i] == NULL)
            continue;
        TOC_TRY(toc_link_connect(asker->link, endpoints[i], &service->peer));
        toc_link_aside(asker->link, service->peer, on_frame, asker);
    }
    return TOC_OK;
}

enum toc_err asker_new(struct toc_link *link, const char *const endpoints[ASKER_SERVICES],
                       struct asker **out)
{
    struct asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL)
        return TOC_ERR_MEMORY;
    asker->link = link;
    for (unsigned i = 0; i < ASKER_SERVICES; i++) {
        asker->services[i].sent_max = kinds[i].sent_max;
        asker->services[i].waiting.end = &asker->services[i].waiting.first;
        asker->services[i].sent.end = &asker->services[i].sent.first;
    }
    enum toc_err err = connect_all(asker, endpoints);
    if (err < 0) {
        asker_free(asker);
        return err;
    }
    *out = asker;
    return TOC_OK;
}

static void stop_all(struct queue *queue)
{
    while (queue->first != NULL)
        tell(take(queue, &queue->first), ASKER_STOPPED, NULL);
}

void asker_free(struct asker *asker)
{
    if (asker == NULL)
        return;
    for (unsigned i = 0; i < ASKER_SERVICES; i++) {
        if (asker->services[i].peer != 0)
            toc_link_aside(asker->link, asker->services[i].peer, NULL, NULL);
        stop_all(&asker->services[i].sent);
        stop_all(&asker->services[i].waiting);
    }
    toc_arena_done(&asker->arena);
    free(asker);
}
