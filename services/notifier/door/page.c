#include "services/notifier/door/page.h"

#include <stdio.h>
#include <stdlib.h>

static const char style[] =
    "<style>"
    ":root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#16191d;--soft:#5a636e;"
    "--line:#dfe3e8;--main:#0b5cad;--on:#fff;--bad:#b3261e;--good:#146c43}"
    "@media(prefers-color-scheme:dark){:root{--back:#0f1215;--card:#181d22;--text:#e8ecf0;"
    "--soft:#9aa5b1;--line:#2d353d;--main:#6db3ff;--on:#08131f;--bad:#ff8a80;--good:#6fd8a0}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--back);color:var(--text);font:1rem/1.45 system-ui,sans-serif}"
    "main{max-width:30rem;margin:0 auto;padding:1rem}"
    "section{background:var(--card);border:1px solid var(--line);border-radius:.75rem;"
    "padding:1rem}"
    "h1{font-size:1.3rem;line-height:1.25;margin:.25rem 0 .75rem;overflow-wrap:anywhere}"
    ".tag{font-weight:700;margin:0}.tag::first-letter{text-transform:uppercase}"
    ".bad{color:var(--bad)}.good{color:var(--good)}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1rem;margin:0}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    "form{display:grid;gap:.75rem;margin:1rem 0 0}"
    "select,input{width:100%;min-height:48px;padding:.5rem .75rem;font:inherit;color:var(--text);"
    "background:var(--card);border:1px solid var(--line);border-radius:.6rem}"
    "label{display:grid;gap:.35rem;color:var(--soft)}"
    ".box{grid-template-columns:auto 1fr;align-items:center;min-height:44px}"
    ".box input{width:1.5rem;min-height:1.5rem}"
    "details{margin-top:1rem}summary{min-height:44px;padding:.6rem .25rem;cursor:pointer;"
    "color:var(--soft)}details form{margin-top:.25rem}"
    "button,.again{display:block;width:100%;min-height:48px;padding:.6rem 1rem;font:inherit;"
    "font-weight:600;text-align:center;text-decoration:none;border-radius:.6rem;cursor:pointer;"
    "border:1px solid var(--line);background:var(--card);color:var(--text)}"
    "button.main{background:var(--main);border-color:var(--main);color:var(--on)}"
    ":focus-visible{outline:3px solid var(--main);outline-offset:2px}"
    ".again{margin-top:1rem}small{color:var(--soft);display:block;margin-top:1rem}"
    "</style>";

/* --- writing ------------------------------------------------------------------------------ */

struct pen {
    FILE *out;
    const struct door_answer *answer;
    const struct text_language *language;
    const Tocsin__V1__Alert *alert; /* NULL: not told */
    toc_time_ms now_ms;
};

static const char *word(const struct pen *pen, enum text_word which)
{
    return pen->language->words[which];
}

static void put_escaped(FILE *out, const char *text)
{
    for (struct toc_str rest = toc_str_of(text), c; rest.size > 0;)
        if (!toc_str_take_shown(&rest, &c))
            fputc('?', out);
        else if (strchr("<>&\"'", *c.data) != NULL)
            fprintf(out, "&#%d;", *c.data);
        else
            fwrite(c.data, 1, c.size, out);
}

static void put_row(const struct pen *pen, enum text_word name, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(pen->out, "<dt>%s</dt><dd>", word(pen, name));
    put_escaped(pen->out, text);
    fputs("</dd>", pen->out);
}

/* A word with a value in its place: "in 4 min 10 s". */
static void fill(const struct pen *pen, enum text_word which, const char *value,
                 char out[4 * TEXT_SPAN_MAX])
{
    const char *template = word(pen, which), *place = strstr(template, "{}");
    snprintf(out, 4 * TEXT_SPAN_MAX, "%.*s%s%s", (int)(place - template), template, value,
             place + 2);
}

