/*
 * Microsoft Teams: a Workflows webhook ("post to a channel when a webhook request is received")
 * takes a message with an adaptive card. Who knows the address may post, so it stands in a file.
 * Texts that others may have chosen are runs of rich text, which know no Markdown.
 */
#include "services/notifier/send/kind.h"

#include <jansson.h>
#include <stdlib.h>

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    static const char *const keys[] = {"url_file", NULL};
    if (!read_keys(r, node, "'teams'", keys))
        return;
    const struct toc_yaml *url = read_needed(r, node, "'teams'", "url_file");
    if (url == NULL)
        return;
    out->url = read_secret_url(r, url, "url_file");
    if (out->url != NULL)
        out->credential = read_copy(r, toc_str_of(out->url));
}

/* --- the card ----------------------------------------------------------------------------- */

static json_t *line_of(struct toc_str line, bool first)
{
    return json_pack("{s:s, s:[{s:s, s:s#, s:s}]}", "type", "RichTextBlock", "inlines", "type",
                     "TextRun", "text", line.data, line.size, "weight",
                     first ? "Bolder" : "Default");
}

static json_t *body_of(struct toc_str lines)
{
    json_t *body = json_array();
    bool made = body != NULL;
    while (made && lines.size > 0) {
        const char *end = memchr(lines.data, '\n', lines.size);
        struct toc_str line = toc_str(lines.data, end ? (size_t)(end - lines.data) : lines.size);
        made = json_array_append_new(body, line_of(line, json_array_size(body) == 0)) == 0;
        lines = toc_str_from(lines, line.size + (end != NULL));
    }
    if (made)
        return body;
    json_decref(body);
    return NULL;
}

static json_t *actions_of(const char *link)
{
    if (link[0] == '\0')
        return json_array();
    return json_pack("[{s:s, s:s, s:s}]", "type", "Action.OpenUrl", "title", "Open", "url", link);
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    char lines[TEXT_MAX];
    text_short(&leaving->text, lines);
    json_t *card = json_pack("{s:s, s:s, s:s, s:o, s:o}", "$schema",
                             "http://adaptivecards.io/schemas/adaptive-card.json", "type",
                             "AdaptiveCard", "version", "1.4", "body", body_of(toc_str_of(lines)),
                             "actions", actions_of(leaving->link));
    return method_body(json_pack("{s:s, s:[{s:s, s:n, s:o}]}", "type", "message", "attachments",
                                 "contentType", "application/vnd.microsoft.card.adaptive",
                                 "contentUrl", "content", card),
                       out);
}

/* --- the answer --------------------------------------------------------------------------- */

/* The status in "… returned HTTP error 429 with ContextId …"; 0: the answer says nothing such. */
static uint32_t hidden_code(const char *body)
{
    static const char mark[] = "HTTP error ";
    const char *at = strcasestr(body, mark);
    unsigned long code = at != NULL ? strtoul(at + strlen(mark), NULL, 10) : 0;
    return code >= 300 && code <= 599 ? (uint32_t)code : 0;
}

/* A workflow answers 202 without a body, the connectors before it 200 and "1". */
static void judge(struct toc_transfer_answer *answer)
{
    char body[TOC_TRANSFER_ANSWER_MAX + 1];
    toc_str_copy(body, sizeof(body), answer->body);
    uint32_t code = hidden_code(body);
    if (code != 0) {
        answer->code = code;
        answer->text = "an HTTP error in the answer";
    } else if (strcasestr(body, "error") != NULL || strcasestr(body, "failed") != NULL) {
        method_doubt(answer, "an error in the answer");
    }
}

const struct method_kind method_teams = {.key = "teams",
                                         .transport = METHOD_POSTED,
                                         .shared = true,
                                         .read = read,
                                         .request = request,
                                         .judge = judge};
