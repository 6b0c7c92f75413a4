#include "services/notifier/send/payload.h"

#include "services/notifier/send/link.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define DUE_MAX        96
#define SHORT_ID_BYTES 6 /* twelve digits: unique among a million alerts, short enough to type */

struct body {
    char *data;
    size_t used, size;
};

static void put(struct body *text, const char *bytes, size_t size)
{
    TOC_ASSERT(text->used + size < text->size);
    memcpy(text->data + text->used, bytes, size);
    text->used += size;
}

static void put_text(struct body *text, const char *s)
{
    put(text, s, strlen(s));
}

__attribute__((format(printf, 2, 3))) static void put_format(struct body *text, const char *format,
                                                             ...)
{
    char piece[64];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    TOC_ASSERT(size >= 0 && (size_t)size < sizeof(piece));
    put(text, piece, (size_t)size);
}

/* --- JSON, RFC 8259 ----------------------------------------------------------------------- */

static void put_char(struct body *text, char c)
{
    if (c == '"' || c == '\\')
        put_format(text, "\\%c", c);
    else if (c == '\n')
        put_text(text, "\\n");
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        put_format(text, "\\u%04x", (unsigned)c);
    else
        put(text, &c, 1);
}

/* The inside of a JSON string. Rows hold well-formed UTF-8: wire.h has seen to it. */
static void put_inside(struct body *text, const char *s)
{
    for (; *s != '\0'; s++)
        put_char(text, *s);
}

static void put_key(struct body *text, const char *key)
{
    put_text(text, text->used == 1 ? "\"" : ",\"");
    put_text(text, key);
    put_text(text, "\":");
}

static void put_string(struct body *text, const char *key, const char *value)
{
    put_key(text, key);
    put_text(text, "\"");
    put_inside(text, value);
    put_text(text, "\"");
}

static void put_or_null(struct body *text, const char *key, const char *value)
{
    if (value[0] != '\0') {
        put_string(text, key, value);
        return;
    }
    put_key(text, key);
    put_text(text, "null");
}

static void put_number(struct body *text, const char *key, int64_t value)
{
    put_key(text, key);
    put_format(text, "%lld", (long long)value);
}

static void put_id(struct body *text, const char *key, const ProtobufCBinaryData *id)
{
    char hex[2 * TOC_ID + 1] = "";
    if (id->len == TOC_ID)
        toc_hex(hex, id->data, TOC_ID);
    put_string(text, key, hex);
}

static void put_instant(struct body *text, const char *key, toc_time_ms at_ms)
{
    if (at_ms != 0)
        put_number(text, key, at_ms);
    else
        put_or_null(text, key, "");
}

/* The source and its name of the issue; empty where there is none. */
static void put_reference(struct body *text, const char *key, const Tocsin__V1__Alert *alert)
{
    put_key(text, key);
    put_text(text, "\"");
    if (alert->issue.len == TOC_ID) {
        put_inside(text, alert->source);
        put_text(text, "#");
        put_inside(text, alert->subject);
    }
    put_text(text, "\"");
}

const char *payload_code(const struct notifier_page *page, const uint8_t key[32],
                         char out[PAYLOAD_CODE_MAX])
{
    out[0] = '\0';
    if (strcmp(page->page->kind, "code") == 0)
        notifier_code(key, page->page->delivery, out);
    else if (strcmp(page->page->kind, "probe") == 0)
        notifier_answer_code(key, page->page->delivery, out);
    return out;
}

size_t payload_json(const struct notifier_page *page, const uint8_t key[32], const char *ack_link,
                    char out[PAYLOAD_MAX])
{
    const Tocsin__V1__Alert *alert = page->alert;
    char code[PAYLOAD_CODE_MAX];
    struct body text = {.data = out, .size = PAYLOAD_MAX};
    put_text(&text, "{");
    put_string(&text, "type", "tocsin.page");
    put_id(&text, "alert", &alert->id);
    put_string(&text, "delivery", page->page->delivery);
    put_string(&text, "contact", page->page->contact);
    put_string(&text, "severity", alert->severity);
    put_string(&text, "cause", alert->cause);
    put_string(&text, "queue", alert->queue);
    put_or_null(&text, "priority", toc_priority_name(alert->priority));
    put_or_null(&text, "risk", toc_risk_name(alert->risk));
    put_instant(&text, "due_ms", page->page->due_ms);
    put_number(&text, "opened_ms", alert->opened_ms);
    put_number(&text, "step", page->page->step);
    put_number(&text, "round", page->page->repeat);
    put_id(&text, "issue", &alert->issue);
    put_reference(&text, "issue_ref", alert);
    put_key(&text, "test");
    put_text(&text, alert->test ? "true" : "false");
    put_or_null(&text, "waiting", alert->waits);
    put_or_null(&text, "kind", page->page->kind);
    put_or_null(&text, "code", payload_code(page, key, code));
    put_or_null(&text, "category", alert->category);
    put_or_null(&text, "sop", alert->sop);
    put_key(&text, "unconfirmed");
    put_text(&text, alert->unconfirmed ? "true" : "false");
    put_or_null(&text, "next", page->page->after);
    put_number(&text, "next_more", page->page->after_more);
    put_instant(&text, "next_ms", page->page->after[0] != '\0' ? page->page->after_ms : 0);
    put_number(&text, "more", page->page->carries);
    put_instant(&text, "soonest_ms", page->page->soonest_ms);
    put_or_null(&text, "ack_url", ack_link);
    put_or_null(&text, "mute", page->page->mute);
    put_number(&text, "digest", page->page->digest);
    put_text(&text, "}");
    text.data[text.used] = '\0';
    return text.used;
}

