#include "common/program.h"
#include "services/notifier/notifier.h"
#include "services/notifier/send/key.h"
#include "services/notifier/send/sender.h"

#include <stdio.h>
#include <stdlib.h>

static const char *contacts_file;
static bool allow_exec;
static struct send_config config;
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
    {"parallel", TOC_CONF_NUMBER, &config.parallel, "4", 1, 64, "N",
     "sends to one receiver at the same time; the others wait for their turn"},
    {"proxy", TOC_CONF_TEXT, &config.proxy, NULL, 0, 0, "URL",
     "send through this proxy; the environment's proxy settings are never used"},
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

static enum toc_err check(void)
{
    struct contacts *contacts = NULL;
    enum toc_err err = load(&contacts);
    contacts_free(contacts);
    return err;
}

static enum toc_err prepare(const void **out)
{
    struct contacts *contacts = NULL;
    *out = NULL;
    TOC_TRY(load(&contacts));
    config.contacts = contacts;
    TOC_TRY(notifier_key(toc_program_data_dir(), config.key));
    memcpy(core_config.key, config.key, sizeof(core_config.key));
    send_configure(&config);
    *out = &core_config;
    return TOC_OK;
}

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
        .effects = &send_effects,
    };
    int status = toc_program_main(&program, argc, argv);
    contacts_free((struct contacts *)(uintptr_t)config.contacts);
    return status;
}
