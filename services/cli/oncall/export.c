#include "services/cli/oncall/export.h"

#include "common/hash.h"

#define LINE_OCTETS 75 /* RFC 5545, 3.1: without the line's end */
#define STAMP_MAX   32
#define UID_BYTES   16
#define UID_MAX     (2 * UID_BYTES + 16)
#define TEXT_MAX    512

/* --- lines ------------------------------------------------------------------------------------ */

/* A line under way. */
struct line {
    FILE *out;
    size_t octets; /* on the present one */
};

/* Characters are not torn apart. */
static void put(struct line *line, const char *bytes, size_t size)
{
    if (line->octets + size > LINE_OCTETS) {
        fputs("\r\n ", line->out);
        line->octets = 1;
    }
    fwrite(bytes, 1, size, line->out);
    line->octets += size;
}

static size_t character_at(const char *text)
{
    size_t size = 1;
    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size++;
    return size;
}

static void put_all(struct line *line, const char *text)
{
    for (size_t size; *text != '\0'; text += size) {
        size = character_at(text);
        put(line, text, size);
    }
}

static void put_escaped(struct line *line, const char *text)
{
    for (size_t size; *text != '\0'; text += size) {
        size = character_at(text);
        if (*text == '\n')
            put(line, "\\n", 2);
        else if (strchr("\\;,", *text) != NULL)
            put(line, (const char[]){'\\', *text}, 2);
        else if (toc_str_is_line(toc_str(text, size)))
            put(line, text, size);
    }
}

void export_text(FILE *out, const char *name, const char *text)
{
    struct line line = {out, 0};
    put_all(&line, name);
    put(&line, ":", 1);
    put_escaped(&line, text);
    fputs("\r\n", out);
}

static char *stamp(char out[STAMP_MAX], toc_time_ms at_ms)
{
    int64_t days = at_ms / TOC_DAY_MS - (at_ms % TOC_DAY_MS < 0);
    unsigned second = (unsigned)((at_ms - days * TOC_DAY_MS) / TOC_SECOND_MS), month, day;
    int year;
    toc_date_from_days(days, &year, &month, &day);
    snprintf(out, STAMP_MAX, "%04d%02u%02uT%02u%02u%02uZ", year, month, day, second / 3600,
             second / 60 % 60, second % 60);
    return out;
}

/* --- events ----------------------------------------------------------------------------------- */

static char *uid_of(char out[UID_MAX], const struct duty *duty, const char *person,
                    toc_time_ms from_ms)
{
    char text[TEXT_MAX];
    uint8_t hash[TOC_SHA256];
    snprintf(text, sizeof(text), "%s %s %lld", duty->schedule->name, person, (long long)from_ms);
    toc_sha256(hash, toc_str_of(text));
    toc_hex(out, hash, UID_BYTES);
    return strcat(out, "@tocsin");
}

static void write_event(const struct export *export, const struct duty *duty,
                        const struct toc_shift *shift, const char *person)
{
    char text[TEXT_MAX], at[STAMP_MAX], uid[UID_MAX];
    bool endless = shift->until_ms == TOC_TIME_NEVER;
    fputs("BEGIN:VEVENT\r\n", export->out);
    export_text(export->out, "UID", uid_of(uid, duty, person, shift->from_ms));
    fprintf(export->out, "DTSTAMP:%s\r\n", stamp(at, export->now_ms));
    fprintf(export->out, "SEQUENCE:%lld\r\n", (long long)(export->now_ms / TOC_MINUTE_MS));
    fprintf(export->out, "DTSTART:%s\r\n", stamp(at, shift->from_ms));
    fprintf(export->out, "DTEND:%s\r\n", stamp(at, endless ? export->until_ms : shift->until_ms));
    snprintf(text, sizeof(text), "On call: %s (%s)", person, duty->schedule->name);
    export_text(export->out, "SUMMARY", text);
    fputs("TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n", export->out);
}

size_t export_duty(const struct export *export, const struct duty *duty)
{
    struct toc_shift shift;
    size_t count = 0;
    duty_at(duty, export->from_ms, &shift);
    do
        for (size_t i = 0; i < shift.who.count; i++)
            if (export->person == NULL || strcmp(export->person, shift.who.people[i]) == 0) {
                write_event(export, duty, &shift, shift.who.people[i]);
                count++;
            }
    while (shift.until_ms < export->until_ms && duty_next(duty, &shift));
    return count;
}

/* --- the file --------------------------------------------------------------------------------- */

void export_begin(FILE *out, const char *name)
{
    fputs("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tocsin//oncall//EN\r\n"
          "CALSCALE:GREGORIAN\r\n",
          out);
    export_text(out, "X-WR-CALNAME", name);
}

void export_end(FILE *out)
{
    fputs("END:VCALENDAR\r\n", out);
}
