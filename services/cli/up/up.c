/*
 * `tocsin up`: every service as a process of its own on one directory.
 *
 * The supervisor only forks, waits and signals; it never opens a ZeroMQ context, because a context
 * does not survive a fork and a restart forks at any time. What has to be asked over the bus
 * (readiness, the policy) is done by a forked child, which says `ready` and ends.
 */
#include "common/http.h"
#include "services/cli/client.h"
#include "services/cli/commands.h"
#include "services/cli/policy/apply.h"
#include "services/cli/policy/load.h"
#include "services/cli/status.h"
#include "services/cli/up/dir.h"
#include "services/cli/up/edge.h"
#include "services/cli/up/process.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS     60000
#define SERVICES     6
#define REHEARSE     SERVICES /* beside them, for the edge's dry runs; it is no service */
#define PROCESSES    (SERVICES + 1)
#define ARGUMENT_MAX (UP_PATH_MAX + 64)
#define SETTLED_BAD  3 /* of the child: told why */

static const char *const service_names[SERVICES] = {"intake",   "router", "sla",
                                                    "notifier", "audit",  "outcomes"};

/* What each follows. */
static const char *const upstream_names[SERVICES][SERVICES] = {
    {NULL},
    {"intake", "sla"},
    {"router"},
    {"router", "sla", "intake"},
    {"intake", "router", "sla", "notifier", "outcomes"},
    {"intake", "router", "sla"},
};

static struct {
    struct client_config client;
    const char *policy_file, *clock, *origin, *http, *lmtp, *mail, *contacts, *oncall_http,
        *oncall_url, *heartbeat_url_file, *act_tokens;
    struct toc_conf_list http_origins, connect, quotas;
    struct toc_conf_list allow, back;
    int64_t metrics_base;
} options;

static const struct toc_conf_option rows[] = {
    {"data", TOC_CONF_TEXT, &options.client.data_dir, "./tocsin-data", 0, 0, "DIR",
     "where everything is kept; made when it is not there"},
    {"policy", TOC_CONF_TEXT, &options.policy_file, NULL, 0, 0, "FILE",
     "apply this policy when another is in force; without it the built-in sample is the first"},
    {"clock", TOC_CONF_TEXT, &options.clock, "wall", 0, 0, "wall|event",
     "event: time is what the events say, for imports and backtests"},
    {"http", TOC_CONF_TEXT, &options.http, NULL, 0, 0, "ADDR:PORT",
     "take issues over HTTP there, \":8080\" on this machine only; with no token yet, and on "
     "this machine only, one is made and shown"},
    {"http-origin", TOC_CONF_LIST, &options.http_origins, NULL, 0, 0, "ORIGIN",
     "web pages from there may publish over HTTP, as https://shop.example"},
    {"connect", TOC_CONF_LIST, &options.connect, NULL, 0, 0, "FILE",
     "take the webhooks of another system over HTTP, as this mapping says (deploy/connect)"},
    {"quota", TOC_CONF_LIST, &options.quotas, NULL, 0, 0, "KIND=N/TIME",
     "how much may come in at once, as requester=30/1h; the rest goes into the quarantine (see "
     "tocsin-intake --help)"},
    {"back", TOC_CONF_LIST, &options.back, NULL, 0, 0, "FILE",
     "write outcomes back into another system, as this mapping says (deploy/connect/back)"},
    {"allow", TOC_CONF_LIST, &options.allow, NULL, 0, 0, "CIDR",
     "addresses that subscriptions may go to though they are not of the internet, as 127.0.0.1"},
    {"lmtp", TOC_CONF_TEXT, &options.lmtp, NULL, 0, 0, "ADDR:PORT|PATH",
     "take mail there by LMTP from a mail server, for the addresses that --mail names"},
    {"mail", TOC_CONF_TEXT, &options.mail, NULL, 0, 0, "FILE",
     "for which addresses mail is taken, and what its issues are (deploy/mail)"},
    {"contacts", TOC_CONF_TEXT, &options.contacts, NULL, 0, 0, "FILE",
     "how people are reached (deploy/contacts); the default is DIR/contacts.yaml where there is "
     "one, else every page is a line of the output"},
    {"oncall-http", TOC_CONF_TEXT, &options.oncall_http, NULL, 0, 0, "ADDR:PORT",
     "pages have a link, by which alerts are answered there, \":8090\" on this machine only"},
    {"oncall-url", TOC_CONF_TEXT, &options.oncall_url, NULL, 0, 0, "URL",
     "how people reach that, as https://oncall.example, where a proxy stands in front"},
    {"heartbeat-url-file", TOC_CONF_TEXT, &options.heartbeat_url_file, NULL, 0, 0, "FILE",
     "the address of a dead man's switch outside, which the notifier tells that it still runs"},
    {"act-tokens", TOC_CONF_TEXT, &options.act_tokens, NULL, 0, 0, "FILE",
     "secrets of tools that may act on alerts there, one on each line, mode 600"},
    {"metrics-base", TOC_CONF_NUMBER, &options.metrics_base, "0", 0, 65535 - SERVICES, "PORT",
     "serve metrics on 127.0.0.1, PORT for intake, the next for router, sla, notifier, audit, "
     "outcomes"},
    {"origin", TOC_CONF_TEXT, &options.origin, "tocsin.local/log", 0, 0, "NAME",
     "the name under which audit signs its checkpoints"},
};

