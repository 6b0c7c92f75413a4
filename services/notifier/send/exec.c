/*
 * A program of one's own, with the page as a webhook's JSON on its standard input. It is started
 * as it stands, without a shell, only where the notifier was started with --allow-exec: whoever
 * writes the contacts file could run anything otherwise.
 */
#include "services/notifier/send/kind.h"

static void read_words(struct contacts_reader *r, const struct toc_yaml *list, struct method *out)
{
    if (list->kind != TOC_YAML_LIST || list->count > METHOD_WORDS_MAX - 1) {
        toc_diag_error(&r->diag, list->offset, "'arguments' has to be a list of at most %d texts",
                       METHOD_WORDS_MAX - 1);
        return;
    }
    size_t count = 1;
    for (const struct toc_yaml *item = list->first; item != NULL; item = item->next) {
        if (item->kind != TOC_YAML_TEXT)
            toc_diag_error(&r->diag, item->offset, "'arguments' has to be a list of texts");
        else
            out->words[count++] = read_copy(r, item->text);
    }
}

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    static const char *const keys[] = {"program", "arguments", NULL};
    if (!read_keys(r, node, "'exec'", keys))
        return;
    const struct toc_yaml *program = read_needed(r, node, "'exec'", "program");
    const struct toc_yaml *arguments = toc_yaml_get(node, "arguments");
    if (program == NULL)
        return;
    if (!r->allow_exec)
        toc_diag_error(&r->diag, node->offset, "'exec' needs the notifier's --allow-exec");
    if (program->kind != TOC_YAML_TEXT || !toc_str_starts(program->text, TOC_STR("/"))) {
        toc_diag_error(&r->diag, program->offset,
                       "'program' has to be the path of a file, from '/' on");
        return;
    }
    out->words[0] = read_copy(r, program->text);
    if (arguments != NULL)
        read_words(r, arguments, out);
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    out->request.body =
        toc_str(out->body, payload_json(leaving->page, leaving->key, leaving->ack_link, out->body));
    return true;
}

const struct method_kind method_exec = {
    .key = "exec", .transport = METHOD_SPAWNED, .read = read, .request = request};
