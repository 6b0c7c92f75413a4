/* `tocsin policy test`: cases, run and told. */
#include "services/cli/cases/run.h"
#include "services/cli/commands.h"
#include "services/cli/policy/cmd.h"
#include "services/cli/policy/load.h"
#include "services/cli/why/why.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define INDENT "      "

struct tally {
    unsigned passed, failed;
};

struct testing {
    const struct view *view;
    const struct policy_test_options *options;
    struct toc_str policy;
    const struct cases *cases;
    struct tally tally;
};

/* --- as text ------------------------------------------------------------------------------ */

/* The hours of what follows are those of the case's zone. */
static void use_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static bool explains(const struct case_record *kept, const struct case_difference *difference)
{
    const Tocsin__V1__ClockChange *change = kept->body;
    switch (difference->about) {
    case CASE_ABOUT_EVENT:
        return kept->record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED ||
               kept->record->type == TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED;
    case CASE_ABOUT_ROUTE:
        return kept->service == INPROC_ROUTER;
    case CASE_ABOUT_CLOCK:
        return kept->record->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED &&
               strcmp(change->clock->metric, difference->clock) == 0;
    case CASE_ABOUT_PAGES:
        return kept->service == INPROC_NOTIFIER;
    }
    return false;
}

static bool explains_any(const struct case_record *kept, const struct case_outcome *outcome)
{
    size_t count = outcome->difference_count < CASE_DIFFERENCES_MAX ? outcome->difference_count
                                                                    : CASE_DIFFERENCES_MAX;
    for (size_t i = 0; i < count; i++)
        if (explains(kept, &outcome->differences[i]))
            return true;
    return false;
}

/* The records as `tocsin why` tells them: all, or those that explain what differs. */
static void print_history(const struct testing *t, struct case_outcome *outcome, bool all)
{
    struct why_page page = {
        .print = &t->view->print, .arena = &outcome->arena, .day_ms = TOC_TIME_MIN};
    for (size_t i = 0; i < outcome->count; i++) {
        const struct case_record *kept = &outcome->records[i];
        const struct why_entry entry = {.service = inproc_name(kept->service),
                                        .rank = kept->service,
                                        .log_id = kept->log_id,
                                        .order_ms = kept->record->at_ms,
                                        .record = kept->record};
        if (all || explains_any(kept, outcome))
            why_record(&page, &entry);
    }
    if (page.day_ms != TOC_TIME_MIN)
        printf("\n");
}

/* A list stands below itself, an entry in each line. */
static void print_value(const struct testing *t, const char *label, enum print_style style,
                        const char *text)
{
    printf(INDENT "  %-10s", label);
    for (;;) {
        size_t size = strcspn(text, "\n");
        print_styled(&t->view->print, style, "%.*s", (int)size, text);
        printf("\n");
        if (text[size] == '\0')
            return;
        printf(INDENT "  %-10s", "");
        text += size + 1;
    }
}

static void print_differences(const struct testing *t, const struct case_outcome *outcome)
{
    const struct print *print = &t->view->print;
    for (size_t i = 0; i < outcome->difference_count && i < CASE_DIFFERENCES_MAX; i++) {
        const struct case_difference *difference = &outcome->differences[i];
        printf(INDENT);
        print_styled(print, PRINT_BOLD, "%s", difference->what);
        printf("  (%s:%u)\n", cases_file(t->cases), cases_line(t->cases, difference->offset));
        print_value(t, "expected", PRINT_GREEN, difference->expected);
        print_value(t, "got", PRINT_RED, difference->got);
    }
    if (outcome->difference_count > CASE_DIFFERENCES_MAX)
        printf(INDENT "and %zu more\n", outcome->difference_count - CASE_DIFFERENCES_MAX);
}

static void print_outcome(const struct testing *t, const struct case_one *one,
                          struct case_outcome *outcome)
{
    bool passed = outcome->difference_count == 0;
    use_zone(one->zone);
    print_styled(&t->view->print, passed ? PRINT_GREEN : PRINT_RED, passed ? "ok  " : "FAIL");
    printf("  ");
    print_styled(&t->view->print, PRINT_PLAIN, "%s", one->name);
    printf("\n");
    print_differences(t, outcome);
    if (!passed || t->options->verbose)
        print_history(t, outcome, t->options->verbose);
}

/* --- as JSON ------------------------------------------------------------------------------ */

static void print_json_difference(const struct testing *t, const struct case_difference *difference)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "what", difference->what);
    print_json_int(&json, "line", cases_line(t->cases, difference->offset));
    print_json_text(&json, "expected", difference->expected);
    print_json_text(&json, "got", difference->got);
    fputc('}', stdout);
}

