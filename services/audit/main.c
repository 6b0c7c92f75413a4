#include "common/program.h"
#include "services/audit/audit.h"

static const char *seed_file;
static struct audit_config config;

static const struct toc_conf_option rows[] = {
    {"seed", TOC_CONF_TEXT, &seed_file, NULL, 0, 0, "FILE",
     "32 secret bytes: the seed of the key that signs checkpoints"},
    {"origin", TOC_CONF_TEXT, &config.origin, "tocsin.example/log", 0, 0, "NAME",
     "the log's name in checkpoints: a host and path that are yours"},
};

static enum toc_err prepare(const void **out)
{
    TOC_TRY(toc_program_secret(seed_file, config.seed, sizeof(config.seed)));
    *out = &config;
    return TOC_OK;
}

int main(int argc, char **argv)
{
    const struct toc_program program = {
        .service = &audit_service,
        .name = "tocsin-audit",
        .summary = "Puts a leaf for every record of every log into a Merkle tree and signs\n"
                   "checkpoints of it, so that nobody can change the past unseen.",
        .more = "Example:\n  tocsin-audit --data ./audit --bind ipc:///run/tocsin/audit.sock \\\n"
                "      --seed ./audit.seed --origin example.org/tocsin \\\n"
                "      --upstream intake=ipc:///run/tocsin/intake.sock \\\n"
                "      --upstream router=ipc:///run/tocsin/router.sock",
        .options = rows,
        .option_count = sizeof(rows) / sizeof(rows[0]),
        .prepare = prepare,
        .malformed = "the last checkpoint was signed under another --origin or --seed",
    };
    return toc_program_main(&program, argc, argv);
}
