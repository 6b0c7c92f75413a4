#include "services/notifier/send/contacts.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER  "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

static char dir[64], file[96];

static int forget(const char *path, const struct stat *about, int type, struct FTW *ftw)
{
    (void)about;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/contacts.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/contacts.yaml", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, mode_t mode, const char *text)
{
    char path[192];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Reads a text that has to be right. */
static struct contacts *read_good(const char *text)
{
    struct contacts *contacts = NULL;
    char *errors = NULL;
    enum toc_err err = contacts_parse(toc_str_of(text), file, true, &contacts, &errors);
    if (err != TOC_OK)
        fail_msg("%s", errors != NULL ? errors : toc_err_text(err));
    assert_null(errors);
    return contacts;
}

/* The first line that a wrong text gives, behind the file's name; `hint` has to be there, too. */
static void assert_wrong(const char *text, const char *first_line, const char *hint)
{
    struct contacts *contacts = NULL;
    char *errors = NULL, expected[512];
    assert_int_equal(contacts_parse(toc_str_of(text), file, true, &contacts, &errors),
                     TOC_ERR_CONFIG);
    assert_null(contacts);
    assert_non_null(errors);
    snprintf(expected, sizeof(expected), "%s:%s\n", file, first_line);
    if (strncmp(errors, expected, strlen(expected)) != 0)
        fail_msg("expected %s, not\n%s", expected, errors);
    if (hint != NULL && strstr(errors, hint) == NULL)
        fail_msg("no '%s' in\n%s", hint, errors);
    free(errors);
}

/* The only method of somebody. */
static const struct method *method_of(const struct contacts *contacts, const char *person)
{
    const struct contact *contact = contacts_find(contacts, person);
    assert_non_null(contact);
    assert_int_equal(contact->method_count, 1);
    return &contact->methods[0];
}

/* --- who reads it --------------------------------------------------------------------------- */

static void channels_are_shared_unless_the_file_says_otherwise(void **state)
{
    static const bool expected[] = {true, false, false, true};
    (void)state;
    write_file("url", 0600, "https://h/");
    struct contacts *contacts = read_good("contacts:\n"
                                          "  a:\n"
                                          "    methods:\n"
                                          "      channel: {slack: {url_file: url}}\n"
                                          "      own: {slack: {url_file: url}, shared: false}\n"
                                          "      desk: {log: true}\n"
                                          "      list: {log: true, shared: true}\n"
                                          "  b: {teams: {url_file: url}}\n"
                                          "  c: {teams: {url_file: url}, shared: false}\n");
    const struct contact *contact = contacts_find(contacts, "a");
    for (size_t i = 0; i < contact->method_count; i++)
        assert_int_equal(contact->methods[i].shared, expected[i]);
    assert_true(method_of(contacts, "b")->shared);
    assert_false(method_of(contacts, "c")->shared);
    contacts_free(contacts);
}

static void what_shared_cannot_be_is_said(void **state)
{
    (void)state;
    assert_wrong("contacts: {a: {log: true, shared: yes}}",
                 "1:35: error: 'shared' has to be true or false", NULL);
    assert_wrong("contacts: {a: {methods: {m: {log: true}}, shared: true}}",
                 "1:12: error: 'shared' belongs to one of the methods", NULL);
}

/* --- what is right -------------------------------------------------------------------------- */

static void a_webhook_has_its_address_and_secrets(void **state)
{
    (void)state;
    write_file("pager.key", 0600, "# in rotation until 1 December\n" SECRET "\n\n" OTHER "  \r\n");
    struct contacts *contacts =
        read_good("contacts:\n"
                  "  duty: {webhook: {url: \"https://pager.example:8443/in?a=1\","
                  " secret_file: pager.key}}\n");
    const struct method *method = method_of(contacts, "duty");
    assert_string_equal(method->name, "webhook");
    assert_ptr_equal(method->kind, &method_webhook);
    assert_true(method->verified);
    assert_string_equal(method->url, "https://pager.example:8443/in?a=1");
    assert_int_equal(method->secret_count, 2);
    assert_int_equal(method->secrets[0].key[0], 0x31);
    assert_int_equal(method->secrets[1].key[1], 0x01);
    contacts_free(contacts);
}

static void a_secret_file_may_be_anywhere(void **state)
{
    char text[512];
    (void)state;
    write_file("key", 0400, SECRET);
    snprintf(text, sizeof(text),
             "contacts: {a: {webhook: {url: \"http://h/\", secret_file: \"%s/key\"}}}", dir);
    struct contacts *contacts = read_good(text);
    assert_int_equal(method_of(contacts, "a")->secret_count, 1);
    contacts_free(contacts);
}

static void who_is_not_listed_is_not_reached_unless_there_is_no_file(void **state)
{
    (void)state;
    struct contacts *contacts = read_good("contacts: {lead: {log: true}}");
    assert_ptr_equal(contacts_method(contacts, "lead", "log")->kind, &method_log);
    assert_null(contacts_method(contacts, "lead", "webhook"));
    assert_null(contacts_method(contacts, "nobody", "log"));
    assert_null(contacts_find(contacts, "nobody"));
    assert_ptr_equal(contacts_method(NULL, "nobody", "")->kind, &method_log);
    contacts_free(contacts);
    contacts = read_good("contacts:\n");
    assert_int_equal(contacts->count, 0);
    contacts_free(contacts);
}

static void contacts_are_found_whatever_their_order(void **state)
{
    char name[8];
    (void)state;
    struct contacts *contacts =
        read_good("contacts: {m: {log: true}, a: {log: true}, z: {log: true}, ab: {log: true}}");
    for (const char *c = "maz"; *c != '\0'; c++) {
        snprintf(name, sizeof(name), "%c", *c);
        assert_string_equal(contacts_find(contacts, name)->name, name);
    }
    assert_string_equal(contacts_find(contacts, "ab")->name, "ab");
    assert_null(contacts_find(contacts, "b"));
    contacts_free(contacts);
}

static void one_scheme_host_and_port_is_one_origin(void **state)
{
    (void)state;
    write_file("k", 0600, SECRET);
    struct contacts *contacts =
        read_good("contacts:\n"
                  "  a: {webhook: {url: \"https://one.example/x\", secret_file: k}}\n"
                  "  b: {webhook: {url: \"https://one.example/y?z\", secret_file: k}}\n"
                  "  c: {webhook: {url: \"https://one.example:444/x\", secret_file: k}}\n"
                  "  d: {webhook: {url: \"http://one.example/x\", secret_file: k}}\n"
                  "  e: {log: true}\n");
    uint32_t first = method_of(contacts, "a")->origin;
    assert_int_equal(method_of(contacts, "b")->origin, first);
    assert_int_not_equal(method_of(contacts, "c")->origin, first);
    assert_int_not_equal(method_of(contacts, "d")->origin, first);
    assert_int_equal(contacts->origin_count, 3);
    assert_int_equal(method_of(contacts, "e")->origin, CONTACTS_NO_ORIGIN);
    contacts_free(contacts);
}

static void a_person_may_have_several_methods_in_two_orders(void **state)
{
    (void)state;
    write_file("k", 0600, SECRET);
    struct contacts *contacts =
        read_good("contacts:\n"
                  "  ana:\n"
                  "    methods:\n"
                  "      push: {webhook: {url: \"https://h/\", secret_file: k}}\n"
                  "      desk: {log: true}\n"
                  "      pager: {webhook: {url: \"https://i/\", secret_file: k}, verified: true}\n"
                  "    urgent: [pager, push]\n"
                  "    normal: [desk]\n"
                  "  ben: {methods: {a: {log: true}, b: {log: true}}}\n"
                  "  chi: {methods: {a: {log: true}, b: {log: true}}, urgent: [b]}\n");
    const struct contact *ana = contacts_find(contacts, "ana");
    assert_int_equal(ana->method_count, 3);
    assert_string_equal(ana->methods[0].name, "push");
    assert_false(ana->methods[0].verified);
    assert_true(ana->methods[1].verified); /* the operator's own terminal */
    assert_true(ana->methods[2].verified);
    assert_int_equal(ana->urgent_count, 2);
    assert_int_equal(ana->urgent[0], 2);
    assert_int_equal(ana->urgent[1], 0);
    assert_int_equal(ana->normal_count, 1);
    assert_int_equal(ana->normal[0], 1);
    const struct contact *ben = contacts_find(contacts, "ben"),
                         *chi = contacts_find(contacts, "chi");
    assert_int_equal(ben->urgent_count, 2); /* as they stand in the file */
    assert_int_equal(ben->normal_count, 2);
    assert_int_equal(chi->normal_count, 1); /* as for urgent ones */
    assert_int_equal(chi->normal[0], 1);
    contacts_free(contacts);
}

static void a_person_has_a_zone_and_a_language(void **state)
{
    (void)state;
    struct contacts *contacts =
        read_good("contacts:\n"
                  "  ana: {zone: America/Sao_Paulo, language: pt-BR, methods: {a: {log: true}}}\n"
                  "  ben: {log: true, language: hi}\n"
                  "  chi: {log: true}\n");
    assert_string_equal(toc_tz_name(contacts_find(contacts, "ana")->zone), "America/Sao_Paulo");
    assert_ptr_equal(contacts_find(contacts, "ana")->language, text_language(TOC_STR("pt")));
    assert_null(contacts_find(contacts, "ben")->zone);
    assert_ptr_equal(contacts_find(contacts, "ben")->language, text_language(TOC_STR("hi")));
    assert_ptr_equal(contacts_find(contacts, "chi")->language, text_english());
    contacts_free(contacts);
    assert_wrong("contacts:\n  a: {log: true, zone: Mars/Base}\n",
                 "2:24: error: 'zone' has to be a time zone like Europe/Dublin", NULL);
    assert_wrong("contacts:\n  a: {log: true, language: tlh}\n",
                 "2:28: error: 'language' has to be one of en, es, hi, ms, pt", NULL);
}

static void a_mail_goes_by_the_server_of_the_file(void **state)
{
    (void)state;
    write_file("p", 0600, "pass word?\n");
    write_file("q", 0600, "password\n");
    struct contacts *contacts =
        read_good("mail: {server: \"smtps://mx.example.com:465\", from: a@pages.example.com,\n"
                  "       user: tocsin, password_file: q, ca_file: ca.pem}\n"
                  "contacts:\n  ana: {email: ana@example.org}\n  ben: {email: ben@example.org}\n");
    const struct method *ana = method_of(contacts, "ana"), *ben = method_of(contacts, "ben");
    assert_string_equal(ana->to, "ana@example.org");
    assert_int_equal(ana->origin, ben->origin);
    assert_string_equal(ana->mail->url, "smtps://mx.example.com:465/pages.example.com");
    assert_string_equal(ana->mail->domain, "pages.example.com");
    assert_string_equal(ana->mail->password, "password");
    assert_false(ana->mail->plain);
    contacts_free(contacts);
    assert_wrong("contacts: {a: {email: a@b.c}}",
                 "1:23: error: 'email' needs a server: the key 'mail' beside 'contacts'", NULL);
    assert_wrong("mail: {server: \"smtp://mx\", from: a@b.c, plain: true}\ncontacts: {}\n",
                 "1:16: error: 'plain' is for smtp:// to this machine alone: mails go by TLS",
                 NULL);
    assert_wrong("mail: {server: \"smtp://127.0.0.1.mx\", from: a@b.c, plain: true}\n"
                 "contacts: {}\n",
                 "1:16: error: 'plain' is for smtp:// to this machine alone: mails go by TLS",
                 NULL);
    assert_wrong("mail: {server: \"smtp://mx/x\", from: a@b.c}\ncontacts: {}\n",
                 "1:16: error: 'server' has to be smtps://HOST:PORT or smtp://HOST:PORT", NULL);
    assert_wrong("mail: {server: \"smtp://mx\", from: \"a@b.c> SIZE=1\"}\ncontacts: {}\n",
                 "1:35: error: 'from' has to be an address like a@example.com", NULL);
    assert_wrong("mail: {server: \"smtp://mx\", from: a@b.c, user: u, password_file: p}\n"
                 "contacts: {}\n",
                 "1:66: error: the secret file has blanks in its line, or is not ASCII", NULL);
}

/* --- what the core is told ------------------------------------------------------------------ */

static void tell(const struct contacts *contacts, const char *person, const uint8_t key[32],
                 struct toc_arena *arena, Tocsin__V1__Contact *out)
{
    assert_int_equal(contacts_tell(contacts_find(contacts, person), key, arena, out), TOC_OK);
}

static void the_core_is_told_no_address_and_no_secret(void **state)
{
    static const uint8_t key[32] = {1}, other_key[32] = {2};
    struct toc_arena arena;
    Tocsin__V1__Contact ana, ben, chi, again;
    (void)state;
    assert_int_equal(toc_arena_init(&arena, 1 << 16), TOC_OK);
    write_file("k", 0600, SECRET);
    write_file("l", 0600, OTHER);
    struct contacts *contacts = read_good(
        "contacts:\n"
        "  ana: {methods: {push: {webhook: {url: \"https://h.example/a\", secret_file: k}}}}\n"
        "  ben: {methods: {push: {webhook: {url: \"https://h.example/b\", secret_file: k}}}}\n"
        "  chi: {methods: {push: {webhook: {url: \"https://h.example/a\", secret_file: l}}}}\n");
    tell(contacts, "ana", key, &arena, &ana);
    tell(contacts, "ben", key, &arena, &ben);
    tell(contacts, "chi", key, &arena, &chi);
    tell(contacts, "ana", other_key, &arena, &again);
    assert_string_equal(ana.person, "ana");
    assert_string_equal(ana.methods[0]->name, "push");
    assert_string_equal(ana.methods[0]->kind, "webhook");
    assert_null(strstr(ana.methods[0]->provider, "example"));
    assert_int_equal(ana.methods[0]->address.len, 16);
    assert_string_equal(ana.methods[0]->provider, ben.methods[0]->provider);
    assert_string_not_equal(ana.methods[0]->provider, chi.methods[0]->provider);
    assert_memory_not_equal(ana.methods[0]->address.data, ben.methods[0]->address.data, 16);
    assert_memory_equal(ana.methods[0]->address.data, chi.methods[0]->address.data, 16);
    assert_memory_not_equal(ana.methods[0]->address.data, again.methods[0]->address.data, 16);
    contacts_free(contacts);
    toc_arena_done(&arena);
}

/* The longest that a file may say of a person fits into a record. */
static void the_longest_contact_fits_a_record(void **state)
{
    static const uint8_t key[32] = {1};
    struct toc_arena arena;
    Tocsin__V1__Contact contact;
    char text[8192];
    size_t used = (size_t)snprintf(text, sizeof(text), "contacts: {%064d: {methods: {", 7);
    (void)state;
    write_file("k", 0600, SECRET);
    assert_int_equal(toc_arena_init(&arena, 1 << 16), TOC_OK);
    for (int i = 0; i < NOTIFIER_METHODS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "%s%032d: {webhook: {url: \"https://h%d/\", secret_file: k}}",
                                 i == 0 ? "" : ", ", i, i);
    snprintf(text + used, sizeof(text) - used, "}}}");
    struct contacts *contacts = read_good(text);
    assert_int_equal(contacts_tell(&contacts->rows[0], key, &arena, &contact), TOC_OK);
    for (size_t i = 0; i < contact.n_methods; i++)
        contact.methods[i]->disabled = toc_wire_text("the receiver says that it is gone");
    assert_true(tocsin__v1__contact__get_packed_size(&contact) < NOTIFIER_CHANGE_MAX);
    contacts_free(contacts);
    toc_arena_done(&arena);
}

/* --- what is wrong -------------------------------------------------------------------------- */

static void unknown_keys_are_errors_with_a_guess(void **state)
{
    (void)state;
    assert_wrong("contact:\n  a: {log: true}\n",
                 "1:1: error: unknown key 'contact' in the contacts file",
                 "did you mean 'contacts'?");
    assert_wrong("contacts:\n  a: {lok: true}\n", "2:7: error: unknown key 'lok' in a contact",
                 "did you mean 'log'?");
    assert_wrong("contacts:\n  a: {webhook: {url: x, secretfile: y}}\n",
                 "2:25: error: unknown key 'secretfile' in 'webhook'",
                 "did you mean 'secret_file'?");
    assert_wrong("contacts: {}\nmore: 1\n", "2:1: error: unknown key 'more' in the contacts file",
                 NULL);
}

static void a_contact_has_exactly_one_way(void **state)
{
    (void)state;
    assert_wrong("contacts: {a: {}}", "1:15: error: a contact has exactly one kind",
                 "hint: one of log, webhook, slack, teams, pagerduty, ntfy, email, exec");
    assert_wrong("contacts: {a: {log: true, webhook: {}}}",
                 "1:15: error: a contact has exactly one kind", NULL);
    assert_wrong("contacts: {a: {log: false}}", "1:21: error: 'log' can only be true", NULL);
    assert_wrong("contacts: {a: {log: [true]}}", "1:21: error: 'log' can only be true", NULL);
    assert_wrong("contacts: {a: yes}", "1:15: error: a contact has to be a map", NULL);
    assert_wrong("contacts: [a]", "1:11: error: 'contacts' has to be a map of names", NULL);
    assert_wrong("contacts: {a: {methods: {}}}",
                 "1:25: error: 'methods' has to be a map of 1 to 8 names", NULL);
    assert_wrong("contacts: {a: {methods: {p: {log: true}}, urgent: [q]}}",
                 "1:52: error: 'urgent' names a method that is not there", NULL);
    assert_wrong("contacts: {a: {methods: {p: {}}}}", "1:29: error: a method has exactly one kind",
                 NULL);
    assert_wrong("contacts: {a: {methods: {p: {log: true, verified: no}}}}",
                 "1:51: error: 'verified' can only be true", NULL);
    assert_wrong("contacts: {a: {log: true}, a: {log: true}}",
                 "1:28: error: the key 'a' is given twice", NULL);
}

static void a_webhook_needs_both_keys(void **state)
{
    (void)state;
    assert_wrong("contacts: {a: {webhook: {url: \"https://h/\"}}}",
                 "1:25: error: 'webhook' needs 'secret_file'", NULL);
    assert_wrong("contacts: {a: {webhook: {secret_file: k}}}", "1:25: error: 'webhook' needs 'url'",
                 NULL);
    assert_wrong("contacts: {a: {webhook: here}}", "1:25: error: 'webhook' has to be a map", NULL);
}

static void only_http_and_https_are_addresses(void **state)
{
    static const char *const urls[] = {"ftp://h/",  "file:///etc/passwd", "https:/h",
                                       "https://",  "http:///path",       "//h/",
                                       "HTTPS://h", "javascript:alert(1)"};
    char text[256];
    (void)state;
    write_file("k", 0600, SECRET);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        snprintf(text, sizeof(text), "contacts: {a: {webhook: {url: \"%s\", secret_file: k}}}",
                 urls[i]);
        assert_wrong(
            text, "1:31: error: 'url' has to begin with https:// or http:// and name a host", NULL);
    }
    assert_wrong("contacts: {a: {webhook: {url: \"https://h/a b\", secret_file: k}}}",
                 "1:31: error: 'url' has blanks, is not ASCII or is longer than 2000 bytes", NULL);
    assert_wrong("contacts: {a: {webhook: {url: \"https://me:pw@h/\", secret_file: k}}}",
                 "1:31: error: a user or a password does not belong in 'url'", NULL);
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    static const char text[] = "contacts: {a: {webhook: {url: \"https://h/\", secret_file: k}}}";
    (void)state;
    assert_wrong(text, "1:58: error: the secret file cannot be read",
                 "names of files count from '/tmp/contacts.");
    write_file("k", 0640, SECRET);
    assert_wrong(text, "1:58: error: the secret file may be read by others: chmod 600 it", NULL);
    write_file("k", 0600, "# nothing\n\n");
    assert_wrong(text, "1:58: error: the secret file holds no secret", NULL);
    write_file("k", 0600, SECRET "\nhunter2\n");
    assert_wrong(text,
                 "1:58: error: the secret file has a line that is not whsec_ and the base64 of 24 "
                 "to 64 bytes",
                 NULL);
    write_file("k", 0600, SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n" SECRET "\n");
    assert_wrong(text, "1:58: error: the secret file holds more secrets than a rotation needs (4)",
                 NULL);
    assert_wrong("contacts: {a: {webhook: {url: \"https://h/\", secret_file: [k]}}}",
                 "1:58: error: 'secret_file' has to be the name of a file", NULL);
    assert_wrong("contacts: {a: {webhook: {url: \"https://h/\", secret_file: \".\"}}}",
                 "1:58: error: the secret file cannot be read", NULL);
}

static void no_error_shows_a_secret(void **state)
{
    struct contacts *contacts;
    char *errors;
    (void)state;
    write_file("k", 0600, "whsec_hunter2\n");
    static const char text[] = "contacts: {a: {webhook: {url: \"https://h/\", secret_file: k}}}";
    assert_int_equal(contacts_parse(toc_str_of(text), file, true, &contacts, &errors),
                     TOC_ERR_CONFIG);
    assert_null(strstr(errors, "hunter2"));
    free(errors);
}

/* Where a file belongs, or in an address. */
static void no_error_shows_a_secret_that_stands_in_the_file(void **state)
{
    static const char *const texts[] = {
        "contacts: {a: {slack: {url: \"https://hooks.slack.com/services/T/B/hunter2\"}}}",
        "contacts: {a: {webhook: {url: \"https://h/\", secret: whsec_hunter2}}}",
        "contacts: {a: {webhook: {url: \"https://me:hunter2@h/\", secret_file: k}}}",
        "contacts: {a: {webhook: {url: \"https://h/\", secret_file: [hunter2]}}}",
        "contacts: {a: {webhook: {url: \"https://h/\", secret_file: whsec_hunter2}}}",
        "mail: {password: hunter2}\ncontacts: {}\n",
        "contacts:\n  a: {webhook: {secret: hunter2}\n  b: {log: true}\n",
        "contacts:\n  a: {webhook: {secret: *hunter2}}\n",
        "contacts:\n  a: {webhook: {secret: !hunter2 x}}\n",
        "contacts:\n  a: {webhook: {secret: \"hunter2\\x07\"}}\n",
    };
    (void)state;
    write_file("k", 0600, SECRET);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct contacts *contacts;
        char *errors;
        assert_int_equal(contacts_parse(toc_str_of(texts[i]), file, true, &contacts, &errors),
                         TOC_ERR_CONFIG);
        if (strstr(errors, "hunter2") != NULL)
            fail_msg("%s", errors);
        free(errors);
    }
}

static void every_error_is_told_at_once(void **state)
{
    struct contacts *contacts;
    char *errors;
    (void)state;
    static const char text[] = "contacts:\n  a: {log: no}\n  b: {}\n  c: {x: 1}\n";
    assert_int_equal(contacts_parse(toc_str_of(text), file, true, &contacts, &errors),
                     TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, ":2:12: error:"));
    assert_non_null(strstr(errors, ":3:6: error:"));
    assert_non_null(strstr(errors, ":4:7: error:"));
    free(errors);
}

