#include "common/tz_footer.h"

#include "common/tz.h"

/* What is left to read of a text. */
struct scan {
    const char *at;
    const char *end;
};

static bool scan_char(struct scan *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool scan_number(struct scan *in, int min, int max, int *out)
{
    int value = 0;
    const char *first = in->at;
    while (in->at < in->end && is_digit(*in->at) && in->at - first < 4)
        value = value * 10 + (*in->at++ - '0');
    if (in->at == first || value < min || value > max)
        return false;
    *out = value;
    return true;
}

/* Three letters or more, or anything alphanumeric and signs within <>. It has no meaning here. */
static bool scan_designation(struct scan *in)
{
    bool quoted = scan_char(in, '<');
    const char *first = in->at;
    while (
        in->at < in->end &&
        (is_letter(*in->at) || (quoted && (is_digit(*in->at) || *in->at == '+' || *in->at == '-'))))
        in->at++;
    if (in->at - first < 3)
        return false;
    return !quoted || scan_char(in, '>');
}

/* [+-]hh[:mm[:ss]] */
static bool scan_time(struct scan *in, int hours_max, int32_t *out)
{
    int hours = 0, minutes = 0, seconds = 0;
    bool negative = scan_char(in, '-');
    if (!negative)
        (void)scan_char(in, '+');
    if (!scan_number(in, 0, hours_max, &hours))
        return false;
    if (scan_char(in, ':')) {
        if (!scan_number(in, 0, 59, &minutes))
            return false;
        if (scan_char(in, ':') && !scan_number(in, 0, 59, &seconds))
            return false;
    }
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    *out = negative ? -total : total;
    return true;
}

static bool scan_rule(struct scan *in, struct toc_tz_rule *rule)
{
    rule->time_s = 2 * 3600;
    if (!scan_char(in, ','))
        return false;
    if (scan_char(in, 'M')) {
        rule->kind = TOC_TZ_WEEKDAY;
        if (!scan_number(in, 1, 12, &rule->month) || !scan_char(in, '.') ||
            !scan_number(in, 1, 5, &rule->week) || !scan_char(in, '.') ||
            !scan_number(in, 0, 6, &rule->day))
            return false;
    } else if (scan_char(in, 'J')) {
        rule->kind = TOC_TZ_JULIAN;
        if (!scan_number(in, 1, 365, &rule->day))
            return false;
    } else {
        rule->kind = TOC_TZ_ORDINAL;
        if (!scan_number(in, 0, 365, &rule->day))
            return false;
    }
    return !scan_char(in, '/') || scan_time(in, 167, &rule->time_s);
}

bool toc_tz_footer_parse(struct toc_str text, struct toc_tz_footer *footer)
{
    struct scan in = {text.data, text.data + text.size};
    *footer = (struct toc_tz_footer){0};
    if (!scan_designation(&in) || !scan_time(&in, 24, &footer->std_s))
        return false;
    footer->std_s = -footer->std_s;
    footer->dst_s = footer->std_s + 3600;
    if (in.at == in.end)
        return true;
    footer->has_dst = true;
    if (!scan_designation(&in))
        return false;
    if (in.at < in.end && *in.at != ',') {
        if (!scan_time(&in, 24, &footer->dst_s))
            return false;
        footer->dst_s = -footer->dst_s;
    }
    return scan_rule(&in, &footer->start) && scan_rule(&in, &footer->end) && in.at == in.end;
}

static int64_t rule_day(const struct toc_tz_rule *rule, int year)
{
    int64_t january = toc_days_from_date(year, 1, 1);
    switch (rule->kind) {
    case TOC_TZ_JULIAN:
        return january + rule->day - 1 + ((toc_days_in_month(year, 2) == 29) && rule->day >= 60);
    case TOC_TZ_ORDINAL:
        return january + rule->day;
    case TOC_TZ_WEEKDAY:
        break;
    }
    unsigned month = (unsigned)rule->month;
    int64_t first = toc_days_from_date(year, month, 1);
    int64_t last = first + toc_days_in_month(year, month) - 1;
    int sunday_first = (int)(toc_weekday(first) + 1) % 7;
    int64_t day = first + (rule->day - sunday_first + 7) % 7 + 7 * (rule->week - 1);
    return day > last ? day - 7 : day;
}

toc_time_ms toc_tz_rule_instant(const struct toc_tz_rule *rule, int year, int32_t offset_s)
{
    return rule_day(rule, year) * TOC_DAY_MS + ((toc_time_ms)rule->time_s - offset_s) * 1000;
}
