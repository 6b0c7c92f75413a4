#include "services/audit/leaf.h"
#include "services/cli/audit/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define LOG 0x1234

static struct verify verify;
static char told[4096];

static void tell(const char *line)
{
    size_t at = strlen(told);
    snprintf(told + at, sizeof(told) - at, "%s\n", line);
}

static int begin(void **state)
{
    (void)state;
    memset(&verify, 0, sizeof(verify));
    told[0] = '\0';
    verify.tell = tell;
    return 0;
}

static int end(void **state)
{
    (void)state;
    verify_done(&verify);
    return 0;
}

static struct toc_str record_of(char out[32], uint64_t seq)
{
    snprintf(out, 32, "record %llu", (unsigned long long)seq);
    return toc_str_of(out);
}

static void add_leaf(uint64_t log, uint64_t seq)
{
    struct leaf leaf = {.log = log, .seq = seq};
    uint8_t entry[LEAF_MAX];
    char text[32];
    size_t size;
    toc_sha256(leaf.record_hash, record_of(text, seq));
    leaf_encode(&leaf, entry, &size);
    assert_int_equal(verify_entry(&verify, toc_str(entry, size)), TOC_OK);
}

static void add_record(uint64_t seq, uint64_t must_seq)
{
    char text[32];
    verify_record(&verify, "sla", LOG, seq, record_of(text, seq), must_seq);
}

static void an_untouched_log_has_no_differences(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 3000; seq++)
        add_leaf(LOG, seq);
    for (uint64_t seq = 1; seq <= 3000; seq++)
        add_record(seq, 3000);
    verify_log_end(&verify, "sla", LOG, 3000);
    assert_true(verify.differences == 0);
    assert_true(verify.size == 3000);
    assert_string_equal(told, "");
}

/* The published test vectors of RFC 6962's tree. */
static void the_root_is_that_of_the_certificate_logs(void **state)
{
    static const char *const leaves[] = {"",
                                         "\x00",
                                         "\x10",
                                         "\x20\x21",
                                         "\x30\x31",
                                         "\x40\x41\x42\x43",
                                         "\x50\x51\x52\x53\x54\x55\x56\x57",
                                         "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d"
                                         "\x6e\x6f"};
    static const size_t sizes[] = {0, 1, 1, 2, 2, 4, 8, 16};
    static const struct {
        size_t size;
        const char *root;
    } roots[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    (void)state;
    for (size_t i = 0, k = 0; i <= 8; i++) {
        if (k < sizeof(roots) / sizeof(roots[0]) && roots[k].size == i) {
            char hex[2 * TREE_HASH + 1];
            struct tree_hash root = verify_root(&verify);
            toc_hex(hex, root.bytes, TREE_HASH);
            assert_string_equal(hex, roots[k++].root);
        }
        if (i < 8) /* none is a leaf of ours, which is a difference and still counts */
            assert_int_equal(verify_entry(&verify, toc_str(leaves[i], sizes[i])), TOC_OK);
    }
    assert_true(verify.differences == 8);
}

/* What a checkpoint of the first `size` leaves signs; leaf 2 is another in a log that was forked.
 */
static struct verify_note note_of(uint64_t size, bool forked)
{
    struct verify_note note = {.checkpoint = {.size = size}};
    for (uint64_t seq = 1; seq <= size; seq++)
        add_leaf(forked && seq == 2 ? LOG + 1 : LOG, seq);
    note.checkpoint.root = verify_root(&verify);
    end(NULL);
    begin(NULL);
    return note;
}

static void add_leaves(uint64_t count, struct verify_note *note)
{
    verify_pass(&verify, note);
    for (uint64_t seq = 1; seq <= count; seq++) {
        add_leaf(LOG, seq);
        verify_pass(&verify, note);
    }
}

static void a_tree_that_goes_on_from_an_older_checkpoint_fits(void **state)
{
    static const uint64_t sizes[] = {0, 1, 5, 9};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct verify_note older = note_of(sizes[i], false);
        add_leaves(9, &older);
        verify_older(&verify, &older);
        assert_string_equal(told, "");
        end(NULL);
        begin(NULL);
    }
}

/* Both give the same newest checkpoint: only one that was kept elsewhere shows it. */
static void a_fork_is_told(void **state)
{
    (void)state;
    struct verify_note older = note_of(5, true);
    add_leaves(9, &older);
    verify_older(&verify, &older);
    assert_string_equal(told, "the first 5 leaves are others than the older checkpoint signs: the "
                              "log was forked\n");
    assert_true(verify.differences == 1);
}

static void a_log_that_was_put_back_is_told(void **state)
{
    (void)state;
    struct verify_note older = note_of(9, false);
    add_leaves(5, &older);
    verify_older(&verify, &older);
    assert_string_equal(told, "the older checkpoint signs 9 leaves, but there are 5 now: audit's "
                              "data was put back or made again\n");
}

static void the_newest_checkpoint_has_to_fit(void **state)
{
    (void)state;
    struct verify_note newest = note_of(5, true);
    add_leaves(4, &newest);
    verify_newest(&verify, &newest);
    add_leaf(LOG, 5);
    verify_pass(&verify, &newest);
    verify_newest(&verify, &newest);
    assert_string_equal(told, "the checkpoint signs 5 leaves, but there are 4\n"
                              "the leaves do not give the root that was signed\n");
}

