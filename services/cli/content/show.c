#include "services/cli/content/show.h"

#include "services/cli/commands.h"
#include "services/cli/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_BYTES 1024
#define NAME_BYTES 600

/* A whole text, gathered from its pieces. */
struct text {
    const Tocsin__V1__ContentPart *first;
    char *bytes;
    size_t size;
};

static bool is_file(const Tocsin__V1__ContentPart *part)
{
    return strcmp(part->class_, "attachment") == 0 || strcmp(part->class_, "raw") == 0;
}

/* --- files -------------------------------------------------------------------------------- */

/* "17-2": by the event and the text, because the name of a file is a stranger's. */
static int save(const struct show *show, uint64_t seq, const struct text *text)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%llu-%u", show->dir, (unsigned long long)seq,
             text->first->segment);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool saved = fd >= 0 && write(fd, text->bytes, text->size) == (ssize_t)text->size;
    if (fd >= 0)
        saved = close(fd) == 0 && saved;
    if (!saved)
        fprintf(stderr, "%s: %s: %s\n", show->view->who, path, strerror(errno));
    return saved ? CLI_DONE : CLI_FAILED;
}

/* --- JSON --------------------------------------------------------------------------------- */

static const char *state_of(const Tocsin__V1__ContentPart *part)
{
    switch ((int)part->state) {
    case TOCSIN__V1__CONTENT_STATE__CONTENT_THERE:
        return "there";
    case TOCSIN__V1__CONTENT_STATE__CONTENT_ERASED:
        return "erased";
    default:
        return "damaged";
    }
}

static void write_json(const struct show *show, uint64_t seq, const struct text *text)
{
    const Tocsin__V1__ContentPart *part = text->first;
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_u64(&json, "seq", seq);
    print_json_int(&json, "segment", part->segment);
    print_json_text(&json, "class", part->class_);
    print_json_text(&json, "name", part->name);
    print_json_text(&json, "state", state_of(part));
    print_json_int(&json, "at_ms", part->at_ms);
    print_json_int(&json, "bytes", (int64_t)part->size);
    if (!is_file(part) && text->bytes != NULL)
        print_json_text(&json, "text", text->bytes);
    print_json_close(&json);
    (void)show;
}

/* --- for a person ------------------------------------------------------------------------- */

/* Line by line: a stranger's text keeps its lines and nothing else that moves a cursor. */
static void print_lines(struct toc_str text)
{
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        struct toc_str line =
            toc_str(text.data, end != NULL ? (size_t)(end - text.data) : text.size);
        char *safe = malloc(3 * line.size + 1);
        if (safe == NULL)
            return;
        print_safe(safe, 3 * line.size + 1, line);
        printf("  %s\n", safe);
        free(safe);
        text = toc_str_from(text, line.size + (end != NULL));
    }
}

static void write_person(const struct show *show, uint64_t seq, const struct text *text)
{
    const Tocsin__V1__ContentPart *part = text->first;
    char name[NAME_BYTES], moment[MOMENT_MAX];
    bool there = part->state == TOCSIN__V1__CONTENT_STATE__CONTENT_THERE;
    print_safe(name, sizeof(name), toc_str_of(part->name));
    printf("%llu  %s  %s%s%s", (unsigned long long)seq,
           moment_near(moment, part->at_ms, view_now(show->view)), part->class_,
           name[0] != '\0' ? " " : "", name);
    if (!there)
        printf(": %s\n", state_of(part));
    else if (is_file(part) && show->dir != NULL)
        printf(": %llu bytes, in %s/%llu-%u\n", (unsigned long long)part->size, show->dir,
               (unsigned long long)seq, part->segment);
    else if (is_file(part))
        printf(": %llu bytes, not shown (--save DIR keeps it)\n", (unsigned long long)part->size);
    else
        printf("\n");
    if (there && !is_file(part))
        print_lines(toc_str(text->bytes, text->size));
}

/* --- texts -------------------------------------------------------------------------------- */

static int show_text(struct show *show, uint64_t seq, const struct text *text)
{
    const Tocsin__V1__ContentPart *part = text->first;
    show->texts++;
    show->erased += part->state == TOCSIN__V1__CONTENT_STATE__CONTENT_ERASED;
    show->damaged += part->state == TOCSIN__V1__CONTENT_STATE__CONTENT_DAMAGED;
    if (is_file(part) && show->dir != NULL &&
        part->state == TOCSIN__V1__CONTENT_STATE__CONTENT_THERE &&
        save(show, seq, text) != CLI_DONE)
        return CLI_FAILED;
    if (show->view->json)
        write_json(show, seq, text);
    else
        write_person(show, seq, text);
    return CLI_DONE;
}

/* The pieces of the text that begins at parts[0], in memory of its own; returns how many. */
static size_t gather(Tocsin__V1__ContentPart *const parts[], size_t count, struct text *out)
{
    size_t used = 0;
    *out = (struct text){.first = parts[0], .bytes = malloc(parts[0]->size + 1)};
    while (used < count && parts[used]->segment == parts[0]->segment) {
        const ProtobufCBinaryData *piece = &parts[used++]->text;
        if (out->bytes == NULL || out->size + piece->len > parts[0]->size)
            continue;
        if (piece->len > 0)
            memcpy(out->bytes + out->size, piece->data, piece->len);
        out->size += piece->len;
    }
    if (out->bytes != NULL)
        out->bytes[out->size] = '\0';
    return used;
}

int show_parts(struct show *show, uint64_t seq, Tocsin__V1__ContentPart *const parts[],
               size_t count)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < count && code == CLI_DONE;) {
        struct text text;
        i += gather(parts + i, count - i, &text);
        code = show_text(show, seq, &text);
        free(text.bytes);
    }
    return code;
}

int show_end(const struct show *show)
{
    if (show->texts == 0)
        fprintf(stderr,
                "%s: nothing was written in this issue, none of it came this way, or the router "
                "has not come to it yet\n",
                show->view->who);
    else if (show->erased == show->texts)
        fprintf(stderr, "%s: all of it was erased\n", show->view->who);
    if (show->damaged > 0)
        fprintf(stderr, "%s: %zu texts are not what intake's log committed to\n", show->view->who,
                show->damaged);
    return show->texts > 0 && show->erased < show->texts && show->damaged == 0 ? CLI_DONE
                                                                               : CLI_FAILED;
}
