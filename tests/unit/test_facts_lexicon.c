#include "services/intake/facts/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

static char dir[] = "/tmp/test_facts_lexicon.XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static void path_of(const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", dir, name);
}

static void write_file(const char *name, struct toc_str text)
{
    char path[128];
    path_of(name, path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text.data, 1, text.size, out), text.size);
    assert_int_equal(fclose(out), 0);
}

static void remove_file(const char *name)
{
    char path[128];
    path_of(name, path);
    (void)unlink(path);
}

static int remove_dir(void **state)
{
    (void)state;
    remove_file("a.lexicon");
    remove_file("b.lexicon");
    return rmdir(dir);
}

static struct facts *open_with(const char *lexicon)
{
    struct facts *facts = NULL;
    char *errors = NULL;
    write_file("a.lexicon", toc_str_of(lexicon));
    enum toc_err err = facts_open(dir, NULL, NULL, &facts, &errors);
    if (errors != NULL)
        print_error("%s", errors);
    assert_int_equal(err, TOC_OK);
    return facts;
}

/* How often the class of "fraud" is found in a text; 0 for not at all. */
static int places_in(struct facts *facts, const char *text)
{
    struct fact found[FACTS_MAX];
    size_t count = facts_find(facts, toc_str_of(text), found);
    for (size_t i = 0; i < count; i++)
        if (strcmp(found[i].name, "risk.fraud") == 0)
            return atoi(found[i].value);
    return 0;
}

/* The first line of what is said about the file, behind its directory. */
static void assert_wrong_bytes(struct toc_str lexicon, const char *expected)
{
    struct facts *facts = NULL;
    char *errors = NULL;
    write_file("a.lexicon", lexicon);
    assert_int_equal(facts_open(dir, NULL, NULL, &facts, &errors), TOC_ERR_CONFIG);
    assert_non_null(errors);
    assert_memory_equal(errors, dir, sizeof(dir) - 1);
    errors[strcspn(errors, "\n")] = '\0';
    assert_string_equal(errors + sizeof(dir), expected);
    free(errors);
}

static void assert_wrong(const char *lexicon, const char *expected)
{
    assert_wrong_bytes(toc_str_of(lexicon), expected);
}

/* --- phrases ---------------------------------------------------------------------------------- */

static void a_phrase_matches_whole_words(void **state)
{
    struct facts *facts = open_with("fraud en scam\nfraud en (a|the) ruse?\nfraud en grift*\n");
    (void)state;
    assert_int_equal(places_in(facts, "A scam!"), 1);
    assert_int_equal(places_in(facts, "scampi and scams"), 0);
    assert_int_equal(places_in(facts, "the rus, a ruse, ruse"), 2);
    assert_int_equal(places_in(facts, "grift, grifters, ungrifted"), 2);
    facts_close(facts);
}

static void every_script_has_words(void **state)
{
    struct facts *facts = open_with("fraud ru обман*\nfraud zh 诈骗\nfraud el απάτη\n");
    (void)state;
    assert_int_equal(places_in(facts, "это обманщики, обман!"), 2);
    assert_int_equal(places_in(facts, "необман"), 0);
    assert_int_equal(places_in(facts, "这是 诈骗。"), 1);
    assert_int_equal(places_in(facts, "είναι απάτη"), 1);
    facts_close(facts);
}

static void dots_stand_for_three_words_within_a_clause(void **state)
{
    struct facts *facts = open_with("fraud en took ... (my )?money\n");
    (void)state;
    assert_int_equal(places_in(facts, "took money"), 1);
    assert_int_equal(places_in(facts, "took all of my money"), 1);
    assert_int_equal(places_in(facts, "took one two three money"), 1);
    assert_int_equal(places_in(facts, "took one two three four money"), 0);
    assert_int_equal(places_in(facts, "took it. The money"), 0);
    assert_int_equal(places_in(facts, "took it, money"), 0);
    facts_close(facts);
}

static void what_stands_before_the_dots_is_asked_for(void **state)
{
    struct facts *facts = open_with("fraud en (took|stole*) (all )?... savings\n"
                                    "fraud en (i|we) ... (were )?swindled ... by (the )?bank\n"
                                    "fraud en (a )?... b ... clone\n");
    (void)state;
    assert_int_equal(places_in(facts, "savings, the savings"), 0);
    assert_int_equal(places_in(facts, "took one two three four savings"), 0);
    assert_int_equal(places_in(facts, "mistook savings"), 0);
    assert_int_equal(places_in(facts, "took all one two three savings"), 1);
    assert_int_equal(places_in(facts, "stoles savings, took my savings"), 2);
    assert_int_equal(places_in(facts, "swindled by the bank"), 0);
    assert_int_equal(places_in(facts, "we swindled, by bank"), 0);
    assert_int_equal(places_in(facts, "i one two three were swindled one two three by the bank"),
                     1);
    assert_int_equal(places_in(facts, "b clone"), 1);
    assert_int_equal(places_in(facts, "clone"), 0);
    facts_close(facts);
}

