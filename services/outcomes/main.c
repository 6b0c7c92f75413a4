#include "common/program.h"
#include "services/outcomes/outcomes.h"
#include "services/outcomes/send/sender.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

static const char *key_file;
static struct toc_conf_list allowed, back_files;
static int64_t dead_after_ms;
static struct outcomes_config config;
static struct sender_config sender;

static const struct toc_conf_option rows[] = {
    {"key", TOC_CONF_TEXT, &key_file, NULL, 0, 0, "FILE",
     "32 secret bytes: what secrets of subscriptions are sealed for"},
    {"allow", TOC_CONF_LIST, &allowed, NULL, 0, 0, "CIDR",
     "addresses that subscriptions may go to though they are not of the internet, as 10.1.0.0/16; "
     "plain HTTP goes to these alone"},
    {"back", TOC_CONF_LIST, &back_files, NULL, 0, 0, "FILE",
     "a mapping of outcomes into requests of another tool (deploy/connect/back)"},
    {"dead-after", TOC_CONF_DURATION, &dead_after_ms, "3d", TOC_SECOND_MS, 90 * TOC_DAY_MS,
     "DURATION", "how long an outcome is tried before it is given up, and a receiver asked"},
    {"send-timeout", TOC_CONF_DURATION, &sender.whole_ms, "15s", 100, 5 * TOC_MINUTE_MS, "DURATION",
     "how long one request may take in all"},
    {"connect-timeout", TOC_CONF_DURATION, &sender.connect_ms, "5s", 100, TOC_MINUTE_MS, "DURATION",
     "how long name look-up, connecting and TLS may take"},
    {"parallel", TOC_CONF_NUMBER, &sender.parallel, "4", 1, 16, "N",
     "requests to one receiver at the same time, of different issues"},
    {"proxy", TOC_CONF_TEXT, &sender.proxy, NULL, 0, 0, "URL",
     "send through this proxy, which then has to say which addresses are reached"},
};

static enum toc_err read_allowed(void)
{
    static_assert(TOC_GUARD_ALLOWED_MAX >= TOC_CONF_LIST_MAX, "they fit");
    sender.guard.count = allowed.count;
    for (size_t i = 0; i < allowed.count; i++)
        if (!toc_network_read(allowed.values[i], &sender.guard.allowed[i])) {
            fprintf(stderr, "--allow: '%s' is no address, as 10.1.0.0/16\n", allowed.values[i]);
            return TOC_ERR_CONFIG;
        }
    return TOC_OK;
}

static enum toc_err check(void)
{
    static_assert(TOC_MAPPINGS_MAX >= TOC_CONF_LIST_MAX, "they fit");
    return backs_load(back_files.values, back_files.count, &sender.backs);
}

static enum toc_err prepare(const void **out)
{
    uint8_t key[LOCK_KEY];
    TOC_TRY(check());
    TOC_TRY(read_allowed());
    TOC_TRY(toc_program_secret(key_file, key, sizeof(key)));
    lock_make(&sender.lock, key);
    sodium_memzero(key, sizeof(key));
    static_assert(sizeof(config.seal_key) == sizeof(sender.lock.public), "it is that key");
    memcpy(config.seal_key, sender.lock.public, sizeof(config.seal_key));
    config.dead_after_ms = sender.dead_after_ms = dead_after_ms;
    sender_configure(&sender);
    *out = &config;
    return TOC_OK;
}

int main(int argc, char **argv)
{
    const struct toc_program program = {
        .service = &outcomes_service,
        .name = "tocsin-outcomes",
        .summary = "Tells publishers and ticket tools what becomes of their issues: routed,\n"
                   "escalated, breached, solved, as signed webhooks with a cursor for each.",
        .more =
            "Example:\n  tocsin-outcomes --data ./outcomes --bind ipc:///run/tocsin/outcomes.sock "
            "\\\n      --upstream intake=ipc:///run/tocsin/intake.sock \\\n"
            "      --upstream router=ipc:///run/tocsin/router.sock \\\n"
            "      --upstream sla=ipc:///run/tocsin/sla.sock --key ./outcomes.key\n"
            "With --clock event outcomes are recorded and nobody is told.",
        .options = rows,
        .option_count = sizeof(rows) / sizeof(rows[0]),
        .check = check,
        .prepare = prepare,
        .effects = &sender_effects,
    };
    int status = toc_program_main(&program, argc, argv);
    backs_done(&sender.backs);
    return status;
}
