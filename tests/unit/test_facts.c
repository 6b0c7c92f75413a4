#include "services/intake/facts/facts.h"

#include "common/similar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct facts *facts; /* with the built-in lexicons; opened once */

static int open_facts(void **state)
{
    char *errors = NULL;
    (void)state;
    enum toc_err err = facts_open(NULL, NULL, NULL, &facts, &errors);
    if (errors != NULL)
        print_error("%s", errors);
    free(errors);
    return err == TOC_OK ? 0 : -1;
}

static int close_facts(void **state)
{
    (void)state;
    facts_close(facts);
    return 0;
}

/* --- helpers ---------------------------------------------------------------------------------- */

/* "name=value ..." of what is found, without the language and the fingerprint. */
static const char *found_in(struct toc_str text)
{
    static char line[1024];
    struct fact found[FACTS_MAX];
    size_t count = facts_find(facts, text, found), size = 0;
    line[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].name, "language") == 0 || strcmp(found[i].name, "fingerprint") == 0)
            continue;
        size += (size_t)snprintf(line + size, sizeof(line) - size, "%s%s=%s", size > 0 ? " " : "",
                                 found[i].name, found[i].value);
    }
    return line;
}

#define assert_found(text, expected) assert_string_equal(found_in(toc_str_of(text)), expected)

static struct fact fact_of(struct toc_str text, const char *name)
{
    struct fact found[FACTS_MAX];
    size_t count = facts_find(facts, text, found);
    for (size_t i = 0; i < count; i++)
        if (strcmp(found[i].name, name) == 0)
            return found[i];
    return (struct fact){.name = NULL};
}

static void assert_language(const char *text, const char *tag)
{
    assert_string_equal(fact_of(toc_str_of(text), "language").value, tag);
}

/* --- language --------------------------------------------------------------------------------- */

static void a_sentence_tells_its_language(void **state)
{
    (void)state;
    assert_language("I have been waiting for my parcel since the beginning of last week.", "en");
    assert_language("O meu pedido ainda não chegou e ninguém responde às minhas mensagens.", "pt");
    assert_language("Mi pedido todavía no ha llegado y nadie contesta a mis mensajes.", "es");
    assert_language("मेरा ऑर्डर अभी तक नहीं आया है और कोई जवाब नहीं देता।", "hi");
    assert_language("ご注文の商品がまだ届いていません。よろしくお願いします。", "ja");
    assert_language("ההזמנה שלי עדיין לא הגיעה ואף אחד לא עונה להודעות שלי", "he");
    assert_language("我的订单还没有到，没有人回复我的消息，请尽快帮我处理这个问题。", "zh-Hans");
}

static void a_short_text_is_not_told_with_false_confidence(void **state)
{
    static const char *const texts[] = {"", "ok", "hello", "refund 123", "pedido", "a a a a a a"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fact language = fact_of(toc_str_of(texts[i]), "language");
        assert_string_equal(language.value, "und");
        assert_int_equal(language.confidence_percent, 0);
    }
    struct fact shorter = fact_of(toc_str_of("Where is my order now"), "language");
    struct fact longer = fact_of(
        toc_str_of("Where is my order now, it should have been here by Monday"), "language");
    assert_true(shorter.confidence_percent < longer.confidence_percent);
}

static void a_sister_language_needs_a_longer_text(void **state)
{
    (void)state;
    assert_language("Akun saya diretas dan kata sandi diganti.", "und");
    assert_language(
        "Saya telah menunggu bungkusan itu sejak minggu lepas tetapi masih belum sampai. "
        "Pihak syarikat tidak menjawab panggilan saya dan saya mahu wang saya "
        "dipulangkan secepat mungkin.",
        "ms");
}

/* --- risks ------------------------------------------------------------------------------------ */

static void a_risk_is_named_by_its_class_in_every_language(void **state)
{
    (void)state;
    assert_found("I want to die.", "risk.self_harm=1");
    assert_found("Vou te matar.", "risk.violence=1");
    assert_found("Los voy a demandar.", "risk.legal_threat=1");
    assert_found("Akaun saya kena hack.", "risk.account_theft=1");
    assert_found("मेरे साथ धोखाधड़ी हुई है।", "risk.fraud=1");
}

