/*
 * ntfy (ntfy.sh or one's own): a message as JSON to the server's root. Who knows a topic may read
 * it unless the server asks for a token, so both stand in files. The delivery id is the message's
 * sequence id: when one has to be sent again, it takes the place of the first.
 */
#include "services/notifier/send/kind.h"

#include <jansson.h>
#include <stdio.h>

#define TOPIC_MAX   64
#define MESSAGE_MAX 4000 /* bytes: of what is longer than 4096, a server makes an attachment */
#define TOKEN_MAX   512

static void check_topic(struct contacts_reader *r, size_t offset, const char *topic)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_";
    if (strlen(topic) > TOPIC_MAX || topic[strspn(topic, letters)] != '\0')
        toc_diag_error(&r->diag, offset,
                       "the secret file holds no topic: up to %d letters, digits, '-' and '_'",
                       TOPIC_MAX);
}

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    static const char *const keys[] = {"url", "topic_file", "token_file", NULL};
    if (!read_keys(r, node, "'ntfy'", keys))
        return;
    const struct toc_yaml *url = read_needed(r, node, "'ntfy'", "url");
    const struct toc_yaml *topic = read_needed(r, node, "'ntfy'", "topic_file");
    const struct toc_yaml *token = toc_yaml_get(node, "token_file");
    if (url == NULL || topic == NULL)
        return;
    out->url = read_url(r, url, "url");
    out->to = read_secret(r, topic, "topic_file");
    if (out->to != NULL)
        check_topic(r, topic->offset, out->to);
    if (token != NULL)
        out->credential = read_secret(r, token, "token_file");
    if (out->credential != NULL && strlen(out->credential) > TOKEN_MAX)
        toc_diag_error(&r->diag, token->offset, "the secret file holds a token over %d bytes",
                       TOKEN_MAX);
}

/* --- the message -------------------------------------------------------------------------- */

struct look {
    const char *severity;
    int priority;    /* 5 rings through "do not disturb" */
    const char *tag; /* shown as its emoji */
};

static const struct look *look_of(const char *severity)
{
    static const struct look looks[] = {{"critical", 5, "rotating_light"},
                                        {"error", 4, "warning"},
                                        {"warning", 3, "hourglass"},
                                        {"info", 2, "information_source"}};
    size_t i = 0;
    while (i < 3 && strcmp(looks[i].severity, severity) != 0)
        i++;
    return &looks[i];
}

/* What is about no alert is no reason to ring at night. */
static const struct look *look_of_page(const struct notifier_page *page)
{
    return look_of(page->page->alert_number != 0 ? page->alert->severity : "warning");
}

static void authorize(const char *token, struct outgoing *out)
{
    int size = snprintf(out->line, sizeof(out->line), "Authorization: Bearer %s", token);
    TOC_ASSERT(size > 0 && (size_t)size < sizeof(out->line));
    out->request.line_count = 1;
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    const struct look *look = look_of_page(leaving->page);
    const char *queue = leaving->page->alert->queue;
    char title[TEXT_TITLE_MAX], lines[TEXT_MAX];
    if (leaving->method->credential != NULL)
        authorize(leaving->method->credential, out);
    text_short(&leaving->text, lines);
    lines[MESSAGE_MAX] = '\0';
    toc_str_mend(lines);
    return method_body(json_pack("{s:s, s:s, s:s, s:i, s:[s, s*], s:s*, s:s}", "topic",
                                 leaving->method->to, "title", text_title(&leaving->text, title),
                                 "message", lines, "priority", look->priority, "tags", look->tag,
                                 queue[0] != '\0' ? queue : NULL, "click",
                                 leaving->link[0] != '\0' ? leaving->link : NULL, "sequence_id",
                                 leaving->page->page->delivery),
                       out);
}

const struct method_kind method_ntfy = {
    .key = "ntfy", .transport = METHOD_POSTED, .read = read, .request = request};
