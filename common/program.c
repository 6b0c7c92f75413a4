#include "common/program.h"

#include "common/log.h"
#include "common/print_log.h"
#include "common/run_uv.h"

#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTIONS_MAX 64

/* The values of the common options. */
static struct {
    const char *data, *bind, *metrics, *clock;
    struct toc_conf_list upstreams;
    int64_t map_bytes, batch_max, keep_records;
    bool print_log, print_policy;
} common;

static const struct toc_conf_option common_options[] = {
    {"data", TOC_CONF_TEXT, &common.data, NULL, 0, 0, "DIR",
     "where this service keeps its state; created when absent"},
    {"bind", TOC_CONF_TEXT, &common.bind, NULL, 0, 0, "ENDPOINT",
     "where others connect: ipc://PATH or tcp://ADDR:PORT"},
    {"upstream", TOC_CONF_LIST, &common.upstreams, NULL, 0, 0, "NAME=ENDPOINT",
     "a log to follow; the name stays with its cursor"},
    {"metrics", TOC_CONF_TEXT, &common.metrics, NULL, 0, 0, "ADDR:PORT",
     "serve /metrics, /healthz and /readyz there"},
    {"clock", TOC_CONF_TEXT, &common.clock, "wall", 0, 0, "wall|event",
     "event: time is what the events say, for imports and backtests"},
    {"map-size", TOC_CONF_SIZE, &common.map_bytes, "64G", 1 << 20, (int64_t)1 << 44, "SIZE",
     "upper bound of the store, sparse, larger at any start; at 80 % new work is refused"},
    {"batch", TOC_CONF_NUMBER, &common.batch_max, "4096", 1, 100000, "N",
     "events in one commit at most"},
    {"keep-records", TOC_CONF_NUMBER, &common.keep_records, "0", 0, INT64_MAX, "N",
     "trim the log to its newest N records once every follower has the rest; 0 keeps all"},
    {"print-log", TOC_CONF_FLAG, &common.print_log, NULL, 0, 0, NULL,
     "write the log under --data to standard output, each record after its size (4 bytes, "
     "big-endian), and end; the service may run meanwhile"},
    {"print-policy", TOC_CONF_FLAG, &common.print_policy, NULL, 0, 0, NULL,
     "the same with the text of the policy in force"},
};

bool toc_program_event_clock(void)
{
    return common.clock != NULL && strcmp(common.clock, "event") == 0;
}

size_t toc_program_upstreams(void)
{
    return common.upstreams.count;
}

const char *toc_program_upstream(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < common.upstreams.count; i++)
        if (strncmp(common.upstreams.values[i], name, size) == 0 &&
            common.upstreams.values[i][size] == '=')
            return common.upstreams.values[i] + size + 1;
    return NULL;
}

bool toc_program_is_local(void)
{
    return common.bind == NULL || strncmp(common.bind, "ipc://", 6) == 0;
}

const char *toc_program_data_dir(void)
{
    return common.data;
}

enum toc_err toc_program_secret(const char *file, void *out, size_t size)
{
    struct stat about;
    if (file == NULL)
        return TOC_ERR_CONFIG;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) {
        fprintf(stderr, "cannot read the secret file %s\n", file);
        if (fd >= 0)
            close(fd);
        return TOC_ERR_CONFIG;
    }
    bool closed = (about.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    bool fits = (size_t)about.st_size == size && read(fd, out, size) == (ssize_t)size;
    close(fd);
    if (!closed)
        fprintf(stderr, "the secret file %s may be read by others: chmod 600 it\n", file);
    else if (!fits)
        fprintf(stderr, "the secret file %s has to hold exactly %zu bytes\n", file, size);
    return closed && fits ? TOC_OK : TOC_ERR_CONFIG;
}