static void a_fact_names_its_detector_and_its_version(void **state)
{
    (void)state;
    assert_memory_equal(fact_of(TOC_STR("Los voy a demandar."), "risk.legal_threat").detector,
                        "lexicon-es/1:", 13);
    assert_memory_equal(fact_of(TOC_STR("x"), "language").detector, "cld2/V2.0", 9);
    assert_string_equal(fact_of(TOC_STR("a@b.example"), "email").detector, "email/1");
}

static void no_fact_repeats_a_word_that_was_found(void **state)
{
    struct fact found[FACTS_MAX];
    struct toc_str text = TOC_STR("He threatened to kill me, call +1 212 555 0187, jane@x.example, "
                                  "4111 1111 1111 1111, AKIAIOSFODNN7EXAMPLE");
    size_t count = facts_find(facts, text, found);
    (void)state;
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++) {
        bool is_own = strcmp(found[i].name, "language") == 0 || strlen(found[i].value) == 1;
        assert_true(is_own || strstr(text.data, found[i].value) == NULL);
    }
}

static void a_negation_takes_back(void **state)
{
    (void)state;
    assert_found("I am not going to kill myself.", "");
    assert_found("I do not want to sue you.", "");
    assert_found("My account has not been hacked.", "");
    assert_found("Não quero morrer.", "");
    assert_found("मैं आत्महत्या नहीं करूंगा।", "");
    assert_found("Ini bukan penipuan.", "");
}

static void a_negation_ends_with_its_clause(void **state)
{
    (void)state;
    assert_found("I can't sleep. I want to die.", "risk.self_harm=1");
    assert_found("I will not wait, I want to die.", "risk.self_harm=1");
    assert_found("I will not sue you but I will kill you.", "risk.violence=1");
    assert_found("If you do not answer I will sue you.", "risk.legal_threat=1");
    assert_found("Se não resolverem vou processar a empresa.", "risk.legal_threat=1");
}

static void a_phrase_that_says_no_itself_means_it(void **state)
{
    (void)state;
    assert_found("I don't want to live any more.", "risk.self_harm=1");
    assert_found("I did not authorize this charge.", "risk.fraud=1");
}

static void an_idiom_is_no_risk(void **state)
{
    (void)state;
    assert_found("This deadline is killing me.", "");
    assert_found("I was killing time.", "");
    assert_found("My wife will kill me if the flowers are late.", "");
    assert_found("A dress to die for!", "");
    assert_found("Me muero de risa.", "");
    assert_found("Esse prazo está me matando.", "");
    assert_found("मैं समय मार रहा था।", "");
}

static void an_idiom_hides_no_risk_beside_it(void **state)
{
    (void)state;
    assert_found("This deadline is killing me, I will kill you.", "risk.violence=1");
}

static void spelling_does_not_hide_a_risk(void **state)
{
    (void)state;
    assert_found("I WANT\tTO  DIE", "risk.self_harm=1");
    assert_found("I want\nto die", "risk.self_harm=1");
    assert_found("i don\xe2\x80\x99t want to live", "risk.self_harm=1");
    assert_found("I wa\xc2\xadnt to d\xe2\x80\x8bie",
                 "risk.self_harm=1"); /* invisible characters */
    assert_found("\xef\xbc\xa9 \xef\xbd\x97\xef\xbd\x81\xef\xbd\x8e\xef\xbd\x94 to die",
                 "risk.self_harm=1");                                         /* full width */
    assert_found("Vou me suicidar, na\xcc\x83o aguento", "risk.self_harm=1"); /* decomposed */
}

static void every_place_counts_once(void **state)
{
    (void)state;
    assert_found("I will sue you. My lawyer will contact you. I will sue you.",
                 "risk.legal_threat=3");
}

/* --- secrets, addresses, products ------------------------------------------------------------- */

static void the_worst_secret_is_named(void **state)
{
    (void)state;
    assert_found("key AKIAIOSFODNN7EXAMPLE.", "secret=aws_key");
    assert_found("toc_ab12_0123456789abcdefghijABCDEFGHIJ0123456789abc_1a2b3c4d",
                 "secret=tocsin_token");
    assert_found("AKIAIOSFODNN7EXAMPLE\n-----BEGIN PRIVATE KEY-----", "secret=private_key");
    assert_found("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJleGFtcGxlIn0.c2lnbmF0dXJlLWhlcmU", "secret=jwt");
    assert_found("BAKIAIOSFODNN7EXAMPLE toc_short_x_y eyJ.eyJ.x", "");
}

