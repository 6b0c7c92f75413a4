#include "common/policy/policy.h"
#include "common/policy/bundle.h"
#include "common/policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

struct file {
    const char *name, *text;
};

static char *pack(const struct file *files, size_t count, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    assert_non_null(out);
    toc_bundle_begin(out);
    for (size_t i = 0; i < count; i++)
        toc_bundle_add(out, &(struct toc_bundle_part){.kind = TOC_PART_FILE,
                                                      .name = toc_str_of(files[i].name),
                                                      .text = toc_str_of(files[i].text)});
    assert_int_equal(fclose(out), 0);
    return text;
}

#define PACK(files, size) pack((files), sizeof(files) / sizeof((files)[0]), (size))

static struct toc_policy *good_text(struct toc_str text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(text, "dir/root.yaml", &policy, &errors);
    if (err != TOC_OK)
        print_error("%s\n", errors ? errors : toc_err_text(err));
    free(errors);
    assert_int_equal(err, TOC_OK);
    return policy;
}

static struct toc_policy *good_files(const struct file *files, size_t count)
{
    size_t size;
    char *text = pack(files, count, &size);
    struct toc_policy *policy = good_text(toc_str(text, size));
    free(text);
    return policy;
}

#define GOOD(files) good_files((files), sizeof(files) / sizeof((files)[0]))

static void assert_errors(struct toc_str text, const char *expected)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(text, "dir/root.yaml", &policy, &errors);
    assert_int_equal(err, TOC_ERR_CONFIG);
    if (strcmp(errors, expected) != 0)
        print_error("%s\n", errors);
    assert_string_equal(errors, expected);
    free(errors);
}

static void bad_files(const struct file *files, size_t count, const char *expected)
{
    size_t size;
    char *text = pack(files, count, &size);
    assert_errors(toc_str(text, size), expected);
    free(text);
}

#define BAD(files, expected) bad_files((files), sizeof(files) / sizeof((files)[0]), (expected))

/* The root of most tests; three lines before what a test adds. */
#define ROOT(include)                                                                              \
    "policy: 1\n"                                                                                  \
    "include: [" include "]\n"                                                                     \
    "queues: {desk: {tier: 1}}\n"
#define DAY "calendars: {day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"
#define SAFETY                                                                                     \
    "slas:\n"                                                                                      \
    "  safety:\n"                                                                                  \
    "    calendar: day\n"                                                                          \
    "    clocks:\n"                                                                                \
    "      resolution: {targets: {P1: 1h, default: 4h}, warn: [50, 80]}\n"
#define ROUTES "routes: [{rule: all, queue: desk}]\n"

/* --- the format ------------------------------------------------------------------------------- */

static void a_bundle_keeps_the_bytes_of_its_files(void **state)
{
    static const struct file files[] = {
        {"root.yaml", "a: 1\n"}, {"sub/empty.yaml", ""}, {"sub/\xc3\xa9 .yaml", "%file 1 x\nz"}};
    struct toc_bundle bundle;
    const char *wrong;
    size_t size, offset;
    char *text = PACK(files, &size);
    (void)state;
    assert_string_equal(text, "%tocsin-policy 1\n"
                              "%file 5 root.yaml\na: 1\n\n"
                              "%file 0 sub/empty.yaml\n\n"
                              "%file 11 sub/\xc3\xa9 .yaml\n%file 1 x\nz\n");
    assert_int_equal(toc_bundle_read(toc_str(text, size), &bundle, &wrong, &offset), TOC_OK);
    assert_int_equal(bundle.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(toc_str_equal(bundle.parts[i].name, toc_str_of(files[i].name)));
        assert_true(toc_str_equal(bundle.parts[i].text, toc_str_of(files[i].text)));
    }
    free(text);
}

