/* What the tests of mappings share: one is read and applied to a request. */
#ifndef TEST_CONNECT_MAKE_RIG_H
#define TEST_CONNECT_MAKE_RIG_H

#include "tests/unit/connect_rig.h"

#define NOW_MS 1772357400000 /* 2026-03-01T09:30:00Z */

#define HEAD                                                                                       \
    "connect: 1\nname: n\nsource: urn:n\nauth: {scheme: bearer, secret: s.secret}\n"               \
    "values: {p: {high: P1, \"*\": null}, q: {high: P1}}\n"
#define OPENED "events:\n  - type: tocsin.issue.opened\n    id: ${/id}\n"
#define PLAIN  HEAD OPENED "    subject: ${/id}\n"

static struct connect_made made[CONNECT_EVENTS_MAX];
static size_t made_count;
static char why[CONNECT_ERROR_MAX];
static struct toc_pool pool;

static int make_fields(const struct connector *connector, const char *fields, const char *body)
{
    const struct toc_http_request request = {.fields = toc_str_of(fields)};
    json_t *root = json_loads(body, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    assert_non_null(root);
    int status = connector_make(connector, &request, root, NOW_MS, &pool, made, &made_count, why);
    json_decref(root);
    return status;
}

static int make(const struct connector *connector, const char *body)
{
    return make_fields(connector, "", body);
}

static void forget(void)
{
    for (size_t i = 0; i < made_count; i++)
        json_decref(made[i].event);
    made_count = 0;
    toc_pool_done(&pool);
}

/* The only event of a mapping, or the problem in its place. */
static const char *only(const char *mapping, const char *body)
{
    static char text[2048];
    struct connector *connector = rig_read_good(mapping);
    int status = make(connector, body);
    connector_free(connector);
    if (status != 0) {
        snprintf(text, sizeof(text), "%d %s", status, why);
        return text;
    }
    assert_int_equal(made_count, 1);
    char *line = made[0].event != NULL ? json_dumps(made[0].event, JSON_COMPACT) : NULL;
    snprintf(text, sizeof(text), "%s", line != NULL ? line : made[0].problem);
    free(line);
    forget();
    return text;
}

static void expect(const char *mapping, const char *body, const char *part)
{
    const char *text = only(mapping, body);
    if (strstr(text, part) == NULL)
        fail_msg("no '%s' in: %s", part, text);
}

static void refused(const char *mapping, const char *place, const char *part)
{
    char where[400];
    struct connector *connector = rig_read(toc_str_of(mapping));
    connector_free(connector);
    assert_null(connector);
    snprintf(where, sizeof(where), "%s:%s: error:", rig_path("m.yaml"), place);
    if (strstr(rig_errors, where) == NULL || strstr(rig_errors, part) == NULL)
        fail_msg("no '%s' with '%s' in: %s", where, part, rig_errors);
}

#endif
