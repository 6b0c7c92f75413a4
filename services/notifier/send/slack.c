/*
 * Slack's incoming webhooks: text for notifications, blocks for the channel. Who knows the address
 * may post, so it stands in a file. Success is 200 with the body "ok" and nothing else.
 */
#include "services/notifier/send/kind.h"

#include <jansson.h>

#define SECTION_MAX 3000 /* characters of a section's text, as Slack says; we count bytes */

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    static const char *const keys[] = {"url_file", NULL};
    if (!read_keys(r, node, "'slack'", keys))
        return;
    const struct toc_yaml *url = read_needed(r, node, "'slack'", "url_file");
    if (url == NULL)
        return;
    out->url = read_secret_url(r, url, "url_file");
    if (out->url != NULL)
        out->credential = read_copy(r, toc_str_of(out->url));
}

/* --- mrkdwn ------------------------------------------------------------------------------- */

struct section {
    char text[SECTION_MAX + 1];
    size_t used;
    bool full;
};

/* A piece that does not fit is left out with all behind it: half of a character is none, and half
 * of an entity says something else. */
static void put(struct section *section, struct toc_str piece)
{
    section->full = section->full || piece.size > SECTION_MAX - section->used;
    if (section->full)
        return;
    memcpy(section->text + section->used, piece.data, piece.size);
    section->used += piece.size;
    section->text[section->used] = '\0';
}

/* The first character of a text, which may have several bytes. */
static struct toc_str character(const char *text)
{
    size_t size = 1;
    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return toc_str(text, size);
}

/* What somebody else may have chosen: it can name nobody and link nowhere. */
static void put_escaped(struct section *section, const char *text)
{
    while (*text != '\0') {
        struct toc_str next = character(text);
        if (*text == '&')
            put(section, TOC_STR("&amp;"));
        else if (*text == '<')
            put(section, TOC_STR("&lt;"));
        else if (*text == '>')
            put(section, TOC_STR("&gt;"));
        else
            put(section, next);
        text += next.size;
    }
}

/* --- the message -------------------------------------------------------------------------- */

static json_t *button(const char *link)
{
    if (link[0] == '\0')
        return NULL;
    return json_pack("{s:s, s:[{s:s, s:{s:s, s:s}, s:s}]}", "type", "actions", "elements", "type",
                     "button", "text", "type", "plain_text", "text", "Open", "url", link);
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    char title[TEXT_TITLE_MAX], lines[TEXT_MAX];
    struct section section = {.used = 0}, summary = {.used = 0};
    put_escaped(&section, text_short(&leaving->text, lines));
    put_escaped(&summary, text_title(&leaving->text, title));
    return method_body(json_pack("{s:s, s:[{s:s, s:{s:s, s:s}}, o*]}", "text", summary.text,
                                 "blocks", "type", "section", "text", "type", "mrkdwn", "text",
                                 section.text, button(leaving->link)),
                       out);
}

static void judge(struct toc_transfer_answer *answer)
{
    if (answer->code != 200 || !toc_str_equal(answer->body, TOC_STR("ok")))
        method_doubt(answer, "the answer is not Slack's ok");
}

const struct method_kind method_slack = {.key = "slack",
                                         .transport = METHOD_POSTED,
                                         .shared = true,
                                         .read = read,
                                         .request = request,
                                         .judge = judge};