static void what_is_no_contacts_file_is_refused(void **state)
{
    (void)state;
    assert_wrong("- a\n", "1:1: error: the contacts file has to be a map", NULL);
    assert_wrong("{}\n", "1:1: error: 'contacts' is missing", NULL);
    assert_wrong("contacts: {\"\": {log: true}}", "1:12: error: a contact's name has 1 to 64 bytes",
                 NULL);
}

/* Pages of that order would be dead at once, or fail twice by the same way. */
static void an_order_has_each_method_once_and_some(void **state)
{
    (void)state;
    assert_wrong("contacts: {a: {methods: {m: {log: true}}, urgent: [m], normal: []}}",
                 "1:64: error: 'normal' has to be a list of 1 to 8 methods", NULL);
    assert_wrong("contacts: {a: {log: true, urgent: []}}",
                 "1:35: error: 'urgent' has to be a list of 1 to 8 methods", NULL);
    assert_wrong("contacts: {a: {methods: {m: {log: true}, n: {log: true}}, urgent: [m, n, m]}}",
                 "1:74: error: 'urgent' names a method twice", NULL);
}

/* So the core calls whoever is in no file. */
static void nobody_is_called_a_star(void **state)
{
    (void)state;
    assert_wrong("contacts: {\"*\": {log: true}}",
                 "1:12: error: '*' is no name of a contact: each needs an entry of its own", NULL);
    contacts_free(read_good("contacts: {\"a*\": {log: true}}"));
}