/* "in 4 min 10 s (07:04 Europe/Madrid)" */
static void put_instant(const struct pen *pen, enum text_word name, toc_time_ms at_ms)
{
    const struct toc_tz *zone = pen->answer->reader.zone;
    const struct text reader = {.zone = zone, .now_ms = pen->now_ms};
    toc_time_ms ahead_ms = text_shown(at_ms) - pen->now_ms;
    char span[TEXT_SPAN_MAX], at[TEXT_SPAN_MAX], when[4 * TEXT_SPAN_MAX], text[6 * TEXT_SPAN_MAX];
    text_span(pen->language, ahead_ms > 0 ? ahead_ms : -ahead_ms, span);
    fill(pen, ahead_ms > 0 ? WORD_IN : WORD_AGO, span, when);
    text_instant(&reader, at_ms, at);
    snprintf(text, sizeof(text), "%s (%s %.40s)", when, at,
             zone != NULL ? toc_tz_name(zone) : "UTC");
    put_row(pen, name, text);
}

/* --- how it stands ------------------------------------------------------------------------ */

static enum text_word state_of(const Tocsin__V1__Alert *alert)
{
    if (alert->snoozed_ms != 0)
        return WORD_SNOOZED;
    switch ((int)alert->state) {
    case TOCSIN__V1__ALERT_STATE__ALERT_OPEN:
        return WORD_OPEN;
    case TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED:
        return WORD_ACKED;
    case TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED:
        return WORD_RESOLVED;
    default:
        return WORD_THROUGH;
    }
}

static void put_state(const struct pen *pen)
{
    char text[480];
    const char *by = pen->alert->acked_by;
    snprintf(text, sizeof(text), by[0] != '\0' ? "%s (%.200s)" : "%s",
             word(pen, state_of(pen->alert)), by);
    put_row(pen, WORD_STATE, text);
}

static const char *risk_of(const struct pen *pen)
{
    size_t risk = (size_t)pen->alert->risk;
    return risk < sizeof(pen->language->risks) / sizeof(pen->language->risks[0])
               ? pen->language->risks[risk]
               : "";
}

static void put_alert(const struct pen *pen)
{
    const Tocsin__V1__Alert *alert = pen->alert;
    const Tocsin__V1__Page *page = pen->answer->page;
    char id[2 * TOC_ID + 1] = "", step[48] = "", reference[480] = "";
    toc_hex(id, alert->id.data, alert->id.len == TOC_ID ? 6 : 0);
    if (alert->state != TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED)
        snprintf(step, sizeof(step), "%u (%.30s)", alert->step + 1, alert->path);
    if (alert->source[0] != '\0')
        snprintf(reference, sizeof(reference), "%.220s#%.220s", alert->source, alert->subject);
    toc_str_mend(step);
    toc_str_mend(reference);
    fputs("<dl>", pen->out);
    put_state(pen);
    if (alert->snoozed_ms != 0)
        put_instant(pen, WORD_UNTIL, alert->snoozed_ms);
    if (alert->due_ms != 0)
        put_instant(pen, WORD_DUE, alert->due_ms);
    put_row(pen, WORD_QUEUE, alert->queue);
    put_row(pen, WORD_PRIORITY, toc_priority_name(alert->priority));
    put_row(pen, WORD_RISK, risk_of(pen));
    put_row(pen, WORD_CATEGORY, alert->category);
    put_row(pen, WORD_SOP, alert->sop);
    put_row(pen, WORD_STEP, step);
    if (alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN && alert->next_ms != TOC_TIME_NEVER)
        put_instant(pen, WORD_NEXT, alert->next_ms);
    put_row(pen, WORD_ISSUE, reference);
    put_instant(pen, WORD_OPENED, alert->opened_ms);
    put_row(pen, WORD_ALERT, id);
    put_row(pen, WORD_READER, page != NULL ? page->contact : "");
    fputs("</dl>", pen->out);
}

