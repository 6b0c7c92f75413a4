#include "services/cli/policy/ics.h"

#include "common/policy/dates.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <libical/ical.h>

#define SPAN_DAYS_MAX 366  /* of one event */
#define INSTANCES_MAX 5000 /* of one recurrence, looked at */
#define YEARS_BEFORE  1    /* of what repeats for ever */
#define YEARS_AFTER   3
#define DAY_MIN       0     /* 1970-01-01 */
#define DAY_END       84006 /* 2200-01-01 */

struct date {
    int64_t day;
    enum toc_date_kind kind;
    char name[TOC_DATE_NAME_MAX + 1];
};

struct reader {
    const struct toc_tz *zone;
    int64_t first, last; /* days of what repeats for ever */
    bool endless;        /* something does */
    struct date *dates;
    size_t count;
    char *wrong;
    enum toc_err err;
};

/* One event, before it is repeated. */
struct event {
    icalcomponent *component;
    enum toc_date_kind kind;
    char name[TOC_DATE_NAME_MAX + 1];
    bool all_day;
    int64_t days;          /* all_day: how many */
    toc_time_ms length_ms; /* else */
    struct toc_tz *tz;     /* of its wall times, when the file does not define it; may be NULL */
    icaltimetype start;
};

__attribute__((format(printf, 2, 3))) static void refuse(struct reader *r, const char *format, ...)
{
    va_list args;
    if (r->err != TOC_OK)
        return;
    r->err = TOC_ERR_CONFIG;
    va_start(args, format);
    vsnprintf(r->wrong, ICS_WRONG_MAX, format, args);
    va_end(args);
}

/* --- dates --------------------------------------------------------------------------------- */

static void add_date(struct reader *r, const struct event *event, int64_t day,
                     enum toc_date_kind kind)
{
    struct date *date = &r->dates[r->count];
    if (r->err != TOC_OK || day < DAY_MIN || day >= DAY_END)
        return;
    if (r->count == ICS_DATES_MAX) {
        refuse(r, "more than %d dates, with '%s' on the way", ICS_DATES_MAX, event->name);
        return;
    }
    date->day = day;
    date->kind = kind;
    memcpy(date->name, event->name, sizeof(date->name));
    r->count++;
}

/* libical hands out whatever was written, such as the day 0 of a month. */
static bool is_time(icaltimetype t)
{
    return !icaltime_is_null_time(t) && icaltime_is_valid_time(t) && t.month >= 1 &&
           t.month <= 12 && t.day >= 1;
}

static int64_t day_of(icaltimetype t)
{
    return toc_days_from_date(t.year, (unsigned)t.month, (unsigned)t.day);
}

static int64_t floor_day(toc_time_ms wall_ms)
{
    return wall_ms / TOC_DAY_MS - (wall_ms % TOC_DAY_MS < 0);
}

/* A time of the file as an instant; floating ones are in the calendar's zone. */
static toc_time_ms instant_of(const struct reader *r, const struct event *event, icaltimetype t)
{
    toc_time_ms wall_ms = day_of(t) * TOC_DAY_MS + t.hour * (toc_time_ms)TOC_HOUR_MS +
                          t.minute * (toc_time_ms)TOC_MINUTE_MS +
                          t.second * (toc_time_ms)TOC_SECOND_MS;
    if (icaltime_is_utc(t))
        return wall_ms;
    if (t.zone != NULL)
        return icaltime_as_timet_with_zone(t, t.zone) * (toc_time_ms)TOC_SECOND_MS;
    return toc_tz_resolve(event->tz != NULL ? event->tz : r->zone, wall_ms);
}

/* The dates that lie whole between two instants; the first one touched when there is none. */
static void add_timed(struct reader *r, const struct event *event, icaltimetype start)
{
    toc_time_ms from_ms = instant_of(r, event, start), until_ms = from_ms + event->length_ms;
    int64_t touched = floor_day(from_ms + toc_tz_offset_ms(r->zone, from_ms));
    size_t before = r->count;
    for (int64_t day = touched; day <= touched + event->length_ms / TOC_DAY_MS + 1; day++)
        if (toc_tz_resolve(r->zone, day * TOC_DAY_MS) >= from_ms &&
            toc_tz_resolve(r->zone, (day + 1) * TOC_DAY_MS) <= until_ms)
            add_date(r, event, day, event->kind);
    if (r->count == before)
        add_date(r, event, touched, TOC_DATE_PART);
}