static void what_is_no_bundle_byte_for_byte_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "%file 1",
        "%file 1 a\nb",
        "%file 2 a\nb\n",
        "%file 0 a\nb\n",
        "%file -1 a\nb\n",
        "%file 18446744073709551615 a\nb\n",
        "%file 01x a\nb\n",
        "%file 1  a\nb\n%",
        "%what 1 a\nb\n",
        "%dates 1 UTC a\nb\n",
        "%file 1 ../a\nb\n",
        "%file 1 /a\nb\n",
        "%file 1 a//b\nb\n",
        "%file 1 a/\nb\n",
        "%file 1 ./a\nb\n",
        "%file 1 \nb\n",
        "%file 1 a\x1b\nb\n",
        "%file 1 a\nb\n%file 1 a\nb\n",
        "%file 1 a\nb\n%dates 1 ../etc x\nb\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[200];
        struct toc_bundle bundle;
        const char *wrong = NULL;
        size_t offset = 0;
        (void)snprintf(text, sizeof(text), "%%tocsin-policy 1\n%s", texts[i]);
        enum toc_err err = toc_bundle_read(toc_str_of(text), &bundle, &wrong, &offset);
        if (err != TOC_ERR_CONFIG)
            print_error("taken: %s\n", texts[i]);
        assert_int_equal(err, TOC_ERR_CONFIG);
        assert_non_null(wrong);
        assert_true(offset <= strlen(text));
    }
    assert_errors(TOC_STR("%tocsin-policy 1\n%what 1 a\nb\n"),
                  "dir/root.yaml:3:1: error: not a policy's bundle: a part of unknown kind\n"
                  "    3 | b\n"
                  "      | ^\n");
}

static void a_bundle_has_so_many_parts(void **state)
{
    char *text = NULL;
    size_t size, offset;
    struct toc_bundle bundle;
    const char *wrong;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    toc_bundle_begin(out);
    for (int i = 0; i <= TOC_BUNDLE_PARTS_MAX; i++)
        fprintf(out, "%%file 0 f%d\n\n", i);
    fclose(out);
    assert_int_equal(toc_bundle_read(toc_str(text, size), &bundle, &wrong, &offset),
                     TOC_ERR_CONFIG);
    assert_string_equal(wrong, "more parts than a policy may have");
    free(text);
}

static void a_name_counts_from_the_file_that_gives_it(void **state)
{
    static const struct {
        const char *from, *relative, *name; /* NULL: refused */
    } rows[] = {
        {"root.yaml", "a.yaml", "a.yaml"},
        {"root.yaml", "./sub/a.yaml", "sub/a.yaml"},
        {"sub/b.yaml", "a.yaml", "sub/a.yaml"},
        {"sub/b.yaml", "../a.yaml", "a.yaml"},
        {"sub/deep/b.yaml", "../../x/./../a.yaml", "a.yaml"},
        {"root.yaml", "../a.yaml", NULL},
        {"sub/b.yaml", "../../etc/passwd", NULL},
        {"root.yaml", "x/../../a.yaml", NULL},
        {"root.yaml", "/etc/passwd", NULL},
        {"root.yaml", "", NULL},
        {"root.yaml", ".", NULL},
        {"root.yaml", "sub/", NULL},
        {"root.yaml", "a\nb", NULL},
    };
    char name[TOC_BUNDLE_NAME_MAX + 1], longest[TOC_BUNDLE_NAME_MAX + 2];
    const char *wrong;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum toc_err err = toc_bundle_resolve(toc_str_of(rows[i].from),
                                              toc_str_of(rows[i].relative), name, &wrong);
        assert_int_equal(err, rows[i].name ? TOC_OK : TOC_ERR_CONFIG);
        if (rows[i].name)
            assert_string_equal(name, rows[i].name);
    }
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(
        toc_bundle_resolve(TOC_STR("r"), toc_str(longest, TOC_BUNDLE_NAME_MAX), name, &wrong),
        TOC_OK);
    assert_int_equal(
        toc_bundle_resolve(TOC_STR("s/r"), toc_str(longest, TOC_BUNDLE_NAME_MAX), name, &wrong),
        TOC_ERR_CONFIG);
    assert_int_equal(
        toc_bundle_resolve(TOC_STR("r"), toc_str(longest, sizeof(longest)), name, &wrong),
        TOC_ERR_CONFIG);
}

