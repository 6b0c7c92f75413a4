#include "services/intake/edge/edge.h"

#include "common/log.h"
#include "services/intake/edge/edge_impl.h"
#include "services/intake/edge/form.h"
#include "services/intake/edge/json_memory.h"
#include "services/intake/intake.h"

#include <stdlib.h>

/* Bytes of all bodies at a time, and of those from strangers: among them one form of the largest.
 */
#define BODIES_MAX    (17 * EDGE_BODY_MAX)
#define STRANGERS_MAX (FORM_BODY_MAX + EDGE_BODY_MAX)
#define REPLIES_MAX   (8 * EDGE_BODY_MAX) /* of answers that are not taken yet */

static const struct edge_config *configured;

void edge_configure(const struct edge_config *config)
{
    configured = config;
}

/* Reads the tokens when they have changed, and begins to listen when anyone could say anything. */
static enum toc_err follow_tokens(struct edge *edge)
{
    const struct toc_http_config http = {.address = edge->config->address,
                                         .handler = edge_on_request,
                                         .wants_body = edge_wants_body,
                                         .self = edge,
                                         .body_max = FORM_BODY_MAX,
                                         .bodies_max = BODIES_MAX,
                                         .strangers_max = STRANGERS_MAX,
                                         .replies_max = REPLIES_MAX,
                                         .connections_max = edge->config->connections_max,
                                         .per_address_max = edge->config->per_address_max,
                                         .origins = edge->config->origins.values,
                                         .origin_count = edge->config->origins.count};
    edge->tokens_kept = intake_tokens_kept(toc_run_self(edge->run));
    TOC_TRY(access_load(edge->access, edge->run));
    if (edge->http != NULL)
        return TOC_OK;
    if (access_count(edge->access) + edge->config->connectors.count == 0) {
        toc_log(TOC_LOG_INFO, "edge_waits", "http=%s why=\"no token yet: tocsin token add\"",
                edge->config->address);
        return TOC_OK;
    }
    TOC_TRY(toc_http_listen(edge->loop, &http, &edge->http));
    toc_log(TOC_LOG_INFO, "edge_open", "http=%s port=%u tokens=%zu connectors=%zu",
            edge->config->address, toc_http_port(edge->http), access_count(edge->access),
            edge->config->connectors.count);
    return TOC_OK;
}

static void stop(void *self)
{
    struct edge *edge = self;
    toc_http_close(edge->http);
    asker_free(edge->asker);
    edge_submit_done(edge);
    access_free(edge->access);
    toc_policy_cache_done(&edge->policies);
    free(edge);
}

static enum toc_err set_up(struct edge *edge, struct toc_link *link)
{
    TOC_TRY(edge_submit_set_up(edge, link));
    TOC_TRY(access_new(&edge->config->lock, edge->config->quota, &edge->access));
    TOC_TRY(json_memory_set_up());
    TOC_TRY(asker_new(link, edge->config->ask, &edge->asker));
    return follow_tokens(edge);
}

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    if (configured->address == NULL)
        return TOC_OK;
    struct edge *edge = calloc(1, sizeof(*edge));
    if (edge == NULL)
        return TOC_ERR_MEMORY;
    edge->config = configured;
    edge->loop = loop;
    edge->run = run;
    enum toc_err err = set_up(edge, link);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "edge_failed", "http=%s why=\"%s\"", configured->address,
                toc_err_listen_text(err));
        stop(edge);
        return err;
    }
    *out_self = edge;
    return TOC_OK;
}

static void after_commit(void *self, struct toc_now now)
{
    struct edge *edge = self;
    if (edge == NULL)
        return;
    asker_poll(edge->asker, now.mono_ms);
    if (edge->tokens_kept == intake_tokens_kept(toc_run_self(edge->run)))
        return;
    enum toc_err err = follow_tokens(edge);
    if (err < 0)
        edge_give_up(err, "tokens");
}

const struct toc_effects edge_effects = {start, after_commit, stop};
