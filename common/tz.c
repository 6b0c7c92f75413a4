#include "common/tz.h"
#include "common/tz_footer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 63
#define NAME_BYTES     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/"
#define TZIF_MAX_BYTES (64 * 1024) /* the largest zone of tzdata is under 4 kB */
#define ZONEINFO       "/usr/share/zoneinfo"

/* RFC 8536, 3.2: an offset lies strictly between these. */
#define OFFSET_MIN_S (-25 * 3600)
#define OFFSET_MAX_S (26 * 3600)

/* Some compilers write a first transition at the Big Bang; before -2^40 s there is only a past. */
#define PAST_S   (-(INT64_C(1) << 40))
#define FUTURE_S (INT64_C(1) << 40)

/* The Gregorian calendar repeats after 400 years, which are whole weeks, and so does every rule. */
#define CYCLE_YEARS 400
#define CYCLE_DAYS  146097
#define CYCLE_MS    (CYCLE_DAYS * TOC_DAY_MS)
static_assert(CYCLE_DAYS % 7 == 0, "a cycle keeps the weekday");

/* Years expanded from a footer: a cycle and enough around it that there always is a next change. */
#define RULE_YEARS     (CYCLE_YEARS + 5)
#define INSTANT_MAX_MS (INT64_C(1) << 62)

/*
 * Transitions in order, neighbours always with different offsets. A zone that goes on by rule is
 * expanded once, for a whole cycle after `cycle_from_ms`, and any later instant is folded into it.
 */
struct toc_tz {
    char name[NAME_MAX_BYTES + 1];
    bool folds_after;  /* the rule goes on after the cycle */
    bool folds_before; /* there is nothing but the rule */
    toc_time_ms cycle_from_ms;
    size_t count;
    int32_t *offset_ms; /* count + 1: before the first, then after each transition */
    toc_time_ms at_ms[];
};

/* --- Proleptic Gregorian calendar ---------------------------------------------------------------
 */

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0);
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of January. */
static int64_t year_start(int64_t year)
{
    int64_t past = year - 1;
    int64_t leaps = floor_div(past, 4) - floor_div(past, 100) + floor_div(past, 400);
    return 365 * (year - 1970) + leaps - 477; /* 477 leap days before 1970 */
}

static const uint16_t month_start[2][13] = {
    {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
    {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366},
};

int64_t toc_days_from_date(int year, unsigned month, unsigned day)
{
    TOC_ASSERT(month >= 1 && month <= 12 && day >= 1);
    return year_start(year) + month_start[is_leap(year)][month - 1] + (int64_t)day - 1;
}

void toc_date_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
    TOC_ASSERT(days > -INT64_C(700000000000) && days < INT64_C(700000000000));
    int64_t y = 1970 + floor_div(days * CYCLE_YEARS, CYCLE_DAYS);
    while (year_start(y + 1) <= days)
        y++;
    while (year_start(y) > days)
        y--;
    const uint16_t *starts = month_start[is_leap(y)];
    unsigned in_year = (unsigned)(days - year_start(y));
    unsigned m = in_year / 31; /* never too late, at most one month early */
    if (in_year >= starts[m + 1])
        m++;
    *year = (int)y;
    *month = m + 1;
    *day = in_year - starts[m] + 1;
}

unsigned toc_weekday(int64_t days)
{
    int64_t since_monday = days + 3; /* 1970-01-01 was a Thursday */
    return (unsigned)(since_monday - 7 * floor_div(since_monday, 7));
}

unsigned toc_days_in_month(int year, unsigned month)
{
    TOC_ASSERT(month >= 1 && month <= 12);
    const uint16_t *starts = month_start[is_leap(year)];
    return (unsigned)(starts[month] - starts[month - 1]);
}

/* --- Building the table -------------------------------------------------------------------------
 */

/* Appends a change unless it changes nothing. */
static void add_change(struct toc_tz *tz, toc_time_ms at_ms, int32_t offset_ms)
{
    if (offset_ms == tz->offset_ms[tz->count])
        return;
    tz->at_ms[tz->count++] = at_ms;
    tz->offset_ms[tz->count] = offset_ms;
}

/* Up to `cycle_from_ms` the file has the word; the rule then says what holds from there on. */
static void add_rule_change(struct toc_tz *tz, toc_time_ms at_ms, int32_t offset_ms)
{
    if (at_ms > tz->cycle_from_ms) {
        add_change(tz, at_ms, offset_ms);
        return;
    }
    if (tz->count > 0 && tz->at_ms[tz->count - 1] == tz->cycle_from_ms)
        tz->count--;
    if (tz->folds_before)
        tz->offset_ms[0] = offset_ms;
    else
        add_change(tz, tz->cycle_from_ms, offset_ms);
}