/* --- kinds ---------------------------------------------------------------------------------- */

#define ROUTING_KEY "0123456789abcdef0123456789abcdef"

static void chats_have_their_address_in_a_file(void **state)
{
    (void)state;
    write_file("s", 0600, "# channel alerts\nhttps://hooks.slack.example/T/B/x\n");
    write_file("t", 0600, "https://flows.example/triggers?sig=y\n");
    struct contacts *contacts =
        read_good("contacts: {a: {slack: {url_file: s}}, b: {teams: {url_file: t}}}");
    assert_ptr_equal(method_of(contacts, "a")->kind, &method_slack);
    assert_string_equal(method_of(contacts, "a")->url, "https://hooks.slack.example/T/B/x");
    assert_ptr_equal(method_of(contacts, "b")->kind, &method_teams);
    assert_string_equal(method_of(contacts, "b")->url, "https://flows.example/triggers?sig=y");
    contacts_free(contacts);
}

static void an_address_in_a_file_is_checked_and_not_shown(void **state)
{
    static const char text[] = "contacts: {a: {slack: {url_file: s}}}";
    struct contacts *contacts;
    char *errors;
    (void)state;
    write_file("s", 0600, "ftp://hunter2\n");
    assert_wrong(text,
                 "1:34: error: 'url_file' has to begin with https:// or http:// and name a host",
                 NULL);
    assert_int_equal(contacts_parse(toc_str_of(text), file, false, &contacts, &errors),
                     TOC_ERR_CONFIG);
    assert_null(strstr(errors, "hunter2"));
    free(errors);
    write_file("s", 0600, "https://h/\nhttps://h/\n");
    assert_wrong(text, "1:34: error: the secret file holds more than one line", NULL);
    write_file("s", 0600, "https://h/ x\n");
    assert_wrong(text, "1:34: error: the secret file has blanks in its line, or is not ASCII",
                 NULL);
    write_file("s", 0644, "https://h/\n");
    assert_wrong(text, "1:34: error: the secret file may be read by others: chmod 600 it", NULL);
    assert_wrong("contacts: {a: {teams: {}}}", "1:23: error: 'teams' needs 'url_file'", NULL);
}

