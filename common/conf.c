#include "common/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define ENV_MAX     80
#define HELP_INDENT 28 /* cells before what an option does, and a blank */
#define HELP_WIDTH  80

static void env_name(char out[ENV_MAX], const char *option)
{
    size_t at = (size_t)snprintf(out, ENV_MAX, "TOCSIN_");
    for (; *option != '\0' && at < ENV_MAX - 1; option++)
        out[at++] = *option == '-' ? '_' : (char)toupper((unsigned char)*option);
    out[at] = '\0';
}

/* --- values ----------------------------------------------------------------------------- */

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit sizes[] = {{"", 1}, {"k", 1024}, {"M", 1 << 20}, {"G", 1 << 30}};
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

/* Reads digits and one of `units`; returns the rest of the text, NULL when it is neither. */
static const char *read_amount(const char *at, const char *end, const struct unit *units,
                               size_t count, int64_t *out)
{
    const char *digits = at;
    int64_t value;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    if (toc_parse_i64(toc_str(digits, (size_t)(at - digits)), &value) != TOC_OK)
        return NULL;
    const char *suffix = at;
    while (at < end && isalpha((unsigned char)*at))
        at++;
    for (size_t i = 0; i < count; i++) {
        if (!toc_str_equal(toc_str(suffix, (size_t)(at - suffix)), toc_str_of(units[i].suffix)))
            continue;
        return __builtin_mul_overflow(value, units[i].factor, out) ? NULL : at;
    }
    return NULL;
}

enum toc_err toc_conf_duration(struct toc_str text, int64_t *out_ms)
{
    const char *at = text.data, *end = text.data + text.size;
    int64_t total = 0, part;
    if (toc_str_equal(text, TOC_STR("0"))) {
        *out_ms = 0;
        return TOC_OK;
    }
    if (text.size == 0)
        return TOC_ERR_MALFORMED;
    while (at < end) {
        at = read_amount(at, end, durations, sizeof(durations) / sizeof(durations[0]), &part);
        if (at == NULL || __builtin_add_overflow(total, part, &total))
            return TOC_ERR_MALFORMED;
    }
    *out_ms = total;
    return TOC_OK;
}

static enum toc_err read_number(const struct toc_conf_option *option, struct toc_str text,
                                int64_t *out)
{
    if (option->type == TOC_CONF_NUMBER)
        return toc_parse_i64(text, out);
    if (option->type == TOC_CONF_DURATION)
        return toc_conf_duration(text, out);
    const char *end = text.data + text.size;
    return read_amount(text.data, end, sizes, sizeof(sizes) / sizeof(sizes[0]), out) == end
               ? TOC_OK
               : TOC_ERR_MALFORMED;
}

static const char *form_of(enum toc_conf_type type)
{
    switch (type) {
    case TOC_CONF_NUMBER:
        return "a whole number";
    case TOC_CONF_SIZE:
        return "a size such as 512k, 64M or 2G";
    case TOC_CONF_DURATION:
        return "a duration such as 250ms, 90s, 5m or 1h30m";
    case TOC_CONF_SWITCH:
    case TOC_CONF_FLAG:
        return "yes or no";
    case TOC_CONF_TEXT:
    case TOC_CONF_LIST:
        break;
    }
    return "a text";
}

static bool complain(const struct toc_conf *conf, const struct toc_conf_option *option,
                     const char *from, const char *text)
{
    fprintf(stderr, "%s: %s: '%s' is not %s", conf->program, from, text, form_of(option->type));
    if (option->least != 0 || option->most != 0)
        fprintf(stderr, " from %lld to %lld", (long long)option->least, (long long)option->most);
    fprintf(stderr, "\n");
    return false;
}

static bool set_switch(const struct toc_conf_option *option, const char *text)
{
    struct toc_str value = toc_str_of(text);
    bool yes = toc_str_equal(value, TOC_STR("yes")) || toc_str_equal(value, TOC_STR("1")) ||
               toc_str_equal(value, TOC_STR("true"));
    bool no = toc_str_equal(value, TOC_STR("no")) || toc_str_equal(value, TOC_STR("0")) ||
              toc_str_equal(value, TOC_STR("false"));
    if (yes || no)
        *(bool *)option->value = yes;
    return yes || no;
}

static bool add_to_list(const struct toc_conf_option *option, const char *text)
{
    struct toc_conf_list *list = option->value;
    if (list->count == TOC_CONF_LIST_MAX)
        return false;
    list->values[list->count++] = text;
    return true;
}

