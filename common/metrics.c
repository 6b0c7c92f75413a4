#include "common/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Names as the exposition format has them; ours are constants, so a wrong one is a bug. */
static bool is_name(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:";
    return *name != '\0' && strchr(first, *name) != NULL &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789")] ==
               '\0';
}

/* A backslash and a line feed would end the line or change its meaning; in labels a quote too. */
static void write_escaped(FILE *out, const char *text, bool quoted)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || (quoted && *text == '"'))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

/* Counters come out whole; 17 digits bring any other value back as it was. */
static void write_value(FILE *out, double value)
{
    const double exact_max = 9007199254740992.0; /* 2^53 */
    if (isnan(value))
        fputs("NaN\n", out);
    else if (isinf(value))
        fputs(value > 0 ? "+Inf\n" : "-Inf\n", out);
    else if (value >= -exact_max && value <= exact_max && (double)(int64_t)value == value)
        fprintf(out, "%.0f\n", value);
    else
        fprintf(out, "%.17g\n", value);
}

static void write_head(FILE *out, const struct toc_metric *metric)
{
    fprintf(out, "# HELP %s ", metric->name);
    write_escaped(out, metric->help, false);
    fprintf(out, "\n# TYPE %s %s\n", metric->name,
            metric->type == TOC_METRIC_COUNTER ? "counter" : "gauge");
}

static void write_sample(FILE *out, const struct toc_metric *metric)
{
    fputs(metric->name, out);
    if (metric->label_name != NULL) {
        TOC_ASSERT(is_name(metric->label_name) && strchr(metric->label_name, ':') == NULL);
        fprintf(out, "{%s=\"", metric->label_name);
        write_escaped(out, metric->label_value, true);
        fputs("\"}", out);
    }
    fputc(' ', out);
    write_value(out, metric->value);
}

static bool is_first_of_its_name(const struct toc_metric *metrics, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(metrics[i].name, metrics[at].name) == 0)
            return false;
    return true;
}

/* The format wants all samples of a name in one group, in whatever order they were collected. */
static void write_groups(FILE *out, const struct toc_metric *metrics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TOC_ASSERT(is_name(metrics[i].name));
        if (!is_first_of_its_name(metrics, i))
            continue;
        write_head(out, &metrics[i]);
        for (size_t j = i; j < count; j++)
            if (strcmp(metrics[j].name, metrics[i].name) == 0)
                write_sample(out, &metrics[j]);
    }
}

char *toc_metrics_text(const struct toc_metric *metrics, size_t count, size_t *out_size)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    write_groups(out, metrics, count);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    *out_size = size;
    return text;
}

static void answer_text(struct toc_http_response *response, int status, const char *text)
{
    int size = asprintf(&response->body, "%s\n", text);
    response->status = status;
    response->body_size = size < 0 ? 0 : (size_t)size;
    if (size < 0)
        response->body = NULL; /* The status says enough. */
}

static void answer_metrics(const struct toc_metrics_source *source,
                           struct toc_http_response *response)
{
    struct toc_metric metrics[TOC_METRICS_MAX];
    size_t count = source->collect(source->self, metrics);
    TOC_ASSERT(count <= TOC_METRICS_MAX);
    response->body = toc_metrics_text(metrics, count, &response->body_size);
    if (response->body == NULL)
        response->status = 500;
    else
        response->content_type = "text/plain; version=0.0.4; charset=utf-8";
}

static void answer_ready(const struct toc_metrics_source *source,
                         struct toc_http_response *response)
{
    const char *why_not = NULL;
    if (source->ready(source->self, &why_not))
        answer_text(response, 200, "ready");
    else
        answer_text(response, 503, why_not ? why_not : "not ready");
}

static void answer(void *self, struct toc_http_exchange *exchange,
                   const struct toc_http_request *request)
{
    const struct toc_metrics_source *source = self;
    struct toc_http_response response = {.status = 200};
    if (toc_str_equal(request->path, TOC_STR("/metrics")))
        answer_metrics(source, &response);
    else if (toc_str_equal(request->path, TOC_STR("/healthz")))
        answer_text(&response, 200, "ok");
    else if (toc_str_equal(request->path, TOC_STR("/readyz")))
        answer_ready(source, &response);
    else
        answer_text(&response, 404, "not found");
    toc_http_respond(exchange, &response);
}

enum toc_err toc_metrics_listen(struct uv_loop_s *loop, const char *address,
                                const struct toc_metrics_source *source, struct toc_http **out)
{
    /* A handler's self is not const, because most handlers write to it; this one only reads. */
    void *self = (void *)(uintptr_t)source;
    const struct toc_http_config config = {.address = address, .handler = answer, .self = self};
    return toc_http_listen(loop, &config, out);
}
