#include "services/cli/client.h"
#include "services/cli/commands.h"
#include "services/cli/latency.h"
#include "services/cli/progress.h"
#include "services/cli/publisher.h"
#include "services/cli/receipts.h"
#include "services/cli/traffic.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WHO         "tocsin load"
#define RATE_MAX    5000000
#define WINDOW      16
#define PATIENCE_MS 30000
#define BURST_MAX   2000 /* events added between two looks at receipts */

struct load {
    struct client_config where;
    const char *intake;
    int64_t rate, for_ms, seed, open;
    bool test, json;
    struct traffic *traffic;
    struct receipts receipts;
    struct latency latency;
    uint64_t added, done;
    uint64_t start_us;
};

static uint64_t mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* `cookie` is the instant at which the event was due, so that waiting before sending counts. */
static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct toc_client_receipt *receipt)
{
    struct load *load = arg;
    uint64_t now = mono_us();
    load->done++;
    receipts_count(&load->receipts, receipt);
    latency_add(&load->latency, now > cookie ? now - cookie : 0);
    if (receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED && load->receipts.refused == 1)
        receipts_print(stderr, false, event, receipt); /* one tells what is wrong */
}

/* How many events should have been sent by now, and when the next one is due. */
static uint64_t due_count(const struct load *load, uint64_t now_us)
{
    uint64_t elapsed_us = now_us - load->start_us, limit_us = (uint64_t)load->for_ms * 1000;
    if (elapsed_us > limit_us)
        elapsed_us = limit_us;
    return (uint64_t)((double)elapsed_us * (double)load->rate / 1e6);
}

static uint64_t due_us(const struct load *load, uint64_t index)
{
    return load->start_us + (uint64_t)((double)index * 1e6 / (double)load->rate);
}

static enum toc_err add_due(struct load *load, struct publisher *publisher)
{
    uint8_t bytes[TOC_EVENT_MAX];
    uint64_t due = due_count(load, mono_us());
    for (unsigned i = 0; i < BURST_MAX && load->added < due; i++) {
        const Tocsin__V1__Event *event = traffic_next(load->traffic);
        TOC_ASSERT(tocsin__v1__event__get_packed_size(event) <= sizeof(bytes));
        size_t size = tocsin__v1__event__pack(event, bytes);
        enum toc_err err =
            publisher_add(publisher, toc_str(bytes, size), due_us(load, load->added));
        if (err != TOC_OK)
            return err;
        load->added++;
    }
    return publisher_send(publisher);
}

static void show(const struct load *load, struct progress *progress)
{
    char more[80];
    snprintf(more, sizeof(more), "%llu waiting  p50 %.1f ms  p99 %.1f ms",
             (unsigned long long)(load->added - load->done),
             (double)latency_at(&load->latency, 500) / 1e3,
             (double)latency_at(&load->latency, 990) / 1e3);
    progress_show(progress, load->done, more, client_mono_ms());
}

static enum toc_err drive(struct load *load, struct publisher *publisher)
{
    struct progress progress;
    uint64_t total = (uint64_t)((double)load->rate * (double)load->for_ms / TOC_SECOND_MS);
    enum toc_err err = TOC_OK;
    progress_begin(&progress, "load", total, client_mono_ms());
    load->start_us = mono_us();
    while (err == TOC_OK && !client_interrupted() && load->added < total) {
        err = add_due(load, publisher);
        if (err == TOC_OK)
            err = publisher_poll(publisher, client_mono_ms() + (load->rate < 100000));
        show(load, &progress);
    }
    client_interrupt_handled();
    if (err == TOC_OK || err == TOC_ERR_AGAIN)
        err = publisher_flush(publisher);
    progress_end(&progress);
    return err;
}

static void print_json(const struct load *load, double seconds)
{
    json_t *line = json_pack(
        "{s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "events", (json_int_t)load->added,
        "accepted", (json_int_t)load->receipts.accepted, "duplicates",
        (json_int_t)load->receipts.duplicate, "refused", (json_int_t)load->receipts.refused,
        "seconds", seconds, "per_second", seconds > 0 ? (double)load->done / seconds : 0.0,
        "p50_ms", (double)latency_at(&load->latency, 500) / 1e3, "p99_ms",
        (double)latency_at(&load->latency, 990) / 1e3, "max_ms",
        (double)load->latency.largest_us / 1e3);
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(line);
}