static void pagerduty_has_a_routing_key_and_its_own_address(void **state)
{
    (void)state;
    write_file("p", 0600, ROUTING_KEY "\n");
    struct contacts *contacts = read_good(
        "contacts: {a: {pagerduty: {key_file: p}},"
        " b: {pagerduty: {key_file: p, url: \"https://events.eu.pagerduty.com/v2/enqueue\"}}}");
    assert_string_equal(method_of(contacts, "a")->to, ROUTING_KEY);
    assert_string_equal(method_of(contacts, "a")->url, "https://events.pagerduty.com/v2/enqueue");
    assert_string_equal(method_of(contacts, "b")->url,
                        "https://events.eu.pagerduty.com/v2/enqueue");
    contacts_free(contacts);
    write_file("p", 0600, "short\n");
    assert_wrong("contacts: {a: {pagerduty: {key_file: p}}}",
                 "1:38: error: the secret file holds no routing key (32 digits)", NULL);
}

static void ntfy_has_a_topic_and_maybe_a_token(void **state)
{
    (void)state;
    write_file("t", 0600, "ana-7f3c\n");
    write_file("k", 0600, "tk_1\n");
    struct contacts *contacts =
        read_good("contacts: {a: {ntfy: {url: \"https://ntfy.sh\", topic_file: t}},"
                  " b: {ntfy: {url: \"https://n.example\", topic_file: t, token_file: k}}}");
    assert_string_equal(method_of(contacts, "a")->to, "ana-7f3c");
    assert_null(method_of(contacts, "a")->credential);
    assert_string_equal(method_of(contacts, "b")->credential, "tk_1");
    contacts_free(contacts);
    write_file("t", 0600, "a/b\n");
    assert_wrong("contacts: {a: {ntfy: {url: \"https://ntfy.sh\", topic_file: t}}}",
                 "1:59: error: the secret file holds no topic: up to 64 letters, digits, '-' and "
                 "'_'",
                 NULL);
}

