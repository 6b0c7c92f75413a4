#include "common/send/spawn.h"

#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

/* One program; freed when the last of its handles is closed. */
struct spawn {
    struct toc_spawns *spawns; /* NULL: nobody waits for it */
    struct spawn *before, *behind;
    void *tag;
    uv_process_t process;
    uv_timer_t limit;
    uv_pipe_t input;
    uv_write_t write;
    size_t open_handles;
    bool killed;
    char text[32];
    char bytes[TOC_SPAWN_INPUT_MAX];
};

struct toc_spawns {
    struct toc_spawns_config config;
    struct spawn *running;
    size_t count;
};

/* --- the end ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
    struct spawn *spawn = handle->data;
    if (--spawn->open_handles == 0)
        free(spawn);
}

static void close_handles(struct spawn *spawn)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&spawn->process, (uv_handle_t *)&spawn->limit,
                                    (uv_handle_t *)&spawn->input};
    for (size_t i = 0; i < 3; i++)
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], on_closed);
}

static void forget(struct spawn *spawn)
{
    struct toc_spawns *spawns = spawn->spawns;
    if (spawn->before != NULL)
        spawn->before->behind = spawn->behind;
    else
        spawns->running = spawn->behind;
    if (spawn->behind != NULL)
        spawn->behind->before = spawn->before;
    spawns->count--;
    spawn->spawns = NULL;
}

static struct toc_transfer_answer answer_of(struct spawn *spawn, int64_t status, int signal)
{
    uint32_t code = status == EX_OK ? 200 : status == EX_TEMPFAIL ? 503 : 422;
    if (spawn->killed)
        return (struct toc_transfer_answer){.text = "timeout", .field = ""};
    if (signal != 0) {
        snprintf(spawn->text, sizeof(spawn->text), "killed by signal %d", signal);
        return (struct toc_transfer_answer){.text = spawn->text, .field = ""};
    }
    snprintf(spawn->text, sizeof(spawn->text), "exit %d", (int)status);
    return (struct toc_transfer_answer){.code = code, .text = spawn->text, .field = ""};
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
    struct spawn *spawn = process->data;
    struct toc_spawns *spawns = spawn->spawns;
    struct toc_transfer_answer answer = answer_of(spawn, status, signal);
    close_handles(spawn);
    if (spawns == NULL)
        return;
    forget(spawn);
    spawns->config.done(spawns->config.self, spawn->tag, &answer);
}

/* It leads its group until it is waited for, which the loop does before it tells of its end. */
static void kill_group(struct spawn *spawn)
{
    spawn->killed = true;
    kill(-spawn->process.pid, SIGKILL);
}

static void on_limit(uv_timer_t *timer)
{
    kill_group(timer->data);
}

/* --- the beginning ------------------------------------------------------------------------ */

static void on_written(uv_write_t *write, int status)
{
    struct spawn *spawn = write->data;
    (void)status; /* who does not read all of it says so by its exit status, or need not */
    if (!uv_is_closing((uv_handle_t *)&spawn->input))
        uv_close((uv_handle_t *)&spawn->input, on_closed);
}

static void write_input(struct spawn *spawn, struct toc_str input)
{
    memcpy(spawn->bytes, input.data, input.size);
    uv_buf_t buffer = uv_buf_init(spawn->bytes, (unsigned)input.size);
    spawn->write.data = spawn;
    if (uv_write(&spawn->write, (uv_stream_t *)&spawn->input, &buffer, 1, on_written) != 0)
        uv_close((uv_handle_t *)&spawn->input, on_closed);
}

static int run(struct spawn *spawn, const struct toc_spawn_request *request)
{
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", language[] = "LANG=C.UTF-8";
    char *environment[] = {path, language, NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&spawn->input},
        {.flags = UV_IGNORE},
        {.flags = UV_IGNORE}};
    const uv_process_options_t options = {.exit_cb = on_exit_of,
                                          .file = request->words[0],
                                          .args = (char **)(uintptr_t)request->words,
                                          .env = environment,
                                          .cwd = "/",
                                          .flags = UV_PROCESS_DETACHED,
                                          .stdio_count = 3,
                                          .stdio = stdio};
    return uv_spawn(spawn->process.loop, &spawn->process, &options);
}

static struct spawn *new_spawn(struct toc_spawns *spawns, void *tag)
{
    struct spawn *spawn = calloc(1, sizeof(*spawn));
    if (spawn == NULL)
        return NULL;
    spawn->tag = tag;
    spawn->process.loop = spawns->config.loop;
    TOC_ASSERT(uv_timer_init(spawns->config.loop, &spawn->limit) == 0);
    TOC_ASSERT(uv_pipe_init(spawns->config.loop, &spawn->input, 0) == 0);
    spawn->process.data = spawn->limit.data = spawn->input.data = spawn;
    spawn->open_handles = 3;
    return spawn;
}

static void keep(struct toc_spawns *spawns, struct spawn *spawn)
{
    spawn->spawns = spawns;
    spawn->behind = spawns->running;
    if (spawns->running != NULL)
        spawns->running->before = spawn;
    spawns->running = spawn;
    spawns->count++;
}

const char *toc_spawns_start(struct toc_spawns *spawns, const struct toc_spawn_request *request,
                             void *tag)
{
    int64_t whole_ms = spawns->config.whole_ms;
    if (request->whole_ms > 0 && request->whole_ms < whole_ms)
        whole_ms = request->whole_ms;
    TOC_ASSERT(request->input.size <= TOC_SPAWN_INPUT_MAX);
    if (spawns->count == TOC_SPAWNS_MAX)
        return "too many programs at once";
    /* Whatever some library opened without the flag: a program gets none of ours. */
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        return "cannot close descriptors for it";
    struct spawn *spawn = new_spawn(spawns, tag);
    if (spawn == NULL)
        return "no memory to send with";
    if (run(spawn, request) != 0) {
        close_handles(spawn);
        return "cannot start the program";
    }
    keep(spawns, spawn);
    uv_update_time(spawns->config.loop);
    TOC_ASSERT(uv_timer_start(&spawn->limit, on_limit, (uint64_t)whole_ms, 0) == 0);
    write_input(spawn, request->input);
    return NULL;
}

/* --- opening and closing ------------------------------------------------------------------ */

enum toc_err toc_spawns_open(const struct toc_spawns_config *config, struct toc_spawns **out)
{
    struct toc_spawns *spawns = calloc(1, sizeof(*spawns));
    if (spawns == NULL)
        return TOC_ERR_MEMORY;
    spawns->config = *config;
    *out = spawns;
    return TOC_OK;
}

void toc_spawns_close(struct toc_spawns *spawns)
{
    if (spawns == NULL)
        return;
    while (spawns->running != NULL) {
        struct spawn *spawn = spawns->running;
        kill_group(spawn);
        forget(spawn);
        close_handles(spawn);
    }
    free(spawns);
}