static void print_summary(const struct load *load)
{
    char events[PROGRESS_NUMBER_MAX], rate[PROGRESS_NUMBER_MAX];
    double seconds = (double)(mono_us() - load->start_us) / 1e6;
    if (load->json) {
        print_json(load, seconds);
        return;
    }
    printf("%s events in %.1f s (%s/s): ", progress_number(events, load->added), seconds,
           progress_number(rate, seconds > 0 ? (uint64_t)((double)load->done / seconds) : 0));
    receipts_summary(stdout, &load->receipts);
    printf("; receipts p50 %.2f ms, p99 %.2f ms, longest %.2f ms; %zu issues open\n",
           (double)latency_at(&load->latency, 500) / 1e3,
           (double)latency_at(&load->latency, 990) / 1e3, (double)load->latency.largest_us / 1e3,
           traffic_open_count(load->traffic));
}

static int run(struct load *load)
{
    const struct publisher_config config = {.service = load->intake,
                                            .batch_max = TOC_WINDOW_BATCH_MAX,
                                            .window = WINDOW,
                                            .patience_ms = PATIENCE_MS,
                                            .on_receipt = on_receipt,
                                            .arg = load};
    const struct traffic_config traffic = {
        .seed = (uint64_t)load->seed, .open = (size_t)load->open, .test = load->test};
    struct publisher *publisher = NULL;
    struct client *client = NULL;
    if (traffic_new(&traffic, &load->traffic) < 0 || client_open(&load->where, WHO, &client) < 0) {
        fprintf(stderr, WHO ": out of memory\n");
        return CLI_FAILED;
    }
    client_catch_interrupts();
    enum toc_err err = publisher_open(client, &config, &publisher);
    bool started = err == TOC_OK;
    if (started)
        err = drive(load, publisher);
    int code = err == TOC_OK ? CLI_DONE : client_fail(client);
    if (started)
        print_summary(load);
    publisher_close(publisher);
    client_close(client);
    return code == CLI_DONE && load->receipts.refused == 0 ? CLI_DONE : CLI_FAILED;
}

static enum toc_conf_outcome parse(struct load *load, int argc, char **argv)
{
    const struct toc_conf_option options[] = {
        CLIENT_OPTIONS(load->where),
        {"intake", TOC_CONF_TEXT, &load->intake, "intake", 0, 0, "NAME",
         "the intake to publish through"},
        {"rate", TOC_CONF_NUMBER, &load->rate, "100", 1, RATE_MAX, "N", "events in a second"},
        {"for", TOC_CONF_DURATION, &load->for_ms, "10s", 1, 7 * TOC_DAY_MS, "TIME", "how long"},
        {"seed", TOC_CONF_NUMBER, &load->seed, "1", 0, INT64_MAX, "N",
         "the same seed gives the same events, another one other issues"},
        {"open", TOC_CONF_NUMBER, &load->open, "1000", 1, TRAFFIC_OPEN_MAX, "N",
         "how many issues are kept open"},
        {"test", TOC_CONF_SWITCH, &load->test, NULL, 0, 0, NULL,
         "mark every event as a test: it pages nobody and counts in no figure"},
        {"json", TOC_CONF_SWITCH, &load->json, NULL, 0, 0, NULL,
         "the summary as JSON, latencies in milliseconds"},
    };
    const struct toc_conf conf = {
        .program = WHO,
        .summary =
            "Publishes seeded, lifelike traffic at a steady rate and tells how fast receipts "
            "come.",
        .more = "Latency counts from the instant at which an event was due, so a service that\n"
                "falls behind shows. Ctrl-C ends it with the summary.\n\n"
                "  tocsin load --rate 1000 --for 1m --test",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0])};
    struct toc_conf_list operands;
    return toc_conf_parse(&conf, argc, argv, &operands);
}

int cmd_load(int argc, char **argv)
{
    struct load *load = calloc(1, sizeof(*load));
    if (load == NULL) {
        fprintf(stderr, WHO ": out of memory\n");
        return CLI_FAILED;
    }
    enum toc_conf_outcome outcome = parse(load, argc, argv);
    int code = outcome == TOC_CONF_USAGE ? CLI_USAGE : CLI_DONE;
    if (outcome == TOC_CONF_RUN)
        code = run(load);
    traffic_free(load->traffic);
    free(load);
    return code;
}