/* --- parts of one policy ---------------------------------------------------------------------- */

static void files_without_an_owner_are_parts_of_the_root(void **state)
{
    static const struct file files[] = {{"root.yaml", ROOT("calendars.yaml, slas/all.yaml") ROUTES},
                                        {"calendars.yaml", "policy: 1\n" DAY},
                                        {"slas/all.yaml", "include: ../more.yaml\n" SAFETY},
                                        {"more.yaml", "queues: {expert: {tier: 3}}\n"}};
    struct toc_policy *policy = GOOD(files);
    (void)state;
    assert_int_equal(policy->queue_count, 2);
    assert_string_equal(policy->queues[1].name, "expert");
    assert_int_equal(policy->sla_count, 1);
    toc_policy_free(policy);
}

static void an_error_has_the_place_in_its_own_file(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("a.yaml, sub/b.yaml") "routes: [{rule: all, queue: dsek}]\n"},
        {"a.yaml", "# a comment\nqueues: {expert: {teir: 3, tier: 3}}"},
        {"sub/b.yaml", "calendars: {c: {zone: Nowhere}}\nrouts: x\n"}};
    (void)state;
    BAD(files, "dir/root.yaml:4:29: error: there is no queue 'dsek'\n"
               "    4 | routes: [{rule: all, queue: dsek}]\n"
               "      |                             ^\n"
               "hint: did you mean 'desk'?\n"
               "\n"
               "dir/a.yaml:2:19: error: unknown key 'teir' in queue 'expert'\n"
               "    2 | queues: {expert: {teir: 3, tier: 3}}\n"
               "      |                   ^\n"
               "hint: did you mean 'tier'?\n"
               "\n"
               "dir/sub/b.yaml:1:23: error: unknown zone 'Nowhere'\n"
               "    1 | calendars: {c: {zone: Nowhere}}\n"
               "      |                       ^\n"
               "hint: an IANA name such as UTC or Europe/Berlin, from the system's tzdata\n"
               "\n"
               "dir/sub/b.yaml:2:1: error: unknown key 'routs' in the policy\n"
               "    2 | routs: x\n"
               "      | ^\n"
               "hint: did you mean 'routes'?\n");
}

static void what_is_not_yaml_hides_no_errors_of_other_files(void **state)
{
    static const struct file files[] = {{"root.yaml", ROOT("a.yaml, b.yaml") ROUTES},
                                        {"a.yaml", "\nqueues: [\n"},
                                        {"b.yaml", "queues: {expert: {tier: 4}}\n"}};
    size_t size;
    char *text = PACK(files, &size), *errors = NULL;
    struct toc_policy *policy = NULL;
    (void)state;
    assert_int_equal(toc_policy_parse(toc_str(text, size), NULL, &policy, &errors), TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, "a.yaml:"));
    assert_non_null(strstr(errors, "not YAML"));
    assert_non_null(strstr(errors, "b.yaml:1:25: error: 'tier' has to be"));
    free(errors);
    free(text);
}

static void parts_of_the_root_say_nothing_twice(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("a.yaml") ROUTES},
        {"a.yaml", "queues: {desk: {tier: 2}}\nroutes: [{rule: all, queue: desk}]\n"}};
    (void)state;
    BAD(files, "dir/a.yaml:1:23: error: 'queues.desk.tier' is given twice\n"
               "    1 | queues: {desk: {tier: 2}}\n"
               "      |                       ^\n"
               "hint: the other is at dir/root.yaml:3:23\n"
               "\n"
               "dir/a.yaml:2:17: error: 'routes.all.rule' is given twice\n"
               "    2 | routes: [{rule: all, queue: desk}]\n"
               "      |                 ^\n"
               "hint: the other is at dir/root.yaml:4:17\n"
               "\n"
               "dir/a.yaml:2:29: error: 'routes.all.queue' is given twice\n"
               "    2 | routes: [{rule: all, queue: desk}]\n"
               "      |                             ^\n"
               "hint: the other is at dir/root.yaml:4:29\n");
}