/* Splits "NAME=ENDPOINT" in place of its copy; false when it is none. */
static bool split_upstreams(const char *program, char names[][64], const char *name_list[],
                            const char *endpoints[])
{
    for (size_t i = 0; i < common.upstreams.count; i++) {
        const char *text = common.upstreams.values[i], *equals = strchr(text, '=');
        if (equals == NULL || equals == text || equals - text >= 64) {
            fprintf(stderr, "%s: --upstream wants NAME=ENDPOINT, not '%s'\n", program, text);
            return false;
        }
        toc_str_copy(names[i], 64, toc_str(text, (size_t)(equals - text)));
        name_list[i] = names[i];
        endpoints[i] = equals + 1;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names[k], names[i]) == 0) {
                fprintf(stderr, "%s: two upstreams are called '%s'\n", program, names[i]);
                return false;
            }
        }
    }
    return true;
}

static bool check_common(const char *program)
{
    bool clock_known = toc_program_event_clock() || strcmp(common.clock, "wall") == 0;
    if (!clock_known)
        fprintf(stderr, "%s: --clock is wall or event, not '%s'\n", program, common.clock);
    if (common.data == NULL)
        fprintf(stderr, "%s: --data DIR is needed (see %s --help)\n", program, program);
    return clock_known && common.data != NULL;
}

/* Keys stay out of core dumps and debuggers; many peers need many descriptors. */
static void harden(void)
{
    struct rlimit files, none = {0, 0};
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int print_stored(const struct toc_program *program)
{
    enum toc_err err = common.print_log ? toc_print_log(common.data, (size_t)common.map_bytes)
                                        : toc_print_policy(common.data, (size_t)common.map_bytes);
    if (err < 0)
        fprintf(stderr, "%s: the %s under %s: %s\n", program->name,
                common.print_log ? "log" : "policy", common.data, toc_err_text(err));
    return err < 0 ? 1 : 0;
}

static int run(const struct toc_program *program)
{
    static char names[TOC_UPSTREAMS_MAX][64];
    static const char *name_list[TOC_UPSTREAMS_MAX], *endpoints[TOC_UPSTREAMS_MAX];
    const void *service_config = NULL;
    static_assert(TOC_CONF_LIST_MAX <= TOC_UPSTREAMS_MAX, "every --upstream has a place");
    if (!check_common(program->name) ||
        !split_upstreams(program->name, names, name_list, endpoints))
        return 2;
    if (common.print_log || common.print_policy)
        return print_stored(program);
    if (sodium_init() < 0)
        return 1;
    harden();
    if (program->prepare != NULL && program->prepare(&service_config) < 0)
        return 2;
    struct toc_run_uv_config config = {
        .program = program,
        .bind = common.bind,
        .upstream_endpoints = endpoints,
        .metrics = common.metrics,
        .run = {.service = program->service,
                .service_config = service_config,
                .data_dir = common.data,
                .map_bytes = (size_t)common.map_bytes,
                .upstreams = name_list,
                .upstream_count = common.upstreams.count,
                .event_clock = toc_program_event_clock(),
                .batch_max = (unsigned)common.batch_max,
                .keep_records = (uint64_t)common.keep_records},
    };
    return toc_run_uv(&config) < 0 ? 1 : 0;
}

int toc_program_main(const struct toc_program *program, int argc, char **argv)
{
    struct toc_conf_option options[OPTIONS_MAX];
    struct toc_conf_list operands;
    size_t count = sizeof(common_options) / sizeof(common_options[0]);
    TOC_ASSERT(count + program->option_count <= OPTIONS_MAX);
    memcpy(options, common_options, sizeof(common_options));
    if (program->option_count != 0)
        memcpy(options + count, program->options, program->option_count * sizeof(options[0]));
    struct toc_conf conf = {.program = program->name,
                            .summary = program->summary,
                            .more = program->more,
                            .options = options,
                            .option_count = count + program->option_count};
    toc_log_setup(program->service->name, true);
    switch (toc_conf_parse_and_check(&conf, argc, argv, &operands, program->check)) {
    case TOC_CONF_DONE:
        return 0;
    case TOC_CONF_USAGE:
        return 2;
    case TOC_CONF_RUN:
        break;
    }
    return run(program);
}
