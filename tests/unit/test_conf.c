#include "common/conf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    const char *data, *clock;
    int64_t rate, map_bytes, wait_ms, any;
    bool verbose, yes;
    struct toc_conf_list upstreams;
} values;

static const struct toc_conf_option options[] = {
    {"data", TOC_CONF_TEXT, &values.data, NULL, 0, 0, "DIR", "where it is kept"},
    {"clock", TOC_CONF_TEXT, &values.clock, "wall", 0, 0, "wall|event", "which clock"},
    {"rate", TOC_CONF_NUMBER, &values.rate, "100", 1, 5000, "N", "how many"},
    {"any", TOC_CONF_NUMBER, &values.any, NULL, 0, 0, "N", "any number"},
    {"map-size", TOC_CONF_SIZE, &values.map_bytes, "64M", 1, INT64_MAX, "SIZE", "how large"},
    {"wait", TOC_CONF_DURATION, &values.wait_ms, "1m30s", 10, 86400000, "TIME", "how long"},
    {"verbose", TOC_CONF_SWITCH, &values.verbose, "no", 0, 0, NULL, "say more"},
    {"yes", TOC_CONF_FLAG, &values.yes, NULL, 0, 0, NULL, "do not ask"},
    {"upstream", TOC_CONF_LIST, &values.upstreams, NULL, 0, 0, "NAME=ENDPOINT",
     "whom to follow, in words that are more than the line has room for behind it"},
};

static struct toc_conf conf = {.program = "tocsin-test",
                               .summary = "tocsin-test: tries the parser",
                               .more = "Example: tocsin-test --data d",
                               .options = options,
                               .option_count = sizeof(options) / sizeof(options[0])};
static struct toc_conf_list operands;
static char out_text[8192], err_text[2048]; /* what the last parse wrote */

/* A list of the environment points into memory that is kept for the program's life. */
static struct toc_conf_list kept_lists[64];
static size_t kept_list_count;

static int set_up(void **state)
{
    static const char *const names[] = {"DATA", "CLOCK",   "RATE",     "ANY",
                                        "WAIT", "VERBOSE", "UPSTREAM", "MAP_SIZE"};
    char name[64];
    (void)state;
    kept_lists[kept_list_count++ % 64] = values.upstreams;
    memset(&values, 0, sizeof(values));
    conf.operands = "[FILE]";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(name, sizeof(name), "TOCSIN_%s", names[i]);
        unsetenv(name);
    }
    return 0;
}

/* Turns a stream into a file and back, and reads what was written to it. */
static int redirect(FILE *stream, FILE **out_file)
{
    fflush(stream);
    int kept = dup(fileno(stream));
    *out_file = tmpfile();
    assert_non_null(*out_file);
    assert_true(dup2(fileno(*out_file), fileno(stream)) >= 0);
    return kept;
}

static void restore(FILE *stream, int kept, FILE *file, char *text, size_t room)
{
    fflush(stream);
    assert_true(dup2(kept, fileno(stream)) >= 0);
    close(kept);
    rewind(file);
    text[fread(text, 1, room - 1, file)] = '\0';
    fclose(file);
}

static enum toc_conf_outcome parse_all(int argc, const char *const *argv)
{
    FILE *out, *err;
    int kept_out = redirect(stdout, &out), kept_err = redirect(stderr, &err);
    char *arguments[64];
    for (int i = 0; i < argc; i++)
        arguments[i] = strdup(argv[i]);
    enum toc_conf_outcome outcome = toc_conf_parse(&conf, argc, arguments, &operands);
    static char *kept[64]; /* values point into the arguments until the next parse */
    static int kept_count;
    for (int i = 0; i < kept_count; i++)
        free(kept[i]);
    memcpy(kept, arguments, sizeof(kept));
    kept_count = argc;
    restore(stdout, kept_out, out, out_text, sizeof(out_text));
    restore(stderr, kept_err, err, err_text, sizeof(err_text));
    return outcome;
}