static void add_instance(struct reader *r, const struct event *event, icaltimetype start)
{
    if (!event->all_day) {
        add_timed(r, event, start);
        return;
    }
    for (int64_t i = 0; i < event->days; i++)
        add_date(r, event, day_of(start) + i, event->kind);
}

/* --- recurrences --------------------------------------------------------------------------- */

static bool same_instance(const struct reader *r, const struct event *event, icaltimetype a,
                          icaltimetype b)
{
    if (a.is_date || b.is_date)
        return day_of(a) == day_of(b);
    return instant_of(r, event, a) == instant_of(r, event, b);
}

static bool is_excepted(const struct reader *r, const struct event *event, icaltimetype at)
{
    icalproperty *p = icalcomponent_get_first_property(event->component, ICAL_EXDATE_PROPERTY);
    for (; p != NULL; p = icalcomponent_get_next_property(event->component, ICAL_EXDATE_PROPERTY)) {
        icaltimetype except = icalproperty_get_datetime_with_component(p, event->component);
        if (is_time(except) && same_instance(r, event, except, at))
            return true;
    }
    return false;
}

/* Another event of the file that says what this instance of `event` became. */
static bool is_replaced(const struct reader *r, const struct event *event, icaltimetype at)
{
    icalcomponent *all = icalcomponent_get_parent(event->component);
    const char *uid = icalcomponent_get_uid(event->component);
    icalcompiter each = icalcomponent_begin_component(all, ICAL_VEVENT_COMPONENT);
    if (uid == NULL)
        return false;
    for (icalcomponent *c = icalcompiter_deref(&each); c != NULL; c = icalcompiter_next(&each)) {
        icaltimetype id = icalcomponent_get_recurrenceid(c);
        const char *other = icalcomponent_get_uid(c);
        if (c != event->component && is_time(id) && other != NULL && strcmp(uid, other) == 0 &&
            same_instance(r, event, id, at))
            return true;
    }
    return false;
}

static void add_rule(struct reader *r, const struct event *event, icalproperty *p)
{
    struct icalrecurrencetype rule = icalproperty_get_rrule(p);
    bool endless = rule.count == 0 && icaltime_is_null_time(rule.until);
    icalrecur_iterator *each = icalrecur_iterator_new(rule, event->start);
    size_t seen = 0;
    if (each == NULL) {
        refuse(r, "the recurrence of '%s' cannot be read", event->name);
        return;
    }
    r->endless = r->endless || endless;
    for (icaltimetype at = icalrecur_iterator_next(each); is_time(at) && r->err == TOC_OK;
         at = icalrecur_iterator_next(each)) {
        int64_t day = day_of(at);
        if (day >= DAY_END || (endless && day > r->last))
            break;
        if (++seen > INSTANCES_MAX) {
            refuse(r, "'%s' repeats more than %d times", event->name, INSTANCES_MAX);
            break;
        }
        if ((!endless || day >= r->first) && !is_excepted(r, event, at) &&
            !is_replaced(r, event, at))
            add_instance(r, event, at);
    }
    icalrecur_iterator_free(each);
}

static void add_further(struct reader *r, const struct event *event, icalproperty *p)
{
    struct icaldatetimeperiodtype more = icalproperty_get_rdate(p);
    icaltimetype at = icaltime_is_null_time(more.time) ? more.period.start : more.time;
    if (is_time(at) && !is_excepted(r, event, at))
        add_instance(r, event, at);
}

/* libical keeps one place per component, which looking for exceptions moves: so by number. */
static icalproperty *property_at(icalcomponent *c, icalproperty_kind kind, size_t index)
{
    icalproperty *p = icalcomponent_get_first_property(c, kind);
    for (; p != NULL && index > 0; index--)
        p = icalcomponent_get_next_property(c, kind);
    return p;
}

static void add_event(struct reader *r, const struct event *event)
{
    icalcomponent *c = event->component;
    icalproperty *p;
    if (property_at(c, ICAL_RRULE_PROPERTY, 0) == NULL && !is_excepted(r, event, event->start))
        add_instance(r, event, event->start);
    for (size_t i = 0; (p = property_at(c, ICAL_RRULE_PROPERTY, i)) != NULL; i++)
        if (r->err == TOC_OK)
            add_rule(r, event, p);
    for (size_t i = 0; (p = property_at(c, ICAL_RDATE_PROPERTY, i)) != NULL; i++)
        if (r->err == TOC_OK)
            add_further(r, event, p);
}

