#include "services/notifier/send/heartbeat.h"

#include "common/log.h"
#include "common/send/transfer.h"
#include "services/notifier/send/read.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define EVERY_MS   (30 * TOC_SECOND_MS)
#define AGAIN_MS   (10 * TOC_SECOND_MS) /* after one that was not taken */
#define CONNECT_MS (5 * TOC_SECOND_MS)
#define WHOLE_MS   (15 * TOC_SECOND_MS)
#define BODY_MAX   160

struct heartbeat {
    struct toc_run *run;
    struct toc_transfers *http;
    bool under_way;
    toc_time_ms next_ms; /* monotonic */
    toc_time_ms taken_ms;
    uint32_t missed; /* since then */
};

static struct {
    char *url;
    bool plain;
    const struct toc_guard *guard;
    const char *proxy;
} configured;

/* --- the address -------------------------------------------------------------------------- */

static const char *why_no_url(struct toc_str url)
{
    struct toc_str origin = read_origin(url);
    if (origin.size == 0)
        return "does not begin with https:// or http:// and name a host";
    if (url.size > CONTACTS_URL_MAX)
        return "holds an address that is too long";
    if (memchr(origin.data, '@', origin.size) != NULL)
        return "has a user or a password in its address, where none belongs";
    return NULL;
}

static enum toc_err load(const char *file, char **out)
{
    const char *why;
    char *url = read_secret_line(file, &why);
    if (url != NULL)
        why = why_no_url(toc_str_of(url));
    if (why == NULL) {
        *out = url;
        return TOC_OK;
    }
    fprintf(stderr, "--heartbeat-url-file: the secret file %s\n  looked for '%s'\n", why, file);
    free(url);
    return TOC_ERR_CONFIG;
}

enum toc_err heartbeat_check(const struct heartbeat_config *config)
{
    char *url = NULL;
    enum toc_err err = config->url_file != NULL ? load(config->url_file, &url) : TOC_OK;
    free(url);
    return err;
}

enum toc_err heartbeat_configure(const struct heartbeat_config *config)
{
    if (config->url_file == NULL)
        return TOC_OK;
    TOC_TRY(load(config->url_file, &configured.url));
    configured.plain = toc_str_starts(toc_str_of(configured.url), TOC_STR("http://"));
    configured.guard = config->guard;
    configured.proxy = config->proxy;
    return TOC_OK;
}

/* --- beating ------------------------------------------------------------------------------ */

static void on_taken(struct heartbeat *heart, toc_time_ms wall_ms)
{
    if (heart->missed > 0)
        toc_log(TOC_LOG_INFO, "heartbeat_back", "missed=%u", heart->missed);
    heart->missed = 0;
    heart->taken_ms = wall_ms;
}

static void on_missed(struct heartbeat *heart, const char *why)
{
    heart->missed++;
    toc_log(heart->missed == 1 ? TOC_LOG_ALARM : TOC_LOG_WARNING, "heartbeat_missed",
            "missed=%u why=\"%s\"", heart->missed, why);
}

static void on_answer(void *self, void *tag, const struct toc_transfer_answer *answer)
{
    struct heartbeat *heart = self;
    struct toc_now now = toc_program_now();
    bool taken = answer->code >= 200 && answer->code <= 299;
    (void)tag;
    heart->under_way = false;
    heart->next_ms = now.mono_ms + (taken ? EVERY_MS : AGAIN_MS);
    if (taken)
        on_taken(heart, now.wall_ms);
    else
        on_missed(heart, answer->text);
}

/* A proxy is trusted to say which addresses are reached. */
static bool on_address(void *self, void *tag, const struct sockaddr *address)
{
    static const struct toc_guard none;
    (void)self;
    (void)tag;
    return configured.proxy != NULL ||
           toc_guard_allows(configured.guard != NULL ? configured.guard : &none, address,
                            configured.plain);
}

/* Whether a page that is due could be recorded and sent. */
static bool is_well(const struct heartbeat *heart)
{
    struct toc_run_counts counts;
    toc_run_counts(heart->run, &counts);
    return !counts.full && counts.percent_used < TOC_FULL_PERCENT;
}

static void beat(struct heartbeat *heart, struct toc_now now)
{
    char body[BODY_MAX];
    const char *why_not;
    int size =
        snprintf(body, sizeof(body),
                 "{\"type\":\"tocsin.heartbeat\",\"service\":\"notifier\",\"at_ms\":%lld,"
                 "\"seq\":\"%llu\",\"ready\":%s}",
                 (long long)now.wall_ms, (unsigned long long)toc_run_journal(heart->run)->last_seq,
                 toc_run_is_ready(heart->run, &why_not) ? "true" : "false");
    const struct toc_transfer_request request = {.url = configured.url,
                                                 .body = toc_str(body, (size_t)size)};
    heart->next_ms = now.mono_ms + AGAIN_MS;
    heart->under_way = toc_transfers_start(heart->http, &request, NULL) != NULL;
}

static void after_commit(void *self, struct toc_now now)
{
    struct heartbeat *heart = self;
    if (heart != NULL && !heart->under_way && now.mono_ms >= heart->next_ms && is_well(heart))
        beat(heart, now);
}

static void tell(const void *self, Tocsin__V1__Status *status)
{
    const struct heartbeat *heart = self;
    status->beats = true;
    status->beat_ms = heart->taken_ms;
    status->beats_missed = heart->missed;
}

static void stop(void *self)
{
    struct heartbeat *heart = self;
    if (heart == NULL)
        return;
    toc_transfers_close(heart->http);
    sodium_memzero(configured.url, strlen(configured.url));
    free(configured.url);
    free(heart);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    (void)link;
    *out_self = NULL;
    if (configured.url == NULL || toc_program_event_clock())
        return TOC_OK;
    struct heartbeat *heart = calloc(1, sizeof(*heart));
    if (heart == NULL)
        return TOC_ERR_MEMORY;
    const struct toc_transfers_config config = {.loop = loop,
                                                .connect_ms = CONNECT_MS,
                                                .whole_ms = WHOLE_MS,
                                                .proxy = configured.proxy,
                                                .done = on_answer,
                                                .allows = on_address,
                                                .self = heart};
    heart->run = run;
    enum toc_err err = toc_transfers_open(&config, &heart->http);
    if (err < 0) {
        free(heart);
        return err;
    }
    toc_run_set_gate(run, &(struct toc_run_gate){.self = heart, .tell = tell});
    *out_self = heart;
    return TOC_OK;
}

const struct toc_effects heartbeat_effects = {start, after_commit, stop};