static void a_program_has_its_words(void **state)
{
    (void)state;
    struct contacts *contacts = read_good(
        "contacts: {a: {exec: {program: /usr/local/bin/sms, arguments: [\"+353 1\", x]}}}");
    const struct method *method = method_of(contacts, "a");
    assert_string_equal(method->words[0], "/usr/local/bin/sms");
    assert_string_equal(method->words[1], "+353 1");
    assert_string_equal(method->words[2], "x");
    assert_null(method->words[3]);
    assert_int_equal(method->origin, 0);
    contacts_free(contacts);
    assert_wrong("contacts: {a: {exec: {program: sms}}}",
                 "1:32: error: 'program' has to be the path of a file, from '/' on", NULL);
    assert_wrong("contacts: {a: {exec: {program: /sms, arguments: x}}}",
                 "1:49: error: 'arguments' has to be a list of at most 15 texts", NULL);
}

static void programs_are_off_unless_they_are_allowed(void **state)
{
    static const char text[] = "contacts: {a: {exec: {program: /sms}}}";
    struct contacts *contacts = NULL;
    char *errors = NULL;
    (void)state;
    assert_int_equal(contacts_parse(toc_str_of(text), file, false, &contacts, &errors),
                     TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, ":1:22: error: 'exec' needs the notifier's --allow-exec\n"));
    assert_null(contacts);
    free(errors);
}

