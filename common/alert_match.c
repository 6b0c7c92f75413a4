#include "common/alert_match.h"

#include "common/match.h"
#include "common/wire.h"

/* What an alert of the suite may have there; NULL: anything. */
static const char severities[] = "critical,error,warning,info", priorities[] = "P1,P2,P3,P4",
                  risks[] = "none,low,elevated,severe,critical";

static const struct {
    const char *name, *known;
} keys[TOC_ALERT_KEYS] = {
    [TOC_ALERT_QUEUE] = {"queue", NULL},
    [TOC_ALERT_RULE] = {"rule", NULL},
    [TOC_ALERT_SEVERITY] = {"severity", severities},
    [TOC_ALERT_PRIORITY] = {"priority", priorities},
    [TOC_ALERT_RISK] = {"risk", risks},
    [TOC_ALERT_SOURCE] = {"source", NULL},
    [TOC_ALERT_METRIC] = {"metric", NULL},
    [TOC_ALERT_CAUSE] = {"cause", NULL},
    [TOC_ALERT_PATH] = {"path", NULL},
};

/* --- lists of values ------------------------------------------------------------------------- */

/* Takes the first value off the list. */
static struct toc_str take_value(struct toc_str *list)
{
    const char *comma = memchr(list->data, ',', list->size);
    size_t size = comma != NULL ? (size_t)(comma - list->data) : list->size;
    struct toc_str value = toc_str(list->data, size);
    *list = toc_str_from(*list, comma != NULL ? size + 1 : size);
    return value;
}

static bool any_fits(struct toc_str values, struct toc_str text)
{
    while (values.size > 0)
        if (toc_match_glob(take_value(&values), text))
            return true;
    return false;
}

static bool is_pattern(struct toc_str value)
{
    return memchr(value.data, '*', value.size) != NULL ||
           memchr(value.data, '?', value.size) != NULL;
}

/* Every text fits, or every one that is not very short. */
static bool is_anything(struct toc_str value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != '*' && value.data[i] != '?')
            return false;
    return memchr(value.data, '*', value.size) != NULL;
}

static bool has_anything(struct toc_str values)
{
    while (values.size > 0)
        if (is_anything(take_value(&values)))
            return true;
    return false;
}

/* --- reading --------------------------------------------------------------------------------- */

static const char *check_values(struct toc_str values, const char *known)
{
    if (values.size == 0 || values.data[values.size - 1] == ',')
        return "matcher: a value is missing; queue=support,billing";
    while (values.size > 0) {
        struct toc_str value = take_value(&values), words = toc_str_of(known);
        bool fits = known == NULL || is_pattern(value);
        if (value.size == 0)
            return "matcher: a value is missing; queue=support,billing";
        while (!fits && words.size > 0)
            fits = toc_str_equal(take_value(&words), value);
        if (fits)
            continue;
        if (known == severities)
            return "matcher: severity is critical, error, warning or info";
        return known == priorities ? "matcher: priority is P1, P2, P3 or P4"
                                   : "matcher: risk is none, low, elevated, severe or critical";
    }
    return NULL;
}

static int find_key(struct toc_str name)
{
    for (int i = 0; i < TOC_ALERT_KEYS; i++)
        if (toc_str_equal(name, toc_str_of(keys[i].name)))
            return i;
    return -1;
}

static const char *read_term(struct toc_str term, struct toc_alert_match *out)
{
    const char *equals = memchr(term.data, '=', term.size);
    if (equals == NULL)
        return "matcher: KEY=VALUE or KEY!=VALUE, with blanks between them";
    size_t size = (size_t)(equals - term.data);
    bool negated = size > 0 && equals[-1] == '!';
    int key = find_key(toc_str(term.data, negated ? size - 1 : size));
    if (key < 0)
        return "matcher: the keys are queue, rule, severity, priority, risk, source, metric, "
               "cause, path";
    if (out->count == TOC_ALERT_MATCH_TERMS)
        return "matcher: at most 16 terms";
    out->terms[out->count].key = (enum toc_alert_key)key;
    out->terms[out->count].negated = negated;
    out->terms[out->count].values = toc_str_from(term, size + 1);
    return check_values(out->terms[out->count++].values, keys[key].known);
}

/* Some term says whom it is about. */
static bool is_about_some(const struct toc_alert_match *match)
{
    for (size_t i = 0; i < match->count; i++)
        if (!match->terms[i].negated &&
            (match->terms[i].key == TOC_ALERT_SEVERITY || !has_anything(match->terms[i].values)))
            return true;
    return false;
}

const char *toc_alert_match_read(const char *text, struct toc_alert_match *out)
{
    out->count = 0;
    if (strlen(text) > TOC_ALERT_MATCH_MAX)
        return "matcher: at most 200 bytes";
    for (const char *at = text; *(at += strspn(at, " ")) != '\0';) {
        size_t size = strcspn(at, " ");
        const char *wrong = read_term(toc_str(at, size), out);
        if (wrong != NULL)
            return wrong;
        at += size;
    }
    return is_about_some(out)
               ? NULL
               : "matcher: it would fit every alert; say severity=* if that is meant";
}

/* --- matching -------------------------------------------------------------------------------- */

static const char *value_of(const Tocsin__V1__Alert *alert, enum toc_alert_key key)
{
    switch (key) {
    case TOC_ALERT_QUEUE:
        return alert->queue;
    case TOC_ALERT_RULE:
        return alert->rule;
    case TOC_ALERT_SEVERITY:
        return alert->severity;
    case TOC_ALERT_PRIORITY:
        return toc_priority_name(alert->priority);
    case TOC_ALERT_RISK:
        return toc_risk_name(alert->risk);
    case TOC_ALERT_SOURCE:
        return alert->source;
    case TOC_ALERT_METRIC:
        return alert->metric;
    case TOC_ALERT_CAUSE:
        return alert->cause;
    case TOC_ALERT_PATH:
        return alert->path;
    case TOC_ALERT_KEYS:
        break;
    }
    TOC_BUG("a key that is none");
}

bool toc_alert_match(const struct toc_alert_match *match, const Tocsin__V1__Alert *alert)
{
    for (size_t i = 0; i < match->count; i++) {
        struct toc_str text = toc_str_of(value_of(alert, match->terms[i].key));
        bool fits = text.size > 0 && any_fits(match->terms[i].values, text);
        if (fits == match->terms[i].negated)
            return false;
    }
    return true;
}

bool toc_alert_match_has_critical(const struct toc_alert_match *match)
{
    for (size_t i = 0; i < match->count; i++)
        if (match->terms[i].key == TOC_ALERT_SEVERITY &&
            any_fits(match->terms[i].values, TOC_STR("critical")) == match->terms[i].negated)
            return false;
    return true;
}