#define PARSE(...)                                                                                 \
    parse_all((int)(sizeof((const char *const[]){"tocsin-test", __VA_ARGS__}) / sizeof(char *)),   \
              (const char *const[]){"tocsin-test", __VA_ARGS__})

static void assert_runs(enum toc_conf_outcome outcome)
{
    assert_string_equal(err_text, "");
    assert_string_equal(out_text, "");
    assert_int_equal(outcome, TOC_CONF_RUN);
}

/* Refused with one line on standard error that says all of it. */
static void assert_usage(enum toc_conf_outcome outcome, const char *line)
{
    assert_string_equal(err_text, line);
    assert_string_equal(out_text, "");
    assert_int_equal(outcome, TOC_CONF_USAGE);
}

static void without_anything_the_presets_hold(void **state)
{
    const char *const argv[] = {"tocsin-test"};
    (void)state;
    assert_runs(parse_all(1, argv));
    assert_null(values.data);
    assert_string_equal(values.clock, "wall");
    assert_int_equal(values.rate, 100);
    assert_int_equal(values.map_bytes, 64 << 20);
    assert_int_equal(values.wait_ms, 90000);
    assert_false(values.verbose);
    assert_int_equal(values.upstreams.count, 0);
    assert_int_equal(operands.count, 0);
}

static void values_may_stand_apart_or_behind_an_equals_sign(void **state)
{
    (void)state;
    assert_runs(PARSE("--data", "d/e", "--clock=event", "--rate=7", "--wait", "2h", "--verbose",
                      "--map-size=3G", "--any=-12"));
    assert_string_equal(values.data, "d/e");
    assert_string_equal(values.clock, "event");
    assert_int_equal(values.rate, 7);
    assert_int_equal(values.any, -12);
    assert_int_equal(values.wait_ms, 7200000);
    assert_true(values.map_bytes == 3ll << 30);
    assert_true(values.verbose);
    assert_runs(PARSE("--data=a=b"));
    assert_string_equal(values.data, "a=b");
    assert_runs(PARSE("--data="));
    assert_string_equal(values.data, "");
}

static void the_environment_stands_between_preset_and_command_line(void **state)
{
    (void)state;
    setenv("TOCSIN_RATE", "20", 1);
    setenv("TOCSIN_MAP_SIZE", "1k", 1);
    setenv("TOCSIN_VERBOSE", "true", 1);
    setenv("TOCSIN_DATA", "from-env", 1);
    assert_runs(PARSE("--data", "given"));
    assert_int_equal(values.rate, 20);
    assert_int_equal(values.map_bytes, 1024);
    assert_true(values.verbose);
    assert_string_equal(values.data, "given");
    assert_runs(PARSE("--rate=30", "--verbose=no"));
    assert_int_equal(values.rate, 30);
    assert_false(values.verbose);
    assert_string_equal(values.data, "from-env");
}

static void an_empty_variable_counts_as_unset(void **state)
{
    (void)state;
    setenv("TOCSIN_RATE", "", 1);
    setenv("TOCSIN_DATA", "", 1);
    setenv("TOCSIN_VERBOSE", "", 1);
    setenv("TOCSIN_UPSTREAM", "", 1);
    assert_runs(PARSE("--any=1"));
    assert_int_equal(values.rate, 100);
    assert_null(values.data);
    assert_false(values.verbose);
    assert_int_equal(values.upstreams.count, 0);
}

static void a_wrong_value_in_the_environment_names_the_variable(void **state)
{
    (void)state;
    setenv("TOCSIN_RATE", "many", 1);
    assert_usage(PARSE("--rate=3"), "tocsin-test: TOCSIN_RATE: 'many' is not a whole number "
                                    "from 1 to 5000\n");
}

