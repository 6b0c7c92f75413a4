#include "services/notifier/door/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
    ".tag{font-weight:700;text-transform:uppercase;letter-spacing:.06em;font-size:.8rem;margin:0}"
    ".bad{color:var(--bad)}.good{color:var(--good)}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1rem;margin:0}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    "form{display:grid;gap:.75rem;margin:1rem 0 0}"
    "button,.again{display:block;width:100%;min-height:48px;padding:.6rem 1rem;font:inherit;"
    "font-weight:600;text-align:center;text-decoration:none;border-radius:.6rem;cursor:pointer;"
    "border:1px solid var(--line);background:var(--card);color:var(--text)}"
    "button.main{background:var(--main);border-color:var(--main);color:var(--on)}"
    "button:focus-visible,.again:focus-visible{outline:3px solid var(--main);outline-offset:2px}"
    ".again{margin-top:1rem}small{color:var(--soft);display:block;margin-top:1rem}"
    "</style>";

/* --- writing ------------------------------------------------------------------------------ */

static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (strchr("<>&\"'", *text) != NULL)
            fprintf(out, "&#%d;", *text);
        else
            fputc(*text, out);
}

static void put_row(FILE *out, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    fprintf(out, "<dt>%s</dt><dd>", name);
    put_escaped(out, text);
    fputs("</dd>", out);
}

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

/* "in 4m10s (06:04 UTC)" */
static void put_instant(FILE *out, const char *name, toc_time_ms at_ms, toc_time_ms now_ms)
{
    char span[32], at[32], text[96];
    time_t s = at_ms / TOC_SECOND_MS;
    struct tm utc;
    gmtime_r(&s, &utc);
    strftime(at, sizeof(at), "%a %H:%M UTC", &utc);
    spell(span, at_ms > now_ms ? at_ms - now_ms : now_ms - at_ms);
    snprintf(text, sizeof(text), at_ms > now_ms ? "in %s (%s)" : "%s ago (%s)", span, at);
    put_row(out, name, text);
}

/* --- the parts ---------------------------------------------------------------------------- */

static const char *state_of(const Tocsin__V1__Alert *alert)
{
    if (alert->snoozed_ms != 0)
        return "snoozed";
    switch ((int)alert->state) {
    case TOCSIN__V1__ALERT_STATE__ALERT_OPEN:
        return "nobody has answered yet";
    case TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED:
        return "acknowledged";
    case TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED:
        return "resolved";
    default:
        return "nobody answered, and the path is through";
    }
}

static void put_state(FILE *out, const Tocsin__V1__Alert *alert)
{
    char text[320];
    bool named = alert->acked_by[0] != '\0';
    snprintf(text, sizeof(text), "%s%s%.200s", state_of(alert), named ? " by " : "",
             alert->acked_by);
    put_row(out, "State", text);
}

static void put_alert(FILE *out, const struct door_answer *answer, toc_time_ms now_ms)
{
    const Tocsin__V1__Alert *alert = answer->alert;
    char id[2 * TOC_ID + 1] = "", step[48], reference[480];
    toc_hex(id, alert->id.data, alert->id.len == TOC_ID ? 6 : 0);
    snprintf(step, sizeof(step), "%u of path %.30s", alert->step + 1, alert->path);
    snprintf(reference, sizeof(reference), "%.220s#%.220s", alert->source, alert->subject);
    fputs("<dl>", out);
    put_state(out, alert);
    if (alert->snoozed_ms != 0)
        put_instant(out, "Until", alert->snoozed_ms, now_ms);
    if (alert->due_ms != 0)
        put_instant(out, "Deadline", alert->due_ms, now_ms);
    put_row(out, "Queue", alert->queue);
    put_row(out, "Priority", toc_priority_name(alert->priority));
    put_row(out, "Risk", toc_risk_name(alert->risk));
    put_row(out, "Category", alert->category);
    put_row(out, "Procedure", alert->sop);
    put_row(out, "Step", step);
    if (alert->state == TOCSIN__V1__ALERT_STATE__ALERT_OPEN && alert->next_ms != TOC_TIME_NEVER)
        put_instant(out, "Next step", alert->next_ms, now_ms);
    put_row(out, "Issue", reference);
    put_instant(out, "Opened", alert->opened_ms, now_ms);
    put_row(out, "Alert", id);
    put_row(out, "For", answer->person != NULL ? answer->person : "");
    fputs("</dl>", out);
}

static void put_buttons(FILE *out)
{
    fputs("<form method=\"post\">"
          "<button class=\"main\" name=\"action\" value=\"ack\">Acknowledge</button>"
          "<button name=\"action\" value=\"snooze\">Snooze for 30 minutes</button>"
          "<button name=\"action\" value=\"escalate\">Escalate now</button></form>"
          "<small>Each link works once, for the person it was sent to.</small>",
          out);
}

/* What happened, before everything else. */
static void put_head(FILE *out, const struct door_answer *answer)
{
    const Tocsin__V1__Alert *alert = answer->alert;
    if (answer->done != NULL) {
        fprintf(out, "<p class=\"tag good\" role=\"status\">%s%s</p>",
                answer->again ? "already " : "", answer->done);
        if (answer->status == 202)
            fputs("<p>It is taken down, and takes effect in a moment.</p>", out);
    } else if (answer->detail != NULL) {
        fputs("<p class=\"tag bad\" role=\"alert\">not done</p><p>", out);
        put_escaped(out, answer->detail);
        fputs("</p>", out);
    } else if (alert != NULL) {
        fputs("<p class=\"tag bad\">", out);
        put_escaped(out, alert->severity);
        fputs("</p>", out);
    }
}

static void put_all(FILE *out, const struct door_answer *answer, toc_time_ms now_ms)
{
    fputs("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
          "<meta name=\"referrer\" content=\"no-referrer\"><title>Tocsin alert</title>",
          out);
    fputs(style, out);
    fputs("</head><body><main><section>", out);
    put_head(out, answer);
    if (answer->alert != NULL) {
        fputs("<h1>", out);
        put_escaped(out, answer->alert->cause);
        fputs("</h1>", out);
        put_alert(out, answer, now_ms);
    }
    fputs("</section>", out);
    if (answer->token != NULL)
        put_buttons(out);
    else if (answer->status >= 409 && answer->status != 410)
        fputs("<a class=\"again\" href=\"\">Look again</a>", out);
    fputs("</main></body></html>\n", out);
}

char *page_write(const struct door_answer *answer, toc_time_ms now_ms, size_t *out_size)
{
    char *text = NULL;
    size_t size = 0;
    *out_size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    put_all(out, answer, now_ms);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    *out_size = size;
    return text;
}
