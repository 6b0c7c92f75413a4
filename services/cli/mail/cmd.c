/* `tocsin mail read`. */
#include "services/cli/commands.h"
#include "services/cli/mail/read.h"
#include "services/cli/view.h"

static struct view view;

static int read_files(const struct toc_conf_list *operands)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < operands->count; i++)
        if (mail_read_file(operands->values[i]) != CLI_DONE)
            code = CLI_FAILED;
    return code;
}

static const struct view_part parts[] = {
    {"read",
     read_files,
     {"tocsin mail read",
      "What intake reads from a mail: who wrote it, the text with what it quotes and its\n"
      "signature apart, the files with it, and whether a machine made it. One line of JSON for\n"
      "each FILE. It needs no service, and the text of people is in it.",
      "FILE|-...", NULL, NULL, 0},
     1,
     TOC_CONF_LIST_MAX},
};

int cmd_mail(int argc, char **argv)
{
    return view_run_part(&view, parts, sizeof(parts) / sizeof(parts[0]), argc, argv);
}