/*
 * The daylight saving periods of the rule, those that touch or overlap (all-year DST) as one, and
 * the end of the last one left open: it lies beyond the cycle.
 */
static void add_rule_years(struct toc_tz *tz, const struct toc_tz_footer *footer)
{
    int32_t std_ms = footer->std_s * 1000, dst_ms = footer->dst_s * 1000;
    int first = 1968 + (int)floor_div(tz->cycle_from_ms, CYCLE_MS / CYCLE_YEARS);
    toc_time_ms until = TOC_TIME_MIN;
    add_rule_change(tz, tz->cycle_from_ms, std_ms);
    for (int year = first; year < first + RULE_YEARS; year++) {
        toc_time_ms start = toc_tz_rule_instant(&footer->start, year, footer->std_s);
        toc_time_ms end = toc_tz_rule_instant(&footer->end, year, footer->dst_s);
        if (end < start)
            end = toc_tz_rule_instant(&footer->end, year + 1, footer->dst_s);
        if (start == end)
            continue;
        if (start > until) {
            if (until != TOC_TIME_MIN)
                add_rule_change(tz, until, std_ms);
            add_rule_change(tz, start, dst_ms);
        }
        until = end > until ? end : until;
    }
}

static void expand_footer(struct toc_tz *tz, const struct toc_tz_footer *footer)
{
    size_t before = tz->count;
    if (footer->has_dst)
        add_rule_years(tz, footer);
    else
        add_rule_change(tz, tz->cycle_from_ms, footer->std_s * 1000);
    /* Without yearly changes there is nothing to fold: the last offset holds for ever. */
    tz->folds_after = tz->count > before + 1;
    tz->folds_before = tz->folds_before && tz->folds_after;
}

/* --- The file -----------------------------------------------------------------------------------
 */

#define HEADER_BYTES 44

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool take(struct toc_str *in, uint64_t size, const uint8_t **out)
{
    if (size > in->size)
        return false;
    *out = (const uint8_t *)in->data;
    in->data += size;
    in->size -= (size_t)size;
    return true;
}

static bool take_header(struct toc_str *in, uint8_t *version, struct counts *counts)
{
    const uint8_t *h = NULL;
    if (!take(in, HEADER_BYTES, &h) || memcmp(h, "TZif", 4) != 0)
        return false;
    *version = h[4];
    *counts = (struct counts){toc_get_u32be(h + 20), toc_get_u32be(h + 24), toc_get_u32be(h + 28),
                              toc_get_u32be(h + 32), toc_get_u32be(h + 36), toc_get_u32be(h + 40)};
    return true;
}

static uint64_t block_bytes(const struct counts *n, unsigned time_bytes)
{
    return (uint64_t)n->time * (time_bytes + 1) + (uint64_t)n->type * 6 + n->chars +
           (uint64_t)n->leap * (time_bytes + 4) + n->isstd + n->isut;
}

static bool counts_are_sane(const struct counts *n)
{
    return n->type >= 1 && n->type <= 256 && n->chars >= 1 &&
           (n->isut == 0 || n->isut == n->type) && (n->isstd == 0 || n->isstd == n->type);
}

/* A ttinfo record: utoff, isdst (checked, never used), index of the designation. */
static bool type_offset(const uint8_t *type, uint32_t chars, int32_t *out)
{
    int32_t offset_s = (int32_t)toc_get_u32be(type);
    if (offset_s <= OFFSET_MIN_S || offset_s >= OFFSET_MAX_S || type[4] > 1 || type[5] >= chars)
        return false;
    *out = offset_s * 1000;
    return true;
}

