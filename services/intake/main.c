#include "common/http.h"
#include "common/program.h"
#include "services/intake/doors/doors.h"
#include "services/intake/intake.h"
#include "services/intake/mail/mail.h"
#include "services/intake/mail/pipe.h"

#include <assert.h>
#include <stdio.h>

#define WINDOW_MS (24 * (toc_time_ms)TOC_HOUR_MS)
#define DIR_MAX   1024
#define EVER_MS   (400 * 366 * (toc_time_ms)TOC_DAY_MS)

static struct {
    const char *issue_key;
    int64_t window_ms;                       /* -1: not said */
    const char *vault, *keys, *kek, *ledger; /* NULL: below the data */
    const char *vault_job;
    const char *facts_cache; /* NULL: the data directory */
    int64_t vault_every_ms;  /* 0: at the time of vault_job */
    int64_t connections_max, per_address_max;
    const char *mail_map; /* NULL: no mail is taken */
    int64_t lmtp_connections_max, mail_max;
    struct toc_conf_list proxies, quotas, exempt;
    int64_t held_max;
} options = {.window_ms = -1};

static struct doors_config doors;
static struct edge_config *const edge = &doors.edge;
static struct toc_conf_list connect_files, ask_services;

static struct intake_config config = {.memory_entries = 256 * 1024};

/* "router=ENDPOINT": whom the edge may ask. */
static enum toc_err read_ask(const char *text)
{
    size_t size = strcspn(text, "=");
    enum asker_service service = asker_service_of(toc_str(text, size));
    if (service == ASKER_SERVICES || text[size] == '\0' || text[size + 1] == '\0') {
        fprintf(stderr,
                "--ask wants router=ENDPOINT, sla=ENDPOINT or rehearse=ENDPOINT, not '%s'\n", text);
        return TOC_ERR_CONFIG;
    }
    edge->ask[service] = text + size + 1;
    return TOC_OK;
}

/* "03:00" */
static enum toc_err read_vault_job(void)
{
    unsigned hours, minutes;
    char rest;
    doors.eraser.every_ms = options.vault_every_ms;
    doors.eraser.job_at_ms = -1;
    if (options.vault_every_ms > 0)
        return TOC_OK;
    if (sscanf(options.vault_job, "%2u:%2u%c", &hours, &minutes, &rest) != 2 || hours > 23 ||
        minutes > 59) {
        fprintf(stderr, "--vault-job is a time of the day in UTC, as 03:00, not '%s'\n",
                options.vault_job);
        return TOC_ERR_CONFIG;
    }
    doors.eraser.job_at_ms = hours * TOC_HOUR_MS + minutes * TOC_MINUTE_MS;
    return TOC_OK;
}

/* Whom it follows can only be the control intake, for the policy. */
static enum toc_err check_upstream(void)
{
    size_t count = toc_program_upstreams();
    const char *why = NULL;
    if (count > 0 && config.control)
        why = "the control intake has the policy from those who apply it";
    else if (count > 0 && toc_program_event_clock())
        why = "with --clock event it is the events that tell the time";
    else if (count > 1)
        why = "there is one control intake";
    if (why == NULL)
        return TOC_OK;
    fprintf(stderr, "--upstream: %s\n", why);
    return TOC_ERR_CONFIG;
}

static enum toc_err check(void)
{
    TOC_TRY(read_vault_job());
    TOC_TRY(check_upstream());
    if (edge->address != NULL && !toc_http_is_address(edge->address)) {
        fprintf(stderr, "--http: '%s' is no address, as 127.0.0.1:8080 or :8080\n", edge->address);
        return TOC_ERR_CONFIG;
    }
    if (connect_files.count > 0 && edge->address == NULL) {
        fprintf(stderr, "--connect needs --http ADDR:PORT, where the webhooks come in\n");
        return TOC_ERR_CONFIG;
    }
    for (size_t i = 0; i < ask_services.count; i++)
        TOC_TRY(read_ask(ask_services.values[i]));
    if ((doors.mail.address != NULL) != (options.mail_map != NULL)) {
        fprintf(stderr, "--lmtp says where mail comes in, --mail FILE for whom: both or neither\n");
        return TOC_ERR_CONFIG;
    }
    if (options.mail_map != NULL)
        TOC_TRY(mail_map_load(options.mail_map, &doors.mail.map));
    return connectors_load(connect_files.values, connect_files.count, &doors.edge.connectors);
}

