/* `tocsin handover`: what the next one on call has to know of a stretch of time. */
#include "services/cli/commands.h"
#include "services/cli/handover/report.h"
#include "services/cli/moment.h"
#include "services/cli/when.h"
#include "services/cli/whole_log.h"

static struct view view;
static const char *from_text, *to_text, *zone_name, *format;
static int64_t budget;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"from", TOC_CONF_TEXT, &from_text, "-12h", 0, 0, "T",
     "begin: \"2026-03-01 21:00\" in the zone, 2026-03-01T20:00:00Z, or how long ago: -12h"},
    {"to", TOC_CONF_TEXT, &to_text, "now", 0, 0, "T",
     "end; what happens at that instant is behind it"},
    {"zone", TOC_CONF_TEXT, &zone_name, NULL, 0, 0, "ZONE",
     "in which times are read and shown: Europe/Dublin; without it the reader's"},
    {"format", TOC_CONF_TEXT, &format, "text", 0, 0, "FORMAT", "text, markdown or json"},
    {"budget", TOC_CONF_NUMBER, &budget, "2", 0, 100000, "N",
     "pages that may ring one person in that time; who had more is marked"},
};

struct job {
    struct handover handover;
    enum toc_err err;
};

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct job *job = arg;
    bool more = false;
    (void)bytes;
    job->err = handover_record(&job->handover, &view.arena, record, &more);
    return job->err == TOC_OK && more;
}

static bool read_when(const char *name, const char *text, const struct toc_tz *zone,
                      toc_time_ms now_ms, toc_time_ms *out)
{
    if (when_read(toc_str_of(text), zone, now_ms, out))
        return true;
    fprintf(stderr, "%s: --%s is no time: '%s'\n", view.who, name, text);
    return false;
}

static bool is_known(const char *wanted)
{
    static const char *const formats[] = {"text", "markdown", "json"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(wanted, formats[i]) == 0)
            return true;
    fprintf(stderr, "%s: --format is text, markdown or json, not '%s'\n", view.who, wanted);
    return false;
}

static int write_report(const struct job *job, const struct toc_tz *zone)
{
    const struct handover_report report = {
        .handover = &job->handover, .zone = zone, .budget = budget};
    bool done = true;
    if (view.json || strcmp(format, "json") == 0)
        handover_json(&report, stdout);
    else
        done = handover_write(&report, &view.print, strcmp(format, "markdown") == 0);
    if (!done)
        fprintf(stderr, "%s: out of memory\n", view.who);
    return done ? CLI_DONE : CLI_FAILED;
}

static int report_on(struct job *job, const struct toc_tz *zone)
{
    const struct whole_log log = {
        .service = "notifier", .what = "reading alerts", .on_record = take_record, .arg = job};
    bool stopped;
    client_catch_interrupts();
    if (whole_log_read(&view, &log, &stopped) != CLI_DONE)
        return CLI_FAILED;
    if (job->err == TOC_OK)
        job->err = handover_end(&job->handover, zone);
    if (job->err == TOC_OK)
        return write_report(job, zone);
    fprintf(stderr, "%s: %s\n", view.who, toc_err_text(job->err));
    return CLI_FAILED;
}

static int run(const struct toc_tz *zone)
{
    toc_time_ms now_ms = moment_now(), from_ms, to_ms;
    struct job job = {.err = TOC_OK};
    if (!read_when("from", from_text, zone, now_ms, &from_ms) ||
        !read_when("to", to_text, zone, now_ms, &to_ms) || !is_known(format))
        return CLI_USAGE;
    if (to_ms <= from_ms) {
        fprintf(stderr, "%s: --to is not after --from\n", view.who);
        return CLI_USAGE;
    }
    handover_init(&job.handover, from_ms, to_ms < now_ms ? to_ms : now_ms);
    int code = report_on(&job, zone);
    handover_done(&job.handover);
    return code;
}

int cmd_handover(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin handover",
        .summary =
            "What the next one on call has to know: what is open and who has it, what fired,\n"
            "who acknowledged it and how fast, what got past its first step, how often people\n"
            "were rung and how often at night (22:00 to 08:00), which rules are noise, what is\n"
            "silenced, and pages that reached nobody.",
        .more = "tocsin handover --from \"2026-03-01 21:00\" --to \"2026-03-02 09:00\" "
                "--zone Europe/Dublin\ntocsin handover --from -12h --format markdown > handover.md",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    if (view_begin(&view, &conf, argc, argv, NULL, &code)) {
        struct toc_tz *zone = when_zone(view.who, zone_name);
        code = zone != NULL ? run(zone) : CLI_USAGE;
        toc_tz_free(zone);
    }
    view_end(&view);
    return code;
}