static void includes_in_a_circle_are_named(void **state)
{
    static const struct file files[] = {{"root.yaml", ROOT("a.yaml") ROUTES},
                                        {"a.yaml", "include: b.yaml\n"},
                                        {"b.yaml", "include: a.yaml\n"}};
    static const struct file self[] = {{"root.yaml", ROOT("root.yaml") ROUTES}};
    (void)state;
    BAD(files, "dir/b.yaml:1:10: error: the includes go in a circle\n"
               "    1 | include: a.yaml\n"
               "      |          ^\n"
               "hint: a.yaml, b.yaml, and a.yaml again\n");
    BAD(self, "dir/root.yaml:2:11: error: the includes go in a circle\n"
              "    2 | include: [root.yaml]\n"
              "      |           ^\n"
              "hint: root.yaml, and root.yaml again\n");
}

static void a_file_is_included_once_and_by_somebody(void **state)
{
    static const struct file twice[] = {{"root.yaml", ROOT("a.yaml, ./a.yaml") ROUTES},
                                        {"a.yaml", "queues: {b: {tier: 1}}\n"}};
    static const struct file unused[] = {{"root.yaml", ROOT("") ROUTES}, {"a.yaml", "x: 1\n"}};
    static const struct file missing[] = {{"root.yaml", ROOT("a.yaml, ../../etc/passwd") ROUTES}};
    (void)state;
    BAD(twice, "dir/root.yaml:2:19: error: 'a.yaml' is included twice\n"
               "    2 | include: [a.yaml, ./a.yaml]\n"
               "      |                   ^\n"
               "hint: first by dir/root.yaml:2:11\n");
    BAD(unused, "dir/a.yaml:1:1: error: no file includes 'a.yaml'\n"
                "    1 | x: 1\n"
                "      | ^\n");
    BAD(missing, "dir/root.yaml:2:11: error: 'a.yaml' is not part of this text\n"
                 "    2 | include: [a.yaml, ../../etc/passwd]\n"
                 "      |           ^\n"
                 "hint: tocsin policy check and apply read the files around a policy\n"
                 "\n"
                 "dir/root.yaml:2:19: error: '../../etc/passwd' is outside the directory of the "
                 "policy's first file\n"
                 "    2 | include: [a.yaml, ../../etc/passwd]\n"
                 "      |                   ^\n");
}

static void includes_go_only_so_deep(void **state)
{
    struct file files[12];
    char names[12][16], texts[12][64];
    size_t size;
    char *text, *errors = NULL;
    struct toc_policy *policy = NULL;
    (void)state;
    for (int i = 0; i < 12; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "f%d", i);
        (void)snprintf(texts[i], sizeof(texts[i]), "include: f%d\n", i + 1);
        files[i] = (struct file){names[i], texts[i]};
    }
    text = PACK(files, &size);
    assert_int_equal(toc_policy_parse(toc_str(text, size), NULL, &policy, &errors), TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, "f8:1:1: error: includes deeper than 8 files"));
    free(errors);
    free(text);
}

static void a_plain_text_includes_nothing(void **state)
{
    (void)state;
    assert_errors(TOC_STR(ROOT("a.yaml") ROUTES),
                  "dir/root.yaml:2:11: error: 'a.yaml' is not part of this text\n"
                  "    2 | include: [a.yaml]\n"
                  "      |           ^\n"
                  "hint: tocsin policy check and apply read the files around a policy\n");
}

/* --- overlays --------------------------------------------------------------------------------- */

