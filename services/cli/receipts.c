#include "services/cli/receipts.h"

#include <jansson.h>

#define TEXT_MAX 512 /* of an id or a source, as printed */

void receipts_count(struct receipts *receipts, const struct toc_client_receipt *receipt)
{
    if (receipt->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED) {
        receipts->accepted++;
        receipts->held += receipt->held;
        receipts->late += !receipt->held && receipt->detail[0] != '\0';
    } else if (receipt->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE) {
        receipts->duplicate++;
    } else {
        receipts->refused++;
        receipts->by_reason[receipt->reason % RECEIPTS_REASONS]++;
    }
}

/* The two texts of a packed Event that name it. */
static void read_names(struct toc_str event, char id[TEXT_MAX], char source[TEXT_MAX])
{
    struct toc_wire_reader reader = toc_wire_reader(event);
    struct toc_wire_field field;
    id[0] = source[0] = '\0';
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.wire_type != 2)
            continue;
        if (field.number == 1)
            toc_str_copy(id, TEXT_MAX, field.bytes);
        else if (field.number == 2)
            toc_str_copy(source, TEXT_MAX, field.bytes);
    }
}

static bool is_refused(const struct toc_client_receipt *receipt)
{
    return receipt->status != TOCSIN__V1__OUTCOME__STATUS__ACCEPTED &&
           receipt->status != TOCSIN__V1__OUTCOME__STATUS__DUPLICATE;
}

static void print_json(FILE *out, const char *id, const char *source,
                       const struct toc_client_receipt *receipt)
{
    char issue[2 * TOC_ID + 1] = "", log[24], seq[24];
    json_t *line = json_object();
    json_object_set_new(line, "id", json_string(id));
    json_object_set_new(line, "source", json_string(source));
    if (is_refused(receipt)) {
        json_object_set_new(line, "refused", json_string(toc_refuse_name(receipt->reason)));
        json_object_set_new(line, "detail", json_string(receipt->detail));
    } else {
        if (receipt->has_issue)
            toc_hex(issue, receipt->issue, TOC_ID);
        snprintf(log, sizeof(log), "%016llx", (unsigned long long)receipt->log_id);
        snprintf(seq, sizeof(seq), "%llu", (unsigned long long)receipt->seq);
        json_object_set_new(line, "issue", json_string(issue));
        json_object_set_new(line, "log", json_string(log));
        json_object_set_new(line, "seq", json_string(seq));
        json_object_set_new(
            line, "duplicate",
            json_boolean(receipt->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE));
        if (receipt->held)
            json_object_set_new(line, "held", json_true());
        if (receipt->detail[0] != '\0')
            json_object_set_new(line, "detail", json_string(receipt->detail));
    }
    json_dumpf(line, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(line);
}

static const char *word_of(const struct toc_client_receipt *receipt)
{
    if (receipt->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE)
        return "duplicate";
    return receipt->held ? "held" : "accepted";
}

void receipts_print(FILE *out, bool json, struct toc_str event,
                    const struct toc_client_receipt *receipt)
{
    char id[TEXT_MAX], source[TEXT_MAX], issue[2 * TOC_ID + 1] = "-";
    read_names(event, id, source);
    if (json) {
        print_json(out, id, source, receipt);
        return;
    }
    if (is_refused(receipt)) {
        fprintf(out, "refused    %s: %s: %s\n", id, toc_refuse_name(receipt->reason),
                receipt->detail);
        return;
    }
    if (receipt->has_issue)
        toc_hex(issue, receipt->issue, TOC_ID);
    fprintf(out, "%-10s %s  issue %s  seq %llu%s%s\n", word_of(receipt), id, issue,
            (unsigned long long)receipt->seq, receipt->detail[0] != '\0' ? "  " : "",
            receipt->detail);
}

void receipts_summary(FILE *out, const struct receipts *receipts)
{
    const char *before = " (";
    fprintf(out, "%llu accepted", (unsigned long long)receipts->accepted);
    if (receipts->late > 0 && receipts->held > 0)
        fprintf(out, " (%llu late, %llu held)", (unsigned long long)receipts->late,
                (unsigned long long)receipts->held);
    else if (receipts->late + receipts->held > 0)
        fprintf(out, " (%llu %s)", (unsigned long long)(receipts->late + receipts->held),
                receipts->held > 0 ? "held" : "late");
    fprintf(out, ", %llu duplicate, %llu refused", (unsigned long long)receipts->duplicate,
            (unsigned long long)receipts->refused);
    for (unsigned i = 0; i < RECEIPTS_REASONS; i++) {
        if (receipts->by_reason[i] == 0)
            continue;
        fprintf(out, "%s%s %llu", before, toc_refuse_name(i),
                (unsigned long long)receipts->by_reason[i]);
        before = ", ";
    }
    fprintf(out, "%s", receipts->refused > 0 ? ")" : "");
}