/* --- the line ----------------------------------------------------------------------------- */

/* Two units are enough for somebody who was just woken: "4m10s", "2h05m", "3d04h". */
static void spell(char out[32], toc_time_ms ms)
{
    long long s = ms / TOC_SECOND_MS;
    if (s < 60)
        snprintf(out, 32, "%llds", s);
    else if (s < 3600)
        snprintf(out, 32, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 32, "%lldh%02lldm", s / 3600, s % 3600 / 60);
    else
        snprintf(out, 32, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
}

static void spell_due(char out[DUE_MAX], const struct notifier_page *page, toc_time_ms now_ms)
{
    char left[32];
    toc_time_ms due_ms = page->page->due_ms;
    const char *waits = page->alert->waits;
    int used = 0;
    out[0] = '\0';
    if (waits[0] != '\0')
        used = snprintf(out, DUE_MAX, "nobody can take it (%.24s)", waits);
    if (due_ms == 0) {
        snprintf(out + used, DUE_MAX - (size_t)used, "%s", used == 0 ? "no deadline" : "");
        return;
    }
    spell(left, due_ms >= now_ms ? due_ms - now_ms : now_ms - due_ms);
    snprintf(out + used, DUE_MAX - (size_t)used, "%s%s %s", used > 0 ? " " : "",
             due_ms >= now_ms ? "due in" : "overdue by", left);
}

/* What the line begins with: "PAGE", or the kind in capitals. */
static void spell_kind(char out[32], const char *kind)
{
    snprintf(out, 32, "%.31s", kind[0] != '\0' ? kind : "PAGE");
    for (; *out != '\0'; out++)
        if (*out >= 'a' && *out <= 'z')
            *out = (char)(*out - 'a' + 'A');
}

static void spell_time(char out[32], toc_time_ms at_ms)
{
    time_t s = at_ms / TOC_SECOND_MS;
    struct tm utc;
    gmtime_r(&s, &utc);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* Of a page that is about no alert. */
static int apart_line(const struct notifier_page *page, const char *at, const char *kind,
                      const char *code, char out[PAYLOAD_LINE_MAX])
{
    char end[32], url[LINK_URL_MAX];
    if (page->page->mute[0] != '\0') {
        spell_time(end, page->page->mute_end_ms);
        return snprintf(out, PAYLOAD_LINE_MAX, "%s %s %.64s %.40s ends at %s", at, kind,
                        page->page->contact, page->page->mute, end);
    }
    if (page->page->digest > 0)
        return snprintf(out, PAYLOAD_LINE_MAX, "%s %s %.64s %u alerts wait since the quiet hours",
                        at, kind, page->page->contact, page->page->digest);
    const char *words = code[0] == '\0'                          ? ""
                        : strcmp(page->page->kind, "probe") == 0 ? " tocsin reach answer "
                                                                 : " say this code: ";
    link_url(page, url);
    return snprintf(out, PAYLOAD_LINE_MAX, "%s %s %.64s%s%s%s%s", at, kind, page->page->contact,
                    words, code, url[0] != '\0' ? " or " : "", url);
}

static int alert_line(const struct notifier_page *page, const char *at, const char *kind,
                      const char *ack_link, toc_time_ms now_ms, char out[PAYLOAD_LINE_MAX])
{
    const Tocsin__V1__Alert *alert = page->alert;
    char due[DUE_MAX], id[2 * TOC_ID + 1] = "";
    bool has_queue = alert->queue[0] != '\0'; /* not what is about the suite itself */
    spell_due(due, page, now_ms);
    if (alert->id.len == TOC_ID)
        toc_hex(id, alert->id.data, SHORT_ID_BYTES);
    return snprintf(out, PAYLOAD_LINE_MAX,
                    "%s %s %.64s %.32s %.128s %s%.64s%s%s alert=%s ack with: tocsin ack %s%s%s", at,
                    kind, page->page->contact, alert->severity, alert->cause,
                    has_queue ? "queue=" : "", alert->queue, has_queue ? " " : "", due, id, id,
                    ack_link[0] != '\0' ? " or " : "", ack_link);
}

size_t payload_line(const struct notifier_page *page, const uint8_t key[32], const char *ack_link,
                    toc_time_ms now_ms, char out[PAYLOAD_LINE_MAX])
{
    char at[32], kind[32], code[PAYLOAD_CODE_MAX];
    spell_time(at, now_ms);
    spell_kind(kind, page->page->kind);
    int size = page->page->alert_number == 0
                   ? apart_line(page, at, kind, payload_code(page, key, code), out)
                   : alert_line(page, at, kind, ack_link, now_ms, out);
    TOC_ASSERT(size > 0 && size + 1 < PAYLOAD_LINE_MAX);
    size_t used = toc_str_make_line(out);
    out[used] = '\n';
    out[used + 1] = '\0';
    return used + 1;
}
