/*
 * The simulator's command line. Every seed of a range runs in a child process of its own, so that
 * an assertion or a sanitizer's report counts as found and says which seed it was.
 */
#include "tests/sim/world.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAL_MIN_MS   12500 /* longer than an event waits for its opening */
#define HEAL_MAX_MS   90000
#define PLANT_SEEDS   200
#define SEED_CPU_S    30 /* most take less than 5 under the sanitizers */
#define FOUND_NOTHING 0
#define FOUND         1

struct command {
    struct options options;
    uint64_t from, to;
    bool has_seed, repeat, planted, shrink, rewrite;
    enum toc_plant plant;
};

struct result {
    bool failed;
    uint64_t trace, turns, frames, records;
    char why[512];
};

/* --- one seed ----------------------------------------------------------------------------- */

static void run_to_the_end(struct world *world)
{
    const char *why_not = NULL;
    world_run(world, world->options.faulty_ms);
    if (!world->failed)
        world_heal(world);
    toc_time_ms at_ms = world->options.faulty_ms + HEAL_MIN_MS;
    for (; !world->failed && at_ms <= world->options.faulty_ms + HEAL_MAX_MS; at_ms += 250) {
        world_run(world, at_ms);
        if (!world->failed && world_settle(world) && ends_is_quiet(world, &why_not))
            break;
    }
    if (!world->failed && why_not != NULL)
        world_fail(world, 17, "%s, %d s after the last fault", why_not, HEAL_MAX_MS / 1000);
    if (!world->failed)
        ends_check(world);
    if (!world->failed)
        model_sla_check(world);
    if (!world->failed)
        model_alerts_check(world);
    if (!world->failed)
        model_deadlines_check(world);
    if (!world->failed)
        model_watch_check(world);
    if (!world->failed)
        replay_check(world);
    if (!world->failed && world->options.event_clock)
        same_check(world);
}

static struct result run_seed(const struct command *command, uint64_t seed)
{
    struct result result = {0};
    struct options options = command->options;
    options_draw(&options, seed);
    struct world *world = world_new(&options);
    faults_draw(world);
    if (options.verbose) {
        options_print(&options, stdout);
        faults_print(world, stdout);
    }
    run_to_the_end(world);
    result.failed = world->failed;
    result.trace = world->trace;
    result.turns = world->turns;
    result.frames = world->frames;
    for (size_t i = 0; i < world->node_count; i++)
        result.records += world->nodes[i].shadow.count;
    memcpy(result.why, world->why, sizeof(result.why));
    world_free(world);
    return result;
}

static void tell_how_to_repeat(const struct command *command, uint64_t seed)
{
    printf("repeat with: tests/sim/run --seed %llu", (unsigned long long)seed);
#ifdef TOCSIN_PLANT
    static const char *const plants[] = {
#define PLANT_NAME(enumerator, name, text) name,
        TOC_PLANT_LIST(PLANT_NAME)
#undef PLANT_NAME
    };
    if (toc_planted != TOC_PLANT_NONE)
        printf(" --plant %s", plants[toc_planted]);
#endif
    if (command->options.without != NULL)
        printf(" --without %s", command->options.without);
    printf("\n");
}

static int one_seed(const struct command *command, uint64_t seed)
{
    struct result result = run_seed(command, seed);
    if (result.failed) {
        printf("seed %llu: %s\n", (unsigned long long)seed, result.why);
        tell_how_to_repeat(command, seed);
        return FOUND;
    }
    printf("seed %llu: ok, trace %016llx, %llu turns, %llu frames, %llu records\n",
           (unsigned long long)seed, (unsigned long long)result.trace,
           (unsigned long long)result.turns, (unsigned long long)result.frames,
           (unsigned long long)result.records);
    return FOUND_NOTHING;
}

/* A bug may have a run go on for ever, and grow. */
static void limit_cpu(void)
{
    const struct rlimit limit = {SEED_CPU_S, SEED_CPU_S + 5};
    TOC_ASSERT(setrlimit(RLIMIT_CPU, &limit) == 0);
}

/* In a child; its words are shown when `loud`, or when `loud_failure` and it fails. */
static bool seed_fails(const struct command *command, uint64_t seed, bool loud)
{
    fflush(stdout);
    pid_t child = fork();
    TOC_ASSERT(child >= 0);
    if (child == 0) {
        if (!loud && (freopen("/dev/null", "w", stdout) == NULL ||
                      freopen("/dev/null", "w", stderr) == NULL))
            _exit(2);
        limit_cpu();
        int status = one_seed(command, seed);
        fflush(stdout);
        _exit(status);
    }
    int status;
    TOC_ASSERT(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status))
        return WEXITSTATUS(status) != FOUND_NOTHING;
    if (loud)
        printf("seed %llu: ended by signal %d; %d says that it would go on for ever\n",
               (unsigned long long)seed, WTERMSIG(status), SIGXCPU);
    return true;
}

static int seeds(const struct command *command)
{
    unsigned failures = 0;
    for (uint64_t seed = command->from; seed <= command->to; seed++) {
        if (!seed_fails(command, seed, command->options.verbose))
            continue;
        failures++;
        if (!command->options.verbose && !seed_fails(command, seed, true))
            printf("seed %llu fails only sometimes\n", (unsigned long long)seed);
        tell_how_to_repeat(command, seed);
    }
    printf("%llu seeds, %u failed\n", (unsigned long long)(command->to - command->from + 1),
           failures);
    return failures == 0 ? 0 : 1;
}