static void limits_hold_and_are_told(void **state)
{
    (void)state;
    assert_runs(PARSE("--rate", "1"));
    assert_runs(PARSE("--rate", "5000"));
    assert_usage(PARSE("--rate", "0"),
                 "tocsin-test: --rate: '0' is not a whole number from 1 to 5000\n");
    assert_usage(PARSE("--rate=5001"),
                 "tocsin-test: --rate=5001: '5001' is not a whole number from 1 to 5000\n");
    assert_usage(PARSE("--wait", "9ms"), "tocsin-test: --wait: '9ms' is not a duration such as "
                                         "250ms, 90s, 5m or 1h30m from 10 to 86400000\n");
    assert_int_equal(PARSE("--wait", "1d"), TOC_CONF_RUN);
    assert_int_equal(PARSE("--wait", "1d1ms"), TOC_CONF_USAGE);
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", " 5", "5 ", "+5", "0x5", "5.0", "1e3", "5ms", "--5", "five", "9223372036854775808"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(PARSE("--any", wrong[i]), TOC_CONF_USAGE);
        assert_non_null(strstr(err_text, "is not a whole number\n"));
    }
    assert_runs(PARSE("--any", "9223372036854775807"));
    assert_true(values.any == INT64_MAX);
    assert_runs(PARSE("--any", "-9223372036854775807"));
    assert_true(values.any == -INT64_MAX);
}

static void sizes_have_a_suffix_or_none(void **state)
{
    static const char *const wrong[] = {"",
                                        "k",
                                        "5K",
                                        "5m",
                                        "5kB",
                                        "-5",
                                        "5 k",
                                        "1k1",
                                        "1.5G",
                                        "9223372036854775807k",
                                        "9999999999999999999"};
    (void)state;
    assert_runs(PARSE("--map-size", "17"));
    assert_int_equal(values.map_bytes, 17);
    assert_runs(PARSE("--map-size", "2k"));
    assert_int_equal(values.map_bytes, 2048);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(PARSE("--map-size", wrong[i]), TOC_CONF_USAGE);
}

static void switches_say_yes_or_no(void **state)
{
    static const char *const yes[] = {"--verbose", "--verbose=yes", "--verbose=1",
                                      "--verbose=true"};
    static const char *const no[] = {"--verbose=no", "--verbose=0", "--verbose=false"};
    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        values.verbose = false;
        assert_runs(PARSE(yes[i]));
        assert_true(values.verbose);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        assert_runs(PARSE("--verbose", no[i]));
        assert_false(values.verbose);
    }
    assert_usage(PARSE("--verbose=maybe"),
                 "tocsin-test: --verbose=maybe: 'maybe' is not yes or no\n");
}

static void the_environment_answers_no_question(void **state)
{
    (void)state;
    values.yes = false;
    setenv("TOCSIN_YES", "example.org/log", 1);
    assert_runs(PARSE("--data", "d"));
    assert_false(values.yes);
    assert_runs(PARSE("--yes"));
    assert_true(values.yes);
    unsetenv("TOCSIN_YES");
}

static void a_list_collects_every_time_it_is_given(void **state)
{
    (void)state;
    assert_runs(PARSE("--upstream", "a=ipc://x", "--upstream=b=ipc://y"));
    assert_int_equal(values.upstreams.count, 2);
    assert_string_equal(values.upstreams.values[0], "a=ipc://x");
    assert_string_equal(values.upstreams.values[1], "b=ipc://y");
}

static void a_list_of_the_environment_stands_apart_by_blanks(void **state)
{
    (void)state;
    setenv("TOCSIN_UPSTREAM", "  a=1 b=2\tc=3\n", 1);
    assert_runs(PARSE("--rate=1"));
    assert_int_equal(values.upstreams.count, 3);
    assert_string_equal(values.upstreams.values[0], "a=1");
    assert_string_equal(values.upstreams.values[2], "c=3");
    assert_string_equal(getenv("TOCSIN_UPSTREAM"), "  a=1 b=2\tc=3\n"); /* untouched */
}

