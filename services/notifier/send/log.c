/* The visible fake pager: a line on standard output. */
#include "services/notifier/send/kind.h"

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    if (node->kind != TOC_YAML_TEXT || !toc_str_equal(node->text, TOC_STR("true")))
        toc_diag_error(&r->diag, node->offset, "'log' can only be true");
    out->verified = true;
}

const struct method_kind method_log = {.key = "log", .transport = METHOD_PRINTED, .read = read};
