#include "common/program.h"
#include "services/router/router.h"

int main(int argc, char **argv)
{
    const struct toc_program program = {
        .service = &router_service,
        .name = "tocsin-router",
        .summary = "Gives every issue its one ordered history: numbers it, drives its state,\n"
                   "triages it and routes it by the policy in force.",
        .more =
            "Example:\n  tocsin-router --data ./router --bind ipc:///run/tocsin/router.sock \\\n"
            "      --upstream intake=ipc:///run/tocsin/intake.sock",
    };
    return toc_program_main(&program, argc, argv);
}