static void a_list_of_the_command_line_replaces_the_environments(void **state)
{
    (void)state;
    setenv("TOCSIN_UPSTREAM", "a=1 b=2", 1);
    assert_runs(PARSE("--upstream=z=9", "--upstream=y=8"));
    assert_int_equal(values.upstreams.count, 2);
    assert_string_equal(values.upstreams.values[0], "z=9");
    assert_string_equal(values.upstreams.values[1], "y=8");
}

static void every_parse_begins_with_empty_lists(void **state)
{
    (void)state;
    assert_runs(PARSE("--upstream=z=9"));
    assert_runs(PARSE("--rate=1"));
    assert_int_equal(values.upstreams.count, 0);
    setenv("TOCSIN_UPSTREAM", "", 1);
    assert_runs(PARSE("--rate=1"));
    assert_int_equal(values.upstreams.count, 0);
}

static void a_list_that_is_too_long_is_told(void **state)
{
    char text[8 * (TOC_CONF_LIST_MAX + 1)] = "";
    const char *argv[1 + TOC_CONF_LIST_MAX + 1] = {"tocsin-test"};
    (void)state;
    for (int i = 1; i <= TOC_CONF_LIST_MAX + 1; i++)
        argv[i] = "--upstream=a";
    assert_runs(parse_all(1 + TOC_CONF_LIST_MAX, argv));
    assert_int_equal(values.upstreams.count, TOC_CONF_LIST_MAX);
    assert_usage(parse_all(2 + TOC_CONF_LIST_MAX, argv),
                 "tocsin-test: --upstream=a: at most 32 times\n");
    for (int i = 0; i < TOC_CONF_LIST_MAX + 1; i++)
        strcat(text, "a=1 ");
    setenv("TOCSIN_UPSTREAM", text, 1);
    assert_usage(PARSE("--rate=1"), "tocsin-test: TOCSIN_UPSTREAM: at most 32 times\n");
}

static void operands_are_collected_in_order(void **state)
{
    (void)state;
    assert_runs(PARSE("one", "--rate", "2", "-", "--", "--rate", "--"));
    assert_int_equal(operands.count, 4);
    assert_string_equal(operands.values[0], "one");
    assert_string_equal(operands.values[1], "-");
    assert_string_equal(operands.values[2], "--rate");
    assert_string_equal(operands.values[3], "--");
    assert_int_equal(values.rate, 2);
}

static void operands_are_refused_where_there_are_none(void **state)
{
    (void)state;
    conf.operands = NULL;
    assert_usage(PARSE("one"), "tocsin-test: unexpected 'one' (see tocsin-test --help)\n");
    assert_usage(PARSE("-v"), "tocsin-test: unexpected '-v' (see tocsin-test --help)\n");
    assert_usage(PARSE("--verbose", "no"),
                 "tocsin-test: unexpected 'no' (see tocsin-test --help)\n");
}

static void unknown_options_are_refused(void **state)
{
    static const char *const unknown[] = {"--colour", "--rat", "--rates", "--=5", "--Rate"};
    char line[128];
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        snprintf(line, sizeof(line), "tocsin-test: unknown option %s (see tocsin-test --help)\n",
                 unknown[i]);
        assert_usage(PARSE(unknown[i]), line);
    }
}

static void a_value_that_is_not_there_is_told(void **state)
{
    (void)state;
    assert_usage(PARSE("--rate"), "tocsin-test: --rate needs N\n");
    assert_usage(PARSE("--data"), "tocsin-test: --data needs DIR\n");
}

static void help_names_every_option_its_variable_and_its_preset(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help"), TOC_CONF_DONE);
    assert_string_equal(err_text, "");
    assert_non_null(strstr(out_text, "tocsin-test: tries the parser\n"));
    assert_non_null(strstr(out_text, "Usage: tocsin-test [options] [FILE]\n"));
    assert_non_null(strstr(out_text, "--map-size SIZE"));
    assert_non_null(strstr(out_text, "[TOCSIN_MAP_SIZE, default 64M]"));
    assert_non_null(strstr(out_text, "[TOCSIN_DATA]"));
    assert_non_null(strstr(out_text, "[TOCSIN_UPSTREAM, may be given many times]"));
    assert_non_null(strstr(out_text, "--yes"));
    assert_null(strstr(out_text, "TOCSIN_YES"));
    assert_non_null(strstr(out_text, "--check"));
    assert_non_null(strstr(out_text, "Example: tocsin-test --data d\n"));
}

