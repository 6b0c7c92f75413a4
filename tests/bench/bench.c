/*
 * tocsin-bench fsync DIR                       F: p50 of a 4 kB append + fdatasync
 * tocsin-bench calendar                        working time over 400 days, nanoseconds per call
 * tocsin-bench facts                           facts of a kilobyte of text, microseconds per call
 * tocsin-bench seal DIR                        sealing of an event's texts, microseconds of CPU
 * tocsin-bench publish ENDPOINT [key=value …]  a load, and what it measured, as one JSON line
 * tocsin-bench http PORT TOKEN [key=value …]   the same over HTTP: seconds connections batch
 * tocsin-bench stamp                           lines of standard input behind when they came, in ms
 *
 * Keys: seconds batch window rate issues bytes critical spread frames prepare (1: open the issues
 * first) run (what subjects begin with: with prepare=0, that of the load which opened them).
 */
#include "tests/bench/bench_calendar.h"
#include "tests/bench/bench_facts.h"
#include "tests/bench/bench_http.h"
#include "tests/bench/bench_seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SYNCS 2000

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure_fsync(const char *dir)
{
    static double took_ms[SYNCS];
    static char block[4096];
    char path[4096];
    snprintf(path, sizeof(path), "%s/fsync.tmp", dir);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
    if (fd < 0)
        bench_fail("cannot write %s", path);
    memset(block, 'f', sizeof(block));
    for (int i = 0; i < SYNCS; i++) {
        double start = bench_now();
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
            bench_fail("cannot write %s", path);
        took_ms[i] = (bench_now() - start) * 1e3;
    }
    close(fd);
    unlink(path);
    qsort(took_ms, SYNCS, sizeof(double), by_value);
    printf("{\"p50_ms\": %.4f, \"p99_ms\": %.4f}\n", bench_percentile(took_ms, SYNCS, 50),
           bench_percentile(took_ms, SYNCS, 99));
    return 0;
}

static void print_result(struct bench_result *result)
{
    printf("{\"events\": %llu, \"seconds\": %.3f, \"per_second\": %.0f, \"p50_ms\": %.4f, "
           "\"p99_ms\": %.4f, \"max_ms\": %.4f, \"began_ms\": %.3f}\n",
           (unsigned long long)result->events, result->seconds,
           (double)result->events / result->seconds,
           bench_percentile(result->latency_ms, result->samples, 50),
           bench_percentile(result->latency_ms, result->samples, 99),
           bench_percentile(result->latency_ms, result->samples, 100), result->began_ms);
    free(result->latency_ms);
}

static const char *text_of(int argc, char **argv, const char *key, const char *preset)
{
    size_t size = strlen(key);
    for (int i = 3; i < argc; i++)
        if (strncmp(argv[i], key, size) == 0 && argv[i][size] == '=')
            return argv[i] + size + 1;
    return preset;
}

static double value_of(int argc, char **argv, const char *key, double preset)
{
    const char *text = text_of(argc, argv, key, NULL);
    return text != NULL ? atof(text) : preset;
}

static int measure_publish(int argc, char **argv)
{
    struct bench_options options = {
        .endpoint = argv[2],
        .seconds = value_of(argc, argv, "seconds", 10),
        .batch = (unsigned)value_of(argc, argv, "batch", 100),
        .window = (unsigned)value_of(argc, argv, "window", 50),
        .rate = value_of(argc, argv, "rate", 0),
        .issues = (unsigned)value_of(argc, argv, "issues", 0),
        .bytes = (unsigned)value_of(argc, argv, "bytes", 256),
        .spread = (unsigned)value_of(argc, argv, "spread", 0),
        .critical = value_of(argc, argv, "critical", 0) != 0,
        .frames = (uint64_t)value_of(argc, argv, "frames", 0),
    };
    struct toc_link *link;
    struct bench_result result;
    char run[32];
    toc_peer peer;
    snprintf(run, sizeof(run), "%lx", (long)(bench_now() * 1e6) & 0xffffffffL);
    options.run = text_of(argc, argv, "run", run);
    if (toc_link_open(NULL, &link) < 0 || toc_link_connect(link, options.endpoint, &peer) < 0)
        bench_fail("cannot connect to %s", options.endpoint);
    if (options.issues != 0 && value_of(argc, argv, "prepare", 1) != 0)
        bench_prepare(link, &options);
    bench_publish(link, &options, &result);
    print_result(&result);
    toc_link_close(link);
    return 0;
}

static int measure_http(int argc, char **argv)
{
    struct bench_result result;
    char run[32];
    const struct bench_http_options options = {
        .port = (unsigned)atoi(argv[2]),
        .token = argv[3],
        .seconds = value_of(argc, argv, "seconds", 10),
        .connections = (unsigned)value_of(argc, argv, "connections", 64),
        .batch = (unsigned)value_of(argc, argv, "batch", 1),
        .run = run,
    };
    snprintf(run, sizeof(run), "%lx", (long)(bench_now() * 1e6) & 0xffffffffL);
    bench_http(&options, &result);
    print_result(&result);
    return 0;
}

static int stamp(void)
{
    static char line[4096];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin) != NULL)
        printf("%.3f %s", bench_wall_ms(), line);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "fsync") == 0)
        return measure_fsync(argv[2]);
    if (argc == 2 && strcmp(argv[1], "stamp") == 0)
        return stamp();
    if (argc == 2 && strcmp(argv[1], "calendar") == 0)
        return bench_calendar();
    if (argc == 2 && strcmp(argv[1], "facts") == 0)
        return bench_facts();
    if (argc == 3 && strcmp(argv[1], "seal") == 0)
        return bench_seal(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "publish") == 0)
        return measure_publish(argc, argv);
    if (argc >= 4 && strcmp(argv[1], "http") == 0)
        return measure_http(argc, argv);
    fprintf(stderr,
            "usage: tocsin-bench fsync DIR | calendar | facts | seal DIR | publish ENDPOINT "
            "[key=value ...] | http PORT TOKEN [key=value ...]\n");
    return 2;
}