struct up {
    struct up_process processes[PROCESSES];
    size_t process_count;
    char arguments[PROCESSES][UP_ARGS_MAX][ARGUMENT_MAX];
    size_t argument_count[PROCESSES];
    sigset_t signals;
    pid_t settler; /* 0 once it has said ready */
    struct toc_str policy;
    struct policy_file policy_file; /* zeroed for the sample */
};

/* --- arguments ----------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void add(struct up *up, size_t service,
                                                      const char *format, ...)
{
    va_list args;
    size_t at = up->argument_count[service]++;
    TOC_ASSERT(at + 1 < UP_ARGS_MAX);
    va_start(args, format);
    vsnprintf(up->arguments[service][at], ARGUMENT_MAX, format, args);
    va_end(args);
    up->processes[service].args[at] = up->arguments[service][at];
}

/* Of the notifier. */
static void add_door(struct up *up, size_t service)
{
    const char *address = options.oncall_http;
    if (address == NULL)
        return;
    add(up, service, "--http=%s", address);
    if (options.act_tokens != NULL)
        add(up, service, "--act-tokens=%s", options.act_tokens);
    if (options.oncall_url != NULL)
        add(up, service, "--link-base=%s", options.oncall_url);
    else
        add(up, service, "--link-base=http://%s%s", address[0] == ':' ? "127.0.0.1" : "", address);
}

/* Of the notifier, which looks for secret files beside the file. */
static void add_contacts(struct up *up, size_t service)
{
    char file[UP_PATH_MAX];
    snprintf(file, sizeof(file), "%s/contacts.yaml", options.client.data_dir);
    if (options.contacts != NULL)
        add(up, service, "--contacts=%s", options.contacts);
    else if (access(file, F_OK) == 0)
        add(up, service, "--contacts=%s", file);
}

static void add_own(struct up *up, size_t service)
{
    const char *dir = options.client.data_dir, *name = service_names[service];
    if (strcmp(name, "intake") == 0) {
        add(up, service, "--issue-key=%s/keys/issue.key", dir);
        add(up, service, "--kek=%s/keys/kek", dir);
        add(up, service, "--ledger=%s/erased.ledger", dir);
        add(up, service, "--control");
        if (options.http != NULL) {
            add(up, service, "--http=%s", options.http);
            add(up, service, "--ask=router=ipc://%s/run/router.sock", dir);
            add(up, service, "--ask=sla=ipc://%s/run/sla.sock", dir);
            add(up, service, "--ask=rehearse=ipc://%s/run/rehearse.sock", dir);
        }
        if (options.lmtp != NULL)
            add(up, service, "--lmtp=%s", options.lmtp);
        if (options.mail != NULL)
            add(up, service, "--mail=%s", options.mail);
        for (size_t i = 0; i < options.http_origins.count; i++)
            add(up, service, "--http-origin=%s", options.http_origins.values[i]);
        for (size_t i = 0; i < options.connect.count; i++)
            add(up, service, "--connect=%s", options.connect.values[i]);
        for (size_t i = 0; i < options.quotas.count; i++)
            add(up, service, "--quota=%s", options.quotas.values[i]);
    } else if (strcmp(name, "notifier") == 0) {
        add_contacts(up, service);
        add_door(up, service);
        if (options.heartbeat_url_file != NULL)
            add(up, service, "--heartbeat-url-file=%s", options.heartbeat_url_file);
    } else if (strcmp(name, "audit") == 0) {
        add(up, service, "--seed=%s/keys/audit.seed", dir);
        add(up, service, "--origin=%s", options.origin);
    } else if (strcmp(name, "outcomes") == 0) {
        add(up, service, "--key=%s/keys/outcomes.key", dir);
        for (size_t i = 0; i < options.back.count; i++)
            add(up, service, "--back=%s", options.back.values[i]);
        for (size_t i = 0; i < options.allow.count; i++)
            add(up, service, "--allow=%s", options.allow.values[i]);
    }
}

