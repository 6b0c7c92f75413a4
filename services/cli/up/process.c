#include "services/cli/up/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LAST_LINE_MAX 200
#define LOG_END_MAX   1024 /* bytes in which it is looked for */

toc_time_ms up_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (toc_time_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In the child: what it must not inherit, and that it ends when its parent does. */
static void become_child(pid_t parent)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it is gone already */
        _exit(1);
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
}

pid_t up_fork(int (*work)(void *arg), void *arg)
{
    pid_t parent = getpid();
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    become_child(parent);
    int code = work(arg);
    fflush(stdout);
    _exit(code);
}

/* A log that has grown too long becomes LOG.1, so two of them are all that is ever kept. */
static int open_log(const char *path)
{
    char old[UP_PATH_MAX];
    struct stat about;
    if (stat(path, &about) == 0 && about.st_size > UP_LOG_BYTES_MAX &&
        snprintf(old, sizeof(old), "%s.1", path) < (int)sizeof(old))
        rename(path, old);
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* execv takes what it only reads as writable. */
union arguments {
    const char **read;
    char *const *taken;
};

enum toc_err up_start(struct up_process *process, toc_time_ms now)
{
    int log = open_log(process->log_path);
    pid_t parent = getpid();
    if (log < 0)
        return TOC_ERR_IO;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        union arguments arguments = {.read = process->args};
        become_child(parent);
        dup2(log, STDERR_FILENO);
        execv(process->path, arguments.taken);
        dprintf(STDERR_FILENO, "cannot execute %s: %s\n", process->path, strerror(errno));
        _exit(127);
    }
    close(log);
    if (pid < 0)
        return TOC_ERR_IO;
    process->pid = pid;
    process->started_ms = now;
    process->again_ms = TOC_TIME_NEVER;
    return TOC_OK;
}

/* An excerpt of a file, with the mark below it, and a hint say nothing without what is before. */
static bool stands_alone(const char *line)
{
    return line[0] != '\0' && line[0] != ' ' && strncmp(line, "hint: ", 6) != 0;
}

/* The last line of a log that says what was wrong, "" when there is none. */
static void read_last_line(const char *path, char out[LAST_LINE_MAX])
{
    char end[LOG_END_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    out[0] = '\0';
    if (fd < 0)
        return;
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof(end) - 1 ? size - ((off_t)sizeof(end) - 1) : 0;
    ssize_t count = pread(fd, end, sizeof(end) - 1, from);
    close(fd);
    if (count <= 0)
        return;
    end[count] = '\0';
    for (;;) {
        char *newline = strrchr(end, '\n');
        toc_str_copy(out, LAST_LINE_MAX, toc_str_of(newline != NULL ? newline + 1 : end));
        if (newline == NULL || stands_alone(out))
            return;
        *newline = '\0';
    }
}

void up_ended(struct up_process *process, int status, toc_time_ms now)
{
    char how[64], words[LAST_LINE_MAX];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
    else
        snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
    if (now - process->started_ms >= UP_STEADY_MS || process->pause_ms == 0)
        process->pause_ms = UP_PAUSE_MIN_MS;
    else if (process->pause_ms < UP_PAUSE_MAX_MS)
        process->pause_ms *= 2;
    if (process->pause_ms > UP_PAUSE_MAX_MS)
        process->pause_ms = UP_PAUSE_MAX_MS;
    process->pid = 0;
    process->again_ms = now + process->pause_ms;
    read_last_line(process->log_path, words);
    fprintf(stderr, "tocsin up: %s ended (%s), again in %lld ms; %s ends with: %s\n", process->name,
            how, (long long)process->pause_ms, process->log_path, words);
}

static size_t signal_all(const struct up_process *processes, size_t count, int sig)
{
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        if (processes[i].pid <= 0)
            continue;
        running++;
        if (sig != 0)
            kill(processes[i].pid, sig);
    }
    return running;
}

static void reap(struct up_process *processes, size_t count)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < count; i++)
            if (processes[i].pid == pid)
                processes[i].pid = 0;
}

void up_stop(struct up_process *processes, size_t count)
{
    toc_time_ms end = up_now() + UP_STOP_MS;
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    signal_all(processes, count, SIGTERM);
    while (reap(processes, count), signal_all(processes, count, 0) > 0) {
        toc_time_ms left = end - up_now();
        if (left <= 0) {
            for (size_t i = 0; i < count; i++)
                if (processes[i].pid > 0)
                    fprintf(stderr, "tocsin up: %s does not end; killed\n", processes[i].name);
            signal_all(processes, count, SIGKILL);
            end = TOC_TIME_NEVER;
            left = UP_STOP_MS;
        }
        struct timespec wait = {left > 1000 ? 1 : 0, left > 1000 ? 0 : left * 1000000 % 1000000000};
        sigtimedwait(&ended, NULL, &wait);
    }
}
