#include "services/notifier/send/text.h"

#include "services/notifier/send/text/language.h"

#include <stdio.h>
#include <stdlib.h>

#define SHORT_ID_BYTES 6 /* twelve digits, as everywhere an alert is shown */
#define VALUE_MAX      1024
#define LEFT_MAX       TEXT_SPAN_MAX
#define DUE_MAX        32

/* --- languages ---------------------------------------------------------------------------- */

static const struct text_language *const languages[] = {&text_en, &text_es, &text_hi, &text_ms,
                                                        &text_pt};

const struct text_language *text_language(struct toc_str code)
{
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        struct toc_str known = toc_str_of(languages[i]->code);
        if (toc_str_starts(code, known) &&
            (code.size == known.size || code.data[known.size] == '-'))
            return languages[i];
    }
    return NULL;
}

const struct text_language *text_english(void)
{
    return &text_en;
}

const char *text_language_codes(void)
{
    return "en, es, hi, ms, pt";
}

/* --- a text that grows -------------------------------------------------------------------- */

struct out {
    char *data;
    size_t used, size; /* the terminator has room */
};

static void put(struct out *out, const char *bytes, size_t size)
{
    size_t room = out->size - 1 - out->used;
    size = size < room ? size : room;
    memcpy(out->data + out->used, bytes, size);
    out->used += size;
}

/* What a policy or a mail made must not end a line or steer a terminal. */
static void put_value(struct out *out, const char *value)
{
    for (struct toc_str rest = toc_str_of(value), c; rest.size > 0;) {
        bool shown = toc_str_take_shown(&rest, &c);
        put(out, shown ? c.data : "?", shown ? c.size : 1);
    }
}

/* --- values ------------------------------------------------------------------------------- */

struct values {
    const struct text *text;
    char what[VALUE_MAX], sop[VALUE_MAX], issue[VALUE_MAX];
    char left[LEFT_MAX], over[LEFT_MAX], wait[LEFT_MAX], ends[LEFT_MAX], mute_left[LEFT_MAX];
    char due[DUE_MAX], others[DUE_MAX], more[DUE_MAX], digest[DUE_MAX],
        alert[2 * SHORT_ID_BYTES + 1];
};

static const char *flag(bool is)
{
    return is ? "yes" : "";
}

/* In two units at most: "4 min 10 s". Nothing for what is not to come. */
static void spell(const struct text_language *language, toc_time_ms ms, char out[LEFT_MAX])
{
    static const toc_time_ms sizes[] = {TOC_DAY_MS, TOC_HOUR_MS, TOC_MINUTE_MS, TOC_SECOND_MS};
    size_t unit = 0;
    while (unit < 3 && ms < sizes[unit])
        unit++;
    int used =
        snprintf(out, LEFT_MAX, "%lld %s", (long long)(ms / sizes[unit]), language->units[unit]);
    long long rest = unit < 3 ? (long long)(ms % sizes[unit] / sizes[unit + 1]) : 0;
    if (rest > 0)
        snprintf(out + used, LEFT_MAX - (size_t)used, " %lld %s", rest, language->units[unit + 1]);
}

toc_time_ms text_shown(toc_time_ms at_ms)
{
    static const toc_time_ms first_ms = INT64_C(-62135596800000),
                             last_ms = INT64_C(253402300799999);
    return at_ms < first_ms ? first_ms : at_ms > last_ms ? last_ms : at_ms;
}

static toc_time_ms local(const struct text *text, toc_time_ms at_ms)
{
    at_ms = text_shown(at_ms);
    return at_ms + (text->zone != NULL ? toc_tz_offset_ms(text->zone, at_ms) : 0);
}

static int64_t day_of(toc_time_ms wall_ms)
{
    return wall_ms / TOC_DAY_MS - (wall_ms % TOC_DAY_MS < 0);
}

/* "07:04" of today, else with the date. */
static void spell_instant(const struct text *text, toc_time_ms at_ms, bool today_too,
                          char out[DUE_MAX])
{
    toc_time_ms wall_ms = local(text, at_ms);
    int64_t day = day_of(wall_ms);
    int year, minutes = (int)((wall_ms - day * TOC_DAY_MS) / TOC_MINUTE_MS);
    unsigned month, date;
    toc_date_from_days(day, &year, &month, &date);
    if (!today_too && day == day_of(local(text, text->now_ms)))
        snprintf(out, DUE_MAX, "%02d:%02d", minutes / 60, minutes % 60);
    else
        snprintf(out, DUE_MAX, "%04d-%02u-%02u %02d:%02d", year, month, date, minutes / 60,
                 minutes % 60);
}

