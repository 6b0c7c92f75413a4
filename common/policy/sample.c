#include "common/policy/policy.h"

/* The file is embedded as it is, so that what an operator reads is what runs. */
__asm__(".pushsection .rodata, \"a\", @progbits\n"
        ".global toc_policy_sample_begin\n"
        ".hidden toc_policy_sample_begin\n"
        "toc_policy_sample_begin:\n"
        ".incbin \"" TOC_POLICY_SAMPLE_FILE "\"\n"
        ".global toc_policy_sample_end\n"
        ".hidden toc_policy_sample_end\n"
        "toc_policy_sample_end:\n"
        ".popsection\n");

extern const char toc_policy_sample_begin[];
extern const char toc_policy_sample_end[];

struct toc_str toc_policy_sample(void)
{
    return toc_str(toc_policy_sample_begin,
                   (size_t)(toc_policy_sample_end - toc_policy_sample_begin));
}
