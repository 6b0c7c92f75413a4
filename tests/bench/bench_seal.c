#include "tests/bench/bench_seal.h"

#include "services/intake/admit/admit.h"
#include "tests/bench/bench_client.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define EVENTS     200000
#define TURN       1000 /* events of one commit */
#define KNOWN      2000 /* people */
#define PATH_BYTES 256

/* Two segments of two classes under one key, like a title and a body, but of classes in which no
 * facts are looked for: those have a row of their own. */
static char body[256], title[24];

struct sealing {
    struct admit *admit;
    struct toc_arena arena;
    uint64_t seq;
};

static void check(enum toc_err err, const char *what)
{
    if (err != TOC_OK)
        bench_fail("%s: %s", what, toc_err_text(err));
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void take_one(struct sealing *s, const char *person)
{
    Tocsin__V1__Text texts[2] = {TOCSIN__V1__TEXT__INIT, TOCSIN__V1__TEXT__INIT},
                     *list[] = {&texts[0], &texts[1]};
    Tocsin__V1__Private private = TOCSIN__V1__PRIVATE__INIT;
    Tocsin__V1__IssueOpened opened = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    struct toc_receipt receipt = {.status = TOCSIN__V1__OUTCOME__STATUS__ACCEPTED};
    struct toc_str packed;
    char id[24];
    const char *why;
    toc_arena_reset(&s->arena, 0);
    snprintf(id, sizeof(id), "%llu", (unsigned long long)++s->seq);
    texts[0].class_ = toc_wire_text("quoted");
    texts[1].class_ = toc_wire_text("signature");
    texts[0].text = toc_wire_binary(toc_str(body, sizeof(body)));
    texts[1].text = toc_wire_binary(toc_str(title, sizeof(title)));
    private.person = toc_wire_text(person != NULL ? person : "");
    private.texts = list;
    private.n_texts = 2;
    event.id = id;
    event.source = toc_wire_text("urn:bench");
    event.private_ = person != NULL ? &private : NULL;
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event.issue_opened = &opened;
    check(admit(s->admit, &s->arena, &event, NULL, 0, &why), "admit");
    check(toc_wire_pack(&s->arena, &event, &packed), "pack");
    receipt.seq = s->seq;
    check(admit_settled(s->admit, packed, &receipt, 1), "settle");
}

/* Microseconds per event of so many people, who take turns; 0: of events without texts. */
static double measure(struct sealing *s, unsigned people)
{
    double start = cpu_s();
    for (unsigned i = 0; i < EVENTS; i++) {
        char person[40];
        snprintf(person, sizeof(person), "person-%u@example.com", people > 0 ? i % people : i);
        take_one(s, people > 0 ? person : NULL);
        if (i % TURN == TURN - 1)
            check(admit_commit(s->admit), "commit");
    }
    return (cpu_s() - start) * 1e6 / EVENTS;
}

int bench_seal(const char *dir)
{
    static const uint8_t issue_key[32];
    char content[PATH_BYTES], keys[PATH_BYTES], kek[PATH_BYTES];
    struct sealing s = {0};
    memset(body, 'b', sizeof(body));
    memset(title, 't', sizeof(title));
    snprintf(content, sizeof(content), "%s/vault", dir);
    snprintf(keys, sizeof(keys), "%s/keys", dir);
    snprintf(kek, sizeof(kek), "%s/kek", dir);
    const struct admit_config config = {
        .vault = {.content_dir = content, .keys_dir = keys, .kek_dir = kek},
        .issue_key = issue_key};
    if (sodium_init() < 0)
        bench_fail("libsodium does not start");
    check(toc_arena_init(&s.arena, 1 << 20), "arena");
    check(admit_open(&config, 1, 0, &s.admit), "open");
    double made = measure(&s, EVENTS), known = measure(&s, KNOWN), plain = measure(&s, 0);
    printf("{\"known_us\": %.2f, \"new_us\": %.2f, \"people\": %u}\n", known - plain, made - plain,
           EVENTS);
    admit_close(s.admit);
    toc_arena_done(&s.arena);
    return 0;
}