static void add_arguments(struct up *up, size_t service)
{
    const char *dir = options.client.data_dir, *name = service_names[service];
    add(up, service, "tocsin-%s", name);
    add(up, service, "--data=%s/%s", dir, name);
    add(up, service, "--bind=ipc://%s/run/%s.sock", dir, name);
    for (size_t i = 0; i < SERVICES && upstream_names[service][i] != NULL; i++)
        add(up, service, "--upstream=%s=ipc://%s/run/%s.sock", upstream_names[service][i], dir,
            upstream_names[service][i]);
    add(up, service, "--clock=%s", options.clock);
    if (options.metrics_base > 0)
        add(up, service, "--metrics=127.0.0.1:%lld",
            (long long)options.metrics_base + (long long)service);
    add_own(up, service);
}

/* This executable once more. */
static void add_rehearse(struct up *up, const char *self)
{
    struct up_process *process = &up->processes[REHEARSE];
    const char *dir = options.client.data_dir;
    process->name = "rehearse";
    snprintf(process->path, sizeof(process->path), "%s", self);
    snprintf(process->log_path, sizeof(process->log_path), "%s/run/rehearse.log", dir);
    add(up, REHEARSE, "tocsin");
    add(up, REHEARSE, "rehearse");
    add(up, REHEARSE, "--data=%s", dir);
    add(up, REHEARSE, "--bind=ipc://%s/run/rehearse.sock", dir);
    up->process_count = PROCESSES;
}

/* Services stand beside this executable. */
static bool find_programs(struct up *up)
{
    char self[UP_PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 32);
    if (size <= 0) {
        perror("tocsin up: /proc/self/exe");
        return false;
    }
    self[size] = '\0';
    up->process_count = SERVICES;
    if (options.http != NULL)
        add_rehearse(up, self);
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < SERVICES; i++) {
        struct up_process *process = &up->processes[i];
        process->name = service_names[i];
        snprintf(process->path, sizeof(process->path), "%.4000s/tocsin-%s", self, process->name);
        snprintf(process->log_path, sizeof(process->log_path), "%s/run/%s.log",
                 options.client.data_dir, process->name);
        if (access(process->path, X_OK) != 0) {
            fprintf(stderr, "tocsin up: %s: %s\n", process->path, strerror(errno));
            return false;
        }
        add_arguments(up, i);
    }
    return true;
}

/* --- ready --------------------------------------------------------------------------------- */

/* " --data DIR", or nothing where it is the usual one. */
static const char *data_option(char *out, size_t out_size)
{
    const char *dir = options.client.data_dir;
    bool usual = strcmp(dir, "./tocsin-data") == 0;
    snprintf(out, out_size, "%s%s", usual ? "" : " --data ", usual ? "" : dir);
    return out;
}

static void print_ready(const struct up *up, uint32_t version)
{
    char data[UP_PATH_MAX];
    data_option(data, sizeof(data));
    printf("ready: events go to ipc://%s/run/intake.sock; policy version %u%s\n",
           options.client.data_dir, version,
           up->policy_file.policy == NULL && version == 1 ? " (the built-in sample)" : "");
    printf("\nPublish one event, watch its clocks, see why:\n"
           "  echo '{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"demo\","
           "\"type\":\"tocsin.issue.opened\",\"subject\":\"T-1\","
           "\"data\":{\"channel\":\"email\",\"priority\":\"p1\"}}' | tocsin publish%s\n"
           "  tocsin clocks --watch%s\n"
           "  tocsin why demo#T-1%s\n\n",
           data, data, data);
}

/* In a child of its own: the only place that speaks to the bus. */
static int settle(void *arg)
{
    const struct up *up = arg;
    struct client *client;
    uint32_t version = 0;
    if (client_open(&options.client, "tocsin up", &client) < 0) {
        fprintf(stderr, "tocsin up: out of memory\n");
        return SETTLED_BAD;
    }
    client_catch_interrupts();
    int code = status_wait(client, service_names, SERVICES, READY_MS);
    if (code == CLI_DONE)
        code = policy_apply(client,
                            &(struct policy_applying){.text = up->policy,
                                                      .only_first = up->policy_file.policy == NULL},
                            &version);
    if (code == CLI_DONE && up_dir_settled(options.client.data_dir) < 0)
        code = CLI_FAILED;
    if (code == CLI_DONE)
        print_ready(up, version);
    if (code == CLI_DONE && options.http != NULL)
        code = up_tell_http(client, options.http);
    client_close(client);
    return code == CLI_DONE ? 0 : SETTLED_BAD;
}

/* --- supervising --------------------------------------------------------------------------- */

