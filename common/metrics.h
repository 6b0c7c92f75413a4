/*
 * Counters and gauges as Prometheus text (exposition format 0.0.4), with /healthz and /readyz.
 *
 * The runner fills a table of samples just before it is read; there is no registry and no global
 * state. Names and labels are constants of the program: no user data may enter a label.
 */
#ifndef TOC_METRICS_H
#define TOC_METRICS_H

#include "common/http.h"

enum toc_metric_type { TOC_METRIC_COUNTER, TOC_METRIC_GAUGE };

struct toc_metric {
    const char *name; /* "tocsin_events_total" */
    const char *help;
    enum toc_metric_type type;
    const char *label_name;  /* NULL for none */
    const char *label_value; /* escaped on output */
    double value;
};

/*
 * Renders samples; rows of the same name are brought together, under the first one's help and type.
 * A malloc'ed text, NULL without memory. A name that the format does not allow is a bug.
 */
char *toc_metrics_text(const struct toc_metric *metrics, size_t count, size_t *out_size);

#define TOC_METRICS_MAX 64

/* What a server of metrics asks of its owner. */
struct toc_metrics_source {
    void *self;
    size_t (*collect)(void *self, struct toc_metric out[TOC_METRICS_MAX]);
    bool (*ready)(void *self, const char **why_not); /* for /readyz: 200 or 503 with the reason */
};

/* Serves /metrics, /healthz and /readyz on `address`; see toc_http_listen. `source` outlives it. */
TOC_MUST enum toc_err toc_metrics_listen(struct uv_loop_s *loop, const char *address,
                                         const struct toc_metrics_source *source,
                                         struct toc_http **out);

#endif
