"""Requests that two parsers could read differently, at a real edge: RFC 9112 by the letter.

Each is followed by a publication that no one sent. What is malformed is refused, once, and the
connection closed, so that nothing hidden behind it is ever answered or published.
"""
import json
import re
import socket

PATIENCE = 60  # seconds, of a test that would fail


def hidden(edge):
    """A good request, whole; its event must never enter when it stands behind a malformed one."""
    body = json.dumps({"specversion": "1.0", "id": "hidden", "source": "demo",
                       "type": "tocsin.issue.opened", "subject": "hidden"}).encode()
    return b"\r\n".join([b"POST /v1/events HTTP/1.1", b"Host: x",
                         b"Authorization: Bearer " + edge.token.encode(),
                         b"Content-Type: application/cloudevents+json",
                         b"Content-Length: %d" % len(body), b"", body])


def statuses(said):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", said)]


def refused(edge, data):
    """Sends it, with what is hidden behind it, and reads to the end that the edge makes."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=PATIENCE) as peer:
        peer.sendall(data + hidden(edge))
        said = b""
        while True:
            more = peer.recv(65536)
            if not more:
                return said
            said += more


def check(edge, status, cases):
    wrong = []
    for data in cases:
        said = refused(edge, data)
        if statuses(said) != [status] or b"\r\nConnection: close\r\n" not in said:
            wrong.append((data, said))
        elif json.loads(said.partition(b"\r\n\r\n")[2])["status"] != status:
            wrong.append((data, said))
    assert not wrong, "\n".join("%.200r -> %.200r %r" % (data, said, statuses(said))
                                  for data, said in wrong)
    log = edge.lines("tail", "intake", "--from", "1")
    assert "hidden" not in json.dumps(log)


def head(edge, *lines):
    """Of a publisher whose body is wanted."""
    return b"\r\n".join([b"POST /v1/events HTTP/1.1", b"Host: x",
                         b"Authorization: Bearer " + edge.token.encode(), *lines, b"", b""])


def test_a_length_is_said_once_in_digits(edge):
    check(edge, 400, [head(edge, *lines) + b"ab" for lines in [
        (b"Content-Length: 2", b"Content-Length: 2"),
        (b"Content-Length: 2", b"Content-Length: 0"),
        (b"Content-Length: 2, 2",),
        (b"Content-Length: 2,0",),
        (b"Content-Length: +2",),
        (b"Content-Length: -2",),
        (b"Content-Length: 0x2",),
        (b"Content-Length: 2.0",),
        (b"Content-Length: 2 2",),
        (b"Content-Length: \"2\"",),
        (b"Content-Length:",),
        (b"Content-Length: ",),
        (b"Content-Length: 2\x00",),
        (b"Content-Length: 2\x0b",),
        (b"Content-Length: \xb2",),
        (b"Content-Length: 18446744073709551618",),
        (b"Content-Length: 99999999999999999999999999",),
    ]])


def test_a_length_and_a_coding_exclude_each_other(edge):
    check(edge, 400, [head(edge, *lines) + b"0\r\n\r\n" for lines in [
        (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        (b"Transfer-Encoding: chunked", b"Content-Length: 0"),
        (b"Content-Length: 5", b"transfer-encoding:\tchunked"),
        (b"Content-Length: 5", b"Transfer-Encoding : chunked"),
        (b"Content-Length: 5", b"Transfer-Encoding: identity"),
        (b"Content-Length: 5", b" Transfer-Encoding: chunked"),
        (b"Content-Length: 5", b"X: y\r\n Transfer-Encoding: chunked"),
        (b"Content-Length: 5", b"X: y\nTransfer-Encoding: chunked"),
        (b"Content-Length: 5", b"X: y\rTransfer-Encoding: chunked"),
        (b"Content-Length: 5", b"Transfer-Encoding\x00: chunked"),
        (b"Content-Length: 5", b"\x00Transfer-Encoding: chunked"),
        (b"Content-Length: 5", b"Transfer\xadEncoding: chunked"),
        (b"Content-Length: 5", b"Transfer-Encoding:\x0bchunked"),
    ]])


def test_the_only_coding_is_chunked_and_once(edge):
    body = b"0\r\n\r\n"
    check(edge, 501, [head(edge, b"Transfer-Encoding: " + coding) + body for coding in [
        b"xchunked", b"chunkedx", b"identity", b"gzip", b"gzip, chunked", b"identity, chunked",
        b"chunked;a=b", b"\"chunked\"", b""]])
    check(edge, 400, [head(edge, *lines) + body for lines in [
        (b"Transfer-Encoding: chunked, chunked",),
        (b"Transfer-Encoding: chunked, identity",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding: \x00chunked",),
    ]])
    check(edge, 400, [b"POST /v1/events HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                      b"Connection: keep-alive\r\n\r\n" + body])


def test_chunks_by_the_letter(edge):
    start = head(edge, b"Transfer-Encoding: chunked")
    check(edge, 400, [start + body for body in [
        b"\r\n", b"x\r\n", b"+2\r\nab\r\n0\r\n\r\n", b"-2\r\nab\r\n0\r\n\r\n",
        b"0x2\r\nab\r\n0\r\n\r\n", b" 2\r\nab\r\n0\r\n\r\n", b"2 \r\nab\r\n0\r\n\r\n",
        b"2\nab\r\n0\r\n\r\n", b"2\r\nab\n0\r\n\r\n", b"2\r\nab0\r\n\r\n", b"2\r\nabc\r\n0\r\n\r\n",
        b"2\rab\r\n0\r\n\r\n", b"2\r\nab\r\r0\r\n\r\n", b"\r\n2\r\nab\r\n0\r\n\r\n",
        # sizes that wrap around in 32 and in 64 bits
        b"100000002\r\nab\r\n0\r\n\r\n", b"10000000000000002\r\nab\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFF\r\nab\r\n0\r\n\r\n", b"2_0\r\nab\r\n0\r\n\r\n",
        # extensions
        b"2;a\nb\r\nab\r\n0\r\n\r\n", b"2;a\rb\r\nab\r\n0\r\n\r\n", b"2;a\x00\r\nab\r\n0\r\n\r\n",
        b"2;" + b"a" * 5000 + b"\r\nab\r\n0\r\n\r\n", b"0;a\n\r\n",
        # the end, and trailers
        b"0\n\n", b"0\r\n\n", b"0\r\n\r\r\n", b"0\r\nA: b\n\r\n", b"0\r\nA b\r\n\r\n",
        b"0\r\nA : b\r\n\r\n", b"0\r\n A: b\r\n\r\n", b"0\r\nA: b\r\n c\r\n\r\n",
        b"0\r\nA: \x00\r\n\r\n", b"0\r\n\xc3\xa9: b\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
    ]])


def test_a_length_beyond_the_largest_body_is_413(edge):
    check(edge, 413, [head(edge, b"Content-Length: " + size)
                      for size in (b"4194305", b"104857600", b"18446744073709551615")])


def test_a_body_that_is_not_wanted_is_not_taken_for_a_request(edge):
    """Without a token nobody is asked for a body, and what comes in its place is thrown away."""
    start = b"POST /v1/events HTTP/1.1\r\nHost: x\r\n"
    check(edge, 401, [start + b"Content-Length: %d\r\n\r\n" % size for size in (1, 100, 4194304)] +
          [start + b"Transfer-Encoding: chunked\r\n\r\n" + body
           for body in (b"", b"x\r\n", b"5\r\nab", b"2\r\nab\r\n0\r\n\r\n")])


def test_lines_end_with_both_bytes(edge):
    check(edge, 400, [
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\n\r\n",
        b"GET / HTTP/1.1\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n",
        b"GET / HTTP/1.1\rHost: x\r\r",
        b"GET / HTTP/1.1\r\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\r\n",
        b"\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ])


def test_names_are_tokens_and_values_printable(edge):
    check(edge, 400, [b"GET / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n" for line in [
        b"A : b", b"A\t: b", b" A: b", b"\tA: b", b": b", b"A", b"A b: c", b"A(b): c", b"A\x00: b",
        b"A\x7f: b", b"A\xe9: b", b"\xef\xbb\xbfA: b", b"A: b\x00c", b"A: b\x08c", b"A: b\x7fc",
        b"A: b\r\n c", b"A: b\r\n\tc", b"A: b\r\n \r\n c"]])


def test_one_host_that_is_one(edge):
    check(edge, 400, [b"GET / HTTP/1.1\r\n" + lines + b"\r\n" for lines in [
        b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n",
        b"Host: a/b\r\n", b"Host: a@b\r\n", b"Host: a\xe9\r\n",
        b"Host: \"a\"\r\n"]])


def test_request_lines(edge):
    end = b"\r\nHost: x\r\n\r\n"
    check(edge, 400, [line + end for line in [
        b"GET  / HTTP/1.1", b"GET /  HTTP/1.1", b"GET\t/ HTTP/1.1", b" GET / HTTP/1.1",
        b"GET / HTTP/1.1 ", b"GET / http/1.1", b"GET / HTTP/1.1x", b"GET / HTTP/01.1",
        b"GET / HTTP/1.10", b"GET / HTTP/11", b"GET / XTTP/1.1", b"GET /a b HTTP/1.1", b"GET /",
        b"GET / ", b"get / HTTP/1.1", b"G\x00T / HTTP/1.1", b"GET /\x00 HTTP/1.1",
        b"GET /\xc3\xa9 HTTP/1.1", b"GET /#a HTTP/1.1", b"GET a HTTP/1.1", b"GET * HTTP/1.1",
        b"GET http:///v1/events HTTP/1.1", b"GET http:/v1/events HTTP/1.1",
        b"GET file:///etc/passwd HTTP/1.1", b"CONNECT x:443 HTTP/1.1", b"NONSENSE / HTTP/1.1",
        b"HTTP/1.1 200 OK", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]])
    check(edge, 400, [b"GET /\r\n", b"GET /\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])


def test_versions_that_are_not_spoken(edge):
    for version in (b"0.9", b"1.2", b"2.0", b"3.0"):
        said = refused(edge, b"GET / HTTP/" + version + b"\r\nHost: x\r\n\r\n")
        assert statuses(said) in ([505], [400]), said


def test_what_may_come_once_came_twice(edge):
    token = b"Authorization: Bearer x"
    check(edge, 400, [head(edge, *lines, b"Content-Length: 0") for lines in [
        (token,), (b"Content-Type: application/json", b"content-type: text/plain"),
        (b"Content-Encoding: gzip", b"Content-Encoding: identity"),
        (b"Expect: 100-continue", b"Expect: 100-continue")]])
    check(edge, 417, [head(edge, b"Expect: tea", b"Content-Length: 0")])


def test_headers_without_an_end(edge):
    check(edge, 431, [b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 40000,
                      b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 7000,
                      b"GET /" + b"a" * 40000])


def test_what_is_legal_is_served_and_the_next_after_it(edge):
    """So that the refusals above are no mere strictness against everything."""
    chunked = head(edge, b"Transfer-Encoding: chunked")
    last = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for first, status in [
            (b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n", 200),
            (b"GET HTTP://x:80?a HTTP/1.1\r\nHost:\r\n\r\n", 200),
            (b"GET / HTTP/1.1\r\nhOsT:\t x \t\r\nA:\r\nB: \xe9\tc\r\n\r\n", 200),
            (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
            (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 200),
            (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200),
            (chunked + b"2\r\nab\r\n0\r\n\r\n", 415),
            (chunked + b"02;a=b;c=\"d\"\r\nab\r\nA\r\n0123456789\r\n000\r\n\r\n", 415),
            (chunked + b"0\r\nA: b\r\nContent-Length: 9\r\n\r\n", 415),
            (head(edge, b"Content-Length: 002") + b"ab", 415)]:
        with socket.create_connection(("127.0.0.1", edge.port), timeout=PATIENCE) as peer:
            peer.sendall(first + last)
            said = b""
            while more := peer.recv(65536):
                said += more
        assert statuses(said) == [status, 404], (first, said)
