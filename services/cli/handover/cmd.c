/* `tocsin handover`: what the next one on call has to know of a stretch of time. */
#include "services/cli/commands.h"
#include "services/cli/handover/report.h"
#include "services/cli/moment.h"
#include "services/cli/oncall/roster.h"
#include "services/cli/when.h"
#include "services/cli/whole_log.h"

#define AGO_MS (12 * TOC_HOUR_MS) /* without --from */

static struct view view;
static const char *from_text, *to_text, *schedule, *zone_name, *format;
static int64_t budget;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"from", TOC_CONF_TEXT, &from_text, NULL, 0, 0, "T",
     "begin: \"2026-03-01 21:00\" in the zone, 2026-03-01T20:00:00Z, or how long ago: -12h, which "
     "is the default"},
    {"to", TOC_CONF_TEXT, &to_text, NULL, 0, 0, "T",
     "end, the default is now; what happens at that instant is behind it"},
    {"schedule", TOC_CONF_TEXT, &schedule, NULL, 0, 0, "NAME",
     "its shifts alone; without --from and --to the shift that was the last to end"},
    {"zone", TOC_CONF_TEXT, &zone_name, NULL, 0, 0, "ZONE",
     "in which times are read and shown: Europe/Dublin; without it the reader's"},
    {"format", TOC_CONF_TEXT, &format, "text", 0, 0, "FORMAT", "text, markdown or json"},
    {"budget", TOC_CONF_NUMBER, &budget, NULL, 0, 100000, "N",
     "pages that may ring in a shift, and whoever had none; without it the schedule's `budget` in "
     "the policy, or 2, of shifts alone; what had more is marked"},
};

/* What a report is made of, and its terms. */
struct job {
    struct handover handover;
    struct handover_shifts shifts;
    struct roster roster;
    const struct duty *duty; /* that is asked for; NULL: all */
    struct toc_tz *zone;
    toc_time_ms now_ms, from_ms, to_ms;
    enum toc_err err;
};

/* --- which stretch ------------------------------------------------------------------------ */

static bool read_when(const struct job *job, const char *name, const char *text, toc_time_ms preset,
                      toc_time_ms *out)
{
    *out = preset;
    if (text == NULL || when_read(toc_str_of(text), job->zone, job->now_ms, out))
        return true;
    fprintf(stderr, "%s: --%s %s: no time; as in 2026-03-01, '2026-03-01 09:30', -8h\n", view.who,
            name, text);
    return false;
}

static int read_stretch(struct job *job)
{
    if (!read_when(job, "from", from_text, job->now_ms - AGO_MS, &job->from_ms) ||
        !read_when(job, "to", to_text, job->now_ms, &job->to_ms))
        return CLI_USAGE;
    if (job->to_ms > job->now_ms)
        job->to_ms = job->now_ms;
    if (job->to_ms > job->from_ms)
        return CLI_DONE;
    fprintf(stderr, "%s: --from is %s\n", view.who,
            job->from_ms < job->now_ms ? "not before --to" : "to come");
    return CLI_USAGE;
}

static int take_last_shift(struct job *job)
{
    struct toc_shift shift;
    if (!shifts_last(job->duty, job->now_ms, &shift)) {
        fprintf(stderr, "%s: no shift of %s has ended yet: give --from and --to\n", view.who,
                schedule);
        return CLI_FAILED;
    }
    job->from_ms = shift.from_ms;
    job->to_ms = shift.until_ms;
    return CLI_DONE;
}

static int find_stretch(struct job *job)
{
    if (schedule != NULL) {
        job->duty = roster_find(&view, &job->roster, schedule);
        if (job->duty == NULL)
            return CLI_FAILED;
        if (from_text == NULL && to_text == NULL)
            return take_last_shift(job);
    }
    return read_stretch(job);
}

/* --- the report --------------------------------------------------------------------------- */