static void an_overlay_changes_what_is_not_locked(void **state)
{
    static const struct file files[] = {
        {"root.yaml",
         ROOT("br.yaml") DAY SAFETY "routes: [{rule: all, queue: desk, sla: safety}]\n"},
        {"br.yaml", "overlay: {owner: latam}\n"
                    "queues: {desk: {tier: 2}, recife: {tier: 1}}\n"
                    "slas: {safety: {clocks: {resolution: {targets: {P1: 2h}, warn: [90]}}}}\n"}};
    struct toc_policy *policy = GOOD(files);
    const struct toc_clock_rule *clock = &policy->slas[0].clocks[0];
    (void)state;
    assert_int_equal(policy->queue_count, 2);
    assert_int_equal(policy->queues[0].tier, 2);
    assert_int_equal(clock->targets[1].ms, 2 * TOC_HOUR_MS);
    assert_int_equal(clock->targets[2].ms, 4 * TOC_HOUR_MS);
    assert_int_equal(clock->warn_count, 1);
    toc_policy_free(policy);
}

static void what_is_locked_may_get_tighter(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("br.yaml") "locked: [slas.safety]\n" DAY SAFETY
                                      "routes: [{rule: all, queue: desk, sla: safety}]\n"},
        {"br.yaml", "overlay: {owner: latam}\n"
                    "slas:\n"
                    "  safety:\n"
                    "    clocks:\n"
                    "      resolution: {targets: {P1: 30m, P2: 240m}, warn: [40, 80, 90]}\n"
                    "      first_reply: {targets: {default: 5m}}\n"}};
    struct toc_policy *policy = GOOD(files);
    (void)state;
    assert_int_equal(policy->slas[0].clocks[0].targets[1].ms, 30 * TOC_MINUTE_MS);
    assert_int_equal(policy->slas[0].clock_count, 2);
    toc_policy_free(policy);
}

static void a_locked_retention_may_only_get_shorter(void **state)
{
    static const char root[] =
        ROOT("br.yaml") "locked: [retention]\n" ROUTES "retention: {body: 30d}\n";
    static const struct file shorter[] = {
        {"root.yaml", root},
        {"br.yaml", "overlay: {owner: latam}\nretention: {body: 20d, raw: 5d}\n"}};
    static const struct file longer[] = {
        {"root.yaml", root}, {"br.yaml", "overlay: {owner: latam}\nretention: {body: 40d}\n"}};
    struct toc_policy *policy = GOOD(shorter);
    (void)state;
    assert_int_equal(toc_policy_retention_ms(policy, "body"), 20 * TOC_DAY_MS);
    assert_int_equal(toc_policy_retention_ms(policy, "raw"), 5 * TOC_DAY_MS);
    toc_policy_free(policy);
    BAD(longer, "dir/br.yaml:2:19: error: 'retention.body' is locked and may only get tighter\n"
                "    2 | retention: {body: 40d}\n"
                "      |                   ^\n"
                "hint: locked by dir/root.yaml:4:10; '30d' at dir/root.yaml:6:19\n");
}

