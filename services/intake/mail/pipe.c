#include "services/intake/mail/pipe.h"

#include "common/conf.h"
#include "common/http_internal.h"
#include "services/intake/mail/lmtp_line.h"
#include "services/intake/mail/mail.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define TIMEOUT_S 300 /* for each reply: the store may be busy */

static struct {
    const char *lmtp, *sender;
    struct toc_conf_list recipients;
} options;

static const struct toc_conf_option rows[] = {
    {"lmtp", TOC_CONF_TEXT, &options.lmtp, NULL, 0, 0, "ADDR:PORT|PATH",
     "where the running intake takes mail: its own --lmtp"},
    {"from", TOC_CONF_TEXT, &options.sender, "", 0, 0, "ADDRESS",
     "the envelope's sender; empty is the null return path"},
    {"to", TOC_CONF_LIST, &options.recipients, NULL, 0, 0, "ADDRESS",
     "the envelope's recipient; may be given several times"},
};

/* Tells why on standard error, which mail servers put into their log or their report. */
static int tell(int status, const char *why)
{
    fprintf(stderr, "tocsin-intake --mail-pipe: %s\n", why);
    return status;
}

/* --- the socket ------------------------------------------------------------------------------- */

static int connect_to(const char *address)
{
    struct sockaddr_storage tcp;
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    bool is_path = strchr(address, '/') != NULL;
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    if (is_path ? strlen(address) >= sizeof(path.sun_path) : toc_http_address(address, &tcp) != 0)
        return -1;
    toc_str_copy(path.sun_path, sizeof(path.sun_path), toc_str_of(address));
    int fd = socket(is_path ? AF_UNIX : tcp.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    const struct sockaddr *to =
        is_path ? (const struct sockaddr *)&path : (const struct sockaddr *)&tcp;
    socklen_t size = is_path                     ? sizeof(path)
                     : tcp.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                 : sizeof(struct sockaddr_in);
    if (connect(fd, to, size) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The first digit of a whole reply; 0 when the connection is gone. Its last line is in `line`. */
static int read_reply(FILE *in, char line[512])
{
    while (fgets(line, 512, in) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strlen(line) < 4 || line[3] == ' ')
            return line[0] >= '1' && line[0] <= '5' ? line[0] - '0' : 0;
    }
    return 0;
}

/* --- the mail --------------------------------------------------------------------------------- */

/* A program gets lines that end with LF; on the way they end with CR LF, and dots are doubled. */
static void write_mail(FILE *out, struct toc_str mail)
{
    while (mail.size > 0) {
        const char *end = memchr(mail.data, '\n', mail.size);
        size_t size = end != NULL ? (size_t)(end - mail.data) : mail.size;
        size_t text = size > 0 && mail.data[size - 1] == '\r' ? size - 1 : size;
        if (text > 0 && mail.data[0] == '.')
            fputc('.', out);
        fwrite(mail.data, 1, text, out);
        fputs("\r\n", out);
        mail = toc_str_from(mail, end != NULL ? size + 1 : size);
    }
    fputs(".\r\n", out);
}

/* The line that mbox files put before a mail is none of it. */
static struct toc_str without_from_line(struct toc_str mail)
{
    const char *end = mail.size > 0 ? memchr(mail.data, '\n', mail.size) : NULL;
    return end != NULL && toc_str_starts(mail, TOC_STR("From "))
               ? toc_str_from(mail, (size_t)(end - mail.data) + 1)
               : mail;
}

/* --- the dialogue ----------------------------------------------------------------------------- */

static int status_of(int digit, const char *line)
{
    if (digit == 2 || digit == 3)
        return EX_OK;
    if (digit == 5)
        return tell(EX_DATAERR, line);
    return tell(EX_TEMPFAIL, digit == 0 ? "intake went away: keep the mail" : line);
}

static int ask(FILE *in, FILE *out, const char *verb, const char *argument)
{
    char line[512];
    fprintf(out, argument != NULL ? "%s<%s>\r\n" : "%s\r\n", verb, argument);
    fflush(out);
    int digit = read_reply(in, line);
    return status_of(digit, line);
}

/* The worst of all: what has to be tried again comes before what is given back, because a repeat
 * changes nothing. */
static int worse(int a, int b)
{
    return a == EX_TEMPFAIL || b == EX_TEMPFAIL ? EX_TEMPFAIL : a != EX_OK ? a : b;
}

static int talk(FILE *in, FILE *out, struct toc_str mail)
{
    char line[512];
    size_t accepted = 0;
    int status = status_of(read_reply(in, line), line), all = EX_OK;
    if (status == EX_OK)
        status = ask(in, out, "LHLO mail-pipe", NULL);
    if (status == EX_OK)
        status = ask(in, out, "MAIL FROM:", options.sender);
    for (size_t i = 0; status == EX_OK && i < options.recipients.count; i++) {
        int one = ask(in, out, "RCPT TO:", options.recipients.values[i]);
        accepted += one == EX_OK;
        all = worse(all, one);
    }
    if (status != EX_OK || accepted == 0)
        return worse(status, all);
    status = ask(in, out, "DATA", NULL);
    if (status != EX_OK)
        return worse(status, all);
    write_mail(out, without_from_line(mail));
    fflush(out);
    for (size_t i = 0; i < accepted; i++)
        all = worse(all, status_of(read_reply(in, line), line));
    return all;
}

static int hand_over(struct toc_str mail)
{
    (void)signal(SIGPIPE, SIG_IGN);
    int fd = connect_to(options.lmtp);
    if (fd < 0)
        return tell(EX_TEMPFAIL, "intake does not answer: keep the mail");
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    int status =
        in == NULL || out == NULL ? tell(EX_TEMPFAIL, strerror(errno)) : talk(in, out, mail);
    if (out != NULL)
        fclose(out);
    if (in != NULL)
        fclose(in);
    return status;
}

static int read_and_hand_over(void)
{
    size_t room = MAIL_BYTES_MAX + 1;
    char *mail = malloc(room);
    if (mail == NULL)
        return tell(EX_TEMPFAIL, "out of memory");
    size_t size = fread(mail, 1, room, stdin);
    int status = ferror(stdin)           ? tell(EX_TEMPFAIL, strerror(errno))
                 : size > MAIL_BYTES_MAX ? tell(EX_DATAERR, "the mail is too large")
                                         : hand_over(toc_str(mail, size));
    free(mail);
    return status;
}

/* What ends a line would begin a command. */
static bool is_plain(const char *address)
{
    return strlen(address) <= LMTP_ADDRESS_MAX && strpbrk(address, "\r\n<>") == NULL;
}

static int check(void)
{
    bool plain = is_plain(options.sender);
    for (size_t i = 0; i < options.recipients.count; i++)
        plain = plain && is_plain(options.recipients.values[i]);
    if (options.lmtp == NULL || options.recipients.count == 0)
        return tell(EX_USAGE, "--lmtp says where intake is, --to for whom the mail is");
    return plain ? EX_OK : tell(EX_USAGE, "an address is none");
}

int mail_pipe_main(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin-intake --mail-pipe",
        .summary = "Hands a mail on standard input to the running intake. Exit status: 0 it is on\n"
                   "disk, 75 keep it and try again, 65 it is refused for good, 64 wrong usage.",
        .more = "Postfix, in master.cf:\n"
                "  tocsin unix - n n - 4 pipe user=tocsin argv=/usr/local/bin/tocsin-intake\n"
                "      --mail-pipe --lmtp /run/tocsin/lmtp --from ${sender} --to ${recipient}\n",
        .options = rows,
        .option_count = sizeof(rows) / sizeof(rows[0]),
    };
    struct toc_conf_list operands = {0};
    switch (toc_conf_parse(&conf, argc - 1, argv + 1, &operands)) {
    case TOC_CONF_DONE:
        return EX_OK;
    case TOC_CONF_USAGE:
        return EX_USAGE;
    case TOC_CONF_RUN:
        break;
    }
    int status = check();
    return status != EX_OK ? status : read_and_hand_over();
}