/* Reads the transitions of a data block that is `n` long and all there. */
static bool read_block(struct toc_tz *tz, const uint8_t *block, const struct counts *n,
                       unsigned time_bytes)
{
    const uint8_t *indexes = block + (size_t)n->time * time_bytes;
    const uint8_t *types = indexes + n->time;
    int32_t offset_ms[256];
    int64_t last_s = INT64_MIN;
    for (uint32_t i = 0; i < n->type; i++)
        if (!type_offset(types + (size_t)i * 6, n->chars, &offset_ms[i]))
            return false;
    tz->offset_ms[0] = offset_ms[0];
    for (uint32_t i = 0; i < n->time; i++) {
        const uint8_t *at = block + (size_t)i * time_bytes;
        int64_t at_s = time_bytes == 8 ? (int64_t)toc_get_u64be(at) : (int32_t)toc_get_u32be(at);
        if ((i > 0 && at_s <= last_s) || at_s > FUTURE_S || indexes[i] >= n->type)
            return false;
        if (at_s < PAST_S)
            tz->offset_ms[0] = offset_ms[indexes[i]];
        else
            add_change(tz, at_s * 1000, offset_ms[indexes[i]]);
        last_s = at_s;
    }
    tz->folds_before = last_s < PAST_S;
    tz->cycle_from_ms = tz->folds_before ? 0 : last_s * 1000;
    return true;
}

/* A newline, a POSIX TZ text or nothing, a newline (RFC 8536, 3.3). */
static bool take_footer(struct toc_str *in, bool *present, struct toc_tz_footer *footer)
{
    const char *end = NULL;
    if (in->size < 2 || in->data[0] != '\n')
        return false;
    end = memchr(in->data + 1, '\n', in->size - 1);
    if (!end)
        return false;
    struct toc_str text = toc_str(in->data + 1, (size_t)(end - in->data) - 1);
    *present = text.size > 0;
    return !*present || toc_tz_footer_parse(text, footer);
}

static struct toc_tz *tz_new(const char *name, size_t changes_max)
{
    size_t changes_bytes = changes_max * sizeof(toc_time_ms);
    struct toc_tz *tz =
        calloc(1, sizeof(*tz) + changes_bytes + (changes_max + 1) * sizeof(int32_t));
    if (!tz)
        return NULL;
    (void)toc_str_copy(tz->name, sizeof(tz->name), toc_str_of(name));
    tz->offset_ms = (int32_t *)(void *)&tz->at_ms[changes_max];
    return tz;
}

enum toc_err toc_tz_parse(const char *name, struct toc_str tzif, struct toc_tz **out)
{
    struct counts n = {0};
    struct toc_tz_footer footer = {0};
    bool has_footer = false;
    uint8_t version = 0;
    unsigned time_bytes = 4;
    const uint8_t *block = NULL;
    if (strlen(name) > NAME_MAX_BYTES)
        return TOC_ERR_CONFIG;
    if (tzif.size > TZIF_MAX_BYTES || !take_header(&tzif, &version, &n))
        return TOC_ERR_DAMAGED;
    if (version != 0) { /* the first block is for readers of version 1 only */
        uint8_t again = 0;
        time_bytes = 8;
        if (version < '2' || !take(&tzif, block_bytes(&n, 4), &block) ||
            !take_header(&tzif, &again, &n) || again != version)
            return TOC_ERR_DAMAGED;
    }
    if (!counts_are_sane(&n) || !take(&tzif, block_bytes(&n, time_bytes), &block) ||
        (version != 0 && !take_footer(&tzif, &has_footer, &footer)))
        return TOC_ERR_DAMAGED;
    if (n.leap != 0)
        return TOC_ERR_CONFIG;
    struct toc_tz *tz = tz_new(name, (size_t)n.time + (has_footer ? 2 * RULE_YEARS + 1 : 0));
    if (!tz)
        return TOC_ERR_MEMORY;
    if (!read_block(tz, block, &n, time_bytes)) {
        toc_tz_free(tz);
        return TOC_ERR_DAMAGED;
    }
    if (has_footer)
        expand_footer(tz, &footer);
    *out = tz;
    return TOC_OK;
}

static const char *zoneinfo_dir(void)
{
    const char *dir = getenv("TZDIR");
    return dir && *dir ? dir : ZONEINFO;
}

/*
 * IANA names start with a capital and have no dots: so none leaves the directory, and the relatives
 * "right/…" (which count leap seconds), "localtime" and "posixrules" are no zones either.
 */
static bool name_is_iana(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > NAME_MAX_BYTES || name[0] < 'A' || name[0] > 'Z')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!strchr(NAME_BYTES, name[i]))
            return false;
    return true;
}

