#include "services/intake/mail/kind.h"

#include <strings.h>

static bool says(const char *value, const char *word)
{
    size_t size = strlen(word);
    while (value != NULL && (*value == ' ' || *value == '\t'))
        value++;
    return value != NULL && strncasecmp(value, word, size) == 0 &&
           strchr(" \t;(\r\n", value[size]) != NULL; /* the end, too */
}

/* RFC 3834, section 5: anything but "no". */
static bool is_auto_submitted(mail_field_fn *field, void *arg)
{
    const char *value = field(arg, "Auto-Submitted");
    return value != NULL && value[0] != '\0' && !says(value, "no");
}

/* Someone else's guard against loops, or what programs that answer put on what they send. */
static bool is_marked(mail_field_fn *field, void *arg)
{
    static const char *const names[] = {"X-Loop",
                                        "X-Autoreply",
                                        "X-Autorespond",
                                        "X-Auto-Reply",
                                        "X-Autoresponder",
                                        "X-Mail-Autoreply",
                                        "X-Failed-Recipients",
                                        "X-AutoReply-From",
                                        "X-MS-Exchange-Inbox-Rules-Loop"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (field(arg, names[i]) != NULL)
            return true;
    return false;
}

static bool is_from_daemon(const struct mail *mail)
{
    static const char *const names[] = {"mailer-daemon@", "postmaster@"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i]);
        if (mail->address.size >= size && strncasecmp(mail->address.data, names[i], size) == 0)
            return true;
    }
    return false;
}

/* A list to which people write carries what they write; what goes out in bulk is no one's. */
static bool is_bulk(mail_field_fn *field, void *arg)
{
    const char *precedence = field(arg, "Precedence");
    return says(precedence, "bulk") || says(precedence, "junk") ||
           (field(arg, "List-Unsubscribe") != NULL && !says(precedence, "list"));
}

void mail_find_kind(struct mail *mail, mail_field_fn *field, void *arg, const char *type,
                    const char *report)
{
    bool is_report = says(type, "multipart/report");
    const char *precedence = field(arg, "Precedence");
    mail->bulk = is_bulk(field, arg);
    if (is_report && says(report, "feedback-report"))
        mail->kind = MAIL_ABUSE;
    else if (is_report)
        mail->kind = MAIL_UNDELIVERED;
    else if (is_auto_submitted(field, arg) || is_marked(field, arg) || is_from_daemon(mail) ||
             says(precedence, "bulk") || says(precedence, "junk") || says(precedence, "auto_reply"))
        mail->kind = MAIL_AUTOMATIC;
    else
        mail->kind = MAIL_WRITTEN;
}
