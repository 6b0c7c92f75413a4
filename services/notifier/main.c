#include "common/program.h"
#include "common/http.h"
#include "services/notifier/door/door.h"
#include "services/notifier/notifier.h"
#include "services/notifier/send/heartbeat.h"
#include "services/notifier/send/key.h"
#include "services/notifier/send/link.h"
#include "services/notifier/send/sender.h"

#include <stdio.h>
#include <stdlib.h>

static const char *contacts_file;
static bool allow_exec;
static const char *link_base, *link_key_file;
static struct toc_conf_list proxies;
static struct send_config config;
static struct door_config door;
static struct heartbeat_config heartbeat;
static struct notifier_config core_config;

static const struct toc_conf_option rows[] = {
    {"contacts", TOC_CONF_TEXT, &contacts_file, NULL, 0, 0, "FILE",
     "where people are reached; without it everybody is paged on standard output"},
    {"allow-exec", TOC_CONF_SWITCH, &allow_exec, "no", 0, 0, NULL,
     "let the contacts file name programs that are run for a page"},
    {"send-timeout", TOC_CONF_DURATION, &config.whole_ms, "15s", 100, 5 * TOC_MINUTE_MS, "DURATION",
     "how long one send may take in all"},
    {"connect-timeout", TOC_CONF_DURATION, &config.connect_ms, "5s", 100, TOC_MINUTE_MS, "DURATION",
     "how long name look-up, connecting and TLS may take"},
    {"parallel", TOC_CONF_NUMBER, &config.parallel, "96", 1, 96, "N",
     "sends to one receiver at the same time, once it has shown that it keeps up"},
    {"proxy", TOC_CONF_TEXT, &config.proxy, NULL, 0, 0, "URL",
     "send through this proxy; the environment's proxy settings are never used"},
    {"heartbeat-url-file", TOC_CONF_TEXT, &heartbeat.url_file, NULL, 0, 0, "FILE",
     "the address of a dead man's switch outside, which is told every 30 s that this still runs"},
    {"http", TOC_CONF_TEXT, &door.address, NULL, 0, 0, "ADDR:PORT",
     "serve the links in pages here, by which alerts are answered, and /v1/alerts"},
    {"act", TOC_CONF_TEXT, &door.act, NULL, 0, 0, "ENDPOINT",
     "the intake that takes what is done there; the upstream called intake when not said"},
    {"act-tokens", TOC_CONF_TEXT, &door.token_file, NULL, 0, 0, "FILE",
     "secrets of tools that may use /v1/alerts, one of 24 bytes or more on each line"},
    {"trust-proxy", TOC_CONF_LIST, &proxies, NULL, 0, 0, "CIDR",
     "proxies in front of --http, as 10.1.0.0/16: their X-Forwarded-For says whose requests count "
     "together"},
    {"link-base", TOC_CONF_TEXT, &link_base, NULL, 0, 0, "URL",
     "how people reach --http, as https://oncall.example: pages have a link then"},
    {"link-key", TOC_CONF_TEXT, &link_key_file, NULL, 0, 0, "FILE",
     "32 secret bytes that links are signed with; the notifier's own key when not said"},
};

/* `*out` stays as it is when there is no file. */
static enum toc_err load(struct contacts **out)
{
    char *errors = NULL;
    if (contacts_file == NULL)
        return TOC_OK;
    enum toc_err err = contacts_load(contacts_file, allow_exec, out, &errors);
    if (errors != NULL)
        fputs(errors, stderr);
    free(errors);
    return err;
}

static enum toc_err check_door(void)
{
    if (link_base != NULL && !link_is_base(link_base)) {
        fprintf(stderr, "--link-base: '%s' is none, as https://oncall.example\n", link_base);
        return TOC_ERR_CONFIG;
    }
    if (door.address != NULL && !toc_http_is_address(door.address)) {
        fprintf(stderr, "--http: '%s' is no address, as 127.0.0.1:8090 or :8090\n", door.address);
        return TOC_ERR_CONFIG;
    }
    if (door.act == NULL)
        door.act = toc_program_upstream("intake");
    if (door.address != NULL && door.act == NULL) {
        fprintf(stderr, "--http needs an intake: --upstream intake=ENDPOINT, or --act ENDPOINT\n");
        return TOC_ERR_CONFIG;
    }
    TOC_TRY(toc_http_read_proxies("--trust-proxy", &proxies, &door.proxies));
    return door_configure(&door);
}

static enum toc_err check(void)
{
    struct contacts *contacts = NULL;
    TOC_TRY(check_door());
    TOC_TRY(heartbeat_check(&heartbeat));
    enum toc_err err = load(&contacts);
    contacts_free(contacts);
    return err;
}

static enum toc_err set_links(void)
{
    uint8_t key[LINK_KEY_BYTES];
    memcpy(key, config.key, sizeof(key));
    if (link_key_file != NULL)
        TOC_TRY(toc_program_secret(link_key_file, key, sizeof(key)));
    link_configure(link_base, key);
    return TOC_OK;
}

static enum toc_err prepare(const void **out)
{
    struct contacts *contacts = NULL;
    *out = NULL;
    TOC_TRY(check_door());
    TOC_TRY(load(&contacts));
    config.contacts = contacts;
    TOC_TRY(notifier_key(toc_program_data_dir(), config.key));
    memcpy(core_config.key, config.key, sizeof(core_config.key));
    door.contacts = contacts;
    send_configure(&config);
    heartbeat.guard = contacts != NULL ? &contacts->guard : NULL;
    heartbeat.proxy = config.proxy;
    TOC_TRY(heartbeat_configure(&heartbeat));
    TOC_TRY(set_links());
    *out = &core_config;
    return TOC_OK;
}

/* --- effects: pages and heartbeats go out, answers come in
 * ------------------------------------------------ */

static struct {
    void *sender, *door, *heartbeat;
} parts;

static enum toc_err start(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self)
{
    TOC_TRY(send_effects.start(loop, link, run, &parts.sender));
    *out_self = &parts; /* from here on the end is told of all */
    TOC_TRY(heartbeat_effects.start(loop, link, run, &parts.heartbeat));
    return door_effects.start(loop, link, run, &parts.door);
}

static void after_commit(void *self, struct toc_now now)
{
    (void)self;
    send_effects.after_commit(parts.sender, now);
    door_effects.after_commit(parts.door, now);
    heartbeat_effects.after_commit(parts.heartbeat, now);
}

static void stop(void *self)
{
    (void)self;
    door_effects.stop(parts.door);
    heartbeat_effects.stop(parts.heartbeat);
    send_effects.stop(parts.sender);
}

static const struct toc_effects effects = {start, after_commit, stop};

int main(int argc, char **argv)
{
    const struct toc_program program = {
        .service = &notifier_service,
        .name = "tocsin-notifier",
        .summary = "Opens an alert when a clock warns or breaches or an issue is critical, pages\n"
                   "its escalation path step by step, and stops the moment somebody answers.",
        .more =
            "Example:\n  tocsin-notifier --data ./notifier --bind ipc:///run/tocsin/notifier.sock "
            "\\\n      --upstream intake=ipc:///run/tocsin/intake.sock \\\n"
            "      --upstream router=ipc:///run/tocsin/router.sock \\\n"
            "      --upstream sla=ipc:///run/tocsin/sla.sock --contacts ./contacts.yaml",
        .options = rows,
        .option_count = sizeof(rows) / sizeof(rows[0]),
        .check = check,
        .prepare = prepare,
        .effects = &effects,
    };
    int status = toc_program_main(&program, argc, argv);
    contacts_free((struct contacts *)(uintptr_t)config.contacts);
    return status;
}
