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
            "      --upstream intake=ipc:///run/tocsin/intake.sock \\\n"
            "      --upstream sla=ipc:///run/tocsin/sla.sock\n"
            "sla has to be called so: its time is the router's own, and does not count.\n"
            "With --clock event the router waits for sla at every instant while the policy has\n"
            "people or queues with on_breach; without that upstream breaches move nothing.",
    };
    return toc_program_main(&program, argc, argv);
}