static bool take_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct job *job = arg;
    bool more = false;
    (void)bytes;
    job->err = handover_record(&job->handover, &view.arena, record, &more);
    return job->err == TOC_OK && more;
}

static enum toc_err begin(struct job *job)
{
    const struct roster *roster = &job->roster;
    handover_init(&job->handover, job->from_ms, job->to_ms);
    return shifts_find(&job->shifts, &job->handover, job->duty != NULL ? job->duty : roster->duties,
                       job->duty != NULL ? 1 : roster->count);
}

static enum toc_err count(struct job *job)
{
    TOC_TRY(shifts_count(&job->shifts, &job->handover, budget));
    return handover_end(&job->handover, job->zone);
}

static bool write_report(const struct job *job)
{
    const struct handover_report report = {.handover = &job->handover,
                                           .shifts = &job->shifts,
                                           .schedules = job->roster.count > 0,
                                           .zone = job->zone,
                                           .budget = budget};
    if (!view.json && strcmp(format, "json") != 0)
        return handover_write(&report, &view.print, strcmp(format, "markdown") == 0);
    handover_json(&report, stdout);
    return true;
}

static int report_on(struct job *job)
{
    const struct whole_log log = {
        .service = "notifier", .what = "reading alerts", .on_record = take_record, .arg = job};
    bool stopped;
    job->err = begin(job);
    client_catch_interrupts();
    if (job->err == TOC_OK && whole_log_read(&view, &log, &stopped) != CLI_DONE)
        return CLI_FAILED;
    if (job->err == TOC_OK)
        job->err = count(job);
    if (job->err == TOC_OK && !write_report(job))
        job->err = TOC_ERR_MEMORY;
    if (job->err != TOC_OK)
        fprintf(stderr, "%s: %s\n", view.who, toc_err_text(job->err));
    return job->err == TOC_OK ? CLI_DONE : CLI_FAILED;
}

/* --- the command -------------------------------------------------------------------------- */

static bool is_known(const char *wanted)
{
    static const char *const formats[] = {"text", "markdown", "json"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (strcmp(wanted, formats[i]) == 0)
            return true;
    fprintf(stderr, "%s: --format is text, markdown or json, not '%s'\n", view.who, wanted);
    return false;
}

static int run(void)
{
    struct job job = {.now_ms = moment_now()};
    if (!is_known(format))
        return CLI_USAGE;
    job.zone = when_zone(view.who, zone_name);
    int code = job.zone != NULL ? roster_of_suite(&view, &job.roster) : CLI_USAGE;
    if (code == CLI_DONE)
        code = find_stretch(&job);
    if (code == CLI_DONE)
        code = report_on(&job);
    handover_done(&job.handover);
    shifts_done(&job.shifts);
    roster_done(&job.roster);
    toc_tz_free(job.zone);
    return code;
}

int cmd_handover(int argc, char **argv)
{
    const struct toc_conf conf = {
        .program = "tocsin handover",
        .summary =
            "What the next one on call has to know: what is open and who has it, what fired,\n"
            "who acknowledged it and how fast, what got past its first step, how often\n"
            "people were rung and how often at night (22:00 to 08:00), which rules are noise,\n"
            "what is silenced, and pages that reached nobody.",
        .more = "The shift that has just ended, in Markdown:\n"
                "  tocsin handover --schedule safety-primary --format markdown\n"
                "A week of every schedule:\n"
                "  tocsin handover --from -7d\n"
                "A night:\n"
                "  tocsin handover --from \"2026-03-01 21:00\" --to \"2026-03-02 09:00\" \\\n"
                "      --zone Europe/Dublin\n\n"
                "A shift is counted from its beginning, with what rang its people by whatever\n"
                "path. Of a suite that was stopped, --data is read.\n",
        .options = options,
        .option_count = sizeof(options) / sizeof(options[0]),
    };
    int code;
    budget = -1;
    if (view_begin(&view, &conf, argc, argv, NULL, &code))
        code = run();
    view_end(&view);
    return code;
}