/* --- the same twice, planted bugs, fewer faults --------------------------------------------- */

static int repeat(const struct command *command)
{
    struct result first = run_seed(command, command->from);
    struct result second = run_seed(command, command->from);
    bool same = first.trace == second.trace && strcmp(first.why, second.why) == 0;
    printf("seed %llu: trace %016llx, then %016llx: %s\n", (unsigned long long)command->from,
           (unsigned long long)first.trace, (unsigned long long)second.trace,
           same ? "the same" : "NOT the same (invariant 18)");
    if (first.failed)
        printf("%s\n", first.why);
    if (!same || first.failed)
        tell_how_to_repeat(command, command->from);
    return same && !first.failed ? 0 : 1;
}

#ifdef TOCSIN_PLANT
static const char *const plant_names[] = {
#define PLANT_NAME(enumerator, name, text) name,
    TOC_PLANT_LIST(PLANT_NAME)
#undef PLANT_NAME
};

static bool find_plant(const char *name, enum toc_plant *out)
{
    for (unsigned i = 0; i < TOC_PLANT_COUNT; i++)
        if (strcmp(plant_names[i], name) == 0) {
            *out = (enum toc_plant)i;
            return true;
        }
    return false;
}

static int planted(const struct command *command)
{
    unsigned missed = 0;
    for (unsigned i = 1; i < TOC_PLANT_COUNT; i++) {
        uint64_t seed = 1;
        toc_planted = (enum toc_plant)i;
        while (seed <= PLANT_SEEDS && !seed_fails(command, seed, false))
            seed++;
        missed += seed > PLANT_SEEDS;
        if (seed <= PLANT_SEEDS) {
            printf("%-16s found by seed %llu: ", plant_names[i], (unsigned long long)seed);
            (void)seed_fails(command, seed, true);
        } else {
            printf("%-16s NOT FOUND in %d seeds\n", plant_names[i], PLANT_SEEDS);
        }
    }
    printf("%d planted bugs, %u not found\n", TOC_PLANT_COUNT - 1, missed);
    return missed == 0 ? 0 : 1;
}
#endif

/* Leaves out every fault without which the seed fails all the same. */
static int shrink(struct command *command)
{
    static char without[512];
    size_t used = 0;
    if (!seed_fails(command, command->from, false)) {
        printf("seed %llu does not fail\n", (unsigned long long)command->from);
        return 1;
    }
    for (unsigned i = 0; i < FAULTS_MAX; i++) {
        int more = snprintf(without + used, sizeof(without) - used, used ? ",%u" : "%u", i);
        command->options.without = without;
        if (seed_fails(command, command->from, false))
            used += (size_t)more;
        without[used] = '\0';
    }
    return seed_fails(command, command->from, true) ? 0 : 1;
}

/* --- options ------------------------------------------------------------------------------ */

static int usage(void)
{
    fputs("usage: tests/sim/run [--seed N | --seeds A..B | --repeat N | --shrink N | --planted |\n"
          "                      --scenarios FILE...] [--plant NAME] [--without I,J,...]\n"
          "                      [--verbose] [--rewrite]\n",
          stderr);
    return 2;
}

static bool parse_range(const char *text, struct command *command)
{
    char *end;
    command->from = strtoull(text, &end, 10);
    command->to = command->from;
    if (strncmp(end, "..", 2) == 0)
        command->to = strtoull(end + 2, &end, 10);
    return *end == '\0' && end != text && command->from <= command->to;
}

static int scenarios(int count, char **files, bool rewrite)
{
    int worst = 0;
    for (int i = 0; i < count; i++)
        worst |= scenario_run(files[i], rewrite);
    return worst;
}

int main(int argc, char **argv)
{
    struct command command = {0};
    const char *mode = NULL;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(arg, "--verbose") == 0)
            command.options.verbose = true;
        else if (strcmp(arg, "--rewrite") == 0)
            command.rewrite = true;
        else if (strcmp(arg, "--scenarios") == 0)
            return scenarios(argc - i - 1, argv + i + 1, command.rewrite);
        else if (strcmp(arg, "--without") == 0 && ++i < argc)
            command.options.without = value;
#ifdef TOCSIN_PLANT
        else if (strcmp(arg, "--planted") == 0)
            mode = arg;
        else if (strcmp(arg, "--plant") == 0 && ++i < argc && find_plant(value, &toc_planted))
            continue;
#endif
        else if ((strcmp(arg, "--seed") == 0 || strcmp(arg, "--seeds") == 0 ||
                  strcmp(arg, "--repeat") == 0 || strcmp(arg, "--shrink") == 0) &&
                 ++i < argc && parse_range(value, &command))
            mode = arg;
        else
            return usage();
    }
    if (mode == NULL)
        return usage();
#ifdef TOCSIN_PLANT
    if (strcmp(mode, "--planted") == 0)
        return planted(&command);
#endif
    if (strcmp(mode, "--seed") == 0)
        return one_seed(&command, command.from);
    if (strcmp(mode, "--seeds") == 0)
        return seeds(&command);
    return strcmp(mode, "--repeat") == 0 ? repeat(&command) : shrink(&command);
}
