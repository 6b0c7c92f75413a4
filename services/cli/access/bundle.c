#include "services/cli/access/bundle.h"

#include "services/cli/audit/prove.h"
#include "services/cli/commands.h"
#include "services/cli/fields.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

struct bundle {
    struct view *view;
    const char *dir;
    uint64_t reading;
    FILE *lines;
    size_t texts, gone, unproven;
};

/* --- files ------------------------------------------------------------------------------------ */

static FILE *make_file(const struct bundle *bundle, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", bundle->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        fprintf(stderr, "%s: %s: %s\n", bundle->view->who, path, strerror(errno));
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

static int end_file(const struct bundle *bundle, FILE *file)
{
    bool good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
    if (!good)
        fprintf(stderr, "%s: %s: cannot be written\n", bundle->view->who, bundle->dir);
    return good ? CLI_DONE : CLI_FAILED;
}

static int write_file(const struct bundle *bundle, const char *name, struct toc_str bytes)
{
    FILE *file = make_file(bundle, name);
    if (file == NULL)
        return CLI_FAILED;
    fwrite(bytes.data, 1, bytes.size, file);
    return end_file(bundle, file);
}

/* --- texts ------------------------------------------------------------------------------------ */

/* A whole text, gathered from its pieces; returns how many they were. NULL bytes: no memory. */
static size_t gather(Tocsin__V1__ContentPart *const parts[], size_t count, char **bytes,
                     size_t *size)
{
    size_t used = 0;
    *size = 0;
    *bytes = malloc(parts[0]->size + 1);
    while (used < count && parts[used]->segment == parts[0]->segment) {
        const ProtobufCBinaryData *piece = &parts[used++]->text;
        if (*bytes == NULL || piece->len == 0 || *size + piece->len > parts[0]->size)
            continue;
        memcpy(*bytes + *size, piece->data, piece->len);
        *size += piece->len;
    }
    return used;
}

static int write_text(struct bundle *bundle, uint64_t seq, const Tocsin__V1__ContentPart *part,
                      struct toc_str bytes, bool first)
{
    struct print_json json;
    char name[64];
    bool there = part->state == TOCSIN__V1__CONTENT_STATE__CONTENT_THERE;
    fputc(first ? '[' : ',', bundle->lines);
    print_json_open(&json, bundle->lines);
    print_json_text(&json, "class", part->class_);
    if (part->name[0] != '\0')
        print_json_text(&json, "name", part->name);
    bundle->texts += there;
    bundle->gone += !there;
    int code = CLI_DONE;
    if (there)
        print_json_hex(&json, "r", toc_wire_bytes(&part->r));
    if (!there) {
        print_json_text(&json, "state", "erased");
    } else if (strcmp(part->class_, "attachment") == 0) {
        snprintf(name, sizeof(name), "%llu-%u", (unsigned long long)seq, part->segment);
        print_json_text(&json, "file", name);
        code = write_file(bundle, name, bytes);
    } else {
        print_json_name(&json, "text");
        print_json_string(bundle->lines, bytes);
    }
    fputc('}', bundle->lines);
    return code;
}

static int write_texts(struct bundle *bundle, uint64_t seq)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__CONTENT;
    ask.seq = bundle->reading;
    ask.event_seq = seq;
    int code = view_ask(bundle->view, "intake", &ask, &tocsin__v1__content_part__descriptor, &rows);
    for (size_t at = 0; code == CLI_DONE && at < rows.count;) {
        Tocsin__V1__ContentPart *const *parts = (Tocsin__V1__ContentPart *const *)rows.items + at;
        bool first = at == 0;
        char *bytes;
        size_t size;
        at += gather(parts, rows.count - at, &bytes, &size);
        code = write_text(bundle, seq, parts[0], toc_str(bytes, size), first);
        free(bytes);
    }
    fputs(code == CLI_DONE && rows.count > 0 ? "]" : "[]", bundle->lines);
    return code;
}

/* --- events ----------------------------------------------------------------------------------- */

/* Audit follows a moment behind, so the newest records may have no signed leaf yet. */
static int write_proof(struct bundle *bundle, uint64_t seq, struct print_json *json)
{
    struct audit_proof proof;
    char name[64];
    if (audit_prove(bundle->view, "intake", seq, &proof) != CLI_DONE) {
        bundle->unproven++;
        return CLI_DONE;
    }
    snprintf(name, sizeof(name), "intake-%llu.tlog-proof", (unsigned long long)seq);
    print_json_text(json, "proof", name);
    print_json_u64(json, "leaf_index", proof.answer->index);
    print_json_hex(json, "leaf", toc_wire_bytes(&proof.answer->entry));
    FILE *file = make_file(bundle, name);
    if (file == NULL)
        return CLI_FAILED;
    audit_write_proof(&proof, file);
    return end_file(bundle, file);
}

static int write_event(struct bundle *bundle, const struct bundle_event *event)
{
    struct toc_arena *arena = &bundle->view->arena;
    size_t mark = toc_arena_mark(arena);
    Tocsin__V1__Record *record;
    struct print_json json;
    if (toc_wire_unpack(arena, &tocsin__v1__record__descriptor, event->record, &record) != TOC_OK)
        return CLI_FAILED;
    print_json_open(&json, bundle->lines);
    fields_json_record(&json, arena, "intake", record);
    print_json_hex(&json, "record", event->record);
    print_json_name(&json, "texts");
    int code = write_texts(bundle, event->seq);
    if (code == CLI_DONE)
        code = write_proof(bundle, event->seq, &json);
    print_json_close(&json);
    toc_arena_reset(arena, mark);
    return code;
}

static int write_checkpoint(struct bundle *bundle)
{
    struct audit_tree tree = {.note = {NULL, 0}};
    int code = audit_ask_tree(bundle->view, &tree);
    if (code == CLI_DONE)
        code = write_file(bundle, "checkpoint", tree.note);
    return code == CLI_DONE ? write_file(bundle, "verifier-key", toc_str_of(tree.verifier)) : code;
}

static int tell(const struct bundle *bundle, size_t count)
{
    const struct view *view = bundle->view;
    if (view->json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "dir", bundle->dir);
        print_json_u64(&json, "events", count);
        print_json_u64(&json, "texts", bundle->texts);
        print_json_u64(&json, "erased", bundle->gone);
        print_json_u64(&json, "unproven", bundle->unproven);
        print_json_close(&json);
    } else {
        printf("%s: %zu events with %zu texts\n", bundle->dir, count, bundle->texts);
    }
    if (bundle->unproven > 0)
        fprintf(stderr, "%s: %zu of them have no proof: see above, and try again\n", view->who,
                bundle->unproven);
    return bundle->unproven == 0 ? CLI_DONE : CLI_FAILED;
}

int bundle_write(struct view *view, const char *dir, uint64_t reading,
                 const struct bundle_event events[], size_t count)
{
    struct bundle bundle = {.view = view, .dir = dir, .reading = reading};
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s: %s\n", view->who, dir, strerror(errno));
        return CLI_FAILED;
    }
    bundle.lines = make_file(&bundle, "events.jsonl");
    if (bundle.lines == NULL)
        return CLI_FAILED;
    int code = CLI_DONE;
    for (size_t i = 0; i < count && code == CLI_DONE; i++)
        code = write_event(&bundle, &events[i]);
    if (end_file(&bundle, bundle.lines) != CLI_DONE || code != CLI_DONE)
        return CLI_FAILED;
    return write_checkpoint(&bundle) == CLI_DONE ? tell(&bundle, count) : CLI_FAILED;
}