/* --- what may be reached -------------------------------------------------------------------- */

static void networks_are_allowed_by_name(void **state)
{
    (void)state;
    struct contacts *contacts =
        read_good("allow: [10.1.0.0/16, \"::1\"]\nlink: \"https://c.example/alerts/\"\n"
                  "contacts: {}\n");
    assert_int_equal(contacts->guard.count, 2);
    assert_int_equal(contacts->guard.allowed[0].bits, 112);
    assert_string_equal(contacts->link, "https://c.example/alerts/");
    contacts_free(contacts);
    assert_wrong("allow: 10.1.0.0/16\ncontacts: {}\n",
                 "1:8: error: 'allow' has to be a list of at most 32 networks", NULL);
    assert_wrong("allow: [localhost]\ncontacts: {}\n",
                 "1:9: error: this is no network, as 10.1.0.0/16", NULL);
    assert_wrong("allow: [[]]\ncontacts: {}\n", "1:9: error: this is no network, as 10.1.0.0/16",
                 NULL);
    assert_wrong("link: here\ncontacts: {}\n",
                 "1:7: error: 'link' has to begin with https:// or http:// and name a host", NULL);
}

/* --- what the core is told of them ---------------------------------------------------------- */

static const Tocsin__V1__ContactMethod *told(struct toc_arena *arena,
                                             const struct contacts *contacts, const char *person)
{
    static const uint8_t secret[CONTACTS_KEY_BYTES] = {3};
    Tocsin__V1__Contact *contact = toc_arena_take(arena, sizeof(*contact));
    assert_non_null(contact);
    assert_int_equal(contacts_tell(contacts_find(contacts, person), secret, arena, contact),
                     TOC_OK);
    return contact->methods[0];
}