/* What it is about, as in the title of the page that was sent. */
static void put_title(const struct pen *pen)
{
    Tocsin__V1__Page page = TOCSIN__V1__PAGE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    if (pen->alert != NULL)
        alert = *pen->alert;
    else
        page.kind = pen->answer->page->kind;
    const struct notifier_page about = {&page, &alert};
    const struct text text = {.page = &about,
                              .language = pen->language,
                              .zone = pen->answer->reader.zone,
                              .now_ms = pen->now_ms,
                              .code = "",
                              .ack_link = "",
                              .sop_url = ""};
    char title[TEXT_TITLE_MAX];
    fputs("<h1>", pen->out);
    put_escaped(pen->out, text_title(&text, title));
    fputs("</h1>", pen->out);
}

/* --- what can be done --------------------------------------------------------------------- */

static void put_button(const struct pen *pen, const char *action, bool is_main)
{
    fprintf(pen->out, "<button%s name=\"action\" value=\"%s\">%s</button>",
            is_main ? " class=\"main\"" : "", action,
            word(pen, door_action_of(toc_str_of(action))->button));
}

static void put_snooze(const struct pen *pen)
{
    static const int minutes[] = {30, 60, 240, 480};
    char span[TEXT_SPAN_MAX];
    fprintf(pen->out, "<label>%s <select name=\"for_s\">", word(pen, WORD_SNOOZE_FOR));
    for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        text_span(pen->language, minutes[i] * (toc_time_ms)TOC_MINUTE_MS, span);
        fprintf(pen->out, "<option value=\"%d\">%s</option>", 60 * minutes[i], span);
    }
    fputs("</select></label>", pen->out);
    put_button(pen, "snooze", false);
}

/* Of a page that stands for others, too. */
static void put_group(const struct pen *pen)
{
    char more[16], text[4 * TEXT_SPAN_MAX];
    if (pen->answer->page->carries == 0)
        return;
    snprintf(more, sizeof(more), "%u", pen->answer->page->carries);
    fill(pen, WORD_GROUP, more, text);
    fprintf(pen->out,
            "<label class=\"box\"><input type=\"checkbox\" name=\"group\" value=\"yes\"> %s"
            "</label>",
            text);
}

/* Who answers may come late; who goes on from there has to know how it stands. */
static void put_version(const struct pen *pen)
{
    fprintf(pen->out, "<input type=\"hidden\" name=\"version\" value=\"%llu\">",
            (unsigned long long)pen->alert->last_seq);
}

static void put_actions(const struct pen *pen)
{
    const Tocsin__V1__Alert *alert = pen->alert;
    bool taken =
        alert->state == TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED && alert->snoozed_ms == 0;
    bool own = strcmp(alert->acked_by, pen->answer->page->contact) == 0;
    fputs("<form method=\"post\">", pen->out);
    put_group(pen);
    if (!taken || (own && alert->ack_ends_ms != 0))
        put_button(pen, "ack", true);
    else if (!own)
        put_button(pen, "take", true);
    if (!taken || own)
        put_snooze(pen);
    fputs("</form><form method=\"post\">", pen->out);
    put_version(pen);
    put_button(pen, "escalate", false);
    fputs("</form>", pen->out);
}

/* Enter in the field presses the first button: it must never resolve. */
static void put_more(const struct pen *pen)
{
    fprintf(pen->out, "<details><summary>%s</summary><form method=\"post\">", word(pen, WORD_MORE));
    if (pen->answer->may_note) {
        fprintf(pen->out,
                "<label>%s <input name=\"note\" maxlength=\"60\" autocomplete=\"off\"></label>",
                word(pen, WORD_NOTE_TEXT));
        put_button(pen, "note", false);
    }
    if (pen->answer->may_act) {
        put_group(pen);
        put_version(pen);
        put_button(pen, "resolve", false);
    }
    fputs("</form></details>", pen->out);
}

static void put_forms(const struct pen *pen)
{
    const struct door_answer *answer = pen->answer;
    if (answer->may_act)
        put_actions(pen);
    if (answer->may_act || answer->may_note)
        put_more(pen);
    if (answer->may_act)
        fprintf(pen->out, "<small>%s</small>", word(pen, WORD_ONCE));
    else if (!answer->may_note && answer->status != 404 && answer->status != 410)
        fprintf(pen->out, "<a class=\"again\" href=\"\">%s</a>", word(pen, WORD_AGAIN));
}

