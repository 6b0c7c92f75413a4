#include "services/cli/whole_log.h"

#include "services/cli/commands.h"
#include "services/cli/policy/apply.h"
#include "services/cli/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES   4096
#define RECORD_BYTES (64 * 1024) /* records are below 2 kB; larger is none */

struct reading {
    struct view *view;
    const struct whole_log *log;
    struct progress progress;
    uint64_t records;
    bool enough;
};

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct reading *reading = arg;
    reading->enough = !reading->log->on_record(reading->log->arg, record, bytes);
    if (++reading->records % 256 == 0)
        progress_show(&reading->progress, reading->records, NULL, client_mono_ms());
    return !reading->enough;
}

/* --- of a running service ----------------------------------------------------------------- */

static int read_running(struct reading *reading, const struct client_service *said)
{
    struct client *client = reading->view->client;
    const struct client_fetch fetch = {.service = reading->log->service, .log_id = said->log_id};
    progress_begin(&reading->progress, reading->log->what, said->last_seq - said->first_seq + 1,
                   client_mono_ms());
    enum toc_err err = client_fetch(client, &fetch, take_record, reading);
    progress_end(&reading->progress);
    return err == TOC_OK ? CLI_DONE : client_fail(client);
}

/* --- of a stopped one --------------------------------------------------------------------- */

/* The service's program stands beside this executable. */
static bool find_program(char out[PATH_BYTES], const char *service)
{
    char self[PATH_BYTES - 64];
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (size <= 0)
        return false;
    self[size] = '\0';
    *strrchr(self, '/') = '\0';
    snprintf(out, PATH_BYTES, "%s/tocsin-%.32s", self, service);
    return access(out, X_OK) == 0;
}

static pid_t fork_program(const char *program, const char *data, const char *flag, int *out_fd)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "--data", data, flag, (char *)NULL);
        fprintf(stderr, "cannot execute %s: %s\n", program, strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0)
        close(ends[0]);
    *out_fd = ends[0];
    return pid;
}

/* What it prints of its data on being asked; NULL, told, when it cannot be started. */
static FILE *start_program(const struct view *view, const char *service, const char *data,
                           const char *flag, pid_t *out_pid)
{
    char program[PATH_BYTES];
    int fd;
    fflush(stdout);
    *out_pid = find_program(program, service) ? fork_program(program, data, flag, &fd) : -1;
    FILE *from = *out_pid > 0 ? fdopen(fd, "rb") : NULL;
    if (from == NULL)
        fprintf(stderr, "%s: cannot start tocsin-%s, which reads its log\n", view->who, service);
    return from;
}

static bool has_ended_well(pid_t pid)
{
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* TOC_NONE at the end. */
static enum toc_err read_record(FILE *from, uint8_t bytes[RECORD_BYTES], struct toc_str *out)
{
    uint8_t head[4];
    size_t got = fread(head, 1, sizeof(head), from);
    if (got == 0)
        return TOC_NONE;
    size_t size = got == sizeof(head) ? toc_get_u32be(head) : 0;
    if (size == 0 || size > RECORD_BYTES || fread(bytes, 1, size, from) != size)
        return TOC_ERR_MALFORMED;
    *out = toc_str(bytes, size);
    return TOC_OK;
}

static enum toc_err take_all(struct reading *reading, FILE *from)
{
    static uint8_t buffer[RECORD_BYTES];
    struct toc_arena *arena = &reading->view->arena;
    struct toc_str bytes;
    enum toc_err err;
    while (!reading->enough && (err = read_record(from, buffer, &bytes)) == TOC_OK) {
        Tocsin__V1__Record *record;
        size_t mark = toc_arena_mark(arena);
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__record__descriptor, bytes, &record));
        take_record(reading, record, bytes);
        toc_arena_reset(arena, mark);
    }
    return reading->enough || err == TOC_NONE ? TOC_OK : err;
}

static int read_stopped(struct reading *reading, const char *data)
{
    struct view *view = reading->view;
    pid_t pid;
    FILE *from = start_program(view, reading->log->service, data, "--print-log", &pid);
    if (from == NULL)
        return CLI_FAILED;
    progress_begin(&reading->progress, reading->log->what, 0, client_mono_ms());
    enum toc_err err = take_all(reading, from);
    progress_end(&reading->progress);
    fclose(from);
    bool ended = has_ended_well(pid);
    if (err < 0)
        fprintf(stderr, "%s: the log under %s: %s\n", view->who, data, toc_err_text(err));
    return err == TOC_OK && (ended || reading->enough) ? CLI_DONE : CLI_FAILED;
}

/* --- which of the two --------------------------------------------------------------------- */

/* CLI_FAILED, told, when nobody answers and there is no data. */
static int find(struct view *view, const char *service, struct client_service *out, char *data,
                size_t data_size, bool *out_stopped)
{
    struct stat about;
    enum toc_err err = client_hello(view->client, service, CLIENT_HELLO_MS, out);
    *out_stopped = err != TOC_OK;
    if (err == TOC_OK)
        return CLI_DONE;
    snprintf(data, data_size, "%.4000s/%.32s", view->config.data_dir, service);
    if (err != TOC_ERR_GONE || view->config.at.count > 0 || stat(data, &about) != 0)
        return client_fail(view->client);
    return CLI_DONE;
}

int whole_log_read(struct view *view, const struct whole_log *log, bool *out_stopped)
{
    struct reading reading = {.view = view, .log = log};
    struct client_service said;
    char data[PATH_BYTES];
    if (find(view, log->service, &said, data, sizeof(data), out_stopped) != CLI_DONE)
        return CLI_FAILED;
    return *out_stopped ? read_stopped(&reading, data) : read_running(&reading, &said);
}

/* --- the policy --------------------------------------------------------------------------- */

static int compile(const struct view *view, struct toc_str text, struct toc_policy **out)
{
    if (text.size == 0 || toc_policy_recompile(text, out) == TOC_OK)
        return CLI_DONE;
    fprintf(stderr, "%s: the policy in force is of another version of this program\n", view->who);
    return CLI_FAILED;
}

static int policy_of_running(struct view *view, const char *service, struct toc_policy **out)
{
    struct policy_in_force force = {0};
    if (policy_ask(view->client, service, true, &force) != TOC_OK)
        return client_fail(view->client);
    int code = compile(view, toc_str(force.text, force.version != 0 ? force.size : 0), out);
    free(force.text);
    return code;
}

static int policy_of_stopped(struct view *view, const char *service, const char *data,
                             struct toc_policy **out)
{
    static char text[TOC_POLICY_SIZE_MAX + 1];
    pid_t pid;
    FILE *from = start_program(view, service, data, "--print-policy", &pid);
    if (from == NULL)
        return CLI_FAILED;
    size_t size = fread(text, 1, sizeof(text), from);
    fclose(from);
    return has_ended_well(pid) ? compile(view, toc_str(text, size), out) : CLI_FAILED;
}

int whole_log_policy(struct view *view, const char *service, struct toc_policy **out,
                     bool *out_stopped)
{
    struct client_service said;
    char data[PATH_BYTES];
    *out = NULL;
    if (find(view, service, &said, data, sizeof(data), out_stopped) != CLI_DONE)
        return CLI_FAILED;
    return *out_stopped ? policy_of_stopped(view, service, data, out)
                        : policy_of_running(view, service, out);
}