static void what_takes_back_has_to_be_there_with_its_dots(void **state)
{
    struct facts *facts = open_with("fraud en scam\n!fraud en film ... scam\nnegation en not\n"
                                    "clause en if ... not\n");
    (void)state;
    assert_int_equal(places_in(facts, "scam"), 1);
    assert_int_equal(places_in(facts, "film one two three scam"), 0);
    assert_int_equal(places_in(facts, "film one two three four scam"), 1);
    assert_int_equal(places_in(facts, "it is not scam"), 0);
    assert_int_equal(places_in(facts, "if it is not scam"), 1);
    facts_close(facts);
}

static void many_ways_to_read_a_phrase_are_no_more_work(void **state)
{
    char lexicon[600] = "fraud en x";
    for (unsigned i = 0; i < 40; i++)
        strcat(lexicon, "(a?|b?)");
    strcat(lexicon, " ... swindler\n");
    struct facts *facts = open_with(lexicon);
    (void)state;
    assert_int_equal(places_in(facts, "xabba the swindler, xc swindler, swindler"), 1);
    facts_close(facts);
}

static void a_clause_of_any_length_is_read(void **state)
{
    static char text[4 + 9 * 4000 + 1];
    struct facts *facts = open_with("fraud en scam\nnegation en not\n");
    (void)state;
    memcpy(text, "not ", 4);
    for (unsigned i = 0; i < 4000; i++)
        memcpy(text + 4 + 9 * i, "a scam b ", 9);
    assert_int_equal(places_in(facts, text), 4000 - 2);
    facts_close(facts);
}

static void a_negation_reaches_four_words_and_no_further(void **state)
{
    struct facts *facts = open_with("fraud en scam\nnegation en not\nclause en but\n");
    (void)state;
    assert_int_equal(places_in(facts, "not scam"), 0);
    assert_int_equal(places_in(facts, "not a b c d scam"), 0);
    assert_int_equal(places_in(facts, "not a b c d e scam"), 1);
    assert_int_equal(places_in(facts, "not nice but scam"), 1);
    assert_int_equal(places_in(facts, "not nice, scam"), 1);
    assert_int_equal(places_in(facts, "scam not"), 1);
    facts_close(facts);
}

static void a_negation_after_reaches_back_two_words(void **state)
{
    struct facts *facts = open_with("fraud hi ठगी\nnegation_after hi नहीं\n");
    (void)state;
    assert_int_equal(places_in(facts, "ठगी नहीं"), 0);
    assert_int_equal(places_in(facts, "ठगी तो नहीं"), 0);
    assert_int_equal(places_in(facts, "ठगी तो कभी नहीं"), 1);
    assert_int_equal(places_in(facts, "ठगी। नहीं"), 1);
    facts_close(facts);
}

static void an_exception_takes_back_what_it_covers(void **state)
{
    struct facts *facts = open_with("fraud en (big )?scam\n!fraud en scam ... test\n");
    (void)state;
    assert_int_equal(places_in(facts, "a big scam"), 1);
    assert_int_equal(places_in(facts, "a big scam awareness test"), 0);
    assert_int_equal(places_in(facts, "a scam awareness test, a scam"), 1);
    facts_close(facts);
}

static void the_version_follows_the_lines_and_not_the_remarks(void **state)
{
    static const char *const texts[] = {"fraud en scam\n", "# remark\n\nfraud en scam  \r\n",
                                        "fraud? en scam\n"};
    char detectors[3][FACTS_DETECTOR];
    struct fact found[FACTS_MAX];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct facts *facts = open_with(texts[i]);
        assert_true(facts_find(facts, TOC_STR("scam"), found) >= 2);
        toc_str_copy(detectors[i], FACTS_DETECTOR, toc_str_of(found[1].detector));
        facts_close(facts);
    }
    assert_string_equal(detectors[0], detectors[1]);
    assert_string_not_equal(detectors[0], detectors[2]);
}

static void a_weak_sign_has_less_confidence(void **state)
{
    struct facts *facts = open_with("fraud? en scam\nfraud en swindle\n");
    struct fact found[FACTS_MAX];
    (void)state;
    assert_true(facts_find(facts, TOC_STR("scam"), found) >= 2);
    assert_int_equal(found[1].confidence_percent, 50);
    assert_true(facts_find(facts, TOC_STR("scam, swindle"), found) >= 2);
    assert_int_equal(found[1].confidence_percent, 85);
    facts_close(facts);
}

