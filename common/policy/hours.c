#include "common/policy/build.h"

#define WINDOWS_MAX 168 /* of a week */
#define WEEK_MS     (7 * TOC_DAY_MS)

/* Those of a week, in the order in which they are given. */
struct week {
    struct toc_week_window items[WINDOWS_MAX];
    size_t count; /* also those for which there is no room */
};

static void add(struct week *week, toc_time_ms from_ms, toc_time_ms until_ms)
{
    if (week->count < WINDOWS_MAX)
        week->items[week->count] = (struct toc_week_window){from_ms, until_ms};
    week->count++;
}

/* An overnight window goes on into the next day, from Sunday into Monday. */
static void add_window(struct week *week, unsigned day, const struct toc_interval *window)
{
    toc_time_ms from_ms = day * TOC_DAY_MS + window->from_ms;
    toc_time_ms until_ms = day * TOC_DAY_MS + window->until_ms;
    if (window->until_ms < window->from_ms)
        until_ms += TOC_DAY_MS;
    add(week, from_ms, until_ms < WEEK_MS ? until_ms : WEEK_MS);
    if (until_ms > WEEK_MS)
        add(week, 0, until_ms - WEEK_MS);
}

static void read_day(struct toc_build *b, const struct toc_yaml *entry, struct week *week)
{
    struct toc_interval window;
    unsigned first, last;
    size_t count;
    bool known = toc_value_weekdays(b, entry->key, &first, &last);
    const struct toc_yaml *item = toc_value_items(b, entry, "the windows of a day", &count);
    for (size_t i = 0; item && i < count; i++, item = item->next) {
        if (!toc_value_window(b, item, &window) || !known)
            continue;
        for (unsigned day = first;; day = (day + 1) % 7) {
            add_window(week, day, &window);
            if (day == last)
                break;
        }
    }
}

static void sort(struct week *week)
{
    for (size_t i = 1; i < week->count; i++)
        for (size_t k = i; k > 0 && week->items[k].from_ms < week->items[k - 1].from_ms; k--) {
            struct toc_week_window other = week->items[k];
            week->items[k] = week->items[k - 1];
            week->items[k - 1] = other;
        }
}

static void merge(struct week *week)
{
    size_t kept = 0;
    for (size_t i = 1; i < week->count; i++) {
        struct toc_week_window *last = &week->items[kept];
        const struct toc_week_window *next = &week->items[i];
        if (next->from_ms > last->until_ms)
            week->items[++kept] = *next;
        else if (next->until_ms > last->until_ms)
            last->until_ms = next->until_ms;
    }
    week->count = kept + 1;
}

void toc_build_hours(struct toc_build *b, const struct toc_yaml *node, const char *what,
                     const struct toc_week_window **out, size_t *out_count)
{
    struct week week = {.count = 0};
    struct toc_week_window *windows;
    size_t errors = b->diag->count;
    if (!toc_value_map(b, node, what))
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        read_day(b, entry, &week);
    if (b->diag->count > errors)
        return;
    if (week.count == 0 || week.count > WINDOWS_MAX) {
        toc_diag_error(b->diag, node->offset, "%s has to have 1 to %d windows", what, WINDOWS_MAX);
        toc_diag_hint(b->diag, "for example {mon-fri: [\"09:00-17:00\"]}");
        return;
    }
    sort(&week);
    merge(&week);
    windows = toc_build_array(b, week.count, sizeof(*windows));
    if (!windows)
        return;
    memcpy(windows, week.items, week.count * sizeof(*windows));
    *out = windows;
    *out_count = week.count;
}
