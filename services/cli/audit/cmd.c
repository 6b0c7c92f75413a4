/* `tocsin audit verify|prove|checkpoint`. */
#include "services/cli/audit/audit.h"
#include "services/cli/audit/prove.h"
#include "services/cli/commands.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

static struct view view;
static const char *key_text, *since;

static const struct toc_conf_option options[] = {
    VIEW_OPTIONS(view),
    {"key", TOC_CONF_TEXT, &key_text, NULL, 0, 0, "VKEY",
     "the verifier key that has to have signed, as `tocsin audit checkpoint` once printed it; "
     "without it the one in DIR/keys is used"},
    {"since", TOC_CONF_TEXT, &since, NULL, 0, 0, "FILE",
     "a checkpoint that `tocsin audit checkpoint` printed earlier, kept by whoever checks: the "
     "log has to go on from there"},
};

#define VERIFY_OPTION_COUNT (sizeof(options) / sizeof(options[0]))
#define OPTION_COUNT        (VERIFY_OPTION_COUNT - 1) /* --since is verify's */

/* --- the key ------------------------------------------------------------------------------- */

static bool read_seed(const struct view *at, uint8_t seed[NOTE_SEED])
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/keys/audit.seed", at->config.data_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool whole = read(fd, seed, NOTE_SEED) == NOTE_SEED;
    close(fd);
    return whole;
}

/* Only the public half stays. */
static bool key_of_seed(const struct view *at, const char *origin, struct note_key *key)
{
    uint8_t seed[NOTE_SEED];
    if (!read_seed(at, seed))
        return false;
    bool good = note_key_from_seed(key, origin, seed) == TOC_OK;
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(key->secret_key, sizeof(key->secret_key));
    return good;
}

int audit_key(struct view *at, const char *said, const char *origin, struct audit_tree *tree)
{
    tree->pinned = key_text != NULL || key_of_seed(at, origin, &tree->key);
    const char *text = key_text != NULL ? key_text : said;
    if ((key_text != NULL || !tree->pinned) &&
        note_key_parse(&tree->key, toc_str_of(text)) != TOC_OK) {
        fprintf(stderr, "%s: '%s' is no verifier key\n", at->who, text);
        return CLI_FAILED;
    }
    note_key_verifier(&tree->key, tree->verifier, sizeof(tree->verifier));
    return CLI_DONE;
}

/* The first line of a note: the origin, which is the signer's name as well. */
static void origin_of(struct toc_str note, char out[NOTE_NAME_MAX])
{
    const char *end = note.size == 0 ? NULL : memchr(note.data, '\n', note.size);
    toc_str_copy(out, NOTE_NAME_MAX,
                 toc_str(note.data, end == NULL ? 0 : (size_t)(end - note.data)));
}

int audit_verify_note(struct view *at, struct audit_tree *tree, const char *said)
{
    char origin[NOTE_NAME_MAX];
    origin_of(tree->note, origin);
    if (audit_key(at, said, origin, tree) != CLI_DONE)
        return CLI_FAILED;
    if (checkpoint_verify(tree->note, &tree->key, &tree->checkpoint) == TOC_OK)
        return CLI_DONE;
    fprintf(stderr, "%s: the checkpoint is not signed by %s\n", at->who, tree->verifier);
    return CLI_FAILED;
}

int audit_ask_tree(struct view *at, struct audit_tree *out)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    struct view_rows rows;
    ask.what = TOCSIN__V1__ASK__WHAT__TREE;
    if (view_ask(at, "audit", &ask, &tocsin__v1__tree_answer__descriptor, &rows) != CLI_DONE)
        return CLI_FAILED;
    if (rows.count == 0 || ((Tocsin__V1__TreeAnswer *)rows.items[0])->note.len == 0) {
        fprintf(stderr, "%s: nothing has been signed yet\n", at->who);
        return CLI_FAILED;
    }
    const Tocsin__V1__TreeAnswer *answer = rows.items[0];
    out->note = toc_wire_bytes(&answer->note);
    return audit_verify_note(at, out, answer->verifier_key);
}