static bool same_address(const Tocsin__V1__ContactMethod *a, const Tocsin__V1__ContactMethod *b)
{
    return memcmp(a->address.data, b->address.data, CONTACTS_ADDRESS_BYTES) == 0;
}

static void a_provider_is_a_host_with_a_credential_and_an_address_a_person(void **state)
{
    struct toc_arena arena;
    (void)state;
    write_file("t1", 0600, "one\n");
    write_file("t2", 0600, "two\n");
    write_file("k", 0600, "tk_1\n");
    assert_int_equal(toc_arena_init(&arena, 65536), TOC_OK);
    struct contacts *contacts =
        read_good("contacts:\n"
                  "  a: {ntfy: {url: \"https://n/\", topic_file: t1}}\n"
                  "  b: {ntfy: {url: \"https://n/\", topic_file: t2}}\n"
                  "  c: {ntfy: {url: \"https://n/\", topic_file: t1, token_file: k}}\n"
                  "  d: {exec: {program: /sms, arguments: [\"1\"]}}\n"
                  "  e: {exec: {program: /sms, arguments: [\"2\"]}}\n"
                  "  f: {exec: {program: /call, arguments: [\"2\"]}}\n");
    const Tocsin__V1__ContactMethod *a = told(&arena, contacts, "a"),
                                    *b = told(&arena, contacts, "b"),
                                    *c = told(&arena, contacts, "c"),
                                    *d = told(&arena, contacts, "d"),
                                    *e = told(&arena, contacts, "e"),
                                    *f = told(&arena, contacts, "f");
    assert_string_equal(a->provider, b->provider);
    assert_false(same_address(a, b));
    assert_string_not_equal(a->provider, c->provider);
    assert_true(same_address(a, c)); /* another token is the same person */
    assert_string_equal(d->provider, e->provider);
    assert_false(same_address(d, e));
    assert_string_not_equal(e->provider, f->provider);
    contacts_free(contacts);
    toc_arena_done(&arena);
}