static void an_address_needs_a_domain(void **state)
{
    (void)state;
    assert_found("jane.roe+x@mail.example.co.uk", "email=1");
    assert_found("<a@b.example>, (c@d.example)", "email=2");
    assert_found("m\xc3\xbcller@b\xc3\xbc"
                 "cher.example",
                 "email=1");
    assert_found("@handle me@localhost a@1.2.3.4 @ x@ @y.example me@-x.example .@a.example", "");
}

static void a_product_and_its_version_are_found(void **state)
{
    (void)state;
    assert_found("The mobile app version 4.2.1 crashes", "product=mobile-app version=4.2.1");
    assert_found("o aplicativo do celular versão 3.10", "product=mobile-app version=3.10");
    assert_found("v2 is broken", "version=2");
}

/* --- fingerprints ----------------------------------------------------------------------------- */

static uint64_t fingerprint_of(const char *text)
{
    struct fact fact = fact_of(toc_str_of(text), "fingerprint");
    assert_non_null(fact.name);
    return strtoull(fact.value, NULL, 16);
}

static const char story[] =
    "I ordered a router and two cables on the third of May and paid with my card. The parcel was "
    "shown as delivered last Tuesday but nobody rang and nothing is in the mailbox. I asked the "
    "neighbours and looked behind the house and your colleague told me to wait for two more days.";

static void a_near_duplicate_has_a_near_fingerprint(void **state)
{
    char changed[sizeof(story) + 32];
    (void)state;
    snprintf(changed, sizeof(changed), "Hello! %s Thanks", story);
    assert_true(toc_is_similar(fingerprint_of(story), fingerprint_of(changed)));
    assert_int_equal(toc_similar_distance(fingerprint_of(story), fingerprint_of(story)), 0);
}

static void case_and_punctuation_do_not_change_a_fingerprint(void **state)
{
    (void)state;
    assert_int_equal(fingerprint_of("Where is my order (number 4)"),
                     fingerprint_of("WHERE is my \"order\"  number-4"));
}

static void another_text_has_a_far_fingerprint(void **state)
{
    (void)state;
    assert_false(
        toc_is_similar(fingerprint_of(story),
                       fingerprint_of("Please cancel my subscription at the end of the month "
                                      "and send me a confirmation of it by mail, thank you.")));
}

static void a_fingerprint_is_of_the_deployment(void **state)
{
    static const uint8_t key[FACTS_KEY] = {1};
    struct fact found[FACTS_MAX];
    struct facts *other;
    char *errors;
    (void)state;
    assert_int_equal(facts_open(NULL, NULL, key, &other, &errors), TOC_OK);
    size_t count = facts_find(other, TOC_STR(story), found);
    assert_string_equal(found[count - 1].name, "fingerprint");
    assert_false(toc_is_similar(strtoull(found[count - 1].value, NULL, 16), fingerprint_of(story)));
    facts_close(other);
}

static void two_words_have_no_fingerprint(void **state)
{
    (void)state;
    assert_null(fact_of(TOC_STR("please help"), "fingerprint").name);
}

/* --- any bytes -------------------------------------------------------------------------------- */

static void nul_and_malformed_utf8_are_survived(void **state)
{
    (void)state;
    assert_string_equal(found_in(toc_str("I want\0to die", 13)), "risk.self_harm=1");
    assert_string_equal(found_in(TOC_STR("\xff\xc3 I want to die \xe0\xa4 \xf8\x80\x80\xf4\x90")),
                        "risk.self_harm=1");
    assert_string_equal(found_in(TOC_STR("\xed\xa0\x80\xc0\xaf\xef\xbf\xbf")), "");
    assert_string_equal(found_in(toc_str(NULL, 0)), "");
}

static void what_is_past_the_limit_is_said_and_not_looked_at(void **state)
{
    size_t size = FACTS_TEXT_MAX + 100;
    char *text = malloc(size);
    (void)state;
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text + FACTS_TEXT_MAX + 10, "I want to die", 13);
    assert_string_equal(found_in(toc_str(text, size)), "cut=65536");
    assert_string_equal(found_in(toc_str(text, FACTS_TEXT_MAX)), "");
    memcpy(text + 10, "I want to die", 13);
    assert_string_equal(found_in(toc_str(text, size)), "risk.self_harm=1 cut=65536");
    free(text);
}