static void what_is_locked_may_not_get_looser(void **state)
{
    static const struct file files[] = {
        {"root.yaml",
         ROOT("br.yaml") "locked: [slas.safety, triage.child, \"queues.*.tier\"]\n" DAY SAFETY
             ROUTES "triage: [{rule: child, set: {priority: P1}}]\n"},
        {"br.yaml", "overlay: {owner: latam}\n"
                    "queues: {desk: {tier: 2}}\n"
                    "triage: [{rule: child, set: {priority: P2}}]\n"
                    "slas:\n"
                    "  safety:\n"
                    "    pause_on: [pending]\n"
                    "    clocks:\n"
                    "      resolution:\n"
                    "        targets: {P1: 61m, P2: 5h, default: none}\n"
                    "        warn: [60, 80]\n"}};
    (void)state;
    BAD(files, "dir/br.yaml:2:23: error: 'queues.desk.tier' is locked and may only get tighter\n"
               "    2 | queues: {desk: {tier: 2}}\n"
               "      |                       ^\n"
               "hint: locked by dir/root.yaml:4:37; '1' at dir/root.yaml:3:23\n"
               "\n"
               "dir/br.yaml:3:40: error: 'triage.child.set.priority' is locked and may only get "
               "tighter\n"
               "    3 | triage: [{rule: child, set: {priority: P2}}]\n"
               "      |                                        ^\n"
               "hint: locked by dir/root.yaml:4:23; 'P1' at dir/root.yaml:12:40\n"
               "\n"
               "dir/br.yaml:6:15: error: 'slas.safety.pause_on' is locked and may only get "
               "tighter\n"
               "    6 |     pause_on: [pending]\n"
               "      |               ^\n"
               "hint: locked by dir/root.yaml:4:10: nothing may be added\n"
               "\n"
               "dir/br.yaml:9:23: error: 'slas.safety.clocks.resolution.targets.P1' is locked and "
               "may only get tighter\n"
               "    9 |         targets: {P1: 61m, P2: 5h, default: none}\n"
               "      |                       ^\n"
               "hint: locked by dir/root.yaml:4:10; '1h' at dir/root.yaml:10:34\n"
               "\n"
               "dir/br.yaml:9:32: error: 'slas.safety.clocks.resolution.targets.P2' is locked and "
               "may only get tighter\n"
               "    9 |         targets: {P1: 61m, P2: 5h, default: none}\n"
               "      |                                ^\n"
               "hint: locked by dir/root.yaml:4:10; '4h' at dir/root.yaml:10:47\n"
               "\n"
               "dir/br.yaml:9:45: error: 'slas.safety.clocks.resolution.targets.default' is locked "
               "and may only get tighter\n"
               "    9 |         targets: {P1: 61m, P2: 5h, default: none}\n"
               "      |                                             ^\n"
               "hint: locked by dir/root.yaml:4:10; '4h' at dir/root.yaml:10:47\n"
               "\n"
               "dir/br.yaml:10:15: error: 'slas.safety.clocks.resolution.warn' is locked and may "
               "only get tighter\n"
               "   10 |         warn: [60, 80]\n"
               "      |               ^\n"
               "hint: locked by dir/root.yaml:4:10; the value at dir/root.yaml:10:58\n");
}

static void a_lock_is_of_something(void **state)
{
    (void)state;
    assert_errors(TOC_STR("policy: 1\nlocked: [slas.safety, queues.desk]\n"
                          "queues: {desk: {tier: 1}}\n" ROUTES),
                  "dir/root.yaml:2:10: error: there is no 'slas.safety' to lock\n"
                  "    2 | locked: [slas.safety, queues.desk]\n"
                  "      |          ^\n"
                  "hint: the keys and names that lead to it, for example slas.safety or "
                  "triage.child-safety; '*' stands for one name\n");
}

static void only_the_root_locks_and_is_no_overlay(void **state)
{
    static const struct file files[] = {
        {"root.yaml", "overlay: {owner: me}\n" ROOT("br.yaml") ROUTES},
        {"br.yaml", "overlay: {region: BR}\nlocked: [queues]\n"}};
    (void)state;
    BAD(files, "dir/root.yaml:1:1: error: the first file of a policy is no overlay\n"
               "    1 | overlay: {owner: me}\n"
               "      | ^\n"
               "hint: check the file that includes this one\n"
               "\n"
               "dir/br.yaml:1:10: error: 'overlay' has no 'owner'\n"
               "    1 | overlay: {region: BR}\n"
               "      |          ^\n"
               "\n"
               "dir/br.yaml:2:1: error: an overlay locks nothing\n"
               "    2 | locked: [queues]\n"
               "      | ^\n"
               "hint: the files that are no overlay say what is locked\n");
}

static void two_overlays_agree_or_are_both_named(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("br.yaml, in.yaml") ROUTES},
        {"br.yaml", "overlay: {owner: latam}\nqueues: {desk: {tier: 2}, new: {tier: 1}}\n"},
        {"in.yaml", "overlay: {owner: india}\nqueues: {new: {tier: 1}, desk: {tier: 3}}\n"}};
    (void)state;
    BAD(files, "dir/in.yaml:2:39: error: 'queues.desk.tier' is set differently by two overlays\n"
               "    2 | queues: {new: {tier: 1}, desk: {tier: 3}}\n"
               "      |                                       ^\n"
               "hint: the other is at dir/br.yaml:2:23\n");
}