/* `from` is how the value was given: "--rate", "TOCSIN_RATE". */
static bool set(const struct toc_conf *conf, const struct toc_conf_option *option, const char *from,
                const char *text)
{
    int64_t number;
    switch (option->type) {
    case TOC_CONF_TEXT:
        *(const char **)option->value = text;
        return true;
    case TOC_CONF_SWITCH:
    case TOC_CONF_FLAG:
        return set_switch(option, text) || complain(conf, option, from, text);
    case TOC_CONF_LIST:
        if (add_to_list(option, text))
            return true;
        fprintf(stderr, "%s: %s: at most %d times\n", conf->program, from, TOC_CONF_LIST_MAX);
        return false;
    case TOC_CONF_NUMBER:
    case TOC_CONF_SIZE:
    case TOC_CONF_DURATION:
        break;
    }
    if (read_number(option, toc_str_of(text), &number) != TOC_OK)
        return complain(conf, option, from, text);
    bool limited = option->least != 0 || option->most != 0;
    if (limited && (number < option->least || number > option->most))
        return complain(conf, option, from, text);
    *(int64_t *)option->value = number;
    return true;
}

/* --- help ------------------------------------------------------------------------------- */

static bool is_switch(const struct toc_conf_option *option)
{
    return option->type == TOC_CONF_SWITCH || option->type == TOC_CONF_FLAG;
}

/* An option and what it does, folded behind it. */
static void print_option(const char *left, const char *help)
{
    int cell = printf("  %-*s", HELP_INDENT - 2, left);
    while (*help != '\0') {
        int size = (int)strcspn(help, " ");
        if (cell > HELP_INDENT && cell + 1 + size > HELP_WIDTH)
            cell = printf("\n%*s", HELP_INDENT, "") - 1;
        cell += printf(" %.*s", size, help);
        help += size;
        help += strspn(help, " ");
    }
    putchar('\n');
}

static void print_help(const struct toc_conf *conf)
{
    char env[ENV_MAX], left[64];
    printf("%s\n\nUsage: %s [options]%s%s\n", conf->summary, conf->program,
           conf->operands ? " " : "", conf->operands ? conf->operands : "");
    printf("\nOptions (those with a name in brackets can also be set in the environment):\n");
    for (size_t i = 0; i < conf->option_count; i++) {
        const struct toc_conf_option *option = &conf->options[i];
        env_name(env, option->name);
        snprintf(left, sizeof(left), "--%s %s", option->name,
                 option->argument ? option->argument : "");
        print_option(left, option->help);
        if (option->type == TOC_CONF_FLAG)
            continue;
        printf("%*s [%s", HELP_INDENT, "", env);
        if (option->preset != NULL && option->preset[0] != '\0')
            printf(", default %s", option->preset);
        if (option->type == TOC_CONF_LIST)
            printf(", may be given many times");
        printf("]\n");
    }
    print_option("--check", "say what is set, and stop");
    print_option("--version", "print the version, and stop");
    if (conf->more != NULL)
        printf("\n%s\n", conf->more);
}

static void print_values(const struct toc_conf *conf)
{
    for (size_t i = 0; i < conf->option_count; i++) {
        const struct toc_conf_option *option = &conf->options[i];
        printf("%s=", option->name);
        if (option->type == TOC_CONF_TEXT) {
            const char *text = *(const char **)option->value;
            printf("%s", text != NULL ? text : "");
        } else if (is_switch(option)) {
            printf("%s", *(bool *)option->value ? "yes" : "no");
        } else if (option->type == TOC_CONF_LIST) {
            const struct toc_conf_list *list = option->value;
            for (size_t k = 0; k < list->count; k++)
                printf("%s%s", k ? " " : "", list->values[k]);
        } else {
            printf("%lld", (long long)*(int64_t *)option->value);
        }
        printf("\n");
    }
}

/* --- parsing ---------------------------------------------------------------------------- */

static bool set_list_from_env(const struct toc_conf *conf, const struct toc_conf_option *option)
{
    char env[ENV_MAX];
    env_name(env, option->name);
    const char *text = getenv(env);
    char *words = strdup(text ? text : ""), *save = NULL; /* kept: the values point into it */
    struct toc_conf_list *list = option->value;
    bool fits = words != NULL;
    for (char *word = fits ? strtok_r(words, " \t\n", &save) : NULL; word != NULL && fits;
         word = strtok_r(NULL, " \t\n", &save))
        fits = set(conf, option, env, word);
    if (list->count == 0)
        free(words);
    return fits;
}

