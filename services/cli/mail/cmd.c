/* `tocsin mail read|address`. */
#include "services/cli/commands.h"
#include "services/cli/mail/address.h"
#include "services/cli/mail/read.h"

static struct view view;
static struct mail_address_options address_options;

static const struct toc_conf_option address_table[] = {
    VIEW_OPTIONS(view),
    {"box", TOC_CONF_TEXT, &address_options.box, NULL, 0, 0, "ADDRESS",
     "the address at which intake takes mail, as support@example.com; required"},
    {"issue-key", TOC_CONF_TEXT, &address_options.key, NULL, 0, 0, "FILE",
     "the deployment's issue key; DATA/keys/issue.key when not said"},
};

static int read_files(const struct toc_conf_list *operands)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < operands->count; i++)
        if (mail_read_file(operands->values[i]) != CLI_DONE)
            code = CLI_FAILED;
    return code;
}

static int print_address(const struct toc_conf_list *operands)
{
    return mail_address_print(&view, &address_options, operands->values[0]);
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
    {"address",
     print_address,
     {"tocsin mail address",
      "An address to which an answer finds its issue by itself, for Reply-To of what is sent.",
      "ISSUE",
      "Example:\n  tocsin mail address --box support@example.com 07d6654b\n\n"
      "Nobody can make one for another issue: it is signed with the deployment's issue key.",
      address_table, sizeof(address_table) / sizeof(address_table[0])},
     1,
     1},
};

int cmd_mail(int argc, char **argv)
{
    return view_run_part(&view, parts, sizeof(parts) / sizeof(parts[0]), argc, argv);
}
