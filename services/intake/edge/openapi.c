#include "services/intake/edge/openapi.h"

__asm__(".pushsection .rodata, \"a\", @progbits\n"
        ".global openapi_begin\n"
        ".hidden openapi_begin\n"
        "openapi_begin:\n"
        ".incbin \"" OPENAPI_FILE "\"\n"
        ".global openapi_end\n"
        ".hidden openapi_end\n"
        "openapi_end:\n"
        ".popsection\n");

extern const char openapi_begin[];
extern const char openapi_end[];

struct toc_str openapi_text(void)
{
    return toc_str(openapi_begin, (size_t)(openapi_end - openapi_begin));
}
