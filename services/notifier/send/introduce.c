#include "services/notifier/send/introduce.h"

#include <stdlib.h>

/* Who is to be told of. */
struct news {
    bool *differs; /* by the place in the file */
    bool anybody;  /* whether there is a file at all */
    char (*gone)[CONTACTS_NAME_MAX + 1];
    size_t gone_count;
};

static Tocsin__V1__Contact absent(const char *person, bool gone)
{
    Tocsin__V1__Contact contact = TOCSIN__V1__CONTACT__INIT;
    contact.person = toc_wire_text(person);
    contact.gone = gone;
    return contact;
}

/* --- reading ------------------------------------------------------------------------------ */

static enum toc_err note_gone(const struct introduction *to, struct news *news, const char *person)
{
    bool listed = to->contacts != NULL && contacts_find(to->contacts, person) != NULL;
    if (listed || strcmp(person, NOTIFIER_ANYBODY) == 0)
        return TOC_OK;
    void *more = realloc(news->gone, (news->gone_count + 1) * sizeof(*news->gone));
    if (more == NULL)
        return TOC_ERR_MEMORY;
    news->gone = more;
    toc_str_copy(news->gone[news->gone_count++], sizeof(*news->gone), toc_str_of(person));
    return TOC_OK;
}

static enum toc_err find_gone(const struct introduction *to, struct toc_txn *txn, struct news *news)
{
    Tocsin__V1__Contact *row;
    char after[CONTACTS_NAME_MAX + 1] = "";
    enum toc_err err;
    toc_arena_reset(to->arena, 0);
    while ((err = notifier_contact_after(txn, to->arena, after, &row)) == TOC_OK) {
        TOC_TRY(note_gone(to, news, row->person));
        toc_str_copy(after, sizeof(after), toc_str_of(row->person));
        toc_arena_reset(to->arena, 0);
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err find_changed(const struct introduction *to, struct toc_txn *txn,
                                 struct news *news)
{
    const struct contacts *contacts = to->contacts;
    bool known;
    for (size_t i = 0; contacts != NULL && i < contacts->count; i++) {
        Tocsin__V1__Contact contact;
        toc_arena_reset(to->arena, 0);
        TOC_TRY(contacts_tell(&contacts->rows[i], to->key, to->arena, &contact));
        TOC_TRY(notifier_knows_contact(txn, to->arena, &contact, &known));
        news->differs[i] = !known;
    }
    const Tocsin__V1__Contact anybody = absent(NOTIFIER_ANYBODY, contacts == NULL);
    TOC_TRY(notifier_knows_contact(txn, to->arena, &anybody, &known));
    news->anybody = !known;
    return find_gone(to, txn, news);
}

/* --- telling ------------------------------------------------------------------------------ */

static enum toc_err tell(const struct introduction *to, Tocsin__V1__Contact *contact,
                         struct toc_now now, bool *told)
{
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    struct toc_str bytes;
    word.contact = contact;
    *told = true;
    TOC_TRY(toc_wire_pack(to->arena, &word, &bytes));
    return toc_run_outcome(to->run, bytes, now);
}

static enum toc_err tell_absent(const struct introduction *to, const char *person, bool gone,
                                struct toc_now now, bool *told)
{
    Tocsin__V1__Contact contact = absent(person, gone);
    toc_arena_reset(to->arena, 0);
    return tell(to, &contact, now, told);
}

static enum toc_err tell_all(const struct introduction *to, const struct news *news,
                             struct toc_now now, bool *told)
{
    const struct contacts *contacts = to->contacts;
    for (size_t i = 0; contacts != NULL && i < contacts->count; i++) {
        Tocsin__V1__Contact contact;
        if (!news->differs[i])
            continue;
        toc_arena_reset(to->arena, 0);
        TOC_TRY(contacts_tell(&contacts->rows[i], to->key, to->arena, &contact));
        TOC_TRY(tell(to, &contact, now, told));
    }
    for (size_t i = 0; i < news->gone_count; i++)
        TOC_TRY(tell_absent(to, news->gone[i], true, now, told));
    return news->anybody ? tell_absent(to, NOTIFIER_ANYBODY, contacts == NULL, now, told) : TOC_OK;
}

enum toc_err introduce(const struct introduction *to, struct toc_now now, bool *out_told)
{
    struct news news = {.differs = NULL};
    struct toc_txn *txn;
    *out_told = false;
    news.differs = calloc((to->contacts != NULL ? to->contacts->count : 0) + 1, sizeof(bool));
    if (news.differs == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = toc_txn_begin_read(toc_run_store(to->run), &txn);
    if (err == TOC_OK) {
        err = find_changed(to, txn, &news);
        toc_txn_abort(txn);
    }
    if (err == TOC_OK)
        err = tell_all(to, &news, now, out_told);
    free(news.differs);
    free(news.gone);
    return err;
}