/* --- what kind of day ---------------------------------------------------------------------- */

static bool mentions(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text != NULL && i < count; i++)
        if (strcasestr(text, words[i]) != NULL)
            return true;
    return false;
}

/* Said of days on which people work, in the feeds that are most used. */
static const char *const observance_words[] = {
    "observance",        "not a public holiday", "kein gesetzlicher", "nicht arbeitsfrei",
    "ponto facultativo", "optional holiday",     "season begins",     "school holiday",
};
/* Names of such days. */
static const char *const observance_names[] = {
    "observance",    "valentine",     "mother's day",      "mothers' day",    "father's day",
    "fathers' day",  "halloween",     "groundhog",         "daylight saving", "summer time",
    "st. patrick",   "tax day",       "earth day",         "april fool",      "muttertag",
    "vatertag",      "dia das m",     "dia dos namorados", "dia dos pais",    "friendship day",
    "teacher's day", "cinco de mayo", "solstice",          "equinox",         "full moon",
    "time begins",   "time ends",     "karneval",          "nikolaus",        "election day",
};
static const char *const regional_words[] = {
    "state holiday", "regional holiday", "local holiday", "common local", "nur in ", "gazetted in",
};

#define MENTIONS(text, words) mentions((text), (words), sizeof(words) / sizeof((words)[0]))

static enum toc_date_kind kind_of(icalcomponent *c, const char *name)
{
    const char *description = icalcomponent_get_description(c);
    icalproperty *p = icalcomponent_get_first_property(c, ICAL_CATEGORIES_PROPERTY);
    const char *categories = p != NULL ? icalproperty_get_categories(p) : NULL;
    size_t size = strlen(name);
    if (MENTIONS(name, observance_names) || MENTIONS(description, observance_words) ||
        MENTIONS(categories, observance_words))
        return TOC_DATE_OBSERVANCE;
    if (MENTIONS(description, regional_words) || (size > 0 && name[size - 1] == ')'))
        return TOC_DATE_REGIONAL;
    return TOC_DATE_HOLIDAY;
}

/* --- events -------------------------------------------------------------------------------- */

/* A name on one line, without blanks at its ends, cut at a character. */
static void copy_name(char out[TOC_DATE_NAME_MAX + 1], const char *text)
{
    size_t used = 0;
    while (text != NULL && *text != '\0' && used < TOC_DATE_NAME_MAX) {
        bool blank = (unsigned char)*text <= ' ' || *text == 0x7f;
        if (!blank)
            out[used++] = *text;
        else if (used > 0 && out[used - 1] != ' ')
            out[used++] = ' ';
        text++;
    }
    while (used > 0 && (out[used - 1] == ' ' || !toc_str_is_text(toc_str(out, used))))
        used--;
    out[used] = '\0';
    if (used == 0)
        memcpy(out, "without a name", sizeof("without a name"));
}

/* The zone that a time names and the file does not define. */
static bool load_zone(struct reader *r, struct event *event)
{
    icalproperty *p = icalcomponent_get_first_property(event->component, ICAL_DTSTART_PROPERTY);
    icalparameter *id = icalproperty_get_first_parameter(p, ICAL_TZID_PARAMETER);
    char zone[TOC_DATE_NAME_MAX + 1];
    if (event->all_day || id == NULL || event->start.zone != NULL)
        return true;
    if (toc_tz_load(icalparameter_get_tzid(id), &event->tz) == TOC_OK)
        return true;
    copy_name(zone, icalparameter_get_tzid(id));
    refuse(r, "'%s' is in the unknown zone '%s'", event->name, zone);
    return false;
}

static void measure(const struct reader *r, struct event *event)
{
    icaltimetype end = icalcomponent_get_dtend(event->component);
    bool has_end = is_time(end);
    event->days = 1;
    if (event->all_day) {
        int64_t days = has_end && end.is_date ? day_of(end) - day_of(event->start) : 1;
        event->days = days < 1 ? 1 : days > SPAN_DAYS_MAX ? SPAN_DAYS_MAX : days;
    } else if (has_end) {
        toc_time_ms length = instant_of(r, event, end) - instant_of(r, event, event->start);
        toc_time_ms most = SPAN_DAYS_MAX * TOC_DAY_MS;
        event->length_ms = length < 0 ? 0 : length > most ? most : length;
    }
}