static const char *severity_of(const struct text *text)
{
    static const char *const names[] = {"critical", "error", "warning", "info"};
    const char *severity = text->page->alert->severity;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(severity, names[i]) == 0)
            return text->language->severities[i];
    return severity;
}

static const char *risk_of(const struct text *text)
{
    unsigned risk = (unsigned)text->page->alert->risk;
    size_t count = sizeof(text->language->risks) / sizeof(text->language->risks[0]);
    return risk < count ? text->language->risks[risk] : "";
}

/* "csam-report@7 https://wiki.example/csam-report@7"; of the name, only what is plain in a URL. */
static void fill_sop(struct values *values)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~@";
    const char *name = values->text->page->alert->sop;
    struct out out = {values->sop, 0, sizeof(values->sop)};
    put(&out, name, strlen(name));
    if (name[0] != '\0' && values->text->sop_url[0] != '\0') {
        put(&out, " ", 1);
        put(&out, values->text->sop_url, strlen(values->text->sop_url));
        for (; *name != '\0'; name++) {
            char escaped[4];
            snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)*name);
            put(&out, strchr(plain, *name) ? name : escaped, strchr(plain, *name) ? 1 : 3);
        }
    }
    out.data[out.used] = '\0';
}

static enum text_what what_of(const Tocsin__V1__Alert *alert)
{
    static const char *const begins[] = {
        [TEXT_BREACHED] = "breached:",       [TEXT_WARNED] = "warned:",
        [TEXT_OPENED] = "opened ",           [TEXT_WAITING] = "waiting/",
        [TEXT_UNCONFIRMED] = "unconfirmed:", [TEXT_SILENT] = "silent:",
        [TEXT_STOPPED] = "stopped:",         [TEXT_PROVIDER] = "provider:",
        [TEXT_UNREACHED] = "unreached:"};
    for (size_t i = 0; i < TEXT_OTHER; i++)
        if (toc_str_starts(toc_str_of(alert->cause), toc_str_of(begins[i])))
            return (enum text_what)i;
    return TEXT_OTHER;
}

/* "silent:router" is about the router. */
static const char *about_of(const Tocsin__V1__Alert *alert)
{
    const char *colon = strchr(alert->cause, ':');
    return alert->issue.len == 0 && colon != NULL ? colon + 1 : "";
}

static void fill_times(struct values *values, bool today_too)
{
    const struct text *text = values->text;
    const Tocsin__V1__Page *page = text->page->page;
    const Tocsin__V1__Alert *alert = text->page->alert;
    toc_time_ms due_ms = text_shown(page->soonest_ms != 0 ? page->soonest_ms : page->due_ms);
    if (due_ms != 0) {
        spell_instant(text, due_ms, today_too, values->due);
        if (due_ms >= text->now_ms)
            spell(text->language, due_ms - text->now_ms, values->left);
        else
            spell(text->language, text->now_ms - due_ms, values->over);
    }
    if (page->after[0] != '\0')
        spell(text->language, page->after_ms > text->now_ms ? page->after_ms - text->now_ms : 0,
              values->wait);
    if (page->mute[0] != '\0')
        spell(text->language,
              page->mute_end_ms > text->now_ms ? page->mute_end_ms - text->now_ms : 0,
              values->mute_left);
    if (strcmp(page->kind, "reminder") == 0)
        spell(text->language,
              alert->ack_ends_ms > text->now_ms ? alert->ack_ends_ms - text->now_ms : 0,
              values->ends);
}

static void fill_numbers(struct values *values)
{
    const Tocsin__V1__Page *page = values->text->page->page;
    const Tocsin__V1__Alert *alert = values->text->page->alert;
    if (page->after_more > 0)
        snprintf(values->others, sizeof(values->others), "%u", page->after_more);
    if (page->digest > 0)
        snprintf(values->digest, sizeof(values->digest), "%u", page->digest);
    if (page->carries > 0)
        snprintf(values->more, sizeof(values->more), "%u", page->carries);
    if (alert->id.len == TOC_ID)
        toc_hex(values->alert, alert->id.data, SHORT_ID_BYTES);
    if (alert->source[0] != '\0')
        snprintf(values->issue, sizeof(values->issue), "%.500s#%.500s", alert->source,
                 alert->subject);
}

/* --- templates ---------------------------------------------------------------------------- */

static bool is_probe(const Tocsin__V1__Page *page)
{
    return strcmp(page->kind, "probe") == 0;
}