static void print_outcome_json(const struct testing *t, const struct case_one *one,
                               const struct case_outcome *outcome)
{
    struct print_json json;
    print_json_open(&json, stdout);
    print_json_text(&json, "case", one->name);
    print_json_text(&json, "file", cases_file(t->cases));
    print_json_int(&json, "line", cases_line(t->cases, one->offset));
    print_json_bool(&json, "passed", outcome->difference_count == 0);
    print_json_name(&json, "differences");
    fputc('[', stdout);
    for (size_t i = 0; i < outcome->difference_count && i < CASE_DIFFERENCES_MAX; i++) {
        if (i > 0)
            fputc(',', stdout);
        print_json_difference(t, &outcome->differences[i]);
    }
    fputc(']', stdout);
    print_json_close(&json);
}

/* --- running ------------------------------------------------------------------------------ */

static int run_one(struct testing *t, const struct case_one *one)
{
    struct case_outcome *outcome = calloc(1, sizeof(*outcome));
    enum toc_err err = outcome != NULL ? case_run(t->policy, one, outcome) : TOC_ERR_MEMORY;
    if (err < 0) {
        fprintf(stderr, "%s: %s:%u: the case cannot be run: %s\n", t->view->who,
                cases_file(t->cases), cases_line(t->cases, one->offset), toc_err_text(err));
    } else {
        if (t->view->json)
            print_outcome_json(t, one, outcome);
        else
            print_outcome(t, one, outcome);
        if (outcome->difference_count == 0)
            t->tally.passed++;
        else
            t->tally.failed++;
    }
    if (outcome != NULL)
        case_outcome_done(outcome);
    free(outcome);
    return err < 0 ? CLI_FAILED : CLI_DONE;
}

static int run_all(struct testing *t)
{
    size_t count;
    const struct case_one *all = cases_all(t->cases, &count);
    for (size_t i = 0; i < count; i++) {
        if (t->options->only != NULL && strstr(all[i].name, t->options->only) == NULL)
            continue;
        if (run_one(t, &all[i]) != CLI_DONE)
            return CLI_FAILED;
    }
    return CLI_DONE;
}

/* --- files -------------------------------------------------------------------------------- */

static char *read_cases(const char *who, const char *file, size_t *out_size)
{
    FILE *in = fopen(file, "re");
    char *text = in != NULL ? malloc(CASES_BYTES_MAX + 1) : NULL;
    if (text != NULL)
        *out_size = fread(text, 1, CASES_BYTES_MAX + 1, in);
    bool good = text != NULL && ferror(in) == 0 && *out_size <= CASES_BYTES_MAX;
    if (!good)
        fprintf(stderr, "%s: %s: %s\n", who, file,
                text != NULL && *out_size > CASES_BYTES_MAX ? "more than 1 MB: make two files of it"
                                                            : strerror(errno));
    if (in != NULL)
        fclose(in);
    if (good)
        return text;
    free(text);
    return NULL;
}

static int run_file(struct testing *t, const char *file)
{
    struct cases *cases = NULL;
    char *errors = NULL;
    size_t size = 0;
    char *text = read_cases(t->view->who, file, &size);
    if (text == NULL)
        return CLI_FAILED;
    int code = CLI_FAILED;
    enum toc_err err = cases_read(toc_str(text, size), file, &cases, &errors);
    if (err == TOC_OK) {
        t->cases = cases;
        code = run_all(t);
    } else if (err == TOC_ERR_CONFIG) {
        fputs(errors, stderr);
    } else {
        fprintf(stderr, "%s: %s: %s\n", t->view->who, file, toc_err_text(err));
    }
    cases_free(cases);
    free(errors);
    free(text);
    return code;
}

static int finish(const struct testing *t)
{
    unsigned all = t->tally.passed + t->tally.failed;
    if (all == 0 && t->options->only != NULL) {
        fprintf(stderr, "%s: no case has '%s' in its name\n", t->view->who, t->options->only);
        return CLI_FAILED;
    }
    if (!t->view->json)
        printf("%u passed, %u failed\n", t->tally.passed, t->tally.failed);
    return t->tally.failed == 0 ? CLI_DONE : CLI_FAILED;
}

int policy_test(const struct view *view, const struct policy_test_options *options,
                const struct toc_conf_list *operands)
{
    struct testing t = {.view = view, .options = options};
    struct policy_file policy;
    int code = CLI_DONE;
    if (policy_load(view->who, operands->values[0], &policy) != CLI_DONE)
        return CLI_FAILED;
    t.policy = policy.text;
    for (size_t i = 1; i < operands->count && code == CLI_DONE; i++)
        code = run_file(&t, operands->values[i]);
    policy_file_done(&policy);
    return code == CLI_DONE ? finish(&t) : code;
}
