#include "services/notifier/said.h"

enum toc_err said_keep(struct toc_turn *turn, const Tocsin__V1__Event *event, toc_time_ms at_ms,
                       const char *refused)
{
    Tocsin__V1__ActionSaid said = TOCSIN__V1__ACTION_SAID__INIT;
    struct toc_str row;
    said.type = event->type;
    said.by = event->alert->by;
    said.until_ms = event->alert->until_ms;
    said.at_ms = at_ms;
    said.log_id = turn->cause_log;
    said.seq = turn->cause_seq;
    said.refused = toc_wire_text(refused != NULL ? refused : "");
    TOC_TRY(toc_wire_pack(turn->arena, &said, &row));
    return toc_put(turn->txn, TABLE_SAID, toc_str_of(event->id), row);
}

enum toc_err notifier_said(struct toc_txn *txn, struct toc_arena *arena, const char *id,
                           Tocsin__V1__ActionSaid **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_SAID, toc_str_of(id), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__action_said__descriptor, row, out);
}