/* Lists that the command line has not given. */
static bool set_lists(const struct toc_conf *conf)
{
    for (size_t i = 0; i < conf->option_count; i++) {
        const struct toc_conf_option *option = &conf->options[i];
        if (option->type == TOC_CONF_LIST && ((struct toc_conf_list *)option->value)->count == 0 &&
            !set_list_from_env(conf, option))
            return false;
    }
    return true;
}

static bool set_presets(const struct toc_conf *conf)
{
    char env[ENV_MAX];
    for (size_t i = 0; i < conf->option_count; i++) {
        const struct toc_conf_option *option = &conf->options[i];
        env_name(env, option->name);
        const char *text = option->type == TOC_CONF_FLAG ? "" : getenv(env);
        if (option->type == TOC_CONF_LIST) {
            ((struct toc_conf_list *)option->value)->count = 0;
            continue;
        }
        if (option->preset != NULL && !set(conf, option, option->name, option->preset))
            return false;
        if (text != NULL && text[0] != '\0' && !set(conf, option, env, text))
            return false;
    }
    return true;
}

static const struct toc_conf_option *find(const struct toc_conf *conf, struct toc_str name)
{
    for (size_t i = 0; i < conf->option_count; i++)
        if (toc_str_equal(name, toc_str_of(conf->options[i].name)))
            return &conf->options[i];
    return NULL;
}

struct parse {
    const struct toc_conf *conf;
    int argc, at;
    char *const *argv;
    bool check;
};

static bool parse_option(struct parse *parse)
{
    const char *argument = parse->argv[parse->at], *equals = strchr(argument, '=');
    size_t name_size = equals ? (size_t)(equals - argument) - 2 : strlen(argument) - 2;
    const struct toc_conf_option *option = find(parse->conf, toc_str(argument + 2, name_size));
    if (option == NULL) {
        fprintf(stderr, "%s: unknown option %s (see %s --help)\n", parse->conf->program, argument,
                parse->conf->program);
        return false;
    }
    if (equals != NULL)
        return set(parse->conf, option, argument, equals + 1);
    if (is_switch(option))
        return set(parse->conf, option, argument, "yes");
    if (parse->at + 1 == parse->argc) {
        fprintf(stderr, "%s: %s needs %s\n", parse->conf->program, argument,
                option->argument ? option->argument : "a value");
        return false;
    }
    return set(parse->conf, option, argument, parse->argv[++parse->at]);
}

static bool add_operand(const struct parse *parse, const char *argument,
                        struct toc_conf_list *operands)
{
    if (parse->conf->operands == NULL || operands->count == TOC_CONF_LIST_MAX) {
        fprintf(stderr, "%s: unexpected '%s' (see %s --help)\n", parse->conf->program, argument,
                parse->conf->program);
        return false;
    }
    operands->values[operands->count++] = argument;
    return true;
}

enum toc_conf_outcome toc_conf_parse(const struct toc_conf *conf, int argc, char *const *argv,
                                     struct toc_conf_list *out_operands)
{
    return toc_conf_parse_and_check(conf, argc, argv, out_operands, NULL);
}

enum toc_conf_outcome toc_conf_parse_and_check(const struct toc_conf *conf, int argc,
                                               char *const *argv,
                                               struct toc_conf_list *out_operands,
                                               enum toc_err (*check)(void))
{
    struct parse parse = {.conf = conf, .argc = argc, .at = 1, .argv = argv};
    bool options_end = false;
    out_operands->count = 0;
    if (!set_presets(conf))
        return TOC_CONF_USAGE;
    for (; parse.at < argc; parse.at++) {
        const char *argument = argv[parse.at];
        if (!options_end && strcmp(argument, "--") == 0) {
            options_end = true;
        } else if (options_end || strncmp(argument, "--", 2) != 0) {
            if (!add_operand(&parse, argument, out_operands))
                return TOC_CONF_USAGE;
        } else if (strcmp(argument, "--help") == 0) {
            print_help(conf);
            return TOC_CONF_DONE;
        } else if (strcmp(argument, "--version") == 0) {
            printf("%s %s\n", conf->program, TOCSIN_VERSION);
            return TOC_CONF_DONE;
        } else if (strcmp(argument, "--check") == 0) {
            parse.check = true;
        } else if (!parse_option(&parse)) {
            return TOC_CONF_USAGE;
        }
    }
    if (!set_lists(conf))
        return TOC_CONF_USAGE;
    if (parse.check && check != NULL && check() < 0)
        return TOC_CONF_USAGE;
    if (parse.check)
        print_values(conf);
    return parse.check ? TOC_CONF_DONE : TOC_CONF_RUN;
}
