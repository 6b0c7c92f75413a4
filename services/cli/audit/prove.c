#include "services/cli/audit/prove.h"

#include "common/hash.h"
#include "services/audit/leaf.h"
#include "services/cli/commands.h"

#include <sodium.h>

static bool hash_record(void *arg, const Tocsin__V1__Record *record, struct toc_str bytes)
{
    struct audit_proof *proof = arg;
    if (record->seq == proof->seq) {
        toc_sha256(proof->record_hash, bytes);
        proof->has_record = true;
    }
    return false;
}

static int fetch_record(struct view *view, struct audit_proof *proof)
{
    if (client_hello(view->client, proof->service, CLIENT_HELLO_MS, &proof->said) != TOC_OK)
        return client_fail(view->client);
    const struct client_fetch fetch = {
        .service = proof->service, .log_id = proof->said.log_id, .from_seq = proof->seq};
    if (client_fetch(view->client, &fetch, hash_record, proof) != TOC_OK)
        return client_fail(view->client);
    if (proof->has_record)
        return CLI_DONE;
    fprintf(stderr, "%s: %s has no record %llu\n", view->who, proof->service,
            (unsigned long long)proof->seq);
    return CLI_FAILED;
}

static int fetch_leaf(struct view *view, struct audit_proof *proof)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__LEAF;
    ask.log_id = proof->said.log_id;
    ask.seq = proof->seq;
    if (view_ask(view, "audit", &ask, &tocsin__v1__leaf_answer__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0) {
        fprintf(stderr, "%s: this record has no leaf under a signed checkpoint yet\n", view->who);
        return CLI_FAILED;
    }
    proof->answer = rows.items[0];
    proof->tree.note = toc_wire_bytes(&proof->answer->note);
    return CLI_DONE;
}

/* The verifier's key comes with the tree; nothing of the answer itself is trusted. */
static int fetch_key(struct view *view, struct audit_proof *proof)
{
    struct audit_tree latest = {.note = {NULL, 0}};
    if (audit_ask_tree(view, &latest) != CLI_DONE)
        return CLI_FAILED;
    return audit_verify_note(view, &proof->tree, latest.verifier);
}

static int complain(const struct view *view, const char *what)
{
    fprintf(stderr, "%s: the proof does not hold: %s\n", view->who, what);
    return CLI_FAILED;
}

static int check_proof(const struct view *view, const struct audit_proof *proof)
{
    struct tree_hash path[TREE_PATH_MAX];
    const Tocsin__V1__LeafAnswer *answer = proof->answer;
    struct leaf leaf;
    if (leaf_decode(toc_wire_bytes(&answer->entry), &leaf) != TOC_OK)
        return complain(view, "the leaf is unreadable");
    if (leaf.log != proof->said.log_id || leaf.seq != proof->seq)
        return complain(view, "it is the leaf of another record");
    if (memcmp(leaf.record_hash, proof->record_hash, sizeof(proof->record_hash)) != 0)
        return complain(view, "the record is not the one that the leaf names");
    if (answer->n_path > TREE_PATH_MAX)
        return complain(view, "the path is too long");
    for (size_t i = 0; i < answer->n_path; i++) {
        if (answer->path[i].len != TREE_HASH)
            return complain(view, "the path is unreadable");
        memcpy(path[i].bytes, answer->path[i].data, TREE_HASH);
    }
    struct tree_hash hash = tree_leaf(toc_wire_bytes(&answer->entry));
    if (!tree_verify_inclusion(answer->index, proof->tree.checkpoint.size, &hash, path,
                               answer->n_path, &proof->tree.checkpoint.root))
        return complain(view, "the path does not lead to the signed root");
    return CLI_DONE;
}

int audit_prove(struct view *view, const char *service, uint64_t seq, struct audit_proof *out)
{
    *out = (struct audit_proof){.service = service, .seq = seq};
    if (fetch_record(view, out) != CLI_DONE || fetch_leaf(view, out) != CLI_DONE ||
        fetch_key(view, out) != CLI_DONE)
        return CLI_FAILED;
    return check_proof(view, out);
}

/* --- writing ------------------------------------------------------------------------------- */

static void write_base64(FILE *out, const void *data, size_t size)
{
    char text[256];
    sodium_bin2base64(text, sizeof(text), data, size, sodium_base64_VARIANT_ORIGINAL);
    fprintf(out, "%s\n", text);
}

/* C2SP tlog-proof. */
void audit_write_proof(const struct audit_proof *proof, FILE *out)
{
    const Tocsin__V1__LeafAnswer *answer = proof->answer;
    fprintf(out, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)answer->index);
    for (size_t i = 0; i < answer->n_path; i++)
        write_base64(out, answer->path[i].data, answer->path[i].len);
    fputc('\n', out);
    fwrite(proof->tree.note.data, 1, proof->tree.note.size, out);
}

void audit_write_proof_json(const struct audit_proof *proof, FILE *out)
{
    const Tocsin__V1__LeafAnswer *answer = proof->answer;
    struct print_json json;
    print_json_open(&json, out);
    print_json_text(&json, "service", proof->service);
    print_json_log(&json, "log", proof->said.log_id);
    print_json_u64(&json, "seq", proof->seq);
    print_json_u64(&json, "index", answer->index);
    print_json_hex(&json, "entry", toc_wire_bytes(&answer->entry));
    print_json_name(&json, "path");
    for (size_t i = 0; i < answer->n_path; i++) {
        char hex[2 * TREE_HASH + 1];
        toc_hex(hex, answer->path[i].data, TREE_HASH);
        fprintf(out, "%s\"%s\"", i == 0 ? "[" : ",", hex);
    }
    fputs(answer->n_path == 0 ? "[]" : "]", out);
    print_json_name(&json, "note");
    print_json_string(out, proof->tree.note);
    print_json_text(&json, "verifier_key", proof->tree.verifier);
    print_json_close(&json);
}
