#include "common/http_internal.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* The status that a head is refused with, 0 when it may be served. */
static int judged(const char *data, size_t size)
{
    struct toc_http_head head = {.method = TOC_STR("untouched")};
    const struct toc_http_refusal *refusal = toc_http_head_read(toc_str(data, size), &head);
    if (refusal == NULL)
        return 0;
    assert_true(toc_str_equal(head.method, TOC_STR("untouched")));
    assert_non_null(refusal->why);
    return refusal->status;
}

#define JUDGED(literal) judged((literal), sizeof(literal) - 1)
#define LINE(line)      JUDGED(line "\r\nHost: x\r\n\r\n")
#define FIELD(field)    JUDGED("GET / HTTP/1.1\r\nHost: x\r\n" field "\r\n\r\n")
#define HOSTS(fields)   JUDGED("GET / HTTP/1.1\r\n" fields "\r\n")

static void assert_target(const char *target, const char *path, const char *query)
{
    char raw[256];
    struct toc_http_head head;
    int size = snprintf(raw, sizeof(raw), "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
    assert_null(toc_http_head_read(toc_str(raw, (size_t)size), &head));
    assert_true(toc_str_equal(head.method, TOC_STR("HEAD")));
    assert_true(toc_str_equal(head.path, toc_str_of(path)));
    assert_true(toc_str_equal(head.query, toc_str_of(query)));
}

static void a_target_is_cut_into_path_and_query(void **state)
{
    (void)state;
    assert_target("/", "/", "");
    assert_target("/a/b%20c", "/a/b%20c", "");
    assert_target("/a?b=c&d", "/a", "b=c&d");
    assert_target("/a?", "/a", "");
    assert_target("/a?b?c", "/a", "b?c");
    assert_target("/http://x", "/http://x", "");
}

static void an_absolute_target_loses_its_authority(void **state)
{
    (void)state;
    assert_target("http://h:80/p?q", "/p", "q");
    assert_target("HTTPS://h/", "/", "");
    assert_target("http://h", "/", "");
    assert_target("http://h?q", "/", "q");
}

static void a_target_that_is_no_path_is_refused(void **state)
{
    (void)state;
    assert_int_equal(LINE("GET * HTTP/1.1"), 400);
    assert_int_equal(LINE("GET a HTTP/1.1"), 400);
    assert_int_equal(LINE("GET ?a HTTP/1.1"), 400);
    assert_int_equal(LINE("GET http:// HTTP/1.1"), 400);
    assert_int_equal(LINE("GET http:///a HTTP/1.1"), 400); /* RFC 9110, section 4.2.1 */
    assert_int_equal(LINE("GET http://?a HTTP/1.1"), 400);
    assert_int_equal(LINE("GET ftp://h/ HTTP/1.1"), 400);
    assert_int_equal(LINE("CONNECT h:1 HTTP/1.1"), 400);
    assert_int_equal(LINE("GET /a#b HTTP/1.1"), 400);
    assert_int_equal(LINE("GET /\xc3\xa9 HTTP/1.1"), 400);
    assert_int_equal(LINE("GET /a\tb HTTP/1.1"), 400);
    assert_int_equal(LINE("GET /\x7f HTTP/1.1"), 400);
}

static void a_request_line_has_two_spaces_and_no_more(void **state)
{
    (void)state;
    assert_int_equal(LINE("GET / HTTP/1.1"), 0);
    assert_int_equal(LINE("GET  / HTTP/1.1"), 400);
    assert_int_equal(LINE("GET /  HTTP/1.1"), 400);
    assert_int_equal(LINE(" GET / HTTP/1.1"), 400);
    assert_int_equal(LINE("GET\t/ HTTP/1.1"), 400);
    assert_int_equal(LINE("GET /"), 400);
    assert_int_equal(LINE("GET"), 400);
    assert_int_equal(LINE("G(T / HTTP/1.1"), 400);
    assert_int_equal(LINE("GET / RTSP/1.0"), 400);
    assert_int_equal(LINE("SOURCE / ICE/1.0"), 400);
}

static void other_versions_are_named_as_such(void **state)
{
    (void)state;
    assert_int_equal(LINE("GET / HTTP/1.0"), 0);
    assert_int_equal(LINE("GET / HTTP/0.9"), 505);
    assert_int_equal(LINE("GET / HTTP/1.2"), 505);
    assert_int_equal(LINE("GET / HTTP/2.0"), 505);
    assert_int_equal(LINE("GET / HTTP/1.1 "), 505);
}

static void every_line_ends_with_both_bytes(void **state)
{
    (void)state;
    assert_int_equal(JUDGED("GET / HTTP/1.1\nHost: x\r\n\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.1\r\nHost: x\n\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.1\r\nHost: x\r\n\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.1\r\nHost: x\r\r\n\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.1\r\nHost: x\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.1\r\nHost: x\r\n\r\nmore"), 400);
    assert_int_equal(JUDGED(""), 400);
}

static void empty_lines_before_a_request_are_forgiven(void **state)
{
    (void)state;
    assert_int_equal(JUDGED("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), 0);
    assert_int_equal(JUDGED("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(JUDGED("\r\n\r\n"), 400);
}

static void a_field_is_a_token_a_colon_and_printable_bytes(void **state)
{
    (void)state;
    assert_int_equal(FIELD("A:"), 0);
    assert_int_equal(FIELD("A: b\tc \xc3\xa9"), 0);
    assert_int_equal(FIELD("!#$%&'*+-.^_`|~09: b"), 0);
    assert_int_equal(FIELD("A : b"), 400);
    assert_int_equal(FIELD("A\t: b"), 400);
    assert_int_equal(FIELD("A"), 400);
    assert_int_equal(FIELD(": b"), 400);
    assert_int_equal(FIELD("A\0: b"), 400);
    assert_int_equal(FIELD("A: b\0c"), 400);
    assert_int_equal(FIELD("A: \x01"), 400);
    assert_int_equal(FIELD("A: \x7f"), 400);
    assert_int_equal(FIELD("A: b\r\n c"), 400);
    assert_int_equal(FIELD("A: b\r\n\tc: d"), 400);
}

static void exactly_one_host_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(HOSTS("Host: x\r\n"), 0);
    assert_int_equal(HOSTS("hOST: \t[::1]:8080 \r\n"), 0);
    assert_int_equal(HOSTS("Host:\r\n"), 0); /* Empty is valid: RFC 9110, section 7.2. */
    assert_int_equal(HOSTS(""), 400);
    assert_int_equal(HOSTS("Host: x\r\nHost: x\r\n"), 400);
    assert_int_equal(HOSTS("Host: x/y\r\n"), 400);
    assert_int_equal(HOSTS("Host: a b\r\n"), 400);
    assert_int_equal(HOSTS("Hosts: x\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.0\r\n\r\n"), 0);
    assert_int_equal(JUDGED("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
    assert_int_equal(JUDGED("GET / HTTP/1.0\r\nHost: a@b\r\n\r\n"), 400);
}

static void an_address_names_host_and_port(void **state)
{
    struct sockaddr_storage a;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a;
    (void)state;
    assert_int_equal(toc_http_address("10.1.2.3:80", &a), TOC_OK);
    assert_int_equal(a.ss_family, AF_INET);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), 0x0a010203);
    assert_int_equal(ntohs(v4->sin_port), 80);
    assert_int_equal(toc_http_address(":65535", &a), TOC_OK);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_int_equal(ntohs(v4->sin_port), 65535);
    assert_int_equal(toc_http_address("[::1]:0", &a), TOC_OK);
    assert_int_equal(a.ss_family, AF_INET6);
    assert_memory_equal(&v6->sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
    assert_int_equal(v6->sin6_port, 0);
}

static void an_address_that_cannot_be_read_is_wrong_configuration(void **state)
{
    static const char *const wrong[] = {
        "",
        "80",
        "localhost:80",
        "1.2.3:80",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:-1",
        ":65536",
        ":80x",
        "::1:80",
        "[::1]",
        "[::1:80",
        "[]:80",
        "[zz]:80",
        "[1.2.3.4]:80",
        " 1.2.3.4:80",
        ":99999999999999999999",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
    };
    struct sockaddr_storage a = {.ss_family = AF_UNIX};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(toc_http_address(wrong[i], &a), TOC_ERR_CONFIG);
    assert_int_equal(a.ss_family, AF_UNIX);
}

static void a_reply_head_says_what_the_client_needs(void **state)
{
    char out[TOC_HTTP_REPLY_HEAD_MAX];
    struct toc_http_reply reply = {
        .status = 200,
        .content_type = "text/plain",
        .body_size = 12,
        .keep_alive = true,
        .date = 784111777, /* the example of RFC 9110, section 5.6.7 */
    };
    (void)state;
    size_t size = toc_http_reply_write(out, &reply);
    assert_int_equal(size, strlen(out));
    assert_string_equal(out, "HTTP/1.1 200 OK\r\n"
                             "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                             "Content-Type: text/plain\r\n"
                             "Content-Length: 12\r\n"
                             "Cache-Control: no-store\r\n"
                             "X-Content-Type-Options: nosniff\r\n"
                             "Connection: keep-alive\r\n\r\n");
}

static void a_reply_head_has_the_fields_it_was_given(void **state)
{
    static const struct toc_http_field fields[] = {{"Allow", "GET, HEAD"}, {"Retry-After", "1"}};
    char out[TOC_HTTP_REPLY_HEAD_MAX];
    struct toc_http_reply reply = {
        .status = 405, .content_type = "text/plain", .fields = fields, .field_count = 2};
    (void)state;
    toc_http_reply_write(out, &reply);
    assert_non_null(strstr(out, "HTTP/1.1 405 Method Not Allowed\r\n"));
    assert_non_null(strstr(out, "\r\nAllow: GET, HEAD\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(out, "\r\nConnection: close\r\n\r\n"));
    reply.status = 299;
    toc_http_reply_write(out, &reply);
    assert_non_null(strstr(out, "HTTP/1.1 299 \r\n"));
}

static void what_has_a_tag_may_be_kept_and_304_says_nothing_of_a_body(void **state)
{
    static const struct toc_http_field tag = {"ETag", "\"7-0a1b2c3d\""};
    char out[TOC_HTTP_REPLY_HEAD_MAX];
    struct toc_http_reply reply = {
        .status = 200, .content_type = "a/b", .body_size = 9, .fields = &tag, .field_count = 1};
    (void)state;
    toc_http_reply_write(out, &reply);
    assert_non_null(strstr(out, "\r\nContent-Length: 9\r\nCache-Control: private, no-cache\r\n"));
    reply.status = 304;
    reply.body_size = 0;
    toc_http_reply_write(out, &reply);
    assert_non_null(strstr(out, "HTTP/1.1 304 Not Modified\r\n"));
    assert_non_null(strstr(out, "\r\nETag: \"7-0a1b2c3d\"\r\n"));
    assert_null(strstr(out, "\r\nContent-"));
}

static void what_could_be_read_twice_may_come_once(void **state)
{
    (void)state;
    assert_int_equal(FIELD("Content-Type: a/b"), 0);
    assert_int_equal(FIELD("Content-Type: a/b\r\ncontent-type: a/b"), 400);
    assert_int_equal(FIELD("Authorization: a\r\nA: b\r\nAuthorization: a"), 400);
    assert_int_equal(FIELD("Transfer-Encoding: Chunked"), 0);
    assert_int_equal(FIELD("Transfer-Encoding: gzip, chunked"), 501);
    assert_int_equal(FIELD("Expect: 100-continue"), 0);
    assert_int_equal(FIELD("Expect: 200-ok"), 417);
    assert_int_equal(JUDGED("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

static void fields_are_found_by_name_and_in_turn(void **state)
{
    static const char raw[] = "POST / HTTP/1.1\r\nHost: x\r\nCE-Id:  a b \r\nce-id: c\r\n\r\n";
    struct toc_http_request request = {0};
    struct toc_http_head head;
    struct toc_str rest, name, value;
    (void)state;
    assert_null(toc_http_head_read(TOC_STR(raw), &head));
    request.fields = head.fields;
    assert_true(toc_str_equal(toc_http_field(&request, "ce-id"), TOC_STR("a b")));
    assert_true(toc_str_equal(toc_http_field(&request, "HOST"), TOC_STR("x")));
    assert_null(toc_http_field(&request, "ce").data);
    rest = request.fields;
    assert_true(toc_http_next_field(&rest, &name, &value));
    assert_true(toc_http_next_field(&rest, &name, &value));
    assert_true(toc_http_next_field(&rest, &name, &value));
    assert_true(toc_str_equal(name, TOC_STR("ce-id")));
    assert_true(toc_str_equal(value, TOC_STR("c")));
    assert_false(toc_http_next_field(&rest, &name, &value));
}

/* --- origins ---------------------------------------------------------------------------- */

static const char *origin_of(const char *fields, const char *const *origins, size_t count)
{
    const struct toc_http_config config = {.origins = origins, .origin_count = count};
    return toc_http_origin_of(&config, toc_str_of(fields));
}

static void a_page_may_ask_when_its_origin_was_configured(void **state)
{
    static const char *const two[] = {"https://a.example", "http://b:8080"}, *const any[] = {"*"};
    (void)state;
    assert_string_equal(origin_of("Host: x\r\norigin: http://b:8080\r\n", two, 2), "http://b:8080");
    assert_null(origin_of("Origin: http://b\r\n", two, 2));
    assert_null(origin_of("Origin: https://a.example.evil\r\n", two, 2));
    assert_null(origin_of("Origin: null\r\n", two, 2));
    assert_null(origin_of("Origin: https://a.example\r\n", NULL, 0));
    assert_null(origin_of("Host: x\r\n", any, 1));
    assert_string_equal(origin_of("Origin: https://any\r\n", any, 1), "*");
}

static void what_is_no_origin_is_told(void **state)
{
    static const char *const good[] = {"*", "https://shop.example", "http://127.0.0.1:8080",
                                       "http://[::1]:3000"};
    static const char *const bad[] = {"",
                                      "shop.example",
                                      "https://",
                                      "null",
                                      "https://shop.example/",
                                      "https://Shop.example",
                                      "ftp://x",
                                      "https://a b",
                                      "https://x\r\nSet: 1",
                                      "https://*.shop.example"};
    (void)state;
    assert_null(toc_http_wrong_origin(good, sizeof(good) / sizeof(good[0])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_ptr_equal(toc_http_wrong_origin(&bad[i], 1), bad[i]);
}

static bool is_same(const char *a, const char *b)
{
    uint8_t first[16] = {[10] = 0xff, [11] = 0xff}, second[16] = {[10] = 0xff, [11] = 0xff};
    assert_true(inet_pton(AF_INET, a, first + 12) == 1 || inet_pton(AF_INET6, a, first) == 1);
    assert_true(inet_pton(AF_INET, b, second + 12) == 1 || inet_pton(AF_INET6, b, second) == 1);
    return toc_http_is_same_peer(first, second);
}

static void an_ipv6_peer_is_a_whole_network(void **state)
{
    (void)state;
    assert_true(is_same("10.0.0.1", "10.0.0.1"));
    assert_false(is_same("10.0.0.1", "10.0.0.2"));
    assert_true(is_same("2001:db8::1", "2001:db8::ffff:1:2:3"));
    assert_false(is_same("2001:db8::1", "2001:db8:0:1::1"));
    assert_false(is_same("::1", "127.0.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_cut_into_path_and_query),
        cmocka_unit_test(an_ipv6_peer_is_a_whole_network),
        cmocka_unit_test(an_absolute_target_loses_its_authority),
        cmocka_unit_test(a_target_that_is_no_path_is_refused),
        cmocka_unit_test(a_request_line_has_two_spaces_and_no_more),
        cmocka_unit_test(other_versions_are_named_as_such),
        cmocka_unit_test(every_line_ends_with_both_bytes),
        cmocka_unit_test(empty_lines_before_a_request_are_forgiven),
        cmocka_unit_test(a_field_is_a_token_a_colon_and_printable_bytes),
        cmocka_unit_test(exactly_one_host_is_wanted),
        cmocka_unit_test(an_address_names_host_and_port),
        cmocka_unit_test(an_address_that_cannot_be_read_is_wrong_configuration),
        cmocka_unit_test(a_reply_head_says_what_the_client_needs),
        cmocka_unit_test(a_reply_head_has_the_fields_it_was_given),
        cmocka_unit_test(what_has_a_tag_may_be_kept_and_304_says_nothing_of_a_body),
        cmocka_unit_test(what_could_be_read_twice_may_come_once),
        cmocka_unit_test(fields_are_found_by_name_and_in_turn),
        cmocka_unit_test(a_page_may_ask_when_its_origin_was_configured),
        cmocka_unit_test(what_is_no_origin_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