/* --- rules ------------------------------------------------------------------------------------ */

static void rules_of_overlays_stand_where_the_root_says_and_are_for_their_region(void **state)
{
    static const struct file files[] = {
        {"root.yaml",
         ROOT("br.yaml, in.yaml") "routes:\n"
                                  "  - {rule: safety, when: {risk: [severe]}, queue: desk}\n"
                                  "  - included\n"
                                  "  - {rule: all, queue: desk}\n"},
        {"br.yaml", "overlay: {owner: latam, region: [BR, MX]}\n"
                    "routes:\n"
                    "  - {rule: brazil, when: {region: BR, channel: chat}, queue: desk}\n"
                    "  - {rule: latam, queue: desk}\n"},
        {"in.yaml", "overlay: {owner: india, region: IN, language: [hi*]}\n"
                    "routes:\n"
                    "  - {rule: india, when: {channel: [chat]}, queue: desk}\n"}};
    static const char *const names[] = {"safety", "brazil", "latam", "india", "all"};
    struct toc_policy *policy = GOOD(files);
    (void)state;
    assert_int_equal(policy->route_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(policy->routes[i].name, names[i]);
    assert_int_equal(policy->routes[1].when.test_count, 2);
    assert_int_equal(policy->routes[2].when.test_count, 1);
    assert_int_equal(policy->routes[3].when.test_count, 3);
    toc_policy_free(policy);
}

static void without_such_a_place_they_stand_at_the_end(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("a.yaml") ROUTES "alerts: [{rule: a, on: opened, severity: info}]\n"},
        {"a.yaml", "alerts: [{rule: b, on: opened, severity: info}]\n"
                   "triage: [{rule: t, set: {priority: P1}}]\n"}};
    struct toc_policy *policy = GOOD(files);
    (void)state;
    assert_int_equal(policy->alert_count, 2);
    assert_string_equal(policy->alerts[1].name, "b");
    assert_int_equal(policy->triage_count, 1);
    toc_policy_free(policy);
}

static void a_rule_asks_only_for_what_its_overlay_is_for(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("br.yaml") "routes: [included, {rule: all, queue: desk}]\n"},
        {"br.yaml", "overlay: {owner: latam, region: [BR]}\n"
                    "routes: [{rule: us, when: {region: [BR, US]}, queue: desk}]\n"}};
    (void)state;
    BAD(files, "dir/br.yaml:2:41: error: 'US' is not what this overlay is for\n"
               "    2 | routes: [{rule: us, when: {region: [BR, US]}, queue: desk}]\n"
               "      |                                         ^\n"
               "hint: its 'overlay' names the region that its rules may ask for\n");
}

static void an_overlay_asks_for_its_region_in_every_alert(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("br.yaml") ROUTES},
        {"br.yaml", "overlay: {owner: latam, region: [BR]}\n"
                    "alerts: [{rule: a, on: breached, when: {queue: desk}, severity: info}, "
                    "{rule: b, on: opened, severity: info}]\n"}};
    struct toc_policy *policy = GOOD(files);
    (void)state;
    assert_int_equal(policy->alerts[0].when.test_count, 2);
    assert_int_equal(policy->alerts[0].when.tests[0].field, TOC_FIELD_QUEUE);
    assert_int_equal(policy->alerts[0].when.tests[1].field, TOC_FIELD_REGION);
    assert_int_equal(policy->alerts[1].when.test_count, 1);
    assert_int_equal(policy->alerts[1].when.tests[0].field, TOC_FIELD_REGION);
    toc_policy_free(policy);
}