/* --- mistakes --------------------------------------------------------------------------------- */

static void every_one_of_a_thousand_places_counts(void **state)
{
    static char text[16 * 1000 + 1];
    struct facts *facts = open_with("fraud en scam\nnegation en not\n");
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 16 * i, i % 2 == 0 ? "This is a scam. " : "This is no scam ", 16);
    assert_int_equal(places_in(facts, text), 1000);
    for (size_t i = 1; i < 1000; i += 2)
        memcpy(text + 16 * i, "It is not scam. ", 16);
    assert_int_equal(places_in(facts, text), 500);
    facts_close(facts);
}

static void a_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    assert_wrong("# x\nfruad en scam\n", "a.lexicon:2:1: error: unknown class 'fruad'");
    assert_wrong("fraud English scam\n", "a.lexicon:1:7: error: 'English' is not a language");
    assert_wrong("fraud en\n", "a.lexicon:1:9: error: a line is CLASS LANGUAGE PHRASE");
    assert_wrong("fraud en a (b\n", "a.lexicon:1:14: error: '(' without ')'");
    assert_wrong("fraud en a) b\n", "a.lexicon:1:11: error: ')' without '('");
    assert_wrong("fraud en a|b\n", "a.lexicon:1:11: error: '|' outside of a group");
    assert_wrong("fraud en (a|)\n", "a.lexicon:1:13: error: an empty alternative");
    assert_wrong("fraud en ?a\n", "a.lexicon:1:10: error: '?' needs a letter or a group before it");
    assert_wrong("fraud en a*b\n", "a.lexicon:1:11: error: '*' stands for the end of a word");
    assert_wrong("fraud en a.b\n",
                 "a.lexicon:1:11: error: '.' stands only in \" ... \", between words");
    assert_wrong("fraud en a+\n", "a.lexicon:1:11: error: neither a letter nor a digit");
    assert_wrong("fraud en a  b\n", "a.lexicon:1:12: error: two blanks in a row");
    assert_wrong("!negation en no\n", "a.lexicon:1:1: error: '!' and '?' are for risks");
    assert_wrong("product a&b thing\n", "a.lexicon:1:9: error: 'a&b' is not the name of a product");
    assert_wrong("fraud en ((((((a))))))\n",
                 "a.lexicon:1:14: error: groups within groups within groups");
}

static void a_file_that_is_no_text_is_told(void **state)
{
    (void)state;
    assert_wrong_bytes(TOC_STR("fraud en \xff\n"), "a.lexicon:1:1: error: the line is not UTF-8");
    assert_wrong_bytes(TOC_STR("fraud en a\0b\n"), "a.lexicon:1:1: error: the line is not UTF-8");
}

static void the_place_is_in_the_file_that_has_it(void **state)
{
    (void)state;
    write_file("b.lexicon", TOC_STR("# second\nfraud en (\n"));
    assert_wrong("fraud en scam\nfraud en swindle", "b.lexicon:2:11: error: '(' without ')'");
    remove_file("b.lexicon");
}

static void a_directory_without_a_lexicon_is_told(void **state)
{
    struct facts *facts = NULL;
    char *errors = NULL;
    (void)state;
    remove_file("a.lexicon");
    assert_int_equal(facts_open(dir, NULL, NULL, &facts, &errors), TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, "there is no *.lexicon file in it"));
    free(errors);
    assert_int_equal(facts_open("/nowhere", NULL, NULL, &facts, &errors), TOC_ERR_CONFIG);
    assert_string_equal(errors, "/nowhere: No such file or directory\n");
    free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phrase_matches_whole_words),
        cmocka_unit_test(every_script_has_words),
        cmocka_unit_test(dots_stand_for_three_words_within_a_clause),
        cmocka_unit_test(what_stands_before_the_dots_is_asked_for),
        cmocka_unit_test(what_takes_back_has_to_be_there_with_its_dots),
        cmocka_unit_test(many_ways_to_read_a_phrase_are_no_more_work),
        cmocka_unit_test(a_clause_of_any_length_is_read),
        cmocka_unit_test(a_negation_reaches_four_words_and_no_further),
        cmocka_unit_test(a_negation_after_reaches_back_two_words),
        cmocka_unit_test(an_exception_takes_back_what_it_covers),
        cmocka_unit_test(the_version_follows_the_lines_and_not_the_remarks),
        cmocka_unit_test(a_weak_sign_has_less_confidence),
        cmocka_unit_test(every_one_of_a_thousand_places_counts),
        cmocka_unit_test(a_mistake_is_told_with_its_place),
        cmocka_unit_test(a_file_that_is_no_text_is_told),
        cmocka_unit_test(the_place_is_in_the_file_that_has_it),
        cmocka_unit_test(a_directory_without_a_lexicon_is_told),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
