/*
 * `tocsin audit verify`: the arithmetic of verify.h over what the services send.
 *
 * The order matters while the suite runs on: audit's cursors first (records up to them must have
 * leaves), then its leaves, then the logs (so that every leaf's record is already there).
 */
#include "services/cli/audit/audit.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"
#include "services/cli/status.h"
#include "services/cli/audit/verify.h"

#include <stdlib.h>

#define SERVICES_MAX 32

/* One service on the way. */
struct followed {
    const char *name;
    struct client_service said; /* before the leaves were fetched: who it is */
    uint64_t must_seq;          /* audit's cursor: records up to here have leaves */
    uint64_t records, first_seq, last_seq;
    bool chained;
};

struct job {
    struct view *view;
    struct verify *verify;
    struct followed services[SERVICES_MAX]; /* those that audit follows */
    size_t service_count;
    struct audit_tree tree;
    struct verify_note newest;
    struct verify_note *older; /* NULL: none was given */
    enum toc_err err;
};

/* --- leaves -------------------------------------------------------------------------------- */

static void pass_notes(struct job *job)
{
    verify_pass(job->verify, &job->newest);
    if (job->older != NULL)
        verify_pass(job->verify, job->older);
}

static bool take_leaf(void *arg, struct toc_str row)
{
    struct job *job = arg;
    job->err = verify_entry(job->verify, row);
    pass_notes(job);
    return job->err == TOC_OK;
}

static int fetch_leaves(struct job *job)
{
    struct view *view = job->view;
    uint64_t before;
    pass_notes(job); /* an empty tree may be signed as well */
    do {
        Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
        before = job->verify->size;
        ask.what = TOCSIN__V1__ASK__WHAT__LEAVES;
        ask.seq = before;
        if (client_ask(view->client, "audit", &ask, take_leaf, job) != TOC_OK)
            return client_fail(view->client);
        if (job->err < 0) {
            fprintf(stderr, "%s: %s\n", view->who, toc_err_text(job->err));
            return CLI_FAILED;
        }
    } while (job->verify->size > before);
    return CLI_DONE;
}

/* --- records ------------------------------------------------------------------------------- */

struct fetching {
    struct job *job;
    struct followed *service;
};

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct fetching *fetching = arg;
    struct followed *service = fetching->service;
    verify_record(fetching->job->verify, service->name, service->said.log_id, record->seq, bytes,
                  service->must_seq);
    if (service->records++ == 0)
        service->first_seq = record->seq;
    service->last_seq = record->seq;
    return true;
}

static bool take_nothing(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    (void)arg;
    (void)record;
    (void)bytes;
    return false;
}

/* The service's own chain has to stand on the hash that was computed here. */
static int check_chain(struct job *job, struct followed *service)
{
    struct view *view = job->view;
    const struct verify_log *log = verify_log_of(job->verify, service->said.log_id);
    if (log == NULL || service->records < 2 || service->first_seq != 1)
        return CLI_DONE; /* nothing to chain, or the beginning is in the archive */
    const struct client_fetch fetch = {.service = service->name,
                                       .log_id = service->said.log_id,
                                       .from_seq = service->last_seq,
                                       .hash = log->chain_before};
    enum toc_err err = client_fetch(view->client, &fetch, take_nothing, NULL);
    if (err == TOC_OK)
        service->chained = true;
    else if (client_reason(view->client) == TOCSIN__V1__REFUSE_REASON__REFUSE_FORKED)
        verify_differs(job->verify, "%s: the hash chain of its records is not its own",
                       service->name);
    else
        return client_fail(view->client);
    return CLI_DONE;
}

static int fetch_records(struct job *job, struct followed *service)
{
    struct fetching fetching = {job, service};
    const struct client_fetch fetch = {.service = service->name, .log_id = service->said.log_id};
    if (client_fetch(job->view->client, &fetch, take_record, &fetching) != TOC_OK)
        return client_fail(job->view->client);
    verify_log_end(job->verify, service->name, service->said.log_id, service->last_seq);
    return check_chain(job, service);
}

/* --- cursors ------------------------------------------------------------------------------- */

static int find_services(struct job *job)
{
    struct view *view = job->view;
    Tocsin__V1__Status *status;
    if (status_ask(view->client, &view->arena, "audit", &status) != TOC_OK)
        return client_fail(view->client);
    for (size_t i = 0; i < status->n_upstreams && i < SERVICES_MAX; i++) {
        struct followed *service = &job->services[job->service_count++];
        service->name = status->upstreams[i]->endpoint;
        if (client_hello(view->client, service->name, CLIENT_HELLO_MS, &service->said) != TOC_OK)
            return client_fail(view->client);
        if (status->upstreams[i]->log_id == service->said.log_id)
            service->must_seq = status->upstreams[i]->cursor_seq;
    }
    return CLI_DONE;
}

static void find_strangers(struct job *job)
{
    for (size_t i = 0; i < job->verify->log_count; i++) {
        const struct verify_log *log = &job->verify->logs[i];
        bool known = false;
        for (size_t k = 0; k < job->service_count; k++)
            known = known || job->services[k].said.log_id == log->log_id;
        if (!known)
            verify_differs(job->verify, "%zu leaves are of log %016llx, which no service has",
                           log->count, (unsigned long long)log->log_id);
    }
}

/* What is signed now, and what was when the older checkpoint was kept. */
static int find_notes(struct job *job, const char *since)
{
    static struct verify_note older;
    if (audit_ask_tree(job->view, &job->tree) != CLI_DONE)
        return CLI_FAILED;
    job->newest.checkpoint = job->tree.checkpoint;
    if (since == NULL)
        return CLI_DONE;
    job->older = &older;
    return audit_read_note(job->view, since, &job->tree.key, &older.checkpoint);
}