static const struct toc_conf_option rows[] = {
    {"issue-key", TOC_CONF_TEXT, &options.issue_key, NULL, 0, 0, "FILE",
     "32 secret bytes, the same for every intake of the deployment: they make issue ids"},
    {"control", TOC_CONF_SWITCH, &config.control, "no", 0, 0, NULL,
     "be the one intake that accepts policies and other records for everyone"},
    {"dedupe-window", TOC_CONF_DURATION, &options.window_ms, NULL, TOC_MINUTE_MS, 400 * TOC_DAY_MS,
     "DURATION", "how long a repeated (source, id) is recognised: 24h, in event time for ever"},
    {"vault", TOC_CONF_TEXT, &options.vault, NULL, 0, 0, "DIR",
     "where what people wrote is kept, sealed; DATA/vault when not said"},
    {"keys", TOC_CONF_TEXT, &options.keys, NULL, 0, 0, "DIR",
     "where the keys are that open it, wrapped; DATA/keys when not said"},
    {"kek", TOC_CONF_TEXT, &options.kek, NULL, 0, 0, "DIR",
     "where the keys are that these are wrapped under, in no backup; DATA/kek when not said"},
    {"ledger", TOC_CONF_TEXT, &options.ledger, NULL, 0, 0, "FILE",
     "who was erased, on another volume than these and never restored with them; "
     "DATA/erased.ledger when not said"},
    {"vault-job", TOC_CONF_TEXT, &options.vault_job, "03:00", 0, 0, "HH:MM",
     "when the vault is renewed, in UTC: what is erased or too old leaves the disk"},
    {"vault-every", TOC_CONF_DURATION, &options.vault_every_ms, "0", 0, 400 * TOC_DAY_MS,
     "DURATION", "renew it so long after the last time, and not at an hour"},
    {"lexicon", TOC_CONF_TEXT, &doors.admit.lexicon, NULL, 0, 0, "DIR",
     "your own *.lexicon files for the facts found in texts (deploy/policy/lexicon), instead of "
     "those built in"},
    {"facts-cache", TOC_CONF_TEXT, &options.facts_cache, NULL, 0, 0, "DIR",
     "where lexicons are kept as they were compiled, which takes 2 s at the first start; DATA when "
     "not said"},
    {"http", TOC_CONF_TEXT, &doors.edge.address, NULL, 0, 0, "ADDR:PORT",
     "take CloudEvents over HTTP here, from the first token on (`tocsin token add`)"},
    {"connect", TOC_CONF_LIST, &connect_files, NULL, 0, 0, "FILE",
     "take the webhooks of another system at POST /v1/connect/NAME, as this mapping says"},
    {"ask", TOC_CONF_LIST, &ask_services, NULL, 0, 0, "NAME=ENDPOINT",
     "where router and sla are, which GET /v1/issues/REF asks how an issue stands, and where "
     "rehearse is (`tocsin rehearse`), which dry runs ask"},
    {"lmtp", TOC_CONF_TEXT, &doors.mail.address, NULL, 0, 0, "ADDR:PORT|PATH",
     "take mail here by LMTP from a mail server, which is let in unasked: as 127.0.0.1:2003, or a "
     "socket"},
    {"mail", TOC_CONF_TEXT, &options.mail_map, NULL, 0, 0, "FILE",
     "for which addresses mail is taken, and what its issues are (deploy/mail)"},
    {"mail-size", TOC_CONF_SIZE, &options.mail_max, "25M", 64 * 1024, (int64_t)MAIL_BYTES_MAX,
     "BYTES", "of one mail; a larger one is refused"},
    {"lmtp-connections", TOC_CONF_NUMBER, &options.lmtp_connections_max, "64", 1, 1000, "N",
     "at a time; beyond that whoever is idle makes room, or the newcomer is asked to come again"},
    {"http-origin", TOC_CONF_LIST, &doors.edge.origins, NULL, 0, 0, "ORIGIN",
     "web pages from there may publish, as https://shop.example; \"*\": from anywhere"},
    {"form-redirect", TOC_CONF_LIST, &doors.edge.redirects, NULL, 0, 0, "ORIGIN",
     "forms may lead on to pages there, beside those of --http-origin"},
    {"form-honeypot", TOC_CONF_TEXT, &doors.edge.honeypot, "_leave_empty", 0, 0, "NAME",
     "the field of forms that people do not see: what fills it is held back, not told so"},
    {"http-proxy", TOC_CONF_LIST, &options.proxies, NULL, 0, 0, "CIDR",
     "proxies in front, as 10.1.0.0/16: their X-Forwarded-For says where a request comes from"},
    {"http-connections", TOC_CONF_NUMBER, &options.connections_max, "1024", 1, 10000, "N",
     "connections at a time; beyond that whoever is idle for longest makes room"},
    {"http-per-address", TOC_CONF_NUMBER, &options.per_address_max, "1024", 1, 10000, "N",
     "of them, how many one IPv4 address or IPv6 /64 may have (lower it where no proxy is)"},
    {"quota", TOC_CONF_LIST, &options.quotas, NULL, 0, 0, "KIND=N/TIME",
     "how much may come in at once from a requester (300/1h), device (300/1h), source (0: no "
     "limit) "
     "or network (3000/1h, of grants and forms); the rest goes into the quarantine"},
    {"quota-exempt", TOC_CONF_LIST, &options.exempt, NULL, 0, 0, "NAME",
     "categories, risks and classes of risk found in texts that are not held back, but for floods "
     "by grants: minor_safety, account_theft, self_harm and critical, unless others are named"},
    {"quarantine-alarm", TOC_CONF_DURATION, &doors.held_ms, "24h", 0, 400 * TOC_DAY_MS, "DURATION",
     "an event that waits in the quarantine for so long is told as an alarm, every hour anew"},
    {"quarantine-max", TOC_CONF_NUMBER, &options.held_max, "100000", 0, 10000000, "N",
     "events in the quarantine; what is to be held beyond is refused with a retry hint"},
};