static void a_locked_list_takes_no_rule(void **state)
{
    static const struct file files[] = {
        {"root.yaml",
         ROOT("br.yaml") "locked: triage\n"
                         "triage: [included, {rule: all, set: {priority: P4}}]\n" ROUTES},
        {"br.yaml", "overlay: {owner: latam}\ntriage: [{rule: mine, set: {priority: P1}}]\n"}};
    (void)state;
    BAD(files, "dir/br.yaml:2:10: error: 'triage.mine' is locked and may only get tighter\n"
               "    2 | triage: [{rule: mine, set: {priority: P1}}]\n"
               "      |          ^\n"
               "hint: locked by dir/root.yaml:4:9: nothing may be added\n");
}

/* --- the tree --------------------------------------------------------------------------------- */

static void every_value_has_its_place_and_owner(void **state)
{
    static const struct file files[] = {
        {"root.yaml", ROOT("br.yaml") ROUTES},
        {"br.yaml", "overlay: {owner: latam}\ninclude: more.yaml\nqueues: {desk: {tier: 2}}\n"},
        {"more.yaml", "queues: {new: {tier: 3}}\n"}};
    struct toc_policy_tree *tree = NULL;
    struct toc_diag_place place;
    size_t size;
    char *text = PACK(files, &size);
    (void)state;
    assert_int_equal(toc_policy_tree_read(toc_str(text, size), "r.yaml", &tree), TOC_OK);
    const struct toc_yaml *queues = toc_yaml_get(tree->root, "queues");
    const struct toc_yaml *tier = toc_yaml_get(toc_yaml_get(queues, "desk"), "tier");
    toc_diag_find(&tree->diag, tier->offset, &place);
    assert_string_equal(place.file, "br.yaml");
    assert_int_equal(place.line, 3);
    size_t at = toc_diag_file_of(&tree->diag, toc_yaml_get(queues, "new")->offset);
    assert_int_equal(at, 2);
    assert_true(toc_str_equal(tree->owners[2], TOC_STR("latam")));
    assert_true(toc_str_equal(tree->owners[0], TOC_STR("")));
    assert_null(toc_yaml_get(tree->root, "include"));
    toc_policy_tree_free(tree);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_keeps_the_bytes_of_its_files),
        cmocka_unit_test(what_is_no_bundle_byte_for_byte_is_refused),
        cmocka_unit_test(a_bundle_has_so_many_parts),
        cmocka_unit_test(a_name_counts_from_the_file_that_gives_it),
        cmocka_unit_test(files_without_an_owner_are_parts_of_the_root),
        cmocka_unit_test(an_error_has_the_place_in_its_own_file),
        cmocka_unit_test(what_is_not_yaml_hides_no_errors_of_other_files),
        cmocka_unit_test(parts_of_the_root_say_nothing_twice),
        cmocka_unit_test(includes_in_a_circle_are_named),
        cmocka_unit_test(a_file_is_included_once_and_by_somebody),
        cmocka_unit_test(includes_go_only_so_deep),
        cmocka_unit_test(a_plain_text_includes_nothing),
        cmocka_unit_test(an_overlay_changes_what_is_not_locked),
        cmocka_unit_test(what_is_locked_may_get_tighter),
        cmocka_unit_test(a_locked_retention_may_only_get_shorter),
        cmocka_unit_test(what_is_locked_may_not_get_looser),
        cmocka_unit_test(a_lock_is_of_something),
        cmocka_unit_test(only_the_root_locks_and_is_no_overlay),
        cmocka_unit_test(two_overlays_agree_or_are_both_named),
        cmocka_unit_test(rules_of_overlays_stand_where_the_root_says_and_are_for_their_region),
        cmocka_unit_test(without_such_a_place_they_stand_at_the_end),
        cmocka_unit_test(a_rule_asks_only_for_what_its_overlay_is_for),
        cmocka_unit_test(an_overlay_asks_for_its_region_in_every_alert),
        cmocka_unit_test(a_locked_list_takes_no_rule),
        cmocka_unit_test(every_value_has_its_place_and_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