int audit_read_note(struct view *at, const char *path, const struct note_key *key,
                    struct checkpoint *out)
{
    char note[NOTE_MAX + 1], verifier[256];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot read %s\n", at->who, path);
        return CLI_FAILED;
    }
    size_t size = fread(note, 1, sizeof(note), file);
    fclose(file);
    if (checkpoint_verify(toc_str(note, size), key, out) == TOC_OK)
        return CLI_DONE;
    note_key_verifier(key, verifier, sizeof(verifier));
    fprintf(stderr, "%s: %s is no checkpoint signed by %s\n", at->who, path, verifier);
    return CLI_FAILED;
}

/* --- checkpoint ---------------------------------------------------------------------------- */

static int checkpoint(const struct toc_conf_list *operands)
{
    struct audit_tree tree = {.note = {NULL, 0}};
    (void)operands;
    if (audit_ask_tree(&view, &tree) != CLI_DONE)
        return CLI_FAILED;
    if (view.json) {
        struct print_json json;
        print_json_open(&json, stdout);
        print_json_text(&json, "origin", tree.checkpoint.origin);
        print_json_u64(&json, "size", tree.checkpoint.size);
        print_json_hex(&json, "root", toc_str(tree.checkpoint.root.bytes, TREE_HASH));
        print_json_text(&json, "verifier_key", tree.verifier);
        print_json_name(&json, "note");
        print_json_string(stdout, tree.note);
        print_json_close(&json);
        return CLI_DONE;
    }
    fwrite(tree.note.data, 1, tree.note.size, stdout);
    fflush(stdout);
    /* Beside it, so that standard output is the note and nothing else. */
    fprintf(stderr, "\nverifier key: %s\n", tree.verifier);
    return CLI_DONE;
}

/* --- prove --------------------------------------------------------------------------------- */

static int prove(const struct toc_conf_list *operands)
{
    struct audit_proof proof;
    uint64_t seq;
    if (toc_parse_u64(toc_str_of(operands->values[1]), &seq) != TOC_OK || seq == 0) {
        fprintf(stderr, "%s: '%s' is no record's number\n", view.who, operands->values[1]);
        return CLI_USAGE;
    }
    if (audit_prove(&view, operands->values[0], seq, &proof) != CLI_DONE)
        return CLI_FAILED;
    if (view.json) {
        audit_write_proof_json(&proof, stdout);
        return CLI_DONE;
    }
    audit_write_proof(&proof, stdout);
    fflush(stdout);
    char *entry = calloc(2 * proof.answer->entry.len + 1, 1);
    if (entry != NULL)
        toc_hex(entry, proof.answer->entry.data, proof.answer->entry.len);
    fprintf(stderr, "\n%s record %llu is leaf %llu of %llu: verified here with %s\nentry: %s\n",
            proof.service, (unsigned long long)proof.seq, (unsigned long long)proof.answer->index,
            (unsigned long long)proof.tree.checkpoint.size, proof.tree.verifier,
            entry != NULL ? entry : "");
    free(entry);
    return CLI_DONE;
}

/* --- the command --------------------------------------------------------------------------- */

static int verify(const struct toc_conf_list *operands)
{
    (void)operands;
    return audit_verify(&view, since);
}

static const struct view_part parts[] = {
    {"verify",
     verify,
     {"tocsin audit verify",
      "Fetches every log and every leaf, computes all hashes again and says what does not fit.",
      NULL,
      "tocsin audit checkpoint > then.note; tocsin audit verify --since then.note\n"
      "Exit status 1 when anything differs.",
      options, VERIFY_OPTION_COUNT},
     0,
     0},
    {"prove",
     prove,
     {"tocsin audit prove",
      "Proves that a record stands under a signed checkpoint (C2SP tlog-proof).", "SERVICE SEQ",
      "tocsin audit prove sla 42 > sla-42.tlog-proof", options, OPTION_COUNT},
     2,
     2},
    {"checkpoint",
     checkpoint,
     {"tocsin audit checkpoint", "Prints the latest signed checkpoint and the key to verify it by.",
      NULL, NULL, options, OPTION_COUNT},
     0,
     0},
};

#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

int cmd_audit(int argc, char **argv)
{
    if (sodium_init() < 0)
        return CLI_FAILED;
    return view_run_part(&view, parts, PART_COUNT, argc, argv);
}