/* A directory of its own below the data, unless it was said. */
static const char *dir_of(const char *said, const char *name, char out[DIR_MAX])
{
    snprintf(out, DIR_MAX, "%s/%s", toc_program_data_dir(), name);
    return said != NULL ? said : out;
}

static void place_vault(void)
{
    static char vault[DIR_MAX], keys[DIR_MAX], kek[DIR_MAX], ledger[DIR_MAX];
    doors.admit.vault.content_dir = dir_of(options.vault, "vault", vault);
    doors.admit.vault.keys_dir = dir_of(options.keys, "keys", keys);
    doors.eraser.ledger = dir_of(options.ledger, "erased.ledger", ledger);
    doors.admit.vault.kek_dir = dir_of(options.kek, "kek", kek);
    doors.admit.facts_cache =
        options.facts_cache != NULL ? options.facts_cache : toc_program_data_dir();
    doors.admit.issue_key = config.issue_key;
}

/* What must never wait, unless other names are given. */
static void name_exempt(struct exempt *out)
{
    static const char *const presets[] = {"minor_safety", "account_theft", "self_harm", "critical"};
    *out = (struct exempt){options.exempt.values, options.exempt.count};
    if (out->count == 0)
        *out = (struct exempt){presets, sizeof(presets) / sizeof(presets[0])};
}

/* Imports on their own time are no flood. */
static enum toc_err set_quotas(void)
{
    struct quota_config quotas;
    quota_presets(quotas.limits);
    for (size_t i = 0; i < options.quotas.count; i++)
        if (!quota_read(options.quotas.values[i], quotas.limits)) {
            fprintf(stderr,
                    "--quota: '%s' is none, as requester=30/1h, device, source or network\n",
                    options.quotas.values[i]);
            return TOC_ERR_CONFIG;
        }
    quotas.exempt = config.exempt;
    memcpy(quotas.key, config.issue_key, sizeof(quotas.key));
    if (toc_program_event_clock())
        return TOC_OK;
    TOC_TRY(quota_new(&quotas, &doors.edge.quota));
    doors.mail.quota = doors.edge.quota;
    return TOC_OK;
}

static enum toc_err check_origins(const char *option, const struct toc_conf_list *origins)
{
    const char *wrong = toc_http_wrong_origin(origins->values, origins->count);
    if (wrong == NULL)
        return TOC_OK;
    fprintf(stderr, "--%s: '%s' is none, as https://shop.example\n", option, wrong);
    return TOC_ERR_CONFIG;
}

static enum toc_err prepare(const void **out)
{
    TOC_TRY(check());
    TOC_TRY(toc_program_secret(options.issue_key, config.issue_key, sizeof(config.issue_key)));
    config.window_ms = toc_program_event_clock() ? EVER_MS : WINDOW_MS;
    if (options.window_ms >= 0)
        config.window_ms = options.window_ms;
    TOC_TRY(check_origins("http-origin", &edge->origins));
    TOC_TRY(check_origins("form-redirect", &edge->redirects));
    TOC_TRY(toc_http_read_proxies("--http-proxy", &options.proxies, &doors.edge.proxies));
    name_exempt(&config.exempt);
    config.held_max = (uint64_t)options.held_max;
    TOC_TRY(set_quotas());
    edge->connections_max = (unsigned)options.connections_max;
    edge->per_address_max = (unsigned)options.per_address_max;
    edge->issue_key = config.issue_key;
    grant_lock_make(&doors.edge.lock, config.issue_key);
    memcpy(config.seal_key, edge->lock.public, sizeof(config.seal_key));
    edge_configure(edge);
    place_vault();
    doors.mail.connections_max = (unsigned)options.lmtp_connections_max;
    doors.mail.mail_max = (size_t)options.mail_max;
    memcpy(doors.mail.issue_key, config.issue_key, sizeof(config.issue_key));
    mail_door_configure(&doors.mail);
    doors_configure(&doors);
    *out = &config;
    return TOC_OK;
}

int main(int argc, char **argv)
{
    const struct toc_program program = {
        .service = &intake_service,
        .name = "tocsin-intake",
        .summary = "Accepts events: validates them, tells repeats from fresh ones, and answers\n"
                   "\"accepted\" only once the event is on disk.",
        .more =
            "Example:\n  tocsin-intake --data ./intake --bind ipc:///run/tocsin/intake.sock \\\n"
            "      --issue-key ./issue.key --control\n\n"
            "Every other intake follows that one for the policy, which says how long texts are\n"
            "kept: --upstream control=ipc:///run/tocsin/intake.sock.\n\n"
            "tocsin-intake --mail-pipe --help is about handing a single mail to it.",
        .options = rows,
        .option_count = sizeof(rows) / sizeof(rows[0]),
        .check = check,
        .prepare = prepare,
        .effects = &doors_effects,
    };
    if (argc > 1 && strcmp(argv[1], "--mail-pipe") == 0)
        return mail_pipe_main(argc, argv);
    return toc_program_main(&program, argc, argv);
}