static const char *value_of(const struct values *values, struct toc_str name)
{
    const struct text *text = values->text;
    const Tocsin__V1__Page *page = text->page->page;
    const Tocsin__V1__Alert *alert = text->page->alert;
    const struct {
        const char *name, *value;
    } all[] = {
        {"severity", severity_of(text)},
        {"queue", alert->queue},
        {"category", alert->category},
        {"risk", risk_of(text)},
        {"priority", toc_priority_name(alert->priority)},
        {"issue", values->issue},
        {"alert", values->alert},
        {"what", values->what},
        {"metric", alert->metric},
        {"cause", alert->cause},
        {"about", about_of(alert)},
        {"due", values->due},
        {"zone", text->zone != NULL ? toc_tz_name(text->zone) : "UTC"},
        {"left", values->left},
        {"over", values->over},
        {"next", page->after},
        {"wait", values->wait},
        {"others", values->others},
        {"more", values->more},
        {"sop", values->sop},
        {"link", text->ack_link},
        {"code", is_probe(page) ? "" : text->code},
        {"answer", is_probe(page) ? text->code : ""},
        {"person", page->contact},
        {"method", page->method},
        {"ends", values->ends},
        {"mute", page->mute},
        {"digest", values->digest},
        {"mute_left", values->mute_left},
        {"test", flag(alert->test)},
        {"unconfirmed", flag(alert->unconfirmed)},
        {"last", flag(page->after_ms != 0 && page->after[0] == '\0')},
        {"single", flag(page->after_more == 0)},
        {"probe", flag(is_probe(page))},
        {"typed", flag(text->ack_link[0] == '\0')},
        {"suite", flag(alert->issue.len == 0 && alert->id.len != 0 && alert->queue[0] == '\0')},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (toc_str_equal(name, toc_str_of(all[i].name)))
            return all[i].value;
    TOC_BUG("a template names what is not there");
}

/* One line of a template. False, and nothing is put, when it does not count. */
static bool put_line(struct out *out, const struct values *values, struct toc_str line)
{
    size_t before = out->used;
    while (line.size > 0) {
        const char *open = memchr(line.data, '{', line.size);
        size_t plain = open != NULL ? (size_t)(open - line.data) : line.size;
        put(out, line.data, plain);
        line = toc_str_from(line, plain);
        if (open == NULL)
            break;
        const char *close = memchr(line.data, '}', line.size);
        TOC_ASSERT(close != NULL);
        bool silent = line.data[1] == '?';
        struct toc_str name =
            toc_str_from(toc_str(line.data, (size_t)(close - line.data)), silent ? 2 : 1);
        const char *value = value_of(values, name);
        if (value[0] == '\0') {
            out->used = before;
            return false;
        }
        put_value(out, silent ? "" : value);
        line = toc_str_from(line, (size_t)(close - line.data) + 1);
    }
    return true;
}

/* `joint` stands between two lines. */
static void put_template(struct out *out, const struct values *values, const char *template,
                         const char *joint)
{
    bool first = true;
    for (struct toc_str rest = toc_str_of(template); rest.size > 0;) {
        const char *end = memchr(rest.data, '\n', rest.size);
        size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
        size_t before = out->used;
        if (!first)
            put(out, joint, strlen(joint));
        if (put_line(out, values, toc_str(rest.data, size)))
            first = false;
        else
            out->used = before;
        rest = toc_str_from(rest, end != NULL ? size + 1 : size);
    }
    out->data[out->used] = '\0';
    toc_str_mend(out->data);
}

static const char *render(const struct text *text, const char *template, const char *joint,
                          bool today_too, struct out out)
{
    struct values values = {.text = text};
    struct out what = {values.what, 0, sizeof(values.what)};
    fill_times(&values, today_too);
    fill_numbers(&values);
    fill_sop(&values);
    put_template(&what, &values, text->language->whats[what_of(text->page->alert)], "");
    put_template(&out, &values, template, joint);
    return out.data;
}

const char *text_title(const struct text *text, char out[TEXT_TITLE_MAX])
{
    return render(text, text->language->title, "", false, (struct out){out, 0, TEXT_TITLE_MAX});
}

const char *text_short(const struct text *text, char out[TEXT_MAX])
{
    return render(text, text->language->brief, "\n", false, (struct out){out, 0, TEXT_MAX});
}

const char *text_long(const struct text *text, char out[TEXT_MAX])
{
    return render(text, text->language->full, "\n", true, (struct out){out, 0, TEXT_MAX});
}

void text_span(const struct text_language *language, toc_time_ms ms, char out[TEXT_SPAN_MAX])
{
    spell(language, ms, out);
}

void text_instant(const struct text *text, toc_time_ms at_ms, char out[TEXT_SPAN_MAX])
{
    spell_instant(text, at_ms, false, out);
}