/* What would take minutes if anything were quadratic. */
static void long_and_hostile_texts_are_read_in_linear_time(void **state)
{
    static const char *const pieces[] = {"@",
                                         "a@b.",
                                         "1 ",
                                         "+1",
                                         "(1",
                                         "4111 1111 1111 1111 ",
                                         "0",
                                         "not ",
                                         "kill you ",
                                         "killing time ",
                                         ".",
                                         ",",
                                         "'",
                                         "\xe0\xa4\x95",
                                         "\xd0\xb6",
                                         "\xd0\xb6 ",
                                         "\xe4\xb8\x80",
                                         "eyJ",
                                         "i want to want to ",
                                         "a b@c.d-",
                                         "-----BEGIN ",
                                         "\xf0\x9f\x98\x80",
                                         "a,"};
    char *text = malloc(FACTS_TEXT_MAX);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        for (size_t at = 0; at < FACTS_TEXT_MAX; at++)
            text[at] = pieces[i][at % strlen(pieces[i])];
        (void)found_in(toc_str(text, FACTS_TEXT_MAX));
    }
    free(text);
}

static void a_flood_of_negated_phrases_hides_no_risk(void **state)
{
    static const char negated[] = "i will not kill you. ";
    char text[20000];
    (void)state;
    for (size_t at = 0; at < sizeof(text); at++)
        text[at] = negated[at % (sizeof(negated) - 1)];
    memcpy(text + sizeof(text) - 20, ". I will kill you. ", 20);
    assert_string_equal(found_in(toc_str(text, sizeof(text) - 1)), "risk.violence=1");
}

static void a_text_may_have_every_fact(void **state)
{
    static char text[FACTS_TEXT_MAX + 1];
    static const char all[] =
        "I want to die. I found child porn. I will kill you. You are stalking me. My account was "
        "hacked. I was scammed. I will sue you. I will go to the press. The mobile app version "
        "4.2. "
        "Card 4111 1111 1111 1111, call +1 212 555 0187, a@b.example, AKIAIOSFODNN7EXAMPLE. ";
    struct fact found[FACTS_MAX];
    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, all, sizeof(all) - 1);
    assert_int_equal(facts_find(facts, toc_str(text, sizeof(text)), found), FACTS_MAX);
    for (size_t i = 0; i < FACTS_MAX; i++)
        assert_string_equal(found[i].name, facts_name(i));
    assert_null(facts_name(FACTS_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_tells_its_language),
        cmocka_unit_test(a_short_text_is_not_told_with_false_confidence),
        cmocka_unit_test(a_sister_language_needs_a_longer_text),
        cmocka_unit_test(a_risk_is_named_by_its_class_in_every_language),
        cmocka_unit_test(a_fact_names_its_detector_and_its_version),
        cmocka_unit_test(no_fact_repeats_a_word_that_was_found),
        cmocka_unit_test(a_negation_takes_back),
        cmocka_unit_test(a_negation_ends_with_its_clause),
        cmocka_unit_test(a_phrase_that_says_no_itself_means_it),
        cmocka_unit_test(an_idiom_is_no_risk),
        cmocka_unit_test(an_idiom_hides_no_risk_beside_it),
        cmocka_unit_test(spelling_does_not_hide_a_risk),
        cmocka_unit_test(every_place_counts_once),
        cmocka_unit_test(the_worst_secret_is_named),
        cmocka_unit_test(an_address_needs_a_domain),
        cmocka_unit_test(a_product_and_its_version_are_found),
        cmocka_unit_test(a_near_duplicate_has_a_near_fingerprint),
        cmocka_unit_test(case_and_punctuation_do_not_change_a_fingerprint),
        cmocka_unit_test(another_text_has_a_far_fingerprint),
        cmocka_unit_test(a_fingerprint_is_of_the_deployment),
        cmocka_unit_test(two_words_have_no_fingerprint),
        cmocka_unit_test(nul_and_malformed_utf8_are_survived),
        cmocka_unit_test(what_is_past_the_limit_is_said_and_not_looked_at),
        cmocka_unit_test(long_and_hostile_texts_are_read_in_linear_time),
        cmocka_unit_test(a_flood_of_negated_phrases_hides_no_risk),
        cmocka_unit_test(a_text_may_have_every_fact),
    };
    return cmocka_run_group_tests(tests, open_facts, close_facts);
}