/* --- files ---------------------------------------------------------------------------------- */

static void a_file_is_read_as_its_text(void **state)
{
    struct contacts *contacts;
    char *errors;
    (void)state;
    write_file("contacts.yaml", 0600, "contacts: {a: {log: true}}\n");
    assert_int_equal(contacts_load(file, true, &contacts, &errors), TOC_OK);
    assert_int_equal(contacts->count, 1);
    contacts_free(contacts);
}

static void a_file_that_is_not_there_or_too_large_is_an_error(void **state)
{
    struct contacts *contacts;
    char *errors, *large = calloc(1, CONTACTS_FILE_MAX + 2);
    (void)state;
    assert_int_equal(contacts_load(file, true, &contacts, &errors), TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, "No such file"));
    free(errors);
    assert_non_null(large);
    memset(large, '\n', CONTACTS_FILE_MAX + 1);
    write_file("contacts.yaml", 0600, large);
    assert_int_equal(contacts_load(file, true, &contacts, &errors), TOC_ERR_CONFIG);
    assert_non_null(strstr(errors, "more than 262144 bytes"));
    free(errors);
    free(large);
    assert_int_equal(contacts_load(dir, true, &contacts, &errors), TOC_ERR_CONFIG);
    free(errors);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_webhook_has_its_address_and_secrets),
        TEST(channels_are_shared_unless_the_file_says_otherwise),
        TEST(what_shared_cannot_be_is_said),
        TEST(a_secret_file_may_be_anywhere),
        TEST(who_is_not_listed_is_not_reached_unless_there_is_no_file),
        TEST(contacts_are_found_whatever_their_order),
        TEST(one_scheme_host_and_port_is_one_origin),
        TEST(a_person_may_have_several_methods_in_two_orders),
        TEST(a_person_has_a_zone_and_a_language),
        TEST(a_mail_goes_by_the_server_of_the_file),
        TEST(the_core_is_told_no_address_and_no_secret),
        TEST(the_longest_contact_fits_a_record),
        TEST(unknown_keys_are_errors_with_a_guess),
        TEST(a_contact_has_exactly_one_way),
        TEST(a_webhook_needs_both_keys),
        TEST(only_http_and_https_are_addresses),
        TEST(a_secret_that_others_may_read_is_refused),
        TEST(no_error_shows_a_secret),
        TEST(no_error_shows_a_secret_that_stands_in_the_file),
        TEST(every_error_is_told_at_once),
        TEST(what_is_no_contacts_file_is_refused),
        TEST(an_order_has_each_method_once_and_some),
        TEST(nobody_is_called_a_star),
        TEST(chats_have_their_address_in_a_file),
        TEST(an_address_in_a_file_is_checked_and_not_shown),
        TEST(pagerduty_has_a_routing_key_and_its_own_address),
        TEST(ntfy_has_a_topic_and_maybe_a_token),
        TEST(a_program_has_its_words),
        TEST(programs_are_off_unless_they_are_allowed),
        TEST(networks_are_allowed_by_name),
        TEST(a_provider_is_a_host_with_a_credential_and_an_address_a_person),
        TEST(a_file_is_read_as_its_text),
        TEST(a_file_that_is_not_there_or_too_large_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
