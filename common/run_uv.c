#include "common/run_uv.h"

#include "common/link_zmq.h"
#include "common/log.h"
#include "common/metrics.h"

#include <assert.h>
#include <signal.h>
#include <sodium.h>
#include <time.h>
#include <uv.h>

#define ROUNDS_MAX 8 /* turns before the loop looks at its other handles */

struct loop {
    struct toc_run_uv_config *config;
    struct toc_link *link;
    struct toc_run *run;
    void *effects;
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t timer;
    uv_signal_t term, interrupt;
    uv_poll_t polls[TOC_LINK_FDS];
    size_t poll_count;
    struct toc_http *metrics;
    struct toc_metrics_source source;
    toc_time_ms rests_until_ms; /* of the monotonic clock */
    bool rests;                 /* does not hear the link */
    bool full;                  /* the last turn left some of its input */
    enum toc_err err;
    bool stopping;
};

static toc_time_ms clock_ms(clockid_t clock)
{
    struct timespec now;
    TOC_ASSERT(clock_gettime(clock, &now) == 0);
    return (toc_time_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct toc_now toc_program_now(void)
{
    return (struct toc_now){clock_ms(CLOCK_REALTIME), clock_ms(CLOCK_MONOTONIC)};
}

static void stop(struct loop *loop)
{
    loop->stopping = true;
    uv_stop(&loop->uv);
}

static void fail(struct loop *loop, enum toc_err err, const char *what)
{
    toc_log(TOC_LOG_ALARM, "failed", "at=%s why=\"%s\"", what, toc_err_text(err));
    loop->err = err;
    stop(loop);
}

/* Steps what is there until the input is drained or the turn is full; returns the frames. */
static enum toc_err drain(struct loop *loop, unsigned *frames)
{
    toc_peer peer;
    struct toc_str frame;
    *frames = 0;
    while (!toc_run_is_full(loop->run)) {
        enum toc_err err = toc_link_receive(loop->link, &peer, &frame);
        if (err == TOC_ERR_AGAIN)
            return TOC_OK;
        TOC_TRY(err);
        TOC_TRY(toc_run_frame(loop->run, peer, frame, toc_program_now()));
        (*frames)++;
    }
    return TOC_OK;
}

static enum toc_err take_turn(struct loop *loop, unsigned *frames)
{
    const struct toc_effects *effects = loop->config->program->effects;
    TOC_TRY(drain(loop, frames));
    loop->full = toc_run_is_full(loop->run);
    TOC_TRY(toc_run_poll(loop->run, toc_program_now()));
    TOC_TRY(toc_run_commit(loop->run, toc_program_now()));
    if (effects != NULL && effects->after_commit != NULL)
        effects->after_commit(loop->effects, toc_program_now());
    return TOC_OK;
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* it only keeps the loop from sleeping */
}

/* How long no turn begins yet. */
static toc_time_ms rest_left_ms(const struct loop *loop)
{
    toc_time_ms left_ms = loop->rests_until_ms - toc_program_now().mono_ms;
    return left_ms > 0 ? left_ms : 0;
}

/* Whether that was all for now: what comes next gathers. */
static bool rest_after(struct loop *loop, unsigned frames)
{
    toc_time_ms rest_ms = toc_run_rest_ms(loop->run);
    if (rest_ms == 0 || frames == 0 || loop->full)
        return false;
    loop->rests_until_ms = toc_program_now().mono_ms + rest_ms;
    return true;
}

/* A turn may be full of what came from within the process, before a frame was taken: the next is
 * for those. */
static void on_check(uv_check_t *handle)
{
    struct loop *loop = handle->data;
    unsigned frames = 1;
    if (rest_left_ms(loop) > 0)
        return;
    loop->full = false;
    for (unsigned round = 0; round < ROUNDS_MAX && (frames > 0 || loop->full) && !loop->stopping;
         round++) {
        enum toc_err err = take_turn(loop, &frames);
        if (err < 0) {
            fail(loop, err, "turn");
            return;
        }
        if (rest_after(loop, frames))
            return;
    }
}

static void on_timer(uv_timer_t *handle)
{
    (void)handle; /* the check that follows does the work */
}

static void wake_in(struct loop *loop, toc_time_ms wait_ms)
{
    uv_update_time(&loop->uv); /* timers count from the loop's cached time */
    uv_timer_start(&loop->timer, on_timer, (uint64_t)wait_ms, 0);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    (void)handle;
    (void)status;
    (void)events;
}

/* What comes in while it rests stays readable, and would wake it again and again. */
static void listen_to_link(struct loop *loop, bool listens)
{
    for (size_t i = 0; i < loop->poll_count; i++) {
        if (listens)
            uv_poll_start(&loop->polls[i], UV_READABLE, on_readable);
        else
            uv_poll_stop(&loop->polls[i]);
    }
}

/*
 * Right before the loop sleeps. ZeroMQ's descriptors are edge-triggered and a send can eat the
 * edge, so its own events are asked, not the descriptor's.
 */
static void on_prepare(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    toc_time_ms rest = rest_left_ms(loop);
    if (loop->rests != (rest > 0)) {
        loop->rests = rest > 0;
        listen_to_link(loop, !loop->rests);
    }
    if (rest == 0 && toc_link_has_input(loop->link)) {
        uv_idle_start(&loop->idle, on_idle);
        return;
    }
    uv_idle_stop(&loop->idle);
    wake_in(loop, rest > 0 ? rest : toc_run_wait_ms(loop->run, toc_program_now()));
}

static void on_signal(uv_signal_t *handle, int number)
{
    toc_log(TOC_LOG_INFO, "stopping", "signal=%d", number);
    stop(handle->data);
}

/* --- metrics ---------------------------------------------------------------------------- */

#define HELD_METRICS 4
#define BEAT_METRICS 2

/* What only the notifier has. */
static size_t collect_beats(const Tocsin__V1__Status *status, struct toc_metric *out)
{
    double age_s = (double)(clock_ms(CLOCK_REALTIME) - status->beat_ms) / 1000;
    out[0] = (struct toc_metric){"tocsin_heartbeat_age_seconds",
                                 "How long ago the last heartbeat was taken; -1: none was.",
                                 TOC_METRIC_GAUGE,
                                 NULL,
                                 NULL,
                                 status->beat_ms != 0 ? age_s : -1};
    out[1] = (struct toc_metric){"tocsin_heartbeats_missed",
                                 "Heartbeats that were not taken since then.",
                                 TOC_METRIC_GAUGE,
                                 NULL,
                                 NULL,
                                 (double)status->beats_missed};
    return BEAT_METRICS;
}

/* What only intake has. */
static size_t collect_held(const Tocsin__V1__Status *status, struct toc_metric *out)
{
    double age_s = (double)(clock_ms(CLOCK_REALTIME) - status->held_ms) / 1000;
    out[0] = (struct toc_metric){
        "tocsin_held_events", "Events in the quarantine.", TOC_METRIC_GAUGE, NULL, NULL,
        (double)status->held};
    out[1] = (struct toc_metric){"tocsin_held_oldest_age_seconds",
                                 "How long the first of them has waited for a decision.",
                                 TOC_METRIC_GAUGE,
                                 NULL,
                                 NULL,
                                 status->held_ms != 0 ? age_s : 0};
    out[2] = (struct toc_metric){"tocsin_exempt_over_quota_total",
                                 "Exempt events over a quota that came in since the start.",
                                 TOC_METRIC_COUNTER,
                                 NULL,
                                 NULL,
                                 (double)status->exempt_over};
    out[3] = (struct toc_metric){"tocsin_exempt_held_total",
                                 "Exempt events that were too many and held back since the start.",
                                 TOC_METRIC_COUNTER,
                                 NULL,
                                 NULL,
                                 (double)status->exempt_held};
    return HELD_METRICS;
}

static size_t collect_own(const struct loop *loop, struct toc_metric *out)
{
    Tocsin__V1__Status status = TOCSIN__V1__STATUS__INIT;
    if (!toc_run_tell(loop->run, &status))
        return 0;
    return status.beats ? collect_beats(&status, out) : collect_held(&status, out);
}

static size_t collect(void *self, struct toc_metric out[TOC_METRICS_MAX])
{
    struct loop *loop = self;
    struct toc_run_counts counts;
    const struct toc_journal *journal = toc_run_journal(loop->run);
    toc_run_counts(loop->run, &counts);
    double age_s = (double)(clock_ms(CLOCK_REALTIME) - toc_run_log_ms(loop->run)) / 1000;
    const struct toc_metric rows[] = {
        {"tocsin_events_total", "Events stepped since the start.", TOC_METRIC_COUNTER, 0, 0,
         (double)counts.events},
        {"tocsin_commits_total", "Turns committed since the start.", TOC_METRIC_COUNTER, 0, 0,
         (double)counts.commits},
        {"tocsin_frames_total", "Frames received since the start.", TOC_METRIC_COUNTER, 0, 0,
         (double)counts.frames},
        {"tocsin_frames_refused_total", "Malformed or unexpected frames.", TOC_METRIC_COUNTER, 0, 0,
         (double)counts.malformed},
        {"tocsin_receipts_lost_total", "Small frames that a peer could not take.",
         TOC_METRIC_COUNTER, 0, 0, (double)counts.receipts_lost},
        {"tocsin_stream_restarts_total", "Streams begun again after a gap or silence.",
         TOC_METRIC_COUNTER, 0, 0, (double)counts.stream_restarts},
        {"tocsin_store_used_percent", "Share of the map in use.", TOC_METRIC_GAUGE, 0, 0,
         (double)counts.percent_used},
        {"tocsin_log_last_seq", "Newest record of the log.", TOC_METRIC_GAUGE, 0, 0,
         (double)journal->last_seq},
        {"tocsin_followers", "Followers of the log.", TOC_METRIC_GAUGE, 0, 0, counts.followers},
        {"tocsin_upstreams_live", "Upstreams that are streaming.", TOC_METRIC_GAUGE, 0, 0,
         (double)counts.upstreams_live},
        {"tocsin_upstreams_stopped", "Upstreams an operator has to look at.", TOC_METRIC_GAUGE, 0,
         0, (double)counts.upstreams_stopped},
        {"tocsin_lag_records", "Records of the upstreams not applied yet.", TOC_METRIC_GAUGE, 0, 0,
         (double)counts.lag_records},
        {"tocsin_log_time_age_seconds", "How far log time is behind the wall clock.",
         TOC_METRIC_GAUGE, 0, 0, age_s},
    };
    const size_t count = sizeof(rows) / sizeof(rows[0]);
    static_assert(sizeof(rows) / sizeof(rows[0]) + HELD_METRICS <= TOC_METRICS_MAX, "they fit");
    memcpy(out, rows, sizeof(rows));
    return count + collect_own(loop, out + count);
}

static bool is_ready(void *self, const char **why_not)
{
    return toc_run_is_ready(((struct loop *)self)->run, why_not);
}

/* --- set-up and tear-down --------------------------------------------------------------- */

static enum toc_err open_link(struct loop *loop)
{
    struct toc_run_uv_config *config = loop->config;
    TOC_TRY(toc_link_open(config->bind, &loop->link));
    for (size_t i = 0; i < config->run.upstream_count; i++) {
        toc_peer peer;
        TOC_TRY(toc_link_connect(loop->link, config->upstream_endpoints[i], &peer));
        TOC_ASSERT(peer == i + 1);
    }
    return TOC_OK;
}

static void init_handles(struct loop *loop)
{
    TOC_ASSERT(uv_prepare_init(&loop->uv, &loop->prepare) == 0);
    TOC_ASSERT(uv_check_init(&loop->uv, &loop->check) == 0);
    TOC_ASSERT(uv_idle_init(&loop->uv, &loop->idle) == 0);
    TOC_ASSERT(uv_timer_init(&loop->uv, &loop->timer) == 0);
    TOC_ASSERT(uv_signal_init(&loop->uv, &loop->term) == 0);
    TOC_ASSERT(uv_signal_init(&loop->uv, &loop->interrupt) == 0);
    loop->prepare.data = loop->check.data = loop->term.data = loop->interrupt.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    uv_signal_start(&loop->term, on_signal, SIGTERM);
    uv_signal_start(&loop->interrupt, on_signal, SIGINT);
}

static enum toc_err watch_link(struct loop *loop)
{
    int fds[TOC_LINK_FDS];
    size_t count = toc_link_fds(loop->link, fds);
    for (size_t i = 0; i < count; i++) {
        if (uv_poll_init(&loop->uv, &loop->polls[i], fds[i]) != 0)
            return TOC_ERR_IO;
        loop->poll_count++;
    }
    listen_to_link(loop, true);
    return TOC_OK;
}

static enum toc_err set_up(struct loop *loop)
{
    struct toc_run_uv_config *config = loop->config;
    const struct toc_effects *effects = config->program->effects;
    /* The store's lock comes first: binding takes an ipc path away from whoever serves on it. */
    randombytes_buf(&config->run.random, sizeof(config->run.random));
    enum toc_err err = toc_run_open(&config->run, toc_program_now(), &loop->run);
    if (err < 0) {
        const char *malformed = config->program->malformed;
        toc_log(TOC_LOG_ALARM, "open_failed", "data=%s why=\"%s\"", config->run.data_dir,
                err == TOC_ERR_MALFORMED && malformed != NULL ? malformed : toc_err_text(err));
        return err;
    }
    err = open_link(loop);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "link_failed", "bind=%s why=\"%s\"",
                config->bind ? config->bind : "-", toc_err_listen_text(err));
        return err;
    }
    config->run.link = loop->link;
    init_handles(loop);
    if (config->metrics != NULL) {
        loop->source = (struct toc_metrics_source){loop, collect, is_ready};
        err = toc_metrics_listen(&loop->uv, config->metrics, &loop->source, &loop->metrics);
        if (err < 0) {
            toc_log(TOC_LOG_ALARM, "metrics_failed", "address=%s why=\"%s\"", config->metrics,
                    toc_err_listen_text(err));
            return err;
        }
    }
    if (effects != NULL && effects->start != NULL)
        TOC_TRY(effects->start(&loop->uv, loop->link, loop->run, &loop->effects));
    return watch_link(loop); /* last: effects may have connected to somebody */
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void tear_down(struct loop *loop)
{
    const struct toc_effects *effects = loop->config->program->effects;
    loop->stopping = true; /* no turn without what stands around it, nor where that did not start */
    if (effects != NULL && effects->stop != NULL && loop->effects != NULL)
        effects->stop(loop->effects);
    if (loop->metrics != NULL)
        toc_http_close(loop->metrics);
    uv_run(&loop->uv, UV_RUN_NOWAIT); /* their own close callbacks first */
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    toc_run_close(loop->run);
    toc_link_close(loop->link);
}

enum toc_err toc_run_uv(struct toc_run_uv_config *config)
{
    static struct loop loop; /* large, and there is one per process */
    loop = (struct loop){.config = config, .err = TOC_OK};
    TOC_ASSERT(uv_loop_init(&loop.uv) == 0);
    enum toc_err err = set_up(&loop);
    if (err == TOC_OK) {
        const struct toc_journal *journal = toc_run_journal(loop.run);
        toc_log(TOC_LOG_INFO, "started", "log=%016llx seq=%llu bind=%s",
                (unsigned long long)journal->log_id, (unsigned long long)journal->last_seq,
                config->bind ? config->bind : "-");
        uv_run(&loop.uv, UV_RUN_DEFAULT);
        err = loop.err;
    }
    tear_down(&loop);
    return err;
}
