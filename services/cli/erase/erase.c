/* `tocsin erase`: nobody reads any more what a person wrote. */
#include "services/cli/commands.h"
#include "services/cli/erase/whom.h"
#include "services/cli/fields.h"
#include "services/cli/human.h"

#include <time.h>

#define KEYS_MS      10000 /* how long deleting the keys may take before that is told */
#define POLL_MS      50
#define SLOW_POLL_MS 1000

static struct view view;
static struct whom whom;
static const char *by, *reason;
static bool now, wait;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    WHOM_OPTION(whom),
    {"by", TOC_CONF_TEXT, &by, NULL, 0, 0, "NAME", "who says so; the default is $USER"},
    {"reason", TOC_CONF_TEXT, &reason, NULL, 0, 0, "CODE",
     "why: a code or a reference, such as gdpr-17; it stays in the log"},
    {"now", TOC_CONF_SWITCH, &now, NULL, 0, 0, NULL,
     "rewrite the vault's files at once, and not at its hour"},
    {"wait", TOC_CONF_SWITCH, &wait, NULL, 0, 0, NULL,
     "until it is in no file any more, at the vault's hour if need be, though not for a hold"},
};

static void pause_ms(long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static int ask_for_it(const char *who, struct toc_client_receipt *receipt)
{
    Tocsin__V1__SubjectErased body = TOCSIN__V1__SUBJECT_ERASED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    body.pseudonym = whom_set(&whom, &event);
    body.by = toc_wire_text(who);
    body.reason = toc_wire_text(reason);
    body.at_once = now;
    event.type = toc_wire_text("tocsin.subject.erased");
    event.body_case = TOCSIN__V1__EVENT__BODY_SUBJECT_ERASED;
    event.subject_erased = &body;
    return human_publish(&view, &event, receipt);
}

/* Looks until the erasure has reached `step`, or waits for a hold, or it is `until_ms`; `*out` is
 * what was seen last. */
static int watch(uint64_t seq, Tocsin__V1__ErasureStep step, toc_time_ms until_ms,
                 Tocsin__V1__Erasure **out)
{
    toc_time_ms begun_ms = client_mono_ms();
    for (;;) {
        Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
        struct view_rows rows;
        size_t mark = toc_arena_mark(&view.arena);
        ask.what = TOCSIN__V1__ASK__WHAT__ERASURES;
        ask.seq = seq;
        if (view_ask(&view, "intake", &ask, &tocsin__v1__erasure__descriptor, &rows) != CLI_DONE)
            return CLI_FAILED;
        if (rows.count == 0) {
            fprintf(stderr, "%s: intake does not know of record %llu any more\n", view.who,
                    (unsigned long long)seq);
            return CLI_FAILED;
        }
        *out = rows.items[0];
        if ((*out)->step >= step || (*out)->held_back > 0 || client_mono_ms() >= until_ms ||
            client_interrupted())
            return CLI_DONE;
        toc_arena_reset(&view.arena, mark);
        pause_ms(client_mono_ms() - begun_ms < KEYS_MS ? POLL_MS : SLOW_POLL_MS);
    }
}

static void tell_keys_gone(const Tocsin__V1__Erasure *row)
{
    char name[256];
    print_safe(name, sizeof(name), toc_str_of(row->pseudonym));
    printf("nobody can read any more what %s wrote (record %llu)\n", name,
           (unsigned long long)row->seq);
    if (row->held_back == 0)
        return;
    print_safe(name, sizeof(name), toc_str_of(row->held_by));
    printf("raw mails with somebody else in them who is under the hold %s: %u; they go when it is "
           "released\n",
           name, row->held_back);
}

static int tell(const Tocsin__V1__Erasure *row)
{
    unsigned long long seq = row->seq;
    if (view.json) {
        fields_json_line(stdout, &row->base, true);
        return row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED ? CLI_FAILED : CLI_DONE;
    }
    switch ((int)row->step) {
    case TOCSIN__V1__ERASURE_STEP__ERASURE_DONE:
        tell_keys_gone(row);
        printf(
            "done: neither the sealed texts nor what opened them is left in the vault's files\n");
        return CLI_DONE;
    case TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE:
        tell_keys_gone(row);
        printf(
            "the sealed texts leave the disk when the vault is renewed%s; `tocsin erasures` shows "
            "when\n",
            row->at_once ? ", which has begun" : " at its hour (--now does it at once)");
        return CLI_DONE;
    default:
        fprintf(stderr,
                "%s: record %llu asks for it, but intake has not deleted the keys yet: see "
                "its log and `tocsin erasures`\n",
                view.who, seq);
        return CLI_FAILED;
    }
}

static int erase(void)
{
    Tocsin__V1__Erasure *row;
    struct toc_client_receipt receipt;
    const char *who = human_name(&view, "--by", by);
    if (who == NULL)
        return CLI_USAGE;
    if (reason == NULL || reason[0] == '\0') {
        fprintf(stderr, "%s: --reason says why, as --reason gdpr-17\n", view.who);
        return CLI_USAGE;
    }
    if (ask_for_it(who, &receipt) != CLI_DONE)
        return CLI_FAILED;
    client_catch_interrupts();
    int code = watch(receipt.seq,
                     wait ? TOCSIN__V1__ERASURE_STEP__ERASURE_DONE
                          : TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE,
                     wait ? TOC_TIME_NEVER : client_mono_ms() + KEYS_MS, &row);
    return code == CLI_DONE ? tell(row) : code;
}

int cmd_erase(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin erase",
        .summary = "Erases a person: the keys of what they wrote are deleted at once, and with the "
                   "vault's\nnext renewal it is in no file any more. Proofs stay valid.",
        .operands = "--reason CODE (PERSON | --pseudonym P)",
        .more = "PERSON is as publishers know them; '-' reads it from standard input. Whoever is "
                "under a\nhold is not erased. Backups: leave out the key-encryption keys, see "
                "deploy/README.md.\n\n"
                "Example:\n  tocsin erase ana@example.com --by dpo --reason gdpr-17 --now --wait",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    struct toc_conf_list operands = {.count = 0};
    int code;
    if (view_begin(&view, &conf, argc, argv, &operands, &code)) {
        code = CLI_USAGE;
        if (operands.count > 1)
            fprintf(stderr, "%s: one person at a time\n", view.who);
        else if (whom_read(&whom, &view, &operands, 0))
            code = erase();
    }
    view_end(&view);
    return code;
}