static void help_is_folded_behind_its_option(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--help"), TOC_CONF_DONE);
    assert_non_null(strstr(out_text,
                           "\n  --upstream NAME=ENDPOINT   whom to follow, in words that are more "
                           "than the\n                             line has room for behind it\n"
                           "                             [TOCSIN_UPSTREAM"));
    for (const char *line = out_text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
}

static void version_is_one_line(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--version"), TOC_CONF_DONE);
    assert_string_equal(out_text, "tocsin-test " TOCSIN_VERSION "\n");
}

static void check_prints_what_is_set_wherever_it_stands(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--check", "--rate=9", "--upstream=a=1", "--upstream=b=2"),
                     TOC_CONF_DONE);
    assert_string_equal(out_text, "data=\nclock=wall\nrate=9\nany=0\nmap-size=67108864\n"
                                  "wait=90000\nverbose=no\nyes=no\nupstream=a=1 b=2\n");
    assert_int_equal(PARSE("--check", "--rate=0"), TOC_CONF_USAGE);
}

static void assert_duration(const char *text, int64_t expected)
{
    int64_t ms = -1;
    assert_int_equal(toc_conf_duration(toc_str_of(text), &ms), TOC_OK);
    assert_true(ms == expected);
}

static void durations_add_up(void **state)
{
    (void)state;
    assert_duration("0", 0);
    assert_duration("0s", 0);
    assert_duration("250ms", 250);
    assert_duration("1h30m", 5400000);
    assert_duration("2d3h4m5s6ms", 2 * 86400000ll + 3 * 3600000 + 4 * 60000 + 5006);
    assert_duration("106751991167d", 106751991167ll * 86400000);
}

static void what_is_no_duration_leaves_the_output(void **state)
{
    static const char *const wrong[] = {"",
                                        "5",
                                        "s",
                                        "-5s",
                                        "5 s",
                                        "5S",
                                        "1h 30m",
                                        "00",
                                        "1.5h",
                                        "5min",
                                        "1h30",
                                        "s5",
                                        "9223372036854775807s",
                                        "106751991168d",
                                        "9223372036854775807ms1ms"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int64_t ms = -7;
        assert_int_equal(toc_conf_duration(toc_str_of(wrong[i]), &ms), TOC_ERR_MALFORMED);
        assert_int_equal(ms, -7);
    }
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_anything_the_presets_hold),
        CASE(values_may_stand_apart_or_behind_an_equals_sign),
        CASE(the_environment_stands_between_preset_and_command_line),
        CASE(an_empty_variable_counts_as_unset),
        CASE(a_wrong_value_in_the_environment_names_the_variable),
        CASE(limits_hold_and_are_told),
        CASE(what_is_no_number_is_refused),
        CASE(sizes_have_a_suffix_or_none),
        CASE(switches_say_yes_or_no),
        CASE(the_environment_answers_no_question),
        CASE(a_list_collects_every_time_it_is_given),
        CASE(a_list_of_the_environment_stands_apart_by_blanks),
        CASE(a_list_of_the_command_line_replaces_the_environments),
        CASE(every_parse_begins_with_empty_lists),
        CASE(a_list_that_is_too_long_is_told),
        CASE(operands_are_collected_in_order),
        CASE(operands_are_refused_where_there_are_none),
        CASE(unknown_options_are_refused),
        CASE(a_value_that_is_not_there_is_told),
        CASE(help_names_every_option_its_variable_and_its_preset),
        CASE(help_is_folded_behind_its_option),
        CASE(version_is_one_line),
        CASE(check_prints_what_is_set_wherever_it_stands),
        CASE(durations_add_up),
        CASE(what_is_no_duration_leaves_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
