/*
 * What a silence is about, and an alert: the matcher of the first line is read or explained, and
 * says of the alert of the others what a plain reading of its rules says. Whoever may be silenced
 * although critical is known before.
 */
#include "tests/fuzz/fuzz.h"

#include "common/alert_match.h"
#include "common/wire.h"

#define TEXT_MAX 64
#define LINES    10

static const char *const keys[] = {"queue",  "rule",   "severity", "priority", "risk",
                                   "source", "metric", "cause",    "path"};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* --- the rules, read plainly ------------------------------------------------------------------ */

/* For ASCII alone, where a letter is a byte. */
static bool glob_fits(const char *pattern, const char *end, const char *text)
{
    if (pattern == end)
        return *text == '\0';
    if (*pattern == '*')
        return glob_fits(pattern + 1, end, text) ||
               (*text != '\0' && glob_fits(pattern, end, text + 1));
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
           glob_fits(pattern + 1, end, text + 1);
}

static bool term_holds(const char *term, size_t size, const char *const values[KEYS])
{
    const char *end = term + size, *at = memchr(term, '=', size);
    bool negated = at[-1] == '!', fits = false;
    size_t name_size = (size_t)(at - term) - negated, key = 0;
    while (strlen(keys[key]) != name_size || memcmp(keys[key], term, name_size) != 0)
        key++;
    while (at < end) {
        const char *value = at + 1;
        at = value;
        while (at < end && *at != ',')
            at++;
        fits = fits || (values[key][0] != '\0' && glob_fits(value, at, values[key]));
    }
    return fits != negated;
}

static bool all_hold(const char *text, const char *const values[KEYS])
{
    for (const char *at = text; *(at += strspn(at, " ")) != '\0';) {
        size_t size = strcspn(at, " ");
        if (!term_holds(at, size, values))
            return false;
        at += size;
    }
    return true;
}

/* A star costs the plain reading a way more for each byte. */
static bool is_cheap(const char *text)
{
    unsigned stars = 0;
    for (; *text != '\0'; text++) {
        stars += *text == '*';
        if ((unsigned char)*text >= 0x80)
            return false;
    }
    return stars <= 6;
}

/* --- an alert --------------------------------------------------------------------------------- */

/* The next line of the input, without a NUL. */
static char *line_of(struct fuzz_input *in, char *out, size_t most)
{
    size_t size = 0;
    unsigned c;
    while (fuzz_has_more(in) && (c = fuzz_byte(in)) != '\n')
        if (c != '\0' && size < most)
            out[size++] = (char)c;
    out[size] = '\0';
    return out;
}

static void check_alert(const struct toc_alert_match *match, const char *text,
                        char lines[LINES][TEXT_MAX])
{
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    alert.priority = (Tocsin__V1__Priority)(lines[3][0] % 5);
    alert.risk = (Tocsin__V1__Risk)(lines[4][0] % 6);
    const char *values[KEYS] = {lines[0],
                                lines[1],
                                lines[2],
                                toc_priority_name(alert.priority),
                                toc_risk_name(alert.risk),
                                lines[5],
                                lines[6],
                                lines[7],
                                lines[8]};
    alert.queue = lines[0];
    alert.rule = lines[1];
    alert.severity = lines[2];
    alert.source = lines[5];
    alert.metric = lines[6];
    alert.cause = lines[7];
    alert.path = lines[8];
    bool fits = toc_alert_match(match, &alert), plain = is_cheap(text);
    for (size_t i = 0; i < KEYS; i++)
        plain = plain && is_cheap(values[i]);
    TOC_ASSERT(!plain || fits == all_hold(text, values));
    if (fits && strcmp(alert.severity, "critical") == 0)
        TOC_ASSERT(toc_alert_match_has_critical(match));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct toc_alert_match match;
    char text[TOC_ALERT_MATCH_MAX + 2], lines[LINES][TEXT_MAX];
    const char *wrong = toc_alert_match_read(line_of(&in, text, sizeof(text) - 1), &match);
    for (size_t i = 0; i < LINES; i++)
        line_of(&in, lines[i], TEXT_MAX - 1);
    if (wrong != NULL) {
        TOC_ASSERT(strncmp(wrong, "matcher: ", 9) == 0);
        return 0;
    }
    TOC_ASSERT(match.count > 0 && match.count <= TOC_ALERT_MATCH_TERMS);
    check_alert(&match, text, lines);
    strcpy(lines[2], "critical");
    check_alert(&match, text, lines);
    return 0;
}
