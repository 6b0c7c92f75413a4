/*
 * The processes that `tocsin up` looks after: starting, restarting with a growing pause, stopping.
 *
 * Plain POSIX and nothing else, because it forks at any time: whoever uses it must have no threads
 * and no ZeroMQ context. Signals are taken with sigtimedwait; the caller has blocked SIGCHLD,
 * SIGTERM, SIGINT and SIGHUP.
 */
#ifndef CLI_UP_PROCESS_H
#define CLI_UP_PROCESS_H

#include "common/conf.h"
#include "common/time.h"

#include "common/str.h"

#include <sys/types.h>

#define UP_ARGS_MAX      (16 + 3 * TOC_CONF_LIST_MAX)
#define UP_PATH_MAX      4096
#define UP_PAUSE_MIN_MS  100
#define UP_PAUSE_MAX_MS  5000
#define UP_STEADY_MS     10000 /* a process that lived this long starts with a short pause again */
#define UP_STOP_MS       10000 /* from SIGTERM to SIGKILL */
#define UP_LOG_BYTES_MAX (1024 * 1024) /* of a log that a new start goes on writing */

struct up_process {
    const char *name;              /* "router" */
    char path[UP_PATH_MAX];        /* of the executable */
    char log_path[UP_PATH_MAX];    /* where its standard error goes */
    const char *args[UP_ARGS_MAX]; /* argv, ending in NULL */
    pid_t pid;                     /* 0: not running */
    toc_time_ms started_ms;        /* monotonic */
    toc_time_ms again_ms;          /* when to start it again; TOC_TIME_NEVER while it runs */
    toc_time_ms pause_ms;          /* before the last restart */
};

/* Monotonic milliseconds. */
toc_time_ms up_now(void);

/*
 * Forks and executes. The child dies with this process, is in a process group of its own (so that
 * Ctrl-C reaches it through us, in order) and has no blocked signals. TOC_ERR_IO when it cannot be
 * forked or its log cannot be written.
 */
TOC_MUST enum toc_err up_start(struct up_process *process, toc_time_ms now);

/* A process ended: says so in one line and plans its restart. */
void up_ended(struct up_process *process, int status, toc_time_ms now);

/* Forks a child that runs `work(arg)` and exits with what it returns. -1 when it cannot. */
pid_t up_fork(int (*work)(void *arg), void *arg);

/* SIGTERM to all, SIGKILL to who is still there after UP_STOP_MS; returns when all are gone. */
void up_stop(struct up_process *processes, size_t count);

#endif
