#include "services/cli/commands.h"

#include "common/policy/diag.h"

#include <signal.h>
#include <stdio.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
#define COMMAND_ROW(name, summary) {#name, cmd_##name, summary},
    CLI_COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
    fprintf(out, "tocsin: an issue-escalation bus\n\n"
                 "Usage: tocsin COMMAND [options]\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\nEvery command that speaks to services finds them by --data DIR (the directory\n"
                 "of `tocsin up`) or --at SERVICE=ENDPOINT.\n"
                 "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n");
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown(const char *name)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        toc_guess_offer(&guess, commands[i].name);
    fprintf(stderr, "tocsin: there is no command '%s'", name);
    if (guess.best != NULL)
        fprintf(stderr, "; did you mean '%s'?", guess.best);
    fprintf(stderr, "\nSee tocsin --help.\n");
    return CLI_USAGE;
}

int cmd_help(int argc, char **argv)
{
    static char option[] = "--help";
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    const struct command *command = find(argv[1]);
    if (command == NULL)
        return unknown(argv[1]);
    char *with_help[] = {argv[1], option, NULL};
    return command->run(2, with_help);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tocsin %s\n", TOCSIN_VERSION);
        return CLI_DONE;
    }
    const struct command *command = find(argv[1]);
    return command != NULL ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
    /* A reader that has enough (`| head`) is an error of write(), not the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    int code = dispatch(argc, argv);
    if (fflush(stdout) != 0 && code == CLI_DONE)
        code = CLI_FAILED;
    return code;
}