static void a_changed_record_is_named(void **state)
{
    (void)state;
    add_leaf(LOG, 1);
    add_leaf(LOG, 2);
    add_record(1, 2);
    verify_record(&verify, "sla", LOG, 2, TOC_STR("record 2, but other"), 2);
    assert_true(verify.differences == 1);
    assert_string_equal(told, "sla: record 2 is not what was signed\n");
}

static void a_record_without_a_leaf_may_wait_but_not_below_the_cursor(void **state)
{
    (void)state;
    add_leaf(LOG, 1);
    add_record(1, 2);
    add_record(2, 2);
    add_record(3, 2);
    assert_true(verify.differences == 1);
    assert_string_equal(told, "sla: record 2 has no leaf\n");
}

static void a_log_that_audit_never_saw_is_told(void **state)
{
    (void)state;
    add_record(1, 1);
    add_record(2, 1);
    assert_string_equal(told, "sla: record 1 has no leaf\n");
    assert_null(verify_log_of(&verify, LOG));
}

static void a_leaf_left_out_is_told(void **state)
{
    (void)state;
    add_leaf(LOG, 1);
    add_leaf(LOG, 3);
    assert_string_equal(told, "record 2 of log 0000000000001234 has no leaf\n");
    assert_true(verify_log_of(&verify, LOG)->count == 3);
    add_record(1, 3);
    add_record(2, 3); /* has no hash to agree with */
    add_record(3, 3);
    assert_true(verify.differences == 2);
}

static void a_repeated_leaf_is_told(void **state)
{
    (void)state;
    add_leaf(LOG, 1);
    add_leaf(LOG, 1);
    assert_string_equal(told, "leaf 1 repeats record 1 of log 0000000000001234\n");
}

static void records_cut_off_at_the_end_are_told(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 4; seq++)
        add_leaf(LOG, seq);
    add_record(1, 4);
    add_record(2, 4);
    verify_log_end(&verify, "sla", LOG, 2);
    assert_string_equal(told, "sla: record 3 has a leaf, but is gone\n"
                              "sla: record 4 has a leaf, but is gone\n");
}

static void a_missing_record_in_the_middle_is_told(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        add_leaf(LOG, seq);
    add_record(1, 3);
    add_record(3, 3);
    assert_string_equal(told, "sla: record 3 follows record 1\n");
}

static void a_log_may_begin_in_the_archive(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 5; seq++)
        add_leaf(LOG, seq);
    add_record(4, 5);
    add_record(5, 5);
    verify_log_end(&verify, "sla", LOG, 5);
    assert_true(verify.differences == 0);
}

static void logs_are_kept_apart(void **state)
{
    (void)state;
    add_leaf(LOG, 1);
    add_leaf(LOG + 1, 1);
    add_leaf(LOG, 2);
    assert_true(verify.log_count == 2);
    assert_true(verify_log_of(&verify, LOG)->count == 2);
    assert_true(verify_log_of(&verify, LOG + 1)->count == 1);
    assert_true(verify.differences == 0);
}

/* hash(n) = SHA-256(hash(n-1) ‖ record(n)), hash(0) = 32 zero bytes. */
static void the_chain_is_computed_on_the_way(void **state)
{
    uint8_t first[TOC_SHA256] = {0}, second[TOC_SHA256];
    char text[32];
    (void)state;
    add_leaf(LOG, 1);
    add_leaf(LOG, 2);
    add_record(1, 2);
    add_record(2, 2);
    toc_sha256_pair(first, toc_str(first, sizeof(first)), record_of(text, 1));
    toc_sha256_pair(second, toc_str(first, sizeof(first)), record_of(text, 2));
    const struct verify_log *log = verify_log_of(&verify, LOG);
    assert_memory_equal(log->chain_before, first, sizeof(first));
    assert_memory_equal(log->chain, second, sizeof(second));
}

static void only_the_first_differences_are_told(void **state)
{
    size_t lines = 0;
    (void)state;
    for (uint64_t seq = 1; seq <= 50; seq++)
        add_record(seq, 50);
    for (const char *at = told; *at != '\0'; at++)
        lines += *at == '\n';
    assert_true(verify.differences == 50);
    assert_int_equal(lines, VERIFY_TOLD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_untouched_log_has_no_differences),
        TEST(the_root_is_that_of_the_certificate_logs),
        TEST(a_tree_that_goes_on_from_an_older_checkpoint_fits),
        TEST(a_fork_is_told),
        TEST(a_log_that_was_put_back_is_told),
        TEST(the_newest_checkpoint_has_to_fit),
        TEST(a_changed_record_is_named),
        TEST(a_record_without_a_leaf_may_wait_but_not_below_the_cursor),
        TEST(a_log_that_audit_never_saw_is_told),
        TEST(a_leaf_left_out_is_told),
        TEST(a_repeated_leaf_is_told),
        TEST(records_cut_off_at_the_end_are_told),
        TEST(a_missing_record_in_the_middle_is_told),
        TEST(a_log_may_begin_in_the_archive),
        TEST(logs_are_kept_apart),
        TEST(the_chain_is_computed_on_the_way),
        TEST(only_the_first_differences_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