/* False when the suite cannot run: a service refused its options, or it could not be settled. */
static bool take_ended(struct up *up, pid_t pid, int status, toc_time_ms now)
{
    if (pid == up->settler) {
        up->settler = 0;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    for (size_t i = 0; i < up->process_count; i++) {
        if (up->processes[i].pid != pid)
            continue;
        up_ended(&up->processes[i], status, now);
        return !WIFEXITED(status) || WEXITSTATUS(status) != CLI_USAGE;
    }
    return true;
}

static bool reap_all(struct up *up)
{
    int status;
    pid_t pid;
    bool good = true;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        good = take_ended(up, pid, status, up_now()) && good;
    return good;
}

/* Starts what is due; returns the time until the next start, TOC_TIME_NEVER for none. */
static toc_time_ms start_due(struct up *up)
{
    toc_time_ms now = up_now(), next = TOC_TIME_NEVER;
    for (size_t i = 0; i < up->process_count; i++) {
        struct up_process *process = &up->processes[i];
        if (process->pid != 0)
            continue;
        if (process->again_ms <= now && up_start(process, now) < 0) {
            fprintf(stderr, "tocsin up: cannot start %s: %s\n", process->name, strerror(errno));
            process->again_ms = now + UP_PAUSE_MAX_MS;
        }
        if (process->pid == 0 && process->again_ms - now < next)
            next = process->again_ms - now;
    }
    return next;
}

static int supervise(struct up *up)
{
    for (;;) {
        toc_time_ms wait_ms = start_due(up);
        if (wait_ms > TOC_HOUR_MS)
            wait_ms = TOC_HOUR_MS;
        struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};
        int got = sigtimedwait(&up->signals, NULL, &wait);
        if (got == SIGTERM || got == SIGINT || got == SIGHUP)
            return CLI_DONE;
        if (!reap_all(up))
            return CLI_FAILED;
    }
}

static int run(struct up *up)
{
    sigemptyset(&up->signals);
    sigaddset(&up->signals, SIGCHLD);
    sigaddset(&up->signals, SIGTERM);
    sigaddset(&up->signals, SIGINT);
    sigaddset(&up->signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &up->signals, NULL);
    start_due(up);
    up->settler = up_fork(settle, up);
    int code = up->settler < 0 ? CLI_FAILED : supervise(up);
    if (up->settler > 0)
        kill(up->settler, SIGKILL);
    up_stop(up->processes, up->process_count);
    fprintf(stderr, "tocsin up: %s\n",
            code == CLI_DONE ? "all services have stopped" : "not ready, so all were stopped");
    return code;
}

/* Before anything is started: a policy with an error in it starts nothing. */
static bool load_policy(struct up *up)
{
    up->policy = toc_policy_sample();
    if (options.policy_file == NULL)
        return true;
    if (policy_load("tocsin up", options.policy_file, &up->policy_file) != CLI_DONE)
        return false;
    up->policy = up->policy_file.text;
    return true;
}

static bool are_sound(void)
{
    const char *wrong =
        toc_http_wrong_origin(options.http_origins.values, options.http_origins.count);
    const char *port = options.oncall_http != NULL ? strrchr(options.oncall_http, ':') : NULL;
    if (strcmp(options.clock, "wall") != 0 && strcmp(options.clock, "event") != 0)
        fprintf(stderr, "tocsin up: --clock is wall or event, not '%s'\n", options.clock);
    else if (wrong != NULL)
        fprintf(stderr, "tocsin up: --http-origin: '%s' is none, as https://shop.example\n", wrong);
    else if (port != NULL && strcmp(port, ":0") == 0 && options.oncall_url == NULL)
        fprintf(stderr, "tocsin up: --oncall-http %s: links name the port, so choose one\n",
                options.oncall_http);
    else
        return true;
    return false;
}

int cmd_up(int argc, char **argv)
{
    static struct up up; /* large, and one per process */
    const struct toc_conf conf = {
        .program = "tocsin up",
        .summary = "Runs every service as its own process on one directory, until SIGTERM or "
                   "Ctrl-C.",
        .more = "Each service's log is DIR/run/SERVICE.log. A service that dies is started again.",
        .options = rows,
        .option_count = sizeof(rows) / sizeof(rows[0]),
    };
    struct toc_conf_list none;
    switch (toc_conf_parse(&conf, argc, argv, &none)) {
    case TOC_CONF_DONE:
        return CLI_DONE;
    case TOC_CONF_USAGE:
        return CLI_USAGE;
    case TOC_CONF_RUN:
        break;
    }
    if (!are_sound())
        return CLI_USAGE;
    const char *dir = options.client.data_dir;
    if (!load_policy(&up) || up_dir_make(dir) < 0 || up_dir_lock(dir) < 0 ||
        up_dir_secret(dir, "issue.key") < 0 || up_dir_secret(dir, "audit.seed") < 0 ||
        up_dir_secret(dir, "outcomes.key") < 0 || !find_programs(&up))
        return CLI_FAILED;
    int code = run(&up);
    policy_file_done(&up.policy_file);
    return code;
}