/* Fills the buffer as far as the file reaches; the size read, or -1. */
static ssize_t read_all(int fd, char *buffer, size_t room)
{
    size_t used = 0;
    while (used < room) {
        ssize_t got = read(fd, buffer + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

static enum toc_err open_zone(const char *name, int *out)
{
    char path[4096];
    struct stat st;
    int size = snprintf(path, sizeof(path), "%s/%s", zoneinfo_dir(), name);
    if (size < 0 || (size_t)size >= sizeof(path))
        return TOC_ERR_CONFIG;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? TOC_ERR_CONFIG : TOC_ERR_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return TOC_ERR_CONFIG;
    }
    *out = fd;
    return TOC_OK;
}

enum toc_err toc_tz_load(const char *name, struct toc_tz **out)
{
    int fd = -1;
    if (!name_is_iana(name))
        return TOC_ERR_CONFIG;
    TOC_TRY(open_zone(name, &fd));
    char *buffer = malloc(TZIF_MAX_BYTES + 1); /* one more, so that a file too large shows */
    ssize_t size = buffer ? read_all(fd, buffer, TZIF_MAX_BYTES + 1) : 0;
    (void)close(fd);
    enum toc_err err = TOC_ERR_MEMORY;
    if (buffer)
        err = size < 0 ? TOC_ERR_IO : toc_tz_parse(name, toc_str(buffer, (size_t)size), out);
    free(buffer);
    return err;
}

void toc_tz_free(struct toc_tz *tz)
{
    free(tz);
}

/* --- Looking up ---------------------------------------------------------------------------------
 */

const char *toc_tz_name(const struct toc_tz *tz)
{
    return tz->name;
}

/* How far `instant_ms` lies from its like in the expanded cycle. */
static toc_time_ms fold(const struct toc_tz *tz, toc_time_ms instant_ms)
{
    toc_time_ms since = instant_ms - tz->cycle_from_ms;
    if ((tz->folds_after && since >= CYCLE_MS) || (tz->folds_before && since < 0))
        return floor_div(since, CYCLE_MS) * CYCLE_MS;
    return 0;
}

/* The number of changes at or before an instant. */
static size_t changes_until(const struct toc_tz *tz, toc_time_ms instant_ms)
{
    size_t low = 0, high = tz->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tz->at_ms[middle] <= instant_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static toc_time_ms clamp_instant(toc_time_ms t)
{
    if (t > INSTANT_MAX_MS)
        return INSTANT_MAX_MS;
    return t < -INSTANT_MAX_MS ? -INSTANT_MAX_MS : t;
}

toc_time_ms toc_tz_offset_ms(const struct toc_tz *tz, toc_time_ms instant_ms)
{
    toc_time_ms t = clamp_instant(instant_ms);
    return tz->offset_ms[changes_until(tz, t - fold(tz, t))];
}

toc_time_ms toc_tz_next_change(const struct toc_tz *tz, toc_time_ms instant_ms)
{
    toc_time_ms t = clamp_instant(instant_ms);
    toc_time_ms shift = fold(tz, t);
    size_t next = changes_until(tz, t - shift);
    if (next == tz->count || t == INSTANT_MAX_MS)
        return TOC_TIME_NEVER;
    return tz->at_ms[next] + shift;
}

toc_time_ms toc_tz_resolve(const struct toc_tz *tz, toc_time_ms wall_ms)
{
    const toc_time_ms earliest_ms = (toc_time_ms)OFFSET_MAX_S * 1000;
    if (wall_ms <= -INSTANT_MAX_MS || wall_ms >= INSTANT_MAX_MS)
        return wall_ms;
    toc_time_ms from = wall_ms - earliest_ms; /* of the period with one offset that is looked at */
    toc_time_ms before = from;                /* the answer by the offset before that period */
    for (;;) {
        toc_time_ms until = toc_tz_next_change(tz, from);
        toc_time_ms instant = wall_ms - toc_tz_offset_ms(tz, from);
        if (instant < from) /* in the gap between the two periods */
            return before;
        if (instant < until)
            return instant;
        before = instant;
        from = until;
    }
}

void toc_tz_database_version(char out[TOC_TZ_VERSION_MAX])
{
    static const char mark[] = "# version ";
    char path[4096], line[64] = {0};
    int size = snprintf(path, sizeof(path), "%s/tzdata.zi", zoneinfo_dir());
    int fd = size > 0 && (size_t)size < sizeof(path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = fd >= 0 ? read_all(fd, line, sizeof(line) - 1) : 0;
    if (fd >= 0)
        (void)close(fd);
    struct toc_str text = TOC_STR("unknown");
    if (got > 0 && strncmp(line, mark, sizeof(mark) - 1) == 0) {
        const char *first = line + sizeof(mark) - 1;
        size_t length = strspn(first, "0123456789abcdefghijklmnopqrstuvwxyz-");
        if (length > 0)
            text = toc_str(first, length);
    }
    toc_str_copy(out, TOC_TZ_VERSION_MAX, text);
}
