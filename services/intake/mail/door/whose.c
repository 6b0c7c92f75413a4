#include "services/intake/mail/door/door_impl.h"
#include "services/intake/thread.h"

void door_name_references(struct target *target)
{
    const struct letter *letter = &target->letter;
    const struct mail *mail = letter->mail;
    for (size_t i = 0; i < mail->reference_count && i < DOOR_REFERENCES_MAX; i++)
        thread_name(letter->issue_key, letter->box->source, mail->references[i],
                    target->references[target->reference_count++]);
}

static bool is_answer_to(const struct target *target, const struct job *job)
{
    for (size_t i = 0; i < target->reference_count; i++)
        for (size_t k = 0; k < job->target_count; k++)
            if (memcmp(job->targets[k].letter.hash, target->references[i], TOC_ID) == 0)
                return true;
    return false;
}

static bool answers_one(const struct job *job, const struct job *list, const struct job *end)
{
    for (; list != end; list = list->next)
        for (size_t i = 0; i < job->target_count; i++)
            if (is_answer_to(&job->targets[i], list))
                return true;
    return false;
}

bool door_has_to_wait(const struct mail_door *door, const struct job *job)
{
    for (const struct job *other = door->reading; other != NULL; other = other->next)
        if (job->mail.reference_count > 0 && other->number < job->number)
            return true;
    return answers_one(job, door->waiting, NULL) || answers_one(job, door->ready, job);
}

/* By its references: of mails that a publisher told of, or that came here. The publisher counts
 * first, because anybody may send a mail with an id that can be guessed. */
static enum toc_err find_thread(struct toc_txn *txn, struct target *target, toc_time_ms now_ms)
{
    struct letter *letter = &target->letter;
    for (size_t i = 0; i < target->reference_count; i++) {
        uint8_t told[TOC_ID];
        thread_name(letter->issue_key, "", letter->mail->references[i], told);
        enum toc_err err = thread_find(txn, told, now_ms, letter->issue);
        if (err == TOC_NONE)
            err = thread_find(txn, target->references[i], now_ms, letter->issue);
        if (err != TOC_NONE)
            return err;
    }
    return TOC_NONE;
}

static enum toc_err find_issue(struct toc_txn *txn, struct target *target, toc_time_ms now_ms)
{
    struct letter *letter = &target->letter;
    uint32_t count = 0;
    letter->is_known = target->by_address;
    if (!target->by_address && letter->mail->kind != MAIL_ABUSE) {
        enum toc_err err = find_thread(txn, target, now_ms);
        TOC_TRY(err);
        letter->is_known = err == TOC_OK;
    }
    if (letter->is_known)
        TOC_TRY(thread_count(txn, letter->issue, now_ms, &count));
    letter->of_machine = letter->of_machine || count >= THREAD_MAIL_MAX;
    return TOC_OK;
}

/* Reading begins when nothing is open for writing: then the rows are those of the log. */
enum toc_err door_find_issues(struct mail_door *door, struct job *job)
{
    struct toc_txn *txn;
    enum toc_err err = TOC_OK;
    TOC_TRY(toc_run_commit(door->run, toc_program_now()));
    TOC_TRY(toc_txn_begin_read(toc_run_store(door->run), &txn));
    toc_time_ms now_ms = toc_run_log_ms(door->run);
    for (size_t i = 0; err == TOC_OK && i < job->target_count; i++)
        if (job->targets[i].first == i)
            err = find_issue(txn, &job->targets[i], now_ms);
    toc_txn_abort(txn);
    return err;
}

bool door_may_be_answer(const struct job *job)
{
    bool by_address = false;
    for (size_t i = 0; i < job->target_count; i++)
        by_address = by_address || job->targets[i].by_address;
    return by_address || job->mail.reference_count > 0;
}