static int verify_all(struct job *job, const char *since)
{
    if (find_services(job) != CLI_DONE || find_notes(job, since) != CLI_DONE ||
        fetch_leaves(job) != CLI_DONE)
        return CLI_FAILED;
    verify_newest(job->verify, &job->newest);
    if (job->older != NULL)
        verify_older(job->verify, job->older);
    for (size_t i = 0; i < job->service_count; i++)
        if (fetch_records(job, &job->services[i]) != CLI_DONE)
            return CLI_FAILED;
    find_strangers(job);
    return CLI_DONE;
}

/* --- the result ---------------------------------------------------------------------------- */

static size_t leaves_of(const struct job *job, size_t service)
{
    const struct verify_log *log = verify_log_of(job->verify, job->services[service].said.log_id);
    return log == NULL ? 0 : log->count;
}

static void print_table(const struct job *job)
{
    static const struct print_column columns[] = {
        {"LOG", PRINT_LEFT, 0},      {"RECORDS", PRINT_RIGHT, 0}, {"LEAVES", PRINT_RIGHT, 0},
        {"WAITING", PRINT_RIGHT, 0}, {"CHAIN", PRINT_LEFT, 0},
    };
    struct print_table *table = print_table_new(columns, 5);
    if (table == NULL)
        return;
    for (size_t i = 0; i < job->service_count; i++) {
        const struct followed *service = &job->services[i];
        size_t leaves = leaves_of(job, i);
        uint64_t kept = service->last_seq;
        print_table_row(table);
        print_table_cell(table, PRINT_BOLD, "%s", service->name);
        print_table_cell(table, PRINT_PLAIN, "%llu", (unsigned long long)service->records);
        print_table_cell(table, PRINT_PLAIN, "%zu", leaves);
        print_table_cell(table, PRINT_PLAIN, "%llu",
                         (unsigned long long)(kept > leaves ? kept - leaves : 0));
        print_table_cell(table, PRINT_PLAIN, "%s",
                         service->chained         ? "whole"
                         : service->first_seq > 1 ? "begins in the archive"
                                                  : "");
    }
    print_table_write(table, &job->view->print);
    print_table_free(table);
}

/* Which logs there are is audit's word: one that it does not follow would not be missed. */
static void print_covered(const struct job *job)
{
    printf("\nChecked are the logs that audit follows, no others:");
    for (size_t i = 0; i < job->service_count; i++)
        printf("%s %s", i > 0 ? "," : "", job->services[i].name);
    fputc('\n', stdout);
}

static void print_older(const struct job *job)
{
    const struct verify_note *older = job->older;
    if (older != NULL && older->reached && older->fits)
        printf("It begins with the %llu leaves of the older checkpoint\n",
               (unsigned long long)older->checkpoint.size);
}

static void print_result(const struct job *job, toc_time_ms took_ms)
{
    const struct print *print = &job->view->print;
    const struct checkpoint *signed_tree = &job->tree.checkpoint;
    char root[2 * TREE_HASH + 1], took[MOMENT_MAX];
    toc_hex(root, signed_tree->root.bytes, TREE_HASH);
    print_table(job);
    print_covered(job);
    printf("Tree of %llu leaves; checkpoint of %llu signed by %s\nRoot %s\n",
           (unsigned long long)job->verify->size, (unsigned long long)signed_tree->size,
           signed_tree->origin, root);
    print_older(job);
    if (!job->tree.pinned)
        print_styled(print, PRINT_YELLOW, "The key was taken on audit's own word; give --key\n");
    moment_exact(took, took_ms);
    if (job->verify->differences == 0)
        print_styled(print, PRINT_GREEN, "Everything fits. %s", took);
    else
        print_styled(print, PRINT_RED, "%llu differences. %s",
                     (unsigned long long)job->verify->differences, took);
    fputc('\n', stdout);
}

static void print_json_result(const struct job *job, toc_time_ms took_ms)
{
    struct print_json json;
    for (size_t i = 0; i < job->service_count; i++) {
        print_json_open(&json, stdout);
        print_json_text(&json, "service", job->services[i].name);
        print_json_log(&json, "log", job->services[i].said.log_id);
        print_json_u64(&json, "records", job->services[i].records);
        print_json_u64(&json, "leaves", leaves_of(job, i));
        print_json_bool(&json, "chained", job->services[i].chained);
        print_json_close(&json);
    }
    print_json_open(&json, stdout);
    print_json_u64(&json, "leaves", job->verify->size);
    print_json_u64(&json, "signed", job->tree.checkpoint.size);
    print_json_text(&json, "origin", job->tree.checkpoint.origin);
    print_json_hex(&json, "root", toc_str(job->tree.checkpoint.root.bytes, TREE_HASH));
    if (job->older != NULL)
        print_json_u64(&json, "since", job->older->checkpoint.size);
    print_json_bool(&json, "pinned", job->tree.pinned);
    print_json_u64(&json, "differences", job->verify->differences);
    print_json_int(&json, "took_ms", took_ms);
    print_json_close(&json);
}

static void tell(const char *line)
{
    fprintf(stderr, "tocsin audit verify: %s\n", line);
}

int audit_verify(struct view *view, const char *since)
{
    static struct verify verify; /* large, and one per process */
    struct job job = {.view = view, .verify = &verify};
    toc_time_ms started = client_mono_ms();
    verify.tell = tell;
    int code = verify_all(&job, since);
    if (code == CLI_DONE && view->json)
        print_json_result(&job, client_mono_ms() - started);
    else if (code == CLI_DONE)
        print_result(&job, client_mono_ms() - started);
    if (verify.differences > 0)
        code = CLI_FAILED;
    verify_done(&verify);
    return code;
}