/* --- a test page -------------------------------------------------------------------------- */

static bool is_probe(const struct pen *pen)
{
    const Tocsin__V1__Page *page = pen->answer->page;
    return page != NULL && strcmp(page->kind, "probe") == 0;
}

static void put_probe(const struct pen *pen)
{
    fputs("<dl>", pen->out);
    put_row(pen, WORD_READER, pen->answer->page->contact);
    put_instant(pen, WORD_SENT, pen->answer->page->planned_ms);
    fputs("</dl>", pen->out);
}

static void put_came(const struct pen *pen)
{
    if (pen->answer->may_act)
        fprintf(pen->out, "<form method=\"post\"><button class=\"main\">%s</button></form>",
                word(pen, WORD_CAME));
}

/* --- what happened ------------------------------------------------------------------------ */

/* What is wrong, by how its English begins; what is not here is shown as it is. */
static const struct {
    const char *begins;
    enum text_word word;
} wrongs[] = {
    {"this is no link", WORD_NO_LINK},
    {"this link has expired", WORD_EXPIRED},
    {"this link was used already", WORD_USED},
    {"the alert is resolved", WORD_IS_RESOLVED},
    {"the alert is acknowledged", WORD_IS_ACKED},
    {"changed since", WORD_HAS_CHANGED},
    {"there is no such version", WORD_HAS_CHANGED},
    {"the snooze would be over", WORD_SNOOZE_OVER},
    {"nobody has taken it", WORD_SILENT},
    {"too much waits", WORD_FULL},
    {"too many requests", WORD_OFTEN},
    {"that probe is over", WORD_PROBE_OVER},
};

static const char *wrong_of(const struct pen *pen)
{
    const char *detail = pen->answer->detail;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
        if (toc_str_starts(toc_str_of(detail), toc_str_of(wrongs[i].begins)))
            return word(pen, wrongs[i].word);
    return pen->answer->status == 400 ? word(pen, WORD_UNCLEAR) : detail;
}

/* Before everything else. */
static void put_head(const struct pen *pen)
{
    const struct door_answer *answer = pen->answer;
    if (answer->detail != NULL) {
        fprintf(pen->out, "<p class=\"tag bad\" role=\"alert\">%s</p><p>",
                word(pen, WORD_NOT_DONE));
        put_escaped(pen->out, wrong_of(pen));
        fputs("</p>", pen->out);
    } else if (answer->done != NULL) {
        fprintf(pen->out, "<p class=\"tag good\" role=\"status\">%s%s%s</p>",
                answer->again ? word(pen, WORD_ALREADY) : "", answer->again ? " " : "",
                word(pen, answer->done->done_word));
        if (answer->status == 202)
            fprintf(pen->out, "<p>%s</p>", word(pen, WORD_LATER));
    }
}

static void put_all(const struct pen *pen)
{
    fprintf(pen->out,
            "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
            "<meta name=\"referrer\" content=\"no-referrer\"><title>%s</title>%s</head>"
            "<body><main><section>",
            pen->language->code, word(pen, WORD_DOCUMENT), style);
    put_head(pen);
    if (pen->alert != NULL || is_probe(pen))
        put_title(pen);
    if (pen->alert != NULL)
        put_alert(pen);
    else if (is_probe(pen))
        put_probe(pen);
    fputs("</section>", pen->out);
    if (is_probe(pen))
        put_came(pen);
    else
        put_forms(pen);
    fputs("</main></body></html>\n", pen->out);
}

char *page_write(const struct door_answer *answer, toc_time_ms now_ms, size_t *out_size)
{
    char *text = NULL;
    size_t size = 0;
    struct pen pen = {open_memstream(&text, &size), answer, answer->reader.language, answer->alert,
                      now_ms};
    *out_size = 0;
    if (pen.out == NULL)
        return NULL;
    put_all(&pen);
    if (fclose(pen.out) != 0) {
        free(text);
        return NULL;
    }
    *out_size = size;
    return text;
}
