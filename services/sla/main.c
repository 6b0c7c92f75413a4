#include "common/program.h"
#include "services/sla/sla.h"

int main(int argc, char **argv)
{
    const struct toc_program program = {
        .service = &sla_service,
        .name = "tocsin-sla",
        .summary = "Runs the clocks of every issue and says when a threshold or a target passed,\n"
                   "with the sum behind it.",
        .more = "Example:\n  tocsin-sla --data ./sla --bind ipc:///run/tocsin/sla.sock \\\n"
                "      --upstream router=ipc:///run/tocsin/router.sock",
    };
    return toc_program_main(&program, argc, argv);
}
