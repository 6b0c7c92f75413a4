/*
 * Mail: a page to an address, by the one server that the contacts file names. The letter is
 * letter.h's; that it goes over SMTP is way.c's.
 */
#include "services/notifier/send/kind.h"
#include "services/notifier/send/letter.h"

static void read(struct contacts_reader *r, const struct toc_yaml *node, struct method *out)
{
    if (r->mail == NULL) {
        toc_diag_error(&r->diag, node->offset,
                       "'email' needs a server: the key 'mail' beside 'contacts'");
    } else if (node->kind != TOC_YAML_TEXT || !letter_is_address(node->text)) {
        toc_diag_error(&r->diag, node->offset, "'email' has to be an address like a@example.com");
    } else {
        out->mail = r->mail;
        out->to = read_copy(r, node->text);
    }
}

static bool request(const struct leaving *leaving, struct outgoing *out)
{
    const struct mail_server *server = leaving->method->mail;
    const struct letter letter = {.from = server->from,
                                  .to = leaving->method->to,
                                  .domain = server->domain,
                                  .text = &leaving->text};
    out->request.body = toc_str(out->body, letter_write(&letter, out->body));
    return true;
}

const struct method_kind method_email = {
    .key = "email", .transport = METHOD_MAILED, .read = read, .request = request};