static void read_event(struct reader *r, icalcomponent *c)
{
    struct event event = {.component = c, .start = icalcomponent_get_dtstart(c)};
    if (!is_time(event.start) || icalcomponent_get_status(c) == ICAL_STATUS_CANCELLED)
        return;
    copy_name(event.name, icalcomponent_get_summary(c));
    event.kind = kind_of(c, event.name);
    event.all_day = event.start.is_date != 0;
    if (load_zone(r, &event)) {
        measure(r, &event);
        add_event(r, &event);
    }
    toc_tz_free(event.tz);
}

/* A file may hold several calendars. */
static void read_component(struct reader *r, icalcomponent *c, unsigned depth)
{
    icalcompiter each = icalcomponent_begin_component(c, ICAL_ANY_COMPONENT);
    for (icalcomponent *sub = icalcompiter_deref(&each); sub != NULL && r->err == TOC_OK;
         sub = icalcompiter_next(&each)) {
        if (icalcomponent_isa(sub) == ICAL_VEVENT_COMPONENT)
            read_event(r, sub);
        else if (icalcomponent_isa(sub) == ICAL_VCALENDAR_COMPONENT && depth == 0)
            read_component(r, sub, depth + 1);
    }
}

/* --- lines --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const struct date *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put_date(FILE *out, const struct date *date)
{
    unsigned month, day;
    int year;
    toc_date_from_days(date->day, &year, &month, &day);
    fprintf(out, "%04d-%02u-%02u %s", year, month, day, toc_date_kind_word(date->kind));
    fprintf(out, "%s%s\n", date->name[0] != '\0' ? " " : "", date->name);
}

static char *put_dates(struct reader *r)
{
    struct date until = {r->last, TOC_DATE_UNTIL, ""};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    qsort(r->dates, r->count, sizeof(r->dates[0]), compare);
    for (size_t i = 0; i < r->count; i++)
        if (i == 0 || compare(&r->dates[i - 1], &r->dates[i]) != 0)
            put_date(out, &r->dates[i]);
    if (r->endless)
        put_date(out, &until);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* --- the file ------------------------------------------------------------------------------ */

static void read_text(struct reader *r, struct toc_str text)
{
    const struct toc_str mark = TOC_STR("\xef\xbb\xbf");
    char *copy;
    icalcomponent *root;
    if (text.size >= mark.size && toc_str_starts(text, mark))
        text = toc_str_from(text, mark.size);
    if (!toc_str_is_text(text)) {
        refuse(r, "not UTF-8");
        return;
    }
    copy = strndup(text.data != NULL ? text.data : "", text.size);
    root = copy != NULL ? icalparser_parse_string(copy) : NULL;
    if (copy == NULL)
        r->err = TOC_ERR_MEMORY;
    else if (root == NULL || (icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT &&
                              icalcomponent_isa(root) != ICAL_XROOT_COMPONENT))
        refuse(r, "no calendar (.ics) in it");
    else
        read_component(r, root, 0);
    if (root != NULL)
        icalcomponent_free(root);
    free(copy);
}

enum toc_err ics_dates(struct toc_str text, const struct toc_tz *zone, toc_time_ms now_ms,
                       char **out, char out_wrong[ICS_WRONG_MAX])
{
    struct reader r = {.zone = zone, .wrong = out_wrong};
    unsigned month, day;
    int year;
    toc_date_from_days(floor_day(now_ms), &year, &month, &day);
    r.first = toc_days_from_date(year - YEARS_BEFORE, 1, 1);
    r.last = toc_days_from_date(year + YEARS_AFTER, 12, 31);
    r.dates = calloc(ICS_DATES_MAX, sizeof(r.dates[0]));
    if (r.dates == NULL)
        return TOC_ERR_MEMORY;
    if (text.size > ICS_SIZE_MAX)
        refuse(&r, "larger than %zu MB", ICS_SIZE_MAX / 1024 / 1024);
    else
        read_text(&r, text);
    if (r.err == TOC_OK && r.count == 0)
        refuse(&r, "no dates in it");
    if (r.err == TOC_OK) {
        *out = put_dates(&r);
        r.err = *out != NULL ? TOC_OK : TOC_ERR_MEMORY;
    }
    free(r.dates);
    return r.err;
}
